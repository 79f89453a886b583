// SPDX-License-Identifier: Apache-2.0
//
// Memory that is given back all at once. Out of memory ends the process.

#ifndef BATON_TOPOLOGY_ARENA_H
#define BATON_TOPOLOGY_ARENA_H

#include <stddef.h>

struct arena;

/* Empty; to be given back with arena_free. */
struct arena *arena_new(void);
void arena_free(struct arena *a);

/* Zeroed, aligned for any type. size 0 gives a valid address too. */
void *arena_alloc(struct arena *a, size_t size);

/* A copy with a NUL behind it. */
char *arena_copy(struct arena *a, const char *text, size_t length);

/* Text as by printf. */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
