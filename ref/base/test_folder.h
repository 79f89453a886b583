// SPDX-License-Identifier: Apache-2.0
/* Folders and files of tests in $TMPDIR, or /tmp. Whoever runs the tests may remove the whole of
 * $TMPDIR afterwards, so that nothing is left of those that ended half way. */
#ifndef BATON_BASE_TEST_FOLDER_H
#define BATON_BASE_TEST_FOLDER_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define TEST_PATH 128

/* `path` has the first part of a name, and becomes a template of the whole. */
static inline char *test_path(char path[TEST_PATH], const char *suffix)
{
	const char *folder = getenv("TMPDIR");
	char name[TEST_PATH];

	snprintf(name, sizeof(name), "%s", path);
	int n = snprintf(path, TEST_PATH, "%s/%s-XXXXXX%s", folder ? folder : "/tmp", name, suffix);
	if (n >= TEST_PATH) {
		fprintf(stderr, "TMPDIR=%s: too long for a test; up to 90 octets would do\n",
			folder);
		abort();
	}
	return path;
}

/* `path` has the first part of a name, and becomes the path of a new folder. False with errno set. */
static inline bool test_folder(char path[TEST_PATH])
{
	return mkdtemp(test_path(path, "")) != NULL;
}

/* The same of a new file, whose name ends with the suffix: its descriptor, or -1 with errno set. */
static inline int test_file(char path[TEST_PATH], const char *suffix)
{
	size_t n = 0;

	while (suffix[n])
		n++;
	return mkstemps(test_path(path, suffix), (int)n);
}

#endif
