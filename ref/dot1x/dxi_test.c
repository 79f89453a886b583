// SPDX-License-Identifier: Apache-2.0
/* Station, access point and proxy against each other over a pipe in memory. */
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

static struct eap_end *new_peer(void *context)
{
	struct world *w = context;
	return eap_peer_new(&(struct eap_peer_config){ .identity = "mn@example",
		.methods = { EAP_TYPE_PSK }, .psk = psk, .random = &w->random });
}

static struct eap_end *new_server_end(void *context, const struct dxi_port *port)
{
	struct world *w = context;
	(void)port;
	return eap_server_new(&(struct eap_server_config){ .lookup = eap_users_find,
		.lookup_context = w->users, .server_id = "ap", .random = &w->random });
}

static void world_begin(struct world *w, bool proxy)
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

static void world_end(struct world *w)
{
	assert_false(w->client_actions.overflowed);
	assert_false(w->server_actions.overflowed);
	dxi_client_end(&w->client);
	dxi_server_free(w->server);
	eap_users_free(w->users);
}

static void connect_client(struct world *w)
{
	struct endpoint peer;
	endpoint_parse("192.0.2.9:1000", 0, &peer);
	w->connection = dxi_server_accept(w->server, &peer, w->now, &w->server_actions);
	assert_non_null(w->connection);
	dxi_client_connected(&w->client, w->now, &w->client_actions);
}

static void deliver(struct world *w, struct view octets, bool to_server)
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

static void drop_connection(struct world *w)
{
	if (!w->connection)
		return;
	dxi_server_closed(w->server, w->connection);
	w->connection = NULL;
	dxi_client_disconnected(&w->client, w->now, &w->client_actions);
}

static void take_server_action(struct world *w, const struct action *a)
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

static void take_client_action(struct world *w, const struct action *a)
{
	w->client_events[a->event]++;
	if (a->event == DXI_CLIENT_SEND)
		deliver(w, a->data, true);
	else if (a->event == DXI_CLIENT_CONNECT)
		connect_client(w);
	else if (a->event == DXI_CLIENT_DISCONNECT)
		drop_connection(w);
}

static void run(struct world *w)
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

static void authenticate(struct world *w, const uint8_t *bssid)
{
	assert_int_equal(dxi_client_authenticate(&w->client, bssid, w->now, &w->client_actions), 0);
	run(w);
}

static void both_ends_hold_the_same_key(void **state)
{
	static const size_t chunks[] = { 0, 1, 3, 7, 100 };
	(void)state;
	for (unsigned i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		struct world w;
		world_begin(&w, false);
		w.chunk = chunks[i];
		authenticate(&w, ap1);
		assert_int_equal(w.client.targets[0].state, DXI_TARGET_AUTHENTICATED);
		assert_non_null(w.authenticated);
		assert_memory_equal(w.authenticated->pmk, w.client.targets[0].pmk, 32);
		authenticate(&w, ap2);
		assert_int_equal(w.client.targets[1].state, DXI_TARGET_AUTHENTICATED);
		assert_int_equal(w.client_events[DXI_CLIENT_CONNECT], 1);
		world_end(&w);
	}
}

static void a_proxy_speaks_with_the_stations_own_address(void **state)
{
	struct world w;
	struct eapol_frame frame;
	uint8_t buffer[64], request[] = { 1, 9, 0, 5, 1 };
	struct writer out = writer_of(buffer, sizeof(buffer));
	struct eapol eapol;
	(void)state;
	world_begin(&w, true);
	authenticate(&w, ap1);
	assert_int_equal(eapol_frame_decode(w.lan, &frame, NULL), 0);
	assert_memory_equal(frame.source, station, 6);
	assert_memory_equal(frame.destination, ap1, 6);
	assert_int_equal(frame.ethertype, EAPOL_PREAUTH_ETHERTYPE);
	assert_int_equal(eapol_decode(frame.pdu, &eapol, NULL), 0);
	assert_int_equal(eapol.type, EAPOL_START);

	/* The access point asks; padding of Ethernet stays on the LAN. */
	uint8_t pdu[46] = { 0 };
	struct writer p = writer_of(pdu, sizeof(pdu));
	eapol_encode(EAPOL_EAP, VIEW_OF(request), &p);
	struct eapol_frame answer = { .ethertype = EAPOL_PREAUTH_ETHERTYPE, .pdu = VIEW_OF(pdu) };
	memcpy(answer.destination, station, 6);
	memcpy(answer.source, ap1, 6);
	eapol_frame_encode(&answer, &out);
	w.lan = VIEW_EMPTY;
	dxi_server_lan_input(w.server, writer_view(&out), w.now, &w.server_actions);
	run(&w);
	assert_int_equal(eapol_frame_decode(w.lan, &frame, NULL), 0);
	assert_int_equal(eapol_decode(frame.pdu, &eapol, NULL), 0);
	assert_int_equal(eapol.body.data[0], EAP_CODE_RESPONSE);

	answer.source[5] = 77; /* an access point that nobody asked for */
	out = writer_of(buffer, sizeof(buffer));
	eapol_frame_encode(&answer, &out);
	dxi_server_lan_input(w.server, writer_view(&out), w.now, &w.server_actions);
	assert_int_equal(w.server_actions.count, 0);
	world_end(&w);
}

