// SPDX-License-Identifier: Apache-2.0
#include "ref/dhcp/dhcp_packet.h"

#define MAGIC_COOKIE 0x63825363 /* RFC 2131 §3 */
#define SNAME_SIZE 64
#define FILE_SIZE 128
#define SNAME_AT 44
#define FILE_AT 108

static const struct name op_names[] = {
	{ DHCP_BOOTREQUEST, "BOOTREQUEST" },
	{ DHCP_BOOTREPLY, "BOOTREPLY" },
	{ 0, NULL },
};

static const struct name flag_names[] = {
	{ DHCP_FLAG_BROADCAST, "B" },
	{ 0, NULL },
};

static const struct name type_names[] = {
	{ DHCP_DISCOVER, "DHCPDISCOVER" },
	{ DHCP_OFFER, "DHCPOFFER" },
	{ DHCP_REQUEST, "DHCPREQUEST" },
	{ DHCP_DECLINE, "DHCPDECLINE" },
	{ DHCP_ACK, "DHCPACK" },
	{ DHCP_NAK, "DHCPNAK" },
	{ DHCP_RELEASE, "DHCPRELEASE" },
	{ DHCP_INFORM, "DHCPINFORM" },
	{ 0, NULL },
};

static const struct name overload_names[] = {
	{ 1, "file" },
	{ 2, "sname" },
	{ 3, "file and sname" },
	{ 0, NULL },
};

#define FIXED "RFC 2131 §2"

static const struct field header[] = {
	[DHCP_OP] = { "op", FIELD_ENUM, 1, 1, 2, op_names, FIXED },
	[DHCP_HTYPE] = { "htype", FIELD_UINT, 1, 0, 0, NULL, FIXED },
	[DHCP_HLEN] = { "hlen", FIELD_UINT, 1, 0, 16, NULL, FIXED },
	[DHCP_HOPS] = { "hops", FIELD_UINT, 1, 0, 0, NULL, FIXED },
	[DHCP_XID] = { "xid", FIELD_UINT, 4, 0, 0, NULL, FIXED },
	[DHCP_SECS] = { "secs", FIELD_UINT, 2, 0, 0, NULL, FIXED },
	[DHCP_FLAGS] = { "flags", FIELD_FLAGS, 2, 0, 0, flag_names, FIXED },
	[DHCP_CIADDR] = { "ciaddr", FIELD_IPV4, 4, 0, 0, NULL, FIXED },
	[DHCP_YIADDR] = { "yiaddr", FIELD_IPV4, 4, 0, 0, NULL, FIXED },
	[DHCP_SIADDR] = { "siaddr", FIELD_IPV4, 4, 0, 0, NULL, FIXED },
	[DHCP_GIADDR] = { "giaddr", FIELD_IPV4, 4, 0, 0, NULL, FIXED },
	{ 0 },
};

#define ADDRESS { { "address", FIELD_IPV4, 4, 0, 0, NULL, NULL } }
#define ADDRESSES { { "addresses", FIELD_OCTETS, 0, 4, 252, NULL, NULL } }
#define SECONDS { { "seconds", FIELD_UINT, 4, 0, 0, NULL, NULL } }
#define TEXT { { "text", FIELD_TEXT, 0, 1, 255, NULL, NULL } }
#define OCTETS(min) { { "octets", FIELD_OCTETS, 0, min, 255, NULL, NULL } }

