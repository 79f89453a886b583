// SPDX-License-Identifier: Apache-2.0
/* Both sides of a remote binding against each other, on a made-up clock. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "ref/binding/binding.h"

static const struct binding_key good_key = { .id = 7, .size = 16, .octets = "0123456789abcdef" };
static const struct binding_key bad_key = { .id = 7, .size = 16, .octets = "fedcba9876543210" };

struct world {
	struct endpoint home, care_of, elsewhere, cn;
	struct binding peers[1];
	struct binding_client client;
	struct binding_server server;
	struct actions client_actions, server_actions;
	btime now;
	unsigned datagrams; /* of both sides, so far */
	unsigned bound_reports;
};

static struct endpoint at(const char *text)
{
	struct endpoint e;
	assert_int_equal(endpoint_parse(text, BINDING_PORT, &e), 0);
	return e;
}

static void world_begin(struct world *w, const struct binding_key *client_key)
{
	struct random random = random_seeded(42);

	memset(w, 0, sizeof(*w));
	w->home = at("198.51.100.10");
	w->care_of = at("192.0.2.10");
	w->elsewhere = at("192.0.2.77");
	w->cn = at("203.0.113.5");
	w->peers[0] = (struct binding){ .home = w->home, .key = good_key };
	binding_server_begin(&w->server,
		&(struct binding_server_config){ .peers = w->peers,
			.peer_count = 1,
			.random = &random });
	binding_client_begin(&w->client,
		&(struct binding_client_config){ .home = w->home,
			.correspondent = w->cn,
			.key = *client_key,
			.lifetime = 100 });
}

static void count_bound(struct world *w)
{
	for (unsigned i = 0; i < w->server_actions.count; i++)
		w->bound_reports += w->server_actions.list[i].kind == ACTION_REPORT &&
			w->server_actions.list[i].event == BINDING_EVENT_BOUND;
}

/*
 * Delivers what the client wants sent, from `source`, and the answers, and so on. `pattern` has two
 * bits a datagram: 0 delivered, 1 lost, 2 doubled; datagrams beyond it are delivered.
 */
static void exchange(struct world *w, const struct endpoint *source, uint32_t pattern)
{
	struct actions todo = w->client_actions, answers;

	actions_clear(&w->client_actions);
	for (unsigned i = 0; i < todo.count; i++) {
		if (todo.list[i].kind != ACTION_SEND)
			continue;
		unsigned n = w->datagrams++, fate = n < 16 ? pattern >> 2 * n & 3 : 0;
		for (unsigned copy = fate == 1 ? 1 : 0; copy < (fate == 2 ? 2 : 1); copy++) {
			actions_clear(&w->server_actions);
			binding_server_input(&w->server, &w->cn, source, todo.list[i].data, w->now,
				&w->server_actions);
			count_bound(w);
			answers = w->server_actions;
			for (unsigned k = 0; k < answers.count; k++) {
				if (answers.list[k].kind != ACTION_SEND)
					continue;
				n = w->datagrams++;
				if (n < 16 && (pattern >> 2 * n & 3) == 1)
					continue;
				binding_client_input(&w->client, &w->cn, answers.list[k].data,
					w->now, &w->client_actions);
				exchange(w, source, pattern);
			}
		}
	}
}

static void update(struct world *w, const struct endpoint *care_of, uint32_t pattern)
{
	actions_clear(&w->client_actions);
	binding_client_update(&w->client, care_of, w->now, &w->client_actions);
	exchange(w, &w->care_of, pattern);
}

static void run_until_idle(struct world *w, uint32_t pattern)
{
	while (w->client.state == CLIENT_UPDATING) {
		w->now = binding_client_due(&w->client);
		assert_true(w->now < BTIME_NEVER);
		actions_clear(&w->client_actions);
		binding_client_tick(&w->client, w->now, &w->client_actions);
		exchange(w, &w->care_of, pattern);
	}
}

static void binds_moves_and_returns(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, &good_key);
	update(&w, &w.care_of, 0);
	assert_int_equal(w.client.state, CLIENT_BOUND);
	assert_true(w.peers[0].bound);
	assert_int_equal(w.datagrams, 4); /* update, challenge, update, acknowledgement */

	w.care_of = w.elsewhere;
	update(&w, &w.care_of, 0);
	assert_int_equal(w.datagrams, 6); /* one round trip from then on */
	assert_memory_equal(w.peers[0].care_of.address, w.elsewhere.address, 4);
	assert_int_equal(w.peers[0].moves, 2);

	struct endpoint none = { 0 };
	update(&w, &none, 0);
	assert_false(w.peers[0].bound);
	assert_int_equal(w.client.state, CLIENT_IDLE);
}

