// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/measure/files.h"
#include "testbed/measure/layer2_stage.h"

/* `handoff` is the way, and the EAP identity. */
#define AT_HOME "mn@example"
#define ROAMING "mn@home.example"
#define COLUMN(way, place, identity)                                                               \
	{                                                                                          \
		.name = way "/" place, .documented = "rfc6252-fig10",                              \
		.documented_column = way "/" place, .handoff = {way, identity},                    \
	}
/* Beyond the document. Where the home server is makes no difference to the move: with the far one.
 */
#define FURTHER(way)                                                                               \
	{                                                                                          \
		.name = way, .handoff = {way, ROAMING},                                            \
	}

const struct experiment_column layer2_columns[] = {
	FURTHER("bare"),
	FURTHER("bare-again"),
	COLUMN("post", "non-roaming", AT_HOME),
	COLUMN("post", "roaming", ROAMING),
	COLUMN("11i-pre", "non-roaming", AT_HOME),
	COLUMN("11i-pre", "roaming", ROAMING),
	COLUMN("mpa", "non-roaming", AT_HOME),
	COLUMN("mpa", "roaming", ROAMING),
	FURTHER("okc"),
	FURTHER("ft-air"),
	FURTHER("ft-ds"),
	FURTHER("mpa-ft"),
	FURTHER("mpa-fils"),
	{0},
};

