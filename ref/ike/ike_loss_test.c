// SPDX-License-Identifier: Apache-2.0
/*
 * Every short pattern of lost, doubled and swapped messages, by the digits of a number to the base
 * of four. Whatever the pattern, both ends must soon agree: on the SA, on its Child SAs and their
 * keys, or that all is over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/ike/ike_proof_world.h"

static void assert_up(const struct world *w, unsigned number, unsigned children)
{
	if (!world_up(w))
		fail_msg("pattern %u: a %s, b %s", number, w->a.sa ? ike_sa_state(w->a.sa) : "none",
			w->b.sa ? ike_sa_state(w->b.sa) : "none");
	if (w->a.child_count != children || !world_children_match(w))
		fail_msg("pattern %u: %u and %u Child SAs, or not the same keys", number,
			w->a.child_count, w->b.child_count);
}

static void open_world(struct world *w, unsigned seed)
{
	world_init(w, seed);
	world_begin(w);
	world_initiate(w);
	world_settle(w);
	assert_up(w, seed, 1);
}

static void every_start(unsigned digits, bool cookies, bool wrong_group, bool fragments)
{
	static struct world w;

	for (unsigned number = 0; number < pattern_count(digits); number++) {
		struct pattern p = { number, digits };
		world_init(&w, number + 1);
		if (cookies)
			w.b.config.cookie_threshold = 0;
		if (wrong_group) /* the responder knows one that is not the first of the offer */
			w.b.connection.ike.list[0].transforms[5].id = 0;
		if (fragments)
			w.a.connection.fragment_size = w.b.connection.fragment_size = 180;
		world_begin(&w);
		world_initiate(&w);
		world_run_under(&w, &p, 60 * BTIME_S);
		assert_up(&w, number, 1);
		world_run_under(&w, &p, 200 * BTIME_S);
		assert_int_equal(ike_count(w.a.ike), 1);
		assert_int_equal(ike_count(w.b.ike), 1);
		assert_int_equal(ike_half_open(w.b.ike), 0);
		world_end(&w);
	}
}

static void test_start(void **state)
{
	(void)state;
	every_start(5, false, false, false);
}

static void test_start_with_cookie(void **state)
{
	(void)state;
	every_start(5, true, false, false);
}

static void test_start_with_another_group(void **state)
{
	(void)state;
	every_start(4, false, true, false);
}

static void test_start_in_fragments(void **state)
{
	(void)state;
	every_start(5, false, false, true);
}

typedef void begin_function(struct world *w);

/* EAP-PSK takes the place of the initiator's proof: three exchanges more. */
static void test_start_with_eap(void **state)
{
	static struct world w;
	struct proof_eap eap = { .psk = { 7 } };

	(void)state;
	for (unsigned number = 0; number < pattern_count(5); number++) {
		struct pattern p = { number, 5 };
		world_init(&w, number + 1);
		proof_by_eap(&w, &eap);
		world_begin(&w);
		world_initiate(&w);
		world_run_under(&w, &p, 60 * BTIME_S);
		assert_up(&w, number, 1);
		world_run_under(&w, &p, 200 * BTIME_S);
		assert_int_equal(ike_count(w.a.ike), 1);
		assert_int_equal(ike_count(w.b.ike), 1);
		world_end(&w);
	}
}

/* After `begin` in an open world, under every pattern: up, with one Child SA, and nothing left. */
static void every_pattern_stays_up(begin_function *begin, unsigned digits)
{
	static struct world w;

	for (unsigned number = 0; number < pattern_count(digits); number++) {
		struct pattern p = { number, digits };
		open_world(&w, number + 1);
		begin(&w);
		world_run_under(&w, &p, 100 * BTIME_S);
		assert_up(&w, number, 1);
		world_run_under(&w, &p, 200 * BTIME_S);
		assert_up(&w, number, 1);
		if (ike_count(w.a.ike) != 1 || ike_count(w.b.ike) != 1)
			fail_msg("pattern %u: %u and %u IKE SAs", number, ike_count(w.a.ike),
				ike_count(w.b.ike));
		world_end(&w);
	}
}

