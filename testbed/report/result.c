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
	[VERDICT_PASS] = { "pass", false },
	[VERDICT_DEVIATION] = { "deviation", false },
	[VERDICT_FAIL] = { "fail", true },
	[VERDICT_INCONCLUSIVE] = { "inconclusive", true },
	[VERDICT_UNSUPPORTED] = { "unsupported", false },
	[VERDICT_NOT_APPLICABLE] = { "not-applicable", false },
	[VERDICT_SETUP_FAILED] = { "setup-failed", true },
	[VERDICT_CLEANUP_FAILED] = { "cleanup-failed", true },
	[VERDICT_CRASH] = { "crash", true },
	[VERDICT_ERROR] = { "error", true },
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
	return json_from_text(text);
}

static json_t *host_describe(const struct result_info *info)
{
	json_t *host = report_must(json_object());
	struct utsname name;

	if (uname(&name))
		memset(&name, 0, sizeof(name));
	json_put_text(host, "kernel", name.release);
	json_put_text(host, "machine", name.machine);
	json_put(host, "guest", json_boolean(info->guest));
	json_put(host, "clock", json_from_text(info->clock));
	return host;
}

struct result *result_new(const struct result_info *info)
{
	struct result *r = report_must(calloc(1, sizeof(*r)));
	json_t *baton = report_must(json_object());
	json_t *command = report_must(json_array());

	r->root = report_must(json_object());
	r->requirements = report_must(json_object());
	r->dir = report_format("%s", info->dir);
	clock_gettime(CLOCK_MONOTONIC, &r->start);

	json_put(baton, "version", json_from_text(info->version));
	json_put_text(baton, "commit", info->commit);
	for (int i = 0; i < info->argc; i++)
		json_append(command, json_from_text(info->argv[i]));

	json_put_text(r->root, "format", "baton-result-1");
	json_put(r->root, "baton", baton);
	json_put(r->root, "host", host_describe(info));
	json_put(r->root, "started", time_now());
	json_put_number(r->root, "duration_s", 0);
	json_put(r->root, "command", command);
	json_put(r->root, "suites", json_array());
	json_put(r->root, "coverage", json_array());
	json_put(r->root, "measurements", json_array());
	json_put(r->root, "files", json_array());
	return r;
}

void result_set_interrupted(struct result *r, const char *why)
{
	json_put_text(r->root, "interrupted", why);
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
	json_t *files = json_get_array(r->root, "files");
	char digest[DIGEST_TEXT], *full;
	json_t *entry;
	uint64_t size;
	size_t i;
	int rc;

	if (!report_path_is_below(path))
		return report_fail(error,
			"%s: cannot be attached; give a path below the result's folder %s", path,
			r->dir);
	full = report_format("%s/%s", r->dir, path);
	rc = report_digest_file(full, digest, &size, error);
	free(full);
	if (rc)
		return -1;
	for (i = 0; i < json_array_size(files); i++)
		if (!strcmp(json_get_text(json_array_get(files, i), "name"), path))
			break;
	entry = i < json_array_size(files) ? json_array_get(files, i)
					   : json_append(files, json_object());
	json_put(entry, "name", json_from_text(path));
	json_put_text(entry, "sha256", digest);
	json_put_count(entry, "size", size);
	return 0;
}

/* Writes the tree as it is, whether it is valid or not. */
static int tree_write(const struct result *r, const char *name, struct report_error *error)
{
	char *path = report_format("%s/%s", r->dir, name);
	char *text = report_must(json_dumps(r->root, RESULT_DUMP_FLAGS));
	int rc = report_write_file(path, text, strlen(text), error);

	free(text);
	free(path);
	return rc;
}

int result_write(struct result *r, struct report_error *error)
{
	struct report_error invalid, unused;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	json_put_number(r->root, "duration_s",
		(double)(now.tv_sec - r->start.tv_sec) +
			(double)(now.tv_nsec - r->start.tv_nsec) * 1e-9);
	if (report_make_folder(r->dir, error))
		return -1;
	if (report_check(r->root, "result.json", &invalid)) {
		/* A long run is worth keeping even so, under a name that no reader takes for good.
		 */
		tree_write(r, "result.invalid.json", &unused);
		return report_fail(error, "%s; kept as %s/result.invalid.json", invalid.text,
			r->dir);
	}
	return tree_write(r, "result.json", error);
}

/* ---- verdicts ----------------------------------------------------------------------------- */

static json_t *implementation(const struct report_implementation *i)
{
	json_t *o = report_must(json_object());

	json_put(o, "name", json_from_text(i->name));
	json_put_text(o, "version", i->version);
	json_put_text(o, "role", i->role);
	json_put_text(o, "adapter", i->adapter);
	return o;
}

struct result_suite *result_add_suite(struct result *r, const struct suite_report *suite)
{
	json_t *o = report_must(json_object());

