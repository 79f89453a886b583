// SPDX-License-Identifier: Apache-2.0
/*
 * The rows of the state machine that a well-behaved peer seldom or never takes; its messages are
 * opened and sealed again here with the right keys. The last test demands that every row was taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/ike/ike_proof_world.h"

static uint32_t hits[256];
static struct world w = { .hits = hits };

static void open_world(void)
{
	world_init(&w, 1);
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	assert_true(world_up(&w));
}

static void deliver_one(void)
{
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
}

static struct ike_half half_of(const struct ike_sa *sa, bool initiator)
{
	return initiator ? ike_sa_keys(sa)->initiator : ike_sa_keys(sa)->responder;
}

/* A request of that end's present SA that its engine did not make. */
static struct flying forge(bool from_a, const struct ike_sa *sa, enum ike_exchange exchange,
	uint32_t id, uint32_t first, struct view octets)
{
	struct flying f = { .to_second = from_a, .from = *ike_sa_local(sa), .to = *ike_sa_peer(sa) };
	struct packet header = { .protocol = &ike_protocol };
	struct writer writer = writer_of(f.data, sizeof(f.data));
	struct ike_half half = half_of(sa, ike_sa_initiator(sa));
	struct ike_fragment whole = { 0, 0 };

	header.header[IKE_SPI_I] = ike_sa_spi_i(sa);
	header.header[IKE_SPI_R] = ike_sa_spi_r(sa);
	header.header[IKE_EXCHANGE_TYPE] = exchange;
	header.header[IKE_FLAGS] = ike_sa_initiator(sa) ? IKE_FLAG_INITIATOR : 0;
	header.header[IKE_MESSAGE_ID] = id;
	assert_int_equal(ike_seal(ike_sa_suite(sa), &half, &header, first, octets, &whole, 999999,
				 &w.random, &writer), 0);
	f.size = writer.used;
	return f;
}

/* Opens the next message, changes one octet inside, seals it again. `at` counts from the header of
 * the payload of that type. */
static void change_next(const struct ike_sa *sa, uint32_t payload, size_t at, uint8_t value)
{
	struct flying *f = &w.air.flying[0];
	uint8_t out[IKE_MESSAGE_MAX];
	struct packet p, inside;
	struct view octets;
	struct writer writer = writer_of(f->data, sizeof(f->data));
	struct ike_fragment whole = { 0, 0 };

	assert_int_equal(ike_decode(VIEW(f->data, f->size), &p, NULL), 0);
	struct ike_half half = half_of(sa, p.header[IKE_FLAGS] & IKE_FLAG_INITIATOR);
	assert_int_equal(ike_open(ike_sa_suite(sa), &half, VIEW(f->data, f->size), &p, out, &octets,
				 NULL), 0);
	uint32_t first = p.elements[0].next;
	assert_int_equal(ike_decode_inside(&p, first, octets, &inside, NULL), 0);
	const struct element_value *e = packet_find(&inside, 0, payload);
	assert_non_null(e);
	assert_int_not_equal(out[e->offset + at], value);
	out[e->offset + at] = value;
	assert_int_equal(ike_seal(ike_sa_suite(sa), &half, &p, first, octets, &whole, 999999,
				 &w.random, &writer), 0);
	f->size = writer.used;
}

static void lose_all(btime duration)
{
	btime to = btime_add(w.now, duration);

	w.air.count = 0;
	while (world_tick(&w, to))
		w.air.count = 0;
}

static void test_given_up(void **state)
{
	struct ike_event event = { .kind = IKE_EVENT_DELETE };

	(void)state;
	for (unsigned delivered = 0; delivered <= 2; delivered += 2) {
		world_init(&w, 1);
		world_begin(&w);
		world_initiate(&w);
		for (unsigned i = 0; i < delivered; i++)
			deliver_one();
		w.a.sa = ike_next(w.a.ike, NULL);
		assert_string_equal(ike_sa_state(w.a.sa), delivered ? "AUTH_SENT" : "INIT_SENT");
		assert_int_equal(world_event(&w, &w.a, event), 0);
		assert_int_equal(ike_count(w.a.ike), 0);
		assert_string_equal(world_words(&w, IKE_REPORT_FAILED),
			"given up before it was up");
		lose_all(31 * BTIME_S);
		assert_int_equal(ike_count(w.b.ike), 0);
		world_end(&w);
	}
}

