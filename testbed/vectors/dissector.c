// SPDX-License-Identifier: Apache-2.0
/*
 * The tables become Lua tables; what is done with them is the template's (vectors/dissector.lua).
 * PANA is Wireshark's already and goes first there; ours adds the vendor AVPs, and takes what
 * Wireshark does not know of.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ref/binding/binding_wire.h"
#include "ref/discovery/ap_info.h"
#include "ref/dot1x/dxi_wire.h"
#include "ref/pana/pana_wire.h"
#include "testbed/vectors/dissector.h"

/* One row: a protocol, and where Wireshark meets it. */
struct placed {
	const struct protocol *protocol;
	const char *abbreviation, *shown, *title, *transport;
	unsigned port, most; /* octets of a message */
	bool beside;	     /* Wireshark has a dissector of its own */
	uint32_t inside;     /* element whose value another dissector knows; 0: none */
	const char *known;   /* that dissector */
};

static const struct placed rows[] = {
	{&dxi_protocol, "baton_dxi", "802.1X/IP", "IEEE 802.1X over IP", "tcp", DXI_PORT,
		DXI_MESSAGE_MAX, false, DXI_EAPOL, "eapol"},
	{&binding_protocol, "baton_rbp", "RBP", "Remote Binding Protocol", "udp", BINDING_PORT,
		BINDING_MESSAGE_MAX, false, 0, NULL},
	{&ap_info_protocol, "baton_fap", "FAP", "Access Point Information", "wlan", 0,
		AP_INFO_ELEMENT_MAX, false, 0, NULL},
	{&pana_protocol, "baton_pana", "PANA", "PANA, by the tables of Baton", "udp", PANA_PORT,
		PANA_DATAGRAM_MAX, true, PANA_AVP_EAP_PAYLOAD, "eap"},
};

static const char *kind_word(enum field_kind kind)
{
	switch (kind) {
	case FIELD_UINT:
		return "uint";
	case FIELD_ENUM:
		return "enum";
	case FIELD_FLAGS:
		return "flags";
	case FIELD_RESERVED:
		return "reserved";
	case FIELD_LENGTH:
		return "length";
	case FIELD_OCTETS:
		return "octets";
	case FIELD_TEXT:
		return "text";
	case FIELD_IPV4:
		return "ipv4";
	case FIELD_IPV6:
		return "ipv6";
	case FIELD_MAC:
		return "mac";
	}
	return "octets";
}

/* A Lua string, or nil. */
static void put_text(FILE *out, const char *member, const char *text)
{
	if (!text)
		return;
	fprintf(out, ", %s = \"", member);
	for (const char *p = text; *p; p++)
		fprintf(out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	fputc('"', out);
}

static void put_field(FILE *out, const char *indent, const struct field *f)
{
	fprintf(out, "%s{ kind = \"%s\", width = %u, min = %" PRIu32 ", max = %" PRIu32, indent,
		kind_word(f->kind), f->width, f->min, f->max);
	put_text(out, "name", f->name);
	put_text(out, "section", f->section);
	if (f->names) {
		fputs(", names = {", out);
		for (const struct name *n = f->names; n->name; n++)
			fprintf(out, " [%" PRIu32 "] = \"%s\",", n->value, n->name);
		fputs(" }", out);
	}
	fputs(" },\n", out);
}

static void put_element(FILE *out, const struct placed *row, const struct element *e)
{
	fprintf(out, "      { vendor = %" PRIu32 ", code = %" PRIu32, e->vendor, e->code);
	put_text(out, "name", e->name);
	put_text(out, "section", e->section);
	if (row->inside && e->code == row->inside && e->vendor == 0)
		put_text(out, "inside", row->known);
	fputs(", value = {\n", out);
	for (const struct field *f = e->value; f->name; f++)
		put_field(out, "          ", f);
	fputs("      } },\n", out);
}

static void put_message(FILE *out, const struct message *m)
{
	fprintf(out,
		"      { type = %" PRIu32 ", mask = %" PRIu32 ", value = %" PRIu32 ", others = %s",
		m->type, m->flags_mask, m->flags_value, m->others_allowed ? "true" : "false");
	put_text(out, "name", m->name);
	put_text(out, "title", m->title);
	put_text(out, "section", m->section);
	fputs(", elements = {\n", out);
	for (const struct occurrence *o = m->elements; o && o->max; o++) {
		fprintf(out,
			"          { vendor = %" PRIu32 ", code = %" PRIu32 ", min = %u, max = %u",
			o->vendor, o->code, o->min, o->max);
		put_text(out, "section", o->section);
		fputs(" },\n", out);
	}
	fputs("      } },\n", out);
}

static void put_format(FILE *out, const struct element_format *f)
{
	fprintf(out,
		"    format = { code = %u, flags = %u, length = %u, reserved = %u, align = %u,"
		" vendor_flag = %u, whole = %s },\n",
		f->code_width, f->flags_width, f->length_width, f->reserved_width, f->align,
		f->vendor_flag, f->length_of_whole ? "true" : "false");
}

static void put_protocol(FILE *out, const struct placed *row)
{
	const struct protocol *p = row->protocol;

	fprintf(out,
		"  { abbrev = \"%s\", short = \"%s\", title = \"%s\",\n"
		"    transport = \"%s\", port = %u, max = %u, beside = %s,\n"
		"    specification = \"%s\", type_field = %u,",
		row->abbreviation, row->shown, row->title, row->transport, row->port, row->most,
		row->beside ? "true" : "false", p->specification, p->type_field + 1u);
	if (p->flags_field != 255)
		fprintf(out, " flags_field = %u,", p->flags_field + 1u);
	fputc('\n', out);
	put_format(out, &p->format);
	fputs("    header = {\n", out);
	for (const struct field *f = p->header; f->name; f++)
		put_field(out, "      ", f);
	fputs("    },\n    elements = {\n", out);
	for (const struct element *e = p->elements; e->name; e++)
		put_element(out, row, e);
	fputs("    },\n    messages = {\n", out);
	for (const struct message *m = p->messages; m->name; m++)
		put_message(out, m);
	fputs("    } },\n", out);
}

int write_dissector(const char *path, FILE *out, char *error, size_t size)
{
	FILE *template = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	bool put = false;

	if (!template) {
		snprintf(error, size, "%s: %m; it would be the template of the dissector", path);
		return -1;
	}
	while (getline(&line, &room, template) > 0) {
		if (strcmp(line, "@TABLES@\n") != 0) {
			fputs(line, out);
			continue;
		}
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			put_protocol(out, &rows[i]);
		put = true;
	}
	free(line);
	fclose(template);
	if (put)
		return 0;
	snprintf(error, size, "%s: no line @TABLES@; it would be the template of the dissector",
		path);
	return -1;
}
