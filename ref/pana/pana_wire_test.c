// SPDX-License-Identifier: Apache-2.0
/* The tables against octets written down by hand, and against themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "ref/base/wire_break.h"
#include "ref/base/wire_reference.h"
#include "ref/pana/pana_wire.h"

/* RFC 5191 §6.2, §6.3: initial PAR, session 0x11223344, sequence 5, both SHA-1 algorithms. */
static const uint8_t initial_par[] = {
	0x00, 0x00, 0x00, 0x28, 0xc0, 0x00, 0x00, 0x02, 0x11, 0x22, 0x33, 0x44, 0x00, 0x00, 0x00,
	0x05, 0x00, 0x06, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x03,
	0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07,
};

static int decode(const uint8_t *octets, size_t size, struct packet *p, struct reject *r)
{
	memset(p, 0, sizeof(*p));
	memset(r, 0, sizeof(*r));
	return pana_decode(VIEW(octets, size), p, r);
}

static void test_initial_par(void **state)
{
	struct packet p;
	struct reject r;
	char text[16];

	(void)state;
	assert_int_equal(decode(initial_par, sizeof(initial_par), &p, &r), 0);
	assert_string_equal(p.message->title, "PANA-Auth-Request, initial");
	assert_string_equal(pana_text(&p, text, sizeof(text)), "PAR-S");
	assert_true(pana_is_request(&p));
	assert_int_equal(p.header[PANA_SESSION], 0x11223344);
	assert_int_equal(p.header[PANA_SEQUENCE], 5);
	assert_int_equal(packet_uint(&p, 0, PANA_AVP_PRF_ALGORITHM, 0), PANA_PRF_HMAC_SHA1);
	assert_int_equal(packet_uint(&p, 0, PANA_AVP_INTEGRITY_ALGORITHM, 0),
		PANA_AUTH_HMAC_SHA1_160);
	uint8_t buffer[64];
	struct writer w = writer_of(buffer, sizeof(buffer));
	wire_encode(&p, &w);
	assert_int_equal(w.used, sizeof(initial_par));
	assert_memory_equal(buffer, initial_par, w.used);
}

/* RFC 5191 §6.2: reserved bits and fields are ignored on receipt. */
static void test_ignores_reserved(void **state)
{
	uint8_t octets[sizeof(initial_par)];
	struct packet p;
	struct reject r;

	(void)state;
	memcpy(octets, initial_par, sizeof(octets));
	octets[0] = 0xff;  /* Reserved */
	octets[5] |= 0xff; /* flags r */
	octets[23] = 0x77; /* the AVP's Reserved */
	octets[19] = 0x01; /* an AVP flag that is not V */
	assert_int_equal(decode(octets, sizeof(octets), &p, &r), 0);
}

static void assert_rejected(unsigned type, unsigned flags, enum reject_reason reason)
{
	struct packet p = packet_of(&pana_protocol), back;
	uint8_t buffer[64];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct reject r;

	p.header[PANA_TYPE] = type;
	p.header[PANA_FLAGS] = flags;
	wire_encode(&p, &w);
	int result = decode(buffer, w.used, &back, &r);
	if (reason == REJECT_NONE && result < 0)
		fail_msg("type %u flags %04x: %s", type, flags, reject_name(r.reason));
	if (reason != REJECT_NONE && r.reason != reason)
		fail_msg("type %u flags %04x: %s", type, flags, reject_name(r.reason));
}

static void test_flags(void **state)
{
	(void)state;
	assert_rejected(PANA_CLIENT_INITIATION, 0, REJECT_NONE);
	assert_rejected(PANA_CLIENT_INITIATION, PANA_E, REJECT_NONE);
	assert_rejected(PANA_CLIENT_INITIATION, PANA_S, REJECT_FLAGS);
	assert_rejected(PANA_CLIENT_INITIATION, PANA_R, REJECT_FLAGS);
	/* §7.2: never both S and C */
	assert_rejected(PANA_AUTH, PANA_R | PANA_S | PANA_C, REJECT_FLAGS);
	assert_rejected(PANA_AUTH, PANA_S | PANA_C, REJECT_FLAGS);
	assert_rejected(PANA_AUTH, PANA_R | PANA_A, REJECT_FLAGS);
	assert_rejected(PANA_AUTH, PANA_R | PANA_I, REJECT_NONE);
	assert_rejected(PANA_AUTH, PANA_I, REJECT_FLAGS); /* §6.2: I in PAR only */
	/* §7.6: exactly one of A and P */
	assert_rejected(PANA_NOTIFICATION, PANA_R, REJECT_FLAGS);
	assert_rejected(PANA_NOTIFICATION, PANA_R | PANA_A | PANA_P, REJECT_FLAGS);
	assert_rejected(PANA_NOTIFICATION, PANA_A, REJECT_NONE);
	assert_rejected(PANA_NOTIFICATION, PANA_R | PANA_P | PANA_E, REJECT_NONE);
	assert_rejected(PANA_TERMINATION, PANA_R | PANA_S, REJECT_FLAGS);
	assert_rejected(PANA_TERMINATION, PANA_R, REJECT_MISSING);
	assert_rejected(PANA_TERMINATION, 0, REJECT_NONE);
	assert_rejected(PANA_AUTH, PANA_R | PANA_C, REJECT_MISSING); /* Result-Code */
	assert_rejected(0, 0, REJECT_TYPE);
	assert_rejected(6, 0, REJECT_TYPE);
}

