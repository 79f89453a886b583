// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>

#include "ref/dot1x/dxi_server.h"
#include "ref/eap/eap_peer.h"
#include "ref/proxy/settings.h"

#define BSSID(member) .offset = offsetof(struct proxy_bssid, member)

static const struct config_row bssid_rows[] = {
	{ .key = "bssid", .kind = CONFIG_MAC, BSSID(bssid), .required = true,
	  .help = "MAC address of an access point." },
	{ 0 },
};

#define USER(member) .offset = offsetof(struct proxy_user, member)

static const struct config_row user_rows[] = {
	{ .key = "identity", .kind = CONFIG_TEXT, USER(identity), .required = true, .min = 1,
	  .max = EAP_IDENTITY_MAX, .help = "Who: user@realm, or a pattern *@realm or *." },
	{ .key = "psk", .kind = CONFIG_OCTETS, USER(psk), .required = true, .min = EAP_PSK_SIZE,
	  .max = EAP_PSK_SIZE, .help = "Key for EAP-PSK." },
	{ 0 },
};

#define EAP(member) .offset = offsetof(struct proxy_eap_settings, member)

static const struct config_row eap_rows[] = {
	{ .key = "server_id", .kind = CONFIG_TEXT, EAP(server_id), .otherwise = "ap.example",
	  .min = 1, .max = EAP_IDENTITY_MAX, .help = "ID_S of EAP-PSK." },
	{ .key = "users", .kind = CONFIG_LIST, EAP(users), .rows = user_rows, .required = true,
	  .size = sizeof(struct proxy_user), .min = 1, .help = "Who may come." },
	{ 0 },
};

#define AT(member) .offset = offsetof(struct proxy_settings, member)

const struct config_row proxy_rows[] = {
	PROGRAM_ROWS("proxy", "/run/baton/proxy.sock"),
	{ .key = "listen", .kind = CONFIG_ENDPOINT, AT(listen), .otherwise = "0.0.0.0",
	  .port = DXI_PORT, .help = "Where stations connect." },
	{ .key = "lan", .kind = CONFIG_TEXT, AT(lan), .max = 15,
	  .help = "Interface of the LAN where the access points are. Not given: authenticates by "
		  "itself." },
	{ .key = "bssids", .kind = CONFIG_LIST, AT(bssids), .rows = bssid_rows, .required = true,
	  .size = sizeof(struct proxy_bssid), .min = 1, .max = DXI_PORTS_MAX,
	  .help = "Access points that are served." },
	{ .key = "hostapd", .kind = CONFIG_PATH, AT(hostapd),
	  .help = "Control socket of the hostapd that gets the keys of an authenticator." },
	{ .key = "eap", .kind = CONFIG_OPTION, AT(eap), .rows = eap_rows,
	  .size = sizeof(struct proxy_eap_settings), .help = "The EAP server of an authenticator." },
	{ .key = "keep_alive", .kind = CONFIG_UINT, AT(keep_alive), .otherwise = "30", .min = 5,
	  .max = 600, .help = "Seconds of silence after which a station may be asked." },
	{ 0 },
};

void proxy_check(struct config *config, void *settings)
{
	const struct proxy_settings *s = settings;

	if (!s->lan && !s->eap)
		config_wrong(config, &s->bssids,
			"neither a proxy nor an authenticator; give lan or eap");
	if (s->lan && s->eap)
		config_wrong(config, &s->lan,
			"a proxy leaves EAP to the access point; take lan or eap out");
}
