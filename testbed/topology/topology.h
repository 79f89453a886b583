// SPDX-License-Identifier: Apache-2.0
//
// A network as declared in a YAML file: nodes, wires, radios, addresses, routes, services.
// docs/topology.md is the reference of the format. The structures are read-only for everybody
// but topology_load; strings and arrays live as long as the topology.

#ifndef BATON_TOPOLOGY_TOPOLOGY_H
#define BATON_TOPOLOGY_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "testbed/topology/diagnostics.h"

/* Kernel features a topology needs; named in the file, or implied by a radio or a delayed link. */
enum topology_need {
	NEED_NETNS = 1 << 0,
	NEED_HWSIM = 1 << 1, /* "hwsim": mac80211_hwsim radios; implied by radios */
	NEED_ESP = 1 << 2,   /* "esp": IPsec ESP in the kernel */
	NEED_NETEM = 1 << 3, /* "netem": delay, loss, rate; implied by links that have them */
	NEED_IPIP = 1 << 4,  /* "ipip": IP-in-IP tunnels */
	NEED_TUN = 1 << 5,   /* "tun": tun devices */
	NEED_NFT = 1 << 6,   /* "nftables" */
};

enum node_kind {
	NODE_HOST,   /* does not forward */
	NODE_ROUTER, /* forwards IPv4 and IPv6 */
	NODE_BRIDGE, /* all its interfaces are ports of its bridge "br0" */
};

/* A hardware address. */
struct topology_mac {
	bool given;
	uint8_t bytes[6];
};

/* An address of either family, network byte order. */
struct topology_address {
	int family;	   /* AF_INET or AF_INET6; 0: none */
	uint8_t bytes[16]; /* the first 4 used for AF_INET */
	uint8_t prefix;	   /* prefix length, bits */
	unsigned line;
};

struct topology_addresses {
	struct topology_address *list;
	size_t count;
};

/* A free-form value for whoever uses the topology. Nested maps are flattened with dots, list
   items with their index from 0: "pana.paa", "keys.0". */
struct topology_setting {
	const char *key;
	const char *value;
	unsigned line;
};

struct topology_route {
	struct topology_address to; /* prefix 0: the default route */
	struct topology_address via;
	unsigned line;
};

enum service_kind {
	SERVICE_DHCP,	/* dnsmasq as a DHCPv4 server */
	SERVICE_RADIUS, /* FreeRADIUS as an AAA server with EAP-TLS */
};

/* Somebody who shares a secret with a RADIUS server or client. */
struct topology_aaa {
	const char *name;		 /* realm: what stands behind the '@'; else NULL */
	struct topology_address address; /* a client's is a prefix */
	const char *secret;
	unsigned line;
};

enum topology_tls { TOPOLOGY_TLS_1_2, TOPOLOGY_TLS_1_3 };

struct topology_service {
	enum service_kind kind;
	const char *interface;
	struct topology_address pool[2]; /* first and last, inclusive */
	struct topology_address router;	 /* family 0: none offered */
	struct topology_addresses dns;
	uint32_t lease_s;
	struct topology_aaa *clients; /* radius: who may ask */
	size_t n_clients;
	struct topology_aaa *realms; /* radius: identities that other servers answer for */
	size_t n_realms;
	enum topology_tls tls; /* radius */
	bool resumption;       /* radius: sessions are kept for an hour */
	unsigned line;
};

struct topology_node {
	const char *name;
	enum node_kind kind;
	const char *role; /* a word of the user's, "" when not given: mn, ap, ar, cn, ... */
	bool forwarding;
	struct topology_addresses addresses; /* of br0 for a bridge, else of lo */
	struct topology_route *routes;
	size_t n_routes;
	struct topology_service *services;
	size_t n_services;
	struct topology_setting *settings;
	size_t n_settings;
	unsigned line;
};

/* One end of a link or a radio: an interface of a node. */
struct topology_end {
	size_t node;	       /* index into topology.nodes */
	const char *at;	       /* "node:interface", as written */
	const char *interface; /* the part behind the colon */
	struct topology_mac mac;
	struct topology_addresses addresses; /* with the prefix length of their subnet */
	unsigned line;
};

struct topology_link {
	const char *name;
	struct topology_end end[2];
	struct topology_addresses subnets;
	uint64_t delay_ns;  /* each way */
	uint64_t jitter_ns; /* each way, +/- */
	uint32_t loss_ppm;  /* each way, lost packets in a million */
	uint64_t rate_bps;  /* each way, bits per second; 0: not limited */
	unsigned line;
};

