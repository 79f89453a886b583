// SPDX-License-Identifier: Apache-2.0
/*
 * The access router as objects.
 *
 * struct ar is the node. Its agent is the PANA authentication agent with all sessions; it stands
 * alone in PANA-only use. Its access, if configured, does for authenticated clients what RFC 6252
 * §6.3 asks of the new access router: one struct client for each session that asked for something
 * (an address, a tunnel, a buffer), made on the first request and gone with the session.
 */
#ifndef BATON_AR_AR_H
#define BATON_AR_AR_H

#include "ref/ar/settings.h"
#include "ref/eap/eap_server.h"
#include "ref/host/udp.h"
#include "ref/node/waiters.h"
#include "ref/pana/paa.h"

struct aaa;
struct access;
struct ap_keys;
struct nearby;

struct ar {
	struct node *node;
	const struct ar_settings *settings;
	struct udp *udp;
	struct paa *paa;
	struct timer *timer;
	struct eap_users *users;
	struct eap_tls_context *tls;
	struct aaa *aaa; /* NULL: the users are kept here */
	struct waiters waiters;
	uint32_t newest; /* session identifier; 0 before there was one */
	struct access *access;
	struct ap_keys *ap_keys; /* NULL: no access points */
	struct nearby *nearby; /* NULL: clients are told of none */
};

/* The agent: opens the socket, serves. 0, or -1 after log_error. */
int agent_start(struct ar *ar);
void agent_stop(struct ar *ar);

/* Carries out what the engine wants after a call, and sets its timer. */
void agent_carry(struct ar *ar, const struct actions *actions);

/* Sends vendor AVPs to the client of that session. False when there is no such session. */
bool agent_notify(struct ar *ar, uint32_t session, const struct element_value *elements,
	unsigned count);

/* The server's end of an EAP conversation with the users that are kept here. */
struct eap_end *agent_eap_server(struct ar *ar);

/* Control commands about sessions. */
void agent_cmd_status(void *node, struct control_request *request, const json_t *arguments);
void agent_cmd_sessions(void *node, struct control_request *request, const json_t *arguments);
void agent_cmd_start(void *node, struct control_request *request, const json_t *arguments);
void agent_cmd_reauth(void *node, struct control_request *request, const json_t *arguments);
void agent_cmd_ping(void *node, struct control_request *request, const json_t *arguments);
void agent_cmd_terminate(void *node, struct control_request *request, const json_t *arguments);
void agent_cmd_counters(void *node, struct control_request *request, const json_t *arguments);

#endif
