// SPDX-License-Identifier: Apache-2.0
/*
 * JSON objects by rows: which members an object may have, which it must have, of which kind. The
 * first thing wrong is told as "FILE:LINE: what is wrong; what would be right". jansson knows lines
 * only of syntax errors, so the line is that of the nearest id or name above.
 */
#ifndef BATON_VECTORS_MEMBERS_H
#define BATON_VECTORS_MEMBERS_H

#include <jansson.h>

#include "testbed/vectors/vectors.h"

struct source {
	struct vectors *file;
	const char *from; /* text of the file from where the next line is looked for */
	unsigned line;	  /* of the nearest id or name */
	char *error;
	size_t size;
	bool failed;
};

/* A finding, unless there is one already. Returns false, for `return`. */
bool source_wrong(struct source *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Zeroed room for `count` objects, owned by the file. */
void *source_keep(struct source *s, size_t count, size_t size);

/* Moves on to the line that has `"member": "value"`, if it comes. */
void source_line(struct source *s, const char *member, const char *value);

enum member_kind {
	MEMBER_TEXT,	     /* const char *, owned by the JSON */
	MEMBER_TEXT_OR_NULL, /* the same; NULL for null */
	MEMBER_HEX,	     /* struct view, owned by the file */
	MEMBER_U16,	     /* uint32_t */
	MEMBER_U32,	     /* uint32_t */
	MEMBER_BOOLEAN,	     /* bool */
	MEMBER_ARRAY,	     /* json_t * */
	MEMBER_OBJECT,	     /* json_t * */
	MEMBER_ANY,	     /* json_t * */
};

/* One row; the list ends with a row whose name is NULL. */
struct member {
	const char *name;
	enum member_kind kind;
	bool required;
	void *to;    /* where it goes; NULL: checked only */
	bool *there; /* set when the member is there; may be NULL */
};

/* Every member of `object` by its row; `what` names the object in findings. */
bool source_members(struct source *s, json_t *object, const char *what, const struct member *rows);

/* A number from 0 to `most`. */
bool source_number(const json_t *value, json_int_t most, uint32_t *out);

/* Octets in hexadecimal, kept by the file. */
bool source_octets(struct source *s, const json_t *value, struct view *out);

/* The index of `word` in `words`, which ends with NULL, or a finding. */
bool source_choice(
	struct source *s, const char *what, const char *word, const char *const *words, int *out);

#endif
