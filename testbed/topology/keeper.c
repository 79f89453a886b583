// SPDX-License-Identifier: Apache-2.0
//
// The keeper's life: raise the network, then answer requests until the user or a stop ends it.
// It has one thread; while it works for one node it stands in that node's namespaces and goes home
// afterwards.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/topology/keeper_private.h"
#include "testbed/topology/message.h"
#include "testbed/topology/needs.h"
#include "testbed/topology/shepherd.h"
#include "testbed/topology/state.h"
#include "testbed/topology/netlink.h"

#define CLIENTS_MAX 32

/* Who may ask: the user first, then whoever connects. */
struct loop {
	struct keeper *k;
	int listener, signals;
	int clients[CLIENTS_MAX]; /* clients[0]: the user, -1 once gone */
	bool detached, stop;
};

void keeper_progress(const struct keeper *k, const char *format, ...)
{
	struct message m = { .op = MESSAGE_PROGRESS };
	va_list ap;

	va_start(ap, format);
	vsnprintf(m.text, sizeof(m.text), format, ap);
	va_end(ap);
	message_send(k->start->user, &m, NULL, 0);
}

bool keeper_is_abandoned(const struct keeper *k)
{
	struct pollfd fds[] = { { .fd = k->start->user_pidfd, .events = POLLIN },
		{ .fd = k->start->user, .events = POLLRDHUP } };

	return poll(fds, 2, 0) > 0;
}

/* --- requests ------------------------------------------------------------------------------- */

int keeper_spawn(struct keeper *k, size_t node, const char *const *argv, const char *log,
	struct process **out)
{
	char *env[] = { k->nodes[node].variable,
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), handle[2], error;
	int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	struct launch l = { .space = &k->nodes[node].space,
		.argv = (char *const *)(uintptr_t)argv,
		.env = env,
		.cwd = k->nodes[node].scratch,
		.stdio = { null, file, file } };

	error = null < 0 || file < 0 ||
			socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, handle)
		? -errno
		: 0;
	if (!error) {
		l.handle = handle[1];
		error = process_launch(&l);
		close(handle[1]);
		if (error > 0)
			error = process_attach(handle[0], out);
	}
	close(null);
	close(file);
	return error;
}

static int serve_spawn(struct keeper *k, const struct message *m, const int *fds)
{
	struct launch l = { .space = &k->nodes[m->index].space,
		.handle = fds[0],
		.priority = m->argument[0],
		.stdio = { fds[2], fds[3], fds[4] } };
	void *memory = NULL;
	int error = fds[4] < 0 ? -EPROTO : specification_read(fds[1], &l, &memory);

	if (!error)
		error = process_launch(&l);
	free(memory);
	return error > 0 ? 0 : error;
}

static int serve_socket(struct keeper *k, const struct message *m, int *fd)
{
	int error = setns(k->nodes[m->index].space.network, CLONE_NEWNET) ? -errno : 0;

	if (error)
		return error;
	*fd = socket(m->argument[0], m->argument[1] | SOCK_CLOEXEC, m->argument[2]);
	if (*fd < 0)
		error = -errno;
	return setns(k->home.network, CLONE_NEWNET) ? -errno : error;
}

static void serve_namespaces(struct keeper *k, const struct message *m, int fds[MESSAGE_FDS_MAX])
{
	const struct space *s = &k->nodes[m->index].space;

	fds[0] = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	fds[1] = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	fds[2] = fcntl(s->mount, F_DUPFD_CLOEXEC, 0);
	fds[3] = fcntl(s->network, F_DUPFD_CLOEXEC, 0);
	fds[4] = fcntl(s->host_name, F_DUPFD_CLOEXEC, 0);
	fds[5] = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
}

static int serve_impair(struct keeper *k, const struct message *m)
{
	const struct topology_link *l = &k->t->links[m->index];
	int error = 0;

	for (int side = 0; side < 2 && !error; side++)
		error = impairment_set(k->nodes[l->end[side].node].route,
			k->link_index[m->index][side], &m->impairment);
	return error;
}

static int serve_service(struct keeper *k, const struct message *m, struct message *reply)
{
	const struct keeper_service *s;

	if (m->index >= k->n_services)
		return -ENOENT;
	s = &k->services[m->index];
	snprintf(reply->text, sizeof(reply->text), "%s %s", s->node->name, s->title);
	reply->argument[0] = s->ended;
	snprintf(reply->file, sizeof(reply->file), "%s", s->log);
	return 0;
}

static bool index_is_good(const struct keeper *k, const struct message *m)
{
	switch (m->op) {
	case MESSAGE_SPAWN:
	case MESSAGE_SOCKET:
	case MESSAGE_NAMESPACES:
		return m->index < k->t->n_nodes;
	case MESSAGE_LINK:
	case MESSAGE_IMPAIR:
		return m->index < k->t->n_links;
	case MESSAGE_PROGRESS:
	case MESSAGE_FINDING:
	case MESSAGE_UP:
	case MESSAGE_INFO:
	case MESSAGE_SERVICE:
	case MESSAGE_DETACH:
	case MESSAGE_STOP:
	case MESSAGE_REPLY:
		break;
	}
	return true;
}

static int serve(struct loop *loop, int client, const struct message *m, const int *fds,
	struct message *reply, int out[MESSAGE_FDS_MAX])
{
	struct keeper *k = loop->k;

