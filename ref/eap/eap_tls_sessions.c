// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "ref/base/crypto.h"
#include "ref/eap/eap_tls_sessions.h"

#define SESSION_LIFETIME 7200
#define TICKET_KEYS_SIZE 80 /* OpenSSL's: a name of 16 octets, 32 for HMAC, 32 for AES */
#define CACHED_SESSIONS 1024 /* of clients that take no tickets */
#define FILE_SIZE_MAX (256 * 1024)

/* --- trust -------------------------------------------------------------------------------------- */

/*
 * RFC 9190 §5.7: what was decided in the full handshake is decided anew: the certificate may have
 * expired or been revoked since. One whose chain needs more than the CA file is not resumed.
 */
static bool still_trusted(SSL_CTX *ctx, SSL_SESSION *session)
{
	X509 *certificate = SSL_SESSION_get0_peer(session);
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	struct eap_tls_context *context = SSL_CTX_get_app_data(ctx);
	bool good = false;

	if (!store)
		abort();
	if (!certificate) /* of a client that was not asked for one */
		good = SSL_CTX_get_verify_mode(ctx) == SSL_VERIFY_NONE;
	else if (X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(ctx), certificate, NULL)) {
		X509_STORE_CTX_set_default(store, context->server ? "ssl_client" : "ssl_server");
		X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(store), SSL_CTX_get0_param(ctx));
		good = X509_verify_cert(store) == 1;
	}
	X509_STORE_CTX_free(store);
	ERR_clear_error();
	return good;
}

/* Whom to trust, whose certificate is shown, and which name is wanted: a session of another
 * configuration is not this one's. */
static void configuration_digest(SSL_CTX *ctx, const struct eap_tls_config *config,
	uint8_t out[DIGEST_MAX])
{
	STACK_OF(X509_OBJECT) *trusted = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));
	const X509 *own = SSL_CTX_get0_certificate(ctx);
	uint8_t one[DIGEST_MAX], all[DIGEST_MAX] = { 0 };
	const size_t size = digest_size(DIGEST_SHA256);
	struct view parts[2] = { VIEW(all, size), VIEW(one, size) };

	for (int i = 0; i <= sk_X509_OBJECT_num(trusted); i++) {
		const X509 *x = i < sk_X509_OBJECT_num(trusted) ?
			X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i)) : own;
		if (!x) /* a revocation list, or no certificate of our own */
			continue;
		if (!X509_digest(x, EVP_sha256(), one, NULL))
			abort();
		digest_parts(DIGEST_SHA256, parts, 2, all);
	}
	parts[1] = view_text(config->peer_name ? config->peer_name : "");
	digest_parts(DIGEST_SHA256, parts, 2, out);
}

static bool is_ours(const struct eap_tls_context *context, const SSL_SESSION *session)
{
	unsigned size;
	const uint8_t *id = SSL_SESSION_get0_id_context(session, &size);

	return view_equal(VIEW(id, size), VIEW_OF(context->session_context));
}

/* --- the file ----------------------------------------------------------------------------------- */

static void complain(const struct eap_tls_context *context, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: %s: %s", context->session_file, what, strerror(errno));
	if (context->warn)
		context->warn(context->warn_context, text);
}

static void add(struct eap_tls_context *context, SSL_SESSION *session)
{
	if (context->session_count == EAP_TLS_SESSIONS_MAX) {
		SSL_SESSION_free(context->sessions[0]);
		memmove(context->sessions, context->sessions + 1,
			(EAP_TLS_SESSIONS_MAX - 1) * sizeof(*context->sessions));
		context->session_count--;
	}
	context->sessions[context->session_count++] = session;
}

static void write_sessions(struct eap_tls_context *context, FILE *f)
{
	for (unsigned i = 0; i < context->session_count; i++)
		PEM_write_SSL_SESSION(f, context->sessions[i]);
}

static void save(struct eap_tls_context *context)
{
	char name[512];
	int fd;

	if (!context->session_file)
		return;
	snprintf(name, sizeof(name), "%s.new", context->session_file);
	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f) {
		complain(context, "the sessions cannot be kept");
		return;
	}
	write_sessions(context, f);
	if (fclose(f) != 0 || rename(name, context->session_file) < 0) {
		complain(context, "the sessions cannot be kept");
		unlink(name);
	}
}

/* Takes what stands in the file in place of what is in memory. No file: no sessions. */
static void load(struct eap_tls_context *context)
{
	struct stat st;
	SSL_SESSION *session;

	if (!context->session_file)
		return;
	FILE *f = fopen(context->session_file, "re");
	if (!f && errno != ENOENT)
		complain(context, "the sessions cannot be read");
	tls_sessions_release(context);
	if (!f)
		return;
	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_SIZE_MAX)
		while ((session = PEM_read_SSL_SESSION(f, NULL, NULL, NULL)))
			add(context, session);
	fclose(f);
	ERR_clear_error(); /* the end of the file, or what is no session */
}

