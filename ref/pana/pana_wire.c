// SPDX-License-Identifier: Apache-2.0
/*
 * The tables of PANA. A section with no RFC named is RFC 5191's; occurrence follows the table of
 * §8 and, for the kinds of PAR and PAN, the sections that say what the first and last message of
 * a phase carry.
 */
#include <stdio.h>

#include "ref/discovery/ap_info.h"
#include "ref/pana/pana_wire.h"

static const struct name flags[] = {
	{ PANA_R, "R" }, { PANA_S, "S" }, { PANA_C, "C" }, { PANA_A, "A" },
	{ PANA_P, "P" }, { PANA_I, "I" }, { PANA_E, "E" }, { 0, NULL },
};

static const struct name types[] = {
	{ PANA_CLIENT_INITIATION, "PANA-Client-Initiation" },
	{ PANA_AUTH, "PANA-Auth" },
	{ PANA_TERMINATION, "PANA-Termination" },
	{ PANA_NOTIFICATION, "PANA-Notification" },
	{ PANA_RELAY, "PANA-Relay" },
	{ 0, NULL },
};

static const struct field header[] = {
	{ "Reserved", FIELD_RESERVED, 2, 0, 0, NULL, "RFC 5191 §6.2" },
	{ "Message Length", FIELD_LENGTH, 2, 0, 0, NULL, "RFC 5191 §6.2" },
	{ "Flags", FIELD_FLAGS, 2, 0, 0, flags, "RFC 5191 §6.2" },
	{ "Message Type", FIELD_ENUM, 2, 0, 0, types, "RFC 5191 §6.2" },
	{ "Session Identifier", FIELD_UINT, 4, 0, 0, NULL, "RFC 5191 §6.2" },
	{ "Sequence Number", FIELD_UINT, 4, 0, 0, NULL, "RFC 5191 §6.2" },
	{ NULL, 0, 0, 0, 0, NULL, NULL },
};

static const struct name prfs[] = {
	{ PANA_PRF_HMAC_SHA1, "PRF_HMAC_SHA1" },
	{ PANA_PRF_HMAC_SHA2_256, "PRF_HMAC_SHA2_256" },
	{ 0, NULL },
};

static const struct name integrities[] = {
	{ PANA_AUTH_HMAC_SHA1_160, "AUTH_HMAC_SHA1_160" },
	{ PANA_AUTH_HMAC_SHA2_256_128, "AUTH_HMAC_SHA2_256_128" },
	{ 0, NULL },
};

static const struct name results[] = {
	{ PANA_SUCCESS, "PANA_SUCCESS" },
	{ PANA_AUTHENTICATION_REJECTED, "PANA_AUTHENTICATION_REJECTED" },
	{ PANA_AUTHORIZATION_REJECTED, "PANA_AUTHORIZATION_REJECTED" },
	{ 0, NULL },
};

static const struct name causes[] = {
	{ PANA_LOGOUT, "LOGOUT" },
	{ PANA_ADMINISTRATIVE, "ADMINISTRATIVE" },
	{ PANA_SESSION_TIMEOUT, "SESSION_TIMEOUT" },
	{ 0, NULL },
};

static const struct name encryptions[] = { { 1, "AES128_CTR" }, { 0, NULL } };

static const struct name families[] = { { 4, "IPv4" }, { 6, "IPv6" }, { 0, NULL } };
static const struct name modes[] = { { 1, "ESP" }, { 2, "IP-in-IP" }, { 0, NULL } };
static const struct name operations[] = {
	{ 1, "start" }, { 2, "flush" }, { 3, "stop" }, { 0, NULL },
};
static const struct name transforms[] = {
	{ 1, "AES-CBC-128+HMAC-SHA2-256-128" },
	{ 2, "AES-GCM-16-256" },
	{ 4, "NULL+HMAC-SHA2-256-128" },
	{ 0, NULL },
};
static const struct name statuses[] = {
	{ 0, "done" },
	{ 1, "refused" },
	{ 2, "no-address" },
	{ 3, "address-in-use" },
	{ 4, "no-resources" },
	{ 5, "unknown-request" },
	{ 6, "no-common-transform" },
	{ 7, "timed-out" },
	{ 8, "attached" },
	{ 0, NULL },
};

