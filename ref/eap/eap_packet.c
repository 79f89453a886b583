// SPDX-License-Identifier: Apache-2.0
#include <strings.h>

#include "ref/base/mutant.h"
#include "ref/eap/eap_packet.h"

const struct name eap_code_names[] = {
	{ EAP_CODE_REQUEST, "Request" },
	{ EAP_CODE_RESPONSE, "Response" },
	{ EAP_CODE_SUCCESS, "Success" },
	{ EAP_CODE_FAILURE, "Failure" },
	{ 0, NULL },
};

static const struct field header[] = {
	{ "Code", FIELD_ENUM, 1, 0, 0, eap_code_names, "RFC 3748 §4" },
	{ "Identifier", FIELD_UINT, 1, 0, 0, NULL, "RFC 3748 §4" },
	{ "Length", FIELD_LENGTH, 2, 0, 0, NULL, "RFC 3748 §4" },
	{ 0 },
};

static const struct message messages[] = {
	{ "Request", "EAP Request", EAP_CODE_REQUEST, 0, 0, NULL, true, "RFC 3748 §4.1" },
	{ "Response", "EAP Response", EAP_CODE_RESPONSE, 0, 0, NULL, true, "RFC 3748 §4.1" },
	{ "Success", "EAP Success", EAP_CODE_SUCCESS, 0, 0, NULL, true, "RFC 3748 §4.2" },
	{ "Failure", "EAP Failure", EAP_CODE_FAILURE, 0, 0, NULL, true, "RFC 3748 §4.2" },
	{ 0 },
};

static const struct element no_elements[] = { { 0 } };

const struct protocol eap_protocol = {
	.name = "EAP",
	.specification = "RFC 3748 §4",
	.header = header,
	.type_field = 0,
	.flags_field = 255,
	.elements = no_elements,
	.messages = messages,
};

const struct name eap_type_names[] = {
	{ EAP_TYPE_IDENTITY, "Identity" },
	{ EAP_TYPE_NOTIFICATION, "Notification" },
	{ EAP_TYPE_NAK, "Nak" },
	{ EAP_TYPE_MD5, "EAP-MD5" },
	{ EAP_TYPE_TLS, "EAP-TLS" },
	{ EAP_TYPE_PSK, "EAP-PSK" },
	{ EAP_TYPE_EXPANDED, "Expanded" },
	{ EAP_TYPE_EXPERIMENTAL, "Experimental" },
	{ 0, NULL },
};

/* RFC 3748 §5.7: Type 254, then Vendor-Id of 3 octets and Vendor-Type of 4. */
static int read_type(struct reader *r, struct eap_packet *packet, struct reject *reject)
{
	size_t at = r->offset;

	packet->type = read_u8(r);
	if (r->failed)
		return reject_set(reject, REJECT_TRUNCATED, "Type", "RFC 3748 §4.1", at, 0);
	if (packet->type == EAP_TYPE_NONE)
		return reject_set(reject, REJECT_VALUE, "Type", "RFC 3748 §5", at, 0);
	if (packet->type == EAP_TYPE_EXPANDED) {
		packet->expanded = true;
		packet->vendor = read_u24(r);
		packet->type = read_u32(r);
		if (r->failed)
			return reject_set(reject, REJECT_TRUNCATED, "Vendor-Type",
				"RFC 3748 §5.7", r->at, 0);
	}
	packet->data = read_rest(r);
	return 0;
}

int eap_decode(struct view datagram, struct eap_packet *packet, struct reject *reject)
{
	struct reader r = reader_of(datagram);
	struct packet header_read;

	*packet = (struct eap_packet){ 0 };
	packet->code = read_u8(&r);
	packet->identifier = read_u8(&r);
	uint16_t length = read_u16(&r);
	if (r.failed)
		return reject_set(reject, REJECT_TRUNCATED, "Length", "RFC 3748 §4.1", r.at,
			datagram.size);
	/* RFC 3748 §4.1: "A message with the Length field set to a value larger than the number
	 * of received octets MUST be silently discarded." */
	bool lenient = MUTANT(eap_takes_any_length) && length > datagram.size;
	if (lenient || MUTANT(eap_padding_is_data))
		length = (uint16_t)datagram.size;
	if (length < EAP_HEADER_SIZE || length > datagram.size)
		return reject_set(reject, REJECT_LENGTH, "Length", "RFC 3748 §4.1", 2, length);
	packet->whole = VIEW(datagram.data, length);
	if (!lenient && !MUTANT(eap_padding_is_data) &&
		wire_decode(&eap_protocol, packet->whole, &header_read, reject) < 0)
		return -1;
	r = reader_of(packet->whole);
	read_view(&r, EAP_HEADER_SIZE);
	if (packet->code == EAP_CODE_REQUEST || packet->code == EAP_CODE_RESPONSE)
		return read_type(&r, packet, reject);
	if (reader_left(&r))
		return reject_set(reject, REJECT_LENGTH, "Length", "RFC 3748 §4.2", 2, length);
	return 0;
}

static bool has_type(const struct eap_packet *packet)
{
	return packet->code != EAP_CODE_SUCCESS && packet->code != EAP_CODE_FAILURE;
}

void eap_encode(const struct eap_packet *packet, struct writer *w)
{
	size_t start = w->used;

	write_u8(w, packet->code);
	write_u8(w, packet->identifier);
	write_u16(w, 0);
	if (has_type(packet) && (packet->expanded || packet->vendor || packet->type > 255)) {
		write_u8(w, EAP_TYPE_EXPANDED);
		write_uint(w, packet->vendor, 3);
		write_u32(w, packet->type);
	} else if (has_type(packet)) {
		write_u8(w, (uint8_t)packet->type);
	}
	write_view(w, packet->data);
	if (w->used - start > UINT16_MAX)
		w->failed = true;
	write_uint_at(w, start + 2, w->used - start, 2);
}

const char *eap_type_name(uint32_t type)
{
	for (const struct name *n = eap_type_names; n->name; n++)
		if (n->value == type)
			return n->name;
	return "unknown";
}

enum eap_type eap_type_by_name(const char *name)
{
	for (const struct name *n = eap_type_names; n->name; n++) {
		bool prefixed = strncasecmp(n->name, "EAP-", 4) == 0;
		if (!strcasecmp(n->name, name) || (prefixed && !strcasecmp(n->name + 4, name)))
			return (enum eap_type)n->value;
	}
	return EAP_TYPE_NONE;
}
