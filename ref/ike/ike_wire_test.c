// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/base/wire_break.h"
#include "ref/ike/ike_payload.h"

/* IKE_SA_INIT request: SA with one proposal of two transforms, KE of a made-up group, Nonce, N. */
static const uint8_t init[] = {
	1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, /* SPIs */
	33, 0x20, 34, 0x08, 0, 0, 0, 0, 0, 0, 0, 104,	/* SA first, 104 octets */
	34, 0, 0, 32,					/* SA, then KE */
	0, 0, 0, 28, 1, 1, 0, 2,			/* proposal 1, IKE, two transforms */
	3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0,	/* AES-GCM-16, 256 bits */
	0, 0, 0, 8, 2, 0, 0, 5,				/* PRF HMAC-SHA2-256 */
	40, 0, 0, 12, 0, 31, 0, 0, 9, 9, 9, 9,		/* KE, then Nonce */
	41, 0, 0, 24, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
	0, 0, 0, 8, 0, 0, 0x40, 0x2e, /* N, no protocol, no SPI, IKEV2_FRAGMENTATION_SUPPORTED */
};

static void test_decodes_what_is_written_down(void **state)
{
	struct packet p;
	struct reject r = { 0 };
	struct ike_proposals sa;
	struct ike_notification n;

	(void)state;
	assert_int_equal(ike_decode(VIEW_OF(init), &p, &r), 0);
	assert_string_equal(p.message->name, "IKE_SA_INIT-REQUEST");
	assert_int_equal(p.header[IKE_SPI_I], 0x0102030405060708);
	assert_int_equal(p.element_count, 4);
	assert_int_equal(p.elements[3].offset, 96);
	assert_int_equal(ike_decode_sa(&p.elements[0], &sa, &r), 0);
	assert_int_equal(sa.count, 1);
	assert_int_equal(sa.list[0].protocol, IKE_PROTOCOL_IKE);
	assert_int_equal(sa.list[0].count, 2);
	assert_int_equal(sa.list[0].transforms[0].id, IKE_ENCR_AES_GCM_16);
	assert_int_equal(sa.list[0].transforms[0].key_bits, 256);
	assert_int_equal(sa.list[0].transforms[1].type, IKE_TRANSFORM_PRF);
	assert_true(ike_find_notify(&p, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, &n));
	assert_int_equal(n.data.size, 0);
	assert_int_equal(ike_find_error(&p, &n), 0);
}

static void test_encodes_the_same_octets(void **state)
{
	struct packet p;
	struct ike_proposals sa;
	uint8_t buffer[256];
	struct writer w = writer_of(buffer, sizeof(buffer));

	(void)state;
	assert_int_equal(ike_decode(VIEW_OF(init), &p, NULL), 0);
	wire_encode(&p, &w);
	assert_int_equal(w.used, sizeof(init));
	assert_memory_equal(buffer, init, sizeof(init));
	ike_decode_sa(&p.elements[0], &sa, NULL);
	w = writer_of(buffer, sizeof(buffer));
	ike_encode_sa(&sa, &w);
	assert_true(view_equal(writer_view(&w), p.elements[0].value));
}

/* RFC 7296 §3.14: the Encrypted payload's Next Payload speaks of what is inside. */
static void test_the_chain_ends_at_the_encrypted_payload(void **state)
{
	static const uint8_t octets[] = { 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 46, 0x20,
		37, 0x20, 0, 0, 0, 1, 0, 0, 0, 36, 42, 0, 0, 8, 1, 2, 3, 4 };
	uint8_t buffer[64];
	struct packet p;
	struct writer w = writer_of(buffer, sizeof(buffer));

	(void)state;
	assert_int_equal(ike_decode(VIEW_OF(octets), &p, NULL), 0);
	assert_int_equal(p.element_count, 1);
	assert_int_equal(p.elements[0].next, IKE_PAYLOAD_DELETE);
	wire_encode(&p, &w);
	assert_memory_equal(buffer, octets, sizeof(octets));
}

static struct reject refused(const uint8_t *octets, size_t size)
{
	struct packet p;
	struct reject r = { 0 };
	assert_int_equal(ike_decode(VIEW(octets, size), &p, &r), -1);
	return r;
}

static void test_refuses(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum reject_reason reason;
	} rows[] = {
		{ 16, 0, REJECT_TRAILING },   /* no first payload, yet octets */
		{ 17, 0x30, REJECT_VALUE },   /* major version 3 */
		{ 18, 33, REJECT_TYPE },      /* no such exchange */
		{ 19, 0x00, REJECT_FLAGS },   /* a request that the initiator did not send */
		{ 23, 1, REJECT_VALUE },      /* message ID 1, RFC 7296 §2.2 */
		{ 27, 103, REJECT_LENGTH },   /* not the size of the datagram */
		{ 28, 43, REJECT_MISSING },   /* KE becomes V */
		{ 31, 3, REJECT_LENGTH },     /* shorter than a payload header */
		{ 60, 33, REJECT_REPEATED },  /* Nonce becomes a second SA */
		{ 96, 41, REJECT_TRUNCATED }, /* another payload is announced */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bad[sizeof(init)];
		memcpy(bad, init, sizeof(init));
		bad[rows[i].at] = rows[i].value;
		struct reject r = refused(bad, sizeof(bad));
		if (r.reason != rows[i].reason)
			fail_msg("octet %zu: %s", rows[i].at, reject_name(r.reason));
	}
}

