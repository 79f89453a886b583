// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <yaml.h>

#include "ref/base/crypto.h"
#include "ref/host/config_value.h"
#include "ref/host/loop.h"

struct block {
	struct block *next;
	size_t size;
	max_align_t octets[];
};

/* Where a value was read into, and at which line it stood. */
struct place {
	const void *field;
	unsigned line;
};

struct config {
	char *path;
	struct block *blocks;
	struct place *places;
	size_t place_count;
	unsigned findings;
	yaml_document_t document; /* while reading */
};

static void read_map(struct config *c, const struct config_row *rows, yaml_node_t *map,
	unsigned line, const char *what, uint8_t *out);

/* --- memory and findings ---------------------------------------------------------------------- */

void *config_alloc(struct config *c, size_t size)
{
	struct block *b = host_alloc(sizeof(*b) + size);

	b->size = size;
	b->next = c->blocks;
	c->blocks = b;
	return b->octets;
}

static void note_place(struct config *c, const void *field, unsigned line)
{
	struct place *places = realloc(c->places, (c->place_count + 1) * sizeof(*places));

	if (!places)
		abort();
	c->places = places;
	places[c->place_count++] = (struct place){ field, line };
}

static void finding(struct config *c, unsigned line, const char *format, va_list list)
{
	c->findings++;
	if (line)
		fprintf(stderr, "%s:%u: ", c->path, line);
	else
		fprintf(stderr, "%s: ", c->path);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
}

