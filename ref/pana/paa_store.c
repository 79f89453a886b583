// SPDX-License-Identifier: Apache-2.0
/*
 * Where sessions are kept: two hash tables with chains, by session identifier and by the client's
 * address and port, and a binary heap of those that have something to do, by time. A session knows
 * its place in the heap, so that changing its time costs a few swaps.
 */
#include <stdlib.h>

#include <arpa/inet.h>

#include "ref/pana/paa_inside.h"

#define BUCKETS_FIRST 64

static size_t id_bucket(const struct paa *paa, uint32_t id)
{
	return (id ^ paa->hash_seed) * UINT32_C(2654435761) >> 7 & (paa->buckets - 1);
}

/* FNV-1a from a seed of this process. */
static size_t peer_bucket(const struct paa *paa, const struct endpoint *e)
{
	uint32_t h = UINT32_C(2166136261) ^ paa->hash_seed;
	size_t size = e->family == AF_INET6 ? 16 : 4;

	h = (h ^ e->family) * UINT32_C(16777619);
	h = (h ^ (e->port & 0xff)) * UINT32_C(16777619);
	h = (h ^ (e->port >> 8)) * UINT32_C(16777619);
	for (size_t i = 0; i < size; i++)
		h = (h ^ e->address[i]) * UINT32_C(16777619);
	return (h ^ h >> 15) & (paa->buckets - 1);
}

void store_init(struct paa *paa)
{
	paa->buckets = BUCKETS_FIRST;
	paa->by_id = pana_alloc(paa->buckets * sizeof(*paa->by_id));
	paa->by_peer = pana_alloc(paa->buckets * sizeof(*paa->by_peer));
	paa->hash_seed = random_u32(paa->config.common.random);
}

static void link_in(struct paa *paa, struct paa_session *s)
{
	struct paa_session **a = &paa->by_id[id_bucket(paa, s->link.id)];
	struct paa_session **b = &paa->by_peer[peer_bucket(paa, &s->link.peer)];

	s->next_by_id = *a;
	*a = s;
	s->next_by_peer = *b;
	*b = s;
}

static void grow(struct paa *paa)
{
	struct paa_session **old = paa->by_id;
	size_t count = paa->buckets;

	free(paa->by_peer);
	paa->buckets *= 2;
	paa->by_id = pana_alloc(paa->buckets * sizeof(*paa->by_id));
	paa->by_peer = pana_alloc(paa->buckets * sizeof(*paa->by_peer));
	for (size_t i = 0; i < count; i++) {
		for (struct paa_session *s = old[i], *next; s; s = next) {
			next = s->next_by_id;
			link_in(paa, s);
		}
	}
	free(old);
}

struct paa_session *paa_find(struct paa *paa, uint32_t id)
{
	struct paa_session *s = paa->by_id[id_bucket(paa, id)];
	while (s && s->link.id != id)
		s = s->next_by_id;
	return s;
}

struct paa_session *paa_find_peer(struct paa *paa, const struct endpoint *peer)
{
	struct paa_session *s = paa->by_peer[peer_bucket(paa, peer)];
	while (s && (s->state == PAA_CLOSED || !endpoint_equal(&s->link.peer, peer)))
		s = s->next_by_peer;
	return s;
}

struct paa_session *store_new(struct paa *paa, uint32_t id, const struct endpoint *peer)
{
	if (paa->count >= paa->config.sessions_max || paa->half_open >= paa->config.half_open_max)
		return NULL;
	if (paa->count >= paa->buckets)
		grow(paa);
	struct paa_session *s = pana_alloc(sizeof(*s));
	link_init(&s->link, &paa->config.common);
	s->link.agent = true;
	s->paa = paa;
	s->link.id = id;
	s->link.peer = *peer;
	s->due = s->expires = s->phase_due = s->reauth_due = s->hold_due = s->linger_due =
		BTIME_NEVER;
	s->counted_half_open = true;
	paa->half_open++;
	paa->count++;
	link_in(paa, s);
	return s;
}

static void unlink_peer(struct paa_session *s)
{
	struct paa_session **at = &s->paa->by_peer[peer_bucket(s->paa, &s->link.peer)];
	while (*at != s)
		at = &(*at)->next_by_peer;
	*at = s->next_by_peer;
}

