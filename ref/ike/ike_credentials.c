// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "ref/base/crypto.h"
#include "ref/base/reader.h"
#include "ref/base/writer.h"
#include "ref/ike/ike_credentials.h"

#define AUTHORITIES_MAX 32
#define AUTHORITY_SIZE 20
#define SECURITY_LEVEL 2 /* 112 bits: RSA from 2048, no SHA-1 in certificates */
#define SEEN_MAX 16

/*
 * A certificate as it was decoded. To decode one costs OpenSSL 3 as much as half a signature, for it
 * looks for a decoder of the key anew each time, so those of peers that proved themselves are kept.
 * Nothing is judged by that: trust, time, revocation and name are looked at each time.
 */
struct seen {
	uint8_t *der;
	size_t size;
	X509 *x; /* NULL: free */
};

struct ike_credentials {
	X509_STORE *store; /* NULL: nobody is trusted */
	EVP_PKEY *key;	   /* NULL: we have none */
	uint8_t *chain[IKE_CHAIN_MAX];
	size_t sizes[IKE_CHAIN_MAX];
	unsigned count;
	uint8_t authorities[AUTHORITIES_MAX * AUTHORITY_SIZE];
	size_t authorities_size;
	struct seen *seen; /* SEEN_MAX, the oldest at `next_seen` */
	unsigned *next_seen;
};

/* --- certificates seen -------------------------------------------------------------------------- */

static void seen_new(struct ike_credentials *c)
{
	c->seen = calloc(SEEN_MAX, sizeof(*c->seen));
	c->next_seen = calloc(1, sizeof(*c->next_seen));
	if (!c->seen || !c->next_seen)
		abort();
}

static void seen_clear(struct seen *s)
{
	X509_free(s->x);
	free(s->der);
	*s = (struct seen){ 0 };
}

static void seen_free(struct ike_credentials *c)
{
	for (unsigned i = 0; i < SEEN_MAX; i++)
		seen_clear(&c->seen[i]);
	free(c->seen);
	free(c->next_seen);
}

static const struct seen *seen_find(const struct ike_credentials *c, struct view der)
{
	for (unsigned i = 0; i < SEEN_MAX; i++)
		if (c->seen[i].x && view_equal(der, VIEW(c->seen[i].der, c->seen[i].size)))
			return &c->seen[i];
	return NULL;
}

/* One of the caller's own, or NULL: it is no certificate. */
static X509 *seen_decode(const struct ike_credentials *c, struct view der)
{
	const struct seen *s = seen_find(c, der);
	const uint8_t *at = der.data;

	if (s && X509_up_ref(s->x) == 1)
		return s->x;
	return d2i_X509(NULL, &at, (long)der.size);
}

/* Keeps it instead of the one that was kept first. */
static void seen_keep(const struct ike_credentials *c, struct view der, X509 *x)
{
	struct seen *s = &c->seen[*c->next_seen];

	if (seen_find(c, der) || X509_up_ref(x) != 1)
		return;
	seen_clear(s);
	*s = (struct seen){ .der = malloc(der.size), .size = der.size, .x = x };
	if (!s->der)
		abort();
	memcpy(s->der, der.data, der.size);
	*c->next_seen = (*c->next_seen + 1) % SEEN_MAX;
}

/* --- files ---------------------------------------------------------------------------------- */

struct loading {
	char *error;
	size_t size;
};

static int fail(const struct loading *l, const char *file, const char *what)
{
	snprintf(l->error, l->size, "%s: %s", file, what);
	return -1;
}

static int load_chain(struct ike_credentials *c, const char *file, const struct loading *l)
{
	BIO *in = BIO_new_file(file, "r");
	X509 *x;

	if (!in)
		return fail(l, file, "cannot be read");
	while (c->count < IKE_CHAIN_MAX && (x = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		int size = i2d_X509(x, &c->chain[c->count]);
		if (size > 0)
			c->sizes[c->count++] = (size_t)size;
		X509_free(x);
	}
	BIO_free(in);
	return c->count ? 0 : fail(l, file, "no certificate that can be used");
}

static int load_key(struct ike_credentials *c, const char *file, const char *certificate_file,
	const struct loading *l)
{
	const uint8_t *at = c->chain[0];
	BIO *in = file ? BIO_new_file(file, "r") : NULL;

	if (!file)
		return fail(l, certificate_file, "the private key to this certificate is missing");
	if (!in)
		return fail(l, file, "cannot be read");
	c->key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	BIO_free(in);
	if (!c->key)
		return fail(l, file, "no private key that can be used");
	X509 *own = d2i_X509(NULL, &at, (long)c->sizes[0]);
	bool fits = own && X509_check_private_key(own, c->key) == 1;
	X509_free(own);
	return fits ? 0 : fail(l, file, "the key does not belong to the certificate");
}

static void note_authority(struct ike_credentials *c, X509 *x)
{
	uint8_t *key = NULL;
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &key);
	struct view part = VIEW(key, (size_t)size);

	if (size > 0 && c->authorities_size < sizeof(c->authorities)) {
		digest_parts(DIGEST_SHA1, &part, 1, c->authorities + c->authorities_size);
		c->authorities_size += AUTHORITY_SIZE;
	}
	OPENSSL_free(key);
}