/* Whether the last message to the correspondent made it say that, and nothing else. */
static bool reports(const struct world *w, int event)
{
	bool said = false, other = false;

	for (unsigned i = 0; i < w->server_actions.count; i++) {
		const struct action *a = &w->server_actions.list[i];
		said |= a->kind == ACTION_REPORT && (int)a->event == event;
		other |= a->kind == ACTION_REPORT && (int)a->event != event;
	}
	return !other && (said || event < 0);
}

/* The last acknowledgement names the home address, and in its own family. */
static void assert_home_acknowledged(const struct world *w)
{
	struct packet p = packet_of(&binding_protocol);
	const struct element_value *home = NULL;
	bool v4 = w->home.family == AF_INET;

	for (unsigned i = 0; i < w->server_actions.count; i++)
		if (w->server_actions.list[i].kind == ACTION_SEND &&
			wire_decode(&binding_protocol, w->server_actions.list[i].data, &p, NULL) ==
				0)
			home = packet_find(&p, 0, v4 ? BINDING_HOME_IPV4 : BINDING_HOME_IPV6);
	assert_non_null(home);
	assert_int_equal(home->value.size, v4 ? 4 : 16);
	assert_memory_equal(home->value.data, w->home.address, home->value.size);
	assert_null(packet_find(&p, 0, v4 ? BINDING_HOME_IPV6 : BINDING_HOME_IPV4));
}

/* A binding is told once; where it was refreshed, moved or removed, that is told and no more. */
static void each_change_is_told_by_its_name(void **state)
{
	static const char *const homes[] = { "198.51.100.10", "[2001:db8::10]" };
	struct endpoint none = { 0 };
	struct world w;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		world_begin(&w, &good_key);
		w.home = w.peers[0].home = at(homes[i]);
		if (i == 1) {
			w.care_of = at("[2001:db8:1::10]");
			w.elsewhere = at("[2001:db8:1::77]");
			w.cn = at("[2001:db8:2::5]");
		}
		binding_client_begin(&w.client,
			&(struct binding_client_config){ .home = w.home,
				.correspondent = w.cn,
				.key = good_key,
				.lifetime = 100 });
		update(&w, &w.care_of, 0);
		assert_true(reports(&w, BINDING_EVENT_BOUND));
		assert_home_acknowledged(&w);
		update(&w, &w.care_of, 0);
		assert_true(reports(&w, BINDING_EVENT_REFRESHED));
		assert_int_equal(w.peers[0].moves, 1);
		w.care_of = w.elsewhere;
		update(&w, &w.care_of, 0);
		assert_true(reports(&w, BINDING_EVENT_BOUND));
		assert_int_equal(w.peers[0].moves, 2);
		update(&w, &none, 0);
		assert_true(reports(&w, BINDING_EVENT_REMOVED));
		assert_home_acknowledged(&w);
		update(&w, &none, 0);
		assert_true(reports(&w, -1)); /* there was none */
	}
}

static void every_short_pattern_of_loss_and_doubling_ends_bound(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 729; code++) { /* 3^6 */
		struct world w;
		uint32_t pattern = 0;
		for (uint32_t i = 0, c = code; i < 6; i++, c /= 3)
			pattern |= c % 3 << 2 * i;
		world_begin(&w, &good_key);
		update(&w, &w.care_of, pattern);
		run_until_idle(&w, pattern);
		assert_int_equal(w.client.state, CLIENT_BOUND);
		assert_true(w.peers[0].bound);
		assert_int_equal(w.bound_reports, 1);
	}
}

static void silence_ends_in_unreachable(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, &good_key);
	update(&w, &w.care_of, 0x55555555);
	run_until_idle(&w, 0x55555555);
	assert_int_equal(w.client.state, CLIENT_FAILED);
	assert_int_equal(w.client.sent, 7);
	assert_false(w.peers[0].bound);
}

static void a_wrong_key_changes_nothing_and_is_not_answered(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, &bad_key);
	update(&w, &w.care_of, 0);
	assert_int_equal(w.datagrams, 1);
	assert_int_equal(w.server.rejected[REJECT_INTEGRITY], 1);
	assert_false(w.peers[0].sequence_known);
}

static void a_care_of_address_of_somebody_else_is_refused(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, &good_key);
	update(&w, &w.elsewhere, 0);
	assert_int_equal(w.client.state, CLIENT_FAILED);
	assert_false(w.peers[0].bound);

	w.peers[0].on_behalf = true;
	update(&w, &w.elsewhere, 0);
	assert_true(w.peers[0].bound);
}

