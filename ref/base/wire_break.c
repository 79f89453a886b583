// SPDX-License-Identifier: Apache-2.0
/*
 * One function for each kind of rule. A function is asked for its nth breach of the good packet
 * and says whether there is such a one; where the nth candidate breaks nothing (an element that
 * the message may have, a flag that makes another message) it returns SKIP.
 */
#include <stdarg.h>
#include <stdio.h>

#include "ref/base/wire_break.h"

enum breach { NONE_LEFT, SKIP, BROKEN };

static void say(struct wire_broken *out, enum reject_reason reason, const char *field,
	const char *section, const char *format, ...) __attribute__((format(printf, 5, 6)));

static void say(struct wire_broken *out, enum reject_reason reason, const char *field,
	const char *section, const char *format, ...)
{
	va_list ap;
	size_t used = 0;

	out->reason = reason;
	out->field = field;
	out->section = section;
	if (field)
		used = (size_t)snprintf(out->label, sizeof(out->label), "%s: ", field);
	va_start(ap, format);
	vsnprintf(out->label + used, sizeof(out->label) - used, format, ap);
	va_end(ap);
}

static enum breach emit(struct wire_breaker *b, const struct packet *p, struct wire_broken *out)
{
	struct writer w = writer_of(b->to, sizeof(b->to));

	wire_encode(p, &w);
	out->octets = writer_view(&w);
	return w.failed ? SKIP : BROKEN;
}

/* The original octets, to be altered in place. */
static uint8_t *copy(struct wire_breaker *b, struct wire_broken *out)
{
	memcpy(b->to, b->original.data, b->original.size);
	out->octets = VIEW(b->to, b->original.size);
	return b->to;
}

static void put(uint8_t *at, uint64_t value, unsigned width)
{
	struct writer w = writer_of(at, width);
	write_uint(&w, value, width);
}

static const struct field *length_field(const struct protocol *p, size_t *at)
{
	*at = 0;
	for (const struct field *f = p->header; f->name; *at += f->width, f++)
		if (f->kind == FIELD_LENGTH)
			return f;
	return NULL;
}

/* The nth header field cut off in its middle. */
static enum breach cut_header(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct protocol *p = b->good->protocol;
	size_t at = 0, length_at;
	const struct field *length = length_field(p, &length_at);

	for (unsigned i = 0; i < n && p->header[i].name; i++)
		at += p->header[i].width;
	const struct field *f = &p->header[n];
	if (!f->name)
		return NONE_LEFT;
	copy(b, out);
	out->octets.size = at + f->width - 1;
	if (length && length_at + length->width <= out->octets.size)
		say(out, REJECT_LENGTH, length->name, length->section, "cut off inside %s",
			f->name);
	else
		say(out, REJECT_TRUNCATED, f->name, f->section, "cut off");
	return BROKEN;
}

static enum breach wrong_length(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	static const int64_t change[] = { 4, -4, 1, -1 };
	size_t at;
	const struct field *f = length_field(b->good->protocol, &at);

	if (!f || n >= 6)
		return NONE_LEFT;
	uint8_t *octets = copy(b, out);
	if (n == 5) {
		out->octets.size += 4;
		memset(octets + b->original.size, 0, 4);
		say(out, REJECT_LENGTH, f->name, f->section, "four octets more than it says");
		return BROKEN;
	}
	size_t right = b->original.size - f->min;
	uint64_t value = n == 4 ? 0 : right + (uint64_t)change[n];
	put(octets + at, value, f->width);
	say(out, REJECT_LENGTH, f->name, f->section, "%llu instead of %zu",
		(unsigned long long)value, right);
	return BROKEN;
}

static const char *name_of(const struct element_value *e)
{
	return e->element ? e->element->name : "element header";
}

static const char *section_of(const struct packet *p, const struct element_value *e)
{
	return e->element ? e->element->section : p->protocol->specification;
}