#define MPA "docs/pana.md, MPA AVPs"
#define FAP "FAP §5"
#define REQUEST_ID { "Request-Id", FIELD_UINT, 2, 0, 0, NULL, MPA }
#define RESERVED(width) { "Reserved", FIELD_RESERVED, width, 0, 0, NULL, MPA }
#define FAMILY { "Family", FIELD_ENUM, 1, 4, 6, families, MPA }
#define ADDRESS(name) { name, FIELD_IPV6, 16, 0, 0, NULL, MPA }

static const struct element elements[] = {
	{ 0, PANA_AVP_AUTH, "AUTH", "RFC 5191 §8.1",
		{ { "Value", FIELD_OCTETS, 0, 1, 64, NULL, NULL } } },
	{ 0, PANA_AVP_EAP_PAYLOAD, "EAP-Payload", "RFC 5191 §8.2",
		{ { "EAP packet", FIELD_OCTETS, 0, 4, 65535, NULL, NULL } } },
	{ 0, PANA_AVP_INTEGRITY_ALGORITHM, "Integrity-Algorithm", "RFC 5191 §8.3",
		{ { "Algorithm", FIELD_ENUM, 4, 0, 0, integrities, NULL } } },
	{ 0, PANA_AVP_KEY_ID, "Key-Id", "RFC 5191 §8.4",
		{ { "MSK identifier", FIELD_UINT, 4, 0, 0, NULL, NULL } } },
	{ 0, PANA_AVP_NONCE, "Nonce", "RFC 5191 §8.5",
		{ { "Value", FIELD_OCTETS, 0, PANA_NONCE_MIN, PANA_NONCE_MAX, NULL, NULL } } },
	{ 0, PANA_AVP_PRF_ALGORITHM, "PRF-Algorithm", "RFC 5191 §8.6",
		{ { "Algorithm", FIELD_ENUM, 4, 0, 0, prfs, NULL } } },
	{ 0, PANA_AVP_RESULT_CODE, "Result-Code", "RFC 5191 §8.7",
		{ { "Result", FIELD_ENUM, 4, 0, 0, results, NULL } } },
	{ 0, PANA_AVP_SESSION_LIFETIME, "Session-Lifetime", "RFC 5191 §8.8",
		{ { "Seconds", FIELD_UINT, 4, 0, 0, NULL, NULL } } },
	{ 0, PANA_AVP_TERMINATION_CAUSE, "Termination-Cause", "RFC 5191 §8.9",
		{ { "Cause", FIELD_ENUM, 4, 0, 0, causes, NULL } } },
	{ 0, PANA_AVP_PAC_INFORMATION, "PaC-Information", "RFC 6345 §5.1",
		{ { "Address and port", FIELD_OCTETS, 0, 6, 18, NULL, NULL } } },
	{ 0, PANA_AVP_RELAYED_MESSAGE, "Relayed-Message", "RFC 6345 §5.2",
		{ { "Message", FIELD_OCTETS, 0, PANA_HEADER_SIZE, 65535, NULL, NULL } } },
	{ 0, PANA_AVP_ENCRYPTION_ENCAP, "Encryption-Encap", "RFC 6786 §5",
		{ { "Encrypted AVPs", FIELD_OCTETS, 0, 8, 65535, NULL, NULL } } },
	{ 0, PANA_AVP_ENCRYPTION_ALGORITHM, "Encryption-Algorithm", "RFC 6786 §4",
		{ { "Algorithm", FIELD_ENUM, 4, 0, 0, encryptions, NULL } } },

	{ PANA_VENDOR, PANA_MPA_ADDRESS_REQUEST, "Address-Request", MPA,
		{ REQUEST_ID, FAMILY, RESERVED(1),
			{ "Link-Address", FIELD_MAC, 6, 0, 0, NULL, MPA }, RESERVED(2),
			{ "Client-Id", FIELD_OCTETS, 0, 0, 64, NULL, MPA } } },
	{ PANA_VENDOR, PANA_MPA_ADDRESS_CONTEXT, "Address-Context", MPA,
		{ REQUEST_ID, FAMILY, { "Prefix-Length", FIELD_UINT, 1, 0, 128, NULL, MPA },
			ADDRESS("Address"), ADDRESS("Router"), ADDRESS("DNS-Server"),
			ADDRESS("DHCP-Server"), { "Lease", FIELD_UINT, 4, 0, 0, NULL, MPA },
			{ "Router-Link-Address", FIELD_MAC, 6, 0, 0, NULL, MPA }, RESERVED(2) } },
	{ PANA_VENDOR, PANA_MPA_ADDRESS_RELEASE, "Address-Release", MPA,
		{ REQUEST_ID, FAMILY, RESERVED(1), ADDRESS("Address") } },
	{ PANA_VENDOR, PANA_MPA_TUNNEL_REQUEST, "Tunnel-Request", MPA,
		{ REQUEST_ID, { "Mode", FIELD_ENUM, 1, 1, 2, modes, MPA }, RESERVED(1),
			{ "SPI", FIELD_UINT, 4, 0, 0, NULL, MPA }, ADDRESS("Outer-Address"),
			ADDRESS("Inner-Address"),
			{ "Transforms", FIELD_FLAGS, 4, 0, 0, transforms, MPA },
			{ "Nonce", FIELD_OCTETS, 0, 16, 64, NULL, MPA } } },
	{ PANA_VENDOR, PANA_MPA_TUNNEL_PARAMETERS, "Tunnel-Parameters", MPA,
		{ REQUEST_ID, { "Mode", FIELD_ENUM, 1, 1, 2, modes, MPA }, RESERVED(1),
			{ "SPI", FIELD_UINT, 4, 0, 0, NULL, MPA }, ADDRESS("Outer-Address"),
			ADDRESS("Inner-Address"),
			{ "Transform", FIELD_ENUM, 4, 0, 0, transforms, MPA },
			{ "Lifetime", FIELD_UINT, 4, 0, 0, NULL, MPA },
			{ "Nonce", FIELD_OCTETS, 0, 16, 64, NULL, MPA } } },
	{ PANA_VENDOR, PANA_MPA_TUNNEL_DELETE, "Tunnel-Delete", MPA,
		{ REQUEST_ID, RESERVED(2), { "SPI", FIELD_UINT, 4, 0, 0, NULL, MPA } } },
	{ PANA_VENDOR, PANA_MPA_BUFFER_CONTROL, "Buffer-Control", MPA,
		{ REQUEST_ID, { "Operation", FIELD_ENUM, 1, 1, 3, operations, MPA }, RESERVED(1),
			{ "Depth", FIELD_UINT, 4, 0, 0, NULL, MPA },
			{ "Period", FIELD_UINT, 4, 0, 0, NULL, MPA } } },
	{ PANA_VENDOR, PANA_MPA_HANDOVER_STATUS, "Handover-Status", MPA,
		{ REQUEST_ID, { "Code", FIELD_ENUM, 2, 0, 0, statuses, MPA },
			{ "Detail", FIELD_TEXT, 0, 0, 255, NULL, MPA } } },
	{ PANA_VENDOR, PANA_MPA_AP_KEY_REQUEST, "AP-Key-Request", MPA,
		{ REQUEST_ID, { "Link-Address", FIELD_MAC, 6, 0, 0, NULL, MPA } } },
	{ PANA_VENDOR, PANA_MPA_AP_KEYS, "AP-Keys", MPA,
		{ REQUEST_ID, RESERVED(2), { "Lifetime", FIELD_UINT, 4, 0, 0, NULL, MPA },
			{ "Access-Points", FIELD_OCTETS, 0, 22, 22 * MPA_APS_MAX, NULL, MPA } } },
	{ PANA_VENDOR, PANA_MPA_NEIGHBOUR, "Neighbour", FAP,
		{ { "BSSID", FIELD_MAC, 6, 0, 0, NULL, FAP },
			{ "Prefix-Length", FIELD_UINT, 1, 0, 128, NULL, FAP }, RESERVED(1),
			ADDRESS("Address"), ADDRESS("Agent"),
			{ "Agent-Port", FIELD_UINT, 2, 0, 0, NULL, FAP }, RESERVED(2),
			{ "Domain", FIELD_TEXT, 0, 0, AP_INFO_DOMAIN_MAX, NULL, FAP } } },
	{ 0, 0, NULL, NULL, { { NULL, 0, 0, 0, 0, NULL, NULL } } },
};

