// SPDX-License-Identifier: Apache-2.0
/* UDP datagrams. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "testbed/suite/link_carrier.h"

socklen_t link_to_sockaddr(const struct endpoint *e, union link_from *a)
{
	memset(a, 0, sizeof(*a));
	if (e->family == AF_INET6) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = e->port;
		memcpy(&a->v6.sin6_addr, e->address, 16);
		return sizeof(a->v6);
	}
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = e->port;
	memcpy(&a->v4.sin_addr, e->address, 4);
	return sizeof(a->v4);
}

struct endpoint link_from_sockaddr(const union link_from *a)
{
	struct endpoint e = { .family = (uint8_t)a->any.sa_family };

	if (e.family == AF_INET6) {
		e.port = a->v6.sin6_port;
		memcpy(e.address, &a->v6.sin6_addr, 16);
	} else {
		e.port = a->v4.sin_port;
		memcpy(e.address, &a->v4.sin_addr, 4);
	}
	return e;
}

static bool address_of(const struct link *link, unsigned address, uint16_t port,
	struct endpoint *out)
{
	if (address >= sizeof(link->options.tester) / sizeof(link->options.tester[0]))
		return false;
	*out = link->options.tester[address];
	out->port = htons(port);
	return out->family;
}

static int open_udp(struct link *link, const struct endpoint *local, char *why, size_t size)
{
	int fd = link_open_socket(link, local->family, SOCK_DGRAM, 0);
	union link_from a;
	socklen_t n = sizeof(a);

	if (fd < 0) {
		snprintf(why, size, "no socket: %s", strerror(-fd));
		return -1;
	}
	if (bind(fd, &a.any, link_to_sockaddr(local, &a)) < 0 || getsockname(fd, &a.any, &n) < 0) {
		snprintf(why, size, "port %u cannot be had: %s", ntohs(local->port),
			strerror(errno));
		close(fd);
		return -1;
	}
	const struct endpoint bound = link_from_sockaddr(&a);
	return link_keep(link, fd, &bound);
}

static int send_udp(struct link *link, int socket, const struct endpoint *to, struct view octets)
{
	union link_from a;
	socklen_t n = link_to_sockaddr(to, &a);

	/* An ICMP error for an earlier datagram may wait in the socket; it is not about this. */
	for (int i = 0; i < 2; i++)
		if (sendto(link->sockets[socket], octets.data, octets.size, 0, &a.any, n) >= 0)
			return 0;
	return -1;
}

static bool take_udp(struct link *link, unsigned i, struct arena *arena, struct datagram *out)
{
	static _Thread_local uint8_t buffer[65536];
	union link_from from;
	ssize_t n = link_read(link, i, &from, buffer, sizeof(buffer), &out->at);

	if (n < 0)
		return false;
	out->octets = VIEW(arena_copy(arena, (const char *)buffer, (size_t)n), (size_t)n);
	out->from = link_from_sockaddr(&from);
	out->to = link->local[i];
	out->socket = (int)i;
	return true;
}

const struct carrier_ops carrier_udp = {
	.address = address_of,
	.open = open_udp,
	.send = send_udp,
	.take = take_udp,
};
