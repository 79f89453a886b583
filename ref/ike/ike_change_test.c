// SPDX-License-Identifier: Apache-2.0
/*
 * Address change (docs/address-change.md) between two engines: what must work, under every short
 * pattern of losses too.
 */
#include "ref/ike/ike_change_world.h"

static void test_change(void **state)
{
	struct endpoint to = world_endpoint("203.0.113.9", 0);

	(void)state;
	open_world(1);
	unsigned sent = w.air.sent;
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	assert_int_equal(w.air.sent - sent, 4); /* with a cookie: two round trips */
	assert_int_equal(reports(false, IKE_REPORT_MIGRATED), 1);
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 1);
	/* selectors that were the address alone have moved with it, keys have stayed */
	assert_memory_equal(ike_sa_child(w.a.sa, 0)->local_ts.list[0].start, to.address, 4);
	assert_memory_equal(ike_sa_child(w.b.sa, 0)->remote_ts.list[0].end, to.address, 4);
	assert_int_equal(ike_sa_child(w.a.sa, 0)->spi_in, ike_sa_child(w.b.sa, 0)->spi_out);
	/* and the SA goes on from there */
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_PROBE), 0);
	world_settle(&w);
	assert_true(world_saw(&w, true, IKE_REPORT_ALIVE));
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY_CHILD), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	world_end(&w);
}

static void test_change_on_trust(void **state)
{
	(void)state;
	init(1);
	w.b.connection.trust_new_address = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	unsigned sent = w.air.sent;
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	assert_int_equal(w.air.sent - sent, 2); /* one round trip */
	world_end(&w);
}

/* The correspondent may move as well; and both one after the other; and after a rekeying. */
static void test_either_end_moves(void **state)
{
	(void)state;
	open_world(1);
	for (unsigned i = 1; i < 6; i++) {
		char text[32];
		snprintf(text, sizeof(text), "203.0.113.%u", i);
		assert_int_equal(world_event(&w, &w.a, change_to(text)), 0);
		world_settle(&w);
		assert_both_at(text, i);
		snprintf(text, sizeof(text), "198.51.100.%u", 10 + i);
		assert_int_equal(world_event(&w, &w.b, change_to(text)), 0);
		world_settle(&w);
		assert_true(at(ike_sa_peer(w.a.sa), text));
		assert_true(at(ike_sa_local(w.b.sa), text));
		assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY), 0);
		world_run(&w, BTIME_S);
		assert_true(world_up(&w));
	}
	world_end(&w);
}

/* In a tunnel the messages themselves come from the old address, MIG-2. */
static void test_in_a_tunnel(void **state)
{
	struct ike_event event = change_to("203.0.113.9");

	(void)state;
	init(1);
	w.b.connection.tunnels = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	event.tunnelled = true;
	assert_int_equal(world_event(&w, &w.a, event), 0);
	assert_true(at(&w.air.flying[0].from, "192.0.2.1"));
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	/* whoever carries the answer knew where to before it was sent */
	assert_int_equal(reports(true, IKE_REPORT_CHANGING), 2);
	world_end(&w);
}

/* A tunnel from which nothing comes out: the third time it is tried directly, §5.1. */
static void test_tunnel_that_loses(void **state)
{
	struct ike_event event = change_to("203.0.113.9");
	unsigned lost = 0;

	(void)state;
	init(1);
	w.b.connection.tunnels = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	event.tunnelled = true;
	assert_int_equal(world_event(&w, &w.a, event), 0);
	while (w.air.count && at(&w.air.flying[0].from, "192.0.2.1") && lost < 10) {
		world_take(&w, 0);
		lost++;
		while (!w.air.count && world_tick(&w, btime_add(w.now, 10 * BTIME_S)))
			;
	}
	assert_int_equal(lost, 2);
	assert_true(at(&w.air.flying[0].from, "203.0.113.9"));
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	world_end(&w);
}

/*
 * From the old address where nobody carries answers to the new one: the cookie would come back to
 * the old address and prove nothing, so a peer could name anybody's. Refused.
 */
static void test_no_tunnel(void **state)
{
	struct ike_event event = change_to("203.0.113.66");

	(void)state;
	open_world(1);
	event.tunnelled = true;
	assert_int_equal(world_event(&w, &w.a, event), 0);
	world_settle(&w);
	assert_true(world_saw(&w, true, IKE_REPORT_CHANGE_REFUSED));
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
	assert_both_at("192.0.2.1", 0);
	world_end(&w);
}

