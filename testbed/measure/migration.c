// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/guest/tool.h"
#include "testbed/measure/events.h"
#include "testbed/measure/files.h"
#include "testbed/measure/migration_stage.h"

/* `handoff` is the way, and the round trip in ms. */
#define COLUMNS(way)                                                                               \
	{ .name = way "/20", .handoff = { way, "20" } }, { .name = way "/100", .handoff = { way, "100" } }

const struct experiment_column migration_columns[] = {
	COLUMNS("nothing"),
	COLUMNS("change"),
	COLUMNS("change-trusted"),
	COLUMNS("change-esp"),
	COLUMNS("change-tunnel"),
	COLUMNS("change-both"),
	COLUMNS("mobike"),
	COLUMNS("mobike-strongswan"),
	COLUMNS("mptcp"),
	COLUMNS("mptcp-both"),
	{ 0 },
};

static const struct {
	const char *row, *title, *unit;
	size_t offset;
} rows[] = {
#define X(row, title, unit) { #row, title, unit, offsetof(struct migration_figures, row) },
	MIGRATION_FIGURES(X)
#undef X
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
#define COLUMNS_MAX 32

static double figure(const struct migration_figures *f, size_t row)
{
	return *(const double *)((const char *)f + rows[row].offset);
}

/* --- repetitions ------------------------------------------------------------------------------ */

/* How long the mobile node's programs stood still, by its own log; NAN: it says nothing. */
static double stood_still(const char *folder)
{
	struct events events = { 0 };
	struct report_error error;
	char path[1280];
	double still = NAN;

	snprintf(path, sizeof(path), "%s/mn.events.jsonl", folder);
	if (events_read(&events, path, &error) == 0) {
		const struct event *e = events_last(&events, NULL, "sockets_moved", INFINITY);
		still = e ? event_number(e, "frozen_s", NAN) : NAN;
	}
	events_free(&events);
	return still;
}

static int read_all(const struct migration_stage *s, struct migration_input *in,
	struct report_error *error)
{
	static const char *const taps[] = { "a", "b", "core" };
	struct wire *const wires[] = { &in->a, &in->b, &in->core };
	char path[1280];

	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s.pcap", s->place.folder, taps[i]);
		if (wire_read(path, &s->keys, STREAMS_PORT, wires[i], error) < 0)
			return -1;
	}
	snprintf(path, sizeof(path), "%s/mn.streams", s->place.folder);
	if (streams_log_read(path, &in->mn, error) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/cn.streams", s->place.folder);
	return streams_log_read(path, &in->cn, error);
}

static int repeat(const struct experiment_column *column, const struct experiment_options *o,
	const char *folder, struct migration_figures *f, struct report_error *error)
{
	struct migration_stage s = { .way = migration_way(column->handoff[0]) };
	unsigned rtt = (unsigned)strtoul(column->handoff[1], NULL, 10);
	struct migration_input in = { .rtt_ms = rtt };
	char path[1280];

	error->text[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", o->workspace, folder);
	int result = migration_perform(&s, path, rtt, error);
	if (result == 0)
		result = read_all(&s, &in, error);
	if (result == 0) {
		in.moved = s.moved;
		in.ended = s.ended;
		in.protects = s.way->protects;
		in.still_s = stood_still(path);
		result = migration_compute(&in, f, error);
	}
	streams_log_free(&in.mn);
	streams_log_free(&in.cn);
	wire_free(&in.a);
	wire_free(&in.b);
	wire_free(&in.core);
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

static void attach(struct result *result, const char *folder)
{
	static const char *const files[] = { "a.pcap", "b.pcap", "core.pcap", "mn.streams",
		"cn.streams" };
	struct report_error error;
	char path[512];

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		if (result_attach(result, path, &error) < 0)
			fprintf(stderr, "baton measure: %s\n", error.text);
	}
}

/* --- columns ---------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Adds the rows that have figures; the medians go to *median. */
static void add_rows(const struct migration_figures *done, unsigned count,
	struct result_column *out, struct migration_figures *median)
{
	double *values = calloc(count + 1, sizeof(*values));

	if (!values)
		abort();
	for (size_t i = 0; i < ROWS; i++) {
		double *middle = (double *)((char *)median + rows[i].offset);
		unsigned any = 0;
		for (unsigned k = 0; k < count; k++) {
			values[k] = figure(&done[k], i);
			any += !isnan(values[k]);
		}
		*middle = NAN;
		if (any)
			column_add_row(out, &(struct report_row){ .row = rows[i].row,
				.title = rows[i].title, .unit = rows[i].unit, .documented = NAN,
				.tolerance = NAN, .values = values, .n_values = count });
		qsort(values, count, sizeof(*values), ascending);
		if (any && any == count)
			*middle = (values[(count - 1) / 2] + values[count / 2]) / 2;
	}
	free(values);
}

struct run {
	const struct experiment *experiment;
	const struct experiment_options *options;
	struct result *result;
	struct result_measurement *measurement;
	const struct migration_way *warmed[COLUMNS_MAX];
	unsigned n_warmed;
	struct migration_column columns[COLUMNS_MAX + 1];
	unsigned count;
};

/* Whether a way with the same programs was there before; from now on it was. */
static bool warm(struct run *r, const struct migration_way *way)
{
	for (unsigned i = 0; i < r->n_warmed; i++)
		if (r->warmed[i]->prepare == way->prepare)
			return true;
	r->warmed[r->n_warmed++] = way;
	return false;
}

/* Returns how many repetitions gave no figures. */
static int run_column(struct run *r, unsigned index)
{
	const struct experiment_options *o = r->options;
	const struct experiment_column *column = &r->experiment->columns[index];
	struct migration_figures *done = calloc(o->repetitions, sizeof(*done));
	struct report_error error;
	unsigned good = 0;
	char folder[64], path[1280];

	if (!done)
		abort();
	/* Number 0 is not measured: it brings every program into memory that other ways have not. */
	for (unsigned n = warm(r, migration_way(column->handoff[0])); n <= o->repetitions; n++) {
		struct migration_figures ignored;
		snprintf(folder, sizeof(folder), "%s-%u-%u", r->experiment->name, index + 1, n);
		fprintf(stderr, "%s, %s: %s %u of %u\n", r->experiment->name, column->name,
			n ? "repetition" : "warm-up, repetition", n, o->repetitions);
		if (repeat(column, o, folder, n ? &done[good] : &ignored, &error) < 0) {
			fprintf(stderr, "baton measure: %s, repetition %u: %s\n", column->name, n,
				error.text);
			keep(o, folder);
		} else if (n && (good++ == 0 || o->keep)) {
			keep(o, folder);
			attach(r->result, folder);
		}
		snprintf(path, sizeof(path), "%s/%s", o->workspace, folder);
		tool_remove(path); /* the workspace is memory */
	}
	struct migration_column *c = &r->columns[r->count++];
	c->name = column->name;
	c->rtt_ms = strtod(column->handoff[1], NULL);
	add_rows(done, good, measurement_add_column(r->measurement, column->name, NULL, NULL, good),
		&c->median);
	free(done);
	return (int)(o->repetitions - good);
}

int migration_run(const struct experiment *e, const struct experiment_options *o,
	const struct figures *documented, struct result *result)
{
	struct run r = { .experiment = e, .options = o, .result = result };
	struct report_error error;
	int missing = 0;

	(void)documented;
	r.measurement = result_add_measurement(result, &(struct measurement_report){
		.experiment = e->name, .title = e->title, .clock = o->clock, .note = e->note });
	for (unsigned i = 0; r.count < COLUMNS_MAX && e->columns[i].name; i++) {
		if (!experiment_wants(o, e->columns[i].name))
			continue;
		missing += run_column(&r, i);
		if (result_write(result, &error) < 0)
			fprintf(stderr, "baton measure: %s\n", error.text);
	}
	return missing + migration_judge(r.columns, r.measurement);
}
