// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "ref/ike/ike_dh.h"
#include "ref/isakmp/isakmp_keys.h"

#define IKE(section) "RFC 2409 §" section

static void must(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "baton: OpenSSL cannot do what IKEv1 needs\n");
	abort();
}

/* --- algorithms ----------------------------------------------------------------------------- */

static const struct cipher {
	uint16_t id, key_bits; /* as negotiated */
	const EVP_CIPHER *(*cipher)(void);
	size_t key, block; /* octets */
} ciphers[] = {
	{ IKE_ENCR_AES_CBC, 256, EVP_aes_256_cbc, 32, 16 },
	{ IKE_ENCR_AES_CBC, 192, EVP_aes_192_cbc, 24, 16 },
	{ IKE_ENCR_AES_CBC, 128, EVP_aes_128_cbc, 16, 16 },
	{ IKE_ENCR_3DES, 0, EVP_des_ede3_cbc, 24, 8 },
	{ 0, 0, NULL, 0, 0 },
};

static const struct cipher *cipher_of(const struct ike_suite *s)
{
	for (const struct cipher *c = ciphers; c->id; c++)
		if (c->id == s->encr && c->key_bits == s->key_bits)
			return c;
	return NULL;
}

static const struct hash {
	uint16_t prf;
	enum digest digest;
} hashes[] = {
	{ IKE_PRF_HMAC_SHA2_256, DIGEST_SHA256 },
	{ IKE_PRF_HMAC_SHA2_384, DIGEST_SHA384 },
	{ IKE_PRF_HMAC_SHA2_512, DIGEST_SHA512 },
	{ IKE_PRF_HMAC_SHA1, DIGEST_SHA1 },
	{ IKE_PRF_HMAC_MD5, DIGEST_MD5 },
	{ 0, DIGEST_MD5 },
};

static const struct hash *hash_of(const struct ike_suite *s)
{
	for (const struct hash *h = hashes; h->prf; h++)
		if (h->prf == s->prf)
			return h;
	return NULL;
}

bool isakmp_suite_usable(const struct ike_suite *s)
{
	return cipher_of(s) && hash_of(s) && ike_dh_public_size(s->dh);
}

size_t isakmp_block(const struct ike_suite *s)
{
	return cipher_of(s)->block;
}

enum digest isakmp_digest(const struct ike_suite *s)
{
	return hash_of(s)->digest;
}

/* --- keys ----------------------------------------------------------------------------------- */

static void cookies(const struct isakmp_seed *seed, bool initiator_first, uint8_t out[16])
{
	struct writer w = writer_of(out, 16);

	write_u64(&w, initiator_first ? seed->cky_i : seed->cky_r);
	write_u64(&w, initiator_first ? seed->cky_r : seed->cky_i);
}

/* §5: the pre-shared key over the nonces, or the nonces over the shared secret. */
static void skeyid(enum digest d, const struct isakmp_seed *seed, uint8_t *out)
{
	struct view nonces[] = { seed->nonce_i, seed->nonce_r };
	uint8_t key[512];
	struct writer w = writer_of(key, sizeof(key));

	if (seed->psk.size) {
		hmac_parts(d, seed->psk, nonces, 2, out);
		return;
	}
	write_view(&w, seed->nonce_i);
	write_view(&w, seed->nonce_r);
	must(!w.failed);
	hmac_parts(d, writer_view(&w), &seed->shared, 1, out);
}

/* §B: SKEYID_e itself, or where it is too short, blocks of a prf that feeds on itself. */
static void cipher_key(enum digest d, struct isakmp_keys *k)
{
	static const uint8_t zero[1];
	uint8_t block[DIGEST_MAX];
	struct view input = VIEW_OF(zero);

	if (k->size >= k->cipher_size) {
		memcpy(k->cipher, k->e, k->cipher_size);
		return;
	}
	for (size_t have = 0; have < k->cipher_size; have += k->size) {
		size_t left = k->cipher_size - have;
		uint8_t next[DIGEST_MAX];
		hmac_parts(d, VIEW(k->e, k->size), &input, 1, next);
		memcpy(block, next, k->size);
		memcpy(k->cipher + have, block, left < k->size ? left : k->size);
		input = VIEW(block, k->size);
		wipe(next, sizeof(next));
	}
	wipe(block, sizeof(block));
}

