// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ref/discovery/neighbours.h"

#define DAY 86400
#define NOW 1000000

static const uint8_t one[6] = { 2, 0, 0, 0, 10, 1 }, two[6] = { 2, 0, 0, 0, 10, 2 };

static struct endpoint at(const char *text)
{
	struct endpoint e;
	assert_int_equal(endpoint_parse(text, 716, &e), 0);
	return e;
}

static struct neighbour_lesson lesson(enum neighbour_source source, const uint8_t *bssid,
	const char *address, const char *agent)
{
	struct neighbour_lesson l = { .source = source, .ssid = "net" };
	struct endpoint a = at(address), b;

	memcpy(l.bssid, bssid, 6);
	ap_info_add_address(&l.info, &a);
	if (agent) {
		b = at(agent);
		ap_info_add_agent(&l.info, &b);
	}
	return l;
}

static enum neighbour_verdict learn(struct neighbours *t, enum neighbour_source source,
	const uint8_t *bssid, const char *address, const char *agent, int64_t now)
{
	struct neighbour_lesson l = lesson(source, bssid, address, agent);

	if (source == NEIGHBOUR_AGENT)
		l.teller = at("192.0.2.1");
	return neighbours_learn(t, &l, now);
}

static const char *agent_of(const struct neighbours *t, const uint8_t *bssid,
	enum neighbour_source *source)
{
	static char text[64];
	const struct neighbour *n = neighbours_find(t, bssid);
	const struct endpoint *e = n ? neighbour_agent(n, 0, source) : NULL;

	return e ? endpoint_text(e, text, sizeof(text)) : "none";
}

static void test_the_better_source_wins(void **state)
{
	struct neighbours *t = neighbours_new(8, DAY);
	enum neighbour_source s;

	(void)state;
	assert_string_equal(agent_of(t, one, &s), "none");
	assert_int_equal(learn(t, NEIGHBOUR_BEACON, one, "192.0.2.11", "192.0.2.1", NOW),
		NEIGHBOUR_NEW);
	assert_string_equal(agent_of(t, one, &s), "192.0.2.1:716");
	assert_int_equal(s, NEIGHBOUR_BEACON);
	assert_int_equal(learn(t, NEIGHBOUR_AGENT, one, "192.0.2.11", "192.0.2.2", NOW),
		NEIGHBOUR_NEW);
	/* what the beacon had claimed is a contradiction now */
	assert_string_equal(agent_of(t, one, &s), "192.0.2.2:716");
	assert_int_equal(s, NEIGHBOUR_AGENT);
	assert_string_equal(neighbour_conflict(neighbours_find(t, one), NEIGHBOUR_BEACON), "agent");
	assert_int_equal(learn(t, NEIGHBOUR_STATIC, one, "192.0.2.11", "192.0.2.3", NOW),
		NEIGHBOUR_NEW);
	assert_string_equal(agent_of(t, one, &s), "192.0.2.3:716");
	assert_string_equal(neighbour_conflict(neighbours_find(t, one), NEIGHBOUR_AGENT), "agent");
	assert_null(neighbour_conflict(neighbours_find(t, one), NEIGHBOUR_STATIC));
	neighbours_free(t);
}

/* Whatever is claimed of an access point that is known, it leads nowhere else. */
static void test_a_forged_beacon_leads_nowhere(void **state)
{
	struct neighbours *t = neighbours_new(8, DAY);
	enum neighbour_source s;

	(void)state;
	learn(t, NEIGHBOUR_AGENT, one, "192.0.2.11", "192.0.2.1", NOW);
	assert_int_equal(learn(t, NEIGHBOUR_BEACON, one, "192.0.2.11", "203.0.113.66", NOW),
		NEIGHBOUR_CONTRADICTS);
	assert_string_equal(agent_of(t, one, &s), "192.0.2.1:716");
	assert_int_equal(learn(t, NEIGHBOUR_BEACON, one, "203.0.113.11", "192.0.2.1", NOW),
		NEIGHBOUR_CONTRADICTS);
	/* an agent of the other family is no contradiction, and still leads nowhere */
	assert_int_equal(learn(t, NEIGHBOUR_BEACON, one, "192.0.2.11", "[2001:db8::66]:716", NOW),
		NEIGHBOUR_CHANGED);
	assert_string_equal(agent_of(t, one, &s), "192.0.2.1:716");
	assert_null(neighbour_agent(neighbours_find(t, one), AF_INET6, &s));
	/* the true one comes back */
	assert_int_equal(learn(t, NEIGHBOUR_BEACON, one, "192.0.2.11", "192.0.2.1", NOW + 1),
		NEIGHBOUR_CHANGED);
	assert_null(neighbour_conflict(neighbours_find(t, one), NEIGHBOUR_BEACON));
	assert_int_equal(neighbours_find(t, one)->changes, 3);
	/* what the agent leaves open, a beacon that agrees with it may say */
	assert_int_equal(learn(t, NEIGHBOUR_AGENT, two, "192.0.2.12", NULL, NOW), NEIGHBOUR_NEW);
	learn(t, NEIGHBOUR_BEACON, two, "192.0.2.12", "192.0.2.1", NOW);
	assert_string_equal(agent_of(t, two, &s), "192.0.2.1:716");
	assert_int_equal(s, NEIGHBOUR_BEACON);
	learn(t, NEIGHBOUR_BEACON, two, "192.0.2.66", "192.0.2.1", NOW);
	assert_string_equal(agent_of(t, two, &s), "none");
	neighbours_free(t);
}

