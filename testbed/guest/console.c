// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/console.h"

#include <ctype.h>
#include <string.h>

bool console_begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Behind "[    1.234567] ". */
static const char *without_stamp(const char *line)
{
	const char *p = line;

	if (*p != '[')
		return line;
	for (p++; *p == ' ' || *p == '.' || isdigit((unsigned char)*p); p++)
		;
	return console_begins(p, "] ") ? p + 2 : line;
}

const char *console_hear(struct console_line *l, char c)
{
	if (c == '\n' || c == '\r') {
		l->text[l->used] = '\0';
		l->used = 0;
		return without_stamp(l->text);
	}
	if (l->used < sizeof(l->text) - 1)
		l->text[l->used++] = isprint((unsigned char)c) ? c : '?';
	return NULL;
}
