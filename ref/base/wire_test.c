// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "ref/base/wire_break.h"
#include "ref/base/wire_reference.h"
#include "ref/base/wire_toy.h"

/* HELLO at level 5, Name "ab", Seal 01020304; an element's length counts its header of 6. */
static const uint8_t hello[] = {
	0x01, 0x00, 0x00, 0x00, 0x1c, 0x05, 0x00, 0x00,	      /* header: 28 octets */
	0x00, 0x01, 0x00, 0x00, 0x08, 0x00, 'a', 'b',	      /* Name */
	0x00, 0x09, 0x00, 0x00, 0x0a, 0x00, 1, 2, 3, 4, 0, 0, /* Seal */
};

static int decode(const uint8_t *octets, size_t size, struct packet *p, struct reject *r)
{
	memset(p, 0, sizeof(*p));
	memset(r, 0, sizeof(*r));
	return wire_decode(&toy_protocol, VIEW(octets, size), p, r);
}

static void test_decodes_what_is_written_down(void **state)
{
	struct packet p;
	struct reject r;

	(void)state;
	assert_int_equal(decode(hello, sizeof(hello), &p, &r), 0);
	assert_string_equal(p.message->name, "HELLO");
	assert_int_equal(p.header[TOY_LEVEL], 5);
	assert_int_equal(p.element_count, 2);
	assert_string_equal(p.elements[0].element->name, "Name");
	assert_int_equal(p.elements[0].value.size, 2);
	assert_memory_equal(p.elements[0].value.data, "ab", 2);
	assert_int_equal(p.elements[1].offset, 16);
	assert_int_equal(packet_uint(&p, 0, TOY_SEAL, 0), 0x01020304);
	assert_int_equal(packet_uint(&p, 0, TOY_PLACE, 77), 77);
}

static void test_encodes_the_same_octets(void **state)
{
	uint8_t buffer[64];
	struct packet p;
	struct reject r;
	struct writer w = writer_of(buffer, sizeof(buffer));

	(void)state;
	decode(hello, sizeof(hello), &p, &r);
	wire_encode(&p, &w);
	assert_int_equal(w.used, sizeof(hello));
	assert_memory_equal(buffer, hello, sizeof(hello));
}

static void test_does_not_write_past_the_buffer(void **state)
{
	uint8_t buffer[sizeof(hello)];
	struct packet p;
	struct reject r;

	(void)state;
	decode(hello, sizeof(hello), &p, &r);
	for (size_t size = 0; size < sizeof(hello); size++) {
		memset(buffer, 0xee, sizeof(buffer));
		struct writer w = writer_of(buffer, size);
		wire_encode(&p, &w);
		assert_true(w.failed);
		for (size_t i = size; i < sizeof(buffer); i++)
			assert_int_equal(buffer[i], 0xee);
	}
}

/* A length that its field cannot hold is no message. */
static void test_refuses_a_length_that_does_not_fit(void **state)
{
	static uint8_t big[70000], buffer[80000];
	struct packet p = packet_named(&toy_protocol, "HELLO");
	struct writer w = writer_of(buffer, sizeof(buffer));

	(void)state;
	packet_add(&p, 0, TOY_NAME, VIEW_OF(big));
	wire_encode(&p, &w);
	assert_true(w.failed);
}

static void assert_rejects(const uint8_t *octets, size_t size, enum reject_reason reason,
	const char *field, size_t offset)
{
	struct packet p;
	struct reject r;

	assert_int_equal(decode(octets, size, &p, &r), -1);
	assert_string_equal(reject_name(r.reason), reject_name(reason));
	assert_string_equal(r.field, field);
	assert_int_equal(r.offset, offset);
	assert_non_null(r.section);
}

static void test_names_field_and_offset(void **state)
{
	uint8_t bad[sizeof(hello)];

	(void)state;
	assert_rejects(hello, 3, REJECT_TRUNCATED, "Length", 3);
	assert_rejects(hello, sizeof(hello) - 1, REJECT_LENGTH, "Length", 3);
	memcpy(bad, hello, sizeof(hello));
	bad[5] = 10;
	assert_rejects(bad, sizeof(bad), REJECT_VALUE, "Level", 5);
	memcpy(bad, hello, sizeof(hello));
	bad[20] = 9; /* the Seal's length: its value is 3 octets, not 4 */
	assert_rejects(bad, sizeof(bad), REJECT_LENGTH, "Seal", 16);
	memcpy(bad, hello, sizeof(hello));
	bad[12] = 200;
	assert_rejects(bad, sizeof(bad), REJECT_LENGTH, "Name", 11);
}

/* Every breach of every message is rejected for the reason that the breaker names. */
static unsigned break_all(const struct packet *good)
{
	struct wire_breaker *b = malloc(sizeof(*b));
	struct wire_broken broken;
	unsigned count = 0;

	assert_non_null(b);
	assert_int_equal(wire_break_begin(b, good), 0);
	while (wire_break_next(b, &broken)) {
		struct packet p;
		struct reject r;
		count++;
		if (decode(broken.octets.data, broken.octets.size, &p, &r) == 0)
			fail_msg("%s: taken", broken.label);
		if (r.reason != broken.reason)
			fail_msg("%s: %s instead of %s", broken.label, reject_name(r.reason),
				reject_name(broken.reason));
		if (broken.field && (!r.field || strcmp(broken.field, r.field) != 0))
			fail_msg("%s: names %s", broken.label, r.field ? r.field : "nothing");
		if (broken.section && (!r.section || strcmp(broken.section, r.section) != 0))
			fail_msg("%s: cites %s", broken.label, r.section ? r.section : "nothing");
	}
	free(b);
	return count;
}