static void a_replayed_update_changes_nothing(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, &good_key);
	update(&w, &w.care_of, 0);
	actions_clear(&w.client_actions);
	binding_client_update(&w.client, &w.care_of, w.now, &w.client_actions);
	struct actions old = w.client_actions;
	struct endpoint before = w.care_of;
	exchange(&w, &w.care_of, 0);

	w.care_of = w.elsewhere;
	update(&w, &w.care_of, 0);
	for (unsigned i = 0; i < old.count; i++)
		if (old.list[i].kind == ACTION_SEND)
			binding_server_input(&w.server, &w.cn, &before, old.list[i].data, w.now,
				&w.server_actions);
	assert_memory_equal(w.peers[0].care_of.address, w.elsewhere.address, 4);
}

static void a_restarted_correspondent_is_not_fooled_by_recorded_updates(void **state)
{
	struct world w;
	struct actions recorded;
	struct random other = random_seeded(43);
	(void)state;
	world_begin(&w, &good_key);
	actions_clear(&w.client_actions);
	binding_client_update(&w.client, &w.care_of, 0, &w.client_actions);
	w.client.challenged = false;
	exchange(&w, &w.care_of, 0x1 << 4); /* the answer to the challenge is lost ... */
	run_until_idle(&w, 0);
	actions_clear(&recorded);
	binding_client_tick(&w.client, w.client.due, &recorded); /* ... any update will do */

	w.peers[0] = (struct binding){ .home = w.home, .key = good_key };
	binding_server_begin(&w.server,
		&(struct binding_server_config){ .peers = w.peers,
			.peer_count = 1,
			.random = &other });
	for (unsigned i = 0; i < recorded.count; i++)
		if (recorded.list[i].kind == ACTION_SEND)
			binding_server_input(&w.server, &w.cn, &w.care_of, recorded.list[i].data,
				w.now, &w.server_actions);
	assert_false(w.peers[0].bound);
}

static void a_restarted_mobile_node_goes_on_from_the_last_number(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, &good_key);
	for (int i = 0; i < 5; i++)
		update(&w, &w.care_of, 0);
	w.client.sequence = 0;
	w.care_of = w.elsewhere;
	update(&w, &w.care_of, 0);
	assert_int_equal(w.client.state, CLIENT_BOUND);
	assert_memory_equal(w.peers[0].care_of.address, w.elsewhere.address, 4);
}

static void lifetimes_are_refreshed_and_end(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, &good_key);
	update(&w, &w.care_of, 0);
	assert_int_equal(binding_client_due(&w.client), 80 * BTIME_S);
	assert_int_equal(binding_server_due(&w.server), 100 * BTIME_S);
	w.now = 80 * BTIME_S;
	actions_clear(&w.client_actions);
	binding_client_tick(&w.client, w.now, &w.client_actions);
	exchange(&w, &w.care_of, 0);
	assert_int_equal(binding_server_due(&w.server), 180 * BTIME_S);
	actions_clear(&w.server_actions);
	binding_server_tick(&w.server, 180 * BTIME_S, &w.server_actions);
	assert_false(w.peers[0].bound);
	assert_int_equal(w.server_actions.list[0].event, BINDING_EVENT_EXPIRED);
}

/* The octets of docs/remote-binding.md's example; the HMAC was computed with Python's hmac. */
static void the_documented_example_is_what_is_sent(void **state)
{
	static const char expected[] = "01010038000000010000000700010004c633640a00030004c000020a"
				       "0005000400000064000800100f7912093fa89d21a41b25f9aea8f798";
	struct world w;
	char hex[2 * BINDING_MESSAGE_MAX + 1];
	(void)state;
	world_begin(&w, &good_key);
	actions_clear(&w.client_actions);
	binding_client_update(&w.client, &w.care_of, 0, &w.client_actions);
	struct view v = w.client_actions.list[0].data;
	assert_int_equal(v.size, 0x38);
	for (size_t i = 0; i < v.size; i++)
		snprintf(hex + 2 * i, 3, "%02x", v.data[i]);
	assert_memory_equal(hex, expected, sizeof(expected) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds_moves_and_returns),
		cmocka_unit_test(each_change_is_told_by_its_name),
		cmocka_unit_test(every_short_pattern_of_loss_and_doubling_ends_bound),
		cmocka_unit_test(silence_ends_in_unreachable),
		cmocka_unit_test(a_wrong_key_changes_nothing_and_is_not_answered),
		cmocka_unit_test(a_care_of_address_of_somebody_else_is_refused),
		cmocka_unit_test(a_replayed_update_changes_nothing),
		cmocka_unit_test(a_restarted_correspondent_is_not_fooled_by_recorded_updates),
		cmocka_unit_test(a_restarted_mobile_node_goes_on_from_the_last_number),
		cmocka_unit_test(lifetimes_are_refreshed_and_end),
		cmocka_unit_test(the_documented_example_is_what_is_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
