// SPDX-License-Identifier: Apache-2.0
/*
 * The sockets between two addresses, from the kernel's own list (sock_diag(7)), and who has them:
 * the kernel names an inode, and the descriptors under /proc lead to inodes.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ref/host/move_inside.h"

#define PF_KTHREAD 0x200000u /* proc(5), flags in /proc/PID/stat */
#define ALL_BUT_LISTENING                                                                          \
	(0xfffu & ~(1u << TCP_STATE_LISTEN | 1u << TCP_STATE_CLOSED | 1u << TCP_STATE_TIME_WAIT))

struct search {
	struct journal *journal;
	uint8_t protocol;
	unsigned found, next;
	bool full;
};

/* --- the kernel's list ------------------------------------------------------------------------ */

/* The address of one end; IPv4 inside IPv6 as IPv4. */
static struct prefix address_of(uint8_t family, const __be32 words[4], bool *mapped)
{
	static const uint8_t prefix_of_mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct prefix p = {.family = family, .length = family == AF_INET ? 32 : 128};
	const uint8_t *octets = (const uint8_t *)words;

	*mapped = family == AF_INET6 &&
		  memcmp(octets, prefix_of_mapped, sizeof(prefix_of_mapped)) == 0;
	if (*mapped) {
		p.family = AF_INET;
		p.length = 32;
		octets += 12;
	}
	memcpy(p.address, octets, ip_size(p.family));
	return p;
}

/* The kernel lists them in the same order each time: the one behind the last is looked at first. */
static bool known(struct search *s, const struct inet_diag_msg *d)
{
	unsigned count = s->journal->head->sockets;

	for (unsigned n = 0; n < count; n++) {
		const struct moving *m = journal_socket(s->journal, (s->next + n) % count);
		if (m->result.protocol != s->protocol ||
			m->result.local_port != ntohs(d->id.idiag_sport) ||
			m->result.peer_port != ntohs(d->id.idiag_dport) ||
			m->inode != d->idiag_inode)
			continue;
		s->next = (s->next + n + 1) % count;
		return true;
	}
	return false;
}

static void take_socket(struct search *s, const struct inet_diag_msg *d)
{
	const struct move_config *c = &s->journal->head->config;
	bool mapped, peer_mapped;
	struct prefix local = address_of(d->idiag_family, d->id.idiag_src, &mapped);
	struct prefix peer = address_of(d->idiag_family, d->id.idiag_dst, &peer_mapped);
	bool unconnected = s->protocol == IPPROTO_UDP && d->idiag_state == TCP_STATE_CLOSED;
	struct moving *m;

	if (!address_equal(&local, &c->local_from))
		return;
	if (unconnected ? address_equal(&c->local_from, local_of(c, true))
			: !address_equal(&peer, &c->peer_from))
		return;
	if (known(s, d))
		return;
	if (!journal_more_sockets(s->journal)) {
		s->full = true;
		return;
	}
	m = journal_socket(s->journal, s->journal->head->sockets++);
	*m = (struct moving){.inode = d->idiag_inode,
		.family = d->idiag_family,
		.mapped = mapped,
		.fd = -1,
		.result = {.protocol = s->protocol,
			.state = d->idiag_state,
			.fate = MOVE_STAYED,
			.local_port = ntohs(d->id.idiag_sport),
			.unacknowledged = d->idiag_wqueue,
			.peer_port = ntohs(d->id.idiag_dport)}};
	s->found++;
}

/* What one datagram of the kernel's brings. 1: there is more; 0: that was all. */
static int take_messages(struct search *s, const struct nlmsghdr *h, size_t left)
{
	for (; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
		if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			take_socket(s, NLMSG_DATA(h));
	}
	return 1;
}

/* The kernel walks through its whole table for each. */
static int dump(struct search *s, int socket, const struct nlmsghdr *request)
{
	char buffer[32768] __attribute__((aligned(8)));
	int result = send(socket, request, request->nlmsg_len, 0) < 0 ? -errno : 1;

	while (result > 0) {
		ssize_t n = recv(socket, buffer, sizeof(buffer), 0);
		if (n >= 0)
			result = take_messages(s, (struct nlmsghdr *)buffer, (size_t)n);
		else if (errno != EINTR)
			result = -errno;
	}
	/* A kernel without IPv6, or without a list of UDP sockets, has none of that kind to move.
	 */
	return result == -ENOENT || result == -EOPNOTSUPP ? 0 : result;
}

