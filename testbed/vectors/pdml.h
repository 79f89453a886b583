// SPDX-License-Identifier: Apache-2.0
/* What tshark says of the packets of a capture, by way of its PDML output. */
#ifndef BATON_VECTORS_PDML_H
#define BATON_VECTORS_PDML_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "ref/base/view.h"

struct pdml;

/*
 * Runs tshark over a capture, with `more` arguments (a list that ends with NULL, or NULL). NULL
 * with `error` filled when it is not there or ends badly.
 */
struct pdml *pdml_read(
	const char *capture, const char *const *more, char *error, size_t size);

/* Accepts NULL. */
void pdml_free(struct pdml *pdml);

/* Packets that there are. */
size_t pdml_count(const struct pdml *pdml);

/* The <packet> of that index, from 0. Nodes live until pdml_free. */
const xmlNode *pdml_packet(const struct pdml *pdml, size_t index);

/* An attribute's text, owned by the tree; "" when it is not there. */
const char *pdml_attribute(const xmlNode *node, const char *name);

/* The first child whose name attribute is that; NULL when there is none, or no parent. */
xmlNode *pdml_child(const xmlNode *parent, const char *name);

/* The same at any depth, the nearest to the root first. */
xmlNode *pdml_below(const xmlNode *parent, const char *name);

/* The number a child is shown as, or the one its octets make; UINT64_MAX when it is not there. */
uint64_t pdml_shown(const xmlNode *parent, const char *name);
uint64_t pdml_value(const xmlNode *parent, const char *name);

/* Whether lower-case hexadecimal digits are these octets. */
bool pdml_same_octets(const char *hex, struct view octets);

#endif
