// SPDX-License-Identifier: Apache-2.0
/*
 * Child SAs made anew around an address change (docs/address-change.md §6) between two engines: in the
 * end there is one, the same at both, and it is where the mover is.
 */
#include "ref/ike/ike_change_world.h"

#define THERE "203.0.113.9"
#define A 1 /* who makes it anew */
#define B 2

static void assert_one_child(unsigned who, unsigned number)
{
	struct endpoint to = world_endpoint(THERE, 0);

	assert_both_at(THERE, number);
	if (w.a.child_count != 1)
		fail_msg("by %u, pattern %u: %u Child SAs", who, number, w.a.child_count);
	assert_memory_equal(ike_sa_child(w.a.sa, 0)->local_ts.list[0].start, to.address, 4);
	assert_memory_equal(ike_sa_child(w.b.sa, 0)->remote_ts.list[0].end, to.address, 4);
}

static void rekey(unsigned who)
{
	if (who & A)
		assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY_CHILD), 0);
	if (who & B)
		assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_REKEY_CHILD), 0);
}

/* No answer has come yet when the change begins: what one end has made the other makes as well. Of
 * what flew then only the first `delivered` datagrams arrive; 0: the pattern is for them, too. */
static void rekey_then_change(unsigned who, unsigned delivered, unsigned number)
{
	struct pattern p = { number, 4 };

	open_world(number + 1);
	uint32_t before = w.a.children[0].spi_in;
	rekey(who);
	for (unsigned i = 0; i < delivered; i++)
		deliver_one();
	if (delivered)
		w.air.count = 0;
	assert_int_equal(world_event(&w, &w.a, change_to(THERE)), 0);
	world_run_under(&w, &p, 60 * BTIME_S);
	assert_one_child(who, number);
	assert_int_not_equal(w.a.children[0].spi_in, before);
	world_end(&w);
}

static void test_before_the_change(void **state)
{
	(void)state;
	for (unsigned number = 0; number < pattern_count(4); number++)
		for (unsigned who = A; who <= (A | B); who++)
			for (unsigned delivered = 0; delivered <= (who == (A | B) ? 2 : 1); delivered++)
				rekey_then_change(who, delivered, number);
}

static void test_during_the_change(void **state)
{
	(void)state;
	for (unsigned number = 0; number < pattern_count(4); number++)
		for (unsigned who = A; who <= (A | B); who++) {
			struct pattern p = { number, 4 };
			open_world(number + 1);
			uint32_t before = w.a.children[0].spi_in;
			assert_int_equal(world_event(&w, &w.a, change_to(THERE)), 0);
			rekey(who);
			world_run_under(&w, &p, 60 * BTIME_S);
			assert_one_child(who, number);
			assert_int_not_equal(w.a.children[0].spi_in, before);
			world_end(&w);
		}
}

/* The change is told over another IKE SA, and the peer has it before the answer of this one comes. */
static void test_change_over_another_sa(void **state)
{
	struct ike_event event = change_to(THERE);

	(void)state;
	for (unsigned who = A; who <= B; who++) {
		open_world(who);
		struct end *e = who == A ? &w.a : &w.b;
		struct ike_sa *sa = w.a.sa, *peer = w.b.sa, *own = e->sa;
		struct ike_event anew = { .kind = IKE_EVENT_REKEY_CHILD, .spi = e->children[0].spi_in };
		event.of = sa;
		w.a.connection.local = world_endpoint(THERE, 0);
		world_initiate(&w);
		world_settle(&w);
		struct ike_sa *carrier = e->sa;
		e->sa = own;
		assert_int_equal(world_event(&w, e, anew), 0);
		e->sa = carrier;
		deliver_one();
		w.air.count = 0; /* the answer */
		assert_int_equal(world_event(&w, &w.a, event), 0);
		world_run(&w, 20 * BTIME_S);
		const struct ike_child_info *here = ike_sa_child(sa, 0), *there = ike_sa_child(peer, 0);
		struct endpoint to = world_endpoint(THERE, 0);
		assert_null(ike_sa_child(sa, 1));
		assert_null(ike_sa_child(peer, 1));
		assert_int_not_equal(here->spi_in, anew.spi);
		assert_int_equal(here->spi_in, there->spi_out);
		assert_memory_equal(here->local_ts.list[0].start, to.address, 4);
		assert_memory_equal(there->remote_ts.list[0].start, to.address, 4);
		world_end(&w);
	}
}

