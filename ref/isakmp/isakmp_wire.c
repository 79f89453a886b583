// SPDX-License-Identifier: Apache-2.0
/* The tables of IKEv1. A section with no RFC named is RFC 2408's. */
#include "ref/isakmp/isakmp_wire.h"

#define S(section) "RFC 2408 §" section
#define DOI(section) "RFC 2407 §" section
#define IKE(section) "RFC 2409 §" section

static const struct name exchanges[] = {
	{ ISAKMP_IDENTITY_PROTECTION, "Identity Protection" },
	{ ISAKMP_AGGRESSIVE, "Aggressive" },
	{ ISAKMP_INFORMATIONAL, "Informational" },
	{ ISAKMP_QUICK_MODE, "Quick Mode" },
	{ 0, NULL },
};

static const struct name flags[] = {
	{ ISAKMP_FLAG_ENCRYPTION, "E" },
	{ ISAKMP_FLAG_COMMIT, "C" },
	{ ISAKMP_FLAG_AUTH_ONLY, "A" },
	{ 0, NULL },
};

static const struct name payloads[] = {
	{ ISAKMP_PAYLOAD_SA, "SA" },
	{ ISAKMP_PAYLOAD_PROPOSAL, "P" },
	{ ISAKMP_PAYLOAD_TRANSFORM, "T" },
	{ ISAKMP_PAYLOAD_KE, "KE" },
	{ ISAKMP_PAYLOAD_ID, "ID" },
	{ ISAKMP_PAYLOAD_CERT, "CERT" },
	{ ISAKMP_PAYLOAD_CR, "CR" },
	{ ISAKMP_PAYLOAD_HASH, "HASH" },
	{ ISAKMP_PAYLOAD_SIG, "SIG" },
	{ ISAKMP_PAYLOAD_NONCE, "NONCE" },
	{ ISAKMP_PAYLOAD_N, "N" },
	{ ISAKMP_PAYLOAD_D, "D" },
	{ ISAKMP_PAYLOAD_VID, "VID" },
	{ ISAKMP_PAYLOAD_NAT_D, "NAT-D" },
	{ ISAKMP_PAYLOAD_NAT_OA, "NAT-OA" },
	{ 0, NULL },
};

/* A major version above 1 is told apart before this: §3.1. */
const struct field isakmp_header_fields[] = {
	{ "Initiator Cookie", FIELD_UINT, 8, 1, 0, NULL, S("3.1") },
	{ "Responder Cookie", FIELD_UINT, 8, 0, 0, NULL, S("3.1") },
	{ "Next Payload", FIELD_ENUM, 1, 0, 0, payloads, S("3.1") },
	{ "Version", FIELD_UINT, 1, 0x10, 0x1f, NULL, S("3.1") },
	{ "Exchange Type", FIELD_ENUM, 1, 0, 0, exchanges, S("3.1") },
	{ "Flags", FIELD_FLAGS, 1, 0, 0, flags, S("3.1") },
	{ "Message ID", FIELD_UINT, 4, 0, 0, NULL, S("3.1") },
	{ "Length", FIELD_LENGTH, 4, 0, 0, NULL, S("3.1") },
	{ NULL, 0, 0, 0, 0, NULL, NULL },
};

