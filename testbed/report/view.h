// SPDX-License-Identifier: Apache-2.0
/*
 * Views of a result: each writes one format to a stream and changes nothing. Text that came from
 * an implementation under test never reaches a terminal or a parser unescaped.
 */
#ifndef TESTBED_REPORT_VIEW_H
#define TESTBED_REPORT_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "testbed/report/report.h"

struct view_options {
	bool colour;	  /* terminal: use colours */
	bool verbose;	  /* terminal: list every test, not only those that did not pass */
	size_t embed;	  /* HTML: bytes of one file that may be embedded */
	size_t embed_all; /* HTML: bytes of all files together */
};

/* The comparison is what report_compare() gave, or NULL. Each returns 0, or -1 with *error set when
 * something the view needs is missing (HTML: its template, d3). Errors of the stream are the
 * caller's to see with ferror(). */
typedef int view_function(const struct report *report, const json_t *comparison,
	const struct view_options *options, FILE *out, struct report_error *error);

view_function view_terminal, view_summary, view_ktap, view_junit, view_markdown, view_html,
	view_json;

/* Compares two results: what passed before and does not now, what is fixed, what still fails, what
 * came and went, which figures changed. Returns an object, owned by the caller:
 *   against          name of the earlier result's file
 *   new_failures, fixed, still_failing, changed, added, gone
 *                    lists of {suite, sut, test, was, now, reason, clause, file, line}
 *   figures          list of {experiment, column, row, unit, was, now, word_was, word_now}
 * A figure has changed when its word has, or when the medians differ by more than 2 %, which is
 * what two runs on the virtual clock may differ by. */
json_t *report_compare(const struct report *earlier, const struct report *now);

/* True when a comparison has new failures, or figures that turned worse. */
bool comparison_is_bad(const json_t *comparison);

/* Two implementations that met, for each name of a suite that has a peer: [{suite, title, tests: [titles],
 * versions: {name: version}, pairs: [{sut, peer, cells: [{verdict, reason, test: its number in the whole
 * result, from 1} or null]}]}]. NULL when no suite has a peer. Owned by the caller. */
json_t *report_pairs(const struct report *report);

/* Suites by implementations, without those that have a peer: {suts: [names],
 * rows: [{suite, cells: [{total, passed, bad, verdict}
 * or null], everyone: [titles of tests that fail with every implementation]}]}. NULL when there are
 * fewer than two implementations. Owned by the caller. */
json_t *report_matrix(const struct report *report);

/* A number as a person reads it: at most three decimals, no trailing zeros; "n/a" for NAN. */
const char *number_text(double x, char text[32]);

/* The spread of a row: "15.9 to 16.1", or "" when all its values are equal or there is but one. */
const char *spread_text(const json_t *row, char text[80]);

/* The word of the row with its sign, for tables. */
const char *row_title(const json_t *row);

/* The documented table a column stands beside, "" when there is none. */
const char *column_documented(const json_t *measurement, const json_t *column);

/* Prints text with control characters (C0, DEL, C1, line and paragraph separators) as "?" so that
 * it neither moves the cursor nor ends the line. */
void print_clean(FILE *out, const char *text);

/* Width of the text in characters. */
size_t text_width(const char *text);

#endif
