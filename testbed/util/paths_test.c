// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "testbed/util/paths.h"

static void expect(char *got, const char *want)
{
	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
}

static void the_cache_is_where_the_environment_says(void **state)
{
	char here[4096], *below;

	(void)state;
	setenv("HOME", "/home/x", 1);
	setenv("XDG_CACHE_HOME", "/xdg", 1);
	setenv("BATON_CACHE", "/given", 1);
	expect(baton_cache(), "/given");
	setenv("BATON_CACHE", "below", 1);
	assert_non_null(getcwd(here, sizeof(here)));
	below = path_format("%s/below", here);
	expect(baton_cache(), below);
	free(below);
	unsetenv("BATON_CACHE");
	expect(baton_cache(), "/xdg/baton");
	setenv("XDG_CACHE_HOME", "relative-is-invalid", 1);
	expect(baton_cache(), "/home/x/.cache/baton");
	unsetenv("XDG_CACHE_HOME");
	expect(baton_cache(), "/home/x/.cache/baton");
}

static void the_root_is_found_from_the_program(void **state)
{
	char *file;

	(void)state;
	unsetenv("BATON_ROOT");
	file = baton_file("testbed/guest/init.sh");
	assert_non_null(file);
	assert_int_equal(access(file, R_OK), 0);
	free(file);
}

static void the_root_is_what_the_environment_says(void **state)
{
	(void)state;
	setenv("BATON_ROOT", "/usr/../usr", 1);
	expect(baton_root(), "/usr");
	expect(baton_file("share/x"), "/usr/share/x");
	setenv("BATON_ROOT", "/no such folder", 1);
	assert_null(baton_root());
	assert_null(baton_file("x"));
	unsetenv("BATON_ROOT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cache_is_where_the_environment_says),
		cmocka_unit_test(the_root_is_found_from_the_program),
		cmocka_unit_test(the_root_is_what_the_environment_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
