// SPDX-License-Identifier: Apache-2.0
/* What nodes that speak IKE say of it: in events, and when asked how things stand. */
#ifndef BATON_NODE_IKE_JOURNAL_H
#define BATON_NODE_IKE_JOURNAL_H

#include "ref/host/log.h"
#include "ref/ike/ike.h"

/* An SA of either version of IKE. */
struct ike_sa_facts {
	const char *connection, *state;
	uint64_t spi_i, spi_r; /* cookies of IKEv1 */
	const struct endpoint *local, *peer;
	const struct ike_id *peer_id;
	const struct ike_suite *suite; /* NULL: not agreed on yet */
	bool initiator, mobike;
	int version;
};

/* As an object: addresses, identity and algorithms in words. */
json_t *ike_sa_json(const struct ike_sa_facts *facts);

/* The same of an SA of ref/ike. */
json_t *ike_v2_json(const struct ike_sa *sa);

/* SPIs, algorithms and selectors of a Child SA; no keys. */
json_t *ike_child_json(const struct ike_child_info *child);

/* A report of the engine as an event; `sa` is what is told of its SA and is consumed, NULL where the
 * report is about none. */
void ike_journal(struct log *log, const struct action *report, json_t *sa);

#endif
