// SPDX-License-Identifier: Apache-2.0
/*
 * A validator for a subset of JSON Schema. Each keyword is one row of a table: its name and the
 * function that applies it. Applying a schema walks the schema's keywords, so a keyword that is
 * not in the table is seen, and refused, instead of being silently without effect.
 */
#include "testbed/report/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/report/files.h"
#include "testbed/report/json.h"

#define SCHEMA_LIMIT (1u << 20)
#define DEPTH_MAX 64
#define POINTER_MAX 512

struct check {
	const json_t *root; /* of the schema, where $ref begins */
	const char *file;
	struct report_error *error;
	char pointer[POINTER_MAX]; /* RFC 6901, to the value at hand */
	unsigned depth;
};

static int apply(struct check *c, const json_t *schema, const json_t *value);

/* Applies a schema to a part of the value, with the pointer longer by one step meanwhile. */
static int apply_below(struct check *c, const json_t *schema, const json_t *value, const char *step)
{
	size_t length = strlen(c->pointer);
	int rc;

	snprintf(c->pointer + length, sizeof(c->pointer) - length, "/%.100s", step);
	rc = apply(c, schema, value);
	c->pointer[length] = 0;
	return rc;
}

static const char *type_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "integer";
	case JSON_REAL:
		return "number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "boolean";
	case JSON_NULL:
		return "null";
	}
	return "nothing";
}

/* The value in short, for a message. */
static const char *value_text(const json_t *value, char *text, size_t size)
{
	char *dump;

	if (json_is_object(value) || json_is_array(value)) {
		snprintf(text, size, "is an %s", type_of(value));
		return text;
	}
	dump = report_must(json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9)));
	snprintf(text, size, "is %.60s%s", dump, strlen(dump) > 60 ? "..." : "");
	free(dump);
	return text;
}

static int wrong(struct check *c, const json_t *value, const char *needed)
{
	char text[80];

	return report_fail(c->error, "%s: %s %s; %s", c->file, *c->pointer ? c->pointer : "/",
		value_text(value, text, sizeof(text)), needed);
}

static bool type_matches(const char *type, const json_t *value)
{
	if (!strcmp(type, "number"))
		return json_is_number(value);
	return !strcmp(type, type_of(value));
}

static int check_type(struct check *c, const json_t *schema, const json_t *arg, const json_t *value)
{
	char needed[120] = "needed is";
	const json_t *type;
	size_t i;

	(void)schema;
	if (json_is_string(arg)) {
		if (type_matches(json_string_value(arg), value))
			return 0;
		snprintf(needed, sizeof(needed), "needed is %s", json_string_value(arg));
		return wrong(c, value, needed);
	}
	json_array_foreach(arg, i, type) {
		size_t length = strlen(needed);

		if (type_matches(json_string_value(type), value))
			return 0;
		snprintf(needed + length, sizeof(needed) - length, "%s %s", i ? " or" : "",
			json_string_value(type));
	}
	return wrong(c, value, needed);
}

static int check_ref(struct check *c, const json_t *schema, const json_t *arg, const json_t *value)
{
	static const char prefix[] = "#/$defs/";
	const char *ref = json_string_value(arg);
	const json_t *def = NULL;

	(void)schema;
	if (ref && !strncmp(ref, prefix, sizeof(prefix) - 1))
		def = json_object_get(json_object_get(c->root, "$defs"), ref + sizeof(prefix) - 1);
	if (!def)
		return report_fail(c->error, "the schema: $ref %s leads nowhere; use #/$defs/NAME",
			ref ? ref : "");
	return apply(c, def, value);
}

static int check_required(struct check *c, const json_t *schema, const json_t *arg,
	const json_t *value)
{
	const json_t *name;
	size_t i;

	(void)schema;
	if (!json_is_object(value))
		return 0;
	json_array_foreach(arg, i, name)
		if (!json_object_get(value, json_string_value(name)))
			return report_fail(c->error, "%s: %s lacks \"%s\"; it is required", c->file,
				*c->pointer ? c->pointer : "/", json_string_value(name));
	return 0;
}