static size_t element_head(const struct packet *p, const struct element_value *e)
{
	const struct element_format *f = &p->protocol->format;
	return (size_t)f->code_width + f->flags_width + f->length_width + f->reserved_width +
		(f->vendor_flag & e->flags ? 4 : 0);
}

/* The message ends inside the last element: its header, value, padding; its length is right. */
static enum breach cut_element(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct packet *p = b->good;
	const struct element_value *e = p->elements + p->element_count - 1;
	size_t length_at;
	const struct field *length = length_field(p->protocol, &length_at);

	if (p->element_count == 0 || n >= 3)
		return NONE_LEFT;
	size_t head = element_head(p, e), value_end = e->offset + head + e->value.size;
	uint8_t *octets = copy(b, out);
	if (n == 0) {
		out->octets.size = e->offset + head - 1;
		say(out, REJECT_TRUNCATED, name_of(e), section_of(p, e), "ends in its header");
	} else if (n == 1 && e->value.size) {
		out->octets.size = value_end - 1;
		say(out, REJECT_LENGTH, name_of(e), section_of(p, e), "ends in its value");
	} else if (n == 2 && value_end < b->original.size) {
		out->octets.size = value_end;
		say(out, REJECT_PADDING, name_of(e), section_of(p, e), "without its padding");
	} else {
		return SKIP;
	}
	if (length)
		put(octets + length_at, out->octets.size - length->min, length->width);
	return BROKEN;
}

static bool fixed_size(const struct element *element)
{
	for (const struct field *f = element->value; f->name; f++)
		if (f->width == 0)
			return false;
	return true;
}

/* For each element: a length that reaches past the end; one less than its fields need. */
static enum breach element_length(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct packet *p = b->good;
	const struct element_format *format = &p->protocol->format;

	if (n / 2 >= p->element_count)
		return NONE_LEFT;
	const struct element_value *e = &p->elements[n / 2];
	size_t at = e->offset + format->code_width + format->flags_width;
	size_t whole = format->length_of_whole ? element_head(p, e) : 0;
	uint8_t *octets = copy(b, out);
	if (n % 2 == 0) {
		put(octets + at, whole + b->original.size, format->length_width);
		say(out, REJECT_LENGTH, name_of(e), section_of(p, e), "reaches past the end");
		return BROKEN;
	}
	/* the shorter value must end at the same boundary, or everything behind it shifts */
	if (!e->element || !fixed_size(e->element) || e->value.size == 0 || format->align <= 1 ||
		(e->value.size - 1) % format->align == 0)
		return SKIP;
	put(octets + at, whole + e->value.size - 1, format->length_width);
	say(out, REJECT_LENGTH, name_of(e), section_of(p, e), "one octet short");
	return BROKEN;
}

static const struct occurrence *occurrence_at(const struct packet *p, unsigned n)
{
	for (const struct occurrence *o = p->message->elements; o && o->max; o++)
		if (n-- == 0)
			return o;
	return NULL;
}

static const char *element_name(const struct packet *p, const struct occurrence *o)
{
	const struct element *e = protocol_element(p->protocol, o->vendor, o->code);
	return e ? e->name : "element";
}

static void remove_element(struct packet *p, unsigned i)
{
	p->element_count--;
	memmove(&p->elements[i], &p->elements[i + 1],
		(p->element_count - i) * sizeof(p->elements[0]));
}

static void insert_element(struct packet *p, unsigned i, struct element_value e)
{
	memmove(&p->elements[i + 1], &p->elements[i],
		(p->element_count - i) * sizeof(p->elements[0]));
	p->elements[i] = e;
	p->element_count++;
}

static enum breach missing(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct occurrence *o = occurrence_at(b->good, n);

	if (!o)
		return NONE_LEFT;
	if (o->min == 0)
		return SKIP;
	b->changed = *b->good;
	for (unsigned i = b->changed.element_count; i-- > 0;)
		if (b->changed.elements[i].vendor == o->vendor &&
			b->changed.elements[i].code == o->code)
			remove_element(&b->changed, i);
	say(out, REJECT_MISSING, element_name(b->good, o),
		o->section ? o->section : b->good->message->section, "left out");
	return emit(b, &b->changed, out);
}

