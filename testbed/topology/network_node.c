// SPDX-License-Identifier: Apache-2.0
//
// What a user of a network does on its nodes: programs, sockets, namespaces, links.

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testbed/topology/network_private.h"
#include "testbed/topology/process.h"
#include "testbed/topology/shepherd.h"

extern char **environ;

const struct topology *network_topology(const struct network *n)
{
	return n->topology;
}

const char *network_directory(const struct network *n)
{
	return n->directory;
}

/* The node's index, or -1 with a finding. */
static long find_node(const struct network *n, const char *name, struct diagnostics *d)
{
	const struct topology_node *node = topology_node(n->topology, name);
	char names[512] = "";

	if (node)
		return node - n->topology->nodes;
	for (size_t i = 0; i < n->topology->n_nodes && strlen(names) < 400; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			i ? ", " : "", n->topology->nodes[i].name);
	diagnostics_add(d, NULL, 0, "there is no node \"%s\"; it would be one of %s", name, names);
	return -1;
}

const char *network_scratch(const struct network *n, const char *node)
{
	long i = find_node(n, node, NULL);

	return i < 0 ? NULL : n->scratch[i];
}

/* --- environment ---------------------------------------------------------------------------- */

static bool has_variable(char *const *env, size_t count, const char *entry)
{
	size_t length = strcspn(entry, "=");

	for (size_t i = 0; i < count; i++)
		if (!strncmp(env[i], entry, length) && env[i][length] == '=')
			return true;
	return false;
}

static size_t add_variables(char **env, size_t count, char *const *from)
{
	for (; from && *from; from++)
		if (!has_variable(env, count, *from))
			env[count++] = *from;
	env[count] = NULL;
	return count;
}

static size_t count_variables(char *const *env)
{
	size_t count = 0;

	while (env && env[count])
		count++;
	return count;
}

struct environment {
	char node[64], role[64], directory[PATH_MAX + 16];
	char **list;
};

/* The first to name a variable wins: the caller's, then ours, then this process's. */
static void make_environment(const struct network *n, long node, const struct spawn *s,
	struct environment *e)
{
	char *const *extra = (char *const *)(uintptr_t)s->env;
	char *own[] = { e->node, e->role, e->directory, NULL };
	size_t count;

	snprintf(e->node, sizeof(e->node), "BATON_NODE=%s", n->topology->nodes[node].name);
	snprintf(e->role, sizeof(e->role), "BATON_ROLE=%s", n->topology->nodes[node].role);
	snprintf(e->directory, sizeof(e->directory), "BATON_DIR=%s", n->scratch[node]);
	e->list = calloc(count_variables(extra) + count_variables(environ) + 4, sizeof(*e->list));
	if (!e->list)
		abort();
	count = add_variables(e->list, 0, extra);
	count = add_variables(e->list, count, own);
	add_variables(e->list, count, environ);
}

/* --- programs ------------------------------------------------------------------------------- */

static int open_log(const struct network *n, long node, const struct spawn *s)
{
	const char *slash = strrchr(s->argv[0], '/');
	char path[PATH_MAX + 64];
	int fd;

	if (s->log)
		snprintf(path, sizeof(path), "%s", s->log);
	else
		snprintf(path, sizeof(path), "%s/%s.log", n->scratch[node],
			slash ? slash + 1 : s->argv[0]);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fd;
}

/* stdin, stdout, stderr for the program; opened[] are ours to close. */
static int open_stdio(const struct network *n, long node, const struct spawn *s, int fds[3],
	int opened[2])
{
	fds[0] = s->stdin_fd;
	fds[1] = s->stdout_fd;
	fds[2] = s->stderr_fd;
	if (!fds[0]) {
		fds[0] = opened[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds[0] < 0)
			return -errno;
	}
	if (!fds[1] || !fds[2]) {
		opened[1] = open_log(n, node, s);
		if (opened[1] < 0)
			return opened[1];
		fds[1] = fds[1] ? fds[1] : opened[1];
		fds[2] = fds[2] ? fds[2] : opened[1];
	}
	return 0;
}

/* Sends the order to start; *handle becomes this side's end. */
static int ask_spawn(struct network *n, long node, const struct spawn *s, const int stdio[3],
	int *handle)
{
	struct message m = { .op = MESSAGE_SPAWN, .index = node, .argument = { s->priority } };
	struct environment environment;
	int fds[5] = { -1, -1, stdio[0], stdio[1], stdio[2] }, pair[2], error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	make_environment(n, node, s, &environment);
	fds[0] = pair[1];
	fds[1] = specification_write(s->argv, environment.list, s->cwd ? s->cwd : n->scratch[node]);
	error = fds[1] < 0 ? fds[1] : network_ask(n, &m, fds, 5, NULL);
	free(environment.list);
	close_fds(fds, 2);
	if (error)
		close(pair[0]);
	*handle = pair[0];
	return error;
}

