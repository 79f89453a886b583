// SPDX-License-Identifier: Apache-2.0
/* Half-open SAs of one address, RFC 7296 §2.6: who shows cookies can keep nobody else out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/ike/ike_world.h"

#define THRESHOLD 4
#define LIMIT 8

static struct world w;

static void open_world(void)
{
	world_init(&w, 1);
	w.b.config.cookie_threshold = THRESHOLD;
	w.b.config.half_open_per_address = LIMIT;
	world_begin(&w);
}

/* IKE_SA_INIT from that address, its cookie shown, and no more. True: there is an answer with SA. */
static bool half_open(uint8_t last)
{
	struct packet p;

	w.air.count = 0;
	world_initiate(&w);
	for (int round = 0; round < 2 && w.air.count; round++) {
		struct flying f = world_take(&w, 0);
		f.from.address[3] = last;
		world_deliver(&w, &f);
		if (!w.air.count)
			return false;
		f = world_take(&w, 0);
		assert_int_equal(ike_decode(VIEW(f.data, f.size), &p, NULL), 0);
		if (packet_find(&p, 0, IKE_PAYLOAD_SA))
			return true;
		world_deliver(&w, &f); /* the cookie */
	}
	return false;
}

static void test_limit(void **state)
{
	unsigned open = 0;

	(void)state;
	open_world();
	for (unsigned i = 0; i < 50; i++)
		open += half_open(7);
	assert_int_equal(open, LIMIT);
	assert_int_equal(ike_half_open(w.b.ike), LIMIT);
	assert_int_equal(ike_rejected(w.b.ike, REJECT_RESOURCES), 50 - LIMIT);
	assert_true(half_open(8)); /* another address */
	world_end(&w);
}

/* Those that have waited too long make room. */
static void test_room_again(void **state)
{
	(void)state;
	open_world();
	for (unsigned i = 0; i < LIMIT; i++)
		assert_true(half_open(7));
	assert_false(half_open(7));
	w.now += 29 * BTIME_S;
	actions_clear(&w.actions);
	ike_tick(w.b.ike, w.now, &w.actions);
	assert_false(half_open(7));
	w.now += 2 * BTIME_S;
	while (ike_due(w.b.ike) <= w.now) {
		actions_clear(&w.actions);
		ike_tick(w.b.ike, w.now, &w.actions);
	}
	assert_int_equal(ike_half_open(w.b.ike), 0);
	assert_true(half_open(7));
	world_end(&w);
}

/* Below the threshold nobody has shown an address: a forged one is not held against its owner. */
static void test_before_cookies(void **state)
{
	(void)state;
	world_init(&w, 1);
	w.b.config.cookie_threshold = THRESHOLD;
	w.b.config.half_open_per_address = 1;
	world_begin(&w);
	for (unsigned i = 0; i < THRESHOLD; i++)
		assert_true(half_open(7));
	assert_false(half_open(7));
	world_end(&w);
}

/* When the table is full who has waited longest goes, but not within a second. */
static void test_full(void **state)
{
	(void)state;
	world_init(&w, 1);
	w.b.config.cookie_threshold = 0;
	w.b.config.half_open_max = 10;
	world_begin(&w);
	for (unsigned i = 0; i < 10; i++) {
		assert_true(half_open((uint8_t)(100 + i)));
		w.now += 50 * BTIME_MS;
	}
	assert_false(half_open(200));
	assert_int_equal(ike_half_open(w.b.ike), 10);
	w.now += 690 * BTIME_MS; /* the four oldest are a second old */
	for (unsigned i = 0; i < 4; i++)
		assert_true(half_open((uint8_t)(200 + i)));
	assert_false(half_open(210));
	assert_int_equal(ike_half_open(w.b.ike), 10);
	assert_int_equal(ike_count(w.b.ike), 10);
	w.air.count = 0;
	w.now += BTIME_S;
	world_initiate(&w);
	world_settle(&w);
	assert_non_null(w.b.sa);
	assert_int_equal(ike_half_open(w.b.ike), 9);
	world_end(&w);
}

/* Tables grow with hundreds of addresses in them, and forget who came up. */
static void test_growth(void **state)
{
	(void)state;
	world_init(&w, 1);
	w.b.config.cookie_threshold = 0;
	w.b.config.half_open_per_address = 2;
	world_begin(&w);
	for (unsigned i = 2; i < 202; i++) { /* not the address of w.a itself */
		assert_true(half_open((uint8_t)i));
		assert_true(half_open((uint8_t)i));
		assert_false(half_open((uint8_t)i));
	}
	assert_int_equal(ike_half_open(w.b.ike), 400);
	w.air.count = 0;
	world_initiate(&w);
	world_settle(&w);
	assert_non_null(w.b.sa);
	assert_int_equal(ike_half_open(w.b.ike), 400);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_room_again),
		cmocka_unit_test(test_before_cookies),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_growth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
