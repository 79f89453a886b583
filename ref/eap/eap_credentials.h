// SPDX-License-Identifier: Apache-2.0
/*
 * Certificates for tests, labs and demonstrations, made on the spot and never shipped. Nothing in
 * the reference needs them; `baton creds DIR` and the unit tests do.
 */
#ifndef BATON_EAP_EAP_CREDENTIALS_H
#define BATON_EAP_EAP_CREDENTIALS_H

#include <stddef.h>
#include <stdbool.h>

/* What to write on the certificates; NULL: the default in brackets. */
struct eap_credentials {
	const char *server_name; /* DNS name of the server ["server.example"] */
	const char *client_name; /* e-mail form name of the client ["mn@example"] */
	bool legacy;		 /* RSA 2048 with SHA-1, for ends that know only TLS 1.0 */
	bool rsa;		 /* RSA 2048 with SHA-256, as IKEv1 needs it */
};

/*
 * Writes into the folder `dir`, made if it is not there:
 *   ca.pem ca.key            the authority
 *   server.pem server.key    serverAuth, the server's name
 *   client.pem client.key    clientAuth, the client's name
 *   other-ca.pem, other-server.pem .key, other-client.pem .key    of an authority nobody trusts
 *   expired-server.pem .key, expired-client.pem .key               of the first, out of date
 *   revoked-client.pem .key, crl.pem                               and the list that names it
 * 0, or -1 with one sentence in `error` (of `size` octets).
 */
int eap_make_credentials(const char *dir, const struct eap_credentials *options, char *error,
	size_t size);

/* Removes those files, and the folder when nothing else is in it. 0 or -1, errno set. */
int eap_remove_credentials(const char *dir);

#endif
