// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with somebody's input, collected. One reading of a file gathers as many findings
// as make sense, so that its author repairs it in one go:
//
//	FILE:LINE: what is wrong; what would be right

#ifndef BATON_TOPOLOGY_DIAGNOSTICS_H
#define BATON_TOPOLOGY_DIAGNOSTICS_H

#include <stddef.h>
#include <stdio.h>

/* More findings than this are counted, not kept. */
#define DIAGNOSTICS_MAX 64

struct diagnostic {
	char *file;    /* as the user wrote it; NULL: not about a file */
	unsigned line; /* from 1; 0: about the whole file */
	char *text;    /* one sentence, no newline, no capital, no full stop */
};

struct diagnostics {
	struct diagnostic list[DIAGNOSTICS_MAX];
	size_t count;	/* kept in list */
	size_t dropped; /* found beyond DIAGNOSTICS_MAX */
};

/* An empty collection is all zero: struct diagnostics d = {0}; release it with diagnostics_free. */

/* Adds one finding. file is copied and may be NULL. Accepts d == NULL and then does nothing. */
void diagnostics_add(struct diagnostics *d, const char *file, unsigned line, const char *format,
	...) __attribute__((format(printf, 4, 5)));

/* Writes all findings, one a line, sorted by line within a file, to stream. */
void diagnostics_print(const struct diagnostics *d, FILE *stream);

/* Frees the texts and leaves d empty and usable. */
void diagnostics_free(struct diagnostics *d);

#endif
