// SPDX-License-Identifier: Apache-2.0
/* IP-in-IP: the second header, and what tshark thinks of the checksums. */
#include <string.h>

#include "testbed/vectors/dissect.h"

static const struct shown_field inner_fields[] = {
	{"inner_header_size", "ip.hdr_len", false},
	{"inner_service", "ip.dsfield", false},
	{"inner_length", "ip.len", false},
	{"inner_identification", "ip.id", false},
	{"inner_ttl", "ip.ttl", false},
	{"inner_protocol", "ip.proto", false},
	{"inner_source", "ip.src", true},
	{"inner_destination", "ip.dst", true},
	{NULL, NULL, false},
};

#define GOOD 1

/* The header of that index, from 0, in a packet. */
static const xmlNode *header(const xmlNode *packet, unsigned index)
{
	for (const xmlNode *n = packet->children; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && strcmp(pdml_attribute(n, "name"), "ip") == 0 &&
			index-- == 0)
			return n;
	return NULL;
}

static bool sum_right(const xmlNode *ip)
{
	return !ip || pdml_shown(ip, "ip.checksum.status") == GOOD;
}

struct finding dissect_ipip(const xmlNode *packet, const struct vector *v)
{
	const xmlNode *outer = header(packet, 0), *inner = header(packet, 1);
	bool wrong = v->result == VECTOR_INVALID && v->rule.reason == REJECT_INTEGRITY;
	struct finding f = finding_none();

	if (!vector_field(v, "inner_length"))
		return finding_same("checksums are right", !wrong, sum_right(outer));
	if (!inner)
		return finding_of(CHECK_DIFFERS, "expected two headers, actual one");
	for (const struct shown_field *row = inner_fields; row->name && f.verdict == CHECK_AGREES;
		row++)
		f = dissect_field(row, inner, v);
	return f.verdict == CHECK_AGREES
		       ? finding_same("checksums are right", !wrong,
				 sum_right(outer) && sum_right(inner))
		       : f;
}
