// SPDX-License-Identifier: Apache-2.0
#include "ref/binding/binding.h"
#include "ref/dhcp/dhcp_client.h"
#include "ref/dot1x/dxi_client.h"
#include "ref/mn/neighbourhood.h"
#include "ref/mn/settings.h"
#include "ref/node/ap_key.h"
#include "ref/node/transforms.h"
#include "ref/pana/pana_mpa.h"

/* --- rows ------------------------------------------------------------------------------------- */

#define EAP(member) .offset = offsetof(struct eap_peer_settings, member)

static const struct config_row eap_rows[] = {
	{ .key = "identity", .kind = CONFIG_TEXT, EAP(identity), .required = true, .min = 1,
	  .max = EAP_IDENTITY_MAX, .help = "Who this node is: user@realm." },
	{ .key = "anonymous", .kind = CONFIG_TEXT, EAP(anonymous), .max = EAP_IDENTITY_MAX,
	  .help = "Said in clear instead of the identity." },
	{ .key = "methods", .kind = CONFIG_NAMES, EAP(methods), .max = EAP_METHODS_MAX,
	  .names = eap_method_names,
	  .help = "EAP methods taken, the best first. Not given: all that have their secret." },
	{ .key = "psk", .kind = CONFIG_OCTETS, EAP(psk), .min = EAP_PSK_SIZE, .max = EAP_PSK_SIZE,
	  .help = "Key for EAP-PSK." },
	{ .key = "server_id", .kind = CONFIG_TEXT, EAP(server_id), .max = EAP_IDENTITY_MAX,
	  .help = "EAP-PSK: the server to insist on. Not given: any." },
	{ .key = "password", .kind = CONFIG_TEXT, EAP(password), .min = 1,
	  .help = "Password for EAP-MD5." },
	{ .key = "tls", .kind = CONFIG_OPTION, EAP(tls), .rows = tls_rows,
	  .size = sizeof(struct tls_settings), .help = "EAP-TLS." },
	{ .key = "refuse_keyless", .kind = CONFIG_BOOL, EAP(refuse_keyless),
	  .help = "Success without a key is failure; EAP-MD5 is never used." },
	{ 0 },
};

#define PAC(member) .offset = offsetof(struct pac_settings, member)

static const struct config_row pac_rows[] = {
	{ .key = "bind", .kind = CONFIG_ENDPOINT, PAC(bind), .port = PANA_PORT,
	  .help = "Where the client listens and sends from. Not given: 0.0.0.0, and port 716 without "
		  "a device, any port with one." },
	{ .key = "initiate", .kind = CONFIG_BOOL, PAC(initiate),
	  .help = "Without a device: begin with the first network at the start." },
	{ .key = "piggyback", .kind = CONFIG_BOOL, PAC(piggyback), .otherwise = "true",
	  .help = "Put EAP responses into PANs; false: into PARs of their own." },
	{ .key = "reauth_percent", .kind = CONFIG_UINT, PAC(reauth_percent), .otherwise = "80",
	  .max = 99, .help = "Re-authenticate at this part of the lifetime; 0: never." },
	{ .key = "eap_patience", .kind = CONFIG_TIME, PAC(eap_patience), .otherwise = "500 ms",
	  .help = "How long a PAN waits for an EAP response." },
	{ .key = "pci", .kind = CONFIG_MAP, PAC(pci), .rows = rtx_pci_rows,
	  .size = sizeof(struct rtx_settings),
	  .help = "Retransmission of the PCI: PCI_ of RFC 5191 section 9." },
	{ .key = "protocol", .kind = CONFIG_MAP, PAC(common), .rows = pana_rows,
	  .size = sizeof(struct pana_settings), .help = "Parameters that both ends have." },
	{ 0 },
};

#define DHCP(member) .offset = offsetof(struct dhcp_settings, member)

