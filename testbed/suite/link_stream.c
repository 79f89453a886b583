// SPDX-License-Identifier: Apache-2.0
/*
 * Messages in TCP connections, cut out by the length field of the protocol's header. A socket with
 * a port of its own listens, and what connects there becomes a further socket; any other connects
 * with its first message. The end of a connection is a datagram without octets. A socket of
 * link_lan.c beside them carries the same messages in Ethernet frames.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/base/reader.h"
#include "testbed/suite/link_carrier.h"
#include "testbed/suite/link_lan.h"

#define CONNECT_SECONDS 3

struct link_connection {
	enum { UNCONNECTED, LISTENING, OPEN, ENDED, ON_LAN } kind;
	struct endpoint peer;
	size_t used;
	btime at; /* when its last octets came */
	uint8_t octets[65536];
};

static struct link_connection *connection(const struct link *link, unsigned i)
{
	return link->state[i];
}

static int keep(struct link *link, int fd, const struct endpoint *local, int kind)
{
	struct link_connection *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->kind = kind;
	int i = link_keep(link, fd, local);
	link->state[i] = c;
	return i;
}

static bool address_of(const struct link *link, unsigned address, uint16_t port,
	struct endpoint *out)
{
	return carrier_udp.address(link, address, port, out);
}

static int open_stream(struct link *link, const struct endpoint *local, char *why, size_t size)
{
	int fd = link_open_socket(link, local->family, SOCK_STREAM, 0);
	const int on = 1;
	union link_from a;

	if (fd < 0) {
		snprintf(why, size, "no socket: %s", strerror(-fd));
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, &a.any, link_to_sockaddr(local, &a)) < 0 || (local->port && listen(fd, 16) < 0)) {
		snprintf(why, size, "TCP port %u cannot be had: %s", ntohs(local->port),
			strerror(errno));
		close(fd);
		return -1;
	}
	return keep(link, fd, local, local->port ? LISTENING : UNCONNECTED);
}

/* --- out ------------------------------------------------------------------------------------ */

static int connect_stream(struct link *link, int socket, const struct endpoint *to)
{
	const struct timeval patience = { .tv_sec = CONNECT_SECONDS };
	struct link_connection *c = connection(link, (unsigned)socket);
	int fd = link->sockets[socket];
	union link_from a;
	socklen_t n = link_to_sockaddr(to, &a);

	if (c->kind != UNCONNECTED) {
		errno = EISCONN;
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, &a.any, n) < 0) {
		c->kind = ENDED;
		return -1;
	}
	c->kind = OPEN;
	c->peer = *to;
	n = sizeof(a);
	if (getsockname(fd, &a.any, &n) == 0)
		link->local[socket] = link_from_sockaddr(&a);
	return 0;
}

static int send_stream(struct link *link, int socket, const struct endpoint *to,
	struct view octets)
{
	struct link_connection *c = connection(link, (unsigned)socket);

	if (c->kind == ON_LAN)
		return link_lan_send(link, socket, octets);
	if (c->kind == UNCONNECTED && connect_stream(link, socket, to) < 0)
		return -1;
	while (octets.size) {
		ssize_t n = send(link->sockets[socket], octets.data, octets.size, MSG_NOSIGNAL);
		if (n < 0)
			return -1;
		octets.data += n;
		octets.size -= (size_t)n;
	}
	return 0;
}

static void close_stream(struct link *link, unsigned i)
{
	struct link_connection *c = connection(link, i);

	if (c->kind != ENDED)
		shutdown(link->sockets[i], SHUT_RDWR);
	c->kind = ENDED;
}

/* --- in ------------------------------------------------------------------------------------- */

/* Octets of the message that begins there, as its header says; 0: not known yet. */
static size_t message_size(const struct protocol *p, struct view octets)
{
	struct reader r = reader_of(octets);
	uint64_t length = 0;
	size_t header = 0;

	for (const struct field *f = p->header; f->name; f++) {
		uint64_t value = f->width <= 8 ? read_uint(&r, f->width) : 0;
		if (f->kind == FIELD_LENGTH)
			length = value;
		header += f->width;
	}
	if (r.failed)
		return 0;
	return length < header ? header : (size_t)length;
}

static size_t whole_message(const struct link *link, const struct link_connection *c)
{
	size_t size = message_size(link->options.protocol, VIEW(c->octets, c->used));
	return size && size <= c->used ? size : 0;
}

static bool pending(const struct link *link, unsigned i)
{
	const struct link_connection *c = connection(link, i);
	return c->kind == OPEN && whole_message(link, c);
}

static bool deaf(const struct link *link, unsigned i)
{
	const struct link_connection *c = connection(link, i);
	return c->kind == UNCONNECTED || c->kind == ENDED;
}

static void take_connection(struct link *link, unsigned i)
{
	const int on = 1;
	union link_from a;
	socklen_t n = sizeof(a);
	int fd = accept4(link->sockets[i], &a.any, &n, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (link->count == LINK_SOCKETS_MAX) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	int k = keep(link, fd, &link->local[i], OPEN);
	connection(link, (unsigned)k)->peer = link_from_sockaddr(&a);
}

/* The first octets of what was read, or all that there is when the connection ends. */
static void cut(struct link_connection *c, size_t size, struct arena *arena, struct datagram *out)
{
	out->octets = VIEW(arena_copy(arena, (const char *)c->octets, size), size);
	memmove(c->octets, c->octets + size, c->used - size);
	c->used -= size;
}

static bool take_octets(struct link *link, unsigned i, struct arena *arena, struct datagram *out)
{
	struct link_connection *c = connection(link, i);
	union link_from from;
	ssize_t n = -1;

	if (!whole_message(link, c))
		n = link_read(link, i, &from, c->octets + c->used, sizeof(c->octets) - c->used,
			&c->at);
	if (n > 0)
		c->used += (size_t)n;
	size_t size = whole_message(link, c);
	bool ended = !size && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR));
	if (!size && !ended)
		return false;
	if (ended && !c->used)
		c->kind = ENDED;
	out->from = c->peer;
	out->to = link->local[i];
	out->socket = (int)i;
	out->at = c->kind == ENDED ? link_now() : c->at;
	out->closed = c->kind == ENDED;
	cut(c, ended ? c->used : size, arena, out);
	return true;
}

static bool take_stream(struct link *link, unsigned i, struct arena *arena, struct datagram *out)
{
	switch (connection(link, i)->kind) {
	case LISTENING:
		take_connection(link, i);
		return false;
	case OPEN:
		return take_octets(link, i, arena, out);
	case ON_LAN:
		return link_lan_take(link, i, arena, out);
	case UNCONNECTED:
	case ENDED:
		break;
	}
	return false;
}

int link_lan(struct link *link, const struct role_lan *lan, char *why, size_t size)
{
	int fd = link_lan_open(link, lan, why, size);
	const struct endpoint local = { .family = AF_PACKET, .port = htons(lan->ethertype) };

	if (fd >= 0 && link->count < LINK_SOCKETS_MAX)
		return keep(link, fd, &local, ON_LAN);
	if (fd >= 0)
		close(fd);
	return -1;
}

static void release(struct link *link, unsigned i)
{
	free(link->state[i]);
	link->state[i] = NULL;
}

const struct carrier_ops carrier_stream = {
	.address = address_of,
	.open = open_stream,
	.send = send_stream,
	.take = take_stream,
	.connect = connect_stream,
	.hang_up = close_stream,
	.pending = pending,
	.deaf = deaf,
	.release = release,
};
