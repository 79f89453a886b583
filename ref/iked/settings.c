// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>

#include "ref/ike/ike.h"
#include "ref/ike/ike_proposal.h"
#include "ref/iked/iked.h"

static const struct config_name groups[] = {
	{ IKE_DH_CURVE25519, "curve25519" },
	{ IKE_DH_ECP_256, "ecp256" },
	{ IKE_DH_ECP_384, "ecp384" },
	{ IKE_DH_MODP_2048, "modp2048" },
	{ IKE_DH_MODP_3072, "modp3072" },
	{ IKE_DH_MODP_4096, "modp4096" },
	{ 0, NULL },
};

static const struct config_name pfs_groups[] = {
	{ 0, "none" },
	{ IKE_DH_MODP_2048, "modp2048" },
	{ IKE_DH_MODP_3072, "modp3072" },
	{ IKE_DH_MODP_4096, "modp4096" },
	{ IKE_DH_ECP_256, "ecp256" },
	{ IKE_DH_ECP_384, "ecp384" },
	{ 0, NULL },
};

static const struct config_name means[] = {
	{ IKE_BY_PSK, "psk" },
	{ IKE_BY_CERTIFICATE, "certificate" },
	{ IKE_BY_EAP, "eap" },
	{ 0, NULL },
};

static const struct config_name reply_paths[] = {
	{ IKE_PATH_LINK, "link" },
	{ IKE_PATH_CARE_OF, "care_of" },
	{ 0, NULL },
};

#define CERTIFICATES(member) .offset = offsetof(struct iked_certificates, member)

static const struct config_row certificate_rows[] = {
	{ .key = "ca", .kind = CONFIG_PATH, CERTIFICATES(ca),
	  .help = "PEM file of the authorities to trust." },
	{ .key = "certificate", .kind = CONFIG_PATH, CERTIFICATES(certificate),
	  .help = "PEM file of our own certificate, the chain after it." },
	{ .key = "key", .kind = CONFIG_PATH, CERTIFICATES(key),
	  .help = "PEM file of its private key." },
	{ .key = "crl", .kind = CONFIG_PATH, CERTIFICATES(crl),
	  .help = "PEM file of revoked certificates. Not given: not checked." },
	{ 0 },
};

#define EAP(member) .offset = offsetof(struct iked_eap, member)

static const struct config_row eap_rows[] = {
	{ .key = "identity", .kind = CONFIG_TEXT, EAP(identity), .required = true, .min = 1,
	  .max = EAP_IDENTITY_MAX,
	  .help = "Of the initiator, in EAP; at the responder also a pattern, * or *@realm." },
	{ .key = "psk", .kind = CONFIG_OCTETS, EAP(psk), .min = EAP_PSK_SIZE, .max = EAP_PSK_SIZE,
	  .help = "Key of EAP-PSK." },
	{ .key = "tls", .kind = CONFIG_OPTION, EAP(tls), .rows = tls_rows,
	  .size = sizeof(struct tls_settings), .help = "EAP-TLS." },
	{ .key = "radius", .kind = CONFIG_OPTION, EAP(radius), .rows = aaa_rows,
	  .size = sizeof(struct aaa_settings),
	  .help = "The responder: pass EAP through to RADIUS servers (RFC 3579)." },
	{ 0 },
};

#define DNS(member) .offset = offsetof(struct iked_dns, member)

static const struct config_row dns_rows[] = {
	{ .key = "server", .kind = CONFIG_ENDPOINT, DNS(server), .port = 53, .required = true,
	  .help = "Address and port of the server that is asked and told." },
	{ .key = "zone", .kind = CONFIG_TEXT, DNS(zone), .min = 1, .max = 255,
	  .help = "Zone of our name." },
	{ .key = "name", .kind = CONFIG_TEXT, DNS(name), .min = 1, .max = 255,
	  .help = "Our name, to have our address from now on. Not given: it is not told." },
	{ .key = "key", .kind = CONFIG_TEXT, DNS(key), .min = 1, .max = 255,
	  .help = "Name of the key for updates (RFC 8945, hmac-sha256)." },
	{ .key = "secret", .kind = CONFIG_TEXT, DNS(secret), .min = 1, .max = 255,
	  .help = "That key, base64." },
	{ .key = "ttl", .kind = CONFIG_TIME, DNS(ttl), .otherwise = "5 s", .max = 1000000000,
	  .help = "How long others may remember our address." },
	{ 0 },
};

