// SPDX-License-Identifier: Apache-2.0
/* What tshark says of the packets of a capture, by way of its PDML output. */
#ifndef BATON_VECTORS_PDML_H
#define BATON_VECTORS_PDML_H

#include "testbed/vectors/check.h"

struct pdml;

/* Runs tshark over a capture. NULL with `error` filled when it is not there or ends badly. */
struct pdml *pdml_read(const char *capture, char *error, size_t size);

void pdml_free(struct pdml *pdml);

size_t pdml_count(const struct pdml *pdml);

/* What packet `index` (from 0) is to tshark, held against the vector. */
struct finding pdml_compare(const struct pdml *pdml, size_t index, const struct vector *v);

#endif