#define END { 0, 0, 0, 0, NULL }
#define AUTH_LAST { 0, PANA_AVP_AUTH, 0, 1, "RFC 5191 §7, §8.1" }
#define ENCAP { 0, PANA_AVP_ENCRYPTION_ENCAP, 0, 1, "RFC 6786 §5" }
#define ROW(code, min, max, section) { 0, PANA_AVP_##code, min, max, section }
#define VENDOR(code) { PANA_VENDOR, PANA_MPA_##code, 0, 1, MPA }

static const struct occurrence none[] = { END };

static const struct occurrence par_start[] = {
	ROW(EAP_PAYLOAD, 0, 1, "RFC 5191 §7.2"),
	ROW(PRF_ALGORITHM, 0, OCCURS_ANY, "RFC 5191 §4.1, §7.2"),
	ROW(INTEGRITY_ALGORITHM, 0, OCCURS_ANY, "RFC 5191 §4.1, §7.2"),
	ROW(ENCRYPTION_ALGORITHM, 0, OCCURS_ANY, "RFC 6786 §2"),
	ROW(SESSION_LIFETIME, 0, 1, "RFC 5191 §5.7"),
	AUTH_LAST,
	END,
};

static const struct occurrence par[] = {
	ROW(EAP_PAYLOAD, 0, 1, "RFC 5191 §7.2"),
	ROW(NONCE, 0, 1, "RFC 5191 §7.2"),
	ROW(SESSION_LIFETIME, 0, 1, "RFC 5191 §5.7"),
	ROW(PRF_ALGORITHM, 0, OCCURS_ANY, "RFC 5191 §7.2"),
	ROW(INTEGRITY_ALGORITHM, 0, OCCURS_ANY, "RFC 5191 §7.2"),
	ENCAP,
	AUTH_LAST,
	END,
};

