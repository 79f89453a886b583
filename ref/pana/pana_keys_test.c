// SPDX-License-Identifier: Apache-2.0
/*
 * Keys and AUTH against values computed apart from this code (Python's hmac), from the inputs
 * below: MSK 00 01 .. 3f, I_PAR and I_PAN with both SHA-1 algorithms, nonces a0.. (16 octets, of
 * the client) and b0.. (20 octets, of the agent), Key-Id 3, session 0x11223344.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "ref/pana/pana_keys.h"
#include "ref/pana/pana_mpa.h"

struct input {
	uint8_t msk[64], i_par[40], i_pan[40], pac_nonce[16], paa_nonce[20];
	struct pana_key_input in;
};

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

static void count_up(uint8_t *to, size_t size, uint8_t from)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)(from + i);
}

static void fill(struct input *i)
{
	count_up(i->msk, sizeof(i->msk), 0);
	unhex("00000028c000000211223344000000050006000000040000000000020003000000040000"
	      "00000007",
		i->i_par);
	memcpy(i->i_pan, i->i_par, sizeof(i->i_pan));
	i->i_pan[4] = 0x40;
	count_up(i->pac_nonce, sizeof(i->pac_nonce), 0xa0);
	count_up(i->paa_nonce, sizeof(i->paa_nonce), 0xb0);
	i->in = (struct pana_key_input){
		.prf = PANA_PRF_HMAC_SHA1,
		.integrity = PANA_AUTH_HMAC_SHA1_160,
		.msk = VIEW_OF(i->msk),
		.i_par = VIEW_OF(i->i_par),
		.i_pan = VIEW_OF(i->i_pan),
		.pac_nonce = VIEW_OF(i->pac_nonce),
		.paa_nonce = VIEW_OF(i->paa_nonce),
		.key_id = 3,
		.session_id = 0x11223344,
	};
}

/* RFC 5191 §5.3 */
static void test_auth_key(void **state)
{
	struct input i;
	uint8_t key[PANA_AUTH_KEY_MAX];

	(void)state;
	fill(&i);
	pana_auth_key(&i.in, key);
	assert_hex(key, "3755d61f20253c4012d84947f0ed9ad6a4c1c55e");
	i.in.integrity = PANA_AUTH_HMAC_SHA2_256_128;
	pana_auth_key(&i.in, key);
	assert_hex(key, "3755d61f20253c4012d84947f0ed9ad6a4c1c55eb8e35e07235dc908d725ba7b");
	i.in.prf = PANA_PRF_HMAC_SHA2_256;
	pana_auth_key(&i.in, key);
	assert_hex(key, "2bae4a25dbdac8c9169170dcfd56f4787399ab9c33285827fd7581f30b6d06bf");
}

/* docs/pana.md, key hierarchy: whatever the negotiated PRF. */
static void test_handover_keys(void **state)
{
	struct input i;
	struct pana_sa sa;
	uint8_t pmk[MPA_KEY_SIZE];
	static const uint8_t bssid[6] = { 2, 0, 0, 0, 1, 1 };

	(void)state;
	fill(&i);
	pana_sa_derive(&i.in, &sa);
	assert_true(sa.live);
	assert_int_equal(sa.keys.key_id, 3);
	assert_hex(
		sa.keys.mn_ca, "2a60fdbba244cb125176a9e4cc3d9ac4f6c17e4aebc2b087bc8c83ebcc52a636");
	assert_hex(
		sa.keys.mn_ar, "33dad0647239521a6b42b3512f3cd591649a0b86ad94f6bc2ba0feb76702e41c");
	mpa_ap_key(&sa, bssid, pmk);
	assert_hex(pmk, "5e485ae582ab0ab170f6a06a765791ec1c5bca9ae3201cc2684df70ea8824872");
}

