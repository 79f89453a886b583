// SPDX-License-Identifier: Apache-2.0
/* Messages that somebody else sends: replayed, reordered, forged, and bent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/base/wire_break.h"
#include "ref/pana/pac_inside.h"
#include "ref/pana/pana_world_test.h"

#define CAPTURED_MAX 64

struct capture {
	struct flying list[CAPTURED_MAX];
	unsigned count;
};

static struct capture captured;

/* Delivers everything and keeps a copy. */
static void settle_and_capture(void)
{
	while (w.air.count) {
		struct flying f = world_take(&w, 0);
		if (captured.count < CAPTURED_MAX)
			captured.list[captured.count++] = f;
		world_deliver(&w, &f);
	}
}

static void assert_untouched(void)
{
	assert_true(pac_open(w.pac));
	assert_string_equal(pac_state_name(w.pac), "OPEN");
	assert_string_equal(paa_session_state(w.session), "OPEN");
	assert_int_equal(paa_count(w.paa), 1);
	assert_same_keys();
	assert_true(endpoint_equal(paa_session_peer(w.session), &w.pac_config.local));
}

/* Everything that was ever sent, again, to where it went and from somewhere else. */
static void test_replay(void **state)
{
	(void)state;
	captured.count = 0;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	settle_and_capture();
	world_event(&w, PAC_REAUTHENTICATE);
	settle_and_capture();
	w.now += 2 * BTIME_S;
	world_event(&w, PAC_PING);
	settle_and_capture();
	world_paa_event(&w, PAA_PING);
	settle_and_capture();
	assert_in_range(captured.count, 20, 40);
	uint32_t id = paa_session_id(w.session);
	for (unsigned elsewhere = 0; elsewhere < 2; elsewhere++)
		for (unsigned i = 0; i < captured.count; i++) {
			struct flying f = captured.list[i];
			w.air.sent = 0;
			if (elsewhere && f.to_second)
				f.from = world_endpoint("203.0.113.66:1");
			world_deliver(&w, &f);
			/* at most the kept answer to the last request, and a PAR that costs nothing
			 */
			assert_in_range(w.air.sent, 0, 1);
			w.air.count = 0;
			assert_non_null(paa_find(w.paa, id));
			assert_untouched();
		}
	world_settle(&w);
	w.now += 2 * BTIME_S;
	world_forget_reports(&w);
	world_event(&w, PAC_PING);
	world_settle(&w);
	assert_true(world_saw(&w, false, PANA_REPORT_ALIVE));
	world_end(&w);
}

/* RFC 5191 §5.5: with an SA every message has an AUTH AVP that verifies. */
static void test_forged_auth(void **state)
{
	(void)state;
	open_session();
	w.now += 2 * BTIME_S;
	world_event(&w, PAC_TERMINATE);
	struct flying good = world_take(&w, 0);
	for (size_t bit = 0; bit < good.size * 8; bit++) {
		struct flying f = good;
		f.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		w.session = paa_find(w.paa, pac_session_id(w.pac));
		assert_int_equal(world_deliver(&w, &f), -1);
		assert_string_equal(paa_session_state(paa_find(w.paa, pac_session_id(w.pac))),
			"OPEN");
	}
	assert_int_equal(w.air.count, 0);
	world_forget_reports(&w);
	world_deliver(&w, &good);
	assert_true(world_saw(&w, true, PANA_REPORT_TERMINATED));
	world_end(&w);
}

static const uint8_t logout[4] = { 0, 0, 0, PANA_LOGOUT };
static struct element_value cause;