static int load_authorities(struct ike_credentials *c, const char *file, const struct loading *l)
{
	BIO *in = BIO_new_file(file, "r");
	X509 *x;

	if (!in)
		return fail(l, file, "cannot be read");
	c->store = X509_STORE_new();
	while ((x = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		X509_STORE_add_cert(c->store, x);
		note_authority(c, x);
		X509_free(x);
	}
	BIO_free(in);
	return c->authorities_size ? 0 : fail(l, file, "no CA certificate that can be used");
}

static int load_revoked(struct ike_credentials *c, const char *file, const struct loading *l)
{
	X509_LOOKUP *lookup = c->store ? X509_STORE_add_lookup(c->store, X509_LOOKUP_file()) : NULL;

	if (!lookup || X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) < 1)
		return fail(l, file, "no certificate revocation list, or no authority for it");
	X509_STORE_set_flags(c->store, X509_V_FLAG_CRL_CHECK);
	return 0;
}

struct ike_credentials *ike_credentials_new(const struct ike_credentials_config *config,
	char *error, size_t size)
{
	struct ike_credentials *c = calloc(1, sizeof(*c));
	struct loading l = { error, size };
	int result = 0;

	if (!c)
		abort();
	seen_new(c);
	if (config->certificate_file)
		result = load_chain(c, config->certificate_file, &l);
	if (result == 0 && config->certificate_file)
		result = load_key(c, config->key_file, config->certificate_file, &l);
	if (result == 0 && config->ca_file)
		result = load_authorities(c, config->ca_file, &l);
	if (result == 0 && config->crl_file)
		result = load_revoked(c, config->crl_file, &l);
	ERR_clear_error();
	if (result == 0)
		return c;
	ike_credentials_free(c);
	return NULL;
}

void ike_credentials_free(struct ike_credentials *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->count; i++)
		OPENSSL_free(c->chain[i]);
	seen_free(c);
	EVP_PKEY_free(c->key);
	X509_STORE_free(c->store);
	free(c);
}

struct view ike_credentials_chain(const struct ike_credentials *c, unsigned n)
{
	return n < c->count ? VIEW(c->chain[n], c->sizes[n]) : VIEW_EMPTY;
}

struct view ike_credentials_authorities(const struct ike_credentials *c)
{
	return VIEW(c->authorities, c->authorities_size);
}

/* --- signatures ------------------------------------------------------------------------------- */

/* One row: an AlgorithmIdentifier of RFC 7427 appendix A, and what it says. */
struct algorithm {
	int key_type;
	bool pss;
	enum ike_hash hash;
	uint8_t size;
	uint8_t der[67];
};

#define RSA_PKCS1(hash, last)                                                                      \
	{ EVP_PKEY_RSA, false, hash, 15,                                                           \
		{ 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last,    \
			0x05, 0x00 } }
#define ECDSA(hash, last)                                                                          \
	{ EVP_PKEY_EC, false, hash, 12,                                                            \
		{ 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last } }
#define SHA2(last) 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last,   \
	0x05, 0x00
/* With MGF1 over the same hash and a salt of its size. */
#define RSA_PSS(hash, last, salt)                                                                  \
	{ EVP_PKEY_RSA, true, hash, 67,                                                            \
		{ 0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a,    \
			0x30, 0x34, 0xa0, 0x0f, SHA2(last), 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09,    \
			0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, SHA2(last), 0xa2,    \
			0x03, 0x02, 0x01, salt } }

static const struct algorithm algorithms[] = {
	RSA_PKCS1(IKE_HASH_SHA2_256, 0x0b), /* A.1.2 */
	RSA_PKCS1(IKE_HASH_SHA2_384, 0x0c),
	RSA_PKCS1(IKE_HASH_SHA2_512, 0x0d),
	ECDSA(IKE_HASH_SHA2_256, 0x02), /* A.3.2 */
	ECDSA(IKE_HASH_SHA2_384, 0x03),
	ECDSA(IKE_HASH_SHA2_512, 0x04),
	RSA_PSS(IKE_HASH_SHA2_256, 0x01, 32), /* A.4.3 */
	RSA_PSS(IKE_HASH_SHA2_384, 0x02, 48),
	RSA_PSS(IKE_HASH_SHA2_512, 0x03, 64),
};
#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

