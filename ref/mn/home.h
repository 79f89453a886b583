// SPDX-License-Identifier: Apache-2.0
/*
 * The home address of a mobile node: on an interface of its own, reachable from each correspondent
 * through IP-in-IP, wherever the node is (docs/remote-binding.md).
 *
 * The tunnel interfaces have no local address: they take packets that a correspondent sends to any
 * of our addresses, so the old and the new care-of address both work while a binding moves; the
 * route to the correspondent chooses the source.
 */
#ifndef BATON_MN_HOME_H
#define BATON_MN_HOME_H

#include "ref/mn/lease.h"

struct home;

struct home_callbacks {
	void *context;
	/* All correspondents hold the binding that home_bind asked for. */
	void (*bound)(void *context);
	/* One does not; `why` in words. */
	void (*failed)(void *context, const char *why);
};

/* `settings` may be NULL: a node without a home address, whose bindings are at once done. NULL
 * after log_error. */
struct home *home_open(struct node *node, const struct home_settings *settings,
	const struct home_callbacks *callbacks);

/* Takes everything away. Accepts NULL. */
void home_close(struct home *home);

/*
 * Correspondents are to send to `care_of`; updates go out from it. What is sent to them goes the way of
 * `router` on `device` (a string that stays), from that address, as soon as they have agreed.
 */
void home_bind(struct home *home, const struct prefix *care_of, const struct prefix *router,
	const char *device);

/* The route of home_bind is not needed any more: the default route has the right source. */
void home_settle(struct home *home);

/* An address that is ours though it belongs to a network we are not in: on the virtual interface,
 * where the home address is. 0, or -1 after log_error. */
int home_lodge(struct home *home, const struct prefix *address);
void home_dislodge(struct home *home);

/* {address, care_of, correspondents: [...]}. */
json_t *home_json(const struct home *home);

#endif
