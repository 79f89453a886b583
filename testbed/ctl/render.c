// SPDX-License-Identifier: Apache-2.0
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/ctl/render.h"

#define COLUMNS_MAX 24

static void render(const json_t *value, int indent, FILE *to);

/* A single value as text of the caller's. */
static char *cell(const json_t *value)
{
	char *text = json_is_string(value)	? strdup(json_string_value(value))
		: json_is_true(value)		? strdup("yes")
		: json_is_false(value)		? strdup("no")
		: !value || json_is_null(value) ? strdup("-")
						: json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	if (!text)
		abort();
	return text;
}

static bool is_single(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

static bool is_flat(const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
		if (!is_single(value))
			return false;
	return json_is_object(object);
}

static bool is_table(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!is_flat(json_array_get(array, i)))
			return false;
	return json_array_size(array) > 0;
}

struct column {
	const char *key;
	int width;
};

static void widen(struct column *columns, size_t *count, const json_t *row)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach((json_t *)row, key, value) {
		char *text = cell(value);
		for (i = 0; i < *count && strcmp(columns[i].key, key) != 0; i++)
			;
		if (i == *count && i < COLUMNS_MAX)
			columns[(*count)++] = (struct column){ key, (int)strlen(key) };
		if (i < *count && (int)strlen(text) > columns[i].width)
			columns[i].width = (int)strlen(text);
		free(text);
	}
}

static void table_row(const struct column *columns, size_t count, const json_t *row, int indent,
	FILE *to)
{
	fprintf(to, "%*s", indent, "");
	for (size_t i = 0; i < count; i++) {
		char *text = row ? cell(json_object_get(row, columns[i].key)) : NULL;
		const char *shown = row ? text : columns[i].key;
		if (i + 1 < count)
			fprintf(to, "%-*s  ", columns[i].width, shown);
		else
			fprintf(to, "%s\n", shown);
		free(text);
	}
}

static void render_table(const json_t *array, int indent, FILE *to)
{
	struct column columns[COLUMNS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(array); i++)
		widen(columns, &count, json_array_get(array, i));
	table_row(columns, count, NULL, indent, to);
	for (size_t i = 0; i < json_array_size(array); i++)
		table_row(columns, count, json_array_get(array, i), indent, to);
}

static void render_object(const json_t *object, int indent, FILE *to)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		fprintf(to, "%*s%s:", indent, "", key);
		if (is_single(value)) {
			char *text = cell(value);
			fprintf(to, " %s\n", text);
			free(text);
		} else if (json_array_size(value) == 0 && json_object_size(value) == 0) {
			fprintf(to, " none\n");
		} else {
			fputc('\n', to);
			render(value, indent + 2, to);
		}
	}
}

static void render(const json_t *value, int indent, FILE *to)
{
	if (json_is_object(value)) {
		render_object(value, indent, to);
	} else if (json_is_array(value) && is_table(value)) {
		render_table(value, indent, to);
	} else if (json_is_array(value)) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			if (i && json_is_object(json_array_get(value, i)))
				fputc('\n', to);
			render(json_array_get(value, i), indent, to);
		}
	} else {
		char *text = cell(value);
		fprintf(to, "%*s%s\n", indent, "", text);
		free(text);
	}
}

void ctl_render(const json_t *value, FILE *to)
{
	if (json_is_object(value) && json_object_size(value) == 0)
		fputs("done\n", to);
	else
		render(value, 0, to);
}
