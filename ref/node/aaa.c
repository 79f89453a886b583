// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/host/udp.h"
#include "ref/node/aaa.h"
#include "ref/radius/radius_client.h"

#define NAS_PORT_TYPE_VIRTUAL 5 /* RFC 2865 §5.41 */

struct port {
	struct aaa *aaa;
	struct udp *udp;
	unsigned number; /* as the engine counts them */
};

struct aaa {
	struct node *node;
	void *context;
	void (*ready)(void *context, struct eap_end *end);
	struct radius_client *client;
	struct timer *timer;
	struct port ports[RADIUS_PORTS_MAX];
	unsigned port_count;
};

static void send_all(struct aaa *aaa, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		int result = udp_send(aaa->ports[a->local.port].udp, NULL, &a->peer, a->data);
		char peer[64];

		if (result < 0) /* repeated like one that the wire lost */
			log_debug(aaa->node->log, "sending to RADIUS server %s: %s",
				endpoint_text(&a->peer, peer, sizeof(peer)), strerror(-result));
	}
	timer_set(aaa->timer, radius_client_due(aaa->client));
}

void aaa_flush(struct aaa *aaa)
{
	struct actions actions;

	if (!aaa)
		return;
	actions_clear(&actions);
	radius_client_flush(aaa->client, loop_now(), &actions);
	send_all(aaa, &actions);
}

/* The owner may destroy the end in here; the engine does not look at it afterwards. */
static void ready(void *context, struct eap_end *end)
{
	struct aaa *aaa = context;

	if (end->failure)
		log_event(aaa->node->log, "aaa_failed", "{s:s,s:s}", "identity", end->identity,
			"reason", end->failure);
	aaa->ready(aaa->context, end);
}

static void receive(void *context, const struct udp_datagram *d)
{
	struct port *port = context;
	struct aaa *aaa = port->aaa;
	struct reject why = { 0 };
	char peer[64];

	if (radius_client_input(aaa->client, port->number, &d->peer, d->data, loop_now(), &why) < 0)
		log_event(aaa->node->log, "aaa_rejected", "{s:s,s:s,s:s}", "server",
			endpoint_text(&d->peer, peer, sizeof(peer)), "reason",
			reject_name(why.reason), "field", why.field ? why.field : "");
	timer_set(aaa->timer, radius_client_due(aaa->client));
}

static void timer_due(void *context)
{
	struct aaa *aaa = context;
	struct actions actions;

	actions_clear(&actions);
	radius_client_tick(aaa->client, loop_now(), &actions);
	send_all(aaa, &actions);
}

struct eap_end *aaa_eap_new(struct aaa *aaa, void *owner, const struct endpoint *station)
{
	struct radius_session s = { .owner = owner };

	/* RFC 3580 §3.21 wants a MAC address here; over IP the client is known by its address. */
	endpoint_text(station, s.calling_station, sizeof(s.calling_station));
	return radius_eap_new(aaa->client, &s);
}

static void add_servers(struct radius_client_config *config, const struct aaa_settings *settings)
{
	const struct radius_server_settings *list = settings->servers.items;

	for (size_t i = 0; i < settings->servers.count; i++) {
		struct radius_server *server = &config->servers[config->server_count++];
		server->endpoint = list[i].address;
		server->secret_size = strlen(list[i].secret);
		memcpy(server->secret, list[i].secret, server->secret_size);
	}
}

static struct radius_client *make_client(struct aaa *aaa, const struct aaa_settings *settings)
{
	struct radius_client_config config = { .ports = aaa->port_count,
		.initial_timeout = settings->timeout,
		.repetitions = settings->repetitions,
		.nas_identifier = settings->nas_identifier,
		.nas_address = settings->bind,
		.nas_port_type = NAS_PORT_TYPE_VIRTUAL,
		.random = &aaa->node->random,
		.context = aaa,
		.ready = ready };
	struct radius_client *client;

	add_servers(&config, settings);
	client = radius_client_new(&config);
	wipe(&config, sizeof(config));
	return client;
}

struct aaa *aaa_new(const struct aaa_config *config)
{
	const struct aaa_settings *settings = config->settings;
	const struct radius_server_settings *first = settings->servers.items;
	struct endpoint local = settings->bind;
	struct aaa *aaa = host_alloc(sizeof(*aaa));

	aaa->node = config->node;
	aaa->context = config->context;
	aaa->ready = config->ready;
	local.family = first->address.family;
	local.port = 0;
	while (aaa->port_count < settings->ports) {
		struct port *port = &aaa->ports[aaa->port_count];
		*port = (struct port){ .aaa = aaa, .number = aaa->port_count };
		port->udp = udp_open(aaa->node->loop, &local, NULL, receive, port);
		if (!port->udp) {
			log_error(aaa->node->log, "a socket for RADIUS: %s", strerror(errno));
			aaa_free(aaa);
			return NULL;
		}
		aaa->port_count++;
	}
	aaa->timer = timer_new(aaa->node->loop, timer_due, aaa);
	aaa->client = make_client(aaa, settings);
	return aaa;
}

void aaa_free(struct aaa *aaa)
{
	if (!aaa)
		return;
	for (unsigned i = 0; i < aaa->port_count; i++)
		udp_close(aaa->ports[i].udp);
	timer_free(aaa->timer);
	radius_client_free(aaa->client);
	free(aaa);
}

json_t *aaa_json(const struct aaa *aaa)
{
	const struct radius_counters *c;
	json_t *rejected = json_object();

	if (!aaa) {
		json_decref(rejected);
		return json_null();
	}
	c = radius_client_counters(aaa->client);
	for (int i = 0; i < REJECT_COUNT; i++)
		if (c->rejected[i])
			json_object_set_new(rejected, reject_name((enum reject_reason)i),
				json_integer((json_int_t)c->rejected[i]));
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:o}", "requests", (json_int_t)c->requests,
		"repetitions", (json_int_t)c->repetitions, "answers", (json_int_t)c->answers,
		"timeouts", (json_int_t)c->timeouts, "failovers", (json_int_t)c->failovers,
		"rejected", rejected);
}