static const struct occurrence par_complete[] = {
	ROW(RESULT_CODE, 1, 1, "RFC 5191 §4.1, §7.2"),
	ROW(EAP_PAYLOAD, 0, 1, "RFC 5191 §7.2"),
	ROW(SESSION_LIFETIME, 0, 1, "RFC 5191 §5.7, §7.2"),
	ROW(KEY_ID, 0, 1, "RFC 5191 §5.3, §7.2"),
	ROW(NONCE, 0, 1, "RFC 5191 §7.2"),
	ROW(PRF_ALGORITHM, 0, OCCURS_ANY, "RFC 5191 §7.2"),
	ROW(INTEGRITY_ALGORITHM, 0, OCCURS_ANY, "RFC 5191 §7.2"),
	{ PANA_VENDOR, PANA_MPA_NEIGHBOUR, 0, MPA_NEIGHBOURS_MAX, FAP },
	ENCAP,
	AUTH_LAST,
	END,
};

static const struct occurrence pan_start[] = {
	ROW(EAP_PAYLOAD, 0, 1, "RFC 5191 §7.3"),
	ROW(PRF_ALGORITHM, 0, 1, "RFC 5191 §4.1, §7.3"),
	ROW(INTEGRITY_ALGORITHM, 0, 1, "RFC 5191 §4.1, §7.3"),
	ROW(ENCRYPTION_ALGORITHM, 0, 1, "RFC 6786 §2"),
	AUTH_LAST,
	END,
};