#define DHCP(member) .offset = offsetof(struct iked_dhcp, member)

static const struct config_row dhcp_rows[] = {
	{ .key = "hardware", .kind = CONFIG_MAC, DHCP(hardware),
	  .help = "Hardware address in DHCP. Not given: of the interface to the peer." },
	{ .key = "client_id", .kind = CONFIG_TEXT, DHCP(client_id), .min = 1, .max = 63,
	  .help = "Client identifier. Not given: the hardware address." },
	{ .key = "keep_sa", .kind = CONFIG_BOOL, DHCP(keep_sa),
	  .help = "The DHCP SA stays until its lifetime is over. Otherwise it is deleted as soon as "
		  "the address has a Child SA." },
	{ 0 },
};

#define RELAY(member) .offset = offsetof(struct iked_dhcp_relay, member)

static const struct config_row relay_rows[] = {
	{ .key = "server", .kind = CONFIG_ENDPOINT, RELAY(server), .port = 67, .required = true,
	  .help = "Address and port of the DHCP server." },
	{ .key = "address", .kind = CONFIG_ADDRESS, RELAY(address), .required = true,
	  .help = "Ours, which the server answers to (giaddr)." },
	{ .key = "subnet", .kind = CONFIG_ADDRESS, RELAY(subnet),
	  .help = "An address of the subnet that peers get theirs from (RFC 3527). Not given: that of "
		  "`address`." },
	{ 0 },
};

#define PEER(member) .offset = offsetof(struct iked_connection, member)