/* RFC 7296 §3.8: RSA with PKCS #1 and, unless agreed otherwise, SHA-1. */
static const struct algorithm old_rsa = { EVP_PKEY_RSA, false, IKE_HASH_SHA1, 0, { 0 } };

struct view ike_credentials_hashes(void)
{
	static const uint8_t list[] = { 0, IKE_HASH_SHA2_256, 0, IKE_HASH_SHA2_384, 0,
		IKE_HASH_SHA2_512 };
	return VIEW_OF(list);
}

static const EVP_MD *digest_of(enum ike_hash hash)
{
	switch (hash) {
	case IKE_HASH_SHA1:
		return EVP_sha1();
	case IKE_HASH_SHA2_256:
		return EVP_sha256();
	case IKE_HASH_SHA2_384:
		return EVP_sha384();
	case IKE_HASH_SHA2_512:
		return EVP_sha512();
	}
	return NULL;
}

static bool set_padding(EVP_PKEY_CTX *context, const struct algorithm *a)
{
	if (!a->pss)
		return true;
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* RFC 7427 §3: a hash that the peer knows, of the strength of an elliptic curve. */
static const struct algorithm *choose(EVP_PKEY *key, unsigned hashes)
{
	const struct algorithm *found = NULL;
	int bits = EVP_PKEY_get_bits(key);
	enum ike_hash best = bits <= 256 ? IKE_HASH_SHA2_256
		: bits <= 384		 ? IKE_HASH_SHA2_384
					 : IKE_HASH_SHA2_512;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		best = IKE_HASH_SHA2_256;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		const struct algorithm *a = &algorithms[i];
		if (a->pss || a->key_type != EVP_PKEY_get_base_id(key) || !(hashes >> a->hash & 1))
			continue;
		if (!found || a->hash == best)
			found = a;
	}
	return found;
}

static const struct algorithm *algorithm_for(const struct ike_credentials *c, unsigned hashes)
{
	if (!c->key)
		return NULL;
	if (hashes)
		return choose(c->key, hashes);
	return EVP_PKEY_get_base_id(c->key) == EVP_PKEY_RSA ? &old_rsa : NULL;
}

bool ike_credentials_can_sign(const struct ike_credentials *c, unsigned hashes)
{
	return algorithm_for(c, hashes) != NULL;
}

size_t ike_credentials_sign(const struct ike_credentials *c, unsigned hashes,
	const struct view *parts, size_t count, uint8_t *method, uint8_t *out)
{
	struct writer w = writer_of(out, IKE_SIGNATURE_MAX);
	const struct algorithm *a = algorithm_for(c, hashes);

	if (!a)
		return 0;
	*method = hashes ? IKE_METHOD_SIGNATURE : IKE_METHOD_RSA;
	if (hashes) {
		write_u8(&w, a->size);
		write_bytes(&w, a->der, a->size);
	}
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = IKE_SIGNATURE_MAX - w.used;
	bool good = EVP_DigestSignInit(context, NULL, digest_of(a->hash), NULL, c->key) == 1;
	for (size_t i = 0; i < count && good; i++)
		good = EVP_DigestSignUpdate(context, parts[i].data, parts[i].size) == 1;
	good = good && EVP_DigestSignFinal(context, out + w.used, &size) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return good ? w.used + size : 0;
}

size_t ike_credentials_sign_hash(const struct ike_credentials *c, struct view hash, uint8_t *out)
{
	size_t size = IKE_SIGNATURE_MAX;

	if (!c->key || EVP_PKEY_get_base_id(c->key) != EVP_PKEY_RSA)
		return 0;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(c->key, NULL);
	bool good = EVP_PKEY_sign_init(context) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
		EVP_PKEY_sign(context, out, &size, hash.data, hash.size) == 1;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return good ? size : 0;
}

static bool hash_signature_good(EVP_PKEY *key, struct view signature, struct view hash)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool good = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
		EVP_PKEY_verify_init(context) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
		EVP_PKEY_verify(context, signature.data, signature.size, hash.data, hash.size) == 1;

	EVP_PKEY_CTX_free(context);
	return good;
}

