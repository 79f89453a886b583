// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include <netinet/in.h>
#include <openssl/evp.h>

#include "ref/base/mutant.h"
#include "ref/ike/ike_keys.h"

static void must(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "baton: OpenSSL cannot do what IKE needs\n");
	abort();
}

/* --- algorithms by number ----------------------------------------------------------------- */

static const struct prf {
	uint16_t id;
	enum digest digest;
} prfs[] = {
	{ IKE_PRF_HMAC_MD5, DIGEST_MD5 },
	{ IKE_PRF_HMAC_SHA1, DIGEST_SHA1 },
	{ IKE_PRF_HMAC_SHA2_256, DIGEST_SHA256 },
	{ IKE_PRF_HMAC_SHA2_384, DIGEST_SHA384 },
	{ IKE_PRF_HMAC_SHA2_512, DIGEST_SHA512 },
	{ 0, DIGEST_MD5 },
};

static const struct integ {
	uint16_t id;
	enum digest digest;
	size_t icv;
} integs[] = {
	{ IKE_INTEG_HMAC_MD5_96, DIGEST_MD5, 12 },
	{ IKE_INTEG_HMAC_SHA1_96, DIGEST_SHA1, 12 },
	{ IKE_INTEG_HMAC_SHA2_256_128, DIGEST_SHA256, 16 },
	{ IKE_INTEG_HMAC_SHA2_384_192, DIGEST_SHA384, 24 },
	{ IKE_INTEG_HMAC_SHA2_512_256, DIGEST_SHA512, 32 },
	{ 0, DIGEST_MD5, 0 },
};

static const struct encr {
	uint16_t id, key_bits;	     /* as negotiated */
	const EVP_CIPHER *(*cipher)(void);
	size_t key, salt, iv, block; /* octets */
	size_t icv;		     /* of an AEAD; 0: needs an integrity algorithm */
} encrs[] = {
	{ IKE_ENCR_3DES, 0, EVP_des_ede3_cbc, 24, 0, 8, 8, 0 },
	{ IKE_ENCR_AES_CBC, 128, EVP_aes_128_cbc, 16, 0, 16, 16, 0 },
	{ IKE_ENCR_AES_CBC, 192, EVP_aes_192_cbc, 24, 0, 16, 16, 0 },
	{ IKE_ENCR_AES_CBC, 256, EVP_aes_256_cbc, 32, 0, 16, 16, 0 },
	{ IKE_ENCR_AES_GCM_8, 128, EVP_aes_128_gcm, 16, 4, 8, 1, 8 },
	{ IKE_ENCR_AES_GCM_8, 256, EVP_aes_256_gcm, 32, 4, 8, 1, 8 },
	{ IKE_ENCR_AES_GCM_12, 128, EVP_aes_128_gcm, 16, 4, 8, 1, 12 },
	{ IKE_ENCR_AES_GCM_12, 256, EVP_aes_256_gcm, 32, 4, 8, 1, 12 },
	{ IKE_ENCR_AES_GCM_16, 128, EVP_aes_128_gcm, 16, 4, 8, 1, 16 },
	{ IKE_ENCR_AES_GCM_16, 192, EVP_aes_192_gcm, 24, 4, 8, 1, 16 },
	{ IKE_ENCR_AES_GCM_16, 256, EVP_aes_256_gcm, 32, 4, 8, 1, 16 },
	{ IKE_ENCR_CHACHA20_POLY1305, 0, EVP_chacha20_poly1305, 32, 4, 8, 1, 16 },
	{ IKE_ENCR_NULL, 0, NULL, 0, 0, 0, 1, 0 },
	{ 0, 0, NULL, 0, 0, 0, 0, 0 },
};

static const struct prf *prf_of(uint16_t id)
{
	for (const struct prf *p = prfs; p->id; p++)
		if (p->id == id)
			return p;
	return NULL;
}

static const struct integ *integ_of(uint16_t id)
{
	for (const struct integ *i = integs; i->id; i++)
		if (i->id == id)
			return i;
	return NULL;
}

static const struct encr *encr_of(const struct ike_suite *s)
{
	for (const struct encr *e = encrs; e->id; e++)
		if (e->id == s->encr && e->key_bits == s->key_bits)
			return e;
	return NULL;
}

