// SPDX-License-Identifier: Apache-2.0
/*
 * Networks that the node is prepared for beside the one it prepares at the moment (RFC 6252 §7.2,
 * appendix C.4): in each a session, an address and, with ESP, a tunnel stand for a time. After a
 * move the others end, and agents that hold the node's state learn its new address (C.2).
 */
#ifndef BATON_MN_CANDIDATES_H
#define BATON_MN_CANDIDATES_H

#include "ref/mn/handover_inside.h"

/* What stands in a network: taken out of the handover, and put back. */
struct candidate {
	struct lease_address next;
	struct tunnel tunnel;
	btime until; /* the router keeps the tunnel so long, and the address at least */
};

/* Sets the target's preparation aside. */
void candidate_park(struct handover *handover);

/* Takes up that of the target again; what has become of no use since is left out. */
void candidate_resume(struct handover *handover);

/* Gives it up without a word to the agent: the tunnel goes, the session stays. NULL-safe. */
void candidate_drop(struct network *network, const char *reason);

/* The node has settled in the target: the other candidates end, agents that hold state are told. */
void candidates_settle(struct handover *handover);

/* A report of a network that is not the target. */
void candidates_pana(struct handover *handover, struct network *network,
	const struct action *report);

/* Drops all of them, for the end of the node. */
void candidates_drop(struct handover *handover, const char *reason);

/* Sets the timer to the next one whose time is over. */
void candidates_due(struct handover *handover);

/* The timer: ends those whose time is over. */
void candidates_expire(void *handover);

/* {address, tunnel, expires_in_s}, or NULL when the network is no candidate. */
json_t *candidate_json(const struct network *network);

#endif
