// SPDX-License-Identifier: Apache-2.0
#include "testbed/report/report.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "testbed/report/files.h"
#include "testbed/report/json.h"
#include "testbed/report/schema.h"

#define RESULT_LIMIT (256u << 20)

/* ---- what a schema cannot say ------------------------------------------------------------- */

static int check_path(const json_t *holder, const char *key, const char *where, const char *name,
	struct report_error *error)
{
	const json_t *path = json_object_get(holder, key);

	if (!path || report_path_is_below(json_string_value(path)))
		return 0;
	return report_fail(error,
		"%s: %s: %s \"%.200s\" leads out of the folder; give a path below it", name, where,
		key, json_string_value(path));
}

static int check_test(const json_t *suite, const json_t *test, json_t *seen, const char *name,
	struct report_error *error)
{
	static const char *const paths[] = { "capture", "keylog", "log" };
	char *title = report_test_title(test);
	int rc = 0;

	if (report_test_verdict(test) != VERDICT_PASS && !*json_get_text(test, "reason"))
		rc = report_fail(error,
			"%s: test %s/%s has verdict %s without a reason; give it one sentence",
			name, json_get_text(suite, "name"), title, json_get_text(test, "verdict"));
	else if (json_object_get(seen, title))
		rc = report_fail(error, "%s: test %s/%s stands twice; a test has one verdict a run",
			name, json_get_text(suite, "name"), title);
	json_put(seen, title, json_true());
	for (size_t i = 0; !rc && i < sizeof(paths) / sizeof(paths[0]); i++)
		rc = check_path(test, paths[i], title, name, error);
	free(title);
	return rc;
}

static int check_suites(const json_t *root, const char *name, struct report_error *error)
{
	json_t *seen = report_must(json_object());
	json_t *suite, *test;
	size_t i, j;
	int rc = 0;

	json_array_foreach(json_get_array(root, "suites"), i, suite) {
		char *who = report_suite_sut(suite);
		char *key = report_format("%s\t%s", json_get_text(suite, "name"), who);
		json_t *tests = json_object_get(seen, key);

		if (!tests) {
			tests = report_must(json_object());
			json_put(seen, key, tests);
		}
		json_array_foreach(json_get_array(suite, "tests"), j, test)
			if (!rc)
				rc = check_test(suite, test, tests, name, error);
		free(key);
		free(who);
	}
	json_decref(seen);
	return rc;
}

static bool has_column(const json_t *measurement, const char *name)
{
	json_t *column;
	size_t i;

	json_array_foreach(json_get_array(measurement, "columns"), i, column)
		if (!strcmp(json_get_text(column, "name"), name))
			return true;
	return false;
}

static int check_handoff(const json_t *measurement, const json_t *handoff, const char *name,
	struct report_error *error)
{
	json_t *capture = json_object_get(handoff, "capture");
	json_t *path;
	const char *node;

	if (!has_column(measurement, json_get_text(handoff, "column")))
		return report_fail(error,
			"%s: measurement %s: a handoff is of column \"%.100s\", which there "
			"is not; name one of its columns",
			name, json_get_text(measurement, "experiment"),
			json_get_text(handoff, "column"));
	json_object_foreach(capture, node, path)
		if (check_path(capture, node, "a handoff's capture", name, error))
			return -1;
	return 0;
}

static int check_measurements(const json_t *root, const char *name, struct report_error *error)
{
	json_t *measurement, *handoff;
	size_t i, j;

	json_array_foreach(json_get_array(root, "measurements"), i, measurement)
		json_array_foreach(json_get_array(measurement, "handoffs"), j, handoff)
			if (check_handoff(measurement, handoff, name, error))
				return -1;
	return 0;
}

static int check_files(const json_t *root, const char *name, struct report_error *error)
{
	json_t *file;
	size_t i;

	json_array_foreach(json_get_array(root, "files"), i, file) {
		const char *digest = json_get_text(file, "sha256");

		if (check_path(file, "name", "files", name, error))
			return -1;
		if (strspn(digest, "0123456789abcdef") != 64 || strlen(digest) != 64)
			return report_fail(error,
				"%s: files: sha256 of %.200s is no digest; "
				"64 hexadecimal digits are needed",
				name, json_get_text(file, "name"));
	}
	return 0;
}

