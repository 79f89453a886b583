// SPDX-License-Identifier: Apache-2.0
#include "ref/dot1x/eapol.h"
#include "ref/eap/eap_packet.h"
#include "ref/eap/eap_psk.h"
#include "ref/eap/eap_psk_crypto.h"
#include "ref/eap/eap_tls_channel.h"
#include "testbed/suite/lan_message.h"

static const struct name tls_flags[] = {
	{ EAP_TLS_FLAG_L, "L" },
	{ EAP_TLS_FLAG_M, "M" },
	{ EAP_TLS_FLAG_S, "S" },
	{ 0, NULL },
};

/* T, with the reserved bits zero (RFC 4764 §5.1). */
static const struct name psk_flags[] = {
	{ 0x00, "first" },
	{ 0x40, "second" },
	{ 0x80, "third" },
	{ 0xc0, "fourth" },
	{ 0, NULL },
};

static const struct element elements[] = {
	{ 0, LAN_CODE, "Code", "RFC 3748 §4",
		{ { "Code", FIELD_ENUM, 1, 0, 0, eap_code_names, "RFC 3748 §4" } } },
	{ 0, LAN_IDENTIFIER, "Identifier", "RFC 3748 §4",
		{ { "Identifier", FIELD_UINT, 1, 0, 0, NULL, "RFC 3748 §4" } } },
	{ 0, LAN_LENGTH, "Length", "RFC 3748 §4",
		{ { "Length", FIELD_UINT, 2, 0, 0, NULL, "RFC 3748 §4" } } },
	{ 0, LAN_EAP_TYPE, "Type", "RFC 3748 §4.1",
		{ { "Type", FIELD_ENUM, 1, 0, 0, eap_type_names, "RFC 3748 §4.1" } } },
	{ 0, LAN_VENDOR_ID, "Vendor-Id", "RFC 3748 §5.7",
		{ { "Vendor-Id", FIELD_UINT, 3, 0, 0, NULL, "RFC 3748 §5.7" } } },
	{ 0, LAN_VENDOR_TYPE, "Vendor-Type", "RFC 3748 §5.7",
		{ { "Vendor-Type", FIELD_ENUM, 4, 0, 0, eap_type_names, "RFC 3748 §5.7" } } },
	{ 0, LAN_FLAGS, "Flags", "RFC 5216 §3.1",
		{ { "Flags", FIELD_FLAGS, 1, 0, 0, tls_flags, "RFC 5216 §3.1" } } },
	{ 0, LAN_TLS_LENGTH, "TLS-Length", "RFC 5216 §3.1",
		{ { "TLS Message Length", FIELD_UINT, 4, 0, 0, NULL, "RFC 5216 §3.1" } } },
	{ 0, LAN_PSK_FLAGS, "PSK-Flags", "RFC 4764 §5.1",
		{ { "Flags", FIELD_ENUM, 1, 0, 0, psk_flags, "RFC 4764 §5.1" } } },
	{ 0, LAN_RAND_S, "RAND-S", "RFC 4764 §5.1",
		{ { "RAND_S", FIELD_OCTETS, PSK_RAND_SIZE, 0, 0, NULL, "RFC 4764 §5.1" } } },
	{ 0, LAN_RAND_P, "RAND-P", "RFC 4764 §5.2",
		{ { "RAND_P", FIELD_OCTETS, PSK_RAND_SIZE, 0, 0, NULL, "RFC 4764 §5.2" } } },
	{ 0, LAN_MAC, "MAC", "RFC 4764 §3.2",
		{ { "MAC", FIELD_OCTETS, PSK_MAC_SIZE, 0, 0, NULL, "RFC 4764 §3.2" } } },
	{ 0, LAN_NONCE, "Nonce", "RFC 4764 §3.3",
		{ { "Nonce", FIELD_UINT, 4, 0, 0, NULL, "RFC 4764 §3.3" } } },
	{ 0, LAN_TAG, "Tag", "RFC 4764 §3.3",
		{ { "Tag", FIELD_OCTETS, EAX_TAG_SIZE, 0, 0, NULL, "RFC 4764 §3.3" } } },
	{ 0, LAN_DATA, "Data", "RFC 3748 §4.1",
		{ { "Data", FIELD_OCTETS, 0, 0, 0, NULL, "RFC 3748 §4.1" } } },
	{ 0 },
};

static const struct message messages[] = {
	{ "EAPOL-Start", "Start", EAPOL_START, 0, 0, NULL, true, "IEEE 802.1X-2010 EAPOL-Start" },
	{ "EAPOL-Logoff", "Logoff", EAPOL_LOGOFF, 0, 0, NULL, true,
		"IEEE 802.1X-2010 EAPOL-Logoff" },
	{ "EAPOL-Key", "Key", EAPOL_KEY, 0, 0, NULL, true, "IEEE 802.1X-2010 EAPOL-Key" },
	{ "Request", "EAP Request", EAPOL_EAP, 0, 0, NULL, true, "RFC 3748 §4.1" },
	{ "Response", "EAP Response", EAPOL_EAP, 0, 0, NULL, true, "RFC 3748 §4.1" },
	{ "Success", "EAP Success", EAPOL_EAP, 0, 0, NULL, true, "RFC 3748 §4.2" },
	{ "Failure", "EAP Failure", EAPOL_EAP, 0, 0, NULL, true, "RFC 3748 §4.2" },
	{ 0 },
};

const struct protocol lan_protocol = {
	.name = "EAPOL",
	.specification = "IEEE 802.1X-2010, RFC 3748",
	.header = eapol_header,
	.type_field = LAN_TYPE,
	.flags_field = 255,
	.elements = elements,
	.messages = messages,
};

