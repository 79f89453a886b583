// SPDX-License-Identifier: Apache-2.0
/*
 * An Ethernet frame with IPv4 and UDP around a DHCP message: how a client without an address sends
 * and is spoken to (RFC 2131 §4.1). For whoever holds a packet socket.
 */
#ifndef BATON_DHCP_DHCP_FRAME_H
#define BATON_DHCP_DHCP_FRAME_H

#include "ref/base/engine.h"
#include "ref/base/writer.h"

#define DHCP_IP_OVERHEAD (20 + 8)
#define DHCP_FRAME_OVERHEAD (14 + DHCP_IP_OVERHEAD)

/* Writes the frame: `to` the destination MAC, ports and addresses from the endpoints (IPv4 only,
 * family 0 is 0.0.0.0). Fails only through the writer. */
void dhcp_frame_encode(const uint8_t from[6], const uint8_t to[6], const struct endpoint *local,
	const struct endpoint *peer, struct view payload, struct writer *w);

/*
 * Opens a frame that holds an unfragmented UDP datagram to port `port` (host byte order): header
 * lengths, IPv4 header checksum, UDP checksum unless it is zero. `udp_checksum_valid` false skips
 * the last: a packet socket sees frames from the same machine before the checksum is filled in.
 * 0 with *payload in the frame and the sender in *peer, or -1 with `*reject` filled.
 */
int dhcp_frame_decode(struct view frame, uint16_t port, bool udp_checksum_valid,
	struct view *payload, struct endpoint *peer, struct reject *reject);

/* The same without the Ethernet header: what crosses an interface that has none. */
void dhcp_ip_encode(const struct endpoint *local, const struct endpoint *peer, struct view payload,
	struct writer *w);
int dhcp_ip_decode(struct view packet, uint16_t port, bool udp_checksum_valid,
	struct view *payload, struct endpoint *peer, struct reject *reject);

#endif
