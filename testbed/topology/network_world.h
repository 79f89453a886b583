// SPDX-License-Identifier: Apache-2.0
//
// Networks for tests: a state directory of their own, the wired topology, scripts on its nodes. For cmocka
// programs only.

#ifndef BATON_TOPOLOGY_NETWORK_WORLD_H
#define BATON_TOPOLOGY_NETWORK_WORLD_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/base/test_folder.h"
#include "testbed/topology/network.h"

/* State below a folder of our own, so that networks of others do not count. */
static char state[TEST_PATH] = "baton-network-test";
static struct topology *wired;

/* Sleeps. */
static inline void pause_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* Raises the wired topology; the test is skipped where this machine does not allow it. */
static inline struct network *up(const struct network_options *options)
{
	struct diagnostics d = { 0 };
	struct network *n;
	int error = network_up(wired, options, &n, &d);

	diagnostics_print(&d, stderr);
	diagnostics_free(&d);
	if (error == -EPERM || error == -ENOSPC || error == -EACCES)
		skip();
	assert_int_equal(error, 0);
	return n;
}

/* Entries of the state directory but the lock. */
static inline int left_over(void)
{
	DIR *d = opendir(state);
	struct dirent *e;
	int count = 0;

	while (d && (e = readdir(d)))
		count += strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
			strcmp(e->d_name, ".lock");
	if (d)
		closedir(d);
	return count;
}

/* Whether it is so within five seconds. */
static inline bool comes_true(bool (*condition)(void *), void *argument)
{
	for (int i = 0; i < 5000; i++) {
		if (condition(argument))
			return true;
		pause_ms(1);
	}
	return false;
}

/* For comes_true: no network is left. */
static inline bool nothing_left(void *argument)
{
	(void)argument;
	return left_over() == 0;
}

/* The exit status of a script on a node; 1000: it was killed. */
static inline int run_shell(struct network *n, const char *node, const char *script, int out)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct spawn s = { .argv = argv, .stdout_fd = out };
	int status, error = network_run(n, node, &s, &status, 10000, NULL);

	return error ? error : WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

/* What a script prints on a node; to be freed. */
static inline char *output_of(struct network *n, const char *node, const char *script)
{
	int fds[2];
	char *text = calloc(1, 4096);
	ssize_t got;
	size_t length = 0;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(run_shell(n, node, script, fds[1]), 0);
	close(fds[1]);
	while ((got = read(fds[0], text + length, 4095 - length)) > 0)
		length += got;
	close(fds[0]);
	return text;
}

/* Of the group: a state directory of its own, and the topology. */
static inline int set_up(void **unused)
{
	struct diagnostics d = { 0 };
	char *path = topology_find("wired", &d);

	(void)unused;
	if (!test_folder(state) || !path || setenv("BATON_STATE", state, 1))
		return -1;
	if (topology_load(path, &wired, &d))
		diagnostics_print(&d, stderr);
	free(path);
	return wired ? 0 : -1;
}

/* And their end. */
static inline int tear_down(void **unused)
{
	char lock[64];

	(void)unused;
	topology_free(wired);
	snprintf(lock, sizeof(lock), "%s/.lock", state);
	unlink(lock);
	return rmdir(state);
}

#endif
