// SPDX-License-Identifier: Apache-2.0
/* mutants.def lists what the sources contain, no more and no less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	const char *name, *role;
	unsigned found;
} listed[] = {
#define X(name, role, words, clause) { #name, role, 0 },
#include "ref/pana/mutants.def"
#undef X
};

#define COUNT (sizeof(listed) / sizeof(listed[0]))

static void note(const char *file, const char *name, size_t size)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strlen(listed[i].name) == size && memcmp(listed[i].name, name, size) == 0) {
			listed[i].found++;
			return;
		}
	fail_msg("%s: %.*s is not in mutants.def", file, (int)size, name);
}

static void scan(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[512];

	assert_non_null(in);
	while (fgets(line, sizeof(line), in))
		for (char *at = line; (at = strstr(at, "MUTANT(pana_")) != NULL; at++) {
			const char *name = at + strlen("MUTANT(");
			note(path, name, strcspn(name, ")"));
		}
	fclose(in);
}

static void test_the_list_is_complete(void **state)
{
	char folder[256], path[600];

	(void)state;
	snprintf(folder, sizeof(folder), "%s", __FILE__);
	*strrchr(folder, '/') = '\0';
	DIR *dir = opendir(folder);
	if (!dir)
		fail_msg("%s: run me from the top of the tree", folder);
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		const char *dot = strrchr(e->d_name, '.');
		if (!dot || strcmp(dot, ".c") != 0 || strstr(e->d_name, "_test.c"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		scan(path);
	}
	closedir(dir);
	for (size_t i = 0; i < COUNT; i++)
		if (!listed[i].found)
			fail_msg("%s is in no source", listed[i].name);
	assert_in_range(COUNT, 24, 200);
}

static void test_roles(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		const char *r = listed[i].role;
		assert_true(strcmp(r, "pac") == 0 || strcmp(r, "paa") == 0 ||
			strcmp(r, "both") == 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(listed[i].name, listed[j].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_list_is_complete),
		cmocka_unit_test(test_roles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
