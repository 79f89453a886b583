// SPDX-License-Identifier: Apache-2.0
/* EAP in a node's configuration: methods, and TLS for either end. */
#ifndef BATON_NODE_EAP_SETTINGS_H
#define BATON_NODE_EAP_SETTINGS_H

#include "ref/eap/eap_packet.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_tls.h"
#include "ref/host/program.h"

struct tls_settings {
	const char *ca, *certificate, *key, *crl, *peer_name, *ciphers, *sessions;
	struct config_octets ticket_secret;
	int min_version, max_version;
	unsigned security_level;
	bool resumption, match_identity, without_client_certificate, without_indication;
};

/* Rows of struct tls_settings. */
extern const struct config_row tls_rows[];

/* Names of methods for rows: psk, tls, md5. */
extern const struct config_name eap_method_names[];

/* The context, or NULL after log_error. Its secrets go to the node's key log if there is one. */
struct eap_tls_context *tls_settings_context(struct node *node, const struct tls_settings *tls,
	bool server);

/* Members of the event eap_completed: what EAP took, the method, and whether it resumed an earlier
 * session. `method` NULL: EAP ended elsewhere, and the last two are not known here. */
json_t *eap_cost_json(const char *method, const struct eap_cost *cost);

/* Copies a list of methods; at most EAP_METHODS_MAX, ends at EAP_TYPE_NONE when shorter. */
void eap_settings_methods(const struct config_numbers *from, enum eap_type to[EAP_METHODS_MAX]);

#endif
