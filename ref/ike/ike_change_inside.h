// SPDX-License-Identifier: Apache-2.0
/* What both ends of an address change share; section numbers are of docs/address-change.md. */
#ifndef BATON_IKE_IKE_CHANGE_INSIDE_H
#define BATON_IKE_IKE_CHANGE_INSIDE_H

#include "ref/ike/ike_change_rules.h"
#include "ref/ike/ike_inside.h"

/* The element with its header: the last of the data. */
#define PROOF_ELEMENT (4 + IKE_CHANGE_PROOF_SIZE)

/* §6: the SA and its Child SAs are elsewhere now; `here`: it was our end that moved. */
void ike_change_migrate(struct ike_sa *sa, struct ike_step *s, bool here,
	const struct endpoint *old, const struct endpoint *to);
/* §4.1: a header about the SA `of`. */
struct packet ike_change_packet(const struct ike_sa *of, enum ike_change_kind kind,
	uint32_t sequence);
/* Adds it to the message as a notification. */
void ike_change_draft(struct ike_draft *d, uint16_t type, const struct packet *p);
/* The inbound SPIs of the Child SAs; returns octets written. */
size_t ike_change_spis(const struct ike_sa *of, uint8_t *out, size_t size);
/* §5.4: with the key of the SA that migrates, bound to the SA that carries the message. */
void ike_change_proof(const struct ike_sa *of, const struct ike_sa *carrier, bool by_initiator,
	struct view before, uint8_t out[IKE_CHANGE_PROOF_SIZE]);

#endif