int network_spawn(struct network *n, const char *node, const struct spawn *s, struct process **out,
	struct diagnostics *d)
{
	long i = find_node(n, node, d);
	int stdio[3], opened[2] = { -1, -1 }, handle, error;

	*out = NULL;
	if (i < 0)
		return -EINVAL;
	error = open_stdio(n, i, s, stdio, opened);
	if (!error)
		error = ask_spawn(n, i, s, stdio, &handle);
	close_fds(opened, 2);
	if (!error)
		error = process_attach(handle, out);
	if (error)
		diagnostics_add(d, NULL, 0, "cannot start %s on %s: %s", s->argv[0], node,
			strerror(-error));
	return error;
}

/* --- sockets and namespaces ----------------------------------------------------------------- */

int network_socket(struct network *n, const char *node, int domain, int type, int protocol)
{
	struct message m = { .op = MESSAGE_SOCKET, .argument = { domain, type, protocol } };
	int fds[MESSAGE_FDS_MAX], error;
	long i = find_node(n, node, NULL);

	if (i < 0)
		return -EINVAL;
	m.index = i;
	error = network_ask(n, &m, NULL, 0, fds);
	if (!error && fds[0] < 0)
		error = -EMFILE; /* the descriptor did not fit into this process */
	return error ? error : fds[0];
}

/* The six descriptors of MESSAGE_NAMESPACES. */
static int get_namespaces(struct network *n, const char *node, int fds[MESSAGE_FDS_MAX])
{
	struct message m = { .op = MESSAGE_NAMESPACES };
	long i = find_node(n, node, NULL);
	int error;

	if (i < 0)
		return -EINVAL;
	m.index = i;
	error = network_ask(n, &m, NULL, 0, fds);
	if (!error && fds[MESSAGE_FDS_MAX - 1] < 0) {
		close_fds(fds, MESSAGE_FDS_MAX);
		error = -EMFILE;
	}
	return error;
}

int network_netns_fd(struct network *n, const char *node)
{
	int fds[MESSAGE_FDS_MAX], error;
	long i = find_node(n, node, NULL);

	if (i < 0)
		return -EINVAL;
	if (n->netns[i] >= 0)
		return n->netns[i];
	error = get_namespaces(n, node, fds);
	if (error)
		return error;
	n->netns[i] = fds[3];
	fds[3] = -1;
	close_fds(fds, MESSAGE_FDS_MAX);
	return n->netns[i];
}

/* Whether the descriptor is the namespace this process is in; entering one's own user namespace
   again is not allowed. */
static bool is_own(int fd, const char *path)
{
	struct stat mine, other;

	return stat(path, &mine) == 0 && fstat(fd, &other) == 0 && mine.st_ino == other.st_ino &&
		mine.st_dev == other.st_dev;
}

int network_enter(struct network *n, const char *node)
{
	static const int kinds[MESSAGE_FDS_MAX] = { CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNS,
		CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWIPC };
	int fds[MESSAGE_FDS_MAX], error = get_namespaces(n, node, fds);

	if (error)
		return error;
	for (int i = 0; i < MESSAGE_FDS_MAX && !error; i++) {
		if (i == 0 && is_own(fds[0], "/proc/self/ns/user"))
			continue;
		if (setns(fds[i], kinds[i]))
			error = -errno;
	}
	close_fds(fds, MESSAGE_FDS_MAX);
	return error;
}

int network_service(struct network *n, unsigned i, struct network_service *out)
{
	struct message m = { .op = MESSAGE_SERVICE, .index = i };
	int error = network_ask(n, &m, NULL, 0, NULL);

	if (error)
		return error;
	snprintf(out->title, sizeof(out->title), "%.127s", m.text);
	snprintf(out->log, sizeof(out->log), "%s", m.file);
	out->ended = m.argument[0];
	return 0;
}

/* --- links ---------------------------------------------------------------------------------- */

static int find_link(const struct network *n, const char *name, uint32_t *index)
{
	const struct topology_link *l = topology_link(n->topology, name);

	if (!l)
		return -EINVAL;
	*index = l - n->topology->links;
	return 0;
}

int network_link_set(struct network *n, const char *link, bool up)
{
	struct message m = { .op = MESSAGE_LINK, .argument = { up } };
	int error = find_link(n, link, &m.index);

	return error ? error : network_ask(n, &m, NULL, 0, NULL);
}

int network_link_impair(struct network *n, const char *link, const struct network_impairment *i,
	struct diagnostics *d)
{
	struct message m = { .op = MESSAGE_IMPAIR, .impairment = *i };
	int error = find_link(n, link, &m.index);

	if (error)
		diagnostics_add(d, NULL, 0,
			"there is no link \"%s\"; it would be one of the topology", link);
	else
		error = network_ask(n, &m, NULL, 0, NULL);
	if (error && error != -EINVAL)
		diagnostics_add(d, NULL, 0,
			"cannot impair link %s: %s; it would need netem in the "
			"kernel, as in \"baton guest\"",
			link, strerror(-error));
	return error;
}
