// SPDX-License-Identifier: Apache-2.0
/* EAPOL in Ethernet frames. */
#include <string.h>

#include "ref/dot1x/eapol.h"
#include "ref/eap/eap_packet.h"
#include "testbed/vectors/codec.h"

/* An unknown type has boundaries too. */
static int read_pdu(struct view pdu, struct eapol *out, struct reject *reject)
{
	struct reject why = {0};

	if (eapol_decode(pdu, out, &why) == 0 || why.reason == REJECT_TYPE)
		return 0;
	*reject = why;
	return -1;
}

int codec_eapol_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	struct eapol_frame frame;
	struct eapol pdu;

	(void)codec;
	if (eapol_frame_decode(octets, &frame, reject) < 0 ||
		read_pdu(frame.pdu, &pdu, reject) < 0)
		return -1;
	memcpy(d->room, frame.destination, MAC_SIZE);
	memcpy(d->room + MAC_SIZE, frame.source, MAC_SIZE);
	decoded_octets(d, "destination", VIEW(d->room, MAC_SIZE));
	decoded_octets(d, "source", VIEW(d->room + MAC_SIZE, MAC_SIZE));
	decoded_number(d, "ethertype", frame.ethertype);
	decoded_number(d, "version", pdu.version);
	decoded_number(d, "type", pdu.type);
	decoded_number(d, "length", pdu.body.size);
	decoded_octets(d, "body", pdu.body);
	size_t used = EAPOL_HEADER_SIZE + pdu.body.size;
	decoded_octets(d, "padding", VIEW(frame.pdu.data + used, frame.pdu.size - used));
	return 0;
}

int codec_eapol_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	struct eapol_frame frame;
	struct eapol pdu;
	struct eap_packet packet;

	if (eapol_frame_decode(octets, &frame, reject) < 0 ||
		eapol_decode(frame.pdu, &pdu, reject) < 0)
		return -1;
	if (pdu.type == EAPOL_EAP && eap_decode(pdu.body, &packet, reject) < 0)
		return -1;
	d->message = field_value_name(&codec->wire->header[1], pdu.type);
	return 0;
}

/* The reference writes PDUs of its own version, and padding is the work of others. */
bool codec_eapol_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w)
{
	const struct vector_field *destination = vector_field(v, "destination"),
				  *source = vector_field(v, "source"),
				  *body = vector_field(v, "body"),
				  *padding = vector_field(v, "padding");
	struct eapol_frame frame = {.ethertype = (uint16_t)vector_number(v, "ethertype")};
	uint8_t room[EAPOL_PDU_MAX];
	struct writer pdu = writer_of(room, sizeof(room));

	(void)codec;
	if (!destination || !source || !body || !padding || padding->octets.size ||
		destination->octets.size != MAC_SIZE || source->octets.size != MAC_SIZE ||
		vector_number(v, "version") != EAPOL_VERSION)
		return false;
	memcpy(frame.destination, destination->octets.data, MAC_SIZE);
	memcpy(frame.source, source->octets.data, MAC_SIZE);
	eapol_encode((enum eapol_type)vector_number(v, "type"), body->octets, &pdu);
	frame.pdu = writer_view(&pdu);
	eapol_frame_encode(&frame, w);
	w->failed |= pdu.failed;
	return true;
}

/* IEEE 802.11-2020 §12.7.2, figure 12-34: the PMKID KDE, and nothing behind it. */
struct finding verify_eapol(const struct vector *v, const struct decoded *d)
{
	const struct vector_field *body = vector_field(v, "body");
	uint8_t pmkid[16];

	(void)d;
	if (!v->has_pmk)
		return finding_none();
	const struct vector_pmk *p = &v->group->pmks[v->pmk];
	eapol_pmkid(p->pmk.data, p->bssid.data, p->station.data, pmkid);
	if (!view_equal(VIEW_OF(pmkid), p->pmkid))
		return finding_of(CHECK_DIFFERS, "the PMKID differs from the vector's");
	if (!body || body->octets.size < sizeof(pmkid) ||
		memcmp(body->octets.data + body->octets.size - sizeof(pmkid), pmkid,
			sizeof(pmkid)) != 0)
		return finding_of(CHECK_DIFFERS, "the frame does not end with its PMKID");
	return finding_none();
}