static struct element_value sample(struct wire_breaker *b, const struct element *e)
{
	const struct element_format *format = &b->good->protocol->format;
	struct writer w = writer_of(b->value, sizeof(b->value));

	return (struct element_value){
		.element = e,
		.vendor = e->vendor,
		.code = e->code,
		.flags = e->vendor ? format->vendor_flag : 0,
		.value = wire_sample_value(e, false, &w),
	};
}

/* Once more than the row allows. */
/* Elements that end a chain: nothing can follow them, not even themselves. */
static bool closes(const struct protocol *p, const struct element *e)
{
	for (const uint32_t *c = p->format.closing; c && *c; c++)
		if (*c == e->code)
			return true;
	return false;
}

static enum breach repeated(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct occurrence *o = occurrence_at(b->good, n);

	if (!o)
		return NONE_LEFT;
	const struct element *e = protocol_element(b->good->protocol, o->vendor, o->code);
	const struct element_value *there = packet_find(b->good, o->vendor, o->code);
	if (!e || o->max == OCCURS_ANY || closes(b->good->protocol, e))
		return SKIP;
	struct element_value one = there ? *there : sample(b, e);
	unsigned count = 0;
	b->changed = *b->good;
	for (unsigned i = 0; i < b->changed.element_count; i++)
		count += b->changed.elements[i].vendor == o->vendor &&
			b->changed.elements[i].code == o->code;
	for (; count <= o->max; count++) {
		if (b->changed.element_count == WIRE_ELEMENTS_MAX)
			return SKIP;
		insert_element(&b->changed, 0, one);
	}
	say(out, REJECT_REPEATED, e->name, o->section ? o->section : b->good->message->section,
		"%u times", count);
	return emit(b, &b->changed, out);
}

static bool may_have(const struct message *m, const struct element *e)
{
	for (const struct occurrence *o = m->elements; o && o->max; o++)
		if (o->vendor == e->vendor && o->code == e->code)
			return true;
	return m->others_allowed;
}

static enum breach unexpected(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct element *e = b->good->protocol->elements;

	if (!e || b->good->protocol->format.code_width == 0)
		return NONE_LEFT;
	for (unsigned i = 0; i < n && e->name; i++)
		e++;
	if (!e->name)
		return NONE_LEFT;
	if (may_have(b->good->message, e) || b->good->element_count == WIRE_ELEMENTS_MAX)
		return SKIP;
	b->changed = *b->good;
	insert_element(&b->changed, closes(b->good->protocol, e) ? b->good->element_count : 0,
		sample(b, e));
	say(out, REJECT_UNEXPECTED, e->name, b->good->message->section, "has no place in %s",
		b->good->message->title);
	return emit(b, &b->changed, out);
}

/* An element nobody knows, without and with a vendor; a vendor that is nobody. */
static enum breach unknown(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct protocol *p = b->good->protocol;
	uint16_t vendor_flag = p->format.vendor_flag;
	static const uint8_t octets[4] = { 1, 2, 3, 4 };

	if (!p->unknown_section || n >= (vendor_flag ? 3u : 1u))
		return NONE_LEFT;
	if (b->good->element_count == WIRE_ELEMENTS_MAX)
		return SKIP;
	struct element_value e = {
		.code = n == 2 ? p->elements[0].code
			       : 0xfff0 & ((1u << 8 * p->format.code_width) - 1),
		.flags = n ? vendor_flag : 0,
		.vendor = n == 1 ? 0xfffffe : 0,
		.value = VIEW_OF(octets),
	};
	b->changed = *b->good;
	insert_element(&b->changed, 0, e);
	say(out, REJECT_UNKNOWN_ELEMENT, "element", p->unknown_section,
		n == 0		 ? "code %u is nobody's"
			: n == 1 ? "code %u of an unknown vendor"
				 : "code %u of the vendor 0",
		e.code);
	return emit(b, &b->changed, out);
}

