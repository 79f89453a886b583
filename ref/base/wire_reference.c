// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "ref/base/wire_reference.h"

static const char *kind_name(enum field_kind kind)
{
	switch (kind) {
	case FIELD_UINT:
		return "number";
	case FIELD_ENUM:
		return "number with names";
	case FIELD_FLAGS:
		return "flags";
	case FIELD_RESERVED:
		return "reserved, sent as 0";
	case FIELD_LENGTH:
		return "length of the message";
	case FIELD_OCTETS:
		return "octets";
	case FIELD_TEXT:
		return "UTF-8 text";
	case FIELD_IPV4:
		return "IPv4 address";
	case FIELD_IPV6:
		return "IPv6 address";
	case FIELD_MAC:
		return "MAC address";
	}
	return "?";
}

static void bounds(const struct field *f, FILE *out)
{
	if (f->kind == FIELD_LENGTH && f->min)
		fprintf(out, "less %" PRIu32, f->min);
	else if (f->max)
		fprintf(out, "%" PRIu32 " to %" PRIu32 "%s", f->min, f->max,
			f->width ? "" : " octets");
	else if (f->min)
		fprintf(out, "at least %" PRIu32 "%s", f->min, f->width ? "" : " octets");
}

static void names(const struct field *f, FILE *out)
{
	const char *between = "";

	for (const struct name *n = f->names; n && n->name; n++) {
		fprintf(out, f->kind == FIELD_FLAGS ? "%s0x%" PRIx32 " %s" : "%s%" PRIu32 " %s",
			between, n->value, n->name);
		between = ", ";
	}
}

static void fields(const struct field *f, const char *section, FILE *out)
{
	fputs("| field | octets | kind | bounds | values | section |\n"
	      "| --- | --- | --- | --- | --- | --- |\n",
		out);
	for (; f->name; f++) {
		fprintf(out, "| %s | ", f->name);
		if (f->width)
			fprintf(out, "%u", f->width);
		else
			fputs("the rest", out);
		fprintf(out, " | %s | ", kind_name(f->kind));
		bounds(f, out);
		fputs(" | ", out);
		names(f, out);
		fprintf(out, " | %s |\n", f->section ? f->section : section);
	}
	fputs("\n", out);
}

static void occurrences(const struct protocol *p, const struct message *m, FILE *out)
{
	if (!m->elements || !m->elements->max) {
		fputs("No elements.\n\n", out);
		return;
	}
	fputs("| element | how often | section |\n| --- | --- | --- |\n", out);
	for (const struct occurrence *o = m->elements; o->max; o++) {
		const struct element *e = protocol_element(p, o->vendor, o->code);
		fprintf(out, "| %s | ", e ? e->name : "?");
		if (o->max == OCCURS_ANY)
			fprintf(out, "%u or more", o->min);
		else if (o->min == o->max)
			fprintf(out, "%u", o->min);
		else
			fprintf(out, "%u to %u", o->min, o->max);
		fprintf(out, " | %s |\n", o->section ? o->section : m->section);
	}
	fputs("\n", out);
}

static void flag_list(const struct protocol *p, uint32_t value, FILE *out)
{
	const char *between = "";

	for (const struct name *n = p->header[p->flags_field].names; n && n->name; n++) {
		if (!(value & n->value))
			continue;
		fprintf(out, "%s%s", between, n->name);
		between = " ";
	}
	if (!*between)
		fputs("none", out);
}

static void message(const struct protocol *p, const struct message *m, FILE *out)
{
	fprintf(out, "### %s: %s\n\nType %" PRIu32, m->name, m->title, m->type);
	if (p->flags_field != 255) {
		fputs("; flags set: ", out);
		flag_list(p, m->flags_value, out);
		fputs("; flags clear: ", out);
		flag_list(p, m->flags_mask & ~m->flags_value, out);
	}
	fprintf(out, " (%s).\n\n", m->section);
	if (p->format.code_width)
		occurrences(p, m, out);
}