int report_check(const json_t *root, const char *name, struct report_error *error)
{
	const char *format = json_get_text(root, "format");

	if (json_is_object(root) && *format && strcmp(format, "baton-result-1"))
		return report_fail(error,
			"%s: is of format \"%.60s\"; this baton reads baton-result-1", name,
			format);
	if (report_schema_check(root, name, error) || check_suites(root, name, error) ||
		check_measurements(root, name, error) || check_files(root, name, error))
		return -1;
	return 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int fail_parse(const char *name, size_t size, const json_error_t *where,
	struct report_error *error)
{
	static const char remedy[] = "give the result.json that a run wrote";
	bool cut = json_error_code(where) == json_error_premature_end_of_input &&
		(size_t)where->position >= size;

	if (!size)
		return report_fail(error, "%s:1: is empty; %s", name, remedy);
	if (cut)
		return report_fail(error, "%s:%d: is cut short; %s", name, where->line, remedy);
	return report_fail(error, "%s:%d: is not JSON: %s; %s", name, where->line, where->text,
		remedy);
}

int report_parse(const char *bytes, size_t size, const char *name, const char *dir,
	struct report *report, struct report_error *error)
{
	json_error_t where;
	json_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &where);

	if (!root)
		return fail_parse(name, size, &where, error);
	if (report_check(root, name, error)) {
		json_decref(root);
		return -1;
	}
	memset(report, 0, sizeof(*report));
	report->root = root;
	report->name = report_format("%s", name);
	report->text = report_must(malloc(size + 1));
	memcpy(report->text, bytes, size);
	report->text[size] = 0;
	report->size = size;
	report->origins = report_must(calloc(1, sizeof(*report->origins)));
	report->n_origins = 1;
	report->origins[0].prefix = report_format("%s", "");
	report->origins[0].dir = report_format("%s", dir);
	return 0;
}

int report_load(const char *path, struct report *report, struct report_error *error)
{
	struct content content;
	struct stat st;
	char *file, *copy;
	int rc = -1;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		file = report_format("%s%sresult.json", path,
			path[strlen(path) - 1] == '/' ? "" : "/");
	else
		file = report_format("%s", path);
	copy = report_format("%s", file);
	if (!report_read(file, RESULT_LIMIT, &content, error)) {
		rc = report_parse(content.bytes, content.size, file, dirname(copy), report, error);
		free(content.bytes);
	}
	free(copy);
	free(file);
	return rc;
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < report->n_origins; i++) {
		free(report->origins[i].prefix);
		free(report->origins[i].dir);
	}
	free(report->origins);
	free(report->text);
	free(report->name);
	json_decref(report->root);
	memset(report, 0, sizeof(*report));
}

/* ---- evidence ----------------------------------------------------------------------------- */

char *report_file(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->n_origins; i++) {
		size_t n = strlen(report->origins[i].prefix);

		if (!strncmp(name, report->origins[i].prefix, n))
			return report_format("%s/%s", report->origins[i].dir, name + n);
	}
	return report_format("%s", name);
}

size_t report_verify_files(const struct report *report, struct report_error *error)
{
	size_t i, wrong = 0;
	json_t *file;

	json_array_foreach(json_get_array(report->root, "files"), i, file) {
		char *path = report_file(report, json_get_text(file, "name"));
		struct report_error here;
		char digest[DIGEST_TEXT];
		uint64_t size;
		int rc = report_digest_file(path, digest, &size, &here);

		if (!rc && strcmp(digest, json_get_text(file, "sha256")))
			rc = report_fail(&here,
				"%s: is not what the run wrote (SHA-256 is %s, %s has %s); "
				"restore it or run again",
				path, digest, report->name, json_get_text(file, "sha256"));
		if (rc && !wrong++)
			*error = here;
		free(path);
	}
	return wrong;
}

/* ---- counting and naming ------------------------------------------------------------------ */

enum verdict report_test_verdict(const json_t *test)
{
	enum verdict v = VERDICT_ERROR;

	verdict_from_name(json_get_text(test, "verdict"), &v);
	return v;
}

void tally_suite(const json_t *suite, struct tally *tally)
{
	json_t *test;
	size_t i;

	json_array_foreach(json_get_array(suite, "tests"), i, test) {
		enum verdict v = report_test_verdict(test);

		tally->count[v]++;
		tally->total++;
		tally->bad += verdict_is_bad(v);
		tally->flaky += json_is_true(json_object_get(test, "flaky"));
		tally->duration_s += json_number_value(json_object_get(test, "duration_s"));
	}
}

struct tally tally_report(const struct report *report)
{
	struct tally tally = { 0 };
	json_t *suite;
	size_t i;

	json_array_foreach(json_get_array(report->root, "suites"), i, suite)
		tally_suite(suite, &tally);
	return tally;
}

char *report_test_title(const json_t *test)
{
	json_t *params = json_object_get(test, "case");
	char *title = report_format("%s", json_get_text(test, "name"));
	const char *key, *sep = " [";
	json_t *value;

	json_object_foreach(params, key, value) {
		char *dump = NULL, *longer;

		if (!json_is_string(value))
			dump = report_must(
				json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12)));
		longer = report_format("%s%s%s=%s", title, sep, key,
			dump ? dump : json_string_value(value));
		free(dump);
		free(title);
		title = longer;
		sep = " ";
	}
	if (json_object_size(params)) {
		char *closed = report_format("%s]", title);

		free(title);
		title = closed;
	}
	return title;
}

static char *implementation(const json_t *i)
{
	const char *version = json_get_text(i, "version");

	return report_format("%s%s%s", json_get_text(i, "name"), *version ? " " : "", version);
}

char *report_suite_sut(const json_t *suite)
{
	char *sut = implementation(json_object_get(suite, "sut"));
	json_t *peer = json_object_get(suite, "peer");
	char *other, *both;

	if (!peer)
		return sut;
	other = implementation(peer);
	both = report_format("%s with %s", sut, other);
	free(sut);
	free(other);
	return both;
}
