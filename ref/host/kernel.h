// SPDX-License-Identifier: Apache-2.0
/*
 * Changes to this network namespace, and their undoing.
 *
 * One struct kernel is a node's hand on the kernel. Every change made through it (links, addresses,
 * routes, rules, proxy ARP entries, ESP, settings under /proc/sys) is remembered with its opposite;
 * taking something back explicitly forgets it; kernel_close takes back all that is left, the last
 * change first. What a killed node left is recognised by KERNEL_PROTOCOL and by interface names
 * that begin with KERNEL_PREFIX, and removed by kernel_sweep at the next start.
 *
 * Functions here and in link.h, address.h, route.h, neighbour.h, ipsec.h and sysctl.h return 0 or
 * a negative errno; kernel_error then tells what was wrong in words.
 */
#ifndef BATON_HOST_KERNEL_H
#define BATON_HOST_KERNEL_H

#define KERNEL_PROTOCOL 176	 /* of our routes and rules, as in rtm_protocol */
#define KERNEL_PREFIX "baton-"	 /* of our interfaces */
#define KERNEL_REQID 0x42410000u /* upper half of the reqid of our ESP state */
#define KERNEL_MARK 0x4241	 /* SO_MARK of packets that must never be held back (hold.h) */

struct kernel;

/* NULL with errno set when netlink is not to be had. Needs no privilege by itself. */
struct kernel *kernel_open(void);

/* Takes everything back, then closes. Returns how many changes could not be taken back. Accepts
 * NULL. */
unsigned kernel_close(struct kernel *kernel);

/* Removes what an earlier process of this kind left in this namespace. */
int kernel_sweep(struct kernel *kernel);

/* What the last failure was: "adding route 10.0.0.1/32: Network is unreachable". */
const char *kernel_error(const struct kernel *kernel);

#endif
