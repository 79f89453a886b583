// SPDX-License-Identifier: Apache-2.0
/* Shared by the client's requests and the pass-through ends. */
#ifndef BATON_RADIUS_INTERNAL_H
#define BATON_RADIUS_INTERNAL_H

#include "ref/radius/radius_client.h"

#define RADIUS_EAP_MAX 3000 /* octets of one EAP packet, either way */

struct radius_pass;

struct radius_slot {
	struct radius_pass *pass; /* NULL: free */
	uint8_t *request;
	size_t size;
	unsigned server, servers_tried, sent;
	btime due, timeout;
};

struct radius_client {
	struct radius_client_config config;
	struct radius_slot *slots;
	unsigned slot_count, next_slot, in_use, preferred;
	struct radius_pass *outbox; /* ends that have something to send */
	struct radius_counters counters;
};

/* One conversation that is passed through. */
struct radius_pass {
	struct eap_end end; /* first: the end is the pass */
	struct radius_client *client;
	struct radius_session session;
	struct radius_slot *slot; /* its request under way, or NULL */
	struct radius_pass *next; /* in the outbox */
	bool queued;
	uint8_t state[RADIUS_ATTRIBUTE_MAX]; /* of the last challenge, RFC 2865 §5.24 */
	size_t state_size;
	uint8_t to_server[RADIUS_EAP_MAX], to_peer[RADIUS_EAP_MAX];
	size_t to_server_size, to_peer_size;
	uint8_t identifier; /* of the last EAP request to the peer */
	uint32_t session_timeout;
};

/* calloc that ends the process when there is no memory. */
void *radius_alloc(size_t size);

/* Fills in the attributes of the Access-Request; `numbers` (8 octets) holds what they point to. */
bool radius_pass_attributes(const struct radius_pass *pass, struct packet *packet,
	uint8_t numbers[8]);

/* Takes the verified answer: status, output and keys of the end follow from it. */
void radius_pass_answer(struct radius_pass *pass, const struct packet *answer, struct view request,
	struct view secret);

/* Ends the conversation with an EAP-Failure of our own. */
void radius_pass_fail(struct radius_pass *pass, const char *why);

/* The slot is free again. */
void radius_slot_release(struct radius_client *client, struct radius_slot *slot);

#endif
