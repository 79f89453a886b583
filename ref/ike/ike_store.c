// SPDX-License-Identifier: Apache-2.0
/*
 * Where SAs are kept: a hash table by our own SPI, two of half-open ones by the initiator's SPI and
 * by the peer's address, and a binary heap by the time at which something is due.
 */
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>

#include "ref/ike/ike_inside.h"

#define BUCKETS_FIRST 64

/* SPIs of our own are random already; an initiator's may be chosen by an attacker. */
static size_t bucket(const struct ike *ike, uint64_t spi)
{
	uint64_t h = spi * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)((h >> 32 ^ h) & (ike->buckets - 1));
}

static void make_tables(struct ike *ike, size_t buckets)
{
	ike->buckets = buckets;
	ike->by_spi = ike_alloc(buckets * sizeof(*ike->by_spi));
	ike->by_initiator = ike_alloc(buckets * sizeof(*ike->by_initiator));
	ike->by_host = ike_alloc(buckets * sizeof(*ike->by_host));
}

void ike_store_init(struct ike *ike)
{
	make_tables(ike, BUCKETS_FIRST);
}

static void add_spi(struct ike_sa *sa)
{
	struct ike_sa **head = &sa->ike->by_spi[bucket(sa->ike, ike_own_spi(sa))];

	sa->next_by_spi = *head;
	*head = sa;
}

static void add_half_open(struct ike_sa *sa)
{
	struct ike_sa **head = &sa->ike->by_initiator[bucket(sa->ike, sa->spi_i)];

	sa->next_by_initiator = *head;
	*head = sa;
	head = &sa->ike->by_host[bucket(sa->ike, sa->host)];
	sa->next_by_host = *head;
	*head = sa;
}

static void grow(struct ike *ike)
{
	free(ike->by_spi);
	free(ike->by_initiator);
	free(ike->by_host);
	make_tables(ike, 2 * ike->buckets);
	for (struct ike_sa *sa = ike->first; sa; sa = sa->next) {
		add_spi(sa);
		if (sa->counted_half_open)
			add_half_open(sa);
	}
}

/* --- the heap ----------------------------------------------------------------------------- */

static void place(struct ike *ike, struct ike_sa *sa, size_t at)
{
	ike->heap[at] = sa;
	sa->heap_at = at;
}

