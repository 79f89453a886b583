// SPDX-License-Identifier: Apache-2.0
/*
 * The documented figures: published numbers that a measurement stands beside, read from
 * reports/documented-figures.yaml. A table has an id, a source, columns and rows; a row has one
 * number per column, null where the source says "n/a". Units are the end of a row's name: _ms
 * milliseconds, _s seconds, _percent, _ft_per_s; a row without one counts packets.
 */
#ifndef TESTBED_REPORT_FIGURES_H
#define TESTBED_REPORT_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include "testbed/report/result.h"

struct figures;

struct figures_row {
	const char *name;
	const double *values; /* n_columns of them, NAN where the source has no value */
	size_t n_values;
	unsigned line; /* in the file */
};

struct figures_table {
	const char *id;
	const char *title;
	const char *source;
	const char *note;   /* or NULL */
	double interval_ms; /* of the source's traffic, NAN when it does not say */
	const char *const *columns;
	size_t n_columns; /* 0: the table has one unnamed column */
	const struct figures_row *rows;
	size_t n_rows;
	unsigned line;
};

/* Reads a file of documented figures; NULL for path takes the one that baton ships. Returns NULL
 * with *error set to "FILE:LINE: ..." when it cannot be read or does not make sense (unknown key,
 * wrong type, a row with another number of values than there are columns, an id used twice). */
struct figures *figures_load(const char *path, struct report_error *error);

/* Accepts NULL; what was got from it is gone then. */
void figures_free(struct figures *f);

/* Its tables, in the order of the file; `i` below the count. */
size_t figures_count(const struct figures *f);
const struct figures_table *figures_at(const struct figures *f, size_t i);

/* The table with this id, or NULL. */
const struct figures_table *figures_find(const struct figures *f, const char *id);

/* The documented value; NAN when there is no such table, column or row, or the source has none.
 * column may be NULL for a table that has only one unnamed column. */
double figures_value(const struct figures *f, const char *id, const char *column, const char *row);

/* The tolerance that a row is compared with unless a caller knows better: relative 0.20. */
#define FIGURE_TOLERANCE 0.20

/* The least difference that counts, by unit: the sources print whole milliseconds and whole
 * packets or averages of few runs, so half a unit is the rounding of the source. */
#define FIGURE_ROUNDING 0.5

/* Compares a measured with a documented value.
 *
 * tolerance is relative to the documented value; NAN takes FIGURE_TOLERANCE. The two agree when
 * they differ by no more than max(tolerance * |documented|, FIGURE_ROUNDING). Returns
 * "reproduced" when they agree, else "better" or "worse" by lower_is_better, and "not documented"
 * when either is NAN. */
const char *figure_word(double documented, double measured, double tolerance, bool lower_is_better);

#endif
