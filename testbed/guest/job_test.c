// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "testbed/guest/boot.h"
#include "testbed/guest/job.h"

#define SCRIPT_MAX 8192

static void written(char *text, void (*write)(const struct job *, FILE *), const struct job *job)
{
	FILE *to = fmemopen(text, SCRIPT_MAX, "w");

	assert_non_null(to);
	write(job, to);
	assert_int_equal(fclose(to), 0);
}

/* Runs the script with the shell that runs it in the guest; returns its status. */
static int run(const char *script, char *out, size_t size)
{
	char file[] = "/tmp/job_test.XXXXXX", command[128], *busybox = boot_busybox();
	int fd = mkstemp(file), status;
	FILE *shell;
	size_t n;

	assert_non_null(busybox);
	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "%s", script), strlen(script));
	snprintf(command, sizeof(command), "%s sh %s", busybox, file);
	shell = popen(command, "r");
	assert_non_null(shell);
	n = fread(out, 1, size - 1, shell);
	out[n] = '\0';
	status = pclose(shell);
	close(fd);
	unlink(file);
	free(busybox);
	return WEXITSTATUS(status);
}

static void the_command_gets_the_very_words(void **state)
{
	char *argv[] = { "printf", "<%s>", "it's", "two words", "$HOME `id` \\ \"q\"", "",
		"new\nline", "-n", "*", "'", NULL };
	char *environment[] = { "PLAIN=x", "QUOTED=a 'b' $c\n\"d\"", "IFS=bad",
		"BASH_FUNC_f%%=() {", "1BAD=x", "EMPTY=", NULL };
	struct job job = { .cwd = "/",
		.clock = "virtual",
		.program = "/usr/bin/printf",
		.environment = environment,
		.argv = argv };
	char script[SCRIPT_MAX], out[1024];

	(void)state;
	written(script, job_write_command, &job);
	assert_int_equal(run(script, out, sizeof(out)), 0);
	assert_string_equal(out, "<it's><two words><$HOME `id` \\ \"q\"><><new\nline><-n><*><'>");
}

static void the_command_gets_environment_folder_and_name(void **state)
{
	char *argv[] = { "myname", "-c",
		"printf '%s|%s|%s|%s|%s|%s' \"$0\" \"$PWD\" \"$QUOTED\" \"$BATON_GUEST\" "
		"\"$BATON_RESULTS\" \"${EMPTY-unset}\"; exit 7",
		NULL };
	char *environment[] = { "QUOTED=a 'b' $c", "IFS=bad", "PWD=/nowhere",
		"EMPTY=", "TMPDIR=/tmp/of-the-host", NULL };
	struct job job = { .cwd = "/usr/bin",
		.clock = "virtual",
		.program = "/bin/sh",
		.results = "/r s",
		.environment = environment,
		.argv = argv };
	char script[SCRIPT_MAX], out[1024];

	(void)state;
	written(script, job_write_command, &job);
	assert_int_equal(run(script, out, sizeof(out)), 7);
	assert_string_equal(out, "myname|/usr/bin|a 'b' $c|virtual|/r s|");
	assert_null(strstr(script, "TMPDIR"));
}

static void a_folder_that_is_gone_is_a_failure_of_ours(void **state)
{
	char *argv[] = { "true", NULL }, *environment[] = { NULL };
	struct job job = { .cwd = "/no such folder",
		.clock = "real",
		.program = "/bin/true",
		.environment = environment,
		.argv = argv };
	char script[SCRIPT_MAX], out[64];

	(void)state;
	written(script, job_write_command, &job);
	assert_int_equal(run(script, out, sizeof(out)), 125);
}

static void entries_of_tmp_are_noted_once(void **state)
{
	struct job job = { .keep_count = 0 };

	(void)state;
	job_keep(&job, "/tmp/clone/build/bin/baton");
	job_keep(&job, "--out=/tmp/out/x");
	job_keep(&job, "/usr/bin:/tmp/tools/bin:/tmp/clone/x");
	job_keep(&job, "cat /tmp/in put");
	job_keep(&job, "/var/tmp/not-this");
	job_keep(&job, "/tmp/");
	job_keep(&job, "/tmp/../etc");
	job_keep(&job, "/tmp");
	assert_int_equal(job.keep_count, 4);
	assert_string_equal(job.keep[0], "clone");
	assert_string_equal(job.keep[1], "out");
	assert_string_equal(job.keep[2], "tools");
	assert_string_equal(job.keep[3], "in");
	job_free(&job);
}

static void no_more_are_noted_than_fit(void **state)
{
	struct job job = { .keep_count = 0 };
	char word[32];

	(void)state;
	for (unsigned i = 0; i < JOB_KEEP_MAX + 5; i++) {
		snprintf(word, sizeof(word), "/tmp/e%u", i);
		job_keep(&job, word);
	}
	assert_int_equal(job.keep_count, JOB_KEEP_MAX);
	job_free(&job);
}

static void settings_are_what_init_reads(void **state)
{
	struct job job = { .modules = "/a b/modules",
		.release = "6.1",
		.results = "/it's",
		.mark = "abc",
		.rows = 24,
		.columns = 80 };
	char script[SCRIPT_MAX], all[SCRIPT_MAX + 256], out[256];

	(void)state;
	job_keep(&job, "/tmp/it's here");
	written(script, job_write_settings, &job);
	snprintf(all, sizeof(all),
		"keep() { printf '[%%s]' \"$1\"; }\n%sjob_keep\n"
		"printf '%%s|%%s|%%s|%%s|%%s|%%s|%%s' \"$job_modules\" \"$job_release\" "
		"\"$job_results\" \"$job_mark\" \"$job_hoarder\" \"$job_rows\" \"$job_columns\"\n",
		script);
	assert_int_equal(run(all, out, sizeof(out)), 0);
	assert_string_equal(out, "[it's]/a b/modules|6.1|/it's|abc||24|80");
	job_free(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_command_gets_the_very_words),
		cmocka_unit_test(the_command_gets_environment_folder_and_name),
		cmocka_unit_test(a_folder_that_is_gone_is_a_failure_of_ours),
		cmocka_unit_test(entries_of_tmp_are_noted_once),
		cmocka_unit_test(no_more_are_noted_than_fit),
		cmocka_unit_test(settings_are_what_init_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
