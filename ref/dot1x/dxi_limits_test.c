// SPDX-License-Identifier: Apache-2.0
/* 802.1X over IP: how many connections, for how long, and what of one that is slow or gone. */
#include "ref/dot1x/dxi_world.h"

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
