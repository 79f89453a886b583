// SPDX-License-Identifier: Apache-2.0
/*
 * RADIUS as an authenticator needs it: packets of RFC 2865 with the attributes of RFC 2869 and
 * RFC 3579 that carry EAP, and the key attributes of RFC 2548.
 *
 * Vendor-specific attributes (type 26) are decoded one level down by radius_vendor_next; the
 * message table sees them as opaque.
 */
#ifndef BATON_RADIUS_WIRE_H
#define BATON_RADIUS_WIRE_H

#include "ref/base/wire.h"

#define RADIUS_PORT 1812
#define RADIUS_MESSAGE_MIN 20
#define RADIUS_MESSAGE_MAX 4096 /* RFC 2865 §3 */
#define RADIUS_ATTRIBUTE_MAX 253
#define RADIUS_AUTHENTICATOR_SIZE 16
#define RADIUS_AUTHENTICATOR_AT 4 /* octet of the message */
#define RADIUS_SECRET_MAX 128

enum radius_header {
	RADIUS_CODE,
	RADIUS_IDENTIFIER,
	RADIUS_LENGTH,
	RADIUS_AUTHENTICATOR_HIGH, /* the 16 octets of the Authenticator as two numbers */
	RADIUS_AUTHENTICATOR_LOW,
};

enum radius_code {
	RADIUS_ACCESS_REQUEST = 1,
	RADIUS_ACCESS_ACCEPT = 2,
	RADIUS_ACCESS_REJECT = 3,
	RADIUS_ACCESS_CHALLENGE = 11,
};

enum radius_attribute {
	RADIUS_USER_NAME = 1,
	RADIUS_NAS_IP_ADDRESS = 4,
	RADIUS_NAS_PORT = 5,
	RADIUS_SERVICE_TYPE = 6,
	RADIUS_FRAMED_MTU = 12,
	RADIUS_REPLY_MESSAGE = 18,
	RADIUS_STATE = 24,
	RADIUS_CLASS = 25,
	RADIUS_VENDOR_SPECIFIC = 26,
	RADIUS_SESSION_TIMEOUT = 27,
	RADIUS_TERMINATION_ACTION = 29,
	RADIUS_CALLED_STATION_ID = 30,
	RADIUS_CALLING_STATION_ID = 31,
	RADIUS_NAS_IDENTIFIER = 32,
	RADIUS_PROXY_STATE = 33,
	RADIUS_NAS_PORT_TYPE = 61,
	RADIUS_EAP_MESSAGE = 79,
	RADIUS_MESSAGE_AUTHENTICATOR = 80,
	RADIUS_NAS_IPV6_ADDRESS = 95,
};

#define RADIUS_VENDOR_MICROSOFT 311
enum radius_microsoft { MS_MPPE_SEND_KEY = 16, MS_MPPE_RECV_KEY = 17 };

extern const struct protocol radius_protocol;

/*
 * Octets beyond Length are padding (RFC 2865 §3): *datagram is shortened to the packet that it
 * holds. 0, or -1 with *reject filled: Length is more than a packet may have.
 */
int radius_trim(struct view *datagram, struct reject *reject);

/* Trims and decodes. 0, or -1 with *reject filled. */
int radius_decode(struct view *datagram, struct packet *packet, struct reject *reject);

/*
 * The next vendor attribute inside a Vendor-Specific value: type in *type, its octets returned.
 * `r` starts as reader_of(value) and must have had its 4-octet vendor identifier read. An empty
 * view with r->failed set when the value is malformed; an empty view otherwise at the end.
 */
struct view radius_vendor_next(struct reader *r, uint8_t *type);

#endif
