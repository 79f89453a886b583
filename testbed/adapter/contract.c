// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>

#include "testbed/adapter/contract.h"

const struct contract_setting contract_settings[SETTINGS_MAX + 1] = {
	{ "eap", "BATON_EAP_METHOD", SETTING_CHOICE, "EAP-PSK EAP-TLS EAP-MD5", NULL,
		"EAP method; without it the first that the manifest claims of EAP-PSK, EAP-TLS, "
		"EAP-MD5" },
	{ "identity", "BATON_IDENTITY", SETTING_TEXT, NULL, "mn@example",
		"identity of the client" },
	{ "server-identity", "BATON_SERVER_IDENTITY", SETTING_TEXT, NULL, "server.example",
		"identity of the server: ID_S of EAP-PSK, name of EAP-MD5" },
	{ "secret", "BATON_SECRET", SETTING_TEXT, NULL, "000102030405060708090a0b0c0d0e0f",
		"EAP-PSK: 32 hexadecimal digits; EAP-MD5: the password, these same characters" },
	{ "tls-min", "BATON_TLS_MIN", SETTING_CHOICE, "1.0 1.1 1.2 1.3", NULL,
		"oldest TLS version to take" },
	{ "tls-max", "BATON_TLS_MAX", SETTING_CHOICE, "1.0 1.1 1.2 1.3", NULL,
		"newest TLS version to offer" },
	{ "certificate", "BATON_CERTIFICATE", SETTING_CHOICE, "good other expired", "good",
		"EAP-TLS: the certificate shown is good, of an authority that nobody trusts, or out "
		"of date; BATON_CERT_FILE is the one" },
	{ "authority", "BATON_AUTHORITY", SETTING_CHOICE, "good other", "good",
		"EAP-TLS: the authority trusted is the good one, or another; BATON_CA_FILE is the "
		"one" },
	{ "initiate", "BATON_INITIATE", SETTING_CHOICE, "pac paa", "pac",
		"who begins the session: the client with a PCI as soon as it runs, or the agent "
		"with an unsolicited PAR to BATON_PEER_ADDRESS as soon as it runs" },
	{ "lifetime", "BATON_LIFETIME", SETTING_NUMBER, NULL, "3600",
		"session lifetime in seconds that the agent grants" },
	{ "authorize", "BATON_AUTHORIZE", SETTING_BOOLEAN, NULL, "yes",
		"no: the agent authenticates the client and then refuses it access" },
	{ "reconfigure", "BATON_IP_RECONFIGURATION", SETTING_BOOLEAN, NULL, "no",
		"the agent tells the client to get another address (I bit)" },
	{ "preauth", "BATON_PREAUTH", SETTING_BOOLEAN, NULL, "no",
		"the client pre-authenticates; the agent takes pre-authentication (E bit)" },
	{ "stateless", "BATON_STATELESS", SETTING_BOOLEAN, NULL, "yes",
		"the agent keeps no state for a PCI: no EAP in its first PAR" },
	{ "piggyback", "BATON_PIGGYBACK", SETTING_BOOLEAN, NULL, "yes",
		"the client puts its EAP responses into PANs; no: into PARs of its own" },
	{ "req-irt", "BATON_REQ_IRT_MS", SETTING_NUMBER, NULL, NULL,
		"REQ_IRT in milliseconds (RFC 5191 section 9: 1000); over a LAN: until an EAP Request "
		"or EAPOL-Start is repeated" },
	{ "req-mrt", "BATON_REQ_MRT_MS", SETTING_NUMBER, NULL, NULL,
		"REQ_MRT in milliseconds (30000); over a LAN: the longest such time" },
	{ "req-mrc", "BATON_REQ_MRC", SETTING_NUMBER, NULL, NULL,
		"REQ_MRC (10); over a LAN: repetitions" },
	{ "pci-irt", "BATON_PCI_IRT_MS", SETTING_NUMBER, NULL, NULL,
		"PCI_IRT in milliseconds (1000)" },
	{ "pci-mrt", "BATON_PCI_MRT_MS", SETTING_NUMBER, NULL, NULL,
		"PCI_MRT in milliseconds (120000)" },
	{ "eap-mtu", "BATON_EAP_MTU", SETTING_NUMBER, NULL, NULL,
		"octets of the largest EAP packet to send" },
	{ "family", "BATON_FAMILY", SETTING_CHOICE, "ipv4 ipv6", "ipv4",
		"address family of the test; the address variables follow it" },
	{ "station", "BATON_STATION", SETTING_TEXT, NULL, "02:00:00:00:01:01",
		"802.1X over IP: MAC address of the station" },
	{ "bssid", "BATON_BSSID", SETTING_TEXT, NULL, "02:00:00:00:0a:00",
		"802.1X over IP: MAC address of the access point" },
	{ "bssid-2", "BATON_BSSID_2", SETTING_TEXT, NULL, "02:00:00:00:0b:00",
		"802.1X over IP: MAC address of another access point that is served" },
	{ "keep-alive", "BATON_KEEP_ALIVE", SETTING_NUMBER, NULL, "30",
		"802.1X over IP: seconds of silence after which the other side is asked, 5 to 600" },
	{ "neighbours", "BATON_NEIGHBOURS", SETTING_BOOLEAN, NULL, "no",
		"an agent tells of two access points: BATON_BSSID is 198.51.100.11 in "
		"198.51.100.0/24, its agent 198.51.100.1 port 716, its domain a.example.net; "
		"BATON_BSSID_2 is 203.0.113.9, and no more. A client keeps what it is told" },
	{ "radius-secret", "BATON_RADIUS_SECRET", SETTING_TEXT, NULL, "a-shared-secret",
		"RADIUS: the secret shared with the tester, who is at BATON_PEER_ADDRESS" },
	{ "prf", "BATON_PRF", SETTING_TEXT, NULL, NULL,
		"numbers of the PRF algorithms to offer or take, best first, joined by commas" },
	{ "integrity", "BATON_INTEGRITY", SETTING_TEXT, NULL, NULL,
		"the same for integrity algorithms" },
	{ "encryption", "BATON_ENCRYPTION", SETTING_TEXT, NULL, NULL,
		"the same for algorithms that encrypt AVPs (RFC 6786); not set: none" },
	{ "ike-version", "BATON_IKE_VERSION", SETTING_CHOICE, "1 2", "2", "IKE: version to speak" },
	{ "ike-auth", "BATON_IKE_AUTH", SETTING_CHOICE, "psk certificate eap-tls", "psk",
		"IKE: how the initiator proves itself, with BATON_IDENTITY; the responder, "
		"BATON_SERVER_IDENTITY, by psk or else by certificate" },
	{ "psk", "BATON_PSK", SETTING_TEXT, NULL, "a shared secret", "IKE: the pre-shared key" },
	{ "ike-proposal", "BATON_IKE_PROPOSAL", SETTING_TEXT, NULL, NULL,
		"IKE: the only algorithms of the IKE SA, such as aes256-sha256-curve25519, "
		"aes256gcm16-prfsha256-ecp256, aes128-sha1-modp2048; not set: the implementation's "
		"own list" },
	{ "esp-proposal", "BATON_ESP_PROPOSAL", SETTING_TEXT, NULL, NULL,
		"IKE: the same for the Child SA, such as aes256gcm16, aes128-sha256" },
	{ "ts-initiator", "BATON_TS_INITIATOR", SETTING_TEXT, NULL, "10.1.0.0/16",
		"IKE: the initiator's side of the traffic, a prefix" },
	{ "ts-responder", "BATON_TS_RESPONDER", SETTING_TEXT, NULL, "10.2.0.0/16",
		"IKE: the responder's side of the traffic" },
	{ "ike-mode", "BATON_IKE_MODE", SETTING_CHOICE, "tunnel transport", "tunnel",
		"IKE: mode of the Child SA; in transport mode the traffic is that between the two "
		"addresses" },
	{ "internal-address", "BATON_INTERNAL_ADDRESS", SETTING_BOOLEAN, NULL, "no",
		"IKE: the initiator asks for an internal address and uses it as its side of the "
		"traffic; the responder gives one of 10.77.0.0/24" },
	{ "ike-fragment", "BATON_IKE_FRAGMENT", SETTING_NUMBER, NULL, NULL,
		"IKE: octets of the largest datagram of IKE, from 576; not set: the "
		"implementation's own" },
	{ "mobike", "BATON_MOBIKE", SETTING_BOOLEAN, NULL, "yes", "IKE: offer or take MOBIKE" },
	{ "address-change", "BATON_ADDRESS_CHANGE", SETTING_BOOLEAN, NULL, "no",
		"IKE: offer or take address change (docs/address-change.md)" },
	{ "rekey-ike-after", "BATON_REKEY_IKE_S", SETTING_NUMBER, NULL, NULL,
		"IKE: seconds after which it makes the IKE SA anew, about; not set: its own" },
	{ "rekey-child-after", "BATON_REKEY_CHILD_S", SETTING_NUMBER, NULL, NULL,
		"IKE: the same for the Child SA" },
	{ "cookies", "BATON_COOKIES", SETTING_BOOLEAN, NULL, "no",
		"IKE: the responder asks for cookies always; no: when it is under attack" },
	{ "liveness", "BATON_LIVENESS_S", SETTING_NUMBER, NULL, NULL,
		"IKE: seconds of silence after which the other side is asked; not set: never" },
	{ "check-path", "BATON_CHECK_PATH", SETTING_BOOLEAN, NULL, "no",
		"IKE: an address that the other side moves to is verified before it is used" },
	{ "esp", "BATON_ESP", SETTING_CHOICE, "kernel none", "none",
		"IKE: put Child SAs into the kernel; none: do without, as far as the implementation "
		"can" },
	{ 0 },
};