/* Another IKE SA says it, and proves that it has the key of the one that migrates. */
static void test_over_another_sa(void **state)
{
	struct ike_event event = change_to("203.0.113.9");

	(void)state;
	open_world(1);
	event.of = w.a.sa;
	struct ike_sa *old_a = w.a.sa, *old_b = w.b.sa;
	w.a.connection.local = world_endpoint("203.0.113.9", 0);
	world_initiate(&w);
	world_settle(&w);
	assert_true(w.a.sa != old_a && at(ike_sa_local(w.a.sa), "203.0.113.9"));
	assert_true(at(ike_sa_local(old_a), "192.0.2.1"));
	assert_int_equal(world_event(&w, &w.a, event), 0);
	world_settle(&w);
	assert_true(at(ike_sa_local(old_a), "203.0.113.9"));
	assert_true(at(ike_sa_peer(old_b), "203.0.113.9"));
	world_end(&w);
}

/* MIG-8: of two SAs one migrates, alone. */
static void test_independent(void **state)
{
	(void)state;
	open_world(1);
	struct ike_sa *first = w.a.sa;
	world_initiate(&w);
	world_settle(&w);
	assert_true(w.a.sa != first);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	world_settle(&w);
	assert_true(at(ike_sa_local(w.a.sa), "203.0.113.9"));
	assert_true(at(ike_sa_local(first), "192.0.2.1"));
	world_end(&w);
}

/* §5.7: both move at once, to where neither finds the other; one learns of it from elsewhere. */
static void test_both_at_once(void **state)
{
	struct ike_event event = change_to("203.0.113.9");

	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, event), 0);
	assert_int_equal(world_event(&w, &w.b, change_to("198.51.100.77")), 0);
	w.air.count = 0; /* both went to where nobody is any more */
	event.peer = world_endpoint("198.51.100.76", 0); /* where it was for a moment */
	assert_int_equal(world_event(&w, &w.a, event), 0);
	w.air.count = 0;
	event.peer = world_endpoint("198.51.100.77", 0);
	assert_int_equal(world_event(&w, &w.a, event), 0);
	/* hearsay: until b has said it itself, a's SAs and selectors stay where both know b */
	assert_true(at(ike_sa_sends_to(w.a.sa), "198.51.100.77"));
	assert_true(at(ike_sa_peer(w.a.sa), "198.51.100.2"));
	world_run(&w, 20 * BTIME_S);
	assert_both_at("203.0.113.9", 0);
	assert_true(at(ike_sa_peer(w.a.sa), "198.51.100.77"));
	assert_true(at(ike_sa_local(w.b.sa), "198.51.100.77"));
	for (int b = 0; b < 2; b++) /* each its own and the other's */
		assert_int_equal(reports(b, IKE_REPORT_MIGRATED), 2);
	assert_int_equal(reports(true, IKE_REPORT_CHANGE_REFUSED), 0);
	assert_int_equal(reports(false, IKE_REPORT_CHANGE_REFUSED), 0);
	world_end(&w);
}

/* Moved again before the answer: only the last place counts, and both know it. */
static void test_moved_again(void **state)
{
	(void)state;
	for (unsigned delivered = 0; delivered < 4; delivered++) {
		open_world(1);
		assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
		for (unsigned i = 0; i < delivered; i++)
			deliver_one();
		assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.10")), 0);
		world_run(&w, 5 * BTIME_S);
		assert_both_at("203.0.113.10", delivered);
		world_end(&w);
	}
}

static void every_pattern(bool tunnelled, bool trust, bool both, unsigned digits)
{
	for (unsigned number = 0; number < pattern_count(digits); number++) {
		struct pattern p = { number, digits };
		struct ike_event event = change_to("203.0.113.9");
		init(number + 1);
		w.b.connection.tunnels = tunnelled;
		w.b.connection.trust_new_address = w.a.connection.trust_new_address = trust;
		world_begin(&w);
		world_initiate(&w);
		world_settle(&w);
		event.tunnelled = tunnelled;
		event.hold = 40 * BTIME_S;
		assert_int_equal(world_event(&w, &w.a, event), 0);
		if (both)
			assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_REKEY_CHILD), 0);
		world_run_under(&w, &p, 30 * BTIME_S);
		assert_both_at("203.0.113.9", number);
		world_run_under(&w, &p, 100 * BTIME_S); /* the timer of the old address is off */
		assert_both_at("203.0.113.9", number);
		if (reports(true, IKE_REPORT_MIGRATED) != 1 ||
			reports(false, IKE_REPORT_MIGRATED) != 1)
			fail_msg("pattern %u: %u and %u migrations", number,
				reports(false, IKE_REPORT_MIGRATED),
				reports(true, IKE_REPORT_MIGRATED));
		world_end(&w);
	}
}