void isakmp_keys_derive(const struct ike_suite *suite, const struct isakmp_seed *seed,
	struct isakmp_keys *out)
{
	enum digest d = isakmp_digest(suite);
	uint8_t both[16], number = 0;
	uint8_t *const chain[] = { out->d, out->a, out->e };
	struct view before = VIEW_EMPTY;

	*out = (struct isakmp_keys){ .size = digest_size(d), .cipher_size = cipher_of(suite)->key };
	cookies(seed, true, both);
	skeyid(d, seed, out->skeyid);
	for (; number < 3; number++) {
		struct view parts[] = { before, seed->shared, VIEW_OF(both), VIEW(&number, 1) };
		hmac_parts(d, VIEW(out->skeyid, out->size), parts, 4, chain[number]);
		before = VIEW(chain[number], out->size);
	}
	cipher_key(d, out);
}

size_t isakmp_auth_hash(const struct ike_suite *suite, const struct isakmp_keys *keys,
	const struct isakmp_seed *seed, bool of_initiator, struct view sa_body,
	struct view id_body, uint8_t out[DIGEST_MAX])
{
	uint8_t both[16];

	cookies(seed, of_initiator, both);
	struct view parts[] = { of_initiator ? seed->public_i : seed->public_r,
		of_initiator ? seed->public_r : seed->public_i, VIEW_OF(both), sa_body, id_body };
	hmac_parts(isakmp_digest(suite), VIEW(keys->skeyid, keys->size), parts, 5, out);
	return keys->size;
}

size_t isakmp_hash(const struct ike_suite *suite, const struct isakmp_keys *keys,
	const struct view *parts, size_t count, uint8_t out[DIGEST_MAX])
{
	hmac_parts(isakmp_digest(suite), VIEW(keys->a, keys->size), parts, count, out);
	return keys->size;
}

void isakmp_first_iv(const struct ike_suite *suite, struct view public_i, struct view public_r,
	uint8_t iv[ISAKMP_BLOCK_MAX])
{
	uint8_t digest[DIGEST_MAX];
	struct view parts[] = { public_i, public_r };

	digest_parts(isakmp_digest(suite), parts, 2, digest);
	memcpy(iv, digest, isakmp_block(suite));
}

void isakmp_exchange_iv(const struct ike_suite *suite, const uint8_t last[ISAKMP_BLOCK_MAX],
	uint32_t message_id, uint8_t iv[ISAKMP_BLOCK_MAX])
{
	uint8_t digest[DIGEST_MAX], id[4];
	struct writer w = writer_of(id, sizeof(id));

	write_u32(&w, message_id);
	struct view parts[] = { VIEW(last, isakmp_block(suite)), VIEW_OF(id) };
	digest_parts(isakmp_digest(suite), parts, 2, digest);
	memcpy(iv, digest, isakmp_block(suite));
}

void isakmp_keymat(const struct ike_suite *suite, const struct isakmp_keys *keys,
	struct view shared, uint8_t protocol, const uint8_t spi[4], struct view nonce_i,
	struct view nonce_r, uint8_t *out, size_t size)
{
	enum digest d = isakmp_digest(suite);
	uint8_t block[DIGEST_MAX];

	for (size_t have = 0; have < size; have += keys->size) {
		struct view parts[] = { VIEW(block, have ? keys->size : 0), shared,
			VIEW(&protocol, 1), VIEW(spi, 4), nonce_i, nonce_r };
		uint8_t next[DIGEST_MAX];
		size_t left = size - have;
		hmac_parts(d, VIEW(keys->d, keys->size), parts, 6, next);
		memcpy(block, next, keys->size);
		memcpy(out + have, block, left < keys->size ? left : keys->size);
		wipe(next, sizeof(next));
	}
	wipe(block, sizeof(block));
}

