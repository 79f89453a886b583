// SPDX-License-Identifier: Apache-2.0
/* Two results side by side, and several implementations side by side. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/report/json.h"
#include "testbed/report/view.h"

#define FIGURE_CHANGE 0.02

/* Visits every test with a key that is the same in two runs: suite, implementations without their
 * versions (a new version is what one compares), test and case. The map is key -> entry. */
static json_t *tests_by_key(const struct report *report)
{
	json_t *map = report_must(json_object());
	json_t *suite, *test;
	size_t i, j;

	json_array_foreach(json_get_array(report->root, "suites"), i, suite) {
		const char *sut = json_get_text(json_object_get(suite, "sut"), "name");
		const char *peer = json_get_text(json_object_get(suite, "peer"), "name");

		json_array_foreach(json_get_array(suite, "tests"), j, test) {
			char *title = report_test_title(test);
			char *key = report_format("%s\t%s\t%s\t%s", json_get_text(suite, "name"),
				sut, peer, title);
			json_t *entry = report_must(json_object());

			json_put_text(entry, "suite", json_get_text(suite, "name"));
			json_put_text(entry, "sut", sut);
			json_put_text(entry, "test", title);
			json_put(entry, "of", json_incref(test));
			json_put(map, key, entry);
			free(key);
			free(title);
		}
	}
	return map;
}

static void list_change(json_t *list, const json_t *entry, const json_t *was, const json_t *now)
{
	const json_t *shown = now ? now : was;
	json_t *change = json_append(list, json_object());

	json_put_text(change, "suite", json_get_text(entry, "suite"));
	json_put_text(change, "sut", json_get_text(entry, "sut"));
	json_put_text(change, "test", json_get_text(entry, "test"));
	json_put_text(change, "was", was ? json_get_text(was, "verdict") : NULL);
	json_put_text(change, "now", now ? json_get_text(now, "verdict") : NULL);
	json_put_text(change, "reason", now ? json_get_text(now, "reason") : NULL);
	json_put_text(change, "clause", json_get_text(shown, "clause"));
	json_put_text(change, "file", json_get_text(shown, "file"));
	json_put(change, "line", json_incref(json_object_get(shown, "line")));
}

/* Which list a pair of verdicts belongs to; NULL when there is nothing to say. */
static const char *change_name(const json_t *was, const json_t *now)
{
	enum verdict before = report_test_verdict(was), after = report_test_verdict(now);

	if (verdict_is_bad(after))
		return verdict_is_bad(before) ? "still_failing" : "new_failures";
	if (verdict_is_bad(before))
		return "fixed";
	return before == after ? NULL : "changed";
}

static void compare_tests(json_t *out, const struct report *earlier, const struct report *now)
{
	json_t *before = tests_by_key(earlier), *after = tests_by_key(now), *entry;
	const char *key;

	json_object_foreach(after, key, entry) {
		const json_t *was = json_object_get(json_object_get(before, key), "of");
		const json_t *is = json_object_get(entry, "of");
		const char *list = was				  ? change_name(was, is)
			: verdict_is_bad(report_test_verdict(is)) ? "new_failures"
								  : "added";

		if (list)
			list_change(json_get_array(out, list), entry, was, is);
	}
	json_object_foreach(before, key, entry)
		if (!json_object_get(after, key))
			list_change(json_get_array(out, "gone"), entry,
				json_object_get(entry, "of"), NULL);
	json_decref(before);
	json_decref(after);
}

static const json_t *find(const json_t *array, const char *key, const char *value)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
		if (!strcmp(json_get_text(item, key), value))
			return item;
	return NULL;
}

static bool figure_changed(const json_t *was, const json_t *now)
{
	double a = json_get_number(was, "median"), b = json_get_number(now, "median");

	if (strcmp(json_get_text(was, "word"), json_get_text(now, "word")))
		return true;
	if (!isfinite(a) || !isfinite(b))
		return isfinite(a) != isfinite(b);
	return fabs(b - a) > FIGURE_CHANGE * fabs(a);
}

static void compare_column(json_t *figures, const char *experiment, const json_t *before,
	const json_t *column)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_get_array(column, "rows"), i, row) {
		const json_t *was =
			find(json_get_array(before, "rows"), "row", json_get_text(row, "row"));
		json_t *change;

		if (!was || !figure_changed(was, row))
			continue;
		change = json_append(figures, json_object());
		json_put_text(change, "experiment", experiment);
		json_put_text(change, "column", json_get_text(column, "name"));
		json_put_text(change, "row", row_title(row));
		json_put_text(change, "unit", json_get_text(row, "unit"));
		json_put_number(change, "was", json_get_number(was, "median"));
		json_put_number(change, "now", json_get_number(row, "median"));
		json_put_text(change, "word_was", json_get_text(was, "word"));
		json_put_text(change, "word_now", json_get_text(row, "word"));
	}
}

static void compare_figures(json_t *figures, const struct report *earlier, const struct report *now)
{
	json_t *measurement, *column;
	size_t i, j;

	json_array_foreach(json_get_array(now->root, "measurements"), i, measurement) {
		const char *experiment = json_get_text(measurement, "experiment");
		const json_t *before = find(json_get_array(earlier->root, "measurements"),
			"experiment", experiment);

		json_array_foreach(json_get_array(measurement, "columns"), j, column)
			compare_column(figures, experiment,
				find(json_get_array(before, "columns"), "name",
					json_get_text(column, "name")),
				column);
	}
}

