// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "ref/eap/eap_credentials.h"

#define DAY 86400L
#define YEARS_10 (3650 * DAY)

/* One certificate and its key while they are needed. */
struct identity {
	X509 *certificate;
	EVP_PKEY *key;
};

struct maker {
	const char *dir;
	bool legacy, rsa;
	long serial;
	char *error;
	size_t size;
};

/* What goes into one certificate. `issuer` NULL: it signs itself and is an authority. */
struct request {
	const char *common_name, *alternative; /* "DNS:..." or "email:..."; or NULL */
	const char *usage;		       /* "serverAuth", "clientAuth"; or NULL */
	const struct identity *issuer;
	long from, until; /* seconds from now */
};

static int fail(struct maker *m, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(m->error, m->size, format, arguments);
	va_end(arguments);
	return -1;
}

static void identity_free(struct identity *i)
{
	X509_free(i->certificate);
	EVP_PKEY_free(i->key);
	*i = (struct identity){ 0 };
}

static int add_extension(X509 *certificate, const X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, (X509 *)(uintptr_t)issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	int ok = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return ok ? 0 : -1;
}

static int add_extensions(X509 *certificate, const struct request *r)
{
	const X509 *issuer = r->issuer ? r->issuer->certificate : certificate;
	const char *basic = r->issuer ? "critical,CA:FALSE" : "critical,CA:TRUE";
	const char *use = r->issuer ? "critical,digitalSignature,keyEncipherment" :
				      "critical,keyCertSign,cRLSign";

	if (add_extension(certificate, issuer, NID_basic_constraints, basic) < 0 ||
		add_extension(certificate, issuer, NID_key_usage, use) < 0 ||
		add_extension(certificate, issuer, NID_subject_key_identifier, "hash") < 0 ||
		add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") < 0)
		return -1;
	if (r->usage && add_extension(certificate, issuer, NID_ext_key_usage, r->usage) < 0)
		return -1;
	if (r->alternative &&
		add_extension(certificate, issuer, NID_subject_alt_name, r->alternative) < 0)
		return -1;
	return 0;
}

/* P-256 or RSA with SHA-256; what is for ends that know only TLS 1.0, RSA with SHA-1. */
static int make(struct maker *m, const struct request *r, struct identity *i)
{
	const EVP_MD *digest = m->legacy ? EVP_sha1() : EVP_sha256();

	i->key = m->legacy || m->rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	i->certificate = X509_new();
	if (!i->key || !i->certificate)
		return fail(m, "OpenSSL cannot make a key for %s", r->common_name);
	X509 *c = i->certificate;
	X509_NAME *name = X509_get_subject_name(c);
	const struct identity *issuer = r->issuer ? r->issuer : i;
	if (X509_set_version(c, 2) && ASN1_INTEGER_set(X509_get_serialNumber(c), ++m->serial) &&
		X509_gmtime_adj(X509_getm_notBefore(c), r->from) &&
		X509_gmtime_adj(X509_getm_notAfter(c), r->until) && X509_set_pubkey(c, i->key) &&
		X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)"Baton", -1,
			-1, 0) &&
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			(const uint8_t *)r->common_name, -1, -1, 0) &&
		X509_set_issuer_name(c, X509_get_subject_name(issuer->certificate)) &&
		add_extensions(c, r) == 0 && X509_sign(c, issuer->key, digest))
		return 0;
	return fail(m, "OpenSSL cannot make a certificate for \"%s\"", r->common_name);
}

static FILE *create(struct maker *m, const char *name, const char *suffix, mode_t mode)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s%s", m->dir, name, suffix);
	if (unlink(path) < 0 && errno != ENOENT) {
		fail(m, "%s: %s", path, strerror(errno));
		return NULL;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		fail(m, "%s: %s", path, strerror(errno));
	if (!f && fd >= 0)
		close(fd);
	return f;
}

static int done(struct maker *m, FILE *f, const char *name, int ok)
{
	if (fclose(f) != 0 || !ok)
		return fail(m, "%s/%s: cannot write: %s", m->dir, name, strerror(errno));
	return 0;
}

static int save(struct maker *m, const char *name, const struct identity *i)
{
	FILE *f = create(m, name, ".pem", 0644);
	if (!f || done(m, f, name, PEM_write_X509(f, i->certificate)) < 0)
		return -1;
	f = create(m, name, ".key", 0600);
	if (!f)
		return -1;
	return done(m, f, name, PEM_write_PrivateKey(f, i->key, NULL, NULL, 0, NULL, NULL));
}

