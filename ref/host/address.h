// SPDX-License-Identifier: Apache-2.0
/* Addresses of interfaces. Returns and undoing as in kernel.h. */
#ifndef BATON_HOST_ADDRESS_H
#define BATON_HOST_ADDRESS_H

#include "ref/host/ip.h"

struct kernel;

/*
 * Gives `device` the address; usable at once (no duplicate address detection by the kernel). With
 * `on_link` the kernel also routes the prefix to the device; without it the caller routes.
 */
int address_add(struct kernel *kernel, const char *device, const struct prefix *address,
	bool on_link);

/* Takes it away. -EADDRNOTAVAIL when it is not there. */
int address_delete(struct kernel *kernel, const char *device, const struct prefix *address);

/* The first global address of that family on the device. -EADDRNOTAVAIL when there is none. */
int address_get(struct kernel *kernel, const char *device, uint8_t family, struct prefix *out);

struct address_watch;
struct loop;

/* Calls `changed` after addresses of this namespace came or went, whichever they are. NULL with
 * errno set. Needs no privilege. */
struct address_watch *address_watch_new(struct loop *loop, void (*changed)(void *context),
	void *context);

/* The same, and after routes came or went. */
struct address_watch *way_watch_new(struct loop *loop, void (*changed)(void *context),
	void *context);

/* Accepts NULL. Not from within `changed`. */
void address_watch_free(struct address_watch *watch);

#endif
