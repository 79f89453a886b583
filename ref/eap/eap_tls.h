// SPDX-License-Identifier: Apache-2.0
/*
 * What EAP-TLS (RFC 5216, RFC 9190) needs once for all sessions: certificates, the versions and
 * ciphers that are allowed, the cache of sessions to resume. Users make a context for a peer or for
 * a server and name it in the configuration of each end; sessions share it.
 */
#ifndef BATON_EAP_EAP_TLS_H
#define BATON_EAP_EAP_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eap_tls_version {
	EAP_TLS_1_0 = 0x0301,
	EAP_TLS_1_1 = 0x0302,
	EAP_TLS_1_2 = 0x0303,
	EAP_TLS_1_3 = 0x0304,
};

/* Files are PEM. Strings and files are read by eap_tls_context_new and not kept. */
struct eap_tls_config {
	bool server;
	const char *ca_file;	      /* whom to trust; required where a certificate is asked for */
	const char *certificate_file; /* our own, the chain after it; a peer may have none */
	const char *key_file;	      /* its private key; required with a certificate */
	const char *crl_file;	      /* revoked certificates; NULL: not checked */
	const char *peer_name; /* name the other's certificate must carry, as a DNS name (or, when
				* it has none, as its common name); NULL: any the CA signed */
	enum eap_tls_version min_version, max_version;
	int security_level;	 /* OpenSSL's, 0 to 5; TLS 1.0 and 1.1 need 0 */
	const char *ciphers;	 /* OpenSSL cipher list for TLS 1.2 and older; NULL: of the level */
	bool without_client_certificate; /* a server that does not ask for one (RFC 5216 §2.1.1) */
	bool match_identity;	 /* a server: the EAP identity must be a name in the certificate */
	/* A peer: believe EAP-Success after TLS 1.3 without the server's protected success
	 * indication, as servers older than RFC 9190 need it, and hostapd 2.10 when it resumes. */
	bool without_indication;
	/* A peer: take servers of TLS 1.2 that do not know secure renegotiation (RFC 5746), as strongSwan;
	 * nothing is renegotiated here. Taken in any case where min_version is older. */
	bool without_secure_renegotiation;
	bool resumption;	 /* offer and take session tickets (RFC 5216 §2.1.2) */
	unsigned session_lifetime; /* seconds that a session can be resumed; 0: two hours */
	/* A peer: where sessions are kept, PEM, for this program's next run and for other programs
	 * of the same node; whoever can read it can act as this peer. NULL: in memory only. */
	const char *session_file;
	/* A server: what the keys of its tickets are made from, so that several servers take each
	 * other's; 0 octets: random ones. */
	const uint8_t *ticket_secret;
	size_t ticket_secret_size;
	/* Called with a sentence when session_file cannot be read or written; or NULL. */
	void (*warn)(void *context, const char *sentence);
	void *warn_context;
	/* Called with each line of a key log (as in SSLKEYLOGFILE). NULL: secrets stay inside. */
	void (*key_log)(void *context, const char *line);
	void *key_log_context;
};

#define EAP_TLS_ERROR_MAX 512

/* TLS 1.2 to 1.3, security level 2, resumption on, no files: the place to start from. */
struct eap_tls_config eap_tls_config_default(bool server);

/*
 * Reads the files and makes the context. NULL when something is wrong, with one sentence in
 * `error` (of `size` octets, EAP_TLS_ERROR_MAX is enough) that names the file or setting.
 */
struct eap_tls_context;
struct eap_tls_context *eap_tls_context_new(const struct eap_tls_config *config, char *error,
	size_t size);

/* Gives the owner's reference back; sessions under way keep the context until they end. */
void eap_tls_context_free(struct eap_tls_context *context);

/* How many sessions a peer's context keeps. */
unsigned eap_tls_sessions(const struct eap_tls_context *context);

/* "1.0" to "1.3", or 0 when the text is none of them; and back. */
enum eap_tls_version eap_tls_version_parse(const char *text);
const char *eap_tls_version_text(enum eap_tls_version version);

#endif
