// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testbed/guest/tool.h"
#include "testbed/interop/record.h"
#include "testbed/report/files.h"
#include "testbed/report/json.h"
#include "testbed/report/report.h"
#include "testbed/util/paths.h"

#define FOLDER "cells"
#define VERDICT ".json"
#define CLAIM ".claimed"
#define ORDER "x-order"
#define RECORD_MAX (64u << 20)

const char *record_name(const char *initiator, const char *responder, const char *feature, char *out)
{
	snprintf(out, CELL_NAME_MAX, "%s-%s-%s", initiator, responder, feature);
	return out;
}

static char *path_of(const char *results, const char *name, const char *ending)
{
	return path_format("%s/" FOLDER "/%s%s", results, name, ending);
}

static bool ends_with(const char *text, const char *ending)
{
	size_t n = strlen(text), e = strlen(ending);

	return n > e && strcmp(text + n - e, ending) == 0;
}

bool record_stands(const char *results, const char *name)
{
	char *path = path_of(results, name, VERDICT);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

bool record_claim(const char *results, const char *name)
{
	char *path = path_of(results, name, CLAIM);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	free(path);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void record_forget(const char *results, const char *name)
{
	char *path = path_of(results, name, VERDICT);

	unlink(path);
	free(path);
}

int record_begin(const char *results, bool all)
{
	char *folder = path_format("%s/" FOLDER, results);
	DIR *d = tool_make_folders(folder) == 0 ? opendir(folder) : NULL;
	struct dirent *e;

	free(folder);
	if (!d)
		return -1;
	while ((e = readdir(d)))
		if (ends_with(e->d_name, CLAIM) || (all && ends_with(e->d_name, VERDICT)))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return 0;
}

/* A tree is checked before it is written. */
static int write_tree(const json_t *root, const char *path, struct report_error *error)
{
	if (report_check(root, path, error) < 0)
		return -1;
	char *text = report_must(json_dumps(root, RESULT_DUMP_FLAGS));
	int result = report_write_file(path, text, strlen(text), error);
	free(text);
	return result;
}

int record_write(const char *results, const char *name, unsigned order, struct result *one,
	struct report_error *error)
{
	char *path = path_of(results, name, VERDICT);

	json_put_count(result_json(one), ORDER, order);
	int result = write_tree(result_json(one), path, error);
	free(path);
	return result;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int by_order(const void *a, const void *b)
{
	double x = json_get_number(*(json_t *const *)a, ORDER);
	double y = json_get_number(*(json_t *const *)b, ORDER);

	return x < y ? -1 : x > y;
}

static json_t *load(const char *path, struct report_error *error)
{
	struct content content;
	json_t *root = NULL;
	json_error_t why;

	if (report_read(path, RECORD_MAX, &content, error) < 0)
		return NULL;
	root = json_loadb(content.bytes, content.size, 0, &why);
	free(content.bytes);
	if (!root)
		report_fail(error, "%s:%d: %s; remove it, and --resume runs that cell again", path,
			why.line, why.text);
	else if (report_check(root, path, error) < 0) {
		json_decref(root);
		root = NULL;
	}
	return root;
}

static void free_all(json_t **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_decref(list[i]);
	free(list);
}

static bool same_pair(const json_t *a, const json_t *b)
{
	static const char *const ends[] = { "sut", "peer" };

	if (strcmp(json_get_text(a, "name"), json_get_text(b, "name")) != 0)
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (strcmp(json_get_text(json_object_get(a, ends[i]), "name"),
			    json_get_text(json_object_get(b, ends[i]), "name")) != 0)
			return false;
	return true;
}

static void add_all(json_t *to, const json_t *from, const char *key)
{
	json_array_extend(json_get_array(to, key), json_get_array(from, key));
}

static void add_cell(json_t *whole, const json_t *cell)
{
	json_t *suites = json_get_array(whole, "suites"), *one, *same, *test;
	size_t i, k;

	add_all(whole, cell, "files");
	json_array_foreach(json_get_array(cell, "suites"), i, one)
	{
		size_t n = json_array_size(suites);
		for (k = 0; k < n && !same_pair(json_array_get(suites, k), one); k++)
			;
		same = k < n ? json_array_get(suites, k)
			     : json_append(suites, report_must(json_deep_copy(one)));
		if (k < n)
			add_all(same, one, "tests");
		json_array_foreach(json_get_array(one, "tests"), k, test)
			json_put_number(whole, "duration_s", json_get_number(whole, "duration_s") +
				json_get_number(test, "duration_s"));
	}
	if (strcmp(json_get_text(cell, "started"), json_get_text(whole, "started")) < 0)
		json_put_text(whole, "started", json_get_text(cell, "started"));
}

static json_t *compose(json_t *const *cells, size_t count, int argc, char *const *argv, const char *missing)
{
	json_t *whole = report_must(json_deep_copy(cells[0]));
	json_t *command = report_must(json_array());

	json_object_del(whole, ORDER);
	json_put(whole, "suites", json_array());
	json_put(whole, "files", json_array());
	json_put_number(whole, "duration_s", 0);
	for (int i = 0; i < argc; i++)
		json_append(command, json_from_text(argv[i]));
	json_put(whole, "command", command);
	json_put_text(whole, "interrupted", missing);
	for (size_t i = 0; i < count; i++)
		add_cell(whole, cells[i]);
	return whole;
}

/* All cells of the folder; NULL with *error set. */
static json_t **load_all(const char *results, size_t *count, struct report_error *error)
{
	char *folder = path_format("%s/" FOLDER, results);
	DIR *d = opendir(folder);
	struct dirent *e;
	json_t **list = report_must(calloc(1, sizeof(*list))), *one;
	bool good = d;

	*count = 0;
	if (!d)
		report_fail(error, "%s: %s", folder, strerror(errno));
	while (good && (e = readdir(d))) {
		if (!ends_with(e->d_name, VERDICT))
			continue;
		char *path = path_format("%s/%s", folder, e->d_name);
		one = load(path, error);
		free(path);
		list = report_must(realloc(list, (*count + 1) * sizeof(*list)));
		good = one;
		if (one)
			list[(*count)++] = one;
	}
	if (good && !*count)
		good = report_fail(error, "%s: no cell was run to its end", folder) == 0;
	if (d)
		closedir(d);
	free(folder);
	if (good)
		return list;
	free_all(list, *count);
	return NULL;
}

int record_compose(const char *results, int argc, char *const *argv, const char *missing, json_t **whole,
	struct report_error *error)
{
	size_t count;
	json_t **cells = load_all(results, &count, error);

	if (!cells)
		return -1;
	qsort(cells, count, sizeof(*cells), by_order);
	*whole = compose(cells, count, argc, argv, missing);
	free_all(cells, count);
	char *path = path_format("%s/result.json", results);
	int result = write_tree(*whole, path, error);
	free(path);
	if (result < 0)
		json_decref(*whole);
	return result;
}
