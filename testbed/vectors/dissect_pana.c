// SPDX-License-Identifier: Apache-2.0
/*
 * tshark's PANA: a <proto name="pana">. AVPs are unnamed fields inside one unnamed field; a value
 * that another dissector took over (EAP) is a <proto> inside.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/vectors/dissect.h"

/* "Flags: 0xa000": show is cut to 8 bits by tshark 4.0, showname is not. */
static uint64_t flags_number(const xmlNode *proto)
{
	const xmlNode *n = pdml_child(proto, "pana.flags");
	const char *text = n ? strstr(pdml_attribute(n, "showname"), "0x") : NULL;
	return text ? strtoull(text, NULL, 16) : UINT64_MAX;
}

/* The last child field, which is the value, when there is one beside the AVP's header. */
static const xmlNode *value_of(const xmlNode *avp)
{
	static const char *const header[] = {
		"pana.avp.flags", "pana.avp.data_length", "pana.avp.reserved", "pana.avp.vendorid"};
	const xmlNode *last = NULL;

	for (const xmlNode *n = avp->children; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE)
			last = n;
	if (!last || last == pdml_child(avp, "pana.avp.code"))
		return NULL;
	for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++)
		if (strcmp(pdml_attribute(last, "name"), header[i]) == 0)
			return NULL;
	return last;
}

static struct finding compare_value(const xmlNode *avp, const struct vector_element *want)
{
	const xmlNode *value = value_of(avp), *eap = pdml_child(value, "eap");
	char head[16];

	if (want->value.size == 0)
		return finding_none();
	if (!value)
		return finding_of(CHECK_DIFFERS,
			"value of AVP %u: expected %zu octets, actual none", want->code,
			want->value.size);
	if (eap) {
		const xmlNode *code = pdml_child(eap, "eap.code"),
			      *id = pdml_child(eap, "eap.id"), *len = pdml_child(eap, "eap.len");
		snprintf(head, sizeof(head), "%s%s%s", code ? pdml_attribute(code, "value") : "",
			id ? pdml_attribute(id, "value") : "",
			len ? pdml_attribute(len, "value") : "");
		if (want->value.size >= 4 && !pdml_same_octets(head, VIEW(want->value.data, 4)))
			return finding_of(CHECK_DIFFERS, "EAP header: actual %s", head);
		return finding_none();
	}
	const char *octets = pdml_attribute(value, "value");
	if (pdml_child(value, "pana") || pdml_same_octets(octets, want->value))
		return finding_none();
	return finding_of(CHECK_DIFFERS, "value of AVP %u: actual %s", want->code, octets);
}

static struct finding compare_avp(const xmlNode *avp, const struct vector_element *want)
{
	const struct {
		const char *field;
		uint64_t expected, actual;
	} rows[] = {
		{"AVP Code", want->code, pdml_shown(avp, "pana.avp.code")},
		{"AVP Flags", want->flags, pdml_shown(avp, "pana.avp.flags")},
		{"AVP Length", want->length, pdml_shown(avp, "pana.avp.data_length")},
		{"AVP Reserved", want->reserved, pdml_value(avp, "pana.avp.reserved")},
		{"Vendor-Id", want->has_vendor ? want->vendor : UINT64_MAX,
			pdml_shown(avp, "pana.avp.vendorid")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct finding f = finding_same(rows[i].field, rows[i].expected, rows[i].actual);
		if (f.verdict != CHECK_AGREES)
			return f;
	}
	return compare_value(avp, want);
}

static struct finding compare_avps(const xmlNode *proto, const struct vector *v)
{
	const xmlNode *list = pdml_child(proto, "");
	size_t count = 0;

	for (const xmlNode *n = list ? list->children : NULL; n; n = n->next) {
		if (n->type != XML_ELEMENT_NODE)
			continue;
		if (count < v->element_count) {
			struct finding f = compare_avp(n, &v->elements[count]);
			if (f.verdict != CHECK_AGREES)
				return f;
		}
		count++;
	}
	return finding_same("number of AVPs", v->element_count, count);
}

static struct finding compare_header(const xmlNode *proto, const struct vector *v)
{
	const struct {
		const char *field;
		uint64_t expected, actual;
	} rows[] = {
		{"Reserved", vector_number(v, "reserved"), pdml_value(proto, "pana.reserved")},
		{"Message Length", vector_number(v, "length"), pdml_shown(proto, "pana.length")},
		{"Flags", vector_number(v, "flags"), flags_number(proto)},
		{"Message Type", vector_number(v, "type"), pdml_shown(proto, "pana.type")},
		{"Session Identifier", vector_number(v, "session"), pdml_shown(proto, "pana.sid")},
		{"Sequence Number", vector_number(v, "sequence"), pdml_shown(proto, "pana.seq")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct finding f = finding_same(rows[i].field, rows[i].expected, rows[i].actual);
		if (f.verdict != CHECK_AGREES)
			return f;
	}
	return finding_none();
}

struct finding dissect_pana(const xmlNode *packet, const struct vector *v)
{
	const xmlNode *proto = pdml_child(packet, "pana");
	struct finding f = compare_header(proto, v);

	return f.verdict == CHECK_AGREES ? compare_avps(proto, v) : f;
}
