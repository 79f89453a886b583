// SPDX-License-Identifier: Apache-2.0
#include "ref/ar/settings.h"
#include "ref/eap/eap_server.h"
#include "ref/node/ap_key.h"
#include "ref/node/neighbour_settings.h"
#include "ref/node/transforms.h"
#include "ref/pana/pana_mpa.h"

/* --- rows ------------------------------------------------------------------------------------- */

#define USER(member) .offset = offsetof(struct user_settings, member)

static const struct config_row user_rows[] = {
	{ .key = "identity", .kind = CONFIG_TEXT, USER(identity), .required = true, .min = 1,
	  .max = EAP_IDENTITY_MAX, .help = "Who: user@realm, or a pattern *@realm or *." },
	{ .key = "methods", .kind = CONFIG_NAMES, USER(methods), .required = true, .min = 1,
	  .max = EAP_METHODS_MAX, .names = eap_method_names,
	  .help = "EAP methods allowed, in the order to try." },
	{ .key = "psk", .kind = CONFIG_OCTETS, USER(psk), .min = EAP_PSK_SIZE, .max = EAP_PSK_SIZE,
	  .help = "Key for EAP-PSK." },
	{ .key = "password", .kind = CONFIG_TEXT, USER(password), .min = 1,
	  .max = EAP_PASSWORD_MAX, .help = "Password for EAP-MD5." },
	{ 0 },
};

#define EAP(member) .offset = offsetof(struct eap_server_settings, member)

static const struct config_row eap_rows[] = {
	{ .key = "server_id", .kind = CONFIG_TEXT, EAP(server_id), .otherwise = "server.example",
	  .min = 1, .max = EAP_IDENTITY_MAX, .help = "ID_S of EAP-PSK and name of EAP-MD5." },
	{ .key = "users", .kind = CONFIG_LIST, EAP(users), .rows = user_rows,
	  .size = sizeof(struct user_settings), .min = 1,
	  .help = "Who may come, when there is no radius." },
	{ .key = "radius", .kind = CONFIG_OPTION, EAP(radius), .rows = aaa_rows,
	  .size = sizeof(struct aaa_settings),
	  .help = "Pass EAP through to RADIUS servers (RFC 3579) instead of keeping users." },
	{ .key = "tls", .kind = CONFIG_OPTION, EAP(tls), .rows = tls_rows,
	  .size = sizeof(struct tls_settings), .help = "EAP-TLS. Not given: not offered." },
	{ 0 },
};

#define AGENT(member) .offset = offsetof(struct agent_settings, member)

static const struct config_row agent_rows[] = {
	{ .key = "listen", .kind = CONFIG_ENDPOINT, AGENT(listen), .otherwise = "0.0.0.0",
	  .port = PANA_PORT, .help = "Where to listen; [::] for IPv6." },
	{ .key = "device", .kind = CONFIG_TEXT, AGENT(device), .max = 15,
	  .help = "Listen on this interface only." },
	{ .key = "initiate", .kind = CONFIG_ENDPOINT, AGENT(initiate), .port = PANA_PORT,
	  .help = "Open a session with this client at the start." },
	{ .key = "authorize", .kind = CONFIG_BOOL, AGENT(authorize), .otherwise = "true",
	  .help = "false: authenticate, then refuse access." },
	{ .key = "preauth", .kind = CONFIG_BOOL, AGENT(preauth), .otherwise = "true",
	  .help = "Take pre-authentication (RFC 5873)." },
	{ .key = "stateful", .kind = CONFIG_BOOL, AGENT(stateful),
	  .help = "Keep a session from the PCI on, and retransmit the first PAR." },
	{ .key = "optimized", .kind = CONFIG_BOOL, AGENT(optimized),
	  .help = "Put EAP into the first PAR; implies stateful." },
	{ .key = "ip_reconfiguration", .kind = CONFIG_BOOL, AGENT(ip_reconfiguration),
	  .help = "Tell clients to get another address (I bit)." },
	{ .key = "lifetime", .kind = CONFIG_UINT, AGENT(lifetime), .otherwise = "3600", .min = 1,
	  .help = "Session lifetime, seconds." },
	{ .key = "preauth_lifetime", .kind = CONFIG_UINT, AGENT(preauth_lifetime),
	  .otherwise = "600", .help = "The most for a pre-authenticated session, seconds; 0: any." },
	{ .key = "hold", .kind = CONFIG_TIME, AGENT(hold), .otherwise = "300 s",
	  .help = "How long the session of a client that left is kept." },
	{ .key = "reauth_percent", .kind = CONFIG_UINT, AGENT(reauth_percent), .otherwise = "0",
	  .max = 99, .help = "Re-authenticate at this part of the lifetime; 0: leave it to the "
			     "client." },
	{ .key = "sessions", .kind = CONFIG_UINT, AGENT(sessions), .otherwise = "65536", .min = 1,
	  .help = "Most sessions." },
	{ .key = "half_open", .kind = CONFIG_UINT, AGENT(half_open), .otherwise = "1024", .min = 1,
	  .help = "Most sessions not yet authenticated." },
	{ .key = "pci_rate", .kind = CONFIG_UINT, AGENT(pci_rate), .otherwise = "2000",
	  .help = "Most beginnings a second; 0: no limit." },
	{ .key = "allow_restart", .kind = CONFIG_BOOL, AGENT(allow_restart),
	  .help = "A client that was restarted may begin anew from the address of its session; "
		  "against RFC 5191 section 5.5." },
	{ .key = "protocol", .kind = CONFIG_MAP, AGENT(common), .rows = pana_rows,
	  .size = sizeof(struct pana_settings), .help = "Parameters that both ends have." },
	{ 0 },
};