static const char *address_of(const struct neighbours *t, const uint8_t *bssid,
	enum neighbour_source *source)
{
	static char text[64];
	const struct neighbour *n = neighbours_find(t, bssid);
	const struct endpoint *e = n ? neighbour_address(n, source) : NULL;

	return e ? endpoint_text(e, text, sizeof(text)) : "none";
}

/* The access point's own address comes from where its agent comes from. */
static void test_where_it_is_reached(void **state)
{
	struct neighbours *t = neighbours_new(8, DAY);
	enum neighbour_source s;

	(void)state;
	assert_string_equal(address_of(t, one, &s), "none");
	learn(t, NEIGHBOUR_BEACON, one, "192.0.2.11", "192.0.2.1", NOW);
	assert_string_equal(address_of(t, one, &s), "192.0.2.11:0");
	assert_int_equal(s, NEIGHBOUR_BEACON);
	/* a beacon that contradicts the agent in anything is not believed in this either */
	learn(t, NEIGHBOUR_AGENT, one, "192.0.2.12", "192.0.2.1", NOW);
	assert_string_equal(address_of(t, one, &s), "192.0.2.12:0");
	assert_int_equal(s, NEIGHBOUR_AGENT);
	learn(t, NEIGHBOUR_BEACON, two, "203.0.113.66", NULL, NOW);
	learn(t, NEIGHBOUR_STATIC, two, "192.0.2.13", NULL, NOW);
	assert_string_equal(address_of(t, two, &s), "192.0.2.13:0");
	assert_int_equal(s, NEIGHBOUR_STATIC);
	neighbours_free(t);
}

static void test_a_claim_does_not_outlive_failure(void **state)
{
	struct neighbours *t = neighbours_new(8, DAY);
	struct endpoint rogue = at("203.0.113.66"), right = at("192.0.2.1");
	const struct endpoint *agent;
	const uint8_t *bssid;
	enum neighbour_source s;
	int64_t until;

	(void)state;
	learn(t, NEIGHBOUR_BEACON, one, "192.0.2.11", "203.0.113.66", NOW);
	assert_false(neighbours_failed(t, one, &right, 0, NOW));
	assert_true(neighbours_failed(t, one, &rogue, 600, NOW));
	assert_int_equal(neighbours_count(t), 0);
	assert_true(neighbours_distrusted(t, 0, &bssid, &agent, &until));
	assert_memory_equal(bssid, one, 6);
	assert_int_equal(until, NOW + 600);
	assert_false(neighbours_distrusted(t, 1, &bssid, &agent, &until));
	assert_int_equal(learn(t, NEIGHBOUR_BEACON, one, "192.0.2.11", "203.0.113.66", NOW + 599),
		NEIGHBOUR_DISTRUSTED);
	assert_int_equal(neighbours_count(t), 0);
	/* another agent, or another access point, is not distrusted */
	assert_int_equal(learn(t, NEIGHBOUR_BEACON, one, "192.0.2.11", "192.0.2.1", NOW),
		NEIGHBOUR_NEW);
	assert_int_equal(learn(t, NEIGHBOUR_BEACON, two, "192.0.2.11", "203.0.113.66", NOW),
		NEIGHBOUR_NEW);
	neighbours_expire(t, NOW + 600);
	assert_false(neighbours_distrusted(t, 0, &bssid, &agent, &until));
	assert_int_equal(learn(t, NEIGHBOUR_BEACON, one, "192.0.2.11", "203.0.113.66", NOW + 600),
		NEIGHBOUR_CHANGED);
	/* what an agent has said stays when its authentication fails */
	learn(t, NEIGHBOUR_AGENT, two, "192.0.2.11", "192.0.2.1", NOW);
	assert_false(neighbours_failed(t, two, &right, 600, NOW));
	assert_string_equal(agent_of(t, two, &s), "192.0.2.1:716");
	for (unsigned i = 0; i < 100; i++)
		neighbours_failed(t, one, &rogue, 600 + i, NOW);
	assert_true(neighbours_distrusted(t, 63, &bssid, &agent, &until));
	assert_int_equal(until, NOW + 699);
	assert_false(neighbours_distrusted(t, 64, &bssid, &agent, &until));
	neighbours_free(t);
}