static const struct config_row connection_rows[] = {
	{ .key = "name", .kind = CONFIG_TEXT, PEER(name), .required = true, .min = 1, .max = 64,
	  .help = "Name in logs and commands." },
	{ .key = "peer_name", .kind = CONFIG_TEXT, PEER(peer_name), .min = 1, .max = 255,
	  .help = "The peer's name, to look for it when it does not answer our move." },
	{ .key = "local", .kind = CONFIG_ADDRESS, PEER(local),
	  .help = "Our address. Not given: any, and then only the peer can begin." },
	{ .key = "remote", .kind = CONFIG_ADDRESS, PEER(remote),
	  .help = "The peer's address. Not given: any, and then only the peer can begin." },
	{ .key = "local_id", .kind = CONFIG_TEXT, PEER(local_id), .required = true, .min = 1,
	  .max = IKE_ID_MAX, .help = "Our identity: an address, user@domain, a domain name, or 0x and "
				     "digits: the name of a key (ID_KEY_ID)." },
	{ .key = "remote_id", .kind = CONFIG_TEXT, PEER(remote_id), .max = IKE_ID_MAX,
	  .help = "The peer's identity. Not given: whoever has the key." },
	{ .key = "local_auth", .kind = CONFIG_NAME, PEER(local_auth), .names = means,
	  .otherwise = "psk", .help = "How we prove who we are; eap is for who begins." },
	{ .key = "remote_auth", .kind = CONFIG_NAME, PEER(remote_auth), .names = means,
	  .otherwise = "psk", .help = "How the peer does; eap is for who does not begin." },
	{ .key = "psk", .kind = CONFIG_TEXT, PEER(psk), .min = 1, .max = 256,
	  .help = "Pre-shared key." },
	{ .key = "psk_octets", .kind = CONFIG_OCTETS, PEER(psk_octets), .min = 16, .max = 256,
	  .help = "The same, as octets: a key that another protocol has made." },
	{ .key = "certificates", .kind = CONFIG_OPTION, PEER(certificates),
	  .rows = certificate_rows, .size = sizeof(struct iked_certificates),
	  .help = "Our certificate, and whom we trust." },
	{ .key = "eap", .kind = CONFIG_OPTION, PEER(eap), .rows = eap_rows,
	  .size = sizeof(struct iked_eap), .help = "EAP inside IKE_AUTH." },
	{ .key = "local_ts", .kind = CONFIG_PREFIX, PEER(local_ts),
	  .help = "Our side of the traffic. Not given: our address." },
	{ .key = "remote_ts", .kind = CONFIG_PREFIX, PEER(remote_ts),
	  .help = "The peer's side of the traffic. Not given: its address." },
	{ .key = "groups", .kind = CONFIG_NAMES, PEER(groups), .names = groups, .max = 6,
	  .help = "Groups for the IKE SA, the first is tried first. Not given: all." },
	{ .key = "ike_proposal", .kind = CONFIG_TEXT, PEER(ike_proposal), .min = 1, .max = 512,
	  .help = "Algorithms of the IKE SA, such as aes256-sha256-curve25519; several joined by "
		  "commas. Not given: all that are current." },
	{ .key = "esp_proposal", .kind = CONFIG_TEXT, PEER(esp_proposal), .min = 1, .max = 512,
	  .help = "The same of Child SAs, such as aes256gcm16 or aes256-sha1." },
	{ .key = "version", .kind = CONFIG_UINT, PEER(version), .otherwise = "2", .min = 1,
	  .max = 2, .help = "Of IKE. 1 has neither EAP nor MOBIKE nor fragmentation." },
	{ .key = "old_algorithms", .kind = CONFIG_BOOL, PEER(old_algorithms),
	  .help = "Version 1: 3DES, SHA-1, MD5, MODP 1024 and 1536 too, after all others." },
	{ .key = "pfs", .kind = CONFIG_NAME, PEER(pfs), .names = pfs_groups, .otherwise = "none",
	  .help = "Version 1: group of perfect forward secrecy for Child SAs." },
	{ .key = "childless", .kind = CONFIG_BOOL, PEER(childless),
	  .help = "Version 1: no Child SA before one is asked for." },
	{ .key = "dhcp_sa", .kind = CONFIG_BOOL, PEER(dhcp_sa),
	  .help = "Version 1: allow a DHCP SA (RFC 3456) to who has no address yet." },
	{ .key = "dhcp", .kind = CONFIG_OPTION, PEER(dhcp), .rows = dhcp_rows,
	  .size = sizeof(struct iked_dhcp),
	  .help = "Version 1: our address by DHCP through a DHCP SA (RFC 3456), then a Child SA for "
		  "it." },
	{ .key = "dhcp_relay", .kind = CONFIG_OPTION, PEER(dhcp_relay), .rows = relay_rows,
	  .size = sizeof(struct iked_dhcp_relay),
	  .help = "Version 1: allow a DHCP SA, and relay what comes through it." },
	{ .key = "start", .kind = CONFIG_BOOL, PEER(start), .help = "Begin by ourselves." },
	{ .key = "transport", .kind = CONFIG_BOOL, PEER(transport),
	  .help = "Ask for transport mode, and allow it." },
	{ .key = "mobike", .kind = CONFIG_BOOL, PEER(mobike), .otherwise = "true",
	  .help = "RFC 4555." },
	{ .key = "address_change", .kind = CONFIG_BOOL, PEER(address_change),
	  .help = "Address change (docs/address-change.md), offered and taken." },
	{ .key = "trust_new_address", .kind = CONFIG_BOOL, PEER(trust_new_address),
	  .help = "Take the peer's word for its new address; saves a round trip." },
	{ .key = "check_first", .kind = CONFIG_BOOL, PEER(check_first),
	  .help = "Verify a peer's new address before anything moves; costs a round trip." },
	{ .key = "tunnel", .kind = CONFIG_BOOL, PEER(tunnel),
	  .help = "Address change in an IP-in-IP tunnel, asked for and taken. IPv4, install." },
	{ .key = "over_new_sa", .kind = CONFIG_BOOL, PEER(over_new_sa),
	  .help = "Tell of our address change over an IKE SA of its own from the new one." },
	{ .key = "hold", .kind = CONFIG_TIME, PEER(hold), .otherwise = "60 s", .max = 1000000000,
	  .help = "How long an old address of ours can be held. 0 s: for ever." },
	{ .key = "fragmentation", .kind = CONFIG_BOOL, PEER(fragmentation), .otherwise = "true",
	  .help = "RFC 7383." },
	{ .key = "fragment_size", .kind = CONFIG_UINT, PEER(fragment_size), .otherwise = "1280",
	  .min = 256, .max = 8000, .help = "Octets of the largest datagram." },
	{ .key = "encapsulate", .kind = CONFIG_BOOL, PEER(encapsulate),
	  .help = "ESP in UDP even without a NAT." },
	{ .key = "ask_address", .kind = CONFIG_BOOL, PEER(ask_address),
	  .help = "Ask for an internal IPv4 address." },
	{ .key = "pool", .kind = CONFIG_PREFIX, PEER(pool),
	  .help = "Internal IPv4 addresses to give to peers that ask." },
	{ .key = "check_path", .kind = CONFIG_BOOL, PEER(check_path),
	  .help = "Verify a peer's new address before it is used (RFC 4555 section 3.7)." },
	{ .key = "reply_link", .kind = CONFIG_BOOL, PEER(reply_link),
	  .help = "Ask for answers to our link-layer address (docs/reply-path.md)." },
	{ .key = "reply_care_of", .kind = CONFIG_ADDRESS, PEER(reply_care_of),
	  .help = "Ask for answers in a tunnel to this address. IPv4." },
	{ .key = "rekey_ike", .kind = CONFIG_TIME, PEER(rekey_ike), .otherwise = "240 min",
	  .max = 1000000000, .help = "When the IKE SA is made anew. 0 s: never." },
	{ .key = "rekey_child", .kind = CONFIG_TIME, PEER(rekey_child), .otherwise = "60 min",
	  .max = 1000000000, .help = "When a Child SA is made anew. 0 s: never." },
	{ .key = "liveness", .kind = CONFIG_TIME, PEER(liveness), .otherwise = "30 s",
	  .max = 1000000000, .help = "Silence after which the peer is asked. 0 s: never." },
	{ .key = "restart", .kind = CONFIG_TIME, PEER(restart), .otherwise = "5 s",
	  .max = 1000000000, .help = "With start: how long after a peer was found unreachable we "
				     "begin again. 0 s: never." },
	{ 0 },
};

