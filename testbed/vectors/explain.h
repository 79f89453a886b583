// SPDX-License-Identifier: Apache-2.0
/*
 * Differences of a decoder that are known and understood, as data (vectors/explain/DECODER.json):
 * each names vectors by patterns and says why the decoder differs there.
 */
#ifndef BATON_VECTORS_EXPLAIN_H
#define BATON_VECTORS_EXPLAIN_H

#include <stdio.h>

#include "testbed/vectors/vectors.h"

struct explanations;

/*
 * Those that concern the protocol. NULL with "FILE:LINE: ..." in `error` when the file is wrong or
 * not there.
 */
struct explanations *explanations_read(
	const char *path, const char *protocol, char *error, size_t size);

/* Accepts NULL. */
void explanations_free(struct explanations *e);

/* Why the decoder differs at this vector, or NULL; the explanation counts as used. */
const char *explanation_of(struct explanations *e, const struct vector *v);

/* One line for each explanation that no difference needed. */
void explanations_tell_unused(const struct explanations *e, FILE *out);

#endif
