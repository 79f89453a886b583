// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/schema.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "testbed/topology/topology.h"

#define DEPTH_MAX 16	  /* nested mappings and lists */
#define VISITS_MAX 100000 /* values read; aliases make a small file a large tree */
#define SETTINGS_MAX 256  /* of one mapping of settings */
#define SETTING_KEY_MAX 256
#define ROWS_MAX 32 /* of one schema */

struct reading {
	const char *file;
	yaml_document_t *document;
	struct arena *arena;
	struct diagnostics *d;
	unsigned depth, visits;
	bool failed;
};

static unsigned line_of(const yaml_node_t *node)
{
	return (unsigned)node->start_mark.line + 1;
}

__attribute__((format(printf, 3, 4))) static void complain(struct reading *r, unsigned line,
	const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		abort();
	va_end(ap);
	diagnostics_add(r->d, r->file, line, "%s", text);
	free(text);
	r->failed = true;
}

static yaml_node_t *node_at(struct reading *r, yaml_node_item_t item)
{
	return yaml_document_get_node(r->document, item);
}

/* An aliased tree can be deep or large beyond any file; one message, then the rest is skipped. */
static bool enter(struct reading *r, const yaml_node_t *node)
{
	if (r->visits > VISITS_MAX || r->depth > DEPTH_MAX)
		return false;
	if (++r->visits > VISITS_MAX || ++r->depth > DEPTH_MAX) {
		complain(r, line_of(node),
			"this is nested or repeated too much; "
			"at most %d levels and %d values can be read",
			DEPTH_MAX, VISITS_MAX);
		r->visits = VISITS_MAX + 1;
		return false;
	}
	return true;
}

static void leave(struct reading *r)
{
	r->depth--;
}

/* The text of a scalar without NUL inside, or NULL. */
static const char *scalar_text(struct reading *r, const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	if (node->type != YAML_SCALAR_NODE || strlen(text) != node->data.scalar.length)
		return NULL;
	return arena_copy(r->arena, text, node->data.scalar.length);
}

static const char *kind_of(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return "a single value";
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	case YAML_NO_NODE:
		break;
	}
	return "nothing";
}

static bool within(unsigned value, const struct schema_row *row)
{
	return value >= row->min && (row->max == 0 || value <= row->max);
}

static bool read_scalar(struct reading *r, const struct schema_row *row, const yaml_node_t *node,
	void *out)
{
	const struct scalar_type_row *type = &scalar_types[row->scalar];
	const char *text = scalar_text(r, node);

	if (!text) {
		complain(r, line_of(node), "%s is %s; it would be %s", row->key, kind_of(node),
			type->right);
		return false;
	}
	if (!type->read(text, out)) {
		complain(r, line_of(node), "%s is no %s: \"%.64s\"; it would be %s", row->key,
			type->name, text, type->right);
		return false;
	}
	if (row->scalar == SCALAR_NUMBER && !within(*(unsigned *)out, row)) {
		complain(r, line_of(node), "%s is %s; it would be a number from %u to %u", row->key,
			text, row->min, row->max);
		return false;
	}
	if (row->scalar == SCALAR_TEXT && !within(strlen(text), row)) {
		complain(r, line_of(node), "%s has %zu characters; it would have %u to %u",
			row->key, strlen(text), row->min, row->max);
		return false;
	}
	if (row->scalar == SCALAR_ADDRESS || row->scalar == SCALAR_PREFIX)
		((struct topology_address *)out)->line = line_of(node);
	return true;
}

static char *words_text(struct reading *r, const char *const *words)
{
	char *text = arena_printf(r->arena, "%s", words[0]);

	for (size_t i = 1; words[i]; i++)
		text = arena_printf(r->arena, "%s%s%s", text, words[i + 1] ? ", " : " or ",
			words[i]);
	return text;
}

/* The index of the word, or -1 with a finding. */
static int read_word(struct reading *r, const struct schema_row *row, const yaml_node_t *node)
{
	const char *text = scalar_text(r, node);

	for (int i = 0; text && row->words[i]; i++)
		if (!strcmp(text, row->words[i]))
			return i;
	if (text)
		complain(r, line_of(node), "%s is unknown: \"%.64s\"; it would be %s", row->key,
			text, words_text(r, row->words));
	else
		complain(r, line_of(node), "%s is %s; it would be %s", row->key, kind_of(node),
			words_text(r, row->words));
	return -1;
}

static bool is_sequence(struct reading *r, const struct schema_row *row, const yaml_node_t *node)
{
	size_t count;

	if (node->type != YAML_SEQUENCE_NODE) {
		complain(r, line_of(node), "%s is %s; it would be a list", row->key, kind_of(node));
		return false;
	}
	count = node->data.sequence.items.top - node->data.sequence.items.start;
	if (!within(count, row)) {
		complain(r, line_of(node), "%s has %zu entries; it would have %u%s", row->key,
			count, row->min, row->max == row->min ? "" : " or more");
		return false;
	}
	return true;
}

