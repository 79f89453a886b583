// SPDX-License-Identifier: Apache-2.0
/* The reader of a matrix. A key is read by its row; what is wrong is told with its line, all at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "testbed/adapter/contract.h"
#include "testbed/interop/facts.h"
#include "testbed/interop/matrix.h"
#include "testbed/util/paths.h"

struct reading {
	yaml_document_t document;
	struct matrix *m;
	struct diagnostics *d;
	bool failed;
};

struct key {
	const char *name;
	void (*read)(struct reading *r, yaml_node_t *value, void *object);
	bool required;
};

#define FINDING(r, node, ...)                                                                      \
	do {                                                                                       \
		(r)->failed = true;                                                                \
		diagnostics_add((r)->d, (r)->m->file, (unsigned)(node)->start_mark.line + 1,       \
			__VA_ARGS__);                                                              \
	} while (0)

static yaml_node_t *node_at(struct reading *r, int index)
{
	return yaml_document_get_node(&r->document, index);
}

static const char *text_of(struct reading *r, yaml_node_t *node, const char *what)
{
	if (node->type != YAML_SCALAR_NODE || !node->data.scalar.length) {
		FINDING(r, node, "%s is no text; right is one line of text", what);
		return "";
	}
	return arena_copy(r->m->arena, (const char *)node->data.scalar.value,
		node->data.scalar.length);
}

static void read_mapping(struct reading *r, yaml_node_t *node, const char *what,
	const struct key *keys, void *object)
{
	unsigned long seen = 0;

	if (node->type != YAML_MAPPING_NODE) {
		FINDING(r, node, "%s is no mapping; right are lines of the form key: value", what);
		return;
	}
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *name = node_at(r, p->key);
		const char *text = text_of(r, name, "a key");
		const struct key *k = keys;
		while (k->name && strcmp(k->name, text) != 0)
			k++;
		if (!k->name) {
			FINDING(r, name, "%s knows no key %s; docs/interoperability.md has those it "
				"knows", what, text);
			continue;
		}
		if (seen & 1ul << (k - keys))
			FINDING(r, name, "%s stands twice; keep one", text);
		seen |= 1ul << (k - keys);
		k->read(r, node_at(r, p->value), object);
	}
	for (const struct key *k = keys; k->name; k++)
		if (k->required && !(seen & 1ul << (k - keys)))
			FINDING(r, node, "%s has no %s; add it", what, k->name);
}

/* Calls `each` for every item of a list of words. */
static void read_words(struct reading *r, yaml_node_t *node, const char *what, size_t most,
	void (*each)(struct reading *r, yaml_node_t *item, const char *word, void *object),
	void *object)
{
	size_t n = 0;

	if (node->type != YAML_SEQUENCE_NODE) {
		FINDING(r, node, "%s is no list; right is [one, two]", what);
		return;
	}
	for (yaml_node_item_t *i = node->data.sequence.items.start;
		i < node->data.sequence.items.top; i++) {
		yaml_node_t *item = node_at(r, *i);
		if (++n > most) {
			FINDING(r, item, "%s has more than %zu; shorten it", what, most);
			return;
		}
		each(r, item, text_of(r, item, what), object);
	}
}

/* --- features ------------------------------------------------------------------------------- */

static const char *const step_names[] = { [STEP_CONNECT] = "connect", [STEP_PING] = "ping",
	[STEP_REKEY] = "rekey", [STEP_MOVE] = "move", [STEP_TERMINATE] = "terminate" };
#define STEPS (sizeof(step_names) / sizeof(step_names[0]))

static void read_name(struct reading *r, yaml_node_t *node, void *object)
{
	((struct feature *)object)->name = text_of(r, node, "name");
}

static void read_title(struct reading *r, yaml_node_t *node, void *object)
{
	((struct feature *)object)->title = text_of(r, node, "title");
}

