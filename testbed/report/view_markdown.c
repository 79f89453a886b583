// SPDX-License-Identifier: Apache-2.0
/* Markdown (GitHub's tables) for a pull request, a wiki page or a summary of a CI job. */
#include <stdlib.h>
#include <string.h>

#include "testbed/report/json.h"
#include "testbed/report/view.h"

/* Text in a table cell: what Markdown or HTML would take for markup is escaped. */
static void text(FILE *out, const char *s)
{
	char *clean = NULL;
	size_t size;
	FILE *memory = report_must(open_memstream(&clean, &size));

	print_clean(memory, s);
	fclose(memory);
	for (const char *c = clean; *c; c++) {
		if (*c == '<')
			fputs("&lt;", out);
		else if (*c == '&')
			fputs("&amp;", out);
		else if (strchr("\\`*_{}[]|~", *c))
			fprintf(out, "\\%c", *c);
		else
			fputc(*c, out);
	}
	free(clean);
}

static void cell(FILE *out, const char *s)
{
	fputs("| ", out);
	text(out, *s ? s : " ");
	fputc(' ', out);
}

static void number_cell(FILE *out, double x)
{
	char number[32];

	fprintf(out, "| %s ", number_text(x, number));
}

static void show_run(FILE *out, const json_t *root)
{
	const json_t *host = json_object_get(root, "host");

	fputs("# Baton report\n\n", out);
	fputs("baton ", out);
	text(out, json_get_text(json_object_get(root, "baton"), "version"));
	fputs(", ", out);
	text(out, json_get_text(root, "started"));
	fputs(", Linux ", out);
	text(out, json_get_text(host, "kernel"));
	fputc(' ', out);
	text(out, json_get_text(host, "machine"));
	fprintf(out, ", %s clock\n", json_get_text(host, "clock"));
	if (*json_get_text(root, "interrupted")) {
		fputs("\n**Not complete:** ", out);
		text(out, json_get_text(root, "interrupted"));
		fputc('\n', out);
	}
}

static void show_suites(FILE *out, const struct report *report, const struct tally *all)
{
	json_t *suite;
	size_t i;

	fprintf(out, "\n## Verdicts\n\n%zu of %zu tests passed, %zu to look into.\n\n",
		all->count[VERDICT_PASS], all->total, all->bad);
	fputs("| suite | implementation ", out);
	for (size_t v = 0; v < VERDICT_COUNT; v++)
		if (all->count[v])
			fprintf(out, "| %s ", verdict_name((enum verdict)v));
	fputs("| tests |\n| --- | --- ", out);
	for (size_t v = 0; v < VERDICT_COUNT; v++)
		if (all->count[v])
			fputs("| ---: ", out);
	fputs("| ---: |\n", out);
	json_array_foreach(json_get_array(report->root, "suites"), i, suite) {
		struct tally line = { 0 };
		char *sut = report_suite_sut(suite);

		tally_suite(suite, &line);
		cell(out, json_get_text(suite, "name"));
		cell(out, sut);
		for (size_t v = 0; v < VERDICT_COUNT; v++)
			if (all->count[v])
				fprintf(out, "| %zu ", line.count[v]);
		fprintf(out, "| %zu |\n", line.total);
		free(sut);
	}
}

static void show_test(FILE *out, const json_t *suite, const json_t *test)
{
	char *title = report_test_title(test);
	char *name = report_format("%s/%s", json_get_text(suite, "name"), title);
	char *place = report_format("%s:%" JSON_INTEGER_FORMAT, json_get_text(test, "file"),
		json_integer_value(json_object_get(test, "line")));

	cell(out, json_get_text(test, "verdict"));
	cell(out, name);
	cell(out, json_get_text(json_object_get(suite, "sut"), "name"));
	cell(out, json_get_text(test, "reason"));
	cell(out, json_get_text(test, "clause"));
	cell(out, place);
	fputs("|\n", out);
	free(place);
	free(name);
	free(title);
}