static const struct {
	const char *row, *title, *unit;
	size_t offset;
} rows[] = {
#define X(row, title, unit) {#row, title, unit, offsetof(struct layer2_figures, row)},
	LAYER2_FIGURES(X)
#undef X
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
#define COLUMNS_MAX 16

/* --- repetitions ------------------------------------------------------------------------------ */

static int repeat(const struct experiment *e, const struct experiment_column *column,
	const struct experiment_options *o, const char *folder, unsigned seed,
	struct layer2_figures *f, struct report_error *error)
{
	struct stage s = {.experiment = e,
		.way = layer2_way(column->handoff[0]),
		.identity = column->handoff[1]};
	struct act act = {0};
	char pmksa[4096] = "";

#define X(row, title, unit) f->row = NAN;
	LAYER2_FIGURES(X)
#undef X
	error->text[0] = '\0';
	snprintf(s.folder, sizeof(s.folder), "%s/%s", o->workspace, folder);
	snprintf(s.log, sizeof(s.log), "%s/%s/wpa_supplicant-wlan0.log", s.folder, e->mn);
	snprintf(s.air, sizeof(s.air), "%s/air.pcap", s.folder);
	int result = stage_enter(&s, o, seed, error);
	if (result == 0)
		result = layer2_perform(&s, &act, error);
	if (result == 0)
		result = stage_run(&s, e->mn, AIR("pmksa"), pmksa, sizeof(pmksa), error);
	stage_stop_capture(&s);
	if (result == 0)
		result = layer2_compute(&s, &act, pmksa, f, error);
	stage_leave(&s);
	return result;
}

static void keep(const struct experiment_options *o, const char *folder)
{
	char from[1280], to[1280];
	struct report_error error;

	snprintf(from, sizeof(from), "%s/%s", o->workspace, folder);
	snprintf(to, sizeof(to), "%s/%s", o->results, folder);
	if (copy_tree(from, to, &error) < 0)
		fprintf(stderr, "baton measure: %s\n", error.text);
}

/* The evidence of a repetition, in the results folder by now. */
static void attach(struct result *result, const char *folder, const char *mn)
{
	char paths[3][512];
	struct report_error error;

	snprintf(paths[0], sizeof(paths[0]), "%s/air.pcap", folder);
	snprintf(paths[1], sizeof(paths[1]), "%s/%s/wpa_supplicant-wlan0.log", folder, mn);
	snprintf(paths[2], sizeof(paths[2]), "%s/%s.events.jsonl", folder, mn);
	for (int i = 0; i < 3; i++)
		if (result_attach(result, paths[i], &error) < 0)
			fprintf(stderr, "baton measure: %s\n", error.text);
}

static void add_rows(const struct experiment_column *column, const struct layer2_figures *done,
	unsigned count, const struct figures *documented, struct result_column *out)
{
	double *values = calloc(count + 1, sizeof(*values));

	if (!values)
		abort();
	for (size_t i = 0; i < ROWS; i++) {
		bool any = false;
		for (unsigned k = 0; k < count; k++) {
			values[k] = *(const double *)((const char *)&done[k] + rows[i].offset);
			any |= !isnan(values[k]);
		}
		if (!any)
			continue;
		column_add_row(out,
			&(struct report_row){.row = rows[i].row,
				.title = rows[i].title,
				.unit = rows[i].unit,
				.documented = figures_value(documented, column->documented,
					column->documented_column, rows[i].row),
				.tolerance = NAN,
				.values = values,
				.n_values = count,
				.explanation =
					experiment_explanation(column->documented, rows[i].row)});
	}
	free(values);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median_affecting(const struct layer2_figures *done, unsigned count)
{
	double *values = calloc(count + 1, sizeof(*values)), median = NAN;

	if (!values)
		abort();
	for (unsigned k = 0; k < count; k++)
		values[k] = done[k].affecting_handover_ms;
	qsort(values, count, sizeof(*values), ascending);
	if (count)
		median = (values[(count - 1) / 2] + values[count / 2]) / 2;
	free(values);
	return median;
}

struct run {
	const struct experiment *experiment;
	const struct experiment_options *options;
	const struct figures *documented;
	struct result *result;
	struct result_measurement *measurement;
	struct layer2_column columns[COLUMNS_MAX + 1];
};

/* Returns how many repetitions gave no figures. */
static int run_column(struct run *r, unsigned index)
{
	const struct experiment *e = r->experiment;
	const struct experiment_options *o = r->options;
	const struct experiment_column *column = &e->columns[index];
	struct layer2_figures *done = calloc(o->repetitions, sizeof(*done));
	struct report_error error;
	unsigned good = 0;
	char folder[64];

	if (!done)
		abort();
	for (unsigned n = 1; n <= o->repetitions; n++) {
		snprintf(folder, sizeof(folder), "%s-%u-%u", e->name, index + 1, n);
		fprintf(stderr, "%s, %s: repetition %u of %u\n", e->name, column->name, n,
			o->repetitions);
		if (repeat(e, column, o, folder, n + 1, &done[good], &error) < 0) {
			fprintf(stderr, "baton measure: %s, repetition %u: %s\n", column->name, n,
				error.text);
			keep(o, folder);
		} else if (good++ == 0 || o->keep) {
			keep(o, folder);
			attach(r->result, folder, e->mn);
		}
	}
	add_rows(column, done, good, r->documented,
		measurement_add_column(r->measurement, column->name, column->documented_column,
			column->documented, good));
	r->columns[index] = (struct layer2_column){column->name, median_affecting(done, good)};
	free(done);
	return (int)(o->repetitions - good);
}

/*
 * What is not measured brings every program into memory, with all that it loads: EAP-TLS over
 * 802.1X and over PANA, and FILS. What goes wrong here goes wrong again where it counts.
 */
static void rehearse(const struct run *r)
{
	static const char *const ways[] = {"post/roaming", "mpa-fils"};
	struct layer2_figures ignored;
	struct report_error error;
	char folder[64];

	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		for (const struct experiment_column *c = r->experiment->columns; c->name; c++) {
			if (strcmp(c->name, ways[i]) != 0)
				continue;
			fprintf(stderr, "%s, %s: not measured, to warm up\n", r->experiment->name,
				c->name);
			snprintf(folder, sizeof(folder), "%s-0-%u", r->experiment->name, i + 1);
			if (repeat(r->experiment, c, r->options, folder, 1, &ignored, &error) < 0)
				fprintf(stderr, "baton measure: %s: %s\n", c->name, error.text);
		}
}

int layer2_run(const struct experiment *e, const struct experiment_options *o,
	const struct figures *documented, struct result *result)
{
	struct run r = {.experiment = e, .options = o, .documented = documented, .result = result};
	struct report_error error;
	int missing = 0;

	r.measurement =
		result_add_measurement(result, &(struct measurement_report){.experiment = e->name,
						       .title = e->title,
						       .documented = "rfc6252-fig10",
						       .clock = o->clock,
						       .note = e->note});
	rehearse(&r);
	for (unsigned i = 0; i < COLUMNS_MAX && e->columns[i].name; i++) {
		if (!experiment_wants(o, e->columns[i].name))
			continue;
		missing += run_column(&r, i);
		/* A long run that is cut short leaves the columns that it has. */
		if (result_write(result, &error) < 0)
			fprintf(stderr, "baton measure: %s\n", error.text);
	}
	/* What must hold is about all of them together. */
	return o->columns ? missing : missing + layer2_judge(r.columns, r.measurement);
}
