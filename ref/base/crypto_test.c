// SPDX-License-Identifier: Apache-2.0
/* Against the test vectors of the specifications. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "ref/base/crypto.h"
#include "ref/base/random.h"

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned octet;

	for (; hex[0] && hex[1]; hex += 2, n++) {
		assert_int_equal(sscanf(hex, "%2x", &octet), 1);
		out[n] = (uint8_t)octet;
	}
	return n;
}

static void assert_hex(const uint8_t *have, const char *hex)
{
	uint8_t want[128];
	assert_memory_equal(have, want, unhex(hex, want));
}

static void test_digests(void **state)
{
	uint8_t out[DIGEST_MAX];
	struct view abc[] = { view_text("a"), view_text("bc") };

	(void)state;
	digest_parts(DIGEST_MD5, abc, 2, out); /* RFC 1321 A.5 */
	assert_hex(out, "900150983cd24fb0d6963f7d28e17f72");
	digest_parts(DIGEST_SHA1, abc, 2, out); /* RFC 3174 §7.3 */
	assert_hex(out, "a9993e364706816aba3e25717850c26c9cd0d89d");
	digest_parts(DIGEST_SHA256, abc, 2, out); /* RFC 6234 §8.5 */
	assert_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(digest_size(DIGEST_SHA384), 48);
	assert_int_equal(digest_size(DIGEST_SHA512), 64);
}

struct hmac_vector {
	enum digest digest;
	const char *key, *data, *mac;
};

static void test_hmac(void **state)
{
	static const struct hmac_vector vectors[] = {
		/* RFC 2202 §3, cases 1, 2, 6 */
		{ DIGEST_SHA1, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
			"b617318655057264e28bc0b6fb378c8ef146be00" },
		{ DIGEST_SHA1, "4a656665",
			"7768617420646f2079612077616e7420666f72206e6f7468696e673f",
			"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
		/* RFC 2202 §2, case 1 */
		{ DIGEST_MD5, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
			"9294727a3638bb1c13f48ef8158bfc9d" },
		/* RFC 4231 §4.2, §4.3 */
		{ DIGEST_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ DIGEST_SHA384, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
			"afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
			"faea9ea9076ede7f4af152e8b2fa9cb6" },
		{ DIGEST_SHA512, "4a656665",
			"7768617420646f2079612077616e7420666f72206e6f7468696e673f",
			"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
			"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t key[128], data[128], out[DIGEST_MAX];
		size_t key_size = unhex(vectors[i].key, key);
		size_t size = unhex(vectors[i].data, data);
		struct view parts[] = { VIEW(data, 3), VIEW(data + 3, size - 3) };
		hmac_parts(vectors[i].digest, VIEW(key, key_size), parts, 2, out);
		assert_hex(out, vectors[i].mac);
	}
}

/* RFC 4231 §4.7: a key longer than a block. */
static void test_hmac_long_key(void **state)
{
	uint8_t key[131], out[DIGEST_MAX];
	struct view data = view_text("Test Using Larger Than Block-Size Key - Hash Key First");

	(void)state;
	memset(key, 0xaa, sizeof(key));
	hmac_parts(DIGEST_SHA256, VIEW_OF(key), &data, 1, out);
	assert_hex(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_parts(DIGEST_SHA512, VIEW_OF(key), &data, 1, out);
	assert_hex(out,
		"80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
		"6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

/* RFC 7296 §2.13 put together by hand from HMAC: the second block covers the first. */
static void test_prf_plus(void **state)
{
	uint8_t out[50], t1[32], t2[32];
	struct view key = view_text("key"), seed = view_text("seed");
	static const uint8_t one = 1, two = 2;

	(void)state;
	prf_plus(DIGEST_SHA256, key, seed, out, sizeof(out));
	struct view first[] = { seed, VIEW(&one, 1) };
	hmac_parts(DIGEST_SHA256, key, first, 2, t1);
	struct view second[] = { VIEW_OF(t1), seed, VIEW(&two, 1) };
	hmac_parts(DIGEST_SHA256, key, second, 3, t2);
	assert_memory_equal(out, t1, 32);
	assert_memory_equal(out + 32, t2, 18);
}

/* RFC 4493 §4 */
static void test_cmac(void **state)
{
	uint8_t key[16], data[64], out[16];

	(void)state;
	unhex("2b7e151628aed2a6abf7158809cf4f3c", key);
	unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
	      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
		data);
	struct view none = VIEW_EMPTY;
	aes128_cmac(key, &none, 1, out);
	assert_hex(out, "bb1d6929e95937287fa37d129b756746");
	struct view parts[] = { VIEW(data, 20), VIEW(data + 20, 20) };
	aes128_cmac(key, parts, 2, out);
	assert_hex(out, "dfa66747de9ae63030ca32611497c827");
	struct view block = VIEW(data, 16);
	aes128_cmac(key, &block, 1, out);
	assert_hex(out, "070a16b46b4d4144f79bdd9dd04a287c");
	struct view whole = VIEW(data, 64);
	aes128_cmac(key, &whole, 1, out);
	assert_hex(out, "51f0bebf7e3b9d92fc49741779363cfe");
}

/* FIPS 197 C.1, and NIST SP 800-38A F.5.1 */
static void test_aes(void **state)
{
	uint8_t key[16], in[32], counter[16], out[32];

	(void)state;
	unhex("000102030405060708090a0b0c0d0e0f", key);
	unhex("00112233445566778899aabbccddeeff", in);
	aes128_encrypt_block(key, in, out);
	assert_hex(out, "69c4e0d86a7b0430d8cdb78070b4c55a");
	unhex("2b7e151628aed2a6abf7158809cf4f3c", key);
	unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", counter);
	unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51", in);
	aes128_ctr(key, counter, VIEW_OF(in), in);
	assert_hex(in, "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff");
}

static void test_equality_and_wiping(void **state)
{
	uint8_t secret[4] = { 1, 2, 3, 4 };
	static const uint8_t zero[4];

	(void)state;
	assert_true(ct_equal(view_text("abc"), view_text("abc")));
	assert_false(ct_equal(view_text("abc"), view_text("abd")));
	assert_false(ct_equal(view_text("abc"), view_text("ab")));
	assert_true(ct_equal(VIEW_EMPTY, VIEW_EMPTY));
	wipe(secret, sizeof(secret));
	assert_memory_equal(secret, zero, sizeof(secret));
}

static void test_seeded_randomness_repeats(void **state)
{
	struct random a = random_seeded(7), b = random_seeded(7), c = random_seeded(8);
	uint8_t x[40], y[40], z[40];

	(void)state;
	random_fill(&a, x, sizeof(x));
	random_fill(&b, y, sizeof(y));
	random_fill(&c, z, sizeof(z));
	assert_memory_equal(x, y, sizeof(x));
	assert_memory_not_equal(x, z, sizeof(x));
	for (unsigned i = 0; i < 1000; i++)
		assert_in_range(random_below(&a, 7), 0, 6);
	assert_int_equal(random_below(&a, 1), 0);
}

static void test_system_randomness_differs(void **state)
{
	struct random a = random_system();
	uint8_t x[32], y[32];

	(void)state;
	random_fill(&a, x, sizeof(x));
	random_fill(&a, y, sizeof(y));
	assert_memory_not_equal(x, y, sizeof(x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_hmac_long_key),
		cmocka_unit_test(test_prf_plus),
		cmocka_unit_test(test_cmac),
		cmocka_unit_test(test_aes),
		cmocka_unit_test(test_equality_and_wiping),
		cmocka_unit_test(test_seeded_randomness_repeats),
		cmocka_unit_test(test_system_randomness_differs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
