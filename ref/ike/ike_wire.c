// SPDX-License-Identifier: Apache-2.0
/* The tables of IKEv2. A section with no RFC named is RFC 7296's. */
#include "ref/base/mutant.h"
#include "ref/ike/ike_change_wire.h"
#include "ref/ike/ike_wire.h"

#define S(section) "RFC 7296 §" section

static const struct name exchanges[] = {
	{ IKE_SA_INIT, "IKE_SA_INIT" },
	{ IKE_AUTH, "IKE_AUTH" },
	{ IKE_CREATE_CHILD_SA, "CREATE_CHILD_SA" },
	{ IKE_INFORMATIONAL, "INFORMATIONAL" },
	{ 0, NULL },
};

static const struct name flags[] = {
	{ IKE_FLAG_INITIATOR, "I" },
	{ IKE_FLAG_VERSION, "V" },
	{ IKE_FLAG_RESPONSE, "R" },
	{ 0, NULL },
};

static const struct name payloads[] = {
	{ IKE_PAYLOAD_SA, "SA" },
	{ IKE_PAYLOAD_KE, "KE" },
	{ IKE_PAYLOAD_IDI, "IDi" },
	{ IKE_PAYLOAD_IDR, "IDr" },
	{ IKE_PAYLOAD_CERT, "CERT" },
	{ IKE_PAYLOAD_CERTREQ, "CERTREQ" },
	{ IKE_PAYLOAD_AUTH, "AUTH" },
	{ IKE_PAYLOAD_NONCE, "Nonce" },
	{ IKE_PAYLOAD_NOTIFY, "N" },
	{ IKE_PAYLOAD_DELETE, "D" },
	{ IKE_PAYLOAD_VENDOR, "V" },
	{ IKE_PAYLOAD_TSI, "TSi" },
	{ IKE_PAYLOAD_TSR, "TSr" },
	{ IKE_PAYLOAD_SK, "SK" },
	{ IKE_PAYLOAD_CP, "CP" },
	{ IKE_PAYLOAD_EAP, "EAP" },
	{ IKE_PAYLOAD_SKF, "SKF" },
	{ 0, NULL },
};

/* A major version above 2 is told apart before this: RFC 7296 §2.5. */
const struct field ike_header_fields[] = {
	{ "IKE SA Initiator's SPI", FIELD_UINT, 8, 1, 0, NULL, S("3.1") },
	{ "IKE SA Responder's SPI", FIELD_UINT, 8, 0, 0, NULL, S("3.1") },
	{ "Next Payload", FIELD_ENUM, 1, 0, 0, payloads, S("3.1") },
	{ "Version", FIELD_UINT, 1, 0x20, 0x2f, NULL, S("3.1") },
	{ "Exchange Type", FIELD_ENUM, 1, 0, 0, exchanges, S("3.1") },
	{ "Flags", FIELD_FLAGS, 1, 0, 0, flags, S("3.1") },
	{ "Message ID", FIELD_UINT, 4, 0, 0, NULL, S("3.1") },
	{ "Length", FIELD_LENGTH, 4, 0, 0, NULL, S("3.1") },
	{ NULL, 0, 0, 0, 0, NULL, NULL },
};

