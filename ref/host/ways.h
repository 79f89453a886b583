// SPDX-License-Identifier: Apache-2.0
/*
 * A way for one datagram that the host's routes do not have (docs/reply-path.md §6). A process of its
 * own puts it into the kernel, and takes it out again: when it is told to, when a time has passed, and
 * when who asked for it is no more, however that ended.
 *
 * The way is in a table of its own, which only packets with the mark WAYS_MARK look into; so nothing
 * else leaves by it, and no route of the host is touched.
 */
#ifndef BATON_HOST_WAYS_H
#define BATON_HOST_WAYS_H

#include "ref/base/btime.h"
#include "ref/host/ip.h"

#define WAYS_MARK 0x4243

struct ways;

struct way {
	struct prefix to;    /* whom the datagram is for */
	struct prefix from;  /* our address in it */
	struct endpoint via; /* AF_PACKET: that link-layer address, at `ifindex`; AF_INET: in IP to there */
	unsigned ifindex;
};

/*
 * Begins the process; `limit` is how long a way stays when nobody takes it out. It must be called
 * before threads are begun. NULL with errno set.
 */
struct ways *ways_new(btime limit);

/* The way is there when this returns 0; else a negative errno. One at a time. */
int ways_take(struct ways *ways, const struct way *way);

/* It is gone when this returns. 0, or -ETIMEDOUT when the limit was faster. */
int ways_give_back(struct ways *ways);

/* Ends the process, and with it what it has put into the kernel. Accepts NULL. */
void ways_free(struct ways *ways);

#endif
