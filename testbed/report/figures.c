// SPDX-License-Identifier: Apache-2.0
/*
 * Reads documented-figures.yaml: a list of tables with known keys. The YAML is loaded as a tree of
 * nodes that know their line, so that whatever does not make sense is named with file and line.
 */
#include "testbed/report/figures.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "testbed/report/files.h"
#include "testbed/report/json.h"

struct figures {
	struct figures_table *tables;
	size_t n_tables;
};

struct reading {
	yaml_document_t doc;
	const char *file;
	struct report_error *error;
};

static int bad(struct reading *in, const yaml_node_t *node, const char *what)
{
	return report_fail(in->error, "%s:%zu: %s", in->file, node->start_mark.line + 1, what);
}

static const char *scalar(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static char *copy(const char *s)
{
	return report_format("%s", s);
}

static int read_text(struct reading *in, const yaml_node_t *node, const char **out)
{
	if (!scalar(node) || !*scalar(node))
		return bad(in, node, "is no text; give one");
	*out = copy(scalar(node));
	return 0;
}

/* A number, or null (also ~ and nothing) where allowed, which becomes NAN. */
static int read_number(struct reading *in, const yaml_node_t *node, double *out)
{
	const char *s = scalar(node);
	char *end;

	if (s && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		(!*s || !strcmp(s, "null") || !strcmp(s, "~"))) {
		*out = NAN;
		return 0;
	}
	if (!s || !*s)
		return bad(in, node, "is no number; give one, or null for n/a");
	errno = 0;
	*out = strtod(s, &end);
	if (*end || errno || !isfinite(*out)) {
		char what[160];

		snprintf(what, sizeof(what), "\"%.60s\" is no number; give one, or null for n/a",
			s);
		return bad(in, node, what);
	}
	return 0;
}

static size_t sequence_length(const yaml_node_t *node)
{
	return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
}

static yaml_node_t *item_at(struct reading *in, const yaml_node_t *sequence, size_t i)
{
	return yaml_document_get_node(&in->doc, sequence->data.sequence.items.start[i]);
}

static size_t pair_count(const yaml_node_t *node)
{
	return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
}

static yaml_node_t *key_at(struct reading *in, const yaml_node_t *mapping, size_t i)
{
	return yaml_document_get_node(&in->doc, mapping->data.mapping.pairs.start[i].key);
}

static yaml_node_t *value_at(struct reading *in, const yaml_node_t *mapping, size_t i)
{
	return yaml_document_get_node(&in->doc, mapping->data.mapping.pairs.start[i].value);
}

/* ---- the keys of a table ------------------------------------------------------------------ */

static int read_id(struct reading *in, const yaml_node_t *node, struct figures_table *t)
{
	return read_text(in, node, &t->id);
}

static int read_title(struct reading *in, const yaml_node_t *node, struct figures_table *t)
{
	return read_text(in, node, &t->title);
}

static int read_source(struct reading *in, const yaml_node_t *node, struct figures_table *t)
{
	return read_text(in, node, &t->source);
}

static int read_note(struct reading *in, const yaml_node_t *node, struct figures_table *t)
{
	return read_text(in, node, &t->note);
}

static int read_traffic(struct reading *in, const yaml_node_t *node, struct figures_table *t)
{
	if (node->type != YAML_MAPPING_NODE)
		return bad(in, node, "traffic is no mapping; give {kind: voice, interval_ms: 16}");
	for (size_t i = 0; i < pair_count(node); i++) {
		const char *key = scalar(key_at(in, node, i));

		if (key && !strcmp(key, "interval_ms")) {
			if (read_number(in, value_at(in, node, i), &t->interval_ms))
				return -1;
		} else if (!key || strcmp(key, "kind")) {
			return bad(in, key_at(in, node, i),
				"unknown key in traffic; known are kind and interval_ms");
		}
	}
	return 0;
}

static int read_columns(struct reading *in, const yaml_node_t *node, struct figures_table *t)
{
	const char **columns;

	if (node->type != YAML_SEQUENCE_NODE || !sequence_length(node))
		return bad(in, node, "columns is no list; give the names of the columns");
	columns = report_must(calloc(sequence_length(node), sizeof(*columns)));
	t->columns = columns;
	for (size_t i = 0; i < sequence_length(node); i++) {
		if (read_text(in, item_at(in, node, i), &columns[i]))
			return -1;
		t->n_columns++;
		for (size_t j = 0; j < i; j++)
			if (!strcmp(columns[i], columns[j]))
				return bad(in, item_at(in, node, i),
					"the column stands twice; give each a name of its own");
	}
	return 0;
}

static int read_row(struct reading *in, const yaml_node_t *key, const yaml_node_t *node,
	struct figures_row *row)
{
	double *values;

	row->line = (unsigned)key->start_mark.line + 1;
	if (read_text(in, key, &row->name))
		return -1;
	if (node->type != YAML_SEQUENCE_NODE || !sequence_length(node))
		return bad(in, node,
			"a row is a list of numbers; give one for each column, or null");
	values = report_must(calloc(sequence_length(node), sizeof(*values)));
	row->values = values;
	row->n_values = sequence_length(node);
	for (size_t i = 0; i < row->n_values; i++)
		if (read_number(in, item_at(in, node, i), &values[i]))
			return -1;
	return 0;
}

static int read_rows(struct reading *in, const yaml_node_t *node, struct figures_table *t)
{
	struct figures_row *rows;

	if (node->type != YAML_MAPPING_NODE || !pair_count(node))
		return bad(in, node, "rows is no mapping; give \"name: [numbers]\" for each row");
	rows = report_must(calloc(pair_count(node), sizeof(*rows)));
	t->rows = rows;
	for (size_t i = 0; i < pair_count(node); i++) {
		t->n_rows++;
		if (read_row(in, key_at(in, node, i), value_at(in, node, i), &rows[i]))
			return -1;
		for (size_t j = 0; j < i; j++)
			if (!strcmp(rows[i].name, rows[j].name))
				return bad(in, key_at(in, node, i),
					"the row stands twice; give each a name of its own");
	}
	return 0;
}

/* inputs and eap describe how the source measured; nothing here computes with them. */
static int read_over(struct reading *in, const yaml_node_t *node, struct figures_table *t)
{
	(void)in;
	(void)node;
	(void)t;
	return 0;
}

static const struct {
	const char *key;
	int (*read)(struct reading *in, const yaml_node_t *node, struct figures_table *t);
} table_keys[] = {
	{ "id", read_id },
	{ "title", read_title },
	{ "source", read_source },
	{ "note", read_note },
	{ "traffic", read_traffic },
	{ "columns", read_columns },
	{ "rows", read_rows },
	{ "inputs", read_over },
	{ "eap", read_over },
};
#define N_KEYS (sizeof(table_keys) / sizeof(table_keys[0]))

static int read_key(struct reading *in, const yaml_node_t *key, const yaml_node_t *value,
	struct figures_table *t, unsigned *seen)
{
	const char *name = scalar(key);
	char what[200];

	for (size_t i = 0; name && i < N_KEYS; i++) {
		if (strcmp(name, table_keys[i].key))
			continue;
		if (*seen & 1u << i)
			return bad(in, key, "the key stands twice; give it once");
		*seen |= 1u << i;
		return table_keys[i].read(in, value, t);
	}
	snprintf(what, sizeof(what),
		"unknown key \"%.60s\"; known are id, title, source, note, traffic, columns, rows, "
		"inputs, eap",
		name ? name : "");
	return bad(in, key, what);
}

/* A table without columns may have rows of any length: one value, or a range. */
static int check_table(struct reading *in, const yaml_node_t *node, const struct figures *f,
	const struct figures_table *t)
{
	if (!t->id || !t->title || !t->source || !t->n_rows)
		return bad(in, node, "the table lacks id, title, source or rows; give all four");
	for (size_t i = 0; i < t->n_rows; i++)
		if (t->n_columns && t->rows[i].n_values != t->n_columns)
			return report_fail(in->error,
				"%s:%u: row %s has %zu values for %zu columns; give one "
				"for each, or null",
				in->file, t->rows[i].line, t->rows[i].name, t->rows[i].n_values,
				t->n_columns);
	for (const struct figures_table *other = f->tables; other < t; other++)
		if (!strcmp(other->id, t->id))
			return report_fail(in->error,
				"%s:%u: id %s is already used in line %u; choose another", in->file,
				t->line, t->id, other->line);
	return 0;
}

static int read_table(struct reading *in, const yaml_node_t *node, struct figures *f)
{
	struct figures_table *t = &f->tables[f->n_tables];
	unsigned seen = 0;

	if (node->type != YAML_MAPPING_NODE)
		return bad(in, node, "is no table; begin it with \"- id: NAME\"");
	f->n_tables++;
	t->interval_ms = NAN;
	t->line = (unsigned)node->start_mark.line + 1;
	for (size_t i = 0; i < pair_count(node); i++)
		if (read_key(in, key_at(in, node, i), value_at(in, node, i), t, &seen))
			return -1;
	return check_table(in, node, f, t);
}

static struct figures *read_all(struct reading *in)
{
	yaml_node_t *root = yaml_document_get_root_node(&in->doc);
	struct figures *f;

	if (!root || root->type != YAML_SEQUENCE_NODE) {
		report_fail(in->error, "%s:1: is no list of tables; begin each with \"- id: NAME\"",
			in->file);
		return NULL;
	}
	f = report_must(calloc(1, sizeof(*f)));
	f->tables = report_must(calloc(sequence_length(root) + 1, sizeof(*f->tables)));
	for (size_t i = 0; i < sequence_length(root); i++) {
		if (read_table(in, item_at(in, root, i), f)) {
			figures_free(f);
			return NULL;
		}
	}
	return f;
}

static struct figures *load_file(const char *path, FILE *file, struct report_error *error)
{
	struct reading in = { .file = path, .error = error };
	struct figures *f = NULL;
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser))
		report_must(NULL);
	yaml_parser_set_input_file(&parser, file);
	if (yaml_parser_load(&parser, &in.doc)) {
		f = read_all(&in);
		yaml_document_delete(&in.doc);
	} else {
		report_fail(error, "%s:%zu: is not YAML: %s; correct it", path,
			parser.problem_mark.line + 1,
			parser.problem ? parser.problem : "it cannot be read");
	}
	yaml_parser_delete(&parser);
	return f;
}

