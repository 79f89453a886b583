// SPDX-License-Identifier: Apache-2.0
/*
 * The mobile node's end of a proactive handover tunnel (RFC 6252 §7.4): ESP in tunnel mode from the
 * present care-of address to the new access router, the new care-of address inside; or IP-in-IP
 * without protection, where both ends are told to.
 */
#ifndef BATON_MN_TUNNEL_H
#define BATON_MN_TUNNEL_H

#include "ref/host/ipsec.h"
#include "ref/host/route.h"
#include "ref/mn/ike_tunnel.h"
#include "ref/mn/settings.h"
#include "ref/pana/pana_mpa.h"

struct tunnel {
	struct mpa_tunnel_request request;
	bool up;
	struct esp_sa in, out;
	struct esp_policy policies[2];
	bool device; /* TUNNEL_DEVICE exists: of a tunnel without ESP */
	struct route_rule rule;
	struct ike_tunnel *ike; /* manages it; NULL: PANA does */
	bool agreed;		/* and both ends have */
};

/* The interface of a tunnel that is IP-in-IP without ESP. */
#define TUNNEL_DEVICE KERNEL_PREFIX "mn"

/* Has the kernel fetch beforehand what tunnels need; warns when it has no ESP. */
void tunnel_prepare(struct node *node, const struct device_settings *settings);

/* A request for a tunnel between these addresses, with a fresh SPI and nonce. */
void tunnel_ask(struct tunnel *tunnel, struct node *node, const struct device_settings *settings,
	uint16_t request_id, const struct prefix *outer, const struct prefix *inner);

/* Raises the tunnel that the router has agreed to. 0; or -1 with words in `why` (of `size`). */
int tunnel_raise(struct tunnel *tunnel, struct node *node,
	const struct mpa_tunnel_parameters *parameters, const uint8_t mn_ar[MPA_KEY_SIZE],
	char *why, size_t size);

/* The same of what `ike` has agreed on, `inner` inside. */
int tunnel_raise_child(struct tunnel *tunnel, struct node *node, const struct prefix *inner,
	char *why, size_t size);

/* Whether what is sent from the inner address must be routed to TUNNEL_DEVICE; ESP turns packets into
 * its own wherever they are routed. */
bool tunnel_has_device(const struct tunnel *tunnel);

/* Takes it down, wipes keys. Nothing to do when it is not up. An interface stays until tunnel_clear:
 * to delete one takes the kernel longer than a handoff. An IKE SA stays until then as well. */
void tunnel_lower(struct tunnel *tunnel, struct node *node, const char *reason);
void tunnel_clear(struct tunnel *tunnel, struct node *node);

#endif
