// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/suite/complaint.h"

int complain(struct complaints *c, unsigned line, unsigned column, const char *format, ...)
{
	struct complaint new = { .line = line, .column = column };
	va_list ap;

	va_start(ap, format);
	vsnprintf(new.text, sizeof(new.text), format, ap);
	va_end(ap);
	for (size_t i = 0; i < c->count; i++)
		if (c->list[i].line == line && c->list[i].column == column &&
			strcmp(c->list[i].text, new.text) == 0)
			return -1;
	if (c->count < COMPLAINTS_MAX)
		c->list[c->count++] = new;
	else
		c->dropped++;
	return -1;
}

static int by_place(const void *a, const void *b)
{
	const struct complaint *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

void complaints_print(struct complaints *c, FILE *stream)
{
	qsort(c->list, c->count, sizeof(c->list[0]), by_place);
	for (size_t i = 0; i < c->count; i++) {
		const struct complaint *k = &c->list[i];
		fputs(c->file, stream);
		if (k->line)
			fprintf(stream, ":%u", k->line);
		if (k->line && k->column)
			fprintf(stream, ":%u", k->column);
		fprintf(stream, ": %s\n", k->text);
	}
	if (c->dropped)
		fprintf(stream, "%s: %zu more findings like these\n", c->file, c->dropped);
}