#define DHCP(member) .offset = offsetof(struct dhcp_settings, member)

static const struct config_row dhcp_rows[] = {
	{ .key = "server", .kind = CONFIG_ENDPOINT, DHCP(server), .port = 67,
	  .help = "Ask this server as a relay does (giaddr). Not given: broadcast on the subnet." },
	{ .key = "timeout", .kind = CONFIG_TIME, DHCP(timeout), .otherwise = "10 s", .min = 100,
	  .help = "Patience with the server." },
	{ .key = "lease", .kind = CONFIG_UINT, DHCP(lease),
	  .help = "Lease to ask for, seconds; 0: the server's choice." },
	{ 0 },
};

static const struct config_name tunnels[] = {
	{ ACCESS_TUNNELS_PANA, "pana" },
	{ ACCESS_TUNNELS_IKEV2, "ikev2" },
	{ 0, NULL },
};

#define PROOF(member) .offset = offsetof(struct ike_proof_settings, member)

static const struct config_row proof_rows[] = {
	{ .key = "identity", .kind = CONFIG_TEXT, PROOF(identity), .required = true, .min = 1,
	  .max = 128, .help = "The router's name, as its certificate has it." },
	{ .key = "certificate", .kind = CONFIG_PATH, PROOF(certificate), .required = true,
	  .help = "PEM file of its certificate, the chain after it." },
	{ .key = "key", .kind = CONFIG_PATH, PROOF(key), .required = true,
	  .help = "PEM file of the private key." },
	{ 0 },
};

#define ACCESS(member) .offset = offsetof(struct access_settings, member)

