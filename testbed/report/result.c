// SPDX-License-Identifier: Apache-2.0
/*
 * The builder of result.json. A struct result is a JSON tree and the folder it belongs to; suites,
 * measurements and columns are nodes of that tree under other names, so the handles cost nothing
 * and there is one owner. Verdicts are added in this file, measurements in result_measure.c.
 */
#include "testbed/report/result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "testbed/report/files.h"
#include "testbed/report/json.h"
#include "testbed/report/report.h"

struct result {
	json_t *root;
	json_t *requirements; /* id -> the entry in root.coverage, borrowed by it */
	char *dir;
	struct timespec start;
};

static const struct {
	const char *name;
	bool bad;
} verdicts[VERDICT_COUNT] = {
	[VERDICT_PASS] = {"pass", false},
	[VERDICT_DEVIATION] = {"deviation", false},
	[VERDICT_FAIL] = {"fail", true},
	[VERDICT_INCONCLUSIVE] = {"inconclusive", true},
	[VERDICT_UNSUPPORTED] = {"unsupported", false},
	[VERDICT_NOT_APPLICABLE] = {"not-applicable", false},
	[VERDICT_SETUP_FAILED] = {"setup-failed", true},
	[VERDICT_CLEANUP_FAILED] = {"cleanup-failed", true},
	[VERDICT_CRASH] = {"crash", true},
	[VERDICT_ERROR] = {"error", true},
};

const char *verdict_name(enum verdict v)
{
	return verdicts[v].name;
}

bool verdict_from_name(const char *name, enum verdict *v)
{
	for (size_t i = 0; i < VERDICT_COUNT; i++) {
		if (!strcmp(name, verdicts[i].name)) {
			*v = (enum verdict)i;
			return true;
		}
	}
	return false;
}

bool verdict_is_bad(enum verdict v)
{
	return verdicts[v].bad;
}

/* The time as RFC 3339 has it, in UTC. */
static json_t *time_now(void)
{
	char text[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	return json_text(text);
}

static json_t *host_describe(const struct result_info *info)
{
	json_t *host = must(json_object());
	struct utsname name;

	if (uname(&name))
		memset(&name, 0, sizeof(name));
	put_text(host, "kernel", name.release);
	put_text(host, "machine", name.machine);
	put(host, "guest", json_boolean(info->guest));
	put(host, "clock", json_text(info->clock));
	return host;
}

struct result *result_new(const struct result_info *info)
{
	struct result *r = must(calloc(1, sizeof(*r)));
	json_t *baton = must(json_object());
	json_t *command = must(json_array());

	r->root = must(json_object());
	r->requirements = must(json_object());
	r->dir = text_format("%s", info->dir);
	clock_gettime(CLOCK_MONOTONIC, &r->start);

	put(baton, "version", json_text(info->version));
	put_text(baton, "commit", info->commit);
	for (int i = 0; i < info->argc; i++)
		append(command, json_text(info->argv[i]));

	put_text(r->root, "format", "baton-result-1");
	put(r->root, "baton", baton);
	put(r->root, "host", host_describe(info));
	put(r->root, "started", time_now());
	put_number(r->root, "duration_s", 0);
	put(r->root, "command", command);
	put(r->root, "suites", json_array());
	put(r->root, "coverage", json_array());
	put(r->root, "measurements", json_array());
	put(r->root, "files", json_array());
	return r;
}

void result_set_interrupted(struct result *r, const char *why)
{
	put_text(r->root, "interrupted", why);
}

json_t *result_json(struct result *r)
{
	return r->root;
}

void result_free(struct result *r)
{
	if (!r)
		return;
	json_decref(r->requirements);
	json_decref(r->root);
	free(r->dir);
	free(r);
}

int result_attach(struct result *r, const char *path, struct report_error *error)
{
	json_t *files = get_array(r->root, "files");
	char digest[DIGEST_TEXT], *full;
	json_t *entry;
	uint64_t size;
	size_t i;
	int rc;

	if (!path_is_below(path))
		return fail(error, "%s: cannot be attached; give a path below the result's folder %s",
			path, r->dir);
	full = text_format("%s/%s", r->dir, path);
	rc = file_digest(full, digest, &size, error);
	free(full);
	if (rc)
		return -1;
	for (i = 0; i < json_array_size(files); i++)
		if (!strcmp(get_text(json_array_get(files, i), "name"), path))
			break;
	entry = i < json_array_size(files) ? json_array_get(files, i)
					   : append(files, json_object());
	put(entry, "name", json_text(path));
	put_text(entry, "sha256", digest);
	put_count(entry, "size", size);
	return 0;
}

/* Writes the tree as it is, whether it is valid or not. */
static int tree_write(const struct result *r, const char *name, struct report_error *error)
{
	char *path = text_format("%s/%s", r->dir, name);
	char *text = must(json_dumps(r->root, RESULT_DUMP_FLAGS));
	int rc = file_write(path, text, strlen(text), error);

	free(text);
	free(path);
	return rc;
}

int result_write(struct result *r, struct report_error *error)
{
	struct report_error invalid, unused;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	put_number(r->root, "duration_s",
		(double)(now.tv_sec - r->start.tv_sec) +
			(double)(now.tv_nsec - r->start.tv_nsec) * 1e-9);
	if (folder_make(r->dir, error))
		return -1;
	if (report_check(r->root, "result.json", &invalid)) {
		/* A long run is worth keeping even so, under a name that no reader takes for good. */
		tree_write(r, "result.invalid.json", &unused);
		return fail(error, "%s; kept as %s/result.invalid.json", invalid.text, r->dir);
	}
	return tree_write(r, "result.json", error);
}

/* ---- verdicts ----------------------------------------------------------------------------- */

static json_t *implementation(const struct report_implementation *i)
{
	json_t *o = must(json_object());

	put(o, "name", json_text(i->name));
	put_text(o, "version", i->version);
	put_text(o, "role", i->role);
	put_text(o, "adapter", i->adapter);
	return o;
}

struct result_suite *result_add_suite(struct result *r, const struct suite_report *suite)
{
	json_t *o = must(json_object());

	put(o, "name", json_text(suite->name));
	put_text(o, "title", suite->title);
	put_text(o, "file", suite->file);
	put(o, "sut", implementation(&suite->sut));
	if (suite->peer)
		put(o, "peer", implementation(suite->peer));
	put(o, "tests", json_array());
	return (struct result_suite *)append(get_array(r->root, "suites"), o);
}

static json_t *texts(const char *const *list, size_t n)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < n; i++)
		append(array, json_text(list[i]));
	return array;
}

