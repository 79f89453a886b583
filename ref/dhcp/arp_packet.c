// SPDX-License-Identifier: Apache-2.0
#include "ref/base/reader.h"
#include "ref/dhcp/arp_packet.h"

static const struct name operation_names[] = {
	{ ARP_REQUEST, "REQUEST" },
	{ ARP_REPLY, "REPLY" },
	{ 0, NULL },
};

static const struct field header[] = {
	{ "ar$hrd", FIELD_UINT, 2, 1, 1, NULL, "RFC 826" },
	{ "ar$pro", FIELD_UINT, 2, 0x0800, 0x0800, NULL, "RFC 826" },
	{ "ar$hln", FIELD_UINT, 1, 6, 6, NULL, "RFC 826" },
	{ "ar$pln", FIELD_UINT, 1, 4, 4, NULL, "RFC 826" },
	{ "ar$op", FIELD_ENUM, 2, 1, 2, operation_names, "RFC 826" },
	{ "ar$sha", FIELD_MAC, 6, 0, 0, NULL, "RFC 826" },
	{ "ar$spa", FIELD_IPV4, 4, 0, 0, NULL, "RFC 826" },
	{ "ar$tha", FIELD_MAC, 6, 0, 0, NULL, "RFC 826" },
	{ "ar$tpa", FIELD_IPV4, 4, 0, 0, NULL, "RFC 826" },
	{ 0 },
};

enum { HRD, PRO, HLN, PLN, OP, SHA, SPA, THA, TPA };

static const struct element no_elements[] = { { 0 } };

static const struct message messages[] = {
	{ "REQUEST", "ARP request", ARP_REQUEST, 0, 0, NULL, true, "RFC 826" },
	{ "REPLY", "ARP reply", ARP_REPLY, 0, 0, NULL, true, "RFC 826" },
	{ 0 },
};

const struct protocol arp_protocol = {
	.name = "ARP",
	.specification = "RFC 826",
	.header = header,
	.type_field = OP,
	.flags_field = 255,
	.elements = no_elements,
	.messages = messages,
};

#define PACKET_SIZE 28

static void mac_of(uint64_t number, uint8_t mac[6])
{
	struct writer w = writer_of(mac, 6);
	write_uint(&w, number, 6);
}

static uint64_t number_of(const uint8_t mac[6])
{
	struct reader r = reader_of(VIEW(mac, 6));
	return read_uint(&r, 6);
}

int arp_decode(struct view frame, struct arp_packet *arp, struct reject *reject)
{
	struct reader r = reader_of(frame);
	struct packet packet;

	memset(arp, 0, sizeof(*arp));
	read_bytes(&r, arp->destination, 6);
	read_bytes(&r, arp->source, 6);
	uint16_t ethertype = read_u16(&r);
	if (r.failed)
		return reject_set(reject, REJECT_TRUNCATED, "EtherType", "RFC 826", r.at, 0);
	if (ethertype != ETHERTYPE_OF_ARP)
		return reject_set(reject, REJECT_TYPE, "EtherType", "RFC 826", 12, ethertype);
	if (reader_left(&r) < PACKET_SIZE)
		return reject_set(reject, REJECT_TRUNCATED, "ARP packet", "RFC 826", r.offset,
			reader_left(&r));
	if (wire_decode(&arp_protocol, read_view(&r, PACKET_SIZE), &packet, reject) < 0)
		return -1;
	arp->operation = (uint16_t)packet.header[OP];
	mac_of(packet.header[SHA], arp->sender_mac);
	mac_of(packet.header[THA], arp->target_mac);
	arp->sender_ip = (uint32_t)packet.header[SPA];
	arp->target_ip = (uint32_t)packet.header[TPA];
	return 0;
}

void arp_encode(const struct arp_packet *arp, struct writer *w)
{
	struct packet packet = packet_of(&arp_protocol);

	packet.header[HRD] = 1;
	packet.header[PRO] = 0x0800;
	packet.header[HLN] = 6;
	packet.header[PLN] = 4;
	packet.header[OP] = arp->operation;
	packet.header[SHA] = number_of(arp->sender_mac);
	packet.header[SPA] = arp->sender_ip;
	packet.header[THA] = number_of(arp->target_mac);
	packet.header[TPA] = arp->target_ip;
	write_bytes(w, arp->destination, 6);
	write_bytes(w, arp->source, 6);
	write_u16(w, ETHERTYPE_OF_ARP);
	wire_encode(&packet, w);
}

static struct arp_packet broadcast_request(const uint8_t mac[6], uint32_t from, uint32_t to)
{
	struct arp_packet arp = { .operation = ARP_REQUEST, .sender_ip = from, .target_ip = to };

	memset(arp.destination, 0xff, sizeof(arp.destination));
	memcpy(arp.source, mac, 6);
	memcpy(arp.sender_mac, mac, 6);
	return arp;
}

struct arp_packet arp_announcement(const uint8_t mac[6], uint32_t address)
{
	return broadcast_request(mac, address, address);
}

/* RFC 5227 §2.1.1: the sender's address is all zero, so that no cache is spoiled. */
struct arp_packet arp_probe(const uint8_t mac[6], uint32_t address)
{
	return broadcast_request(mac, 0, address);
}

struct arp_packet arp_reply(const uint8_t mac[6], const struct arp_packet *request)
{
	struct arp_packet arp = {
		.operation = ARP_REPLY,
		.sender_ip = request->target_ip,
		.target_ip = request->sender_ip,
	};
	memcpy(arp.destination, request->sender_mac, 6);
	memcpy(arp.source, mac, 6);
	memcpy(arp.sender_mac, mac, 6);
	memcpy(arp.target_mac, request->sender_mac, 6);
	return arp;
}
