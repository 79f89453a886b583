// SPDX-License-Identifier: Apache-2.0
/*
 * The messages of IKEv1 as tables: ISAKMP (RFC 2408 §3), its IPsec domain of interpretation (RFC
 * 2407 §4), the exchanges of IKE (RFC 2409 §5), dead peer detection (RFC 3706), NAT traversal (RFC
 * 3947), and address change (docs/address-change.md).
 *
 * isakmp_protocol is a message in the clear, whether it came so or was decrypted. Its first
 * messages are the exchanges, by exchange type and the E flag; after them stand the single messages
 * of each exchange (MM1 to MM6, QM1 to QM3), which nothing in the header tells apart: a receiver
 * knows by its state which one it is (isakmp_check). isakmp_sealed_protocol is an encrypted message
 * from outside: a header, and octets. What nests inside SA, ID, N and D: ref/isakmp/isakmp_payload.h.
 */
#ifndef BATON_ISAKMP_ISAKMP_WIRE_H
#define BATON_ISAKMP_ISAKMP_WIRE_H

#include "ref/base/wire.h"

#define ISAKMP_PORT 500
#define ISAKMP_NAT_PORT 4500
#define ISAKMP_HEADER_SIZE 28
#define ISAKMP_VERSION 0x10 /* major version 1, minor 0 */

/* Indices in the header, RFC 2408 §3.1. */
enum {
	ISAKMP_CKY_I,
	ISAKMP_CKY_R,
	ISAKMP_NEXT_PAYLOAD,
	ISAKMP_VERSIONS,
	ISAKMP_EXCHANGE_TYPE,
	ISAKMP_FLAGS,
	ISAKMP_MESSAGE_ID,
	ISAKMP_LENGTH,
};

/* RFC 2408 §3.1, RFC 2409 §A. */
enum isakmp_exchange {
	ISAKMP_IDENTITY_PROTECTION = 2, /* main mode */
	ISAKMP_AGGRESSIVE = 4,
	ISAKMP_INFORMATIONAL = 5,
	ISAKMP_QUICK_MODE = 32,
};

enum isakmp_flag {
	ISAKMP_FLAG_ENCRYPTION = 0x01,
	ISAKMP_FLAG_COMMIT = 0x02,
	ISAKMP_FLAG_AUTH_ONLY = 0x04,
};

enum isakmp_payload {
	ISAKMP_PAYLOAD_SA = 1,
	ISAKMP_PAYLOAD_PROPOSAL = 2, /* only inside SA */
	ISAKMP_PAYLOAD_TRANSFORM = 3, /* only inside a proposal */
	ISAKMP_PAYLOAD_KE = 4,
	ISAKMP_PAYLOAD_ID = 5,
	ISAKMP_PAYLOAD_CERT = 6,
	ISAKMP_PAYLOAD_CR = 7,
	ISAKMP_PAYLOAD_HASH = 8,
	ISAKMP_PAYLOAD_SIG = 9,
	ISAKMP_PAYLOAD_NONCE = 10,
	ISAKMP_PAYLOAD_N = 11,
	ISAKMP_PAYLOAD_D = 12,
	ISAKMP_PAYLOAD_VID = 13,
	ISAKMP_PAYLOAD_NAT_D = 20, /* RFC 3947 §3.2 */
	ISAKMP_PAYLOAD_NAT_OA = 21, /* RFC 3947 §5.2 */
	ISAKMP_PAYLOAD_PRIVATE = 128, /* the first of those for private use, RFC 2408 §3.1 */
};

#define ISAKMP_DOI_IPSEC 1	   /* RFC 2407 §4.2 */
#define ISAKMP_SIT_IDENTITY_ONLY 1 /* RFC 2407 §4.2.1 */

/* RFC 2407 §4.4.1. */
enum isakmp_security_protocol { ISAKMP_PROTO_ISAKMP = 1, ISAKMP_PROTO_AH, ISAKMP_PROTO_ESP };

#define ISAKMP_KEY_IKE 1 /* the one transform of ISAKMP, RFC 2407 §4.4.2.1 */