const struct name isakmp_notify_names[] = {
	{ ISAKMP_N_INVALID_PAYLOAD_TYPE, "INVALID-PAYLOAD-TYPE" },
	{ 2, "DOI-NOT-SUPPORTED" },
	{ 3, "SITUATION-NOT-SUPPORTED" },
	{ ISAKMP_N_INVALID_COOKIE, "INVALID-COOKIE" },
	{ 5, "INVALID-MAJOR-VERSION" },
	{ 6, "INVALID-MINOR-VERSION" },
	{ ISAKMP_N_INVALID_EXCHANGE_TYPE, "INVALID-EXCHANGE-TYPE" },
	{ 8, "INVALID-FLAGS" },
	{ ISAKMP_N_INVALID_MESSAGE_ID, "INVALID-MESSAGE-ID" },
	{ 10, "INVALID-PROTOCOL-ID" },
	{ ISAKMP_N_INVALID_SPI, "INVALID-SPI" },
	{ 12, "INVALID-TRANSFORM-ID" },
	{ 13, "ATTRIBUTES-NOT-SUPPORTED" },
	{ ISAKMP_N_NO_PROPOSAL_CHOSEN, "NO-PROPOSAL-CHOSEN" },
	{ 15, "BAD-PROPOSAL-SYNTAX" },
	{ ISAKMP_N_PAYLOAD_MALFORMED, "PAYLOAD-MALFORMED" },
	{ ISAKMP_N_INVALID_KEY_INFORMATION, "INVALID-KEY-INFORMATION" },
	{ ISAKMP_N_INVALID_ID_INFORMATION, "INVALID-ID-INFORMATION" },
	{ 19, "INVALID-CERT-ENCODING" },
	{ ISAKMP_N_INVALID_CERTIFICATE, "INVALID-CERTIFICATE" },
	{ 21, "CERT-TYPE-UNSUPPORTED" },
	{ 22, "INVALID-CERT-AUTHORITY" },
	{ ISAKMP_N_INVALID_HASH_INFORMATION, "INVALID-HASH-INFORMATION" },
	{ ISAKMP_N_AUTHENTICATION_FAILED, "AUTHENTICATION-FAILED" },
	{ ISAKMP_N_INVALID_SIGNATURE, "INVALID-SIGNATURE" },
	{ 26, "ADDRESS-NOTIFICATION" },
	{ 27, "NOTIFY-SA-LIFETIME" },
	{ 28, "CERTIFICATE-UNAVAILABLE" },
	{ 29, "UNSUPPORTED-EXCHANGE-TYPE" },
	{ 30, "UNEQUAL-PAYLOAD-LENGTHS" },
	{ ISAKMP_N_CONNECTED, "CONNECTED" },
	{ ISAKMP_N_RESPONDER_LIFETIME, "RESPONDER-LIFETIME" },
	{ ISAKMP_N_REPLAY_STATUS, "REPLAY-STATUS" },
	{ ISAKMP_N_INITIAL_CONTACT, "INITIAL-CONTACT" },
	{ ISAKMP_N_ADDRESS_CHANGE, "ADDRESS_CHANGE" },
	{ ISAKMP_N_MIGRATION_COMPLETED, "MIGRATION_COMPLETED" },
	{ ISAKMP_N_ADDRESS_EXPIRED, "ADDRESS_EXPIRED" },
	{ ISAKMP_N_ADDRESS_CHANGE_COOKIE, "ADDRESS_CHANGE_COOKIE" },
	{ ISAKMP_N_ADDRESS_CHANGE_REFUSED, "ADDRESS_CHANGE_REFUSED" },
	{ ISAKMP_N_R_U_THERE, "R-U-THERE" },
	{ ISAKMP_N_R_U_THERE_ACK, "R-U-THERE-ACK" },
	{ 0, NULL },
};

const struct name isakmp_oakley_names[] = {
	{ ISAKMP_OAKLEY_ENCR, "Encryption Algorithm" },
	{ ISAKMP_OAKLEY_HASH, "Hash Algorithm" },
	{ ISAKMP_OAKLEY_AUTH, "Authentication Method" },
	{ ISAKMP_OAKLEY_GROUP, "Group Description" },
	{ 5, "Group Type" },
	{ 6, "Group Prime" },
	{ 7, "Group Generator One" },
	{ 8, "Group Generator Two" },
	{ 9, "Group Curve A" },
	{ 10, "Group Curve B" },
	{ ISAKMP_OAKLEY_LIFE_TYPE, "Life Type" },
	{ ISAKMP_OAKLEY_LIFE_DURATION, "Life Duration" },
	{ 13, "PRF" },
	{ ISAKMP_OAKLEY_KEY_LENGTH, "Key Length" },
	{ 15, "Field Size" },
	{ 16, "Group Order" },
	{ 0, NULL },
};

const struct name isakmp_encr_names[] = {
	{ 1, "DES-CBC" },
	{ ISAKMP_ENCR_3DES, "3DES-CBC" },
	{ ISAKMP_ENCR_AES, "AES-CBC" },
	{ 0, NULL },
};

