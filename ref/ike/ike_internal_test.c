// SPDX-License-Identifier: Apache-2.0
/* What the responder's owner has to look for in its own time (internal addresses, what an authentication
 * server says to EAP), keys that differ from peer to peer, and the Delete that comes from elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/ike/ike_proof_world.h"

static struct world w;
static struct ike_internal asked, given; /* as they came */

static const struct ike_internal question = {
	.link_address = { 2, 0, 0, 0, 0, 1 },
	.client_id = { 1, 2, 0, 0, 0, 0, 1 },
	.client_id_size = 7,
};
static const struct ike_internal answer = {
	.address = { 198, 51, 100, 7 },
	.netmask = { 255, 255, 255, 0 },
	.dns = { 198, 51, 100, 53 },
	.dhcp = { 198, 51, 100, 2 },
	.router = { 198, 51, 100, 1 },
	.link_address = { 2, 0, 0, 0, 0, 9 },
};

static void prepare(void)
{
	world_init(&w, 1);
	w.a.connection.ask_address = true;
	w.a.connection.ask = question;
	w.b.connection.owner_gives = true;
	asked = given = (struct ike_internal){ 0 };
}

/* Delivers the next message and keeps what a report says of addresses. */
static void deliver(void)
{
	struct flying f = world_take(&w, 0);
	struct end *e = f.to_second ? &w.b : &w.a;

	actions_clear(&w.actions);
	assert_int_equal(ike_input(e->ike, &f.to, &f.from, VIEW(f.data, f.size), w.now, &w.actions),
		0);
	for (unsigned i = 0; i < w.actions.count; i++) {
		const struct action *a = &w.actions.list[i];
		if (a->kind != ACTION_REPORT)
			continue;
		if (a->event == IKE_REPORT_ADDRESS_WANTED)
			memcpy(&asked, a->data.data, sizeof(asked));
		if (a->event == IKE_REPORT_ADDRESS)
			memcpy(&given, a->data.data, sizeof(given));
	}
	world_collect(&w, e);
}

static void begin_asking(void)
{
	world_begin(&w);
	world_initiate(&w);
	while (w.air.count)
		deliver();
	assert_non_null(w.b.asking);
	assert_string_equal(ike_sa_state(w.b.asking), "ASKING");
	assert_null(w.a.sa);
}

static void assert_up_with_address(void)
{
	while (w.air.count)
		deliver();
	assert_true(world_up(&w));
	assert_true(world_children_match(&w));
	assert_memory_equal(&given, &answer, sizeof(answer));
	assert_memory_equal(w.a.children[0].local_ts.list[0].start, answer.address, 4);
	assert_memory_equal(w.b.children[0].remote_ts.list[0].end, answer.address, 4);
	assert_null(w.b.asking);
}

/* RFC 7296 §2.19: what is asked comes to the owner, what it gives comes back. */
static void test_owner_gives(void **state)
{
	(void)state;
	prepare();
	begin_asking();
	assert_memory_equal(&asked, &question, sizeof(question));
	assert_int_equal(world_give(&w, &w.b, &answer), 0);
	assert_up_with_address();
	/* once is enough */
	w.b.asking = w.b.sa;
	assert_int_equal(world_give(&w, &w.b, &answer), -1);
	world_end(&w);
}

/* RFC 7296 §2.1: a request that comes again while its answer is in the making has none; the answer is
 * repeated afterwards, octet by octet. */
static void test_repeated_while_asking(void **state)
{
	struct flying request, first, second;

	(void)state;
	prepare();
	begin_asking();
	world_tick(&w, w.now + 2 * BTIME_S);
	assert_int_equal(w.air.count, 1);
	request = w.air.flying[0];
	deliver();
	assert_int_equal(w.air.count, 0);
	assert_int_equal(world_give(&w, &w.b, &answer), 0);
	first = world_take(&w, 0);
	assert_int_equal(world_deliver(&w, &request), 0);
	second = w.air.flying[0];
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
	assert_up_with_address();
	world_end(&w);
}

