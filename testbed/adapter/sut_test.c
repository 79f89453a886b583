// SPDX-License-Identifier: Apache-2.0
/* Programs behind an adapter, on this machine: started, ready, asked, ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/base/test_folder.h"
#include "testbed/adapter/sut.h"

static char folder[TEST_PATH] = "baton-sut";
static char log_file[TEST_PATH + 16];

static int make_folder(void **state)
{
	(void)state;
	snprintf(log_file, sizeof(log_file), "%s/log", test_folder(folder) ? folder : "");
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(log_file);
	return rmdir(folder);
}

static struct manifest *manifest_of(const char *role)
{
	char text[600];
	struct diagnostics d = { 0 };
	struct manifest *m = NULL;

	snprintf(text, sizeof(text), "name: thing\nverb: 'f() { case $1 in greet) echo \"hello "
		"$2\";; wait) sleep 5;; *) exit 127;; esac; }; f'\nextra: {a-b: c}\nroles:\n  paa: "
		"%s\n",
		role);
	if (manifest_parse("sut.yaml", "/nowhere", text, strlen(text), &m, &d) < 0)
		diagnostics_print(&d, stderr);
	assert_non_null(m);
	return m;
}

static int start(struct manifest *m, struct sut **sut, char why[600])
{
	static const char *const env[] = { "BATON_ROLE=paa", NULL };
	const struct sut_place place = { .scratch = folder, .log = log_file, .env = env };

	unlink(log_file);
	return sut_start(m, &m->roles[0], &place, sut, why, 600);
}

static void test_ready_by_log(void **state)
{
	struct manifest *m = manifest_of("{start: 'sleep 0.1; echo up as $BATON_ROLE "
		"$BATON_EXTRA_A_B;"
		" exec sleep 60', ready: {log: 'up as paa c'}}");
	struct sut *sut;
	char why[600], word[20];
	const char *name[] = { "it's me", NULL };
	(void)state;
	assert_int_equal(start(m, &sut, why), 0);
	assert_false(sut_crashed(sut, why, sizeof(why)));
	assert_int_equal(sut_verb(sut, "greet", name, 5, word, sizeof(word)), 0);
	assert_string_equal(word, "hello");
	assert_int_equal(sut_verb(sut, "nonsense", NULL, 5, word, sizeof(word)),
		VERB_UNSUPPORTED);
	assert_int_equal(sut_verb(sut, "wait", NULL, 0.2, word, sizeof(word)), -1);
	assert_int_equal(sut_stop(sut, why, sizeof(why)), 0);
	manifest_free(m);
}

static void test_never_ready(void **state)
{
	struct manifest *m = manifest_of("{start: 'echo thinking; exec sleep 60', ready: {log: "
		"'^up', within: 0.3}}");
	struct sut *sut;
	char why[600];
	(void)state;
	assert_int_equal(start(m, &sut, why), -1);
	assert_string_equal(why, "thing was not ready after 0.3 s: waited until its output had a "
		"line that matches ^up; it said last: thinking");
	manifest_free(m);
}

static void test_dies_at_once(void **state)
{
	struct manifest *m = manifest_of("{start: 'echo no licence; exit 3', ready: {log: up}}");
	struct sut *sut;
	char why[600];
	(void)state;
	assert_int_equal(start(m, &sut, why), -1);
	assert_string_equal(why, "thing ended by itself with status 3 before it was ready; it said "
		"last: no licence");
	manifest_free(m);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 400000000 }, NULL);
}

static void test_crash(void **state)
{
	struct manifest *m = manifest_of("{start: 'sleep 0.1; kill -SEGV $$'}");
	struct sut *sut;
	char why[600];
	(void)state;
	assert_int_equal(start(m, &sut, why), 0);
	nap();
	assert_true(sut_crashed(sut, why, sizeof(why)));
	assert_non_null(strstr(why, "thing was ended by signal 11"));
	sut_stop(sut, why, sizeof(why));
	manifest_free(m);
}

static void test_may_end(void **state)
{
	struct manifest *m = manifest_of("{start: 'sleep 0.1; exit 1', ends: yes}");
	struct sut *sut;
	char why[600];
	(void)state;
	assert_int_equal(start(m, &sut, why), 0);
	nap();
	assert_false(sut_crashed(sut, why, sizeof(why)));
	assert_int_equal(sut_stop(sut, why, sizeof(why)), 0);
	manifest_free(m);
}

static void test_stop_fails(void **state)
{
	struct manifest *m = manifest_of("{start: 'exec sleep 60', stop: 'exit 4'}");
	struct sut *sut;
	char why[600];
	(void)state;
	assert_int_equal(start(m, &sut, why), 0);
	assert_int_equal(sut_stop(sut, why, sizeof(why)), -1);
	assert_string_equal(why, "the stop command exit 4 ended with status 4");
	manifest_free(m);
}

/* What it started goes with it, also what ignores SIGTERM. */
static void test_nothing_left(void **state)
{
	struct manifest *m = manifest_of("{start: 'trap \"\" TERM; sleep 61.5 & sleep 61.5', "
		"ready: {seconds: 0.1}}");
	struct sut *sut;
	char why[600];
	(void)state;
	assert_int_equal(start(m, &sut, why), 0);
	sut_stop(sut, why, sizeof(why));
	assert_int_not_equal(system("ps -eo args | grep -q '^sleep 61.5'"), 0);
	manifest_free(m);
}

static struct manifest *with_verb(const char *verb, const char *start)
{
	char text[300];
	struct diagnostics d = { 0 };
	struct manifest *m = NULL;

	snprintf(text, sizeof(text), "name: thing\nverb: %s\nroles:\n  paa: {start: %s}\n", verb,
		start);
	assert_int_equal(manifest_parse("sut.yaml", "/nowhere", text, strlen(text), &m, &d), 0);
	return m;
}

static void test_probe(void **state)
{
	static const struct {
		const char *verb, *start, *why;
	} rows[] = {
		{ "exit 127 #", "sleep 1", NULL },
		{ "true", "sleep 1", "sut.yaml: asked for the verb no-such-verb, true ended with "
			"status 0; right is status 127, and an adapter that cannot say "
			"\"unsupported\" is "
			"refused" },
		{ "false", "sleep 1", "sut.yaml: asked for the verb no-such-verb, false ended with "
			"status 1; right is status 127, and an adapter that cannot say "
			"\"unsupported\" "
			"is refused" },
		{ "no-such-program", "sleep 1", "sut.yaml: verb: there is no program "
			"no-such-program; it "
			"is looked for in the adapter's folder, then in PATH" },
		{ "exit 127 #", "no-such-program -x", "sut.yaml:4: start: there is no program "
			"no-such-program; it is looked for in the adapter's folder, then in PATH" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct manifest *m = with_verb(rows[i].verb, rows[i].start);
		char why[600] = "";
		int result = adapter_probe(m, &m->roles[0], why, sizeof(why));
		assert_int_equal(result, rows[i].why ? -1 : 0);
		if (rows[i].why)
			assert_string_equal(why, rows[i].why);
		manifest_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready_by_log),
		cmocka_unit_test(test_never_ready),
		cmocka_unit_test(test_dies_at_once),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_may_end),
		cmocka_unit_test(test_stop_fails),
		cmocka_unit_test(test_nothing_left),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