int ike_suite_sizes(const struct ike_suite *suite, struct ike_sizes *out)
{
	const struct encr *encr = encr_of(suite);
	const struct integ *integ = integ_of(suite->integ);
	const struct prf *prf = prf_of(suite->prf);

	*out = (struct ike_sizes){ 0 };
	/* RFC 5282 §8: an AEAD has no integrity algorithm beside it; everything else must */
	if (!encr || (suite->prf && !prf) || (encr->icv ? suite->integ != 0 : !integ))
		return -1;
	out->encr = encr->key + encr->salt;
	out->integ = integ ? digest_size(integ->digest) : 0;
	out->prf = prf ? digest_size(prf->digest) : 0;
	return 0;
}

bool ike_suite_usable(const struct ike_suite *suite)
{
	struct ike_sizes sizes;
	return ike_suite_sizes(suite, &sizes) == 0 && sizes.prf && sizes.encr;
}

/* --- keys --------------------------------------------------------------------------------- */

static void take(struct reader *r, uint8_t *key, size_t size)
{
	memset(key, 0, IKE_KEY_MAX);
	read_bytes(r, key, size);
}

static void skeyseed(const struct ike_suite *suite, const struct ike_seed *s,
	const struct ike_keys *old, const struct ike_suite *old_suite, uint8_t out[DIGEST_MAX])
{
	uint8_t nonces[512];
	struct writer w = writer_of(nonces, sizeof(nonces));

	if (old) {
		enum digest d = prf_of(old_suite->prf)->digest;
		struct view parts[] = { s->shared, s->nonce_i, s->nonce_r };
		hmac_parts(d, VIEW(old->d, digest_size(d)), parts, 3, out);
		return;
	}
	write_view(&w, s->nonce_i);
	write_view(&w, s->nonce_r);
	hmac_parts(prf_of(suite->prf)->digest, writer_view(&w), &s->shared, 1, out);
}

void ike_keys_derive(const struct ike_suite *suite, const struct ike_seed *seed,
	const struct ike_keys *old, const struct ike_suite *old_suite, struct ike_keys *out)
{
	uint8_t first[DIGEST_MAX], text[544], stream[7 * IKE_KEY_MAX];
	struct writer w = writer_of(text, sizeof(text));
	struct ike_sizes n;

	must(ike_suite_sizes(suite, &n) == 0 && n.prf);
	/* §2.18: SKEYSEED with the old prf, the keys with the new one */
	skeyseed(suite, seed, old, old_suite, first);
	size_t seed_size = digest_size(prf_of(old ? old_suite->prf : suite->prf)->digest);
	write_view(&w, seed->nonce_i);
	write_view(&w, seed->nonce_r);
	write_u64(&w, seed->spi_i);
	write_u64(&w, seed->spi_r);
	size_t size = 3 * n.prf + 2 * n.integ + 2 * n.encr;
	prf_plus(prf_of(suite->prf)->digest, VIEW(first, seed_size), writer_view(&w), stream, size);
	struct reader r = reader_of(VIEW(stream, size));
	take(&r, out->d, n.prf);
	take(&r, out->initiator.integ, n.integ);
	take(&r, out->responder.integ, n.integ);
	take(&r, out->initiator.encr, n.encr);
	take(&r, out->responder.encr, n.encr);
	take(&r, out->initiator.prf, n.prf);
	take(&r, out->responder.prf, n.prf);
	wipe(first, sizeof(first));
	wipe(stream, sizeof(stream));
}

void ike_keymat(uint16_t prf, const struct ike_keys *keys, struct view shared, struct view nonce_i,
	struct view nonce_r, uint8_t *out, size_t size)
{
	enum digest d = prf_of(prf)->digest;
	uint8_t text[IKE_MESSAGE_MAX / 4];
	struct writer w = writer_of(text, sizeof(text));

	write_view(&w, shared);
	write_view(&w, nonce_i);
	write_view(&w, nonce_r);
	must(!w.failed);
	prf_plus(d, VIEW(keys->d, digest_size(d)), writer_view(&w), out, size);
	wipe(text, sizeof(text));
}

size_t ike_auth_maced_id(uint16_t prf, const uint8_t *sk_p, struct view id_body,
	uint8_t out[DIGEST_MAX])
{
	enum digest d = prf_of(prf)->digest;

	hmac_parts(d, VIEW(sk_p, digest_size(d)), &id_body, 1, out);
	return digest_size(d);
}

