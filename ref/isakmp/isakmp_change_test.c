// SPDX-License-Identifier: Apache-2.0
/* Address change over IKEv1 under attack (docs/address-change.md §7, §8); each is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/isakmp/isakmp_forge.h"
#include "ref/ike/ike_change_rules.h"

static struct old_world o;

static void open_world(void)
{
	old_init(&o, 1);
	o.w.a.connection.address_change = o.w.b.connection.address_change = true;
	old_begin(&o);
	old_initiate(&o, &o.w.a);
	old_settle(&o);
	assert_true(old_up(&o));
}

static struct flying next(void)
{
	assert_true(o.w.air.count > 0);
	return world_take(&o.w, 0);
}

static struct ike_event to(const char *address)
{
	return (struct ike_event){ .kind = IKE_EVENT_CHANGE, .local = world_endpoint(address, 0) };
}

static void test_change_forged_and_replayed(void **state)
{
	(void)state;
	open_world();
	old_event(&o, &o.w.a, to("192.0.2.77"));
	struct flying f = next(), altered = f;
	altered.data[f.size - 3] ^= 1;
	assert_int_equal(old_deliver(&o, &altered), -1);
	old_deliver(&o, &f);
	old_settle(&o);
	assert_true(world_saw(&o.w, true, IKE_REPORT_MIGRATED));
	assert_int_equal(old_deliver(&o, &f), -1);
	assert_int_equal(isakmp_rejected(o.b, REJECT_REPLAY), 1);
	old_end(&o);
}

static unsigned reports(bool b, enum ike_report report)
{
	unsigned n = 0;
	for (unsigned i = 0; i < o.w.report_count; i++)
		n += o.w.reports[i].b == b && o.w.reports[i].report == report;
	return n;
}

/* Who is authenticated names the address of a third party: it cannot read the cookie there. */
static void test_change_to_a_third_party(void **state)
{
	(void)state;
	open_world();
	old_event(&o, &o.w.a, to("203.0.113.9"));
	struct flying f = next();
	old_deliver(&o, &f);
	struct flying answer = next(); /* the cookie goes to the third party, and is lost to a */
	assert_int_equal(answer.to.address[0], 203);
	assert_false(world_saw(&o.w, true, IKE_REPORT_MIGRATED));
	assert_int_equal(isakmp_sa_peer(old_sa(&o.w.b))->address[3], 1);
	old_end(&o);
}

/* It says that it comes from there, and does not. */
static void test_change_from_elsewhere(void **state)
{
	(void)state;
	open_world();
	old_event(&o, &o.w.a, to("192.0.2.77"));
	struct flying f = next();
	f.from = world_endpoint("198.51.100.66", 500);
	old_deliver(&o, &f);
	assert_true(world_saw(&o.w, true, IKE_REPORT_CHANGE_REFUSED));
	assert_false(world_saw(&o.w, true, IKE_REPORT_MIGRATED));
	old_end(&o);
}

static void test_change_storm(void **state)
{
	(void)state;
	open_world();
	o.w.b.connection.trust_new_address = true;
	for (unsigned i = 0; i < 20; i++) {
		char address[32];
		snprintf(address, sizeof(address), "192.0.2.%u", 100 + i);
		old_event(&o, &o.w.a, to(address));
		old_settle(&o);
	}
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 8);
	old_end(&o);
}

static void test_change_malformed(void **state)
{
	uint8_t data[] = { 1, 1, 0, 99 };

	(void)state;
	open_world();
	struct flying f = old_forge(&o, true, 78, ISAKMP_N_ADDRESS_CHANGE, VIEW_OF(data), true);
	old_deliver(&o, &f);
	old_settle(&o);
	assert_true(world_saw(&o.w, false, IKE_REPORT_NOTIFIED)); /* PAYLOAD-MALFORMED */
	assert_false(world_saw(&o.w, true, IKE_REPORT_MIGRATED));
	old_end(&o);
}

/* An answer about another change, or another SA, is none. */
static void test_answer_for_another(void **state)
{
	struct endpoint here = world_endpoint("192.0.2.1", 0), there = world_endpoint("192.0.2.77", 0);
	uint8_t data[IKE_CHANGE_DATA_MAX];

	(void)state;
	open_world();
	for (int wrong = 0; wrong < 2; wrong++) {
		const struct isakmp_sa *sa = old_sa(&o.w.b);
		struct packet p = ike_change_header(isakmp_sa_cky_i(sa) ^ (wrong == 0),
			isakmp_sa_cky_r(sa), IKE_CHANGE_COMPLETED, wrong ? 9 : 1);
		struct writer w = writer_of(data, sizeof(data));
		ike_change_add_address(&p, false, &here);
		ike_change_add_address(&p, true, &there);
		wire_encode(&p, &w);
		old_event(&o, &o.w.a, to("192.0.2.77"));
		o.w.air.count = 0;
		struct flying f = old_forge(&o, false, 90 + (unsigned)wrong, ISAKMP_N_MIGRATION_COMPLETED,
			writer_view(&w), true);
		f.to = world_endpoint("192.0.2.77", 500);
		old_deliver(&o, &f);
		assert_false(world_saw(&o.w, false, IKE_REPORT_MIGRATED));
	}
	old_end(&o);
}

