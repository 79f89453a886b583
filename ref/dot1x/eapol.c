// SPDX-License-Identifier: Apache-2.0
#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/dot1x/eapol.h"

#define DOT1X "IEEE 802.1X-2010 §"

static const struct name types[] = {
	{ EAPOL_EAP, "EAPOL-EAP" },
	{ EAPOL_START, "EAPOL-Start" },
	{ EAPOL_LOGOFF, "EAPOL-Logoff" },
	{ EAPOL_KEY, "EAPOL-Key" },
	{ EAPOL_ALERT, "EAPOL-Encapsulated-ASF-Alert" },
	{ 0, NULL },
};

const struct field eapol_header[] = {
	{ "Protocol Version", FIELD_UINT, 1, 0, 0, NULL, DOT1X "11.3.1" },
	{ "Packet Type", FIELD_ENUM, 1, 0, 0, types, DOT1X "11.3.2" },
	/* all that follows it; a frame may be padded behind that */
	{ "Packet Body Length", FIELD_LENGTH, 2, EAPOL_HEADER_SIZE, 0, NULL, DOT1X "11.3.3" },
	{ 0 },
};

static const struct message messages[] = {
	{ "EAPOL-EAP", "EAP packet", EAPOL_EAP, 0, 0, NULL, true, DOT1X "11.3.2" },
	{ "EAPOL-Start", "Start", EAPOL_START, 0, 0, NULL, true, DOT1X "11.3.2" },
	{ "EAPOL-Logoff", "Logoff", EAPOL_LOGOFF, 0, 0, NULL, true, DOT1X "11.3.2" },
	{ "EAPOL-Key", "Key", EAPOL_KEY, 0, 0, NULL, true, DOT1X "11.3.2" },
	{ "EAPOL-Encapsulated-ASF-Alert", "Alert", EAPOL_ALERT, 0, 0, NULL, true, DOT1X "11.3.2" },
	{ 0 },
};

static const struct element no_elements[] = { { 0 } };

const struct protocol eapol_protocol = {
	.name = "eapol",
	.specification = "IEEE 802.1X-2010",
	.header = eapol_header,
	.type_field = 1,
	.flags_field = 255,
	.elements = no_elements,
	.messages = messages,
};

int eapol_decode(struct view pdu, struct eapol *out, struct reject *reject)
{
	struct reader r = reader_of(pdu);

	out->version = read_u8(&r);
	out->type = read_u8(&r);
	size_t length = read_u16(&r);
	if (r.failed)
		return reject_set(reject, REJECT_TRUNCATED, "Packet Body Length", DOT1X "11.3",
			r.at, pdu.size);
	if (MUTANT(eapol_takes_truncated) && length > reader_left(&r))
		length = reader_left(&r);
	out->body = read_view(&r, length);
	if (MUTANT(eapol_refuses_padding) && reader_left(&r))
		return reject_set(reject, REJECT_TRAILING, NULL, DOT1X "11.3.3", r.offset, 0);
	if (MUTANT(eapol_one_version) && out->version != EAPOL_VERSION)
		return reject_set(reject, REJECT_VERSION, NULL, DOT1X "11.3.1", 0, out->version);
	if (MUTANT(eapol_unknown_type_is_start) && out->type > EAPOL_ALERT)
		out->type = EAPOL_START;
	if (r.failed)
		return reject_set(reject, REJECT_LENGTH, "Packet Body Length", DOT1X "11.3.3", 2,
			length);
	if (out->type > EAPOL_ALERT)
		return reject_set(reject, REJECT_TYPE, "Packet Type", DOT1X "11.3.2", 1, out->type);
	return 0;
}

void eapol_encode(enum eapol_type type, struct view body, struct writer *w)
{
	if (body.size > EAPOL_PDU_MAX - EAPOL_HEADER_SIZE) {
		w->failed = true;
		return;
	}
	write_u8(w, EAPOL_VERSION);
	write_u8(w, type);
	write_u16(w, (uint16_t)(body.size + (MUTANT(eapol_length_of_all) ? EAPOL_HEADER_SIZE : 0)));
	write_view(w, body);
}

int eapol_frame_decode(struct view frame, struct eapol_frame *out, struct reject *reject)
{
	struct reader r = reader_of(frame);

	read_bytes(&r, out->destination, MAC_SIZE);
	read_bytes(&r, out->source, MAC_SIZE);
	out->ethertype = read_u16(&r);
	if (r.failed)
		return reject_set(reject, REJECT_TRUNCATED, "Ethernet header", DOT1X "11.1", r.at,
			frame.size);
	if (out->ethertype != EAPOL_ETHERTYPE && out->ethertype != EAPOL_PREAUTH_ETHERTYPE)
		return reject_set(reject, REJECT_TYPE, "EtherType", DOT1X "11.1.4", 12,
			out->ethertype);
	out->pdu = read_rest(&r);
	return 0;
}

void eapol_frame_encode(const struct eapol_frame *frame, struct writer *w)
{
	write_bytes(w, frame->destination, MAC_SIZE);
	write_bytes(w, frame->source, MAC_SIZE);
	write_u16(w, frame->ethertype);
	write_view(w, frame->pdu);
}

void eapol_pmkid(const uint8_t pmk[32], const uint8_t bssid[MAC_SIZE],
	const uint8_t station[MAC_SIZE], uint8_t out[16])
{
	struct view parts[] = { view_text("PMK Name"), VIEW(bssid, MAC_SIZE),
		VIEW(station, MAC_SIZE) };
	uint8_t full[DIGEST_MAX];

	hmac_parts(DIGEST_SHA1, VIEW(pmk, 32), parts, 3, full);
	memcpy(out, full, 16);
}
