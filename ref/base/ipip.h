// SPDX-License-Identifier: Apache-2.0
/*
 * IP-in-IP (RFC 2003) while an address changes (docs/address-change.md §5.1), IPv4: what the two
 * headers say, and what of the inside is let through. Hosts have their kernel take tunnels apart;
 * `ipip_inside` is what they have it let through, and what is decoded here is held against.
 */
#ifndef BATON_BASE_IPIP_H
#define BATON_BASE_IPIP_H

#include "ref/base/reader.h"
#include "ref/base/reject.h"

#define IPIP_PROTOCOL 4 /* RFC 2003 §3.1 */

enum ipip_port {
	IPIP_IKE_PORT,
	IPIP_NAT_PORT, /* IKE and ESP in UDP, RFC 3948 */
	IPIP_PORTS,
	IPIP_NO_PORT = IPIP_PORTS,
};

/* One row: what is let through. The list ends with a row whose name is NULL; all else is not. */
struct ipip_inside {
	const char *name;
	uint8_t protocol;
	enum ipip_port port; /* where it goes */
};

extern const struct ipip_inside ipip_inside[];

/* Its port, of those in use here (host byte order); 0 when it has none. */
uint16_t ipip_port(const struct ipip_inside *row, const uint16_t ports[IPIP_PORTS]);

#define IPV4_HEADER_MIN 20

/* A header of RFC 791 §3.1; numbers and addresses in host byte order. */
struct ipv4 {
	uint8_t header_size; /* octets, options included */
	uint8_t service, ttl, protocol;
	uint16_t length, identification;
	uint16_t fragment; /* flags and offset as they stand */
	bool sum_right;
	uint32_t source, destination;
	struct view payload;
};

struct ipip_packet {
	struct ipv4 outer, inner;
	bool has_inner; /* not in a fragment, nor in what is of another protocol */
	const struct ipip_inside *inside; /* by ipip_decode */
};

/*
 * Where the headers are and what they say; octets behind a packet are none of it. 0, or -1 with
 * `*reject` filled (may be NULL; it must start zeroed): their boundaries are wrong.
 */
int ipip_parse(struct view octets, struct ipip_packet *packet, struct reject *reject);

/*
 * The same, and all that a receiver checks without knowing who is who: checksums, addresses that a
 * host can have, that one of the two hosts is the same outside and inside, and that what is inside
 * is in the list. 0 or -1.
 */
int ipip_decode(struct view octets, const uint16_t ports[IPIP_PORTS], struct ipip_packet *packet,
	struct reject *reject);

#endif