/* RFC7296 2.15 */
static void read_covers(struct reading *r, yaml_node_t *node, void *object)
{
	struct feature *f = object;
	const char *text = text_of(r, node, "covers"), *space = strchr(text, ' ');

	if (!space) {
		FINDING(r, node, "covers: %s does not fit; right is a document and a section, such as "
			"RFC7296 2.15", text);
		return;
	}
	f->document = arena_copy(r->m->arena, text, (size_t)(space - text));
	f->section = space + 1;
}

static void read_need(struct reading *r, yaml_node_t *item, const char *word, void *object)
{
	struct feature *f = object;
	size_t n = 0;

	if (!contract_feature(word))
		FINDING(r, item, "there is no feature %s; `baton run --contract` has them", word);
	while (f->needs[n])
		n++;
	f->needs[n] = word;
}

static void read_needs(struct reading *r, yaml_node_t *node, void *object)
{
	read_words(r, node, "needs", NEEDS_MAX, read_need, object);
}

static void read_givens(struct reading *r, yaml_node_t *node, struct feature *f, bool initiator,
	bool responder)
{
	char right[200];

	if (node->type != YAML_MAPPING_NODE) {
		FINDING(r, node, "settings are a mapping; right is {ike-version: 2}");
		return;
	}
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *key = node_at(r, p->key);
		const char *name = text_of(r, key, "a setting");
		const char *value = text_of(r, node_at(r, p->value), name);
		const struct contract_setting *s = contract_setting(name);
		if (!s) {
			FINDING(r, key, "there is no setting %s; `baton run --contract` has them", name);
		} else if (!contract_value_fits(s, value, right, sizeof(right))) {
			FINDING(r, key, "%s: %s does not fit; right is %s", name, value, right);
		} else if (f->given_count == GIVENS_MAX) {
			FINDING(r, key, "more than %d settings; shorten it", GIVENS_MAX);
		} else {
			f->givens[f->given_count++] =
				(struct given){ name, value, { initiator, responder } };
		}
	}
}

static void read_given(struct reading *r, yaml_node_t *node, void *object)
{
	read_givens(r, node, object, true, true);
}

static void read_initiator(struct reading *r, yaml_node_t *node, void *object)
{
	read_givens(r, node, object, true, false);
}

static void read_responder(struct reading *r, yaml_node_t *node, void *object)
{
	read_givens(r, node, object, false, true);
}

static void read_step(struct reading *r, yaml_node_t *item, const char *word, void *object)
{
	struct feature *f = object;

	for (size_t i = 0; i < STEPS; i++) {
		if (strcmp(step_names[i], word) == 0) {
			f->steps[f->step_count++] = (enum step)i;
			return;
		}
	}
	FINDING(r, item, "there is no step %s; right are connect, ping, rekey, move, terminate", word);
}

static void read_steps(struct reading *r, yaml_node_t *node, void *object)
{
	read_words(r, node, "steps", STEPS_MAX, read_step, object);
}

static void read_fact(struct reading *r, yaml_node_t *item, const char *word, void *object)
{
	struct feature *f = object;
	const struct fact *fact = fact_named(word);

	if (fact)
		f->facts[f->fact_count++] = fact;
	else
		FINDING(r, item, "there is nothing to be shown of the name %s; `baton interop --list` "
			"has them", word);
}

static void read_shows(struct reading *r, yaml_node_t *node, void *object)
{
	read_words(r, node, "shows", FACTS_MAX, read_fact, object);
}

static const struct key feature_keys[] = {
	{ "name", read_name, true },
	{ "title", read_title, true },
	{ "covers", read_covers, true },
	{ "needs", read_needs, false },
	{ "given", read_given, false },
	{ "initiator", read_initiator, false },
	{ "responder", read_responder, false },
	{ "steps", read_steps, true },
	{ "shows", read_shows, true },
	{ NULL, NULL, false },
};

/* --- the whole ------------------------------------------------------------------------------ */

