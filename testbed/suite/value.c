// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "ref/base/reader.h"
#include "testbed/suite/value.h"

const struct value *variable_find(const struct variables *all, const char *name)
{
	for (unsigned i = 0; i < all->count; i++)
		if (strcmp(all->list[i].name, name) == 0)
			return &all->list[i].value;
	return NULL;
}

void variable_set(struct variables *all, const char *name, struct value value)
{
	struct variable *v = NULL;

	for (unsigned i = 0; i < all->count; i++)
		if (strcmp(all->list[i].name, name) == 0)
			v = &all->list[i];
	if (!v && all->count == VARIABLES_MAX)
		return;
	if (!v)
		v = &all->list[all->count++];
	if (value.is_octets)
		value.octets.data = (const uint8_t *)arena_copy(all->arena,
			(const char *)value.octets.data, value.octets.size);
	*v = (struct variable){ name, value };
}

/* Octets of up to eight are a number too. */
static bool as_number(const struct value *v, uint64_t *out)
{
	if (!v->is_octets) {
		*out = v->number;
		return true;
	}
	if (v->octets.size > 8)
		return false;
	struct reader r = reader_of(v->octets);
	*out = read_uint(&r, (unsigned)v->octets.size);
	return true;
}

bool sum_value(const struct variables *all, const struct sum *sum, uint64_t *out, char *why,
	size_t size)
{
	*out = 0;
	for (unsigned i = 0; i < sum->count; i++) {
		const struct term *t = &sum->terms[i];
		const struct value *v = t->variable ? variable_find(all, t->variable) : NULL;
		uint64_t n = t->number;
		if (t->variable && !v) {
			snprintf(why, size, "$%s has no value: the optional message that would "
				"have given it one did not come", t->variable);
			return false;
		}
		if (v && !as_number(v, &n)) {
			snprintf(why, size, "$%s holds octets, and a number is needed",
				t->variable);
			return false;
		}
		*out = t->negative ? *out - n : *out + n;
	}
	return true;
}

static struct view drawn(const struct variables *all, const struct operand *operand)
{
	uint8_t *to = arena_alloc(all->arena, operand->size);

	if (operand->kind == OPERAND_RANDOM)
		random_fill(all->random, to, operand->size);
	return VIEW(to, operand->size);
}

bool operand_value(const struct variables *all, const struct operand *operand, struct value *out,
	char *why, size_t size)
{
	const struct term *only = &operand->low.terms[0];
	const struct value *v = NULL;

	*out = (struct value){ 0 };
	switch (operand->kind) {
	case OPERAND_OCTETS:
		*out = (struct value){ .is_octets = true, .octets = operand->octets };
		return true;
	case OPERAND_RANDOM:
	case OPERAND_ZEROS:
		*out = (struct value){ .is_octets = true, .octets = drawn(all, operand) };
		return true;
	case OPERAND_SEAL:
		snprintf(why, size, "a word about integrity is no value");
		return false;
	case OPERAND_SUM:
		break;
	}
	if (operand->low.count == 1 && only->variable && !only->negative)
		v = variable_find(all, only->variable);
	if (v && v->is_octets) {
		*out = *v;
		return true;
	}
	return sum_value(all, &operand->low, &out->number, why, size);
}

const char *operand_unbound(const struct variables *all, const struct operand *operand)
{
	const struct term *only = &operand->low.terms[0];

	if (operand->kind != OPERAND_SUM || operand->range || operand->low.count != 1 ||
		!only->variable || only->negative || variable_find(all, only->variable))
		return NULL;
	return only->variable;
}

static uint64_t folded(uint64_t number, unsigned width)
{
	return width && width < 8 ? number & ((UINT64_C(1) << (8 * width)) - 1) : number;
}

/* -1, 0, 1; octets against octets by content, otherwise as numbers; 2: they cannot be compared. */
static int order(const struct value *a, const struct value *b, unsigned width)
{
	uint64_t x, y;

	if (a->is_octets && b->is_octets) {
		size_t n = a->octets.size < b->octets.size ? a->octets.size : b->octets.size;
		int c = n ? memcmp(a->octets.data, b->octets.data, n) : 0;
		if (c == 0 && a->octets.size != b->octets.size)
			c = a->octets.size < b->octets.size ? -1 : 1;
		return c < 0 ? -1 : c > 0;
	}
	if (!as_number(a, &x) || !as_number(b, &y))
		return 2;
	x = folded(x, width);
	y = folded(y, width);
	return x < y ? -1 : x > y;
}

bool values_compare(const struct value *a, enum comparison comparison, const struct value *b,
	unsigned width)
{
	int c = order(a, b, width);

	switch (comparison) {
	case IS:
		return c == 0;
	case IS_NOT:
		return c != 0;
	case LESS:
		return c == -1;
	case AT_MOST:
		return c == -1 || c == 0;
	case GREATER:
		return c == 1;
	case AT_LEAST:
		return c == 1 || c == 0;
	}
	return false;
}

const char *value_text(const struct value *v, char *out, size_t size)
{
	size_t used = 0;

	if (!v->is_octets) {
		snprintf(out, size, "%" PRIu64, v->number);
		return out;
	}
	*out = '\0';
	for (size_t i = 0; i < v->octets.size && used + 6 < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%02x", v->octets.data[i]);
	if (2 * v->octets.size > used)
		snprintf(out + used, size - used, "...");
	return out;
}
