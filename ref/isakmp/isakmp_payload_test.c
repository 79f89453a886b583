// SPDX-License-Identifier: Apache-2.0
/* What stands inside payloads: offers that are not what they say, and selectors that are no network. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/isakmp/isakmp_payload.h"

#define BODY_MAX 512

static struct isakmp_offers found;

/* One offer of ESP by AES-GCM, of that proposal. */
static struct isakmp_offer offer(uint8_t proposal, uint8_t protocol)
{
	struct isakmp_offer o = { .proposal = proposal, .protocol = protocol, .spi_size = 4,
		.spi = { 0xca, 0xfe, 0, proposal }, .transform = 1, .id = ISAKMP_ESP_AES_GCM_16,
		.count = 2 };

	o.attributes[0] = (struct isakmp_attribute){ ISAKMP_IPSEC_MODE, 0, ISAKMP_MODE_TUNNEL };
	o.attributes[1] = (struct isakmp_attribute){ ISAKMP_IPSEC_KEY_LENGTH, 0, 256 };
	return o;
}

static int decode(const uint8_t *body, size_t size, struct reject *reject)
{
	const struct element_value e = { .code = ISAKMP_PAYLOAD_SA, .value = VIEW(body, size) };

	return isakmp_decode_sa(&e, &found, reject);
}

static size_t encode(const struct isakmp_offers *offers, uint8_t body[BODY_MAX])
{
	struct writer w = writer_of(body, BODY_MAX);

	isakmp_encode_sa(offers, &w);
	assert_false(w.failed);
	return w.used;
}

/* RFC 2408 §4.2: proposals of one number are wanted together, so none of them can be had alone. */
static void test_proposals_that_go_together(void **state)
{
	struct isakmp_offers offers = { 3, { offer(1, ISAKMP_PROTO_ESP), offer(2, ISAKMP_PROTO_ESP),
						   offer(2, ISAKMP_PROTO_AH) } };
	struct isakmp_terms terms;
	struct ike_suite suite;
	uint8_t body[BODY_MAX];

	(void)state;
	assert_int_equal(decode(body, encode(&offers, body), NULL), 0);
	assert_int_equal(found.count, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(found.list[i].combined, i > 0);
		assert_int_equal(isakmp_read_offer(&found.list[i], &suite, &terms), i == 0);
	}
	assert_true(isakmp_read_offer(&found.list[0], &suite, &terms));
	assert_int_equal(suite.encr, IKE_ENCR_AES_GCM_16);
	assert_int_equal(suite.key_bits, 256);
}

/* An SPI of up to 16 octets can stand there (RFC 2408 §3.5); a longer one is none of anybody's. */
static void test_size_of_spi(void **state)
{
	struct isakmp_offers offers = { 1, { offer(1, ISAKMP_PROTO_ESP) } };
	uint8_t body[BODY_MAX];

	(void)state;
	for (unsigned size = 0; size <= 255; size++) {
		struct reject reject = { 0 };
		struct writer w = writer_of(body, BODY_MAX);
		uint8_t one[BODY_MAX];
		offers.list[0].spi_size = 0;
		size_t whole = encode(&offers, one);
		/* DOI and situation, the head of the proposal, then the SPI in front of the transform */
		write_bytes(&w, one, 16);
		for (unsigned i = 0; i < size; i++)
			write_u8(&w, 0x55);
		write_bytes(&w, one + 16, whole - 16);
		write_uint_at(&w, 10, whole - 8 + size, 2);
		write_uint_at(&w, 14, size, 1);
		assert_int_equal(decode(body, w.used, &reject), size <= ISAKMP_SPI_MAX ? 0 : -1);
		if (size > ISAKMP_SPI_MAX)
			assert_string_equal(reject.field, "SPI Size");
		else
			assert_int_equal(found.list[0].spi_size, size);
	}
}

static int selector(uint8_t type, const uint8_t *octets, size_t size, struct ike_ts *out)
{
	uint8_t body[64] = { type };
	const struct element_value e = { .code = ISAKMP_PAYLOAD_ID, .value = VIEW(body, 4 + size) };

	memcpy(body + 4, octets, size);
	return isakmp_read_selector(&e, out, NULL);
}

/* RFC 2407 §4.6.2.4: a mask of ones, then zeros. */
static void test_masks(void **state)
{
	static const uint8_t good[] = { 10, 1, 2, 3, 255, 255, 0, 0 },
		gap[] = { 10, 1, 2, 3, 255, 0, 255, 0 }, odd[] = { 10, 1, 2, 3, 255, 255, 0, 1 },
		all[] = { 10, 1, 2, 3, 255, 255, 255, 255 }, down[] = { 10, 1, 2, 3, 10, 1, 2, 2 };
	static const uint8_t first[] = { 10, 1, 0, 0 }, last[] = { 10, 1, 255, 255 };
	struct ike_ts ts;

	(void)state;
	assert_int_equal(selector(ISAKMP_ID_IPV4_ADDR_SUBNET, good, 8, &ts), 0);
	assert_memory_equal(ts.start, first, 4);
	assert_memory_equal(ts.end, last, 4);
	assert_int_equal(selector(ISAKMP_ID_IPV4_ADDR_SUBNET, gap, 8, &ts), -1);
	assert_int_equal(selector(ISAKMP_ID_IPV4_ADDR_SUBNET, odd, 8, &ts), -1);
	assert_int_equal(selector(ISAKMP_ID_IPV4_ADDR_SUBNET, all, 8, &ts), 0);
	assert_memory_equal(ts.start, all, 4);
	assert_memory_equal(ts.end, all, 4);
	assert_int_equal(selector(ISAKMP_ID_IPV4_ADDR_RANGE, down, 8, &ts), -1);
	assert_int_equal(selector(ISAKMP_ID_IPV4_ADDR_SUBNET, good, 7, &ts), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proposals_that_go_together),
		cmocka_unit_test(test_size_of_spi),
		cmocka_unit_test(test_masks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
