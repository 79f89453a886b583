// SPDX-License-Identifier: Apache-2.0
/* tshark's dissection held against a vector: one row a protocol. */
#ifndef BATON_VECTORS_DISSECT_H
#define BATON_VECTORS_DISSECT_H

#include "testbed/vectors/codec.h"
#include "testbed/vectors/pdml.h"

/* What a packet is to tshark, held against the vector. */
struct finding dissect_compare(const xmlNode *packet, const struct vector *v);

/* The functions of the rows: the packet has a <proto> of the protocol and is not malformed. */
struct finding dissect_pana(const xmlNode *packet, const struct vector *v);

/* "field: expected 1, actual 2"; UINT64_MAX stands for nothing. */
struct finding finding_same(const char *field, uint64_t expected, uint64_t actual);

#endif