static const struct config_row dhcp_rows[] = {
	{ .key = "client_id", .kind = CONFIG_TEXT, DHCP(client_id), .max = DHCP_CLIENT_ID_MAX - 1,
	  .help = "Client identifier (type 0), the same in every network. Not given: the MAC "
		  "address." },
	{ .key = "start_delay", .kind = CONFIG_TIME, DHCP(start_delay), .otherwise = "0",
	  .help = "Random delay before the first DISCOVER, at most (RFC 2131 section 4.4.1: 10 s); "
		  "0: none." },
	{ .key = "retransmit", .kind = CONFIG_TIME, DHCP(retransmit), .otherwise = "4 s",
	  .min = 10, .help = "First retransmission, doubled each time (RFC 2131 section 4.1)." },
	{ .key = "repeat", .kind = CONFIG_TIME, DHCP(repeat), .otherwise = "200 ms",
	  .help = "On a radio the first message goes out again after this, once, whatever "
		  "`retransmit` says: the access point may open its port a moment after the "
		  "station's. 0: not." },
	{ .key = "attempts", .kind = CONFIG_UINT, DHCP(attempts), .otherwise = "5", .min = 1,
	  .max = 100, .help = "DISCOVERs before giving up." },
	{ .key = "check_address", .kind = CONFIG_BOOL, DHCP(check_address), .otherwise = "true",
	  .help = "Duplicate address detection (RFC 5227) before an address is used." },
	{ .key = "probe_wait", .kind = CONFIG_TIME, DHCP(probe_wait), .otherwise = "1 s",
	  .help = "PROBE_WAIT of RFC 5227." },
	{ .key = "probes", .kind = CONFIG_UINT, DHCP(probes), .otherwise = "3", .min = 1, .max = 10,
	  .help = "PROBE_NUM." },
	{ .key = "probe_interval", .kind = CONFIG_TIME, DHCP(probe_interval), .otherwise = "1 s",
	  .help = "PROBE_MIN; PROBE_MAX is twice that." },
	{ .key = "announce_wait", .kind = CONFIG_TIME, DHCP(announce_wait), .otherwise = "2 s",
	  .help = "ANNOUNCE_WAIT." },
	{ 0 },
};

static const struct config_name tunnel_managers[] = {
	{ TUNNEL_PANA, "pana" },
	{ TUNNEL_IKEV2, "ikev2" },
	{ 0, NULL },
};

static const struct config_name tunnel_ends[] = {
	{ TUNNEL_END_BEFORE, "before" },
	{ TUNNEL_END_AFTER, "after" },
	{ 0, NULL },
};

#define DEVICE(member) .offset = offsetof(struct device_settings, member)

static const struct config_row device_rows[] = {
	{ .key = "name", .kind = CONFIG_TEXT, DEVICE(name), .required = true, .min = 1, .max = 15,
	  .help = "The interface." },
	{ .key = "supplicant", .kind = CONFIG_PATH, DEVICE(supplicant),
	  .help = "Control socket of wpa_supplicant. Not given: a wired interface." },
	{ .key = "dhcp", .kind = CONFIG_MAP, DEVICE(dhcp), .rows = dhcp_rows,
	  .size = sizeof(struct dhcp_settings), .help = "How addresses are acquired." },
	{ .key = "transforms", .kind = CONFIG_NAMES, DEVICE(transforms), .names = transform_names,
	  .max = 3, .help = "ESP transforms offered for handover tunnels. Not given: aes-gcm and "
			    "aes-cbc-sha256." },
	{ .key = "ip_in_ip", .kind = CONFIG_BOOL, DEVICE(ip_in_ip),
	  .help = "Ask for handover tunnels without protection, plain IP-in-IP." },
	{ .key = "tunnel", .kind = CONFIG_NAME, DEVICE(tunnel), .names = tunnel_managers,
	  .otherwise = "pana",
	  .help = "What sets up and deletes handover tunnels; with ikev2 the address comes by its "
		  "configuration payload (RFC 6252 section 7.3.2)." },
	{ .key = "tunnel_end", .kind = CONFIG_NAME, DEVICE(tunnel_end), .names = tunnel_ends,
	  .otherwise = "before",
	  .help = "Delete the router's end of the tunnel before the move, or after it." },
	{ .key = "authenticate", .kind = CONFIG_NAME, DEVICE(authenticate),
	  .names = tunnel_managers, .otherwise = "pana",
	  .help = "What carries EAP to a network that the node prepares for; with ikev2 it is one "
		  "conversation with address and tunnel (RFC 7296 section 2.16)." },
	{ .key = "ike_ca", .kind = CONFIG_PATH, DEVICE(ike_ca),
	  .help = "PEM file of the authorities that access routers' certificates lead to, for "
		  "authenticate: ikev2." },
	{ .key = "ike_port", .kind = CONFIG_UINT, DEVICE(ike_port), .otherwise = "500", .min = 1,
	  .max = 65535, .help = "Where access routers take IKEv2." },
	{ .key = "buffer_packets", .kind = CONFIG_UINT, DEVICE(buffer_packets),
	  .help = "Packets the new router is to hold back at most; 0: as it allows." },
	{ .key = "buffer_period", .kind = CONFIG_TIME, DEVICE(buffer_period),
	  .help = "How long at most; 0: as it allows." },
	{ .key = "patience", .kind = CONFIG_TIME, DEVICE(patience), .otherwise = "20 s",
	  .min = 100, .help = "How long each step of a handoff may take." },
	{ 0 },
};

