// SPDX-License-Identifier: Apache-2.0
/*
 * Keys of an IKE SA and of its Child SAs (RFC 7296 §2.13 to §2.18), the AUTH value of a shared key
 * (§2.15), the NAT detection digest (§2.23), and the Encrypted payload (§3.14, RFC 5282, RFC 7383).
 */
#ifndef BATON_IKE_IKE_KEYS_H
#define BATON_IKE_IKE_KEYS_H

#include "ref/base/crypto.h"
#include "ref/base/engine.h"
#include "ref/base/random.h"
#include "ref/ike/ike_payload.h"

#define IKE_KEY_MAX 64
/* Octets of the largest message, before fragmentation and after reassembly. */
#define IKE_MESSAGE_MAX 8192

/* Sizes of a suite's keys in octets; encryption includes the salt of an AEAD. */
struct ike_sizes {
	size_t prf, integ, encr;
};

/* The sizes; 0, or -1 when an algorithm is not implemented. Child SAs have no prf. */
int ike_suite_sizes(const struct ike_suite *suite, struct ike_sizes *out);

/* Whether an IKE SA can run on the suite: everything known, and no NULL encryption (§3.14). */
bool ike_suite_usable(const struct ike_suite *suite);

/* One direction of an IKE SA. */
struct ike_half {
	uint8_t integ[IKE_KEY_MAX], encr[IKE_KEY_MAX], prf[IKE_KEY_MAX]; /* SK_a, SK_e, SK_p */
};

struct ike_keys {
	uint8_t d[IKE_KEY_MAX];		     /* SK_d */
	struct ike_half initiator, responder; /* of the original initiator and responder */
};

struct ike_seed {
	struct view nonce_i, nonce_r, shared;
	uint64_t spi_i, spi_r;
};

/*
 * SKEYSEED and the seven keys, §2.14. With `old` SKEYSEED comes from the old SA's SK_d and its prf,
 * §2.18.
 */
void ike_keys_derive(const struct ike_suite *suite, const struct ike_seed *seed,
	const struct ike_keys *old, const struct ike_suite *old_suite, struct ike_keys *out);

/* KEYMAT of a Child SA, §2.17; `shared` empty without D-H of its own. */
void ike_keymat(uint16_t prf, const struct ike_keys *keys, struct view shared, struct view nonce_i,
	struct view nonce_r, uint8_t *out, size_t size);

/*
 * AUTH with a shared key, §2.15: over `message` (the sender's first), the other's nonce and the
 * body of the sender's ID payload. Returns the size written, digest of the prf.
 */
size_t ike_auth_psk(uint16_t prf, struct view psk, const uint8_t *sk_p, struct view message,
	struct view nonce, struct view id_body, uint8_t out[DIGEST_MAX]);

/* The third part of what an end signs, §2.15: prf(SK_p, body of its ID payload). */
size_t ike_auth_maced_id(uint16_t prf, const uint8_t *sk_p, struct view id_body,
	uint8_t out[DIGEST_MAX]);

/* SHA-1 of the SPIs, address and port, §2.23. */
void ike_nat_digest(uint64_t spi_i, uint64_t spi_r, const struct endpoint *e, uint8_t out[20]);

/* Octets of a message whose payloads take `inside` octets; fragments have four more. */
size_t ike_sealed_size(const struct ike_suite *suite, size_t inside, bool fragment);

struct ike_fragment {
	uint16_t number, total; /* total 0: an ordinary Encrypted payload */
};

/*
 * Writes a whole message: `header` (its fields, payloads aside; a version of 0 is ours), SK or SKF
 * with `octets` inside, the first of them a payload `first`. `iv` counts messages under this key; a
 * CBC suite draws its IV from `random`. -1 only when it does not fit.
 */
int ike_seal(const struct ike_suite *suite, const struct ike_half *keys,
	const struct packet *header, uint32_t first, struct view octets,
	const struct ike_fragment *fragment, uint64_t iv, struct random *random, struct writer *w);

/*
 * Opens the SK or SKF of a decoded message into `out` (IKE_MESSAGE_MAX octets). 0 with *inside, or
 * -1 with the reason: REJECT_INTEGRITY, REJECT_LENGTH, REJECT_PADDING.
 */
int ike_open(const struct ike_suite *suite, const struct ike_half *keys, struct view datagram,
	const struct packet *packet, uint8_t *out, struct view *inside, struct reject *reject);

#endif