static void test_names_the_unknown_critical_payload(void **state)
{
	uint8_t octets[sizeof(init)];
	struct packet p;

	(void)state;
	memcpy(octets, init, sizeof(init));
	octets[72] = 99; /* N becomes payload type 99 */
	assert_int_equal(ike_decode(VIEW_OF(octets), &p, NULL), 0);
	assert_null(ike_critical(&p));
	octets[97] = IKE_CRITICAL;
	assert_int_equal(ike_decode(VIEW_OF(octets), &p, NULL), 0);
	assert_int_equal(ike_critical(&p)->code, 99);
}

/* Each rule of the tables broken, for each message, is refused for that reason. */
static void every_breach(const struct protocol *protocol, bool much)
{
	static struct wire_breaker b;
	static uint8_t storage[16384];
	struct wire_broken bad;
	unsigned n = 0;

	for (const struct message *m = protocol->messages; m->name; m++) {
		struct writer w = writer_of(storage, sizeof(storage));
		struct packet good = wire_sample(protocol, m, much, &w);
		good.header[IKE_SPI_I] = 1;
		good.header[IKE_VERSIONS] = IKE_VERSION;
		if (wire_break_begin(&b, &good) < 0)
			fail_msg("%s: the sample is refused", m->name);
		while (wire_break_next(&b, &bad)) {
			struct packet p;
			struct reject r = { 0 };
			n++;
			if (wire_decode(protocol, bad.octets, &p, &r) == 0)
				fail_msg("%s: %s is taken", m->name, bad.label);
			if (r.reason != bad.reason)
				fail_msg("%s: %s: %s instead of %s", m->name, bad.label,
					reject_name(r.reason), reject_name(bad.reason));
		}
	}
	assert_true(n > 100);
}

static void test_every_breach(void **state)
{
	(void)state;
	every_breach(&ike_protocol, false);
	every_breach(&ike_inside_protocol, false);
	every_breach(&ike_inside_protocol, true);
}

/* --- structures inside payloads ----------------------------------------------------------- */

static const struct ike_suite cbc = {
	.encr = IKE_ENCR_AES_CBC,
	.key_bits = 128,
	.prf = IKE_PRF_HMAC_SHA2_256,
	.integ = IKE_INTEG_HMAC_SHA2_256_128,
	.dh = IKE_DH_MODP_2048,
};
static const struct ike_suite gcm = {
	.encr = IKE_ENCR_AES_GCM_16,
	.key_bits = 256,
	.prf = IKE_PRF_HMAC_SHA2_384,
	.dh = IKE_DH_CURVE25519,
};

static void test_chooses_in_the_order_of_the_offer(void **state)
{
	struct ike_proposals offer = { .count = 2 }, accepted = { .count = 2 };
	struct ike_suite chosen;

	(void)state;
	offer.list[0] = ike_suite_proposal(&cbc, IKE_PROTOCOL_IKE, 1);
	offer.list[1] = ike_suite_proposal(&gcm, IKE_PROTOCOL_IKE, 2);
	accepted.list[0] = offer.list[1];
	accepted.list[1] = offer.list[0];
	assert_int_equal(
		ike_choose(&offer, &accepted, IKE_PROTOCOL_IKE, false, &chosen)->number, 1);
	assert_true(ike_suite_equal(&chosen, &cbc));
	accepted.count = 1;
	assert_int_equal(
		ike_choose(&offer, &accepted, IKE_PROTOCOL_IKE, false, &chosen)->number, 2);
	assert_true(ike_suite_equal(&chosen, &gcm));
	accepted.list[0].transforms[0].key_bits = 128;
	assert_null(ike_choose(&offer, &accepted, IKE_PROTOCOL_IKE, false, &chosen));
}

/* RFC 7296 §3.3.6: an attribute or a transform type nobody knows spoils transform and proposal. */
static void test_does_not_choose_what_it_does_not_know(void **state)
{
	struct ike_proposals offer = { .count = 1 }, accepted = { .count = 1 };
	struct ike_suite chosen;

	(void)state;
	offer.list[0] = accepted.list[0] = ike_suite_proposal(&gcm, IKE_PROTOCOL_IKE, 1);
	offer.list[0].transforms[0].strange = true;
	assert_null(ike_choose(&offer, &accepted, IKE_PROTOCOL_IKE, false, &chosen));
	offer.list[0].transforms[0].strange = false;
	offer.list[0].transforms[offer.list[0].count++].type = 6;
	assert_null(ike_choose(&offer, &accepted, IKE_PROTOCOL_IKE, false, &chosen));
}

