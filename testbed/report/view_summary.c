// SPDX-License-Identifier: Apache-2.0
/*
 * The summary: a line for all tests, and of each measurement one table with its columns side by
 * side, or a line each when they are many, the documented figures in brackets, and what holds of
 * them together. For what ends a longer output.
 */
#include "testbed/report/view.h"

#include <math.h>
#include <string.h>

#include "testbed/report/figures.h"
#include "testbed/report/json.h"
#include "testbed/report/term.h"

#define COLUMN 20
#define BRACKETS 8 /* of them for " [4000]" */
#define ABREAST 4  /* more columns than this are a line each */

static void tests(const struct term *t, const struct report *report)
{
	struct tally all = tally_report(report);
	json_t *suites = json_get_array(report->root, "suites");
	char text[160];

	if (!all.total)
		return;
	snprintf(text, sizeof(text), "%zu of %zu tests in %zu suites passed",
		all.count[VERDICT_PASS], all.total, json_array_size(suites));
	term_cell(t, all.bad ? BAD : GOOD, text, 0);
	for (size_t v = 0; v < VERDICT_COUNT; v++)
		if (v != VERDICT_PASS && all.count[v])
			fprintf(t->out, ", %zu %s", all.count[v], verdict_name((enum verdict)v));
	fputs(".\n", t->out);
}

/* "L2 handoff, from link down to ..." without what explains it. Rows of the same short title are
 * the same figure, though documented tables may know it by different names. */
static const char *short_title(const json_t *row, char text[64])
{
	snprintf(text, 64, "%.63s", row_title(row));
	text[strcspn(text, ",:")] = '\0';
	return text;
}

static json_t *row_titled(const json_t *column, const char *title)
{
	char text[64];
	json_t *row;
	size_t i;

	json_array_foreach(json_get_array(column, "rows"), i, row)
		if (strcmp(short_title(row, text), title) == 0)
			return row;
	return NULL;
}

/* Right-aligned numbers, then the brackets; *pad: what is missing to the cell's width. */
static void value(const struct term *t, const json_t *row, int width, int *pad)
{
	double documented = row ? json_get_number(row, "documented") : NAN;
	char number[32];

	term_cell(t, row ? word_tone(json_get_text(row, "word")) : DIM,
		row ? number_text(json_get_number(row, "median"), number) : "-",
		*pad + width - BRACKETS);
	*pad = BRACKETS;
	if (!isnan(documented))
		*pad -= fprintf(t->out, " [%s]", number_text(documented, number));
}

/* Whether some column has a documented figure for the row. */
static bool is_documented(json_t *columns, const char *title)
{
	json_t *column;
	size_t i;

	json_array_foreach(columns, i, column) {
		json_t *row = row_titled(column, title);

		if (row && !isnan(json_get_number(row, "documented")))
			return true;
	}
	return false;
}

static bool stands_before(json_t *columns, size_t at, const char *title)
{
	for (size_t i = 0; i < at; i++)
		if (row_titled(json_array_get(columns, i), title))
			return true;
	return false;
}

static void row_line(const struct term *t, json_t *columns, const char *title, const char *unit)
{
	json_t *column;
	int pad = 0;
	size_t i;

	term_cell(t, PLAIN, title, -37);
	term_cell(t, PLAIN, unit, -8);
	json_array_foreach(columns, i, column)
		value(t, row_titled(column, title), COLUMN, &pad);
	fputc('\n', t->out);
}

/* Where the figures in brackets come from, each once. */
static void sources(const struct term *t, const json_t *m, json_t *columns)
{
	struct report_error error;
	struct figures *figures = figures_load(NULL, &error);
	const char *separator = "";
	json_t *column;
	size_t i;

	fputs("In brackets what is documented:", t->out);
	json_array_foreach(columns, i, column) {
		const char *id = column_documented(m, column);
		const struct figures_table *table = figures ? figures_find(figures, id) : NULL;
		bool told = !*id;

		for (size_t k = 0; k < i && !told; k++)
			told = strcmp(column_documented(m, json_array_get(columns, k)), id) == 0;
		if (!told)
			fprintf(t->out, "%s %s", separator, table ? table->source : id);
		separator = told ? separator : ";";
	}
	fputs(".\n", t->out);
	figures_free(figures);
}

/* The columns side by side, a line for each documented figure. */
static void abreast(const struct term *t, json_t *columns)
{
	json_t *column, *row;
	char title[64];
	size_t i, j;

	fprintf(t->out, "%-45s", "");
	json_array_foreach(columns, i, column)
		term_cell(t, BOLD, json_get_text(column, "name"), COLUMN);
	fputc('\n', t->out);
	json_array_foreach(columns, i, column) {
		json_array_foreach(json_get_array(column, "rows"), j, row) {
			short_title(row, title);
			if (is_documented(columns, title) && !stands_before(columns, i, title))
				row_line(t, columns, title, json_get_text(row, "unit"));
		}
	}
}

/* The column with most rows says in what order they stand. */
static const json_t *longest(json_t *columns)
{
	const json_t *best = NULL;
	json_t *column;
	size_t i;

	json_array_foreach(columns, i, column)
		if (!best ||
			json_array_size(json_get_array(column, "rows")) >
				json_array_size(json_get_array(best, "rows")))
			best = column;
	return best;
}

/* A line for each column. With `column` NULL the heading. */
static void line(const struct term *t, json_t *columns, const json_t *column)
{
	char title[64], heading[80];
	int pad = 0;
	json_t *row;
	size_t i;

	term_cell(t, PLAIN, column ? json_get_text(column, "name") : "", -24);
	json_array_foreach(json_get_array(longest(columns), "rows"), i, row) {
		short_title(row, title);
		if (!is_documented(columns, title))
			continue;
		snprintf(heading, sizeof(heading), "%s, %s", title, json_get_text(row, "unit"));
		int width = (int)strlen(heading) + 2;
		width = width < COLUMN ? COLUMN : width;
		if (column)
			value(t, row_titled(column, title), width, &pad);
		else
			term_cell(t, BOLD, heading, width);
	}
	fputc('\n', t->out);
}

static void findings(const struct term *t, const json_t *m)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_get_array(m, "findings"), i, finding) {
		const char *verdict = json_get_text(finding, "verdict");

		if (strcmp(verdict, "not measured") == 0)
			continue;
		term_cell(t, strcmp(verdict, "holds") ? BAD : GOOD, verdict, -15);
		term_cell(t, PLAIN, json_get_text(finding, "text"), 0);
		fputc('\n', t->out);
	}
}

static void measurement(const struct term *t, const json_t *m)
{
	json_t *columns = json_get_array(m, "columns"), *column;
	size_t i;

	term_heading(t, json_get_text(m, "title"));
	if (json_array_size(columns) <= ABREAST) {
		abreast(t, columns);
	} else {
		line(t, columns, NULL);
		json_array_foreach(columns, i, column)
			line(t, columns, column);
	}
	sources(t, m, columns);
	findings(t, m);
}

int view_summary(const struct report *report, const json_t *comparison,
	const struct view_options *options, FILE *out, struct report_error *error)
{
	struct term t = { .out = out, .colour = options->colour };
	json_t *m;
	size_t i;

	(void)comparison;
	(void)error;
	tests(&t, report);
	json_array_foreach(json_get_array(report->root, "measurements"), i, m)
		measurement(&t, m);
	return 0;
}