static void test_every_pattern_of_losses(void **state)
{
	(void)state;
	every_pattern(false, false, false, 5);
	every_pattern(true, false, false, 5);
	every_pattern(false, true, false, 4);
	every_pattern(false, false, true, 5);
}

/* --- ends --------------------------------------------------------------------------------------- */

static void test_given_up(void **state)
{
	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	unsigned sent = w.air.sent;
	btime to = btime_add(w.now, 100 * BTIME_S);
	w.air.count = 0;
	while (world_tick(&w, to))
		w.air.count = 0;
	assert_int_equal(w.air.sent - sent, 7); /* eight in all */
	assert_true(world_saw(&w, false, IKE_REPORT_UNREACHABLE));
	assert_int_equal(ike_count(w.a.ike), 0);
	world_end(&w);
}

/* The old address is over before the correspondent has answered. */
static void test_hold_time_over(void **state)
{
	struct ike_event event = change_to("203.0.113.9");

	(void)state;
	open_world(1);
	event.hold = 3 * BTIME_S;
	assert_int_equal(world_event(&w, &w.a, event), 0);
	w.air.count = 0;
	btime to = btime_add(w.now, 4 * BTIME_S);
	while (world_tick(&w, to))
		w.air.count = 0;
	assert_int_equal(reports(false, IKE_REPORT_EXPIRED), 1);
	assert_int_equal(ike_count(w.a.ike), 0);
	world_end(&w);
}

/* Refused, and the old address runs out: the correspondent is told, reliably, and cleans up. */
static void test_termination(void **state)
{
	(void)state;
	for (unsigned number = 0; number < pattern_count(4); number++) {
		struct pattern p = { number, 4 };
		open_world(1);
		if (number % 2) {
			struct ike_event event = change_to("203.0.113.9");
			event.hold = 3 * BTIME_S;
			w.b.connection.address_change = false;
			assert_int_equal(world_event(&w, &w.a, event), 0);
			world_settle(&w);
			assert_true(world_saw(&w, false, IKE_REPORT_CHANGE_REFUSED));
			assert_both_at("192.0.2.1", number);
		} else {
			assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_EXPIRED), 0);
		}
		world_run_under(&w, &p, 30 * BTIME_S);
		if (reports(false, IKE_REPORT_EXPIRED) != 1 || reports(true, IKE_REPORT_EXPIRED) != 1)
			fail_msg("pattern %u: %u and %u told", number,
				reports(false, IKE_REPORT_EXPIRED), reports(true, IKE_REPORT_EXPIRED));
		world_run_under(&w, &p, 100 * BTIME_S);
		assert_int_equal(ike_count(w.a.ike) + ike_count(w.b.ike), 0);
		world_end(&w);
	}
}

static void test_not_agreed(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		init(1);
		(i ? &w.a : &w.b)->connection.address_change = false;
		world_begin(&w);
		world_initiate(&w);
		world_settle(&w);
		assert_true(world_up(&w));
		assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), -1);
		assert_int_equal(world_event(&w, &w.b, change_to("203.0.113.9")), -1);
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_change_on_trust),
		cmocka_unit_test(test_either_end_moves),
		cmocka_unit_test(test_in_a_tunnel),
		cmocka_unit_test(test_tunnel_that_loses),
		cmocka_unit_test(test_no_tunnel),
		cmocka_unit_test(test_over_another_sa),
		cmocka_unit_test(test_independent),
		cmocka_unit_test(test_both_at_once),
		cmocka_unit_test(test_moved_again),
		cmocka_unit_test(test_every_pattern_of_losses),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_hold_time_over),
		cmocka_unit_test(test_termination),
		cmocka_unit_test(test_not_agreed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
