// SPDX-License-Identifier: Apache-2.0
/* A node's way to RADIUS servers (RFC 3579): their sockets and timer around radius_client.h. */
#ifndef BATON_NODE_AAA_H
#define BATON_NODE_AAA_H

#include "ref/eap/eap.h"
#include "ref/host/program.h"
#include "ref/node/aaa_settings.h"

struct aaa;

struct aaa_config {
	struct node *node;
	const struct aaa_settings *settings;
	void *context;
	/* The answer for this end, whose owner is radius_eap_owner's, has come. */
	void (*ready)(void *context, struct eap_end *end);
};

/* Opens the sockets. NULL after log_error. */
struct aaa *aaa_new(const struct aaa_config *config);

/* After the engine whose sessions hold ends of it. Accepts NULL. */
void aaa_free(struct aaa *aaa);

/* The server's end of one EAP conversation, passed through; `station` is where the peer is. */
struct eap_end *aaa_eap_new(struct aaa *aaa, void *owner, const struct endpoint *station);

/* Sends what the ends have asked for: after every call of the engine that has them. Accepts NULL. */
void aaa_flush(struct aaa *aaa);

/* Counters for the control socket: {requests, answers, ...}; null without. */
json_t *aaa_json(const struct aaa *aaa);

#endif
