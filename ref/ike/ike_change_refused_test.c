// SPDX-License-Identifier: Apache-2.0
/* Address change under attack: every request that docs/address-change.md §5.2 and §7 refuse. */
#include "ref/ike/ike_change_world.h"

/* A message whose integrity is not the peer's changes nothing, octet by octet. */
static void test_forged(void **state)
{
	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	struct flying real = world_take(&w, 0);
	for (size_t i = 0; i < real.size; i++) {
		struct flying f = real;
		f.data[i] ^= 0x40;
		world_deliver(&w, &f);
		assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
		assert_true(at(ike_sa_peer(w.b.sa), "192.0.2.1"));
		w.air.count = 0;
	}
	assert_int_equal(world_deliver(&w, &real), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	world_end(&w);
}

static void test_replayed(void **state)
{
	struct flying kept[2];

	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	kept[0] = w.air.flying[0];
	deliver_one();
	deliver_one();
	kept[1] = w.air.flying[0];
	world_settle(&w);
	/* the last one again is answered again and changes nothing; the one before is old */
	assert_int_equal(world_deliver(&w, &kept[1]), 0);
	assert_int_equal(w.air.count, 1);
	w.air.count = 0;
	assert_int_equal(world_deliver(&w, &kept[0]), -1);
	assert_int_equal(world_rejected(&w).reason, REJECT_SEQUENCE);
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.10")), 0);
	world_settle(&w);
	for (int i = 0; i < 2; i++)
		assert_int_equal(world_deliver(&w, &kept[i]), -1);
	assert_both_at("203.0.113.10", 0);
	world_end(&w);
}

/* Sent back to who made it. */
static void test_reflected(void **state)
{
	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	struct flying f = w.air.flying[0];
	f.to_second = false;
	f.from = *ike_sa_peer(w.a.sa);
	f.to = *ike_sa_local(w.a.sa);
	assert_int_equal(world_deliver(&w, &f), -1);
	assert_int_equal(reports(false, IKE_REPORT_MIGRATED), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	world_end(&w);
}

/*
 * An authenticated peer names the address of somebody else, whose packets it does not get: the
 * cookie goes there, and the correspondent never moves.
 */
static void test_third_party(void **state)
{
	struct ike_event event = change_to("203.0.113.66");

	(void)state;
	for (int tunnelled = 0; tunnelled < 2; tunnelled++) {
		init(1);
		w.b.connection.tunnels = tunnelled;
		world_begin(&w);
		world_initiate(&w);
		world_settle(&w);
		event.tunnelled = tunnelled;
		assert_int_equal(world_event(&w, &w.a, event), 0);
		btime to = btime_add(w.now, 60 * BTIME_S);
		do {
			while (w.air.count) {
				struct flying f = world_take(&w, 0);
				if (f.to_second)
					world_deliver(&w, &f); /* nothing comes back */
			}
		} while (world_tick(&w, to));
		assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
		world_end(&w);
	}
}

/* The packet comes from neither the old nor the new address. */
static void test_from_elsewhere(void **state)
{
	(void)state;
	for (int tunnels = 0; tunnels < 2; tunnels++) {
		init(1);
		w.b.connection.tunnels = tunnels;
		world_begin(&w);
		world_initiate(&w);
		world_settle(&w);
		assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
		w.air.flying[0].from = world_endpoint("203.0.113.77", 4500);
		world_settle(&w);
		assert_true(world_saw(&w, true, IKE_REPORT_CHANGE_REFUSED));
		assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
		world_end(&w);
	}
}

/* What is refused at its second request is over: the next change has a number of its own, and no cookie
 * of the one before (§4.1). */
static void test_after_a_refusal(void **state)
{
	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	deliver_one();
	deliver_one(); /* the cookie */
	w.air.flying[0].from = world_endpoint("203.0.113.77", 4500);
	world_settle(&w);
	assert_int_equal(reports(false, IKE_REPORT_CHANGE_REFUSED), 1);
	assert_both_at("192.0.2.1", 0);
	unsigned sent = w.air.sent;
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	assert_int_equal(w.air.sent - sent, 4);
	world_end(&w);
}

static void test_addresses_nobody_has(void **state)
{
	static const char *const wrong[] = { "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255",
		"169.254.1.1" };

	(void)state;
	open_world(1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(world_event(&w, &w.a, change_to(wrong[i])), -1);
	/* the correspondent's own */
	assert_int_equal(world_event(&w, &w.a, change_to("198.51.100.2")), 0);
	world_settle(&w);
	assert_true(world_saw(&w, true, IKE_REPORT_CHANGE_REFUSED));
	assert_both_at("192.0.2.1", 0);
	world_end(&w);
}

/* §5.5: eight at once, then one a second. */
static void test_storm(void **state)
{
	unsigned moved = 0;

	(void)state;
	init(1);
	w.b.connection.trust_new_address = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	for (unsigned i = 1; i <= 100; i++) {
		char text[32];
		snprintf(text, sizeof(text), "203.0.113.%u", i);
		w.report_count = 0;
		assert_int_equal(world_event(&w, &w.a, change_to(text)), 0);
		world_settle(&w);
		moved += reports(true, IKE_REPORT_MIGRATED);
		assert_true(world_up(&w));
		assert_memory_equal(ike_sa_local(w.a.sa)->address, ike_sa_peer(w.b.sa)->address, 4);
	}
	assert_int_equal(moved, 8);
	world_run(&w, 3 * BTIME_S);
	w.report_count = 0;
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.200")), 0);
	world_settle(&w);
	assert_both_at("203.0.113.200", 0);
	world_end(&w);
}

/* SPIs of another SA without the proof, an old address that is not the SA's, numbers of before. */
static void test_of_another_sa(void **state)
{
	static const uint8_t zeroes[IKE_CHANGE_PROOF_SIZE];
	struct endpoint keep[2];

	(void)state;
	init(1);
	w.b.connection.trust_new_address = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	struct ike_sa *victim = w.b.sa;
	uint64_t i = ike_sa_spi_i(victim), r = ike_sa_spi_r(victim);
	world_initiate(&w);
	world_settle(&w);
	struct packet p = change(i, r, 1, "192.0.2.1", "203.0.113.9", keep);
	notify_as_a(IKE_N_ADDRESS_CHANGE, &p, NULL, false, 2);
	p = change(i, r, 1, "192.0.2.1", "203.0.113.9", keep);
	packet_add(&p, 0, IKE_CHANGE_PROOF, VIEW_OF(zeroes)); /* of the right size */
	notify_as_a(IKE_N_ADDRESS_CHANGE, &p, NULL, false, 3);
	p = change(7, 8, 1, "192.0.2.1", "203.0.113.9", keep);
	notify_as_a(IKE_N_ADDRESS_CHANGE, &p, NULL, false, 4);
	i = ike_sa_spi_i(w.a.sa);
	r = ike_sa_spi_r(w.a.sa);
	p = change(i, r, 1, "192.0.2.7", "203.0.113.9", keep);
	notify_as_a(IKE_N_ADDRESS_CHANGE, &p, NULL, false, 5);
	p = change(i, r, 0, "192.0.2.1", "203.0.113.9", keep);
	notify_as_a(IKE_N_ADDRESS_CHANGE, &p, NULL, false, 6);
	assert_int_equal(reports(true, IKE_REPORT_CHANGE_REFUSED), 5);
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
	assert_true(at(ike_sa_peer(victim), "192.0.2.1"));
	world_end(&w);
}

/* An answer that names another SA, number or address than was asked about. */
static void test_answer_for_another(void **state)
{
	(void)state;
	for (unsigned wrong = 0; wrong < 4; wrong++) {
		struct endpoint keep[2];
		open_world(1);
		uint64_t i = ike_sa_spi_i(w.a.sa), r = ike_sa_spi_r(w.a.sa);
		assert_int_equal(world_event(&w, &w.b, change_to("198.51.100.9")), 0);
		w.air.count = 0; /* b asks; a's answer is made up here */
		struct packet p = change(wrong == 0 ? i + 1 : i, r, wrong == 1 ? 2 : 1, "198.51.100.2",
			wrong == 2 ? "198.51.100.10" : "198.51.100.9", keep);
		p.header[IKE_CHANGE_KIND] =
			wrong == 3 ? IKE_CHANGE_ADDRESS_CHANGE : IKE_CHANGE_COMPLETED;
		notify_as_a(IKE_N_MIGRATION_COMPLETED, &p, NULL, true, 0);
		assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
		assert_int_equal(reports(true, IKE_REPORT_CHANGE_REFUSED), 1);
		assert_true(at(ike_sa_local(w.b.sa), "198.51.100.2"));
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_replayed),
		cmocka_unit_test(test_reflected),
		cmocka_unit_test(test_third_party),
		cmocka_unit_test(test_from_elsewhere),
		cmocka_unit_test(test_after_a_refusal),
		cmocka_unit_test(test_addresses_nobody_has),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_of_another_sa),
		cmocka_unit_test(test_answer_for_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