const struct contract_feature contract_features[] = {
	{ "netns", "network namespaces are enough for the test; so is a wire",
		true },
	{ "keys", "the EAP method in use derives keys", true },
	{ "eap-psk", "EAP-PSK (RFC 4764)", false },
	{ "eap-tls", "EAP-TLS (RFC 5216)", false },
	{ "eap-md5", "EAP-MD5 (RFC 3748 section 5.4)", false },
	{ "eap-mtu", "takes the setting eap-mtu", false },
	{ "expanded-types", "an EAP peer that knows expanded types (RFC 3748 section 5.7)", false },
	{ "timers", "takes the retransmission settings (req-irt and the rest)", false },
	{ "lifetime", "takes the setting lifetime; a client follows the one it is granted", false },
	{ "authorization", "takes the setting authorize=no", false },
	{ "reconfigure", "takes the setting reconfigure (agent), or follows the I bit (client)",
		false },
	{ "paa-initiated", "initiate=paa: begins unasked (agent), or answers one who does (client)",
		false },
	{ "stateless", "takes both values of the setting stateless", false },
	{ "piggyback", "takes both values of the setting piggyback", false },
	{ "reauthentication", "re-authenticates a session", false },
	{ "sha256", "PRF_HMAC_SHA2_256 and AUTH_HMAC_SHA2_256_128 beside the SHA-1 ones", false },
	{ "preauth", "PANA pre-authentication (RFC 5873)", false },
	{ "avp-encryption", "takes encryption=1: AVPs encrypted with AES128_CTR (RFC 6786)", false },
	{ "address-update", "follows (agent) or makes (client) a change of the client's address",
		false },
	{ "ipv6", "runs over IPv6", false },
	{ "neighbours", "takes the setting neighbours (docs/finding-access-points.md)", false },
	{ "sessions", "an agent that serves several clients at a time", false },
	{ "ikev1", "IKE of RFC 2409", false },
	{ "ikev2", "IKE of RFC 7296", false },
	{ "ike-psk", "takes ike-auth=psk", false },
	{ "ike-certificate", "takes ike-auth=certificate", false },
	{ "ike-eap-tls", "takes ike-auth=eap-tls", false },
	{ "ike-transport", "takes ike-mode=transport", false },
	{ "ike-fragmentation", "fragments of IKEv2 (RFC 7383), and the setting ike-fragment", false },
	{ "ike-lifetime", "takes the settings rekey-ike-after and rekey-child-after", false },
	{ "internal-address", "asks for (initiator) or gives (responder) an internal address", false },
	{ "cookies", "takes the setting cookies", false },
	{ "liveness", "takes the setting liveness", false },
	{ "check-path", "takes the setting check-path", false },
	{ "address-change", "address change (docs/address-change.md), and its setting: follows or "
			    "makes one", false },
	{ "mobike", "MOBIKE (RFC 4555): follows (responder) or makes (initiator) a change of address",
		false },
	{ 0 },
};

