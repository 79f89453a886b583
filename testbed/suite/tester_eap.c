// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"
#include "testbed/suite/settings.h"
#include "testbed/suite/tester_eap.h"
#include "testbed/util/paths.h"

struct tester_eap {
	struct tester_eap_options options;
	enum eap_type method;
	struct eap_tls_context *tls;
	struct eap_user user;
	uint8_t psk[EAP_PSK_SIZE];
};

static const char *setting(const struct tester_eap *t, const char *name, const char *otherwise)
{
	const char *value = t->options.setting(t->options.context, name);
	return value ? value : otherwise;
}

/* The 32 hexadecimal digits of EAP-PSK's key; any other text is its own octets, cut or padded. */
static void read_psk(const char *text, uint8_t psk[EAP_PSK_SIZE])
{
	bool hex = strlen(text) == 2 * EAP_PSK_SIZE &&
		strspn(text, "0123456789abcdefABCDEF") == 2 * EAP_PSK_SIZE;
	char digits[3] = "";

	memset(psk, 0, EAP_PSK_SIZE);
	if (!hex) {
		memcpy(psk, text, strlen(text) < EAP_PSK_SIZE ? strlen(text) : EAP_PSK_SIZE);
		return;
	}
	for (size_t i = 0; i < EAP_PSK_SIZE; i++) {
		memcpy(digits, text + 2 * i, 2);
		psk[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
}

static int open_tls(struct tester_eap *t, char *why, size_t size)
{
	bool server = t->options.server;
	struct eap_tls_config c = eap_tls_config_default(server);
	const char *folder = t->options.credentials;
	struct settings_tls files = settings_tls(setting(t, "authority", NULL),
		setting(t, "certificate", NULL), server ? "server" : "client");
	char *ca = path_format("%s/%s", folder, files.authority);
	char *certificate = path_format("%s/%s", folder, files.certificate);
	char *key = path_format("%s/%s", folder, files.key);
	const char *min = setting(t, "tls-min", NULL), *max = setting(t, "tls-max", NULL);

	c.ca_file = ca;
	c.certificate_file = certificate;
	c.key_file = key;
	c.min_version = min ? eap_tls_version_parse(min) : c.min_version;
	c.max_version = max ? eap_tls_version_parse(max) : c.max_version;
	if (c.min_version > c.max_version)
		c.min_version = c.max_version;
	if (c.min_version < EAP_TLS_1_2)
		c.security_level = 0;
	c.resumption = false;
	c.without_secure_renegotiation = true;
	c.key_log = t->options.key_log;
	c.key_log_context = t->options.context;
	t->tls = eap_tls_context_new(&c, why, size);
	free(ca);
	free(certificate);
	free(key);
	return t->tls ? 0 : -1;
}

struct tester_eap *tester_eap_new(const struct tester_eap_options *options, char *why, size_t size)
{
	struct tester_eap *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->options = *options;
	t->method = eap_type_by_name(setting(t, "eap", "EAP-PSK"));
	const char *secret = setting(t, "secret", "");
	read_psk(secret, t->psk);
	snprintf(t->user.identity, sizeof(t->user.identity), "%s", setting(t, "identity", "*"));
	snprintf(t->user.password, sizeof(t->user.password), "%s", secret);
	memcpy(t->user.psk, t->psk, sizeof(t->psk));
	t->user.has_psk = true;
	t->user.methods[0] = t->method;
	if (t->method == EAP_TYPE_TLS && open_tls(t, why, size) < 0) {
		free(t);
		return NULL;
	}
	return t;
}

void tester_eap_free(struct tester_eap *t)
{
	if (!t)
		return;
	if (t->tls)
		eap_tls_context_free(t->tls);
	free(t);
}

static bool find_user(void *context, const char *identity, struct eap_user *user)
{
	const struct tester_eap *t = context;

	*user = t->user;
	return strcmp(identity, t->user.identity) == 0 || t->user.identity[0] == '*';
}

/* Octets of the largest packet; 0: nobody says. */
static size_t mtu(const struct tester_eap *t)
{
	return strtoul(setting(t, "eap-mtu", "0"), NULL, 10);
}

struct eap_end *tester_eap_end(struct tester_eap *t)
{
	if (t->options.server) {
		const struct eap_server_config c = {
			.lookup = find_user,
			.lookup_context = t,
			.server_id = setting(t, "server-identity", "server.example"),
			.tls = t->tls,
			.random = t->options.random,
			.mtu = mtu(t),
		};
		return eap_server_new(&c);
	}
	const struct eap_peer_config c = {
		.identity = setting(t, "identity", "mn@example"),
		.methods = { t->method },
		.password = t->method == EAP_TYPE_MD5 ? t->user.password : NULL,
		.psk = t->method == EAP_TYPE_PSK ? t->psk : NULL,
		.tls = t->tls,
		.random = t->options.random,
		.mtu = mtu(t),
	};
	return eap_peer_new(&c);
}
