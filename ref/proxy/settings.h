// SPDX-License-Identifier: Apache-2.0
/* The configuration of a proxy or authenticator of IEEE 802.1X over IP. */
#ifndef BATON_PROXY_SETTINGS_H
#define BATON_PROXY_SETTINGS_H

#include "ref/host/program.h"

struct proxy_bssid {
	uint8_t bssid[6];
};

struct proxy_user {
	const char *identity;
	struct config_octets psk;
};

struct proxy_eap_settings {
	const char *server_id;
	struct config_list users; /* struct proxy_user */
};

struct proxy_settings {
	struct program_settings program;
	struct endpoint listen;
	const char *lan;		/* NULL: authenticates by itself */
	struct config_list bssids;	/* struct proxy_bssid */
	const char *hostapd;		/* control socket; NULL: none */
	struct proxy_eap_settings *eap; /* NULL: a proxy */
	unsigned keep_alive;
};

extern const struct config_row proxy_rows[];

/* Rules between values. */
void proxy_check(struct config *config, void *settings);

#endif
