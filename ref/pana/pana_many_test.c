// SPDX-License-Identifier: Apache-2.0
/* Very many messages and sessions: nothing is kept for strangers, and everything has a bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <malloc.h>

#include "ref/pana/pana_world_test.h"

static size_t heap_in_use(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return 0; /* mallinfo2 knows nothing of the sanitizer's heap */
#else
	return mallinfo2().uordblks;
#endif
}

static struct endpoint stranger(unsigned n)
{
	struct endpoint e = world_endpoint("10.0.0.0:1000");
	e.address[1] = (uint8_t)(n >> 16);
	e.address[2] = (uint8_t)(n >> 8);
	e.address[3] = (uint8_t)n;
	return e;
}

/* RFC 5191 §4.1: PCI from 20,000 addresses: answered within the limit, and nothing is kept. */
static void test_flood_of_pci(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	struct flying f = forge(true, PANA_CLIENT_INITIATION, 0, 0, 0, NULL, 0);
	size_t before = heap_in_use();
	unsigned answered = 0;
	for (unsigned i = 0; i < 20000; i++) {
		f.from = stranger(i);
		world_deliver(&w, &f);
		answered += w.air.count;
		w.air.count = 0;
	}
	assert_int_equal(paa_count(w.paa), 0);
	assert_int_equal(answered, 2001);
	assert_true(heap_in_use() <= before);
	assert_int_equal(paa_rejected(w.paa, REJECT_RATE), 20000 - 2001);
	/* a second later the rightful client gets in */
	w.now += BTIME_S;
	authenticate();
	assert_true(pac_open(w.pac));
	world_end(&w);
}

/* Guessed session identifiers and sequence numbers make no session. */
static void test_guessed_pan(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	for (unsigned i = 0; i < 2000; i++) {
		struct flying f = forge(true, PANA_AUTH, PANA_S, random_u32(&w.random),
			random_u32(&w.random), NULL, 0);
		assert_rejects(&f, REJECT_SESSION);
	}
	/* a PAN that is right, from an address that did not ask */
	world_event(&w, PAC_AUTHENTICATE);
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	f = world_take(&w, 0);
	world_deliver(&w, &f);
	f = world_take(&w, 0);
	f.from = stranger(1);
	assert_rejects(&f, REJECT_SESSION);
	/* and the same a minute later from the right one */
	f.from = w.pac_config.local;
	w.now += 61 * BTIME_S;
	assert_rejects(&f, REJECT_SESSION);
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
}

/* One client, authenticated against the shared agent, then forgotten; true if it got in. */
static bool one_client(unsigned n)
{
	struct pac *before = w.pac;
	struct pac_config config = w.pac_config;

	config.local = stranger(n);
	w.pac_eap.secret = w.paa_eap.secret = n;
	w.pac = pac_new(&config);
	authenticate();
	bool open = pac_open(w.pac);
	pac_free(w.pac);
	w.pac = before;
	return open;
}

static void test_half_open_sessions_are_bounded(void **state)
{
	(void)state;
	world_init(&w, 1);
	w.paa_config.half_open_max = 10;
	w.paa_eap.slow = true;
	world_begin(&w);
	for (unsigned i = 0; i < 15; i++)
		assert_false(one_client(i));
	assert_int_equal(paa_half_open(w.paa), 10);
	assert_int_equal(paa_count(w.paa), 10);
	assert_int_equal(paa_rejected(w.paa, REJECT_RESOURCES), 5);
	/* they go by themselves, and there is room again */
	w.now += 61 * BTIME_S;
	while (paa_due(w.paa) <= w.now) {
		actions_clear(&w.actions);
		paa_tick(w.paa, w.now, &w.actions);
		world_collect(&w, true);
	}
	assert_int_equal(paa_count(w.paa), 0);
	w.paa_eap.slow = false;
	assert_true(one_client(99));
	world_end(&w);
}

static int count_visit(void *context, struct paa_session *s)
{
	unsigned *n = context;
	*n += paa_session_open(s);
	return 0;
}

static void test_ten_thousand_sessions(void **state)
{
	unsigned visited = 0;

	(void)state;
	world_init(&w, 1);
	w.paa_config.pci_rate = 0;
	world_begin(&w);
	for (unsigned i = 0; i < 10000; i++) {
		if (!one_client(i))
			fail_msg("client %u did not get in", i);
		world_forget_reports(&w);
		w.now += BTIME_MS;
	}
	assert_int_equal(paa_count(w.paa), 10000);
	paa_each(w.paa, count_visit, &visited);
	assert_int_equal(visited, 10000);
	struct endpoint e = stranger(4711);
	struct paa_session *s = paa_find_peer(w.paa, &e);
	assert_non_null(s);
	assert_ptr_equal(paa_find(w.paa, paa_session_id(s)), s);
	assert_string_equal(paa_session_identity(s), "mn4711@example");
	/* each ends at its own time, the first first */
	w.now = paa_due(w.paa);
	actions_clear(&w.actions);
	paa_tick(w.paa, w.now, &w.actions);
	assert_int_equal(paa_count(w.paa), 9999);
	w.now += 11 * BTIME_S;
	while (paa_due(w.paa) <= w.now) {
		actions_clear(&w.actions);
		paa_tick(w.paa, w.now, &w.actions);
		assert_false(w.actions.overflowed);
	}
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flood_of_pci),
		cmocka_unit_test(test_guessed_pan),
		cmocka_unit_test(test_half_open_sessions_are_bounded),
		cmocka_unit_test(test_ten_thousand_sessions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
