// SPDX-License-Identifier: Apache-2.0
/* Requests that nobody answers: when they are repeated, and when that ends (RFC 5191 §9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/pana/pana_world_test.h"

static void test_nobody_answers(void **state)
{
	(void)state;
	world_init(&w, 6);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	btime begin = w.now;
	while (!pac_closed(w.pac)) {
		w.air.count = 0;
		world_tick(&w, w.now + 1000 * BTIME_S);
	}
	assert_true(w.now - begin == 60 * BTIME_S);
	/* §9: about 1, 3, 7, 15, 31 seconds after the first */
	assert_in_range(w.air.sent, 5, 7);
	assert_non_null(strstr(words(false, PANA_REPORT_FAILED), "FAILED_SESS_TIMEOUT"));
	world_end(&w);
}

/* RFC 5191 §9: RT doubles with 10 % of chance, up to MRT; MRC transmissions, then the end. */
static void test_retransmission_times(void **state)
{
	btime sent[16];
	unsigned n = 0;

	(void)state;
	open_session();
	w.now += 2 * BTIME_S;
	world_event(&w, PAC_PING);
	sent[n++] = w.now;
	w.air.count = 0;
	while (!pac_closed(w.pac)) {
		world_tick(&w, w.now + 1000 * BTIME_S);
		if (w.air.count)
			sent[n++] = w.now;
		w.air.count = 0;
	}
	assert_int_equal(n, 10);
	assert_true(world_saw(&w, false, PANA_REPORT_UNREACHABLE));
	assert_string_equal(words(false, PANA_REPORT_UNREACHABLE), "PNR-P");
	btime rt = sent[1] - sent[0];
	assert_in_range(rt / BTIME_MS, 900, 1100);
	for (unsigned i = 2; i < n; i++) {
		btime next = sent[i] - sent[i - 1];
		if (next < 27 * BTIME_S)
			assert_in_range(next / BTIME_MS, rt * 19 / 10 / BTIME_MS,
				rt * 21 / 10 / BTIME_MS);
		else
			assert_in_range(next / BTIME_MS, 27000, 33000);
		rt = next;
	}
	world_end(&w);
}

static void test_mrd(void **state)
{
	(void)state;
	world_init(&w, 6);
	w.pac_config.pci.mrd = 5 * BTIME_S;
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	w.air.count = 0;
	btime begin = w.now;
	while (!pac_closed(w.pac)) {
		world_tick(&w, w.now + 1000 * BTIME_S);
		w.air.count = 0;
	}
	assert_in_range((w.now - begin) / BTIME_MS, 5000, 9000);
	assert_string_equal(words(false, PANA_REPORT_UNREACHABLE), "PCI");
	world_end(&w);
}

/* RFC 5191 §4.1: until the second PAR comes, whatever the first said. */
static void test_pci_is_repeated_until_the_second_par(void **state)
{
	(void)state;
	world_init(&w, 7);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	f = world_take(&w, 0); /* PAR-S */
	world_deliver(&w, &f);
	assert_flying(0, "PAN-S");
	w.air.count = 0; /* lost */
	assert_true(world_tick(&w, w.now + 2 * BTIME_S));
	assert_flying(0, "PCI");
	world_settle(&w);
	assert_true(pac_open(w.pac));
	world_end(&w);
}

/* A peer that has gone is noticed by the liveness test. */
static void test_liveness(void **state)
{
	(void)state;
	world_init(&w, 9);
	w.paa_config.common.ping_interval = 20 * BTIME_S;
	w.paa_config.common.request.mrc = 3;
	w.pac_config.reauth_percent = 0;
	world_begin(&w);
	authenticate();
	world_run(&w, 100 * BTIME_S);
	assert_int_equal(paa_count(w.paa), 1);
	btime to = w.now + 60 * BTIME_S;
	while (world_tick(&w, to))
		w.air.count = 0;
	assert_int_equal(paa_count(w.paa), 0);
	assert_true(world_saw(&w, true, PANA_REPORT_UNREACHABLE));
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_answers),
		cmocka_unit_test(test_retransmission_times),
		cmocka_unit_test(test_mrd),
		cmocka_unit_test(test_pci_is_repeated_until_the_second_par),
		cmocka_unit_test(test_liveness),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