static const struct occurrence pan[] = {
	ROW(EAP_PAYLOAD, 0, 1, "RFC 5191 §7.3"),
	ROW(NONCE, 0, 1, "RFC 5191 §7.3"),
	ROW(PRF_ALGORITHM, 0, 1, "RFC 5191 §7.3"),
	ROW(INTEGRITY_ALGORITHM, 0, 1, "RFC 5191 §7.3"),
	ENCAP,
	AUTH_LAST,
	END,
};

static const struct occurrence pan_complete[] = {
	ROW(KEY_ID, 0, 1, "RFC 5191 §5.3, §7.3"),
	ROW(EAP_PAYLOAD, 0, 1, "RFC 5191 §7.3"),
	ROW(NONCE, 0, 1, "RFC 5191 §7.3"),
	ROW(PRF_ALGORITHM, 0, 1, "RFC 5191 §7.3"),
	ROW(INTEGRITY_ALGORITHM, 0, 1, "RFC 5191 §7.3"),
	ENCAP,
	AUTH_LAST,
	END,
};

static const struct occurrence ptr[] = {
	ROW(TERMINATION_CAUSE, 1, 1, "RFC 5191 §7.4"),
	ENCAP,
	AUTH_LAST,
	END,
};

static const struct occurrence only_auth[] = { ENCAP, AUTH_LAST, END };

static const struct occurrence pnr_ping[] = {
	VENDOR(ADDRESS_REQUEST),
	VENDOR(ADDRESS_CONTEXT),
	VENDOR(ADDRESS_RELEASE),
	VENDOR(TUNNEL_REQUEST),
	VENDOR(TUNNEL_PARAMETERS),
	VENDOR(TUNNEL_DELETE),
	VENDOR(BUFFER_CONTROL),
	VENDOR(HANDOVER_STATUS),
	VENDOR(AP_KEY_REQUEST),
	VENDOR(AP_KEYS),
	ENCAP,
	AUTH_LAST,
	END,
};

static const struct occurrence relay[] = {
	ROW(PAC_INFORMATION, 1, 1, "RFC 6345 §4.1"),
	ROW(RELAYED_MESSAGE, 1, 1, "RFC 6345 §4.1"),
	END,
};

#define ALL (PANA_R | PANA_S | PANA_C | PANA_A | PANA_P | PANA_I)
#define ALL_BUT_I (ALL & ~PANA_I)

/*
 * RFC 5191 §4.1: S and C belong to PAR and PAN, never both; §6.2: I belongs to PAR; §7.6, §7.7: of
 * A and P exactly one belongs to PNR and PNA. The E bit may stand anywhere (RFC 5873 §3).
 */
static const struct message messages[] = {
	{ "PCI", "PANA-Client-Initiation", PANA_CLIENT_INITIATION, ALL, 0, none, false,
		"RFC 5191 §7.1" },
	{ "PAR", "PANA-Auth-Request", PANA_AUTH, ALL_BUT_I, PANA_R, par, false,
		"RFC 5191 §7.2" },
	{ "PAR", "PANA-Auth-Request, initial", PANA_AUTH, ALL_BUT_I, PANA_R | PANA_S, par_start,
		false, "RFC 5191 §7.2" },
	{ "PAR", "PANA-Auth-Request, last", PANA_AUTH, ALL_BUT_I, PANA_R | PANA_C, par_complete,
		false, "RFC 5191 §7.2" },
	{ "PAN", "PANA-Auth-Answer", PANA_AUTH, ALL, 0, pan, false, "RFC 5191 §7.3" },
	{ "PAN", "PANA-Auth-Answer, initial", PANA_AUTH, ALL, PANA_S, pan_start, false,
		"RFC 5191 §7.3" },
	{ "PAN", "PANA-Auth-Answer, last", PANA_AUTH, ALL, PANA_C, pan_complete, false,
		"RFC 5191 §7.3" },
	{ "PTR", "PANA-Termination-Request", PANA_TERMINATION, ALL, PANA_R, ptr, false,
		"RFC 5191 §7.4" },
	{ "PTA", "PANA-Termination-Answer", PANA_TERMINATION, ALL, 0, only_auth, false,
		"RFC 5191 §7.5" },
	{ "PNR", "PANA-Notification-Request, ping", PANA_NOTIFICATION, ALL, PANA_R | PANA_P,
		pnr_ping, false, "RFC 5191 §7.6" },
	{ "PNR", "PANA-Notification-Request, re-authentication", PANA_NOTIFICATION, ALL,
		PANA_R | PANA_A, only_auth, false, "RFC 5191 §7.6" },
	{ "PNA", "PANA-Notification-Answer, ping", PANA_NOTIFICATION, ALL, PANA_P, only_auth,
		false, "RFC 5191 §7.7" },
	{ "PNA", "PANA-Notification-Answer, re-authentication", PANA_NOTIFICATION, ALL, PANA_A,
		only_auth, false, "RFC 5191 §7.7" },
	{ "PRY", "PANA-Relay", PANA_RELAY, ALL, 0, relay, false, "RFC 6345 §4.1" },
	{ NULL, NULL, 0, 0, 0, NULL, false, NULL },
};

