// SPDX-License-Identifier: Apache-2.0
/*
 * EAP packets (RFC 3748 §4 and §5): one decoder, one encoder, and the numbers. The rows of
 * eap_protocol hold the header; what follows the Type is the business of its method.
 */
#ifndef BATON_EAP_EAP_PACKET_H
#define BATON_EAP_EAP_PACKET_H

#include "ref/base/reject.h"
#include "ref/base/wire.h"
#include "ref/base/writer.h"

enum eap_code { /* RFC 3748 §4 */
	EAP_CODE_REQUEST = 1,
	EAP_CODE_RESPONSE = 2,
	EAP_CODE_SUCCESS = 3,
	EAP_CODE_FAILURE = 4,
};

enum eap_type { /* RFC 3748 §5; 13: RFC 5216; 47: RFC 4764 */
	EAP_TYPE_NONE = 0,
	EAP_TYPE_IDENTITY = 1,
	EAP_TYPE_NOTIFICATION = 2,
	EAP_TYPE_NAK = 3,
	EAP_TYPE_MD5 = 4,
	EAP_TYPE_TLS = 13,
	EAP_TYPE_PSK = 47,
	EAP_TYPE_EXPANDED = 254,
	EAP_TYPE_EXPERIMENTAL = 255,
};

#define EAP_HEADER_SIZE 4   /* Code, Identifier, Length */
#define EAP_EXPANDED_SIZE 8 /* Type 254, Vendor-Id, Vendor-Type */

#define EAP_MTU_MIN 64	    /* of a configuration; only EAP-TLS fits into so little */
#define EAP_MTU_MAX 4096    /* no end sends a larger packet */

/* One packet. Type and data only in a Request or Response. */
struct eap_packet {
	uint8_t code; /* enum eap_code */
	uint8_t identifier;
	uint32_t vendor; /* 0 and the type below 254: an ordinary type (RFC 3748 §5.7) */
	uint32_t type;	 /* Type, or Vendor-Type of an expanded packet */
	bool expanded;	 /* the packet had the expanded form */
	struct view data; /* Type-Data; points into the datagram */
	struct view whole; /* of a decoded packet: from Code to its Length, without padding */
};

/* The header as rows, for printing and for suites; its messages are Request, Response, Success,
 * Failure. */
extern const struct protocol eap_protocol;

/* Names of codes and types, as users read and write them. */
extern const struct name eap_code_names[], eap_type_names[];

/*
 * Reads the EAP packet at the start of `datagram`. Octets after its Length are padding of the
 * lower layer and ignored (RFC 3748 §4.1). An expanded type with Vendor-Id 0 and a Vendor-Type
 * below 254 comes back as the ordinary type it stands for, `expanded` set (§5.7). 0, or -1 with
 * `*reject` filled.
 */
int eap_decode(struct view datagram, struct eap_packet *packet, struct reject *reject);

/*
 * Writes `packet`. With a vendor, or a type above 255, or `expanded` set, in the expanded form.
 * Fails only through the writer.
 */
void eap_encode(const struct eap_packet *packet, struct writer *w);

/* "EAP-TLS", "Identity", ...; "unknown" when the type has no name here. Static. */
const char *eap_type_name(uint32_t type);

/* The type of that name, without regard to case, the "EAP-" optional; EAP_TYPE_NONE if there is
 * none. */
enum eap_type eap_type_by_name(const char *name);

#endif