static void test_never_answered(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_initiate(&w);
	lose_all(100 * BTIME_S);
	assert_true(world_saw(&w, false, IKE_REPORT_UNREACHABLE));
	assert_int_equal(w.air.sent, 8);
	assert_int_equal(ike_count(w.a.ike), 0);
	world_end(&w);
}

static void test_refusals(void **state)
{
	(void)state;
	world_init(&w, 1);
	w.b.connection.psk = view_text("another secret");
	world_begin(&w);
	world_initiate(&w);
	world_run(&w, 100 * BTIME_S);
	assert_string_equal(world_words(&w, IKE_REPORT_FAILED), "AUTHENTICATION_FAILED");
	world_end(&w);
	world_init(&w, 1);
	w.b.connection.ike.count = 0;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	assert_string_equal(world_words(&w, IKE_REPORT_FAILED), "NO_PROPOSAL_CHOSEN");
	world_end(&w);
}

/* RFC 7296 §2.21.2: the responder's AUTH is wrong; it learns that the SA is not. */
static void test_responder_does_not_prove_itself(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_initiate(&w);
	for (unsigned i = 0; i < 3; i++)
		deliver_one();
	change_next(w.b.sa, IKE_PAYLOAD_AUTH, 8, (uint8_t)~w.air.flying[0].data[0]);
	world_settle(&w);
	assert_false(world_saw(&w, false, IKE_REPORT_ESTABLISHED));
	assert_true(world_saw(&w, false, IKE_REPORT_FAILED));
	assert_true(world_saw(&w, true, IKE_REPORT_DOWN));
	assert_int_equal(w.a.child_count, 0);
	assert_int_equal(ike_count(w.a.ike), 0);
	world_end(&w);
}

static void test_bad_first_request(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_initiate(&w);
	deliver_one();
	deliver_one();
	/* a length inside that cannot be */
	change_next(ike_next(w.a.ike, NULL), IKE_PAYLOAD_IDI, 2, 0xff);
	world_settle(&w);
	assert_string_equal(world_words(&w, IKE_REPORT_FAILED), "INVALID_SYNTAX");
	assert_false(world_saw(&w, false, IKE_REPORT_ESTABLISHED));
	world_end(&w);
}

static struct proof_eap eap = { .psk = { 1, 2, 3 } };

/* EAP has begun: `rounds` messages of the responder's have come. */
static void open_eap(unsigned rounds)
{
	world_init(&w, 1);
	proof_by_eap(&w, &eap);
	world_begin(&w);
	world_initiate(&w);
	for (unsigned i = 0; i < 2 + 2 * rounds; i++)
		deliver_one();
	w.a.sa = ike_next(w.a.ike, NULL);
	w.b.sa = ike_next(w.b.ike, NULL);
	assert_string_equal(ike_sa_state(w.b.sa), "EAP_SERVER");
	assert_string_equal(ike_sa_state(w.a.sa), "EAP_PEER");
}

/* Nobody is left, and nobody was up. */
static void nothing_came_of_it(void)
{
	world_run(&w, 100 * BTIME_S);
	assert_false(world_saw(&w, true, IKE_REPORT_ESTABLISHED));
	assert_false(world_saw(&w, false, IKE_REPORT_ESTABLISHED));
	assert_int_equal(ike_count(w.a.ike) + ike_count(w.b.ike), 0);
	world_end(&w);
}

static void test_eap_given_up(void **state)
{
	struct ike_event event = { .kind = IKE_EVENT_DELETE };

	(void)state;
	open_eap(1);
	assert_int_equal(world_event(&w, &w.b, event), -1); /* it does not know the peer yet */
	assert_int_equal(world_event(&w, &w.a, event), 0);
	lose_all(31 * BTIME_S);
	nothing_came_of_it();
}