static void read_flags(struct reading *r, const struct schema_row *row, const yaml_node_t *node,
	unsigned *out)
{
	if (!is_sequence(r, row, node))
		return;
	for (yaml_node_item_t *i = node->data.sequence.items.start;
		i < node->data.sequence.items.top; i++) {
		int word = read_word(r, row, node_at(r, *i));

		if (word >= 0)
			*out |= 1u << word;
	}
}

static void read_map(struct reading *r, const struct schema *schema, const yaml_node_t *node,
	void *out);

static void read_list(struct reading *r, const struct schema_row *row, const yaml_node_t *node,
	struct row_list *out)
{
	size_t size = row->shape == ROW_MAPS ? row->sub->size : scalar_types[row->scalar].size;
	size_t count;

	if (!is_sequence(r, row, node))
		return;
	count = node->data.sequence.items.top - node->data.sequence.items.start;
	out->list = arena_alloc(r->arena, count * size);
	for (size_t i = 0; i < count; i++) {
		yaml_node_t *item = node_at(r, node->data.sequence.items.start[i]);
		void *slot = (char *)out->list + out->count * size;

		if (row->shape == ROW_MAPS) {
			read_map(r, row->sub, item, slot);
			out->count++;
		} else if (read_scalar(r, row, item, slot)) {
			out->count++;
		}
	}
}

static void read_pair(struct reading *r, const struct schema_row *row, const yaml_node_t *node,
	char *out)
{
	if (!is_sequence(r, row, node))
		return;
	for (size_t i = 0; i < 2; i++)
		read_map(r, row->sub, node_at(r, node->data.sequence.items.start[i]),
			out + i * row->sub->size);
}

static bool is_mapping(struct reading *r, const char *what, const yaml_node_t *node)
{
	if (node->type == YAML_MAPPING_NODE)
		return true;
	complain(r, line_of(node), "%s is %s; it would be a mapping of keys to values", what,
		kind_of(node));
	return false;
}

static void read_named(struct reading *r, const struct schema_row *row, const yaml_node_t *node,
	struct row_list *out)
{
	const struct schema *sub = row->sub;
	size_t count;

	if (!is_mapping(r, row->key, node))
		return;
	count = node->data.mapping.pairs.top - node->data.mapping.pairs.start;
	if (!within(count, row))
		complain(r, line_of(node), "%s is empty; it would have at least %u %s", row->key,
			row->min, sub->what);
	out->list = arena_alloc(r->arena, count * sub->size);
	for (size_t i = 0; i < count; i++) {
		yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i];
		const yaml_node_t *key = node_at(r, pair->key);
		const char *name = scalar_text(r, key), *valid;
		char *slot = (char *)out->list + out->count * sub->size;
		bool twice = false;

		if (!name || !scalar_types[SCALAR_NAME].read(name, &valid)) {
			complain(r, line_of(key),
				"\"%.64s\" is not a name for a %s; it would be %s",
				name ? name : kind_of(key), sub->what,
				scalar_types[SCALAR_NAME].right);
			continue;
		}
		for (size_t j = 0; j < out->count && !twice; j++) {
			const char *at = (char *)out->list + j * sub->size;

			twice = !strcmp(*(const char *const *)(at + sub->name), name);
			if (twice)
				complain(r, line_of(key),
					"%s %s is declared twice, first in line %u; "
					"every %s would have a name of its own",
					sub->what, name, *(const unsigned *)(at + sub->line),
					sub->what);
		}
		if (twice)
			continue;
		*(const char **)(slot + sub->name) = name;
		read_map(r, sub, node_at(r, pair->value), slot);
		*(unsigned *)(slot + sub->line) = line_of(key);
		out->count++;
	}
}

static void add_setting(struct reading *r, const char *key, const yaml_node_t *node,
	struct row_list *out)
{
	struct topology_setting *list = out->list, *grown;
	const char *text = scalar_text(r, node);

	if (!text) {
		complain(r, line_of(node), "%s has a zero byte; it would be a text", key);
		return;
	}
	if (out->count == SETTINGS_MAX) {
		complain(r, line_of(node), "there are too many settings; at most %d can be read",
			SETTINGS_MAX);
		r->visits = VISITS_MAX + 1;
		return;
	}
	for (size_t i = 0; i < out->count; i++) {
		if (strcmp(list[i].key, key))
			continue;
		complain(r, line_of(node), "%s is given twice, first in line %u; once would do",
			key, list[i].line);
		return;
	}
	if ((out->count & (out->count - 1)) == 0) { /* full at every power of two */
		grown = arena_alloc(r->arena, (out->count ? out->count * 2 : 1) * sizeof(*grown));
		if (out->count)
			memcpy(grown, list, out->count * sizeof(*grown));
		out->list = list = grown;
	}
	list[out->count++] = (struct topology_setting){ key, text, line_of(node) };
}

