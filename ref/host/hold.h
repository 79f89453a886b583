// SPDX-License-Identifier: Apache-2.0
/*
 * Packets for an address, held back until told (RFC 6252 §6.3 step 4, §7.6.1).
 *
 * While an address is held, a host route in a table of its own leads its packets into a TUN
 * device; they wait here, in order, up to a bound. Flushing sends them by a raw socket whose mark
 * passes over that table, the oldest first. Adding the route is one step for the kernel: a packet
 * takes the old way or waits. Taking the route away while packets are on their way through the
 * device could let a later one overtake, so after a flush everything goes on passing through here,
 * one by one, until the flow pauses for HOLD_PAUSE, and only then the route goes.
 *
 * Why a TUN device and not a netfilter queue: TUN is in every kernel, also where the queue of
 * nf_tables is not built, needs no rule set beside the user's own, and route and neighbour
 * decisions are made when a packet leaves, not when it came. IPv4.
 */
#ifndef BATON_HOST_HOLD_H
#define BATON_HOST_HOLD_H

#include "ref/host/ip.h"
#include "ref/host/loop.h"

#define HOLD_PAUSE (5 * BTIME_MS)

struct hold;
struct kernel;

struct hold_config {
	unsigned table, priority; /* of the route table and the rule that leads there */
	unsigned mtu;		  /* of the way that held packets will take */
	unsigned packets_max;	  /* held at once for one address, at most */
};

struct hold_count {
	unsigned waiting;  /* now */
	unsigned deepest;  /* the most that waited */
	unsigned held;	   /* since hold_start, up to the flush */
	unsigned passed;   /* after it, on their way through */
	unsigned overflow; /* dropped: the bound was reached; the newest goes */
	unsigned failed;   /* could not be sent: no route, too long */
	btime started;
};

/* Creates the device and the rule. NULL on failure, kernel_error tells why. */
struct hold *hold_new(struct loop *loop, struct kernel *kernel, const struct hold_config *config);

/* Drops what is held. Accepts NULL. */
void hold_free(struct hold *hold);

/* Begins to hold packets for `address`, `depth` at most (0: the configured bound). -EALREADY when
 * it does already, else as in kernel.h. */
int hold_start(struct hold *hold, const struct prefix *address, unsigned depth);

/* Sends all, then lets packets pass until the route is away. `*count` as of the end of the sending
 * (may be NULL). -ENOENT when the address is not held. */
int hold_flush(struct hold *hold, const struct prefix *address, struct hold_count *count);

/* Ends it at once; what waits is dropped. -ENOENT when the address is not held. */
int hold_drop(struct hold *hold, const struct prefix *address, struct hold_count *count);

/* -ENOENT when the address is neither held nor passing. */
int hold_state(const struct hold *hold, const struct prefix *address, struct hold_count *count);

#endif
