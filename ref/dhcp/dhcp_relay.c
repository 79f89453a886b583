// SPDX-License-Identifier: Apache-2.0
#include "ref/dhcp/dhcp_relay.h"

#define HOPS_AT 3
#define GIADDR_AT 24
#define INFORMATION_MAX 16

/* Writes the options up to the end option without those that say `leave`; false: no option ends. */
static void copy_options(struct view datagram, unsigned leave, struct writer *w)
{
	struct reader r = reader_of(datagram);

	write_view(w, read_view(&r, DHCP_FIXED_SIZE));
	while (reader_left(&r)) {
		uint8_t code = read_u8(&r);
		if (code == DHCP_OPTION_END)
			return;
		if (code == DHCP_OPTION_PAD)
			continue;
		struct view value = read_view(&r, read_u8(&r));
		if (r.failed)
			return;
		if (code == leave)
			continue;
		write_u8(w, code);
		write_u8(w, (uint8_t)value.size);
		write_view(w, value);
	}
}

static void finish(struct writer *w, size_t start)
{
	write_u8(w, DHCP_OPTION_END);
	if (!w->failed && w->used - start < DHCP_MESSAGE_MIN)
		write_zero(w, DHCP_MESSAGE_MIN - (w->used - start));
}

static void put_number(struct writer *w, enum dhcp_relay_suboption code, uint32_t number)
{
	write_u8(w, (uint8_t)code);
	write_u8(w, 4);
	write_u32(w, number);
}

/* RFC 3046 §2.0: the last option, before the end. */
static void put_information(const struct dhcp_relay *relay, uint32_t circuit, struct writer *w)
{
	uint8_t room[INFORMATION_MAX];
	struct writer inside = writer_of(room, sizeof(room));

	put_number(&inside, DHCP_RELAY_CIRCUIT_ID, circuit);
	if (relay->subnet)
		put_number(&inside, DHCP_RELAY_LINK_SELECTION, relay->subnet);
	write_u8(w, DHCP_OPTION_RELAY_AGENT);
	write_u8(w, (uint8_t)inside.used);
	write_view(w, writer_view(&inside));
}

static int check_request(const struct dhcp_packet *p, struct reject *reject)
{
	const uint64_t *header = p->packet.header;
	const struct element_value *e =
		packet_find(&p->packet, 0, DHCP_OPTION_RELAY_AGENT);

	if (header[DHCP_OP] != DHCP_BOOTREQUEST)
		return reject_set(reject, REJECT_TYPE, "op", "RFC 1542 §4.1.1", 0, header[DHCP_OP]);
	if (header[DHCP_HOPS] >= DHCP_RELAY_HOPS_MAX)
		return reject_set(reject, REJECT_VALUE, "hops", "RFC 1542 §4.1.1", HOPS_AT,
			header[DHCP_HOPS]);
	if (header[DHCP_GIADDR])
		return reject_set(reject, REJECT_ADDRESS, "giaddr", "RFC 3046 §2.1.1", GIADDR_AT,
			header[DHCP_GIADDR]);
	if (e)
		return reject_set(reject, REJECT_UNEXPECTED, "Relay Agent Information",
			"RFC 3046 §2.1.1", e->offset, 0);
	return 0;
}

int dhcp_relay_request(const struct dhcp_relay *relay, uint32_t circuit, struct view datagram,
	struct writer *out, struct reject *reject)
{
	struct dhcp_packet p;
	size_t start = out->used, end;
	bool room;

	if (dhcp_decode(datagram, &p, reject) < 0 || check_request(&p, reject) < 0)
		return -1;
	copy_options(datagram, DHCP_OPTION_RELAY_AGENT, out);
	end = out->used;
	room = !out->failed;
	put_information(relay, circuit, out);
	finish(out, start);
	if (out->failed && room) {
		out->failed = false;
		out->used = end;
		finish(out, start);
	}
	if (out->failed)
		return reject_set(reject, REJECT_LENGTH, "message", "RFC 3046 §2.1", 0,
			datagram.size);
	write_uint_at(out, start + HOPS_AT, p.packet.header[DHCP_HOPS] + 1, 1);
	write_uint_at(out, start + GIADDR_AT, relay->address, 4);
	return 0;
}

/* The circuit ID, when it is one of ours. */
static bool read_circuit(const struct dhcp_packet *p, uint32_t *circuit)
{
	uint8_t room[255];
	int size = dhcp_option_copy(p, DHCP_OPTION_RELAY_AGENT, room, sizeof(room));
	struct reader r = reader_of(VIEW(room, size < 0 ? 0 : (size_t)size < sizeof(room) ?
		(size_t)size : sizeof(room)));

	while (reader_left(&r)) {
		uint8_t code = read_u8(&r);
		struct view value = read_view(&r, read_u8(&r));
		struct reader inside = reader_of(value);
		if (r.failed)
			return false;
		if (code == DHCP_RELAY_CIRCUIT_ID && value.size == 4) {
			*circuit = read_u32(&inside);
			return true;
		}
	}
	return false;
}

/* RFC 2131 §4.1: to the address that it is about, unless the host wants a broadcast, or is told
 * that it has none. */
static uint32_t destination(const struct dhcp_packet *p)
{
	const uint64_t *header = p->packet.header;
	uint32_t address = (uint32_t)(header[DHCP_YIADDR] ? header[DHCP_YIADDR]
							  : header[DHCP_CIADDR]);

	if (header[DHCP_FLAGS] & DHCP_FLAG_BROADCAST || dhcp_type(p) == DHCP_NAK || !address)
		return UINT32_MAX;
	return address;
}

int dhcp_relay_answer(const struct dhcp_relay *relay, struct view datagram,
	struct dhcp_relay_answer *answer, struct writer *out, struct reject *reject)
{
	struct dhcp_packet p;
	size_t start = out->used;

	if (dhcp_decode(datagram, &p, reject) < 0)
		return -1;
	const uint64_t *header = p.packet.header;
	if (header[DHCP_OP] != DHCP_BOOTREPLY)
		return reject_set(reject, REJECT_TYPE, "op", "RFC 1542 §4.1.2", 0, header[DHCP_OP]);
	if (header[DHCP_GIADDR] != relay->address)
		return reject_set(reject, REJECT_ADDRESS, "giaddr", "RFC 1542 §4.1.2", GIADDR_AT,
			header[DHCP_GIADDR]);
	*answer = (struct dhcp_relay_answer){ .to = destination(&p), .type = dhcp_type(&p) };
	if (!read_circuit(&p, &answer->circuit))
		return reject_set(reject, REJECT_MISSING, "Agent Circuit ID", "RFC 3456 §4.2", 0, 0);
	if (answer->type == DHCP_ACK)
		answer->address = (uint32_t)header[DHCP_YIADDR];
	/* RFC 3046 §2.1: what the relay put in it takes out */
	copy_options(datagram, DHCP_OPTION_RELAY_AGENT, out);
	finish(out, start);
	if (out->failed)
		return reject_set(reject, REJECT_LENGTH, "message", "RFC 3046 §2.1", 0,
			datagram.size);
	return 0;
}