#define AT(member) .offset = offsetof(struct iked_settings, member)

const struct config_row iked_rows[] = {
	PROGRAM_ROWS("iked", "/run/baton/iked.sock"),
	{ .key = "listen", .kind = CONFIG_ENDPOINT, AT(listen), .otherwise = "0.0.0.0",
	  .port = IKE_PORT, .help = "Address and port of IKE." },
	{ .key = "nat_port", .kind = CONFIG_UINT, AT(nat_port), .otherwise = "4500", .min = 1,
	  .max = 65535, .help = "Port of IKE and ESP through a NAT, at the same address." },
	{ .key = "cookie_threshold", .kind = CONFIG_UINT, AT(cookie_threshold), .otherwise = "32",
	  .max = 100000, .help = "Half-open SAs from which on cookies are asked for." },
	{ .key = "half_open_per_address", .kind = CONFIG_UINT, AT(half_open_per_address),
	  .otherwise = "64", .min = 1, .max = 100000,
	  .help = "Half-open SAs that one address can have once cookies are asked for." },
	{ .key = "half_open", .kind = CONFIG_TIME, AT(half_open), .otherwise = "30 s",
	  .min = 1000, .max = 3600000,
	  .help = "How long a half-open SA waits for IKE_AUTH." },
	{ .key = "tries", .kind = CONFIG_UINT, AT(tries), .otherwise = "8", .min = 1, .max = 20,
	  .help = "How often a request is sent, from half a second apart to 16, before the peer is "
		  "unreachable." },
	{ .key = "reply_paths", .kind = CONFIG_NAMES, AT(reply_paths), .names = reply_paths,
	  .max = 2, .help = "Send answers where a peer asks (docs/reply-path.md). Not given: no. "
			    "Needs CAP_NET_ADMIN." },
	{ .key = "reply_limit", .kind = CONFIG_TIME, AT(reply_limit), .otherwise = "1 s",
	  .min = 10, .max = 60000,
	  .help = "How long the way of an answer stays when nobody takes it out." },
	{ .key = "install", .kind = CONFIG_BOOL, AT(install),
	  .help = "Put Child SAs into the kernel. Needs CAP_NET_ADMIN and ESP." },
	{ .key = "sockets", .kind = CONFIG_BOOL, AT(sockets),
	  .help = "Move live sockets along when an address changes. Needs root." },
	{ .key = "dns", .kind = CONFIG_OPTION, AT(dns), .rows = dns_rows,
	  .size = sizeof(struct iked_dns), .help = "Names: ours is updated when we move." },
	{ .key = "unverified", .kind = CONFIG_UINT, AT(unverified), .otherwise = "16384",
	  .max = 1000000000, .help = "Octets to a peer's new address before it is verified, beyond "
				     "what the peer has sent of late." },
	{ .key = "follow", .kind = CONFIG_BOOL, AT(follow),
	  .help = "Move by ourselves when the kernel sends to a peer from another address." },
	{ .key = "connections", .kind = CONFIG_LIST, AT(connections), .rows = connection_rows,
	  .required = true, .size = sizeof(struct iked_connection), .min = 1, .max = 1000,
	  .help = "Peers." },
	{ 0 },
};