static void test_age(void **state)
{
	struct neighbours *t = neighbours_new(8, DAY);
	struct neighbour_lesson l = lesson(NEIGHBOUR_AGENT, one, "192.0.2.11", "192.0.2.1");

	(void)state;
	learn(t, NEIGHBOUR_STATIC, two, "192.0.2.12", "192.0.2.1", NOW);
	l.remembered = true;
	l.learnt = NOW - DAY - 1;
	assert_int_equal(neighbours_learn(t, &l, NOW), NEIGHBOUR_OLD);
	l.learnt = NOW - DAY;
	assert_int_equal(neighbours_learn(t, &l, NOW), NEIGHBOUR_NEW);
	assert_int_equal(neighbours_find(t, one)->records[NEIGHBOUR_AGENT].learnt, NOW - DAY);
	assert_int_equal(neighbours_expire(t, NOW), 0);
	assert_int_equal(neighbours_expire(t, NOW + 1), 1);
	assert_null(neighbours_find(t, one));
	l.learnt = NOW + 5 * DAY; /* a clock that was wrong then, or is now */
	assert_int_equal(neighbours_learn(t, &l, NOW), NEIGHBOUR_NEW);
	assert_int_equal(neighbours_find(t, one)->records[NEIGHBOUR_AGENT].learnt, NOW);
	/* heard again: no memory any more */
	l.remembered = false;
	assert_int_equal(neighbours_learn(t, &l, NOW + 7), NEIGHBOUR_SAME);
	assert_false(neighbours_find(t, one)->records[NEIGHBOUR_AGENT].remembered);
	assert_int_equal(neighbours_find(t, one)->records[NEIGHBOUR_AGENT].learnt, NOW + 7);
	/* and memory does not make it older */
	l.remembered = true;
	l.learnt = NOW - 5;
	assert_int_equal(neighbours_learn(t, &l, NOW + 8), NEIGHBOUR_SAME);
	assert_int_equal(neighbours_find(t, one)->records[NEIGHBOUR_AGENT].learnt, NOW + 7);
	assert_int_equal(neighbours_expire(t, NOW + 100 * DAY), 1);
	assert_non_null(neighbours_find(t, two)); /* the owner's word does not age */
	neighbours_free(t);
}

/* An agent may speak of others' access points, and is overruled by their own agents. */
static void test_hearsay(void **state)
{
	struct neighbours *t = neighbours_new(8, DAY);
	struct neighbour_lesson l = lesson(NEIGHBOUR_AGENT, one, "192.0.2.11", "192.0.2.1");
	enum neighbour_source s;

	(void)state;
	l.teller = at("203.0.113.1");
	assert_int_equal(neighbours_learn(t, &l, NOW), NEIGHBOUR_NEW);
	l = lesson(NEIGHBOUR_AGENT, one, "192.0.2.11", "192.0.2.9");
	l.teller = at("192.0.2.9");
	assert_int_equal(neighbours_learn(t, &l, NOW), NEIGHBOUR_CHANGED);
	l = lesson(NEIGHBOUR_AGENT, one, "192.0.2.11", "203.0.113.1");
	l.teller = at("203.0.113.1");
	assert_int_equal(neighbours_learn(t, &l, NOW), NEIGHBOUR_OVERRULED);
	assert_string_equal(agent_of(t, one, &s), "192.0.2.9:716");
	assert_int_equal(neighbours_find(t, one)->disputes, 1);
	l.teller = at("192.0.2.9"); /* itself it may change its mind */
	assert_int_equal(neighbours_learn(t, &l, NOW), NEIGHBOUR_CHANGED);
	neighbours_free(t);
}

