// SPDX-License-Identifier: Apache-2.0
//
// The format of a topology file, row by row. docs/topology.md prints these rows.

#include "testbed/topology/format.h"

#include <stddef.h>

// Tables: one row, one entry.
// clang-format off

const char *const topology_need_words[] = {
	"netns", "hwsim", "esp", "netem", "ipip", "tun", "nftables", NULL};
static const char *const kinds[] = {"host", "router", "bridge", NULL};
static const char *const service_words[] = {"dhcp", "radius", NULL};
static const char *const tls_words[] = {"1.2", "1.3", NULL};
static const char *const modes[] = {"ap", "station", NULL};
static const char *const key_managements[] = {"open", "wpa-psk", "sae", "wpa-eap", NULL};

/* Where mac80211_hwsim's first custom regulatory domain allows an access point. */
const unsigned topology_channels[] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 36, 40, 44, 48, 149, 153, 157, 161, 165, 0};

/* A row, short: the structure and the member it fills. */
#define AT(type, member) .offset = offsetof(struct type, member)
#define END                                                                                        \
	{                                                                                          \
		.key = NULL                                                                        \
	}

static const struct schema_row route_rows[] = {
	{"to", ROW_SCALAR, true, AT(topology_route, to), .scalar = SCALAR_DESTINATION,
		.doc = "where the route leads"},
	{"via", ROW_SCALAR, true, AT(topology_route, via), .scalar = SCALAR_ADDRESS,
		.doc = "address of the next router, which shares a subnet with the node"},
	END};

static const struct schema route_schema = {.title = "Route",
	.what = "route",
	.rows = route_rows,
	.size = sizeof(struct topology_route),
	.line = offsetof(struct topology_route, line)};

/* The three sorts of struct topology_aaa. */
#define AAA_SECRET                                                                                 \
	{                                                                                          \
		"secret", ROW_SCALAR, true, AT(topology_aaa, secret),                              \
			.scalar = SCALAR_SECRET, .doc = "secret that both share"                   \
	}
#define AAA_SCHEMA(words, title_words, row_list)                                                   \
	{                                                                                          \
		.title = title_words, .what = words, .rows = row_list,                             \
		.size = sizeof(struct topology_aaa), .line = offsetof(struct topology_aaa, line)   \
	}

static const struct schema_row aaa_client_rows[] = {
	{"network", ROW_SCALAR, true, AT(topology_aaa, address), .scalar = SCALAR_PREFIX,
		.doc = "where the clients with this secret are"},
	AAA_SECRET, END};
static const struct schema aaa_client_schema =
	AAA_SCHEMA("RADIUS client", "RADIUS client", aaa_client_rows);

static const struct schema_row realm_rows[] = {
	{"realm", ROW_SCALAR, true, AT(topology_aaa, name), .scalar = SCALAR_REALM,
		.doc = "what stands behind the @ of an identity"},
	{"server", ROW_SCALAR, true, AT(topology_aaa, address), .scalar = SCALAR_ADDRESS,
		.doc = "address of the server that answers for it"},
	AAA_SECRET, END};
static const struct schema realm_schema = AAA_SCHEMA("realm", "Realm", realm_rows);

static const struct schema_row aaa_server_rows[] = {
	{"server", ROW_SCALAR, true, AT(topology_aaa, address), .scalar = SCALAR_ADDRESS,
		.doc = "address of the server"},
	AAA_SECRET, END};
static const struct schema aaa_server_schema =
	AAA_SCHEMA("RADIUS server", "RADIUS server", aaa_server_rows);

