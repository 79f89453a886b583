// SPDX-License-Identifier: Apache-2.0
/* Vectors for people: one in full, or a line for each; and as seeds for the fuzzers. */
#ifndef BATON_VECTORS_SHOW_H
#define BATON_VECTORS_SHOW_H

#include <stdio.h>

#include "testbed/vectors/vectors.h"

/* Everything about one vector: what it is for, the rule, the decoded fields, the octets. */
void show_vector(const struct vector *v, FILE *out);

/* Files and groups with their counts; `all`: every vector too. */
void list_set(const struct vector_set *set, bool all, FILE *out);

/*
 * Writes the octets of every vector to a file FOLDER/ID. 0, or -1 with `error` filled. The folder
 * is made when it is not there; nothing in it is deleted.
 */
int write_corpus(const struct vector_set *set, const char *folder, char *error, size_t size);

#endif
