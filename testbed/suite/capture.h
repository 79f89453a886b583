// SPDX-License-Identifier: Apache-2.0
/*
 * The frames of one test, and the pcapng file they become. libpcap writes no pcapng and cannot
 * open an interface of another network namespace through a descriptor, so both ends are here: a
 * packet socket that somebody else opened there, and the blocks of the format, with comments that
 * Wireshark shows beside each packet and the secrets it needs to look inside.
 */
#ifndef TESTBED_SUITE_CAPTURE_H
#define TESTBED_SUITE_CAPTURE_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "ref/base/view.h"

struct frame {
	struct timespec at; /* CLOCK_REALTIME */
	struct view octets; /* from the Ethernet header on */
	char *comment;	    /* owned; NULL: none */
	bool taken;	    /* capture_find has given it out */
};

struct capture {
	int fd; /* packet socket, owned; -1: none */
	struct frame *frames;
	size_t count, room, octets;
};

/* Begins to keep what arrives at the packet socket (AF_PACKET, SOCK_RAW, bound to an interface),
 * which it then owns. */
void capture_start(struct capture *c, int fd);

/* Takes what the socket has now; never waits. */
void capture_drain(struct capture *c);

/* The number, from 1, of the first frame not yet found whose message is `payload`; 0: none.
 * `comment` (may be NULL) is added to it. */
unsigned capture_find(struct capture *c, struct view payload, const char *comment);

/* Writes all of it. `secrets`, if not empty, is a TLS key log. 0, or -1 with errno. */
int capture_write(const struct capture *c, const char *path, const char *about,
	struct view secrets);

/* Closes the socket, releases the frames. */
void capture_free(struct capture *c);

#endif