static void a_silent_access_point_is_unreachable(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, true);
	authenticate(&w, ap1);
	w.now = dxi_server_due(w.server);
	assert_int_equal(w.now, 10 * BTIME_S);
	dxi_server_tick(w.server, w.now, &w.server_actions);
	run(&w);
	assert_int_equal(w.client.targets[0].state, DXI_TARGET_FAILED);
	assert_string_equal(w.client.targets[0].failure, "unreachable");
	world_end(&w);
}

static void nobody_takes_over_a_station(void **state)
{
	struct world w;
	struct dxi_client thief;
	struct dxi_client_config config = { .context = &w, .eap_new = new_peer };
	struct endpoint peer;
	struct actions a;
	(void)state;
	world_begin(&w, false);
	authenticate(&w, ap1);

	memcpy(config.station, station, 6);
	dxi_client_begin(&thief, &config);
	endpoint_parse("192.0.2.66:1", 0, &peer);
	struct dxi_connection *c = dxi_server_accept(w.server, &peer, w.now, &w.server_actions);
	actions_clear(&a);
	dxi_client_authenticate(&thief, ap1, w.now, &a);
	actions_clear(&a);
	dxi_client_connected(&thief, w.now, &a);
	dxi_server_input(w.server, c, a.list[0].data, w.now, &w.server_actions);
	struct actions answer = w.server_actions;
	struct view v = answer.list[0].data;
	v.data = answer.octets + (v.data - w.server_actions.octets);
	actions_clear(&a);
	dxi_client_input(&thief, v, w.now, &a);
	assert_int_equal(thief.targets[0].state, DXI_TARGET_FAILED);
	assert_string_equal(thief.targets[0].failure, "busy");
	dxi_client_end(&thief);
	world_end(&w);
}

static void another_stations_name_ends_the_connection(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, false);
	authenticate(&w, ap1);
	w.client.config.station[5] = 99;
	dxi_client_authenticate(&w.client, ap2, w.now, &w.client_actions);
	run(&w);
	assert_int_equal(w.server_events[DXI_SERVER_DISCONNECT], 1);
	assert_int_equal(dxi_server_counters(w.server)->rejected[REJECT_ADDRESS], 1);
	world_end(&w);
}

static void what_is_not_ours_is_closed_at_once(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, false);
	connect_client(&w);
	actions_clear(&w.client_actions);
	struct view http = view_text("GET / HTTP/1.0\r\n\r\n");
	dxi_server_input(w.server, w.connection, http, w.now, &w.server_actions);
	run(&w);
	assert_null(w.connection);
	assert_int_equal(dxi_server_counters(w.server)->rejected[REJECT_VERSION], 1);
	world_end(&w);
}

