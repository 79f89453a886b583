// SPDX-License-Identifier: Apache-2.0
/* The guest kernel's console as lines. No I/O. */
#ifndef BATON_TESTBED_GUEST_CONSOLE_H
#define BATON_TESTBED_GUEST_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#define CONSOLE_LINE_MAX 256

/* All zero at first. */
struct console_line {
	char text[CONSOLE_LINE_MAX]; /* not ended yet; cut to this length */
	size_t used;
};

/*
 * The console's next octet. When it ends a line: the line without the kernel's time stamp, with '?'
 * for what cannot be printed, which stays until the next call. NULL else.
 */
const char *console_hear(struct console_line *l, char c);

/* Whether the text begins with these words. */
bool console_begins(const char *text, const char *with);

#endif
