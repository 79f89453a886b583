// SPDX-License-Identifier: Apache-2.0
/*
 * YAML files that are a head and one list of flat rows: the catalogues of requirements, expected
 * results, wrong variants.
 *
 *	document: RFC5191
 *	statements:
 *	  - {id: 4.1/1, level: must, ...}
 */
#ifndef TESTBED_SUITE_ROWS_H
#define TESTBED_SUITE_ROWS_H

#include "ref/base/view.h"
#include "testbed/topology/arena.h"
#include "testbed/topology/diagnostics.h"

#define ROW_KEYS_MAX 12

/* Which keys there are: NULL-terminated; those that begin with '*' must stand. */
struct rows_shape {
	const char *const *head; /* scalars of the root */
	const char *list;	 /* key of the list */
	const char *const *row;
};

struct row {
	unsigned line;
	const char *value[ROW_KEYS_MAX]; /* in the order of the shape; NULL: not there */
};

struct rows {
	const char *file;
	struct row head;
	struct row *list;
	size_t count;
	struct arena *arena;
};

/* 0, or -1 with at least one finding and nothing to free. */
int rows_load(const char *file, const struct rows_shape *shape, struct rows *out,
	struct diagnostics *d);
int rows_parse(const char *file, struct view text, const struct rows_shape *shape,
	struct rows *out, struct diagnostics *d);

/* Releases the rows and their texts. */
void rows_free(struct rows *rows);

#endif
