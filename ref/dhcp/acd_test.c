// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ref/dhcp/acd.h"
#include "ref/dhcp/arp_packet.h"

#define ADDRESS 0xc0000264

static const uint8_t ours[6] = { 2, 0, 0, 0, 0, 1 }, theirs[6] = { 2, 0, 0, 0, 0, 2 };

struct world {
	struct acd acd;
	struct random random;
	struct actions actions;
	btime now;
	unsigned probes, announcements, reports[ACD_REPORT_LOST + 1];
	btime probe_times[8], announcement_times[8];
};

static void start(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->random = random_seeded(seed);
	struct acd_config config = acd_config_default(ours, &w->random);
	acd_init(&w->acd, &config);
}

static void take_actions(struct world *w)
{
	struct arp_packet arp;

	assert_false(w->actions.overflowed);
	for (unsigned i = 0; i < w->actions.count; i++) {
		const struct action *a = &w->actions.list[i];
		if (a->kind == ACTION_REPORT) {
			w->reports[a->event]++;
			continue;
		}
		assert_int_equal(a->data.size, ARP_FRAME_SIZE);
		assert_int_equal(arp_decode(a->data, &arp, NULL), 0);
		assert_int_equal(arp.operation, ARP_REQUEST);
		assert_int_equal(arp.target_ip, ADDRESS);
		assert_memory_equal(arp.sender_mac, ours, 6);
		assert_memory_equal(arp.destination, "\377\377\377\377\377\377", 6);
		if (arp.sender_ip == 0)
			w->probe_times[w->probes++ % 8] = w->now;
		else
			w->announcement_times[w->announcements++ % 8] = w->now;
	}
	actions_clear(&w->actions);
}

static void tell(struct world *w, enum acd_event_kind kind)
{
	struct acd_event event = { kind, ADDRESS };
	assert_int_equal(acd_event(&w->acd, &event, w->now, &w->actions), 0);
	take_actions(w);
}

static void run(struct world *w, btime until)
{
	while (acd_due(&w->acd) <= until) {
		w->now = acd_due(&w->acd) > w->now ? acd_due(&w->acd) : w->now;
		acd_tick(&w->acd, w->now, &w->actions);
		take_actions(w);
	}
	w->now = until;
}

static int hear(struct world *w, struct arp_packet arp)
{
	uint8_t room[ARP_FRAME_SIZE];
	struct writer out = writer_of(room, sizeof(room));

	arp_encode(&arp, &out);
	int result = acd_input(&w->acd, writer_view(&out), w->now, &w->actions);
	take_actions(w);
	return result;
}

static void run_until_state(struct world *w, enum acd_state state)
{
	for (int i = 0; w->acd.state != (int)state; i++) {
		assert_in_range(i, 0, 20);
		run(w, acd_due(&w->acd));
	}
}

/* RFC 5227 §2.1.1, §2.3, and the constants of §1.1. */
static void test_address_is_free(void **state)
{
	static struct world w;

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		start(&w, seed);
		tell(&w, ACD_EVENT_PROBE);
		assert_in_range(acd_due(&w.acd), 0, BTIME_S);
		run(&w, 30 * BTIME_S);
		assert_int_equal(w.probes, 3);
		for (int i = 1; i < 3; i++)
			assert_in_range(w.probe_times[i] - w.probe_times[i - 1], BTIME_S,
				2 * BTIME_S);
		assert_int_equal(w.announcements, 2);
		assert_int_equal(w.announcement_times[0], w.probe_times[2] + 2 * BTIME_S);
		assert_int_equal(w.announcement_times[1], w.announcement_times[0] + 2 * BTIME_S);
		assert_int_equal(w.reports[ACD_REPORT_FREE], 1);
		assert_int_equal(w.reports[ACD_REPORT_ANNOUNCED], 1);
		assert_int_equal(w.acd.state, ACD_STATE_WATCHING);
		assert_int_equal(acd_due(&w.acd), BTIME_NEVER);
	}
}

