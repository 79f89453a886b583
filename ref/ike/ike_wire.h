// SPDX-License-Identifier: Apache-2.0
/*
 * The messages of IKEv2 (RFC 7296 §3, RFC 7383 §2.5, RFC 4555 §4) as tables.
 *
 * ike_protocol describes what crosses the wire: IKE_SA_INIT in the clear, every other exchange as
 * one Encrypted payload. ike_inside_protocol has the same header and payloads and says what may
 * stand inside the Encrypted payload of each exchange. Payloads that hold structures of their own
 * (SA, TSi, TSr, CP, N, D) are opaque to the tables; ref/ike/ike_payload.h goes on from there.
 */
#ifndef BATON_IKE_IKE_WIRE_H
#define BATON_IKE_IKE_WIRE_H

#include "ref/base/wire.h"

#define IKE_PORT 500
#define IKE_NAT_PORT 4500
#define IKE_HEADER_SIZE 28
#define IKE_VERSION 0x20 /* major version 2, minor 0 */

/* Indices in the header, RFC 7296 §3.1. */
enum {
	IKE_SPI_I,
	IKE_SPI_R,
	IKE_NEXT_PAYLOAD,
	IKE_VERSIONS,
	IKE_EXCHANGE_TYPE,
	IKE_FLAGS,
	IKE_MESSAGE_ID,
	IKE_LENGTH,
};

enum ike_exchange {
	IKE_SA_INIT = 34,
	IKE_AUTH = 35,
	IKE_CREATE_CHILD_SA = 36,
	IKE_INFORMATIONAL = 37,
};

enum ike_flag { IKE_FLAG_INITIATOR = 0x08, IKE_FLAG_VERSION = 0x10, IKE_FLAG_RESPONSE = 0x20 };
#define IKE_CRITICAL 0x80 /* of an element's flags, RFC 7296 §3.2 */

enum ike_payload {
	IKE_PAYLOAD_SA = 33,
	IKE_PAYLOAD_KE = 34,
	IKE_PAYLOAD_IDI = 35,
	IKE_PAYLOAD_IDR = 36,
	IKE_PAYLOAD_CERT = 37,
	IKE_PAYLOAD_CERTREQ = 38,
	IKE_PAYLOAD_AUTH = 39,
	IKE_PAYLOAD_NONCE = 40,
	IKE_PAYLOAD_NOTIFY = 41,
	IKE_PAYLOAD_DELETE = 42,
	IKE_PAYLOAD_VENDOR = 43,
	IKE_PAYLOAD_TSI = 44,
	IKE_PAYLOAD_TSR = 45,
	IKE_PAYLOAD_SK = 46,
	IKE_PAYLOAD_CP = 47,
	IKE_PAYLOAD_EAP = 48,
	IKE_PAYLOAD_SKF = 53, /* RFC 7383 §2.5 */
};

/* Security protocol identifiers, RFC 7296 §3.3.1. */
enum ike_security_protocol {
	IKE_PROTOCOL_NONE,
	IKE_PROTOCOL_IKE,
	IKE_PROTOCOL_AH,
	IKE_PROTOCOL_ESP,
};

/* Transform types and identifiers, RFC 7296 §3.3.2 and the registries it opened. */
enum ike_transform_type {
	IKE_TRANSFORM_ENCR = 1,
	IKE_TRANSFORM_PRF,
	IKE_TRANSFORM_INTEG,
	IKE_TRANSFORM_DH,
	IKE_TRANSFORM_ESN,
};

/* What is marked old is for IKEv1 peers of its time and only used where it is configured. */
enum ike_encr {
	IKE_ENCR_3DES = 3, /* old, RFC 2451 */
	IKE_ENCR_NULL = 11,
	IKE_ENCR_AES_CBC = 12,
	IKE_ENCR_AES_GCM_8 = 18, /* RFC 4106, RFC 5282 */
	IKE_ENCR_AES_GCM_12 = 19,
	IKE_ENCR_AES_GCM_16 = 20,
	IKE_ENCR_CHACHA20_POLY1305 = 28, /* RFC 7634 */
};

