// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "ref/ike/ike_dh.h"
#include "ref/ike/ike_keys.h"

static struct view hex(const char *text, uint8_t *out)
{
	size_t n = 0;
	for (; *text; text++) {
		unsigned octet;
		if (*text == ' ')
			continue;
		assert_int_equal(sscanf(text++, "%2x", &octet), 1);
		out[n++] = (uint8_t)octet;
	}
	return VIEW(out, n);
}

/* Secret and the other's public value give our public value and the shared secret. */
static void known_answer(uint16_t group, const char *secret, const char *public_value,
	const char *peer, const char *shared)
{
	struct ike_dh_secret s = { .group = group };
	uint8_t expected[128], found[128], other[128];

	hex(secret, s.octets);
	assert_int_equal(ike_dh_public(&s, found), 0);
	struct view v = hex(public_value, expected);
	assert_int_equal(v.size, ike_dh_public_size(group));
	assert_memory_equal(found, expected, v.size);
	assert_int_equal(ike_dh_agree(&s, hex(peer, other), found), 0);
	v = hex(shared, expected);
	assert_int_equal(v.size, ike_dh_shared_size(group));
	assert_memory_equal(found, expected, v.size);
}

/* RFC 7748 §6.1. */
static void test_curve25519(void **state)
{
	(void)state;
	known_answer(IKE_DH_CURVE25519,
		"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
		"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
		"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
		"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

/* RFC 5903 §8.1. */
static void test_ecp_256(void **state)
{
	(void)state;
	known_answer(IKE_DH_ECP_256,
		"c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
		"dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
		"5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
		"d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
		"56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
		"d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
}

/* RFC 5903 §8.2. */
static void test_ecp_384(void **state)
{
	uint8_t shared[48], peer[96], expected[48];
	struct ike_dh_secret s = { .group = IKE_DH_ECP_384 };

	(void)state;
	hex("099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
	    "e35b538041e649ee3faef896783ab194",
		s.octets);
	hex("e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d"
	    "0d1ac43a0336def96fda41d0774a3571dcfbec7aacf3196472169e838430367f"
	    "66eebe3c6e70c416dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c",
		peer);
	hex("11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
	    "d603135569b9e9d09cf5d4a270f59746",
		expected);
	assert_int_equal(ike_dh_agree(&s, VIEW_OF(peer), shared), 0);
	assert_memory_equal(shared, expected, 48);
}

static const uint16_t groups[] = { IKE_DH_MODP_2048, IKE_DH_MODP_3072, IKE_DH_MODP_4096,
	IKE_DH_ECP_256, IKE_DH_ECP_384, IKE_DH_CURVE25519 };

static void test_both_ends_agree(void **state)
{
	struct random random = random_seeded(7);

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct ike_dh_secret a, b;
		uint8_t pa[IKE_DH_PUBLIC_MAX], pb[IKE_DH_PUBLIC_MAX];
		uint8_t sa[IKE_DH_SHARED_MAX], sb[IKE_DH_SHARED_MAX];
		size_t size = ike_dh_public_size(groups[i]);
		assert_int_equal(ike_dh_make(groups[i], &random, &a, pa), 0);
		assert_int_equal(ike_dh_make(groups[i], &random, &b, pb), 0);
		assert_memory_not_equal(pa, pb, size);
		assert_int_equal(ike_dh_agree(&a, VIEW(pb, size), sa), 0);
		assert_int_equal(ike_dh_agree(&b, VIEW(pa, size), sb), 0);
		assert_memory_equal(sa, sb, ike_dh_shared_size(groups[i]));
	}
}

/* RFC 6989 §2: values that are none of the group's are refused. */
static void test_refuses_bad_public_values(void **state)
{
	struct random random = random_seeded(8);

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct ike_dh_secret s;
		uint8_t p[IKE_DH_PUBLIC_MAX], shared[IKE_DH_SHARED_MAX];
		size_t size = ike_dh_public_size(groups[i]);
		assert_int_equal(ike_dh_make(groups[i], &random, &s, p), 0);
		assert_int_equal(ike_dh_agree(&s, VIEW(p, size - 1), shared), -1);
		memset(p, 0, size);
		assert_int_equal(ike_dh_agree(&s, VIEW(p, size), shared), -1);
		if (groups[i] == IKE_DH_CURVE25519)
			continue; /* every other value is a point of the curve or its twist */
		p[size - 1] = 1;
		assert_int_equal(ike_dh_agree(&s, VIEW(p, size), shared), -1);
		memset(p, 0xff, size);
		assert_int_equal(ike_dh_agree(&s, VIEW(p, size), shared), -1);
	}
	struct ike_dh_secret none = { .group = 1 };
	assert_int_equal(ike_dh_public(&none, NULL), -1);
}

static const struct ike_suite suites[] = {
	{ IKE_ENCR_AES_GCM_16, 128, IKE_PRF_HMAC_SHA2_256, 0, 0, 0 },
	{ IKE_ENCR_AES_GCM_16, 256, IKE_PRF_HMAC_SHA2_384, 0, 0, 0 },
	{ IKE_ENCR_AES_GCM_8, 256, IKE_PRF_HMAC_SHA2_512, 0, 0, 0 },
	{ IKE_ENCR_CHACHA20_POLY1305, 0, IKE_PRF_HMAC_SHA2_256, 0, 0, 0 },
	{ IKE_ENCR_AES_CBC, 128, IKE_PRF_HMAC_SHA1, IKE_INTEG_HMAC_SHA1_96, 0, 0 },
	{ IKE_ENCR_AES_CBC, 256, IKE_PRF_HMAC_SHA2_512, IKE_INTEG_HMAC_SHA2_512_256, 0, 0 },
};

static struct ike_keys keys_of(const struct ike_suite *suite, const struct ike_keys *old,
	const struct ike_suite *old_suite)
{
	struct ike_keys keys;
	struct ike_seed seed = { .nonce_i = view_text("0123456789abcdef"),
		.nonce_r = view_text("fedcba9876543210"), .shared = view_text("shared"),
		.spi_i = 1, .spi_r = 2 };
	ike_keys_derive(suite, &seed, old, old_suite, &keys);
	return keys;
}

/*
 * RFC 7296 §2.14, with the steps written out: SKEYSEED = prf(Ni | Nr, g^ir), then prf+ over
 * Ni | Nr | SPIi | SPIr; SK_d is the first block of it, SK_pr the last.
 */
static void test_keys_in_their_order(void **state)
{
	static const uint8_t seed[] = "0123456789abcdeffedcba9876543210"
				      "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2";
	struct ike_keys keys = keys_of(&suites[0], NULL, NULL);
	struct view shared = view_text("shared");
	uint8_t skeyseed[32], stream[3 * 32 + 2 * 20];

	(void)state;
	hmac_parts(DIGEST_SHA256, VIEW(seed, 32), &shared, 1, skeyseed);
	prf_plus(DIGEST_SHA256, VIEW_OF(skeyseed), VIEW(seed, 48), stream, sizeof(stream));
	assert_memory_equal(keys.d, stream, 32);
	assert_memory_equal(keys.initiator.encr, stream + 32, 20);
	assert_memory_equal(keys.responder.encr, stream + 52, 20);
	assert_memory_equal(keys.initiator.prf, stream + 72, 32);
	assert_memory_equal(keys.responder.prf, stream + 104, 32);
}

/* RFC 7296 §2.18: SKEYSEED = prf(SK_d of the old SA, g^ir | Ni | Nr). */
static void test_keys_of_a_rekeyed_sa(void **state)
{
	struct ike_keys old = keys_of(&suites[0], NULL, NULL);
	struct ike_keys keys = keys_of(&suites[1], &old, &suites[0]);
	struct view parts = view_text("shared0123456789abcdeffedcba9876543210");
	static const uint8_t seed[] = "0123456789abcdeffedcba9876543210"
				      "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2";
	uint8_t skeyseed[32], stream[48];

	(void)state;
	hmac_parts(DIGEST_SHA256, VIEW(old.d, 32), &parts, 1, skeyseed);
	prf_plus(DIGEST_SHA384, VIEW_OF(skeyseed), VIEW(seed, 48), stream, sizeof(stream));
	assert_memory_equal(keys.d, stream, 48);
}

static struct packet header(void)
{
	struct packet p = packet_of(&ike_protocol);
	p.header[IKE_SPI_I] = 1;
	p.header[IKE_SPI_R] = 2;
	p.header[IKE_EXCHANGE_TYPE] = IKE_INFORMATIONAL;
	p.header[IKE_FLAGS] = IKE_FLAG_INITIATOR;
	p.header[IKE_MESSAGE_ID] = 3;
	return p;
}

static size_t sealed(const struct ike_suite *suite, const struct ike_keys *keys, size_t size,
	struct ike_fragment f, uint8_t *out)
{
	struct random random = random_seeded(size);
	struct packet h = header();
	uint8_t octets[256];
	struct writer w = writer_of(out, 512);

	memset(octets, 0x5a, sizeof(octets));
	assert_int_equal(ike_seal(suite, &keys->initiator, &h, IKE_PAYLOAD_NONCE,
				 VIEW(octets, size), &f, 9, &random, &w), 0);
	assert_int_equal(w.used, ike_sealed_size(suite, size, f.total != 0));
	return w.used;
}

static void test_opens_what_was_sealed(void **state)
{
	static uint8_t out[IKE_MESSAGE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		struct ike_keys keys = keys_of(&suites[i], NULL, NULL);
		assert_true(ike_suite_usable(&suites[i]));
		for (size_t size = 0; size < 40; size++) {
			struct ike_fragment f = { size & 1, size & 1 };
			uint8_t message[512];
			size_t n = sealed(&suites[i], &keys, size, f, message);
			struct packet p;
			struct view inside;
			assert_int_equal(ike_decode(VIEW(message, n), &p, NULL), 0);
			assert_int_equal(p.elements[0].next, IKE_PAYLOAD_NONCE);
			assert_int_equal(ike_open(&suites[i], &keys.initiator, VIEW(message, n),
						 &p, out, &inside, NULL), 0);
			assert_int_equal(inside.size, size);
			for (size_t k = 0; k < size; k++)
				assert_int_equal(inside.data[k], 0x5a);
		}
	}
}

/* RFC 7296 §3.14, RFC 5282 §5: every octet of the message is covered. */
static void test_no_octet_can_change(void **state)
{
	static uint8_t out[IKE_MESSAGE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		struct ike_keys keys = keys_of(&suites[i], NULL, NULL);
		uint8_t message[512];
		size_t n = sealed(&suites[i], &keys, 21, (struct ike_fragment){ 2, 3 }, message);
		for (size_t at = 0; at < n; at++) {
			struct packet p;
			struct view inside;
			message[at] ^= 1;
			if (ike_decode(VIEW(message, n), &p, NULL) == 0)
				assert_int_equal(ike_open(&suites[i], &keys.initiator,
							 VIEW(message, n), &p, out, &inside,
							 NULL), -1);
			message[at] ^= 1;
		}
	}
}

static void test_suites_that_cannot_be(void **state)
{
	static const struct ike_suite bad[] = {
		{ IKE_ENCR_AES_CBC, 128, IKE_PRF_HMAC_SHA1, 0, 0, 0 }, /* no integrity */
		{ IKE_ENCR_AES_GCM_16, 128, 5, IKE_INTEG_HMAC_SHA1_96, 0, 0 }, /* twice */
		{ IKE_ENCR_AES_CBC, 100, 5, 12, 0, 0 },
		{ IKE_ENCR_NULL, 0, 5, 12, 0, 0 },
		{ IKE_ENCR_AES_GCM_16, 128, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ike_suite_usable(&bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_curve25519),
		cmocka_unit_test(test_ecp_256),
		cmocka_unit_test(test_ecp_384),
		cmocka_unit_test(test_both_ends_agree),
		cmocka_unit_test(test_refuses_bad_public_values),
		cmocka_unit_test(test_keys_in_their_order),
		cmocka_unit_test(test_keys_of_a_rekeyed_sa),
		cmocka_unit_test(test_opens_what_was_sealed),
		cmocka_unit_test(test_no_octet_can_change),
		cmocka_unit_test(test_suites_that_cannot_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
