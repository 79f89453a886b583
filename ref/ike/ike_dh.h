// SPDX-License-Identifier: Apache-2.0
/*
 * Diffie-Hellman groups of IKE: MODP 2048, 3072, 4096 (RFC 3526), ECP 256, 384 (RFC 5903),
 * curve25519 (RFC 8031), and for old peers of IKEv1 MODP 1024 and 1536. The secret is drawn from
 * the caller's randomness, so a run can repeat.
 */
#ifndef BATON_IKE_IKE_DH_H
#define BATON_IKE_IKE_DH_H

#include "ref/base/random.h"
#include "ref/base/view.h"

#define IKE_DH_PUBLIC_MAX 512
#define IKE_DH_SHARED_MAX 512

/* 48 octets are twice the strength of the strongest group here. */
struct ike_dh_secret {
	uint16_t group; /* 0: none */
	uint8_t octets[48];
	/* curve25519: the public value, kept so that OpenSSL need not compute it for each use */
	uint8_t point[32];
	bool has_point;
};

/* Octets of a public value; 0 when the group is not known. */
size_t ike_dh_public_size(uint16_t group);
/* Octets of the shared secret. */
size_t ike_dh_shared_size(uint16_t group);

/* A secret and its public value, ike_dh_public_size octets. 0, or -1: group not known. */
int ike_dh_make(uint16_t group, struct random *random, struct ike_dh_secret *secret,
	uint8_t *public_value);

/* The public value of a secret. */
int ike_dh_public(const struct ike_dh_secret *secret, uint8_t *public_value);

/*
 * The shared secret, ike_dh_shared_size octets. -1 when the peer's value is not one of the group:
 * wrong size, out of range, not on the curve (RFC 6989 §2), or the result is all zero.
 */
int ike_dh_agree(const struct ike_dh_secret *secret, struct view peer, uint8_t *shared);

#endif