/* The method discards what does not fit it: the responder ends it, in words the peer knows. */
static void test_eap_disturbed(void **state)
{
	(void)state;
	open_eap(1);
	change_next(w.a.sa, IKE_PAYLOAD_EAP, 4, 0xfe);
	deliver_one();
	assert_int_equal(w.air.count, 1);
	deliver_one();
	assert_string_equal(world_words(&w, IKE_REPORT_FAILED),
		"the peer did not prove its identity");
	nothing_came_of_it();
	open_eap(1);
	deliver_one();
	change_next(w.b.sa, IKE_PAYLOAD_EAP, 4, 0xfe);
	deliver_one();
	nothing_came_of_it();
}

static void test_eap_unreadable(void **state)
{
	(void)state;
	open_eap(1);
	change_next(w.a.sa, IKE_PAYLOAD_EAP, 2, 0xff);
	world_settle(&w);
	assert_string_equal(world_words(&w, IKE_REPORT_FAILED), "INVALID_SYNTAX");
	nothing_came_of_it();
}

static void test_eap_to_its_end(void **state)
{
	(void)state;
	open_eap(1);
	world_settle(&w);
	assert_true(world_up(&w));
	world_end(&w);
}

static void test_another_child(void **state)
{
	(void)state;
	open_world();
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_CREATE_CHILD), 0);
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_CREATE_CHILD), 0);
	world_settle(&w);
	assert_int_equal(w.a.child_count, 3);
	assert_true(world_children_match(&w));
	world_end(&w);
}

/* RFC 7296 §1.3.2: a rekeying with another group than the one that fits is asked for again. */
static void test_rekeying_refused(void **state)
{
	(void)state;
	open_world();
	uint64_t spi = ike_sa_spi_i(w.a.sa);
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY), 0);
	change_next(w.a.sa, IKE_PAYLOAD_KE, 5, IKE_DH_ECP_256);
	world_settle(&w);
	assert_true(world_up(&w) && ike_sa_spi_i(w.a.sa) == spi);
	world_run(&w, 10 * BTIME_S);
	assert_true(world_up(&w) && ike_sa_spi_i(w.a.sa) != spi);
	world_end(&w);
}

/* A nonce, and an SA with a proposal that has no transforms: a request that can be read. */
static const uint8_t nonce_and_sa[] = { 33, 0, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 0, 0, 0, 12, 0, 0, 0, 8, 1, 3, 0, 0 };
static const uint8_t critical[] = { 0, 0x80, 0, 4 }, broken[] = { 0, 0, 0, 3 };

/* RFC 7296 §2.5: a critical payload nobody knows is refused by name, and the SA goes on. */
static void test_bad_requests(void **state)
{
	struct flying f;

	(void)state;
	open_world();
	f = forge(true, w.a.sa, IKE_INFORMATIONAL, 2, 99, VIEW_OF(critical));
	assert_int_equal(world_deliver(&w, &f), -1);
	assert_int_equal(w.air.count, 1);
	w.air.count = 0;
	assert_true(ike_sa_established(w.b.sa));
	/* §2.21.3: what cannot be read ends it */
	f = forge(true, w.a.sa, IKE_INFORMATIONAL, 3, IKE_PAYLOAD_NOTIFY, VIEW_OF(broken));
	assert_int_equal(world_deliver(&w, &f), -1);
	assert_null(w.b.sa);
	world_end(&w);
}

