// SPDX-License-Identifier: Apache-2.0
/* Variables of a running test, and what an operand of a suite is worth with them. */
#ifndef TESTBED_SUITE_VALUE_H
#define TESTBED_SUITE_VALUE_H

#include "ref/base/random.h"
#include "testbed/suite/suite.h"

#define VARIABLES_MAX 64

struct value {
	bool is_octets;
	uint64_t number;
	struct view octets;
};

struct variable {
	const char *name;
	struct value value;
};

/* All zero but the arena is none. Octets are copied into the arena. */
struct variables {
	struct variable list[VARIABLES_MAX];
	unsigned count;
	struct arena *arena;
	struct random *random;
};

/* The variable's value, or NULL while it has none. */
const struct value *variable_find(const struct variables *all, const char *name);
/* Gives it a value, copied; of VARIABLES_MAX that have one, no further one takes any. */
void variable_set(struct variables *all, const char *name, struct value value);

/* The number that a sum is, modulo 2^64; false when a variable has no value or holds octets, with
 * one phrase in `why`. */
bool sum_value(const struct variables *all, const struct sum *sum, uint64_t *out, char *why,
	size_t size);

/* What the operand is worth, but for a range and a seal word. False with one phrase in `why`. */
bool operand_value(const struct variables *all, const struct operand *operand, struct value *out,
	char *why, size_t size);

/* A name on its own that has no value yet: an expect binds it. */
const char *operand_unbound(const struct variables *all, const struct operand *operand);

/* How two values compare; numbers modulo 2^(8 * width), width 0: as they are. A number equals the
 * octets that write it in `octets.size` octets. */
bool values_compare(const struct value *a, enum comparison comparison, const struct value *b,
	unsigned width);

/* "7", or hexadecimal digits. Returns `out`. */
const char *value_text(const struct value *v, char *out, size_t size);

#endif
