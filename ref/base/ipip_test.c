// SPDX-License-Identifier: Apache-2.0
/* IP-in-IP: cut short and altered everywhere. What each rule says is in vectors/tunnelled-change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/base/ipip.h"
#include "ref/base/writer.h"

#define OLD 0xc000020au
#define NEW 0xc633640au
#define PEER 0xcb007114u
#define SIZE (2 * IPV4_HEADER_MIN + 12)

static const uint16_t ports[IPIP_PORTS] = { 500, 4500 };

static void write_header(struct writer *w, uint16_t length, uint8_t protocol, uint32_t source)
{
	uint32_t words[] = { 0x4500, length, 0, 0, 0x4000u | protocol, 0, source >> 16,
		source & 0xffff, PEER >> 16, PEER & 0xffff };
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	words[5] = ~(sum + (sum >> 16)) & 0xffff;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		write_u16(w, (uint16_t)words[i]);
}

/* UDP of that port in a tunnel, or ESP (port 0). */
static void make(uint8_t octets[SIZE], uint16_t port)
{
	struct writer w = writer_of(octets, SIZE);

	write_header(&w, SIZE, IPIP_PROTOCOL, NEW);
	write_header(&w, SIZE - IPV4_HEADER_MIN, port ? 17 : 50, OLD);
	write_u16(&w, 500);
	write_u16(&w, port);
	write_u16(&w, 12);
	write_zero(&w, 6);
	assert_false(w.failed);
	assert_int_equal(w.used, SIZE);
}

static void test_what_is_let_through(void **state)
{
	static const struct {
		uint16_t port;
		const char *name;
	} rows[] = { { 0, "ESP" }, { 500, "IKE" }, { 4500, "NAT-T" }, { 501, NULL } };
	uint8_t octets[SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reject reject = { 0 };
		struct ipip_packet p;
		make(octets, rows[i].port);
		int result = ipip_decode(VIEW_OF(octets), ports, &p, &reject);
		assert_int_equal(result, rows[i].name ? 0 : -1);
		if (rows[i].name)
			assert_string_equal(p.inside->name, rows[i].name);
		else
			assert_int_equal(reject.reason, REJECT_VALUE);
		assert_int_equal(p.outer.source, NEW);
		assert_int_equal(p.inner.source, OLD);
		assert_int_equal(p.inner.payload.size, 12);
	}
}

static void test_cut_and_altered(void **state)
{
	uint8_t octets[SIZE];
	struct ipip_packet p;

	(void)state;
	make(octets, 500);
	for (size_t size = 0; size < SIZE; size++) {
		struct reject reject = { 0 };
		assert_int_equal(ipip_decode(VIEW(octets, size), ports, &p, &reject), -1);
		assert_int_not_equal(reject.reason, REJECT_NONE);
	}
	/* the checksums see each bit of both headers */
	for (size_t bit = 0; bit < 2 * IPV4_HEADER_MIN * 8; bit++) {
		octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(ipip_decode(VIEW_OF(octets), ports, &p, NULL), -1);
		octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(ipip_decode(VIEW_OF(octets), ports, &p, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_let_through),
		cmocka_unit_test(test_cut_and_altered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