const struct name isakmp_hash_names[] = {
	{ ISAKMP_HASH_MD5, "MD5" },
	{ ISAKMP_HASH_SHA1, "SHA" },
	{ ISAKMP_HASH_SHA2_256, "SHA2-256" },
	{ ISAKMP_HASH_SHA2_384, "SHA2-384" },
	{ ISAKMP_HASH_SHA2_512, "SHA2-512" },
	{ 0, NULL },
};

const struct name isakmp_auth_names[] = {
	{ ISAKMP_AUTH_PSK, "pre-shared key" },
	{ 2, "DSS signatures" },
	{ ISAKMP_AUTH_RSA_SIGNATURE, "RSA signatures" },
	{ 4, "Encryption with RSA" },
	{ 5, "Revised encryption with RSA" },
	{ 0, NULL },
};

const struct name isakmp_group_names[] = {
	{ 1, "MODP_768" },
	{ 2, "MODP_1024" },
	{ 5, "MODP_1536" },
	{ 14, "MODP_2048" },
	{ 15, "MODP_3072" },
	{ 16, "MODP_4096" },
	{ 19, "ECP_256" },
	{ 20, "ECP_384" },
	{ 0, NULL },
};

const struct name isakmp_life_names[] = {
	{ ISAKMP_LIFE_SECONDS, "seconds" },
	{ ISAKMP_LIFE_KILOBYTES, "kilobytes" },
	{ 0, NULL },
};

const struct name isakmp_esp_names[] = {
	{ 2, "ESP_DES" },
	{ ISAKMP_ESP_3DES, "ESP_3DES" },
	{ ISAKMP_ESP_NULL, "ESP_NULL" },
	{ ISAKMP_ESP_AES, "ESP_AES" },
	{ 13, "ESP_AES-CTR" },
	{ ISAKMP_ESP_AES_GCM_8, "ESP_AES-GCM_8" },
	{ ISAKMP_ESP_AES_GCM_12, "ESP_AES-GCM_12" },
	{ ISAKMP_ESP_AES_GCM_16, "ESP_AES-GCM_16" },
	{ 0, NULL },
};

const struct name isakmp_ipsec_names[] = {
	{ ISAKMP_IPSEC_LIFE_TYPE, "SA Life Type" },
	{ ISAKMP_IPSEC_LIFE_DURATION, "SA Life Duration" },
	{ ISAKMP_IPSEC_GROUP, "Group Description" },
	{ ISAKMP_IPSEC_MODE, "Encapsulation Mode" },
	{ ISAKMP_IPSEC_AUTH, "Authentication Algorithm" },
	{ ISAKMP_IPSEC_KEY_LENGTH, "Key Length" },
	{ 7, "Key Rounds" },
	{ 8, "Compress Dictionary Size" },
	{ 9, "Compress Private Algorithm" },
	{ 10, "ECN Tunnel" },
	{ 11, "Extended Sequence Number" },
	{ 0, NULL },
};

const struct name isakmp_mode_names[] = {
	{ ISAKMP_MODE_TUNNEL, "Tunnel" },
	{ ISAKMP_MODE_TRANSPORT, "Transport" },
	{ ISAKMP_MODE_UDP_TUNNEL, "UDP-Encapsulated-Tunnel" },
	{ ISAKMP_MODE_UDP_TRANSPORT, "UDP-Encapsulated-Transport" },
	{ 0, NULL },
};

const struct name isakmp_integ_names[] = {
	{ ISAKMP_INTEG_MD5, "HMAC-MD5" },
	{ ISAKMP_INTEG_SHA1, "HMAC-SHA" },
	{ ISAKMP_INTEG_SHA2_256, "HMAC-SHA2-256" },
	{ ISAKMP_INTEG_SHA2_384, "HMAC-SHA2-384" },
	{ ISAKMP_INTEG_SHA2_512, "HMAC-SHA2-512" },
	{ 0, NULL },
};

