// SPDX-License-Identifier: Apache-2.0
/* Child SAs of IKE as ESP states of the kernel. */
#ifndef BATON_NODE_CHILD_SA_H
#define BATON_NODE_CHILD_SA_H

#include "ref/host/ipsec.h"
#include "ref/ike/ike.h"

/*
 * Both states of a Child SA between the addresses `local` and `peer` of its IKE SA, with their keys,
 * which are the caller's to wipe. The id, which binds states to policies, stays 0. NULL, or what the
 * kernel does not have, in words.
 */
const char *child_sa_states(const struct ike_child_info *info, const struct endpoint *local,
	const struct endpoint *peer, struct esp_sa *in, struct esp_sa *out);

/* The same addresses for states that are there; `encapsulated`: in UDP between those ports. */
void child_sa_place(const struct endpoint *local, const struct endpoint *peer, bool encapsulated,
	struct esp_sa *in, struct esp_sa *out);

/* A selector that is a whole prefix of all protocols and ports; false when it is none. */
bool child_sa_prefix(const struct ike_ts *ts, struct prefix *out);

#endif
