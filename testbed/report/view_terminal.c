// SPDX-License-Identifier: Apache-2.0
/*
 * The terminal view: what ran, a table with a line for each suite, each test that did not pass with
 * its evidence, measurements beside the documented figures, coverage, and one line of verdict.
 */
#include "testbed/report/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/report/json.h"
#include "testbed/report/term.h"

/* ---- what ran ----------------------------------------------------------------------------- */

static void show_run(const struct term *t, const json_t *root)
{
	const json_t *baton = json_object_get(root, "baton");
	const json_t *host = json_object_get(root, "host");
	const char *commit = json_get_text(baton, "commit");
	char number[32];
	json_t *word;
	size_t i;

	term_cell(t, BOLD, "baton ", 0);
	term_cell(t, BOLD, json_get_text(baton, "version"), 0);
	if (*commit && strcmp(commit, json_get_text(baton, "version")))
		fprintf(t->out, " (%.12s)", commit);
	fputs(", ", t->out);
	print_clean(t->out, json_get_text(root, "started"));
	fprintf(t->out, ", %s s\n", number_text(json_get_number(root, "duration_s"), number));
	fputs("Linux ", t->out);
	print_clean(t->out, json_get_text(host, "kernel"));
	fputc(' ', t->out);
	print_clean(t->out, json_get_text(host, "machine"));
	fprintf(t->out, "%s, %s clock\n",
		json_is_true(json_object_get(host, "guest")) ? ", guest" : "",
		json_get_text(host, "clock"));
	json_array_foreach(json_get_array(root, "command"), i, word) {
		fputs(i ? " " : "$ ", t->out);
		print_clean(t->out, json_string_value(word));
	}
	if (i)
		fputc('\n', t->out);
	if (*json_get_text(root, "interrupted")) {
		term_cell(t, BAD, "Not complete: ", 0);
		print_clean(t->out, json_get_text(root, "interrupted"));
		fputc('\n', t->out);
	}
}

/* ---- suites ------------------------------------------------------------------------------- */

/* A line of the table: counts only of the verdicts that occur anywhere. */
static void suite_line(const struct term *t, const struct tally *line, const struct tally *all)
{
	char number[48];

	for (size_t v = 0; v < VERDICT_COUNT; v++) {
		const char *name = verdict_name((enum verdict)v);

		if (!all->count[v])
			continue;
		snprintf(number, sizeof(number), "%zu", line->count[v]);
		term_cell(t, line->count[v] ? verdict_tone((enum verdict)v) : DIM, number,
			(int)strlen(name) + 2);
	}
	snprintf(number, sizeof(number), "%zu", line->total);
	term_cell(t, PLAIN, number, 7);
	snprintf(number, sizeof(number), "%.1f s", line->duration_s);
	term_cell(t, DIM, number, 10);
	fputc('\n', t->out);
}

static void suite_header(const struct term *t, const struct tally *all, int suite, int sut)
{
	term_heading(t, "Verdicts");
	term_cell(t, DIM, "suite", -suite - 2);
	term_cell(t, DIM, "implementation", -sut);
	for (size_t v = 0; v < VERDICT_COUNT; v++)
		if (all->count[v])
			term_cell(t, DIM, verdict_name((enum verdict)v),
				(int)strlen(verdict_name((enum verdict)v)) + 2);
	term_cell(t, DIM, "tests", 7);
	term_cell(t, DIM, "time", 10);
	fputc('\n', t->out);
}

static void show_suites(const struct term *t, const struct report *report, const struct tally *all)
{
	json_t *suites = json_get_array(report->root, "suites"), *suite;
	int name_width = 5, sut_width = 14;
	size_t i;

	if (!json_array_size(suites))
		return;
	json_array_foreach(suites, i, suite) {
		char *sut = report_suite_sut(suite);

		name_width = term_width(name_width, json_get_text(suite, "name"));
		sut_width = term_width(sut_width, sut);
		free(sut);
	}
	suite_header(t, all, name_width, sut_width);
	json_array_foreach(suites, i, suite) {
		struct tally line = { 0 };
		char *sut = report_suite_sut(suite);

		tally_suite(suite, &line);
		term_cell(t, PLAIN, json_get_text(suite, "name"), -name_width - 2);
		term_cell(t, PLAIN, sut, -sut_width);
		suite_line(t, &line, all);
		free(sut);
	}
}

/* ---- tests that did not pass -------------------------------------------------------------- */

static void labelled(const struct term *t, const char *label, const char *text)
{
	if (!*text)
		return;
	term_cell(t, DIM, label, 12);
	fputs("  ", t->out);
	print_clean(t->out, text);
	fputc('\n', t->out);
}

static void labelled_list(const struct term *t, const char *label, json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		labelled(t, i ? "" : label, json_string_value(item));
}

