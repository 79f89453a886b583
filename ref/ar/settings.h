// SPDX-License-Identifier: Apache-2.0
/* The configuration of an access router. */
#ifndef BATON_AR_SETTINGS_H
#define BATON_AR_SETTINGS_H

#include "ref/node/aaa_settings.h"
#include "ref/node/eap_settings.h"
#include "ref/node/pana_settings.h"

/* One who may come. */
struct user_settings {
	const char *identity;
	struct config_numbers methods;
	struct config_octets psk;
	const char *password;
};

struct agent_settings {
	struct pana_settings common;
	struct endpoint listen, initiate;
	const char *device;
	bool authorize, preauth, stateful, optimized, ip_reconfiguration, allow_restart;
	unsigned lifetime, preauth_lifetime, reauth_percent, sessions, half_open, pci_rate;
	btime hold;
};

struct eap_server_settings {
	const char *server_id;
	struct aaa_settings *radius; /* NULL: users are kept here */
	struct config_list users; /* struct user_settings */
	struct tls_settings *tls;
};

struct dhcp_settings {
	struct endpoint server; /* family 0: broadcast on the subnet */
	btime timeout;
	unsigned lease;
};

/* How the router proves itself to who comes by EAP in IKEv2. */
struct ike_proof_settings {
	const char *identity, *certificate, *key;
};

/* Who may manage handover tunnels, RFC 6252 §7.4. */
enum access_tunnels { ACCESS_TUNNELS_PANA = 1, ACCESS_TUNNELS_IKEV2 };

/* What makes the agent an access router: the subnet it looks after. */
struct access_settings {
	const char *device;
	struct dhcp_settings dhcp;
	bool check_address; /* duplicate address detection beforehand */
	btime probe_wait, probe_interval, announce_wait;
	unsigned probes;
	struct config_numbers transforms;
	bool ip_in_ip;
	struct config_numbers tunnels; /* enum access_tunnels; none: PANA */
	unsigned ike_port;
	struct prefix pool; /* for IKE; family 0: from DHCP */
	struct ike_proof_settings *proof; /* NULL: EAP is carried by PANA alone */
	btime tunnel_lifetime, grace;
	unsigned buffer_packets;
	btime buffer_period;
	unsigned table, priority;
};

/* An access point that keys are installed in. */
struct ap_settings {
	uint8_t bssid[6];
	struct endpoint address;
	struct config_octets secret;
};

struct ar_settings {
	struct program_settings program;
	struct agent_settings agent;
	struct eap_server_settings eap;
	struct config_list access_points; /* struct ap_settings */
	struct config_list neighbours; /* struct neighbour_settings */
	struct access_settings *access; /* NULL: an authentication agent only */
};

extern const struct config_row ar_rows[];

/* Rules between values. */
void ar_check(struct config *config, void *settings);

#endif
