// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>

#include "ref/pae/settings.h"

static const struct config_name roles[] = {
	{ PAE_ROLE_SUPPLICANT, "supplicant" },
	{ PAE_ROLE_AUTHENTICATOR, "authenticator" },
	{ 0, NULL },
};

#define EAP(member) .offset = offsetof(struct pae_eap_settings, member)

static const struct config_row eap_rows[] = {
	{ .key = "identity", .kind = CONFIG_TEXT, EAP(identity), .required = true, .min = 1,
	  .max = EAP_IDENTITY_MAX,
	  .help = "Of a supplicant: who it is. Of an authenticator: who may come, user@realm, or a "
		  "pattern *@realm or *." },
	{ .key = "methods", .kind = CONFIG_NAMES, EAP(methods), .required = true, .min = 1,
	  .max = EAP_METHODS_MAX, .names = eap_method_names, .help = "Methods, the best first." },
	{ .key = "psk", .kind = CONFIG_OCTETS, EAP(psk), .min = EAP_PSK_SIZE, .max = EAP_PSK_SIZE,
	  .help = "Key for EAP-PSK." },
	{ .key = "password", .kind = CONFIG_TEXT, EAP(password), .min = 1, .max = EAP_IDENTITY_MAX,
	  .help = "Password for EAP-MD5." },
	{ .key = "server_id", .kind = CONFIG_TEXT, EAP(server_id), .min = 1,
	  .max = EAP_IDENTITY_MAX, .otherwise = "server.example",
	  .help = "Name of the authenticator in EAP-PSK and EAP-MD5." },
	{ .key = "notification", .kind = CONFIG_TEXT, EAP(notification), .min = 1, .max = 1015,
	  .help = "Authenticator: text shown to the user before the method. Not given: none." },
	{ .key = "mtu", .kind = CONFIG_UINT, EAP(mtu), .otherwise = "1020", .min = EAP_MTU_MIN,
	  .max = 1400, .help = "Octets of the largest EAP packet to send." },
	{ .key = "tls", .kind = CONFIG_OPTION, EAP(tls), .rows = tls_rows,
	  .size = sizeof(struct tls_settings), .help = "EAP-TLS." },
	{ 0 },
};

#define AT(member) .offset = offsetof(struct pae_settings, member)

const struct config_row pae_rows[] = {
	PROGRAM_ROWS("pae", "/run/baton/pae.sock"),
	{ .key = "role", .kind = CONFIG_NAME, AT(role), .required = true, .names = roles,
	  .help = "Which side of the port." },
	{ .key = "device", .kind = CONFIG_TEXT, AT(device), .required = true, .min = 1, .max = 15,
	  .help = "Interface." },
	{ .key = "preauth", .kind = CONFIG_BOOL, AT(preauth),
	  .help = "802.11i pre-authentication: EtherType 88-C7 between two addresses, instead of "
		  "EAPOL to the PAE group address." },
	{ .key = "authenticator", .kind = CONFIG_MAC, AT(authenticator),
	  .help = "Supplicant with preauth: whom to ask." },
	{ .key = "eap", .kind = CONFIG_MAP, AT(eap), .rows = eap_rows, .required = true,
	  .size = sizeof(struct pae_eap_settings), .help = "The EAP conversation." },
	{ .key = "irt", .kind = CONFIG_TIME, AT(irt), .otherwise = "3 s", .min = 1,
	  .help = "Authenticator: until a request is repeated; it doubles (RFC 3748 section 4.3)." },
	{ .key = "mrt", .kind = CONFIG_TIME, AT(mrt), .otherwise = "20 s", .min = 1,
	  .help = "Authenticator: the longest such time." },
	{ .key = "mrc", .kind = CONFIG_UINT, AT(mrc), .otherwise = "4", .min = 1, .max = 100,
	  .help = "Authenticator: repetitions until it gives up." },
	{ .key = "start_period", .kind = CONFIG_TIME, AT(start_period), .otherwise = "5 s",
	  .min = 1, .help = "Supplicant: until EAPOL-Start is repeated." },
	{ .key = "max_start", .kind = CONFIG_UINT, AT(max_start), .otherwise = "3", .min = 1,
	  .max = 1000, .help = "Supplicant: EAPOL-Starts without an answer, altogether." },
	{ .key = "patience", .kind = CONFIG_TIME, AT(patience), .otherwise = "30 s", .min = 1,
	  .help = "Supplicant: how long it waits for the next request of a conversation." },
	{ .key = "held", .kind = CONFIG_TIME, AT(held), .otherwise = "60 s", .min = 1,
	  .help = "After a failure: how long a station is not listened to (authenticator), until "
		  "the next try (supplicant)." },
	{ 0 },
};

void pae_check(struct config *config, void *settings)
{
	struct pae_settings *s = settings;
	static const uint8_t none[6];

	for (size_t i = 0; i < s->eap.methods.count; i++) {
		int method = s->eap.methods.items[i];
		if (method == EAP_TYPE_PSK && !s->eap.psk.size)
			config_wrong(config, &s->eap.methods,
				"psk is among the methods and there is no key; give eap psk");
		if (method == EAP_TYPE_MD5 && !s->eap.password)
			config_wrong(config, &s->eap.methods,
				"md5 is among the methods; give eap password");
		if (method == EAP_TYPE_TLS && !s->eap.tls)
			config_wrong(config, &s->eap.methods,
				"tls is among the methods; give eap tls with certificates");
	}
	if (s->role == PAE_ROLE_SUPPLICANT && s->preauth && !memcmp(s->authenticator, none, 6))
		config_wrong(config, &s->preauth,
			"a supplicant that pre-authenticates asks one access point; give "
			"authenticator, its address");
}
