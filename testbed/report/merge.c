// SPDX-License-Identifier: Apache-2.0
/*
 * Several results in one. What is said of the same thing is joined: suites against the same
 * implementation, statements with the same id, columns of the same experiment. The first result
 * gives the order; "merged" keeps when, where and with what command each of them ran.
 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/report/files.h"
#include "testbed/report/json.h"
#include "testbed/report/report.h"
#include "testbed/report/statistics.h"

/* ---- paths -------------------------------------------------------------------------------- */

static void path_prefix(json_t *holder, const char *key, const char *prefix)
{
	char *longer;

	if (!json_is_string(json_object_get(holder, key)))
		return;
	longer = report_format("%s%s", prefix, json_get_text(holder, key));
	json_put_text(holder, key, longer);
	free(longer);
}

static void measurement_prefix(json_t *measurement, const char *prefix)
{
	json_t *handoff, *path;
	const char *node;
	void *next;
	size_t i;

	json_array_foreach(json_get_array(measurement, "handoffs"), i, handoff) {
		json_t *capture = json_object_get(handoff, "capture");

		json_object_foreach_safe(capture, next, node, path)
			path_prefix(capture, node, prefix);
	}
}

/* A copy of the tree in which every path begins with prefix. */
static json_t *prefixed(const json_t *root, const char *prefix)
{
	json_t *copy = report_must(json_deep_copy(root));
	json_t *item, *test;
	size_t i, j;

	json_array_foreach(json_get_array(copy, "files"), i, item)
		path_prefix(item, "name", prefix);
	json_array_foreach(json_get_array(copy, "suites"), i, item) {
		json_array_foreach(json_get_array(item, "tests"), j, test) {
			path_prefix(test, "capture", prefix);
			path_prefix(test, "keylog", prefix);
			path_prefix(test, "log", prefix);
		}
	}
	json_array_foreach(json_get_array(copy, "measurements"), i, item)
		measurement_prefix(item, prefix);
	return copy;
}

/* ---- suites and coverage ------------------------------------------------------------------ */

static void extend(json_t *array, const json_t *more)
{
	json_t *item;
	size_t i;

	json_array_foreach(more, i, item)
		json_append(array, json_incref(item));
}

static json_t *find_suite(json_t *suites, const json_t *like)
{
	char *sut = report_suite_sut(like);
	json_t *suite, *found = NULL;
	size_t i;

	json_array_foreach(suites, i, suite) {
		char *here = report_suite_sut(suite);

		if (!strcmp(here, sut) &&
			!strcmp(json_get_text(suite, "name"), json_get_text(like, "name")))
			found = suite;
		free(here);
	}
	free(sut);
	return found;
}

static void merge_suites(json_t *into, const json_t *from)
{
	json_t *suite;
	size_t i;

	json_array_foreach(from, i, suite) {
		json_t *same = find_suite(into, suite);

		if (same)
			extend(json_get_array(same, "tests"), json_get_array(suite, "tests"));
		else
			json_append(into, json_incref(suite));
	}
}

static json_t *find_text(json_t *array, const char *key, const char *value)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
		if (!strcmp(json_get_text(item, key), value))
			return item;
	return NULL;
}

static void merge_covered_by(json_t *into, const json_t *from)
{
	json_t *name, *have;
	size_t i, j;

	json_array_foreach(from, i, name) {
		bool found = false;

		json_array_foreach(into, j, have)
			found = found || json_equal(name, have);
		if (!found)
			json_append(into, json_incref(name));
	}
}

static void merge_coverage(json_t *into, const json_t *from)
{
	json_t *r, *same;
	size_t i;

	json_array_foreach(from, i, r) {
		same = find_text(into, "id", json_get_text(r, "id"));
		if (same)
			merge_covered_by(json_get_array(same, "covered_by"),
				json_get_array(r, "covered_by"));
		else
			json_append(into, json_incref(r));
	}
}

/* ---- measurements ------------------------------------------------------------------------- */

/* More repetitions of the same column: values of a row that only one of them has are filled up
 * with null, so that the nth value stays that of the nth repetition. */