static void show_tests(FILE *out, const struct report *report)
{
	bool begun = false;
	json_t *suite, *test;
	size_t i, j;

	json_array_foreach(json_get_array(report->root, "suites"), i, suite) {
		json_array_foreach(json_get_array(suite, "tests"), j, test) {
			enum verdict v = report_test_verdict(test);

			if (!verdict_is_bad(v) && v != VERDICT_DEVIATION)
				continue;
			if (!begun)
				fputs("\n### Tests to look at\n\n| verdict | test | implementation "
				      "| "
				      "reason | clause | where |\n"
				      "| --- | --- | --- | --- | --- | --- |\n",
					out);
			begun = true;
			show_test(out, suite, test);
		}
	}
}

static void show_column(FILE *out, const json_t *measurement, const json_t *column)
{
	const char *beside = column_documented(measurement, column);
	char spread[80];
	json_t *row;
	size_t i;

	fputs("\n**", out);
	text(out, json_get_text(column, "name"));
	fprintf(out, "**, %" JSON_INTEGER_FORMAT " repetitions",
		json_integer_value(json_object_get(column, "repetitions")));
	if (*beside) {
		fputs(", beside ", out);
		text(out, beside);
		fputc(' ', out);
		text(out, json_get_text(column, "documented_column"));
	}
	fputs("\n\n| | median | spread | documented | unit | |\n"
	      "| --- | ---: | --- | ---: | --- | --- |\n",
		out);
	json_array_foreach(json_get_array(column, "rows"), i, row) {
		cell(out, row_title(row));
		number_cell(out, json_get_number(row, "median"));
		cell(out, spread_text(row, spread));
		number_cell(out, json_get_number(row, "documented"));
		cell(out, json_get_text(row, "unit"));
		cell(out, json_get_text(row, "word"));
		fputs("|\n", out);
	}
}

static void show_findings(FILE *out, const json_t *measurement)
{
	const json_t *findings = json_get_array(measurement, "findings");
	json_t *finding;
	size_t i;

	if (json_array_size(findings))
		fputs("\n| | |\n| --- | --- |\n", out);
	json_array_foreach(findings, i, finding) {
		cell(out, json_get_text(finding, "verdict"));
		cell(out, json_get_text(finding, "text"));
		fputs("|\n", out);
	}
}

static void show_measurements(FILE *out, const json_t *root)
{
	json_t *measurement, *column;
	size_t i, j;

	json_array_foreach(json_get_array(root, "measurements"), i, measurement) {
		fputs("\n## ", out);
		text(out, json_get_text(measurement, "title"));
		fprintf(out, "\n\nMeasured on the %s clock.\n",
			json_get_text(measurement, "clock"));
		json_array_foreach(json_get_array(measurement, "columns"), j, column)
			show_column(out, measurement, column);
		show_findings(out, measurement);
	}
}

static void show_matrix(FILE *out, const struct report *report)
{
	json_t *matrix = report_matrix(report), *row, *c;
	size_t i, j;

	if (!matrix)
		return;
	fputs("\n## Interoperability\n\nTests passed, by suite and implementation.\n\n| suite ",
		out);
	json_array_foreach(json_get_array(matrix, "suts"), i, c)
		cell(out, json_string_value(c));
	fputs("|\n| --- ", out);
	while (i--)
		fputs("| ---: ", out);
	fputs("|\n", out);
	json_array_foreach(json_get_array(matrix, "rows"), i, row) {
		cell(out, json_get_text(row, "suite"));
		json_array_foreach(json_get_array(row, "cells"), j, c) {
			if (json_is_object(c))
				fprintf(out, "| %g of %g ", json_get_number(c, "passed"),
					json_get_number(c, "total"));
			else
				fputs("| – ", out);
		}
		fputs("|\n", out);
	}
	json_decref(matrix);
}

