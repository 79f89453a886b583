// SPDX-License-Identifier: Apache-2.0
/* A suite's file, and the names of what is in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "testbed/suite/suite.h"

#define FILE_OCTETS_MAX (1024 * 1024)

int suite_load(const char *file, struct suite **out, struct complaints *complaints)
{
	FILE *f = fopen(file, "re");
	int result = -1;

	*out = NULL;
	complaints->file = file;
	char *text = malloc(FILE_OCTETS_MAX + 1);
	if (!text)
		abort();
	size_t n = f ? fread(text, 1, FILE_OCTETS_MAX + 1, f) : 0;
	if (!f || ferror(f))
		complain(complaints, 0, 0, "cannot be read: %s", strerror(errno));
	else
		result = suite_parse(file, VIEW(text, n), out, complaints);
	if (f)
		fclose(f);
	free(text);
	return result;
}

const char *test_case_name(const struct test *test, char *out, size_t size)
{
	int n = snprintf(out, size, "%s", test->name);

	for (size_t i = 0; i < test->parameter_count && n > 0 && (size_t)n < size; i++)
		n += snprintf(out + n, size - (size_t)n, "%s%s=%s%s", i ? "," : "[",
			test->parameters[i].name, test->parameters[i].value,
			i + 1 == test->parameter_count ? "]" : "");
	return out;
}

const char *cover_text(const struct cover *cover, char *out, size_t size)
{
	if (cover->ordinal)
		snprintf(out, size, "%s/%u", cover->section, cover->ordinal);
	else
		snprintf(out, size, "%s", cover->section);
	return out;
}
