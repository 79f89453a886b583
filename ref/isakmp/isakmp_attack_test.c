// SPDX-License-Identifier: Apache-2.0
/* What an attacker, or a peer that has gone wrong, may try; each is refused and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/isakmp/isakmp_forge.h"

static struct old_world o;

static void open_world(void)
{
	old_init(&o, 1);
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

/* RFC 3947 §7: where there is no NAT the peer stays where it is, wherever a message comes from. */
static void test_from_elsewhere(void **state)
{
	(void)state;
	open_world();
	old_kind(&o, &o.w.a, IKE_EVENT_PROBE);
	struct flying f = next();
	f.from = world_endpoint("203.0.113.66", 500);
	old_deliver(&o, &f);
	assert_int_equal(isakmp_sa_peer(old_sa(&o.w.b))->address[0], 192);
	old_end(&o);
}

/* RFC 3706 §5.3: the SPI is the cookies of the SA that is asked about. */
static void test_question_about_another_sa(void **state)
{
	static const uint8_t sequence[4] = { 0, 0, 0, 9 }, spi[16] = { 1, 2, 3 };
	struct isakmp_draft d;

	(void)state;
	open_world();
	isakmp_draft_begin(&d, ISAKMP_INFORMATIONAL, true);
	isakmp_draft_notify(&d, ISAKMP_PROTO_ISAKMP, VIEW_OF(spi), ISAKMP_N_R_U_THERE,
		VIEW_OF(sequence));
	struct flying f = old_forge_draft(&o, true, 77, &d, true);
	old_deliver(&o, &f);
	assert_int_equal(o.w.air.count, 0);
	f = old_forge(&o, true, 78, ISAKMP_N_R_U_THERE, VIEW_OF(sequence), true);
	old_deliver(&o, &f);
	assert_int_equal(o.w.air.count, 1);
	old_end(&o);
}

