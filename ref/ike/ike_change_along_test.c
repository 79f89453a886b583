// SPDX-License-Identifier: Apache-2.0
/*
 * A correspondent that moves at once and has the new address verified meanwhile
 * (docs/address-change.md §5.3): one round trip, and what an authenticated liar gets of it.
 */
#include "ref/ike/ike_change_inside.h"
#include "ref/ike/ike_change_world.h"

/* The correspondent moves before the new address is verified. */
static void open_along(unsigned seed)
{
	init(seed);
	w.a.connection.check_meanwhile = w.b.connection.check_meanwhile = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	assert_true(world_up(&w));
}

static void test_one_round_trip(void **state)
{
	(void)state;
	open_along(1);
	unsigned sent = w.air.sent;
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	deliver_one();
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 1);
	deliver_one();
	assert_int_equal(reports(false, IKE_REPORT_MIGRATED), 1);
	assert_true(w.a.sa->change_unverified); /* the mover knows that it has to show itself */
	assert_both_at("203.0.113.9", 0);
	assert_int_equal(reports(true, IKE_REPORT_VERIFIED), 0);
	world_settle(&w);
	assert_int_equal(reports(true, IKE_REPORT_VERIFIED), 1);
	assert_int_equal(w.air.sent - sent, 4);
	world_run(&w, 200 * BTIME_S);
	assert_both_at("203.0.113.9", 0);
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 1);
	assert_int_equal(reports(false, IKE_REPORT_CHANGE_REFUSED), 0);
	world_end(&w);
}

/* Old-Address, too, when the next change begins. */
static void test_many(void **state)
{
	(void)state;
	open_along(1);
	for (unsigned i = 1; i < 20; i++) {
		char text[32];
		snprintf(text, sizeof(text), "203.0.113.%u", i);
		w.report_count = 0;
		assert_int_equal(world_event(&w, &w.a, change_to(text)), 0);
		world_run(&w, 2 * BTIME_S);
		assert_both_at(text, i);
		assert_int_equal(reports(true, IKE_REPORT_VERIFIED), 1);
	}
	world_end(&w);
}

static void test_every_pattern_of_losses(void **state)
{
	(void)state;
	for (unsigned number = 0; number < pattern_count(6); number++) {
		struct pattern p = { number, 6 };
		struct ike_event event = change_to("203.0.113.9");
		open_along(number + 1);
		event.hold = 40 * BTIME_S;
		assert_int_equal(world_event(&w, &w.a, event), 0);
		if (number % 2)
			assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_REKEY), 0);
		world_run_under(&w, &p, 150 * BTIME_S);
		assert_both_at("203.0.113.9", number);
		if (reports(true, IKE_REPORT_MIGRATED) != 1 ||
			reports(false, IKE_REPORT_MIGRATED) != 1 ||
			reports(true, IKE_REPORT_VERIFIED) != 1)
			fail_msg("pattern %u: %u and %u migrations, %u verified", number,
				reports(false, IKE_REPORT_MIGRATED),
				reports(true, IKE_REPORT_MIGRATED),
				reports(true, IKE_REPORT_VERIFIED));
		world_end(&w);
	}
}

/* Moved again at each point of the exchange: only the last place counts. */
static void test_moved_again(void **state)
{
	(void)state;
	for (unsigned delivered = 0; delivered < 5; delivered++) {
		open_along(1);
		assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
		for (unsigned i = 0; i < delivered && w.air.count; i++)
			deliver_one();
		assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.10")), 0);
		world_run(&w, 100 * BTIME_S);
		assert_both_at("203.0.113.10", delivered);
		world_end(&w);
	}
}

/* All that b says to a peer that lies about where it is gets lost. */
static void only_to_b(btime duration)
{
	btime to = btime_add(w.now, duration);

	do {
		while (w.air.count) {
			struct flying f = world_take(&w, 0);
			if (f.to_second)
				world_deliver(&w, &f);
		}
	} while (world_tick(&w, to));
}

/*
 * The liar has b move once, to whom b's owner sends little. It is never verified, and b gives the
 * address up, and the SA with it.
 */
static void test_third_party(void **state)
{
	(void)state;
	open_along(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.66")), 0);
	only_to_b(59 * BTIME_S);
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 1);
	assert_int_equal(reports(true, IKE_REPORT_VERIFIED), 0);
	only_to_b(2 * BTIME_S);
	assert_int_equal(reports(true, IKE_REPORT_CHANGE_REFUSED), 1);
	only_to_b(120 * BTIME_S);
	assert_int_equal(ike_count(w.b.ike), 0);
	world_end(&w);
}

/* Of the SA that there is. */
static struct packet own_change(uint32_t sequence, const char *old, const char *to,
	struct endpoint keep[2])
{
	return change(ike_sa_spi_i(w.a.sa), ike_sa_spi_r(w.a.sa), sequence, old, to, keep);
}

/* What a's engine would not say: an ADDRESS CHANGE of a liar's making, from `from`. */
static void lie(const struct packet *p, const char *from, uint32_t id)
{
	struct endpoint at = world_endpoint(from, 500);

	notify_as_a(IKE_N_ADDRESS_CHANGE, p, &at, false, id);
	w.air.count = 0;
}

/*
 * From third party to third party, with cookies guessed and none: while one address is not
 * verified, no other is taken without a cookie.
 */
static void test_a_chain_of_lies(void **state)
{
	static const uint8_t guess[17] = { 0 };
	struct endpoint keep[2];

	(void)state;
	open_along(1);
	struct packet p = own_change(1, "192.0.2.1", "203.0.113.66", keep);
	lie(&p, "203.0.113.66", 2);
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 1);
	p = own_change(1, "192.0.2.1", "203.0.113.66", keep);
	packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, VIEW_OF(guess));
	lie(&p, "203.0.113.66", 3);
	assert_int_equal(reports(true, IKE_REPORT_CHANGE_REFUSED), 1); /* stale */
	p = own_change(2, "203.0.113.66", "203.0.113.67", keep);
	lie(&p, "203.0.113.67", 4);
	p = own_change(3, "203.0.113.66", "203.0.113.67", keep);
	packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, VIEW_OF(guess));
	lie(&p, "203.0.113.67", 5);
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 1);
	assert_int_equal(reports(true, IKE_REPORT_VERIFIED), 0);
	assert_true(at(ike_sa_peer(w.b.sa), "203.0.113.66"));
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_round_trip),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_every_pattern_of_losses),
		cmocka_unit_test(test_moved_again),
		cmocka_unit_test(test_third_party),
		cmocka_unit_test(test_a_chain_of_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
