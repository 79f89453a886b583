// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ref/dhcp/dhcp_frame.h"
#include "ref/dhcp/dhcp_packet.h"

static const uint8_t four[4] = { 192, 0, 2, 1 }, lease[4] = { 0, 0, 14, 16 };

static struct dhcp_packet good_offer(void)
{
	struct dhcp_packet p = dhcp_packet_of(DHCP_OFFER);

	p.packet.header[DHCP_XID] = 0x01020304;
	p.packet.header[DHCP_YIADDR] = 0xc0000264;
	dhcp_add(&p, DHCP_OPTION_SERVER_ID, VIEW_OF(four));
	dhcp_add(&p, DHCP_OPTION_LEASE_TIME, VIEW_OF(lease));
	return p;
}

static size_t encode(const struct dhcp_packet *p, uint8_t *room, size_t size)
{
	struct writer w = writer_of(room, size);
	dhcp_encode(p, &w);
	assert_false(w.failed);
	return writer_view(&w).size;
}

static void expect(const uint8_t *octets, size_t size, enum reject_reason reason)
{
	struct reject reject = { 0 };
	struct dhcp_packet p;
	int result = dhcp_decode(VIEW(octets, size), &p, &reject);

	if (reject.reason != reason)
		print_error("expected %s, was %s (%s at %zu)\n", reject_name(reason),
			reject_name(reject.reason), reject.field, reject.offset);
	assert_int_equal(reject.reason, reason);
	assert_int_equal(result, reason ? -1 : 0);
}

static void test_round_trip(void **state)
{
	uint8_t room[1500], again[1500];
	struct dhcp_packet p = good_offer(), q;

	(void)state;
	dhcp_add(&p, DHCP_OPTION_ROUTER, VIEW("\300\0\2\1\300\0\2\2", 8));
	dhcp_add(&p, DHCP_OPTION_DOMAIN_NAME, view_text("example.net"));
	memcpy(p.chaddr, "\2\0\0\0\0\1", 6);
	p.file = view_text("boot");
	size_t size = encode(&p, room, sizeof(room));
	assert_int_equal(size, DHCP_MESSAGE_MIN);
	assert_int_equal(room[0], DHCP_BOOTREPLY);
	assert_memory_equal(room + 236, "\143\202\123\143", 4);
	assert_int_equal(dhcp_decode(VIEW(room, size), &q, NULL), 0);
	assert_string_equal(q.packet.message->name, "DHCPOFFER");
	assert_int_equal(q.packet.header[DHCP_XID], 0x01020304);
	assert_int_equal(dhcp_option_address(&q, DHCP_OPTION_ROUTER), 0xc0000201);
	assert_int_equal(dhcp_type(&q), DHCP_OFFER);
	assert_int_equal(encode(&q, again, sizeof(again)), size);
	assert_memory_equal(room, again, size);
}

static void test_structure(void **state)
{
	struct dhcp_packet p = good_offer();
	uint8_t room[1500], kept[1500];
	size_t size = encode(&p, room, sizeof(room));

	(void)state;
	memcpy(kept, room, sizeof(room));
	expect(room, size, REJECT_NONE);
	for (size_t cut = 0; cut < DHCP_FIXED_SIZE; cut++)
		expect(room, cut, REJECT_TRUNCATED);
	expect(room, DHCP_FIXED_SIZE, REJECT_MISSING);
#define CHANGED(at, value, reason)                                                                 \
	do {                                                                                       \
		room[at] = value;                                                                  \
		expect(room, size, reason);                                                        \
		room[at] = kept[at];                                                               \
	} while (0)
	CHANGED(0, 0, REJECT_VALUE);
	CHANGED(0, 3, REJECT_VALUE);
	CHANGED(2, 17, REJECT_VALUE);
	CHANGED(236, 0, REJECT_VALUE);
	CHANGED(241, 2, REJECT_TRUNCATED); /* the message type swallows the next code */
	CHANGED(242, 9, REJECT_TYPE);
	CHANGED(242, 0, REJECT_TYPE);
	CHANGED(240, 200, REJECT_MISSING); /* no message type */
	CHANGED(243, 200, REJECT_MISSING); /* no server identifier */
	CHANGED(249, 200, REJECT_MISSING); /* no lease time */
	CHANGED(249, DHCP_OPTION_SERVER_ID, REJECT_REPEATED);
	CHANGED(250, 200, REJECT_TRUNCATED);
#undef CHANGED
	memset(room + 251, 0, 4); /* a lease of no time */
	expect(room, size, REJECT_VALUE);
}

