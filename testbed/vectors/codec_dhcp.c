// SPDX-License-Identifier: Apache-2.0
/*
 * DHCP over IPsec: messages of DHCP, and the relay agent of a security gateway as their receiver
 * (RFC 3456 §4.2). It is 10.2.0.1, its hosts belong to 10.3.0.0, the DHCP SA has circuit 7.
 */
#include <stdio.h>
#include <string.h>

#include "ref/dhcp/dhcp_relay.h"
#include "testbed/vectors/play.h"

#define CHADDR_AT 28

static const struct {
	const char *name;
	enum dhcp_header row;
	bool octets;
} members[] = {
	{"op", DHCP_OP, false},
	{"htype", DHCP_HTYPE, false},
	{"hlen", DHCP_HLEN, false},
	{"hops", DHCP_HOPS, false},
	{"xid", DHCP_XID, false},
	{"secs", DHCP_SECS, false},
	{"flags", DHCP_FLAGS, false},
	{"ciaddr", DHCP_CIADDR, true},
	{"yiaddr", DHCP_YIADDR, true},
	{"siaddr", DHCP_SIADDR, true},
	{"giaddr", DHCP_GIADDR, true},
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

static struct view address_octets(struct decoded *d, uint64_t address)
{
	struct writer w = writer_of(d->room + d->room_used, sizeof(d->room) - d->room_used);

	write_uint(&w, address, 4);
	d->room_used += w.used;
	return writer_view(&w);
}

static void take_header(struct decoded *d, struct view octets)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		uint64_t value = d->packet.header[members[i].row];
		if (members[i].octets)
			decoded_octets(d, members[i].name, address_octets(d, value));
		else
			decoded_number(d, members[i].name, value);
	}
	decoded_octets(d, "chaddr", VIEW(octets.data + CHADDR_AT, 16));
}

int codec_dhcp_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	struct dhcp_packet p;

	(void)codec;
	d->has_elements = true;
	if (dhcp_parse(octets, &p, reject) < 0)
		return -1;
	d->packet = p.packet;
	take_header(d, octets);
	return 0;
}

int codec_dhcp_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	struct dhcp_packet p;

	(void)codec;
	if (dhcp_decode(octets, &p, reject) < 0)
		return -1;
	d->packet = p.packet;
	d->message = p.packet.message->name;
	return 0;
}

/* Pads between options and octets after the end do not come back. */
bool codec_dhcp_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w)
{
	const struct vector_field *chaddr = vector_field(v, "chaddr");
	struct dhcp_packet p = {.packet = packet_of(codec->wire)};
	size_t size = DHCP_FIXED_SIZE + 1;

	if (!chaddr || chaddr->octets.size != sizeof(p.chaddr))
		return false;
	memcpy(p.chaddr, chaddr->octets.data, sizeof(p.chaddr));
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct vector_field *f = vector_field(v, members[i].name);
		struct reader r = reader_of(f ? f->octets : VIEW_EMPTY);
		if (f)
			p.packet.header[members[i].row] = members[i].octets ? read_u32(&r)
									    : f->number;
	}
	for (size_t i = 0; i < v->element_count; i++) {
		size += 2 + v->elements[i].value.size;
		dhcp_add(&p, v->elements[i].code, v->elements[i].value);
	}
	if (v->octets.size > DHCP_MESSAGE_MIN ? size != v->octets.size
					      : v->octets.data[size - 1] != DHCP_OPTION_END)
		return false;
	dhcp_encode(&p, w);
	return true;
}

/* --- the relay agent -------------------------------------------------------------------------- */

#define CIRCUIT 7

static void add_answer(struct played *played, const struct dhcp_relay_answer *a, struct view octets)
{
	char to[32] = "broadcast";

	if (a->to != UINT32_MAX)
		snprintf(to, sizeof(to), "%u.%u.%u.%u", a->to >> 24, a->to >> 16 & 255,
			a->to >> 8 & 255, a->to & 255);
	if (a->circuit == CIRCUIT)
		played_add(played, "relayed", to, octets);
}

struct finding play_dhcp(const struct vector *v)
{
	const struct dhcp_relay relay = {.address = 0x0a020001, .subnet = 0x0a030000};
	struct dhcp_relay_answer answer;
	struct played played = {0};
	uint8_t room[4096];
	struct writer w = writer_of(room, sizeof(room));

	if (v->to_server) {
		if (dhcp_relay_request(&relay, CIRCUIT, v->octets, &w, &played.reject) == 0)
			played_add(&played, "relayed", NULL, writer_view(&w));
	} else if (dhcp_relay_answer(&relay, v->octets, &answer, &w, &played.reject) == 0) {
		add_answer(&played, &answer, writer_view(&w));
	}
	return played_compare(v, &played);
}