const struct name isakmp_id_names[] = {
	{ ISAKMP_ID_IPV4_ADDR, "ID_IPV4_ADDR" },
	{ ISAKMP_ID_FQDN, "ID_FQDN" },
	{ ISAKMP_ID_USER_FQDN, "ID_USER_FQDN" },
	{ ISAKMP_ID_IPV4_ADDR_SUBNET, "ID_IPV4_ADDR_SUBNET" },
	{ ISAKMP_ID_IPV6_ADDR, "ID_IPV6_ADDR" },
	{ ISAKMP_ID_IPV6_ADDR_SUBNET, "ID_IPV6_ADDR_SUBNET" },
	{ ISAKMP_ID_IPV4_ADDR_RANGE, "ID_IPV4_ADDR_RANGE" },
	{ ISAKMP_ID_IPV6_ADDR_RANGE, "ID_IPV6_ADDR_RANGE" },
	{ ISAKMP_ID_DER_ASN1_DN, "ID_DER_ASN1_DN" },
	{ 10, "ID_DER_ASN1_GN" },
	{ ISAKMP_ID_KEY_ID, "ID_KEY_ID" },
	{ 0, NULL },
};

const struct name isakmp_protocol_names[] = {
	{ ISAKMP_PROTO_ISAKMP, "ISAKMP" },
	{ ISAKMP_PROTO_AH, "AH" },
	{ ISAKMP_PROTO_ESP, "ESP" },
	{ 0, NULL },
};

static const struct name dois[] = {
	{ 0, "ISAKMP" }, { ISAKMP_DOI_IPSEC, "IPSEC" }, { 0, NULL }
};
static const struct name situations[] = {
	{ ISAKMP_SIT_IDENTITY_ONLY, "SIT_IDENTITY_ONLY" }, { 0, NULL }
};
static const struct name certificate_encodings[] = {
	{ 1, "PKCS #7 wrapped X.509 certificate" },
	{ ISAKMP_CERT_X509_SIGNATURE, "X.509 Certificate - Signature" },
	{ 7, "Certificate Revocation List" },
	{ 0, NULL },
};

#define UINT(name, width) { name, FIELD_UINT, width, 0, 0, NULL, NULL }
#define ENUM(name, width, names) { name, FIELD_ENUM, width, 0, 0, names, NULL }
#define RESERVED(width) { "RESERVED", FIELD_RESERVED, width, 0, 0, NULL, NULL }
#define REST(name, min) { name, FIELD_OCTETS, 0, min, 0, NULL, NULL }

static const struct element elements[] = {
	{ 0, ISAKMP_PAYLOAD_SA, "SA", S("3.4"),
		{ ENUM("DOI", 4, dois), ENUM("Situation", 4, situations), REST("Proposals", 8) } },
	{ 0, ISAKMP_PAYLOAD_KE, "KE", S("3.7"), { REST("Key Exchange Data", 1) } },
	{ 0, ISAKMP_PAYLOAD_ID, "ID", DOI("4.6.2"),
		{ ENUM("ID Type", 1, isakmp_id_names), UINT("Protocol ID", 1), UINT("Port", 2),
			REST("Identification Data", 0) } },
	{ 0, ISAKMP_PAYLOAD_CERT, "CERT", S("3.9"),
		{ ENUM("Cert Encoding", 1, certificate_encodings), REST("Certificate Data", 0) } },
	{ 0, ISAKMP_PAYLOAD_CR, "CR", S("3.10"),
		{ ENUM("Cert Type", 1, certificate_encodings), REST("Certificate Authority", 0) } },
	{ 0, ISAKMP_PAYLOAD_HASH, "HASH", S("3.11"), { REST("Hash Data", 1) } },
	{ 0, ISAKMP_PAYLOAD_SIG, "SIG", S("3.12"), { REST("Signature Data", 1) } },
	{ 0, ISAKMP_PAYLOAD_NONCE, "NONCE", S("3.13"),
		{ { "Nonce Data", FIELD_OCTETS, 0, 8, 256, NULL, IKE("5") } } },
	{ 0, ISAKMP_PAYLOAD_N, "N", S("3.14"),
		{ ENUM("DOI", 4, dois), ENUM("Protocol-ID", 1, isakmp_protocol_names),
			UINT("SPI Size", 1), ENUM("Notify Message Type", 2, isakmp_notify_names),
			REST("SPI and Notification Data", 0) } },
	{ 0, ISAKMP_PAYLOAD_D, "D", S("3.15"),
		{ ENUM("DOI", 4, dois), ENUM("Protocol-Id", 1, isakmp_protocol_names),
			UINT("SPI Size", 1), UINT("# of SPIs", 2), REST("SPIs", 0) } },
	{ 0, ISAKMP_PAYLOAD_VID, "VID", S("3.16"), { REST("Vendor ID", 0) } },
	{ 0, ISAKMP_PAYLOAD_NAT_D, "NAT-D", "RFC 3947 §3.2", { REST("HASH", 1) } },
	{ 0, ISAKMP_PAYLOAD_NAT_OA, "NAT-OA", "RFC 3947 §5.2",
		{ ENUM("ID Type", 1, isakmp_id_names), RESERVED(3), REST("Address", 4) } },
	{ 0, 0, NULL, NULL, { { NULL, 0, 0, 0, 0, NULL, NULL } } },
};

