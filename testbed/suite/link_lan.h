// SPDX-License-Identifier: Apache-2.0
/*
 * Ethernet frames as messages of a protocol that carries them: what stands in one message between
 * two addresses is, on a LAN, a frame from one to the other. The tester plays whoever answers
 * there, so what it sends goes from the second address to the first, and it takes what comes the
 * other way.
 */
#ifndef TESTBED_SUITE_LINK_LAN_H
#define TESTBED_SUITE_LINK_LAN_H

#include "testbed/suite/link.h"

/* A packet socket, or -1 with one sentence. */
int link_lan_open(struct link *link, const struct role_lan *lan, char *why, size_t size);

/* The frame that the message stands for. 0, or -1 with errno: EINVAL when it stands for none. */
int link_lan_send(struct link *link, int socket, struct view message);

/* The message that a frame on the LAN stands for. False: there is none. */
bool link_lan_take(struct link *link, unsigned i, struct arena *arena, struct datagram *out);

#endif