static void show_pair_table(FILE *out, const json_t *table)
{
	json_t *pair, *one;
	size_t i, j;

	fputs("\n## Interoperability: ", out);
	text(out, json_get_text(table, "suite"));
	fputs("\n\n| begins | answers ", out);
	json_array_foreach(json_get_array(table, "tests"), i, one)
		cell(out, json_string_value(one));
	fputs("|\n| --- | --- ", out);
	for (i = json_array_size(json_get_array(table, "tests")); i; i--)
		fputs("| --- ", out);
	fputs("|\n", out);
	json_array_foreach(json_get_array(table, "pairs"), i, pair) {
		cell(out, json_get_text(pair, "sut"));
		cell(out, json_get_text(pair, "peer"));
		json_array_foreach(json_get_array(pair, "cells"), j, one)
			cell(out, json_is_object(one) ? json_get_text(one, "verdict") : "–");
		fputs("|\n", out);
	}
}

static void show_pairs(FILE *out, const struct report *report)
{
	json_t *tables = report_pairs(report), *table;
	size_t i;

	json_array_foreach(tables, i, table)
		show_pair_table(out, table);
	json_decref(tables);
}

static void show_changes(FILE *out, const char *title, const json_t *list)
{
	json_t *e;
	size_t i;

	json_array_foreach(list, i, e) {
		if (!i)
			fprintf(out, "\n%s:\n\n", title);
		fputs("- ", out);
		text(out, json_get_text(e, "suite"));
		fputc('/', out);
		text(out, json_get_text(e, "test"));
		fprintf(out, ": %s", json_get_text(e, "was"));
		if (*json_get_text(e, "was") && *json_get_text(e, "now"))
			fputs(" → ", out);
		fputs(json_get_text(e, "now"), out);
		if (*json_get_text(e, "reason")) {
			fputs(". ", out);
			text(out, json_get_text(e, "reason"));
		}
		fputc('\n', out);
	}
}

static void show_changed_figures(FILE *out, const json_t *list)
{
	char was[32], now[32];
	json_t *e;
	size_t i;

	json_array_foreach(list, i, e) {
		if (!i)
			fputs("\nChanged figures:\n\n", out);
		fputs("- ", out);
		text(out, json_get_text(e, "column"));
		fputs(", ", out);
		text(out, json_get_text(e, "row"));
		fprintf(out, ": %s → %s ", number_text(json_get_number(e, "was"), was),
			number_text(json_get_number(e, "now"), now));
		text(out, json_get_text(e, "unit"));
		fprintf(out, " (%s → %s)\n", json_get_text(e, "word_was"),
			json_get_text(e, "word_now"));
	}
}

static void show_comparison(FILE *out, const json_t *comparison)
{
	if (!comparison)
		return;
	fputs("\n## Against ", out);
	text(out, json_get_text(comparison, "against"));
	fputc('\n', out);
	if (!json_array_size(json_get_array(comparison, "new_failures")))
		fputs("\nNo new failures.\n", out);
	show_changes(out, "New failures", json_get_array(comparison, "new_failures"));
	show_changes(out, "Fixed", json_get_array(comparison, "fixed"));
	show_changes(out, "Still failing", json_get_array(comparison, "still_failing"));
	show_changes(out, "Changed", json_get_array(comparison, "changed"));
	show_changes(out, "Added", json_get_array(comparison, "added"));
	show_changes(out, "Gone", json_get_array(comparison, "gone"));
	show_changed_figures(out, json_get_array(comparison, "figures"));
}

int view_markdown(const struct report *report, const json_t *comparison,
	const struct view_options *options, FILE *out, struct report_error *error)
{
	struct tally all = tally_report(report);

	(void)options;
	(void)error;
	show_run(out, report->root);
	if (all.total) {
		show_suites(out, report, &all);
		show_tests(out, report);
	}
	show_matrix(out, report);
	show_pairs(out, report);
	show_measurements(out, report->root);
	show_comparison(out, comparison);
	return 0;
}
