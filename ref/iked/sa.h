// SPDX-License-Identifier: Apache-2.0
/*
 * An IKE SA of either version, as the node has it: what the two engines have in common. A
 * struct ike_sa that comes from here, or is named by a report, may be a struct isakmp_sa of IKEv1;
 * both begin with a struct ike_any, which says what it is.
 */
#ifndef BATON_IKED_SA_H
#define BATON_IKED_SA_H

#include "ref/ike/ike.h"
#include "ref/isakmp/isakmp.h"

struct iked;

/* Whether it is one of IKEv1, a struct isakmp_sa. */
bool sa_is_old(const struct ike_sa *sa);
/* As the functions of ike.h of the same names. */
const char *sa_state(const struct ike_sa *sa);
bool sa_established(const struct ike_sa *sa);
bool sa_initiator(const struct ike_sa *sa);
uint64_t sa_spi_i(const struct ike_sa *sa);
uint64_t sa_spi_r(const struct ike_sa *sa);
const struct endpoint *sa_local(const struct ike_sa *sa);
const struct endpoint *sa_peer(const struct ike_sa *sa);
const struct endpoint *sa_agreed(const struct ike_sa *sa);
const struct ike_id *sa_peer_id(const struct ike_sa *sa);
const struct ike_connection *sa_connection(const struct ike_sa *sa);
/* NULL: no keys yet. */
const struct ike_suite *sa_suite(const struct ike_sa *sa);
bool sa_mobike(const struct ike_sa *sa);
bool sa_changes(const struct ike_sa *sa);
bool sa_changing(const struct ike_sa *sa);
const struct ike_child_info *sa_child(const struct ike_sa *sa, unsigned n);

/* From NULL the first, then one after the other; NULL at the end. */
struct ike_sa *sa_next(const struct iked *d, const struct ike_sa *sa);

/* Its engine takes the event. 0 or -1. */
int sa_event(struct iked *d, struct ike_sa *sa, const struct ike_event *event, btime now,
	struct actions *actions);

/* Begins one of the connection's version. */
void sa_initiate(struct iked *d, const struct ike_connection *connection, btime now,
	struct actions *actions);

/* The same between these addresses; port 0: that of IKE. */
void sa_initiate_at(struct iked *d, const struct ike_connection *connection,
	const struct endpoint *local, const struct endpoint *peer, btime now,
	struct actions *actions);

/* A datagram goes to the engine of its version, if a connection is of that. */
void sa_input(struct iked *d, const struct endpoint *local, const struct endpoint *from,
	struct view datagram, btime now, struct actions *actions);

/* As of ike.h, for both engines together. */
void sa_tick(struct iked *d, btime now, struct actions *actions);
btime sa_due(const struct iked *d);
unsigned sa_half_open(const struct iked *d);
uint32_t sa_rejected(const struct iked *d, enum reject_reason reason);

#endif