static void wrong(struct config *c, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void wrong(struct config *c, unsigned line, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	finding(c, line, format, list);
	va_end(list);
}

void config_wrong(struct config *c, const void *field, const char *format, ...)
{
	unsigned line = 0;
	va_list list;

	for (size_t i = 0; i < c->place_count; i++)
		if (c->places[i].field == field)
			line = c->places[i].line;
	va_start(list, format);
	finding(c, line, format, list);
	va_end(list);
}

unsigned config_findings(const struct config *c)
{
	return c->findings;
}

const char *config_path(const struct config *c)
{
	return c->path;
}

/* --- the tree --------------------------------------------------------------------------------- */

static unsigned line_of(const yaml_node_t *node)
{
	return (unsigned)node->start_mark.line + 1;
}

static const char *text_of(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static const char *shape_of(const yaml_node_t *node)
{
	return node->type == YAML_MAPPING_NODE ? "a map" :
		node->type == YAML_SEQUENCE_NODE ? "a list" :
						   "a single value";
}

static void read_items(struct config *c, const struct config_row *row, yaml_node_t *list,
	uint8_t *to)
{
	size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	struct config_list out = { .count = count };
	char what[64];

	if ((long)count < row->min || (row->max && (long)count > row->max))
		wrong(c, line_of(list), "%s has %zu items; from %ld to %ld are right", row->key,
			count, row->min, row->max);
	out.items = config_alloc(c, count * row->size);
	for (size_t i = 0; i < count; i++) {
		yaml_node_t *item = yaml_document_get_node(&c->document,
			list->data.sequence.items.start[i]);
		uint8_t *at = (uint8_t *)out.items + i * row->size;
		note_place(c, at, line_of(item));
		snprintf(what, sizeof(what), "item %zu of %s", i + 1, row->key);
		if (item->type != YAML_MAPPING_NODE)
			wrong(c, line_of(item), "%s is %s; it would be a map of keys", what,
				shape_of(item));
		else
			read_map(c, row->rows, item, line_of(item), what, at);
	}
	memcpy(to, &out, sizeof(out));
}

static void read_names(struct config *c, const struct config_row *row, yaml_node_t *list,
	uint8_t *to)
{
	size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	struct config_numbers out = { .count = count };
	char wanted[256];

	if ((long)count < row->min || (row->max && (long)count > row->max))
		wrong(c, line_of(list), "%s has %zu items; from %ld to %ld are right", row->key,
			count, row->min, row->max);
	out.items = config_alloc(c, count * sizeof(int));
	for (size_t i = 0; i < count; i++) {
		yaml_node_t *item = yaml_document_get_node(&c->document,
			list->data.sequence.items.start[i]);
		const char *text = text_of(item);
		if (!config_value(c, row, text ? text : "", &out.items[i], wanted, sizeof(wanted)))
			wrong(c, line_of(item), "%s has \"%s\"; it takes %s", row->key,
				text ? text : shape_of(item), wanted);
	}
	memcpy(to, &out, sizeof(out));
}

static void read_scalar(struct config *c, const struct config_row *row, yaml_node_t *node,
	uint8_t *to)
{
	const char *text = text_of(node);
	char wanted[256];

	if (text && config_value(c, row, text, to, wanted, sizeof(wanted)))
		return;
	config_wanted(row, wanted, sizeof(wanted));
	if (text)
		wrong(c, line_of(node), "%s: \"%s\" does not fit; it takes %s", row->key, text,
			wanted);
	else
		wrong(c, line_of(node), "%s is %s; it takes %s", row->key, shape_of(node), wanted);
}

static void read_value(struct config *c, const struct config_row *row, yaml_node_t *node,
	uint8_t *to)
{
	bool list = row->kind == CONFIG_LIST || row->kind == CONFIG_NAMES;
	bool map = row->kind == CONFIG_MAP || row->kind == CONFIG_OPTION;
	char wanted[256];

	note_place(c, to, line_of(node));
	if ((list && node->type != YAML_SEQUENCE_NODE) || (map && node->type != YAML_MAPPING_NODE)) {
		wrong(c, line_of(node), "%s is %s; it takes %s", row->key, shape_of(node),
			config_wanted(row, wanted, sizeof(wanted)));
		return;
	}
	if (row->kind == CONFIG_OPTION) {
		void *at = config_alloc(c, row->size);
		memcpy(to, &at, sizeof(at));
		note_place(c, at, line_of(node));
		to = at;
	}
	if (map)
		read_map(c, row->rows, node, line_of(node), row->key, to);
	else if (row->kind == CONFIG_LIST)
		read_items(c, row, node, to);
	else if (row->kind == CONFIG_NAMES)
		read_names(c, row, node, to);
	else
		read_scalar(c, row, node, to);
}

static const struct config_row *row_of(const struct config_row *rows, const char *key)
{
	for (const struct config_row *r = rows; r->key; r++)
		if (strcmp(r->key, key) == 0)
			return r;
	return NULL;
}

static void unknown_key(struct config *c, const struct config_row *rows, const yaml_node_t *key,
	const char *what)
{
	char known[512] = "";
	size_t used = 0;

	for (const struct config_row *r = rows; r->key && used < sizeof(known); r++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
			r == rows ? "" : ", ", r->key);
	wrong(c, line_of(key), "unknown key \"%s\" in %s; the keys here are: %s",
		text_of(key) ? text_of(key) : shape_of(key), what, known);
}

/* The value of that key in the map; a key that stands twice is found and the first one taken. */
static yaml_node_t *value_of(struct config *c, yaml_node_t *map, const char *name)
{
	yaml_node_t *found = NULL;

	for (yaml_node_pair_t *p = map->data.mapping.pairs.start;
		p < map->data.mapping.pairs.top; p++) {
		yaml_node_t *key = yaml_document_get_node(&c->document, p->key);
		const char *text = text_of(key);
		if (!text || strcmp(text, name) != 0)
			continue;
		if (found)
			wrong(c, line_of(key), "%s stands here a second time; once is right", name);
		else
			found = yaml_document_get_node(&c->document, p->value);
	}
	return found;
}

static void take_default(struct config *c, const struct config_row *row, unsigned line,
	const char *what, uint8_t *to)
{
	char wanted[256];

	if (row->required)
		wrong(c, line, "%s has no \"%s\"; it takes %s", what, row->key,
			config_wanted(row, wanted, sizeof(wanted)));
	else if (row->kind == CONFIG_MAP)
		read_map(c, row->rows, NULL, line, row->key, to);
	else if (row->otherwise &&
		!config_value(c, row, row->otherwise, to, wanted, sizeof(wanted)))
		wrong(c, line, "the built-in value \"%s\" of %s does not fit; it takes %s",
			row->otherwise, row->key, wanted);
}

static void read_map(struct config *c, const struct config_row *rows, yaml_node_t *map,
	unsigned line, const char *what, uint8_t *out)
{
	if (map)
		for (yaml_node_pair_t *p = map->data.mapping.pairs.start;
			p < map->data.mapping.pairs.top; p++) {
			yaml_node_t *key = yaml_document_get_node(&c->document, p->key);
			const char *text = text_of(key);
			if (!text || !row_of(rows, text))
				unknown_key(c, rows, key, what);
		}
	for (const struct config_row *r = rows; r->key; r++) {
		yaml_node_t *value = map ? value_of(c, map, r->key) : NULL;
		if (value)
			read_value(c, r, value, out + r->offset);
		else
			take_default(c, r, line, what, out + r->offset);
	}
}

/* --- the file --------------------------------------------------------------------------------- */

static void read_document(struct config *c, FILE *file, const struct config_row *rows, void *out)
{
	yaml_parser_t parser;
	yaml_node_t *root;

	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_file(&parser, file);
	if (!yaml_parser_load(&parser, &c->document)) {
		wrong(c, (unsigned)parser.problem_mark.line + 1,
			"not YAML: %s; look at indentation, colons and quotes here and above",
			parser.problem ? parser.problem : "unreadable");
		yaml_parser_delete(&parser);
		return;
	}
	root = yaml_document_get_root_node(&c->document);
	if (!root || root->type != YAML_MAPPING_NODE)
		wrong(c, 1, "the file is %s; it would be a map of keys",
			root ? shape_of(root) : "empty");
	else
		read_map(c, rows, root, 1, "the file", out);
	yaml_document_delete(&c->document);
	yaml_parser_delete(&parser);
}

struct config *config_read(const char *path, const struct config_row *rows, void *out)
{
	struct config *c;
	FILE *file = fopen(path, "re");

	if (!file) {
		fprintf(stderr, "%s: %s; name a configuration file that can be read\n", path,
			strerror(errno));
		return NULL;
	}
	c = host_alloc(sizeof(*c));
	c->path = host_strdup(path);
	read_document(c, file, rows, out);
	fclose(file);
	if (c->findings) {
		config_free(c);
		return NULL;
	}
	return c;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	while (c->blocks) {
		struct block *b = c->blocks;
		c->blocks = b->next;
		wipe(b->octets, b->size);
		free(b);
	}
	free(c->places);
	free(c->path);
	free(c);
}

/* --- the reference ---------------------------------------------------------------------------- */

static void print_rows(const struct config_row *rows, const char *before, FILE *to)
{
	char name[128], wanted[256];

	for (const struct config_row *r = rows; r->key; r++) {
		snprintf(name, sizeof(name), "%s%s", before, r->key);
		fprintf(to, "| `%s` | %s | %s | %s |\n", name,
			config_wanted(r, wanted, sizeof(wanted)),
			r->required ? "required" : r->otherwise ? r->otherwise : "", r->help);
		if (!r->rows)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", before, r->key,
			r->kind == CONFIG_LIST ? "[]." : ".");
		print_rows(r->rows, name, to);
	}
}

void config_print_reference(const struct config_row *rows, FILE *to)
{
	fprintf(to, "| key | takes | otherwise | what it is for |\n| --- | --- | --- | --- |\n");
	print_rows(rows, "", to);
}