/* --- a peer's ----------------------------------------------------------------------------------- */

SSL_SESSION *tls_session_take(struct eap_tls_context *context)
{
	SSL_SESSION *taken = NULL;
	unsigned kept = 0;

	load(context);
	for (unsigned i = 0; i < context->session_count; i++)
		if (!SSL_SESSION_is_resumable(context->sessions[i]))
			SSL_SESSION_free(context->sessions[i]);
		else
			context->sessions[kept++] = context->sessions[i];
	context->session_count = kept;
	for (unsigned i = kept; i-- > 0 && !taken;) {
		SSL_SESSION *session = context->sessions[i];
		if (!is_ours(context, session) || !still_trusted(context->ssl, session))
			continue;
		taken = session;
		memmove(context->sessions + i, context->sessions + i + 1,
			(kept - i - 1) * sizeof(*context->sessions));
		context->session_count--;
	}
	if (taken)
		save(context);
	return taken;
}

void tls_session_put(struct eap_tls_context *context, SSL_SESSION *session)
{
	load(context);
	add(context, session);
	save(context);
}

void eap_tls_context_forget(struct eap_tls_context *context)
{
	tls_sessions_release(context);
	save(context);
}

void tls_sessions_release(struct eap_tls_context *context)
{
	while (context->session_count)
		SSL_SESSION_free(context->sessions[--context->session_count]);
}

unsigned eap_tls_sessions(const struct eap_tls_context *context)
{
	return context->session_count;
}

/* A peer's new session waits in its channel until the conversation has ended well. */
static int session_is_new(SSL *ssl, SSL_SESSION *session)
{
	struct tls_channel *channel = SSL_get_app_data(ssl);

	SSL_SESSION_free(channel->session);
	channel->session = session;
	return 1;
}

/* --- a server's --------------------------------------------------------------------------------- */

static SSL_TICKET_RETURN open_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
	size_t size, SSL_TICKET_STATUS status, void *context)
{
	bool good = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;

	(void)name;
	(void)size;
	(void)context;
	if (!good || !still_trusted(SSL_get_SSL_CTX(ssl), session))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

bool tls_session_stands(struct tls_channel *channel)
{
	SSL_CTX *ctx = channel->context->ssl;
	SSL_SESSION *session = SSL_get_session(channel->ssl);

	if (!SSL_session_reused(channel->ssl) || still_trusted(ctx, session))
		return true;
	SSL_CTX_remove_session(ctx, session);
	return false;
}

/* Servers with the same secret take each other's tickets. */
static void set_ticket_keys(SSL_CTX *ctx, struct view secret)
{
	uint8_t keys[TICKET_KEYS_SIZE];

	prf_plus(DIGEST_SHA256, secret, view_text("Baton EAP-TLS session tickets"), keys,
		sizeof(keys));
	SSL_CTX_set_tlsext_ticket_keys(ctx, keys, sizeof(keys));
	wipe(keys, sizeof(keys));
}

static void configure_server(SSL_CTX *ctx, const struct eap_tls_config *config)
{
	static const unsigned char name[] = "baton-eap";

	SSL_CTX_set_session_id_context(ctx, name, sizeof(name) - 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
	SSL_CTX_sess_set_cache_size(ctx, CACHED_SESSIONS);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_session_ticket_cb(ctx, NULL, open_ticket, NULL);
	if (config->ticket_secret_size)
		set_ticket_keys(ctx, VIEW(config->ticket_secret, config->ticket_secret_size));
}

int tls_sessions_configure(struct eap_tls_context *context, const struct eap_tls_config *config,
	char *error, size_t size)
{
	SSL_CTX *ctx = context->ssl;
	uint8_t digest[DIGEST_MAX];

	SSL_CTX_set_timeout(ctx,
		config->session_lifetime ? config->session_lifetime : SESSION_LIFETIME);
	if (!config->resumption) {
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ctx, 0);
		return 0;
	}
	if (config->server) {
		configure_server(ctx, config);
		return 0;
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, session_is_new);
	configuration_digest(ctx, config, digest);
	memcpy(context->session_context, digest, sizeof(context->session_context));
	SSL_CTX_set_session_id_context(ctx, context->session_context,
		sizeof(context->session_context));
	if (!config->session_file)
		return 0;
	if (access(config->session_file, R_OK | W_OK) < 0 && errno != ENOENT) {
		snprintf(error, size, "%s: %s; a file for sessions can be read and written",
			config->session_file, strerror(errno));
		return -1;
	}
	context->session_file = strdup(config->session_file);
	if (!context->session_file)
		abort();
	return 0;
}