static const struct schema_row service_rows[] = {
	{"service", ROW_CHOICE, true, AT(topology_service, kind), .words = service_words,
		.doc = "which service; `dhcp` is a DHCPv4 server (dnsmasq), `radius` an AAA server "
		       "with EAP-TLS (FreeRADIUS)"},
	{"interface", ROW_SCALAR, false, AT(topology_service, interface),
		.scalar = SCALAR_INTERFACE,
		.doc = "dhcp: interface of this node on which it serves; required"},
	{"pool", ROW_SCALAR, false, AT(topology_service, pool), .scalar = SCALAR_RANGE,
		.doc = "dhcp: addresses it gives away, all in a subnet of the interface; required"},
	{"router", ROW_SCALAR, false, AT(topology_service, router), .scalar = SCALAR_ADDRESS,
		.doc = "dhcp: default router told to clients (option 3); without it none is told"},
	{"dns", ROW_SCALARS, false, AT(topology_service, dns), .scalar = SCALAR_ADDRESS,
		.doc = "dhcp: name servers told to clients (option 6); without it none is told"},
	{"lease", ROW_SCALAR, false, AT(topology_service, lease_s), .scalar = SCALAR_SECONDS,
		.preset = "1h", .doc = "dhcp: how long an address is lent, 2 minutes at least"},
	{"clients", ROW_MAPS, false, AT(topology_service, clients), .sub = &aaa_client_schema,
		.doc = "radius: who may ask; required"},
	{"realms", ROW_MAPS, false, AT(topology_service, realms), .sub = &realm_schema,
		.doc = "radius: identities that are passed on to another server; all others are "
		       "authenticated here"},
	{"tls", ROW_CHOICE, false, AT(topology_service, tls), .words = tls_words, .preset = "1.2",
		.doc = "radius: the version of TLS inside EAP-TLS"},
	{"resumption", ROW_SCALAR, false, AT(topology_service, resumption), .scalar = SCALAR_BOOL,
		.preset = "false", .doc = "radius: whether TLS sessions can be resumed"},
	END};

static const struct schema service_schema = {.title = "Service",
	.what = "service",
	.rows = service_rows,
	.size = sizeof(struct topology_service),
	.line = offsetof(struct topology_service, line)};

static const struct schema_row node_rows[] = {
	{"kind", ROW_CHOICE, false, AT(topology_node, kind), .words = kinds, .preset = "host",
		.doc = "a `host` does not forward, a `router` does (IPv4 and IPv6), a `bridge` "
		       "joins "
		       "all its interfaces in one bridge named br0"},
	{"role", ROW_SCALAR, false, AT(topology_node, role), .scalar = SCALAR_NAME, .preset = "",
		.doc = "what the node is to whoever uses the topology: mn, ap, ar, cn, tester, "
		       "sut"},
	{"addresses", ROW_SCALARS, false, AT(topology_node, addresses), .scalar = SCALAR_ADDRESS,
		.doc = "addresses of br0 (in a subnet of its ports), or of lo for other kinds"},
	{"routes", ROW_MAPS, false, AT(topology_node, routes), .sub = &route_schema,
		.doc = "routes beyond the node's own subnets"},
	{"services", ROW_MAPS, false, AT(topology_node, services), .sub = &service_schema,
		.doc = "servers to run on the node"},
	{"settings", ROW_SETTINGS, false, AT(topology_node, settings),
		.doc = "anything; passed on to whoever uses the topology, nested keys joined by "
		       "dots"},
	END};

static const struct schema node_schema = {.title = "Node",
	.what = "node",
	.rows = node_rows,
	.size = sizeof(struct topology_node),
	.line = offsetof(struct topology_node, line),
	.name = offsetof(struct topology_node, name)};

static const struct schema_row end_rows[] = {
	{"at", ROW_SCALAR, true, AT(topology_end, at), .scalar = SCALAR_END,
		.doc = "node and interface, such as mn:eth0; the interface is created"},
	{"mac", ROW_SCALAR, false, AT(topology_end, mac), .scalar = SCALAR_MAC,
		.doc = "hardware address; without it one is made from the names, the same every "
		       "time"},
	{"addresses", ROW_SCALARS, false, AT(topology_end, addresses), .scalar = SCALAR_ADDRESS,
		.doc = "addresses, each in one of the link's subnets, which gives the prefix "
		       "length"},
	END};