size_t isakmp_nat_digest(const struct ike_suite *suite, uint64_t cky_i, uint64_t cky_r,
	const struct endpoint *e, uint8_t out[DIGEST_MAX])
{
	uint8_t text[34];
	struct writer w = writer_of(text, sizeof(text));

	write_u64(&w, cky_i);
	write_u64(&w, cky_r);
	write_bytes(&w, e->address, e->family == AF_INET6 ? 16 : 4);
	write_bytes(&w, &e->port, 2); /* network byte order already */
	struct view part = writer_view(&w);
	digest_parts(isakmp_digest(suite), &part, 1, out);
	return digest_size(isakmp_digest(suite));
}

/* --- encryption, §B ------------------------------------------------------------------------- */

static void run(const struct cipher *c, const struct isakmp_keys *keys, const uint8_t *iv,
	bool encrypt, struct view in, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;

	must(ctx && EVP_CipherInit_ex(ctx, c->cipher(), NULL, keys->cipher, iv, encrypt) &&
		EVP_CIPHER_CTX_set_padding(ctx, 0));
	must(EVP_CipherUpdate(ctx, out, &n, in.data, (int)in.size));
	must(EVP_CipherFinal_ex(ctx, out + n, &last) && (size_t)(n + last) == in.size);
	EVP_CIPHER_CTX_free(ctx);
}

int isakmp_seal_octets(const struct ike_suite *suite, const struct isakmp_keys *keys,
	const struct packet *header, uint32_t first, struct view octets,
	uint8_t iv[ISAKMP_BLOCK_MAX], struct writer *w)
{
	const struct cipher *c = cipher_of(suite);
	size_t start = w->used, padded = (octets.size + c->block - 1) / c->block * c->block;
	struct packet outer = { .protocol = &isakmp_sealed_protocol };

	memcpy(outer.header, header->header, sizeof(outer.header));
	outer.header[ISAKMP_NEXT_PAYLOAD] = first;
	outer.header[ISAKMP_FLAGS] |= ISAKMP_FLAG_ENCRYPTION;
	wire_encode(&outer, w);
	uint8_t *at = write_room(w, padded);
	if (!at || !padded)
		return -1;
	memset(at, 0, padded);
	memcpy(at, octets.data, octets.size);
	run(c, keys, iv, true, VIEW(at, padded), at);
	memcpy(iv, at + padded - c->block, c->block);
	write_uint_at(w, start + ISAKMP_HEADER_SIZE - 4, w->used - start, 4);
	return 0;
}

int isakmp_seal(const struct ike_suite *suite, const struct isakmp_keys *keys,
	const struct packet *packet, uint8_t iv[ISAKMP_BLOCK_MAX], struct writer *w)
{
	uint8_t octets[ISAKMP_MESSAGE_MAX];
	struct writer inside = writer_of(octets, sizeof(octets));

	wire_encode_elements(packet, &inside);
	uint32_t first = packet->element_count ? packet->elements[0].code : 0;
	int result = inside.failed ? -1
				   : isakmp_seal_octets(suite, keys, packet, first,
					     writer_view(&inside), iv, w);
	wipe(octets, sizeof(octets));
	return result;
}

int isakmp_open(const struct ike_suite *suite, const struct isakmp_keys *keys,
	struct view datagram, uint8_t iv[ISAKMP_BLOCK_MAX], uint8_t *out, struct view *inside,
	struct reject *reject)
{
	const struct cipher *c = cipher_of(suite);
	struct view sealed = isakmp_sealed(datagram);

	if (!sealed.size || sealed.size % c->block || sealed.size > ISAKMP_MESSAGE_MAX)
		return reject_set(reject, REJECT_LENGTH, "encrypted payloads", IKE("B"),
			ISAKMP_HEADER_SIZE, sealed.size);
	run(c, keys, iv, false, sealed, out);
	memcpy(iv, sealed.data + sealed.size - c->block, c->block);
	*inside = VIEW(out, sealed.size);
	return 0;
}
