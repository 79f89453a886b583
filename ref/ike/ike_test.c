// SPDX-License-Identifier: Apache-2.0
/* Both ends against each other: what must work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "ref/ike/ike_world.h"

static void open_world(struct world *w)
{
	world_begin(w);
	world_initiate(w);
	world_settle(w);
	assert_true(world_up(w));
	assert_int_equal(w->a.child_count, 1);
	assert_true(world_children_match(w));
}

/* --- what must work ----------------------------------------------------------------------- */

/* Every group and cipher, IKE SA and Child SA, with a rekeying of both under D-H. */
static void test_every_algorithm(void **state)
{
	static const uint16_t groups[] = { 14, 15, 16, 19, 20, 31 };
	static const struct ike_suite suites[] = {
		{ IKE_ENCR_AES_GCM_16, 256, IKE_PRF_HMAC_SHA2_384, 0, 0, 0 },
		{ IKE_ENCR_AES_CBC, 128, IKE_PRF_HMAC_SHA2_256, IKE_INTEG_HMAC_SHA2_256_128, 0, 0 },
		{ IKE_ENCR_CHACHA20_POLY1305, 0, IKE_PRF_HMAC_SHA2_512, 0, 0, 0 },
	};
	static struct world w;

	(void)state;
	for (unsigned i = 0; i < 18; i++) {
		struct ike_suite suite = suites[i % 3];
		suite.dh = groups[i / 3];
		world_init(&w, i + 1);
		struct ike_connection *c = &w.a.connection;
		c->ike.count = c->esp.count = 1;
		c->ike.list[0] = ike_suite_proposal(&suite, IKE_PROTOCOL_IKE, 1);
		suite.prf = 0;
		c->esp.list[0] = ike_suite_proposal(&suite, IKE_PROTOCOL_ESP, 1);
		w.b.connection.ike = c->ike;
		w.b.connection.esp = c->esp;
		open_world(&w);
		assert_int_equal(ike_sa_suite(w.a.sa)->dh, groups[i / 3]);
		assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY), 0);
		world_settle(&w);
		assert_true(world_up(&w));
		assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_REKEY_CHILD), 0);
		world_settle(&w);
		assert_int_equal(w.a.child_count, 1);
		assert_int_equal(w.a.children[0].suite.dh, groups[i / 3]);
		assert_true(world_children_match(&w));
		world_end(&w);
	}
}

/* RFC 7296 §1.3: a Child SA is asked for again with the group that the other end wants. */
static void test_child_with_another_group(void **state)
{
	static const struct ike_transform first = { .type = IKE_TRANSFORM_DH,
		.id = IKE_DH_ECP_256 };
	static const struct ike_transform second = { .type = IKE_TRANSFORM_DH,
		.id = IKE_DH_CURVE25519 };
	static struct world w;

	(void)state;
	world_init(&w, 1);
	w.a.connection.esp.count = w.b.connection.esp.count = 1;
	struct ike_proposal *a = &w.a.connection.esp.list[0], *b = &w.b.connection.esp.list[0];
	a->transforms[a->count++] = first;
	a->transforms[a->count++] = second;
	b->transforms[b->count++] = second;
	open_world(&w);
	assert_int_equal(w.a.children[0].suite.dh, 0); /* none in IKE_AUTH, §1.2 */
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY_CHILD), 0);
	world_settle(&w);
	assert_int_equal(w.a.child_count, 1);
	assert_int_equal(w.a.children[0].suite.dh, IKE_DH_CURVE25519);
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_CREATE_CHILD), 0);
	world_settle(&w);
	assert_int_equal(w.a.child_count, 2);
	assert_true(world_children_match(&w));
	world_end(&w);
}

/* RFC 7383: no datagram after IKE_SA_INIT is larger than agreed. */
static void test_fragments_keep_the_limit(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	w.a.connection.fragment_size = w.b.connection.fragment_size = 200;
	world_begin(&w);
	world_initiate(&w);
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	f = world_take(&w, 0);
	w.air.largest = 0;
	world_deliver(&w, &f);
	assert_true(w.air.count > 1);
	world_settle(&w);
	assert_true(w.air.largest <= 200);
	assert_true(world_up(&w));
	world_end(&w);
}