enum ike_prf {
	IKE_PRF_HMAC_MD5 = 1, /* old, RFC 2104 */
	IKE_PRF_HMAC_SHA1 = 2,
	IKE_PRF_HMAC_SHA2_256 = 5, /* RFC 4868 */
	IKE_PRF_HMAC_SHA2_384 = 6,
	IKE_PRF_HMAC_SHA2_512 = 7,
};

enum ike_integ {
	IKE_INTEG_NONE = 0,
	IKE_INTEG_HMAC_MD5_96 = 1, /* old, RFC 2403 */
	IKE_INTEG_HMAC_SHA1_96 = 2,
	IKE_INTEG_HMAC_SHA2_256_128 = 12,
	IKE_INTEG_HMAC_SHA2_384_192 = 13,
	IKE_INTEG_HMAC_SHA2_512_256 = 14,
};

enum ike_dh {
	IKE_DH_NONE = 0,
	IKE_DH_MODP_1024 = 2, /* old, RFC 2409 §6.2 */
	IKE_DH_MODP_1536 = 5, /* old, RFC 3526 */
	IKE_DH_MODP_2048 = 14, /* RFC 3526 */
	IKE_DH_MODP_3072 = 15,
	IKE_DH_MODP_4096 = 16,
	IKE_DH_ECP_256 = 19, /* RFC 5903 */
	IKE_DH_ECP_384 = 20,
	IKE_DH_CURVE25519 = 31, /* RFC 8031 */
};

enum ike_esn { IKE_ESN_NO, IKE_ESN_YES };

#define IKE_ATTRIBUTE_KEY_LENGTH 14 /* RFC 7296 §3.3.5 */

/* RFC 7296 §3.5. */
enum ike_id_type {
	IKE_ID_IPV4_ADDR = 1,
	IKE_ID_FQDN = 2,
	IKE_ID_RFC822_ADDR = 3,
	IKE_ID_IPV6_ADDR = 5,
	IKE_ID_DER_ASN1_DN = 9,
	IKE_ID_KEY_ID = 11,
};

/* RFC 7296 §3.8. */
enum ike_auth_method {
	IKE_METHOD_RSA = 1,
	IKE_METHOD_SHARED_KEY = 2,
	IKE_METHOD_SIGNATURE = 14, /* RFC 7427 */
};

/* RFC 7296 §3.10.1; from 16384 on status, before that errors. */
enum ike_notify {
	IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD = 1,
	IKE_N_INVALID_IKE_SPI = 4,
	IKE_N_INVALID_MAJOR_VERSION = 5,
	IKE_N_INVALID_SYNTAX = 7,
	IKE_N_INVALID_MESSAGE_ID = 9,
	IKE_N_INVALID_SPI = 11,
	IKE_N_NO_PROPOSAL_CHOSEN = 14,
	IKE_N_INVALID_KE_PAYLOAD = 17,
	IKE_N_AUTHENTICATION_FAILED = 24,
	IKE_N_SINGLE_PAIR_REQUIRED = 34,
	IKE_N_NO_ADDITIONAL_SAS = 35,
	IKE_N_INTERNAL_ADDRESS_FAILURE = 36,
	IKE_N_FAILED_CP_REQUIRED = 37,
	IKE_N_TS_UNACCEPTABLE = 38,
	IKE_N_INVALID_SELECTORS = 39,
	IKE_N_UNACCEPTABLE_ADDRESSES = 40, /* RFC 4555 §4.1 */
	IKE_N_UNEXPECTED_NAT_DETECTED = 41,
	IKE_N_TEMPORARY_FAILURE = 43,
	IKE_N_CHILD_SA_NOT_FOUND = 44,
	IKE_N_STATUS = 16384, /* the first that is no error */
	IKE_N_INITIAL_CONTACT = 16384,
	IKE_N_SET_WINDOW_SIZE = 16385,
	IKE_N_ADDITIONAL_TS_POSSIBLE = 16386,
	IKE_N_IPCOMP_SUPPORTED = 16387,
	IKE_N_NAT_DETECTION_SOURCE_IP = 16388,
	IKE_N_NAT_DETECTION_DESTINATION_IP = 16389,
	IKE_N_COOKIE = 16390,
	IKE_N_USE_TRANSPORT_MODE = 16391,
	IKE_N_HTTP_CERT_LOOKUP_SUPPORTED = 16392,
	IKE_N_REKEY_SA = 16393,
	IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
	IKE_N_NON_FIRST_FRAGMENTS_ALSO = 16395,
	IKE_N_MOBIKE_SUPPORTED = 16396, /* RFC 4555 §4.2 */
	IKE_N_ADDITIONAL_IP4_ADDRESS = 16397,
	IKE_N_ADDITIONAL_IP6_ADDRESS = 16398,
	IKE_N_NO_ADDITIONAL_ADDRESSES = 16399,
	IKE_N_UPDATE_SA_ADDRESSES = 16400,
	IKE_N_COOKIE2 = 16401,
	IKE_N_NO_NATS_ALLOWED = 16402,
	IKE_N_MULTIPLE_AUTH_SUPPORTED = 16404,
	IKE_N_EAP_ONLY_AUTHENTICATION = 16417,
	IKE_N_CHILDLESS_IKEV2_SUPPORTED = 16418,
	IKE_N_IKEV2_FRAGMENTATION_SUPPORTED = 16430, /* RFC 7383 §2.3 */
	IKE_N_SIGNATURE_HASH_ALGORITHMS = 16431,     /* RFC 7427 §4 */
};

