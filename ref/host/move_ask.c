// SPDX-License-Identifier: Apache-2.0
/*
 * Whoever asks for moves.
 *
 * A mover has a process that keeps pairs of processes ready (move.c), made together with the mover and
 * small; each pair costs it two forks, which a move need not wait for. One pair waits all the time;
 * when a move has taken it the next one is made a second after that move, or when the next begins.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ref/host/move_work.h"

#define ORDERS 3 /* descriptor of the keeper's */
#define REST BTIME_S /* after a move, before the next pair is made: its programs come first */

struct mover {
	struct loop *loop;
	int orders;	   /* a socket to the keeper */
	int control, told; /* those of the pair that waits; -1: there is none */
	struct timer *refill;
};

/* --- the keeper ------------------------------------------------------------------------------- */

/* Two descriptors along with one octet. */
union ends {
	struct cmsghdr header;
	char octets[CMSG_SPACE(2 * sizeof(int))];
};

/* False: nobody orders any more. */
static bool take_order(int ends[2])
{
	union ends u;
	char octet;
	struct iovec part = {&octet, 1};
	struct msghdr m = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u)};
	ssize_t n;

	while ((n = recvmsg(ORDERS, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (!c || c->cmsg_len != CMSG_LEN(2 * sizeof(int)))
		return false;
	memcpy(ends, CMSG_DATA(c), 2 * sizeof(int));
	return true;
}

/* Nothing of the caller's goes along but the socket. */
_Noreturn static void keep(int orders)
{
	int nothing = open("/dev/null", O_RDWR), ends[2];
	int o = fcntl(orders, F_DUPFD, 10);

	dup2(nothing, 0);
	dup2(nothing, 1);
	dup2(nothing, 2);
	dup2(o, ORDERS);
	close_range(ORDERS + 1, ~0u, 0);
	setpriority(PRIO_PROCESS, 0, -20); /* others stand still until its work is done */
	signal(SIGCHLD, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	while (take_order(ends)) {
		if (fork() == 0) {
			int control = fcntl(ends[0], F_DUPFD, 10), tell = fcntl(ends[1], F_DUPFD, 10);
			dup2(control, MOVE_CONTROL);
			dup2(tell, MOVE_TELL);
			close_range(MOVE_TELL + 1, ~0u, 0);
			move_pair();
		}
		close(ends[0]);
		close(ends[1]);
	}
	_exit(0);
}

static int send_order(int orders, const int ends[2])
{
	union ends u = {.header = {.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(2 * sizeof(int))}};
	char octet = 0;
	struct iovec part = {&octet, 1};
	struct msghdr m = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u)};

	memcpy(CMSG_DATA(&u.header), ends, 2 * sizeof(int));
	return sendmsg(orders, &m, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static void dismiss(struct mover *m)
{
	if (m->control >= 0)
		close(m->control);
	if (m->told >= 0)
		close(m->told);
	m->control = m->told = -1;
}

/* -1 with errno. */
static int order(struct mover *m)
{
	int control[2], tell[2], result;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return -1;
	if (pipe2(tell, O_CLOEXEC) < 0) {
		close(control[0]);
		close(control[1]);
		return -1;
	}
	result = send_order(m->orders, (int[]){control[1], tell[1]});
	close(control[1]);
	close(tell[1]);
	m->control = control[0];
	m->told = tell[0];
	if (result < 0)
		dismiss(m);
	return result;
}

static void refill(void *context)
{
	struct mover *m = context;

	if (m->control < 0)
		order(m);
}

struct mover *mover_new(struct loop *loop)
{
	struct mover *m = host_alloc(sizeof(*m));
	int orders[2];
	pid_t child;

	*m = (struct mover){.loop = loop, .orders = -1, .control = -1, .told = -1};
	m->refill = timer_new(loop, refill, m);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, orders) < 0)
		goto failed;
	child = fork();
	if (child == 0) {
		setsid();
		if (fork() == 0)
			keep(orders[1]);
		_exit(0);
	}
	close(orders[1]);
	m->orders = orders[0];
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (child > 0 && order(m) == 0)
		return m;
failed:
	mover_free(m);
	return NULL;
}

void mover_free(struct mover *m)
{
	if (!m)
		return;
	dismiss(m);
	timer_free(m->refill);
	if (m->orders >= 0)
		close(m->orders);
	free(m);
}

/* --- one move --------------------------------------------------------------------------------- */

struct move {
	struct mover *mover;
	int control, told;
	struct watch *watch;
	void (*ready)(void *context);
	void (*done)(void *context, const struct move_report *report);
	void *context;
	char *heard; /* the report, as far as it has come */
	size_t size;
	struct move_report report;
};

static void tell_the_end(struct move *m)
{
	timer_set(m->mover->refill, btime_add(loop_now(), REST));
	watch_free(m->watch);
	m->watch = NULL;
	m->done(m->context, &m->report);
}

/* Whether a whole report has come. */
static bool take_report(struct move *m)
{
	size_t need = sizeof(uint32_t) + sizeof(m->report);

	if (m->size < need)
		return false;
	memcpy(&m->report, m->heard + sizeof(uint32_t), sizeof(m->report));
	m->report.sockets = NULL;
	if (m->size < need + m->report.count * sizeof(struct move_socket))
		return false;
	m->report.sockets = host_alloc((m->report.count + 1) * sizeof(struct move_socket));
	memcpy(m->report.sockets, m->heard + need, m->report.count * sizeof(struct move_socket));
	return true;
}

static void hear(void *context)
{
	struct move *m = context;
	char piece[16384];
	ssize_t n = read(m->told, piece, sizeof(piece));
	uint32_t kind;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		m->report = (struct move_report){.error = -ECONNABORTED};
		snprintf(m->report.why, sizeof(m->report.why), "its processes were killed");
		tell_the_end(m);
		return;
	}
	m->heard = realloc(m->heard, m->size + (size_t)n);
	if (!m->heard)
		abort();
	memcpy(m->heard + m->size, piece, (size_t)n);
	m->size += (size_t)n;
	while (m->size >= sizeof(kind)) {
		memcpy(&kind, m->heard, sizeof(kind));
		if (kind == MOVE_TALE_REPORT)
			break;
		m->size -= sizeof(kind);
		memmove(m->heard, m->heard + sizeof(kind), m->size);
		if (m->ready)
			m->ready(m->context);
	}
	if (take_report(m))
		tell_the_end(m);
}

