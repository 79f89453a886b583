// SPDX-License-Identifier: Apache-2.0
#include "ref/base/wire.h"

static size_t header_size(const struct protocol *p)
{
	size_t size = 0;
	for (const struct field *f = p->header; f->name; f++)
		size += f->width;
	return size;
}

static int parse_header(const struct protocol *p, struct reader *r, size_t size,
	struct packet *packet, struct reject *reject)
{
	for (unsigned i = 0; p->header[i].name; i++) {
		const struct field *f = &p->header[i];
		size_t at = r->offset;

		packet->header[i] = read_uint(r, f->width);
		if (r->failed)
			return reject_set(reject, REJECT_TRUNCATED, f->name, f->section, at, size);
		if (f->kind == FIELD_LENGTH && packet->header[i] + f->min != size)
			return reject_set(reject, REJECT_LENGTH, f->name, f->section, at,
				packet->header[i]);
	}
	return 0;
}

static bool is_closing(const struct element_format *format, uint32_t code)
{
	for (const uint32_t *c = format->closing; c && *c; c++)
		if (*c == code)
			return true;
	return false;
}

/*
 * One element at the cursor; in a chain e->code is known. What fails is told by name, in the order
 * of the element's parts.
 */
static int parse_element(const struct protocol *p, struct reader *r, struct element_value *e,
	struct reject *reject)
{
	const struct element_format *format = &p->format;
	size_t start = r->offset, before = reader_left(r);

	e->offset = start;
	uint32_t code = (uint32_t)read_uint(r, format->code_width);
	*(format->chained ? &e->next : &e->code) = code;
	e->flags = (uint32_t)read_uint(r, format->flags_width);
	size_t length_at = r->offset;
	size_t length = (size_t)read_uint(r, format->length_width);
	read_uint(r, format->reserved_width);
	e->vendor = format->vendor_flag & e->flags ? read_u32(r) : 0;
	/* a vendor that is announced and then 0 is nobody's: not the standard's element either */
	bool nobody = format->vendor_flag & e->flags && e->vendor == 0;
	e->element = nobody ? NULL : protocol_element(p, e->vendor, e->code);
	const char *name = e->element ? e->element->name : "element header";
	const char *section = e->element ? e->element->section : p->specification;
	if (r->failed)
		return reject_set(reject, REJECT_TRUNCATED, name, section, start, before);

	size_t head = r->offset - start;
	if (format->length_of_whole) {
		if (length < head)
			return reject_set(reject, REJECT_LENGTH, name, section, length_at, length);
		length -= head;
	}
	e->value = read_view(r, length);
	if (r->failed)
		return reject_set(reject, REJECT_LENGTH, name, section, length_at, length);
	size_t pad = format->align > 1 ? -(head + length) % format->align : 0;
	if (pad > reader_left(r))
		return reject_set(reject, REJECT_PADDING, name, section, r->offset, pad);
	read_view(r, pad);
	return 0;
}

/* `next` is the code of the next element of a chain; elements of other formats bring their own. */
static int parse_elements(const struct protocol *p, uint32_t next, struct reader *r,
	struct packet *packet, struct reject *reject)
{
	bool chained = p->format.chained;

	while (chained ? next != 0 : reader_left(r) != 0) {
		if (packet->element_count == WIRE_ELEMENTS_MAX)
			return reject_set(reject, REJECT_TOO_MANY, NULL, p->specification,
				r->offset, WIRE_ELEMENTS_MAX);
		struct element_value *e = &packet->elements[packet->element_count];
		*e = (struct element_value){ .code = next };
		if (parse_element(p, r, e, reject) < 0)
			return -1;
		packet->element_count++;
		next = is_closing(&p->format, e->code) ? 0 : e->next;
	}
	if (reader_left(r))
		return reject_set(reject, REJECT_TRAILING, NULL, p->specification, r->offset,
			reader_left(r));
	return 0;
}