static void element(const struct element *e, FILE *out)
{
	fprintf(out, "### %s\n\nCode %" PRIu32, e->name, e->code);
	if (e->vendor)
		fprintf(out, " of vendor %" PRIu32, e->vendor);
	fprintf(out, " (%s).\n\n", e->section);
	fields(e->value, e->section, out);
}

/* What holds in every message. */
static void rules(const struct protocol *p, FILE *out)
{
	char text[64];

	if (!p->placements && !p->header_rules && !p->unknown_section)
		return;
	fputs("## Rules\n\n", out);
	for (const struct header_rule *r = p->header_rules; r && r->section; r++)
		fprintf(out, "- %s is %" PRIu64 " where %s is %s (%s).\n", p->header[r->field].name,
			r->value, p->header[p->type_field].name,
			header_text(&p->header[p->type_field], r->type, text, sizeof(text)),
			r->section);
	for (const struct placement *q = p->placements; q && q->section; q++) {
		const struct element *e = protocol_element(p, q->vendor, q->code);
		fprintf(out, "- %s is the %s element (%s).\n", e ? e->name : "?",
			q->position == POSITION_LAST ? "last" : "first", q->section);
	}
	if (p->unknown_section)
		fprintf(out, "- A message with an element that is not below is invalid (%s).\n",
			p->unknown_section);
	fputs("\n", out);
}

void wire_reference(const struct protocol *protocol, FILE *out)
{
	fprintf(out,
		"# Fields of %s (%s)\n\nWritten from the tables that decode and encode it.\n\n",
		protocol->name, protocol->specification);
	fputs("## Header\n\n", out);
	fields(protocol->header, protocol->specification, out);
	fputs("## Messages\n\n", out);
	for (const struct message *m = protocol->messages; m->name; m++)
		message(protocol, m, out);
	rules(protocol, out);
	if (!protocol->elements || !protocol->format.code_width)
		return;
	fputs("## Elements\n\n", out);
	for (const struct element *e = protocol->elements; e->name; e++)
		element(e, out);
}

static void word(const char *name, const uint8_t *octets, size_t size, FILE *out)
{
	for (const char *c = name; *c; c++)
		fputc((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
					(*c >= '0' && *c <= '9')
				? *c
				: '_',
			out);
	fputs("=\"", out);
	for (size_t i = 0; i < size; i++)
		fprintf(out, "\\x%02x", octets[i]);
	fputs("\"\n", out);
}

static void element_word(const struct protocol *p, const struct element *e, FILE *out)
{
	const struct element_format *f = &p->format;
	uint8_t octets[16];
	struct writer w = writer_of(octets, sizeof(octets));

	write_uint(&w, e->code, f->code_width);
	write_uint(&w, e->vendor ? f->vendor_flag : 0, f->flags_width);
	write_uint(&w, 4, f->length_width);
	write_zero(&w, f->reserved_width);
	if (e->vendor && f->vendor_flag)
		write_u32(&w, e->vendor);
	word(e->name, octets, w.used, out);
}

static void value_words(const struct field *f, FILE *out)
{
	uint8_t octets[8];

	for (; f->name; f++)
		for (const struct name *n = f->names; n && n->name && f->width <= 8; n++) {
			struct writer w = writer_of(octets, sizeof(octets));
			write_uint(&w, n->value, f->width);
			word(n->name, octets, w.used, out);
		}
}

void wire_dictionary(const struct protocol *protocol, FILE *out)
{
	uint8_t octets[8];

	/* type and flags are one word where they stand side by side in this order */
	bool joined =
		protocol->flags_field != 255 && protocol->flags_field + 1 == protocol->type_field;

	for (const struct message *m = protocol->messages; m->name; m++) {
		struct writer w = writer_of(octets, sizeof(octets));
		if (joined)
			write_uint(&w, m->flags_value,
				protocol->header[protocol->flags_field].width);
		write_uint(&w, m->type, protocol->header[protocol->type_field].width);
		word(m->name, octets, w.used, out);
	}
	if (!protocol->elements || !protocol->format.code_width)
		return;
	for (const struct element *e = protocol->elements; e->name; e++) {
		element_word(protocol, e, out);
		value_words(e->value, out);
	}
}