static void test_every_input_counts(void **state)
{
	struct input i;
	struct pana_sa first, other;

	(void)state;
	fill(&i);
	pana_sa_derive(&i.in, &first);
	uint8_t *const octets[] = { i.msk, i.pac_nonce, i.paa_nonce };
	for (size_t n = 0; n < 3; n++) {
		octets[n][5] ^= 1;
		pana_sa_derive(&i.in, &other);
		octets[n][5] ^= 1;
		assert_memory_not_equal(first.auth_key, other.auth_key, 20);
		assert_memory_not_equal(first.keys.mn_ar, other.keys.mn_ar, MPA_KEY_SIZE);
		assert_memory_not_equal(first.keys.mn_ca, other.keys.mn_ca, MPA_KEY_SIZE);
	}
	i.in.key_id++;
	pana_sa_derive(&i.in, &other);
	assert_memory_not_equal(first.auth_key, other.auth_key, 20);
	assert_memory_not_equal(first.keys.mn_ar, other.keys.mn_ar, MPA_KEY_SIZE);
	fill(&i);
	i.i_pan[39] ^= 1; /* a downgrade of the algorithms shows in the key */
	pana_sa_derive(&i.in, &other);
	assert_memory_not_equal(first.auth_key, other.auth_key, 20);
}

/* A ping with sequence number 6; the AUTH values were computed over the octets by hand. */
static struct view ping(const struct pana_sa *sa, uint8_t *buffer, size_t size)
{
	struct packet p = packet_of(&pana_protocol);
	struct writer w = writer_of(buffer, size);

	p.header[PANA_TYPE] = PANA_NOTIFICATION;
	p.header[PANA_FLAGS] = PANA_R | PANA_P;
	p.header[PANA_SESSION] = 0x11223344;
	p.header[PANA_SEQUENCE] = 6;
	return pana_seal(sa, &p, &w);
}

static void test_auth_value(void **state)
{
	struct input i;
	struct pana_sa sa;
	uint8_t buffer[64];

	(void)state;
	fill(&i);
	pana_sa_derive(&i.in, &sa);
	struct view message = ping(&sa, buffer, sizeof(buffer));
	assert_int_equal(message.size, 16 + 8 + 20);
	assert_hex(message.data + 24, "29dae45875c5a289540a433012fde7bd7382eded");
	i.in.prf = PANA_PRF_HMAC_SHA2_256;
	i.in.integrity = PANA_AUTH_HMAC_SHA2_256_128;
	pana_sa_derive(&i.in, &sa);
	message = ping(&sa, buffer, sizeof(buffer));
	assert_int_equal(message.size, 16 + 8 + 16);
	assert_hex(message.data + 24, "b3962a37d24c1fb022f3ac2680562b69");
}

static enum reject_reason verdict(const struct pana_sa *sa, struct view message)
{
	struct packet p = { .element_count = 0 };
	struct reject r = { 0 };

	if (pana_decode(message, &p, &r) == 0)
		pana_verify(sa, message, &p, &r);
	return r.reason;
}

static void test_verifies_every_octet(void **state)
{
	struct input i;
	struct pana_sa sa;
	uint8_t buffer[64];

	(void)state;
	fill(&i);
	pana_sa_derive(&i.in, &sa);
	struct view message = ping(&sa, buffer, sizeof(buffer));
	assert_int_equal(verdict(&sa, message), REJECT_NONE);
	for (size_t n = 0; n < message.size; n++) {
		buffer[n] ^= 0x10;
		if (verdict(&sa, message) == REJECT_NONE)
			fail_msg("octet %zu does not count", n);
		buffer[n] ^= 0x10;
	}
	/* the same message under another key, and without any */
	sa.auth_key[0] ^= 1;
	assert_int_equal(verdict(&sa, message), REJECT_INTEGRITY);
	message = ping(NULL, buffer, sizeof(buffer));
	assert_int_equal(verdict(&sa, message), REJECT_NO_INTEGRITY);
}