static struct ike_ts range(uint8_t protocol, uint8_t from, uint8_t to, uint16_t port, uint16_t last)
{
	return (struct ike_ts){ .type = IKE_TS_IPV4_ADDR_RANGE, .protocol = protocol,
		.start_port = port, .end_port = last, .start = { 192, 0, 2, from },
		.end = { 192, 0, 2, to } };
}

static void test_narrows_selectors(void **state)
{
	struct ike_ts_list offer = { 2, { range(0, 0, 255, 0, 65535), range(6, 7, 7, 80, 80) } };
	struct ike_ts_list policy = { 1, { range(6, 10, 20, 0, 1023) } }, out;
	char text[128];

	(void)state;
	assert_int_equal(ike_ts_narrow(&offer, &policy, &out), 1);
	assert_string_equal(ike_ts_text(&out.list[0], text, sizeof(text)),
		"192.0.2.10-192.0.2.20 proto 6 ports 0-1023");
	assert_true(ike_ts_within(&out, &offer));
	assert_false(ike_ts_within(&offer, &policy));
	policy.list[0] = range(17, 0, 255, 0, 65535);
	offer.count = 1;
	offer.list[0] = range(6, 0, 255, 0, 65535);
	assert_int_equal(ike_ts_narrow(&offer, &policy, &out), 0);
}

static void test_drafts_come_back(void **state)
{
	static struct ike_draft d;
	static uint8_t buffer[4096];
	struct ike_ts_list ts = { 1, { range(0, 1, 9, 0, 65535) } }, ts_back;
	struct ike_configuration cp = { IKE_CFG_REQUEST, 1, { { 1, VIEW_EMPTY } } }, cp_back;
	struct ike_deletion deletion;
	struct ike_id id, id_back;
	struct packet p;
	char text[64];

	(void)state;
	ike_draft_begin(&d);
	assert_int_equal(ike_id_parse("0x00ff10", &id), 0);
	assert_int_equal(id.type, IKE_ID_KEY_ID);
	assert_int_equal(id.size, 3);
	assert_string_equal(ike_id_text(&id, text, sizeof(text)), "0x00ff10");
	assert_int_equal(ike_id_parse("0x00ff1", &id), 0);
	assert_int_equal(id.type, IKE_ID_FQDN);
	assert_int_equal(ike_id_parse("mn@example.org", &id), 0);
	ike_draft_id(&d, IKE_PAYLOAD_IDI, &id);
	ike_draft_ts(&d, IKE_PAYLOAD_TSI, &ts);
	ike_draft_cp(&d, &cp);
	ike_draft_delete(&d, IKE_PROTOCOL_ESP, VIEW("abcd", 4));
	assert_false(d.w.failed);
	struct writer w = writer_of(buffer, sizeof(buffer));
	wire_encode_elements(&d.packet, &w);
	p = packet_of(&ike_inside_protocol);
	assert_int_equal(wire_parse_elements(&ike_inside_protocol, IKE_PAYLOAD_IDI,
				 writer_view(&w), &p, NULL), 0);
	assert_int_equal(p.element_count, 4);
	assert_int_equal(ike_decode_id(&p.elements[0], &id_back, NULL), 0);
	assert_true(ike_id_equal(&id, &id_back));
	assert_string_equal(ike_id_text(&id_back, text, sizeof(text)), "mn@example.org");
	assert_int_equal(ike_decode_ts(&p.elements[1], &ts_back, NULL), 0);
	assert_true(ike_ts_within(&ts_back, &ts));
	assert_int_equal(ike_decode_cp(&p.elements[2], &cp_back, NULL), 0);
	assert_int_equal(cp_back.type, IKE_CFG_REQUEST);
	assert_int_equal(cp_back.list[0].type, IKE_CFG_INTERNAL_IP4_ADDRESS);
	assert_int_equal(ike_decode_delete(&p.elements[3], &deletion, NULL), 0);
	assert_int_equal(deletion.count, 1);
	assert_memory_equal(deletion.spis.data, "abcd", 4);
}

/* Octets inside a payload, cut at every place: an error each time, nothing read past the end. */
static void test_cut_structures_are_refused(void **state)
{
	struct packet p;

	(void)state;
	assert_int_equal(ike_decode(VIEW_OF(init), &p, NULL), 0);
	struct element_value e = p.elements[0];
	for (size_t size = 0; size < p.elements[0].value.size; size++) {
		struct ike_proposals sa;
		struct reject r = { 0 };
		e.value.size = size;
		assert_int_equal(ike_decode_sa(&e, &sa, &r), -1);
		assert_int_not_equal(r.reason, REJECT_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decodes_what_is_written_down),
		cmocka_unit_test(test_encodes_the_same_octets),
		cmocka_unit_test(test_the_chain_ends_at_the_encrypted_payload),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_names_the_unknown_critical_payload),
		cmocka_unit_test(test_every_breach),
		cmocka_unit_test(test_chooses_in_the_order_of_the_offer),
		cmocka_unit_test(test_does_not_choose_what_it_does_not_know),
		cmocka_unit_test(test_narrows_selectors),
		cmocka_unit_test(test_drafts_come_back),
		cmocka_unit_test(test_cut_structures_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
