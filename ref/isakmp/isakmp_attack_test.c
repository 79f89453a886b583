// SPDX-License-Identifier: Apache-2.0
/* What an attacker, or a peer that has gone wrong, may try; each is refused and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/isakmp/isakmp_world.h"
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

/* An informational message of that end's SA, with a HASH(1) that is right or wrong. */
static struct flying forge(bool from_a, uint32_t id, uint16_t type, struct view data, bool good)
{
	const struct end *e = from_a ? &o.w.a : &o.w.b;
	const struct isakmp_sa *sa = old_sa(e);
	struct flying f = { .to_second = from_a, .from = *isakmp_sa_local(sa),
		.to = *isakmp_sa_peer(sa) };
	uint8_t spi[16], hash[DIGEST_MAX], number[4], rest[1024], iv[ISAKMP_BLOCK_MAX];
	struct isakmp_draft d;
	struct writer w = writer_of(spi, sizeof(spi));

	write_u64(&w, isakmp_sa_cky_i(sa));
	write_u64(&w, isakmp_sa_cky_r(sa));
	isakmp_draft_begin(&d, ISAKMP_INFORMATIONAL, true);
	isakmp_draft_notify(&d, ISAKMP_PROTO_ISAKMP, VIEW_OF(spi), type, data);
	w = writer_of(number, sizeof(number));
	write_u32(&w, id);
	struct writer r = writer_of(rest, sizeof(rest));
	wire_encode_elements(&d.packet, &r);
	struct view parts[] = { VIEW_OF(number), writer_view(&r) };
	size_t size = isakmp_hash(isakmp_sa_suite(sa), isakmp_sa_keys(sa), parts, 2, hash);
	hash[0] ^= !good;
	struct packet p = packet_of(&isakmp_protocol);
	memcpy(p.header, d.packet.header, sizeof(p.header));
	packet_add(&p, 0, ISAKMP_PAYLOAD_HASH, VIEW(hash, size));
	packet_add(&p, 0, d.packet.elements[0].code, d.packet.elements[0].value);
	p.header[ISAKMP_CKY_I] = isakmp_sa_cky_i(sa);
	p.header[ISAKMP_CKY_R] = isakmp_sa_cky_r(sa);
	p.header[ISAKMP_MESSAGE_ID] = id;
	isakmp_exchange_iv(isakmp_sa_suite(sa), isakmp_sa_last_block(sa), id, iv);
	w = writer_of(f.data, sizeof(f.data));
	assert_int_equal(
		isakmp_seal(isakmp_sa_suite(sa), isakmp_sa_keys(sa), &p, iv, &w), 0);
	f.size = w.used;
	return f;
}

static void test_replayed_informational(void **state)
{
	(void)state;
	open_world();
	old_kind(&o, &o.w.a, IKE_EVENT_PROBE);
	struct flying f = next();
	assert_int_equal(old_deliver(&o, &f), 0);
	assert_int_equal(old_deliver(&o, &f), -1);
	assert_int_equal(isakmp_rejected(o.b, REJECT_REPLAY), 1);
	old_end(&o);
}

/* Both directions of an ISAKMP SA have one key: what comes back is known by its message ID. */
static void test_reflected_informational(void **state)
{
	(void)state;
	open_world();
	old_kind(&o, &o.w.a, IKE_EVENT_PROBE);
	struct flying f = next();
	f.to_second = false;
	assert_int_equal(old_deliver(&o, &f), -1);
	assert_int_equal(isakmp_rejected(o.a, REJECT_REPLAY), 1);
	old_end(&o);
}

static void test_forged_hash(void **state)
{
	uint8_t sequence[4] = { 0, 0, 0, 9 };

	(void)state;
	open_world();
	struct flying f = forge(true, 77, ISAKMP_N_R_U_THERE, VIEW_OF(sequence), false);
	assert_int_equal(old_deliver(&o, &f), -1);
	assert_int_equal(isakmp_rejected(o.b, REJECT_INTEGRITY), 1);
	assert_int_equal(o.w.air.count, 0);
	/* its message ID is not used up */
	f = forge(true, 77, ISAKMP_N_R_U_THERE, VIEW_OF(sequence), true);
	assert_int_equal(old_deliver(&o, &f), 0);
	assert_int_equal(o.w.air.count, 1);
	old_end(&o);
}

/*
 * Padding is all that nothing vouches for (RFC 2409 §B): of 36 octets of HASH and 16 of D the last
 * block holds 4, and 12 of padding, which follow the 12 last octets of the block before.
 */