static void fill_values(json_t *column, json_int_t n)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_get_array(column, "rows"), i, row) {
		json_t *values = json_get_array(row, "values");

		while ((json_int_t)json_array_size(values) < n)
			json_append(values, json_null());
	}
}

static int merge_row(json_t *rows, const json_t *row, json_int_t before, const char *column,
	struct report_error *error)
{
	json_t *same = find_text(rows, "row", json_get_text(row, "row"));

	if (!same) {
		same = json_append(rows, json_deep_copy(row));
		json_put(same, "values", json_array());
		while (before-- > 0)
			json_append(json_get_array(same, "values"), json_null());
	} else if (!json_equal(json_object_get(same, "documented"),
			   json_object_get(row, "documented"))) {
		return report_fail(error,
			"column %s: row %s stands beside two different documented "
			"figures; merge results of one version of them",
			column, json_get_text(row, "row"));
	}
	extend(json_get_array(same, "values"), json_get_array(row, "values"));
	return 0;
}

static int merge_column(json_t *into, const json_t *from, struct report_error *error)
{
	json_int_t before = json_integer_value(json_object_get(into, "repetitions"));
	json_int_t more = json_integer_value(json_object_get(from, "repetitions"));
	json_t *rows = json_get_array(into, "rows"), *row;
	size_t i;

	fill_values(into, before);
	json_array_foreach(json_get_array(from, "rows"), i, row)
		if (merge_row(rows, row, before, json_get_text(into, "name"), error))
			return -1;
	json_put(into, "repetitions", json_integer(before + more));
	fill_values(into, before + more);
	json_array_foreach(rows, i, row)
		row_summarise(row);
	return 0;
}

/* Handoffs of a column that was there already are numbered on from its repetitions. */
static void renumber(json_t *handoffs, const char *column, json_int_t before)
{
	json_t *handoff;
	size_t i;

	json_array_foreach(handoffs, i, handoff)
		if (!strcmp(json_get_text(handoff, "column"), column))
			json_put(handoff, "repetition",
				json_integer(before +
					json_integer_value(
						json_object_get(handoff, "repetition"))));
}

static int merge_measurement(json_t *into, json_t *from, struct report_error *error)
{
	json_t *columns = json_get_array(into, "columns"), *column;
	size_t i;

	json_array_foreach(json_get_array(from, "columns"), i, column) {
		const char *name = json_get_text(column, "name");
		json_t *same = find_text(columns, "name", name);

		if (!same) {
			json_append(columns, json_incref(column));
			continue;
		}
		renumber(json_get_array(from, "handoffs"), name,
			json_integer_value(json_object_get(same, "repetitions")));
		if (merge_column(same, column, error))
			return -1;
	}
	/* What one run found stays its finding. */
	if (json_get_array(from, "findings")) {
		if (!json_get_array(into, "findings"))
			json_put(into, "findings", json_array());
		extend(json_get_array(into, "findings"), json_get_array(from, "findings"));
	}
	if (!json_get_array(into, "handoffs"))
		json_put(into, "handoffs", json_array());
	extend(json_get_array(into, "handoffs"), json_get_array(from, "handoffs"));
	return 0;
}

static json_t *find_measurement(json_t *measurements, const json_t *like)
{
	static const char *const keys[] = { "experiment", "clock", "documented" };
	json_t *m;
	size_t i;

	json_array_foreach(measurements, i, m) {
		bool same = true;

		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			same = same &&
				!strcmp(json_get_text(m, keys[k]), json_get_text(like, keys[k]));
		if (same)
			return m;
	}
	return NULL;
}