#define PEER(member) .offset = offsetof(struct correspondent_settings, member)

static const struct config_row correspondent_rows[] = {
	{ .key = "name", .kind = CONFIG_TEXT, PEER(name), .required = true, .min = 1, .max = 32,
	  .help = "What it is called in logs." },
	{ .key = "address", .kind = CONFIG_ADDRESS, PEER(address), .required = true,
	  .help = "Its address." },
	{ .key = "update", .kind = CONFIG_ENDPOINT, PEER(update), .port = BINDING_PORT,
	  .help = "Where binding updates go. Not given: its address, port 49716." },
	{ .key = "key_id", .kind = CONFIG_UINT, PEER(key_id), .required = true,
	  .help = "Key Identifier." },
	{ .key = "key", .kind = CONFIG_OCTETS, PEER(key), .required = true, .min = BINDING_KEY_MIN,
	  .max = BINDING_KEY_MAX, .help = "Key shared with it." },
	{ .key = "lifetime", .kind = CONFIG_UINT, PEER(lifetime), .otherwise = "600", .min = 1,
	  .max = 86400, .help = "Lifetime of a binding, seconds." },
	{ 0 },
};

#define HOME(member) .offset = offsetof(struct home_settings, member)

static const struct config_row home_rows[] = {
	{ .key = "address", .kind = CONFIG_ADDRESS, HOME(address), .required = true,
	  .help = "The address that never changes." },
	{ .key = "tunnel", .kind = CONFIG_TEXT, HOME(tunnel), .otherwise = "ipip", .min = 1,
	  .max = 12, .help = "Name of the tunnel interfaces; a number from 0 is added." },
	{ .key = "table", .kind = CONFIG_UINT, HOME(table), .otherwise = "717", .min = 1,
	  .help = "Routing table towards correspondents." },
	{ .key = "priority", .kind = CONFIG_UINT, HOME(priority), .otherwise = "110", .min = 1,
	  .max = 32765, .help = "Priority of the rule that leads there." },
	{ .key = "correspondents", .kind = CONFIG_LIST, HOME(correspondents),
	  .rows = correspondent_rows, .size = sizeof(struct correspondent_settings), .min = 1,
	  .max = 16, .required = true, .help = "Who is told the care-of address." },
	{ 0 },
};

static const struct config_row access_point_rows[] = {
	{ .key = "bssid", .kind = CONFIG_MAC, .offset = offsetof(struct access_point_settings, bssid),
	  .required = true, .help = "MAC address of an access point." },
	{ 0 },
};

#define DOT1X(member) .offset = offsetof(struct dot1x_settings, member)

static const struct config_row dot1x_rows[] = {
	{ .key = "server", .kind = CONFIG_ENDPOINT, DOT1X(server), .port = DXI_PORT,
	  .required = true, .help = "The access point that speaks 802.1X over IP, or the proxy." },
	{ .key = "access_points", .kind = CONFIG_LIST, DOT1X(access_points),
	  .rows = access_point_rows, .size = sizeof(struct access_point_settings), .min = 1,
	  .max = DXI_TARGETS_MAX, .required = true, .help = "Those that it serves." },
	{ .key = "station", .kind = CONFIG_MAC, DOT1X(station),
	  .help = "MAC address that the node will have there. Not given: that of keys.supplicant." },
	{ .key = "keep_alive", .kind = CONFIG_UINT, DOT1X(keep_alive), .otherwise = "30", .min = 5,
	  .max = 600, .help = "Seconds of silence after which the server is asked." },
	{ 0 },
};

