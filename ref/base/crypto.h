// SPDX-License-Identifier: Apache-2.0
/*
 * The few cryptographic functions that several protocols share, over OpenSSL's EVP. Functions end
 * the process when OpenSSL itself fails (out of memory, algorithm switched off by its
 * configuration): no protocol can do better, and none must go on with a wrong value.
 */
#ifndef BATON_BASE_CRYPTO_H
#define BATON_BASE_CRYPTO_H

#include "ref/base/view.h"

enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };

#define DIGEST_MAX 64

/* Octets of the digest's output. */
size_t digest_size(enum digest d);

/* The digest of the concatenated `parts`; `out` has digest_size(d) octets. */
void digest_parts(enum digest d, const struct view *parts, size_t count, uint8_t *out);

/* HMAC (RFC 2104) over the concatenated `parts`; `out` has digest_size(d) octets. */
void hmac_parts(enum digest d, struct view key, const struct view *parts, size_t count,
	uint8_t *out);

/*
 * prf+ of IKEv2 (RFC 7296 §2.13), as PANA uses it too (RFC 5191 §5.3):
 * T1 = HMAC(key, seed | 0x01), Tn = HMAC(key, Tn-1 | seed | n). `size` at most 255 blocks.
 */
void prf_plus(enum digest d, struct view key, struct view seed, uint8_t *out, size_t size);

/* AES-CMAC with a 128-bit key (RFC 4493, the OMAC1 of EAP-PSK); `out` has 16 octets. */
void aes128_cmac(const uint8_t key[16], const struct view *parts, size_t count, uint8_t *out);

/* One block of AES-128. */
void aes128_encrypt_block(const uint8_t key[16], const uint8_t in[16], uint8_t out[16]);

/* AES-128 in counter mode, the counter block big-endian; `out` may be `in`. */
void aes128_ctr(const uint8_t key[16], const uint8_t counter[16], struct view in, uint8_t *out);

/* Overwrites secrets in a way the compiler keeps. */
void wipe(void *secret, size_t size);

/* Equality in time that depends on the sizes only. */
bool ct_equal(struct view a, struct view b);

#endif
