// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "testbed/report/figures.h"

/* The shipped file holds what the RFC prints; these cells were read from the RFC's own tables. */
static void shipped_file_has_the_published_values(void **state)
{
	struct report_error error;
	struct figures *f = figures_load(NULL, &error);
	const struct figures_table *t;

	(void)state;
	assert_non_null(f);
	assert_float_equal(figures_value(f, "rfc6252-fig7", "buffer", "l2_handoff_ms"), 5.0, 0);
	assert_float_equal(figures_value(f, "rfc6252-fig7", "no-buffer", "packet_loss_avg"), 1.5,
		0);
	assert_float_equal(figures_value(f, "rfc6252-fig6", "buffer/ro", "inter_packet_during_ms"),
		66.6, 0);
	assert_float_equal(figures_value(f, "rfc6252-non-mpa", NULL, "handover_ms"), 4000, 0);
	assert_float_equal(figures_value(f, "rfc6252-fig10", "mpa/roaming",
				   "affecting_handover_ms"),
		17, 0);
	assert_true(isnan(figures_value(f, "rfc6252-fig7", "no-buffer", "buffered_packets")));
	assert_true(isnan(figures_value(f, "rfc6252-fig7", "nothing", "l2_handoff_ms")));
	assert_true(isnan(figures_value(f, "rfc6252-fig7", NULL, "l2_handoff_ms")));
	assert_true(isnan(figures_value(f, "rfc6252-fig7", "buffer", "nothing")));
	assert_true(isnan(figures_value(f, "nothing", "buffer", "l2_handoff_ms")));
	t = figures_find(f, "rfc6252-fig7");
	assert_non_null(t);
	assert_string_equal(t->source, "RFC 6252, C.5.1, Figure 7");
	assert_float_equal(t->interval_ms, 16, 0);
	assert_int_equal(figures_find(f, "dad")->rows[0].n_values, 2);
	assert_true(figures_count(f) >= 8);
	figures_free(f);
}

static const struct {
	const char *text;
	const char *message; /* after the name of the file */
} wrong[] = {
	{ "- id: a\n  title: b\n  source: c\n  colour: d\n", ":4: unknown key \"colour\"" },
	{ "- id: a\n  title: b\n  source: c\n  columns: [x, y]\n  rows:\n    r: [1]\n",
		":6: row r has 1 values for 2 columns" },
	{ "- id: a\n  title: b\n  source: c\n  rows:\n    r: [1]\n    s: [two]\n",
		":6: \"two\" is no number" },
	{ "- id: a\n  title: b\n  source: c\n  rows:\n    r: 1\n", ":5: a row is a list" },
	{ "- id: a\n  title: b\n  rows: {r: [1]}\n", ":1: the table lacks" },
	{ "- id: a\n  title: b\n  source: c\n  rows: {r: [1]}\n"
	  "- id: a\n  title: b\n  source: c\n  rows: {r: [1]}\n",
		":5: id a is already used in line 1" },
	{ "- id: a\n  id: b\n", ":2: the key stands twice" },
	{ "- id: a\n  title: b\n  source: c\n  rows:\n    r: [1]\n    r: [2]\n",
		":6: the row stands twice" },
	{ "- id: a\n  title: b\n  source: c\n  columns: [x, x]\n  rows: {r: [1, 2]}\n",
		":4: the column stands twice" },
	{ "- id: a\n  title: [b]\n", ":2: is no text" },
	{ "id: a\n", ":1: is no list of tables" },
	{ "", ":1: is no list of tables" },
	{ "- just text\n", ":1: is no table" },
	{ "- id: a\n  title: \"b\n", ":3: is not YAML" },
	{ "- id: a\n  title: b\n  source: c\n  traffic: {speed: 1}\n  rows: {r: [1]}\n",
		":4: unknown key in traffic" },
};

static void wrong_file_is_named_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char path[] = "/tmp/baton-figures.XXXXXX";
		int fd = mkstemp(path);
		struct report_error error;
		ssize_t n = (ssize_t)strlen(wrong[i].text);

		assert_true(fd >= 0);
		assert_true(write(fd, wrong[i].text, (size_t)n) == n);
		close(fd);
		error.text[0] = 0;
		assert_null(figures_load(path, &error));
		unlink(path);
		if (strncmp(error.text + strlen(path), wrong[i].message, strlen(wrong[i].message)))
			fail_msg("expected \"...%s\", received \"%s\"", wrong[i].message,
				error.text);
		assert_non_null(strchr(error.text, ';'));
	}
}

static void absent_file_is_named(void **state)
{
	struct report_error error;

	(void)state;
	assert_null(figures_load("/nonexistent/figures.yaml", &error));
	assert_non_null(strstr(error.text, "/nonexistent/figures.yaml: cannot open it"));
}

static void word_follows_tolerance_and_direction(void **state)
{
	(void)state;
	assert_string_equal(figure_word(16, 16, NAN, true), "reproduced");
	assert_string_equal(figure_word(16, 19.2, NAN, true), "reproduced");
	assert_string_equal(figure_word(16, 12.8, NAN, true), "reproduced");
	assert_string_equal(figure_word(16, 19.3, NAN, true), "worse");
	assert_string_equal(figure_word(16, 12.7, NAN, true), "better");
	assert_string_equal(figure_word(16, 12.7, NAN, false), "worse");
	assert_string_equal(figure_word(16, 19.3, NAN, false), "better");
	assert_string_equal(figure_word(100, 104, 0.05, true), "reproduced");
	assert_string_equal(figure_word(100, 106, 0.05, true), "worse");
	/* Half a unit is the rounding of the source. */
	assert_string_equal(figure_word(0, 0.5, NAN, true), "reproduced");
	assert_string_equal(figure_word(0, 1, NAN, true), "worse");
	assert_string_equal(figure_word(1, 0.4, NAN, true), "better");
	assert_string_equal(figure_word(NAN, 1, NAN, true), "not documented");
	assert_string_equal(figure_word(1, NAN, NAN, true), "not documented");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_file_has_the_published_values),
		cmocka_unit_test(wrong_file_is_named_with_its_line),
		cmocka_unit_test(absent_file_is_named),
		cmocka_unit_test(word_follows_tolerance_and_direction),
	};

	return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
