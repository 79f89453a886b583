// SPDX-License-Identifier: Apache-2.0
/* tshark's dissection held against a vector: one row a protocol. */
#ifndef BATON_VECTORS_DISSECT_H
#define BATON_VECTORS_DISSECT_H

#include "testbed/vectors/codec.h"
#include "testbed/vectors/pdml.h"

/* One row: a field of the files, and where tshark has it. The list ends with a NULL name. */
struct shown_field {
	const char *name;
	const char *shown; /* name in the PDML, anywhere in the packet */
	bool octets;	   /* its octets are compared, else the number it is shown as */
};

struct dissector {
	const char *protocol;
	const char *layer; /* the <proto> that takes a packet */
	/* Fields whose presence means that something is wrong with the packet; ends with NULL. */
	const char *complaints[4];
	/* Whether it must complain of every rule of layer `message`; others may. */
	bool complains_of_messages;
	const char *const *arguments; /* of tshark; ends with NULL */
	bool ours;		      /* needs the script that write_dissector makes */
	const struct shown_field *fields;
	/* What the fields do not hold; NULL: nothing. */
	struct finding (*compare)(const xmlNode *packet, const struct vector *v);
};

/* The row of that protocol, or NULL. */
const struct dissector *dissector_of(const char *protocol);

/* What a packet is to tshark, held against the vector. */
struct finding dissect_compare(
	const struct dissector *d, const xmlNode *packet, const struct vector *v);

/* The functions of the rows. */
struct finding dissect_pana(const xmlNode *packet, const struct vector *v);
struct finding dissect_radius(const xmlNode *packet, const struct vector *v);
struct finding dissect_dxi(const xmlNode *packet, const struct vector *v);
struct finding dissect_ap_info(const xmlNode *packet, const struct vector *v);
struct finding dissect_binding(const xmlNode *packet, const struct vector *v);
struct finding dissect_ipip(const xmlNode *packet, const struct vector *v);

/* A field of the files against what is below `node`: a packet, or one layer of it. */
struct finding dissect_field(
	const struct shown_field *row, const xmlNode *node, const struct vector *v);

/* "field: expected 1, actual 2"; UINT64_MAX stands for nothing. */
struct finding finding_same(const char *field, uint64_t expected, uint64_t actual);

#endif
