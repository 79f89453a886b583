// SPDX-License-Identifier: Apache-2.0
/* The PANA clients of a mobile node on the host: socket, timer, EAP peers, reports. */
#ifndef BATON_MN_CLIENT_H
#define BATON_MN_CLIENT_H

#include "ref/mn/mn.h"

/* Opens the socket; clients of networks whose agent begins wait from now on. 0, or -1 after
 * log_error. */
int client_start(struct mn *mn);

/* Ends sessions without a word. */
void client_stop(struct mn *mn);

/*
 * Begins a session with the network's agent from `local` (family 0: the kernel's choice), with
 * `preauth` as pre-authentication. An earlier session is forgotten.
 */
void client_begin(struct network *network, const struct endpoint *local, bool preauth);

/* Tells the client; 0, or -1 when that has no place in its state, or there is none. */
int client_event(struct network *network, enum pac_event_kind kind, const struct endpoint *local);

/* Sends vendor AVPs to the agent. 0, or -1. */
int client_notify(struct network *network, const struct element_value *elements, unsigned count);

/* Forgets the session without a word. */
void client_forget(struct network *network);

/* An EAP peer with the node's credentials. */
struct eap_end *client_eap_peer(struct mn *mn);

/* How the session stands. */
json_t *client_json(const struct network *network);

/* Control commands of a PANA client. */
void client_cmd_reauth(void *node, struct control_request *request, const json_t *arguments);
void client_cmd_ping(void *node, struct control_request *request, const json_t *arguments);
void client_cmd_move(void *node, struct control_request *request, const json_t *arguments);
void client_cmd_terminate(void *node, struct control_request *request, const json_t *arguments);
void client_cmd_counters(void *node, struct control_request *request, const json_t *arguments);

/* connect and preauth without a device. */
void client_cmd_connect(void *node, struct control_request *request, const json_t *arguments);
void client_cmd_preauth(void *node, struct control_request *request, const json_t *arguments);

/* The network that "network" names, else the serving one, else the only one; NULL after the
 * request was refused. */
struct network *client_chosen(struct mn *mn, struct control_request *request,
	const json_t *arguments);

#endif
