// SPDX-License-Identifier: Apache-2.0
/* The parts of a file of vectors, each read by its rows. For vectors_read*.c only. */
#ifndef BATON_VECTORS_VECTORS_READ_H
#define BATON_VECTORS_VECTORS_READ_H

#include "testbed/vectors/members.h"

/* How the files of a protocol differ from those of others. */
struct vector_manner {
	const char *protocol;
	const char *directions[3]; /* to the client, to the server; ends with NULL */
	const char *needs[8];	   /* where a receiver can stand; ends with NULL */
	const char *fields;	   /* name of the object with the decoded fields */
	const char *elements;	   /* name of the array with the elements; NULL: has none */
	const char *element;	   /* one of them, in findings */
	unsigned length_extra;	   /* what an element's length counts beside its value */
};

/* The row of that protocol, or NULL. */
const struct vector_manner *vector_manner(const char *protocol);

/* What the cases of a group are about: credentials, keys, secrets. */
bool read_keys(struct source *s, json_t *object, struct vector_group *group);

/* One case; v->group is set. */
bool read_vector(struct source *s, json_t *object, struct vector *v);

/* An array of objects, each by `one`, into zeroed room of `size` octets each. */
bool read_list(struct source *s, json_t *array, size_t size,
	bool (*one)(struct source *s, json_t *object, void *to), const void **list, size_t *count);

/* An array of octets in hexadecimal; `what` names one in findings. */
bool read_octets_list(struct source *s, json_t *array, const char *what,
	const struct view **list, size_t *count);

#endif
