// SPDX-License-Identifier: Apache-2.0
#include "ref/base/wire_break.h"

#define SAMPLE_LONG 64

/* Octets of a field whose width the rows leave open. */
static size_t open_size(const struct field *f, bool much)
{
	size_t most = f->max && f->max < SAMPLE_LONG ? f->max : SAMPLE_LONG;
	size_t size = much ? most : f->min;
	return size < f->min ? f->min : size;
}

static uint64_t number(const struct field *f, bool much)
{
	if (f->names && f->kind == FIELD_ENUM)
		return f->names[0].value;
	if (much)
		return f->max ? f->max : f->min + 1;
	return f->min;
}

static void sample_field(const struct field *f, bool much, struct writer *w)
{
	size_t size = f->width;

	switch (f->kind) {
	case FIELD_UINT:
	case FIELD_ENUM:
	case FIELD_LENGTH:
		write_uint(w, number(f, much), f->width);
		return;
	case FIELD_FLAGS:
		write_uint(w, f->names ? f->names[0].value : 0, f->width);
		return;
	case FIELD_RESERVED:
		write_zero(w, f->width);
		return;
	case FIELD_OCTETS:
	case FIELD_TEXT:
	case FIELD_IPV4:
	case FIELD_IPV6:
	case FIELD_MAC:
		break;
	}
	if (size == 0)
		size = open_size(f, much);
	for (size_t i = 0; i < size; i++)
		write_u8(w, f->kind == FIELD_TEXT ? 'a' : (uint8_t)(i + 1));
}

struct view wire_sample_value(const struct element *element, bool much, struct writer *w)
{
	size_t start = w->used;

	for (const struct field *f = element->value; f->name; f++)
		sample_field(f, much, w);
	return w->failed ? VIEW_EMPTY : VIEW(w->start + start, w->used - start);
}

static enum position position_of(const struct protocol *p, const struct occurrence *o)
{
	for (const struct placement *q = p->placements; q && q->section; q++)
		if (q->vendor == o->vendor && q->code == o->code)
			return q->position;
	return POSITION_ANY;
}

static void add_at(struct packet *packet, enum position position, bool much, struct writer *w)
{
	const struct protocol *p = packet->protocol;

	for (const struct occurrence *o = packet->message->elements; o && o->max; o++) {
		unsigned times = o->min ? o->min : much;
		const struct element *e = protocol_element(p, o->vendor, o->code);
		if (!e || position_of(p, o) != position)
			continue;
		while (times--)
			packet_add(packet, o->vendor, o->code, wire_sample_value(e, much, w));
	}
}

struct packet wire_sample(const struct protocol *protocol, const struct message *message, bool much,
	struct writer *w)
{
	struct packet packet = packet_of(protocol);

	packet.message = message;
	for (unsigned i = 0; protocol->header[i].name; i++)
		if (protocol->header[i].kind == FIELD_UINT ||
			protocol->header[i].kind == FIELD_ENUM)
			packet.header[i] = number(&protocol->header[i], true);
	packet.header[protocol->type_field] = message->type;
	if (protocol->flags_field != 255)
		packet.header[protocol->flags_field] = message->flags_value;
	for (const struct header_rule *r = protocol->header_rules; r && r->section; r++)
		if (r->type == message->type)
			packet.header[r->field] = r->value;
	add_at(&packet, POSITION_FIRST, much, w);
	add_at(&packet, POSITION_ANY, much, w);
	add_at(&packet, POSITION_LAST, much, w);
	return packet;
}
