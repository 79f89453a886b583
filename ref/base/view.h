// SPDX-License-Identifier: Apache-2.0
/* A run of octets that somebody else owns. */
#ifndef BATON_BASE_VIEW_H
#define BATON_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
	const uint8_t *data;
	size_t size;
};

#define VIEW(p, n) ((struct view){ .data = (const uint8_t *)(p), .size = (n) })
#define VIEW_OF(array) VIEW((array), sizeof(array))
#define VIEW_EMPTY ((struct view){ NULL, 0 })

/* The octets of a text, without its NUL. */
static inline struct view view_text(const char *text)
{
	return VIEW(text, strlen(text));
}

/* Equal octets. Takes time that depends on the content: never for secrets (see ct_equal). */
static inline bool view_equal(struct view a, struct view b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
