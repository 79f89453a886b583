// SPDX-License-Identifier: Apache-2.0
/*
 * The mobile node as objects.
 *
 * struct mn is the node. It has a struct network for each network of its configuration; each has a
 * PANA client of its own (struct pac), so that the node can be authenticated in several at once.
 * With a device the node moves: the radio joins and leaves networks, the lease gets an address by
 * DHCP, home keeps the home address reachable through tunnels and tells correspondents where it
 * is, and the handover carries out the two procedures, prepared and unprepared. Without one it is a
 * PANA client, driven by commands.
 */
#ifndef BATON_MN_MN_H
#define BATON_MN_MN_H

#include "ref/host/udp.h"
#include "ref/mn/settings.h"
#include "ref/node/waiters.h"
#include "ref/pana/pac.h"

struct station_keys;
struct handover;
struct candidate;
struct neighbourhood;
struct mn_dot1x;

struct network {
	struct mn *mn;
	const struct network_settings *settings;
	/* Its agent: of the configuration, or as the neighbourhood says; family 0: not known. */
	struct endpoint paa;
	bool claimed;	  /* a beacon says so and nobody else: that of `bssid` */
	uint8_t bssid[6];
	struct pac *pac; /* NULL: no session, none wanted */
	struct udp *udp; /* of this session alone; NULL: that of all */
	bool stale;	 /* the pac is over: released when its reports are done */
	struct pac *past; /* the session before, which answers repeated requests; or NULL */
	btime past_until;
	struct candidate *candidate; /* what stands there for this node; or NULL (candidates.h) */
	bool ending; /* the session ends as soon as its agent knows where the node is */
};

struct mn {
	struct node *node;
	const struct mn_settings *settings;
	struct udp *udp; /* of all PANA clients; NULL: each session has its own */
	struct timer *timer;
	struct eap_tls_context *tls;
	struct waiters waiters;
	struct network *networks;
	unsigned count; /* those of the configuration, then those that the neighbourhood adds */
	struct network *serving; /* where the node is; NULL: nowhere */
	struct station_keys *station_keys; /* NULL: this node asks for none */
	struct mn_dot1x *dot1x;
	struct handover *handover; /* NULL: a PANA client only */
	struct neighbourhood *neighbourhood;
};

#define NETWORKS_FOUND_MAX 16 /* networks that stand in no configuration */

/* The network of that name, or NULL. */
struct network *mn_network(struct mn *mn, const char *name);

#endif
