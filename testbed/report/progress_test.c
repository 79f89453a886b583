// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pty.h>

#include "testbed/report/progress.h"

static void run_two(FILE *out)
{
	struct progress *p = progress_start(out, 2);

	progress_begin(p, "pana/paa/one");
	progress_end(p, VERDICT_PASS, NULL, 0.5);
	progress_begin(p, "pana/paa/two");
	progress_end(p, VERDICT_FAIL, "Came\033[2J late.", 0.25);
	progress_finish(p);
}

static void a_log_has_a_line_for_each_test(void **state)
{
	FILE *out = tmpfile();
	char text[512];
	size_t n;

	(void)state;
	assert_non_null(out);
	run_two(out);
	rewind(out);
	n = fread(text, 1, sizeof(text) - 1, out);
	text[n] = 0;
	fclose(out);
	assert_string_equal(text,
		"pass           pana/paa/one (0.50 s)\n"
		"fail           pana/paa/two (0.25 s)\n"
		"               Came?[2J late.\n"
		"2 tests: 1 pass, 1 fail\n");
}

static void a_terminal_shows_what_runs_and_keeps_what_failed(void **state)
{
	const struct winsize narrow = { .ws_row = 5, .ws_col = 20 };
	int control, terminal;
	char text[1024];
	size_t length = 0;
	FILE *out;
	ssize_t n;

	(void)state;
	assert_int_equal(openpty(&control, &terminal, NULL, NULL, &narrow), 0);
	out = fdopen(terminal, "w");
	assert_non_null(out);
	run_two(out);
	do { /* the terminal hands on what was written in pieces */
		n = read(control, text + length, sizeof(text) - 1 - length);
		assert_true(n > 0);
		length += (size_t)n;
		text[length] = 0;
	} while (!strstr(text, "1 fail\r\n"));
	assert_non_null(strstr(text, "[1/2] pana/paa/one"));
	assert_non_null(strstr(text, "[2/2] pana/paa/two"));
	assert_null(strstr(text, "pass "));
	assert_non_null(strstr(text, "fail           pana/paa/two"));
	assert_null(strstr(text, "\033[2J"));
	fclose(out);
	close(control);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_has_a_line_for_each_test),
		cmocka_unit_test(a_terminal_shows_what_runs_and_keeps_what_failed),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