/* A value of another length than the negotiated algorithm has is none of its values. */
static void test_length_of_auth(void **state)
{
	struct input i;
	struct pana_sa sha1, sha256;
	uint8_t buffer[64];

	(void)state;
	fill(&i);
	pana_sa_derive(&i.in, &sha1);
	i.in.integrity = PANA_AUTH_HMAC_SHA2_256_128;
	pana_sa_derive(&i.in, &sha256);
	assert_int_equal(verdict(&sha256, ping(&sha1, buffer, sizeof(buffer))), REJECT_INTEGRITY);
	assert_int_equal(verdict(&sha1, ping(&sha256, buffer, sizeof(buffer))), REJECT_INTEGRITY);
}

static struct endpoint address(const char *text)
{
	struct endpoint e;
	assert_int_equal(endpoint_parse(text, 0, &e), 0);
	return e;
}

static void test_esp_keys(void **state)
{
	uint8_t mn_ar[MPA_KEY_SIZE];
	struct mpa_tunnel_request q = { .mode = MPA_ESP, .spi = 0x1001, .nonce.size = 32 };
	struct mpa_tunnel_parameters p = { .mode = MPA_ESP, .spi = 0x2002, .nonce.size = 16 };
	struct mpa_esp_keys k;

	(void)state;
	unhex("33dad0647239521a6b42b3512f3cd591649a0b86ad94f6bc2ba0feb76702e41c", mn_ar);
	memset(q.nonce.data, 0xc0, 32);
	memset(p.nonce.data, 0xd0, 16);
	q.outer = address("10.0.0.5");
	p.outer = address("192.0.2.1");
	p.transform = MPA_AES_CBC_SHA256;
	mpa_esp_keys(mn_ar, &q, &p, &k);
	assert_int_equal(k.encryption_size, 16);
	assert_int_equal(k.integrity_size, 32);
	assert_hex(k.mn_to_ar_encryption, "6105301a8fddfbdbd78f838376dc4d33");
	assert_hex(k.mn_to_ar_integrity,
		"fa71ba458b642662a120be23bba95b114d27cafb0c14a4a0bf438c10a016ae68");
	assert_hex(k.ar_to_mn_encryption, "fcb41f8daa7862d715cf8be2da7aab72");
	assert_hex(k.ar_to_mn_integrity,
		"3bc3e924ac2cab9caee2f07a844a26c65865dcf0334be03bccd480a5450a2fbd");
	p.transform = MPA_AES_GCM;
	mpa_esp_keys(mn_ar, &q, &p, &k);
	assert_int_equal(k.encryption_size, 36);
	assert_int_equal(k.integrity_size, 0);
	assert_hex(k.mn_to_ar_encryption,
		"099e2e4cb3ea6c7bdffef3dac79f45477476bdaf37b752160815241b2bc25659e8d09f1c");
	assert_hex(k.ar_to_mn_encryption,
		"f0ec4e42a8714a7b9105f2134fc10c20f30ea4ba2e3e35320553de96e2a6c01ea1882ba5");
	p.transform = MPA_NULL_SHA256;
	mpa_esp_keys(mn_ar, &q, &p, &k);
	assert_int_equal(k.encryption_size, 0);
	assert_hex(k.mn_to_ar_integrity,
		"cf371e5c62118c19017310064857fb30782fd444617b89887bd03b53e3d73aa3");
	assert_hex(k.ar_to_mn_integrity,
		"9806e59d80e875a8b1ea4cc8d347b6efb1b4c9444dc0ea86f6d850daea538ae0");
}

static void test_algorithms(void **state)
{
	(void)state;
	/* RFC 5191 §8.3, §8.6: what everybody MUST have */
	assert_true(pana_prf_known(2));
	assert_true(pana_integrity_known(7));
	assert_true(pana_prf_known(5));
	assert_true(pana_integrity_known(12));
	assert_false(pana_prf_known(1));
	assert_false(pana_integrity_known(2));
	assert_int_equal(pana_auth_size(99), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auth_key),
		cmocka_unit_test(test_handover_keys),
		cmocka_unit_test(test_every_input_counts),
		cmocka_unit_test(test_auth_value),
		cmocka_unit_test(test_verifies_every_octet),
		cmocka_unit_test(test_length_of_auth),
		cmocka_unit_test(test_esp_keys),
		cmocka_unit_test(test_algorithms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