/* The older request has both families in one walk. */
static int dump_tcp(struct search *s, int socket)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req request;
	} m = {.header = {.nlmsg_len = sizeof(m),
		       .nlmsg_type = TCPDIAG_GETSOCK,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request = {.idiag_states = ALL_BUT_LISTENING}};

	s->protocol = IPPROTO_TCP;
	return dump(s, socket, &m.header);
}

static int dump_udp(struct search *s, int socket, uint8_t family)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} m = {.header = {.nlmsg_len = sizeof(m),
		       .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request = {.sdiag_family = family,
			.sdiag_protocol = IPPROTO_UDP,
			.idiag_states = 0xfffu}};

	s->protocol = IPPROTO_UDP;
	return dump(s, socket, &m.header);
}

/* --- their owners ----------------------------------------------------------------------------- */

static bool spared(const struct journal *j, pid_t pid)
{
	for (unsigned i = 0; i < j->head->spares; i++)
		if (j->head->spare[i] == pid)
			return true;
	return pid == j->head->worker || pid == j->head->watcher || pid == getpid();
}

static int by_inode(const void *a, const void *b)
{
	const struct moving *const *x = a, *const *y = b;

	return (*x)->inode < (*y)->inode ? -1 : (*x)->inode > (*y)->inode;
}

#define MOVES_MAX 128

struct owners {
	struct journal *journal;
	struct moving **sorted;
	unsigned count;
	pid_t moves[2 * MOVES_MAX]; /* processes of moves */
	unsigned moves_count;
};

static struct moving *lookup(const struct owners *o, uint32_t inode)
{
	struct moving key = {.inode = inode}, *at = &key, **hit;

	hit = bsearch(&at, o->sorted, o->count, sizeof(at), by_inode);
	return hit ? *hit : NULL;
}

