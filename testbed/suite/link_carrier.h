// SPDX-License-Identifier: Apache-2.0
/*
 * What a carrier does for the link: a carrier is a row in link.c and a file link_NAME.c. Sockets
 * belong to the link; a message taken from one is copied into the arena.
 */
#ifndef TESTBED_SUITE_LINK_CARRIER_H
#define TESTBED_SUITE_LINK_CARRIER_H

#include <netinet/in.h>
#include <sys/types.h>

#include "testbed/suite/link.h"

struct carrier_ops {
	/* The tester's address number `address`, counted from 0, with that port; false: none. */
	bool (*address)(const struct link *link, unsigned address, uint16_t port,
		struct endpoint *out);
	/* Opens a socket there and keeps it (link_keep): its index, or -1 with one sentence. */
	int (*open)(struct link *link, const struct endpoint *local, char *why, size_t size);
	/* 0, or -1 with errno. */
	int (*send)(struct link *link, int socket, const struct endpoint *to, struct view octets);
	/* The next message of socket `i`, which is readable; never waits. False: there is none. */
	bool (*take)(struct link *link, unsigned i, struct arena *arena, struct datagram *out);

	/* Of connections; NULL for carriers that have none. */
	int (*connect)(struct link *link, int socket, const struct endpoint *to);
	void (*hang_up)(struct link *link, unsigned i);
	/* Whether a message was read already and is still to be taken. */
	bool (*pending)(const struct link *link, unsigned i);
	/* Whether nothing can come there. */
	bool (*deaf)(const struct link *link, unsigned i);
	/* Frees link->state[i]. */
	void (*release)(struct link *link, unsigned i);
};

extern const struct carrier_ops carrier_udp, carrier_frames, carrier_stream;

/* --- for carriers --------------------------------------------------------------------------- */

union link_from {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage room;
};

/* A socket in the tester's node, close-on-exec, or a negative errno. */
int link_open_socket(struct link *link, int domain, int type, int protocol);

/* Adds the socket, which there must be room for (link->count < LINK_SOCKETS_MAX), asks for the
 * kernel's time on what it receives, and returns its index. */
int link_keep(struct link *link, int fd, const struct endpoint *local);

/* One recvmsg without waiting: octets read, who sent them, and when the kernel got them. -1 with
 * errno. */
ssize_t link_read(struct link *link, unsigned i, union link_from *from, uint8_t *buffer,
	size_t size, btime *at);

/* Both ways between an address and the kernel's form of it. */
socklen_t link_to_sockaddr(const struct endpoint *e, union link_from *a);
struct endpoint link_from_sockaddr(const union link_from *a);

/* A time of CLOCK_REALTIME, as packets carry, on CLOCK_MONOTONIC. */
btime link_monotonic(struct timespec at);

#endif
