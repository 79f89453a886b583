// SPDX-License-Identifier: Apache-2.0
/* Where SAs, their exchanges and their message IDs are kept. */
#include <stdlib.h>

#include "ref/isakmp/isakmp_inside.h"

/* --- SAs, by the cookie that is ours -------------------------------------------------------- */

static size_t bucket(uint64_t cookie)
{
	uint64_t h = cookie * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)((h >> 32 ^ h) & (ISAKMP_BUCKETS - 1));
}

struct isakmp_sa *isakmp_find(const struct isakmp *isakmp, uint64_t own_cookie)
{
	struct isakmp_sa *sa = isakmp->by_cookie[bucket(own_cookie)];
	while (sa && isakmp_own_cookie(sa) != own_cookie)
		sa = sa->next_by_cookie;
	return sa;
}

struct isakmp_sa *isakmp_find_first(const struct isakmp *isakmp, uint64_t cky_i,
	const struct endpoint *from)
{
	struct isakmp_sa *sa = isakmp->first;
	while (sa && (sa->initiator || sa->cky_i != cky_i || !endpoint_equal(&sa->peer, from)))
		sa = sa->next;
	return sa;
}

static uint64_t draw_cookie(struct isakmp *isakmp)
{
	uint64_t cookie;
	do
		random_fill(isakmp->config.random, &cookie, sizeof(cookie));
	while (cookie == 0 || isakmp_find(isakmp, cookie));
	return cookie;
}

struct isakmp_sa *isakmp_sa_new(struct isakmp *isakmp, const struct ike_connection *c,
	bool initiator)
{
	struct isakmp_sa *sa = ike_alloc(sizeof(*sa));
	uint64_t cookie = draw_cookie(isakmp);

	sa->any.version = 1;
	sa->isakmp = isakmp;
	sa->connection = c;
	sa->initiator = initiator;
	*(initiator ? &sa->cky_i : &sa->cky_r) = cookie;
	sa->flight.due = sa->lifetime_due = sa->rekey_due = sa->probe_due = BTIME_NEVER;
	sa->change.due = sa->hold_due = BTIME_NEVER;
	sa->next_by_cookie = isakmp->by_cookie[bucket(cookie)];
	isakmp->by_cookie[bucket(cookie)] = sa;
	sa->next = isakmp->first;
	if (sa->next)
		sa->next->previous = sa;
	isakmp->first = sa;
	isakmp->count++;
	if (!initiator) {
		sa->counted_half_open = true;
		isakmp->half_open++;
	}
	return sa;
}

void isakmp_not_half_open(struct isakmp_sa *sa)
{
	if (sa->counted_half_open)
		sa->isakmp->half_open--;
	sa->counted_half_open = false;
}

void isakmp_bury(struct isakmp_sa *sa)
{
	struct isakmp *isakmp = sa->isakmp;
	struct isakmp_sa **at = &isakmp->by_cookie[bucket(isakmp_own_cookie(sa))];

	isakmp_not_half_open(sa);
	while (*at != sa)
		at = &(*at)->next_by_cookie;
	*at = sa->next_by_cookie;
	if (sa->next)
		sa->next->previous = sa->previous;
	*(sa->previous ? &sa->previous->next : &isakmp->first) = sa->next;
	isakmp->count--;
	sa->buried = true;
	sa->next_dead = isakmp->dead;
	isakmp->dead = sa;
}

void isakmp_sa_destroy(struct isakmp_sa *sa)
{
	struct ike_octets *const owned[] = { &sa->nonce_i, &sa->nonce_r, &sa->public_i,
		&sa->public_r, &sa->sa_body, &sa->flight.sent, &sa->change.cookie };

	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		ike_octets_clear(owned[i]);
	while (sa->quicks)
		isakmp_quick_free(sa->quicks);
	for (struct isakmp_child *c = sa->children, *next; c; c = next) {
		next = c->next;
		wipe(c, sizeof(*c));
		free(c);
	}
	free(sa->ids);
	wipe(sa, sizeof(*sa));
	free(sa);
}

