// SPDX-License-Identifier: Apache-2.0
/*
 * Regular expressions of manifests, which strangers write: neither a pattern nor a text makes one
 * take memory or time without bound.
 */
#ifndef TESTBED_ADAPTER_EXPRESSION_H
#define TESTBED_ADAPTER_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

struct expression;

/*
 * Compiles `pattern`, syntax of grep -P; ^ and $ match at every line. Returns NULL when it is no
 * expression or would need more than 64 KiB compiled, a limit of the library; then `why` says so in
 * English. Free with expression_free().
 */
struct expression *expression_new(const char *pattern, char *why, size_t why_size);

/*
 * Whether `text` of `length` bytes, any bytes, holds a match. A search that takes more than a
 * million steps counts as none.
 */
bool expression_found(const struct expression *expression, const char *text, size_t length);

/* NULL is allowed. */
void expression_free(struct expression *expression);

#endif
