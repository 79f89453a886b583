// SPDX-License-Identifier: Apache-2.0
/* Child SAs as states of the kernel: which suite, mode, addresses and ports, whose keys. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ref/node/child_sa.h"

static struct endpoint at(const char *text, uint16_t port)
{
	struct endpoint e;

	assert_int_equal(endpoint_parse(text, port, &e), 0);
	return e;
}

/* Keys of which every octet is another one. */
static struct ike_child_info child(const struct ike_suite *suite)
{
	struct ike_child_info c = { .spi_in = 0x1001, .spi_out = 0x2002, .suite = *suite };

	ike_suite_sizes(suite, &c.sizes);
	for (size_t i = 0; i < c.sizes.encr; i++) {
		c.encr_in[i] = (uint8_t)(i + 1);
		c.encr_out[i] = (uint8_t)(i + 65);
	}
	for (size_t i = 0; i < c.sizes.integ; i++) {
		c.integ_in[i] = (uint8_t)(i + 129);
		c.integ_out[i] = (uint8_t)(i + 193);
	}
	return c;
}

/* The sizes of keys are those in ref/host/ipsec.h; what is behind them stays zero. */
static void test_suites(void **state)
{
	static const struct {
		struct ike_suite ike;
		enum esp_suite esp;
		size_t encryption, integrity;
	} rows[] = {
		{ { .encr = IKE_ENCR_AES_GCM_16, .key_bits = 128 }, ESP_AES_GCM_16_128, 20, 0 },
		{ { .encr = IKE_ENCR_AES_GCM_16, .key_bits = 256 }, ESP_AES_GCM_16_256, 36, 0 },
		{ { .encr = IKE_ENCR_AES_CBC, .key_bits = 128, .integ = IKE_INTEG_HMAC_SHA1_96 },
			ESP_AES_CBC_128_SHA1, 16, 20 },
		{ { .encr = IKE_ENCR_AES_CBC, .key_bits = 256, .integ = IKE_INTEG_HMAC_SHA1_96 },
			ESP_AES_CBC_256_SHA1, 32, 20 },
		{ { .encr = IKE_ENCR_AES_CBC, .key_bits = 128, .integ = IKE_INTEG_HMAC_SHA2_256_128 },
			ESP_AES_CBC_128_SHA256, 16, 32 },
		{ { .encr = IKE_ENCR_AES_CBC, .key_bits = 256, .integ = IKE_INTEG_HMAC_SHA2_256_128 },
			ESP_AES_CBC_256_SHA256, 32, 32 },
		{ { .encr = IKE_ENCR_AES_CBC, .key_bits = 128, .integ = IKE_INTEG_HMAC_SHA2_384_192 },
			ESP_AES_CBC_128_SHA384, 16, 48 },
		{ { .encr = IKE_ENCR_AES_CBC, .key_bits = 256, .integ = IKE_INTEG_HMAC_SHA2_384_192 },
			ESP_AES_CBC_256_SHA384, 32, 48 },
		{ { .encr = IKE_ENCR_AES_CBC, .key_bits = 128, .integ = IKE_INTEG_HMAC_SHA2_512_256 },
			ESP_AES_CBC_128_SHA512, 16, 64 },
		{ { .encr = IKE_ENCR_AES_CBC, .key_bits = 256, .integ = IKE_INTEG_HMAC_SHA2_512_256 },
			ESP_AES_CBC_256_SHA512, 32, 64 },
		{ { .encr = IKE_ENCR_NULL, .integ = IKE_INTEG_HMAC_SHA2_256_128 }, ESP_NULL_SHA256, 0,
			32 },
	};
	static const uint8_t zero[ESP_INTEGRITY_MAX];
	struct endpoint local = at("192.0.2.1", 500), peer = at("198.51.100.1", 500);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ike_child_info c = child(&rows[i].ike);
		size_t e = rows[i].encryption, n = rows[i].integrity;
		struct esp_sa in, out;
		assert_int_equal(c.sizes.encr, e);
		assert_int_equal(c.sizes.integ, n);
		assert_null(child_sa_states(&c, &local, &peer, &in, &out));
		assert_int_equal(in.suite, rows[i].esp);
		assert_int_equal(out.suite, rows[i].esp);
		assert_memory_equal(in.encryption, c.encr_in, e);
		assert_memory_equal(out.encryption, c.encr_out, e);
		assert_memory_equal(in.integrity, c.integ_in, n);
		assert_memory_equal(out.integrity, c.integ_out, n);
		assert_memory_equal(in.encryption + e, zero, ESP_ENCRYPTION_MAX - e);
		assert_memory_equal(out.encryption + e, zero, ESP_ENCRYPTION_MAX - e);
	}
}