static const struct element elements[] = {
	{ 0, DHCP_OPTION_SUBNET_MASK, "Subnet Mask", "RFC 2132 §3.3", ADDRESS },
	{ 0, DHCP_OPTION_ROUTER, "Router", "RFC 2132 §3.5", ADDRESSES },
	{ 0, DHCP_OPTION_DNS, "Domain Name Server", "RFC 2132 §3.8", ADDRESSES },
	{ 0, DHCP_OPTION_HOST_NAME, "Host Name", "RFC 2132 §3.14", TEXT },
	{ 0, DHCP_OPTION_DOMAIN_NAME, "Domain Name", "RFC 2132 §3.17", TEXT },
	{ 0, DHCP_OPTION_MTU, "Interface MTU", "RFC 2132 §5.1",
		{ { "octets", FIELD_UINT, 2, 68, 65535, NULL, NULL } } },
	{ 0, DHCP_OPTION_BROADCAST, "Broadcast Address", "RFC 2132 §5.3", ADDRESS },
	{ 0, DHCP_OPTION_REQUESTED_ADDRESS, "Requested IP Address", "RFC 2132 §9.1", ADDRESS },
	{ 0, DHCP_OPTION_LEASE_TIME, "IP Address Lease Time", "RFC 2132 §9.2",
		{ { "seconds", FIELD_UINT, 4, 1, 0, NULL, NULL } } },
	{ 0, DHCP_OPTION_OVERLOAD, "Option Overload", "RFC 2132 §9.3",
		{ { "fields", FIELD_ENUM, 1, 1, 3, overload_names, NULL } } },
	{ 0, DHCP_OPTION_MESSAGE_TYPE, "DHCP Message Type", "RFC 2132 §9.6",
		{ { "type", FIELD_ENUM, 1, 1, 8, type_names, NULL } } },
	{ 0, DHCP_OPTION_SERVER_ID, "Server Identifier", "RFC 2132 §9.7", ADDRESS },
	{ 0, DHCP_OPTION_PARAMETERS, "Parameter Request List", "RFC 2132 §9.8", OCTETS(1) },
	{ 0, DHCP_OPTION_MESSAGE, "Message", "RFC 2132 §9.9", TEXT },
	{ 0, DHCP_OPTION_MAX_SIZE, "Maximum DHCP Message Size", "RFC 2132 §9.10",
		{ { "octets", FIELD_UINT, 2, 576, 65535, NULL, NULL } } },
	{ 0, DHCP_OPTION_RENEWAL_TIME, "Renewal (T1) Time Value", "RFC 2132 §9.11", SECONDS },
	{ 0, DHCP_OPTION_REBINDING_TIME, "Rebinding (T2) Time Value", "RFC 2132 §9.12", SECONDS },
	{ 0, DHCP_OPTION_VENDOR_CLASS, "Vendor class identifier", "RFC 2132 §9.13", OCTETS(1) },
	{ 0, DHCP_OPTION_CLIENT_ID, "Client-identifier", "RFC 2132 §9.14", OCTETS(2) },
	{ 0, DHCP_OPTION_RELAY_AGENT, "Relay Agent Information", "RFC 3046 §2.0", OCTETS(2) },
	{ 0, DHCP_OPTION_AUTHENTICATION, "Authentication", "RFC 3118 §2", OCTETS(11) },
	{ 0 },
};

/* What RFC 2131 says must be there; what it says must not be there is taken all the same. */
static const struct occurrence discover[] = {
	{ 0, DHCP_OPTION_MESSAGE_TYPE, 1, 1, "RFC 2131 Table 5" },
	{ 0 },
};
static const struct occurrence offer[] = {
	{ 0, DHCP_OPTION_MESSAGE_TYPE, 1, 1, "RFC 2131 Table 3" },
	{ 0, DHCP_OPTION_SERVER_ID, 1, 1, "RFC 2131 Table 3" },
	{ 0, DHCP_OPTION_LEASE_TIME, 1, 1, "RFC 2131 Table 3" },
	{ 0 },
};
static const struct occurrence ack[] = {
	{ 0, DHCP_OPTION_MESSAGE_TYPE, 1, 1, "RFC 2131 Table 3" },
	{ 0, DHCP_OPTION_SERVER_ID, 1, 1, "RFC 2131 Table 3" },
	{ 0, DHCP_OPTION_LEASE_TIME, 0, 1, "RFC 2131 Table 3" },
	{ 0 },
};
static const struct occurrence nak[] = {
	{ 0, DHCP_OPTION_MESSAGE_TYPE, 1, 1, "RFC 2131 Table 3" },
	{ 0, DHCP_OPTION_SERVER_ID, 1, 1, "RFC 2131 Table 3" },
	{ 0 },
};
static const struct occurrence decline[] = {
	{ 0, DHCP_OPTION_MESSAGE_TYPE, 1, 1, "RFC 2131 Table 5" },
	{ 0, DHCP_OPTION_REQUESTED_ADDRESS, 1, 1, "RFC 2131 Table 5" },
	{ 0, DHCP_OPTION_SERVER_ID, 1, 1, "RFC 2131 Table 5" },
	{ 0 },
};
static const struct occurrence release[] = {
	{ 0, DHCP_OPTION_MESSAGE_TYPE, 1, 1, "RFC 2131 Table 5" },
	{ 0, DHCP_OPTION_SERVER_ID, 1, 1, "RFC 2131 Table 5" },
	{ 0 },
};

