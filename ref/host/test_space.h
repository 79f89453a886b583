// SPDX-License-Identifier: Apache-2.0
/* A network namespace for a test of its own, as root or as an ordinary user. */
#ifndef BATON_HOST_TEST_SPACE_H
#define BATON_HOST_TEST_SPACE_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Writes the text to a file that is created or cut short. False when that fails. */
static inline bool write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	return file && fputs(text, file) >= 0 && fclose(file) == 0;
}

/* Moves this process into a fresh namespace with its loopback up. False when the kernel does not
 * allow it: then the test skips. */
static inline bool enter_test_space(void)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();

	if (uid == 0) {
		if (unshare(CLONE_NEWNET) < 0)
			return false;
	} else {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			return false;
		snprintf(map, sizeof(map), "0 %u 1", uid);
		if (!write_file("/proc/self/uid_map", map) ||
			!write_file("/proc/self/setgroups", "deny"))
			return false;
		snprintf(map, sizeof(map), "0 %u 1", gid);
		if (!write_file("/proc/self/gid_map", map))
			return false;
	}
	return system("ip link set lo up") == 0;
}

#endif
