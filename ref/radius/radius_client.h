// SPDX-License-Identifier: Apache-2.0
/*
 * A RADIUS client without I/O, and EAP passed through it (RFC 3579).
 *
 * One client serves all sessions of an authenticator. A pass-through is a struct eap_end, so the
 * lower layer (PANA, 802.1X) does not know that the server is elsewhere: it sees EAP_WAITING, and
 * is told by `ready` when the answer has come. What the ends want sent lies in the client until
 * radius_client_flush.
 *
 * A client is limited by the one-octet Identifier: 256 requests under way for each local port.
 * It uses `ports` of them, which the owner opens and numbers from 0; action.local.port of what it
 * sends is that number, in host byte order.
 */
#ifndef BATON_RADIUS_CLIENT_H
#define BATON_RADIUS_CLIENT_H

#include "ref/base/engine.h"
#include "ref/base/random.h"
#include "ref/eap/eap.h"
#include "ref/radius/radius_wire.h"

#define RADIUS_SERVERS_MAX 4
#define RADIUS_PORTS_MAX 16

struct radius_server {
	struct endpoint endpoint;
	uint8_t secret[RADIUS_SECRET_MAX];
	size_t secret_size; /* octets, at least 1 */
};

struct radius_client_config {
	struct radius_server servers[RADIUS_SERVERS_MAX]; /* tried in this order */
	unsigned server_count, ports;
	btime initial_timeout;	     /* before the first repetition; 0: 1 s. Doubles, at most 8 s */
	unsigned repetitions;	     /* to one server, before the next is tried; 0: 3 */
	bool accept_unsigned;	     /* answers without EAP may lack a Message-Authenticator */
	const char *nas_identifier;  /* RFC 2865 §5.32; must outlive the client */
	struct endpoint nas_address; /* NAS-IP-Address or NAS-IPv6-Address; family 0: none */
	uint32_t nas_port_type;	     /* RFC 2865 §5.41: 19 is 802.11, 5 virtual */
	struct random *random;
	void *context;
	/* The answer for this end has come: its status has changed. */
	void (*ready)(void *context, struct eap_end *end);
};

struct radius_client;

/* Copies the configuration. Never NULL. */
struct radius_client *radius_client_new(const struct radius_client_config *config);

/* Wipes the secrets. The ends must be gone. NULL is fine. */
void radius_client_free(struct radius_client *client);

struct radius_session {
	char called_station[64], calling_station[64]; /* RFC 3580 §3.20, §3.21; empty: left out */
	uint16_t mtu;				      /* Framed-MTU; 0: 1400 */
	void *owner; /* the lower layer's own, kept and never looked at */
};

/*
 * The server's end of one EAP conversation, passed through. It asks for the identity itself (RFC
 * 3579 §2.1) and forwards everything else.
 */
struct eap_end *radius_eap_new(struct radius_client *client, const struct radius_session *session);

/* The owner given to radius_eap_new. */
void *radius_eap_owner(const struct eap_end *end);

/* Session-Timeout of the Access-Accept in seconds; 0 when it had none. */
uint32_t radius_eap_session_timeout(const struct eap_end *end);

/* Sends what the ends have asked for since the last call. */
void radius_client_flush(struct radius_client *client, btime now, struct actions *actions);

/* A datagram from `peer` at the port numbered `port`. 0, or -1 when it was not taken. */
int radius_client_input(struct radius_client *client, unsigned port, const struct endpoint *peer,
	struct view datagram, btime now, struct reject *reject);

/* Repeats, changes servers, gives up. */
void radius_client_tick(struct radius_client *client, btime now, struct actions *actions);
btime radius_client_due(const struct radius_client *client);

/* Counters. */
struct radius_counters {
	uint64_t requests, repetitions, answers, timeouts, failovers;
	uint64_t rejected[REJECT_COUNT];
};
const struct radius_counters *radius_client_counters(const struct radius_client *client);

#endif
