// SPDX-License-Identifier: Apache-2.0
#include "ref/node/eap_settings.h"

static const struct config_name versions[] = {
	{ EAP_TLS_1_0, "1.0" },
	{ EAP_TLS_1_1, "1.1" },
	{ EAP_TLS_1_2, "1.2" },
	{ EAP_TLS_1_3, "1.3" },
	{ 0, NULL },
};

const struct config_name eap_method_names[] = {
	{ EAP_TYPE_PSK, "psk" },
	{ EAP_TYPE_TLS, "tls" },
	{ EAP_TYPE_MD5, "md5" },
	{ 0, NULL },
};

#define AT(member) .offset = offsetof(struct tls_settings, member)

const struct config_row tls_rows[] = {
	{ .key = "ca", .kind = CONFIG_PATH, AT(ca), .help = "PEM file of the authorities to trust." },
	{ .key = "certificate", .kind = CONFIG_PATH, AT(certificate),
	  .help = "PEM file of our own certificate, the chain after it." },
	{ .key = "key", .kind = CONFIG_PATH, AT(key), .help = "PEM file of its private key." },
	{ .key = "crl", .kind = CONFIG_PATH, AT(crl),
	  .help = "PEM file of revoked certificates. Not given: not checked." },
	{ .key = "peer_name", .kind = CONFIG_TEXT, AT(peer_name),
	  .help = "Name that the other's certificate must carry. Not given: any that is trusted." },
	{ .key = "min_version", .kind = CONFIG_NAME, AT(min_version), .otherwise = "1.2",
	  .names = versions, .help = "Oldest TLS version." },
	{ .key = "max_version", .kind = CONFIG_NAME, AT(max_version), .otherwise = "1.3",
	  .names = versions, .help = "Newest TLS version." },
	{ .key = "security_level", .kind = CONFIG_UINT, AT(security_level), .otherwise = "2",
	  .max = 5, .help = "OpenSSL's security level; TLS 1.0 and 1.1 need 0." },
	{ .key = "ciphers", .kind = CONFIG_TEXT, AT(ciphers),
	  .help = "OpenSSL cipher list for TLS 1.2 and older. Not given: that of the level." },
	{ .key = "resumption", .kind = CONFIG_BOOL, AT(resumption), .otherwise = "true",
	  .help = "Resume sessions (RFC 5216 section 2.1.2)." },
	{ .key = "sessions", .kind = CONFIG_PATH, AT(sessions),
	  .help = "Client: file that keeps sessions, for the next run and for other programs of this "
		  "node. Not given: in memory only." },
	{ .key = "ticket_secret", .kind = CONFIG_OCTETS, AT(ticket_secret), .min = 16, .max = 64,
	  .help = "Server: shared by servers that resume each other's sessions. Not given: random." },
	{ .key = "without_indication", .kind = CONFIG_BOOL, AT(without_indication),
	  .help = "Client: take success with TLS 1.3 without the server's indication (RFC 9190 "
		  "section 2.1.1)." },
	{ .key = "match_identity", .kind = CONFIG_BOOL, AT(match_identity),
	  .help = "Server: the EAP identity must be a name in the client's certificate." },
	{ .key = "without_client_certificate", .kind = CONFIG_BOOL, AT(without_client_certificate),
	  .help = "Server: do not ask for a certificate." },
	{ 0 },
};

static void warn(void *context, const char *sentence)
{
	const struct node *node = context;

	log_warning(node->log, "%s", sentence);
}

static void key_line(void *context, const char *line)
{
	node_key(context, "%s", line);
}

struct eap_tls_context *tls_settings_context(struct node *node, const struct tls_settings *tls,
	bool server)
{
	struct eap_tls_config config = eap_tls_config_default(server);
	struct eap_tls_context *context;
	char error[EAP_TLS_ERROR_MAX];

	config.ca_file = tls->ca;
	config.certificate_file = tls->certificate;
	config.key_file = tls->key;
	config.crl_file = tls->crl;
	config.peer_name = tls->peer_name;
	config.min_version = (enum eap_tls_version)tls->min_version;
	config.max_version = (enum eap_tls_version)tls->max_version;
	config.security_level = (int)tls->security_level;
	config.ciphers = tls->ciphers;
	config.without_client_certificate = tls->without_client_certificate;
	config.match_identity = tls->match_identity;
	config.resumption = tls->resumption;
	config.session_file = tls->sessions;
	config.ticket_secret = tls->ticket_secret.data;
	config.ticket_secret_size = tls->ticket_secret.size;
	config.without_indication = tls->without_indication;
	config.warn = warn;
	config.warn_context = node;
	if (node->key_log >= 0) {
		config.key_log = key_line;
		config.key_log_context = node;
	}
	context = eap_tls_context_new(&config, error, sizeof(error));
	if (!context)
		log_error(node->log, "%s", error);
	return context;
}

void eap_settings_methods(const struct config_numbers *from, enum eap_type to[EAP_METHODS_MAX])
{
	for (size_t i = 0; i < EAP_METHODS_MAX; i++)
		to[i] = i < from->count ? (enum eap_type)from->items[i] : EAP_TYPE_NONE;
}

json_t *eap_cost_json(const char *method, const struct eap_cost *cost)
{
	json_t *o = json_pack("{s:i,s:i}", "rounds", (int)cost->rounds, "octets", (int)cost->octets);

	if (method)
		json_object_update_new(o,
			json_pack("{s:s,s:b}", "method", method, "resumed", cost->resumed));
	return o;
}
