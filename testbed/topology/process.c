// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testbed/topology/message.h"
#include "testbed/topology/shepherd.h"

struct process {
	int handle;
	int pidfd;
	bool ended; /* the program */
	bool gone;  /* the whole group */
	int status;
};

int process_attach(int handle, struct process **out)
{
	struct process_report r;
	int fds[MESSAGE_FDS_MAX], error;

	do
		error = packet_receive(handle, &r, sizeof(r), fds);
	while (error == -EINTR);
	if (error || r.kind != PROCESS_STARTED) {
		close_fds(fds, MESSAGE_FDS_MAX);
		close(handle);
		return error ? error : -r.value;
	}
	*out = calloc(1, sizeof(**out));
	if (!*out)
		abort();
	(*out)->handle = handle;
	(*out)->pidfd = fds[0];
	return 0;
}

int network_pidfd(const struct process *p)
{
	return p->pidfd;
}

pid_t network_pid(const struct process *p)
{
	char path[64], line[128];
	pid_t pid = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", p->pidfd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	if (f)
		fclose(f);
	return pid;
}

int network_signal(struct process *p, int signal)
{
	return syscall(SYS_pidfd_send_signal, p->pidfd, signal, NULL, 0) ? -errno : 0;
}

/* --- waiting -------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes in the next report. The handle closes when the group, or its network, is gone. */
static void take_report(struct process *p)
{
	struct process_report r;
	int fds[MESSAGE_FDS_MAX], error = packet_receive(p->handle, &r, sizeof(r), fds);

	close_fds(fds, MESSAGE_FDS_MAX);
	if (error == -EINTR)
		return;
	if (!error && r.kind == PROCESS_ENDED) {
		p->ended = true;
		p->status = r.value;
	} else if (error) {
		p->gone = true;
		if (!p->ended)
			p->status = SIGKILL; /* it went with its network */
		p->ended = true;
	}
}

/* Waits until *flag, one of p's, is set. */
static int wait_for(struct process *p, const bool *flag, int timeout_ms)
{
	int64_t deadline = now_ms() + timeout_ms;

	while (!*flag) {
		struct pollfd fd = { .fd = p->handle, .events = POLLIN };
		int64_t left = timeout_ms < 0 ? -1 : deadline - now_ms();

		if (timeout_ms >= 0 && left < 0)
			left = 0;
		if (poll(&fd, 1, (int)left) > 0)
			take_report(p);
		else if (left == 0)
			return -ETIMEDOUT;
	}
	return 0;
}

int network_wait(struct process *p, int *status, int timeout_ms)
{
	int error = wait_for(p, &p->ended, timeout_ms);

	if (!error)
		*status = p->status;
	return error;
}

static void order(struct process *p, int signal)
{
	if (!p->gone)
		send(p->handle, &signal, sizeof(signal), MSG_NOSIGNAL);
}

int network_terminate(struct process *p, int *status, int grace_ms)
{
	order(p, SIGTERM);
	if (wait_for(p, &p->gone, grace_ms)) {
		order(p, SIGKILL);
		wait_for(p, &p->gone, -1);
	}
	if (status)
		*status = p->status;
	return 0;
}

void network_release(struct process *p)
{
	if (!p)
		return;
	order(p, SIGKILL);
	wait_for(p, &p->gone, -1);
	close(p->handle);
	close(p->pidfd);
	free(p);
}

int network_run(struct network *n, const char *node, const struct spawn *s, int *status,
	int timeout_ms, struct diagnostics *d)
{
	struct process *p;
	int error = network_spawn(n, node, s, &p, d);

	if (error)
		return error;
	error = network_wait(p, status, timeout_ms);
	network_release(p);
	return error;
}
