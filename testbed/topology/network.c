// SPDX-License-Identifier: Apache-2.0
//
// The user's side of a network: brings up warden and keeper, and asks the keeper.
//
// The warden (warden.c) is this process's child, or that of its launcher (launcher.c). The keeper
// watches this process and the warden watches nobody.

#include "testbed/topology/network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/topology/message.h"
#include "testbed/topology/network_private.h"
#include "testbed/topology/process.h"
#include "testbed/topology/scalar.h"
#include "testbed/topology/space.h"
#include "testbed/topology/state.h"

#define STOP_WAIT_MS 10000

/* --- up ------------------------------------------------------------------------------------- */

static bool is_privileged(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 &&
		data[0].effective & CAP_TO_MASK(CAP_SYS_ADMIN) &&
		data[0].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

static char *copy(const char *text)
{
	char *c = strdup(text);

	if (!c)
		abort();
	return c;
}

static struct network *network_new(const struct topology *t, const char *name, const char *state,
	const char *directory)
{
	struct network *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	n->topology = t;
	n->keeper = n->warden_pidfd = -1;
	n->name = copy(name);
	n->state = copy(state);
	n->directory = copy(directory);
	n->scratch = calloc(t->n_nodes, sizeof(*n->scratch));
	n->netns = calloc(t->n_nodes, sizeof(*n->netns));
	if (!n->scratch || !n->netns)
		abort();
	for (size_t i = 0; i < t->n_nodes; i++) {
		if (asprintf(&n->scratch[i], "%s/%s", directory, t->nodes[i].name) < 0)
			abort();
		n->netns[i] = -1;
	}
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

static void network_free(struct network *n)
{
	for (size_t i = 0; i < n->topology->n_nodes; i++) {
		free(n->scratch[i]);
		if (n->netns[i] >= 0)
			close(n->netns[i]);
	}
	close_fds(&n->keeper, 1);
	close_fds(&n->warden_pidfd, 1);
	pthread_mutex_destroy(&n->lock);
	free(n->scratch);
	free(n->netns);
	free(n->name);
	free(n->state);
	free(n->directory);
	topology_free(n->own_topology);
	free(n);
}

/* Listens to the keeper until the network is up or has failed. */
static int wait_until_up(struct network *n, const struct network_options *o, struct diagnostics *d)
{
	int fds[MESSAGE_FDS_MAX], error;
	struct message m;

	for (;;) {
		error = message_receive(n->keeper, &m, fds);
		if (error == -EINTR && !(o && o->cancel && *o->cancel))
			continue;
		if (error) {
			diagnostics_add(d, NULL, 0, "%s",
				error == -EINTR ? "interrupted"
						: "the network's keeper died while it came up");
			return error;
		}
		close_fds(fds, MESSAGE_FDS_MAX);
		if (m.op == MESSAGE_UP)
			return m.status;
		if (m.op == MESSAGE_FINDING)
			diagnostics_add(d, m.file[0] ? m.file : NULL, m.line, "%s", m.text);
		else if (o && o->progress)
			o->progress(o->context, m.text);
	}
}

/* The directory for logs and scratch, absolute. */
static int prepare_directory(const struct network_options *o, const char *state,
	char directory[PATH_MAX], struct diagnostics *d)
{
	const char *wanted = o && o->directory ? o->directory : state;
	int error = make_directories(wanted, 0755);

	if (!error && !realpath(wanted, directory))
		error = -errno;
	if (error)
		diagnostics_add(d, wanted, 0, "cannot be used: %s; it would be a folder for logs",
			strerror(-error));
	return error;
}

static int save_topology(const struct topology *t, const char *state)
{
	char path[PATH_MAX + 16];
	FILE *f;

	snprintf(path, sizeof(path), "%s/.topology", state);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	fwrite(t->text, 1, t->length, f);
	return fclose(f) ? -errno : 0;
}

/* Forks the warden, or has it forked. */
static int start_warden(struct network *n, struct keeper_start *start,
	struct network_launcher *launcher, int lock)
{
	if (launcher) {
		n->warden_pidfd = launcher_start(launcher, start, lock);
		return n->warden_pidfd < 0 ? n->warden_pidfd : 0;
	}
	n->warden = fork();
	if (n->warden == 0)
		warden_run(start, lock);
	if (n->warden > 0)
		n->warden_pidfd = (int)syscall(SYS_pidfd_open, n->warden, 0);
	return n->warden < 0 || n->warden_pidfd < 0 ? -errno : 0;
}

/* Starts warden and keeper; the socket to the keeper becomes n->keeper. */
static int start_keeper(struct network *n, const struct network_options *o, int lock)
{
	struct keeper_start start = { .topology = n->topology,
		.options = o,
		.name = n->name,
		.state = n->state,
		.directory = n->directory,
		.as_user = !is_privileged() };
	int sockets[2], error;

	start.user_pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	if (start.user_pidfd < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets)) {
		close(start.user_pidfd);
		return -errno;
	}
	start.user = sockets[1];
	n->keeper = sockets[0];
	error = start_warden(n, &start, o ? o->launcher : NULL, lock);
	close(start.user_pidfd);
	close(sockets[1]);
	return error;
}

int network_up(const struct topology *t, const struct network_options *o, struct network **out,
	struct diagnostics *d)
{
	char name[64], directory[PATH_MAX];
	struct claim claim;
	uint64_t random;
	int error;

	*out = NULL;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	if (o && o->name)
		snprintf(name, sizeof(name), "%s", o->name);
	else
		snprintf(name, sizeof(name), ".%d-%08x", getpid(), (unsigned)random);
	error = state_claim(name, &claim, d);
	if (error)
		return error;
	error = prepare_directory(o, claim.path, directory, d);
	if (!error)
		error = save_topology(t, claim.path);
	if (error) {
		state_release(claim.path);
		close(claim.lock);
		return error;
	}
	*out = network_new(t, name, claim.path, directory);
	error = start_keeper(*out, o, claim.lock);
	close(claim.lock);
	if (error) {
		state_release(claim.path);
		diagnostics_add(d, NULL, 0, "cannot start the keeper: %s", strerror(-error));
	} else {
		error = wait_until_up(*out, o, d);
	}
	if (error) {
		network_down(*out);
		*out = NULL;
	}
	return error;
}

void network_down(struct network *n)
{
	if (!n)
		return;
	struct pollfd gone = { .fd = n->warden_pidfd, .events = POLLIN };

	/* The keeper ends when its user lets go, also if a child of ours still holds the socket. */
	shutdown(n->keeper, SHUT_RDWR);
	while (n->warden_pidfd >= 0 && poll(&gone, 1, -1) < 0 && errno == EINTR)
		;
	while (n->warden > 0 && waitpid(n->warden, NULL, 0) < 0 && errno == EINTR)
		;
	network_free(n);
}

/* --- requests ------------------------------------------------------------------------------- */

int network_ask(struct network *n, struct message *m, const int *fds, unsigned count,
	int in_fds[MESSAGE_FDS_MAX])
{
	int ignored[MESSAGE_FDS_MAX], error;

	pthread_mutex_lock(&n->lock);
	error = message_send(n->keeper, m, fds, count);
	if (!error)
		do
			error = message_receive(n->keeper, m, in_fds ? in_fds : ignored);
		while (error == -EINTR);
	pthread_mutex_unlock(&n->lock);
	if (!error && !in_fds)
		close_fds(ignored, MESSAGE_FDS_MAX);
	return error ? error : m->status;
}

int network_detach(struct network *n)
{
	struct message m = { .op = MESSAGE_DETACH };
	int error = n->warden_pidfd >= 0 ? network_ask(n, &m, NULL, 0, NULL) : 0;

	network_free(n);
	return error;
}

int network_attach(const char *name, struct network **out, const struct topology **t,
	struct diagnostics *d)
{
	char directory[PATH_MAX], state[PATH_MAX + 64], path[PATH_MAX + 80];
	struct message m = { .op = MESSAGE_INFO };
	struct topology *topology = NULL;
	struct network probe = { .lock = PTHREAD_MUTEX_INITIALIZER };
	int error = state_directory(directory, d);

	*out = NULL;
	if (error)
		return error;
	snprintf(state, sizeof(state), "%s/%.32s", directory, name);
	snprintf(path, sizeof(path), "%s/.topology", state);
	probe.keeper = name[0] == '.' || strchr(name, '/') ? -ENOENT : state_connect(state);
	if (probe.keeper < 0) {
		diagnostics_add(d, NULL, 0,
			"no network named %s is up; \"baton topo list\" would show "
			"the names, \"baton topo up\" raise one",
			name);
		return -ENOENT;
	}
	error = network_ask(&probe, &m, NULL, 0, NULL);
	if (!error)
		error = topology_load(path, &topology, d);
	if (error) {
		close(probe.keeper);
		return error;
	}
	*out = network_new(topology, name, state, m.text);
	(*out)->own_topology = topology;
	(*out)->keeper = probe.keeper;
	if (t)
		*t = topology;
	return 0;
}

bool network_name_is_good(const char *name)
{
	const char *valid;

	return scalar_types[SCALAR_NAME].read(name, &valid);
}

/* Whether the folder is gone, waiting for it. */
static bool await_end(const char *state)
{
	for (int i = 0; i < STOP_WAIT_MS; i++) {
		if (access(state, F_OK))
			return true;
		usleep(1000);
	}
	return false;
}

int network_stop(const char *name, struct diagnostics *d)
{
	struct message m = { .op = MESSAGE_STOP };
	struct network *n;
	pid_t keeper;
	int error = network_attach(name, &n, NULL, d);
	char *state;

	if (error)
		return error;
	state = copy(n->state);
	network_ask(n, &m, NULL, 0, NULL);
	network_free(n);
	if (!await_end(state)) {
		/* The keeper hangs: the kernel is asked to do its work. */
		keeper = state_read_keeper(state);
		if (keeper > 0)
			kill(keeper, SIGKILL);
		error = await_end(state) ? 0 : -ETIMEDOUT;
	}
	if (error)
		diagnostics_add(d, NULL, 0, "network %s does not end; its state is in %s", name,
			state);
	free(state);
	return error;
}