#define NETWORK(member) .offset = offsetof(struct network_settings, member)

static const struct config_row network_rows[] = {
	{ .key = "name", .kind = CONFIG_TEXT, NETWORK(name), .required = true, .min = 1, .max = 32,
	  .help = "What commands call it." },
	{ .key = "paa", .kind = CONFIG_ENDPOINT, NETWORK(paa), .port = PANA_PORT,
	  .help = "Its authentication agent. Not given: wait for one that begins." },
	{ .key = "local", .kind = CONFIG_ENDPOINT, NETWORK(local),
	  .help = "Source address of PANA without a device. Not given: the kernel's choice." },
	{ .key = "preauth", .kind = CONFIG_BOOL, NETWORK(preauth),
	  .help = "Without a device: `connect` pre-authenticates (RFC 5873)." },
	{ .key = "ssid", .kind = CONFIG_TEXT, NETWORK(ssid), .min = 1, .max = 32,
	  .help = "Its name in wpa_supplicant's configuration." },
	{ .key = "frequency", .kind = CONFIG_UINT, NETWORK(frequency), .max = 7125,
	  .help = "Where its access points are, MHz. Not given, or 0: where they were seen." },
	{ .key = "address", .kind = CONFIG_PREFIX, NETWORK(address),
	  .help = "A fixed address there. Not given: DHCP." },
	{ .key = "router", .kind = CONFIG_ADDRESS, NETWORK(router),
	  .help = "Its router, with a fixed address." },
	{ .key = "dot1x", .kind = CONFIG_OPTION, NETWORK(dot1x), .rows = dot1x_rows,
	  .size = sizeof(struct dot1x_settings),
	  .help = "802.1X over IP with its access points: `preauth` without a paa, or with --dot1x." },
	{ 0 },
};

static const struct config_row key_rows[] = {
	{ .key = "supplicant", .kind = CONFIG_PATH,
	  .offset = offsetof(struct key_settings, supplicant), .required = true,
	  .help = "Control socket of wpa_supplicant." },
	{ .key = "key_management", .kind = CONFIG_NAME,
	  .offset = offsetof(struct key_settings, key_management), .otherwise = "WPA-EAP",
	  .names = ap_key_managements,
	  .help = "What the keys are used for; as the access points have it." },
	{ 0 },
};

#define AT(member) .offset = offsetof(struct mn_settings, member)

const struct config_row mn_rows[] = {
	PROGRAM_ROWS("mn", "/run/baton/mn.sock"),
	{ .key = "eap", .kind = CONFIG_MAP, AT(eap), .rows = eap_rows,
	  .size = sizeof(struct eap_peer_settings), .help = "The EAP peer." },
	{ .key = "pana", .kind = CONFIG_MAP, AT(pana), .rows = pac_rows,
	  .size = sizeof(struct pac_settings), .help = "The PANA client." },
	{ .key = "device", .kind = CONFIG_OPTION, AT(device), .rows = device_rows,
	  .size = sizeof(struct device_settings),
	  .help = "The interface that moves. Not given: a PANA client only." },
	{ .key = "home", .kind = CONFIG_OPTION, AT(home), .rows = home_rows,
	  .size = sizeof(struct home_settings),
	  .help = "The home address and who is told where it is." },
	{ .key = "keys", .kind = CONFIG_OPTION, AT(keys), .rows = key_rows,
	  .size = sizeof(struct key_settings),
	  .help = "Ask agents for keys of their access points (`keys NETWORK`). Not given: never." },
	{ .key = "neighbours", .kind = CONFIG_OPTION, AT(neighbours), .rows = neighbourhood_rows,
	  .size = sizeof(struct neighbourhood_settings),
	  .help = "What is known of access points near here (docs/finding-access-points.md). Not "
		  "given: nothing." },
	{ .key = "networks", .kind = CONFIG_LIST, AT(networks), .rows = network_rows, .min = 1,
	  .max = 16, .size = sizeof(struct network_settings), .required = true,
	  .help = "Networks the node can be in." },
	{ .key = "start", .kind = CONFIG_TEXT, AT(start),
	  .help = "Network to attach to at the start. Not given: none." },
	{ 0 },
};

/* --- rules ------------------------------------------------------------------------------------ */

