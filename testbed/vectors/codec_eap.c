// SPDX-License-Identifier: Apache-2.0
/* EAP packets: header, type, data, and the frame of EAP-TLS. */
#include "ref/eap/eap_packet.h"
#include "ref/eap/eap_tls_channel.h"
#include "testbed/vectors/codec.h"

static bool has_type(uint64_t code)
{
	return code == EAP_CODE_REQUEST || code == EAP_CODE_RESPONSE;
}

static void take_tls(struct view data, struct decoded *d)
{
	struct tls_frame frame;

	if (data.size == 0 || tls_frame_decode(data, &frame, NULL) < 0)
		return;
	decoded_number(d, "tls_flags", frame.flags);
	if (frame.flags & EAP_TLS_FLAG_L)
		decoded_number(d, "tls_length", frame.length);
	decoded_octets(d, "tls_data", frame.data);
}

static int take_type(struct view octets, struct decoded *d, struct reject *reject)
{
	struct eap_packet packet;

	if (eap_decode(octets, &packet, reject) < 0)
		return -1;
	decoded_number(d, "type", packet.expanded ? EAP_TYPE_EXPANDED : packet.type);
	if (packet.expanded) {
		decoded_number(d, "vendor", packet.vendor);
		decoded_number(d, "vendor_type", packet.type);
	}
	decoded_octets(d, "data", packet.data);
	if (packet.type == EAP_TYPE_TLS && !packet.expanded)
		take_tls(packet.data, d);
	return 0;
}

/* Octets behind Length are none of the packet (RFC 3748 §4). */
static struct view without_padding(struct view octets)
{
	struct reader r = reader_of(octets);

	read_u16(&r);
	size_t length = read_u16(&r);
	return !r.failed && length >= EAP_HEADER_SIZE && length < octets.size
		       ? VIEW(octets.data, length)
		       : octets;
}

int codec_eap_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	struct view whole = without_padding(octets);

	if (wire_parse(codec->wire, whole, &d->packet, reject) < 0)
		return -1;
	decoded_number(d, "code", d->packet.header[0]);
	decoded_number(d, "identifier", d->packet.header[1]);
	decoded_number(d, "length", d->packet.header[2]);
	if (has_type(d->packet.header[0]))
		return take_type(octets, d, reject);
	if (whole.size > EAP_HEADER_SIZE)
		decoded_octets(d, "data",
			VIEW(whole.data + EAP_HEADER_SIZE, whole.size - EAP_HEADER_SIZE));
	return 0;
}

int codec_eap_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	struct eap_packet packet;

	if (eap_decode(octets, &packet, reject) < 0)
		return -1;
	d->message = field_value_name(&codec->wire->header[0], packet.code);
	return 0;
}

bool codec_eap_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w)
{
	const struct vector_field *data = vector_field(v, "data");
	struct eap_packet packet = {
		.code = (uint8_t)vector_number(v, "code"),
		.identifier = (uint8_t)vector_number(v, "identifier"),
		.type = (uint32_t)vector_number(v, "type"),
		.data = data ? data->octets : VIEW_EMPTY,
	};

	if (!field_value_name(&codec->wire->header[0], packet.code))
		return false;
	if (packet.type == EAP_TYPE_EXPANDED) {
		packet.expanded = true;
		packet.vendor = (uint32_t)vector_number(v, "vendor");
		packet.type = (uint32_t)vector_number(v, "vendor_type");
	}
	eap_encode(&packet, w);
	return true;
}
