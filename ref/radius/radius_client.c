// SPDX-License-Identifier: Apache-2.0
/*
 * Requests under way, and the ends that wait for them.
 *
 * A request lives in a slot, numbered port * 256 + Identifier. An end has at most one. Slots in use
 * are linked in the order in which they become due for the first time; the list is walked whole on
 * a tick, which is cheap because at most 4096 requests can be under way.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/radius/radius_client.h"
#include "ref/radius/radius_internal.h"
#include "ref/radius/radius_message.h"

#define INITIAL_TIMEOUT BTIME_S
#define TIMEOUT_MAX (8 * BTIME_S)
#define REPETITIONS 3

void *radius_alloc(size_t size)
{
	void *p = calloc(1, size);
	if (!p)
		abort();
	return p;
}

struct radius_client *radius_client_new(const struct radius_client_config *config)
{
	struct radius_client *client = radius_alloc(sizeof(*client));

	client->config = *config;
	if (!client->config.initial_timeout)
		client->config.initial_timeout = INITIAL_TIMEOUT;
	if (!client->config.repetitions)
		client->config.repetitions = REPETITIONS;
	if (!client->config.ports || client->config.ports > RADIUS_PORTS_MAX)
		client->config.ports = client->config.ports ? RADIUS_PORTS_MAX : 1;
	client->slot_count = client->config.ports * 256;
	client->slots = radius_alloc(client->slot_count * sizeof(*client->slots));
	return client;
}

void radius_client_free(struct radius_client *client)
{
	if (!client)
		return;
	for (unsigned i = 0; i < client->slot_count; i++)
		free(client->slots[i].request);
	free(client->slots);
	wipe(client, sizeof(*client));
	free(client);
}

const struct radius_counters *radius_client_counters(const struct radius_client *client)
{
	return &client->counters;
}

static struct view secret_of(const struct radius_client *client, unsigned server)
{
	return VIEW(client->config.servers[server].secret,
		client->config.servers[server].secret_size);
}

void radius_slot_release(struct radius_client *client, struct radius_slot *slot)
{
	if (slot->pass)
		slot->pass->slot = NULL;
	free(slot->request);
	*slot = (struct radius_slot){ 0 };
	client->in_use--;
}

/* Identifiers are taken in turn, so that one is not used again soon after its answer. */
static struct radius_slot *free_slot(struct radius_client *client)
{
	for (unsigned i = 0; i < client->slot_count; i++) {
		struct radius_slot *slot =
			&client->slots[(client->next_slot + i) % client->slot_count];
		if (slot->pass)
			continue;
		client->next_slot = (unsigned)(slot - client->slots) + 1;
		client->in_use++;
		return slot;
	}
	return NULL;
}

static void send_slot(struct radius_client *client, struct radius_slot *slot, btime now,
	struct actions *actions)
{
	struct endpoint local = { .port = (uint16_t)((slot - client->slots) / 256) };

	actions_send(actions, &local, &client->config.servers[slot->server].endpoint,
		VIEW(slot->request, slot->size));
	slot->due = MUTANT(radius_never_repeats) ? BTIME_NEVER : btime_add(now, slot->timeout);
	slot->timeout = btime_min(2 * slot->timeout, TIMEOUT_MAX);
	slot->sent++;
}

/* Built anew for each server: the secret differs, and so must the Request Authenticator. */
static bool build_request(struct radius_client *client, struct radius_slot *slot)
{
	uint8_t buffer[RADIUS_MESSAGE_MAX];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct packet p = packet_named(&radius_protocol, "Access-Request");
	uint8_t numbers[8];

	p.header[RADIUS_IDENTIFIER] = (uint64_t)(slot - client->slots) % 256;
	if (!radius_pass_attributes(slot->pass, &p, numbers))
		return false;
	radius_seal_request(&p, secret_of(client, slot->server), client->config.random, &w);
	if (w.failed)
		return false;
	free(slot->request);
	slot->request = radius_alloc(w.used);
	memcpy(slot->request, buffer, w.used);
	slot->size = w.used;
	slot->timeout = client->config.initial_timeout;
	slot->sent = 0;
	return true;
}

static void give_up(struct radius_client *client, struct radius_pass *pass, const char *why)
{
	radius_pass_fail(pass, why);
	client->config.ready(client->config.context, &pass->end);
}

static void begin(struct radius_client *client, struct radius_pass *pass, btime now,
	struct actions *actions)
{
	struct radius_slot *slot = free_slot(client);

