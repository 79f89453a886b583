// SPDX-License-Identifier: Apache-2.0
/* Network interfaces. Returns and undoing as in kernel.h. */
#ifndef BATON_HOST_LINK_H
#define BATON_HOST_LINK_H

#include "ref/host/ip.h"

struct kernel;

struct link_info {
	unsigned index, mtu;
	uint8_t mac[6]; /* zero where the link has none */
	bool up;	/* switched on */
	bool carrier;	/* and connected to something */
};

/* -ENODEV when there is no such interface. */
int link_get(struct kernel *kernel, const char *name, struct link_info *out);

/* Switches it on or off; the earlier state comes back at the end. */
int link_set_up(struct kernel *kernel, const char *name, bool up);

/* An interface that swallows packets, to carry addresses. Up when it returns. */
int link_add_dummy(struct kernel *kernel, const char *name);

/*
 * One end of an IP-in-IP tunnel (RFC 2003), IPv4. `local` family 0: packets from `remote` to any of
 * our addresses are taken, and the route to `remote` chooses the source. `mark` is that of the
 * outer packets (KERNEL_MARK or 0). Up when it returns.
 */
struct ipip {
	struct prefix local, remote;
	unsigned mark;
};

/* Creates the interface; one of that name that an earlier process left gives way. */
int link_add_ipip(struct kernel *kernel, const char *name, const struct ipip *ends);

/* Gives that tunnel other ends. */
int link_move_ipip(struct kernel *kernel, const char *name, const struct ipip *ends);

/*
 * A virtual interface for the ESP states and policies of that `interface_id` (not 0): what they
 * protect leaves by it and comes out of it, whatever the routes say; it has no link-layer header.
 * `under` is the interface that the ESP packets take. Up when it returns.
 */
int link_add_xfrm(struct kernel *kernel, const char *name, unsigned interface_id,
	const char *under);

/* Sets its MTU in octets; the earlier one comes back at the end. */
int link_set_mtu(struct kernel *kernel, const char *name, unsigned mtu);

/* Packets that may wait in its transmit queue. */
int link_set_queue(struct kernel *kernel, const char *name, unsigned packets);

/* Deletes the interface and forgets that it was to be taken back. */
int link_delete(struct kernel *kernel, const char *name);

#endif