static int make_and_save(struct maker *m, const char *name, const struct request *r)
{
	struct identity i = { 0 };
	int result = make(m, r, &i);

	if (result == 0)
		result = save(m, name, &i);
	identity_free(&i);
	return result;
}

static int save_crl(struct maker *m, const struct identity *ca, long serial)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, -DAY), *next = X509_gmtime_adj(NULL, YEARS_10);
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	int result = -1;
	FILE *f;

	if (!crl || !entry || !now || !next || !number || !ASN1_INTEGER_set(number, serial))
		abort();
	X509_REVOKED_set_serialNumber(entry, number);
	X509_REVOKED_set_revocationDate(entry, now);
	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->certificate));
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, next);
	X509_CRL_add0_revoked(crl, entry);
	if (!X509_CRL_sign(crl, ca->key, m->legacy ? EVP_sha1() : EVP_sha256()))
		fail(m, "OpenSSL cannot sign a revocation list");
	else if ((f = create(m, "crl", ".pem", 0644)))
		result = done(m, f, "crl", PEM_write_X509_CRL(f, crl));
	X509_CRL_free(crl);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	ASN1_INTEGER_free(number);
	return result;
}

/* The server and client of one authority, with `prefix` before their files' names. */
static int make_pair(struct maker *m, const char *prefix, const struct eap_credentials *o,
	const struct identity *ca, long from, long until)
{
	char server_alternative[300], client_alternative[300], name[64];
	struct request server = { o->server_name, server_alternative, "serverAuth", ca, from,
		until };
	struct request client = { o->client_name, client_alternative, "clientAuth", ca, from,
		until };

	snprintf(server_alternative, sizeof(server_alternative), "DNS:%s", o->server_name);
	snprintf(client_alternative, sizeof(client_alternative), "%s:%s",
		strchr(o->client_name, '@') ? "email" : "DNS", o->client_name);
	snprintf(name, sizeof(name), "%sserver", prefix);
	if (make_and_save(m, name, &server) < 0)
		return -1;
	snprintf(name, sizeof(name), "%sclient", prefix);
	return make_and_save(m, name, &client);
}

static int make_all(struct maker *m, const struct eap_credentials *o)
{
	struct request ca_request = { "Baton Test CA", NULL, NULL, NULL, -30 * DAY, YEARS_10 };
	struct request other_request = { "Baton Other CA", NULL, NULL, NULL, -30 * DAY, YEARS_10 };
	struct identity ca = { 0 }, other = { 0 };
	struct request revoked = { o->client_name, NULL, "clientAuth", &ca, -DAY, YEARS_10 };
	int result = -1;

	if (make(m, &ca_request, &ca) < 0 || save(m, "ca", &ca) < 0 ||
		make(m, &other_request, &other) < 0 || save(m, "other-ca", &other) < 0)
		goto out;
	if (make_pair(m, "", o, &ca, -DAY, YEARS_10) < 0 ||
		make_pair(m, "other-", o, &other, -DAY, YEARS_10) < 0 ||
		make_pair(m, "expired-", o, &ca, -20 * DAY, -10 * DAY) < 0 ||
		make_and_save(m, "revoked-client", &revoked) < 0)
		goto out;
	result = save_crl(m, &ca, m->serial);
out:
	identity_free(&ca);
	identity_free(&other);
	return result;
}

int eap_make_credentials(const char *dir, const struct eap_credentials *options, char *error,
	size_t size)
{
	struct eap_credentials o = options ? *options : (struct eap_credentials){ 0 };
	struct maker m = { .dir = dir, .legacy = o.legacy, .rsa = o.rsa, .error = error,
		.size = size };

	o.server_name = o.server_name ? o.server_name : "server.example";
	o.client_name = o.client_name ? o.client_name : "mn@example";
	if (strlen(o.server_name) > 64 || strlen(o.client_name) > 64)
		return fail(&m, "a name in a certificate has at most 64 octets");
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return fail(&m, "%s: %s", dir, strerror(errno));
	return make_all(&m, &o);
}

int eap_remove_credentials(const char *dir)
{
	static const char *const names[] = { "ca", "server", "client", "other-ca", "other-server",
		"other-client", "expired-server", "expired-client", "revoked-client", "crl" };
	char path[4096];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s.pem", dir, names[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%s.key", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}