static void test_owner_has_none(void **state)
{
	(void)state;
	prepare();
	begin_asking();
	assert_int_equal(world_give(&w, &w.b, NULL), 0);
	world_settle(&w);
	assert_string_equal(world_words(&w, IKE_REPORT_CHILD_FAILED), "INTERNAL_ADDRESS_FAILURE");
	assert_true(world_up(&w));
	assert_int_equal(w.a.child_count + w.b.child_count, 0);
	world_end(&w);
}

/* An owner that never says a word: the SA ends like one that is half open. */
static void test_owner_is_silent(void **state)
{
	(void)state;
	prepare();
	begin_asking();
	assert_int_equal(ike_half_open(w.b.ike), 0); /* it is nobody's flood: the peer is known */
	w.air.count = 0;
	while (world_tick(&w, w.now + 100 * BTIME_S) && ike_count(w.b.ike))
		w.air.count = 0;
	assert_int_equal(ike_count(w.b.ike), 0);
	assert_true(world_saw(&w, true, IKE_REPORT_FAILED));
	world_end(&w);
}

/* Nothing but the owner's answer ends the waiting. */
static void test_other_requests_wait_too(void **state)
{
	struct ike_event event = { .kind = IKE_EVENT_DELETE };

	(void)state;
	prepare();
	begin_asking();
	actions_clear(&w.actions);
	assert_int_equal(ike_event(w.b.ike, w.b.asking, &event, w.now, &w.actions), -1);
	assert_int_equal(world_give(&w, &w.b, &answer), 0);
	assert_up_with_address();
	world_end(&w);
}

static void test_after_eap(void **state)
{
	struct proof_eap eap = { .psk = { 1, 2, 3 } };

	(void)state;
	prepare();
	proof_by_eap(&w, &eap);
	begin_asking();
	assert_memory_equal(&asked, &question, sizeof(question));
	assert_int_equal(world_give(&w, &w.b, &answer), 0);
	assert_up_with_address();
	world_end(&w);
}

static void test_who_does_not_ask_gets_none(void **state)
{
	(void)state;
	prepare();
	w.a.connection.ask_address = false;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	assert_true(world_up(&w));
	assert_null(w.b.asking);
	assert_int_equal(w.b.child_count, 1);
	world_end(&w);
}

/* --- a key for each peer -------------------------------------------------------------------- */

/* The key of KEY_ID n is n n n ... */
static struct view key_of(void *context, const struct ike_id *peer)
{
	static uint8_t key[32];

	(void)context;
	memset(key, peer->size ? peer->data[0] : 0, sizeof(key));
	return peer->type == IKE_ID_KEY_ID ? VIEW_OF(key) : VIEW_EMPTY;
}

static void begin_with_key(uint8_t name, uint8_t octet, uint8_t type)
{
	static uint8_t key[32];

	memset(key, octet, sizeof(key));
	world_init(&w, 1);
	w.a.connection.psk = VIEW_OF(key);
	w.a.connection.local_id = (struct ike_id){ type, 1, { name } };
	w.b.connection.remote_id.type = 0;
	w.b.connection.psk = VIEW_EMPTY;
	w.b.connection.psk_of = key_of;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
}

static void test_key_of_each_peer(void **state)
{
	(void)state;
	for (uint8_t n = 1; n < 4; n++) {
		begin_with_key(n, n, IKE_ID_KEY_ID);
		assert_true(world_up(&w));
		world_end(&w);
	}
	begin_with_key(1, 2, IKE_ID_KEY_ID); /* another peer's key */
	assert_string_equal(world_words(&w, IKE_REPORT_FAILED), "AUTHENTICATION_FAILED");
	world_end(&w);
	begin_with_key('a', 'a', IKE_ID_FQDN); /* a peer that has none */
	assert_string_equal(world_words(&w, IKE_REPORT_FAILED), "AUTHENTICATION_FAILED");
	world_end(&w);
}

/* --- EAP that asks somebody ------------------------------------------------------------------ */

static void begin_slow(struct proof_eap *eap)
{
	world_init(&w, 1);
	proof_by_eap(&w, eap);
	world_begin(&w);
	world_initiate(&w);
	while (w.air.count)
		deliver();
	assert_string_equal(ike_sa_state(eap->slow_sa), "EAP_WAITING");
}