static json_t *params(const struct test_report *t)
{
	json_t *o;

	if (!t->n_params)
		return json_null();
	o = must(json_object());
	for (size_t i = 0; i < t->n_params; i++)
		put(o, t->params[i].name, json_text(t->params[i].value));
	return o;
}

static json_t *clauses(const struct test_report *t)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < t->n_covers; i++) {
		json_t *o = append(array, json_object());

		put(o, "document", json_text(t->covers[i].document));
		put(o, "section", json_text(t->covers[i].section));
		put_text(o, "level", t->covers[i].level);
	}
	return array;
}

static json_t *differences(const struct test_report *t)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < t->n_differs; i++) {
		json_t *o = append(array, json_object());

		put(o, "field", json_text(t->differs[i].field));
		put(o, "expected", json_text(t->differs[i].expected));
		put(o, "received", json_text(t->differs[i].received));
	}
	return array;
}

static json_t *step(const struct report_step *s)
{
	json_t *o = must(json_object());
	json_t *fields = must(json_array());

	put_number(o, "t", s->t_s);
	put(o, "from", json_text(s->from));
	put(o, "to", json_text(s->to));
	put(o, "label", json_text(s->label));
	for (size_t i = 0; i < s->n_fields; i++) {
		json_t *f = append(fields, json_object());

		put(f, "name", json_text(s->fields[i].name));
		put(f, "value", json_text(s->fields[i].value));
	}
	put(o, "fields", fields);
	put_text(o, "note", s->note);
	if (s->line)
		put_count(o, "line", s->line);
	if (s->packet)
		put_count(o, "packet", s->packet);
	return o;
}

void suite_add_test(struct result_suite *suite, const struct test_report *t)
{
	json_t *o = append(get_array((json_t *)suite, "tests"), json_object());
	json_t *ladder = must(json_array());

	for (size_t i = 0; i < t->n_ladder; i++)
		append(ladder, step(&t->ladder[i]));
	put(o, "name", json_text(t->name));
	put_text(o, "purpose", t->purpose);
	put(o, "case", params(t));
	put(o, "file", json_text(t->file));
	put_count(o, "line", t->line);
	put(o, "covers", clauses(t));
	put_text(o, "verdict", verdict_name(t->verdict));
	put(o, "reason", json_text(t->reason));
	put_text(o, "clause", t->clause);
	put(o, "expected", texts(t->expected, t->n_expected));
	put(o, "received", texts(t->received, t->n_received));
	put(o, "differs", differences(t));
	put_number(o, "duration_s", t->duration_s);
	put_count(o, "attempts", t->attempts ? t->attempts : 1);
	put(o, "flaky", json_boolean(t->flaky));
	put(o, "ladder", ladder);
	put_text(o, "capture", t->capture);
	put_text(o, "keylog", t->keylog);
	put_text(o, "log", t->log);
}

static bool holds_text(const json_t *array, const char *text)
{
	json_t *value;
	size_t i;

	json_array_foreach(array, i, value)
		if (!strcmp(json_string_value(value), text))
			return true;
	return false;
}

void result_add_requirement(struct result *r, const struct report_requirement *req)
{
	json_t *id = json_text(req->id);
	json_t *o = json_object_get(r->requirements, json_string_value(id));
	json_t *covered_by;

	if (!o) {
		o = append(get_array(r->root, "coverage"), json_object());
		json_object_set(r->requirements, json_string_value(id), o);
		put(o, "document", json_text(req->document));
		put(o, "id", json_incref(id));
		put(o, "section", json_text(req->section));
		put(o, "level", json_text(req->level));
		put(o, "text", json_text(req->text));
		put(o, "covered_by", json_array());
	}
	json_decref(id);
	covered_by = get_array(o, "covered_by");
	for (size_t i = 0; i < req->n_covered_by; i++) {
		json_t *name = json_text(req->covered_by[i]);

		if (holds_text(covered_by, json_string_value(name)))
			json_decref(name);
		else
			append(covered_by, name);
	}
	put_text(o, "why_not", req->why_not);
}
