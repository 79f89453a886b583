// SPDX-License-Identifier: Apache-2.0
//
// Reads a YAML document into structures by rows. A row says which key may stand in a mapping,
// what its value is and where it goes; the same rows check the file and print the manual.

#ifndef BATON_TOPOLOGY_SCHEMA_H
#define BATON_TOPOLOGY_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "testbed/topology/arena.h"
#include "testbed/topology/diagnostics.h"
#include "testbed/topology/scalar.h"

enum row_shape {
	ROW_SCALAR,   /* one value of row.scalar */
	ROW_SCALARS,  /* a list of them: struct row_list */
	ROW_CHOICE,   /* one word of row.words: int, its index */
	ROW_FLAGS,    /* a list of words: unsigned, 1 << index, or-ed */
	ROW_MAPS,     /* a list of mappings of row.sub: struct row_list */
	ROW_PAIR,     /* a list of exactly two mappings of row.sub, stored in place */
	ROW_NAMED,    /* a mapping from names to mappings of row.sub: struct row_list */
	ROW_SETTINGS, /* anything: struct row_list of struct topology_setting */
};

/* How lists are stored: the layout of the pointer and the count in topology.h. */
struct row_list {
	void *list;
	size_t count;
};

struct schema_row {
	const char *key;
	enum row_shape shape;
	bool required;
	size_t offset; /* in the structure of the schema */
	enum scalar_type scalar;
	unsigned min,
		max; /* bounds: a text's length, a number, the entries of a list; max 0: none */
	const char *const *words; /* NULL-terminated */
	const struct schema *sub;
	const char *preset; /* value when the key is absent, or NULL: all zero */
	const char *doc;    /* one sentence for the manual */
};

struct schema {
	const char *title;
	const char *doc;
	const struct schema_row *rows; /* ends with key NULL */
	size_t size;		       /* of the structure */
	size_t line;		       /* offset of its unsigned line */
	size_t name;		       /* ROW_NAMED: offset of its const char *name */
	const char *what;	       /* "node", for messages */
};

/* Reads text into the structure at out, whose strings and lists come from arena. Adds to d what
   does not fit the schema, and goes on. Returns whether nothing was added. */
bool schema_read(const struct schema *schema, const char *file, const void *text, size_t length,
	void *out, struct arena *arena, struct diagnostics *d);

/* Prints the schema and what it refers to as Markdown tables. */
void schema_print_reference(const struct schema *schema, FILE *stream);

#endif
