// SPDX-License-Identifier: Apache-2.0
/* Neighbours of an interface, and proxy ARP. Returns and undoing as in kernel.h. */
#ifndef BATON_HOST_NEIGHBOUR_H
#define BATON_HOST_NEIGHBOUR_H

#include "ref/host/ip.h"

struct kernel;

/*
 * The kernel answers ARP requests (IPv6: neighbour solicitations) for `address` on `device` in the
 * owner's stead, while packets for it are routed to another interface and the device forwards. It
 * does not answer ARP probes (sender address zero): who owns the address's defence does that.
 */
int neighbour_proxy_add(struct kernel *kernel, const char *device, const struct prefix *address);
int neighbour_proxy_delete(struct kernel *kernel, const char *device,
	const struct prefix *address);

/* `address` is at `mac`: what ARP would find out, known beforehand; it ages as usual. */
int neighbour_learn(struct kernel *kernel, const char *device, const struct prefix *address,
	const uint8_t mac[6]);

/* Forgets what the kernel knows about that address. -ENOENT when it knows nothing. */
int neighbour_forget(struct kernel *kernel, const char *device, const struct prefix *address);

#endif
