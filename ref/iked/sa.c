// SPDX-License-Identifier: Apache-2.0
#include "ref/iked/iked.h"

bool sa_is_old(const struct ike_sa *sa)
{
	return ((const struct ike_any *)sa)->version == 1;
}

static const struct isakmp_sa *old(const struct ike_sa *sa)
{
	return (const struct isakmp_sa *)sa;
}

#define EITHER(type, name, of_old)                                                                 \
	type sa_##name(const struct ike_sa *sa)                                                    \
	{                                                                                          \
		return sa_is_old(sa) ? isakmp_sa_##of_old(old(sa)) : ike_sa_##name(sa);            \
	}
EITHER(const char *, state, state)
EITHER(bool, established, established)
EITHER(bool, initiator, initiator)
EITHER(uint64_t, spi_i, cky_i)
EITHER(uint64_t, spi_r, cky_r)
EITHER(const struct endpoint *, local, local)
EITHER(const struct endpoint *, peer, peer)
EITHER(const struct endpoint *, agreed, agreed)
EITHER(const struct ike_id *, peer_id, peer_id)
EITHER(const struct ike_connection *, connection, connection)
EITHER(bool, changes, changes)
EITHER(bool, changing, changing)

const struct ike_suite *sa_suite(const struct ike_sa *sa)
{
	if (sa_is_old(sa))
		return isakmp_sa_keys(old(sa)) ? isakmp_sa_suite(old(sa)) : NULL;
	return ike_sa_keys(sa) ? ike_sa_suite(sa) : NULL;
}

bool sa_mobike(const struct ike_sa *sa)
{
	return !sa_is_old(sa) && ike_sa_mobike(sa);
}

const struct ike_child_info *sa_child(const struct ike_sa *sa, unsigned n)
{
	return sa_is_old(sa) ? isakmp_sa_child(old(sa), n) : ike_sa_child(sa, n);
}

struct ike_sa *sa_next(const struct iked *d, const struct ike_sa *sa)
{
	struct ike_sa *next = sa && sa_is_old(sa) ? NULL : ike_next(d->ike, sa);

	if (next)
		return next;
	return (struct ike_sa *)isakmp_next(d->isakmp, sa && sa_is_old(sa) ? old(sa) : NULL);
}

int sa_event(struct iked *d, struct ike_sa *sa, const struct ike_event *event, btime now,
	struct actions *actions)
{
	return sa_is_old(sa)
		? isakmp_event(d->isakmp, (struct isakmp_sa *)sa, event, now, actions)
		: ike_event(d->ike, sa, event, now, actions);
}

void sa_initiate(struct iked *d, const struct ike_connection *connection, btime now,
	struct actions *actions)
{
	sa_initiate_at(d, connection, &connection->local, &connection->remote, now, actions);
}

void sa_initiate_at(struct iked *d, const struct ike_connection *connection,
	const struct endpoint *local, const struct endpoint *peer, btime now,
	struct actions *actions)
{
	if (connection >= d->connections + d->count_new)
		isakmp_initiate_at(d->isakmp, connection, local, peer, now, actions);
	else
		ike_initiate_at(d->ike, connection, local, peer, now, actions);
}

/* RFC 7296 §2.5: the version stands at the same place in each. */
static bool of_old(struct view datagram)
{
	struct reader r = reader_of(datagram);

	read_view(&r, 17);
	return read_u8(&r) >> 4 == 1;
}

void sa_input(struct iked *d, const struct endpoint *local, const struct endpoint *from,
	struct view datagram, btime now, struct actions *actions)
{
	if (of_old(datagram) && d->settings->connections.count > d->count_new)
		isakmp_input(d->isakmp, local, from, datagram, now, actions);
	else
		ike_input(d->ike, local, from, datagram, now, actions);
}

/* Each has room for what is due: the list is half empty when the second one begins. */
void sa_tick(struct iked *d, btime now, struct actions *actions)
{
	ike_tick(d->ike, now, actions);
	isakmp_tick(d->isakmp, now, actions);
}

btime sa_due(const struct iked *d)
{
	return btime_min(ike_due(d->ike), isakmp_due(d->isakmp));
}

unsigned sa_half_open(const struct iked *d)
{
	return ike_half_open(d->ike) + isakmp_half_open(d->isakmp);
}

uint32_t sa_rejected(const struct iked *d, enum reject_reason reason)
{
	return ike_rejected(d->ike, reason) + isakmp_rejected(d->isakmp, reason);
}
