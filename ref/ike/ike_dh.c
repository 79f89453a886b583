// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "ref/base/crypto.h"
#include "ref/ike/ike_dh.h"
#include "ref/ike/ike_wire.h"

enum kind { MODP, ECP, MONTGOMERY };

/* One row a group; `secret` are the octets of an exponent: twice the strength (RFC 3526 §8). */
static const struct group {
	uint16_t number;
	enum kind kind;
	size_t public_size, shared_size, secret;
	int curve;
	BIGNUM *(*prime)(BIGNUM *);
} groups[] = {
	{ IKE_DH_MODP_1024, MODP, 128, 128, 20, 0, BN_get_rfc2409_prime_1024 },
	{ IKE_DH_MODP_1536, MODP, 192, 192, 24, 0, BN_get_rfc3526_prime_1536 },
	{ IKE_DH_MODP_2048, MODP, 256, 256, 32, 0, BN_get_rfc3526_prime_2048 },
	{ IKE_DH_MODP_3072, MODP, 384, 384, 40, 0, BN_get_rfc3526_prime_3072 },
	{ IKE_DH_MODP_4096, MODP, 512, 512, 48, 0, BN_get_rfc3526_prime_4096 },
	{ IKE_DH_ECP_256, ECP, 64, 32, 32, NID_X9_62_prime256v1, NULL },
	{ IKE_DH_ECP_384, ECP, 96, 48, 48, NID_secp384r1, NULL },
	{ IKE_DH_CURVE25519, MONTGOMERY, 32, 32, 32, 0, NULL },
};

static const struct group *group_of(uint16_t number)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i].number == number)
			return &groups[i];
	return NULL;
}

/* OpenSSL itself failed: out of memory, or a configuration without the algorithm. */
static void must(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "baton: OpenSSL cannot do Diffie-Hellman\n");
	abort();
}

size_t ike_dh_public_size(uint16_t group)
{
	const struct group *g = group_of(group);
	return g ? g->public_size : 0;
}

size_t ike_dh_shared_size(uint16_t group)
{
	const struct group *g = group_of(group);
	return g ? g->shared_size : 0;
}

/* base^secret mod p; base NULL: the generator 2. -1 when base is not within 2..p-2. */
static int modp(const struct group *g, const uint8_t *secret, const struct view *base, uint8_t *out)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p = g->prime(NULL), *x = BN_bin2bn(secret, (int)g->secret, NULL);
	BIGNUM *b = base ? BN_bin2bn(base->data, (int)base->size, NULL) : BN_new();
	BIGNUM *result = BN_new(), *limit = p ? BN_dup(p) : NULL;
	int status = -1;

	must(ctx && p && x && b && result && limit && (base || BN_set_word(b, 2)));
	BN_set_flags(x, BN_FLG_CONSTTIME);
	must(BN_sub_word(limit, 2));
	if (!BN_is_zero(b) && !BN_is_one(b) && BN_cmp(b, limit) <= 0) {
		must(BN_mod_exp_mont_consttime(result, b, x, p, ctx, NULL));
		must(BN_bn2binpad(result, out, (int)g->public_size) == (int)g->public_size);
		status = 0;
	}
	BN_clear_free(result);
	BN_clear_free(x);
	BN_free(b);
	BN_free(limit);
	BN_free(p);
	BN_CTX_free(ctx);
	return status;
}