/* Encodes a message of the tables, whatever it says. */
static struct view message_of(enum dxi_type type, uint64_t from, uint64_t bssid, struct view pdu,
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
static enum dxi_error close_error(const struct actions *actions)
{
	struct packet p;

	for (unsigned i = 0; i < actions->count; i++)
		if (actions->list[i].data.size &&
			dxi_decode(actions->list[i].data, &p, NULL) == 0 &&
			p.header[DXI_TYPE] == DXI_CLOSE)
			return (enum dxi_error)packet_uint(&p, 0, DXI_ERROR, 0);
	return DXI_ERROR_NONE;
}

static void addresses_are_those_of_one_station(void **state)
{
	static const uint64_t bad[] = { 0, 0x0180C2000003, 0xFFFFFFFFFFFF };
	uint8_t room[64];
	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		struct world w;
		uint64_t from = i % 2 ? bad[i / 2] : dxi_mac(station);
		uint64_t to = i % 2 ? dxi_mac(ap1) : bad[i / 2];
		world_begin(&w, false);
		connect_client(&w);
		actions_clear(&w.client_actions);
		dxi_server_input(w.server, w.connection,
			message_of(DXI_OPEN, from, to, VIEW_EMPTY, room), w.now,
			&w.server_actions);
		assert_int_equal(close_error(&w.server_actions), DXI_ERROR_MALFORMED);
		assert_int_equal(dxi_server_counters(w.server)->rejected[REJECT_VALUE], 1);
		assert_int_equal(dxi_server_counters(w.server)->opened, 0);
		run(&w);
		world_end(&w);
	}
}

/* DXI §3.5: told and left, by either side. */
static void a_message_from_the_wrong_side_ends_the_connection(void **state)
{
	static const enum dxi_type wrong[] = { DXI_OPENED, DXI_REFUSED };
	uint8_t room[64];
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct world w;
		world_begin(&w, false);
		connect_client(&w);
		struct packet p = packet_of(&dxi_protocol);
		struct writer out = writer_of(room, sizeof(room));
		p.header[DXI_VERSION_FIELD] = DXI_VERSION;
		p.header[DXI_TYPE] = wrong[i];
		p.header[DXI_STATION] = dxi_mac(station);
		p.header[DXI_BSSID] = dxi_mac(ap1);
		if (wrong[i] == DXI_REFUSED)
			packet_add(&p, 0, DXI_ERROR, VIEW("\0\4", 2));
		wire_encode(&p, &out);
		dxi_server_input(w.server, w.connection, writer_view(&out), w.now,
			&w.server_actions);
		assert_int_equal(close_error(&w.server_actions), DXI_ERROR_MALFORMED);
		run(&w);
		assert_null(w.connection);
		world_end(&w);
	}
	struct world w;
	world_begin(&w, false);
	authenticate(&w, ap1);
	dxi_client_input(&w.client,
		message_of(DXI_OPEN, dxi_mac(station), dxi_mac(ap1), VIEW_EMPTY, room), w.now,
		&w.client_actions);
	assert_int_equal(close_error(&w.client_actions), DXI_ERROR_MALFORMED);
	run(&w);
	assert_null(w.connection);
	world_end(&w);
}

/* DXI §3.5: padding behind the PDU stays where it is; §5.4: ordinary EAPOL stays on the LAN. */
static void a_proxy_carries_pdus_and_nothing_else(void **state)
{
	uint8_t room[64], pdu[16] = { EAPOL_VERSION, EAPOL_START, 0, 0, 0xEE, 0xEE };
	struct eapol_frame frame;
	struct world w;
	(void)state;
	world_begin(&w, true);
	authenticate(&w, ap1);
	dxi_server_input(w.server, w.connection,
		message_of(DXI_FRAME, dxi_mac(station), dxi_mac(ap1), VIEW_OF(pdu), room), w.now,
		&w.server_actions);
	run(&w);
	assert_int_equal(eapol_frame_decode(w.lan, &frame, NULL), 0);
	assert_int_equal(frame.pdu.size, EAPOL_HEADER_SIZE);

	struct writer out = writer_of(room, sizeof(room));
	struct eapol_frame ordinary = { .ethertype = EAPOL_ETHERTYPE,
		.pdu = VIEW(pdu, EAPOL_HEADER_SIZE) };
	memcpy(ordinary.destination, station, 6);
	memcpy(ordinary.source, ap1, 6);
	eapol_frame_encode(&ordinary, &out);
	dxi_server_lan_input(w.server, writer_view(&out), w.now, &w.server_actions);
	assert_int_equal(w.server_actions.count, 0);
	world_end(&w);
}

/* DXI §5.1: whatever else it sends. */
static void probes_keep_no_half_open_connection_alive(void **state)
{
	uint8_t room[64];
	struct world w;
	(void)state;
	world_begin(&w, false);
	connect_client(&w);
	actions_clear(&w.client_actions);
	w.now = 4 * BTIME_S;
	dxi_server_input(w.server, w.connection, message_of(DXI_PROBE, 0, 0, VIEW_EMPTY, room),
		w.now, &w.server_actions);
	run(&w);
	assert_int_equal(dxi_server_due(w.server), 5 * BTIME_S);
	w.now = 5 * BTIME_S;
	dxi_server_tick(w.server, w.now, &w.server_actions);
	assert_int_equal(close_error(&w.server_actions), DXI_ERROR_TIMEOUT);
	run(&w);
	assert_null(w.connection);
	world_end(&w);
}

