// SPDX-License-Identifier: Apache-2.0
/* Two real implementations that met: suites that have a peer, as a table of pairs by tests. */
#include <stdlib.h>
#include <string.h>

#include "testbed/report/json.h"
#include "testbed/report/view.h"

static void note_name(json_t *list, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!strcmp(json_string_value(one), name))
			return;
	json_append(list, json_from_text(name));
}

static json_t *cell_of(const json_t *test, size_t number)
{
	json_t *cell = report_must(json_object());

	json_put_text(cell, "verdict", json_get_text(test, "verdict"));
	json_put_text(cell, "reason", json_get_text(test, "reason"));
	json_put_count(cell, "test", number);
	return cell;
}

/* One pair: a cell for each of the columns, null where that test was not run. */
static json_t *pair_of(const json_t *suite, const json_t *columns, size_t first)
{
	json_t *pair = report_must(json_object()), *cells = report_must(json_array());
	json_t *tests = json_get_array(suite, "tests"), *column, *test;
	size_t i, j;

	json_put_text(pair, "sut", json_get_text(json_object_get(suite, "sut"), "name"));
	json_put_text(pair, "peer", json_get_text(json_object_get(suite, "peer"), "name"));
	json_array_foreach(columns, i, column) {
		json_t *cell = NULL;

		json_array_foreach(tests, j, test) {
			char *title = report_test_title(test);

			if (!cell && !strcmp(title, json_string_value(column)))
				cell = cell_of(test, first + j);
			free(title);
		}
		json_append(cells, cell ? cell : json_null());
	}
	json_put(pair, "cells", cells);
	return pair;
}

static json_t *columns_of(const json_t *suites, const char *name)
{
	json_t *columns = report_must(json_array()), *suite, *test;
	size_t i, j;

	json_array_foreach(suites, i, suite) {
		if (!json_object_get(suite, "peer") || strcmp(json_get_text(suite, "name"), name))
			continue;
		json_array_foreach(json_get_array(suite, "tests"), j, test) {
			char *title = report_test_title(test);

			note_name(columns, title);
			free(title);
		}
	}
	return columns;
}

static void note_version(json_t *versions, const json_t *implementation)
{
	json_put_text(versions, json_get_text(implementation, "name"),
		json_get_text(implementation, "version"));
}

static json_t *table_of(const json_t *suites, const char *name)
{
	json_t *table = report_must(json_object()), *columns = columns_of(suites, name);
	json_t *pairs = report_must(json_array()), *versions = report_must(json_object()), *suite;
	size_t i, number = 1;

	json_put_text(table, "suite", name);
	json_array_foreach(suites, i, suite) {
		if (json_object_get(suite, "peer") && !strcmp(json_get_text(suite, "name"), name)) {
			json_put_text(table, "title", json_get_text(suite, "title"));
			note_version(versions, json_object_get(suite, "sut"));
			note_version(versions, json_object_get(suite, "peer"));
			json_append(pairs, pair_of(suite, columns, number));
		}
		number += json_array_size(json_get_array(suite, "tests"));
	}
	json_put(table, "tests", columns);
	json_put(table, "pairs", pairs);
	json_put(table, "versions", versions);
	return table;
}

json_t *report_pairs(const struct report *report)
{
	json_t *suites = json_get_array(report->root, "suites");
	json_t *names = report_must(json_array()), *tables = NULL, *suite, *name;
	size_t i;

	json_array_foreach(suites, i, suite)
		if (json_object_get(suite, "peer"))
			note_name(names, json_get_text(suite, "name"));
	if (json_array_size(names))
		tables = report_must(json_array());
	json_array_foreach(names, i, name)
		json_append(tables, table_of(suites, json_string_value(name)));
	json_decref(names);
	return tables;
}
