// SPDX-License-Identifier: Apache-2.0
/*
 * The mobile node's end of IKEv2 with new access routers (RFC 6252 §7.3.2): for each tunnel an IKE SA
 * from the present care-of address, the MN-AR key as the shared secret, the new care-of address by
 * configuration payload. What it has agreed on is put into the kernel by tunnel.h.
 */
#ifndef BATON_MN_IKE_TUNNEL_H
#define BATON_MN_IKE_TUNNEL_H

#include "ref/ike/ike.h"
#include "ref/mn/settings.h"

struct ike_tunnels; /* all of the node's */
struct ike_tunnel;

enum ike_tunnel_report {
	IKE_TUNNEL_READY, /* address and Child SA are agreed on */
	IKE_TUNNEL_FAILED, /* they will not be; the tunnel is of no more use */
	IKE_TUNNEL_OVER,  /* they were, and are no more: deleted, or the router is silent */
};

struct ike_tunnels_config {
	struct node *node;
	const struct device_settings *settings;
	void *context;
	/* Once READY or FAILED, after READY once OVER. `why` in words. */
	void (*report)(void *context, struct ike_tunnel *tunnel, enum ike_tunnel_report report,
		const char *why);
};

/* NULL after log_error. */
struct ike_tunnels *ike_tunnels_open(const struct ike_tunnels_config *config);

/* Ends all of them without a word. Accepts NULL. */
void ike_tunnels_close(struct ike_tunnels *tunnels);

/* With whom, from where, and as whom. Octets are copied. */
struct ike_tunnel_order {
	struct endpoint router, care_of; /* ports do not matter */
	uint32_t session, key_id;	 /* of PANA, whose MN-AR key it is */
	const uint8_t *mn_ar;		 /* MPA_KEY_SIZE; NULL: by EAP, */
	const char *identity;		 /* as this, */
	ike_eap_new *eap;		 /* with such an end */
	void *eap_context;
	struct ike_internal ask;
};

/* Begins. The tunnel is the caller's until ike_tunnel_leave. */
struct ike_tunnel *ike_tunnel_begin(struct ike_tunnels *tunnels,
	const struct ike_tunnel_order *order);

/* Deletes the IKE SA and with it the tunnel, from `local` if that is not NULL: where the node is by
 * now. A Delete that is under way goes on from there. Nothing to do when it is over. */
void ike_tunnel_delete(struct ike_tunnel *tunnel, const struct endpoint *local);

/* Gives it up: deleted if it stands, and nothing is reported any more. Accepts NULL. */
void ike_tunnel_leave(struct ike_tunnel *tunnel);

/* Whether there is no IKE SA any more. */
bool ike_tunnel_is_over(const struct ike_tunnel *tunnel);

/* What was agreed on, from READY on. */
const struct ike_child_info *ike_tunnel_child(const struct ike_tunnel *tunnel);
const struct ike_internal *ike_tunnel_address(const struct ike_tunnel *tunnel);
const struct endpoint *ike_tunnel_local(const struct ike_tunnel *tunnel);
const struct endpoint *ike_tunnel_router(const struct ike_tunnel *tunnel);

/* State, SPIs, algorithms; NULL: there is no IKE SA. */
json_t *ike_tunnel_json(const struct ike_tunnel *tunnel);

#endif