/* Attributes of an ISAKMP SA and their values, RFC 2409 §A. */
enum isakmp_oakley {
	ISAKMP_OAKLEY_ENCR = 1,
	ISAKMP_OAKLEY_HASH = 2,
	ISAKMP_OAKLEY_AUTH = 3,
	ISAKMP_OAKLEY_GROUP = 4,
	ISAKMP_OAKLEY_LIFE_TYPE = 11,
	ISAKMP_OAKLEY_LIFE_DURATION = 12,
	ISAKMP_OAKLEY_KEY_LENGTH = 14,
};
enum isakmp_encr { ISAKMP_ENCR_3DES = 5, ISAKMP_ENCR_AES = 7 };
enum isakmp_hash {
	ISAKMP_HASH_MD5 = 1,
	ISAKMP_HASH_SHA1 = 2,
	ISAKMP_HASH_SHA2_256 = 4, /* registered after RFC 2409, as the rest */
	ISAKMP_HASH_SHA2_384 = 5,
	ISAKMP_HASH_SHA2_512 = 6,
};
enum isakmp_auth { ISAKMP_AUTH_PSK = 1, ISAKMP_AUTH_RSA_SIGNATURE = 3 };
enum isakmp_life { ISAKMP_LIFE_SECONDS = 1, ISAKMP_LIFE_KILOBYTES = 2 };

/* ESP transforms (RFC 2407 §4.4.4 and the registry) and SA attributes (§4.5). */
enum isakmp_esp {
	ISAKMP_ESP_3DES = 3,
	ISAKMP_ESP_NULL = 11,
	ISAKMP_ESP_AES = 12,
	ISAKMP_ESP_AES_GCM_8 = 18,
	ISAKMP_ESP_AES_GCM_12 = 19,
	ISAKMP_ESP_AES_GCM_16 = 20,
};
enum isakmp_ipsec {
	ISAKMP_IPSEC_LIFE_TYPE = 1,
	ISAKMP_IPSEC_LIFE_DURATION = 2,
	ISAKMP_IPSEC_GROUP = 3,
	ISAKMP_IPSEC_MODE = 4,
	ISAKMP_IPSEC_AUTH = 5,
	ISAKMP_IPSEC_KEY_LENGTH = 6,
};
enum isakmp_mode {
	ISAKMP_MODE_TUNNEL = 1,
	ISAKMP_MODE_TRANSPORT = 2,
	ISAKMP_MODE_UDP_TUNNEL = 3, /* RFC 3947 §5.1 */
	ISAKMP_MODE_UDP_TRANSPORT = 4,
};
enum isakmp_integ {
	ISAKMP_INTEG_MD5 = 1,
	ISAKMP_INTEG_SHA1 = 2,
	ISAKMP_INTEG_SHA2_256 = 5, /* RFC 4868 */
	ISAKMP_INTEG_SHA2_384 = 6,
	ISAKMP_INTEG_SHA2_512 = 7,
};

/* RFC 2407 §4.6.2.1. */
enum isakmp_id_type {
	ISAKMP_ID_IPV4_ADDR = 1,
	ISAKMP_ID_FQDN = 2,
	ISAKMP_ID_USER_FQDN = 3,
	ISAKMP_ID_IPV4_ADDR_SUBNET = 4,
	ISAKMP_ID_IPV6_ADDR = 5,
	ISAKMP_ID_IPV6_ADDR_SUBNET = 6,
	ISAKMP_ID_IPV4_ADDR_RANGE = 7,
	ISAKMP_ID_IPV6_ADDR_RANGE = 8,
	ISAKMP_ID_DER_ASN1_DN = 9,
	ISAKMP_ID_KEY_ID = 11,
};

#define ISAKMP_CERT_X509_SIGNATURE 4 /* RFC 2408 §3.9 */