static void test_without_auth(void **state)
{
	(void)state;
	open_session();
	cause = (struct element_value){
		.code = PANA_AVP_TERMINATION_CAUSE,
		.value = VIEW_OF(logout),
	};
	uint32_t id = pac_session_id(w.pac);
	for (unsigned to_second = 0; to_second < 2; to_second++) {
		/* every sequence number that could be the expected one is tried by the sender; the
		 * first request of a client may have any, so this one is the worst case */
		struct flying f = forge(to_second, PANA_TERMINATION, PANA_R, id, 1, &cause, 1);
		assert_rejects(&f, to_second ? REJECT_NO_INTEGRITY : REJECT_SEQUENCE);
		f = forge(to_second, PANA_NOTIFICATION, PANA_R | PANA_P, id, 1, NULL, 0);
		assert_rejects(&f, to_second ? REJECT_NO_INTEGRITY : REJECT_SEQUENCE);
		f = forge(to_second, PANA_TERMINATION, PANA_R, id + 1, 1, &cause, 1);
		assert_rejects(&f, REJECT_SESSION);
	}
	assert_untouched();
	world_end(&w);
}

/* RFC 5191 §5.2 */
static void test_sequence_numbers(void **state)
{
	(void)state;
	open_session();
	w.now += 2 * BTIME_S;
	world_event(&w, PAC_PING);
	world_settle(&w);
	uint32_t id = pac_session_id(w.pac);
	static const int32_t off[] = { -2, -1, 1, 2, INT32_MAX };
	w.now += 2 * BTIME_S;
	world_event(&w, PAC_PING);
	struct packet p = flying(0);
	uint32_t right = (uint32_t)p.header[PANA_SEQUENCE];
	for (unsigned i = 0; i < 5; i++) {
		struct flying kept = world_take(&w, 0);
		struct flying f = forge(true, PANA_NOTIFICATION, PANA_R | PANA_P, id,
			right + (uint32_t)off[i], NULL, 0);
		assert_rejects(&f, REJECT_SEQUENCE);
		/* and answers to the client's own request */
		f = forge(false, PANA_NOTIFICATION, PANA_P, id, right + (uint32_t)off[i], NULL, 0);
		assert_rejects(&f, REJECT_SEQUENCE);
		/* the right number, but another kind of answer */
		f = forge(false, PANA_NOTIFICATION, PANA_A, id, right, NULL, 0);
		assert_rejects(&f, REJECT_SEQUENCE);
		w.air.flying[w.air.count++] = kept;
	}
	world_settle(&w);
	assert_untouched();
	world_end(&w);
}

