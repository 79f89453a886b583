// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/vectors/members.h"

bool source_wrong(struct source *s, const char *format, ...)
{
	char text[512];
	va_list args;

	if (s->failed)
		return false;
	s->failed = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(s->error, s->size, "%s:%u: %s", s->file->path, s->line, text);
	return false;
}

void *source_keep(struct source *s, size_t count, size_t size)
{
	struct vectors *f = s->file;
	void *block = calloc(count + 1, size);
	void **blocks = realloc(f->blocks, (f->block_count + 1) * sizeof(*blocks));

	if (!block || !blocks)
		abort();
	f->blocks = blocks;
	f->blocks[f->block_count++] = block;
	return block;
}

void source_line(struct source *s, const char *member, const char *value)
{
	char want[256];

	snprintf(want, sizeof(want), "\"%s\": \"%s\"", member, value);
	const char *found = strstr(s->from, want);
	if (!found)
		return;
	for (const char *p = s->from; p < found; p++)
		s->line += *p == '\n';
	s->from = found;
}

static const char *const kind_words[] = {"a string", "a string or null", "octets in hexadecimal",
	"a number from 0 to 65535", "a number from 0 to 4294967295", "true or false", "an array",
	"an object", "anything"};

static int nibble(char c)
{
	const char *digits = "0123456789abcdef", *found = strchr(digits, c);
	return c && found ? (int)(found - digits) : -1;
}

static bool hex(struct source *s, const char *text, struct view *out)
{
	size_t size = strlen(text);
	uint8_t *octets = source_keep(s, size / 2, 1);

	if (size % 2)
		return false;
	for (size_t i = 0; i < size / 2; i++) {
		int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		octets[i] = (uint8_t)(high << 4 | low);
	}
	*out = VIEW(octets, size / 2);
	return true;
}

bool source_octets(struct source *s, const json_t *value, struct view *out)
{
	return json_is_string(value) && hex(s, json_string_value(value), out);
}

bool source_number(const json_t *value, json_int_t most, uint32_t *out)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		json_integer_value(value) > most)
		return false;
	*out = (uint32_t)json_integer_value(value);
	return true;
}

static bool take(struct source *s, json_t *value, const struct member *m)
{
	bool dummy_bool;
	uint32_t dummy_number;
	struct view dummy_view;

	switch (m->kind) {
	case MEMBER_TEXT:
	case MEMBER_TEXT_OR_NULL:
		if (!json_is_string(value) &&
			!(m->kind == MEMBER_TEXT_OR_NULL && json_is_null(value)))
			return false;
		if (m->to)
			*(const char **)m->to = json_string_value(value);
		return true;
	case MEMBER_HEX:
		return source_octets(s, value, m->to ? m->to : &dummy_view);
	case MEMBER_U16:
		return source_number(value, UINT16_MAX, m->to ? m->to : &dummy_number);
	case MEMBER_U32:
		return source_number(value, UINT32_MAX, m->to ? m->to : &dummy_number);
	case MEMBER_BOOLEAN:
		*(m->to ? (bool *)m->to : &dummy_bool) = json_is_true(value);
		return json_is_boolean(value);
	case MEMBER_ARRAY:
	case MEMBER_OBJECT:
	case MEMBER_ANY:
		if (m->to)
			*(json_t **)m->to = value;
		return m->kind == MEMBER_ANY ||
		       (m->kind == MEMBER_ARRAY ? json_is_array(value) : json_is_object(value));
	}
	return false;
}

static const struct member *row_of(const struct member *rows, const char *name)
{
	for (; rows->name; rows++)
		if (strcmp(rows->name, name) == 0)
			return rows;
	return NULL;
}

bool source_members(struct source *s, json_t *object, const char *what, const struct member *rows)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return source_wrong(s, "%s is not an object; it would be {...}", what);
	json_object_foreach(object, name, value)
	{
		const struct member *m = row_of(rows, name);
		if (!m)
			return source_wrong(s,
				"%s has a member '%s' that the format does not know; "
				"docs/vectors.md lists them",
				what, name);
		if (!take(s, value, m))
			return source_wrong(s, "'%s' of %s is wrong; it would be %s", name, what,
				kind_words[m->kind]);
		if (m->there)
			*m->there = true;
	}
	for (const struct member *m = rows; m->name; m++)
		if (m->required && !json_object_get(object, m->name))
			return source_wrong(s, "%s has no '%s'; it would be %s", what, m->name,
				kind_words[m->kind]);
	return true;
}

bool source_choice(
	struct source *s, const char *what, const char *word, const char *const *words, int *out)
{
	char all[256] = "";

	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], word) == 0) {
			*out = i;
			return true;
		}
		size_t used = strlen(all);
		snprintf(all + used, sizeof(all) - used, "%s'%s'", i ? ", " : "", words[i]);
	}
	return source_wrong(s, "%s is '%s'; it would be one of %s", what, word, all);
}
