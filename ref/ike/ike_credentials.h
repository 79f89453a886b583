// SPDX-License-Identifier: Apache-2.0
/*
 * Authentication by certificate: RFC 7296 §2.15, §3.6 to §3.8, with digital signatures as RFC 7427
 * has them. One struct is what an end has: its certificate with the private key, and whom it trusts.
 * Its AUTH values carry no randomness of the engine's: an ECDSA signature draws from OpenSSL's.
 */
#ifndef BATON_IKE_IKE_CREDENTIALS_H
#define BATON_IKE_IKE_CREDENTIALS_H

#include "ref/ike/ike_payload.h"

/* Files are PEM, read by ike_credentials_new and not kept. */
struct ike_credentials_config {
	const char *ca_file;	      /* whom to trust; NULL: nobody */
	const char *certificate_file; /* our own, the chain after it; NULL: none */
	const char *key_file;	      /* its private key; required with a certificate */
	const char *crl_file;	      /* revoked certificates; NULL: not checked */
};

struct ike_credentials;

/* NULL when something is wrong, with one sentence in `error` that names the file. */
struct ike_credentials *ike_credentials_new(const struct ike_credentials_config *config,
	char *error, size_t size);
/* Wipes the key. Accepts NULL. */
void ike_credentials_free(struct ike_credentials *credentials);

#define IKE_CHAIN_MAX 4
/* The nth certificate in DER, our own first; empty past the last. */
struct view ike_credentials_chain(const struct ike_credentials *credentials, unsigned n);

/* §3.7: the SHA-1 of the public key of each authority that is trusted, one after the other. */
struct view ike_credentials_authorities(const struct ike_credentials *credentials);

/* Hash functions of RFC 7427 §4, as bits 1 << number. */
enum ike_hash { IKE_HASH_SHA1 = 1, IKE_HASH_SHA2_256, IKE_HASH_SHA2_384, IKE_HASH_SHA2_512 };
/* What ike_credentials_verify takes, as the data of SIGNATURE_HASH_ALGORITHMS. */
struct view ike_credentials_hashes(void);

#define IKE_SIGNATURE_MAX 1100

/* Whether its key has a signature for a peer that announced `hashes`, see below. */
bool ike_credentials_can_sign(const struct ike_credentials *credentials, unsigned hashes);

/*
 * The signature over the concatenated `parts`, as data of an AUTH payload with `*method`. `hashes`
 * are those the peer has announced; 0: none, it knows RFC 7427 not, and only an RSA key can sign
 * then. Returns the size written (at most IKE_SIGNATURE_MAX), 0 when the key cannot.
 */
size_t ike_credentials_sign(const struct ike_credentials *credentials, unsigned hashes,
	const struct view *parts, size_t count, uint8_t *method, uint8_t *out);

/*
 * The signature of IKEv1 over a hash, PKCS #1 without a word on which hash it is (RFC 2409 §5.1).
 * Returns the size written (at most IKE_SIGNATURE_MAX), 0 when the key is none of RSA.
 */
size_t ike_credentials_sign_hash(const struct ike_credentials *credentials, struct view hash,
	uint8_t *out);

/* The method of a proof that ike_credentials_sign_hash made; no number of IKEv2's. */
#define IKE_METHOD_BARE_HASH 0

/* What the peer sent as its proof. */
struct ike_proof {
	struct view certificates[IKE_CHAIN_MAX]; /* DER, its own first */
	unsigned count;
	uint8_t method;
	struct view data; /* of the AUTH payload */
	const struct ike_id *id;
};

/*
 * The certificate is one of ours to trust at `time` (seconds since 1970), names the identity (§4:
 * subjectAltName, or for a distinguished name the subject), and its key has signed the parts.
 * Returns NULL, or what was wrong in words.
 */
const char *ike_credentials_verify(const struct ike_credentials *credentials,
	const struct ike_proof *proof, int64_t time, const struct view *parts, size_t count);

#endif