static const struct message messages[] = {
	{ "DHCPDISCOVER", "Discover", DHCP_DISCOVER, 0, 0, discover, true, "RFC 2131 §3.1" },
	{ "DHCPOFFER", "Offer", DHCP_OFFER, 0, 0, offer, true, "RFC 2131 §4.3.1" },
	{ "DHCPREQUEST", "Request", DHCP_REQUEST, 0, 0, discover, true, "RFC 2131 §4.3.2" },
	{ "DHCPDECLINE", "Decline", DHCP_DECLINE, 0, 0, decline, true, "RFC 2131 §4.3.3" },
	{ "DHCPACK", "Acknowledgement", DHCP_ACK, 0, 0, ack, true, "RFC 2131 §4.3.1" },
	{ "DHCPNAK", "Negative acknowledgement", DHCP_NAK, 0, 0, nak, true, "RFC 2131 §4.3.2" },
	{ "DHCPRELEASE", "Release", DHCP_RELEASE, 0, 0, release, true, "RFC 2131 §4.3.4" },
	{ "DHCPINFORM", "Inform", DHCP_INFORM, 0, 0, discover, true, "RFC 2131 §4.3.5" },
	{ 0 },
};

const struct protocol dhcp_protocol = {
	.name = "DHCP",
	.specification = "RFC 2131",
	.header = header,
	.type_field = DHCP_OP,
	.flags_field = 255,
	.format = { .code_width = 1, .length_width = 1 },
	.elements = elements,
	.messages = messages,
};

/* The options of one field: RFC 2132 §2. */
static int read_options(struct reader *r, struct packet *packet, struct reject *reject)
{
	while (reader_left(r)) {
		size_t at = r->offset;
		uint8_t code = read_u8(r);
		if (code == DHCP_OPTION_PAD)
			continue;
		if (code == DHCP_OPTION_END)
			return 0;
		uint8_t length = read_u8(r);
		struct view value = read_view(r, length);
		const struct element *element = protocol_element(&dhcp_protocol, 0, code);
		if (r->failed)
			return reject_set(reject, REJECT_TRUNCATED,
				element ? element->name : "option", "RFC 2132 §2", at, length);
		if (!packet_add(packet, 0, code, value))
			return reject_set(reject, REJECT_TOO_MANY, "option", "RFC 2132 §2", at,
				WIRE_ELEMENTS_MAX);
		packet->elements[packet->element_count - 1].offset = at;
	}
	return 0;
}

/* RFC 2132 §9.3: options go on in file, then in sname, when option 52 says so. */
static int read_overload(struct dhcp_packet *p, struct reject *reject)
{
	uint64_t fields = packet_uint(&p->packet, 0, DHCP_OPTION_OVERLOAD, 0);
	struct reader file = reader_of(p->file), sname = reader_of(p->sname);

	file.offset = FILE_AT;
	sname.offset = SNAME_AT;
	if ((fields & 1) && read_options(&file, &p->packet, reject) < 0)
		return -1;
	if ((fields & 2) && read_options(&sname, &p->packet, reject) < 0)
		return -1;
	return 0;
}

static int read_fixed(struct reader *r, struct dhcp_packet *p, struct reject *reject)
{
	for (unsigned i = 0; header[i].name; i++)
		p->packet.header[i] = read_uint(r, header[i].width);
	read_bytes(r, p->chaddr, sizeof(p->chaddr));
	p->sname = read_view(r, SNAME_SIZE);
	p->file = read_view(r, FILE_SIZE);
	size_t at = r->offset;
	uint32_t cookie = read_u32(r);
	if (r->failed)
		return reject_set(reject, REJECT_TRUNCATED, "fixed part", FIXED, r->at, 0);
	if (cookie != MAGIC_COOKIE)
		return reject_set(reject, REJECT_VALUE, "magic cookie", "RFC 2131 §3", at, cookie);
	return 0;
}

/* Lists of addresses hold whole addresses. */
static int check_lists(const struct packet *packet, struct reject *reject)
{
	for (unsigned i = 0; i < packet->element_count; i++) {
		const struct element_value *e = &packet->elements[i];
		if ((e->code == DHCP_OPTION_ROUTER || e->code == DHCP_OPTION_DNS) &&
			e->value.size % 4)
			return reject_set(reject, REJECT_LENGTH, e->element->name,
				e->element->section, e->offset, e->value.size);
	}
	return 0;
}

int dhcp_parse(struct view datagram, struct dhcp_packet *packet, struct reject *reject)
{
	struct reader r = reader_of(datagram);

	memset(packet, 0, sizeof(*packet));
	packet->packet.protocol = &dhcp_protocol;
	return read_fixed(&r, packet, reject) < 0 ||
			read_options(&r, &packet->packet, reject) < 0 ||
			read_overload(packet, reject) < 0
		? -1
		: 0;
}