int wire_parse(const struct protocol *protocol, struct view datagram, struct packet *packet,
	struct reject *reject)
{
	struct reader r = reader_of(datagram);

	packet->protocol = protocol;
	packet->message = NULL;
	packet->element_count = 0;
	memset(packet->header, 0, sizeof(packet->header));
	if (parse_header(protocol, &r, datagram.size, packet, reject) < 0)
		return -1;
	if (protocol->format.code_width == 0)
		return 0;
	return parse_elements(protocol, (uint32_t)packet->header[protocol->format.first_field], &r,
		packet, reject);
}

int wire_parse_elements(const struct protocol *protocol, uint32_t first, struct view octets,
	struct packet *packet, struct reject *reject)
{
	struct reader r = reader_of(octets);

	return parse_elements(protocol, first, &r, packet, reject);
}

static size_t header_offset(const struct protocol *p, unsigned index)
{
	size_t offset = 0;
	for (unsigned i = 0; i < index; i++)
		offset += p->header[i].width;
	return offset;
}

static uint32_t packet_flags(const struct packet *packet)
{
	unsigned i = packet->protocol->flags_field;
	return i == 255 ? 0 : (uint32_t)packet->header[i];
}

int wire_identify(struct packet *packet, struct reject *reject)
{
	const struct protocol *p = packet->protocol;
	uint64_t type = packet->header[p->type_field];
	uint32_t flags = packet_flags(packet);
	const struct message *of_type = NULL;

	for (const struct message *m = p->messages; m->name; m++) {
		if (m->type != type)
			continue;
		of_type = m;
		if ((flags & m->flags_mask) == m->flags_value) {
			packet->message = m;
			return 0;
		}
	}
	if (of_type)
		return reject_set(reject, REJECT_FLAGS, p->header[p->flags_field].name,
			of_type->section, header_offset(p, p->flags_field), flags);
	return reject_set(reject, REJECT_TYPE, p->header[p->type_field].name,
		p->header[p->type_field].section, header_offset(p, p->type_field), type);
}

static bool is_number(const struct field *f)
{
	return f->kind == FIELD_UINT || f->kind == FIELD_ENUM;
}

/* A maximum of 0 leaves the field unbounded. */
static bool in_bounds(const struct field *f, uint64_t n)
{
	return n >= f->min && (f->max == 0 || n <= f->max);
}

static int check_value(const struct element_value *e, struct reject *reject)
{
	struct reader r = reader_of(e->value);
	const struct field *f = e->element->value;

	for (; f->name; f++) {
		const char *section = f->section ? f->section : e->element->section;
		size_t at = e->offset + r.offset;
		size_t size = f->width ? f->width : reader_left(&r);
		struct reader part = read_child(&r, size);
		if (r.failed)
			return reject_set(reject, REJECT_LENGTH, e->element->name, section,
				e->offset, e->value.size);
		if (f->width == 0 && !in_bounds(f, size))
			return reject_set(reject, REJECT_LENGTH, e->element->name, section,
				e->offset, size);
		uint64_t n = is_number(f) ? read_uint(&part, f->width) : 0;
		if (is_number(f) && !in_bounds(f, n))
			return reject_set(reject, REJECT_VALUE, f->name, section, at, n);
	}
	if (reader_left(&r))
		return reject_set(reject, REJECT_LENGTH, e->element->name, e->element->section,
			e->offset, e->value.size);
	return 0;
}

static const struct occurrence *occurrence_of(const struct message *m,
	const struct element_value *e)
{
	for (const struct occurrence *o = m->elements; o && o->max; o++)
		if (o->vendor == e->vendor && o->code == e->code)
			return o;
	return NULL;
}

static unsigned count_of(const struct packet *packet, uint32_t vendor, uint32_t code)
{
	unsigned n = 0;
	for (unsigned i = 0; i < packet->element_count; i++)
		n += packet->elements[i].vendor == vendor && packet->elements[i].code == code;
	return n;
}

