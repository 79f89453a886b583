// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct piece {
	struct piece *next;
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct piece *pieces;
};

struct arena *arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct piece *p = a->pieces, *next; p; p = next) {
		next = p->next;
		free(p);
	}
	free(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct piece *p = calloc(1, sizeof(*p) + size);

	if (!p)
		abort();
	p->next = a->pieces;
	a->pieces = p;
	return p->bytes;
}

char *arena_copy(struct arena *a, const char *text, size_t length)
{
	char *copy = arena_alloc(a, length + 1);

	if (length)
		memcpy(copy, text, length);
	return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	char *text, *copy;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		abort();
	va_end(ap);
	copy = arena_copy(a, text, strlen(text));
	free(text);
	return copy;
}
