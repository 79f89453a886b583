// SPDX-License-Identifier: Apache-2.0
/* The configuration of a mobile node. */
#ifndef BATON_MN_SETTINGS_H
#define BATON_MN_SETTINGS_H

#include "ref/node/eap_settings.h"
#include "ref/node/pana_settings.h"

struct eap_peer_settings {
	const char *identity, *anonymous, *password, *server_id;
	struct config_numbers methods;
	struct config_octets psk;
	struct tls_settings *tls;
	bool refuse_keyless;
};

struct pac_settings {
	struct pana_settings common;
	struct rtx_settings pci;
	struct endpoint bind;
	bool initiate, piggyback;
	unsigned reauth_percent;
	btime eap_patience;
};

struct access_point_settings {
	uint8_t bssid[6];
};

/* 802.1X over IP. */
struct dot1x_settings {
	struct endpoint server;
	struct config_list access_points; /* struct access_point_settings */
	uint8_t station[6];		  /* zero: the supplicant's */
	unsigned keep_alive;
};

/* A network the node can be in. */
struct network_settings {
	const char *name;
	struct endpoint paa;	   /* family 0: wait for an agent that begins */
	struct endpoint local;	   /* source of PANA; family 0: the kernel's choice */
	bool preauth;		   /* `connect` pre-authenticates */
	const char *ssid;	   /* as wpa_supplicant knows it */
	unsigned frequency;	   /* MHz; 0: not known beforehand */
	struct prefix address;	   /* instead of DHCP; family 0: DHCP */
	struct prefix router;
	struct dot1x_settings *dot1x; /* NULL: its access points are reached by PANA only */
};

struct correspondent_settings {
	const char *name;
	struct prefix address;
	struct endpoint update; /* where binding updates go; family 0: its address */
	unsigned key_id;
	struct config_octets key;
	unsigned lifetime;
};

struct home_settings {
	struct prefix address;
	const char *tunnel; /* name of tunnel interfaces, a number is added */
	unsigned table, priority;
	struct config_list correspondents; /* struct correspondent_settings */
};

struct dhcp_settings {
	const char *client_id;
	btime start_delay, retransmit, repeat;
	unsigned attempts;
	btime probe_wait, probe_interval, announce_wait;
	unsigned probes;
	bool check_address;
};

/* Who manages handover tunnels, RFC 6252 §7.4, and carries EAP beforehand. */
enum tunnel_manager { TUNNEL_PANA, TUNNEL_IKEV2 };

/* When the router's end of a tunnel is deleted. */
enum tunnel_end { TUNNEL_END_BEFORE, TUNNEL_END_AFTER };

/* What makes the client a mobile node: the interface that moves. */
struct device_settings {
	const char *name;
	const char *supplicant; /* control socket of wpa_supplicant; NULL: no radio */
	struct dhcp_settings dhcp;
	struct config_numbers transforms;
	bool ip_in_ip;
	int tunnel;	/* enum tunnel_manager */
	int tunnel_end; /* enum tunnel_end */
	int authenticate; /* enum tunnel_manager: by what with a network that is to come */
	const char *ike_ca;
	unsigned ike_port;
	unsigned buffer_packets;
	btime buffer_period;
	btime patience;
};

/* wpa_supplicant, for keys of access points. */
struct key_settings {
	const char *supplicant;
	int key_management; /* of ap_key_managements */
};

struct mn_settings {
	struct program_settings program; /* first: see ref/host/program.h */
	struct eap_peer_settings eap;
	struct pac_settings pana;
	struct device_settings *device; /* NULL: a PANA client only */
	struct home_settings *home;
	struct config_list networks; /* struct network_settings */
	const char *start;
	struct key_settings *keys; /* NULL: none are asked for */
	struct neighbourhood_settings *neighbours; /* NULL: no table of them is kept */
};

extern const struct config_row mn_rows[];
/* Findings about `settings` (struct mn_settings) that no row can make; for struct program. */
void mn_check(struct config *config, void *settings);

#endif
