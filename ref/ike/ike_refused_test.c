// SPDX-License-Identifier: Apache-2.0
/* Both ends against each other: what must be refused, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "ref/ike/ike_world.h"

static void refused(struct world *w, const char *a_words)
{
	world_begin(w);
	world_initiate(w);
	world_run(w, 20 * BTIME_S);
	assert_null(w->a.sa);
	assert_null(w->b.sa);
	assert_int_equal(ike_count(w->a.ike), 0);
	assert_int_equal(ike_half_open(w->b.ike), 0);
	assert_string_equal(world_words(w, IKE_REPORT_FAILED), a_words);
	world_run(w, 120 * BTIME_S);
	assert_int_equal(ike_count(w->b.ike), 0);
	world_end(w);
}

static void test_wrong_key(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	w.b.connection.psk = view_text("another secret");
	refused(&w, "AUTHENTICATION_FAILED");
}

static void test_unknown_identity(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	ike_id_parse("someone.example", &w.a.connection.local_id);
	refused(&w, "AUTHENTICATION_FAILED");
	world_init(&w, 1); /* the responder is not whom the initiator asks for */
	ike_id_parse("someone.example", &w.a.connection.remote_id);
	refused(&w, "AUTHENTICATION_FAILED");
}

static void test_no_common_proposal(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < w.b.connection.ike.list[i].count; k++)
			if (w.b.connection.ike.list[i].transforms[k].type == IKE_TRANSFORM_PRF)
				w.b.connection.ike.list[i].transforms[k].id = IKE_PRF_HMAC_SHA1;
	refused(&w, "NO_PROPOSAL_CHOSEN");
}

static void child_refused(struct world *w, const char *words)
{
	world_begin(w);
	world_initiate(w);
	world_settle(w);
	assert_true(world_up(w));
	assert_int_equal(w->a.child_count + w->b.child_count, 0);
	assert_string_equal(world_words(w, IKE_REPORT_CHILD_FAILED), words);
	world_end(w);
}

static void test_child_refused(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	w.b.connection.esp.count = 1;
	w.b.connection.esp.list[0].transforms[0].id = w.b.connection.esp.list[0].transforms[1].id =
		IKE_ENCR_AES_GCM_8;
	child_refused(&w, "NO_PROPOSAL_CHOSEN");
	world_init(&w, 1);
	w.a.connection.remote_ts = (struct ike_ts_list){ 1, { { .type = IKE_TS_IPV4_ADDR_RANGE,
		.end_port = 65535, .start = { 9, 9, 9, 9 }, .end = { 9, 9, 9, 9 } } } };
	child_refused(&w, "TS_UNACCEPTABLE");
}

/* Every message, every octet: no change goes through, and none disturbs what comes after. */
static void test_no_octet_can_change_on_the_way(void **state)
{
	static struct world w;

	(void)state;
	for (unsigned message = 0; message < 4; message++) {
		for (size_t at = 0;; at++) {
			world_init(&w, 1);
			world_begin(&w);
			world_initiate(&w);
			for (unsigned i = 0; i < message; i++) {
				struct flying f = world_take(&w, 0);
				world_deliver(&w, &f);
			}
			struct flying f = world_take(&w, 0);
			bool over = at >= f.size;
			if (!over) {
				f.data[at] ^= 0x01;
				world_deliver(&w, &f);
				world_run(&w, 100 * BTIME_S);
				/* before AUTH a change can end it, but never in two views */
				if (world_up(&w))
					assert_true(world_children_match(&w));
				if (message >= 2)
					assert_true(world_up(&w));
			}
			world_end(&w);
			if (over)
				break;
			at += message < 2 ? 3 : 0;
		}
	}
}