#define ONE(payload, section) { 0, ISAKMP_PAYLOAD_##payload, 1, 1, section },
#define MAY(payload, section) { 0, ISAKMP_PAYLOAD_##payload, 0, 1, section },
#define ANY(payload, section) { 0, ISAKMP_PAYLOAD_##payload, 0, OCCURS_ANY, section },
/* What may stand in every message, RFC 2409 §5; NAT detection where a vendor ID announced it. */
#define COMMON ANY(N, S("3.14")) ANY(VID, S("3.16")) { 0, 0, 0, 0, NULL }
#define NATS ANY(NAT_D, "RFC 3947 §3.2")

/* By exchange, before it is known which message it is. */
static const struct occurrence main_clear[] = {
	MAY(SA, IKE("5")) MAY(KE, IKE("5")) MAY(NONCE, IKE("5")) ANY(CR, IKE("5.1"))
	ANY(CERT, IKE("5.1")) NATS COMMON
};
static const struct occurrence main_encrypted[] = {
	ONE(ID, IKE("5")) MAY(HASH, IKE("5.4")) MAY(SIG, IKE("5.1")) ANY(CERT, IKE("5.1"))
	ANY(CR, IKE("5.1")) COMMON
};
static const struct occurrence quick[] = {
	ONE(HASH, IKE("5.5")) ANY(SA, IKE("5.5")) MAY(NONCE, IKE("5.5")) MAY(KE, IKE("5.5"))
	{ 0, ISAKMP_PAYLOAD_ID, 0, 2, IKE("5.5") }, ANY(NAT_OA, "RFC 3947 §5.2") COMMON
};
static const struct occurrence info_clear[] = { ANY(N, IKE("5.7")) ANY(D, IKE("5.7"))
	ANY(VID, S("3.16")) { 0, 0, 0, 0, NULL } };
static const struct occurrence info_encrypted[] = { ONE(HASH, IKE("5.7")) ANY(N, IKE("5.7"))
	ANY(D, IKE("5.7")) ANY(VID, S("3.16")) { 0, 0, 0, 0, NULL } };

/* One by one. */
static const struct occurrence mm1[] = { ONE(SA, IKE("5")) COMMON };
static const struct occurrence mm2[] = { ONE(SA, IKE("5")) COMMON };
static const struct occurrence mm3[] = {
	ONE(KE, IKE("5")) ONE(NONCE, IKE("5")) ANY(CR, IKE("5.1")) ANY(CERT, IKE("5.1")) NATS COMMON
};
static const struct occurrence qm1[] = {
	ONE(HASH, IKE("5.5")) ONE(SA, IKE("5.5")) ONE(NONCE, IKE("5.5")) MAY(KE, IKE("5.5"))
	{ 0, ISAKMP_PAYLOAD_ID, 0, 2, IKE("5.5") }, ANY(NAT_OA, "RFC 3947 §5.2") COMMON
};
static const struct occurrence qm3[] = { ONE(HASH, IKE("5.5")) COMMON };

#define E(flag) ISAKMP_FLAG_ENCRYPTION, flag ? ISAKMP_FLAG_ENCRYPTION : 0