/* RFC 7296 §2.16, with an authentication server behind the responder: each request waits. */
static void test_eap_asks_somebody(void **state)
{
	struct proof_eap eap = { .psk = { 1, 2, 3 }, .asks = true };
	unsigned asked_times = 0;

	(void)state;
	begin_slow(&eap);
	world_tick(&w, w.now + 2 * BTIME_S); /* comes again, and has no answer yet */
	assert_int_equal(w.air.count, 1);
	deliver();
	assert_int_equal(w.air.count, 0);
	while (!w.b.sa) {
		asked_times++;
		assert_int_equal(proof_answer(&w, &eap), 0);
		while (w.air.count)
			deliver();
	}
	assert_true(world_up(&w));
	assert_true(world_children_match(&w));
	assert_true(asked_times >= 3);
	world_end(&w);
}

static void test_somebody_refuses(void **state)
{
	struct proof_eap eap = { .psk = { 1, 2, 3 }, .asks = true, .refuses = true };

	(void)state;
	begin_slow(&eap);
	while (!world_saw(&w, true, IKE_REPORT_FAILED)) {
		assert_int_equal(proof_answer(&w, &eap), 0);
		while (w.air.count)
			deliver();
	}
	world_settle(&w);
	assert_true(world_saw(&w, false, IKE_REPORT_FAILED));
	assert_null(w.a.sa);
	assert_null(w.b.sa);
	world_end(&w);
}

static void test_somebody_is_silent(void **state)
{
	struct proof_eap eap = { .psk = { 1, 2, 3 }, .asks = true };

	(void)state;
	begin_slow(&eap);
	w.air.count = 0;
	while (world_tick(&w, w.now + 100 * BTIME_S) && ike_count(w.b.ike))
		w.air.count = 0;
	assert_int_equal(ike_count(w.b.ike), 0);
	assert_true(world_saw(&w, true, IKE_REPORT_FAILED));
	world_end(&w);
}

/* --- the end -------------------------------------------------------------------------------- */

static void open_world(void)
{
	world_init(&w, 1);
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	assert_true(world_up(&w));
}

/* RFC 7296 §2.11: answered to where the request came from. */
static void test_delete_from_elsewhere(void **state)
{
	struct ike_event event = { .kind = IKE_EVENT_DELETE,
		.local = world_endpoint("198.51.100.99", 0) };

	(void)state;
	for (int late = 0; late < 2; late++) {
		open_world();
		if (late) { /* the Delete from here is lost */
			assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_DELETE), 0);
			w.air.count = 0;
		}
		assert_int_equal(world_event(&w, &w.a, event), 0);
		assert_int_equal(w.air.count, 1);
		assert_int_equal(w.air.flying[0].from.address[3], 99);
		deliver();
		assert_true(world_saw(&w, true, IKE_REPORT_DOWN));
		assert_int_equal(w.air.flying[0].to.address[3], 99);
		deliver();
		assert_true(world_saw(&w, false, IKE_REPORT_DOWN));
		assert_int_equal(ike_count(w.a.ike), 0);
		world_end(&w);
	}
}

static void test_forgotten(void **state)
{
	(void)state;
	open_world();
	w.report_count = 0;
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_FORGET), 0);
	assert_int_equal(w.air.count + w.report_count, 0);
	assert_int_equal(ike_count(w.b.ike), 0);
	w.b.sa = NULL;
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner_gives),
		cmocka_unit_test(test_repeated_while_asking),
		cmocka_unit_test(test_owner_has_none),
		cmocka_unit_test(test_owner_is_silent),
		cmocka_unit_test(test_other_requests_wait_too),
		cmocka_unit_test(test_after_eap),
		cmocka_unit_test(test_who_does_not_ask_gets_none),
		cmocka_unit_test(test_key_of_each_peer),
		cmocka_unit_test(test_eap_asks_somebody),
		cmocka_unit_test(test_somebody_refuses),
		cmocka_unit_test(test_somebody_is_silent),
		cmocka_unit_test(test_delete_from_elsewhere),
		cmocka_unit_test(test_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