json_t *report_compare(const struct report *earlier, const struct report *now)
{
	static const char *const lists[] = { "new_failures", "fixed", "still_failing", "changed",
		"added", "gone", "figures" };
	json_t *out = report_must(json_object());

	json_put_text(out, "against", earlier->name);
	json_put_text(out, "started", json_get_text(earlier->root, "started"));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		json_put(out, lists[i], json_array());
	compare_tests(out, earlier, now);
	compare_figures(json_get_array(out, "figures"), earlier, now);
	return out;
}

bool comparison_is_bad(const json_t *comparison)
{
	json_t *figure;
	size_t i;

	json_array_foreach(json_get_array(comparison, "figures"), i, figure)
		if (!strcmp(json_get_text(figure, "word_now"), "worse") &&
			strcmp(json_get_text(figure, "word_was"), "worse"))
			return true;
	return json_array_size(json_get_array(comparison, "new_failures")) > 0;
}

/* ---- the matrix --------------------------------------------------------------------------- */

/* The worst verdict of a suite: the last in the order of the enum, with a deviation before fail. */
static enum verdict worst_verdict(const struct tally *tally)
{
	static const enum verdict order[] = { VERDICT_CRASH, VERDICT_FAIL, VERDICT_ERROR,
		VERDICT_SETUP_FAILED, VERDICT_CLEANUP_FAILED, VERDICT_INCONCLUSIVE,
		VERDICT_DEVIATION, VERDICT_PASS, VERDICT_UNSUPPORTED, VERDICT_NOT_APPLICABLE };

	for (size_t i = 0; i < VERDICT_COUNT; i++)
		if (tally->count[order[i]])
			return order[i];
	return VERDICT_NOT_APPLICABLE;
}

static json_t *matrix_cell(const json_t *suite)
{
	struct tally tally = { 0 };
	json_t *cell;

	if (!suite)
		return json_null();
	tally_suite(suite, &tally);
	cell = report_must(json_object());
	json_put_count(cell, "total", tally.total);
	json_put_count(cell, "passed", tally.count[VERDICT_PASS]);
	json_put_count(cell, "bad", tally.bad);
	json_put_text(cell, "verdict", verdict_name(worst_verdict(&tally)));
	return cell;
}

/* Counts of judgements and of bad ones, by title of test, over the suites of one name. */
static json_t *failing_everywhere(const json_t *suites, const char *name)
{
	json_t *judged = report_must(json_object()), *out = report_must(json_array());
	json_t *suite, *test, *counts;
	const char *title;
	size_t i, j;

	json_array_foreach(suites, i, suite) {
		if (strcmp(json_get_text(suite, "name"), name))
			continue;
		json_array_foreach(json_get_array(suite, "tests"), j, test) {
			char *key = report_test_title(test);

			if (!json_object_get(judged, key))
				json_put(judged, key, json_array());
			json_append(json_object_get(judged, key),
				json_boolean(verdict_is_bad(report_test_verdict(test))));
			free(key);
		}
	}
	json_object_foreach(judged, title, counts) {
		json_t *bad;
		bool all = json_array_size(counts) > 1;

		json_array_foreach(counts, i, bad)
			all = all && json_is_true(bad);
		if (all)
			json_append(out, json_from_text(title));
	}
	json_decref(judged);
	return out;
}

static const json_t *find_suite(const json_t *suites, const char *name, const char *sut)
{
	json_t *suite;
	size_t i;

	json_array_foreach(suites, i, suite) {
		char *here = report_suite_sut(suite);
		bool same = !strcmp(here, sut) && !strcmp(json_get_text(suite, "name"), name);

		free(here);
		if (same)
			return suite;
	}
	return NULL;
}

static void matrix_row(json_t *rows, const json_t *suites, const json_t *suts, const char *name)
{
	json_t *row = json_append(rows, json_object()), *cells = report_must(json_array());
	json_t *sut;
	size_t i;

	json_put_text(row, "suite", name);
	json_array_foreach(suts, i, sut)
		json_append(cells, matrix_cell(find_suite(suites, name, json_string_value(sut))));
	json_put(row, "cells", cells);
	json_put(row, "everyone", failing_everywhere(suites, name));
}

json_t *report_matrix(const struct report *report)
{
	json_t *suites = json_get_array(report->root, "suites");
	json_t *names = report_must(json_object()), *suts = report_must(json_object());
	json_t *matrix, *list, *suite, *one;
	const char *key;
	size_t i;

	json_array_foreach(suites, i, suite) {
		if (json_object_get(suite, "peer"))
			continue;
		char *sut = report_suite_sut(suite);

		json_put(suts, sut, json_true());
		json_put(names, json_get_text(suite, "name"), json_true());
		free(sut);
	}
	matrix = json_object_size(suts) > 1 ? report_must(json_object()) : NULL;
	if (matrix) {
		list = report_must(json_array());
		json_object_foreach(suts, key, one)
			json_append(list, json_from_text(key));
		json_put(matrix, "suts", list);
		json_put(matrix, "rows", json_array());
		json_object_foreach(names, key, one)
			matrix_row(json_get_array(matrix, "rows"), suites, list, key);
	}
	json_decref(names);
	json_decref(suts);
	return matrix;
}