static const struct schema end_schema = {.title = "End of a link",
	.what = "link end",
	.rows = end_rows,
	.size = sizeof(struct topology_end),
	.line = offsetof(struct topology_end, line)};

static const struct schema_row link_rows[] = {
	{"ends", ROW_PAIR, true, AT(topology_link, end), .min = 2, .max = 2, .sub = &end_schema,
		.doc = "the two ends of the wire"},
	{"subnets", ROW_SCALARS, false, AT(topology_link, subnets), .scalar = SCALAR_PREFIX,
		.doc = "subnets on this link; links joined by a bridge share theirs"},
	{"delay", ROW_SCALAR, false, AT(topology_link, delay_ns), .scalar = SCALAR_DURATION,
		.doc = "delay each way, so that a round trip takes twice as long"},
	{"jitter", ROW_SCALAR, false, AT(topology_link, jitter_ns), .scalar = SCALAR_DURATION,
		.doc = "random deviation from the delay each way, at most the delay"},
	{"loss", ROW_SCALAR, false, AT(topology_link, loss_ppm), .scalar = SCALAR_PERCENT,
		.doc = "share of packets lost each way"},
	{"rate", ROW_SCALAR, false, AT(topology_link, rate_bps), .scalar = SCALAR_RATE,
		.doc = "bit rate each way"},
	END};

static const struct schema link_schema = {.title = "Link",
	.what = "link",
	.rows = link_rows,
	.size = sizeof(struct topology_link),
	.line = offsetof(struct topology_link, line),
	.name = offsetof(struct topology_link, name)};