static void test_replaced(void **state)
{
	struct flying f;

	(void)state;
	open_world();
	const struct ike_sa *old = w.a.sa;
	/* a probe is under way when the peer's rekeying comes */
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_PROBE), 0);
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY), 0);
	f = world_take(&w, 1);
	world_deliver(&w, &f);
	assert_true(world_saw(&w, true, IKE_REPORT_REKEYED));
	deliver_one(); /* the probe */
	f = world_take(&w, 1);
	world_deliver(&w, &f);
	assert_true(world_saw(&w, true, IKE_REPORT_ALIVE));
	/* requests on the old SA: answered, but it makes nothing more */
	f = forge(true, old, IKE_CREATE_CHILD_SA, 3, 0, VIEW_EMPTY);
	world_deliver(&w, &f);
	f = forge(true, old, IKE_INFORMATIONAL, 4, 0, VIEW_EMPTY);
	assert_int_equal(world_deliver(&w, &f), 0);
	f = forge(true, old, IKE_INFORMATIONAL, 5, 99, VIEW_OF(critical));
	assert_int_equal(world_deliver(&w, &f), -1);
	f = forge(true, old, IKE_CREATE_CHILD_SA, 6, IKE_PAYLOAD_NONCE, VIEW_OF(nonce_and_sa));
	assert_int_equal(world_deliver(&w, &f), 0);
	assert_int_equal(w.b.child_count, 1);
	/* and when nobody deletes it, it goes by itself */
	assert_int_equal(ike_count(w.b.ike), 2);
	lose_all(100 * BTIME_S);
	assert_int_equal(ike_count(w.b.ike), 1);
	assert_true(ike_sa_established(w.b.sa));
	world_end(&w);
}

static void test_replaced_with_an_unanswered_probe(void **state)
{
	struct flying f;

	(void)state;
	open_world();
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_PROBE), 0);
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY), 0);
	f = world_take(&w, 1);
	world_deliver(&w, &f);
	lose_all(70 * BTIME_S);
	assert_int_equal(ike_count(w.b.ike), 1);
	assert_false(world_saw(&w, true, IKE_REPORT_UNREACHABLE));
	world_end(&w);
}

static void test_deleting(void **state)
{
	struct flying f;

	(void)state;
	open_world();
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_DELETE), 0);
	f = forge(false, w.b.sa, IKE_INFORMATIONAL, 0, 0, VIEW_EMPTY);
	assert_int_equal(world_deliver(&w, &f), 0);
	f = forge(false, w.b.sa, IKE_CREATE_CHILD_SA, 1, IKE_PAYLOAD_NONCE, VIEW_OF(nonce_and_sa));
	assert_int_equal(world_deliver(&w, &f), 0);
	f = forge(false, w.b.sa, IKE_INFORMATIONAL, 2, 99, VIEW_OF(critical));
	assert_int_equal(world_deliver(&w, &f), -1);
	assert_int_equal(w.a.child_count, 1);
	lose_all(70 * BTIME_S);
	assert_int_equal(ike_count(w.a.ike), 0);
	assert_true(world_saw(&w, false, IKE_REPORT_DOWN));
	world_end(&w);
}

/* The ordinary ways too, so that the last test can count. */
static void test_ordinary(void **state)
{
	struct ike_event moved = { .kind = IKE_EVENT_MOVED,
		.local = world_endpoint("203.0.113.9", 0) };

	(void)state;
	world_init(&w, 1);
	w.b.config.cookie_threshold = 0;
	w.b.connection.check_path = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	assert_true(world_up(&w));
	assert_int_equal(world_event(&w, &w.a, moved), 0);
	world_settle(&w);
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY), 0);
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_REKEY), 0); /* both: put off */
	world_run(&w, 20 * BTIME_S);
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_REKEY_CHILD), 0);
	world_settle(&w);
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_PROBE), 0);
	world_settle(&w);
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_DELETE), 0);
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_DELETE), 0);
	world_run(&w, 100 * BTIME_S);
	assert_int_equal(ike_count(w.a.ike) + ike_count(w.b.ike), 0);
	world_end(&w);
	open_world();
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_DELETE), 0);
	world_run(&w, 100 * BTIME_S);
	assert_int_equal(ike_count(w.a.ike) + ike_count(w.b.ike), 0);
	world_end(&w);
}

/* docs/address-change.md §5.1, §5.6. */
static void test_address_change(void **state)
{
	struct ike_event change = { .kind = IKE_EVENT_CHANGE, .hold = 3 * BTIME_S,
		.local = world_endpoint("203.0.113.9", 0) };

	(void)state;
	for (int answered = 0; answered < 2; answered++) {
		world_init(&w, 1);
		w.a.connection.address_change = w.b.connection.address_change = true;
		world_begin(&w);
		world_initiate(&w);
		world_settle(&w);
		assert_int_equal(world_event(&w, &w.a, change), 0);
		if (answered) {
			world_settle(&w);
			assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_EXPIRED), 0);
			world_run(&w, BTIME_S);
		} else {
			lose_all(4 * BTIME_S);
		}
		assert_true(world_saw(&w, false, IKE_REPORT_EXPIRED));
		assert_int_equal(world_saw(&w, true, IKE_REPORT_EXPIRED), answered);
		assert_int_equal(ike_count(w.a.ike), 0);
		world_end(&w);
	}
}

