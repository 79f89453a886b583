// SPDX-License-Identifier: Apache-2.0
/*
 * Where connections are kept: two hash tables with chains, by the peer's address and by the station
 * that is bound; a list of those that no station is bound to, the oldest first; and a binary heap
 * of those with something to do, by time. Whoever chooses addresses to meet in one chain makes it
 * as long as there are connections, which DXI §6 bounds.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "ref/dot1x/dxi_inside.h"

#define HEAP_FIRST 64

void *dxi_alloc(size_t size)
{
	void *p = calloc(1, size);
	if (!p)
		abort();
	return p;
}

static size_t station_bucket(uint64_t station)
{
	return station * UINT64_C(0x9E3779B97F4A7C15) >> 40 & (DXI_BUCKETS - 1);
}

/* FNV-1a. */
static size_t address_bucket(const struct endpoint *e)
{
	uint32_t h = UINT32_C(2166136261);
	size_t size = e->family == AF_INET6 ? 16 : 4;

	for (size_t i = 0; i < size; i++)
		h = (h ^ e->address[i]) * UINT32_C(16777619);
	return (h ^ h >> 15) & (DXI_BUCKETS - 1);
}

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

/* --- unopened ones ---------------------------------------------------------------------------- */

static void list_append(struct dxi_server *s, struct dxi_connection *c)
{
	c->older = s->newest;
	c->newer = NULL;
	*(s->newest ? &s->newest->newer : &s->oldest) = c;
	s->newest = c;
}

static void list_remove(struct dxi_server *s, struct dxi_connection *c)
{
	*(c->older ? &c->older->newer : &s->oldest) = c->newer;
	*(c->newer ? &c->newer->older : &s->newest) = c->older;
	c->older = c->newer = NULL;
}

struct dxi_connection *dxi_store_oldest(const struct dxi_server *s)
{
	struct dxi_connection *c = s->oldest;

	while (c && c->closing)
		c = c->newer;
	return c;
}

/* --- tables ----------------------------------------------------------------------------------- */

void dxi_store_add(struct dxi_server *s, struct dxi_connection *c)
{
	struct dxi_connection **bucket = &s->of_address[address_bucket(&c->peer)];

	c->next_of_address = *bucket;
	*bucket = c;
	c->due = BTIME_NEVER;
	list_append(s, c);
	s->count++;
}

void dxi_store_remove(struct dxi_server *s, struct dxi_connection *c)
{
	struct dxi_connection **at = &s->of_address[address_bucket(&c->peer)];

	while (*at != c)
		at = &(*at)->next_of_address;
	*at = c->next_of_address;
	if (c->station) {
		at = &s->of_station[station_bucket(c->station)];
		while (*at != c)
			at = &(*at)->next_of_station;
		*at = c->next_of_station;
	} else {
		list_remove(s, c);
	}
	dxi_store_set_due(s, c, BTIME_NEVER);
	s->count--;
}

unsigned dxi_store_of_address(const struct dxi_server *s, const struct endpoint *peer)
{
	unsigned n = 0;

	for (struct dxi_connection *c = s->of_address[address_bucket(peer)]; c;
		c = c->next_of_address)
		n += same_address(&c->peer, peer);
	return n;
}

void dxi_store_bind(struct dxi_server *s, struct dxi_connection *c, uint64_t station)
{
	struct dxi_connection **bucket = &s->of_station[station_bucket(station)];

	list_remove(s, c);
	c->station = station;
	c->next_of_station = *bucket;
	*bucket = c;
}

struct dxi_connection *dxi_store_holder(const struct dxi_server *s, uint64_t station)
{
	struct dxi_connection *c = s->of_station[station_bucket(station)];

	while (c && (c->station != station || c->closing))
		c = c->next_of_station;
	return c;
}

/* --- the heap --------------------------------------------------------------------------------- */

static void place(struct dxi_server *s, size_t i, struct dxi_connection *c)
{
	s->heap[i] = c;
	c->heap_at = i + 1;
}

static void sift_up(struct dxi_server *s, size_t i)
{
	struct dxi_connection *c = s->heap[i];

	for (; i && c->due < s->heap[(i - 1) / 2]->due; i = (i - 1) / 2)
		place(s, i, s->heap[(i - 1) / 2]);
	place(s, i, c);
}

static void sift_down(struct dxi_server *s, size_t i)
{
	struct dxi_connection *c = s->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= s->heap_count)
			break;
		if (child + 1 < s->heap_count && s->heap[child + 1]->due < s->heap[child]->due)
			child++;
		if (c->due <= s->heap[child]->due)
			break;
		place(s, i, s->heap[child]);
		i = child;
	}
	place(s, i, c);
}

static void heap_add(struct dxi_server *s, struct dxi_connection *c)
{
	if (s->heap_count == s->heap_size) {
		s->heap_size = s->heap_size ? 2 * s->heap_size : HEAP_FIRST;
		s->heap = realloc(s->heap, s->heap_size * sizeof(struct dxi_connection *));
		if (!s->heap)
			abort();
	}
	place(s, s->heap_count++, c);
}

static void heap_remove(struct dxi_server *s, struct dxi_connection *c)
{
	size_t i = c->heap_at - 1;
	struct dxi_connection *last = s->heap[--s->heap_count];

	c->heap_at = 0;
	if (last == c)
		return;
	place(s, i, last);
	sift_up(s, i);
	sift_down(s, last->heap_at - 1);
}

void dxi_store_set_due(struct dxi_server *s, struct dxi_connection *c, btime due)
{
	c->due = due;
	if (due == BTIME_NEVER) {
		if (c->heap_at)
			heap_remove(s, c);
		return;
	}
	if (!c->heap_at)
		heap_add(s, c);
	sift_up(s, c->heap_at - 1);
	sift_down(s, c->heap_at - 1);
}

struct dxi_connection *dxi_store_first(const struct dxi_server *s)
{
	return s->heap_count ? s->heap[0] : NULL;
}
