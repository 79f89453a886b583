// SPDX-License-Identifier: Apache-2.0
/* 802.1X over IP: who is authenticated, and who is turned away for what it says. */
#include "ref/dot1x/dxi_world.h"

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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