/* RFC 5903 §7: a point is x | y; the shared secret is x alone (§9). */
static int ecp(const struct group *g, const uint8_t *secret, const struct view *peer, uint8_t *out)
{
	EC_GROUP *curve = EC_GROUP_new_by_curve_name(g->curve);
	BN_CTX *ctx = BN_CTX_new();
	EC_POINT *point = curve ? EC_POINT_new(curve) : NULL;
	EC_POINT *result = curve ? EC_POINT_new(curve) : NULL;
	BIGNUM *x = BN_new(), *y = BN_new(), *k = BN_bin2bn(secret, (int)g->secret, NULL);
	int half = (int)g->shared_size, status = -1;

	must(curve && ctx && point && result && x && y && k);
	BN_set_flags(k, BN_FLG_CONSTTIME);
	if (peer) {
		must(BN_bin2bn(peer->data, half, x) && BN_bin2bn(peer->data + half, half, y));
		if (!EC_POINT_set_affine_coordinates(curve, point, x, y, ctx))
			goto out; /* not on the curve */
		must(EC_POINT_mul(curve, result, NULL, point, k, ctx));
	} else {
		must(EC_POINT_mul(curve, result, k, NULL, NULL, ctx));
	}
	if (!EC_POINT_get_affine_coordinates(curve, result, x, y, ctx))
		goto out; /* the point at infinity */
	must(BN_bn2binpad(x, out, half) == half);
	must(peer || BN_bn2binpad(y, out + half, half) == half);
	status = 0;
out:
	BN_clear_free(k);
	BN_clear_free(x);
	BN_clear_free(y);
	EC_POINT_clear_free(result);
	EC_POINT_free(point);
	BN_CTX_free(ctx);
	EC_GROUP_free(curve);
	return status;
}

/* OpenSSL computes the public value of a key that comes without it, which is half of an exchange. */
static EVP_PKEY *montgomery_key(const struct ike_dh_secret *secret)
{
	uint8_t *octets = (uint8_t *)secret->octets, *point = (uint8_t *)secret->point;
	OSSL_PARAM both[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, octets, 32),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 32),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	if (!secret->has_point)
		return EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, octets, 32);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	must(ctx && EVP_PKEY_fromdata_init(ctx) > 0 &&
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, both) > 0);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static int montgomery(const struct ike_dh_secret *secret, const struct view *peer, uint8_t *out)
{
	EVP_PKEY *key = montgomery_key(secret), *other;
	EVP_PKEY_CTX *ctx;
	size_t size = 32;
	int status = 0;

	must(key);
	if (!peer) {
		must(EVP_PKEY_get_raw_public_key(key, out, &size));
		EVP_PKEY_free(key);
		return 0;
	}
	other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer->data, peer->size);
	ctx = EVP_PKEY_CTX_new(key, NULL);
	must(other && ctx && EVP_PKEY_derive_init(ctx) > 0);
	/* all zero, from a point of small order, is refused by OpenSSL: RFC 8031 §2 */
	if (EVP_PKEY_derive_set_peer(ctx, other) <= 0 || EVP_PKEY_derive(ctx, out, &size) <= 0)
		status = -1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	EVP_PKEY_free(key);
	return status;
}

static int raise_to(const struct group *g, const struct ike_dh_secret *secret,
	const struct view *base, uint8_t *out)
{
	switch (g->kind) {
	case MODP:
		return modp(g, secret->octets, base, out);
	case ECP:
		return ecp(g, secret->octets, base, out);
	case MONTGOMERY:
		return montgomery(secret, base, out);
	}
	return -1;
}

int ike_dh_public(const struct ike_dh_secret *secret, uint8_t *public_value)
{
	const struct group *g = group_of(secret->group);
	return g ? raise_to(g, secret, NULL, public_value) : -1;
}

int ike_dh_make(uint16_t group, struct random *random, struct ike_dh_secret *secret,
	uint8_t *public_value)
{
	const struct group *g = group_of(group);

	*secret = (struct ike_dh_secret){ .group = group };
	if (!g)
		return -1;
	random_fill(random, secret->octets, sizeof(secret->octets));
	if (ike_dh_public(secret, public_value) < 0)
		return -1;
	if (g->kind == MONTGOMERY) {
		memcpy(secret->point, public_value, sizeof(secret->point));
		secret->has_point = true;
	}
	return 0;
}

int ike_dh_agree(const struct ike_dh_secret *secret, struct view peer, uint8_t *shared)
{
	const struct group *g = group_of(secret->group);

	/* RFC 7296 §3.4: the length must be that of the group */
	if (!g || peer.size != g->public_size)
		return -1;
	return raise_to(g, secret, &peer, shared);
}