/* RFC 7296 §2.19. */
static void test_internal_address(void **state)
{
	static struct world w;
	static const uint8_t pool[4] = { 10, 0, 0, 8 };

	(void)state;
	world_init(&w, 1);
	w.a.connection.ask_address = true;
	memcpy(w.b.connection.pool, pool, 4);
	w.b.connection.pool_size = 2;
	open_world(&w);
	assert_true(world_saw(&w, false, IKE_REPORT_ADDRESS));
	assert_memory_equal(w.a.children[0].local_ts.list[0].start, pool, 4);
	assert_memory_equal(w.b.children[0].remote_ts.list[0].end, pool, 4);
	/* two more: one gets the other address, and then there is none left */
	world_initiate(&w);
	world_settle(&w);
	assert_int_equal(w.a.children[1].local_ts.list[0].start[3], 9);
	world_initiate(&w);
	world_settle(&w);
	assert_string_equal(world_words(&w, IKE_REPORT_CHILD_FAILED),
		"INTERNAL_ADDRESS_FAILURE");
	world_end(&w);
}

static void test_transport_mode_takes_both(void **state)
{
	static struct world w;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		world_init(&w, i + 1);
		w.a.connection.transport = i & 1;
		w.b.connection.transport = i & 2;
		open_world(&w);
		assert_int_equal(w.a.children[0].transport, i == 3);
		assert_int_equal(w.b.children[0].transport, i == 3);
		world_end(&w);
	}
}

/* RFC 7296 §2.23: a box that rewrites the source is noticed, and the ports change. */
static void test_nat_is_noticed(void **state)
{
	static struct world w;
	struct ike_ts_list host = { 1, { { .type = IKE_TS_IPV4_ADDR_RANGE, .end_port = 65535,
		.start = { 10, 0, 0, 1 }, .end = { 10, 0, 0, 1 } } } };

	(void)state;
	world_init(&w, 1);
	w.a.connection.mobike = false;
	/* the address in front of the box is not the one behind it */
	w.a.connection.local_ts = w.b.connection.remote_ts = host;
	world_begin(&w);
	world_initiate(&w);
	while (w.air.count) {
		struct flying f = world_take(&w, 0);
		struct endpoint *e = f.to_second ? &f.from : &f.to;
		*e = world_endpoint(f.to_second ? "203.0.113.1" : "192.0.2.1", ntohs(e->port));
		world_deliver(&w, &f);
	}
	assert_true(world_up(&w));
	assert_true(w.a.children[0].encapsulated);
	assert_true(w.b.children[0].encapsulated);
	assert_int_equal(ntohs(ike_sa_peer(w.b.sa)->port), IKE_NAT_PORT);
	world_end(&w);
	world_init(&w, 2);
	w.a.connection.mobike = false;
	open_world(&w);
	assert_false(w.a.children[0].encapsulated);
	assert_int_equal(ntohs(ike_sa_peer(w.a.sa)->port), IKE_PORT);
	world_end(&w);
}

static void test_rekeys_by_itself(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	w.a.connection.rekey_child = 60 * BTIME_S;
	w.b.connection.rekey_ike = 100 * BTIME_S;
	open_world(&w);
	uint32_t first = w.a.children[0].spi_in;
	uint64_t spi = ike_sa_spi_i(w.a.sa);
	world_run(&w, 61 * BTIME_S);
	assert_int_equal(w.a.child_count, 1);
	assert_int_not_equal(w.a.children[0].spi_in, first);
	world_run(&w, 41 * BTIME_S);
	assert_true(world_up(&w));
	assert_true(ike_sa_spi_i(w.a.sa) != spi);
	assert_true(world_children_match(&w));
	world_run(&w, 1000 * BTIME_S);
	assert_true(world_up(&w));
	assert_true(world_children_match(&w));
	world_end(&w);
}

/* RFC 7296 §2.4. */
static void test_liveness(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	w.a.connection.liveness = 30 * BTIME_S;
	open_world(&w);
	world_run(&w, 31 * BTIME_S);
	assert_true(world_saw(&w, false, IKE_REPORT_ALIVE));
	assert_true(world_up(&w));
	/* then the other end falls silent */
	btime to = w.now + 200 * BTIME_S;
	while (world_tick(&w, to))
		w.air.count = 0;
	assert_true(world_saw(&w, false, IKE_REPORT_UNREACHABLE));
	assert_null(w.a.sa);
	world_end(&w);
}