static void test_values(void **state)
{
	uint8_t room[1500];
	struct dhcp_packet p = good_offer();

	(void)state;
	dhcp_add(&p, DHCP_OPTION_ROUTER, VIEW("\300\0\2\1\300", 5));
	expect(room, encode(&p, room, sizeof(room)), REJECT_LENGTH);
	p = good_offer();
	dhcp_add(&p, DHCP_OPTION_MTU, VIEW("\5\334\0", 3));
	expect(room, encode(&p, room, sizeof(room)), REJECT_LENGTH);
	p = good_offer();
	dhcp_add(&p, DHCP_OPTION_MTU, VIEW("\0\5", 2));
	expect(room, encode(&p, room, sizeof(room)), REJECT_VALUE);
	p = good_offer();
	dhcp_add(&p, DHCP_OPTION_DNS, VIEW("\300\0\2", 3));
	expect(room, encode(&p, room, sizeof(room)), REJECT_LENGTH);
}

/* RFC 3396: a long option is several, and their values are one. */
static void test_long_option(void **state)
{
	uint8_t room[1500], value[600], out[600];
	struct dhcp_packet p = good_offer(), q;

	(void)state;
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)i;
	dhcp_add(&p, 200, VIEW_OF(value));
	size_t size = encode(&p, room, sizeof(room));
	assert_int_equal(dhcp_decode(VIEW(room, size), &q, NULL), 0);
	assert_int_equal(dhcp_option_copy(&q, 200, out, sizeof(out)), 600);
	assert_memory_equal(out, value, sizeof(value));
	assert_int_equal(dhcp_option_copy(&q, 200, out, 300), 600);
	assert_int_equal(dhcp_option_copy(&q, 201, out, sizeof(out)), -1);
}

/* RFC 2132 §9.3 */
static void test_overload(void **state)
{
	static const uint8_t both[] = { 3 };
	static const uint8_t file[] = { DHCP_OPTION_DOMAIN_NAME, 1, 'a', DHCP_OPTION_END };
	static const uint8_t sname[] = { DHCP_OPTION_DOMAIN_NAME, 1, 'b', DHCP_OPTION_END };
	uint8_t room[1500];
	char out[8] = { 0 };
	struct dhcp_packet p = good_offer(), q;

	(void)state;
	p.file = VIEW_OF(file);
	p.sname = VIEW_OF(sname);
	size_t size = encode(&p, room, sizeof(room));
	assert_int_equal(dhcp_decode(VIEW(room, size), &q, NULL), 0);
	assert_int_equal(dhcp_option_copy(&q, DHCP_OPTION_DOMAIN_NAME, out, 8), -1);
	dhcp_add(&p, DHCP_OPTION_OVERLOAD, VIEW_OF(both));
	size = encode(&p, room, sizeof(room));
	assert_int_equal(dhcp_decode(VIEW(room, size), &q, NULL), 0);
	assert_int_equal(dhcp_option_copy(&q, DHCP_OPTION_DOMAIN_NAME, out, 8), 2);
	assert_string_equal(out, "ab"); /* file before sname (RFC 3396 §5) */
	room[108 + 1] = 200;
	expect(room, size, REJECT_TRUNCATED);
}

