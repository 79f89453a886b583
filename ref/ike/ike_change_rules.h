// SPDX-License-Identifier: Apache-2.0
/*
 * What the correspondent of an address change goes by (docs/address-change.md §5), whichever
 * version of IKE carries it. No state of its own; section numbers are of that document.
 */
#ifndef BATON_IKE_IKE_CHANGE_RULES_H
#define BATON_IKE_IKE_CHANGE_RULES_H

#include "ref/ike/ike_change_wire.h"
#include "ref/ike/ike_payload.h"

#define IKE_CHANGE_COOKIE_SIZE 17
/* How often a mover is asked for a cookie before it gives up, §5.3. */
#define IKE_CHANGE_COOKIE_ROUNDS 2

/* The same address; ports do not matter. */
bool ike_change_same(const struct endpoint *a, const struct endpoint *b);

/* §5.2: an address that a host can have: not unspecified, loopback, multicast, link-local. */
bool ike_change_possible(const struct endpoint *e);

/* Selectors that are the old address alone name the new one, §6. */
void ike_change_move_selectors(struct ike_ts_list *list, const struct endpoint *old,
	const struct endpoint *to);

/* A message without elements. */
struct packet ike_change_header(uint64_t spi_i, uint64_t spi_r, enum ike_change_kind kind,
	uint32_t sequence);

/* What a cookie is about. */
struct ike_change_subject {
	uint64_t spi_i, spi_r;
	uint32_t sequence;
	struct endpoint to;
};

/* §5.3, under the secret of that version; versions count up, the last two are kept. */
void ike_change_make_cookie(uint8_t secrets[2][32], uint8_t version,
	const struct ike_change_subject *about, uint8_t out[IKE_CHANGE_COOKIE_SIZE]);
/* Whether the request has a good one, of the present version or the one before. */
bool ike_change_cookie_good(uint8_t secrets[2][32], uint8_t version,
	const struct ike_change_subject *about, const struct packet *request);

/* §5.5: a budget that refills; true: it is empty, and stays as it is. */
bool ike_change_too_often(btime *budget, btime now);

/* What a request is held against. */
struct ike_change_case {
	bool allowed, tunnels;	/* of the connection */
	uint32_t seen;		/* the number of the last change that was made */
	struct endpoint local, peer, from; /* of the SA; where the message came from */
};

/* 2 to 5 of §5.2. 0: nothing is against it. */
enum ike_change_reason ike_change_judge(const struct ike_change_case *c, const struct packet *p);

#endif