/* RFC 7296 §2.4: a peer that has started anew takes its old SA away, and no other's. */
static void test_initial_contact(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	open_world(&w);
	world_initiate(&w); /* another of the same life stands beside */
	world_settle(&w);
	assert_int_equal(ike_count(w.b.ike), 2);
	ike_free(w.a.ike);
	w.a.ike = ike_new(&w.a.config);
	w.a.child_count = 0;
	world_initiate(&w);
	world_settle(&w);
	assert_true(world_up(&w));
	assert_int_equal(ike_count(w.b.ike), 1);
	assert_true(world_children_match(&w));
	world_end(&w);
}

/* --- MOBIKE, RFC 4555 --------------------------------------------------------------------- */

static struct ike_event moved_to(const char *address)
{
	return (struct ike_event){ .kind = IKE_EVENT_MOVED, .local = world_endpoint(address, 0) };
}

static void test_moves(void **state)
{
	static struct world w;
	struct endpoint there = world_endpoint("203.0.113.7", IKE_NAT_PORT);

	(void)state;
	world_init(&w, 1);
	open_world(&w);
	unsigned sent = w.air.sent;
	assert_int_equal(world_event(&w, &w.a, moved_to("203.0.113.7")), 0);
	world_settle(&w);
	assert_int_equal(w.air.sent - sent, 2); /* one notification and its answer */
	assert_true(endpoint_equal(ike_sa_peer(w.b.sa), &there));
	assert_true(world_saw(&w, true, IKE_REPORT_MOVED));
	assert_true(world_saw(&w, false, IKE_REPORT_MOVED));
	/* §3.5: only who began may move the SA */
	assert_int_equal(world_event(&w, &w.b, moved_to("203.0.113.8")), -1);
	/* and it still may when the other end has rekeyed */
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_REKEY), 0);
	world_settle(&w);
	assert_int_equal(world_event(&w, &w.a, moved_to("192.0.2.1")), 0);
	world_settle(&w);
	assert_true(endpoint_equal(ike_sa_peer(w.b.sa), ike_sa_local(w.a.sa)));
	world_end(&w);
}

/* RFC 4555 §3.7: a new address counts when an answer came from there, and not before. */
static void test_path_is_checked(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	w.b.connection.check_path = true;
	open_world(&w);
	assert_int_equal(world_event(&w, &w.a, moved_to("203.0.113.7")), 0);
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	assert_false(world_saw(&w, true, IKE_REPORT_MOVED));
	world_settle(&w);
	assert_true(world_saw(&w, true, IKE_REPORT_MOVED));
	/* an authenticated peer that names a third party's address: nobody answers there */
	w.report_count = 0;
	assert_int_equal(world_event(&w, &w.a, moved_to("203.0.113.66")), 0);
	f = world_take(&w, 0);
	world_deliver(&w, &f);
	btime to = w.now + 200 * BTIME_S;
	w.air.count = 0;
	while (world_tick(&w, to))
		w.air.count = 0;
	assert_false(world_saw(&w, true, IKE_REPORT_MOVED));
	assert_true(world_saw(&w, true, IKE_REPORT_UNREACHABLE));
	world_end(&w);
}

static void test_no_mobike_without_both(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	w.b.connection.mobike = false;
	open_world(&w);
	assert_int_equal(world_event(&w, &w.a, moved_to("203.0.113.7")), -1);
	world_end(&w);
}

/* --- many --------------------------------------------------------------------------------- */

static void test_many_at_once(void **state)
{
	static struct world w;
	unsigned up = 0;

	(void)state;
	world_init(&w, 1);
	w.b.config.cookie_threshold = 1000;
	world_begin(&w);
	for (unsigned i = 0; i < 300; i++) {
		world_initiate(&w);
		if (w.air.count > 10)
			world_settle(&w);
		w.a.child_count = w.b.child_count = 0;
	}
	world_settle(&w);
	for (struct ike_sa *sa = ike_next(w.b.ike, NULL); sa; sa = ike_next(w.b.ike, sa))
		up += ike_sa_established(sa);
	assert_int_equal(up, 300);
	assert_int_equal(ike_count(w.a.ike), 300);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_algorithm),
		cmocka_unit_test(test_child_with_another_group),
		cmocka_unit_test(test_fragments_keep_the_limit),
		cmocka_unit_test(test_internal_address),
		cmocka_unit_test(test_transport_mode_takes_both),
		cmocka_unit_test(test_nat_is_noticed),
		cmocka_unit_test(test_rekeys_by_itself),
		cmocka_unit_test(test_liveness),
		cmocka_unit_test(test_initial_contact),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_path_is_checked),
		cmocka_unit_test(test_no_mobike_without_both),
		cmocka_unit_test(test_many_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