	json_put(o, "name", json_from_text(suite->name));
	json_put_text(o, "title", suite->title);
	json_put_text(o, "file", suite->file);
	json_put(o, "sut", implementation(&suite->sut));
	if (suite->peer)
		json_put(o, "peer", implementation(suite->peer));
	json_put(o, "tests", json_array());
	return (struct result_suite *)json_append(json_get_array(r->root, "suites"), o);
}

static json_t *texts(const char *const *list, size_t n)
{
	json_t *array = report_must(json_array());

	for (size_t i = 0; i < n; i++)
		json_append(array, json_from_text(list[i]));
	return array;
}

static json_t *params(const struct test_report *t)
{
	json_t *o;

	if (!t->n_params)
		return json_null();
	o = report_must(json_object());
	for (size_t i = 0; i < t->n_params; i++)
		json_put(o, t->params[i].name, json_from_text(t->params[i].value));
	return o;
}

static json_t *clauses(const struct test_report *t)
{
	json_t *array = report_must(json_array());

	for (size_t i = 0; i < t->n_covers; i++) {
		json_t *o = json_append(array, json_object());

		json_put(o, "document", json_from_text(t->covers[i].document));
		json_put(o, "section", json_from_text(t->covers[i].section));
		json_put_text(o, "level", t->covers[i].level);
	}
	return array;
}

static json_t *differences(const struct test_report *t)
{
	json_t *array = report_must(json_array());

	for (size_t i = 0; i < t->n_differs; i++) {
		json_t *o = json_append(array, json_object());

		json_put(o, "field", json_from_text(t->differs[i].field));
		json_put(o, "expected", json_from_text(t->differs[i].expected));
		json_put(o, "received", json_from_text(t->differs[i].received));
	}
	return array;
}

static json_t *step(const struct report_step *s)
{
	json_t *o = report_must(json_object());
	json_t *fields = report_must(json_array());

	json_put_number(o, "t", s->t_s);
	json_put(o, "from", json_from_text(s->from));
	json_put(o, "to", json_from_text(s->to));
	json_put(o, "label", json_from_text(s->label));
	for (size_t i = 0; i < s->n_fields; i++) {
		json_t *f = json_append(fields, json_object());

		json_put(f, "name", json_from_text(s->fields[i].name));
		json_put(f, "value", json_from_text(s->fields[i].value));
	}
	json_put(o, "fields", fields);
	json_put_text(o, "note", s->note);
	if (s->line)
		json_put_count(o, "line", s->line);
	if (s->packet)
		json_put_count(o, "packet", s->packet);
	return o;
}

void suite_add_test(struct result_suite *suite, const struct test_report *t)
{
	json_t *o = json_append(json_get_array((json_t *)suite, "tests"), json_object());
	json_t *ladder = report_must(json_array());

	for (size_t i = 0; i < t->n_ladder; i++)
		json_append(ladder, step(&t->ladder[i]));
	json_put(o, "name", json_from_text(t->name));
	json_put_text(o, "purpose", t->purpose);
	json_put(o, "case", params(t));
	json_put(o, "file", json_from_text(t->file));
	json_put_count(o, "line", t->line);
	json_put(o, "covers", clauses(t));
	json_put_text(o, "verdict", verdict_name(t->verdict));
	json_put(o, "reason", json_from_text(t->reason));
	json_put_text(o, "clause", t->clause);
	json_put(o, "expected", texts(t->expected, t->n_expected));
	json_put(o, "received", texts(t->received, t->n_received));
	json_put(o, "differs", differences(t));
	json_put_number(o, "duration_s", t->duration_s);
	json_put_count(o, "attempts", t->attempts ? t->attempts : 1);
	json_put(o, "flaky", json_boolean(t->flaky));
	json_put(o, "ladder", ladder);
	json_put_text(o, "capture", t->capture);
	json_put_text(o, "keylog", t->keylog);
	json_put_text(o, "log", t->log);
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
	json_t *id = json_from_text(req->id);
	json_t *o = json_object_get(r->requirements, json_string_value(id));
	json_t *covered_by;

	if (!o) {
		o = json_append(json_get_array(r->root, "coverage"), json_object());
		json_object_set(r->requirements, json_string_value(id), o);
		json_put(o, "document", json_from_text(req->document));
		json_put(o, "id", json_incref(id));
		json_put(o, "section", json_from_text(req->section));
		json_put(o, "level", json_from_text(req->level));
		json_put(o, "text", json_from_text(req->text));
		json_put(o, "covered_by", json_array());
	}
	json_decref(id);
	covered_by = json_get_array(o, "covered_by");
	for (size_t i = 0; i < req->n_covered_by; i++) {
		json_t *name = json_from_text(req->covered_by[i]);

		if (holds_text(covered_by, json_string_value(name)))
			json_decref(name);
		else
			json_append(covered_by, name);
	}
	json_put_text(o, "why_not", req->why_not);
}
