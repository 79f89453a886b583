// SPDX-License-Identifier: Apache-2.0
/* RFC 6786: what is encrypted, with what, and what is done with what should not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/pana/pac_inside.h"
#include "ref/pana/paa_inside.h"
#include "ref/pana/pana_encap.h"
#include "ref/pana/pana_world_test.h"

/* RFC 6786 §4.1's own example. */
static void test_counter(void **state)
{
	static const uint8_t right[16] = { 0x02, 0x55, 0x66, 0x77, 0x88, 0xaa, 0xbb, 0xcc, 0xdd,
		0x11, 0x22, 0x33, 0x44, 0x00, 0x00, 0x01 };
	uint8_t counter[16];

	(void)state;
	pana_encr_counter(0x55667788, 0xaabbccdd, 0x11223344, counter);
	assert_memory_equal(counter, right, sizeof(right));
}

/* §3, letter by letter: two labels, and what PANA_AUTH_KEY is made of. */
static void test_keys(void **state)
{
	uint8_t msk[PANA_MSK_SIZE] = { 1 }, key[PANA_ENCR_KEY_SIZE], right[PANA_ENCR_KEY_SIZE];
	static const char *const labels[] = { "IETF PANA PaC Encr", "IETF PANA PAA Encr" };
	struct pana_key_input in = { .prf = PANA_PRF_HMAC_SHA1, .msk = VIEW_OF(msk),
		.i_par = view_text("par"), .i_pan = view_text("pan"), .pac_nonce = view_text("c"),
		.paa_nonce = view_text("a"), .key_id = 0x01020304 };

	(void)state;
	for (unsigned agent = 0; agent < 2; agent++) {
		char seed[64];
		size_t size = (size_t)snprintf(seed, sizeof(seed), "%sparpanca%c%c%c%c",
			labels[agent], 1, 2, 3, 4);
		prf_plus(DIGEST_SHA1, VIEW_OF(msk), VIEW(seed, size), right, sizeof(right));
		pana_encr_key(&in, agent, key);
		assert_memory_equal(key, right, sizeof(key));
	}
}

static struct packet decoded(const struct flying *f)
{
	struct packet p = packet_of(&pana_protocol);
	struct reject reject = { 0 };

	assert_int_equal(pana_decode_sealed(VIEW(f->data, f->size), &p, &reject), 0);
	return p;
}

static void begin(bool client, bool agent)
{
	world_init(&w, 1);
	w.pac_config.common.encryptions[0] = client ? PANA_AES128_CTR : 0;
	w.paa_config.common.encryptions[0] = agent ? PANA_AES128_CTR : 0;
	world_begin(&w);
}

/* Delivers what flies; how many messages had something encrypted. Nothing that may be encrypted stands
 * in the clear when there is a key. */
static unsigned watch(void)
{
	unsigned encrypted = 0;

	while (w.air.count) {
		struct flying f = world_take(&w, 0);
		struct packet p = decoded(&f);
		bool keyed = packet_find(&p, 0, PANA_AVP_AUTH);
		encrypted += packet_find(&p, 0, PANA_AVP_ENCRYPTION_ENCAP) != NULL;
		for (unsigned i = 0; keyed && i < p.element_count; i++)
			assert_false(pana_may_encrypt(p.elements[i].vendor, p.elements[i].code));
		if (world_deliver(&w, &f) < 0) {
			char text[160];
			struct reject why = world_rejected(&w);
			fail_msg("%s", reject_text(&why, text, sizeof(text)));
		}
	}
	return encrypted;
}

static void notify_both(void)
{
	static const uint8_t octets[8] = { 0, 1 };
	struct packet p = packet_of(&pana_protocol);

	packet_add(&p, PANA_VENDOR, PANA_MPA_TUNNEL_DELETE, VIEW_OF(octets));
	world_forget_reports(&w);
	actions_clear(&w.actions);
	assert_int_equal(pac_notify(w.pac, p.elements, 1, w.now, &w.actions), 0);
	world_collect(&w, false);
	assert_int_equal(watch(), 1);
	actions_clear(&w.actions);
	assert_int_equal(paa_notify(w.paa, w.session, p.elements, 1, w.now, &w.actions), 0);
	world_collect(&w, true);
	assert_int_equal(watch(), 1);
	assert_true(world_saw(&w, true, PANA_REPORT_NOTIFIED));
	assert_true(world_saw(&w, false, PANA_REPORT_NOTIFIED));
}

static void test_session(void **state)
{
	(void)state;
	begin(true, true);
	world_event(&w, PAC_AUTHENTICATE);
	assert_int_equal(watch(), 1); /* the last PAR: lifetime and EAP-Success */
	assert_true(pac_open(w.pac));
	assert_int_equal(pac_lifetime(w.pac), 3600);
	assert_same_keys();
	notify_both();
	/* anew: every EAP packet under the keys that are there */
	assert_int_equal(world_event(&w, PAC_REAUTHENTICATE), 0);
	assert_true(watch() >= 5);
	assert_same_keys();
	notify_both();
	assert_int_equal(world_event(&w, PAC_TERMINATE), 0);
	assert_int_equal(watch(), 1); /* Termination-Cause */
	assert_true(pac_closed(w.pac));
	world_end(&w);
}