/* What comes in comes from the peer, with the SPI that we chose. */
static void test_place(void **state)
{
	const struct ike_suite suite = { .encr = IKE_ENCR_AES_GCM_16, .key_bits = 256 };
	struct endpoint local = at("192.0.2.1", 4500), peer = at("198.51.100.1", 14500);
	struct prefix here = prefix_of_endpoint(&local), there = prefix_of_endpoint(&peer);
	struct esp_sa in, out;

	(void)state;
	for (int n = 0; n < 4; n++) {
		struct ike_child_info c = child(&suite);
		c.transport = n & 1;
		c.encapsulated = n & 2;
		assert_null(child_sa_states(&c, &local, &peer, &in, &out));
		assert_int_equal(in.mode, n & 1 ? ESP_TRANSPORT : ESP_TUNNEL);
		assert_int_equal(out.mode, in.mode);
		assert_true(address_equal(&in.source, &there) && address_equal(&in.destination, &here));
		assert_true(
			address_equal(&out.source, &here) && address_equal(&out.destination, &there));
		assert_int_equal(in.spi, 0x1001);
		assert_int_equal(out.spi, 0x2002);
		assert_int_equal(in.source_port, n & 2 ? 14500 : 0);
		assert_int_equal(in.destination_port, n & 2 ? 4500 : 0);
		assert_int_equal(out.source_port, n & 2 ? 4500 : 0);
		assert_int_equal(out.destination_port, n & 2 ? 14500 : 0);
	}
}

static struct ike_ts range(const char *from, const char *to)
{
	struct endpoint start = at(from, 0), end = at(to, 0);
	struct ike_ts ts = { .type = start.family == AF_INET6 ? IKE_TS_IPV6_ADDR_RANGE
							      : IKE_TS_IPV4_ADDR_RANGE,
		.end_port = 65535 };

	memcpy(ts.start, start.address, 16);
	memcpy(ts.end, end.address, 16);
	return ts;
}

static void test_prefixes(void **state)
{
	static const struct {
		const char *from, *to;
		int length; /* -1: none */
	} rows[] = {
		{ "0.0.0.0", "255.255.255.255", 0 },
		{ "10.1.0.0", "10.1.255.255", 16 },
		{ "10.1.2.3", "10.1.2.3", 32 },
		{ "10.1.2.2", "10.1.2.3", 31 },
		{ "10.1.2.3", "10.1.2.4", -1 },
		{ "10.1.2.1", "10.1.2.3", -1 }, /* begins within */
		{ "10.1.2.0", "10.1.2.2", -1 }, /* ends within */
		{ "2001:db8::", "2001:db8::ffff", 112 },
		{ "2001:db8::1", "2001:db8::1", 128 },
		{ "2001:db8::1", "2001:db8::2", -1 },
	};
	struct prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ike_ts ts = range(rows[i].from, rows[i].to);
		assert_int_equal(child_sa_prefix(&ts, &p), rows[i].length >= 0);
		if (rows[i].length >= 0)
			assert_int_equal(p.length, rows[i].length);
		ts.end_port = 1023;
		assert_false(child_sa_prefix(&ts, &p));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