void store_move_peer(struct paa_session *s, const struct endpoint *peer)
{
	unlink_peer(s);
	s->link.peer = *peer;
	struct paa_session **b = &s->paa->by_peer[peer_bucket(s->paa, peer)];
	s->next_by_peer = *b;
	*b = s;
}

/* --- the heap ------------------------------------------------------------------------------- */

static void place(struct paa *paa, size_t i, struct paa_session *s)
{
	paa->heap[i] = s;
	s->heap_at = i + 1;
}

static void sift_up(struct paa *paa, size_t i)
{
	struct paa_session *s = paa->heap[i];

	for (; i && s->due < paa->heap[(i - 1) / 2]->due; i = (i - 1) / 2)
		place(paa, i, paa->heap[(i - 1) / 2]);
	place(paa, i, s);
}

static void sift_down(struct paa *paa, size_t i)
{
	struct paa_session *s = paa->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= paa->heap_count)
			break;
		if (child + 1 < paa->heap_count &&
			paa->heap[child + 1]->due < paa->heap[child]->due)
			child++;
		if (s->due <= paa->heap[child]->due)
			break;
		place(paa, i, paa->heap[child]);
		i = child;
	}
	place(paa, i, s);
}

static void heap_remove(struct paa_session *s)
{
	struct paa *paa = s->paa;
	size_t i = s->heap_at - 1;

	s->heap_at = 0;
	struct paa_session *last = paa->heap[--paa->heap_count];
	if (last == s)
		return;
	place(paa, i, last);
	sift_up(paa, i);
	sift_down(paa, last->heap_at - 1);
}

static void heap_add(struct paa_session *s)
{
	struct paa *paa = s->paa;

	if (paa->heap_count == paa->heap_size) {
		size_t size = paa->heap_size ? 2 * paa->heap_size : BUCKETS_FIRST;
		struct paa_session **heap = pana_alloc(size * sizeof(*heap));
		if (paa->heap_count)
			memcpy(heap, paa->heap, paa->heap_count * sizeof(*heap));
		free(paa->heap);
		paa->heap = heap;
		paa->heap_size = size;
	}
	place(paa, paa->heap_count++, s);
	sift_up(paa, s->heap_at - 1);
}

void store_set_due(struct paa_session *s, btime due)
{
	btime before = s->due;

	s->due = due;
	if (due == BTIME_NEVER && s->heap_at)
		heap_remove(s);
	else if (due != BTIME_NEVER && !s->heap_at)
		heap_add(s);
	else if (s->heap_at && due < before)
		sift_up(s->paa, s->heap_at - 1);
	else if (s->heap_at && due > before)
		sift_down(s->paa, s->heap_at - 1);
}

struct paa_session *store_first_due(const struct paa *paa)
{
	return paa->heap_count ? paa->heap[0] : NULL;
}

/* --- the end of sessions -------------------------------------------------------------------- */

void store_kill(struct paa_session *s)
{
	struct paa *paa = s->paa;
	struct paa_session **at = &paa->by_id[id_bucket(paa, s->link.id)];

	while (*at != s)
		at = &(*at)->next_by_id;
	*at = s->next_by_id;
	unlink_peer(s);
	if (s->heap_at)
		heap_remove(s);
	if (s->counted_half_open)
		paa->half_open--;
	s->counted_half_open = false;
	paa->count--;
	s->state = PAA_CLOSED;
	s->next_dead = paa->dead;
	paa->dead = s;
}

void store_reap(struct paa *paa)
{
	while (paa->dead) {
		struct paa_session *s = paa->dead;
		paa->dead = s->next_dead;
		eap_destroy(s->eap);
		link_clear(&s->link);
		free(s->identity);
		wipe(s, sizeof(*s));
		free(s);
	}
}

void store_clear(struct paa *paa)
{
	for (size_t i = 0; i < paa->buckets; i++)
		while (paa->by_id[i])
			store_kill(paa->by_id[i]);
	store_reap(paa);
	free(paa->by_id);
	free(paa->by_peer);
	free(paa->heap);
}

int paa_each(struct paa *paa, int (*visit)(void *context, struct paa_session *session),
	void *context)
{
	for (size_t i = 0; i < paa->buckets; i++)
		for (struct paa_session *s = paa->by_id[i]; s; s = s->next_by_id) {
			int result = visit(context, s);
			if (result)
				return result;
		}
	return 0;
}
