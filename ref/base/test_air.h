// SPDX-License-Identifier: Apache-2.0
/*
 * The network between the two engines of a test: what an engine sends lies in a list until somebody
 * delivers, drops, doubles or alters it; and patterns of losses, so that a test can go through all
 * of them. Time and engines are the test's.
 */
#ifndef BATON_BASE_TEST_AIR_H
#define BATON_BASE_TEST_AIR_H

#include <stdlib.h>
#include <string.h>

#include "ref/base/engine.h"

#define AIR_FLYING_MAX 64
#define AIR_DATAGRAM_MAX 4096

struct flying {
	bool to_second; /* of the two engines */
	struct endpoint from, to;
	size_t size;
	uint8_t data[AIR_DATAGRAM_MAX];
};

struct air {
	struct flying flying[AIR_FLYING_MAX];
	unsigned count;		/* flying now */
	unsigned sent, largest; /* so far: datagrams, octets of one */
};

/* Hands a datagram to its engine; what that sends has been added to the air at return. */
typedef void air_deliver(void *world, const struct flying *f);

/* Puts the datagram of an ACTION_SEND on the network, copied. More than fits ends the test. */
static inline void air_send(struct air *air, bool to_second, const struct action *a)
{
	if (air->count == AIR_FLYING_MAX || a->data.size > AIR_DATAGRAM_MAX)
		abort();
	struct flying *f = &air->flying[air->count++];
	air->sent++;
	if (a->data.size > air->largest)
		air->largest = (unsigned)a->data.size;
	f->to_second = to_second;
	f->from = a->local;
	f->to = a->peer;
	f->size = a->data.size;
	memcpy(f->data, a->data.data, a->data.size);
}

/* Takes datagram i off the network. */
static inline struct flying air_take(struct air *air, unsigned i)
{
	struct flying f = air->flying[i];
	memmove(&air->flying[i], &air->flying[i + 1], (--air->count - i) * sizeof(f));
	return f;
}

/* What becomes of the next messages: digits of a number to the base of FATES; then DELIVER. */
enum fate { DELIVER, LOSE, DOUBLE, SWAP, FATES };

struct pattern {
	unsigned number, length; /* digits */
};

/* How many patterns of that length there are. */
static inline unsigned pattern_count(unsigned digits)
{
	unsigned n = 1;
	while (digits--)
		n *= FATES;
	return n;
}

/* Takes the pattern's next digit; DELIVER when there are no more. */
static inline enum fate next_fate(struct pattern *p)
{
	if (p->length == 0)
		return DELIVER;
	enum fate fate = p->number % FATES;
	p->number /= FATES;
	p->length--;
	return fate;
}

/*
 * Delivers until nothing flies, by the pattern's fates. A swapped message waits until another one
 * has been delivered, or nothing else flies.
 */
static inline void air_settle(struct air *air, struct pattern *p, air_deliver *deliver, void *world)
{
	struct flying kept;
	bool keeping = false;

	while (air->count || keeping) {
		if (!air->count) {
			deliver(world, &kept);
			keeping = false;
			continue;
		}
		struct flying f = air_take(air, 0);
		enum fate fate = next_fate(p);
		if (fate == LOSE)
			continue;
		if (fate == SWAP && !keeping) {
			kept = f;
			keeping = true;
			continue;
		}
		deliver(world, &f);
		if (fate == DOUBLE)
			deliver(world, &f);
		if (keeping) {
			deliver(world, &kept);
			keeping = false;
		}
	}
}

#endif