/* What the AUTH data says it is, and the signature in it; NULL: nothing that is known. */
static const struct algorithm *read_algorithm(uint8_t method, struct view data,
	struct view *signature)
{
	struct reader r = reader_of(data);

	if (method == IKE_METHOD_RSA) {
		*signature = data;
		return &old_rsa;
	}
	if (method != IKE_METHOD_SIGNATURE)
		return NULL;
	struct view identifier = read_view(&r, read_u8(&r));
	*signature = read_rest(&r);
	for (size_t i = 0; i < ALGORITHMS && !r.failed; i++)
		if (view_equal(identifier, VIEW(algorithms[i].der, algorithms[i].size)))
			return &algorithms[i];
	return NULL;
}

static bool signature_good(EVP_PKEY *key, const struct algorithm *a, struct view signature,
	const struct view *parts, size_t count)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *details;
	bool good = EVP_PKEY_get_base_id(key) == a->key_type &&
		EVP_DigestVerifyInit(context, &details, digest_of(a->hash), NULL, key) == 1 &&
		set_padding(details, a);

	for (size_t i = 0; i < count && good; i++)
		good = EVP_DigestVerifyUpdate(context, parts[i].data, parts[i].size) == 1;
	good = good && EVP_DigestVerifyFinal(context, signature.data, signature.size) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

/* --- whose certificate ------------------------------------------------------------------------ */

/* RFC 7296 §4: the identity as the certificate has it; common names do not count. */
static bool names(X509 *x, const struct ike_id *id)
{
	const unsigned flags =
		X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	const char *text = (const char *)id->data;
	uint8_t *subject = NULL;
	int size;

	switch (id->type) {
	case IKE_ID_FQDN:
		return X509_check_host(x, text, id->size, flags, NULL) == 1;
	case IKE_ID_RFC822_ADDR:
		return X509_check_email(x, text, id->size, flags) == 1;
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
		return X509_check_ip(x, id->data, id->size, flags) == 1;
	case IKE_ID_DER_ASN1_DN:
		size = i2d_X509_NAME(X509_get_subject_name(x), &subject);
		bool same = size > 0 && view_equal(VIEW(subject, (size_t)size),
						VIEW(id->data, id->size));
		OPENSSL_free(subject);
		return same;
	default:
		return false;
	}
}

static bool trusted(const struct ike_credentials *c, X509 *leaf, STACK_OF(X509) * others,
	int64_t time)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	bool good = X509_STORE_CTX_init(context, c->store, leaf, others) == 1;

	if (good) {
		X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(context);
		X509_VERIFY_PARAM_set_time(p, (time_t)time);
		X509_VERIFY_PARAM_set_auth_level(p, SECURITY_LEVEL);
		good = X509_verify_cert(context) == 1;
	}
	X509_STORE_CTX_free(context);
	return good;
}

static const char *judge(const struct ike_credentials *c, const struct ike_proof *proof, X509 *leaf,
	STACK_OF(X509) * others, int64_t time, const struct view *parts, size_t count)
{
	struct view signature = VIEW_EMPTY;
	bool bare = proof->method == IKE_METHOD_BARE_HASH;
	const struct algorithm *a =
		bare ? &old_rsa : read_algorithm(proof->method, proof->data, &signature);
	EVP_PKEY *key = X509_get0_pubkey(leaf);

	if (!a)
		return "a signature algorithm that is not known";
	if (!key || EVP_PKEY_get_security_bits(key) < 112)
		return "a key that is too weak";
	if (!trusted(c, leaf, others, time))
		return "a certificate that is not trusted";
	if (!names(leaf, proof->id))
		return "a certificate that does not name the identity";
	if (bare ? !hash_signature_good(key, proof->data, parts[0])
		 : !signature_good(key, a, signature, parts, count))
		return "a signature that does not verify";
	return NULL;
}

const char *ike_credentials_verify(const struct ike_credentials *c, const struct ike_proof *proof,
	int64_t time, const struct view *parts, size_t count)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	X509 *leaf = NULL;
	const char *wrong = "no certificate";

	for (unsigned i = 0; i < proof->count; i++) {
		X509 *x = seen_decode(c, proof->certificates[i]);
		if (x && i == 0)
			leaf = x;
		else if (x)
			sk_X509_push(others, x);
	}
	if (leaf)
		wrong = c->store ? judge(c, proof, leaf, others, time, parts, count)
				 : "no authority is trusted here";
	if (!wrong)
		seen_keep(c, proof->certificates[0], leaf);
	X509_free(leaf);
	sk_X509_pop_free(others, X509_free);
	ERR_clear_error();
	return wrong;
}