const struct contract_verb contract_verbs[] = {
	{ "connect", "", "begin a session now: send a PCI (client), or a PAR to BATON_PEER_ADDRESS "
			 "(agent); IKE: begin an IKE SA with a Child SA" },
	{ "reauth", "", "re-authenticate the session" },
	{ "ping", "", "test the liveness of the other side now" },
	{ "terminate", "", "end the session with the protocol's own messages" },
	{ "move", "ADDRESS", "use that address, which is on the interface already" },
	{ "rekey-ike", "", "IKE: make the IKE SA anew" },
	{ "rekey-child", "", "IKE: make the Child SA anew" },
	{ "delete-child", "", "IKE: delete the Child SA" },
	{ "why-not", "FEATURE", "print one line: why it does not claim that feature, in its own words" },
	{ "keys", "FILE", "IKE: write the keys of its IKE SAs to the file, in the form of Wireshark's "
			  "ikev2_decryption_table; the SPIs may be left empty" },
	{ "neighbours", "", "print how many access points a client knows of from agents" },
	{ "state", "", "print in one word how the session stands: none, starting, authenticated, "
		       "terminating; an agent: of its newest session" },
	{ 0 },
};

const struct contract_variable contract_variables[] = {
	{ "BATON_ROLE", "the role to play, such as pac, paa or dot1x-supplicant" },
	{ "BATON_TEST", "name of the test" },
	{ "BATON_SCRATCH", "an empty folder of its own, the working directory too" },
	{ "BATON_LOG", "the file that its output goes to" },
	{ "BATON_ADAPTER", "the folder of sut.yaml" },
	{ "BATON_INTERFACE", "its interface" },
	{ "BATON_ADDRESS", "its address there, already set" },
	{ "BATON_ADDRESS_2", "its second address, also set; see the verb move" },
	{ "BATON_PREFIX_LENGTH", "prefix length of both" },
	{ "BATON_PEER_ADDRESS", "address of the tester" },
	{ "BATON_PEER_MAC", "roles on a LAN: the MAC address of the tester's first station" },
	{ "BATON_PORT", "the port that an agent listens at and a client sends to: 716" },
	{ "BATON_CA_FILE", "EAP-TLS: PEM file of the authority to trust" },
	{ "BATON_CERT_FILE", "EAP-TLS: its certificate (a client's or a server's, by its role)" },
	{ "BATON_KEY_FILE", "EAP-TLS: the private key of that" },
	{ "BATON_EXTRA_NAME", "for each NAME under `extra` of the manifest, in capitals" },
	{ 0 },
};

