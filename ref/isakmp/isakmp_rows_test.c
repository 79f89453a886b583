// SPDX-License-Identifier: Apache-2.0
/*
 * The rows of the state machines that two well-behaved ends seldom take: what happens when one of
 * them falls silent or gives up at any point. The last test demands that each row was taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/isakmp/isakmp_world.h"

static uint32_t hits[64], quick_hits[64];
static struct old_world o = { .hits = hits, .quick_hits = quick_hits };

static void begin(unsigned messages)
{
	old_init(&o, messages + 1);
	o.w.a.connection.address_change = o.w.b.connection.address_change = true;
	old_begin(&o);
	old_initiate(&o, &o.w.a);
	while (messages--) {
		struct flying f = world_take(&o.w, 0);
		old_deliver(&o, &f);
	}
}

static void open_world(void)
{
	begin(0);
	old_settle(&o);
	assert_true(old_up(&o));
}

/* Nothing arrives any more. */
static void silence(btime duration)
{
	btime to = btime_add(o.w.now, duration);

	do
		o.w.air.count = 0;
	while (old_tick(&o, to));
}

static void test_silence_in_main_mode(void **state)
{
	(void)state;
	for (unsigned messages = 0; messages <= 5; messages++) {
		begin(messages);
		silence(300 * BTIME_S);
		assert_true(world_saw(&o.w, false, IKE_REPORT_FAILED));
		assert_int_equal(isakmp_count(o.a), 0);
		assert_int_equal(isakmp_half_open(o.b), 0);
		old_end(&o);
	}
}

static void test_given_up_in_main_mode(void **state)
{
	(void)state;
	for (unsigned messages = 0; messages <= 4; messages += 2) {
		begin(messages);
		o.w.a.sa = (struct ike_sa *)isakmp_next(o.a, NULL);
		assert_int_equal(old_kind(&o, &o.w.a, IKE_EVENT_DELETE), 0);
		assert_true(world_saw(&o.w, false, IKE_REPORT_DOWN));
		assert_int_equal(isakmp_count(o.a), 0);
		old_end(&o);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	for (int who = 0; who < 2; who++) {
		old_init(&o, 30);
		ike_id_parse("else.example", who ? &o.w.b.connection.remote_id
						 : &o.w.b.connection.local_id);
		old_begin(&o);
		old_initiate(&o, &o.w.a);
		old_settle(&o);
		assert_true(world_saw(&o.w, false, IKE_REPORT_FAILED));
		old_end(&o);
	}
}

static void test_silence_in_quick_mode(void **state)
{
	(void)state;
	for (unsigned messages = 0; messages < 2; messages++) {
		open_world();
		assert_int_equal(old_kind(&o, &o.w.a, IKE_EVENT_CREATE_CHILD), 0);
		if (messages) {
			struct flying f = world_take(&o.w, 0);
			old_deliver(&o, &f);
		}
		silence(400 * BTIME_S);
		assert_true(world_saw(&o.w, false, IKE_REPORT_CHILD_FAILED));
		assert_true(world_saw(&o.w, false, IKE_REPORT_UNREACHABLE));
		old_end(&o);
	}
}

static void test_refused_quick_mode(void **state)
{
	(void)state;
	open_world();
	isakmp_connection_pfs(&o.w.b.connection, IKE_DH_MODP_2048);
	old_kind(&o, &o.w.a, IKE_EVENT_CREATE_CHILD);
	old_settle(&o);
	assert_string_equal(world_words(&o.w, IKE_REPORT_CHILD_FAILED),
		"no proposal that is allowed");
	assert_true(old_up(&o));
	old_end(&o);
}

/* The lifetime ends, and the peer was not there to make another SA with. */
static void test_lifetime(void **state)
{
	(void)state;
	old_init(&o, 40);
	o.w.a.connection.rekey_ike = 400 * BTIME_S;
	old_begin(&o);
	old_initiate(&o, &o.w.a);
	old_settle(&o);
	silence(1000 * BTIME_S);
	assert_true(world_saw(&o.w, false, IKE_REPORT_DOWN));
	assert_int_equal(isakmp_count(o.a), 0);
	old_end(&o);
}

/* A message of the SA that was replaced meanwhile is still taken. */
static void test_late_message(void **state)
{
	(void)state;
	open_world();
	old_kind(&o, &o.w.b, IKE_EVENT_PROBE);
	struct flying late = world_take(&o.w, 0);
	old_kind(&o, &o.w.a, IKE_EVENT_REKEY);
	old_settle(&o);
	assert_true(world_saw(&o.w, false, IKE_REPORT_REKEYED));
	assert_int_equal(old_deliver(&o, &late), 0);
	old_run(&o, 60 * BTIME_S);
	assert_int_equal(isakmp_count(o.a), 1);
	assert_int_equal(isakmp_count(o.b), 1);
	assert_int_equal(o.w.a.child_count, 1);
	old_end(&o);
}

static void test_ends(void **state)
{
	(void)state;
	open_world();
	struct ike_event e = { .kind = IKE_EVENT_CHANGE, .hold = 5 * BTIME_S,
		.local = world_endpoint("192.0.2.77", 0) };
	old_event(&o, &o.w.a, e);
	silence(10 * BTIME_S);
	assert_true(world_saw(&o.w, false, IKE_REPORT_EXPIRED));
	old_end(&o);
	open_world();
	old_run(&o, 100 * BTIME_S); /* quick modes that are done are forgotten */
	old_kind(&o, &o.w.a, IKE_EVENT_DELETE);
	old_settle(&o);
	assert_int_equal(isakmp_count(o.b), 0);
	old_end(&o);
}

static void every(const struct fsm *fsm, const uint32_t *taken)
{
	for (unsigned i = 0; i < fsm->count; i++)
		if (!taken[i])
			fail_msg("%s: row %u (%s, %s, %s) was never taken", fsm->name, i,
				fsm->states[fsm->rows[i].from], fsm->events[fsm->rows[i].event],
				fsm->rows[i].action_name);
}

static void test_every_row(void **state)
{
	(void)state;
	assert_true(isakmp_fsm()->count <= sizeof(hits) / sizeof(hits[0]));
	every(isakmp_fsm(), hits);
	every(isakmp_quick_fsm(), quick_hits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence_in_main_mode),
		cmocka_unit_test(test_given_up_in_main_mode),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_silence_in_quick_mode),
		cmocka_unit_test(test_refused_quick_mode),
		cmocka_unit_test(test_lifetime),
		cmocka_unit_test(test_late_message),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_every_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