struct figures *figures_load(const char *path, struct report_error *error)
{
	char *shipped = path ? NULL : report_data_path("reports/documented-figures.yaml", error);
	struct figures *f = NULL;
	FILE *file;

	if (!path && !shipped)
		return NULL;
	path = path ? path : shipped;
	file = fopen(path, "rbe");
	if (file) {
		f = load_file(path, file, error);
		fclose(file);
	} else {
		report_fail(error, "%s: cannot open it: %s; check the path", path, strerror(errno));
	}
	free(shipped);
	return f;
}

static void table_free(struct figures_table *t)
{
	for (size_t i = 0; i < t->n_columns; i++)
		free((char *)t->columns[i]);
	for (size_t i = 0; i < t->n_rows; i++) {
		free((char *)t->rows[i].name);
		free((double *)t->rows[i].values);
	}
	free((void *)t->columns);
	free((void *)t->rows);
	free((char *)t->id);
	free((char *)t->title);
	free((char *)t->source);
	free((char *)t->note);
}

void figures_free(struct figures *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n_tables; i++)
		table_free(&f->tables[i]);
	free(f->tables);
	free(f);
}

/* ---- looking up --------------------------------------------------------------------------- */

size_t figures_count(const struct figures *f)
{
	return f->n_tables;
}