const struct name ike_notify_names[] = {
	{ IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, "UNSUPPORTED_CRITICAL_PAYLOAD" },
	{ IKE_N_INVALID_IKE_SPI, "INVALID_IKE_SPI" },
	{ IKE_N_INVALID_MAJOR_VERSION, "INVALID_MAJOR_VERSION" },
	{ IKE_N_INVALID_SYNTAX, "INVALID_SYNTAX" },
	{ IKE_N_INVALID_MESSAGE_ID, "INVALID_MESSAGE_ID" },
	{ IKE_N_INVALID_SPI, "INVALID_SPI" },
	{ IKE_N_NO_PROPOSAL_CHOSEN, "NO_PROPOSAL_CHOSEN" },
	{ IKE_N_INVALID_KE_PAYLOAD, "INVALID_KE_PAYLOAD" },
	{ IKE_N_AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED" },
	{ IKE_N_SINGLE_PAIR_REQUIRED, "SINGLE_PAIR_REQUIRED" },
	{ IKE_N_NO_ADDITIONAL_SAS, "NO_ADDITIONAL_SAS" },
	{ IKE_N_INTERNAL_ADDRESS_FAILURE, "INTERNAL_ADDRESS_FAILURE" },
	{ IKE_N_FAILED_CP_REQUIRED, "FAILED_CP_REQUIRED" },
	{ IKE_N_TS_UNACCEPTABLE, "TS_UNACCEPTABLE" },
	{ IKE_N_INVALID_SELECTORS, "INVALID_SELECTORS" },
	{ IKE_N_UNACCEPTABLE_ADDRESSES, "UNACCEPTABLE_ADDRESSES" },
	{ IKE_N_UNEXPECTED_NAT_DETECTED, "UNEXPECTED_NAT_DETECTED" },
	{ IKE_N_TEMPORARY_FAILURE, "TEMPORARY_FAILURE" },
	{ IKE_N_CHILD_SA_NOT_FOUND, "CHILD_SA_NOT_FOUND" },
	{ IKE_N_ADDRESS_CHANGE_REFUSED, "ADDRESS_CHANGE_REFUSED" },
	{ IKE_N_INITIAL_CONTACT, "INITIAL_CONTACT" },
	{ IKE_N_SET_WINDOW_SIZE, "SET_WINDOW_SIZE" },
	{ IKE_N_ADDITIONAL_TS_POSSIBLE, "ADDITIONAL_TS_POSSIBLE" },
	{ IKE_N_IPCOMP_SUPPORTED, "IPCOMP_SUPPORTED" },
	{ IKE_N_NAT_DETECTION_SOURCE_IP, "NAT_DETECTION_SOURCE_IP" },
	{ IKE_N_NAT_DETECTION_DESTINATION_IP, "NAT_DETECTION_DESTINATION_IP" },
	{ IKE_N_COOKIE, "COOKIE" },
	{ IKE_N_USE_TRANSPORT_MODE, "USE_TRANSPORT_MODE" },
	{ IKE_N_HTTP_CERT_LOOKUP_SUPPORTED, "HTTP_CERT_LOOKUP_SUPPORTED" },
	{ IKE_N_REKEY_SA, "REKEY_SA" },
	{ IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED, "ESP_TFC_PADDING_NOT_SUPPORTED" },
	{ IKE_N_NON_FIRST_FRAGMENTS_ALSO, "NON_FIRST_FRAGMENTS_ALSO" },
	{ IKE_N_MOBIKE_SUPPORTED, "MOBIKE_SUPPORTED" },
	{ IKE_N_ADDITIONAL_IP4_ADDRESS, "ADDITIONAL_IP4_ADDRESS" },
	{ IKE_N_ADDITIONAL_IP6_ADDRESS, "ADDITIONAL_IP6_ADDRESS" },
	{ IKE_N_NO_ADDITIONAL_ADDRESSES, "NO_ADDITIONAL_ADDRESSES" },
	{ IKE_N_UPDATE_SA_ADDRESSES, "UPDATE_SA_ADDRESSES" },
	{ IKE_N_COOKIE2, "COOKIE2" },
	{ IKE_N_NO_NATS_ALLOWED, "NO_NATS_ALLOWED" },
	{ IKE_N_MULTIPLE_AUTH_SUPPORTED, "MULTIPLE_AUTH_SUPPORTED" },
	{ IKE_N_EAP_ONLY_AUTHENTICATION, "EAP_ONLY_AUTHENTICATION" },
	{ IKE_N_CHILDLESS_IKEV2_SUPPORTED, "CHILDLESS_IKEV2_SUPPORTED" },
	{ IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, "IKEV2_FRAGMENTATION_SUPPORTED" },
	{ IKE_N_SIGNATURE_HASH_ALGORITHMS, "SIGNATURE_HASH_ALGORITHMS" },
	{ IKE_N_ADDRESS_CHANGE_SUPPORTED, "ADDRESS_CHANGE_SUPPORTED" },
	{ IKE_N_ADDRESS_CHANGE, "ADDRESS_CHANGE" },
	{ IKE_N_MIGRATION_COMPLETED, "MIGRATION_COMPLETED" },
	{ IKE_N_ADDRESS_EXPIRED, "ADDRESS_EXPIRED" },
	{ IKE_N_ADDRESS_CHANGE_COOKIE, "ADDRESS_CHANGE_COOKIE" },
	{ IKE_N_REPLY_PATH, "REPLY_PATH" },
	{ 0, NULL },
};

const struct name ike_transform_type_names[] = {
	{ IKE_TRANSFORM_ENCR, "ENCR" },
	{ IKE_TRANSFORM_PRF, "PRF" },
	{ IKE_TRANSFORM_INTEG, "INTEG" },
	{ IKE_TRANSFORM_DH, "D-H" },
	{ IKE_TRANSFORM_ESN, "ESN" },
	{ 0, NULL },
};

const struct name ike_encr_names[] = {
	{ IKE_ENCR_3DES, "ENCR_3DES" },
	{ IKE_ENCR_NULL, "ENCR_NULL" },
	{ IKE_ENCR_AES_CBC, "ENCR_AES_CBC" },
	{ IKE_ENCR_AES_GCM_8, "ENCR_AES_GCM_8" },
	{ IKE_ENCR_AES_GCM_12, "ENCR_AES_GCM_12" },
	{ IKE_ENCR_AES_GCM_16, "ENCR_AES_GCM_16" },
	{ IKE_ENCR_CHACHA20_POLY1305, "ENCR_CHACHA20_POLY1305" },
	{ 0, NULL },
};

const struct name ike_prf_names[] = {
	{ IKE_PRF_HMAC_MD5, "PRF_HMAC_MD5" },
	{ IKE_PRF_HMAC_SHA1, "PRF_HMAC_SHA1" },
	{ IKE_PRF_HMAC_SHA2_256, "PRF_HMAC_SHA2_256" },
	{ IKE_PRF_HMAC_SHA2_384, "PRF_HMAC_SHA2_384" },
	{ IKE_PRF_HMAC_SHA2_512, "PRF_HMAC_SHA2_512" },
	{ 0, NULL },
};

const struct name ike_integ_names[] = {
	{ IKE_INTEG_NONE, "NONE" },
	{ IKE_INTEG_HMAC_MD5_96, "AUTH_HMAC_MD5_96" },
	{ IKE_INTEG_HMAC_SHA1_96, "AUTH_HMAC_SHA1_96" },
	{ IKE_INTEG_HMAC_SHA2_256_128, "AUTH_HMAC_SHA2_256_128" },
	{ IKE_INTEG_HMAC_SHA2_384_192, "AUTH_HMAC_SHA2_384_192" },
	{ IKE_INTEG_HMAC_SHA2_512_256, "AUTH_HMAC_SHA2_512_256" },
	{ 0, NULL },
};

const struct name ike_dh_names[] = {
	{ IKE_DH_NONE, "NONE" },
	{ IKE_DH_MODP_1024, "MODP_1024" },
	{ IKE_DH_MODP_1536, "MODP_1536" },
	{ IKE_DH_MODP_2048, "MODP_2048" },
	{ IKE_DH_MODP_3072, "MODP_3072" },
	{ IKE_DH_MODP_4096, "MODP_4096" },
	{ IKE_DH_ECP_256, "ECP_256" },
	{ IKE_DH_ECP_384, "ECP_384" },
	{ IKE_DH_CURVE25519, "CURVE25519" },
	{ 0, NULL },
};

const struct name ike_esn_names[] = {
	{ IKE_ESN_NO, "NO_ESN" },
	{ IKE_ESN_YES, "ESN" },
	{ 0, NULL },
};

const struct name ike_ts_names[] = {
	{ IKE_TS_IPV4_ADDR_RANGE, "TS_IPV4_ADDR_RANGE" },
	{ IKE_TS_IPV6_ADDR_RANGE, "TS_IPV6_ADDR_RANGE" },
	{ 0, NULL },
};

const struct name ike_cfg_attribute_names[] = {
	{ IKE_CFG_INTERNAL_IP4_ADDRESS, "INTERNAL_IP4_ADDRESS" },
	{ IKE_CFG_INTERNAL_IP4_NETMASK, "INTERNAL_IP4_NETMASK" },
	{ IKE_CFG_INTERNAL_IP4_DNS, "INTERNAL_IP4_DNS" },
	{ IKE_CFG_INTERNAL_IP4_DHCP, "INTERNAL_IP4_DHCP" },
	{ IKE_CFG_INTERNAL_IP6_ADDRESS, "INTERNAL_IP6_ADDRESS" },
	{ IKE_CFG_INTERNAL_IP6_DNS, "INTERNAL_IP6_DNS" },
	{ IKE_CFG_INTERNAL_IP4_SUBNET, "INTERNAL_IP4_SUBNET" },
	{ IKE_CFG_MPA_LINK_ADDRESS, "MPA_LINK_ADDRESS" },
	{ IKE_CFG_MPA_CLIENT_ID, "MPA_CLIENT_ID" },
	{ IKE_CFG_MPA_ROUTER, "MPA_ROUTER" },
	{ 0, NULL },
};

static const struct name id_types[] = {
	{ IKE_ID_IPV4_ADDR, "ID_IPV4_ADDR" },
	{ IKE_ID_FQDN, "ID_FQDN" },
	{ IKE_ID_RFC822_ADDR, "ID_RFC822_ADDR" },
	{ IKE_ID_IPV6_ADDR, "ID_IPV6_ADDR" },
	{ IKE_ID_DER_ASN1_DN, "ID_DER_ASN1_DN" },
	{ IKE_ID_KEY_ID, "ID_KEY_ID" },
	{ 0, NULL },
};

static const struct name methods[] = {
	{ IKE_METHOD_RSA, "RSA Digital Signature" },
	{ IKE_METHOD_SHARED_KEY, "Shared Key Message Integrity Code" },
	{ IKE_METHOD_SIGNATURE, "Digital Signature" },
	{ 0, NULL },
};

static const struct name cfg_types[] = {
	{ IKE_CFG_REQUEST, "CFG_REQUEST" },
	{ IKE_CFG_REPLY, "CFG_REPLY" },
	{ IKE_CFG_SET, "CFG_SET" },
	{ IKE_CFG_ACK, "CFG_ACK" },
	{ 0, NULL },
};

static const struct name certificate_encodings[] = {
	{ IKE_CERT_X509_SIGNATURE, "X.509 Certificate - Signature" },
	{ 7, "Certificate Revocation List" },
	{ 12, "Hash and URL of X.509 certificate" },
	{ 0, NULL },
};

static const struct name security_protocols[] = {
	{ IKE_PROTOCOL_NONE, "none" },
	{ IKE_PROTOCOL_IKE, "IKE" },
	{ IKE_PROTOCOL_AH, "AH" },
	{ IKE_PROTOCOL_ESP, "ESP" },
	{ 0, NULL },
};

#define UINT8(name) { name, FIELD_UINT, 1, 0, 0, NULL, NULL }
#define ENUM(name, width, names) { name, FIELD_ENUM, width, 0, 0, names, NULL }
#define RESERVED(width) { "RESERVED", FIELD_RESERVED, width, 0, 0, NULL, NULL }
#define REST(name, min) { name, FIELD_OCTETS, 0, min, 0, NULL, NULL }
#define ID ENUM("ID Type", 1, id_types), RESERVED(3), REST("Identification Data", 0)
#define TS UINT8("Number of TSs"), RESERVED(3), REST("Traffic Selectors", 0)

static const struct element elements[] = {
	{ 0, IKE_PAYLOAD_SA, "SA", S("3.3"), { REST("Proposals", 8) } },
	{ 0, IKE_PAYLOAD_KE, "KE", S("3.4"),
		{ ENUM("Diffie-Hellman Group Num", 2, ike_dh_names), RESERVED(2),
			REST("Key Exchange Data", 1) } },
	{ 0, IKE_PAYLOAD_IDI, "IDi", S("3.5"), { ID } },
	{ 0, IKE_PAYLOAD_IDR, "IDr", S("3.5"), { ID } },
	{ 0, IKE_PAYLOAD_CERT, "CERT", S("3.6"),
		{ ENUM("Cert Encoding", 1, certificate_encodings),
			REST("Certificate Data", 0) } },
	{ 0, IKE_PAYLOAD_CERTREQ, "CERTREQ", S("3.7"),
		{ ENUM("Cert Encoding", 1, certificate_encodings),
			REST("Certification Authority", 0) } },
	{ 0, IKE_PAYLOAD_AUTH, "AUTH", S("3.8"),
		{ ENUM("Auth Method", 1, methods), RESERVED(3), REST("Authentication Data", 1) } },
	{ 0, IKE_PAYLOAD_NONCE, "Nonce", S("3.9"),
		{ { "Nonce Data", FIELD_OCTETS, 0, 16, 256, NULL, NULL } } },
	{ 0, IKE_PAYLOAD_NOTIFY, "N", S("3.10"),
		{ ENUM("Protocol ID", 1, security_protocols), UINT8("SPI Size"),
			ENUM("Notify Message Type", 2, ike_notify_names),
			REST("SPI and Notification Data", 0) } },
	{ 0, IKE_PAYLOAD_DELETE, "D", S("3.11"),
		{ ENUM("Protocol ID", 1, security_protocols), UINT8("SPI Size"),
			{ "Num of SPIs", FIELD_UINT, 2, 0, 0, NULL, NULL }, REST("SPIs", 0) } },
	{ 0, IKE_PAYLOAD_VENDOR, "V", S("3.12"), { REST("Vendor ID", 0) } },
	{ 0, IKE_PAYLOAD_TSI, "TSi", S("3.13"), { TS } },
	{ 0, IKE_PAYLOAD_TSR, "TSr", S("3.13"), { TS } },
	{ 0, IKE_PAYLOAD_SK, "SK", S("3.14"), { REST("IV, Encrypted Payloads, ICV", 1) } },
	{ 0, IKE_PAYLOAD_CP, "CP", S("3.15"),
		{ ENUM("CFG Type", 1, cfg_types), RESERVED(3),
			REST("Configuration Attributes", 0) } },
	{ 0, IKE_PAYLOAD_EAP, "EAP", S("3.16"), { REST("EAP Message", 4) } },
	{ 0, IKE_PAYLOAD_SKF, "SKF", "RFC 7383 §2.5",
		{ { "Fragment Number", FIELD_UINT, 2, 1, 65535, NULL, NULL },
			{ "Total Fragments", FIELD_UINT, 2, 1, 65535, NULL, NULL },
			REST("IV, Encrypted Content, ICV", 1) } },
	{ 0, 0, NULL, NULL, { { NULL, 0, 0, 0, 0, NULL, NULL } } },
};

/* What many exchanges may have, at the end of a list. */
#define COMMON                                                                                     \
	{ 0, IKE_PAYLOAD_NOTIFY, 0, OCCURS_ANY, S("3.10") },                                       \
		{ 0, IKE_PAYLOAD_VENDOR, 0, OCCURS_ANY, S("3.12") }, { 0, 0, 0, 0, NULL },
#define ONE(payload, section) { 0, IKE_PAYLOAD_##payload, 1, 1, section },
#define MAY(payload, section) { 0, IKE_PAYLOAD_##payload, 0, 1, section },
#define ANY(payload, section) { 0, IKE_PAYLOAD_##payload, 0, OCCURS_ANY, section },

static const struct occurrence init_request[] = {
	ONE(SA, S("1.2")) ONE(KE, S("1.2")) ONE(NONCE, S("1.2")) COMMON
};

/* Error notifications and COOKIE come without the rest, §2.6, §1.2. */
static const struct occurrence init_response[] = {
	MAY(SA, S("1.2")) MAY(KE, S("1.2")) MAY(NONCE, S("1.2")) ANY(CERTREQ, S("1.2")) COMMON
};

static const struct occurrence encrypted[] = {
	MAY(SK, S("3.14")) MAY(SKF, "RFC 7383 §2.5") { 0, 0, 0, 0, NULL }
};

/* IDi and AUTH are not in every message when EAP runs, §2.16. */
static const struct occurrence auth_request[] = {
	MAY(IDI, S("1.2")) MAY(IDR, S("1.2")) ANY(CERT, S("1.2")) ANY(CERTREQ, S("1.2"))
	MAY(AUTH, S("1.2")) MAY(EAP, S("2.16")) MAY(CP, S("2.19")) MAY(SA, S("1.2"))
	MAY(TSI, S("1.2")) MAY(TSR, S("1.2")) COMMON
};

static const struct occurrence auth_response[] = {
	MAY(IDR, S("1.2")) ANY(CERT, S("1.2")) MAY(AUTH, S("1.2")) MAY(EAP, S("2.16"))
	MAY(CP, S("2.19")) MAY(SA, S("1.2")) MAY(TSI, S("1.2")) MAY(TSR, S("1.2")) COMMON
};

static const struct occurrence create_request[] = {
	ONE(SA, S("1.3")) ONE(NONCE, S("1.3")) MAY(KE, S("1.3")) MAY(TSI, S("1.3"))
	MAY(TSR, S("1.3")) MAY(CP, S("2.19")) COMMON
};

static const struct occurrence create_response[] = {
	MAY(SA, S("1.3")) MAY(NONCE, S("1.3")) MAY(KE, S("1.3")) MAY(TSI, S("1.3"))
	MAY(TSR, S("1.3")) MAY(CP, S("2.19")) COMMON
};

static const struct occurrence informational[] = {
	ANY(DELETE, S("1.4")) MAY(CP, S("1.4")) COMMON
};

#define REQUEST IKE_FLAG_RESPONSE | IKE_FLAG_INITIATOR, IKE_FLAG_INITIATOR
#define RESPONSE IKE_FLAG_RESPONSE | IKE_FLAG_INITIATOR, IKE_FLAG_RESPONSE
#define ANY_REQUEST IKE_FLAG_RESPONSE, 0
#define ANY_RESPONSE IKE_FLAG_RESPONSE, IKE_FLAG_RESPONSE

/* In IKE_SA_INIT and IKE_AUTH the one who asks is the original initiator; later either may be. */
#define MESSAGES(init_q, init_r, auth_q, auth_r, create_q, create_r, info)                         \
	{ "IKE_SA_INIT-REQUEST", "IKE_SA_INIT request", IKE_SA_INIT, REQUEST, init_q, false,       \
		S("1.2") },                                                                        \
		{ "IKE_SA_INIT-RESPONSE", "IKE_SA_INIT response", IKE_SA_INIT, RESPONSE, init_r,   \
			false, S("1.2") },                                                         \
		{ "IKE_AUTH-REQUEST", "IKE_AUTH request", IKE_AUTH, REQUEST, auth_q, false,        \
			S("1.2") },                                                                \
		{ "IKE_AUTH-RESPONSE", "IKE_AUTH response", IKE_AUTH, RESPONSE, auth_r, false,     \
			S("1.2") },                                                                \
		{ "CREATE_CHILD_SA-REQUEST", "CREATE_CHILD_SA request", IKE_CREATE_CHILD_SA,       \
			ANY_REQUEST, create_q, false, S("1.3") },                                  \
		{ "CREATE_CHILD_SA-RESPONSE", "CREATE_CHILD_SA response", IKE_CREATE_CHILD_SA,     \
			ANY_RESPONSE, create_r, false, S("1.3") },                                 \
		{ "INFORMATIONAL-REQUEST", "INFORMATIONAL request", IKE_INFORMATIONAL,             \
			ANY_REQUEST, info, false, S("1.4") },                                      \
		{ "INFORMATIONAL-RESPONSE", "INFORMATIONAL response", IKE_INFORMATIONAL,           \
			ANY_RESPONSE, info, false, S("1.4") },                                     \
	{                                                                                          \
		NULL, NULL, 0, 0, 0, NULL, false, NULL                                             \
	}

static const struct message outside[] = { MESSAGES(init_request, init_response, encrypted,
	encrypted, encrypted, encrypted, encrypted) };

static const struct message inside[] = { MESSAGES(init_request, init_response, auth_request,
	auth_response, create_request, create_response, informational) };

static const struct placement placements[] = {
	{ 0, IKE_PAYLOAD_SK, POSITION_LAST, S("3.14") },
	{ 0, IKE_PAYLOAD_SKF, POSITION_LAST, "RFC 7383 §2.5" },
	{ 0, 0, POSITION_ANY, NULL },
};

static const struct header_rule rules[] = {
	{ IKE_SA_INIT, IKE_MESSAGE_ID, 0, S("2.2") },
	{ 0, 0, 0, NULL },
};

const uint32_t ike_closing[] = { IKE_PAYLOAD_SK, IKE_PAYLOAD_SKF, 0 };

/* The generic payload header, §3.2; the flags octet is the critical bit and seven reserved. */
#define FORMAT                                                                                     \
	{                                                                                          \
		.code_width = 1, .flags_width = 1, .length_width = 2, .length_of_whole = true,     \
		.chained = true, .first_field = IKE_NEXT_PAYLOAD, .closing = ike_closing,              \
	}

const struct protocol ike_protocol = {
	.name = "ike",
	.specification = "RFC 7296",
	.header = ike_header_fields,
	.type_field = IKE_EXCHANGE_TYPE,
	.flags_field = IKE_FLAGS,
	.format = FORMAT,
	.elements = elements,
	.messages = outside,
	.placements = placements,
	.header_rules = rules,
};

const struct protocol ike_inside_protocol = {
	.name = "ike-inside",
	.specification = "RFC 7296",
	.header = ike_header_fields,
	.type_field = IKE_EXCHANGE_TYPE,
	.flags_field = IKE_FLAGS,
	.format = FORMAT,
	.elements = elements,
	.messages = inside,
	.header_rules = rules,
};

const char *ike_name(const struct name *names, uint32_t value)
{
	for (; names && names->name; names++)
		if (names->value == value)
			return names->name;
	return NULL;
}

const struct name *ike_transform_names(unsigned type)
{
	static const struct name *const names[] = {
		[IKE_TRANSFORM_ENCR] = ike_encr_names,
		[IKE_TRANSFORM_PRF] = ike_prf_names,
		[IKE_TRANSFORM_INTEG] = ike_integ_names,
		[IKE_TRANSFORM_DH] = ike_dh_names,
		[IKE_TRANSFORM_ESN] = ike_esn_names,
	};
	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

/* Exchanges after the first have exactly one of SK and SKF. */
static int check_encrypted(const struct packet *p, struct reject *reject)
{
	unsigned n = (packet_find(p, 0, IKE_PAYLOAD_SK) != NULL) +
		(packet_find(p, 0, IKE_PAYLOAD_SKF) != NULL);

	if (p->header[IKE_EXCHANGE_TYPE] == IKE_SA_INIT || n == 1)
		return 0;
	return reject_set(reject, REJECT_MISSING, "SK", S("3.14"), IKE_HEADER_SIZE, n);
}

static int check_fragment(const struct packet *p, struct reject *reject)
{
	const struct element_value *e = packet_find(p, 0, IKE_PAYLOAD_SKF);

	if (!e)
		return 0;
	struct reader r = reader_of(e->value);
	unsigned number = read_u16(&r), total = read_u16(&r);
	if (number <= total)
		return 0;
	return reject_set(reject, REJECT_VALUE, "Fragment Number", "RFC 7383 §2.5", e->offset + 4,
		number);
}

int ike_decode(struct view datagram, struct packet *packet, struct reject *reject)
{
	if (wire_decode(&ike_protocol, datagram, packet, reject) < 0)
		return -1;
	return check_encrypted(packet, reject) < 0 ? -1 : check_fragment(packet, reject);
}

int ike_decode_inside(const struct packet *outer, uint32_t first, struct view octets,
	struct packet *inside, struct reject *reject)
{
	inside->protocol = &ike_inside_protocol;
	inside->message = NULL;
	inside->element_count = 0;
	memcpy(inside->header, outer->header, sizeof(inside->header));
	if (wire_parse_elements(&ike_inside_protocol, first, octets, inside, reject) < 0)
		return -1;
	if (wire_identify(inside, reject) < 0)
		return -1;
	return wire_check(inside, reject);
}

const struct element_value *ike_critical(const struct packet *packet)
{
	for (unsigned i = 0; i < packet->element_count; i++)
		if (!packet->elements[i].element && (packet->elements[i].flags & IKE_CRITICAL ||
			MUTANT(ike_unknown_is_critical)) && !MUTANT(ike_nothing_is_critical))
			return &packet->elements[i];
	return NULL;
}