	if (!index_is_good(k, m))
		return -EPROTO;
	switch (m->op) {
	case MESSAGE_SPAWN:
		return serve_spawn(k, m, fds);
	case MESSAGE_SOCKET:
		return serve_socket(k, m, &out[0]);
	case MESSAGE_NAMESPACES:
		serve_namespaces(k, m, out);
		return 0;
	case MESSAGE_LINK:
		return keeper_set_link(k, m->index, m->argument[0]);
	case MESSAGE_IMPAIR:
		return serve_impair(k, m);
	case MESSAGE_INFO:
		snprintf(reply->text, sizeof(reply->text), "%s", k->start->directory);
		return 0;
	case MESSAGE_SERVICE:
		return serve_service(k, m, reply);
	case MESSAGE_DETACH:
		if (client != loop->clients[0])
			return -EPERM; /* only its user can let a network go */
		loop->detached = true;
		return 0;
	case MESSAGE_STOP:
		loop->stop = true;
		return 0;
	case MESSAGE_PROGRESS:
	case MESSAGE_FINDING:
	case MESSAGE_UP:
	case MESSAGE_REPLY:
		break;
	}
	return -EPROTO;
}

/* One request of one client; false when the client is gone. */
static bool answer(struct loop *loop, int client)
{
	struct message m, reply = { .op = MESSAGE_REPLY };
	int fds[MESSAGE_FDS_MAX], out[MESSAGE_FDS_MAX] = { -1, -1, -1, -1, -1, -1 };
	unsigned n = 0;
	int error = message_receive(client, &m, fds);

	if (error)
		return error == -EINTR;
	reply.status = serve(loop, client, &m, fds, &reply, out);
	while (n < MESSAGE_FDS_MAX && out[n] >= 0)
		n++;
	error = message_send(client, &reply, out, n);
	close_fds(out, MESSAGE_FDS_MAX);
	close_fds(fds, MESSAGE_FDS_MAX);
	return !error;
}

/* --- the loop ------------------------------------------------------------------------------- */

static void accept_client(struct loop *loop)
{
	int fd = accept4(loop->listener, NULL, NULL, SOCK_CLOEXEC);

	for (int i = 1; fd >= 0 && i < CLIENTS_MAX; i++) {
		if (loop->clients[i] >= 0)
			continue;
		loop->clients[i] = fd;
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* As PID 1 the keeper inherits every orphan. SIGTERM takes the network down. */
static void take_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signals, &info, sizeof(info)) > 0)
		loop->stop |= info.ssi_signo == SIGTERM;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	keeper_check_services(loop->k);
}

static void step(struct loop *loop)
{
	struct pollfd fds[3 + CLIENTS_MAX] = { { .fd = loop->signals, .events = POLLIN },
		{ .fd = loop->detached ? -1 : loop->k->start->user_pidfd, .events = POLLIN },
		{ .fd = loop->listener, .events = POLLIN } };

	for (int i = 0; i < CLIENTS_MAX; i++)
		fds[3 + i] = (struct pollfd){ .fd = loop->clients[i], .events = POLLIN };
	if (poll(fds, 3 + CLIENTS_MAX, -1) < 0)
		return;
	if (fds[0].revents)
		take_signals(loop);
	if (fds[2].revents)
		accept_client(loop);
	for (int i = 0; i < CLIENTS_MAX; i++) {
		if (!fds[3 + i].revents || answer(loop, loop->clients[i]))
			continue;
		close(loop->clients[i]);
		loop->clients[i] = -1;
		loop->stop |= i == 0 && !loop->detached;
	}
	loop->stop |= fds[1].revents != 0;
}

static int open_loop(struct loop *loop)
{
	const struct keeper_start *start = loop->k->start;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	loop->clients[0] = start->user;
	for (int i = 1; i < CLIENTS_MAX; i++)
		loop->clients[i] = -1;
	loop->listener = start->name[0] == '.' ? -1 : state_listen(start->state);
	if (start->name[0] != '.' && loop->listener < 0)
		return loop->listener;
	return loop->signals < 0 ? -errno : 0;
}

/* --- coming up ------------------------------------------------------------------------------ */

static void send_findings(const struct keeper *k, int status)
{
	struct message m = { .op = MESSAGE_FINDING };

	for (size_t i = 0; i < k->findings.count; i++) {
		const struct diagnostic *f = &k->findings.list[i];

		m.line = f->line;
		snprintf(m.file, sizeof(m.file), "%s", f->file ? f->file : "");
		snprintf(m.text, sizeof(m.text), "%s", f->text);
		message_send(k->start->user, &m, NULL, 0);
	}
	m = (struct message){ .op = MESSAGE_UP, .status = status };
	message_send(k->start->user, &m, NULL, 0);
}

static void *zeroed(size_t count, size_t size)
{
	void *p = calloc(count + 1, size);

	if (!p)
		abort();
	return p;
}

static int come_up(struct keeper *k, struct loop *loop)
{
	int error;

	prctl(PR_SET_NAME, "baton-keeper");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	error = space_new_home(&k->home);
	if (error) {
		diagnostics_add(&k->findings, NULL, 0,
			"creating the namespaces of the keeper failed: "
			"%s",
			strerror(-error));
		return error;
	}
	error = needs_check(k->t, &k->findings);
	if (!error)
		error = open_loop(loop);
	if (!error)
		error = keeper_raise(k);
	if (!error && !(k->start->options && k->start->options->no_services))
		error = keeper_start_services(k);
	return error;
}

int keeper_run(const struct keeper_start *start)
{
	const struct topology *t = start->topology;
	struct keeper k = { .start = start,
		.last_index = LAST_KERNEL_INDEX,
		.t = t,
		.nodes = zeroed(t->n_nodes, sizeof(*k.nodes)),
		.link_index = zeroed(t->n_links, sizeof(*k.link_index)),
		.radio_index = zeroed(t->n_radios, sizeof(*k.radio_index)) };
	struct loop loop = { .k = &k };
	int error = come_up(&k, &loop);

	send_findings(&k, error);
	while (!error && !loop.stop)
		step(&loop);
	return error ? 1 : 0;
}
