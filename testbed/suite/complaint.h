// SPDX-License-Identifier: Apache-2.0
/*
 * What is wrong with a suite, collected while it is read, so that its author repairs it in one go:
 *
 *	FILE:LINE:COLUMN: what is wrong; what would be right
 */
#ifndef TESTBED_SUITE_COMPLAINT_H
#define TESTBED_SUITE_COMPLAINT_H

#include <stddef.h>
#include <stdio.h>

#define COMPLAINTS_MAX 20 /* more than these are counted, not kept */

struct complaint {
	unsigned line, column; /* from 1; column 0: the whole line; line 0: the whole file */
	char text[400];
};

/* All zero but `file` is an empty collection; it owns nothing. */
struct complaints {
	const char *file; /* as the user wrote it; must outlive the collection */
	struct complaint list[COMPLAINTS_MAX];
	size_t count, dropped;
};

/* Adds one, unless the same words stand already at the same place. Always returns -1, so that a
 * reader can write `return complain(...)`. */
int complain(struct complaints *c, unsigned line, unsigned column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* One a line, in the order of the file. */
void complaints_print(struct complaints *c, FILE *stream);

#endif
