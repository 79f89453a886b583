// SPDX-License-Identifier: Apache-2.0
//
// The launcher: forks wardens for a process of several threads. Between fork and exec such a
// process may hardly do anything, since another thread may hold any lock at that moment; a warden
// and its keeper never exec, and do much. So a process of one thread, forked before there are
// others, does it, and hands back a descriptor of each warden.

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/topology/network_private.h"

struct network_launcher {
	const struct topology *topology;
	pthread_mutex_t lock; /* one request at a time */
	int socket;
	pid_t pid;
};

/* A request; beside it the descriptors of a keeper_start and the lock. */
struct launch {
	char name[64], state[PATH_MAX], directory[PATH_MAX];
	bool as_user, no_services;
	int service_timeout_ms;
};

enum { USER, USER_PIDFD, LOCK, LAUNCH_FDS };

/* --- the launcher's own life ---------------------------------------------------------------- */

static pid_t launch(const struct topology *t, const struct launch *request, int *fds)
{
	const struct network_options options = {
		.no_services = request->no_services,
		.service_timeout_ms = request->service_timeout_ms,
	};
	struct keeper_start start = {
		.topology = t,
		.options = &options,
		.name = request->name,
		.state = request->state,
		.directory = request->directory,
		.user = fds[USER],
		.user_pidfd = fds[USER_PIDFD],
		.as_user = request->as_user,
	};
	pid_t warden = fork();

	if (warden == 0)
		warden_run(&start, fds[LOCK]);
	return warden < 0 ? -errno : warden;
}

static _Noreturn void launcher_run(const struct topology *t, int socket)
{
	struct launch request;
	int fds[MESSAGE_FDS_MAX];
	sigset_t all;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_NAME, "baton-launcher");
	while (packet_receive(socket, &request, sizeof(request), fds) == 0) {
		pid_t warden = launch(t, &request, fds);
		int32_t status = warden < 0 ? warden : 0;
		int pidfd = warden < 0 ? -1 : (int)syscall(SYS_pidfd_open, warden, 0);

		packet_send(socket, &status, sizeof(status), &pidfd, pidfd >= 0);
		close_fds(&pidfd, 1);
		close_fds(fds, MESSAGE_FDS_MAX);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	_exit(0);
}

/* --- the user's side ------------------------------------------------------------------------ */

int network_launcher_open(const struct topology *t, struct network_launcher **out)
{
	struct network_launcher *l = calloc(1, sizeof(*l));
	int sockets[2];

	*out = NULL;
	if (!l)
		abort();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets)) {
		free(l);
		return -errno;
	}
	l->pid = fork();
	if (l->pid == 0) {
		close(sockets[0]);
		launcher_run(t, sockets[1]);
	}
	close(sockets[1]);
	if (l->pid < 0) {
		int error = -errno;
		close(sockets[0]);
		free(l);
		return error;
	}
	l->topology = t;
	l->socket = sockets[0];
	pthread_mutex_init(&l->lock, NULL);
	*out = l;
	return 0;
}

void network_launcher_close(struct network_launcher *l)
{
	if (!l)
		return;
	close(l->socket);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
	pthread_mutex_destroy(&l->lock);
	free(l);
}

int launcher_start(struct network_launcher *l, const struct keeper_start *start, int lock)
{
	const int fds[LAUNCH_FDS] = { start->user, start->user_pidfd, lock };
	struct launch request = { .as_user = start->as_user,
		.no_services = start->options->no_services,
		.service_timeout_ms = start->options->service_timeout_ms };
	int got[MESSAGE_FDS_MAX], error;
	int32_t status = -EPROTO;

	if (l->topology != start->topology)
		return -EINVAL;
	snprintf(request.name, sizeof(request.name), "%s", start->name);
	snprintf(request.state, sizeof(request.state), "%s", start->state);
	snprintf(request.directory, sizeof(request.directory), "%s", start->directory);
	pthread_mutex_lock(&l->lock);
	error = packet_send(l->socket, &request, sizeof(request), fds, LAUNCH_FDS);
	if (!error)
		do
			error = packet_receive(l->socket, &status, sizeof(status), got);
		while (error == -EINTR);
	pthread_mutex_unlock(&l->lock);
	if (!error && status == 0 && got[0] < 0)
		error = -EMFILE; /* the descriptor did not fit into this process */
	return error ? error : status < 0 ? status : got[0];
}
