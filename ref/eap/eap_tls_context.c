// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "ref/eap/eap_tls_sessions.h"

struct eap_tls_config eap_tls_config_default(bool server)
{
	return (struct eap_tls_config){
		.server = server,
		.min_version = EAP_TLS_1_2,
		.max_version = EAP_TLS_1_3,
		.security_level = 2,
		.resumption = true,
	};
}

static const struct {
	enum eap_tls_version version;
	const char *text;
} versions[] = {
	{ EAP_TLS_1_0, "1.0" },
	{ EAP_TLS_1_1, "1.1" },
	{ EAP_TLS_1_2, "1.2" },
	{ EAP_TLS_1_3, "1.3" },
};

enum eap_tls_version eap_tls_version_parse(const char *text)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		if (!strcmp(versions[i].text, text))
			return versions[i].version;
	return 0;
}

const char *eap_tls_version_text(enum eap_tls_version version)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		if (versions[i].version == version)
			return versions[i].text;
	return "unknown";
}

struct problem {
	char *text;
	size_t size;
};

/* What the operating system says when it was the first to fail, else OpenSSL's last word. */
static const char *reason_of_failure(void)
{
	unsigned long first = ERR_peek_error(), last = ERR_peek_last_error();

	if (ERR_SYSTEM_ERROR(first))
		return strerror(ERR_GET_REASON(first));
	return last ? ERR_reason_error_string(last) : NULL;
}

/* Writes the sentence, the reason at its end; returns -1. */
static int fail(const struct problem *p, const char *format, ...)
{
	const char *reason = reason_of_failure();
	va_list arguments;

	va_start(arguments, format);
	int used = vsnprintf(p->text, p->size, format, arguments);
	va_end(arguments);
	if (reason && used > 0 && (size_t)used < p->size)
		snprintf(p->text + used, p->size - (size_t)used, ": %s", reason);
	return -1;
}

static int set_versions(SSL_CTX *ctx, const struct eap_tls_config *c, const struct problem *p)
{
	if (c->min_version < EAP_TLS_1_0 || c->max_version > EAP_TLS_1_3 ||
		c->min_version > c->max_version)
		return fail(p, "TLS versions from %s to %s are not possible; 1.0 to 1.3, the "
			       "lower first, are",
			eap_tls_version_text(c->min_version),
			eap_tls_version_text(c->max_version));
	if (c->security_level < 0 || c->security_level > 5)
		return fail(p, "security level %d does not exist; 0 to 5 do", c->security_level);
	if (c->max_version < EAP_TLS_1_2 && c->security_level > 0)
		return fail(p, "TLS %s needs security level 0 (its signatures use SHA-1), not %d",
			eap_tls_version_text(c->max_version), c->security_level);
	SSL_CTX_set_security_level(ctx, c->security_level);
	if (!SSL_CTX_set_min_proto_version(ctx, (int)c->min_version) ||
		!SSL_CTX_set_max_proto_version(ctx, (int)c->max_version))
		return fail(p, "OpenSSL has no TLS %s to %s", eap_tls_version_text(c->min_version),
			eap_tls_version_text(c->max_version));
	/* Ends of that age may know no secure renegotiation (RFC 5746); none is done here. */
	if (c->min_version < EAP_TLS_1_2 || c->without_secure_renegotiation)
		SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS); /* thousands of sessions at once */
	/* There are no middleboxes inside EAP (RFC 8446 §D.4). */
	SSL_CTX_clear_options(ctx, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
	return 0;
}

static int set_ciphers(SSL_CTX *ctx, const struct eap_tls_config *c, const struct problem *p)
{
	const char *legacy = "ALL:!aNULL:!eNULL:!EXPORT", *list = c->ciphers;
	char text[1024];

	if (!list)
		list = c->min_version < EAP_TLS_1_2 ? legacy : "DEFAULT:!aNULL:!eNULL";
	/* The level stands in the list too: the distribution's own list has another one in it. */
	if ((size_t)snprintf(text, sizeof(text), "%s:@SECLEVEL=%d", list, c->security_level) >=
			sizeof(text) ||
		!SSL_CTX_set_cipher_list(ctx, text))
		return fail(p, "the cipher list \"%s\" selects nothing", list);
	return 0;
}