static int merge_measurements(json_t *into, const json_t *from, struct report_error *error)
{
	json_t *m, *same;
	size_t i;

	json_array_foreach(from, i, m) {
		same = find_measurement(into, m);
		if (!same)
			json_append(into, json_incref(m));
		else if (merge_measurement(same, m, error))
			return -1;
	}
	return 0;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* "run-1/", from the name of the folder, or "run-1-2/" when an earlier one is called the same. */
static char *choose_prefix(const struct report *merged, const char *dir)
{
	char *copy = report_format("%s", dir);
	char *resolved = realpath(dir, NULL);
	const char *base = basename(resolved ? resolved : copy);
	char *prefix = report_format("%s/", strcmp(base, "/") && strcmp(base, ".") ? base : "run");

	for (unsigned n = 2;; n++) {
		size_t i = 0;

		while (i < merged->n_origins && strcmp(merged->origins[i].prefix, prefix))
			i++;
		if (i == merged->n_origins)
			break;
		free(prefix);
		prefix = report_format("%s-%u/", base, n);
	}
	free(copy);
	free(resolved);
	return prefix;
}

/* Notes the run, or the runs when it was a merged one itself. */
static void note_run(json_t *merged, const json_t *root, const char *prefix)
{
	static const char *const keys[] = { "started", "duration_s", "interrupted", "command",
		"host", "baton" };
	json_t *runs = json_get_array(root, "merged"), *run;
	size_t r;

	json_array_foreach(runs, r, run) {
		run = json_append(merged, json_deep_copy(run));
		path_prefix(run, "folder", prefix);
	}
	if (r)
		return;
	run = json_append(merged, json_object());
	json_put_text(run, "folder", prefix);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_get(root, keys[i]))
			json_put(run, keys[i], json_incref(json_object_get(root, keys[i])));
}

static int merge_one(struct report *merged, const struct report *from, struct report_error *error)
{
	struct report_origin *origin = &merged->origins[merged->n_origins];
	json_t *root, *into = merged->root;
	struct report_error why;
	int rc;

	origin->prefix = choose_prefix(merged, from->origins[0].dir);
	origin->dir = report_format("%s", from->origins[0].dir);
	merged->n_origins++;
	root = prefixed(from->root, origin->prefix);
	note_run(json_get_array(into, "merged"), root, origin->prefix);
	json_put_number(into, "duration_s",
		json_get_number(into, "duration_s") + json_get_number(root, "duration_s"));
	if (*json_get_text(root, "interrupted"))
		json_put_text(into, "interrupted", json_get_text(root, "interrupted"));
	merge_suites(json_get_array(into, "suites"), json_get_array(root, "suites"));
	merge_coverage(json_get_array(into, "coverage"), json_get_array(root, "coverage"));
	extend(json_get_array(into, "files"), json_get_array(root, "files"));
	rc = merge_measurements(json_get_array(into, "measurements"),
		json_get_array(root, "measurements"), &why);
	if (rc)
		report_fail(error, "%s: cannot be merged: %s", from->name, why.text);
	json_decref(root);
	return rc;
}

static json_t *merged_start(const json_t *first)
{
	static const char *const keys[] = { "format", "baton", "host", "started" };
	static const char *const lists[] = { "command", "merged", "suites", "coverage",
		"measurements", "files" };
	json_t *root = report_must(json_object());

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_put(root, keys[i], json_deep_copy(json_object_get(first, keys[i])));
	json_put_number(root, "duration_s", 0);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		json_put(root, lists[i], json_array());
	return root;
}

int report_merge(const struct report *reports, size_t n, struct report *merged,
	struct report_error *error)
{
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(reports[i].text, reports[j].text))
				return report_fail(error,
					"%s: is the same run as %s; give each once",
					reports[i].name, reports[j].name);
	memset(merged, 0, sizeof(*merged));
	merged->root = merged_start(reports[0].root);
	merged->name = report_format("the merged result");
	merged->origins = report_must(calloc(n, sizeof(*merged->origins)));
	for (size_t i = 0; !rc && i < n; i++)
		rc = merge_one(merged, &reports[i], error);
	if (!rc)
		rc = report_check(merged->root, merged->name, error);
	if (rc) {
		report_free(merged);
		return -1;
	}
	merged->text = report_must(json_dumps(merged->root, RESULT_DUMP_FLAGS));
	merged->size = strlen(merged->text);
	return 0;
}
