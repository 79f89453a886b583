// SPDX-License-Identifier: Apache-2.0
/*
 * Randomness is an argument. The daemon passes random_system(); tests and the conformance tester
 * pass random_seeded(), whose stream is a function of its seed alone, so that a run repeats.
 */
#ifndef BATON_BASE_RANDOM_H
#define BATON_BASE_RANDOM_H

#include <stdint.h>
#include <stddef.h>

struct random {
	void (*fill)(struct random *self, void *to, size_t size);
	uint64_t state[2]; /* of the seeded stream: seed and counter */
};

/* Cryptographic randomness of the operating system; ends the process if there is none. */
struct random random_system(void);

/* SHA-256 of (seed, counter), block after block: repeatable, and never for real keys. */
struct random random_seeded(uint64_t seed);

/* Fills `size` octets at `to` from the stream. */
static inline void random_fill(struct random *r, void *to, size_t size)
{
	r->fill(r, to, size);
}

/* A number drawn evenly from the 2^32. */
uint32_t random_u32(struct random *r);

/* A number drawn evenly from 0 up to, not including, `bound` (at least 1). */
uint32_t random_below(struct random *r, uint32_t bound);

#endif