static void test_every_breach_is_found(void **state)
{
	uint8_t values[512];
	unsigned count = 0;

	(void)state;
	for (const struct message *m = toy_messages; m->name; m++)
		for (unsigned much = 0; much < 2; much++) {
			struct writer w = writer_of(values, sizeof(values));
			struct packet p = wire_sample(&toy_protocol, m, much, &w);
			count += break_all(&p);
		}
	assert_in_range(count, 100, 400);
}

static void test_samples_are_good(void **state)
{
	uint8_t values[512], buffer[1024];

	(void)state;
	for (const struct message *m = toy_messages; m->name; m++)
		for (unsigned much = 0; much < 2; much++) {
			struct writer v = writer_of(values, sizeof(values));
			struct writer w = writer_of(buffer, sizeof(buffer));
			struct packet p = wire_sample(&toy_protocol, m, much, &v), back;
			struct reject r;
			wire_encode(&p, &w);
			assert_false(w.failed);
			assert_int_equal(decode(buffer, w.used, &back, &r), 0);
			assert_ptr_equal(back.message, m);
			assert_int_equal(back.element_count, p.element_count);
		}
}

static void test_too_many_elements(void **state)
{
	static uint8_t buffer[2048];
	struct packet p = packet_named(&toy_protocol, "HELLO");
	struct reject r;

	(void)state;
	for (unsigned i = 0; i < WIRE_ELEMENTS_MAX; i++)
		assert_true(packet_add(&p, 0, TOY_NAME, view_text("a")));
	assert_false(packet_add(&p, 0, TOY_NAME, view_text("a")));
	struct writer w = writer_of(buffer, sizeof(buffer));
	wire_encode(&p, &w);
	/* one more by hand */
	memcpy(buffer + w.used, hello + 8, 8);
	size_t size = w.used + 8;
	buffer[3] = (uint8_t)(size >> 8);
	buffer[4] = (uint8_t)size;
	assert_int_equal(decode(buffer, size, &p, &r), -1);
	assert_int_equal(r.reason, REJECT_TOO_MANY);
}

static void test_text(void **state)
{
	char out[64];
	const struct element *place = protocol_element_named(&toy_protocol, "place");
	const struct element *colour = protocol_element(&toy_protocol, TOY_VENDOR, TOY_COLOUR);
	static const uint8_t address[] = { 192, 0, 2, 1 }, mac[] = { 2, 0, 0, 0, 0, 1 };
	static const uint8_t green[] = { 0, 2 }, six[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 };

	(void)state;
	assert_string_equal(field_text(&place->value[2], VIEW_OF(address), out, sizeof(out)),
		"192.0.2.1");
	assert_string_equal(field_text(&colour->value[0], VIEW_OF(green), out, sizeof(out)),
		"2 (green)");
	assert_string_equal(field_text(&colour->value[1], VIEW_OF(mac), out, sizeof(out)),
		"02:00:00:00:00:01");
	assert_string_equal(field_text(&colour->value[2], VIEW_OF(six), out, sizeof(out)),
		"2001:db8::1");
	assert_string_equal(header_text(&toy_header[TOY_FLAGS], 0xc001, out, sizeof(out)),
		"ASK|URGENT|0x1");
	assert_string_equal(header_text(&toy_header[TOY_TYPE], 2, out, sizeof(out)), "2 (offer)");
	const struct element *name = protocol_element_named(&toy_protocol, "Name");
	assert_string_equal(field_text(&name->value[0], view_text("a\"b"), out, sizeof(out)),
		"\"a\\x22b\"");
	/* never past the end of what it is given */
	assert_string_equal(field_text(&colour->value[1], VIEW_OF(mac), out, 6), "02:00");
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(protocol_header_named(&toy_protocol, "level"), TOY_LEVEL);
	assert_int_equal(protocol_header_named(&toy_protocol, "nothing"), -1);
	assert_null(protocol_element_named(&toy_protocol, "nothing"));
	assert_null(protocol_message_named(&toy_protocol, "nothing"));
	assert_null(packet_named(&toy_protocol, "nothing").message);
	assert_string_equal(field_value_name(&toy_header[TOY_TYPE], 1), "hello");
	assert_null(field_value_name(&toy_header[TOY_TYPE], 9));
}

static char *written(void (*write)(const struct protocol *, FILE *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	write(&toy_protocol, out);
	fclose(out);
	return text;
}

static void test_reference(void **state)
{
	char *text = written(wire_reference);

	(void)state;
	assert_non_null(strstr(text, "### OFFER: offer"));
	assert_non_null(strstr(text, "| Colour | 1 or more | toy 3.2 |"));
	assert_non_null(strstr(text, "| Floor | 1 | number | 3 to 12 |  | toy 2.2.1 |"));
	assert_non_null(strstr(text, "Code 3 of vendor 4711 (toy 2.3)."));
	assert_non_null(strstr(text, "- Ticket is 0 where Type is 1 (hello) (toy 3.1).\n"));
	assert_non_null(strstr(text, "- Seal is the last element (toy 3).\n"));
	free(text);
}

static void test_dictionary(void **state)
{
	char *text = written(wire_dictionary);

	(void)state;
	assert_non_null(strstr(text, "Name=\"\\x00\\x01\\x00\\x00\\x04\\x00\"\n"));
	assert_non_null(strstr(text, "green=\"\\x00\\x02\"\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decodes_what_is_written_down),
		cmocka_unit_test(test_encodes_the_same_octets),
		cmocka_unit_test(test_does_not_write_past_the_buffer),
		cmocka_unit_test(test_refuses_a_length_that_does_not_fit),
		cmocka_unit_test(test_names_field_and_offset),
		cmocka_unit_test(test_every_breach_is_found),
		cmocka_unit_test(test_samples_are_good),
		cmocka_unit_test(test_too_many_elements),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_dictionary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