static const struct config_row access_rows[] = {
	{ .key = "device", .kind = CONFIG_TEXT, ACCESS(device), .required = true, .min = 1,
	  .max = 15, .help = "Interface towards the subnet." },
	{ .key = "dhcp", .kind = CONFIG_MAP, ACCESS(dhcp), .rows = dhcp_rows,
	  .size = sizeof(struct dhcp_settings),
	  .help = "Where addresses for clients come from (RFC 6252 section 7.3.1)." },
	{ .key = "check_address", .kind = CONFIG_BOOL, ACCESS(check_address), .otherwise = "true",
	  .help = "Duplicate address detection (RFC 5227) before an address is given away." },
	{ .key = "probe_wait", .kind = CONFIG_TIME, ACCESS(probe_wait), .otherwise = "1 s",
	  .help = "PROBE_WAIT of RFC 5227." },
	{ .key = "probes", .kind = CONFIG_UINT, ACCESS(probes), .otherwise = "3", .min = 1,
	  .max = 10, .help = "PROBE_NUM." },
	{ .key = "probe_interval", .kind = CONFIG_TIME, ACCESS(probe_interval), .otherwise = "1 s",
	  .help = "PROBE_MIN; PROBE_MAX is twice that." },
	{ .key = "announce_wait", .kind = CONFIG_TIME, ACCESS(announce_wait), .otherwise = "2 s",
	  .help = "ANNOUNCE_WAIT." },
	{ .key = "transforms", .kind = CONFIG_NAMES, ACCESS(transforms), .names = transform_names,
	  .max = 3, .help = "ESP transforms allowed. Not given: aes-gcm and aes-cbc-sha256." },
	{ .key = "ip_in_ip", .kind = CONFIG_BOOL, ACCESS(ip_in_ip),
	  .help = "Allow tunnels without protection, plain IP-in-IP." },
	{ .key = "tunnel", .kind = CONFIG_NAMES, ACCESS(tunnels), .names = tunnels, .max = 2,
	  .help = "What may set up and delete handover tunnels. Not given: pana. With ikev2 the "
		  "router listens for IKE (RFC 6252 section 7.3.2)." },
	{ .key = "ike_port", .kind = CONFIG_UINT, ACCESS(ike_port), .otherwise = "500", .min = 1,
	  .max = 65535, .help = "Where, at its address in the subnet." },
	{ .key = "pool", .kind = CONFIG_PREFIX, ACCESS(pool),
	  .help = "Addresses of the subnet for nodes that ask by IKE. Not given: from the DHCP "
		  "server." },
	{ .key = "ike_proof", .kind = CONFIG_OPTION, ACCESS(proof), .rows = proof_rows,
	  .size = sizeof(struct ike_proof_settings),
	  .help = "Take EAP in IKEv2 too, as PANA's agent does: by the users or servers of eap "
		  "(RFC 7296 section 2.16). Not given: EAP by PANA alone." },
	{ .key = "tunnel_lifetime", .kind = CONFIG_TIME, ACCESS(tunnel_lifetime),
	  .otherwise = "300 s", .min = 1000, .help = "Most time a handover tunnel stands." },
	{ .key = "grace", .kind = CONFIG_TIME, ACCESS(grace), .otherwise = "10 s",
	  .help = "How long the address is kept for the client after its tunnel was deleted." },
	{ .key = "buffer_packets", .kind = CONFIG_UINT, ACCESS(buffer_packets), .otherwise = "1000",
	  .min = 1, .max = 100000, .help = "Most packets held back for one client." },
	{ .key = "buffer_period", .kind = CONFIG_TIME, ACCESS(buffer_period), .otherwise = "5 s",
	  .min = 10, .help = "Most time they are held back." },
	{ .key = "table", .kind = CONFIG_UINT, ACCESS(table), .otherwise = "716", .min = 1,
	  .help = "Routing table for held addresses." },
	{ .key = "priority", .kind = CONFIG_UINT, ACCESS(priority), .otherwise = "100", .min = 1,
	  .max = 32765, .help = "Priority of the rule that leads there." },
	{ 0 },
};

#define AP(member) .offset = offsetof(struct ap_settings, member)

static const struct config_row ap_rows[] = {
	{ .key = "bssid", .kind = CONFIG_MAC, AP(bssid), .required = true, .help = "Its BSSID." },
	{ .key = "address", .kind = CONFIG_ENDPOINT, AP(address), .port = AP_KEY_PORT,
	  .required = true, .help = "Where its baton-ap takes keys." },
	{ .key = "secret", .kind = CONFIG_OCTETS, AP(secret), .required = true,
	  .min = AP_KEY_SECRET_MIN, .max = AP_KEY_SECRET_MAX, .help = "Secret shared with it." },
	{ 0 },
};

