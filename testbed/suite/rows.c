// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "testbed/suite/rows.h"

#define FILE_OCTETS_MAX (4u * 1024 * 1024)

struct reading {
	yaml_document_t *document;
	const struct rows_shape *shape;
	struct rows *rows;
	struct diagnostics *d;
	bool failed;
};

#define FINDING(r, node, ...)                                                                      \
	do {                                                                                       \
		(r)->failed = true;                                                                \
		diagnostics_add((r)->d, (r)->rows->file,                                           \
			(unsigned)(node)->start_mark.line + 1, __VA_ARGS__);                       \
	} while (0)

static yaml_node_t *node_at(struct reading *r, int index)
{
	return yaml_document_get_node(r->document, index);
}

static const char *text_of(struct reading *r, yaml_node_t *node)
{
	return arena_copy(r->rows->arena, (const char *)node->data.scalar.value,
		strlen((const char *)node->data.scalar.value));
}

/* The place of the key among `keys`, or -1. */
static int place_of(const char *const *keys, const char *name)
{
	for (int i = 0; keys[i]; i++)
		if (strcmp(keys[i] + (*keys[i] == '*'), name) == 0)
			return i;
	return -1;
}

static void list_keys(const char *const *keys, const char *more, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (int i = 0; keys[i] && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
			keys[i] + (*keys[i] == '*'));
	if (more && used < size)
		snprintf(out + used, size - used, "%s%s", used ? ", " : "", more);
}

/* One mapping of scalars; the key `list` (may be NULL) is somebody else's. */
static void read_row(struct reading *r, yaml_node_t *node, const char *const *keys,
	const char *list, struct row *row)
{
	char names[200];

	row->line = (unsigned)node->start_mark.line + 1;
	if (node->type != YAML_MAPPING_NODE) {
		FINDING(r, node, "this is no mapping; right are lines of the form key: value");
		return;
	}
	list_keys(keys, list, names, sizeof(names));
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *key = node_at(r, p->key), *value = node_at(r, p->value);
		const char *name = key->type == YAML_SCALAR_NODE ? text_of(r, key) : "";
		int place = place_of(keys, name);
		if (list && strcmp(name, list) == 0)
			continue;
		if (place < 0)
			FINDING(r, key, "there is no key %s here; right are %s", name, names);
		else if (row->value[place])
			FINDING(r, key, "%s stands twice; keep one", name);
		else if (value->type != YAML_SCALAR_NODE || !value->data.scalar.length)
			FINDING(r, value, "%s is no text; right is a word or a sentence", name);
		else
			row->value[place] = text_of(r, value);
	}
	for (int i = 0; keys[i]; i++)
		if (*keys[i] == '*' && !row->value[i])
			FINDING(r, node, "%s is missing; right are %s", keys[i] + 1, names);
}

static yaml_node_t *find_list(struct reading *r, yaml_node_t *root)
{
	for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
		p < root->data.mapping.pairs.top; p++) {
		yaml_node_t *key = node_at(r, p->key);
		if (key->type == YAML_SCALAR_NODE &&
			strcmp((const char *)key->data.scalar.value, r->shape->list) == 0)
			return node_at(r, p->value);
	}
	return NULL;
}

static void read_root(struct reading *r, yaml_node_t *root)
{
	struct rows *rows = r->rows;

	read_row(r, root, r->shape->head, r->shape->list, &rows->head);
	yaml_node_t *list = root->type == YAML_MAPPING_NODE ? find_list(r, root) : NULL;
	if (!list || list->type != YAML_SEQUENCE_NODE) {
		FINDING(r, list ? list : root, "%s is no list; right is %s: and rows that begin "
			"with -", r->shape->list, r->shape->list);
		return;
	}
	size_t n = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	rows->list = arena_alloc(rows->arena, n * sizeof(*rows->list));
	for (yaml_node_item_t *i = list->data.sequence.items.start;
		i < list->data.sequence.items.top; i++)
		read_row(r, node_at(r, *i), r->shape->row, NULL, &rows->list[rows->count++]);
}

int rows_parse(const char *file, struct view text, const struct rows_shape *shape,
	struct rows *out, struct diagnostics *d)
{
	struct reading r = { .shape = shape, .rows = out, .d = d };
	yaml_document_t document;
	yaml_parser_t parser;

	*out = (struct rows){ .arena = arena_new() };
	out->file = arena_copy(out->arena, file, strlen(file));
	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_string(&parser, text.data, text.size);
	if (!yaml_parser_load(&parser, &document)) {
		r.failed = true;
		diagnostics_add(d, file, (unsigned)parser.problem_mark.line + 1,
			"this is no YAML: %s; right are lines of the form key: value",
			parser.problem ? parser.problem : "unreadable");
	} else {
		yaml_node_t *root = yaml_document_get_root_node(&document);
		r.document = &document;
		if (root)
			read_root(&r, root);
		else
			diagnostics_add(d, file, 1, "the file is empty; right is a list %s:",
				shape->list);
		r.failed |= !root;
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	if (r.failed)
		rows_free(out);
	return r.failed ? -1 : 0;
}

int rows_load(const char *file, const struct rows_shape *shape, struct rows *out,
	struct diagnostics *d)
{
	FILE *f = fopen(file, "re");
	uint8_t *text = malloc(FILE_OCTETS_MAX);
	int result = -1;

	if (!text)
		abort();
	size_t n = f ? fread(text, 1, FILE_OCTETS_MAX, f) : 0;
	if (!f || ferror(f))
		diagnostics_add(d, file, 0, "cannot be read: %s", strerror(errno));
	else
		result = rows_parse(file, VIEW(text, n), shape, out, d);
	if (f)
		fclose(f);
	free(text);
	return result;
}

void rows_free(struct rows *rows)
{
	arena_free(rows->arena);
	*rows = (struct rows){ 0 };
}
