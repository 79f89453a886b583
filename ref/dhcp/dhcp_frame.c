// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include "ref/base/reader.h"
#include "ref/dhcp/dhcp_frame.h"

#define ETHERTYPE_OF_IPV4 0x0800
#define IP_PROTOCOL_UDP 17
#define IP_HEADER 20
#define UDP_HEADER 8
#define TTL 64

/* The sum of RFC 1071 over `v`, carried on from `sum`. */
static uint32_t add(uint32_t sum, struct view v)
{
	struct reader r = reader_of(v);

	while (reader_left(&r) >= 2)
		sum += read_u16(&r);
	if (reader_left(&r))
		sum += (uint32_t)read_u8(&r) << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Of the pseudo-header (RFC 768): addresses, protocol, UDP length; then header and data. */
static uint16_t udp_checksum(struct view addresses, struct view datagram)
{
	uint32_t sum = IP_PROTOCOL_UDP + (uint32_t)datagram.size;
	return fold(add(add(sum, addresses), datagram));
}

static struct view ipv4(const struct endpoint *e)
{
	static const uint8_t none[4];
	return e->family == AF_INET ? VIEW(e->address, 4) : VIEW_OF(none);
}

void dhcp_ip_encode(const struct endpoint *local, const struct endpoint *peer, struct view payload,
	struct writer *w)
{
	size_t udp_size = UDP_HEADER + payload.size, ip = w->used;

	write_u16(w, 0x4500); /* version, header of five words, no service */
	write_u16(w, (uint16_t)(IP_HEADER + udp_size));
	write_u32(w, 0); /* not fragmented: the identification says nothing (RFC 6864 §4.1) */
	write_u8(w, TTL);
	write_u8(w, IP_PROTOCOL_UDP);
	write_u16(w, 0);
	write_view(w, ipv4(local));
	write_view(w, ipv4(peer));
	size_t udp = w->used;
	write_u16(w, ntohs(local->port));
	write_u16(w, ntohs(peer->port));
	write_u16(w, (uint16_t)udp_size);
	write_u16(w, 0);
	write_view(w, payload);
	if (udp_size > UINT16_MAX - IP_HEADER)
		w->failed = true;
	if (w->failed)
		return;
	write_uint_at(w, ip + 10, fold(add(0, VIEW(w->start + ip, IP_HEADER))), 2);
	uint16_t sum = udp_checksum(VIEW(w->start + ip + 12, 8), VIEW(w->start + udp, udp_size));
	write_uint_at(w, udp + 6, sum ? sum : 0xffff, 2);
}

void dhcp_frame_encode(const uint8_t from[6], const uint8_t to[6], const struct endpoint *local,
	const struct endpoint *peer, struct view payload, struct writer *w)
{
	write_bytes(w, to, 6);
	write_bytes(w, from, 6);
	write_u16(w, ETHERTYPE_OF_IPV4);
	dhcp_ip_encode(local, peer, payload, w);
}

static int open_ip(struct reader *r, struct view *addresses, struct reader *udp,
	struct reject *reject)
{
	size_t at = r->offset;
	struct reader header = *r;
	uint8_t first = read_u8(r);
	size_t header_size = (size_t)(first & 15) * 4;

	read_u8(r);
	uint16_t total = read_u16(r);
	read_u16(r);
	uint16_t fragment = read_u16(r);
	read_u8(r);
	uint8_t protocol = read_u8(r);
	read_u16(r);
	*addresses = read_view(r, 8);
	if (!r->failed && (first >> 4 != 4 || header_size < IP_HEADER))
		return reject_set(reject, REJECT_VERSION, "Version", "RFC 791 §3.1", at, first);
	read_view(r, header_size > IP_HEADER ? header_size - IP_HEADER : 0);
	if (r->failed)
		return reject_set(reject, REJECT_TRUNCATED, "IPv4 header", "RFC 791 §3.1", r->at,
			0);
	if (total < header_size || total - header_size > reader_left(r))
		return reject_set(reject, REJECT_LENGTH, "Total Length", "RFC 791 §3.1", at + 2,
			total);
	if (fold(add(0, read_view(&header, header_size))) != 0)
		return reject_set(reject, REJECT_INTEGRITY, "Header Checksum", "RFC 791 §3.1",
			at + 10, 0);
	if (fragment & 0x3fff || protocol != IP_PROTOCOL_UDP)
		return reject_set(reject, REJECT_TYPE, "Protocol", "RFC 791 §3.1", at + 9,
			protocol);
	*udp = read_child(r, total - header_size);
	return 0;
}

static int decode_ip(struct reader *r, uint16_t port, bool udp_checksum_valid,
	struct view *payload, struct endpoint *peer, struct reject *reject)
{
	struct reader udp;
	struct view addresses;

	if (open_ip(r, &addresses, &udp, reject) < 0)
		return -1;
	struct reader whole = udp;
	uint16_t from = read_u16(&udp), to = read_u16(&udp), size = read_u16(&udp);
	uint16_t checksum = read_u16(&udp);
	if (udp.failed || size < UDP_HEADER || size - UDP_HEADER > (int)reader_left(&udp))
		return reject_set(reject, REJECT_LENGTH, "Length", "RFC 768", udp.offset, size);
	if (to != port)
		return reject_set(reject, REJECT_ADDRESS, "Destination Port", "RFC 768",
			udp.offset - 6, to);
	/* A sum over what holds its own checksum is zero. */
	if (udp_checksum_valid && checksum && udp_checksum(addresses, read_view(&whole, size)) != 0)
		return reject_set(reject, REJECT_INTEGRITY, "Checksum", "RFC 768", udp.offset - 2,
			checksum);
	*payload = read_view(&udp, (size_t)size - UDP_HEADER);
	*peer = (struct endpoint){ .family = AF_INET, .port = htons(from) };
	memcpy(peer->address, addresses.data, 4);
	return 0;
}

int dhcp_ip_decode(struct view packet, uint16_t port, bool udp_checksum_valid,
	struct view *payload, struct endpoint *peer, struct reject *reject)
{
	struct reader r = reader_of(packet);

	return decode_ip(&r, port, udp_checksum_valid, payload, peer, reject);
}

int dhcp_frame_decode(struct view frame, uint16_t port, bool udp_checksum_valid,
	struct view *payload, struct endpoint *peer, struct reject *reject)
{
	struct reader r = reader_of(frame);

	read_view(&r, 12);
	uint16_t ethertype = read_u16(&r);
	if (r.failed || ethertype != ETHERTYPE_OF_IPV4)
		return reject_set(reject, r.failed ? REJECT_TRUNCATED : REJECT_TYPE, "EtherType",
			"RFC 894", 12, ethertype);
	return decode_ip(&r, port, udp_checksum_valid, payload, peer, reject);
}