/* What the two ways of authentication need. */
static void check_radius(struct config *config, const struct iked_connection *c)
{
	aaa_settings_check(config, c->eap->radius);
	if (c->remote_auth != IKE_BY_EAP)
		config_wrong(config, &c->eap->radius,
			"EAP is passed on for a peer that comes by it; give remote_auth: eap");
	if (c->eap->psk.size || c->eap->tls)
		config_wrong(config, &c->eap->radius,
			"eap has radius and secrets of its own; give one of them");
}

static void check_auth(struct config *config, const struct iked_connection *c)
{
	bool by_psk = c->local_auth == IKE_BY_PSK || c->remote_auth == IKE_BY_PSK;
	bool by_eap = c->local_auth == IKE_BY_EAP || c->remote_auth == IKE_BY_EAP;

	if (by_psk && !c->psk == !c->psk_octets.size)
		config_wrong(config, c, "authentication by a key and %s; give one of psk and "
					"psk_octets, or local_auth and remote_auth",
			c->psk ? "two of them" : "no psk");
	if (c->local_auth == IKE_BY_CERTIFICATE &&
		(!c->certificates || !c->certificates->certificate || !c->certificates->key))
		config_wrong(config, &c->local_auth,
			"local_auth is certificate; give certificates with certificate and key");
	if (c->remote_auth == IKE_BY_CERTIFICATE && (!c->certificates || !c->certificates->ca))
		config_wrong(config, &c->remote_auth,
			"remote_auth is certificate; give certificates with ca");
	if (by_eap && (!c->eap || (!c->eap->psk.size && !c->eap->tls && !c->eap->radius)))
		config_wrong(config, c, "authentication by EAP and no secret; give eap with psk "
					"or tls");
	if (c->eap && c->eap->radius)
		check_radius(config, c);
	if (c->local_auth == IKE_BY_EAP && c->remote_auth == IKE_BY_EAP)
		config_wrong(config, &c->remote_auth,
			"both ends by EAP; the responder proves itself by psk or certificate");
}

static void check_version(struct config *config, const struct iked_connection *c)
{
	if (c->version == 2)
		return;
	if (c->local_auth != c->remote_auth || c->local_auth == IKE_BY_EAP)
		config_wrong(config, &c->local_auth,
			"version 1 and %s; both ends prove themselves the same way, by psk or "
			"certificate",
			c->local_auth == IKE_BY_EAP ? "EAP" : "two ways of authentication");
	for (size_t i = 0; i < c->groups.count; i++)
		if (c->groups.items[i] == IKE_DH_CURVE25519)
			config_wrong(config, &c->groups,
				"curve25519 has no number in version 1; give others");
	if (c->ask_address)
		config_wrong(config, &c->ask_address,
			"version 1 has no configuration payload here; leave it out");
}