const struct contract_setting *contract_setting(const char *name)
{
	for (const struct contract_setting *s = contract_settings; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

const struct contract_feature *contract_feature(const char *name)
{
	for (const struct contract_feature *f = contract_features; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

const struct contract_verb *contract_verb(const char *name)
{
	for (const struct contract_verb *v = contract_verbs; v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

static bool among(const char *value, const char *choices)
{
	size_t n = strlen(value);

	for (const char *p = choices; *p;) {
		size_t m = strcspn(p, " ");
		if (m == n && memcmp(p, value, n) == 0)
			return true;
		p += m + (p[m] == ' ');
	}
	return false;
}

bool contract_value_fits(const struct contract_setting *setting, const char *value, char *right,
	size_t size)
{
	switch (setting->type) {
	case SETTING_TEXT:
		snprintf(right, size, "a text of at least one character");
		return *value;
	case SETTING_NUMBER:
		snprintf(right, size, "a number of at most nine digits");
		return *value && strlen(value) <= 9 && strspn(value, "0123456789") == strlen(value);
	case SETTING_BOOLEAN:
		snprintf(right, size, "yes or no");
		return among(value, "yes no");
	case SETTING_CHOICE:
		snprintf(right, size, "one of %s", setting->choices);
		return among(value, setting->choices);
	}
	return false;
}

void contract_print_reference(FILE *out)
{
	fprintf(out, "| variable | meaning |\n| --- | --- |\n");
	for (const struct contract_variable *v = contract_variables; v->name; v++)
		fprintf(out, "| `%s` | %s |\n", v->name, v->meaning);
	fprintf(out, "\n| variable | setting | standard | meaning |\n| --- | --- | --- | --- |\n");
	for (const struct contract_setting *s = contract_settings; s->name; s++)
		fprintf(out, "| `%s` | `%s` | %s | %s |\n", s->variable, s->name,
			s->standard ? s->standard : "not set", s->meaning);
	fprintf(out, "\n| feature | meaning |\n| --- | --- |\n");
	for (const struct contract_feature *f = contract_features; f->name; f++)
		if (!f->derived)
			fprintf(out, "| `%s` | %s |\n", f->name, f->meaning);
	fprintf(out, "\n| verb | meaning |\n| --- | --- |\n");
	for (const struct contract_verb *v = contract_verbs; v->name; v++)
		fprintf(out, "| `%s%s%s` | %s |\n", v->name, *v->arguments ? " " : "",
			v->arguments, v->meaning);
}