static int set_own_certificate(SSL_CTX *ctx, const struct eap_tls_config *c,
	const struct problem *p)
{
	if (!c->certificate_file && !c->server)
		return 0;
	if (!c->certificate_file || !c->key_file)
		return fail(p, "%s is missing; a %s with a certificate needs both files",
			c->certificate_file ? "the private key" : "the certificate",
			c->server ? "server" : "peer");
	if (SSL_CTX_use_certificate_chain_file(ctx, c->certificate_file) != 1)
		return fail(p, "%s: no certificate that can be used", c->certificate_file);
	bool used = SSL_CTX_use_PrivateKey_file(ctx, c->key_file, SSL_FILETYPE_PEM) == 1;
	bool foreign = !used && ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
	if (!used && !foreign)
		return fail(p, "%s: no private key that can be used", c->key_file);
	if (foreign || SSL_CTX_check_private_key(ctx) != 1)
		return fail(p, "%s: the key does not belong to the certificate in %s", c->key_file,
			c->certificate_file);
	return 0;
}

static int set_revocation(SSL_CTX *ctx, const struct eap_tls_config *c, const struct problem *p)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);

	if (!c->crl_file)
		return 0;
	X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	if (!lookup || X509_load_crl_file(lookup, c->crl_file, X509_FILETYPE_PEM) < 1)
		return fail(p, "%s: no certificate revocation list", c->crl_file);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return 0;
}

static int set_verification(SSL_CTX *ctx, const struct eap_tls_config *c, const struct problem *p)
{
	if (c->server && c->without_client_certificate) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
		return 0;
	}
	if (!c->ca_file)
		return fail(p, "no CA file: certificates of the other end could not be verified");
	if (SSL_CTX_load_verify_locations(ctx, c->ca_file, NULL) != 1)
		return fail(p, "%s: no CA certificate that can be used", c->ca_file);
	if (c->server)
		SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(c->ca_file));
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
	if (c->peer_name && !X509_VERIFY_PARAM_set1_host(param, c->peer_name, 0))
		return fail(p, "\"%s\" is no name that a certificate can carry", c->peer_name);
	return set_revocation(ctx, c, p);
}

static void log_key(const SSL *ssl, const char *line)
{
	struct eap_tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	context->key_log(context->key_log_context, line);
}

struct eap_tls_context *eap_tls_context_new(const struct eap_tls_config *config, char *error,
	size_t size)
{
	const struct problem p = { error, size };

	ERR_clear_error();
	SSL_CTX *ctx = SSL_CTX_new(config->server ? TLS_server_method() : TLS_client_method());
	if (!ctx) {
		fail(&p, "OpenSSL has no TLS");
		return NULL;
	}
	if (set_versions(ctx, config, &p) < 0 || set_ciphers(ctx, config, &p) < 0 ||
		set_own_certificate(ctx, config, &p) < 0 || set_verification(ctx, config, &p) < 0) {
		SSL_CTX_free(ctx);
		ERR_clear_error();
		return NULL;
	}
	struct eap_tls_context *context = eap_alloc(sizeof(*context));
	*context = (struct eap_tls_context){
		.ssl = ctx,
		.references = 1,
		.server = config->server,
		.match_identity = config->match_identity,
		.without_indication = config->without_indication,
		.key_log = config->key_log,
		.key_log_context = config->key_log_context,
		.warn = config->warn,
		.warn_context = config->warn_context,
	};
	SSL_CTX_set_app_data(ctx, context);
	if (tls_sessions_configure(context, config, error, size) < 0) {
		eap_tls_context_free(context);
		return NULL;
	}
	if (config->key_log)
		SSL_CTX_set_keylog_callback(ctx, log_key);
	return context;
}

struct eap_tls_context *eap_tls_context_hold(struct eap_tls_context *context)
{
	if (context)
		context->references++;
	return context;
}

void eap_tls_context_free(struct eap_tls_context *context)
{
	if (!context || --context->references)
		return;
	tls_sessions_release(context);
	free(context->session_file);
	SSL_CTX_free(context->ssl);
	free(context);
}