static void test_room(void **state)
{
	struct neighbours *t = neighbours_new(4, DAY);
	uint8_t bssid[6] = { 2 };
	enum neighbour_source s;

	(void)state;
	learn(t, NEIGHBOUR_AGENT, one, "192.0.2.11", "192.0.2.1", NOW);
	for (unsigned i = 0; i < 1000; i++) {
		bssid[3] = (uint8_t)(i >> 8);
		bssid[4] = (uint8_t)i;
		assert_int_equal(learn(t, NEIGHBOUR_BEACON, bssid, "192.0.2.66", "192.0.2.67",
					 NOW + i),
			NEIGHBOUR_NEW);
	}
	assert_int_equal(neighbours_count(t), 4);
	assert_string_equal(agent_of(t, one, &s), "192.0.2.1:716");
	assert_non_null(neighbours_find(t, bssid)); /* the latest claim */
	for (unsigned i = 1; i < 4; i++)
		assert_true(memcmp(neighbours_at(t, i - 1)->bssid, neighbours_at(t, i)->bssid, 6) <
			0);
	assert_null(neighbours_at(t, 4));
	for (unsigned i = 0; i < 4; i++) {
		bssid[5] = (uint8_t)(i + 1);
		assert_int_equal(learn(t, NEIGHBOUR_STATIC, bssid, "192.0.2.66", NULL, NOW),
			i < 3 ? NEIGHBOUR_NEW : NEIGHBOUR_FULL);
	}
	assert_string_equal(agent_of(t, one, &s), "192.0.2.1:716");
	assert_int_equal(neighbours_forget(t, one), 1);
	assert_int_equal(neighbours_forget(t, NULL), 0);
	assert_int_equal(neighbours_count(t), 3);
	neighbours_free(t);
}

static void test_names(void **state)
{
	struct neighbours *t = neighbours_new(8, DAY);
	struct neighbour_lesson l = lesson(NEIGHBOUR_BEACON, one, "192.0.2.11", "192.0.2.1");

	(void)state;
	assert_null(neighbours_named(t, "net"));
	neighbours_learn(t, &l, NOW);
	assert_memory_equal(neighbours_named(t, "net")->bssid, one, 6);
	assert_null(neighbours_named(t, ""));
	/* one that is vouched for is better than one that was heard later */
	l = lesson(NEIGHBOUR_AGENT, two, "192.0.2.12", "192.0.2.1");
	neighbours_learn(t, &l, NOW - 100);
	assert_memory_equal(neighbours_named(t, "net")->bssid, two, 6);
	l = lesson(NEIGHBOUR_STATIC, one, "192.0.2.11", NULL);
	l.name = "lobby";
	l.ssid = "mine";
	neighbours_learn(t, &l, NOW);
	assert_memory_equal(neighbours_named(t, "lobby")->bssid, one, 6);
	/* no beacon renames what its owner has named */
	l = lesson(NEIGHBOUR_BEACON, one, "192.0.2.11", "192.0.2.1");
	l.ssid = "other";
	neighbours_learn(t, &l, NOW);
	assert_string_equal(neighbours_find(t, one)->ssid, "mine");
	assert_null(neighbours_named(t, "other"));
	/* nor does one that contradicts what is known name anything */
	l = lesson(NEIGHBOUR_BEACON, two, "203.0.113.66", "192.0.2.1");
	l.ssid = "mine";
	assert_int_equal(neighbours_learn(t, &l, NOW), NEIGHBOUR_CONTRADICTS);
	assert_string_equal(neighbours_find(t, two)->ssid, "net");
	neighbours_free(t);
	neighbours_free(NULL);
}

static void test_source_names(void **state)
{
	(void)state;
	for (unsigned s = 0; s < NEIGHBOUR_SOURCES; s++)
		assert_int_equal(neighbour_source_by_name(
					 neighbour_source_name((enum neighbour_source)s)),
			s);
	assert_int_equal(neighbour_source_by_name("hearsay"), NEIGHBOUR_SOURCES);
	assert_string_equal(neighbour_source_name(NEIGHBOUR_SOURCES), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_better_source_wins),
		cmocka_unit_test(test_a_forged_beacon_leads_nowhere),
		cmocka_unit_test(test_where_it_is_reached),
		cmocka_unit_test(test_a_claim_does_not_outlive_failure),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_hearsay),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_source_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