static int check_properties(struct check *c, const json_t *schema, const json_t *arg,
	const json_t *value)
{
	const char *name;
	json_t *member;

	(void)schema;
	json_object_foreach((json_t *)value, name, member) {
		const json_t *sub = json_object_get(arg, name);

		if (sub && apply_below(c, sub, member, name))
			return -1;
	}
	return 0;
}

static bool has_prefix(const char *name, const char *pattern)
{
	return pattern[0] == '^' && !strncmp(name, pattern + 1, strlen(pattern + 1));
}

static int check_pattern_properties(struct check *c, const json_t *schema, const json_t *arg,
	const json_t *value)
{
	const char *name, *pattern;
	json_t *member, *sub;

	(void)schema;
	json_object_foreach((json_t *)arg, pattern, sub)
		if (pattern[0] != '^' || strpbrk(pattern + 1, ".*+?[](){}|\\^$"))
			return report_fail(c->error,
				"the schema: pattern %s; only a literal prefix, ^x-, is read",
				pattern);
	json_object_foreach((json_t *)value, name, member)
		json_object_foreach((json_t *)arg, pattern, sub)
			if (has_prefix(name, pattern) && apply_below(c, sub, member, name))
				return -1;
	return 0;
}

/* True when properties or patternProperties speak of this name. */
static bool is_named(const json_t *schema, const char *name)
{
	json_t *patterns = json_object_get(schema, "patternProperties");
	const char *pattern;
	json_t *sub;

	if (json_object_get(json_object_get(schema, "properties"), name))
		return true;
	json_object_foreach(patterns, pattern, sub)
		if (has_prefix(name, pattern))
			return true;
	return false;
}

static int check_additional(struct check *c, const json_t *schema, const json_t *arg,
	const json_t *value)
{
	const char *name;
	json_t *member;

	json_object_foreach((json_t *)value, name, member) {
		if (is_named(schema, name))
			continue;
		if (json_is_false(arg))
			return report_fail(c->error,
				"%s: %s has \"%.100s\", which the format does not know; "
				"leave it out or begin its name with x-",
				c->file, *c->pointer ? c->pointer : "/", name);
		if (apply_below(c, arg, member, name))
			return -1;
	}
	return 0;
}

static int check_items(struct check *c, const json_t *schema, const json_t *arg,
	const json_t *value)
{
	json_t *item;
	size_t i;

	(void)schema;
	json_array_foreach(value, i, item) {
		char step[24];

		snprintf(step, sizeof(step), "%zu", i);
		if (apply_below(c, arg, item, step))
			return -1;
	}
	return 0;
}

static int check_enum(struct check *c, const json_t *schema, const json_t *arg, const json_t *value)
{
	char needed[400] = "needed is one of";
	json_t *choice;
	size_t i;

	(void)schema;
	json_array_foreach(arg, i, choice) {
		size_t length = strlen(needed);

		if (json_equal(choice, value))
			return 0;
		snprintf(needed + length, sizeof(needed) - length, "%s %s", i ? "," : "",
			json_is_string(choice) ? json_string_value(choice) : type_of(choice));
	}
	return wrong(c, value, needed);
}

static int check_const(struct check *c, const json_t *schema, const json_t *arg,
	const json_t *value)
{
	char needed[120];

	(void)schema;
	if (json_equal(arg, value))
		return 0;
	snprintf(needed, sizeof(needed), "needed is \"%.80s\"",
		json_is_string(arg) ? json_string_value(arg) : type_of(arg));
	return wrong(c, value, needed);
}

static int check_minimum(struct check *c, const json_t *schema, const json_t *arg,
	const json_t *value)
{
	char needed[80];

	(void)schema;
	if (!json_is_number(value) || json_number_value(value) >= json_number_value(arg))
		return 0;
	snprintf(needed, sizeof(needed), "the least possible is %g", json_number_value(arg));
	return wrong(c, value, needed);
}