static const struct message messages[] = {
	{ "MM", "main mode, in the clear", ISAKMP_IDENTITY_PROTECTION, E(0), main_clear, false,
		IKE("5") },
	{ "MM-E", "main mode, encrypted", ISAKMP_IDENTITY_PROTECTION, E(1), main_encrypted, false,
		IKE("5") },
	{ "QM", "quick mode", ISAKMP_QUICK_MODE, E(1), quick, false, IKE("5.5") },
	{ "INFO", "informational, in the clear", ISAKMP_INFORMATIONAL, E(0), info_clear, false,
		IKE("5.7") },
	{ "INFO-E", "informational, encrypted", ISAKMP_INFORMATIONAL, E(1), info_encrypted, false,
		IKE("5.7") },
	/* from here on in the order of enum isakmp_single */
#define FIRST_STEP 5
	{ "MM1", "main mode, first", ISAKMP_IDENTITY_PROTECTION, E(0), mm1, false, IKE("5") },
	{ "MM2", "main mode, second", ISAKMP_IDENTITY_PROTECTION, E(0), mm2, false, IKE("5") },
	{ "MM3", "main mode, third", ISAKMP_IDENTITY_PROTECTION, E(0), mm3, false, IKE("5") },
	{ "MM4", "main mode, fourth", ISAKMP_IDENTITY_PROTECTION, E(0), mm3, false, IKE("5") },
	{ "MM5", "main mode, fifth", ISAKMP_IDENTITY_PROTECTION, E(1), main_encrypted, false,
		IKE("5") },
	{ "MM6", "main mode, sixth", ISAKMP_IDENTITY_PROTECTION, E(1), main_encrypted, false,
		IKE("5") },
	{ "QM1", "quick mode, first", ISAKMP_QUICK_MODE, E(1), qm1, false, IKE("5.5") },
	{ "QM2", "quick mode, second", ISAKMP_QUICK_MODE, E(1), qm1, false, IKE("5.5") },
	{ "QM3", "quick mode, third", ISAKMP_QUICK_MODE, E(1), qm3, false, IKE("5.5") },
	{ NULL, NULL, 0, 0, 0, NULL, false, NULL },
};

/* Without elements: what an encrypted message looks like from outside. */
static const struct message sealed_messages[] = {
	{ "MM-E", "main mode, encrypted", ISAKMP_IDENTITY_PROTECTION, E(1), NULL, true, IKE("5") },
	{ "QM", "quick mode", ISAKMP_QUICK_MODE, E(1), NULL, true, IKE("5.5") },
	{ "INFO-E", "informational, encrypted", ISAKMP_INFORMATIONAL, E(1), NULL, true,
		IKE("5.7") },
	{ NULL, NULL, 0, 0, 0, NULL, false, NULL },
};

static const struct header_rule rules[] = {
	{ ISAKMP_IDENTITY_PROTECTION, ISAKMP_MESSAGE_ID, 0, S("3.1") },
	{ 0, 0, 0, NULL },
};

const struct protocol isakmp_protocol = {
	.name = "isakmp",
	.specification = "RFC 2408",
	.header = isakmp_header_fields,
	.type_field = ISAKMP_EXCHANGE_TYPE,
	.flags_field = ISAKMP_FLAGS,
	/* the generic payload header, §3.2: the second octet is reserved */
	.format = { .code_width = 1, .flags_width = 1, .length_width = 2, .length_of_whole = true,
		.chained = true, .first_field = ISAKMP_NEXT_PAYLOAD },
	.elements = elements,
	.messages = messages,
	.header_rules = rules,
};

const struct protocol isakmp_sealed_protocol = {
	.name = "isakmp-sealed",
	.specification = "RFC 2408",
	.header = isakmp_header_fields,
	.type_field = ISAKMP_EXCHANGE_TYPE,
	.flags_field = ISAKMP_FLAGS,
	.elements = elements,
	.messages = sealed_messages,
	.header_rules = rules,
};

/* What comes first where that is fixed, RFC 2409 §5, §5.5, §5.7; 0: nothing. */
static uint32_t first_payload(const struct packet *p)
{
	if (isakmp_is_sealed(p))
		return p->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_IDENTITY_PROTECTION
			? 0
			: ISAKMP_PAYLOAD_HASH;
	return packet_find(p, 0, ISAKMP_PAYLOAD_SA) ? ISAKMP_PAYLOAD_SA : 0;
}

static int check_first(const struct packet *p, struct reject *reject)
{
	uint32_t code = first_payload(p);

	if (!code || !p->element_count || p->elements[0].code == code)
		return 0;
	return reject_set(reject, REJECT_POSITION, code == ISAKMP_PAYLOAD_HASH ? "HASH" : "SA",
		code == ISAKMP_PAYLOAD_HASH ? IKE("5.5") : IKE("5"), ISAKMP_HEADER_SIZE,
		p->elements[0].code);
}

