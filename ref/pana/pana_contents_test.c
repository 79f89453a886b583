// SPDX-License-Identifier: Apache-2.0
/*
 * Messages that the tables allow and that are wrong where they stand: each message of an
 * authentication is altered in its contents, well protected if it has to be, and delivered before
 * the true one. It is rejected for the right reason, and the session goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/pana/paa_inside.h"
#include "ref/pana/pana_world_test.h"

enum change { DROP, ADD, SET, TURN };

struct wrong {
	unsigned message; /* its number in the conversation */
	enum change change;
	unsigned what; /* AVP code, or flags to turn over */
	struct view value;
	enum reject_reason reason;
	const char *field;
};

#define OCTETS(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define NONE_AT_ALL { NULL, 0 }
#define NONCE OCTETS("a nonce of twenty oc")
#define NUMBER_99 OCTETS("\0\0\0\x63")
#define AUTH_VALUE OCTETS("sixteen octets..")
#define EAP_FAILURE_PACKET OCTETS("\x04\x02\x00\x04")
#define EAP_SUCCESS_PACKET OCTETS("\x03\x02\x00\x04")
#define EAP_OF_NOBODY OCTETS("\x01\x77\x00\x06\xfe\x00")

/* 0 PCI, 1 PAR-S, 2 PAN-S, 3 PAR with nonce, 4 PAN with nonce, 5 PAR, 6 PAN, 7 PAR-C, 8 PAN-C */
static const struct wrong wrongs[] = {
	{ 1, DROP, PANA_AVP_PRF_ALGORITHM, NONE_AT_ALL, REJECT_MISSING, "PRF-Algorithm" },
	{ 1, DROP, PANA_AVP_INTEGRITY_ALGORITHM, NONE_AT_ALL, REJECT_MISSING,
		"Integrity-Algorithm" },
	{ 1, ADD, PANA_AVP_AUTH, AUTH_VALUE, REJECT_INTEGRITY, "AUTH" },
	{ 1, TURN, PANA_E, NONE_AT_ALL, REJECT_FLAGS, "Flags" },
	{ 2, DROP, PANA_AVP_PRF_ALGORITHM, NONE_AT_ALL, REJECT_MISSING, "PRF-Algorithm" },
	{ 2, DROP, PANA_AVP_INTEGRITY_ALGORITHM, NONE_AT_ALL, REJECT_MISSING,
		"Integrity-Algorithm" },
	{ 2, SET, PANA_AVP_PRF_ALGORITHM, NUMBER_99, REJECT_ALGORITHM, "PRF-Algorithm" },
	{ 2, ADD, PANA_AVP_EAP_PAYLOAD, EAP_SUCCESS_PACKET, REJECT_UNEXPECTED, "EAP-Payload" },
	{ 2, ADD, PANA_AVP_AUTH, AUTH_VALUE, REJECT_INTEGRITY, "AUTH" },
	{ 2, TURN, PANA_E, NONE_AT_ALL, REJECT_SESSION, "Session Identifier" },
	{ 3, DROP, PANA_AVP_NONCE, NONE_AT_ALL, REJECT_MISSING, "Nonce" },
	{ 3, DROP, PANA_AVP_EAP_PAYLOAD, NONE_AT_ALL, REJECT_MISSING, "EAP-Payload" },
	{ 3, SET, PANA_AVP_EAP_PAYLOAD, EAP_OF_NOBODY, REJECT_VALUE, "EAP packet" },
	{ 3, ADD, PANA_AVP_AUTH, AUTH_VALUE, REJECT_INTEGRITY, "AUTH" },
	{ 3, TURN, PANA_E, NONE_AT_ALL, REJECT_FLAGS, "Flags" },
	{ 4, DROP, PANA_AVP_NONCE, NONE_AT_ALL, REJECT_MISSING, "Nonce" },
	{ 4, SET, PANA_AVP_EAP_PAYLOAD, EAP_OF_NOBODY, REJECT_VALUE, "EAP packet" },
	{ 4, ADD, PANA_AVP_AUTH, AUTH_VALUE, REJECT_INTEGRITY, "AUTH" },
	{ 4, TURN, PANA_E, NONE_AT_ALL, REJECT_FLAGS, "Flags" },
	{ 5, ADD, PANA_AVP_NONCE, NONCE, REJECT_UNEXPECTED, "Nonce" },
	{ 5, SET, PANA_AVP_EAP_PAYLOAD, EAP_OF_NOBODY, REJECT_VALUE, "EAP packet" },
	{ 6, ADD, PANA_AVP_NONCE, NONCE, REJECT_UNEXPECTED, "Nonce" },
	{ 6, SET, PANA_AVP_EAP_PAYLOAD, EAP_OF_NOBODY, REJECT_VALUE, "EAP packet" },
	{ 7, DROP, PANA_AVP_EAP_PAYLOAD, NONE_AT_ALL, REJECT_MISSING, "EAP-Payload" },
	{ 7, DROP, PANA_AVP_SESSION_LIFETIME, NONE_AT_ALL, REJECT_MISSING, "Session-Lifetime" },
	{ 7, DROP, PANA_AVP_KEY_ID, NONE_AT_ALL, REJECT_MISSING, "Key-Id" },
	{ 7, SET, PANA_AVP_EAP_PAYLOAD, EAP_FAILURE_PACKET, REJECT_VALUE, "EAP-Payload" },
	{ 7, ADD, PANA_AVP_NONCE, NONCE, REJECT_UNEXPECTED, "Nonce" },
	{ 8, DROP, PANA_AVP_KEY_ID, NONE_AT_ALL, REJECT_MISSING, "Key-Id" },
	{ 8, SET, PANA_AVP_KEY_ID, NUMBER_99, REJECT_KEY, "Key-Id" },
	{ 8, ADD, PANA_AVP_NONCE, NONCE, REJECT_UNEXPECTED, "Nonce" },
};