static const char *element_name(const struct packet *packet, uint32_t vendor, uint32_t code)
{
	const struct element *e = protocol_element(packet->protocol, vendor, code);
	return e ? e->name : "element";
}

static int check_occurrence(const struct packet *packet, struct reject *reject)
{
	const struct message *m = packet->message;

	for (unsigned i = 0; i < packet->element_count; i++) {
		const struct element_value *e = &packet->elements[i];
		if (e->element && !m->others_allowed && !occurrence_of(m, e))
			return reject_set(reject, REJECT_UNEXPECTED, e->element->name, m->section,
				e->offset, e->code);
	}
	for (const struct occurrence *o = m->elements; o && o->max; o++) {
		unsigned n = count_of(packet, o->vendor, o->code);
		const char *section = o->section ? o->section : m->section;
		const char *name = element_name(packet, o->vendor, o->code);
		if (n < o->min)
			return reject_set(reject, REJECT_MISSING, name, section, 0, n);
		if (o->max != OCCURS_ANY && n > o->max)
			return reject_set(reject, REJECT_REPEATED, name, section,
				packet_find_nth(packet, o->vendor, o->code, o->max)->offset, n);
	}
	return 0;
}

static int check_placement(const struct packet *packet, struct reject *reject)
{
	const struct placement *p = packet->protocol->placements;

	for (; p && p->section; p++) {
		const struct element_value *e = packet_find(packet, p->vendor, p->code);
		const struct element_value *first = packet->elements;
		const struct element_value *last = first + packet->element_count - 1;
		bool wrong = (p->position == POSITION_FIRST && e != first) ||
			(p->position == POSITION_LAST && e != last);
		if (e && wrong)
			return reject_set(reject, REJECT_POSITION,
				element_name(packet, p->vendor, p->code), p->section, e->offset,
				(uint64_t)(e - first));
	}
	return 0;
}

static int check_header(const struct packet *packet, struct reject *reject)
{
	const struct protocol *p = packet->protocol;

	for (unsigned i = 0; p->header[i].name; i++)
		if (is_number(&p->header[i]) && !in_bounds(&p->header[i], packet->header[i]))
			return reject_set(reject, REJECT_VALUE, p->header[i].name,
				p->header[i].section, header_offset(p, i), packet->header[i]);
	for (const struct header_rule *r = p->header_rules; r && r->section; r++)
		if (packet->header[p->type_field] == r->type &&
			packet->header[r->field] != r->value)
			return reject_set(reject, REJECT_VALUE, p->header[r->field].name,
				r->section, header_offset(p, r->field), packet->header[r->field]);
	return 0;
}

int wire_check(const struct packet *packet, struct reject *reject)
{
	const struct protocol *p = packet->protocol;

	if (check_header(packet, reject) < 0)
		return -1;
	for (unsigned i = 0; i < packet->element_count; i++) {
		const struct element_value *e = &packet->elements[i];
		if (!e->element && p->unknown_section)
			return reject_set(reject, REJECT_UNKNOWN_ELEMENT, "element",
				p->unknown_section, e->offset, e->code);
		if (e->element && check_value(e, reject) < 0)
			return -1;
	}
	if (!packet->message)
		return 0;
	return check_occurrence(packet, reject) < 0 ? -1 : check_placement(packet, reject);
}

int wire_decode(const struct protocol *protocol, struct view datagram, struct packet *packet,
	struct reject *reject)
{
	if (wire_parse(protocol, datagram, packet, reject) < 0)
		return -1;
	if (wire_identify(packet, reject) < 0)
		return -1;
	return wire_check(packet, reject);
}