/* §5.3: reserved is zero; §5.2: a payload that nobody knows, unless it is of the private range. */
static int check_payloads(const struct packet *p, struct reject *reject)
{
	for (unsigned i = 0; i < p->element_count; i++) {
		const struct element_value *e = &p->elements[i];
		if (e->flags)
			return reject_set(reject, REJECT_VALUE, "RESERVED", S("5.3"),
				e->offset + 1, e->flags);
		if (!e->element && e->code < ISAKMP_PAYLOAD_PRIVATE)
			return reject_set(reject, REJECT_UNKNOWN_ELEMENT, "payload", S("5.2"),
				e->offset, e->code);
	}
	return check_first(p, reject);
}

/* §5.2: bits that no flag has. */
static int check_flags(const struct packet *p, struct reject *reject)
{
	uint64_t known = ISAKMP_FLAG_ENCRYPTION | ISAKMP_FLAG_COMMIT | ISAKMP_FLAG_AUTH_ONLY;

	if (!(p->header[ISAKMP_FLAGS] & ~known))
		return 0;
	return reject_set(reject, REJECT_FLAGS, "Flags", S("5.2"), 19, p->header[ISAKMP_FLAGS]);
}

int isakmp_decode(struct view datagram, struct packet *packet, struct reject *reject)
{
	struct reader r = reader_of(datagram);

	read_view(&r, 19);
	bool sealed = read_u8(&r) & ISAKMP_FLAG_ENCRYPTION;
	if (!sealed) {
		if (wire_decode(&isakmp_protocol, datagram, packet, reject) < 0)
			return -1;
		return check_flags(packet, reject) < 0 ? -1 : check_payloads(packet, reject);
	}
	if (wire_decode(&isakmp_sealed_protocol, datagram, packet, reject) < 0 ||
		check_flags(packet, reject) < 0)
		return -1;
	if (datagram.size == ISAKMP_HEADER_SIZE)
		return reject_set(reject, REJECT_MISSING, "encrypted payloads", IKE("B"),
			ISAKMP_HEADER_SIZE, 0);
	if (!packet->header[ISAKMP_NEXT_PAYLOAD])
		return reject_set(reject, REJECT_VALUE, "Next Payload", S("3.1"), 16, 0);
	return 0;
}

struct view isakmp_sealed(struct view datagram)
{
	struct reader r = reader_of(datagram);

	read_view(&r, ISAKMP_HEADER_SIZE);
	return read_rest(&r);
}

/* Octets of the chain that begins with a payload `next`; those after it are padding. */
static size_t chain_size(uint32_t next, struct view octets)
{
	struct reader r = reader_of(octets);

	while (next && reader_left(&r)) {
		next = read_u8(&r);
		read_u8(&r);
		size_t length = read_u16(&r);
		read_view(&r, length < 4 ? SIZE_MAX : length - 4);
		if (r.failed)
			return octets.size; /* the decoder will say what is wrong */
	}
	return r.offset;
}

int isakmp_decode_inside(const struct packet *outer, struct view octets, size_t block,
	struct packet *inside, size_t *size, struct reject *reject)
{
	uint32_t first = (uint32_t)outer->header[ISAKMP_NEXT_PAYLOAD];

	inside->protocol = &isakmp_protocol;
	inside->message = NULL;
	inside->element_count = 0;
	memcpy(inside->header, outer->header, sizeof(inside->header));
	*size = chain_size(first, octets);
	if (wire_parse_elements(&isakmp_protocol, first, VIEW(octets.data, *size), inside,
		    reject) < 0)
		return -1;
	if (octets.size - *size > block)
		return reject_set(reject, REJECT_TRAILING, NULL, IKE("B"), *size,
			octets.size - *size);
	if (wire_identify(inside, reject) < 0 || wire_check(inside, reject) < 0)
		return -1;
	return check_payloads(inside, reject);
}

int isakmp_check(struct packet *packet, enum isakmp_single step, struct reject *reject)
{
	packet->message = &messages[FIRST_STEP + step];
	return wire_check(packet, reject);
}