static int check_min_length(struct check *c, const json_t *schema, const json_t *arg,
	const json_t *value)
{
	json_int_t characters = 0;
	char needed[80];

	(void)schema;
	if (!json_is_string(value))
		return 0;
	for (const char *s = json_string_value(value); *s; s++)
		characters += (*s & 0xc0) != 0x80;
	if (characters >= json_integer_value(arg))
		return 0;
	snprintf(needed, sizeof(needed), "needed is a text of at least %" JSON_INTEGER_FORMAT,
		json_integer_value(arg));
	return wrong(c, value, needed);
}

static int check_min_items(struct check *c, const json_t *schema, const json_t *arg,
	const json_t *value)
{
	char needed[80];

	(void)schema;
	if (!json_is_array(value) || (json_int_t)json_array_size(value) >= json_integer_value(arg))
		return 0;
	snprintf(needed, sizeof(needed), "needed are at least %" JSON_INTEGER_FORMAT " items",
		json_integer_value(arg));
	return wrong(c, value, needed);
}

static const struct keyword {
	const char *name;
	int (*check)(struct check *c, const json_t *schema, const json_t *arg, const json_t *value);
} keywords[] = {
	{ "$schema", NULL },
	{ "$id", NULL },
	{ "$defs", NULL },
	{ "title", NULL },
	{ "description", NULL },
	{ "$ref", check_ref },
	{ "type", check_type },
	{ "const", check_const },
	{ "enum", check_enum },
	{ "required", check_required },
	{ "properties", check_properties },
	{ "patternProperties", check_pattern_properties },
	{ "additionalProperties", check_additional },
	{ "items", check_items },
	{ "minimum", check_minimum },
	{ "minLength", check_min_length },
	{ "minItems", check_min_items },
};
#define N_KEYWORDS (sizeof(keywords) / sizeof(keywords[0]))

static int keywords_known(struct check *c, const json_t *schema)
{
	const char *name;
	json_t *arg;

	json_object_foreach((json_t *)schema, name, arg) {
		size_t i = 0;

		while (i < N_KEYWORDS && strcmp(keywords[i].name, name))
			i++;
		if (i == N_KEYWORDS)
			return report_fail(c->error,
				"the schema: keyword %s is not understood; see schema.h", name);
	}
	return 0;
}

/* Applies the keywords in the order of the table, so that a wrong type is named before what
 * follows from it. */
static int apply(struct check *c, const json_t *schema, const json_t *value)
{
	int rc = 0;

	if (c->depth >= DEPTH_MAX)
		return report_fail(c->error,
			"the schema: nests deeper than %d; a $ref may be a circle", DEPTH_MAX);
	if (keywords_known(c, schema))
		return -1;
	c->depth++;
	for (size_t i = 0; !rc && i < N_KEYWORDS; i++) {
		const json_t *arg = json_object_get(schema, keywords[i].name);

		if (arg && keywords[i].check)
			rc = keywords[i].check(c, schema, arg, value);
	}
	c->depth--;
	return rc;
}

int report_schema_check_against(const json_t *schema, const json_t *value, const char *file,
	struct report_error *error)
{
	struct check c = { .root = schema, .file = file, .error = error };

	return apply(&c, schema, value);
}

int report_schema_check(const json_t *result, const char *file, struct report_error *error)
{
	char *path = report_data_path("reports/result.schema.json", error);
	struct content content;
	json_error_t where;
	json_t *schema;
	int rc;

	if (!path)
		return -1;
	if (report_read(path, SCHEMA_LIMIT, &content, error)) {
		free(path);
		return -1;
	}
	schema = json_loadb(content.bytes, content.size, JSON_REJECT_DUPLICATES, &where);
	free(content.bytes);
	if (schema)
		rc = report_schema_check_against(schema, result, file, error);
	else
		rc = report_fail(error, "%s:%d: %s; put baton's own schema there", path, where.line,
			where.text);
	json_decref(schema);
	free(path);
	return rc;
}
