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

#include "ref/isakmp/isakmp_world.h"

static struct old_world o;

static void assert_up(unsigned number, unsigned children)
{
	if (!old_up(&o))
		fail_msg("pattern %u: a %s, b %s", number,
			o.w.a.sa ? isakmp_sa_state(old_sa(&o.w.a)) : "none",
			o.w.b.sa ? isakmp_sa_state(old_sa(&o.w.b)) : "none");
	if (o.w.a.child_count != children || !world_children_match(&o.w))
		fail_msg("pattern %u: %u and %u Child SAs, or not the same keys", number,
			o.w.a.child_count, o.w.b.child_count);
}

static void init(unsigned seed)
{
	old_init(&o, seed);
	/* elliptic curves, since there are thousands of patterns */
	for (unsigned i = 0; i < o.w.a.connection.ike.list[0].count; i++)
		if (o.w.a.connection.ike.list[0].transforms[i].id == IKE_DH_MODP_2048)
			o.w.a.connection.ike.list[0].transforms[i].id = IKE_DH_ECP_256;
}

static void open_world(unsigned seed)
{
	init(seed);
	o.w.a.connection.address_change = o.w.b.connection.address_change = true;
	old_begin(&o);
	old_initiate(&o, &o.w.a);
	old_settle(&o);
	assert_up(seed, 1);
}

static void test_start(void **state)
{
	(void)state;
	for (unsigned number = 0; number < pattern_count(5); number++) {
		struct pattern p = { number, 5 };
		init(number + 1);
		old_begin(&o);
		old_initiate(&o, &o.w.a);
		old_run_under(&o, &p, 100 * BTIME_S);
		assert_up(number, 1);
		assert_int_equal(isakmp_count(o.a), 1);
		assert_int_equal(isakmp_count(o.b), 1);
		assert_int_equal(isakmp_half_open(o.b), 0);
		old_end(&o);
	}
}

/* From the fifth message on: the end of main mode and quick mode. */
static void test_end_of_start(void **state)
{
	(void)state;
	for (unsigned number = 0; number < pattern_count(5); number++) {
		struct pattern p = { number, 5 };
		init(number + 1);
		old_begin(&o);
		old_initiate(&o, &o.w.a);
		for (int i = 0; i < 4; i++) {
			struct flying f = world_take(&o.w, 0);
			old_deliver(&o, &f);
		}
		old_run_under(&o, &p, 100 * BTIME_S);
		assert_up(number, 1);
		old_end(&o);
	}
}

static void every_pattern(void (*begin)(void), unsigned digits)
{
	for (unsigned number = 0; number < pattern_count(digits); number++) {
		struct pattern p = { number, digits };
		open_world(number + 1);
		begin();
		old_run_under(&o, &p, 120 * BTIME_S);
		assert_up(number, 1);
		assert_int_equal(isakmp_count(o.a), 1);
		assert_int_equal(isakmp_count(o.b), 1);
		old_end(&o);
	}
}

static void a_rekeys_child(void)
{
	assert_int_equal(old_kind(&o, &o.w.a, IKE_EVENT_REKEY_CHILD), 0);
}

static void b_rekeys_child(void)
{
	assert_int_equal(old_kind(&o, &o.w.b, IKE_EVENT_REKEY_CHILD), 0);
}

static void b_rekeys(void)
{
	assert_int_equal(old_kind(&o, &o.w.b, IKE_EVENT_REKEY), 0);
}

static void a_probes(void)
{
	assert_int_equal(old_kind(&o, &o.w.a, IKE_EVENT_PROBE), 0);
}

static void test_rekey_child(void **state)
{
	(void)state;
	every_pattern(a_rekeys_child, 4);
	every_pattern(b_rekeys_child, 4);
}

static void test_rekey(void **state)
{
	(void)state;
	every_pattern(b_rekeys, 4);
}

static void test_probe(void **state)
{
	(void)state;
	every_pattern(a_probes, 3);
}

static void a_changes(void)
{
	assert_int_equal(old_event(&o, &o.w.a,
				 (struct ike_event){ .kind = IKE_EVENT_CHANGE,
					 .local = world_endpoint("192.0.2.77", 0) }), 0);
}

static void test_change(void **state)
{
	const struct endpoint to = world_endpoint("192.0.2.77", 500);

	(void)state;
	for (unsigned number = 0; number < pattern_count(5); number++) {
		struct pattern p = { number, 5 };
		open_world(number + 1);
		a_changes();
		old_run_under(&o, &p, 60 * BTIME_S);
		assert_up(number, 1);
		assert_true(world_saw(&o.w, false, IKE_REPORT_MIGRATED));
		assert_true(world_saw(&o.w, true, IKE_REPORT_MIGRATED));
		assert_true(endpoint_equal(isakmp_sa_local(old_sa(&o.w.a)), &to));
		assert_true(endpoint_equal(isakmp_sa_peer(old_sa(&o.w.b)), &to));
		old_end(&o);
	}
}

/* Once more before the first change is answered. */
static void test_change_twice(void **state)
{
	const struct endpoint to = world_endpoint("192.0.2.78", 500);

	(void)state;
	for (unsigned number = 0; number < pattern_count(5); number++) {
		struct pattern p = { number, 5 };
		open_world(number + 1);
		a_changes();
		if (o.w.air.count) { /* it may have arrived, or not */
			struct flying f = world_take(&o.w, 0);
			if (number & 1)
				old_deliver(&o, &f);
		}
		assert_int_equal(old_event(&o, &o.w.a, (struct ike_event){ .kind = IKE_EVENT_CHANGE,
					 .local = to }), 0);
		old_run_under(&o, &p, 60 * BTIME_S);
		assert_up(number, 1);
		if (!endpoint_equal(isakmp_sa_local(old_sa(&o.w.a)), &to) ||
			!endpoint_equal(isakmp_sa_peer(old_sa(&o.w.b)), &to))
			fail_msg("pattern %u: not at the last address", number);
		old_end(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_end_of_start),
		cmocka_unit_test(test_rekey_child),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_change_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