static void alter(struct packet *p, const struct wrong *x)
{
	switch (x->change) {
	case TURN:
		p->header[PANA_FLAGS] ^= x->what;
		return;
	case ADD:
		assert_true(packet_add(p, 0, x->what, x->value));
		return;
	case SET:
		((struct element_value *)packet_find(p, 0, x->what))->value = x->value;
		return;
	case DROP:
		break;
	}
	unsigned kept = 0;
	for (unsigned i = 0; i < p->element_count; i++)
		if (p->elements[i].code != x->what)
			p->elements[kept++] = p->elements[i];
	assert_true(kept < p->element_count);
	p->element_count = kept;
}

/* The message with its contents altered, under the key that its sender uses. */
static struct flying altered(const struct flying *good, const struct wrong *x)
{
	struct packet p = { .element_count = 0 };
	struct flying f = *good;
	struct writer out = writer_of(f.data, sizeof(f.data));
	const struct pana_sa *sa = NULL;

	assert_int_equal(pana_decode(VIEW(good->data, good->size), &p, NULL), 0);
	if (packet_find(&p, 0, PANA_AVP_AUTH)) {
		p.element_count--;
		sa = paa_find(w.paa, pac_session_id(w.pac))->link.next;
		assert_non_null(sa);
	}
	alter(&p, x);
	f.size = pana_seal(sa, &p, &out).size;
	assert_true(f.size > 0);
	return f;
}

static void test_every_wrong_content(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		const struct wrong *x = &wrongs[i];
		world_init(&w, 1);
		world_begin(&w);
		world_event(&w, PAC_AUTHENTICATE);
		for (unsigned n = 0; n < x->message; n++) {
			struct flying f = world_take(&w, 0);
			world_deliver(&w, &f);
		}
		struct flying good = world_take(&w, 0), bad = altered(&good, x);
		world_forget_reports(&w);
		if (world_deliver(&w, &bad) == 0)
			fail_msg("row %zu: taken", i);
		struct reject r = world_rejected(&w);
		if (r.reason != x->reason || !r.field || strcmp(r.field, x->field) != 0)
			fail_msg("row %zu: %s of %s", i, reject_name(r.reason), r.field);
		assert_int_equal(w.air.count, 0);
		assert_int_equal(world_deliver(&w, &good), 0);
		world_settle(&w);
		if (!pac_open(w.pac))
			fail_msg("row %zu: the session did not go on", i);
		assert_same_keys();
		world_end(&w);
	}
}

/* RFC 5191 §5.3: a Key-Id that the session had before. */
static void test_key_id_of_before(void **state)
{
	static const uint8_t one[4] = { 0, 0, 0, 1 };
	const struct wrong again = { 7, SET, PANA_AVP_KEY_ID, { one, 4 }, REJECT_KEY, "Key-Id" };

	(void)state;
	open_session();
	assert_int_equal(pac_keys(w.pac)->key_id, 1);
	world_event(&w, PAC_REAUTHENTICATE);
	for (unsigned n = 0; n < 6; n++) {
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	assert_flying(0, "PAR-C");
	struct flying good = world_take(&w, 0), bad = altered(&good, &again);
	assert_rejects(&bad, REJECT_KEY);
	world_deliver(&w, &good);
	world_settle(&w);
	assert_int_equal(pac_keys(w.pac)->key_id, 2);
	assert_same_keys();
	world_end(&w);
}

/* §5.5: a result before there was an initial exchange; messages that are for neither of them. */
static void test_wrong_receiver(void **state)
{
	static const uint8_t zero[4];
	struct element_value result = {
		.code = PANA_AVP_RESULT_CODE,
		.value = VIEW_OF(zero),
	};

	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	struct flying f = forge(false, PANA_AUTH, PANA_R | PANA_C, 0, 1, &result, 1);
	assert_rejects(&f, REJECT_STATE);
	f = forge(false, PANA_CLIENT_INITIATION, 0, 0, 0, NULL, 0);
	assert_rejects(&f, REJECT_STATE);
	world_settle(&w);
	uint32_t id = pac_session_id(w.pac);
	f = forge(true, PANA_AUTH, PANA_R | PANA_S, id, 1, NULL, 0);
	assert_rejects(&f, REJECT_STATE);
	f = forge(true, PANA_NOTIFICATION, PANA_A, id, 1, NULL, 0);
	assert_rejects(&f, REJECT_STATE);
	f = forge(false, PANA_NOTIFICATION, PANA_R | PANA_A, id, 1, NULL, 0);
	assert_rejects(&f, REJECT_STATE);
	assert_true(pac_open(w.pac));
	world_end(&w);
}

static void test_too_long(void **state)
{
	static uint8_t big[PANA_MESSAGE_MAX + 4];

	(void)state;
	open_session();
	actions_clear(&w.actions);
	assert_int_equal(paa_input(w.paa, &w.pac_config.local, NULL, VIEW_OF(big), w.now,
				 &w.actions),
		-1);
	assert_int_equal(pac_input(w.pac, &w.paa_config.local, VIEW_OF(big), w.now, &w.actions),
		-1);
	assert_int_equal(paa_rejected(w.paa, REJECT_RESOURCES), 1);
	assert_int_equal(pac_rejected(w.pac, REJECT_RESOURCES), 1);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_wrong_content),
		cmocka_unit_test(test_key_id_of_before),
		cmocka_unit_test(test_wrong_receiver),
		cmocka_unit_test(test_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