/* RFC 2408 §3.14.1, RFC 2407 §4.6.3; from 16384 on status, before that errors. */
enum isakmp_notify {
	ISAKMP_N_INVALID_PAYLOAD_TYPE = 1,
	ISAKMP_N_INVALID_COOKIE = 4,
	ISAKMP_N_INVALID_EXCHANGE_TYPE = 7,
	ISAKMP_N_INVALID_MESSAGE_ID = 9,
	ISAKMP_N_INVALID_SPI = 11,
	ISAKMP_N_NO_PROPOSAL_CHOSEN = 14,
	ISAKMP_N_PAYLOAD_MALFORMED = 16,
	ISAKMP_N_INVALID_KEY_INFORMATION = 17,
	ISAKMP_N_INVALID_ID_INFORMATION = 18,
	ISAKMP_N_INVALID_CERTIFICATE = 20,
	ISAKMP_N_INVALID_HASH_INFORMATION = 23,
	ISAKMP_N_AUTHENTICATION_FAILED = 24,
	ISAKMP_N_INVALID_SIGNATURE = 25,
	ISAKMP_N_STATUS = 16384, /* the first that is no error */
	ISAKMP_N_CONNECTED = 16384,
	ISAKMP_N_RESPONDER_LIFETIME = 24576,
	ISAKMP_N_REPLAY_STATUS = 24577,
	ISAKMP_N_INITIAL_CONTACT = 24578,
	ISAKMP_N_R_U_THERE = 36136, /* RFC 3706 §5.2 */
	ISAKMP_N_R_U_THERE_ACK = 36137,
	/* address change, of the range for private use: docs/address-change.md §3 */
	ISAKMP_N_ADDRESS_CHANGE = 32769,
	ISAKMP_N_MIGRATION_COMPLETED,
	ISAKMP_N_ADDRESS_EXPIRED,
	ISAKMP_N_ADDRESS_CHANGE_COOKIE,
	ISAKMP_N_ADDRESS_CHANGE_REFUSED,
};

/* The single messages, RFC 2409 §5.1, §5.4, §5.5. */
enum isakmp_single {
	ISAKMP_MM1,
	ISAKMP_MM2,
	ISAKMP_MM3,
	ISAKMP_MM4,
	ISAKMP_MM5,
	ISAKMP_MM6,
	ISAKMP_QM1,
	ISAKMP_QM2,
	ISAKMP_QM3,
};

extern const struct protocol isakmp_protocol, isakmp_sealed_protocol;
/* The header, for tables of the same messages elsewhere. */
extern const struct field isakmp_header_fields[];

/* Names of numbers; lists end with a row whose name is NULL. */
extern const struct name isakmp_notify_names[], isakmp_oakley_names[], isakmp_encr_names[],
	isakmp_hash_names[], isakmp_auth_names[], isakmp_group_names[], isakmp_life_names[],
	isakmp_esp_names[], isakmp_ipsec_names[], isakmp_mode_names[], isakmp_integ_names[],
	isakmp_id_names[], isakmp_protocol_names[];

/*
 * A datagram after the non-ESP marker. An encrypted one is a packet of isakmp_sealed_protocol
 * without elements, its ciphertext isakmp_sealed(). 0 or -1.
 */
int isakmp_decode(struct view datagram, struct packet *packet, struct reject *reject);

/* Whether its Encryption bit is set: what follows the header is ciphertext. */
static inline bool isakmp_is_sealed(const struct packet *p)
{
	return p->header[ISAKMP_FLAGS] & ISAKMP_FLAG_ENCRYPTION;
}

/* The ciphertext of a datagram that isakmp_decode took. */
struct view isakmp_sealed(struct view datagram);

/*
 * What an encrypted message held, padding included; `outer` is its decoded header. Padding is at
 * most `block` octets: RFC 2409 §B asks for what is missing to a whole block, and there are
 * implementations that add a block where nothing is. 0 with *size the octets of the payloads, or -1.
 */
int isakmp_decode_inside(const struct packet *outer, struct view octets, size_t block,
	struct packet *inside, size_t *size, struct reject *reject);

/* Whether the payloads are those of that message. 0 or -1. */
int isakmp_check(struct packet *packet, enum isakmp_single step, struct reject *reject);

#endif