enum radio_mode { RADIO_AP, RADIO_STATION };
enum key_management { KEY_OPEN, KEY_WPA_PSK, KEY_SAE, KEY_WPA_EAP };

/* What an access point offers, or one network a station knows. */
struct topology_wlan {
	const char *ssid;
	enum key_management keys;
	const char *passphrase;	   /* 8 to 63 characters; NULL when psk is given or open */
	const char *psk;	   /* 64 hexadecimal digits or NULL */
	const char *identity;	   /* station: who it is in EAP-TLS, or NULL */
	bool enabled;		   /* station: tried from the start; otherwise only when told */
	struct topology_mac bssid; /* station: only this access point */
	unsigned line;
};

struct topology_radio {
	const char *name;
	struct topology_end end;
	enum radio_mode mode;
	unsigned channel; /* access point: 1 to 11 (2.4 GHz), 36 to 48 or 149 to 165 (5 GHz) */
	struct topology_addresses subnets; /* access point on no bridge */
	struct topology_wlan offered;	   /* access point: what it offers */
	struct topology_aaa *servers;	   /* access point with wpa-eap: RADIUS, in order */
	size_t n_servers;
	bool preauthentication;	     /* access point on a bridge: IEEE 802.11i, from its wires */
	struct topology_wlan *known; /* station: networks in order of preference */
	size_t n_known;
	struct topology_setting *options; /* lines added to hostapd.conf or wpa_supplicant.conf */
	size_t n_options;
	unsigned line;
};

struct topology {
	unsigned line;
	const char *path; /* as given to topology_load */
	const char *text; /* the file itself, length bytes */
	size_t length;
	const char *name;
	const char *description;
	unsigned needs; /* enum topology_need, or-ed */
	struct topology_node *nodes;
	size_t n_nodes;
	struct topology_link *links;
	size_t n_links;
	struct topology_radio *radios;
	size_t n_radios;
	struct arena *arena; /* owns everything above, and this */
};

/* Reads and validates the file at path. On success returns 0 and *out, to be released with
   topology_free. Otherwise returns a negative errno (-EINVAL: the file is wrong), *out is NULL
   and d holds at least one finding. */
int topology_load(const char *path, struct topology **out, struct diagnostics *d);

/* The same from memory; name stands for the path in findings. text needs no final NUL. */
int topology_load_text(const char *name, const void *text, size_t length, struct topology **out,
	struct diagnostics *d);

/* Accepts NULL. */
void topology_free(struct topology *t);

/* Finds the file of a topology: a path (has a '/' or ends in ".yaml") is taken as it is; a bare
   NAME is looked for as ./NAME.yaml, then topology/NAME.yaml below the tree or installation the
   running program belongs to (or $BATON_ROOT). Returns a malloc'ed path, or NULL with a finding. */
char *topology_find(const char *file_or_name, struct diagnostics *d);

/* Lookups by name; NULL when there is none. */
const struct topology_node *topology_node(const struct topology *t, const char *name);
const struct topology_link *topology_link(const struct topology *t, const char *name);
const struct topology_radio *topology_radio(const struct topology *t, const char *name);

/* The first node with this role, or NULL. */
const struct topology_node *topology_role(const struct topology *t, const char *role);

/* The value of a setting of the node, or fallback (may be NULL). */
const char *topology_setting(const struct topology_node *node, const char *key,
	const char *fallback);

/* The first address of the given family (AF_INET, AF_INET6; 0: any) on node:interface; interface
   NULL: any interface of the node, in the order of the file. NULL when there is none. */
const struct topology_address *topology_address(const struct topology *t, const char *node,
	const char *interface, int family);

/* Writes "192.0.2.1" (with_prefix: "192.0.2.1/24") and returns buffer. */
#define TOPOLOGY_ADDRESS_TEXT 64
/* Writes it. */
const char *topology_address_text(const struct topology_address *a, bool with_prefix,
	char buffer[TOPOLOGY_ADDRESS_TEXT]);

/* Whether certificates are wanted: a RADIUS server or a station with wpa-eap is there. They are
   then in the folder TOPOLOGY_CREDENTIALS of the network's directory, as `baton creds` writes
   them. */
#define TOPOLOGY_CREDENTIALS "credentials"
/* Looks for one. */
bool topology_wants_credentials(const struct topology *t);

/* The reference of the file format, made from the tables that drive the reader, in Markdown. */
void topology_print_reference(FILE *stream);

#endif