/* docs/address-change.md §5.3: moved, and never shown to be there. */
static void test_address_not_verified(void **state)
{
	struct ike_event change = { .kind = IKE_EVENT_CHANGE,
		.local = world_endpoint("203.0.113.9", 0) };

	(void)state;
	world_init(&w, 1);
	w.a.connection.address_change = w.b.connection.address_change = true;
	w.b.connection.check_meanwhile = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	assert_int_equal(world_event(&w, &w.a, change), 0);
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	lose_all(200 * BTIME_S);
	assert_true(world_saw(&w, true, IKE_REPORT_CHANGE_REFUSED));
	assert_int_equal(ike_count(w.b.ike), 0);
	world_end(&w);
}

/* RFC 7296 §2.19: the owner's address is waited for, in vain the second time. */
static void test_address_of_the_owner(void **state)
{
	struct proof_eap eap = { .psk = { 1, 2, 3 } };

	(void)state;
	for (int by_eap = 0; by_eap < 2; by_eap++)
		for (int gives = 0; gives < 2; gives++) {
			world_init(&w, 1);
			w.a.connection.ask_address = w.b.connection.owner_gives = true;
			if (by_eap)
				proof_by_eap(&w, &eap);
			world_begin(&w);
			world_initiate(&w);
			world_settle(&w);
			assert_non_null(w.b.asking);
			if (gives)
				world_give(&w, &w.b, &(struct ike_internal){ .address = { 10, 0, 0, 8 } });
			else
				lose_all(100 * BTIME_S);
			world_settle(&w);
			assert_int_equal(world_up(&w), gives);
			world_end(&w);
		}
}

/* RFC 7296 §2.16 with an authentication server: it answers, has no key to give, is silent. */
static void test_eap_asks_somebody(void **state)
{
	enum { ANSWERS, NO_KEY, SILENT, CASES };

	(void)state;
	for (int what = 0; what < CASES; what++) {
		struct proof_eap eap = { .psk = { 1, 2, 3 }, .asks = true,
			.keyless = what == NO_KEY };
		world_init(&w, 1);
		proof_by_eap(&w, &eap);
		world_begin(&w);
		world_initiate(&w);
		world_settle(&w);
		while (what != SILENT && !world_saw(&w, true, IKE_REPORT_FAILED) && !w.b.sa) {
			assert_int_equal(proof_answer(&w, &eap), 0);
			world_settle(&w);
		}
		if (what == SILENT)
			lose_all(100 * BTIME_S);
		assert_int_equal(world_up(&w), what == ANSWERS);
		world_end(&w);
	}
}

static void test_every_row_was_taken(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ike_fsm()->count; i++) {
		const struct fsm_row *r = &ike_fsm()->rows[i];
		if (!hits[i])
			fail_msg("never: %s, %s, %s",
				r->from < 0 ? "any" : ike_fsm()->states[r->from],
				ike_fsm()->events[r->event], r->guard_name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_never_answered),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_responder_does_not_prove_itself),
		cmocka_unit_test(test_bad_first_request),
		cmocka_unit_test(test_eap_given_up),
		cmocka_unit_test(test_eap_disturbed),
		cmocka_unit_test(test_eap_unreadable),
		cmocka_unit_test(test_eap_to_its_end),
		cmocka_unit_test(test_another_child),
		cmocka_unit_test(test_rekeying_refused),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_replaced_with_an_unanswered_probe),
		cmocka_unit_test(test_deleting),
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_address_change),
		cmocka_unit_test(test_address_not_verified),
		cmocka_unit_test(test_address_of_the_owner),
		cmocka_unit_test(test_eap_asks_somebody),
		cmocka_unit_test(test_every_row_was_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