/* Configured selectors that are the mover's address alone move with it, as they did in the Child SA. */
static void test_configured_selectors(void **state)
{
	const struct ike_ts_list here = { 1, { { .type = IKE_TS_IPV4_ADDR_RANGE,
		.start = { 192, 0, 2, 1 }, .end = { 192, 0, 2, 1 }, .end_port = 65535 } } };

	(void)state;
	for (unsigned who = A; who <= B; who++)
		for (unsigned delivered = 0; delivered <= 1; delivered++) {
			init(1);
			w.a.connection.local_ts = w.b.connection.remote_ts = here;
			world_begin(&w);
			world_initiate(&w);
			world_settle(&w);
			rekey(who);
			if (delivered) {
				deliver_one();
				w.air.count = 0;
			}
			assert_int_equal(world_event(&w, &w.a, change_to(THERE)), 0);
			world_run(&w, 20 * BTIME_S);
			assert_one_child(who, 0);
			/* and once more, by the heir */
			assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY), 0);
			world_settle(&w);
			uint32_t before = w.a.children[0].spi_in;
			rekey(who);
			world_run(&w, 20 * BTIME_S);
			assert_one_child(who, 0);
			assert_int_not_equal(w.a.children[0].spi_in, before);
			world_end(&w);
		}
}

/* The error in that message of a's, which is an answer; 0: there is none. */
static uint16_t error_in(const struct flying *f)
{
	struct ike_half half = ike_sa_keys(w.a.sa)->initiator;
	uint8_t room[IKE_MESSAGE_MAX];
	struct packet outer, inside;
	struct ike_notification n;
	struct view octets;

	assert_int_equal(ike_decode(VIEW(f->data, f->size), &outer, NULL), 0);
	assert_int_equal(outer.header[IKE_EXCHANGE_TYPE], IKE_CREATE_CHILD_SA);
	assert_int_equal(ike_open(ike_sa_suite(w.a.sa), &half, VIEW(f->data, f->size), &outer, room,
				 &octets, NULL), 0);
	assert_int_equal(ike_decode_inside(&outer, outer.elements[0].next, octets, &inside, NULL), 0);
	return ike_find_error(&inside, &n);
}

/* b has moved a, and names a's new address before a has heard that; and again, later: it is there. */
static void test_new_address_early(void **state)
{
	(void)state;
	init(1);
	w.b.connection.trust_new_address = true; /* moves at once */
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	uint32_t before = w.a.children[0].spi_in;
	assert_int_equal(world_event(&w, &w.a, change_to(THERE)), 0);
	deliver_one();
	w.air.count = 0; /* MIGRATION_COMPLETED */
	rekey(B);
	deliver_one();
	assert_int_equal(w.air.count, 1);
	assert_int_equal(error_in(&w.air.flying[0]), IKE_N_TEMPORARY_FAILURE);
	world_run(&w, 20 * BTIME_S);
	assert_one_child(B, 0);
	assert_int_not_equal(w.a.children[0].spi_in, before);
	world_end(&w);
}

/* b's request names a's old address and comes when a has left it for good. */
static void test_old_address_late(void **state)
{
	(void)state;
	open_world(1);
	uint32_t before = w.a.children[0].spi_in;
	rekey(B);
	struct flying late = world_take(&w, 0);
	assert_int_equal(world_event(&w, &w.a, change_to(THERE)), 0);
	world_settle(&w);
	late.to = *ike_sa_local(w.a.sa);
	world_deliver(&w, &late);
	assert_int_equal(w.air.count, 1);
	assert_int_equal(error_in(&w.air.flying[0]), IKE_N_TEMPORARY_FAILURE);
	world_run(&w, 20 * BTIME_S);
	assert_one_child(B, 0);
	assert_int_not_equal(w.a.children[0].spi_in, before);
	world_end(&w);
}

/* An address that a never had is no matter of time. */
static void test_another_address(void **state)
{
	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to(THERE)), 0);
	world_settle(&w);
	w.b.connection.remote_ts = (struct ike_ts_list){ 1, { { .type = IKE_TS_IPV4_ADDR_RANGE,
		.start = { 192, 0, 2, 77 }, .end = { 192, 0, 2, 77 }, .end_port = 65535 } } };
	rekey(B);
	deliver_one();
	assert_int_equal(error_in(&w.air.flying[0]), IKE_N_TS_UNACCEPTABLE);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_the_change),
		cmocka_unit_test(test_during_the_change),
		cmocka_unit_test(test_change_over_another_sa),
		cmocka_unit_test(test_configured_selectors),
		cmocka_unit_test(test_new_address_early),
		cmocka_unit_test(test_old_address_late),
		cmocka_unit_test(test_another_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