/* §2: without both, nothing is encrypted, and all goes well. */
static void test_one_side_knows_it(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 3; side++) {
		begin(side == 1, side == 2);
		authenticate();
		assert_true(pac_open(w.pac));
		assert_int_equal(w.pac->link.encryption, 0);
		assert_int_equal(w.pac->link.sa.encryption, 0);
		world_end(&w);
	}
}

static void test_chosen_but_not_offered(void **state)
{
	uint8_t number[4];

	(void)state;
	begin(false, false);
	world_event(&w, PAC_AUTHENTICATE);
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	f = world_take(&w, 0);
	world_deliver(&w, &f);
	f = world_take(&w, 0);
	struct packet p = packet_of(&pana_protocol);
	assert_int_equal(pana_decode(VIEW(f.data, f.size), &p, NULL), 0);
	p.elements[p.element_count++] = avp_u32(PANA_AVP_ENCRYPTION_ALGORITHM, 1, number);
	struct flying changed = f;
	struct writer out = writer_of(changed.data, sizeof(changed.data));
	wire_encode(&p, &out);
	changed.size = out.used;
	assert_int_equal(world_deliver(&w, &changed), -1);
	assert_int_equal(world_rejected(&w).reason, REJECT_ALGORITHM);
	assert_int_equal(world_deliver(&w, &f), 0);
	world_end(&w);
}

/* A termination of the client's own making, with its keys. */
static struct flying forged_ptr(unsigned code, bool inside, bool altered)
{
	struct pana_sa sa = w.pac->link.sa;
	struct packet p, hidden = packet_of(&pana_protocol);
	uint8_t cause[4], extra[4], room[64];
	struct writer in = writer_of(room, sizeof(room));

	assert_int_equal(world_event(&w, PAC_TERMINATE), 0);
	struct flying f = world_take(&w, 0);
	p = decoded(&f);
	p.element_count = 0;
	hidden.elements[hidden.element_count++] =
		avp_u32(PANA_AVP_TERMINATION_CAUSE, PANA_LOGOUT, cause);
	if (code)
		hidden.elements[hidden.element_count++] =
			avp_u32((enum pana_avp)code, 0, extra);
	wire_encode_elements(&hidden, &in);
	if (inside) {
		uint8_t counter[16];
		pana_encr_counter(sa.keys.key_id, (uint32_t)p.header[PANA_SESSION],
			(uint32_t)p.header[PANA_SEQUENCE], counter);
		aes128_ctr(sa.pac_encr, counter, writer_view(&in), room);
		packet_add(&p, 0, PANA_AVP_ENCRYPTION_ENCAP, writer_view(&in));
	} else {
		p.elements[p.element_count++] = hidden.elements[0];
	}
	sa.encryption = 0; /* as it stands */
	struct writer out = writer_of(f.data, sizeof(f.data));
	f.size = pana_seal(&sa, &p, &out).size;
	if (altered)
		f.data[PANA_HEADER_SIZE + 12] ^= 1;
	return f;
}

/* §6.1: what must not be encrypted and is; §5: encrypted though nobody negotiated it; twice; AUTH. */
static void test_what_is_refused(void **state)
{
	static const struct {
		bool negotiated, inside, altered;
		unsigned code;
		enum reject_reason reason;
	} cases[] = {
		{ true, true, false, 0, REJECT_NONE },
		{ true, false, false, 0, REJECT_NONE }, /* X: either is valid */
		{ true, true, true, 0, REJECT_INTEGRITY },
		{ true, true, false, PANA_AVP_RESULT_CODE, REJECT_UNEXPECTED },
		{ true, true, false, PANA_AVP_KEY_ID, REJECT_UNEXPECTED },
		{ true, true, false, PANA_AVP_ENCRYPTION_ALGORITHM, REJECT_UNEXPECTED },
		{ true, true, false, PANA_AVP_TERMINATION_CAUSE, REJECT_REPEATED },
		{ true, true, false, PANA_AVP_SESSION_LIFETIME, REJECT_UNEXPECTED },
		{ false, true, false, 0, REJECT_UNEXPECTED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].negotiated, cases[i].negotiated);
		authenticate();
		struct flying f = forged_ptr(cases[i].code, cases[i].inside, cases[i].altered);
		world_forget_reports(&w);
		world_deliver(&w, &f);
		if (world_rejected(&w).reason != cases[i].reason)
			fail_msg("case %zu: expected %s, actual %s", i,
				reject_name(cases[i].reason), reject_name(world_rejected(&w).reason));
		world_end(&w);
	}
}

/* Under every short pattern of loss, with a notification that waits while the key changes. */
static void test_every_pattern(void **state)
{
	(void)state;
	for (unsigned number = 0; number < pattern_count(5); number++) {
		struct pattern p = { number, 5 };
		begin(true, true);
		authenticate();
		world_event(&w, PAC_REAUTHENTICATE);
		world_paa_event(&w, PAA_PING);
		world_run_under(&w, &p, 50 * BTIME_S);
		if (!pac_open(w.pac) || !w.pac->link.sa.encryption)
			fail_msg("pattern %u: the session did not go on", number);
		assert_same_keys();
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_one_side_knows_it),
		cmocka_unit_test(test_chosen_but_not_offered),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_every_pattern),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