/* Flattens anything into "a.b.0" = "value". */
static void read_settings(struct reading *r, const char *prefix, const yaml_node_t *node,
	struct row_list *out)
{
	const char *dot = *prefix ? "." : "";

	if (!enter(r, node))
		return;
	if (node->type == YAML_SCALAR_NODE) {
		add_setting(r, prefix, node, out);
	} else if (node->type == YAML_SEQUENCE_NODE) {
		size_t n = node->data.sequence.items.top - node->data.sequence.items.start;

		for (size_t i = 0; i < n; i++)
			read_settings(r, arena_printf(r->arena, "%s%s%zu", prefix, dot, i),
				node_at(r, node->data.sequence.items.start[i]), out);
	} else {
		for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
			p < node->data.mapping.pairs.top; p++) {
			const yaml_node_t *key = node_at(r, p->key);
			const char *name = scalar_text(r, key);

			if (name && *name && strlen(prefix) + strlen(name) < SETTING_KEY_MAX)
				read_settings(r,
					arena_printf(r->arena, "%s%s%s", prefix, dot, name),
					node_at(r, p->value), out);
			else
				complain(r, line_of(key),
					"the key of a setting is %s; it would be "
					"a short word",
					name ? *name ? "too long" : "empty" : kind_of(key));
		}
	}
	leave(r);
}

/* Known keys of a mapping, for the message about an unknown one. */
static char *keys_text(struct reading *r, const struct schema *schema)
{
	char *text = arena_printf(r->arena, "%s", schema->rows[0].key);

	for (const struct schema_row *row = &schema->rows[1]; row->key; row++)
		text = arena_printf(r->arena, "%s, %s", text, row->key);
	return text;
}

static void read_row(struct reading *r, const struct schema_row *row, const yaml_node_t *node,
	char *out)
{
	struct row_list list = { 0 };
	int word;

	if (!enter(r, node))
		return;
	switch (row->shape) {
	case ROW_SCALAR:
		read_scalar(r, row, node, out);
		break;
	case ROW_CHOICE:
		word = read_word(r, row, node);
		if (word >= 0)
			*(int *)out = word;
		break;
	case ROW_FLAGS:
		read_flags(r, row, node, (unsigned *)out);
		break;
	case ROW_SCALARS:
	case ROW_MAPS:
		read_list(r, row, node, &list);
		memcpy(out, &list, sizeof(list));
		break;
	case ROW_PAIR:
		read_pair(r, row, node, out);
		break;
	case ROW_NAMED:
		read_named(r, row, node, &list);
		memcpy(out, &list, sizeof(list));
		break;
	case ROW_SETTINGS:
		if (is_mapping(r, row->key, node))
			read_settings(r, "", node, &list);
		memcpy(out, &list, sizeof(list));
		break;
	}
	leave(r);
}

static void read_preset(const struct schema_row *row, char *out)
{
	if (row->shape == ROW_SCALAR && !*row->preset)
		*(const char **)out = row->preset; /* an empty word, which nobody can write */
	else if (row->shape == ROW_SCALAR)
		scalar_types[row->scalar].read(row->preset, out);
	for (int i = 0; row->shape == ROW_CHOICE && row->words[i]; i++)
		if (!strcmp(row->words[i], row->preset))
			*(int *)out = i;
}

static const struct schema_row *find_row(const struct schema *schema, const char *key)
{
	for (const struct schema_row *row = schema->rows; key && row->key; row++)
		if (!strcmp(row->key, key))
			return row;
	return NULL;
}

static void read_map(struct reading *r, const struct schema *schema, const yaml_node_t *node,
	void *out)
{
	unsigned lines[ROWS_MAX] = { 0 }; /* where each key stood */

	*(unsigned *)((char *)out + schema->line) = line_of(node);
	if (!is_mapping(r, schema->what, node))
		return;
	for (const struct schema_row *row = schema->rows; row->key; row++)
		if (row->preset)
			read_preset(row, (char *)out + row->offset);
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
		p++) {
		const yaml_node_t *key = node_at(r, p->key);
		const char *name = scalar_text(r, key);
		const struct schema_row *row = find_row(schema, name);

		if (!row) {
			complain(r, line_of(key), "a %s has no key \"%.64s\"; its keys are %s",
				schema->what, name ? name : kind_of(key), keys_text(r, schema));
		} else if (lines[row - schema->rows]) {
			complain(r, line_of(key),
				"%s is given twice, first in line %u; once would do", name,
				lines[row - schema->rows]);
		} else {
			lines[row - schema->rows] = line_of(key);
			read_row(r, row, node_at(r, p->value), (char *)out + row->offset);
		}
	}
	for (const struct schema_row *row = schema->rows; row->key; row++)
		if (row->required && !lines[row - schema->rows])
			complain(r, line_of(node), "%s is missing; a %s would have it: %s",
				row->key, schema->what, row->doc);
}

