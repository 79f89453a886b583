// SPDX-License-Identifier: Apache-2.0
/* The configuration of a port access entity. */
#ifndef BATON_PAE_SETTINGS_H
#define BATON_PAE_SETTINGS_H

#include "ref/node/eap_settings.h"

enum pae_role { PAE_ROLE_SUPPLICANT, PAE_ROLE_AUTHENTICATOR };

struct pae_eap_settings {
	const char *identity, *server_id, *password, *notification;
	struct config_numbers methods;
	struct config_octets psk;
	struct tls_settings *tls; /* NULL: no EAP-TLS */
	unsigned mtu;
};

struct pae_settings {
	struct program_settings program;
	int role; /* enum pae_role */
	const char *device;
	bool preauth;
	uint8_t authenticator[6]; /* of a supplicant that pre-authenticates */
	struct pae_eap_settings eap;
	btime irt, mrt, start_period, patience, held;
	unsigned mrc, max_start;
};

extern const struct config_row pae_rows[];

/* Rules between values. */
void pae_check(struct config *config, void *settings);

#endif