	if (!slot) {
		give_up(client, pass, "too many requests to the AAA server are under way");
		return;
	}
	slot->pass = pass;
	pass->slot = slot;
	slot->server = client->preferred;
	if (!build_request(client, slot)) {
		radius_slot_release(client, slot);
		give_up(client, pass, "the EAP packet does not fit into a RADIUS message");
		return;
	}
	client->counters.requests++;
	send_slot(client, slot, now, actions);
}

void radius_client_flush(struct radius_client *client, btime now, struct actions *actions)
{
	while (client->outbox) {
		struct radius_pass *pass = client->outbox;
		client->outbox = pass->next;
		pass->next = NULL;
		pass->queued = false;
		begin(client, pass, now, actions);
	}
}

static int rejected(struct radius_client *client, const struct reject *why, struct reject *out)
{
	client->counters.rejected[why->reason]++;
	if (out)
		*out = *why;
	return -1;
}

int radius_client_input(struct radius_client *client, unsigned port, const struct endpoint *peer,
	struct view datagram, btime now, struct reject *reject)
{
	struct packet p;
	struct reject why = { 0 };
	(void)now;

	if (radius_decode(&datagram, &p, &why) < 0)
		return rejected(client, &why, reject);
	unsigned index = port * 256 + (unsigned)p.header[RADIUS_IDENTIFIER];
	struct radius_slot *slot = index < client->slot_count ? &client->slots[index] : NULL;
	if (!slot || !slot->pass) {
		reject_set(&why, REJECT_SEQUENCE, "Identifier", "RFC 2865 §3", 1,
			p.header[RADIUS_IDENTIFIER]);
		return rejected(client, &why, reject);
	}
	if (!endpoint_equal(peer, &client->config.servers[slot->server].endpoint) &&
		!MUTANT(radius_any_source)) {
		reject_set(&why, REJECT_ADDRESS, "source", "RFC 2865 §4", 0, 0);
		return rejected(client, &why, reject);
	}
	struct view request = VIEW(slot->request, slot->size);
	struct view secret = secret_of(client, slot->server);
	if (p.header[RADIUS_CODE] == RADIUS_ACCESS_REQUEST) {
		reject_set(&why, REJECT_TYPE, "Code", "RFC 2865 §4", 0, RADIUS_ACCESS_REQUEST);
		return rejected(client, &why, reject);
	}
	if (radius_verify_answer(&p, datagram, request, secret, !client->config.accept_unsigned,
		    &why) < 0)
		return rejected(client, &why, reject);

	struct radius_pass *pass = slot->pass;
	client->counters.answers++;
	client->preferred = slot->server;
	radius_pass_answer(pass, &p, request, secret);
	radius_slot_release(client, slot);
	client->config.ready(client->config.context, &pass->end);
	return 0;
}

/* The next server, or the end of the attempt. */
static void unanswered(struct radius_client *client, struct radius_slot *slot, btime now,
	struct actions *actions)
{
	struct radius_pass *pass = slot->pass;

	if (++slot->servers_tried < client->config.server_count) {
		slot->server = (slot->server + 1) % client->config.server_count;
		client->preferred = slot->server;
		client->counters.failovers++;
		if (build_request(client, slot)) {
			send_slot(client, slot, now, actions);
			return;
		}
	}
	client->counters.timeouts++;
	radius_slot_release(client, slot);
	give_up(client, pass, "no AAA server answers");
}

void radius_client_tick(struct radius_client *client, btime now, struct actions *actions)
{
	for (unsigned i = 0; i < client->slot_count && client->in_use; i++) {
		struct radius_slot *slot = &client->slots[i];
		/* What does not fit into the list stays due and goes with the next tick. */
		if (!slot->pass || slot->due > now || actions->count == ACTIONS_MAX ||
			actions->used + slot->size > ACTIONS_OCTETS)
			continue;
		if (slot->sent > client->config.repetitions) {
			unanswered(client, slot, now, actions);
			continue;
		}
		client->counters.repetitions++;
		if (MUTANT(radius_repeats_something_else))
			build_request(client, slot);
		send_slot(client, slot, now, actions);
	}
}

btime radius_client_due(const struct radius_client *client)
{
	btime due = BTIME_NEVER;
	for (unsigned i = 0; i < client->slot_count && client->in_use; i++)
		if (client->slots[i].pass)
			due = btime_min(due, client->slots[i].due);
	return due;
}
