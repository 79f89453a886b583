// SPDX-License-Identifier: Apache-2.0
/* Formats in tables: the header's rows and the elements, to and from what the files call them. */
#include <string.h>

#include "ref/discovery/ap_info.h"
#include "ref/dot1x/dxi_wire.h"
#include "ref/pana/pana_encap.h"
#include "ref/radius/radius_wire.h"
#include "testbed/vectors/codec.h"

void decoded_number(struct decoded *d, const char *name, uint64_t number)
{
	if (d->field_count < DECODED_FIELDS_MAX)
		d->fields[d->field_count++] =
			(struct vector_field){.name = name, .number = number};
}

void decoded_octets(struct decoded *d, const char *name, struct view octets)
{
	if (d->field_count < DECODED_FIELDS_MAX)
		d->fields[d->field_count++] =
			(struct vector_field){.name = name, .is_octets = true, .octets = octets};
}

/* Header rows written out again, for what the files show as octets. */
static struct view header_octets(struct decoded *d, const struct header_member *m)
{
	struct writer w = writer_of(d->room + d->room_used, sizeof(d->room) - d->room_used);

	for (unsigned i = m->row; i < m->row + m->rows; i++)
		write_uint(&w, d->packet.header[i], d->packet.protocol->header[i].width);
	d->room_used += w.used;
	return writer_view(&w);
}

static void take_header(const struct vector_codec *codec, struct decoded *d)
{
	for (const struct header_member *m = codec->header; m->name; m++) {
		if (m->octets)
			decoded_octets(d, m->name, header_octets(d, m));
		else
			decoded_number(d, m->name, d->packet.header[m->row]);
	}
}

int codec_wire_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	d->has_elements = true;
	if (wire_parse(codec->wire, octets, &d->packet, reject) < 0)
		return -1;
	take_header(codec, d);
	return 0;
}

static int named(struct decoded *d, int result)
{
	if (result == 0)
		d->message = d->packet.message->name;
	return result;
}

int codec_wire_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	return named(d, wire_decode(codec->wire, octets, &d->packet, reject));
}

int codec_pana_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	(void)codec;
	return named(d, pana_decode_sealed(octets, &d->packet, reject));
}

int codec_dxi_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	(void)codec;
	return named(d, dxi_decode(octets, &d->packet, reject));
}

int codec_ap_info_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	(void)codec;
	return named(d, ap_info_decode(octets, &d->packet, reject));
}

int codec_radius_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	if (radius_trim(&octets, reject) < 0)
		return -1;
	return codec_wire_parse(codec, octets, d, reject);
}

int codec_radius_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	(void)codec;
	return named(d, radius_decode(&octets, &d->packet, reject));
}

static void set_header(struct packet *p, const struct header_member *m, const struct vector *v)
{
	const struct vector_field *f = vector_field(v, m->name);

	if (!f)
		return;
	struct reader r = reader_of(f->octets);
	for (unsigned i = m->row; i < m->row + m->rows; i++)
		p->header[i] = m->octets ? read_uint(&r, p->protocol->header[i].width) : f->number;
}

/* Reserved fields are ignored, so they do not come back. */
static bool has_reserved(const struct vector *v)
{
	bool set = vector_number(v, "reserved") != 0;

	for (size_t i = 0; i < v->element_count; i++)
		set |= v->elements[i].reserved != 0;
	return set;
}

bool codec_wire_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w)
{
	struct packet p = packet_of(codec->wire);

	if (v->element_count > WIRE_ELEMENTS_MAX || has_reserved(v))
		return false;
	for (const struct header_member *m = codec->header; m->name; m++)
		set_header(&p, m, v);
	for (size_t i = 0; i < v->element_count; i++) {
		const struct vector_element *e = &v->elements[i];
		packet_add(&p, e->has_vendor ? e->vendor : 0, e->code, e->value);
		p.elements[i].flags = e->flags;
		p.elements[i].next = e->next;
	}
	wire_encode(&p, w);
	return true;
}
