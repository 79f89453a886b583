// SPDX-License-Identifier: Apache-2.0
/* Station, access point and proxy against each other over a pipe in memory, for cmocka programs. */
#ifndef BATON_DOT1X_DXI_WORLD_H
#define BATON_DOT1X_DXI_WORLD_H

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ref/dot1x/dxi_client.h"
#include "ref/dot1x/dxi_server.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"

static const uint8_t station[6] = { 2, 0, 0, 0, 0, 1 }, ap1[6] = { 2, 0, 0, 0, 1, 1 };
static const uint8_t ap2[6] = { 2, 0, 0, 0, 1, 2 };
static uint8_t psk[EAP_PSK_SIZE] = "0123456789abcde";

struct world {
	struct random random;
	struct eap_users *users;
	struct dxi_client client;
	struct dxi_server *server;
	struct dxi_connection *connection;
	struct actions client_actions, server_actions;
	btime now;
	size_t chunk; /* octets delivered at a time; 0: all */
	unsigned client_events[8], server_events[16];
	const struct dxi_port *authenticated;
	struct view lan;
	uint8_t lan_octets[2048];
};

/* A station's EAP end: EAP-PSK. */
static inline struct eap_end *new_peer(void *context)
{
	struct world *w = context;
	return eap_peer_new(&(struct eap_peer_config){ .identity = "mn@example",
		.methods = { EAP_TYPE_PSK }, .psk = psk, .random = &w->random });
}

/* An access point's. */
static inline struct eap_end *new_server_end(void *context, const struct dxi_port *port)
{
	struct world *w = context;
	(void)port;
	return eap_server_new(&(struct eap_server_config){ .lookup = eap_users_find,
		.lookup_context = w->users, .server_id = "ap", .random = &w->random });
}

/* Both ends, not connected; `proxy`: the server is one. */
static inline void world_begin(struct world *w, bool proxy)
{
	struct eap_user user = { .identity = "mn@example", .methods = { EAP_TYPE_PSK },
		.has_psk = true };
	struct dxi_server_config config = { .bssids = { dxi_mac(ap1), dxi_mac(ap2) },
		.bssid_count = 2, .proxy = proxy, .context = w, .eap_new = new_server_end };
	struct dxi_client_config client = { .context = w, .eap_new = new_peer };

	memset(w, 0, sizeof(*w));
	w->random = random_seeded(5);
	w->users = eap_users_new();
	memcpy(user.psk, psk, sizeof(psk));
	eap_users_add(w->users, &user);
	memcpy(client.station, station, sizeof(station));
	dxi_client_begin(&w->client, &client);
	w->server = dxi_server_new(&config);
	actions_clear(&w->client_actions);
	actions_clear(&w->server_actions);
}

/* Frees both. */
static inline void world_end(struct world *w)
{
	assert_false(w->client_actions.overflowed);
	assert_false(w->server_actions.overflowed);
	dxi_client_end(&w->client);
	dxi_server_free(w->server);
	eap_users_free(w->users);
}

/* The connection that the client asked for is made. */
static inline void connect_client(struct world *w)
{
	struct endpoint peer;
	endpoint_parse("192.0.2.9:1000", 0, &peer);
	w->connection = dxi_server_accept(w->server, &peer, w->now, &w->server_actions);
	assert_non_null(w->connection);
	dxi_client_connected(&w->client, w->now, &w->client_actions);
}

/* Octets of the connection reach the other end, in parts of `chunk`. */
static inline void deliver(struct world *w, struct view octets, bool to_server)
{
	while (octets.size && w->connection) {
		size_t n = w->chunk && w->chunk < octets.size ? w->chunk : octets.size;
		struct view rest = to_server ?
			dxi_server_input(w->server, w->connection, VIEW(octets.data, n), w->now,
				&w->server_actions) :
			dxi_client_input(&w->client, VIEW(octets.data, n), w->now,
				&w->client_actions);
		assert_int_equal(rest.size, 0);
		octets.data += n;
		octets.size -= n;
	}
}

/* Both ends learn that it is gone. */
static inline void drop_connection(struct world *w)
{
	if (!w->connection)
		return;
	dxi_server_closed(w->server, w->connection);
	w->connection = NULL;
	dxi_client_disconnected(&w->client, w->now, &w->client_actions);
}

/* What the server wants is done; events are counted. */
static inline void take_server_action(struct world *w, const struct action *a)
{
	w->server_events[a->event]++;
	if (a->event == DXI_SERVER_SEND)
		deliver(w, a->data, false);
	else if (a->event == DXI_SERVER_AUTHENTICATED)
		w->authenticated = a->session;
	else if (a->event == DXI_SERVER_DISCONNECT)
		drop_connection(w);
	else if (a->event == DXI_SERVER_LAN_SEND) {
		memcpy(w->lan_octets, a->data.data, a->data.size);
		w->lan = VIEW(w->lan_octets, a->data.size);
	}
}

/* The same for the client. */
static inline void take_client_action(struct world *w, const struct action *a)
{
	w->client_events[a->event]++;
	if (a->event == DXI_CLIENT_SEND)
		deliver(w, a->data, true);
	else if (a->event == DXI_CLIENT_CONNECT)
		connect_client(w);
	else if (a->event == DXI_CLIENT_DISCONNECT)
		drop_connection(w);
}

/* Until neither end wants anything. */
static inline void run(struct world *w)
{
	while (w->client_actions.count || w->server_actions.count) {
		struct actions c = w->client_actions, s = w->server_actions;
		actions_clear(&w->client_actions);
		actions_clear(&w->server_actions);
		for (unsigned i = 0; i < c.count; i++) {
			struct action a = c.list[i];
			if (a.data.size)
				a.data.data = c.octets + (a.data.data - w->client_actions.octets);
			take_client_action(w, &a);
		}
		for (unsigned i = 0; i < s.count; i++) {
			struct action a = s.list[i];
			if (a.data.size)
				a.data.data = s.octets + (a.data.data - w->server_actions.octets);
			take_server_action(w, &a);
		}
	}
}

/* The client authenticates to the access point, as far as that goes. */
static inline void authenticate(struct world *w, const uint8_t *bssid)
{
	assert_int_equal(dxi_client_authenticate(&w->client, bssid, w->now, &w->client_actions), 0);
	run(w);
}

/* Encodes a message of the tables, whatever it says. */
static inline struct view message_of(enum dxi_type type, uint64_t from, uint64_t bssid, struct view pdu,
	uint8_t room[64])
{
	struct packet p = packet_of(&dxi_protocol);
	struct writer out = writer_of(room, 64);

	p.header[DXI_VERSION_FIELD] = DXI_VERSION;
	p.header[DXI_TYPE] = type;
	p.header[DXI_STATION] = from;
	p.header[DXI_BSSID] = bssid;
	if (pdu.size)
		packet_add(&p, 0, DXI_EAPOL, pdu);
	wire_encode(&p, &out);
	return writer_view(&out);
}

/* The error of the CLOSE among what is to be sent; DXI_ERROR_NONE when there is none. */
static inline enum dxi_error close_error(const struct actions *actions)
{
	struct packet p;

	for (unsigned i = 0; i < actions->count; i++)
		if (actions->list[i].data.size &&
			dxi_decode(actions->list[i].data, &p, NULL) == 0 &&
			p.header[DXI_TYPE] == DXI_CLOSE)
			return (enum dxi_error)packet_uint(&p, 0, DXI_ERROR, 0);
	return DXI_ERROR_NONE;
}

#endif
