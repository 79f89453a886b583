// SPDX-License-Identifier: Apache-2.0
/* ARP for IPv4 on Ethernet (RFC 826), as whole frames. */
#ifndef BATON_DHCP_ARP_PACKET_H
#define BATON_DHCP_ARP_PACKET_H

#include "ref/base/wire.h"

#define ARP_FRAME_SIZE 42 /* Ethernet header and packet, before padding */
#define ARP_REQUEST 1
#define ARP_REPLY 2
#define ETHERTYPE_OF_ARP 0x0806

struct arp_packet {
	uint8_t destination[6], source[6]; /* of the Ethernet header */
	uint16_t operation;
	uint8_t sender_mac[6], target_mac[6];
	uint32_t sender_ip, target_ip; /* host byte order */
};

/* The packet after the Ethernet header, as rows. */
extern const struct protocol arp_protocol;

/* Reads a frame; padding behind the packet is ignored. 0, or -1 with `*reject` filled (REJECT_TYPE
 * at the EtherType: not ARP at all). */
int arp_decode(struct view frame, struct arp_packet *packet, struct reject *reject);

/* Writes the frame of ARP_FRAME_SIZE octets. Fails only through the writer. */
void arp_encode(const struct arp_packet *packet, struct writer *w);

/* An ARP Announcement (RFC 5227 §2.3, a gratuitous ARP) that says `address` is at `mac`. */
struct arp_packet arp_announcement(const uint8_t mac[6], uint32_t address);

/* An ARP Probe (RFC 5227 §2.1.1). */
struct arp_packet arp_probe(const uint8_t mac[6], uint32_t address);

/* The reply to a request, from `mac`: proxy ARP too. */
struct arp_packet arp_reply(const uint8_t mac[6], const struct arp_packet *request);

#endif
