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
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "ref/host/move_inside.h"

#define ALL_BUT_LISTENING                                                                          \
	(0xfffu & ~(1u << TCP_STATE_LISTEN | 1u << TCP_STATE_CLOSED | 1u << TCP_STATE_TIME_WAIT))

struct search {
	struct journal *journal;
	uint8_t family, protocol;
	unsigned found;
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

static bool known(const struct journal *j, uint8_t protocol, const struct inet_diag_msg *d)
{
	for (unsigned i = 0; i < j->head->sockets; i++) {
		const struct moving *m = journal_socket(j, i);
		if (m->result.protocol != protocol ||
			m->result.local_port != ntohs(d->id.idiag_sport) ||
			m->result.peer_port != ntohs(d->id.idiag_dport))
			continue;
		if (m->inode == d->idiag_inode)
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
	if (known(s->journal, s->protocol, d))
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
			.peer_port = ntohs(d->id.idiag_dport)}};
	s->found++;
}

static int take_message(struct nl_msg *message, void *context)
{
	struct nlmsghdr *h = nlmsg_hdr(message);

	if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		nlmsg_datalen(h) >= (int)sizeof(struct inet_diag_msg))
		take_socket(context, nlmsg_data(h));
	return NL_OK;
}

static int dump(struct search *s, struct nl_sock *socket)
{
	struct inet_diag_req_v2 request = {.sdiag_family = s->family,
		.sdiag_protocol = s->protocol,
		.idiag_states = s->protocol == IPPROTO_TCP ? ALL_BUT_LISTENING : 0xfffu};
	int result;

	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_message, s);
	nl_socket_disable_auto_ack(socket);
	result = nl_send_simple(socket, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof(request));
	if (result >= 0)
		result = nl_recvmsgs_default(socket);
	/* A kernel without IPv6, or without a list of UDP sockets, has none of that kind to move.
	 */
	return result == -NLE_OBJ_NOTFOUND || result == -NLE_OPNOTSUPP ? 0 : result;
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

struct owners {
	struct journal *journal;
	struct moving **sorted;
	unsigned count;
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

void move_owners(struct journal *j, void (*each)(struct journal *j, pid_t pid))
{
	struct owners o = {.journal = j};
	struct dirent *entry;
	DIR *folder = opendir("/proc");

	o.sorted = host_alloc((j->head->sockets + 1) * sizeof(struct moving *));
	for (unsigned i = 0; i < j->head->sockets; i++)
		if (journal_socket(j, i)->inode)
			o.sorted[o.count++] = journal_socket(j, i);
	qsort(o.sorted, o.count, sizeof(struct moving *), by_inode);
	while (folder && (entry = readdir(folder)))
		if (isdigit((unsigned char)entry->d_name[0]) && look_into(&o, entry->d_name))
			each(j, atoi(entry->d_name));
	if (folder)
		closedir(folder);
	free(o.sorted);
}

int move_fetch(const struct moving *m)
{
	int pidfd = pidfd_open(m->pid, 0), fd, error;

	if (pidfd < 0)
		return -1;
	fd = pidfd_getfd(pidfd, m->fd, 0);
	error = errno;
	close(pidfd);
	errno = error;
	return fd;
}

/* --- both ------------------------------------------------------------------------------------- */

int move_find(struct journal *j, char error[MOVE_ERROR])
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct nl_sock *socket = nl_socket_alloc();
	struct search s = {.journal = j};
	int result;

	if (!journal_more_sockets(j) || !socket) {
		snprintf(error, MOVE_ERROR, "no room in " MOVE_FOLDER);
		nl_socket_free(socket);
		return -ENOSPC;
	}
	result = nl_connect(socket, NETLINK_SOCK_DIAG);
	if (result >= 0)
		nl_socket_set_buffer_size(socket, 1 << 20, 0);
	for (unsigned i = 0; i < 4 && result >= 0; i++) {
		s.family = families[i % 2];
		s.protocol = i < 2 ? IPPROTO_TCP : IPPROTO_UDP;
		if (s.protocol == IPPROTO_TCP || !j->head->config.udp_stays)
			result = dump(&s, socket);
	}
	nl_socket_free(socket);
	if (result < 0 || s.full) {
		snprintf(error, MOVE_ERROR, "the kernel's list of sockets: %s",
			s.full ? "too many of them" : nl_geterror(result));
		return s.full ? -E2BIG : -EIO;
	}
	return (int)s.found;
}
