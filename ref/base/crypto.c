// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "ref/base/crypto.h"
#include "ref/base/random.h"
#include "ref/base/writer.h"

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "baton: OpenSSL cannot do %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

static const struct {
	const char *name;
	size_t size;
} digests[] = {
	[DIGEST_MD5] = { "MD5", 16 },
	[DIGEST_SHA1] = { "SHA1", 20 },
	[DIGEST_SHA256] = { "SHA256", 32 },
	[DIGEST_SHA384] = { "SHA384", 48 },
	[DIGEST_SHA512] = { "SHA512", 64 },
};

size_t digest_size(enum digest d)
{
	return digests[d].size;
}

/* EVP_get_digestbyname finds OpenSSL's static tables, without a fetch for every call. */
void digest_parts(enum digest d, const struct view *parts, size_t count, uint8_t *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	must(ctx && EVP_DigestInit_ex(ctx, EVP_get_digestbyname(digests[d].name), NULL),
		digests[d].name);
	for (size_t i = 0; i < count; i++)
		must(EVP_DigestUpdate(ctx, parts[i].data, parts[i].size), digests[d].name);
	must(EVP_DigestFinal_ex(ctx, out, NULL), digests[d].name);
	EVP_MD_CTX_free(ctx);
}

/*
 * HMAC written out over the digest: one of the hottest paths of a PANA agent, and the EVP_MAC
 * interface costs several times the hashing itself in fetching and parameters.
 */
void hmac_parts(enum digest d, struct view key, const struct view *parts, size_t count,
	uint8_t *out)
{
	size_t block = d == DIGEST_SHA384 || d == DIGEST_SHA512 ? 128 : 64;
	uint8_t pad[128] = { 0 }, inner[DIGEST_MAX];
	const EVP_MD *md = EVP_get_digestbyname(digests[d].name);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (key.size > block)
		digest_parts(d, &key, 1, pad);
	else if (key.size)
		memcpy(pad, key.data, key.size);
	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36;
	must(ctx && EVP_DigestInit_ex(ctx, md, NULL) && EVP_DigestUpdate(ctx, pad, block), "HMAC");
	for (size_t i = 0; i < count; i++)
		must(EVP_DigestUpdate(ctx, parts[i].data, parts[i].size), "HMAC");
	must(EVP_DigestFinal_ex(ctx, inner, NULL), "HMAC");

	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	must(EVP_DigestInit_ex(ctx, md, NULL) && EVP_DigestUpdate(ctx, pad, block) &&
			EVP_DigestUpdate(ctx, inner, digests[d].size) &&
			EVP_DigestFinal_ex(ctx, out, NULL),
		"HMAC");
	EVP_MD_CTX_free(ctx);
	wipe(pad, sizeof(pad));
	wipe(inner, sizeof(inner));
}

void prf_plus(enum digest d, struct view key, struct view seed, uint8_t *out, size_t size)
{
	uint8_t t[DIGEST_MAX];
	size_t have = 0, length = digests[d].size;

	must(size <= 255 * length, "prf+ of more than 255 blocks");
	for (uint8_t n = 1; have < size; n++) {
		struct view parts[] = { VIEW(t, n > 1 ? length : 0), seed, VIEW(&n, 1) };
		hmac_parts(d, key, parts, 3, t);
		size_t take = size - have < length ? size - have : length;
		memcpy(out + have, t, take);
		have += take;
	}
	wipe(t, sizeof(t));
}

/* One block in the context's key, in place. */
static void aes_block(EVP_CIPHER_CTX *ctx, uint8_t block[16])
{
	int length = 0;

	must(EVP_EncryptUpdate(ctx, block, &length, block, 16) && length == 16, "AES-CMAC");
}

/* RFC 4493 §2.3: multiplication by x in GF(2^128). */
static void cmac_double(uint8_t key[16])
{
	uint8_t carry = key[0] >> 7;

	for (int i = 0; i < 15; i++)
		key[i] = (uint8_t)(key[i] << 1 | key[i + 1] >> 7);
	key[15] = (uint8_t)(key[15] << 1 ^ (carry ? 0x87 : 0));
}

/*
 * RFC 4493 §2.4, written out over the cipher for the reason that hmac_parts is: EAP-PSK takes
 * several of them for each message.
 */
void aes128_cmac(const uint8_t key[16], const struct view *parts, size_t count, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t subkey[16] = { 0 }, chain[16] = { 0 };
	size_t have = 0; /* octets of the block at hand, already in `chain` */

	must(ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL) &&
			EVP_CIPHER_CTX_set_padding(ctx, 0),
		"AES-CMAC");
	aes_block(ctx, subkey);
	cmac_double(subkey);
	for (size_t i = 0; i < count; i++)
		for (size_t at = 0; at < parts[i].size; at++) {
			if (have == 16) { /* there is more, so it was not the last block */
				aes_block(ctx, chain);
				have = 0;
			}
			chain[have++] ^= parts[i].data[at];
		}
	if (have < 16) {
		cmac_double(subkey);
		chain[have] ^= 0x80;
	}
	for (int i = 0; i < 16; i++)
		chain[i] ^= subkey[i];
	aes_block(ctx, chain);
	memcpy(out, chain, 16);
	wipe(subkey, sizeof(subkey));
	EVP_CIPHER_CTX_free(ctx);
}

static void aes128(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv, struct view in,
	uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int length = 0;

	must(ctx && EVP_EncryptInit_ex(ctx, cipher, NULL, key, iv) &&
			EVP_CIPHER_CTX_set_padding(ctx, 0) &&
			EVP_EncryptUpdate(ctx, out, &length, in.data, (int)in.size) &&
			(size_t)length == in.size,
		"AES-128");
	EVP_CIPHER_CTX_free(ctx);
}

void aes128_encrypt_block(const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
	aes128(EVP_aes_128_ecb(), key, NULL, VIEW(in, 16), out);
}

void aes128_ctr(const uint8_t key[16], const uint8_t counter[16], struct view in, uint8_t *out)
{
	if (in.size)
		aes128(EVP_aes_128_ctr(), key, counter, in, out);
}

void wipe(void *secret, size_t size)
{
	OPENSSL_cleanse(secret, size);
}

bool ct_equal(struct view a, struct view b)
{
	return a.size == b.size && (a.size == 0 || CRYPTO_memcmp(a.data, b.data, a.size) == 0);
}

static void fill_system(struct random *self, void *to, size_t size)
{
	(void)self;
	must(RAND_bytes(to, (int)size) == 1, "random numbers");
}

struct random random_system(void)
{
	return (struct random){ .fill = fill_system };
}

static void fill_seeded(struct random *self, void *to, size_t size)
{
	uint8_t *next = to, block[32], input[16];
	while (size) {
		struct writer w = writer_of(input, sizeof(input));
		write_u64(&w, self->state[0]);
		write_u64(&w, self->state[1]++);
		struct view part = writer_view(&w);
		digest_parts(DIGEST_SHA256, &part, 1, block);
		size_t take = size < sizeof(block) ? size : sizeof(block);
		memcpy(next, block, take);
		next += take;
		size -= take;
	}
}

struct random random_seeded(uint64_t seed)
{
	return (struct random){ .fill = fill_seeded, .state = { seed, 0 } };
}

uint32_t random_u32(struct random *r)
{
	uint32_t value;
	random_fill(r, &value, sizeof(value));
	return value;
}

uint32_t random_below(struct random *r, uint32_t bound)
{
	uint32_t skip = -bound % bound, value;
	do
		value = random_u32(r);
	while (value < skip);
	return value % bound;
}
