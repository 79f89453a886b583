// SPDX-License-Identifier: Apache-2.0
/*
 * DHCP messages (RFC 2131 §2) and options (RFC 2132). The fixed part and the options are rows of
 * dhcp_protocol; options are not quite elements (one octet of code and of length, pad and end
 * without either, more of them in the file and sname fields), so reading and writing them is code
 * here, while names, bounds and occurrence are checked and printed by the tables.
 */
#ifndef BATON_DHCP_DHCP_PACKET_H
#define BATON_DHCP_DHCP_PACKET_H

#include "ref/base/wire.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define DHCP_FIXED_SIZE 240    /* up to and with the magic cookie */
#define DHCP_MESSAGE_MIN 300   /* what is shorter, BOOTP relays may drop (RFC 1542 §2.1) */
#define DHCP_MESSAGE_MAX 1472  /* what this client takes and says so in option 57 */

enum dhcp_message_type { /* RFC 2132 §9.6 */
	DHCP_DISCOVER = 1,
	DHCP_OFFER = 2,
	DHCP_REQUEST = 3,
	DHCP_DECLINE = 4,
	DHCP_ACK = 5,
	DHCP_NAK = 6,
	DHCP_RELEASE = 7,
	DHCP_INFORM = 8,
};

enum dhcp_option { /* RFC 2132; 82: RFC 3046; 90: RFC 3118 */
	DHCP_OPTION_PAD = 0,
	DHCP_OPTION_SUBNET_MASK = 1,
	DHCP_OPTION_ROUTER = 3,
	DHCP_OPTION_DNS = 6,
	DHCP_OPTION_HOST_NAME = 12,
	DHCP_OPTION_DOMAIN_NAME = 15,
	DHCP_OPTION_MTU = 26,
	DHCP_OPTION_BROADCAST = 28,
	DHCP_OPTION_REQUESTED_ADDRESS = 50,
	DHCP_OPTION_LEASE_TIME = 51,
	DHCP_OPTION_OVERLOAD = 52,
	DHCP_OPTION_MESSAGE_TYPE = 53,
	DHCP_OPTION_SERVER_ID = 54,
	DHCP_OPTION_PARAMETERS = 55,
	DHCP_OPTION_MESSAGE = 56,
	DHCP_OPTION_MAX_SIZE = 57,
	DHCP_OPTION_RENEWAL_TIME = 58,
	DHCP_OPTION_REBINDING_TIME = 59,
	DHCP_OPTION_VENDOR_CLASS = 60,
	DHCP_OPTION_CLIENT_ID = 61,
	DHCP_OPTION_RELAY_AGENT = 82,
	DHCP_OPTION_AUTHENTICATION = 90,
	DHCP_OPTION_END = 255,
};

/* Header fields of dhcp_protocol by index in packet.header. */
enum dhcp_header {
	DHCP_OP,
	DHCP_HTYPE,
	DHCP_HLEN,
	DHCP_HOPS,
	DHCP_XID,
	DHCP_SECS,
	DHCP_FLAGS,
	DHCP_CIADDR,
	DHCP_YIADDR,
	DHCP_SIADDR,
	DHCP_GIADDR,
};

#define DHCP_BOOTREQUEST 1
#define DHCP_BOOTREPLY 2
#define DHCP_FLAG_BROADCAST 0x8000

/* Addresses in the header are numbers in host byte order, as read_u32 gives them. */
struct dhcp_packet {
	struct packet packet; /* header and options, in the order of RFC 3396 §5: options, file,
				 sname */
	uint8_t chaddr[16];
	struct view sname, file; /* in the datagram; meaningless when they hold options */
};

extern const struct protocol dhcp_protocol;

/* What is where in a message, its options not checked. As dhcp_decode otherwise. */
int dhcp_parse(struct view datagram, struct dhcp_packet *packet, struct reject *reject);

/*
 * Reads and checks one message: structure, message type, occurrence of options, bounds of values.
 * Result points into `datagram`. 0, or -1 with `*reject` filled.
 */
int dhcp_decode(struct view datagram, struct dhcp_packet *packet, struct reject *reject);

/* Writes the message, closed by the end option and padded with zeros to DHCP_MESSAGE_MIN; a value
 * of more than 255 octets is split (RFC 3396 §6). Checks nothing. Fails only through `w`. */
void dhcp_encode(const struct dhcp_packet *packet, struct writer *w);

/* An empty message of that type: op, htype 1, hlen 6, option 53. */
struct dhcp_packet dhcp_packet_of(enum dhcp_message_type type);

/* Appends an option; `value` must outlive the packet. False when the packet is full. */
bool dhcp_add(struct dhcp_packet *packet, unsigned code, struct view value);

/* The message type; 0 when there is none. */
unsigned dhcp_type(const struct dhcp_packet *packet);

/* An option's value put together from all its parts (RFC 3396 §7); the octets it has in all, of
 * which at most `size` are written; -1 when it is not there. */
int dhcp_option_copy(const struct dhcp_packet *packet, unsigned code, void *out, size_t size);

/* An option that is one IPv4 address, or the first of several; 0 when it is not there. Host byte
 * order. */
uint32_t dhcp_option_address(const struct dhcp_packet *packet, unsigned code);

#endif
