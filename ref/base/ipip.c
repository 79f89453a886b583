// SPDX-License-Identifier: Apache-2.0
#include "ref/base/ipip.h"

#define AC "AC §"
#define RFC791 "RFC 791 §"
#define RFC1122 "RFC 1122 §"

#define ESP 50
#define UDP 17
#define ESP_HEADER 8 /* SPI and sequence number */
#define UDP_HEADER 8
#define MORE 0x2000
#define OFFSET 0x1fff
#define ECN 3
#define CE 3

/* AC §5.1: ESP and IKE, which prove by themselves whose they are. */
const struct ipip_inside ipip_inside[] = {
	{ "ESP", ESP, IPIP_NO_PORT },
	{ "IKE", UDP, IPIP_IKE_PORT },
	{ "NAT-T", UDP, IPIP_NAT_PORT },
	{ NULL, 0, IPIP_NO_PORT },
};

uint16_t ipip_port(const struct ipip_inside *row, const uint16_t ports[IPIP_PORTS])
{
	return row->port == IPIP_NO_PORT ? 0 : ports[row->port];
}

/* --- boundaries ------------------------------------------------------------------------------- */

static bool sum_right(struct view header)
{
	struct reader r = reader_of(header);
	uint32_t sum = 0;

	while (reader_left(&r))
		sum += read_u16(&r);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

/* `at`: where these octets begin in the whole. */
static int read_header(struct view octets, size_t at, struct ipv4 *h, struct reject *reject)
{
	struct reader r = reader_of(octets);
	uint8_t first = read_u8(&r);

	h->header_size = (uint8_t)((first & 15) * 4);
	h->service = read_u8(&r);
	h->length = read_u16(&r);
	h->identification = read_u16(&r);
	h->fragment = read_u16(&r);
	h->ttl = read_u8(&r);
	h->protocol = read_u8(&r);
	read_u16(&r);
	h->source = read_u32(&r);
	h->destination = read_u32(&r);
	if (r.failed)
		return reject_set(reject, REJECT_TRUNCATED, NULL, RFC791 "3.1", at, octets.size);
	if (first >> 4 != 4)
		return reject_set(reject, REJECT_VERSION, "Version", RFC791 "3.1", at, first >> 4);
	if (h->header_size < IPV4_HEADER_MIN || h->header_size > octets.size)
		return reject_set(reject, REJECT_LENGTH, "IHL", RFC791 "3.1", at, first & 15);
	if (h->length < h->header_size || h->length > octets.size)
		return reject_set(reject, REJECT_LENGTH, "Total Length", RFC791 "3.1", at + 2,
			h->length);
	h->sum_right = sum_right(VIEW(octets.data, h->header_size));
	h->payload = VIEW(octets.data + h->header_size, (size_t)h->length - h->header_size);
	return 0;
}

int ipip_parse(struct view octets, struct ipip_packet *p, struct reject *reject)
{
	*p = (struct ipip_packet){ 0 };
	if (read_header(octets, 0, &p->outer, reject) < 0)
		return -1;
	if (p->outer.protocol != IPIP_PROTOCOL || p->outer.fragment & (MORE | OFFSET))
		return 0;
	p->has_inner = true;
	return read_header(p->outer.payload, p->outer.header_size, &p->inner, reject);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* RFC 1122 §3.2.1.3: not "this" network, loopback, multicast, broadcast. */
static bool of_a_host(uint32_t address)
{
	uint32_t first = address >> 24;

	return first != 0 && first != 127 && first < 224;
}

static int check_header(const struct ipv4 *h, size_t at, struct reject *reject)
{
	if (!h->sum_right)
		return reject_set(reject, REJECT_INTEGRITY, "Header Checksum", RFC791 "3.1",
			at + 10, 0);
	if (!of_a_host(h->source))
		return reject_set(reject, REJECT_ADDRESS, "Source Address", RFC1122 "3.2.1.3",
			at + 12, h->source);
	return 0;
}

static int check_outer(const struct ipip_packet *p, struct reject *reject)
{
	if (check_header(&p->outer, 0, reject) < 0)
		return -1;
	if (p->outer.protocol != IPIP_PROTOCOL)
		return reject_set(reject, REJECT_TYPE, "Protocol", "RFC 2003 §3.1", 9,
			p->outer.protocol);
	if (!p->has_inner)
		return reject_set(reject, REJECT_TRUNCATED, "Fragment Offset", RFC791 "3.2", 6,
			p->outer.fragment);
	return 0;
}

static int check_inner(const struct ipip_packet *p, struct reject *reject)
{
	const struct ipv4 *outer = &p->outer, *inner = &p->inner;
	size_t at = outer->header_size;

	/* RFC 6040 §4.2: congestion that its sender cannot be told of */
	if ((outer->service & ECN) == CE && !(inner->service & ECN))
		return reject_set(reject, REJECT_VALUE, "Type of Service", "RFC 6040 §4.2", 1,
			outer->service);
	if (check_header(inner, at, reject) < 0)
		return -1;
	/* the correspondent's address stays where it is, whichever way the packet goes */
	if (outer->source != inner->source && outer->destination != inner->destination)
		return reject_set(reject, REJECT_ADDRESS, "Destination Address", AC "5.1", at + 16,
			inner->destination);
	return 0;
}

/* What is behind the first fragment tells no port. */
static int check_udp(const struct ipv4 *h, size_t at, uint16_t *port, struct reject *reject)
{
	struct reader r = reader_of(h->payload);

	if (h->fragment & OFFSET)
		return reject_set(reject, REJECT_MISSING, "Destination Port", AC "5.1", at,
			h->fragment);
	read_u16(&r);
	*port = read_u16(&r);
	uint16_t length = read_u16(&r);
	if (h->payload.size < UDP_HEADER)
		return reject_set(reject, REJECT_TRUNCATED, "Destination Port", "RFC 768", at,
			h->payload.size);
	if (length < UDP_HEADER || (!(h->fragment & MORE) && length > h->payload.size))
		return reject_set(reject, REJECT_LENGTH, "Length", "RFC 768", at + 4, length);
	return 0;
}

static int check_inside(struct ipip_packet *p, const uint16_t ports[IPIP_PORTS],
	struct reject *reject)
{
	const struct ipv4 *h = &p->inner;
	size_t header = p->outer.header_size, at = header + h->header_size;
	uint16_t port = 0;

	if (h->protocol != ESP && h->protocol != UDP)
		return reject_set(reject, REJECT_TYPE, "Protocol", AC "5.1", header + 9,
			h->protocol);
	if (h->protocol == UDP && check_udp(h, at, &port, reject) < 0)
		return -1;
	if (h->protocol == ESP && !(h->fragment & OFFSET) && h->payload.size < ESP_HEADER)
		return reject_set(reject, REJECT_TRUNCATED, "Sequence Number", "RFC 4303 §2", at,
			h->payload.size);
	for (p->inside = ipip_inside; p->inside->name; p->inside++)
		if (p->inside->protocol == h->protocol && ipip_port(p->inside, ports) == port)
			return 0;
	p->inside = NULL;
	return reject_set(reject, REJECT_VALUE, "Destination Port", AC "5.1", at + 2, port);
}

int ipip_decode(struct view octets, const uint16_t ports[IPIP_PORTS], struct ipip_packet *p,
	struct reject *reject)
{
	if (ipip_parse(octets, p, reject) < 0 || check_outer(p, reject) < 0 ||
		check_inner(p, reject) < 0)
		return -1;
	return check_inside(p, ports, reject);
}