int dhcp_decode(struct view datagram, struct dhcp_packet *packet, struct reject *reject)
{
	if (dhcp_parse(datagram, packet, reject) < 0)
		return -1;
	unsigned type = dhcp_type(packet);
	if (!packet_find(&packet->packet, 0, DHCP_OPTION_MESSAGE_TYPE))
		return reject_set(reject, REJECT_MISSING, "DHCP Message Type", "RFC 2131 §3",
			DHCP_FIXED_SIZE, 0);
	for (const struct message *m = messages; m->name; m++)
		if (m->type == type)
			packet->packet.message = m;
	if (!packet->packet.message)
		return reject_set(reject, REJECT_TYPE, "DHCP Message Type", "RFC 2132 §9.6",
			packet_find(&packet->packet, 0, DHCP_OPTION_MESSAGE_TYPE)->offset, type);
	if (wire_check(&packet->packet, reject) < 0)
		return -1;
	return check_lists(&packet->packet, reject);
}

static void write_option(struct writer *w, unsigned code, struct view value)
{
	struct reader r = reader_of(value);

	do {
		size_t left = reader_left(&r), take = left < 255 ? left : 255;
		write_u8(w, (uint8_t)code);
		write_u8(w, (uint8_t)take);
		write_view(w, read_view(&r, take));
	} while (reader_left(&r));
}

/* A fixed field of text: cut or filled up with zeros. */
static void write_text(struct writer *w, struct view text, size_t size)
{
	size_t take = text.size < size ? text.size : size;
	write_bytes(w, text.data, take);
	write_zero(w, size - take);
}

void dhcp_encode(const struct dhcp_packet *packet, struct writer *w)
{
	const struct packet *p = &packet->packet;
	size_t start = w->used;

	for (unsigned i = 0; header[i].name; i++)
		write_uint(w, p->header[i], header[i].width);
	write_bytes(w, packet->chaddr, sizeof(packet->chaddr));
	write_text(w, packet->sname, SNAME_SIZE);
	write_text(w, packet->file, FILE_SIZE);
	write_u32(w, MAGIC_COOKIE);
	for (unsigned i = 0; i < p->element_count; i++)
		write_option(w, p->elements[i].code, p->elements[i].value);
	write_u8(w, DHCP_OPTION_END);
	if (!w->failed && w->used - start < DHCP_MESSAGE_MIN)
		write_zero(w, DHCP_MESSAGE_MIN - (w->used - start));
}

bool dhcp_add(struct dhcp_packet *packet, unsigned code, struct view value)
{
	return packet_add(&packet->packet, 0, code, value);
}

struct dhcp_packet dhcp_packet_of(enum dhcp_message_type type)
{
	static const uint8_t types[] = { 0, DHCP_DISCOVER, DHCP_OFFER, DHCP_REQUEST, DHCP_DECLINE,
		DHCP_ACK, DHCP_NAK, DHCP_RELEASE, DHCP_INFORM };
	struct dhcp_packet p = { .packet = packet_of(&dhcp_protocol) };
	bool reply = type == DHCP_OFFER || type == DHCP_ACK || type == DHCP_NAK;

	p.packet.header[DHCP_OP] = reply ? DHCP_BOOTREPLY : DHCP_BOOTREQUEST;
	p.packet.header[DHCP_HTYPE] = 1;
	p.packet.header[DHCP_HLEN] = 6;
	p.packet.message = &messages[type - 1];
	dhcp_add(&p, DHCP_OPTION_MESSAGE_TYPE, VIEW(&types[type], 1));
	return p;
}

unsigned dhcp_type(const struct dhcp_packet *packet)
{
	return (unsigned)packet_uint(&packet->packet, 0, DHCP_OPTION_MESSAGE_TYPE, 0);
}

int dhcp_option_copy(const struct dhcp_packet *packet, unsigned code, void *out, size_t size)
{
	const struct packet *p = &packet->packet;
	struct writer w = writer_of(out, size);
	int total = -1;

	for (unsigned i = 0; i < p->element_count; i++) {
		struct view value = p->elements[i].value;
		if (p->elements[i].code != code)
			continue;
		size_t room = size - w.used;
		write_bytes(&w, value.data, value.size < room ? value.size : room);
		total = (total < 0 ? 0 : total) + (int)value.size;
	}
	return total;
}

uint32_t dhcp_option_address(const struct dhcp_packet *packet, unsigned code)
{
	const struct element_value *e = packet_find(&packet->packet, 0, code);
	struct reader r = reader_of(e ? e->value : VIEW_EMPTY);
	return read_u32(&r);
}