static void test_check_only(void **state)
{
	static struct world w;

	(void)state;
	start(&w, 1);
	tell(&w, ACD_EVENT_CHECK);
	run(&w, 30 * BTIME_S);
	assert_int_equal(w.reports[ACD_REPORT_FREE], 1);
	assert_int_equal(w.announcements, 0);
	assert_int_equal(w.acd.state, ACD_STATE_STOPPED);
}

/* Without waiting: a node that has moved prepared says where it is. */
static void test_announce(void **state)
{
	static struct world w;

	(void)state;
	start(&w, 1);
	w.now = 5;
	tell(&w, ACD_EVENT_ANNOUNCE);
	assert_int_equal(w.announcements, 1);
	assert_int_equal(w.announcement_times[0], 5);
	run(&w, 30 * BTIME_S);
	assert_int_equal(w.announcements, 2);
	assert_int_equal(w.probes, 0);
	tell(&w, ACD_EVENT_STOP);
	assert_int_equal(acd_due(&w.acd), BTIME_NEVER);
}

/* §2.1.1: from the wait on, whoever has the address, or probes for it too. */
static void test_conflict_while_probing(void **state)
{
	static const enum acd_state states[] = { ACD_STATE_WAITING, ACD_STATE_PROBING,
		ACD_STATE_ANNOUNCE_WAIT };
	static struct world w;

	(void)state;
	for (int s = 0; s < 3; s++)
		for (int kind = 0; kind < 3; kind++) {
			struct arp_packet arp = kind == 0 ? arp_probe(theirs, ADDRESS) :
				kind == 1 ? arp_announcement(theirs, ADDRESS) :
					    arp_probe(ours, ADDRESS);
			start(&w, 3);
			tell(&w, ACD_EVENT_PROBE);
			run_until_state(&w, states[s]);
			if (kind == 2) { /* our own probe, come back */
				assert_int_equal(hear(&w, arp), -1);
				assert_int_equal(w.acd.state, states[s]);
				arp = arp_reply(theirs, &arp); /* and the answer to it */
			}
			assert_int_equal(hear(&w, arp), 0);
			assert_int_equal(w.reports[ACD_REPORT_CONFLICT], 1);
			assert_int_equal(w.reports[ACD_REPORT_FREE], 0);
			assert_int_equal(w.acd.state, ACD_STATE_STOPPED);
		}
}

static void test_what_is_no_conflict(void **state)
{
	static struct world w;
	struct arp_packet request = arp_probe(theirs, ADDRESS);

	(void)state;
	start(&w, 3);
	assert_int_equal(hear(&w, arp_announcement(theirs, ADDRESS)), -1); /* stopped */
	tell(&w, ACD_EVENT_PROBE);
	assert_int_equal(hear(&w, arp_announcement(theirs, ADDRESS + 1)), -1);
	assert_int_equal(hear(&w, arp_probe(theirs, ADDRESS + 1)), -1);
	request.sender_ip = ADDRESS + 1; /* somebody asks for it: that does not claim it */
	assert_int_equal(hear(&w, request), -1);
	run(&w, 30 * BTIME_S);
	assert_int_equal(w.acd.state, ACD_STATE_WATCHING);
	/* in use: a probe of another host is answered by the stack, it is no conflict */
	assert_int_equal(hear(&w, arp_probe(theirs, ADDRESS)), -1);
	assert_int_equal(acd_input(&w.acd, VIEW("xyz", 3), w.now, &w.actions), -1);
}

/* §2.4 (b): defends once, ceases at the second conflict within DEFEND_INTERVAL. */
static void test_defend_once(void **state)
{
	static struct world w;

	(void)state;
	start(&w, 3);
	tell(&w, ACD_EVENT_PROBE);
	run(&w, 30 * BTIME_S);
	unsigned before = w.announcements;
	assert_int_equal(hear(&w, arp_announcement(theirs, ADDRESS)), 0);
	assert_int_equal(w.announcements, before + 1);
	assert_int_equal(w.reports[ACD_REPORT_DEFENDED], 1);
	run(&w, 40 * BTIME_S); /* ten seconds later it is the first again */
	hear(&w, arp_announcement(theirs, ADDRESS));
	assert_int_equal(w.reports[ACD_REPORT_DEFENDED], 2);
	run(&w, 50 * BTIME_S - 1);
	hear(&w, arp_announcement(theirs, ADDRESS));
	assert_int_equal(w.reports[ACD_REPORT_LOST], 1);
	assert_int_equal(w.announcements, before + 2);
	assert_int_equal(w.acd.state, ACD_STATE_STOPPED);
}