static bool is_number(const struct field *f)
{
	return f->kind == FIELD_UINT || f->kind == FIELD_ENUM;
}

static bool fits(const struct field *f, uint64_t value)
{
	return f->width >= 8 || value < UINT64_C(1) << 8 * f->width;
}

/* The field's bound `which` (0: the least, 1: the greatest) overstepped by one; false: no bound. */
static bool outside(const struct field *f, unsigned which, uint64_t *value)
{
	if (which == 0 && f->min) {
		*value = f->min - 1;
		return true;
	}
	*value = (uint64_t)f->max + 1;
	return which == 1 && f->max && (f->width == 0 || fits(f, *value));
}

/* Element i with its field overstepped. */
static enum breach bend_value(struct wire_breaker *b, unsigned i, const struct field *f, size_t at,
	unsigned which, struct wire_broken *out)
{
	const struct element *element = b->good->elements[i].element;
	struct view old = b->good->elements[i].value;
	uint64_t value;

	if (!outside(f, which, &value) || (f->width && !is_number(f)))
		return SKIP;
	size_t size = f->width ? old.size : at + (size_t)value;
	if (size > 4096 || size > sizeof(b->value))
		return SKIP;
	memset(b->value, 0x2a, size);
	memcpy(b->value, old.data, size < old.size ? size : old.size);
	if (f->width)
		put(b->value + at, value, f->width);
	b->changed = *b->good;
	b->changed.elements[i].value = VIEW(b->value, size);
	const char *section = f->section ? f->section : element->section;
	if (f->width)
		say(out, REJECT_VALUE, f->name, section, "%llu in %s", (unsigned long long)value,
			element->name);
	else
		say(out, REJECT_LENGTH, element->name, section, "%s of %llu octets", f->name,
			(unsigned long long)value);
	return emit(b, &b->changed, out);
}

/* Walks elements, fields, both bounds: candidate n. */
static enum breach out_of_bounds(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	for (unsigned i = 0; i < b->good->element_count; i++) {
		const struct element *e = b->good->elements[i].element;
		size_t at = 0;
		for (const struct field *f = e ? e->value : NULL; f && f->name; f++) {
			if (n < 2)
				return bend_value(b, i, f, at, n, out);
			n -= 2;
			at += f->width;
		}
	}
	return NONE_LEFT;
}

static bool has_place(const struct protocol *p, const struct element_value *e)
{
	for (const struct placement *q = p->placements; q && q->section; q++)
		if (q->vendor == e->vendor && q->code == e->code)
			return true;
	return false;
}

/* Changes places with its neighbour, unless that has a place of its own. */
static enum breach misplaced(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct placement *q = b->good->protocol->placements;

	for (unsigned i = 0; q && q->section && i < n; i++)
		q++;
	if (!q || !q->section)
		return NONE_LEFT;
	const struct element_value *e = packet_find(b->good, q->vendor, q->code);
	if (!e || b->good->element_count < 2 || q->position == POSITION_ANY)
		return SKIP;
	unsigned at = (unsigned)(e - b->good->elements);
	unsigned other = q->position == POSITION_LAST ? at - 1 : at + 1;
	if (has_place(b->good->protocol, &b->good->elements[other]))
		return SKIP;
	b->changed = *b->good;
	b->changed.elements[other] = *e;
	b->changed.elements[at] = b->good->elements[other];
	say(out, REJECT_POSITION, name_of(e), q->section, "not the %s element",
		q->position == POSITION_LAST ? "last" : "first");
	return emit(b, &b->changed, out);
}

static enum breach wrong_type(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct protocol *p = b->good->protocol;
	const struct field *f = &p->header[p->type_field];
	static const uint32_t tried[] = { 0, 0xf7, 0xfff7 };

	if (n >= 3)
		return NONE_LEFT;
	if (!fits(f, tried[n]))
		return SKIP;
	for (const struct message *m = p->messages; m->name; m++)
		if (m->type == tried[n])
			return SKIP;
	b->changed = *b->good;
	b->changed.header[p->type_field] = tried[n];
	say(out, REJECT_TYPE, f->name, f->section, "%u", tried[n]);
	return emit(b, &b->changed, out);
}

