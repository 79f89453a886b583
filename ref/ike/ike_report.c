// SPDX-License-Identifier: Apache-2.0
/* What there is to know of the engine and its SAs. */
#include "ref/ike/ike_inside.h"

const char *ike_report_name(enum ike_report report)
{
	static const char *const names[] = {
		[IKE_REPORT_ESTABLISHED] = "ike_established",
		[IKE_REPORT_ADDRESS] = "ike_address",
		[IKE_REPORT_ADDRESS_WANTED] = "ike_address_wanted",
		[IKE_REPORT_CHILD_UP] = "ike_child_up",
		[IKE_REPORT_CHILD_DOWN] = "ike_child_down",
		[IKE_REPORT_CHILD_FAILED] = "ike_child_failed",
		[IKE_REPORT_REKEYED] = "ike_rekeyed",
		[IKE_REPORT_MOVED] = "ike_moved",
		[IKE_REPORT_CHANGING] = "ike_changing",
		[IKE_REPORT_MIGRATED] = "ike_migrated",
		[IKE_REPORT_VERIFIED] = "ike_verified",
		[IKE_REPORT_CHANGE_REFUSED] = "ike_change_refused",
		[IKE_REPORT_EXPIRED] = "ike_expired",
		[IKE_REPORT_ALIVE] = "ike_alive",
		[IKE_REPORT_NOTIFIED] = "ike_notified",
		[IKE_REPORT_DOWN] = "ike_down",
		[IKE_REPORT_FAILED] = "ike_failed",
		[IKE_REPORT_UNREACHABLE] = "ike_unreachable",
		[IKE_REPORT_REJECTED] = "ike_rejected",
	};
	return names[report];
}

unsigned ike_count(const struct ike *ike)
{
	return ike->count;
}

unsigned ike_half_open(const struct ike *ike)
{
	return ike->half_open;
}

uint32_t ike_rejected(const struct ike *ike, enum reject_reason reason)
{
	return ike->rejected[reason];
}

struct ike_sa *ike_next(const struct ike *ike, const struct ike_sa *sa)
{
	return sa ? sa->next : ike->first;
}

const char *ike_sa_state(const struct ike_sa *sa)
{
	return ike_machine.states[sa->state];
}

bool ike_sa_established(const struct ike_sa *sa)
{
	return sa->state == IKE_STATE_ESTABLISHED;
}

bool ike_sa_initiator(const struct ike_sa *sa)
{
	return sa->initiator;
}

uint64_t ike_sa_spi_i(const struct ike_sa *sa)
{
	return sa->spi_i;
}

uint64_t ike_sa_spi_r(const struct ike_sa *sa)
{
	return sa->spi_r;
}

const struct endpoint *ike_sa_local(const struct ike_sa *sa)
{
	return &sa->local;
}

const struct endpoint *ike_sa_peer(const struct ike_sa *sa)
{
	return sa->peer_away ? &sa->peer_agreed : &sa->peer;
}

const struct endpoint *ike_sa_sends_to(const struct ike_sa *sa)
{
	return &sa->peer;
}

const struct ike_id *ike_sa_peer_id(const struct ike_sa *sa)
{
	return &sa->peer_id;
}

const struct ike_connection *ike_sa_connection(const struct ike_sa *sa)
{
	return sa->connection;
}

const struct ike_suite *ike_sa_suite(const struct ike_sa *sa)
{
	return &sa->suite;
}

const struct ike_keys *ike_sa_keys(const struct ike_sa *sa)
{
	return sa->keyed ? &sa->keys : NULL;
}

bool ike_sa_changing(const struct ike_sa *sa)
{
	return !sa->change.confirming && !sa->change.confirm &&
		(sa->task == TASK_CHANGE || sa->wanted & 1u << TASK_CHANGE);
}

bool ike_sa_changes(const struct ike_sa *sa)
{
	return sa->peer_changes;
}

const struct endpoint *ike_sa_agreed(const struct ike_sa *sa)
{
	return sa->change.away ? &sa->change.agreed : &sa->local;
}

bool ike_sa_mobike(const struct ike_sa *sa)
{
	return sa->mobike;
}

const struct ike_child_info *ike_sa_child(const struct ike_sa *sa, unsigned n)
{
	const struct ike_child *c = sa->children;
	while (c && n--)
		c = c->next;
	return c ? &c->info : NULL;
}

const struct fsm *ike_fsm(void)
{
	return &ike_machine;
}

const uint32_t *ike_fsm_hits(const struct ike *ike)
{
	return ike->hits;
}