/* The pair that waits, or another one when that was killed. */
static bool ask(struct move *m, const struct move_request *request)
{
	struct mover *from = m->mover;

	for (int tries = 0; tries < 2; tries++) {
		if (from->control < 0 && order(from) < 0)
			return false;
		if (send(from->control, request, sizeof(*request), MSG_NOSIGNAL) >= 0) {
			m->control = from->control;
			m->told = from->told;
			from->control = from->told = -1;
			return true;
		}
		dismiss(from);
	}
	return false;
}

struct move *move_begin(struct mover *mover, const struct move_config *config,
	void (*ready)(void *context), void (*done)(void *context, const struct move_report *report),
	void *context)
{
	struct move_request request = {.config = *config};
	struct move *m = host_alloc(sizeof(*m));
	unsigned n = config->spares < MOVE_SPARES - 1 ? config->spares : MOVE_SPARES - 1;

	for (unsigned i = 0; i < n; i++)
		request.spare[i] = config->spare[i];
	request.spare[n++] = getpid(); /* the caller's own sockets stay */
	request.config.spares = n;
	request.config.spare = NULL;
	*m = (struct move){.mover = mover, .ready = ready, .done = done, .context = context};
	if (!ask(m, &request)) {
		free(m);
		return NULL;
	}
	m->watch = watch_readable(mover->loop, m->told, hear, m);
	return m;
}

void move_go(struct move *m)
{
	send(m->control, "g", 1, MSG_NOSIGNAL); /* if it has ended, the report says why */
}

void move_free(struct move *m)
{
	if (!m)
		return;
	watch_free(m->watch);
	close(m->control);
	close(m->told);
	free(m->heard);
	move_report_free(&m->report);
	free(m);
}