static const struct placement placements[] = {
	/* angle brackets in the grammar: a fixed place, and AUTH ends the message */
	{ 0, PANA_AVP_AUTH, POSITION_LAST, "RFC 5191 §5.5, §7" },
	{ 0, 0, POSITION_ANY, NULL },
};

static const struct header_rule header_rules[] = {
	{ PANA_CLIENT_INITIATION, PANA_SESSION, 0, "RFC 5191 §7.1" },
	{ PANA_CLIENT_INITIATION, PANA_SEQUENCE, 0, "RFC 5191 §7.1" },
	{ PANA_RELAY, PANA_SESSION, 0, "RFC 6345 §4.1" },
	{ PANA_RELAY, PANA_SEQUENCE, 0, "RFC 6345 §4.1" },
	{ 0, 0, 0, NULL },
};

const struct protocol pana_protocol = {
	.name = "pana",
	.specification = "RFC 5191",
	.header = header,
	.type_field = PANA_TYPE,
	.flags_field = PANA_FLAGS,
	.format = {
		.code_width = 2,
		.flags_width = 2,
		.length_width = 2,
		.reserved_width = 2,
		.align = 4,
		.vendor_flag = 0x8000,
	},
	.elements = elements,
	.messages = messages,
	.placements = placements,
	.header_rules = header_rules,
	.unknown_section = "RFC 5191 §5.5",
};

const char *pana_text(const struct packet *p, char *out, size_t size)
{
	unsigned shown = pana_flags(p) & (PANA_S | PANA_C | PANA_A | PANA_P | PANA_I | PANA_E);
	int n = snprintf(out, size, "%s", p->message ? p->message->name : "?");

	for (const struct name *f = flags; f->name && n > 0 && (size_t)n < size; f++)
		if (shown & f->value)
			n += snprintf(out + n, size - (size_t)n, "-%s", f->name);
	return out;
}

const char *pana_cause_name(const struct packet *p)
{
	uint64_t cause = packet_uint(p, 0, PANA_AVP_TERMINATION_CAUSE, 0);

	for (const struct name *n = causes; n->name; n++)
		if (n->value == cause)
			return n->name;
	return "of unknown cause";
}

struct view pana_eap(const struct packet *p)
{
	const struct element_value *e = packet_find(p, 0, PANA_AVP_EAP_PAYLOAD);
	return e ? e->value : VIEW_EMPTY;
}

int pana_decode(struct view datagram, struct packet *p, struct reject *reject)
{
	if (wire_decode(&pana_protocol, datagram, p, reject) < 0)
		return -1;
	/* RFC 6345 §5.1: an IPv4 or an IPv6 address and a port; a row has one range of lengths */
	const struct element_value *pac = packet_find(p, 0, PANA_AVP_PAC_INFORMATION);
	if (pac && pac->value.size != 4 + 2 && pac->value.size != 16 + 2)
		return reject_set(reject, REJECT_LENGTH, pac->element->name, "RFC 6345 §5.1",
			pac->offset, pac->value.size);
	return 0;
}