const struct figures_table *figures_at(const struct figures *f, size_t i)
{
	return &f->tables[i];
}

const struct figures_table *figures_find(const struct figures *f, const char *id)
{
	for (size_t i = 0; id && i < f->n_tables; i++)
		if (!strcmp(f->tables[i].id, id))
			return &f->tables[i];
	return NULL;
}

static size_t column_index(const struct figures_table *t, const char *column)
{
	size_t i = 0;

	if (!t->n_columns)
		return column ? SIZE_MAX : 0;
	while (i < t->n_columns && (!column || strcmp(t->columns[i], column)))
		i++;
	return i;
}

double figures_value(const struct figures *f, const char *id, const char *column, const char *row)
{
	const struct figures_table *t = figures_find(f, id);
	size_t i;

	if (!t)
		return NAN;
	i = column_index(t, column);
	for (size_t r = 0; r < t->n_rows; r++)
		if (!strcmp(t->rows[r].name, row))
			return i < t->rows[r].n_values ? t->rows[r].values[i] : NAN;
	return NAN;
}

const char *figure_word(double documented, double measured, double tolerance, bool lower_is_better)
{
	double difference = measured - documented;
	double allowed;

	if (!isfinite(documented) || !isfinite(measured))
		return "not documented";
	allowed = fabs(documented) * (isfinite(tolerance) ? tolerance : FIGURE_TOLERANCE);
	if (fabs(difference) <= fmax(allowed, FIGURE_ROUNDING))
		return "reproduced";
	return (difference < 0) == lower_is_better ? "better" : "worse";
}
