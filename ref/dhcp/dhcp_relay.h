// SPDX-License-Identifier: Apache-2.0
/*
 * The relay agent of a security gateway (RFC 3456 §4.2; RFC 1542 §4.1, RFC 3046): DHCP messages of
 * hosts behind IPsec tunnels go to a server and its answers come back. It keeps nothing: which
 * tunnel an answer is for stands in the relay agent information option that the server returns.
 *
 * Messages are changed in place of the octets that a relay may change; all others go on as they
 * came. No I/O.
 */
#ifndef BATON_DHCP_DHCP_RELAY_H
#define BATON_DHCP_DHCP_RELAY_H

#include "ref/dhcp/dhcp_packet.h"

#define DHCP_RELAY_HOPS_MAX 16 /* RFC 1542 §4.1.1 */

enum dhcp_relay_suboption { /* of option 82 */
	DHCP_RELAY_CIRCUIT_ID = 1,	/* RFC 3046 §3.1 */
	DHCP_RELAY_REMOTE_ID = 2,	/* RFC 3046 §3.2 */
	DHCP_RELAY_LINK_SELECTION = 5,	/* RFC 3527 §3 */
};

/* Addresses in host byte order. */
struct dhcp_relay {
	uint32_t address; /* ours: giaddr, where answers come to */
	uint32_t subnet;  /* any address of the subnet that hosts belong to, where that is not the
			   * one of `address`; 0: it is */
};

/*
 * A host's message from the tunnel of that number, as it goes on to the server. 0, or -1 with
 * `*reject` filled: no message for a server, one that has been relayed before, or that claims to
 * (RFC 3046 §2.1.1). Without room for the option (`out`) it goes on without, as §2.1 there has it,
 * when `out` holds it at all.
 */
int dhcp_relay_request(const struct dhcp_relay *relay, uint32_t circuit, struct view datagram,
	struct writer *out, struct reject *reject);

struct dhcp_relay_answer {
	uint32_t circuit; /* the tunnel's number */
	uint32_t to;	  /* where it goes inside the tunnel; 0xffffffff: broadcast */
	unsigned type;	  /* enum dhcp_message_type */
	uint32_t address; /* of a DHCPACK: what the host has from now on; else 0 */
};

/* A server's message to `relay`, as it goes on to the host. 0, or -1 with `*reject` filled: not to
 * us, or nothing tells whose it is. */
int dhcp_relay_answer(const struct dhcp_relay *relay, struct view datagram,
	struct dhcp_relay_answer *answer, struct writer *out, struct reject *reject);

#endif
