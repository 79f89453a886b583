// SPDX-License-Identifier: Apache-2.0
/* What there is to know of the engine and its SAs. */
#include "ref/isakmp/isakmp_inside.h"

unsigned isakmp_count(const struct isakmp *isakmp)
{
	return isakmp->count;
}

unsigned isakmp_half_open(const struct isakmp *isakmp)
{
	return isakmp->half_open;
}

uint32_t isakmp_rejected(const struct isakmp *isakmp, enum reject_reason reason)
{
	return isakmp->rejected[reason];
}

struct isakmp_sa *isakmp_next(const struct isakmp *isakmp, const struct isakmp_sa *sa)
{
	return sa ? sa->next : isakmp->first;
}

const char *isakmp_sa_state(const struct isakmp_sa *sa)
{
	return isakmp_machine.states[sa->state];
}

bool isakmp_sa_established(const struct isakmp_sa *sa)
{
	return sa->state == ISAKMP_STATE_ESTABLISHED;
}

bool isakmp_sa_initiator(const struct isakmp_sa *sa)
{
	return sa->initiator;
}

uint64_t isakmp_sa_cky_i(const struct isakmp_sa *sa)
{
	return sa->cky_i;
}

uint64_t isakmp_sa_cky_r(const struct isakmp_sa *sa)
{
	return sa->cky_r;
}

const struct endpoint *isakmp_sa_local(const struct isakmp_sa *sa)
{
	return &sa->local;
}

const struct endpoint *isakmp_sa_peer(const struct isakmp_sa *sa)
{
	return &sa->peer;
}

const struct ike_id *isakmp_sa_peer_id(const struct isakmp_sa *sa)
{
	return &sa->peer_id;
}

const struct ike_connection *isakmp_sa_connection(const struct isakmp_sa *sa)
{
	return sa->connection;
}

const struct ike_suite *isakmp_sa_suite(const struct isakmp_sa *sa)
{
	return &sa->suite;
}

const struct isakmp_keys *isakmp_sa_keys(const struct isakmp_sa *sa)
{
	return sa->keyed ? &sa->keys : NULL;
}

const uint8_t *isakmp_sa_last_block(const struct isakmp_sa *sa)
{
	return sa->iv;
}

bool isakmp_sa_changes(const struct isakmp_sa *sa)
{
	return sa->peer_changes;
}

bool isakmp_sa_changing(const struct isakmp_sa *sa)
{
	return sa->change.wanted;
}

const struct endpoint *isakmp_sa_agreed(const struct isakmp_sa *sa)
{
	return sa->change.away ? &sa->change.agreed : &sa->local;
}

const struct ike_child_info *isakmp_sa_child(const struct isakmp_sa *sa, unsigned n)
{
	const struct isakmp_child *c = sa->children;
	while (c && n--)
		c = c->next;
	return c ? &c->info : NULL;
}

const struct fsm *isakmp_fsm(void)
{
	return &isakmp_machine;
}

const struct fsm *isakmp_quick_fsm(void)
{
	return &isakmp_quick_machine;
}

const uint32_t *isakmp_fsm_hits(const struct isakmp *isakmp)
{
	return isakmp->hits;
}

const uint32_t *isakmp_quick_fsm_hits(const struct isakmp *isakmp)
{
	return isakmp->quick_hits;
}
