// SPDX-License-Identifier: Apache-2.0
/* Addresses of a socket that has none at the moment. */
#include <errno.h>
#include <stdio.h>

#include "ref/host/move_inside.h"

const struct prefix *local_of(const struct move_config *c, bool after)
{
	return after && c->local_to.family ? &c->local_to : &c->local_from;
}

const struct prefix *peer_of(const struct move_config *c, bool after)
{
	return after && c->peer_to.family ? &c->peer_to : &c->peer_from;
}

/* An address as a socket of that family takes it. */
static socklen_t socket_address(
	const struct moving *m, const struct prefix *p, uint16_t port, struct sockaddr_storage *out)
{
	struct prefix address = *p;

	if (m->mapped) {
		address = (struct prefix){.family = AF_INET6, .length = 128};
		memset(address.address + 10, 0xff, 2);
		memcpy(address.address + 12, p->address, 4);
	}
	struct endpoint e = endpoint_of_prefix(&address, port);
	return endpoint_to_sockaddr(&e, out);
}

/* The address that the socket has, IPv4 inside IPv6 as IPv4; family 0: none. */
static struct endpoint socket_name(const struct moving *m, int fd)
{
	static const uint8_t none[16] = {0};
	struct sockaddr_storage name = {0};
	socklen_t size = sizeof(name);
	struct endpoint e;
	struct prefix p;

	if (getsockname(fd, (struct sockaddr *)&name, &size) < 0)
		return (struct endpoint){0};
	e = endpoint_from_sockaddr(&name);
	p = prefix_of_endpoint(&e);
	if (memcmp(p.address, none, ip_size(p.family)) == 0)
		return (struct endpoint){0};
	if (m->mapped && p.family == AF_INET6) {
		memmove(p.address, p.address + 12, 4);
		p.family = AF_INET;
	}
	return endpoint_of_prefix(&p, e.port);
}

bool socket_is_at(const struct moving *m, int fd, const struct move_config *c)
{
	struct sockaddr_storage name = {0};
	socklen_t size = sizeof(name);
	struct endpoint here = socket_name(m, fd), there;
	struct prefix local = prefix_of_endpoint(&here), peer;

	if (getpeername(fd, (struct sockaddr *)&name, &size) < 0)
		return false;
	there = endpoint_from_sockaddr(&name);
	peer = prefix_of_endpoint(&there);
	if (m->mapped && peer.family == AF_INET6) {
		memmove(peer.address, peer.address + 12, 4);
		peer.family = AF_INET;
	}
	return address_equal(&local, local_of(c, true)) && address_equal(&peer, peer_of(c, true));
}

static bool has_address(const struct moving *m, int fd, const struct prefix *local)
{
	struct endpoint e = socket_name(m, fd);
	struct prefix has = prefix_of_endpoint(&e);

	return address_equal(&has, local);
}

/*
 * The kernel lets go of a port, and of an address, that the program has not asked for by bind(2).
 * What is given here it will not let go of again: the port alone, then, so that the next move can
 * give another address.
 */
int socket_bind(struct moving *m, int fd, const struct prefix *local)
{
	struct prefix none = {.family = m->family};
	bool free_address = socket_name(m, fd).family == 0;
	struct sockaddr_storage to;
	socklen_t size;

	if (free_address) {
		struct endpoint any = endpoint_of_prefix(&none, m->result.local_port);
		size = endpoint_to_sockaddr(&any, &to);
	} else {
		size = socket_address(m, local, m->result.local_port, &to);
	}
	if (bind(fd, (struct sockaddr *)&to, size) == 0)
		return 0;
	if (errno != EINVAL) /* which would mean that it has a port */
		return -errno;
	return free_address || has_address(m, fd, local) ? 0 : -EADDRNOTAVAIL;
}

int socket_connect(struct moving *m, int fd, const struct prefix *local, const struct prefix *peer)
{
	struct sockaddr_storage to;
	socklen_t size = socket_address(m, peer, m->result.peer_port, &to);

	if (connect(fd, (struct sockaddr *)&to, size) < 0)
		return -errno;
	return has_address(m, fd, local) && socket_name(m, fd).port == m->result.local_port
		       ? 0
		       : -EADDRNOTAVAIL;
}
