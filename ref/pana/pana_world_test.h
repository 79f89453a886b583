// SPDX-License-Identifier: Apache-2.0
/* What several test programs do with a world (pana_world.h); for cmocka programs only. */
#ifndef BATON_PANA_PANA_WORLD_TEST_H
#define BATON_PANA_PANA_WORLD_TEST_H

#include "ref/pana/pana_world.h"

static struct world w;

/* The client authenticates, as far as that goes without the clock. */
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
	w.air.sent = 0;
}

/* Both ends have the same keys for the network. */
static inline void assert_same_keys(void)
{
	const struct pana_session_keys *a = pac_keys(w.pac);
	const struct pana_session_keys *b = paa_session_keys(w.session);

	assert_non_null(a);
	assert_non_null(b);
	assert_memory_equal(a, b, sizeof(*a));
}

/* The words of the first such report of that end; there must be one. */
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

	assert_true(i < w.air.count);
	if (pana_decode(VIEW(w.air.flying[i].data, w.air.flying[i].size), &p, &r) < 0)
		fail_msg("bad message: %s %s", reject_name(r.reason), r.field);
	return p;
}

/* Datagram i in the air is that message, as pana_text says it. */
static inline void assert_flying(unsigned i, const char *name)
{
	struct packet p = flying(i);
	char text[24];
	assert_string_equal(pana_text(&p, text, sizeof(text)), name);
}

/* A message of ours, made without keys. */
static inline struct flying forge(bool to_second, unsigned type, unsigned flags, uint32_t id,
	uint32_t sequence, const struct element_value *e, unsigned n)
{
	struct packet p = packet_of(&pana_protocol);
	struct flying f = { .to_second = to_second };
	struct writer out = writer_of(f.data, sizeof(f.data));

	f.from = to_second ? w.pac_config.local : w.paa_config.local;
	f.to = to_second ? w.paa_config.local : w.pac_config.local;
	p.header[PANA_TYPE] = type;
	p.header[PANA_FLAGS] = flags;
	p.header[PANA_SESSION] = id;
	p.header[PANA_SEQUENCE] = sequence;
	for (unsigned i = 0; i < n; i++)
		p.elements[p.element_count++] = e[i];
	wire_encode(&p, &out);
	f.size = out.used;
	return f;
}

/* Whoever it is for does not take it, for that reason, and sends nothing. */
static inline void assert_rejects(const struct flying *f, enum reject_reason reason)
{
	unsigned flew = w.air.count;

	world_forget_reports(&w);
	assert_int_equal(world_deliver(&w, f), -1);
	struct reject r = world_rejected(&w);
	if (r.reason != reason)
		fail_msg("%s instead of %s", reject_name(r.reason), reject_name(reason));
	assert_int_equal(w.air.count, flew);
}

#endif