static bool message_exists(const struct protocol *p, uint64_t type, uint64_t flags)
{
	for (const struct message *m = p->messages; m->name; m++)
		if (m->type == type && (flags & m->flags_mask) == m->flags_value)
			return true;
	return false;
}

/* One flag turned over, where that makes no message. */
static enum breach wrong_flags(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct protocol *p = b->good->protocol;

	if (p->flags_field == 255 || !p->header[p->flags_field].names)
		return NONE_LEFT;
	const struct field *f = &p->header[p->flags_field];
	for (unsigned i = 0; i < n; i++)
		if (!f->names[i].name)
			return NONE_LEFT;
	if (!f->names[n].name)
		return NONE_LEFT;
	uint64_t value = b->good->header[p->flags_field] ^ f->names[n].value;
	if (message_exists(p, b->good->message->type, value))
		return SKIP;
	b->changed = *b->good;
	b->changed.header[p->flags_field] = value;
	say(out, REJECT_FLAGS, f->name, b->good->message->section, "%s turned over",
		f->names[n].name);
	return emit(b, &b->changed, out);
}

static enum breach header_value(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct protocol *p = b->good->protocol;
	const struct header_rule *r = p->header_rules;

	for (unsigned i = 0; r && r->section && i < n; i++)
		r++;
	if (!r || !r->section)
		return NONE_LEFT;
	if (r->type != b->good->message->type)
		return SKIP;
	b->changed = *b->good;
	b->changed.header[r->field] = r->value + 1;
	say(out, REJECT_VALUE, p->header[r->field].name, r->section, "%llu",
		(unsigned long long)r->value + 1);
	return emit(b, &b->changed, out);
}

static enum breach header_bounds(struct wire_breaker *b, unsigned n, struct wire_broken *out)
{
	const struct protocol *p = b->good->protocol;
	uint64_t value;

	for (unsigned i = 0; i <= n / 2; i++)
		if (!p->header[i].name)
			return NONE_LEFT;
	const struct field *f = &p->header[n / 2];
	if (n / 2 == p->type_field || !is_number(f) || !outside(f, n % 2, &value))
		return SKIP;
	b->changed = *b->good;
	b->changed.header[n / 2] = value;
	say(out, REJECT_VALUE, f->name, f->section, "%llu", (unsigned long long)value);
	return emit(b, &b->changed, out);
}

typedef enum breach breach_function(struct wire_breaker *b, unsigned n, struct wire_broken *out);

// clang-format off
static breach_function *const rules[] = {
	cut_header, wrong_length, wrong_type, wrong_flags, header_value, header_bounds,
	cut_element, element_length, missing, repeated, unexpected, unknown, out_of_bounds,
	misplaced,
};
// clang-format on

int wire_break_begin(struct wire_breaker *b, const struct packet *good)
{
	struct writer w = writer_of(b->from, sizeof(b->from) - 8);
	struct reject ignored = { 0 };

	wire_encode(good, &w);
	b->original = writer_view(&w);
	b->rule = b->index = 0;
	if (w.failed)
		return -1;
	/* the same packet as found in its own octets, so that offsets are right */
	if (wire_decode(good->protocol, b->original, &b->parsed, &ignored) < 0)
		return -1;
	b->good = &b->parsed;
	return 0;
}

bool wire_break_next(struct wire_breaker *b, struct wire_broken *out)
{
	while (b->rule < sizeof(rules) / sizeof(rules[0])) {
		memset(out, 0, sizeof(*out));
		switch (rules[b->rule](b, b->index++, out)) {
		case BROKEN:
			return true;
		case SKIP:
			continue;
		case NONE_LEFT:
			b->rule++;
			b->index = 0;
			continue;
		}
	}
	return false;
}
