// SPDX-License-Identifier: Apache-2.0
/* A mobile node as the new access router sees it, for the files that look after one part each. */
#ifndef BATON_AR_ACCESS_INSIDE_H
#define BATON_AR_ACCESS_INSIDE_H

#include "ref/ar/access.h"
#include "ref/dhcp/acd.h"
#include "ref/dhcp/dhcp_client.h"
#include "ref/host/frames.h"
#include "ref/host/hold.h"
#include "ref/host/ipsec.h"
#include "ref/host/link.h"
#include "ref/ike/ike.h"
#include "ref/pana/pana_mpa.h"

/* What became of the address that an IKE SA asks for. */
enum ike_answer { IKE_ANSWER_NONE, IKE_ANSWER_GIVEN, IKE_ANSWER_REFUSED };

struct client {
	struct client *next;
	struct access *access;
	uint32_t session;

	/* access_address.c: nCoA, and the engines that got it */
	uint16_t address_request; /* Request-Id to answer; meaningful while `asking` */
	bool asking, by_ike; /* by whom: what is found goes to PANA, or to IKE */
	uint8_t mac[6];
	bool mac_known; /* it is the node's own */
	struct dhcp_client *dhcp; /* NULL: nothing asked for */
	struct acd acd;
	bool checking; /* acd is at work */
	struct timer *address_timer, *patience;
	struct prefix address; /* with the length of its subnet; family 0: none */
	bool from_pool; /* no DHCP server knows of it */
	struct mpa_address_context context;
	uint32_t pool_start, pool_tries; /* where in the pool it was begun, how many were looked at */
	btime reusable_until; /* the address can be given to the same client again */

	/* access_tunnel.c */
	bool tunnel, inbound; /* both halves stand; the inbound one stands */
	bool leaving; /* the node has deleted it, and is on its way */
	struct esp_sa sa_in, sa_out;
	struct esp_policy policies[3];
	char device[16]; /* of a tunnel without ESP, else "" */
	struct prefix outer; /* the client's */
	struct timer *tunnel_timer, *inbound_timer;

	/* access_ike.c */
	struct ike_sa *ike, *ike_asking; /* with the tunnel; waits for an address; or NULL */
	enum ike_answer ike_answer;	 /* to be given to `ike_asking` */
	bool by_eap; /* authenticated by IKE; `session` is no session of PANA's */

	/* access_buffer.c */
	bool holding;
	struct timer *buffer_timer;

	/* access.c */
	bool proxied;	 /* we answer ARP for the address */
	bool superseded; /* by a later session of the same node */
	bool attached; /* the node has arrived: the address is its own now */
	struct timer *grace_timer;
};

struct access {
	struct ar *ar;
	const struct access_settings *settings;
	struct link_info link;	/* of the subnet's interface */
	struct prefix own;	/* our address there */
	struct frames *arp;	/* ARP frames of the subnet */
	struct frames *dhcp;	/* DHCP answers, when we broadcast */
	struct udp *relay;	/* or as a relay */
	struct hold *hold;
	struct access_ike *ike; /* NULL: PANA alone manages tunnels */
	struct client *clients;
	uint16_t ids; /* for reqids: every client's ESP state has its own */
};

/* --- access.c --------------------------------------------------------------------------------- */

/* The client of that session, made when there is none. */
struct client *access_client(struct access *access, uint32_t session);

/* Whether there is one of that number. */
bool access_has(const struct access *access, uint32_t session);

/* Answers a request. */
void client_status(struct client *client, uint16_t request_id, enum mpa_status code,
	const char *detail);

/* The node is in this subnet now, with its address: everything that stood in its stead goes. */
void client_attached(struct client *client);

/* Everything of this client ends. */
void client_free(struct client *client);

/* --- access_address.c ------------------------------------------------------------------------- */

/* The sockets. 0, or -1 after log_error. */
int address_open(struct access *access);
void address_close(struct access *access);

/*
 * The client asks for an address of this subnet: found over DHCP in its name, checked, and told in
 * an address context (docs/pana.md). Refused at once when it is not IPv4. A request under way is
 * replaced.
 */
void address_request(struct client *client, const struct mpa_address_request *request);
/* The same for IKE, answered by client_ike_answer; `known`: the hardware address is the node's own. */
void address_request_by_ike(struct client *client, const struct mpa_address_request *request,
	bool known);
void address_release(struct client *client, const struct mpa_address_release *release);

/* Stops the engines; `give_back`: the lease returns to the server. */
void address_end(struct client *client, bool give_back);

/* An ARP frame of the subnet, for this client's duplicate address detection. */
void address_arp(struct client *client, struct view frame);

/* --- access_tunnel.c -------------------------------------------------------------------------- */

/* Has the kernel fetch beforehand what tunnels need; warns when it has no ESP. */
void tunnels_prepare(struct access *access);

/* The client asks for a tunnel to its new address: answered with the router's end of it, or why
 * not. An earlier tunnel of the client ends. */
void tunnel_request(struct client *client, const struct mpa_tunnel_request *request);
/*
 * The client wants it no more: tunnel_down, and the address is kept for `grace`, until it arrives.
 */
void tunnel_delete(struct client *client, const struct mpa_tunnel_delete *request);

/* Raises the tunnel of these states, whose id is set here, to the client's address; it takes the
 * place of one that stands. 0, or -1 after log_error. */
int tunnel_raise_states(struct client *client, const struct esp_sa *in, const struct esp_sa *out);

/* The node has deleted it: the address stays its own for a while. */
void tunnel_left(struct client *client, const char *why);

/* Nothing goes into the tunnel any more; what still comes out of it is taken for a moment. */
void tunnel_down(struct client *client, const char *why);

/* And now that is over too. */
void access_tunnel_end(struct client *client, const char *why);

/* --- access_ike.c ----------------------------------------------------------------------------- */

/* NULL after log_error. */
struct access_ike *access_ike_new(struct access *access);
/* Forgets all SAs without a word. Accepts NULL. */
void access_ike_free(struct access_ike *ike);

/* The address that was asked for is the client's (`context`), or there is none. */
void client_ike_answer(struct client *client, bool given);

/* The client's IKE SA is deleted. */
void client_ike_end(struct client *client);

/* The same without a word: the node is not there any more. */
void client_ike_forget(struct client *client);

/* How the client's IKE SA stands; NULL: it has none. */
json_t *client_ike_json(const struct client *client);

/* --- access_buffer.c -------------------------------------------------------------------------- */

/* The client wants packets held, sent, or no longer held; answered. */
void buffer_control(struct client *client, const struct mpa_buffer_control *request);

/* Sends what is held, if anything; `why` for the log. */
void buffer_flush(struct client *client, const char *why);

/* Forgets it. */
void buffer_drop(struct client *client, const char *why);

#endif