static void test_replays_are_refused(void **state)
{
	static struct world w;
	static struct flying old[4];

	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_initiate(&w);
	for (unsigned i = 0; i < 4; i++) {
		old[i] = world_take(&w, 0);
		world_deliver(&w, &old[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_PROBE), 0);
		world_settle(&w);
	}
	unsigned sent = w.air.sent;
	assert_int_equal(world_deliver(&w, &old[2]), -1);
	assert_int_equal(world_rejected(&w).reason, REJECT_SEQUENCE);
	assert_int_equal(world_deliver(&w, &old[3]), -1);
	assert_int_equal(world_rejected(&w).reason, REJECT_SEQUENCE);
	/* reflected: its own message comes back */
	old[2].to_second = false;
	assert_int_equal(world_deliver(&w, &old[2]), -1);
	assert_int_equal(world_rejected(&w).reason, REJECT_SESSION);
	assert_int_equal(w.air.sent, sent);
	assert_true(world_up(&w));
	world_end(&w);
}

/* RFC 7296 §2.6: a flood leaves no state beyond the threshold, and who is real gets through. */
static void test_flood(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_initiate(&w);
	struct flying f = world_take(&w, 0), forged;
	for (uint32_t i = 0; i < 2000; i++) {
		struct writer writer = writer_of(forged.data, 8);
		forged = f;
		write_u64(&writer, UINT64_C(0x1234567800000000) + i);
		forged.from.address[3] = (uint8_t)i;
		world_deliver(&w, &forged);
		w.air.count = 0;
	}
	assert_int_equal(ike_half_open(w.b.ike), 32);
	assert_int_equal(ike_count(w.b.ike), 32);
	world_deliver(&w, &f);
	world_settle(&w);
	assert_true(world_up(&w));
	world_run(&w, 31 * BTIME_S);
	assert_int_equal(ike_count(w.b.ike), 1);
	world_end(&w);
}

/* A cookie is good for the address and SPI that it was given to, and for a while. */
static void test_cookie_of_another(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	w.b.config.cookie_threshold = 0;
	world_begin(&w);
	world_initiate(&w);
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	f = world_take(&w, 0);
	world_deliver(&w, &f);
	struct flying with_cookie = world_take(&w, 0);
	f = with_cookie;
	f.from.address[3] ^= 1;
	world_deliver(&w, &f);
	assert_int_equal(ike_count(w.b.ike), 0);
	w.now += 200 * BTIME_S; /* two secrets later */
	f = with_cookie;
	world_deliver(&w, &f);
	f = with_cookie;
	w.now += 61 * BTIME_S;
	world_deliver(&w, &f);
	assert_int_equal(ike_count(w.b.ike), 0);
	world_end(&w);
}

/* RFC 7296 §2.5. */
static void test_versions(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_initiate(&w);
	struct flying f = world_take(&w, 0);
	f.data[17] = 0x10;
	assert_int_equal(world_deliver(&w, &f), -1);
	assert_int_equal(world_rejected(&w).reason, REJECT_VERSION);
	assert_int_equal(w.air.count, 0); /* IKEv1 would not understand the answer */
	f.data[17] = 0x30;
	assert_int_equal(world_deliver(&w, &f), -1);
	struct flying answer = world_take(&w, 0);
	struct packet p;
	struct ike_notification n;
	assert_int_equal(ike_decode(VIEW(answer.data, answer.size), &p, NULL), 0);
	assert_true(ike_find_notify(&p, IKE_N_INVALID_MAJOR_VERSION, &n));
	answer.data[17] = 0x30; /* an answer is not answered */
	assert_int_equal(world_deliver(&w, &answer), -1);
	assert_int_equal(w.air.count, 0);
	f.data[17] = 0x25; /* a minor version says nothing */
	assert_int_equal(world_deliver(&w, &f), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_unknown_identity),
		cmocka_unit_test(test_no_common_proposal),
		cmocka_unit_test(test_child_refused),
		cmocka_unit_test(test_no_octet_can_change_on_the_way),
		cmocka_unit_test(test_replays_are_refused),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_cookie_of_another),
		cmocka_unit_test(test_versions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