/* Carries out what accept and tick ask for; how many connections it ended. */
static unsigned close_all(struct world *w)
{
	unsigned closed = 0;

	for (unsigned i = 0; i < w->server_actions.count; i++) {
		const struct action *a = &w->server_actions.list[i];
		if (a->event != DXI_SERVER_DISCONNECT)
			continue;
		dxi_server_closed(w->server, (struct dxi_connection *)a->session);
		closed++;
	}
	assert_false(w->server_actions.overflowed);
	actions_clear(&w->server_actions);
	return closed;
}

static struct dxi_connection *accept_from(struct world *w, unsigned host)
{
	struct endpoint peer;

	endpoint_parse("10.0.0.0:1", 0, &peer);
	peer.address[2] = (uint8_t)(host / 256);
	peer.address[3] = (uint8_t)(host % 256);
	return dxi_server_accept(w->server, &peer, w->now, &w->server_actions);
}

/* DXI §6: the total is bounded, and the oldest of those without OPEN makes room. */
static void half_open_connections_are_bounded_and_end(void **state)
{
	struct world w;
	unsigned evicted = 0, closed = 0;
	(void)state;
	world_begin(&w, false);
	authenticate(&w, ap1);
	for (unsigned i = 0; i < 10000; i++) {
		assert_non_null(accept_from(&w, i));
		evicted += close_all(&w);
		assert_true(dxi_server_connections(w.server) <= DXI_CONNECTIONS_MAX);
	}
	assert_int_equal(evicted, 10000 + 1 - DXI_CONNECTIONS_MAX);
	assert_int_equal(dxi_server_counters(w.server)->evicted, evicted);
	assert_int_equal(dxi_server_counters(w.server)->refused[DXI_ERROR_LIMIT], evicted);
	w.now = 5 * BTIME_S;
	while (dxi_server_due(w.server) <= w.now) {
		dxi_server_tick(w.server, w.now, &w.server_actions);
		closed += close_all(&w);
	}
	assert_int_equal(closed, DXI_CONNECTIONS_MAX - 1);
	assert_int_equal(dxi_server_connections(w.server), 1); /* the one that is opened */
	world_end(&w);
}

static void one_address_has_32_connections(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, false);
	for (unsigned i = 0; i < DXI_PER_ADDRESS; i++)
		assert_non_null(accept_from(&w, 7));
	assert_null(accept_from(&w, 7));
	assert_non_null(accept_from(&w, 8));
	assert_int_equal(dxi_server_counters(w.server)->refused_address, 1);
	world_end(&w);
}

static void opened_connections_do_not_make_room(void **state)
{
	struct world w;
	uint8_t room[64];
	(void)state;
	world_begin(&w, false);
	for (unsigned i = 0; i < DXI_CONNECTIONS_MAX; i++) {
		struct dxi_connection *c = accept_from(&w, i);
		dxi_server_input(w.server, c,
			message_of(DXI_OPEN, dxi_mac(station) + i, dxi_mac(ap1), VIEW_EMPTY, room),
			w.now, &w.server_actions);
		actions_clear(&w.server_actions);
	}
	assert_null(accept_from(&w, 5000));
	assert_int_equal(dxi_server_counters(w.server)->refused_total, 1);
	assert_int_equal(dxi_server_counters(w.server)->opened, DXI_CONNECTIONS_MAX);
	world_end(&w);
}

/* DXI §5.2: who has moved away without a word is found out. */
static void a_silent_station_is_asked_and_let_go(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, false);
	authenticate(&w, ap1);
	assert_int_equal(dxi_server_due(w.server), 30 * BTIME_S);
	w.now = 30 * BTIME_S;
	dxi_server_tick(w.server, w.now, &w.server_actions);
	assert_int_equal(dxi_server_counters(w.server)->probes, 1);
	actions_clear(&w.server_actions); /* the PROBE is lost: nobody is there */
	assert_int_equal(dxi_server_due(w.server), 35 * BTIME_S);
	w.now = 35 * BTIME_S;
	dxi_server_tick(w.server, w.now, &w.server_actions);
	assert_int_equal(close_error(&w.server_actions), DXI_ERROR_TIMEOUT);
	run(&w);
	assert_null(w.connection);
	world_end(&w);
}