/* RFC 5191 §7.1 */
static void test_pci_has_no_session(void **state)
{
	uint8_t pci[] = { 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1 };
	struct packet p;
	struct reject r;

	(void)state;
	assert_int_equal(decode(pci, sizeof(pci), &p, &r), -1);
	assert_int_equal(r.reason, REJECT_VALUE);
	assert_string_equal(r.field, "Sequence Number");
	assert_string_equal(r.section, "RFC 5191 §7.1");
	pci[15] = 0;
	assert_int_equal(decode(pci, sizeof(pci), &p, &r), 0);
	pci[11] = 9;
	assert_int_equal(decode(pci, sizeof(pci), &p, &r), -1);
	assert_string_equal(r.field, "Session Identifier");
}

/* RFC 5191 §6.3: values are padded, the length does not count the padding, nor the vendor. */
static void test_padding_and_vendor(void **state)
{
	static const uint8_t status[] = { 0x00, 0x07, 0x00, 0x00, 'o', 'k' };
	struct packet p = packet_named(&pana_protocol, "PNR"), back;
	uint8_t buffer[64];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct reject r;
	static const uint8_t expected[] = { 0x00, 0x08, 0x80, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00,
		0x00, 0x7e, 0xd9, 0x00, 0x07, 0x00, 0x00, 'o', 'k', 0x00, 0x00 };

	(void)state;
	packet_add(&p, PANA_VENDOR, PANA_MPA_HANDOVER_STATUS, VIEW_OF(status));
	wire_encode(&p, &w);
	assert_int_equal(w.used, 16 + sizeof(expected));
	assert_memory_equal(buffer + 16, expected, sizeof(expected));
	assert_int_equal(decode(buffer, w.used, &back, &r), 0);
	assert_string_equal(back.elements[0].element->name, "Handover-Status");
	assert_int_equal(back.elements[0].value.size, 6);
}

static unsigned break_all(const struct packet *good)
{
	struct wire_breaker *b = malloc(sizeof(*b));
	struct wire_broken broken;
	unsigned count = 0;

	assert_non_null(b);
	if (wire_break_begin(b, good) < 0)
		fail_msg("%s is no good packet", good->message->title);
	for (; wire_break_next(b, &broken); count++) {
		struct packet p;
		struct reject r;
		if (decode(broken.octets.data, broken.octets.size, &p, &r) == 0)
			fail_msg("%s, %s: taken", good->message->title, broken.label);
		if (r.reason != broken.reason ||
			(broken.field && strcmp(r.field, broken.field) != 0))
			fail_msg("%s, %s: %s of %s instead of %s", good->message->title,
				broken.label, reject_name(r.reason), r.field,
				reject_name(broken.reason));
	}
	free(b);
	return count;
}

static void test_every_breach_of_every_message(void **state)
{
	static uint8_t values[8192];
	unsigned count = 0;

	(void)state;
	for (const struct message *m = pana_protocol.messages; m->name; m++)
		for (unsigned much = 0; much < 2; much++) {
			struct writer w = writer_of(values, sizeof(values));
			struct packet p = wire_sample(&pana_protocol, m, much, &w);
			count += break_all(&p);
		}
	assert_in_range(count, 800, 3000);
}

static void test_reference_names_every_avp(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	wire_reference(&pana_protocol, out);
	fclose(out);
	for (const struct element *e = pana_protocol.elements; e->name; e++)
		assert_non_null(strstr(text, e->name));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initial_par),
		cmocka_unit_test(test_ignores_reserved),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_pci_has_no_session),
		cmocka_unit_test(test_padding_and_vendor),
		cmocka_unit_test(test_every_breach_of_every_message),
		cmocka_unit_test(test_reference_names_every_avp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