static void test_every_octet_altered(void **state)
{
	(void)state;
	open_world();
	old_kind(&o, &o.w.a, IKE_EVENT_DELETE);
	struct flying good = next();
	for (size_t i = 0; i < good.size; i++) {
		struct flying f = good;
		if (i >= good.size - 28 && i < good.size - 16)
			continue;
		f.data[i] ^= 0x10;
		old_deliver(&o, &f);
		assert_int_equal(isakmp_count(o.b), 1);
		assert_non_null(isakmp_sa_child(old_sa(&o.w.b), 0));
	}
	old_end(&o);
}

static void test_clear_delete(void **state)
{
	struct isakmp_draft d;
	uint8_t spi[16];
	struct writer w = writer_of(spi, sizeof(spi));
	struct flying f = { .to_second = true };

	(void)state;
	open_world();
	const struct isakmp_sa *sa = old_sa(&o.w.a);
	write_u64(&w, isakmp_sa_cky_i(sa));
	write_u64(&w, isakmp_sa_cky_r(sa));
	isakmp_draft_begin(&d, ISAKMP_INFORMATIONAL, false);
	isakmp_draft_delete(&d, ISAKMP_PROTO_ISAKMP, VIEW_OF(spi));
	d.packet.header[ISAKMP_CKY_I] = isakmp_sa_cky_i(sa);
	d.packet.header[ISAKMP_CKY_R] = isakmp_sa_cky_r(sa);
	w = writer_of(f.data, sizeof(f.data));
	wire_encode(&d.packet, &w);
	f.size = w.used;
	f.from = *isakmp_sa_local(sa);
	f.to = *isakmp_sa_peer(sa);
	assert_int_equal(old_deliver(&o, &f), -1);
	assert_int_equal(isakmp_rejected(o.b, REJECT_NO_INTEGRITY), 1);
	assert_true(old_up(&o));
	old_end(&o);
}

/* A quick mode that is done comes again from the beginning. */
static void test_replayed_quick_mode(void **state)
{
	(void)state;
	open_world();
	old_kind(&o, &o.w.a, IKE_EVENT_CREATE_CHILD);
	struct flying f = next();
	old_deliver(&o, &f);
	old_settle(&o);
	old_run(&o, 100 * BTIME_S); /* and is forgotten */
	unsigned before = o.w.b.child_count;
	assert_int_equal(old_deliver(&o, &f), -1);
	assert_int_equal(isakmp_rejected(o.b, REJECT_REPLAY), 1);
	old_settle(&o);
	assert_int_equal(o.w.b.child_count, before);
	old_end(&o);
}

/* First messages by the thousand: memory is bounded, and they are forgotten. */
static void test_flood(void **state)
{
	(void)state;
	old_init(&o, 5);
	o.w.b.config.half_open_max = 100;
	old_begin(&o);
	old_initiate(&o, &o.w.a);
	struct flying f = next();
	for (unsigned i = 0; i < 2000; i++) {
		f.data[0] = (uint8_t)(i >> 8);
		f.data[1] = (uint8_t)i;
		old_deliver(&o, &f);
		o.w.air.count = 0;
	}
	assert_int_equal(isakmp_half_open(o.b), 100);
	assert_int_equal(isakmp_rejected(o.b, REJECT_RESOURCES), 1900);
	while (old_tick(&o, btime_add(o.w.now, 40 * BTIME_S)) && isakmp_count(o.b))
		o.w.air.count = 0;
	assert_int_equal(isakmp_count(o.b), 0);
	old_end(&o);
}

/* --- address change, docs/address-change.md §7 ---------------------------------------------- */

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
	struct flying f = forge(true, 78, ISAKMP_N_ADDRESS_CHANGE, VIEW_OF(data), true);
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
		struct flying f = forge(false, 90 + (unsigned)wrong, ISAKMP_N_MIGRATION_COMPLETED,
			writer_view(&w), true);
		f.to = world_endpoint("192.0.2.77", 500);
		old_deliver(&o, &f);
		assert_false(world_saw(&o.w, false, IKE_REPORT_MIGRATED));
	}
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
		cmocka_unit_test(test_replayed_informational),
		cmocka_unit_test(test_reflected_informational),
		cmocka_unit_test(test_forged_hash),
		cmocka_unit_test(test_every_octet_altered),
		cmocka_unit_test(test_clear_delete),
		cmocka_unit_test(test_replayed_quick_mode),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_change_forged_and_replayed),
		cmocka_unit_test(test_change_to_a_third_party),
		cmocka_unit_test(test_change_from_elsewhere),
		cmocka_unit_test(test_change_storm),
		cmocka_unit_test(test_change_malformed),
		cmocka_unit_test(test_answer_for_another),
		cmocka_unit_test(test_expired),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