static void test_too_many_options(void **state)
{
	uint8_t room[1500];
	struct dhcp_packet p = good_offer();
	size_t size = encode(&p, room, sizeof(room)), at = 255;

	(void)state;
	assert_int_equal(room[at], DHCP_OPTION_END);
	for (int i = 0; i <= WIRE_ELEMENTS_MAX; i++) {
		room[at++] = 200;
		room[at++] = 0;
	}
	room[at++] = DHCP_OPTION_END;
	expect(room, at > size ? at : size, REJECT_TOO_MANY);
}

static void test_encode_stays_inside(void **state)
{
	uint8_t room[DHCP_MESSAGE_MIN];
	struct dhcp_packet p = good_offer();

	(void)state;
	for (size_t size = 0; size < DHCP_MESSAGE_MIN; size++) {
		struct writer w = writer_of(room, size);
		dhcp_encode(&p, &w);
		assert_true(w.failed);
	}
}

/* A frame that tcpdump and tshark call correct. */
static void test_frame(void **state)
{
	static const uint8_t from[6] = { 2, 0, 0, 0, 0, 1 };
	static const uint8_t to[6] = { 255, 255, 255, 255, 255, 255 };
	struct endpoint local, peer, sender;
	uint8_t room[256], kept[256];
	struct writer w = writer_of(room, sizeof(room));
	struct view payload;

	(void)state;
	endpoint_parse("0.0.0.0:68", 0, &local);
	endpoint_parse("255.255.255.255:67", 0, &peer);
	dhcp_frame_encode(from, to, &local, &peer, VIEW("odd", 3), &w);
	assert_false(w.failed);
	size_t size = writer_view(&w).size;
	assert_int_equal(size, DHCP_FRAME_OVERHEAD + 3);
	assert_memory_equal(room + 24, "\x7a\xcf", 2); /* worked out by hand: 45001f.. */
	assert_int_equal(dhcp_frame_decode(VIEW(room, size), 67, true, &payload, &sender, NULL), 0);
	assert_true(view_equal(payload, VIEW("odd", 3)));
	assert_true(endpoint_equal(&sender, &local));
	/* padding behind the packet */
	assert_int_equal(dhcp_frame_decode(VIEW(room, 60), 67, true, &payload, &sender, NULL), 0);
	assert_int_equal(payload.size, 3);

	memcpy(kept, room, sizeof(room));
	static const struct {
		size_t at;
		uint8_t value;
		enum reject_reason reason;
	} cases[] = {
		{ 12, 0x86, REJECT_TYPE },	{ 14, 0x65, REJECT_VERSION },
		{ 14, 0x44, REJECT_VERSION },	{ 17, 200, REJECT_LENGTH },
		{ 17, 19, REJECT_LENGTH },	{ 22, 63, REJECT_INTEGRITY },
		{ 37, 69, REJECT_ADDRESS },	{ 39, 7, REJECT_LENGTH },
		{ 39, 200, REJECT_LENGTH },	{ 42, 'O', REJECT_INTEGRITY },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reject reject = { 0 };
		memcpy(room, kept, sizeof(room));
		room[cases[i].at] = cases[i].value;
		dhcp_frame_decode(VIEW(room, size), 67, true, &payload, &sender, &reject);
		if (reject.reason != cases[i].reason)
			print_error("octet %zu: expected %s, was %s\n", cases[i].at,
				reject_name(cases[i].reason), reject_name(reject.reason));
		assert_int_equal(reject.reason, cases[i].reason);
	}
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(dhcp_frame_decode(VIEW(kept, cut), 67, true, &payload, &sender,
			NULL), -1);
	/* from the same machine: the UDP checksum is not there yet */
	memcpy(room, kept, sizeof(room));
	room[40] ^= 1;
	struct view frame = VIEW(room, size);
	assert_int_equal(dhcp_frame_decode(frame, 67, true, &payload, &sender, NULL), -1);
	assert_int_equal(dhcp_frame_decode(frame, 67, false, &payload, &sender, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_long_option),
		cmocka_unit_test(test_overload),
		cmocka_unit_test(test_too_many_options),
		cmocka_unit_test(test_encode_stays_inside),
		cmocka_unit_test(test_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