static void test_forged_hash(void **state)
{
	uint8_t sequence[4] = { 0, 0, 0, 9 };

	(void)state;
	open_world();
	struct flying f = old_forge(&o, true, 77, ISAKMP_N_R_U_THERE, VIEW_OF(sequence), false);
	assert_int_equal(old_deliver(&o, &f), -1);
	assert_int_equal(isakmp_rejected(o.b, REJECT_INTEGRITY), 1);
	assert_int_equal(o.w.air.count, 0);
	/* its message ID is not used up */
	f = old_forge(&o, true, 77, ISAKMP_N_R_U_THERE, VIEW_OF(sequence), true);
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

/* RFC 2409 §B: whole blocks alone can be decrypted. */
static void test_part_of_a_block(void **state)
{
	(void)state;
	open_world();
	old_kind(&o, &o.w.a, IKE_EVENT_PROBE);
	struct flying f = next();
	for (unsigned more = 1; more < 16; more++) {
		f.size++;
		f.data[ISAKMP_HEADER_SIZE - 1]++; /* Length, RFC 2408 §3.1 */
		assert_int_equal(old_deliver(&o, &f), -1);
	}
	assert_int_equal(isakmp_rejected(o.b, REJECT_LENGTH), 15);
	old_end(&o);
}

/* RFC 2408 §4.2: the responder chooses one; an answer that leaves the choice open is none. */
static void test_answer_with_two_choices(void **state)
{
	struct isakmp_offers offers;
	struct isakmp_draft d;
	struct packet p;

	(void)state;
	old_init(&o, 1);
	old_begin(&o);
	old_initiate(&o, &o.w.a);
	struct flying f = next();
	old_deliver(&o, &f);
	struct flying answer = next();
	assert_int_equal(isakmp_decode(VIEW(answer.data, answer.size), &p, NULL), 0);
	assert_int_equal(
		isakmp_decode_sa(packet_find(&p, 0, ISAKMP_PAYLOAD_SA), &offers, NULL), 0);
	assert_int_equal(offers.count, 1);
	offers.list[offers.count++] = offers.list[0];
	isakmp_draft_begin(&d, ISAKMP_IDENTITY_PROTECTION, false);
	isakmp_draft_sa(&d, &offers);
	d.packet.header[ISAKMP_CKY_I] = p.header[ISAKMP_CKY_I];
	d.packet.header[ISAKMP_CKY_R] = p.header[ISAKMP_CKY_R];
	f = answer;
	struct writer w = writer_of(f.data, sizeof(f.data));
	wire_encode(&d.packet, &w);
	f.size = w.used;
	assert_int_equal(old_deliver(&o, &f), -1);
	assert_int_equal(isakmp_rejected(o.a, REJECT_ALGORITHM), 1);
	assert_int_equal(old_deliver(&o, &answer), 0);
	old_end(&o);
}

/* Two peers of one connection, which anybody with its key may use. */
static void open_two_peers(void)
{
	static struct ike_connection both[2];

	old_init(&o, 1);
	o.w.b.connection.remote_id.type = 0;
	both[0] = both[1] = o.w.a.connection;
	ike_id_parse("second.example", &both[1].local_id);
	o.w.a.config.connections = both;
	o.w.a.config.count = 2;
	old_begin(&o);
	for (unsigned i = 0; i < 2; i++) {
		actions_clear(&o.w.actions);
		isakmp_initiate(o.a, &both[i], o.w.now, &o.w.actions);
		world_collect(&o.w, &o.w.a);
		old_settle(&o);
	}
	assert_int_equal(isakmp_count(o.b), 2);
	assert_int_equal(o.w.b.child_count, 2);
}

/* The second peer says that the first one's Child SA is over, and that it is alone with us. */
static void test_of_another_peer(void **state)
{
	uint8_t spi[4];
	struct writer w = writer_of(spi, sizeof(spi));
	struct isakmp_draft d;

	(void)state;
	open_two_peers();
	write_u32(&w, o.w.b.children[0].spi_out);
	isakmp_draft_begin(&d, ISAKMP_INFORMATIONAL, true);
	isakmp_draft_delete(&d, ISAKMP_PROTO_ESP, VIEW_OF(spi));
	struct flying f = old_forge_draft(&o, true, 7, &d, true);
	assert_int_equal(old_deliver(&o, &f), 0);
	assert_int_equal(o.w.b.child_count, 2);
	f = old_forge(&o, true, 8, ISAKMP_N_INITIAL_CONTACT, VIEW_EMPTY, true);
	assert_int_equal(old_deliver(&o, &f), 0);
	assert_int_equal(isakmp_count(o.b), 2);
	assert_false(world_saw(&o.w, true, IKE_REPORT_DOWN));
	old_end(&o);
}

/* Who has the key of one connection says that it is the peer of another one, which has its own key. */
static void test_key_of_another_connection(void **state)
{
	static struct ike_connection both[2];

	(void)state;
	for (int own = 0; own < 2; own++) {
		old_init(&o, 1);
		both[0] = both[1] = o.w.b.connection;
		ike_id_parse("second.example", &both[1].remote_id);
		if (!own)
			both[1].psk = view_text("a key of its own");
		o.w.b.config.connections = both;
		o.w.b.config.count = 2;
		ike_id_parse("second.example", &o.w.a.connection.local_id);
		old_begin(&o);
		old_initiate(&o, &o.w.a);
		old_settle(&o);
		assert_int_equal(world_saw(&o.w, true, IKE_REPORT_ESTABLISHED), own);
		assert_int_equal(world_saw(&o.w, true, IKE_REPORT_FAILED), !own);
		old_end(&o);
	}
}

/* RFC 3456 §4.1: a DHCP SA is for 0.0.0.0, and not for whatever begins there. */
static void test_dhcp_sa_for_everybody(void **state)
{
	(void)state;
	old_init(&o, 1);
	o.w.a.connection.childless = true;
	o.w.b.connection.dhcp_sa = true;
	old_begin(&o);
	old_initiate(&o, &o.w.a);
	old_settle(&o);
	for (int wide = 1; wide >= 0; wide--) {
		struct isakmp_flow flow = isakmp_dhcp_flow(isakmp_sa_peer(old_sa(&o.w.a)));
		memset(flow.local.end, wide ? 0xff : 0, 4);
		actions_clear(&o.w.actions);
		isakmp_create_child(o.a, old_sa(&o.w.a), &flow, o.w.now, &o.w.actions);
		world_collect(&o.w, &o.w.a);
		old_settle(&o);
		assert_int_equal(o.w.b.child_count, !wide);
	}
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

/* More quick modes at once than a peer can need: memory is bounded. */
static void test_quick_modes_without_end(void **state)
{
	(void)state;
	open_world();
	for (unsigned i = 0; i < 100; i++) {
		old_kind(&o, &o.w.a, IKE_EVENT_CREATE_CHILD);
		struct flying f = next();
		old_deliver(&o, &f);
		o.w.air.count = 0; /* the answers are lost */
	}
	assert_int_equal(isakmp_rejected(o.b, REJECT_RESOURCES), 100 - 32);
	old_end(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replayed_informational),
		cmocka_unit_test(test_reflected_informational),
		cmocka_unit_test(test_from_elsewhere),
		cmocka_unit_test(test_question_about_another_sa),
		cmocka_unit_test(test_forged_hash),
		cmocka_unit_test(test_every_octet_altered),
		cmocka_unit_test(test_clear_delete),
		cmocka_unit_test(test_part_of_a_block),
		cmocka_unit_test(test_answer_with_two_choices),
		cmocka_unit_test(test_of_another_peer),
		cmocka_unit_test(test_key_of_another_connection),
		cmocka_unit_test(test_dhcp_sa_for_everybody),
		cmocka_unit_test(test_replayed_quick_mode),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_quick_modes_without_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