const struct config_row ar_rows[] = {
	PROGRAM_ROWS("ar", "/run/baton/ar.sock"),
	{ .key = "pana", .kind = CONFIG_MAP, .offset = offsetof(struct ar_settings, agent),
	  .rows = agent_rows, .size = sizeof(struct agent_settings),
	  .help = "The PANA authentication agent." },
	{ .key = "eap", .kind = CONFIG_MAP, .offset = offsetof(struct ar_settings, eap),
	  .rows = eap_rows, .size = sizeof(struct eap_server_settings), .help = "The EAP server." },
	{ .key = "access_points", .kind = CONFIG_LIST,
	  .offset = offsetof(struct ar_settings, access_points), .rows = ap_rows,
	  .size = sizeof(struct ap_settings), .max = MPA_APS_MAX,
	  .help = "Access points of this network, where keys are installed on request." },
	{ .key = "neighbours", .kind = CONFIG_LIST,
	  .offset = offsetof(struct ar_settings, neighbours), .rows = neighbour_rows,
	  .size = sizeof(struct neighbour_settings), .max = MPA_NEIGHBOURS_MAX,
	  .help = "Access points, of this network and of others near it, that authenticated clients "
		  "are told of. Not given: nothing is told." },
	{ .key = "access", .kind = CONFIG_OPTION, .offset = offsetof(struct ar_settings, access),
	  .rows = access_rows, .size = sizeof(struct access_settings),
	  .help = "The subnet this router looks after. Not given: an authentication agent only." },
	{ 0 },
};

/* --- rules ------------------------------------------------------------------------------------ */

static void check_user(struct config *config, const struct eap_server_settings *eap,
	const struct user_settings *u)
{
	for (size_t i = 0; i < u->methods.count; i++) {
		int method = u->methods.items[i];
		if (method == EAP_TYPE_PSK && !u->psk.size)
			config_wrong(config, u, "%s has the method psk and no psk; give one",
				u->identity);
		if (method == EAP_TYPE_MD5 && !u->password)
			config_wrong(config, u, "%s has the method md5 and no password; give one",
				u->identity);
		if (method == EAP_TYPE_TLS && !eap->tls)
			config_wrong(config, u,
				"%s has the method tls and eap has no tls; give certificates there",
				u->identity);
	}
}

static void check_aaa(struct config *config, const struct eap_server_settings *eap)
{
	if (!eap->radius) {
		if (!eap->users.count)
			config_wrong(config, eap,
				"eap has neither users nor radius; give one of them");
		return;
	}
	if (eap->users.count)
		config_wrong(config, &eap->users,
			"eap has users and radius; give one of them");
	if (eap->tls)
		config_wrong(config, &eap->tls,
			"eap has tls and radius; TLS ends at the RADIUS server, give it there");
	aaa_settings_check(config, eap->radius);
}

static void check_ike(struct config *config, const struct access_settings *s)
{
	bool ike = false;

	for (size_t i = 0; i < s->tunnels.count; i++)
		ike = ike || s->tunnels.items[i] == ACCESS_TUNNELS_IKEV2;
	if (s->proof && !ike)
		config_wrong(config, &s->proof,
			"EAP in IKEv2 needs IKEv2 here; allow it, tunnel: [ikev2]");
	if (!s->pool.family)
		return;
	if (!ike)
		config_wrong(config, &s->pool,
			"addresses of the pool are given by IKE; allow it, tunnel: [ikev2]");
	if (s->pool.family != AF_INET || s->pool.length < 8)
		config_wrong(config, &s->pool,
			"the pool is a part of the subnet; give one like 198.51.100.192/26");
}

void ar_check(struct config *config, void *settings)
{
	const struct ar_settings *s = settings;
	const struct user_settings *users = s->eap.users.items;

	for (size_t i = 0; i < s->eap.users.count; i++)
		check_user(config, &s->eap, &users[i]);
	check_aaa(config, &s->eap);
	neighbour_settings_check(config, &s->neighbours);
	if (s->eap.tls && s->eap.tls->min_version > s->eap.tls->max_version)
		config_wrong(config, &s->eap.tls->min_version,
			"min_version is above max_version; exchange them");
	if (s->access)
		check_ike(config, s->access);
	if (s->access && s->access->dhcp.server.family &&
		s->access->dhcp.server.family != AF_INET)
		config_wrong(config, &s->access->dhcp.server, "DHCP here is DHCPv4; give an IPv4 "
							      "address");
}
