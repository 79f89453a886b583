// SPDX-License-Identifier: Apache-2.0
/*
 * Every short pattern of lost, doubled and swapped messages.
 *
 * The first messages of a conversation are treated by the digits of a number to the base of four,
 * all numbers one after the other; what comes later is delivered. Whatever the pattern, both ends
 * must be open with the same keys soon after, or closed, and never disagree for long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/pana/pana_world.h"

static void assert_agree(struct world *w, unsigned number)
{
	struct paa_session *s = paa_find(w->paa, pac_session_id(w->pac));

	if (pac_closed(w->pac)) {
		if (s && paa_session_open(s))
			fail_msg("pattern %u: client closed, agent open", number);
		return;
	}
	if (!pac_open(w->pac) || !s || !paa_session_open(s))
		fail_msg("pattern %u: client %s, agent %s", number, pac_state_name(w->pac),
			s ? paa_session_state(s) : "none");
	if (pac_keys(w->pac))
		assert_memory_equal(pac_keys(w->pac), paa_session_keys(s),
			sizeof(struct pana_session_keys));
}

struct variant {
	bool stateful, optimized, no_piggyback;
};

static void every_authentication(const struct variant *v, unsigned digits)
{
	static struct world w;

	for (unsigned number = 0; number < pattern_count(digits); number++) {
		struct pattern p = { number, digits };
		world_init(&w, number + 1);
		w.paa_config.stateful = v->stateful;
		w.paa_config.optimized = v->optimized;
		w.pac_config.no_piggyback = v->no_piggyback;
		w.pac_config.common.failed_timeout = 300 * BTIME_S;
		/* with the first round in the initial exchange, nonces need a second */
		w.pac_eap.rounds = w.paa_eap.rounds = v->optimized ? 2 : 1;
		world_begin(&w);
		world_event(&w, PAC_AUTHENTICATE);
		world_run_under(&w, &p, 200 * BTIME_S);
		assert_agree(&w, number);
		if (!pac_open(w.pac))
			fail_msg("pattern %u: not authenticated", number);
		assert_int_equal(paa_count(w.paa) >= 1, 1);
		/* what the pattern left over goes by itself */
		world_run_under(&w, &p, 70 * BTIME_S);
		assert_int_equal(paa_count(w.paa), 1);
		assert_int_equal(paa_half_open(w.paa), 0);
		world_end(&w);
	}
}

static void test_authentication(void **state)
{
	(void)state;
	every_authentication(&(struct variant){ 0 }, 6);
}

static void test_authentication_stateful(void **state)
{
	(void)state;
	every_authentication(&(struct variant){ .stateful = true }, 5);
}

static void test_authentication_optimized(void **state)
{
	(void)state;
	every_authentication(&(struct variant){ .optimized = true }, 5);
}

static void test_authentication_without_piggyback(void **state)
{
	(void)state;
	every_authentication(&(struct variant){ .no_piggyback = true }, 5);
}

static void test_optimized_without_piggyback(void **state)
{
	(void)state;
	every_authentication(&(struct variant){ .optimized = true, .no_piggyback = true }, 5);
}

static void open_world(struct world *w, unsigned seed)
{
	world_init(w, seed);
	w->pac_eap.rounds = w->paa_eap.rounds = 1;
	world_begin(w);
	world_event(w, PAC_AUTHENTICATE);
	world_settle(w);
	assert_true(pac_open(w->pac));
}

typedef void begin_function(struct world *w);

/* After `begin` in an open session, under every pattern: still open, with the same keys. */
static void every_pattern_stays_open(begin_function *begin, unsigned digits)
{
	static struct world w;

	for (unsigned number = 0; number < pattern_count(digits); number++) {
		struct pattern p = { number, digits };
		open_world(&w, number + 1);
		begin(&w);
		world_run_under(&w, &p, 120 * BTIME_S);
		if (!pac_open(w.pac))
			fail_msg("pattern %u: the client closed", number);
		assert_agree(&w, number);
		assert_string_equal(pac_state_name(w.pac), "OPEN");
		world_end(&w);
	}
}

static void begin_pac_reauth(struct world *w)
{
	assert_int_equal(world_event(w, PAC_REAUTHENTICATE), 0);
}

static void begin_paa_reauth(struct world *w)
{
	assert_int_equal(world_paa_event(w, PAA_REAUTHENTICATE), 0);
}

static void begin_both_reauth(struct world *w)
{
	begin_paa_reauth(w);
	begin_pac_reauth(w);
}

