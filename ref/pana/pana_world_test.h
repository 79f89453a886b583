// SPDX-License-Identifier: Apache-2.0
/* What several test programs do with a world (pana_world.h); for cmocka programs only. */
#ifndef BATON_PANA_PANA_WORLD_TEST_H
#define BATON_PANA_PANA_WORLD_TEST_H

#include "ref/pana/pana_world.h"

static struct world w;

static inline void authenticate(void)
{
	assert_int_equal(world_event(&w, PAC_AUTHENTICATE), 0);
	world_settle(&w);
}

/* An open session with keys, as most tests begin. */
static inline void open_session(void)
{
	world_init(&w, 1);
	world_begin(&w);
	authenticate();
	assert_string_equal(pac_state_name(w.pac), "OPEN");
	assert_string_equal(paa_session_state(w.session), "OPEN");
	world_forget_reports(&w);
	w.sent = 0;
}

static inline void assert_same_keys(void)
{
	const struct pana_session_keys *a = pac_keys(w.pac);
	const struct pana_session_keys *b = paa_session_keys(w.session);

	assert_non_null(a);
	assert_non_null(b);
	assert_memory_equal(a, b, sizeof(*a));
}

static inline const char *words(bool paa, enum pana_report report)
{
	for (unsigned i = 0; i < w.report_count; i++)
		if (w.reports[i].paa == paa && w.reports[i].report == report)
			return w.reports[i].words;
	fail_msg("no report of %s", pana_report_name(report));
	return "";
}

/* The datagram that flies, decoded. */
static inline struct packet flying(unsigned i)
{
	struct packet p = { .element_count = 0 };
	struct reject r = { 0 };

	assert_true(i < w.count);
	if (pana_decode(VIEW(w.flying[i].data, w.flying[i].size), &p, &r) < 0)
		fail_msg("bad message: %s %s", reject_name(r.reason), r.field);
	return p;
}

static inline void assert_flying(unsigned i, const char *name)
{
	struct packet p = flying(i);
	char text[24];
	assert_string_equal(pana_text(&p, text, sizeof(text)), name);
}

#endif