/* What an access point offers and what a station knows differ in their first rows only. */
#define SECURITY_ROWS(where)                                                                       \
	{"ssid", ROW_SCALAR, where##_SSID_REQUIRED, where##_AT(ssid), .scalar = SCALAR_TEXT,       \
		.min = 1, .max = 32, .doc = where##_SSID_DOC},                                     \
		{"key_management", ROW_CHOICE, false, where##_AT(keys), .words = key_managements,  \
			.preset = "wpa-psk",                                                       \
			.doc = "`wpa-psk` is WPA2-Personal with CCMP, `sae` is WPA3-Personal, "    \
			       "`wpa-eap` WPA2-Enterprise with EAP-TLS"},                          \
		{"passphrase", ROW_SCALAR, false, where##_AT(passphrase),                          \
			.scalar = SCALAR_PASSPHRASE, .doc = "passphrase, for wpa-psk and sae"},    \
	{                                                                                          \
		"psk", ROW_SCALAR, false, where##_AT(psk),                                         \
			.scalar = SCALAR_PSK,                                                      \
			.doc = "pairwise master key instead of a passphrase, for wpa-psk"          \
	}

#define KNOWN_AT(member) AT(topology_wlan, member)
#define KNOWN_SSID_REQUIRED true
#define KNOWN_SSID_DOC "name of the wireless network, offered by some access point"
#define OFFERED_AT(member) AT(topology_radio, offered.member)
#define OFFERED_SSID_REQUIRED false
#define OFFERED_SSID_DOC "access point: name of the wireless network"

static const struct schema_row known_rows[] = {SECURITY_ROWS(KNOWN),
	{"bssid", ROW_SCALAR, false, AT(topology_wlan, bssid), .scalar = SCALAR_MAC,
		.doc = "take only the access point with this mac"},
	{"identity", ROW_SCALAR, false, AT(topology_wlan, identity), .scalar = SCALAR_IDENTITY,
		.doc = "who the station is, for wpa-eap"},
	{"enabled", ROW_SCALAR, false, AT(topology_wlan, enabled), .scalar = SCALAR_BOOL,
		.preset = "true",
		.doc = "whether the station tries it from the start, or only when told"},
	END};

static const struct schema known_schema = {.title = "Network of a station",
	.what = "network",
	.rows = known_rows,
	.size = sizeof(struct topology_wlan),
	.line = offsetof(struct topology_wlan, line)};

static const struct schema_row radio_rows[] = {
	{"at", ROW_SCALAR, true, AT(topology_radio, end.at), .scalar = SCALAR_END,
		.doc = "node and interface, such as mn:wlan0; the radio is created"},
	{"mode", ROW_CHOICE, true, AT(topology_radio, mode), .words = modes,
		.doc = "`ap` runs hostapd, `station` runs wpa_supplicant"},
	{"mac", ROW_SCALAR, false, AT(topology_radio, end.mac), .scalar = SCALAR_MAC,
		.doc = "hardware address, of an access point its BSSID; without it one is made "
		       "from "
		       "the names, the same every time"},
	{"addresses", ROW_SCALARS, false, AT(topology_radio, end.addresses),
		.scalar = SCALAR_ADDRESS,
		.doc = "fixed addresses, in a subnet behind the access point (of a station: of its "
		       "first enabled network); none on a bridge or where DHCP is used"},
	{"subnets", ROW_SCALARS, false, AT(topology_radio, subnets), .scalar = SCALAR_PREFIX,
		.doc = "access point on a node that is no bridge: subnets of its wireless network"},
	{"channel", ROW_SCALAR, false, AT(topology_radio, channel), .scalar = SCALAR_NUMBER,
		.min = 1, .max = 165, .doc = "access point: 1 to 11, 36 to 48 or 149 to 165"},
	SECURITY_ROWS(OFFERED),
	{"radius", ROW_MAPS, false, AT(topology_radio, servers), .sub = &aaa_server_schema,
		.doc = "access point with wpa-eap: servers to ask, in this order"},
	{"preauth", ROW_SCALAR, false, AT(topology_radio, preauthentication), .scalar = SCALAR_BOOL,
		.preset = "false",
		.doc = "access point with wpa-eap on a bridge: takes IEEE 802.11i "
		       "pre-authentication from stations elsewhere on the bridge"},
	{"networks", ROW_MAPS, false, AT(topology_radio, known), .sub = &known_schema,
		.doc = "station: the wireless networks it knows, the preferred one first"},
	{"options", ROW_SETTINGS, false, AT(topology_radio, options),
		.doc = "further lines for hostapd.conf or wpa_supplicant.conf, as key: value"},
	END};

static const struct schema radio_schema = {.title = "Radio",
	.what = "radio",
	.rows = radio_rows,
	.size = sizeof(struct topology_radio),
	.line = offsetof(struct topology_radio, line),
	.name = offsetof(struct topology_radio, name)};

static const struct schema_row topology_rows[] = {
	{"name", ROW_SCALAR, true, AT(topology, name), .scalar = SCALAR_NAME,
		.doc = "under this name the network is raised when `--name` gives no other"},
	{"description", ROW_SCALAR, false, AT(topology, description), .scalar = SCALAR_TEXT,
		.preset = "", .doc = "what the network is for"},
	{"needs", ROW_FLAGS, false, AT(topology, needs), .words = topology_need_words,
		.doc = "kernel features beyond those that radios (hwsim) and delays (netem) imply; "
		       "checked before anything is raised"},
	{"nodes", ROW_NAMED, true, AT(topology, nodes), .min = 1, .sub = &node_schema,
		.doc = "the machines, by name"},
	{"links", ROW_NAMED, false, AT(topology, links), .sub = &link_schema,
		.doc = "the wires, by name"},
	{"radios", ROW_NAMED, false, AT(topology, radios), .sub = &radio_schema,
		.doc = "the radios, by name"},
	END};

const struct schema topology_schema = {.title = "Topology",
	.what = "topology",
	.rows = topology_rows,
	.size = sizeof(struct topology),
	.line = offsetof(struct topology, line)};