/* Configuration payload, RFC 7296 §3.15. */
enum ike_cfg_type { IKE_CFG_REQUEST = 1, IKE_CFG_REPLY, IKE_CFG_SET, IKE_CFG_ACK };
enum ike_cfg_attribute {
	IKE_CFG_INTERNAL_IP4_ADDRESS = 1,
	IKE_CFG_INTERNAL_IP4_NETMASK = 2,
	IKE_CFG_INTERNAL_IP4_DNS = 3,
	IKE_CFG_INTERNAL_IP4_DHCP = 6,
	IKE_CFG_INTERNAL_IP6_ADDRESS = 8,
	IKE_CFG_INTERNAL_IP6_DNS = 10,
	IKE_CFG_INTERNAL_IP4_SUBNET = 13,
	/* of private use, docs/ike.md: */
	IKE_CFG_MPA_LINK_ADDRESS = 28946,
	IKE_CFG_MPA_CLIENT_ID = 28947,
	IKE_CFG_MPA_ROUTER = 28948,
};

#define IKE_CERT_X509_SIGNATURE 4 /* certificate encoding, RFC 7296 §3.6 */

enum ike_ts_type { IKE_TS_IPV4_ADDR_RANGE = 7, IKE_TS_IPV6_ADDR_RANGE = 8 };

extern const struct protocol ike_protocol, ike_inside_protocol;

/* What they are made of, for others that see the same messages: the header, and the payloads that
 * end a chain. */
extern const struct field ike_header_fields[];
extern const uint32_t ike_closing[];

/* Names of numbers, for logs and tables; lists end with a row whose name is NULL. */
extern const struct name ike_notify_names[], ike_transform_type_names[], ike_encr_names[],
	ike_prf_names[], ike_integ_names[], ike_dh_names[], ike_esn_names[], ike_ts_names[],
	ike_cfg_attribute_names[];

/* The name of a number in such a list, or NULL. */
const char *ike_name(const struct name *names, uint32_t value);

/* The list for identifiers of that transform type; NULL: none. */
const struct name *ike_transform_names(unsigned type);

/*
 * A datagram after the non-ESP marker: structure, version, flags, message, occurrence. Unknown
 * payloads are left in place; ike_critical finds those that must not be. 0 or -1.
 */
int ike_decode(struct view datagram, struct packet *packet, struct reject *reject);

/*
 * What stood inside the Encrypted payload of `outer`, its first payload `first`. Fills `inside`
 * with outer's header and checks occurrence. 0 or -1.
 */
int ike_decode_inside(const struct packet *outer, uint32_t first, struct view octets,
	struct packet *inside, struct reject *reject);

/* The first payload nobody knows with the critical bit set (RFC 7296 §2.5), or NULL. */
const struct element_value *ike_critical(const struct packet *packet);

/* Whether its R flag is set. */
static inline bool ike_is_response(const struct packet *p)
{
	return p->header[IKE_FLAGS] & IKE_FLAG_RESPONSE;
}

#endif