static void show_differences(const struct term *t, json_t *differs)
{
	int field = 5, expected = 8;
	json_t *d;
	size_t i;

	if (!json_array_size(differs))
		return;
	json_array_foreach(differs, i, d) {
		field = term_width(field, json_get_text(d, "field"));
		expected = term_width(expected, json_get_text(d, "expected"));
	}
	fprintf(t->out, "%14s", "");
	term_cell(t, DIM, "field", -field - 2);
	term_cell(t, DIM, "expected", -expected - 2);
	term_cell(t, DIM, "received", 0);
	fputc('\n', t->out);
	json_array_foreach(differs, i, d) {
		fprintf(t->out, "%14s", "");
		term_cell(t, PLAIN, json_get_text(d, "field"), -field - 2);
		term_cell(t, GOOD, json_get_text(d, "expected"), -expected - 2);
		term_cell(t, BAD, json_get_text(d, "received"), 0);
		fputc('\n', t->out);
	}
}

static void show_test_line(const struct term *t, const json_t *suite, const json_t *test)
{
	enum verdict v = report_test_verdict(test);
	char *title = report_test_title(test);

	term_cell(t, verdict_tone(v), verdict_name(v), -14);
	term_cell(t, BOLD, json_get_text(suite, "name"), 0);
	term_cell(t, BOLD, "/", 0);
	term_cell(t, BOLD, title, 0);
	if (json_is_true(json_object_get(test, "flaky")))
		term_cell(t, POOR, "  flaky", 0);
	fputs("  ", t->out);
	print_clean(t->out, json_get_text(test, "file"));
	fprintf(t->out, ":%" JSON_INTEGER_FORMAT "\n",
		json_integer_value(json_object_get(test, "line")));
	free(title);
}

static void show_test(const struct term *t, const json_t *suite, const json_t *test)
{
	enum verdict v = report_test_verdict(test);
	bool quiet = v == VERDICT_PASS || v == VERDICT_UNSUPPORTED || v == VERDICT_NOT_APPLICABLE;
	char *sut;

	if (quiet && !t->verbose && !json_is_true(json_object_get(test, "flaky")))
		return;
	show_test_line(t, suite, test);
	if (quiet) {
		labelled(t, "reason", json_get_text(test, "reason"));
		return;
	}
	sut = report_suite_sut(suite);
	labelled(t, "reason", json_get_text(test, "reason"));
	labelled(t, "clause", json_get_text(test, "clause"));
	labelled(t, "against", sut);
	labelled_list(t, "expected", json_get_array(test, "expected"));
	labelled_list(t, "received", json_get_array(test, "received"));
	show_differences(t, json_get_array(test, "differs"));
	labelled(t, "capture", json_get_text(test, "capture"));
	labelled(t, "log", json_get_text(test, "log"));
	free(sut);
}

static void show_tests(const struct term *t, const struct report *report, const struct tally *all)
{
	size_t quiet = all->count[VERDICT_PASS] + all->count[VERDICT_UNSUPPORTED] +
		all->count[VERDICT_NOT_APPLICABLE];
	json_t *suite, *test;
	size_t i, j;

	if (!all->total || (quiet == all->total && !all->flaky && !t->verbose))
		return;
	term_heading(t, t->verbose ? "Tests" : "Tests to look at");
	json_array_foreach(json_get_array(report->root, "suites"), i, suite)
		json_array_foreach(json_get_array(suite, "tests"), j, test)
			show_test(t, suite, test);
}

/* ---- measurements ------------------------------------------------------------------------- */

static void show_row(const struct term *t, const json_t *row, int width)
{
	const char *unit = json_get_text(row, "unit"), *word = json_get_text(row, "word");
	char number[32], spread[80];

	fputs("  ", t->out);
	term_cell(t, PLAIN, row_title(row), -width);
	term_cell(t, BOLD, number_text(json_get_number(row, "median"), number), 11);
	term_cell(t, PLAIN, number_text(json_get_number(row, "documented"), number), 12);
	fputs("  ", t->out);
	term_cell(t, PLAIN, unit, -8);
	term_cell(t, word_tone(word), word, -16);
	term_cell(t, DIM, spread_text(row, spread), 0);
	fputc('\n', t->out);
	if (*json_get_text(row, "explanation")) {
		fputs("    ", t->out);
		term_cell(t, DIM, json_get_text(row, "explanation"), 0);
		fputc('\n', t->out);
	}
}