static void check_eap(struct config *config, const struct eap_peer_settings *eap)
{
	if (!eap->psk.size && !eap->password && !eap->tls)
		config_wrong(config, eap, "eap has no secret; give psk, password or tls");
	for (size_t i = 0; i < eap->methods.count; i++) {
		int method = eap->methods.items[i];
		if ((method == EAP_TYPE_PSK && !eap->psk.size) ||
			(method == EAP_TYPE_MD5 && !eap->password) ||
			(method == EAP_TYPE_TLS && !eap->tls))
			config_wrong(config, &eap->methods,
				"the method %s has no secret; give psk for psk, password for md5, "
				"tls for tls",
				eap_type_name((uint32_t)method));
	}
	if (eap->tls && eap->tls->min_version > eap->tls->max_version)
		config_wrong(config, &eap->tls->min_version,
			"min_version is above max_version; exchange them");
}

static void check_dot1x(struct config *config, const struct mn_settings *s,
	const struct dot1x_settings *d)
{
	static const uint8_t none[6];

	if (memcmp(d->station, none, sizeof(none)) == 0 && !s->keys)
		config_wrong(config, d, "dot1x needs the node's own address there; give station, or "
			"keys with the supplicant that has it");
	if (d->station[0] & 1)
		config_wrong(config, &d->station, "this is a group address; give that of one station");
}

static void check_networks(struct config *config, const struct mn_settings *s)
{
	const struct network_settings *list = s->networks.items;
	bool found = !s->start;

	for (size_t i = 0; i < s->networks.count; i++) {
		found |= s->start && strcmp(list[i].name, s->start) == 0;
		for (size_t j = 0; j < i; j++)
			if (strcmp(list[i].name, list[j].name) == 0)
				config_wrong(config, &list[i].name,
					"a network %s stands here already; give another name",
					list[i].name);
		if (list[i].dot1x)
			check_dot1x(config, s, list[i].dot1x);
		if (!s->device)
			continue;
		if (s->device->supplicant && !list[i].ssid)
			config_wrong(config, &list[i],
				"network %s has no ssid, and the device is a radio; give one",
				list[i].name);
		if (list[i].address.family && !list[i].router.family)
			config_wrong(config, &list[i].address,
				"a fixed address needs its router; give one");
	}
	if (!found)
		config_wrong(config, &s->start, "there is no network %s; name one of networks",
			s->start);
	if (s->start && !s->device)
		config_wrong(config, &s->start,
			"start needs a device to attach; a PANA client has pana.initiate");
}

static void check_home(struct config *config, const struct mn_settings *s)
{
	const struct correspondent_settings *list = s->home->correspondents.items;

	if (!s->device)
		config_wrong(config, s->home, "home needs a device that moves; give one");
	if (s->home->address.family != AF_INET)
		config_wrong(config, &s->home->address,
			"tunnels are IPv4 in IPv4; give an IPv4 address");
	for (size_t i = 0; i < s->home->correspondents.count; i++)
		if (list[i].address.family != AF_INET)
			config_wrong(config, &list[i].address,
				"tunnels are IPv4 in IPv4; give an IPv4 address");
}

/* The Delete from the new address is what tells the router that the node is there. */
static void check_authenticate(struct config *config, const struct device_settings *d)
{
	if (d->tunnel != TUNNEL_IKEV2 || d->tunnel_end != TUNNEL_END_AFTER)
		config_wrong(config, &d->authenticate,
			"EAP in IKEv2 needs tunnel: ikev2 and tunnel_end: after; give them");
	if (!d->ike_ca)
		config_wrong(config, &d->authenticate,
			"routers prove themselves by certificate then; give ike_ca");
}

void mn_check(struct config *config, void *settings)
{
	const struct mn_settings *s = settings;

	check_eap(config, &s->eap);
	check_networks(config, s);
	if (s->device && s->device->authenticate == TUNNEL_IKEV2)
		check_authenticate(config, s->device);
	if (s->device && s->device->ip_in_ip && s->device->tunnel == TUNNEL_IKEV2)
		config_wrong(config, &s->device->ip_in_ip,
			"tunnels of IKEv2 are ESP; give ip_in_ip or tunnel: ikev2, not both");
	if (s->neighbours)
		neighbourhood_check(config, s->neighbours);
	if (s->home)
		check_home(config, s);
}