static void read_matrix_name(struct reading *r, yaml_node_t *node, void *object)
{
	((struct matrix *)object)->name = text_of(r, node, "matrix");
}

static void read_matrix_title(struct reading *r, yaml_node_t *node, void *object)
{
	((struct matrix *)object)->title = text_of(r, node, "title");
}

static void read_role(struct reading *r, yaml_node_t *item, const char *word, void *object)
{
	struct matrix *m = object;

	(void)r;
	(void)item;
	m->roles[m->roles[0] ? 1 : 0] = word;
}

static void read_roles(struct reading *r, yaml_node_t *node, void *object)
{
	read_words(r, node, "roles", 2, read_role, object);
	if (!r->m->roles[1])
		FINDING(r, node, "roles are two: who begins, and who answers");
}

static void read_implementation(struct reading *r, yaml_node_t *item, const char *word, void *object)
{
	struct matrix *m = object;

	(void)r;
	(void)item;
	m->implementations[m->implementation_count++] = word;
}

static void read_implementations(struct reading *r, yaml_node_t *node, void *object)
{
	struct matrix *m = object;

	m->implementations = arena_alloc(m->arena, 65 * sizeof(*m->implementations));
	read_words(r, node, "implementations", 64, read_implementation, object);
}

static void read_features(struct reading *r, yaml_node_t *node, void *object)
{
	struct matrix *m = object;

	if (node->type != YAML_SEQUENCE_NODE) {
		FINDING(r, node, "features is no list; right are items of a name and what goes with it");
		return;
	}
	size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	m->features = arena_alloc(m->arena, (n + 1) * sizeof(*m->features));
	for (size_t i = 0; i < n; i++) {
		yaml_node_t *item = node_at(r, node->data.sequence.items.start[i]);
		struct feature *f = &m->features[m->feature_count++];
		f->line = (unsigned)item->start_mark.line + 1;
		read_mapping(r, item, "a feature", feature_keys, f);
	}
}

static const struct key matrix_keys[] = {
	{ "matrix", read_matrix_name, true },
	{ "title", read_matrix_title, true },
	{ "roles", read_roles, true },
	{ "implementations", read_implementations, true },
	{ "features", read_features, true },
	{ NULL, NULL, false },
};

static int read_document(struct reading *r, FILE *in)
{
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_file(&parser, in);
	if (!yaml_parser_load(&parser, &r->document)) {
		diagnostics_add(r->d, r->m->file, (unsigned)parser.problem_mark.line + 1,
			"no YAML: %s", parser.problem ? parser.problem : "it cannot be read");
		yaml_parser_delete(&parser);
		return -1;
	}
	yaml_node_t *root = yaml_document_get_root_node(&r->document);
	if (root)
		read_mapping(r, root, "a matrix", matrix_keys, r->m);
	else
		diagnostics_add(r->d, r->m->file, 1, "is empty; docs/interoperability.md has the form");
	yaml_document_delete(&r->document);
	yaml_parser_delete(&parser);
	return root && !r->failed ? 0 : -1;
}

int matrix_load(const char *name, struct matrix *out, struct diagnostics *d)
{
	char *relative = path_format("suites/interop/%s.yaml", name), *path = NULL;
	struct reading r = { .m = out, .d = d };

	*out = (struct matrix){ .arena = arena_new() };
	if (!strchr(name, '/') && !strchr(name, '.'))
		path = baton_file(relative);
	free(relative);
	if (!path)
		path = path_format("%s", name);
	out->file = arena_copy(out->arena, path, strlen(path));
	FILE *in = fopen(path, "re");
	free(path);
	if (!in) {
		diagnostics_add(d, NULL, 0, "there is no matrix %s; right is a name of those in "
			"suites/interop, or a file", name);
		return -1;
	}
	int result = read_document(&r, in);
	fclose(in);
	return result;
}

void matrix_free(struct matrix *m)
{
	if (m->arena)
		arena_free(m->arena);
	m->arena = NULL;
}
