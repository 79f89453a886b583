// SPDX-License-Identifier: Apache-2.0
/*
 * KTAP version 1, as Linux documents it: a suite is a subtest, indented by two. What did not apply
 * or is not supported is "ok" with SKIP; a deviation is "ok" with its reason below it. Measured
 * figures are diagnostics, since a figure is no verdict.
 */
#include <math.h>
#include <stdlib.h>

#include "testbed/report/json.h"
#include "testbed/report/view.h"

/* "#" begins a directive, so a description must not hold one. */
static void print_description(FILE *out, const char *text)
{
	for (; *text; text++) {
		char one[2] = { *text == '#' ? '%' : *text, 0 };

		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			one[0] = ' ';
		fputs(one, out);
	}
}

static void diagnostic(FILE *out, const char *label, const char *text)
{
	if (!*text)
		return;
	fprintf(out, "  # %s: ", label);
	print_clean(out, text);
	fputc('\n', out);
}

static void diagnostic_list(FILE *out, const char *label, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		diagnostic(out, label, json_string_value(item));
}

static void show_evidence(FILE *out, const json_t *test)
{
	json_t *d;
	size_t i;

	diagnostic(out, json_get_text(test, "verdict"), json_get_text(test, "reason"));
	diagnostic(out, "clause", json_get_text(test, "clause"));
	fputs("  # at: ", out);
	print_clean(out, json_get_text(test, "file"));
	fprintf(out, ":%" JSON_INTEGER_FORMAT "\n",
		json_integer_value(json_object_get(test, "line")));
	diagnostic_list(out, "expected", json_get_array(test, "expected"));
	diagnostic_list(out, "received", json_get_array(test, "received"));
	json_array_foreach(json_get_array(test, "differs"), i, d) {
		fputs("  # ", out);
		print_clean(out, json_get_text(d, "field"));
		fputs(": expected ", out);
		print_clean(out, json_get_text(d, "expected"));
		fputs(", received ", out);
		print_clean(out, json_get_text(d, "received"));
		fputc('\n', out);
	}
}

static void show_test(FILE *out, size_t number, const json_t *test)
{
	enum verdict v = report_test_verdict(test);
	bool skip = v == VERDICT_UNSUPPORTED || v == VERDICT_NOT_APPLICABLE;
	char *title = report_test_title(test);

	fprintf(out, "  %s %zu ", verdict_is_bad(v) ? "not ok" : "ok", number);
	print_description(out, title);
	if (skip) {
		fputs(" # SKIP ", out);
		print_clean(out, json_get_text(test, "reason"));
	}
	fputc('\n', out);
	if (json_is_true(json_object_get(test, "flaky")))
		fputs("  # flaky: passed only when tried again\n", out);
	if (!skip && v != VERDICT_PASS)
		show_evidence(out, test);
	free(title);
}

static void show_suite(FILE *out, size_t number, const json_t *suite)
{
	json_t *tests = json_get_array(suite, "tests"), *test;
	char *sut = report_suite_sut(suite);
	struct tally tally = { 0 };
	size_t i;

	tally_suite(suite, &tally);
	fputs("  KTAP version 1\n  # Subtest: ", out);
	print_description(out, json_get_text(suite, "name"));
	fprintf(out, "\n  # implementation: ");
	print_clean(out, sut);
	fprintf(out, "\n  1..%zu\n", json_array_size(tests));
	json_array_foreach(tests, i, test)
		show_test(out, i + 1, test);
	fprintf(out, "%s %zu ", tally.bad ? "not ok" : "ok", number);
	print_description(out, json_get_text(suite, "name"));
	fputs(" ", out);
	print_description(out, sut);
	fputc('\n', out);
	free(sut);
}

static void show_figures(FILE *out, const json_t *root)
{
	json_t *measurement, *column, *row;
	size_t i, j, k;

	json_array_foreach(json_get_array(root, "measurements"), i, measurement)
		json_array_foreach(json_get_array(measurement, "columns"), j, column)
			json_array_foreach(json_get_array(column, "rows"), k, row) {
				char median[32], documented[32];

				fputs("# ", out);
				print_clean(out, json_get_text(measurement, "experiment"));
				fputs(" ", out);
				print_clean(out, json_get_text(column, "name"));
				fputs(" ", out);
				print_clean(out, json_get_text(row, "row"));
				fprintf(out, ": %s, documented %s, %s\n",
					number_text(json_get_number(row, "median"), median),
					number_text(json_get_number(row, "documented"), documented),
					json_get_text(row, "word"));
			}
}

int view_ktap(const struct report *report, const json_t *comparison,
	const struct view_options *options, FILE *out, struct report_error *error)
{
	json_t *suites = json_get_array(report->root, "suites"), *suite;
	size_t i;

	(void)comparison;
	(void)options;
	(void)error;
	fprintf(out, "KTAP version 1\n1..%zu\n", json_array_size(suites));
	json_array_foreach(suites, i, suite)
		show_suite(out, i + 1, suite);
	show_figures(out, report->root);
	if (*json_get_text(report->root, "interrupted")) {
		fputs("Bail out! ", out);
		print_clean(out, json_get_text(report->root, "interrupted"));
		fputc('\n', out);
	}
	return 0;
}