/* `code` is what stands where the code stands: in a chain the next element's. */
static void encode_element(const struct element_format *format, const struct element_value *e,
	uint32_t code, struct writer *w)
{
	size_t start = w->used;

	write_uint(w, code, format->code_width);
	write_uint(w, e->flags, format->flags_width);
	size_t length_at = w->used;
	write_zero(w, format->length_width);
	write_zero(w, format->reserved_width);
	if (format->vendor_flag & e->flags)
		write_u32(w, e->vendor);
	size_t length = e->value.size + (format->length_of_whole ? w->used - start : 0);
	if (format->length_width && format->length_width < 4 &&
		length >> (8 * format->length_width))
		w->failed = true;
	write_uint_at(w, length_at, length, format->length_width);
	write_view(w, e->value);
	if (format->align > 1)
		write_zero(w, -(w->used - start) % format->align);
}

void wire_encode_elements(const struct packet *packet, struct writer *w)
{
	const struct element_format *format = &packet->protocol->format;

	for (unsigned i = 0; i < packet->element_count; i++) {
		const struct element_value *e = &packet->elements[i];
		uint32_t next = is_closing(format, e->code) ? e->next : 0;
		if (i + 1 < packet->element_count)
			next = e[1].code;
		encode_element(format, e, format->chained ? next : e->code, w);
	}
}

void wire_encode(const struct packet *packet, struct writer *w)
{
	const struct protocol *p = packet->protocol;
	size_t start = w->used, at = start;

	for (unsigned i = 0; p->header[i].name; i++) {
		bool first = p->format.chained && i == p->format.first_field;
		uint32_t code = packet->element_count ? packet->elements[0].code : 0;
		write_uint(w, first ? code : packet->header[i], p->header[i].width);
	}
	wire_encode_elements(packet, w);
	for (unsigned i = 0; p->header[i].name; at += p->header[i++].width) {
		unsigned width = p->header[i].width;
		if (p->header[i].kind != FIELD_LENGTH)
			continue;
		size_t length = w->used - start - p->header[i].min;
		if (width < 4 && length >> (8 * width))
			w->failed = true;
		write_uint_at(w, at, length, width);
	}
}

struct packet packet_of(const struct protocol *protocol)
{
	struct packet packet = { .protocol = protocol };
	for (unsigned i = 0; protocol->header[i].name; i++)
		if (protocol->header[i].kind == FIELD_LENGTH)
			packet.header[i] = header_size(protocol) - protocol->header[i].min;
	return packet;
}

struct packet packet_named(const struct protocol *protocol, const char *message)
{
	struct packet packet = packet_of(protocol);
	packet.message = protocol_message_named(protocol, message);
	if (packet.message) {
		packet.header[protocol->type_field] = packet.message->type;
		if (protocol->flags_field != 255)
			packet.header[protocol->flags_field] = packet.message->flags_value;
	}
	return packet;
}

bool packet_add(struct packet *packet, uint32_t vendor, uint32_t code, struct view value)
{
	if (packet->element_count == WIRE_ELEMENTS_MAX)
		return false;
	packet->elements[packet->element_count++] = (struct element_value){
		.element = protocol_element(packet->protocol, vendor, code),
		.vendor = vendor,
		.code = code,
		.flags = vendor ? packet->protocol->format.vendor_flag : 0,
		.value = value,
	};
	return true;
}

const struct element_value *packet_find_nth(const struct packet *packet, uint32_t vendor,
	uint32_t code, unsigned nth)
{
	for (unsigned i = 0; i < packet->element_count; i++) {
		const struct element_value *e = &packet->elements[i];
		if (e->vendor == vendor && e->code == code && nth-- == 0)
			return e;
	}
	return NULL;
}

const struct element_value *packet_find(const struct packet *packet, uint32_t vendor, uint32_t code)
{
	return packet_find_nth(packet, vendor, code, 0);
}

uint64_t packet_uint(const struct packet *packet, uint32_t vendor, uint32_t code,
	uint64_t otherwise)
{
	const struct element_value *e = packet_find(packet, vendor, code);
	if (!e || e->value.size > 8)
		return otherwise;
	struct reader r = reader_of(e->value);
	return read_uint(&r, (unsigned)e->value.size);
}
