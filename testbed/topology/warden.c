// SPDX-License-Identifier: Apache-2.0
//
// The warden: the process between a user and a network's keeper. It waits for the keeper, its
// child, and removes the network's folder when the keeper is gone, so that not even a killed
// keeper leaves files. Nobody can ask it to end: it ends with the keeper.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/topology/network_private.h"
#include "testbed/topology/space.h"
#include "testbed/topology/state.h"

/* Closes everything but what the keeper needs; standard error goes to the log. */
static void leave_descriptors(struct keeper_start *start, int *lock)
{
	int keep[] = { start->user, start->user_pidfd, *lock };
	char log[PATH_MAX + 16];
	int fd;

	for (int i = 0; i < 3; i++)
		keep[i] = fcntl(keep[i], F_DUPFD_CLOEXEC, 16);
	for (int i = 0; i < 3; i++)
		dup3(keep[i], 3 + i, O_CLOEXEC);
	start->user = 3;
	start->user_pidfd = 4;
	*lock = 5;
	close_range(6, ~0u, 0);
	fd = open("/dev/null", O_RDWR);
	dup2(fd, 0);
	dup2(fd, 1);
	close(fd);
	snprintf(log, sizeof(log), "%s/keeper.log", start->state);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(fd, 2);
	close(fd);
}

static void report_failure(const struct keeper_start *start, int error)
{
	struct message m = { .op = MESSAGE_FINDING };

	snprintf(m.text, sizeof(m.text),
		"cannot create namespaces%s: %s; it would be allowed by "
		"%s, or as root",
		start->as_user ? " as an ordinary user" : "", strerror(-error),
		error == -ENOSPC
			? "a higher user.max_user_namespaces (sysctl)"
			: "kernel.unprivileged_userns_clone=1 (sysctl) and no AppArmor rule "
			  "against it");
	message_send(start->user, &m, NULL, 0);
	m = (struct message){ .op = MESSAGE_UP, .status = error };
	message_send(start->user, &m, NULL, 0);
}

_Noreturn void warden_run(struct keeper_start *start, int lock)
{
	sigset_t all;
	pid_t keeper;
	int error;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (int i = 1; i < NSIG; i++) /* the user may catch or ignore what we wait for */
		signal(i, SIG_DFL);
	prctl(PR_SET_NAME, "baton-warden");
	umask(022);
	leave_descriptors(start, &lock);
	error = chdir("/") ? -errno : space_new_process(start->as_user);
	keeper = error ? -1 : fork();
	if (keeper == 0) {
		sigset_t none;

		close(lock); /* the warden alone says that the network is gone */
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		_exit(keeper_run(start));
	}
	if (keeper < 0) {
		report_failure(start, error ? error : -errno);
	} else {
		state_write_keeper(start->state, keeper);
		close(start->user);
		while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
			;
	}
	state_release(start->state);
	_exit(0);
}
