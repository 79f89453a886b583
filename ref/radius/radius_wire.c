// SPDX-License-Identifier: Apache-2.0
#include "ref/radius/radius_wire.h"

#define RFC2865 "RFC 2865 §"
#define RFC3579 "RFC 3579 §"

static const struct name codes[] = {
	{ RADIUS_ACCESS_REQUEST, "Access-Request" },
	{ RADIUS_ACCESS_ACCEPT, "Access-Accept" },
	{ RADIUS_ACCESS_REJECT, "Access-Reject" },
	{ RADIUS_ACCESS_CHALLENGE, "Access-Challenge" },
	{ 0, NULL },
};

static const struct field header[] = {
	{ "Code", FIELD_ENUM, 1, 0, 0, codes, RFC2865 "3" },
	{ "Identifier", FIELD_UINT, 1, 0, 0, NULL, RFC2865 "3" },
	{ "Length", FIELD_LENGTH, 2, 0, 0, NULL, RFC2865 "3" },
	{ "Authenticator, first half", FIELD_UINT, 8, 0, 0, NULL, RFC2865 "3" },
	{ "Authenticator, second half", FIELD_UINT, 8, 0, 0, NULL, RFC2865 "3" },
	{ 0 },
};

// clang-format off
#define TEXT_VALUE { { "Text", FIELD_TEXT, 0, 1, 253, NULL, NULL } }
#define OCTETS_VALUE(least) { { "Octets", FIELD_OCTETS, 0, least, 253, NULL, NULL } }
#define NUMBER_VALUE { { "Value", FIELD_UINT, 4, 0, 0, NULL, NULL } }
// clang-format on

static const struct element elements[] = {
	{ 0, RADIUS_USER_NAME, "User-Name", RFC2865 "5.1", TEXT_VALUE },
	{ 0, RADIUS_NAS_IP_ADDRESS, "NAS-IP-Address", RFC2865 "5.4",
		{ { "Address", FIELD_IPV4, 4, 0, 0, NULL, NULL } } },
	{ 0, RADIUS_NAS_PORT, "NAS-Port", RFC2865 "5.5", NUMBER_VALUE },
	{ 0, RADIUS_SERVICE_TYPE, "Service-Type", RFC2865 "5.6", NUMBER_VALUE },
	{ 0, RADIUS_FRAMED_MTU, "Framed-MTU", RFC2865 "5.12",
		{ { "Value", FIELD_UINT, 4, 64, 65535, NULL, NULL } } },
	{ 0, RADIUS_REPLY_MESSAGE, "Reply-Message", RFC2865 "5.18", TEXT_VALUE },
	{ 0, RADIUS_STATE, "State", RFC2865 "5.24", OCTETS_VALUE(1) },
	{ 0, RADIUS_CLASS, "Class", RFC2865 "5.25", OCTETS_VALUE(1) },
	{ 0, RADIUS_VENDOR_SPECIFIC, "Vendor-Specific", RFC2865 "5.26", OCTETS_VALUE(5) },
	{ 0, RADIUS_SESSION_TIMEOUT, "Session-Timeout", RFC2865 "5.27", NUMBER_VALUE },
	{ 0, RADIUS_TERMINATION_ACTION, "Termination-Action", RFC2865 "5.29", NUMBER_VALUE },
	{ 0, RADIUS_CALLED_STATION_ID, "Called-Station-Id", RFC2865 "5.30", TEXT_VALUE },
	{ 0, RADIUS_CALLING_STATION_ID, "Calling-Station-Id", RFC2865 "5.31", TEXT_VALUE },
	{ 0, RADIUS_NAS_IDENTIFIER, "NAS-Identifier", RFC2865 "5.32", TEXT_VALUE },
	{ 0, RADIUS_PROXY_STATE, "Proxy-State", RFC2865 "5.33", OCTETS_VALUE(1) },
	{ 0, RADIUS_NAS_PORT_TYPE, "NAS-Port-Type", RFC2865 "5.41", NUMBER_VALUE },
	{ 0, RADIUS_EAP_MESSAGE, "EAP-Message", RFC3579 "3.1", OCTETS_VALUE(0) },
	{ 0, RADIUS_MESSAGE_AUTHENTICATOR, "Message-Authenticator", RFC3579 "3.2",
		{ { "Octets", FIELD_OCTETS, 16, 0, 0, NULL, NULL } } },
	{ 0, RADIUS_NAS_IPV6_ADDRESS, "NAS-IPv6-Address", "RFC 3162 §2.1",
		{ { "Address", FIELD_IPV6, 16, 0, 0, NULL, NULL } } },
	{ 0 },
};