static void show_column(const struct term *t, const json_t *m, const json_t *column, int width)
{
	json_int_t n = json_integer_value(json_object_get(column, "repetitions"));
	const char *beside = column_documented(m, column);
	const char *which = json_get_text(column, "documented_column");
	json_t *row;
	size_t i;

	term_cell(t, BOLD, json_get_text(column, "name"), 0);
	fprintf(t->out, ", %" JSON_INTEGER_FORMAT " run%s", n, n == 1 ? "" : "s");
	if (*beside) {
		fputs(", beside ", t->out);
		print_clean(t->out, beside);
	}
	if (*which) {
		fputs(" ", t->out);
		print_clean(t->out, which);
	}
	fputs("\n  ", t->out);
	term_cell(t, DIM, "", -width);
	term_cell(t, DIM, "measured", 11);
	term_cell(t, DIM, "documented", 12);
	fprintf(t->out, "  %-8s", "");
	term_cell(t, DIM, "", -16);
	term_cell(t, DIM, n > 1 ? "spread" : "", 0);
	fputc('\n', t->out);
	json_array_foreach(json_get_array(column, "rows"), i, row)
		show_row(t, row, width);
}

static void show_findings(const struct term *t, const json_t *measurement)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_get_array(measurement, "findings"), i, finding) {
		const char *verdict = json_get_text(finding, "verdict");

		term_cell(t,
			!strcmp(verdict, "holds")		   ? GOOD
				: !strcmp(verdict, "not measured") ? DIM
								   : BAD,
			verdict, -15);
		term_cell(t, PLAIN, json_get_text(finding, "text"), 0);
		fputc('\n', t->out);
	}
}

static void show_measurements(const struct term *t, const json_t *root)
{
	json_t *measurement, *column, *row;
	size_t i, j, k;

	json_array_foreach(json_get_array(root, "measurements"), i, measurement) {
		int width = 0;

		fputc('\n', t->out);
		term_cell(t, BOLD, json_get_text(measurement, "title"), 0);
		fprintf(t->out, " (%s clock)\n", json_get_text(measurement, "clock"));
		json_array_foreach(json_get_array(measurement, "columns"), j, column)
			json_array_foreach(json_get_array(column, "rows"), k, row)
				width = term_width(width, row_title(row));
		json_array_foreach(json_get_array(measurement, "columns"), j, column)
			show_column(t, measurement, column, width);
		show_findings(t, measurement);
	}
}

/* ---- coverage, matrix, comparison --------------------------------------------------------- */

static void show_coverage(const struct term *t, const json_t *root)
{
	size_t total = 0, covered = 0, musts = 0, musts_covered = 0, i;
	json_t *r;

	json_array_foreach(json_get_array(root, "coverage"), i, r) {
		bool is = json_array_size(json_get_array(r, "covered_by")) > 0;
		bool must = !strncasecmp(json_get_text(r, "level"), "must", 4);

		total++;
		covered += is;
		musts += must;
		musts_covered += must && is;
	}
	if (!total)
		return;
	term_heading(t, "Coverage");
	fprintf(t->out, "%zu of %zu normative statements are covered, %zu of %zu MUSTs\n", covered,
		total, musts_covered, musts);
}

static void show_matrix(const struct term *t, const struct report *report)
{
	json_t *matrix = report_matrix(report), *sut, *row, *c;
	int width = 5;
	size_t i, j;

	if (!matrix)
		return;
	term_heading(t, "Interoperability (passed of tests)");
	json_array_foreach(json_get_array(matrix, "rows"), i, row)
		width = term_width(width, json_get_text(row, "suite"));
	term_cell(t, DIM, "suite", -width);
	json_array_foreach(json_get_array(matrix, "suts"), i, sut)
		term_cell(t, DIM, json_string_value(sut),
			term_width(9, json_string_value(sut)) + 2);
	fputc('\n', t->out);
	json_array_foreach(json_get_array(matrix, "rows"), i, row) {
		term_cell(t, PLAIN, json_get_text(row, "suite"), -width);
		json_array_foreach(json_get_array(row, "cells"), j, c) {
			sut = json_array_get(json_get_array(matrix, "suts"), j);
			char text[64] = "-";

			if (json_is_object(c))
				snprintf(text, sizeof(text), "%g of %g",
					json_get_number(c, "passed"), json_get_number(c, "total"));
			term_cell(t, json_get_number(c, "bad") > 0 ? BAD : PLAIN, text,
				term_width(9, json_string_value(sut)) + 2);
		}
		fputc('\n', t->out);
		json_array_foreach(json_get_array(row, "everyone"), j, c)
			labelled(t, "", json_string_value(c));
		if (j)
			labelled(t, "", "(these fail with every implementation)");
	}
	json_decref(matrix);
}

