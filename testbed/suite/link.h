// SPDX-License-Identifier: Apache-2.0
/*
 * The tester's side of the wire: sockets in its node (or on a real interface), what arrives with
 * the kernel's time, and a capture of everything. What a message travels in is the carrier's
 * business (link_carrier.h).
 */
#ifndef TESTBED_SUITE_LINK_H
#define TESTBED_SUITE_LINK_H

#include "ref/base/btime.h"
#include "ref/base/engine.h"
#include "testbed/suite/capture.h"
#include "testbed/suite/role.h"
#include "testbed/topology/arena.h"
#include "testbed/topology/network.h"

#define LINK_SOCKETS_MAX 64

struct link_options {
	enum carrier carrier;
	const struct protocol *protocol; /* of what a stream carries */
	const struct role_lan *lan;	 /* NULL: none */
	struct network *network; /* NULL: this machine's own interfaces */
	const char *node, *interface;
	struct endpoint tester[2]; /* IP addresses; family 0: there is none. Ports unused. */
	int wake;		   /* a descriptor: readable means give up; -1: none */
};

struct link {
	struct link_options options;
	int sockets[LINK_SOCKETS_MAX];
	struct endpoint local[LINK_SOCKETS_MAX];
	void *state[LINK_SOCKETS_MAX]; /* the carrier's own */
	unsigned count;
	struct capture capture;
};

/* 0, or -1 with one sentence and nothing left open. */
int link_open(struct link *link, const struct link_options *options, char *why, size_t size);
void link_close(struct link *link);

/* A socket at the tester's first (0) or second (1) address and that port, host byte order, 0: any
 * (of frames: the EtherType; they have as many addresses as are asked for). Its index, or -1 with
 * one sentence. */
int link_socket(struct link *link, unsigned address, uint16_t port, char *why, size_t size);

/* That address as link_socket would bind it; false: there is none. */
bool link_address(const struct link *link, unsigned address, uint16_t port, struct endpoint *out);

/* 0, or -1 with errno. */
int link_send(struct link *link, int socket, const struct endpoint *to, struct view octets);

/* Makes the socket's connection now, without a message. 0, or -1 with errno. */
int link_connect(struct link *link, int socket, const struct endpoint *to);

/* Ends its connection. */
void link_hang_up(struct link *link, int socket);

/* A socket on the LAN beside the connections (link_lan.h). Its index, or -1 with one sentence. */
int link_lan(struct link *link, const struct role_lan *lan, char *why, size_t size);

struct datagram {
	struct view octets; /* one message, in the arena */
	btime at;	    /* when the kernel got it, on CLOCK_MONOTONIC */
	struct endpoint from, to;
	int socket;
	bool closed; /* no message: the connection has ended */
};

/*
 * Waits until `deadline` (CLOCK_MONOTONIC) for a datagram. 1 with *out, 0 when the time is over,
 * -1 when somebody woke it to give up. A readable `watch` (-1: none) ends the wait too: 2.
 */
int link_receive(struct link *link, btime deadline, int watch, struct arena *arena,
	struct datagram *out);

/* CLOCK_MONOTONIC now. */
btime link_now(void);

#endif
