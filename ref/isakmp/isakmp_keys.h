// SPDX-License-Identifier: Apache-2.0
/*
 * Keys of IKEv1 (RFC 2409 §5, §5.5, §B), the values that authenticate phase 1, and the encryption
 * of messages. Suites are in the numbers of IKEv2; only CBC ciphers have a place in IKEv1.
 */
#ifndef BATON_ISAKMP_ISAKMP_KEYS_H
#define BATON_ISAKMP_ISAKMP_KEYS_H

#include "ref/base/crypto.h"
#include "ref/base/engine.h"
#include "ref/ike/ike_keys.h"
#include "ref/isakmp/isakmp_payload.h"

#define ISAKMP_BLOCK_MAX 16
/* Octets of the largest message. */
#define ISAKMP_MESSAGE_MAX IKE_MESSAGE_MAX

struct isakmp_keys {
	uint8_t skeyid[DIGEST_MAX], d[DIGEST_MAX], a[DIGEST_MAX], e[DIGEST_MAX];
	uint8_t cipher[IKE_KEY_MAX]; /* Ka of §B, from SKEYID_e */
	size_t size;		     /* of each SKEYID: the digest's */
	size_t cipher_size;
};

/* What both ends have said and computed in main mode. */
struct isakmp_seed {
	struct view psk; /* empty: signatures */
	struct view nonce_i, nonce_r, public_i, public_r, shared;
	uint64_t cky_i, cky_r;
};

/* Whether an ISAKMP SA can run on the suite: CBC, a hash and a group that are implemented. */
bool isakmp_suite_usable(const struct ike_suite *suite);

/* Octets of a block of the suite's cipher. */
size_t isakmp_block(const struct ike_suite *suite);

/* The hash of the suite. */
enum digest isakmp_digest(const struct ike_suite *suite);

/* SKEYID, SKEYID_d, _a, _e (§5, §5.1, §5.4) and the cipher's key (§B). */
void isakmp_keys_derive(const struct ike_suite *suite, const struct isakmp_seed *seed,
	struct isakmp_keys *out);

/* HASH_I or HASH_R (§5) over the bodies of SAi and of that end's ID. Returns the size. */
size_t isakmp_auth_hash(const struct ike_suite *suite, const struct isakmp_keys *keys,
	const struct isakmp_seed *seed, bool of_initiator, struct view sa_body,
	struct view id_body, uint8_t out[DIGEST_MAX]);

/* prf(SKEYID_a, parts): HASH(1) to HASH(3) of §5.5 and §5.7. Returns the size. */
size_t isakmp_hash(const struct ike_suite *suite, const struct isakmp_keys *keys,
	const struct view *parts, size_t count, uint8_t out[DIGEST_MAX]);

/* The IV of the first encrypted message (§B). */
void isakmp_first_iv(const struct ike_suite *suite, struct view public_i, struct view public_r,
	uint8_t iv[ISAKMP_BLOCK_MAX]);
/* The IV of the first message of another exchange; `last`: the last block of phase 1 (§B). */
void isakmp_exchange_iv(const struct ike_suite *suite, const uint8_t last[ISAKMP_BLOCK_MAX],
	uint32_t message_id, uint8_t iv[ISAKMP_BLOCK_MAX]);

/* KEYMAT of one direction (§5.5); `shared` empty without perfect forward secrecy. */
void isakmp_keymat(const struct ike_suite *suite, const struct isakmp_keys *keys,
	struct view shared, uint8_t protocol, const uint8_t spi[4], struct view nonce_i,
	struct view nonce_r, uint8_t *out, size_t size);

/* The digest of NAT detection, RFC 3947 §3.2, with the suite's hash. Returns the size. */
size_t isakmp_nat_digest(const struct ike_suite *suite, uint64_t cky_i, uint64_t cky_r,
	const struct endpoint *e, uint8_t out[DIGEST_MAX]);

/*
 * Writes an encrypted message: the packet's header, its payloads, zeros up to a whole block. `iv`
 * becomes that of the next message of the exchange. -1 only when it does not fit.
 */
int isakmp_seal(const struct ike_suite *suite, const struct isakmp_keys *keys,
	const struct packet *packet, uint8_t iv[ISAKMP_BLOCK_MAX], struct writer *w);

/*
 * The same for payloads that are octets already: `first` is the code of the first. They are padded
 * as they are.
 */
int isakmp_seal_octets(const struct ike_suite *suite, const struct isakmp_keys *keys,
	const struct packet *header, uint32_t first, struct view octets,
	uint8_t iv[ISAKMP_BLOCK_MAX], struct writer *w);

/*
 * Decrypts a datagram into `out` (ISAKMP_MESSAGE_MAX octets); what comes out may be anything, since
 * nothing here is authenticated. `iv` as in isakmp_seal. 0 with *inside, or -1: no whole blocks.
 */
int isakmp_open(const struct ike_suite *suite, const struct isakmp_keys *keys,
	struct view datagram, uint8_t iv[ISAKMP_BLOCK_MAX], uint8_t *out, struct view *inside,
	struct reject *reject);

#endif
