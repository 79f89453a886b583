// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/diagnostics.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void diagnostics_add(struct diagnostics *d, const char *file, unsigned line, const char *format,
	...)
{
	struct diagnostic *new;
	va_list ap;

	if (!d)
		return;
	if (d->count == DIAGNOSTICS_MAX) {
		d->dropped++;
		return;
	}
	new = &d->list[d->count++];
	new->file = file ? strdup(file) : NULL;
	new->line = line;
	va_start(ap, format);
	if (vasprintf(&new->text, format, ap) < 0 || (file && !new->file))
		abort();
	va_end(ap);
	/* What is quoted from a file must not steer the terminal. */
	for (char *c = new->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

static int by_place(const void *va, const void *vb)
{
	const struct diagnostic *const *a = va, *const *b = vb;
	int files = strcmp((*a)->file ? (*a)->file : "", (*b)->file ? (*b)->file : "");

	if (files)
		return files;
	if ((*a)->line != (*b)->line)
		return (*a)->line < (*b)->line ? -1 : 1;
	return *a < *b ? -1 : *a > *b;
}

void diagnostics_print(const struct diagnostics *d, FILE *stream)
{
	const struct diagnostic *sorted[DIAGNOSTICS_MAX];

	for (size_t i = 0; i < d->count; i++)
		sorted[i] = &d->list[i];
	qsort(sorted, d->count, sizeof(sorted[0]), by_place);
	for (size_t i = 0; i < d->count; i++) {
		if (sorted[i]->file)
			fprintf(stream, "%s:", sorted[i]->file);
		if (sorted[i]->file && sorted[i]->line)
			fprintf(stream, "%u:", sorted[i]->line);
		fprintf(stream, "%s%s\n", sorted[i]->file ? " " : "", sorted[i]->text);
	}
	if (d->dropped)
		fprintf(stream, "and %zu more\n", d->dropped);
}

void diagnostics_free(struct diagnostics *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->list[i].file);
		free(d->list[i].text);
	}
	*d = (struct diagnostics){ 0 };
}
