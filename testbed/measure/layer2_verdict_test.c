// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "testbed/measure/layer2.h"

static unsigned said(const json_t *measurement, const char *verdict)
{
	unsigned count = 0;
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(measurement, "findings"), i, finding)
		count += strcmp(json_string_value(json_object_get(finding, "verdict")), verdict) ==
			 0;
	return count;
}

static int judge(const double ms[7])
{
	struct layer2_column columns[] = { { "bare", ms[0] }, { "post/non-roaming", ms[1] },
		{ "post/roaming", ms[2] }, { "11i-pre/non-roaming", ms[3] },
		{ "11i-pre/roaming", ms[4] }, { "mpa/non-roaming", ms[5] },
		{ "mpa/roaming", ms[6] }, { NULL, 0 } };
	json_t *measurement = json_object();
	int failed = layer2_judge(columns, (struct result_measurement *)measurement);

	assert_int_equal(said(measurement, "does not hold"), failed);
	assert_int_equal(said(measurement, "holds"), 7 - failed);
	assert_true(said(measurement, "not measured") > 0);
	json_decref(measurement);
	return failed;
}

static void twenty_percent_to_both_sides(void **state)
{
	(void)state;
	assert_int_equal(judge((double[]){ 10, 60, 600, 11.9, 11.9, 8.1, 8.1 }), 0);
	assert_int_equal(judge((double[]){ 10, 60, 600, 12.1, 11.9, 8.1, 8.1 }), 1);
	assert_int_equal(judge((double[]){ 10, 60, 600, 11.9, 11.9, 7.9, 8.1 }), 1);
}

static void distance_shows_after_only(void **state)
{
	(void)state;
	assert_int_equal(judge((double[]){ 10, 60, 400, 10, 10, 10, 10 }), 1);
	assert_int_equal(judge((double[]){ 10, 60, 600, 9, 10.5, 10, 10 }), 1);
	assert_int_equal(judge((double[]){ 10, 60, 600, 10, 10, 10.5, 9 }), 1);
}

/* A column without figures proves nothing. */
static void missing_figures_fail(void **state)
{
	(void)state;
	assert_int_equal(judge((double[]){ NAN, 60, 600, 10, 10, 10, 10 }), 6);
	assert_int_equal(judge((double[]){ 10, NAN, 600, 10, 10, 10, 10 }), 1);
	assert_int_equal(judge((double[]){ 10, 60, 600, 10, 10, NAN, 10 }), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_percent_to_both_sides),
		cmocka_unit_test(distance_shows_after_only),
		cmocka_unit_test(missing_figures_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