/* §2.4 (a) and (c) */
static void test_other_defences(void **state)
{
	static struct world w;

	(void)state;
	start(&w, 3);
	w.acd.config.defence = ACD_DEFEND_NEVER;
	tell(&w, ACD_EVENT_ANNOUNCE);
	hear(&w, arp_announcement(theirs, ADDRESS));
	assert_int_equal(w.reports[ACD_REPORT_LOST], 1);
	assert_int_equal(w.announcements, 1);

	start(&w, 3);
	w.acd.config.defence = ACD_DEFEND_ALWAYS;
	tell(&w, ACD_EVENT_ANNOUNCE);
	run(&w, 10 * BTIME_S);
	unsigned before = w.announcements;
	for (int i = 0; i < 100; i++) {
		w.now += BTIME_S;
		hear(&w, arp_announcement(theirs, ADDRESS));
	}
	assert_int_equal(w.announcements, before + 10); /* one in DEFEND_INTERVAL */
	assert_int_equal(w.reports[ACD_REPORT_LOST], 0);
}

/* §2.1.1: after MAX_CONFLICTS a new attempt waits RATE_LIMIT_INTERVAL. */
static void test_rate_limit(void **state)
{
	static struct world w;

	(void)state;
	start(&w, 3);
	for (int i = 0; i < 10; i++) {
		tell(&w, ACD_EVENT_PROBE);
		assert_true(acd_due(&w.acd) - w.now <= BTIME_S);
		hear(&w, arp_probe(theirs, ADDRESS));
	}
	tell(&w, ACD_EVENT_PROBE);
	assert_true(acd_due(&w.acd) - w.now >= 60 * BTIME_S);
}

static void test_arp_decode(void **state)
{
	struct arp_packet probe = arp_probe(ours, ADDRESS), arp;
	uint8_t room[64] = { 0 }, kept[64];
	struct writer w = writer_of(room, sizeof(room));
	static const struct {
		size_t at;
		uint8_t value;
		enum reject_reason reason;
	} cases[] = {
		{ 13, 0, REJECT_TYPE },	  { 15, 2, REJECT_VALUE }, { 16, 0x86, REJECT_VALUE },
		{ 18, 8, REJECT_VALUE },  { 19, 6, REJECT_VALUE }, { 21, 0, REJECT_TYPE },
		{ 21, 3, REJECT_TYPE },
	};

	(void)state;
	arp_encode(&probe, &w);
	assert_int_equal(w.used, ARP_FRAME_SIZE);
	memcpy(kept, room, sizeof(kept));
	assert_int_equal(arp_decode(VIEW(room, 60), &arp, NULL), 0); /* padded */
	assert_memory_equal(&arp, &probe, sizeof(arp));
	for (size_t cut = 0; cut < ARP_FRAME_SIZE; cut++) {
		struct reject reject = { 0 };
		arp_decode(VIEW(room, cut), &arp, &reject);
		assert_int_equal(reject.reason, REJECT_TRUNCATED);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reject reject = { 0 };
		memcpy(room, kept, sizeof(room));
		room[cases[i].at] = cases[i].value;
		arp_decode(VIEW(room, 60), &arp, &reject);
		assert_int_equal(reject.reason, cases[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_is_free),
		cmocka_unit_test(test_check_only),
		cmocka_unit_test(test_announce),
		cmocka_unit_test(test_conflict_while_probing),
		cmocka_unit_test(test_what_is_no_conflict),
		cmocka_unit_test(test_defend_once),
		cmocka_unit_test(test_other_defences),
		cmocka_unit_test(test_rate_limit),
		cmocka_unit_test(test_arp_decode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