/* RFC 3579 §3.3, for packets that carry EAP. */
static const struct occurrence in_request[] = {
	{ 0, RADIUS_USER_NAME, 0, 1, RFC2865 "5.44" },
	{ 0, RADIUS_STATE, 0, 1, RFC2865 "5.44" },
	{ 0, RADIUS_EAP_MESSAGE, 0, OCCURS_ANY, RFC3579 "3.3" },
	{ 0, RADIUS_MESSAGE_AUTHENTICATOR, 0, 1, RFC3579 "3.3" },
	{ 0 },
};

static const struct occurrence in_answer[] = {
	{ 0, RADIUS_STATE, 0, 1, RFC2865 "5.44" },
	{ 0, RADIUS_SESSION_TIMEOUT, 0, 1, RFC2865 "5.44" },
	{ 0, RADIUS_EAP_MESSAGE, 0, OCCURS_ANY, RFC3579 "3.3" },
	{ 0, RADIUS_MESSAGE_AUTHENTICATOR, 0, 1, RFC3579 "3.3" },
	{ 0 },
};

static const struct message messages[] = {
	{ "Access-Request", "Access-Request", RADIUS_ACCESS_REQUEST, 0, 0, in_request, true,
		RFC2865 "4.1" },
	{ "Access-Accept", "Access-Accept", RADIUS_ACCESS_ACCEPT, 0, 0, in_answer, true,
		RFC2865 "4.2" },
	{ "Access-Reject", "Access-Reject", RADIUS_ACCESS_REJECT, 0, 0, in_answer, true,
		RFC2865 "4.3" },
	{ "Access-Challenge", "Access-Challenge", RADIUS_ACCESS_CHALLENGE, 0, 0, in_answer, true,
		RFC2865 "4.4" },
	{ 0 },
};

const struct protocol radius_protocol = {
	.name = "radius",
	.specification = "RFC 2865",
	.header = header,
	.type_field = RADIUS_CODE,
	.flags_field = 255,
	.format = { .code_width = 1, .length_width = 1, .length_of_whole = true },
	.elements = elements,
	.messages = messages,
};

int radius_trim(struct view *datagram, struct reject *reject)
{
	struct reader r = reader_of(*datagram);

	read_u16(&r);
	size_t length = read_u16(&r);
	/* RFC 2865 §3: "The minimum length is 20 and maximum length is 4096." */
	if (!r.failed && length > RADIUS_MESSAGE_MAX)
		return reject_set(reject, REJECT_LENGTH, header[RADIUS_LENGTH].name, RFC2865 "3", 2,
			length);
	if (!r.failed && length >= RADIUS_MESSAGE_MIN && length < datagram->size)
		datagram->size = length;
	return 0;
}

int radius_decode(struct view *datagram, struct packet *packet, struct reject *reject)
{
	if (radius_trim(datagram, reject) < 0)
		return -1;
	return wire_decode(&radius_protocol, *datagram, packet, reject);
}

struct view radius_vendor_next(struct reader *r, uint8_t *type)
{
	if (reader_left(r) == 0)
		return VIEW_EMPTY;
	*type = read_u8(r);
	uint8_t length = read_u8(r);
	if (length < 2)
		reader_fail(r);
	return read_view(r, length < 2 ? 0 : length - 2u);
}
