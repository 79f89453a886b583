// SPDX-License-Identifier: Apache-2.0
#include "ref/eap/eap_pair.h"
#include "ref/eap/eap_packet.h"

struct case_of_decode {
	const char *name;
	size_t size;
	uint8_t octets[16];
	enum reject_reason reason;
	struct eap_packet expected;
};

static const struct case_of_decode cases[] = {
	{ "empty", 0, { 0 }, REJECT_TRUNCATED, { 0 } },
	{ "three octets", 3, { 1, 2, 0 }, REJECT_TRUNCATED, { 0 } },
	{ "length below the header", 5, { 1, 2, 0, 3, 1 }, REJECT_LENGTH, { 0 } },
	{ "length beyond the packet", 5, { 1, 2, 0, 6, 1 }, REJECT_LENGTH, { 0 } },
	{ "code 0", 5, { 0, 2, 0, 5, 1 }, REJECT_TYPE, { 0 } },
	{ "code 5", 5, { 5, 2, 0, 5, 1 }, REJECT_TYPE, { 0 } },
	{ "request without a type", 4, { 1, 2, 0, 4 }, REJECT_TRUNCATED, { 0 } },
	{ "type 0", 5, { 1, 2, 0, 5, 0 }, REJECT_VALUE, { 0 } },
	{ "success with data", 5, { 3, 2, 0, 5, 1 }, REJECT_LENGTH, { 0 } },
	{ "failure", 4, { 4, 9, 0, 4 }, REJECT_NONE, { .code = 4, .identifier = 9 } },
	{ "success, padded", 6, { 3, 9, 0, 4, 7, 7 }, REJECT_NONE, { .code = 3, .identifier = 9 } },
	{ "identity", 5, { 1, 7, 0, 5, 1 }, REJECT_NONE,
		{ .code = 1, .identifier = 7, .type = 1 } },
	{ "identity, padded", 8, { 2, 7, 0, 6, 1, 'a', 0, 0 }, REJECT_NONE,
		{ .code = 2, .identifier = 7, .type = 1, .data = { (const uint8_t *)"a", 1 } } },
	{ "expanded, cut in the vendor type", 11, { 1, 7, 0, 11, 254, 0, 0, 9, 0, 0, 0 },
		REJECT_TRUNCATED, { 0 } },
	{ "expanded", 13, { 1, 7, 0, 13, 254, 1, 2, 3, 0, 0, 1, 4, 'x' }, REJECT_NONE,
		{ .code = 1, .identifier = 7, .vendor = 0x010203, .type = 260, .expanded = true,
			.data = { (const uint8_t *)"x", 1 } } },
	{ "expanded form of Nak", 12, { 2, 7, 0, 12, 254, 0, 0, 0, 0, 0, 0, 3 }, REJECT_NONE,
		{ .code = 2, .identifier = 7, .type = 3, .expanded = true } },
};

static void check_case(const struct case_of_decode *c)
{
	struct reject reject = { 0 };
	struct eap_packet packet;
	uint8_t room[32];
	struct writer w = writer_of(room, sizeof(room));
	int result = eap_decode(VIEW(c->octets, c->size), &packet, &reject);

	if (reject.reason != c->reason)
		print_error("%s: expected %s, was %s\n", c->name, reject_name(c->reason),
			reject_name(reject.reason));
	assert_int_equal(reject.reason, c->reason);
	assert_int_equal(result, c->reason ? -1 : 0);
	if (c->reason)
		return;
	assert_int_equal(packet.code, c->expected.code);
	assert_int_equal(packet.identifier, c->expected.identifier);
	assert_int_equal(packet.vendor, c->expected.vendor);
	assert_int_equal(packet.type, c->expected.type);
	assert_int_equal(packet.expanded, c->expected.expanded);
	assert_true(view_equal(packet.data, c->expected.data));
	/* and back: the same octets, but for the padding */
	eap_encode(&packet, &w);
	assert_true(view_equal(writer_view(&w), packet.whole));
}

static void test_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_case(&cases[i]);
}

static void test_encode_does_not_overflow(void **state)
{
	uint8_t room[8];
	struct writer w = writer_of(room, sizeof(room));
	struct eap_packet packet = { .code = EAP_CODE_REQUEST, .type = 1,
		.data = VIEW("12345", 5) };

	(void)state;
	eap_encode(&packet, &w);
	assert_true(w.failed);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(eap_type_by_name("EAP-TLS"), EAP_TYPE_TLS);
	assert_int_equal(eap_type_by_name("psk"), EAP_TYPE_PSK);
	assert_int_equal(eap_type_by_name("md5"), EAP_TYPE_MD5);
	assert_int_equal(eap_type_by_name("EAP-"), EAP_TYPE_NONE);
	assert_int_equal(eap_type_by_name(""), EAP_TYPE_NONE);
	assert_string_equal(eap_type_name(EAP_TYPE_TLS), "EAP-TLS");
	assert_string_equal(eap_type_name(99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_encode_does_not_overflow),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
