// SPDX-License-Identifier: Apache-2.0
/* One file of vectors from JSON. A reading stops at the first thing wrong. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/vectors/vectors_read.h"

#define FORMAT "baton-vectors-1"

static bool read_group(struct source *s, json_t *object, struct vector_group *group)
{
	json_t *keys = NULL, *cases = NULL;
	const struct member rows[] = {
		{"name", MEMBER_TEXT, true, &group->name, NULL},
		{"title", MEMBER_TEXT, true, &group->title, NULL},
		{"keys", MEMBER_OBJECT, true, &keys, NULL},
		{"cases", MEMBER_ARRAY, true, &cases, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	const char *name = json_string_value(json_object_get(object, "name"));
	if (name)
		source_line(s, "name", name);
	group->file = s->file;
	if (!source_members(s, object, "a group", rows) || !read_keys(s, keys, group))
		return false;
	size_t count = json_array_size(cases);
	struct vector *list = source_keep(s, count, sizeof(*list));
	group->vectors = list;
	for (size_t i = 0; i < count; i++) {
		list[i].group = group;
		if (!read_vector(s, json_array_get(cases, i), &list[i]))
			return false;
	}
	group->count = count;
	s->file->count += count;
	return true;
}

static void set_capture(struct source *s, const char *name)
{
	const char *slash = strrchr(s->file->path, '/');
	int folder = slash ? (int)(slash - s->file->path + 1) : 0;

	if (asprintf(&s->file->capture, "%.*s%s", folder, s->file->path, name) < 0)
		abort();
}

static bool read_file(struct source *s, json_t *root)
{
	struct vectors *f = s->file;
	const char *format = "", *capture = "";
	json_t *groups = NULL;
	uint32_t count = 0;
	const struct member rows[] = {
		{"format", MEMBER_TEXT, true, &format, NULL},
		{"protocol", MEMBER_TEXT, true, &f->protocol, NULL},
		{"title", MEMBER_TEXT, true, &f->title, NULL},
		{"specifications", MEMBER_ARRAY, true, NULL, NULL},
		{"generator", MEMBER_TEXT, true, NULL, NULL},
		{"capture", MEMBER_TEXT, true, &capture, NULL},
		{"count", MEMBER_U32, true, &count, NULL},
		{"groups", MEMBER_ARRAY, true, &groups, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, root, "the file", rows))
		return false;
	if (strcmp(format, FORMAT) != 0)
		return source_wrong(
			s, "the format is '%s'; this version reads '" FORMAT "'", format);
	if (!vector_manner(f->protocol))
		return source_wrong(s, "there are no vectors for '%s'; it would be a protocol of "
				       "docs/vectors.md", f->protocol);
	set_capture(s, capture);
	f->group_count = json_array_size(groups);
	f->groups = source_keep(s, f->group_count, sizeof(*f->groups));
	for (size_t i = 0; i < f->group_count; i++)
		if (!read_group(s, json_array_get(groups, i), &f->groups[i]))
			return false;
	if (count != f->count)
		return source_wrong(s,
			"count is %" PRIu32 " and there are %zu vectors; was the file cut?", count,
			f->count);
	return true;
}

static char *text_of(const char *path, char *error, size_t size)
{
	FILE *stream = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	if (!stream) {
		snprintf(error, size, "%s: %m; name a file of vectors", path);
		return NULL;
	}
	ssize_t n = getdelim(&text, &room, '\0', stream);
	bool failed = ferror(stream);
	fclose(stream);
	if (n > 0 && !failed)
		return text;
	free(text);
	snprintf(error, size, "%s: %s; it would be a JSON object", path,
		failed ? "cannot be read" : "empty");
	return NULL;
}

struct vectors *vectors_read(const char *path, char *error, size_t size)
{
	json_error_t syntax;
	char *text = text_of(path, error, size);

	if (!text)
		return NULL;
	struct vectors *file = calloc(1, sizeof(*file));
	if (!file || !(file->path = strdup(path)))
		abort();
	struct source s = {.file = file, .from = text, .line = 1, .error = error, .size = size};
	file->root = json_loads(text, JSON_REJECT_DUPLICATES, &syntax);
	bool good = false;
	if (file->root)
		good = read_file(&s, file->root);
	else
		snprintf(
			error, size, "%s:%d: %s; it would be JSON", path, syntax.line, syntax.text);
	free(text);
	if (good)
		return file;
	vectors_free(file);
	return NULL;
}