static void name_of(pid_t pid, char out[MOVE_NAME])
{
	char path[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	out[0] = '\0';
	if (!file)
		return;
	if (fgets(out, MOVE_NAME, file))
		out[strcspn(out, "\n")] = '\0';
	fclose(file);
}

static void note_owner(struct owners *o, struct moving *m, pid_t pid, int fd)
{
	if (spared(o->journal, pid)) {
		m->pid = -1;
		name_of(pid, m->result.name);
		m->result.owner = pid;
		move_why(m, MOVE_STAYED, "belongs to a process that is spared");
		return;
	}
	if (m->pid == 0) {
		m->pid = pid;
		m->fd = fd;
		m->result.owner = pid;
		name_of(pid, m->result.name);
	}
}

/* The inode of what a descriptor is, when it is a socket; else 0. */
static uint32_t inode_of(int folder, const char *name)
{
	static const char kind[] = "socket:[";
	char link[64];
	ssize_t n = readlinkat(folder, name, link, sizeof(link) - 1);

	if (n <= 0 || strncmp(link, kind, sizeof(kind) - 1) != 0)
		return 0;
	link[n] = '\0';
	return (uint32_t)strtoul(link + sizeof(kind) - 1, NULL, 10);
}

/* Another move's processes have the sockets that they move, and close them in a moment. */
static void note_move(void *context, const char *path)
{
	struct owners *o = context;

	if (o->moves_count < 2 * MOVES_MAX && journal_processes(path, o->moves + o->moves_count))
		o->moves_count += 2;
}

static bool is_of_a_move(const struct owners *o, pid_t pid)
{
	for (unsigned i = 0; i < o->moves_count; i++)
		if (o->moves[i] == pid)
			return true;
	return false;
}

/*
 * Returns whether the process has one of the sockets. Of all processes only a few have any, so what
 * is done for each has to be little: no streams of the C library's, one buffer for all.
 */
static bool look_into(struct owners *o, const char *name)
{
	char path[32], entries[4096] __attribute__((aligned(8)));
	pid_t pid = atoi(name);
	bool owns = false;
	ssize_t size;
	int folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (folder >= 0 && (size = getdents64(folder, entries, sizeof(entries))) > 0)
		for (ssize_t at = 0; at < size;) {
			const struct dirent64 *entry = (const struct dirent64 *)(entries + at);
			uint32_t inode = inode_of(folder, entry->d_name);
			struct moving *m = inode ? lookup(o, inode) : NULL;
			at += entry->d_reclen;
			if (!m)
				continue;
			note_owner(o, m, pid, atoi(entry->d_name));
			owns = owns || !spared(o->journal, pid);
		}
	if (folder >= 0)
		close(folder);
	return owns;
}

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

#define THREADS_MAX 4096

/* The kernel's own threads, which have no descriptors: often more than half of all processes. They
 * are the children of the one whose number is 2; elsewhere that is none of the kernel's. */
static unsigned kernel_threads(pid_t list[THREADS_MAX])
{
	char text[256] = "";
	FILE *file = fopen("/proc/2/stat", "re");
	unsigned flags = 0, count = 0;
	const char *end;

	if (file && fgets(text, sizeof(text), file) && (end = strrchr(text, ')')))
		sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %u", &flags);
	if (file)
		fclose(file);
	file = flags & PF_KTHREAD ? fopen("/proc/2/task/2/children", "re") : NULL;
	while (file && count < THREADS_MAX && fscanf(file, "%d", &list[count]) == 1)
		count++;
	if (file)
		fclose(file);
	qsort(list, count, sizeof(list[0]), by_number);
	return count;
}

void move_owners(struct journal *j, void (*each)(struct journal *j, pid_t pid))
{
	pid_t threads[THREADS_MAX];
	unsigned count = kernel_threads(threads);
	struct owners o = {.journal = j};
	struct dirent *entry;
	DIR *folder = opendir("/proc");

	o.sorted = host_alloc((j->head->sockets + 1) * sizeof(struct moving *));
	for (unsigned i = 0; i < j->head->sockets; i++)
		if (journal_socket(j, i)->inode)
			o.sorted[o.count++] = journal_socket(j, i);
	qsort(o.sorted, o.count, sizeof(struct moving *), by_inode);
	journal_each(note_move, &o);
	while (folder && (entry = readdir(folder))) {
		pid_t pid = atoi(entry->d_name);
		if (isdigit((unsigned char)entry->d_name[0]) &&
			!bsearch(&pid, threads, count, sizeof(pid), by_number) &&
			!is_of_a_move(&o, pid) &&
			look_into(&o, entry->d_name))
			each(j, pid);
	}
	if (folder)
		closedir(folder);
	free(o.sorted);
}

int move_fetch(const struct moving *m)
{
	int pidfd = pidfd_open(m->pid, 0), fd, error;
	struct stat s;

	if (pidfd < 0)
		return -1;
	fd = pidfd_getfd(pidfd, m->fd, 0);
	error = errno;
	if (fd >= 0 && (fstat(fd, &s) < 0 || s.st_ino != m->inode)) {
		close(fd);
		fd = -1;
		error = ESTALE;
	}
	close(pidfd);
	errno = error;
	return fd;
}

/* --- both ------------------------------------------------------------------------------------- */

/* Two numbers of a line of numbers, of which the line before it has the names. */
uint64_t move_opened(void)
{
	char text[4096], *line, *names, *values, *name, *value, *rest[2];
	int fd = open("/proc/net/snmp", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	uint64_t sum = 0;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, "\nTcp: ");
	names = line ? strtok_r(line + 1, "\n", &rest[0]) : NULL;
	values = names ? strtok_r(NULL, "\n", &rest[0]) : NULL;
	if (!values)
		return 0;
	name = strtok_r(names, " ", &rest[0]);
	value = strtok_r(values, " ", &rest[1]);
	for (; name && value; name = strtok_r(NULL, " ", &rest[0]),
				value = strtok_r(NULL, " ", &rest[1]))
		if (strcmp(name, "ActiveOpens") == 0 || strcmp(name, "PassiveOpens") == 0)
			sum += strtoul(value, NULL, 10);
	return sum;
}

int move_find(struct journal *j, unsigned protocols, char error[MOVE_ERROR])
{
	struct search s = {.journal = j};
	int result = 0;

	if (!journal_more_sockets(j)) {
		snprintf(error, MOVE_ERROR, "no room in " MOVE_FOLDER);
		return -ENOSPC;
	}
	if (j->head->config.udp_stays)
		protocols &= ~(unsigned)FIND_UDP;
	if (j->sockets < 0)
		j->sockets = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (protocols & FIND_TCP)
		result = dump_tcp(&s, j->sockets);
	/* Sockets of IPv6 may carry IPv4. */
	if (protocols & FIND_UDP && result == 0)
		result = dump_udp(&s, j->sockets, AF_INET6);
	if (protocols & FIND_UDP && result == 0)
		result = dump_udp(&s, j->sockets, AF_INET);
	if (result < 0 || s.full) {
		snprintf(error, MOVE_ERROR, "the kernel's list of sockets: %s",
			s.full ? "too many of them" : strerror(-result));
		return s.full ? -E2BIG : result;
	}
	return (int)s.found;
}