/* RFC 5191 §5.5: what is unexpected before the session is open. */
static void test_too_early(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	for (unsigned i = 0; i < 4; i++) { /* to the first PAN with a nonce */
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	struct flying kept = world_take(&w, 0);
	uint32_t id = pac_session_id(w.pac);
	cause = (struct element_value){
		.code = PANA_AVP_TERMINATION_CAUSE,
		.value = VIEW_OF(logout),
	};
	struct flying f = forge(true, PANA_TERMINATION, PANA_R, id, 1, &cause, 1);
	assert_rejects(&f, REJECT_STATE);
	f = forge(true, PANA_NOTIFICATION, PANA_R | PANA_P, id, 1, NULL, 0);
	assert_rejects(&f, REJECT_STATE);
	f = forge(true, PANA_NOTIFICATION, PANA_R | PANA_A, id, 1, NULL, 0);
	assert_rejects(&f, REJECT_STATE);
	f = forge(true, PANA_CLIENT_INITIATION, 0, 0, 0, NULL, 0);
	assert_rejects(&f, REJECT_STATE);
	struct packet p = { .element_count = 0 };
	pana_decode(VIEW(kept.data, kept.size), &p, NULL);
	uint32_t next = (uint32_t)p.header[PANA_SEQUENCE] + 1;
	f = forge(false, PANA_TERMINATION, PANA_R, id, next, &cause, 1);
	assert_rejects(&f, REJECT_STATE);
	f = forge(false, PANA_NOTIFICATION, PANA_R | PANA_P, id, next, NULL, 0);
	assert_rejects(&f, REJECT_STATE);
	/* an initial PAR after one without S */
	f = forge(false, PANA_AUTH, PANA_R | PANA_S, id, next, NULL, 0);
	assert_rejects(&f, REJECT_STATE);
	w.air.flying[w.air.count++] = kept;
	world_settle(&w);
	assert_true(pac_open(w.pac));
	world_end(&w);
}

/* From another address before there is a session to be moved. */
static void test_foreign_address(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	for (unsigned i = 0; i < 4; i++) {
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	struct flying pan = w.air.flying[0];
	pan.from = world_endpoint("203.0.113.66:5");
	world_forget_reports(&w);
	assert_int_equal(world_deliver(&w, &pan), -1);
	assert_int_equal(world_rejected(&w).reason, REJECT_ADDRESS);
	/* somebody who is not the agent speaks to the client */
	struct flying f = forge(false, PANA_CLIENT_INITIATION, 0, 0, 0, NULL, 0);
	f.from = world_endpoint("203.0.113.66:716");
	world_forget_reports(&w);
	assert_int_equal(world_deliver(&w, &f), -1);
	assert_int_equal(world_rejected(&w).reason, REJECT_ADDRESS);
	world_settle(&w);
	assert_true(pac_open(w.pac));
	world_end(&w);
}

/* An attacker on the path takes the better algorithms out of the offer: the keys differ. */
static void test_downgrade_of_the_offer(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	struct packet p = flying(0);
	f = world_take(&w, 0);
	struct element_value weak[2] = {
		*packet_find_nth(&p, 0, PANA_AVP_PRF_ALGORITHM, 1),
		*packet_find_nth(&p, 0, PANA_AVP_INTEGRITY_ALGORITHM, 1),
	};
	f = forge(false, PANA_AUTH, PANA_R | PANA_S, (uint32_t)p.header[PANA_SESSION],
		(uint32_t)p.header[PANA_SEQUENCE], weak, 2);
	world_deliver(&w, &f);
	world_settle(&w);
	assert_false(pac_open(w.pac));
	assert_int_equal(world_rejected(&w).reason, REJECT_INTEGRITY);
	assert_false(world_saw(&w, true, PANA_REPORT_AUTHENTICATED));
	world_end(&w);
}

/* ... or all of them: an agent with an MSK and no algorithm refuses. */
static void test_no_algorithms_at_all(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	struct packet p = flying(0);
	world_take(&w, 0);
	f = forge(false, PANA_AUTH, PANA_R | PANA_S, (uint32_t)p.header[PANA_SESSION],
		(uint32_t)p.header[PANA_SEQUENCE], NULL, 0);
	world_deliver(&w, &f);
	world_settle(&w);
	assert_false(pac_open(w.pac));
	assert_false(world_saw(&w, true, PANA_REPORT_AUTHENTICATED));
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
}

static void drop(struct packet *p, unsigned code)
{
	for (unsigned i = 0; i < p->element_count; i++)
		if (p->elements[i].code == code) {
			p->element_count--;
			memmove(&p->elements[i], &p->elements[i + 1],
				(p->element_count - i) * sizeof(p->elements[0]));
		}
}

/* The result without its protection, or with a protection of somebody else's. */
static void test_stripped_result(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	for (unsigned i = 0; i < 7; i++) {
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	struct flying good = world_take(&w, 0);
	struct packet p = { .element_count = 0 };
	assert_int_equal(pana_decode(VIEW(good.data, good.size), &p, NULL), 0);
	assert_true(pana_flags(&p) & PANA_C);
	uint32_t id = (uint32_t)p.header[PANA_SESSION],
		 sequence = (uint32_t)p.header[PANA_SEQUENCE];
	unsigned flags = pana_flags(&p);

	struct packet q = p;
	drop(&q, PANA_AVP_AUTH);
	struct flying f = forge(false, PANA_AUTH, flags, id, sequence, q.elements, q.element_count);
	assert_rejects(&f, REJECT_NO_INTEGRITY);
	drop(&q, PANA_AVP_KEY_ID);
	f = forge(false, PANA_AUTH, flags, id, sequence, q.elements, q.element_count);
	assert_rejects(&f, REJECT_MISSING);
	drop(&q, PANA_AVP_SESSION_LIFETIME);
	f = forge(false, PANA_AUTH, flags, id, sequence, q.elements, q.element_count);
	assert_rejects(&f, REJECT_MISSING);
	f = good;
	f.data[f.size - 1] ^= 1;
	assert_rejects(&f, REJECT_INTEGRITY);
	world_deliver(&w, &good);
	world_settle(&w);
	assert_true(pac_open(w.pac));
	world_end(&w);
}

/* RFC 5191 §5.3: the last PAN has the Key-Id of the last PAR; another, well protected, is refused.
 */
static void test_other_key_id(void **state)
{
	static const uint8_t other[4] = { 0, 0, 0, 77 };

	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	for (unsigned i = 0; i < 8; i++) {
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	assert_flying(0, "PAN-C");
	struct flying good = world_take(&w, 0), f = good;
	struct packet p = { .element_count = 0 };
	assert_int_equal(pana_decode(VIEW(good.data, good.size), &p, NULL), 0);
	drop(&p, PANA_AVP_AUTH);
	p.elements[0].value = VIEW_OF(other);
	struct writer out = writer_of(f.data, sizeof(f.data));
	f.size = pana_seal(&w.pac->link.sa, &p, &out).size;
	assert_rejects(&f, REJECT_KEY);
	assert_int_equal(world_deliver(&w, &good), 0);
	assert_untouched();
	world_end(&w);
}

/* RFC 5191 §8.5: a nonce is never the same twice. */
static void test_nonces_are_fresh(void **state)
{
	uint8_t nonces[4][20];
	unsigned n = 0;

	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	for (unsigned run = 0; run < 2; run++) {
		while (w.air.count) {
			struct packet p = flying(0);
			const struct element_value *e = packet_find(&p, 0, PANA_AVP_NONCE);
			if (e) {
				assert_int_equal(e->value.size, 20);
				memcpy(nonces[n++], e->value.data, 20);
			}
			struct flying f = world_take(&w, 0);
			world_deliver(&w, &f);
		}
		world_event(&w, PAC_REAUTHENTICATE);
	}
	assert_int_equal(n, 4);
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(nonces[i], nonces[j], 20);
	world_end(&w);
}

/*
 * Before each message of a whole session its receiver gets every message that breaks one rule of
 * the tables; not one is taken, and the session does not notice.
 */
static void test_every_breach_on_the_way(void **state)
{
	static struct wire_breaker breaker;
	struct wire_broken broken;
	unsigned tried = 0;
	enum pac_event_kind events[] = { PAC_AUTHENTICATE, PAC_REAUTHENTICATE, PAC_PING,
		PAC_TERMINATE };

	(void)state;
	world_init(&w, 1);
	w.paa_config.pci_rate = 0;
	world_begin(&w);
	for (unsigned e = 0; e < 4; e++) {
		w.now += 2 * BTIME_S;
		assert_int_equal(world_event(&w, events[e]), 0);
		while (w.air.count) {
			struct packet p = flying(0);
			struct flying good = world_take(&w, 0), f = good;
			assert_int_equal(wire_break_begin(&breaker, &p), 0);
			for (; wire_break_next(&breaker, &broken); tried++) {
				f.size = broken.octets.size;
				if (f.size > sizeof(f.data))
					continue;
				memcpy(f.data, broken.octets.data, f.size);
				assert_rejects(&f, broken.reason);
			}
			assert_int_equal(world_deliver(&w, &good), 0);
		}
	}
	assert_true(pac_closed(w.pac));
	assert_true(world_saw(&w, false, PANA_REPORT_TERMINATED));
	assert_string_equal(paa_session_state(w.session), "CLOSED");
	assert_in_range(tried, 1000, 5000);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_forged_auth),
		cmocka_unit_test(test_without_auth),
		cmocka_unit_test(test_sequence_numbers),
		cmocka_unit_test(test_too_early),
		cmocka_unit_test(test_foreign_address),
		cmocka_unit_test(test_downgrade_of_the_offer),
		cmocka_unit_test(test_no_algorithms_at_all),
		cmocka_unit_test(test_stripped_result),
		cmocka_unit_test(test_other_key_id),
		cmocka_unit_test(test_nonces_are_fresh),
		cmocka_unit_test(test_every_breach_on_the_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
