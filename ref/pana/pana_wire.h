// SPDX-License-Identifier: Apache-2.0
/*
 * PANA on the wire (RFC 5191 §6 to §8, RFC 5873 §4, RFC 6345, RFC 6786), and the vendor AVPs by
 * which media-independent pre-authentication runs over an established session (docs/pana.md).
 *
 * The tables are the format: pana_protocol decodes, encodes, checks and names everything here
 * through ref/base/wire.h. The several kinds of one message (PAR with S, plain, with C) are rows
 * of one name; the first row of a name is the one without S and C.
 */
#ifndef BATON_PANA_WIRE_H
#define BATON_PANA_WIRE_H

#include "ref/base/engine.h"
#include "ref/base/wire.h"

extern const struct protocol pana_protocol;

#define PANA_PORT 716 /* RFC 5191 §6.1 */
#define PANA_HEADER_SIZE 16
#define PANA_DATAGRAM_MAX 65507

/* Indices of header fields in struct packet. */
enum pana_header {
	PANA_RESERVED,
	PANA_LENGTH,
	PANA_FLAGS,
	PANA_TYPE,
	PANA_SESSION,
	PANA_SEQUENCE,
};

enum pana_flag {
	PANA_R = 0x8000, /* Request */
	PANA_S = 0x4000, /* Start */
	PANA_C = 0x2000, /* Complete */
	PANA_A = 0x1000, /* re-Authentication */
	PANA_P = 0x0800, /* Ping */
	PANA_I = 0x0400, /* IP Reconfiguration */
	PANA_E = 0x0200, /* prE-authentication, RFC 5873 §4 */
};

enum pana_type {
	PANA_CLIENT_INITIATION = 1,
	PANA_AUTH = 2,
	PANA_TERMINATION = 3,
	PANA_NOTIFICATION = 4,
	PANA_RELAY = 5, /* RFC 6345 */
};

enum pana_avp {
	PANA_AVP_AUTH = 1,
	PANA_AVP_EAP_PAYLOAD = 2,
	PANA_AVP_INTEGRITY_ALGORITHM = 3,
	PANA_AVP_KEY_ID = 4,
	PANA_AVP_NONCE = 5,
	PANA_AVP_PRF_ALGORITHM = 6,
	PANA_AVP_RESULT_CODE = 7,
	PANA_AVP_SESSION_LIFETIME = 8,
	PANA_AVP_TERMINATION_CAUSE = 9,
	PANA_AVP_PAC_INFORMATION = 10,	    /* RFC 6345 */
	PANA_AVP_RELAYED_MESSAGE = 11,	    /* RFC 6345 */
	PANA_AVP_ENCRYPTION_ENCAP = 12,	    /* RFC 6786 */
	PANA_AVP_ENCRYPTION_ALGORITHM = 13, /* RFC 6786 */
};

/* The enterprise number that RFC 5612 sets aside for documentation. */
#define PANA_VENDOR 32473

/* AVPs of PANA_VENDOR, carried in PNR with the P bit, Neighbour in the last PAR; docs/pana.md. */
enum pana_vendor_avp {
	PANA_MPA_ADDRESS_REQUEST = 1,
	PANA_MPA_ADDRESS_CONTEXT = 2,
	PANA_MPA_ADDRESS_RELEASE = 3,
	PANA_MPA_TUNNEL_REQUEST = 4,
	PANA_MPA_TUNNEL_PARAMETERS = 5,
	PANA_MPA_TUNNEL_DELETE = 6,
	PANA_MPA_BUFFER_CONTROL = 7,
	PANA_MPA_HANDOVER_STATUS = 8,
	PANA_MPA_AP_KEY_REQUEST = 9,
	PANA_MPA_AP_KEYS = 10,
	PANA_MPA_NEIGHBOUR = 11,
};

#define MPA_APS_MAX 16	      /* access points in one AP-Keys */
#define MPA_NEIGHBOURS_MAX 16 /* Neighbours in one PAR */

/* RFC 5191 §8.7 */
enum pana_result { PANA_SUCCESS, PANA_AUTHENTICATION_REJECTED, PANA_AUTHORIZATION_REJECTED };

/* RFC 5191 §8.9 */
enum pana_cause { PANA_LOGOUT = 1, PANA_ADMINISTRATIVE = 4, PANA_SESSION_TIMEOUT = 8 };

/* Numbers of IKEv2 transforms (types 2 and 3). The SHA-1 ones are what RFC 5191 §8.3, §8.6 ask
 * everybody to have. */
enum pana_prf { PANA_PRF_HMAC_SHA1 = 2, PANA_PRF_HMAC_SHA2_256 = 5 };
enum pana_integrity {
	PANA_AUTH_HMAC_SHA1_160 = 7,
	PANA_AUTH_HMAC_SHA2_256_128 = 12,
};

/* RFC 6786 §4 */
enum pana_encryption { PANA_AES128_CTR = 1 };

#define PANA_NONCE_MIN 8 /* RFC 5191 §8.5 */
#define PANA_NONCE_MAX 256

/* Flags of a packet, without a check. */
static inline unsigned pana_flags(const struct packet *p)
{
	return (unsigned)p->header[PANA_FLAGS];
}

/* Whether its R flag is set. */
static inline bool pana_is_request(const struct packet *p)
{
	return p->header[PANA_FLAGS] & PANA_R;
}

/*
 * A name for people and logs, with the flags that make a difference: "PAR-S", "PNR-P-E", "PTA".
 * `out` of `size` octets is always terminated; 16 octets are enough. Returns `out`.
 */
const char *pana_text(const struct packet *p, char *out, size_t size);

/* The Termination-Cause of a PTR by its name in the specification: static. */
const char *pana_cause_name(const struct packet *p);

/* The first EAP-Payload, or an empty view. */
struct view pana_eap(const struct packet *p);

/*
 * Decodes a datagram in the order of RFC 5191 §5.5: header, type and flags, AVPs. 0, or -1 with
 * `*reject`.
 */
int pana_decode(struct view datagram, struct packet *p, struct reject *reject);

#endif