static void begin_ping_and_paa_reauth(struct world *w)
{
	w->now += 2 * BTIME_S;
	assert_int_equal(world_event(w, PAC_PING), 0);
	begin_paa_reauth(w);
}

static void begin_paa_ping_and_pac_reauth(struct world *w)
{
	w->now += 2 * BTIME_S;
	assert_int_equal(world_paa_event(w, PAA_PING), 0);
	begin_pac_reauth(w);
}

static void begin_both_ping(struct world *w)
{
	w->now += 2 * BTIME_S;
	assert_int_equal(world_event(w, PAC_PING), 0);
	assert_int_equal(world_paa_event(w, PAA_PING), 0);
}

static void test_reauthentication(void **state)
{
	(void)state;
	every_pattern_stays_open(begin_pac_reauth, 5);
	every_pattern_stays_open(begin_paa_reauth, 5);
}

static void test_both_reauthenticate(void **state)
{
	(void)state;
	every_pattern_stays_open(begin_both_reauth, 5);
}

static void test_ping_crosses_reauthentication(void **state)
{
	(void)state;
	every_pattern_stays_open(begin_ping_and_paa_reauth, 5);
	every_pattern_stays_open(begin_paa_ping_and_pac_reauth, 5);
}

static void test_pings_cross(void **state)
{
	(void)state;
	every_pattern_stays_open(begin_both_ping, 4);
}

/* `before` (or NULL) happens first, and its messages are lost, doubled and swapped too. */
static void every_termination(begin_function *before, bool by_pac, bool by_paa)
{
	static struct world w;
	unsigned digits = before ? 5 : 4;

	for (unsigned number = 0; number < pattern_count(digits); number++) {
		struct pattern p = { number, digits };
		open_world(&w, number + 1);
		if (before)
			before(&w);
		if (by_pac)
			assert_int_equal(world_event(&w, PAC_TERMINATE), 0);
		if (by_paa)
			assert_int_equal(world_paa_event(&w, PAA_TERMINATE), 0);
		world_run_under(&w, &p, 120 * BTIME_S);
		assert_true(pac_closed(w.pac));
		assert_int_equal(paa_count(w.paa), 0);
		assert_false(world_saw(&w, false, PANA_REPORT_UNREACHABLE));
		assert_false(world_saw(&w, true, PANA_REPORT_UNREACHABLE));
		world_end(&w);
	}
}

static void test_termination(void **state)
{
	(void)state;
	every_termination(NULL, true, false);
	every_termination(NULL, false, true);
}

static void test_termination_of_a_reauthentication(void **state)
{
	(void)state;
	every_termination(begin_pac_reauth, true, false);
	every_termination(begin_pac_reauth, false, true);
	every_termination(begin_paa_reauth, true, false);
	every_termination(begin_paa_reauth, false, true);
}

static void test_termination_while_pinging(void **state)
{
	(void)state;
	every_termination(begin_both_ping, true, false);
	every_termination(begin_both_ping, false, true);
}

static void test_both_terminate(void **state)
{
	(void)state;
	every_termination(NULL, true, true);
}

static void test_refusal(void **state)
{
	static struct world w;
	unsigned digits = 5;

	(void)state;
	for (unsigned number = 0; number < pattern_count(digits); number++) {
		struct pattern p = { number, digits };
		world_init(&w, number + 1);
		w.paa_eap.fail = true;
		w.pac_eap.rounds = w.paa_eap.rounds = 1;
		world_begin(&w);
		world_event(&w, PAC_AUTHENTICATE);
		world_run_under(&w, &p, 120 * BTIME_S);
		assert_true(pac_closed(w.pac));
		assert_int_equal(paa_count(w.paa), 0);
		assert_false(world_saw(&w, true, PANA_REPORT_AUTHENTICATED));
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_authentication),
		cmocka_unit_test(test_authentication_stateful),
		cmocka_unit_test(test_authentication_optimized),
		cmocka_unit_test(test_authentication_without_piggyback),
		cmocka_unit_test(test_optimized_without_piggyback),
		cmocka_unit_test(test_reauthentication),
		cmocka_unit_test(test_both_reauthenticate),
		cmocka_unit_test(test_ping_crosses_reauthentication),
		cmocka_unit_test(test_pings_cross),
		cmocka_unit_test(test_termination),
		cmocka_unit_test(test_termination_of_a_reauthentication),
		cmocka_unit_test(test_termination_while_pinging),
		cmocka_unit_test(test_both_terminate),
		cmocka_unit_test(test_refusal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