size_t ike_auth_psk(uint16_t prf, struct view psk, const uint8_t *sk_p, struct view message,
	struct view nonce, struct view id_body, uint8_t out[DIGEST_MAX])
{
	enum digest d = prf_of(prf)->digest;
	size_t size = digest_size(d);
	struct view pad = view_text("Key Pad for IKEv2");
	uint8_t maced_id[DIGEST_MAX], key[DIGEST_MAX];

	ike_auth_maced_id(prf, sk_p, id_body, maced_id);
	hmac_parts(d, psk, &pad, 1, key);
	struct view signed_octets[] = { message, nonce, VIEW(maced_id, size) };
	hmac_parts(d, VIEW(key, size), signed_octets, 3, out);
	wipe(key, sizeof(key));
	return size;
}

void ike_nat_digest(uint64_t spi_i, uint64_t spi_r, const struct endpoint *e, uint8_t out[20])
{
	uint8_t text[34];
	struct writer w = writer_of(text, sizeof(text));

	write_u64(&w, spi_i);
	write_u64(&w, spi_r);
	write_bytes(&w, e->address, e->family == AF_INET6 ? 16 : 4);
	if (!MUTANT(ike_wrong_digest))
		write_bytes(&w, &e->port, 2); /* network byte order already */
	struct view part = writer_view(&w);
	digest_parts(DIGEST_SHA1, &part, 1, out);
}

/* --- the Encrypted payload ---------------------------------------------------------------- */

struct layout {
	size_t padded, body; /* plaintext with padding; IV, ciphertext and ICV */
	size_t icv;
};

static struct layout layout_of(const struct ike_suite *suite, size_t inside)
{
	const struct encr *e = encr_of(suite);
	const struct integ *i = integ_of(suite->integ);
	struct layout l = { .icv = i ? i->icv : e->icv };

	l.padded = (inside + 1 + e->block - 1) / e->block * e->block;
	l.body = e->iv + l.padded + l.icv;
	return l;
}

size_t ike_sealed_size(const struct ike_suite *suite, size_t inside, bool fragment)
{
	return IKE_HEADER_SIZE + 4 + (fragment ? 4 : 0) + layout_of(suite, inside).body;
}

/* RFC 5282 §4: salt, then IV. */
static void gcm_nonce(const struct encr *e, const struct ike_half *keys, const uint8_t *iv,
	uint8_t nonce[12])
{
	memcpy(nonce, keys->encr + e->key, 4);
	memcpy(nonce + 4, iv, 8);
}

static void encrypt(const struct encr *e, const struct ike_half *keys, struct view aad,
	const uint8_t *iv, uint8_t *text, size_t size, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int n = 0;

	if (e->icv)
		gcm_nonce(e, keys, iv, nonce);
	must(ctx && EVP_EncryptInit_ex(ctx, e->cipher(), NULL, keys->encr, e->icv ? nonce : iv) &&
		EVP_CIPHER_CTX_set_padding(ctx, 0));
	must(!e->icv || EVP_EncryptUpdate(ctx, NULL, &n, aad.data, (int)aad.size));
	must(EVP_EncryptUpdate(ctx, text, &n, text, (int)size) && (size_t)n == size);
	must(EVP_EncryptFinal_ex(ctx, text + n, &n));
	must(!e->icv || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)e->icv, tag));
	EVP_CIPHER_CTX_free(ctx);
}

/* False when the tag of an AEAD does not verify. */
static bool decrypt(const struct encr *e, const struct ike_half *keys, struct view aad,
	const uint8_t *iv, struct view text, const uint8_t *tag, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int n = 0;

	if (e->icv)
		gcm_nonce(e, keys, iv, nonce);
	must(ctx && EVP_DecryptInit_ex(ctx, e->cipher(), NULL, keys->encr, e->icv ? nonce : iv) &&
		EVP_CIPHER_CTX_set_padding(ctx, 0));
	if (e->icv)
		must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)e->icv, (void *)tag) &&
			EVP_DecryptUpdate(ctx, NULL, &n, aad.data, (int)aad.size));
	must(EVP_DecryptUpdate(ctx, out, &n, text.data, (int)text.size));
	bool good = EVP_DecryptFinal_ex(ctx, out + n, &n) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