static void sift(struct ike *ike, size_t at)
{
	struct ike_sa *sa = ike->heap[at];

	while (at > 0 && ike->heap[(at - 1) / 2]->heap_due > sa->heap_due) {
		place(ike, ike->heap[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < ike->heap_size &&
			ike->heap[child + 1]->heap_due < ike->heap[child]->heap_due)
			child++;
		if (child >= ike->heap_size || ike->heap[child]->heap_due >= sa->heap_due)
			break;
		place(ike, ike->heap[child], at);
		at = child;
	}
	place(ike, sa, at);
}

static void heap_add(struct ike *ike, struct ike_sa *sa)
{
	if (ike->heap_size == ike->heap_room) {
		ike->heap_room = ike->heap_room ? 2 * ike->heap_room : BUCKETS_FIRST;
		ike->heap = realloc(ike->heap, ike->heap_room * sizeof(*ike->heap));
		if (!ike->heap)
			abort();
	}
	sa->heap_due = BTIME_NEVER;
	place(ike, sa, ike->heap_size++);
}

static void heap_remove(struct ike *ike, struct ike_sa *sa)
{
	struct ike_sa *last = ike->heap[--ike->heap_size];

	if (last == sa)
		return;
	place(ike, last, sa->heap_at);
	sift(ike, last->heap_at);
}

static btime due_of(const struct ike_sa *sa)
{
	btime due = btime_min(sa->retransmit_due, sa->lifetime_due);

	if (sa->state != IKE_STATE_ESTABLISHED)
		return due;
	due = btime_min(btime_min(due, sa->rekey_due), btime_min(sa->hold_due, sa->verify_due));
	if (sa->connection->liveness && sa->task == TASK_NONE)
		due = btime_min(due, btime_add(sa->heard, sa->connection->liveness));
	for (const struct ike_child *c = sa->children; c; c = c->next)
		due = btime_min(due, c->rekey_due);
	return due;
}

void ike_touch(struct ike_sa *sa)
{
	if (sa->buried)
		return;
	sa->heap_due = due_of(sa);
	sift(sa->ike, sa->heap_at);
}

/* --- SAs ---------------------------------------------------------------------------------- */

struct ike_sa *ike_find(const struct ike *ike, uint64_t own_spi)
{
	struct ike_sa *sa = ike->by_spi[bucket(ike, own_spi)];
	while (sa && ike_own_spi(sa) != own_spi)
		sa = sa->next_by_spi;
	return sa;
}

struct ike_sa *ike_find_init(const struct ike *ike, uint64_t spi_i, const struct endpoint *from)
{
	struct ike_sa *sa = ike->by_initiator[bucket(ike, spi_i)];
	while (sa && (sa->spi_i != spi_i || !endpoint_equal(&sa->peer, from)))
		sa = sa->next_by_initiator;
	return sa;
}

static uint64_t draw_spi(struct ike *ike)
{
	uint64_t spi;
	do
		random_fill(ike->config.random, &spi, sizeof(spi));
	while (spi == 0 || ike_find(ike, spi));
	return spi;
}

struct ike_sa *ike_sa_new(struct ike *ike, const struct ike_connection *c, bool initiator)
{
	struct ike_sa *sa = ike_alloc(sizeof(*sa));

	if (ike->count >= ike->buckets)
		grow(ike);
	sa->any.version = 2;
	sa->ike = ike;
	sa->connection = c;
	sa->initiator = sa->leader = initiator;
	*(initiator ? &sa->spi_i : &sa->spi_r) = draw_spi(ike);
	sa->retransmit_due = sa->lifetime_due = sa->rekey_due = BTIME_NEVER;
	sa->hold_due = sa->verify_due = BTIME_NEVER;
	add_spi(sa);
	sa->next = ike->first;
	if (sa->next)
		sa->next->previous = sa;
	ike->first = sa;
	heap_add(ike, sa);
	ike->count++;
	return sa;
}

static void unlink_spi(struct ike_sa *sa)
{
	struct ike_sa **at = &sa->ike->by_spi[bucket(sa->ike, ike_own_spi(sa))];

	while (*at != sa)
		at = &(*at)->next_by_spi;
	*at = sa->next_by_spi;
}

void ike_rename(struct ike_sa *sa, uint64_t spi_i)
{
	unlink_spi(sa);
	sa->spi_i = spi_i;
	add_spi(sa);
}

/* Who has one address of IPv6 has the network of 64 bits around it. */
static uint64_t host_of(const struct endpoint *e)
{
	uint64_t host = 0;

	memcpy(&host, e->address, e->family == AF_INET6 ? 8 : 4);
	return host;
}

void ike_store_init_request(struct ike_sa *sa)
{
	sa->counted_half_open = true;
	sa->ike->half_open++;
	sa->host = host_of(&sa->peer);
	add_half_open(sa);
	sa->older = sa->ike->newest;
	*(sa->older ? &sa->older->newer : &sa->ike->oldest) = sa;
	sa->ike->newest = sa;
}

unsigned ike_half_open_at(const struct ike *ike, const struct endpoint *from)
{
	uint64_t host = host_of(from);
	unsigned count = 0;

	for (struct ike_sa *sa = ike->by_host[bucket(ike, host)]; sa; sa = sa->next_by_host)
		count += sa->host == host;
	return count;
}

void ike_not_half_open(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	if (!sa->counted_half_open)
		return;
	struct ike_sa **at = &ike->by_initiator[bucket(ike, sa->spi_i)];
	while (*at != sa)
		at = &(*at)->next_by_initiator;
	*at = sa->next_by_initiator;
	at = &ike->by_host[bucket(ike, sa->host)];
	while (*at != sa)
		at = &(*at)->next_by_host;
	*at = sa->next_by_host;
	*(sa->older ? &sa->older->newer : &ike->oldest) = sa->newer;
	*(sa->newer ? &sa->newer->older : &ike->newest) = sa->older;
	sa->counted_half_open = false;
	ike->half_open--;
}

void ike_bury(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	ike_not_half_open(sa);
	unlink_spi(sa);
	if (sa->next)
		sa->next->previous = sa->previous;
	*(sa->previous ? &sa->previous->next : &ike->first) = sa->next;
	heap_remove(ike, sa);
	ike->count--;
	sa->state = IKE_STATE_DEAD;
	sa->buried = true;
	sa->next_dead = ike->dead;
	ike->dead = sa;
}

void ike_sa_destroy(struct ike_sa *sa)
{
	struct ike_octets *const owned[] = { &sa->nonce_i, &sa->nonce_r, &sa->init_request,
		&sa->init_response, &sa->cookie, &sa->first_auth, &sa->change.cookie,
		&sa->request.octets, &sa->response.octets };

	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		ike_octets_clear(owned[i]);
	for (size_t i = 0; i < IKE_FRAGMENTS_MAX; i++)
		ike_octets_clear(&sa->assembly.parts[i]);
	ike_eap_end(sa);
	for (struct ike_child *c = sa->children, *next; c; c = next) {
		next = c->next;
		wipe(c, sizeof(*c));
		free(c);
	}
	wipe(sa, sizeof(*sa));
	free(sa);
}

void ike_reap(struct ike *ike)
{
	while (ike->dead) {
		struct ike_sa *sa = ike->dead;
		ike->dead = sa->next_dead;
		ike_sa_destroy(sa);
	}
}