/* A line a pair: how many of each verdict, and which tests did not pass. */
static void show_pair(const struct term *t, const json_t *tests, const json_t *pair)
{
	json_t *cell;
	size_t i, passed = 0, run = 0;

	json_array_foreach(json_get_array(pair, "cells"), i, cell) {
		run += json_is_object(cell);
		passed += !strcmp(json_get_text(cell, "verdict"), "pass");
	}
	term_cell(t, PLAIN, json_get_text(pair, "sut"), -14);
	term_cell(t, PLAIN, json_get_text(pair, "peer"), -14);
	fprintf(t->out, "%2zu of %2zu ", passed, run);
	json_array_foreach(json_get_array(pair, "cells"), i, cell) {
		const char *verdict = json_get_text(cell, "verdict");

		if (!json_is_object(cell) || !strcmp(verdict, "pass"))
			continue;
		fputc(' ', t->out);
		print_clean(t->out, json_string_value(json_array_get(tests, i)));
		fprintf(t->out, ": %s;", verdict);
	}
	fputc('\n', t->out);
}

static void show_pairs(const struct term *t, const struct report *report)
{
	json_t *tables = report_pairs(report), *table, *pair;
	size_t i, j;

	json_array_foreach(tables, i, table) {
		term_heading(t, json_get_text(table, "suite"));
		term_cell(t, DIM, "begins", -14);
		term_cell(t, DIM, "answers", -14);
		fputs("passed\n", t->out);
		json_array_foreach(json_get_array(table, "pairs"), j, pair)
			show_pair(t, json_get_array(table, "tests"), pair);
	}
	json_decref(tables);
}

static void show_changes(const struct term *t, const json_t *comparison)
{
	static const struct {
		const char *key, *title;
		enum tone tone;
	} lists[] = {
		{ "new_failures", "new failure", BAD },
		{ "fixed", "fixed", GOOD },
		{ "still_failing", "still failing", POOR },
		{ "changed", "changed", PLAIN },
		{ "added", "added", DIM },
		{ "gone", "gone", DIM },
	};
	json_t *e;
	size_t j;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		json_array_foreach(json_get_array(comparison, lists[i].key), j, e) {
			term_cell(t, lists[i].tone, lists[i].title, -15);
			print_clean(t->out, json_get_text(e, "suite"));
			fputc('/', t->out);
			print_clean(t->out, json_get_text(e, "test"));
			fputs("  ", t->out);
			term_cell(t, DIM, json_get_text(e, "was"), 0);
			term_cell(t, DIM,
				*json_get_text(e, "was") && *json_get_text(e, "now") ? " -> " : "",
				0);
			term_cell(t, DIM, json_get_text(e, "now"), 0);
			fputc('\n', t->out);
			labelled(t, "", json_get_text(e, "reason"));
		}
	}
}

static void show_comparison(const struct term *t, const json_t *comparison)
{
	json_t *figures = json_get_array(comparison, "figures"), *f;
	size_t i;

	if (!comparison)
		return;
	fputc('\n', t->out);
	term_cell(t, BOLD, "Against ", 0);
	term_cell(t, BOLD, json_get_text(comparison, "against"), 0);
	fputc('\n', t->out);
	show_changes(t, comparison);
	json_array_foreach(figures, i, f) {
		char was[32], now[32];

		term_cell(t, word_tone(json_get_text(f, "word_now")), "figure", -15);
		print_clean(t->out, json_get_text(f, "experiment"));
		fputc('/', t->out);
		print_clean(t->out, json_get_text(f, "column"));
		fputc('/', t->out);
		print_clean(t->out, json_get_text(f, "row"));
		fprintf(t->out, "  %s -> %s ", number_text(json_get_number(f, "was"), was),
			number_text(json_get_number(f, "now"), now));
		print_clean(t->out, json_get_text(f, "unit"));
		fprintf(t->out, " (%s -> %s)\n", json_get_text(f, "word_was"),
			json_get_text(f, "word_now"));
	}
	if (!json_array_size(json_get_array(comparison, "new_failures")))
		fputs("No new failures.\n", t->out);
}

static void show_verdict(const struct term *t, const struct tally *all)
{
	char text[160];

	if (!all->total)
		return;
	snprintf(text, sizeof(text), "%zu of %zu tests passed", all->count[VERDICT_PASS],
		all->total);
	fputc('\n', t->out);
	term_cell(t, all->bad ? BAD : GOOD, text, 0);
	if (all->bad)
		fprintf(t->out, ", %zu to look into", all->bad);
	if (all->flaky)
		fprintf(t->out, ", %zu flaky", all->flaky);
	fputs(".\n", t->out);
}

int view_terminal(const struct report *report, const json_t *comparison,
	const struct view_options *options, FILE *out, struct report_error *error)
{
	struct term t = { .out = out, .colour = options->colour, .verbose = options->verbose };
	struct tally all = tally_report(report);

	(void)error;
	show_run(&t, report->root);
	show_suites(&t, report, &all);
	show_tests(&t, report, &all);
	show_matrix(&t, report);
	show_pairs(&t, report);
	show_measurements(&t, report->root);
	show_coverage(&t, report->root);
	show_comparison(&t, comparison);
	show_verdict(&t, &all);
	return 0;
}