static void check_dhcp(struct config *config, const struct iked_settings *s,
	const struct iked_connection *c)
{
	const void *at = c->dhcp ? (const void *)&c->dhcp : (const void *)&c->dhcp_relay;

	if (!c->dhcp && !c->dhcp_relay)
		return;
	if (c->version != 1)
		config_wrong(config, at, "DHCP over IPsec is of version 1; give version: 1");
	if (!s->install)
		config_wrong(config, at, "DHCP goes through the kernel's ESP; give install: true");
	if (c->dhcp && !c->remote_ts.family)
		config_wrong(config, at, "the traffic of an address that is to come and nothing at "
					 "the other side; give remote_ts");
	if (c->dhcp && c->local_ts.family)
		config_wrong(config, &c->local_ts,
			"our side is the address that DHCP gives; leave local_ts out");
	if (c->dhcp_relay && (c->dhcp_relay->address.family != AF_INET ||
				     c->dhcp_relay->server.family != AF_INET))
		config_wrong(config, at, "DHCPv4 and other addresses; give IPv4 addresses");
}

/* Files that cannot be used are found before anything begins, and told with the line. */
static void check_certificates(struct config *config, const struct iked_connection *c)
{
	char error[256];
	struct ike_credentials *credentials;

	if (!c->certificates)
		return;
	credentials = iked_credentials(c->certificates, error, sizeof(error));
	if (!credentials)
		config_wrong(config, &c->certificates, "%s", error);
	ike_credentials_free(credentials);
}

static bool proposal_fits(const char *text, uint8_t protocol)
{
	struct ike_proposals proposals;

	return !text || ike_proposals_parse(text, protocol, &proposals) == 0;
}

/* Those of IKEv2 first, else in the order of the file: each engine has a run of them. */
static void put_in_order(struct iked_settings *s)
{
	struct iked_connection *list = (struct iked_connection *)s->connections.items, kept;

	for (size_t i = 1; i < s->connections.count; i++)
		for (size_t k = i; k > 0 && list[k].version > list[k - 1].version; k--) {
			kept = list[k];
			list[k] = list[k - 1];
			list[k - 1] = kept;
		}
}

void iked_check(struct config *config, void *settings)
{
	const struct iked_settings *s = settings;
	const struct iked_connection *list = s->connections.items;
	const struct iked_dns *dns = s->dns;

	if (dns && dns->name && !dns->zone)
		config_wrong(config, dns, "a name of ours and no zone; give zone");
	if (dns && !dns->key != !dns->secret)
		config_wrong(config, dns, "key and secret go together; give both or none");

	for (size_t i = 0; i < s->connections.count; i++) {
		const struct iked_connection *c = &list[i];
		check_auth(config, c);
		check_version(config, c);
		check_dhcp(config, s, c);
		check_certificates(config, c);
		if (c->start && (!c->local.family || !c->remote.family))
			config_wrong(config, &c->start,
				"who begins must know both addresses; give local and remote");
		if (c->local.family && c->local.family != s->listen.family)
			config_wrong(config, &c->local,
				"not of the family of listen; give an address of that family");
		if ((c->reply_link || c->reply_care_of.family) &&
			(!c->local.family || !c->remote.family || c->version != 2))
			config_wrong(config, c, "answers elsewhere are for who begins IKE of "
						"version 2; give local and remote");
		if (c->reply_link && c->reply_care_of.family)
			config_wrong(config, &c->reply_care_of,
				"answers to two places; give one of reply_link and reply_care_of");
		if (!proposal_fits(c->ike_proposal, IKE_PROTOCOL_IKE))
			config_wrong(config, &c->ike_proposal,
				"no proposal; right is for instance aes256-sha256-curve25519");
		if (!proposal_fits(c->esp_proposal, IKE_PROTOCOL_ESP))
			config_wrong(config, &c->esp_proposal,
				"no proposal; right is for instance aes256gcm16 or aes256-sha256");
		if (c->peer_name && !s->dns)
			config_wrong(config, &c->peer_name,
				"a name and nobody to ask for it; give dns with server");
		if (c->tunnel && !s->install)
			config_wrong(config, &c->tunnel,
				"tunnels are for ESP in the kernel; give install: true");
		if (c->pool.family == AF_INET6)
			config_wrong(config, &c->pool,
				"internal addresses are IPv4; give an IPv4 prefix");
	}
	put_in_order(settings);
}