/* ADDRESS CHANGE of a from here to there with that number, about this SA or another one. */
static struct view change_data(uint8_t data[IKE_CHANGE_DATA_MAX], enum ike_change_kind kind,
	uint32_t sequence, const char *from, const char *there, bool other_sa)
{
	const struct isakmp_sa *sa = old_sa(&o.w.a);
	struct endpoint old = world_endpoint(from, 0), next_one = world_endpoint(there, 0);
	struct packet p = ike_change_header(isakmp_sa_cky_i(sa) ^ other_sa, isakmp_sa_cky_r(sa), kind,
		sequence);
	struct writer w = writer_of(data, IKE_CHANGE_DATA_MAX);

	ike_change_add_address(&p, false, &old);
	ike_change_add_address(&p, true, &next_one);
	wire_encode(&p, &w);
	return writer_view(&w);
}

/* What b says to that request: the reason of its refusal, or what else it reports. */
static const char *said_to(uint32_t id, uint16_t type, struct view data, const char *from)
{
	struct flying f = old_forge(&o, true, id, type, data, true);
	unsigned before = o.w.report_count;
	const char *words = "nothing";

	f.from = world_endpoint(from, 500);
	old_deliver(&o, &f);
	for (unsigned i = before; i < o.w.report_count; i++)
		if (o.w.reports[i].report == IKE_REPORT_CHANGE_REFUSED)
			words = o.w.reports[i].words;
		else if (o.w.reports[i].report == IKE_REPORT_MIGRATED)
			words = "migrated";
	return words;
}

/* §5.2, §8: another SA; then a change that was made, once more and to another address. */
static void test_requests_that_are_none(void **state)
{
	uint8_t data[IKE_CHANGE_DATA_MAX];
	const uint16_t request = ISAKMP_N_ADDRESS_CHANGE;
	const enum ike_change_kind kind = IKE_CHANGE_ADDRESS_CHANGE;
	const char *here = "192.0.2.1", *there = "192.0.2.77", *third = "192.0.2.78";

	(void)state;
	open_world();
	o.w.b.connection.trust_new_address = true;
	assert_string_equal(said_to(50, request, change_data(data, kind, 1, here, there, true), there),
		"unknown-sa");
	/* data of another kind than its notification, §4.1 */
	assert_string_equal(said_to(51, request, change_data(data, IKE_CHANGE_COMPLETED, 1, here, there,
					false), there), "nothing");
	assert_false(world_saw(&o.w, true, IKE_REPORT_MIGRATED));
	assert_string_equal(said_to(52, request, change_data(data, kind, 1, here, there, false), there),
		"migrated");
	o.w.air.count = 0;
	assert_string_equal(said_to(53, request, change_data(data, kind, 1, here, there, false), there),
		"nothing"); /* MIGRATION COMPLETED once more */
	assert_int_equal(o.w.air.count, 1);
	assert_string_equal(said_to(54, request, change_data(data, kind, 1, there, third, false), third),
		"stale");
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 1);
	old_end(&o);
}

/* The old address is over before the correspondent has answered, or after it never was asked. */
static void test_expired(void **state)
{
	(void)state;
	open_world();
	struct ike_event e = to("192.0.2.77");
	e.hold = 5 * BTIME_S;
	old_event(&o, &o.w.a, e);
	btime end = btime_add(o.w.now, 20 * BTIME_S);
	do
		o.w.air.count = 0;
	while (old_tick(&o, end));
	assert_true(world_saw(&o.w, false, IKE_REPORT_EXPIRED));
	assert_true(world_saw(&o.w, false, IKE_REPORT_DOWN));
	assert_int_equal(isakmp_count(o.a), 0);
	old_end(&o);
	open_world();
	assert_int_equal(old_kind(&o, &o.w.a, IKE_EVENT_EXPIRED), 0);
	old_settle(&o);
	assert_true(world_saw(&o.w, true, IKE_REPORT_EXPIRED));
	assert_true(world_saw(&o.w, true, IKE_REPORT_DOWN));
	assert_int_equal(isakmp_count(o.b), 0);
	old_end(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change_forged_and_replayed),
		cmocka_unit_test(test_change_to_a_third_party),
		cmocka_unit_test(test_change_from_elsewhere),
		cmocka_unit_test(test_change_storm),
		cmocka_unit_test(test_change_malformed),
		cmocka_unit_test(test_answer_for_another),
		cmocka_unit_test(test_requests_that_are_none),
		cmocka_unit_test(test_expired),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