static void write_payload_header(const struct packet *header, uint32_t first, size_t body,
	const struct ike_fragment *f, struct writer *w)
{
	size_t head = 4 + (f->total ? 4 : 0);
	uint64_t version = header->header[IKE_VERSIONS];

	write_u64(w, header->header[IKE_SPI_I]);
	write_u64(w, header->header[IKE_SPI_R]);
	write_u8(w, f->total ? IKE_PAYLOAD_SKF : IKE_PAYLOAD_SK);
	write_u8(w, (uint8_t)(version ? version : IKE_VERSION));
	write_u8(w, (uint8_t)header->header[IKE_EXCHANGE_TYPE]);
	write_u8(w, (uint8_t)header->header[IKE_FLAGS]);
	write_u32(w, (uint32_t)header->header[IKE_MESSAGE_ID]);
	write_u32(w, (uint32_t)(IKE_HEADER_SIZE + head + body));
	/* RFC 7383 §2.5: only the first fragment says what is inside */
	write_u8(w, f->number > 1 ? 0 : (uint8_t)first);
	write_u8(w, 0);
	write_u16(w, (uint16_t)(head + body));
	if (f->total) {
		write_u16(w, f->number);
		write_u16(w, f->total);
	}
}

int ike_seal(const struct ike_suite *suite, const struct ike_half *keys,
	const struct packet *header, uint32_t first, struct view octets,
	const struct ike_fragment *fragment, uint64_t iv, struct random *random, struct writer *w)
{
	const struct encr *e = encr_of(suite);
	const struct integ *integ = integ_of(suite->integ);
	struct layout l = layout_of(suite, octets.size);
	uint8_t *start = w->start + w->used;
	size_t began = w->used;

	write_payload_header(header, first, l.body, fragment, w);
	size_t aad = w->used - began;
	uint8_t *at = write_room(w, l.body);
	if (!at)
		return -1;
	if (e->icv) {
		struct writer counter = writer_of(at, 8);
		write_u64(&counter, iv);
	} else {
		random_fill(random, at, e->iv);
	}
	uint8_t *text = at + e->iv, *icv = text + l.padded;
	size_t pad = l.padded - octets.size - 1;
	if (octets.size)
		memcpy(text, octets.data, octets.size);
	memset(text + octets.size, 0, pad);
	text[l.padded - 1] = (uint8_t)pad;
	encrypt(e, keys, VIEW(start, aad), at, text, l.padded, icv);
	if (integ) {
		uint8_t mac[DIGEST_MAX];
		struct view whole = VIEW(start, (size_t)(icv - start));
		hmac_parts(integ->digest, VIEW(keys->integ, digest_size(integ->digest)), &whole, 1,
			mac);
		memcpy(icv, mac, l.icv);
	}
	return 0;
}

static bool icv_good(const struct integ *i, const struct ike_half *keys, struct view datagram)
{
	struct view covered = VIEW(datagram.data, datagram.size - i->icv);
	uint8_t mac[DIGEST_MAX];

	hmac_parts(i->digest, VIEW(keys->integ, digest_size(i->digest)), &covered, 1, mac);
	return ct_equal(VIEW(mac, i->icv), VIEW(datagram.data + covered.size, i->icv));
}

int ike_open(const struct ike_suite *suite, const struct ike_half *keys, struct view datagram,
	const struct packet *packet, uint8_t *out, struct view *inside, struct reject *reject)
{
	const struct encr *e = encr_of(suite);
	const struct integ *integ = integ_of(suite->integ);
	const struct element_value *sk = &packet->elements[packet->element_count - 1];
	struct layout l = layout_of(suite, 0);
	struct reader r = reader_of(sk->value);

	if (sk->code == IKE_PAYLOAD_SKF)
		read_u32(&r);
	size_t left = reader_left(&r), text_size = left - e->iv - l.icv;
	if (left < l.body || text_size % e->block || text_size > IKE_MESSAGE_MAX)
		return reject_set(reject, REJECT_LENGTH, "SK", "RFC 7296 §3.14", sk->offset, left);
	struct view iv = read_view(&r, e->iv), text = read_view(&r, text_size);
	struct view tag = read_rest(&r);
	struct view aad = VIEW(datagram.data, (size_t)(iv.data - datagram.data));
	bool good = (!integ || icv_good(integ, keys, datagram)) &&
		decrypt(e, keys, aad, iv.data, text, tag.data, out);
	if (!good)
		return reject_set(reject, REJECT_INTEGRITY, "SK", "RFC 7296 §3.14", sk->offset, 0);
	size_t pad = out[text_size - 1];
	if (pad + 1 > text_size)
		return reject_set(reject, REJECT_PADDING, "Pad Length", "RFC 7296 §3.14",
			sk->offset, pad);
	*inside = VIEW(out, text_size - pad - 1);
	return 0;
}