const uint32_t lan_shown[] = { LAN_EAP_TYPE, LAN_IDENTIFIER, 0 };

/* --- in ------------------------------------------------------------------------------------- */

static void add(struct packet *out, enum lan_element code, struct reader *r, size_t size)
{
	struct view value = read_view(r, size);
	if (!r->failed)
		packet_add(out, 0, code, value);
}

/* Flags, length and data of EAP-TLS; what has no flags is data alone. */
static void read_tls(struct packet *out, struct reader *r)
{
	add(out, LAN_FLAGS, r, 1);
	if (!r->failed && packet_uint(out, 0, LAN_FLAGS, 0) & EAP_TLS_FLAG_L && reader_left(r) >= 4)
		add(out, LAN_TLS_LENGTH, r, 4);
}

/* The head of EAP-PSK's four messages; ID and the sealed octets are data. What is too short for the
 * head is data alone. */
static void read_psk(struct packet *out, struct reader *r)
{
	static const size_t heads[] = { 1 + PSK_RAND_SIZE, 1 + 2 * PSK_RAND_SIZE + PSK_MAC_SIZE,
		1 + PSK_RAND_SIZE + PSK_MAC_SIZE + 4 + EAX_TAG_SIZE,
		1 + PSK_RAND_SIZE + 4 + EAX_TAG_SIZE };
	struct reader ahead = *r;
	unsigned number = read_u8(&ahead) >> 6;

	if (reader_left(r) < heads[number])
		return;
	add(out, LAN_PSK_FLAGS, r, 1);
	add(out, LAN_RAND_S, r, PSK_RAND_SIZE);
	if (number == 1)
		add(out, LAN_RAND_P, r, PSK_RAND_SIZE);
	if (number == 1 || number == 2)
		add(out, LAN_MAC, r, PSK_MAC_SIZE);
	if (number >= 2) {
		add(out, LAN_NONCE, r, 4);
		add(out, LAN_TAG, r, EAX_TAG_SIZE);
	}
}

static void read_eap(struct packet *out, struct view body)
{
	struct reader r = reader_of(body);

	add(out, LAN_CODE, &r, 1);
	add(out, LAN_IDENTIFIER, &r, 1);
	add(out, LAN_LENGTH, &r, 2);
	if (r.failed)
		return;
	uint64_t code = packet_uint(out, 0, LAN_CODE, 0);
	size_t length = packet_uint(out, 0, LAN_LENGTH, 0);
	if (length >= EAP_HEADER_SIZE && length < body.size) {
		r = reader_of(VIEW(body.data, length));
		read_view(&r, EAP_HEADER_SIZE);
	}
	if ((code == EAP_CODE_REQUEST || code == EAP_CODE_RESPONSE) && reader_left(&r)) {
		add(out, LAN_EAP_TYPE, &r, 1);
		uint64_t type = packet_uint(out, 0, LAN_EAP_TYPE, 0);
		if (type == EAP_TYPE_EXPANDED && reader_left(&r) >= 7) {
			add(out, LAN_VENDOR_ID, &r, 3);
			add(out, LAN_VENDOR_TYPE, &r, 4);
		}
		if (type == EAP_TYPE_TLS && reader_left(&r))
			read_tls(out, &r);
		if (type == EAP_TYPE_PSK && reader_left(&r))
			read_psk(out, &r);
	}
	if (reader_left(&r))
		add(out, LAN_DATA, &r, reader_left(&r));
	if (code >= EAP_CODE_REQUEST && code <= EAP_CODE_FAILURE)
		out->message = protocol_message_named(&lan_protocol,
			field_value_name(&elements[0].value[0], code));
}

int lan_decode(struct view octets, struct packet *out, struct reject *reject)
{
	struct reader r = reader_of(octets);
	struct eap_packet eap;
	struct eapol pdu;

	*out = packet_of(&lan_protocol);
	out->header[LAN_VERSION] = read_u8(&r);
	out->header[LAN_TYPE] = read_u8(&r);
	out->header[LAN_BODY_LENGTH] = read_u16(&r);
	struct view body = read_view(&r, out->header[LAN_BODY_LENGTH]);
	if (r.failed)
		return eapol_decode(octets, &pdu, reject);
	if (out->header[LAN_TYPE] == EAPOL_EAP) {
		read_eap(out, body);
		return eap_decode(body, &eap, reject);
	}
	if (body.size)
		packet_add(out, 0, LAN_DATA, body);
	for (const struct message *m = messages; m->name && !out->message; m++)
		if (m->type == out->header[LAN_TYPE])
			out->message = m;
	return eapol_decode(octets, &pdu, reject);
}

/* --- out ------------------------------------------------------------------------------------ */

void lan_arrange(struct packet *packet, const bool *set, struct arena *arena)
{
	struct element_value *list = packet->elements;
	size_t size = 0;
	unsigned at = packet->element_count;

	for (unsigned i = 0; i < packet->element_count; i++) {
		size += list[i].value.size;
		if (list[i].code == LAN_LENGTH && !set[i])
			at = i;
	}
	if (at < packet->element_count) {
		struct writer w = writer_of(arena_alloc(arena, 2), 2);
		write_u16(&w, (uint16_t)size);
		list[at].value = writer_view(&w);
	}
	for (unsigned i = 1; i < packet->element_count; i++) /* a few, and nearly in order */
		for (unsigned k = i; k && list[k].code < list[k - 1].code; k--) {
			struct element_value swap = list[k];
			list[k] = list[k - 1];
			list[k - 1] = swap;
		}
}