static void a_rekeys(struct world *w)
{
	assert_int_equal(world_kind(w, &w->a, IKE_EVENT_REKEY), 0);
}

static void b_rekeys(struct world *w)
{
	assert_int_equal(world_kind(w, &w->b, IKE_EVENT_REKEY), 0);
}

static void both_rekey(struct world *w)
{
	a_rekeys(w);
	b_rekeys(w);
}

static void a_rekeys_child(struct world *w)
{
	assert_int_equal(world_kind(w, &w->a, IKE_EVENT_REKEY_CHILD), 0);
}

static void b_rekeys_child(struct world *w)
{
	assert_int_equal(world_kind(w, &w->b, IKE_EVENT_REKEY_CHILD), 0);
}

static void both_rekey_child(struct world *w)
{
	a_rekeys_child(w);
	b_rekeys_child(w);
}

static void a_rekeys_b_rekeys_child(struct world *w)
{
	a_rekeys(w);
	b_rekeys_child(w);
}

static void a_moves(struct world *w)
{
	struct ike_event e = { .kind = IKE_EVENT_MOVED,
		.local = world_endpoint("203.0.113.9", 0) };
	assert_int_equal(world_event(w, &w->a, e), 0);
}

static void a_moves_b_rekeys(struct world *w)
{
	a_moves(w);
	b_rekeys(w);
}

static void test_rekey(void **state)
{
	(void)state;
	every_pattern_stays_up(a_rekeys, 4);
	every_pattern_stays_up(b_rekeys, 4);
}

static void test_both_rekey(void **state)
{
	(void)state;
	every_pattern_stays_up(both_rekey, 5);
}

static void test_rekey_child(void **state)
{
	(void)state;
	every_pattern_stays_up(a_rekeys_child, 4);
	every_pattern_stays_up(b_rekeys_child, 4);
}

static void test_both_rekey_child(void **state)
{
	(void)state;
	every_pattern_stays_up(both_rekey_child, 5);
}

static void test_rekeyings_cross(void **state)
{
	(void)state;
	every_pattern_stays_up(a_rekeys_b_rekeys_child, 5);
}

static void test_moves(void **state)
{
	(void)state;
	every_pattern_stays_up(a_moves, 4);
	every_pattern_stays_up(a_moves_b_rekeys, 4);
}

static void every_end(bool by_a, bool by_b, unsigned digits)
{
	static struct world w;

	for (unsigned number = 0; number < pattern_count(digits); number++) {
		struct pattern p = { number, digits };
		open_world(&w, number + 1);
		if (by_a)
			assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_DELETE), 0);
		if (by_b)
			assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_DELETE), 0);
		world_run_under(&w, &p, 60 * BTIME_S);
		if (w.a.sa || w.b.sa)
			fail_msg("pattern %u: still up", number);
		assert_false(world_saw(&w, false, IKE_REPORT_UNREACHABLE));
		assert_false(world_saw(&w, true, IKE_REPORT_UNREACHABLE));
		world_run_under(&w, &p, 120 * BTIME_S);
		assert_int_equal(ike_count(w.a.ike), 0);
		assert_int_equal(ike_count(w.b.ike), 0);
		world_end(&w);
	}
}

static void test_delete(void **state)
{
	(void)state;
	every_end(true, false, 4);
	every_end(false, true, 4);
	every_end(true, true, 4);
}

/* Both delete the one Child SA; the IKE SA stays. */
static void test_both_delete_child(void **state)
{
	static struct world w;

	(void)state;
	for (unsigned number = 0; number < pattern_count(4); number++) {
		struct pattern p = { number, 4 };
		open_world(&w, number + 1);
		assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_DELETE_CHILD), 0);
		assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_DELETE_CHILD), 0);
		world_run_under(&w, &p, 60 * BTIME_S);
		assert_up(&w, number, 0);
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_start_with_cookie),
		cmocka_unit_test(test_start_with_another_group),
		cmocka_unit_test(test_start_in_fragments),
		cmocka_unit_test(test_start_with_eap),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_both_rekey),
		cmocka_unit_test(test_rekey_child),
		cmocka_unit_test(test_both_rekey_child),
		cmocka_unit_test(test_rekeyings_cross),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_both_delete_child),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