static void a_station_that_answers_stays(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, false);
	authenticate(&w, ap1);
	w.now = 30 * BTIME_S;
	dxi_server_tick(w.server, w.now, &w.server_actions);
	run(&w);
	assert_non_null(w.connection);
	assert_int_equal(dxi_server_due(w.server), 60 * BTIME_S);
	world_end(&w);
}

/* More messages at once than the list of actions has room for: every one is answered. */
static void a_burst_is_taken_in_parts(void **state)
{
	struct world w;
	uint8_t burst[256 * DXI_HEADER_SIZE], room[64];
	unsigned answers = 0;
	(void)state;
	world_begin(&w, false);
	authenticate(&w, ap1);
	struct view probe = message_of(DXI_PROBE, 0, 0, VIEW_EMPTY, room);
	for (unsigned i = 0; i < 256; i++)
		memcpy(burst + i * probe.size, probe.data, probe.size);
	struct view rest = VIEW_OF(burst);
	while (rest.size) {
		rest = dxi_server_input(w.server, w.connection, rest, w.now, &w.server_actions);
		answers += w.server_actions.count;
		assert_false(w.server_actions.overflowed);
		actions_clear(&w.server_actions);
	}
	assert_int_equal(answers, 256);
	rest = VIEW_OF(burst);
	while (rest.size) {
		rest = dxi_client_input(&w.client, rest, w.now, &w.client_actions);
		answers -= w.client_actions.count;
		assert_false(w.client_actions.overflowed);
		actions_clear(&w.client_actions);
	}
	assert_int_equal(answers, 0);
	world_end(&w);
}

static void a_broken_connection_is_made_again(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, true);
	authenticate(&w, ap1);
	drop_connection(&w);
	assert_int_equal(w.client.targets[0].state, DXI_TARGET_WAITING);
	assert_int_equal(dxi_client_due(&w.client), BTIME_S);
	w.now = BTIME_S;
	dxi_client_tick(&w.client, w.now, &w.client_actions);
	run(&w);
	assert_int_equal(w.client.targets[0].state, DXI_TARGET_AUTHENTICATING);
	/* DXI §4.4: twice as long each time, also when the connection itself is made. */
	drop_connection(&w);
	assert_int_equal(dxi_client_due(&w.client), 3 * BTIME_S);
	world_end(&w);
}

static void one_that_does_not_read_is_paused_and_let_go(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, false);
	authenticate(&w, ap1);
	dxi_server_queued(w.server, w.connection, 9000, &w.server_actions);
	dxi_server_queued(w.server, w.connection, 9001, &w.server_actions);
	dxi_server_queued(w.server, w.connection, 100, &w.server_actions);
	dxi_server_queued(w.server, w.connection, 20000, &w.server_actions);
	run(&w);
	assert_int_equal(w.server_events[DXI_SERVER_PAUSE], 1);
	assert_int_equal(w.server_events[DXI_SERVER_RESUME], 1);
	assert_int_equal(w.server_events[DXI_SERVER_DISCONNECT], 1);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_hold_the_same_key),
		cmocka_unit_test(a_proxy_speaks_with_the_stations_own_address),
		cmocka_unit_test(a_silent_access_point_is_unreachable),
		cmocka_unit_test(nobody_takes_over_a_station),
		cmocka_unit_test(another_stations_name_ends_the_connection),
		cmocka_unit_test(what_is_not_ours_is_closed_at_once),
		cmocka_unit_test(addresses_are_those_of_one_station),
		cmocka_unit_test(a_message_from_the_wrong_side_ends_the_connection),
		cmocka_unit_test(a_proxy_carries_pdus_and_nothing_else),
		cmocka_unit_test(probes_keep_no_half_open_connection_alive),
		cmocka_unit_test(half_open_connections_are_bounded_and_end),
		cmocka_unit_test(one_address_has_32_connections),
		cmocka_unit_test(opened_connections_do_not_make_room),
		cmocka_unit_test(a_silent_station_is_asked_and_let_go),
		cmocka_unit_test(a_station_that_answers_stays),
		cmocka_unit_test(a_burst_is_taken_in_parts),
		cmocka_unit_test(a_broken_connection_is_made_again),
		cmocka_unit_test(one_that_does_not_read_is_paused_and_let_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