/* Where the parser stopped, from 1. */
static unsigned problem_line(const yaml_parser_t *parser, const char *text, size_t length)
{
	unsigned line = 1;

	if (parser->error != YAML_READER_ERROR)
		return 1 +
			(unsigned)(parser->problem_mark.line ? parser->problem_mark.line
							     : parser->context_mark.line);
	for (size_t i = 0; i < parser->problem_offset && i < length; i++)
		line += text[i] == '\n';
	return line;
}

bool schema_read(const struct schema *schema, const char *file, const void *text, size_t length,
	void *out, struct arena *arena, struct diagnostics *d)
{
	struct reading r = { .file = file, .arena = arena, .d = d };
	yaml_document_t document;
	yaml_parser_t parser;
	yaml_node_t *root;

	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_string(&parser, text, length);
	if (!yaml_parser_load(&parser, &document)) {
		complain(&r, problem_line(&parser, text, length),
			"this is not YAML: %s; a %s would be indented keys and values",
			parser.problem ? parser.problem : "unreadable", schema->what);
		yaml_parser_delete(&parser);
		return false;
	}
	r.document = &document;
	root = yaml_document_get_root_node(&document);
	if (!root)
		complain(&r, 1, "the file is empty; it would be a %s", schema->what);
	else
		read_map(&r, schema, root, out);
	yaml_document_delete(&document);
	if (!r.failed && yaml_parser_load(&parser, &document)) {
		root = yaml_document_get_root_node(&document);
		if (root)
			complain(&r, line_of(root),
				"a second document starts here; "
				"a file would have one %s",
				schema->what);
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	return !r.failed;
}

/* --- the manual ----------------------------------------------------------------------------- */

static void print_value(const struct schema_row *row, FILE *stream)
{
	const struct scalar_type_row *type = &scalar_types[row->scalar];

	switch (row->shape) {
	case ROW_SCALAR:
		fprintf(stream, "%s", type->name);
		if (row->max && (row->scalar == SCALAR_NUMBER || row->scalar == SCALAR_TEXT))
			fprintf(stream, ", %u to %u%s", row->min, row->max,
				row->scalar == SCALAR_TEXT ? " characters" : "");
		break;
	case ROW_SCALARS:
		fprintf(stream, "list of %s", type->name);
		break;
	case ROW_CHOICE:
	case ROW_FLAGS:
		fprintf(stream, "%s", row->shape == ROW_FLAGS ? "list of " : "");
		for (size_t i = 0; row->words[i]; i++)
			fprintf(stream, "%s`%s`", i ? ", " : "", row->words[i]);
		break;
	case ROW_MAPS:
		fprintf(stream, "list of %s (below)", row->sub->what);
		break;
	case ROW_PAIR:
		fprintf(stream, "two of %s (below)", row->sub->what);
		break;
	case ROW_NAMED:
		fprintf(stream, "name: %s (below)", row->sub->what);
		break;
	case ROW_SETTINGS:
		fprintf(stream, "any mapping");
		break;
	}
}

static void print_schema(const struct schema *schema, FILE *stream)
{
	fprintf(stream, "### %s\n\n| key | value | | meaning |\n| --- | --- | --- | --- |\n",
		schema->title);
	for (const struct schema_row *row = schema->rows; row->key; row++) {
		fprintf(stream, "| `%s` | ", row->key);
		print_value(row, stream);
		if (row->required)
			fprintf(stream, " | required");
		else if (row->preset && *row->preset)
			fprintf(stream, " | default `%s`", row->preset);
		else
			fprintf(stream, " | optional");
		fprintf(stream, " | %s |\n", row->doc);
	}
	fprintf(stream, "\n");
	for (const struct schema_row *row = schema->rows; row->key; row++)
		if (row->sub)
			print_schema(row->sub, stream);
}

void schema_print_reference(const struct schema *schema, FILE *stream)
{
	print_schema(schema, stream);
	fprintf(stream, "### Values\n\n| value | what is right |\n| --- | --- |\n");
	for (size_t i = 0; i < SCALAR_TYPES; i++)
		fprintf(stream, "| %s | %s |\n", scalar_types[i].name, scalar_types[i].right);
}
