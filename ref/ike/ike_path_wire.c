// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include "ref/ike/ike_change_rules.h"
#include "ref/ike/ike_path.h"

#define RP "RP §"

#ifndef AF_PACKET
#define AF_PACKET 17
#endif

static const struct name kinds[] = { { 1, "REPLY-PATH" }, { 0, NULL } };

static const struct field header[] = {
	{ "Version", FIELD_UINT, 1, 1, 1, NULL, RP "3" },
	{ "Kind", FIELD_ENUM, 1, 1, 0, kinds, RP "3" },
	{ "Length", FIELD_LENGTH, 2, 0, 0, NULL, RP "3" },
	{ 0 },
};

static const struct element elements[] = {
	{ 0, IKE_PATH_LINK_ADDRESS, "Link-Address", RP "3",
		{ { "Address", FIELD_MAC, 6, 0, 0, NULL, NULL } } },
	{ 0, IKE_PATH_CARE_OF_IPV4, "Care-Of-IPv4", RP "3",
		{ { "Address", FIELD_IPV4, 4, 0, 0, NULL, NULL } } },
	{ 0, IKE_PATH_CARE_OF_IPV6, "Care-Of-IPv6", RP "3",
		{ { "Address", FIELD_IPV6, 16, 0, 0, NULL, NULL } } },
	{ 0 },
};

static const struct occurrence ways[] = {
	{ 0, IKE_PATH_LINK_ADDRESS, 0, 1, RP "3" },
	{ 0, IKE_PATH_CARE_OF_IPV4, 0, 1, RP "3" },
	{ 0, IKE_PATH_CARE_OF_IPV6, 0, 1, RP "3" },
	{ 0 },
};

static const struct message messages[] = {
	{ "RP", "REPLY PATH", 1, 0, 0, ways, true, RP "3" },
	{ 0 },
};

const struct protocol ike_path_protocol = {
	.name = "reply-path",
	.specification = "Reply Path for IKE",
	.header = header,
	.type_field = IKE_PATH_KIND,
	.flags_field = 255,
	.format = { .code_width = 2, .length_width = 2, .align = 4 },
	.elements = elements,
	.messages = messages,
};

/* §3: one way, and only one; what nobody knows is passed over. */
int ike_path_decode(struct view data, struct packet *packet, struct reject *reject)
{
	const struct element_value *e, *first = NULL;

	if (wire_decode(&ike_path_protocol, data, packet, reject) < 0)
		return -1;
	for (uint32_t code = IKE_PATH_LINK_ADDRESS; code <= IKE_PATH_CARE_OF_IPV6; code++) {
		if (!(e = packet_find(packet, 0, code)))
			continue;
		if (first)
			return reject_set(reject, REJECT_REPEATED, e->element->name, RP "3",
				e->offset, code);
		first = e;
	}
	if (!first)
		return reject_set(reject, REJECT_MISSING, "Link-Address", RP "3", 0, 0);
	return 0;
}

struct endpoint ike_path_of(const struct packet *packet)
{
	static const uint8_t families[] = { [IKE_PATH_LINK_ADDRESS] = AF_PACKET,
		[IKE_PATH_CARE_OF_IPV4] = AF_INET, [IKE_PATH_CARE_OF_IPV6] = AF_INET6 };
	struct endpoint way = { 0 };

	for (uint32_t code = IKE_PATH_LINK_ADDRESS; code <= IKE_PATH_CARE_OF_IPV6; code++) {
		const struct element_value *e = packet_find(packet, 0, code);
		if (!e || e->value.size > sizeof(way.address))
			continue;
		way.family = families[code];
		memcpy(way.address, e->value.data, e->value.size);
	}
	return way;
}

void ike_path_encode(const struct endpoint *way, struct writer *w)
{
	struct packet p = packet_of(&ike_path_protocol);
	bool link = way->family == AF_PACKET, v6 = way->family == AF_INET6;

	p.header[IKE_PATH_VERSION] = p.header[IKE_PATH_KIND] = 1;
	packet_add(&p, 0, link ? IKE_PATH_LINK_ADDRESS : v6 ? IKE_PATH_CARE_OF_IPV6 :
		IKE_PATH_CARE_OF_IPV4, VIEW(way->address, link ? 6 : v6 ? 16 : 4));
	wire_encode(&p, w);
}

static bool link_possible(const struct endpoint *way)
{
	static const uint8_t none[6];

	return !(way->address[0] & 1) && memcmp(way->address, none, 6) != 0;
}

bool ike_path_possible(const struct endpoint *way, const struct endpoint *local,
	const struct endpoint *peer, struct reject *reject)
{
	bool link = way->family == AF_PACKET;
	bool good = link ? link_possible(way) :
		way->family == peer->family && ike_change_possible(way) &&
		!ike_change_same(way, local) && !ike_change_same(way, peer);

	if (!good)
		reject_set(reject, REJECT_VALUE, link ? "Link-Address" : "Care-Of", RP "4", 0,
			way->family);
	return good;
}

unsigned ike_path_kind(const struct endpoint *way)
{
	return way->family == 0 ? 0 : way->family == AF_PACKET ? IKE_PATH_LINK : IKE_PATH_CARE_OF;
}