void isakmp_reap(struct isakmp *isakmp)
{
	while (isakmp->dead) {
		struct isakmp_sa *sa = isakmp->dead;
		isakmp->dead = sa->next_dead;
		isakmp_sa_destroy(sa);
	}
}

/* --- message IDs, RFC 2409 §5.5: unique under an ISAKMP SA ----------------------------------- */

bool isakmp_id_used(const struct isakmp_sa *sa, uint32_t id)
{
	for (unsigned i = sa->id_count; i-- > 0;)
		if (sa->ids[i] == id)
			return true;
	return false;
}

bool isakmp_id_remember(struct isakmp_sa *sa, uint32_t id)
{
	if (sa->id_count == ISAKMP_IDS_MAX)
		return false;
	if (sa->id_count == sa->id_room) {
		unsigned room = sa->id_room ? 2 * sa->id_room : 16;
		uint32_t *ids = ike_alloc(room * sizeof(*ids));
		if (sa->id_count)
			memcpy(ids, sa->ids, sa->id_count * sizeof(*ids));
		free(sa->ids);
		sa->ids = ids;
		sa->id_room = room;
	}
	sa->ids[sa->id_count++] = id;
	return true;
}

uint32_t isakmp_id_new(struct isakmp_sa *sa)
{
	uint32_t id;
	do
		id = random_u32(sa->isakmp->config.random);
	while (id == 0 || isakmp_id_used(sa, id));
	isakmp_id_remember(sa, id);
	return id;
}

/* --- quick modes and Child SAs -------------------------------------------------------------- */

struct isakmp_quick *isakmp_quick_new(struct isakmp_sa *sa, bool initiator, uint32_t id)
{
	struct isakmp_quick *q = ike_alloc(sizeof(*q));

	q->sa = sa;
	q->initiator = initiator;
	q->id = id;
	q->flight.due = q->lifetime_due = BTIME_NEVER;
	isakmp_exchange_iv(&sa->suite, sa->iv, id, q->iv);
	q->next = sa->quicks;
	sa->quicks = q;
	return q;
}

struct isakmp_quick *isakmp_quick_find(const struct isakmp_sa *sa, uint32_t id)
{
	struct isakmp_quick *q = sa->quicks;
	while (q && q->id != id)
		q = q->next;
	return q;
}

void isakmp_quick_free(struct isakmp_quick *q)
{
	struct isakmp_quick **at = &q->sa->quicks;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	ike_octets_clear(&q->nonce_i);
	ike_octets_clear(&q->nonce_r);
	ike_octets_clear(&q->flight.sent);
	wipe(q, sizeof(*q));
	free(q);
}

struct isakmp_child *isakmp_child_by_in(struct isakmp_sa *sa, uint32_t spi)
{
	struct isakmp_child *c = sa->children;
	while (c && c->info.spi_in != spi)
		c = c->next;
	return c;
}

struct isakmp_child *isakmp_child_by_out(struct isakmp_sa *sa, uint32_t spi)
{
	struct isakmp_child *c = sa->children;
	while (c && c->info.spi_out != spi)
		c = c->next;
	return c;
}

static bool spi_taken(const struct isakmp *isakmp, uint32_t spi)
{
	for (struct isakmp_sa *sa = isakmp->first; sa; sa = sa->next) {
		if (isakmp_child_by_in(sa, spi))
			return true;
		for (const struct isakmp_quick *q = sa->quicks; q; q = q->next)
			if (q->spi_in == spi)
				return true;
	}
	return false;
}

/* RFC 2407 §4.6.2.2 leaves 1 to 255 to IANA. */
uint32_t isakmp_new_spi(struct isakmp_sa *sa)
{
	uint32_t spi;
	do
		spi = random_u32(sa->isakmp->config.random);
	while (spi < 256 || spi_taken(sa->isakmp, spi));
	return spi;
}
