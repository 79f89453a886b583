// SPDX-License-Identifier: Apache-2.0
/*
 * The reader of sut.yaml. Each mapping has a table of its keys; a key is read by its row. What is
 * wrong is collected with its line, and all of it is told at once.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "testbed/adapter/contract.h"
#include "testbed/adapter/manifest.h"

#define MANIFEST_OCTETS_MAX 65536
#define FEATURES_MAX 64

struct reading {
	yaml_document_t *document;
	struct manifest *m;
	struct diagnostics *d;
	const char *features[FEATURES_MAX]; /* claimed for every role */
	size_t feature_count;
	bool failed;
};

/* One key: its reader gets the value's node and the object that the mapping describes. */
struct key {
	const char *name;
	void (*read)(struct reading *r, yaml_node_t *value, void *object);
};

static unsigned line_of(const yaml_node_t *node)
{
	return (unsigned)node->start_mark.line + 1;
}

#define FINDING(r, line, ...)                                                                      \
	do {                                                                                       \
		(r)->failed = true;                                                                \
		diagnostics_add((r)->d, (r)->m->file, line, __VA_ARGS__);                          \
	} while (0)

static yaml_node_t *node_at(struct reading *r, int index)
{
	return yaml_document_get_node(r->document, index);
}

/* The text of a scalar without NUL inside; NULL with a finding. */
static const char *text_of(struct reading *r, yaml_node_t *node, const char *what)
{
	if (node->type != YAML_SCALAR_NODE || node->data.scalar.length == 0 ||
		strlen((const char *)node->data.scalar.value) != node->data.scalar.length) {
		FINDING(r, line_of(node), "%s is no text; right is one line of text", what);
		return NULL;
	}
	return arena_copy(r->m->arena, (const char *)node->data.scalar.value,
		node->data.scalar.length);
}

static bool number_of(struct reading *r, yaml_node_t *node, const char *what, double most,
	double *out)
{
	const char *text = text_of(r, node, what);
	char *end = NULL;
	double value = text ? strtod(text, &end) : -1;

	if (!text)
		return false;
	if (*end || !(value > 0) || value > most) {
		FINDING(r, line_of(node), "%s: %s does not fit; right is a number above 0, at most "
			"%g", what, text, most);
		return false;
	}
	*out = value;
	return true;
}

static bool yes_of(struct reading *r, yaml_node_t *node, const char *what)
{
	const char *text = text_of(r, node, what);

	if (text && strcasecmp(text, "yes") != 0 && strcasecmp(text, "no") != 0 &&
		strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0)
		FINDING(r, line_of(node), "%s: %s does not fit; right is yes or no", what, text);
	return text && (strcasecmp(text, "yes") == 0 || strcasecmp(text, "true") == 0);
}

/* Reads a mapping by its table; says what is not in it. */
static void read_mapping(struct reading *r, yaml_node_t *node, const char *what,
	const struct key *keys, void *object)
{
	bool seen[16] = { false };
	char names[200] = "";

	if (node->type != YAML_MAPPING_NODE) {
		FINDING(r, line_of(node), "%s is no mapping; right are lines of the form key: "
			"value",
			what);
		return;
	}
	for (const struct key *k = keys; k->name; k++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			k == keys ? "" : ", ", k->name);
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *name = node_at(r, p->key), *value = node_at(r, p->value);
		const char *text = text_of(r, name, "a key");
		const struct key *k = keys;
		while (text && k->name && strcmp(k->name, text) != 0)
			k++;
		if (!text)
			continue;
		if (!k->name)
			FINDING(r, line_of(name), "%s knows no key %s; right are %s", what, text,
				names);
		else if (seen[k - keys])
			FINDING(r, line_of(name), "%s stands twice; keep one", text);
		else
			k->read(r, value, object);
		if (k->name)
			seen[k - keys] = true;
	}
}

/* --- features and extra --------------------------------------------------------------------- */

static void read_features(struct reading *r, yaml_node_t *node, const char **list, size_t *count)
{
	if (node->type != YAML_SEQUENCE_NODE) {
		FINDING(r, line_of(node), "features is no list; right is [eap-psk, timers]");
		return;
	}
	for (yaml_node_item_t *i = node->data.sequence.items.start;
		i < node->data.sequence.items.top; i++) {
		yaml_node_t *item = node_at(r, *i);
		const char *text = text_of(r, item, "a feature");
		const struct contract_feature *f = text ? contract_feature(text) : NULL;
		if (text && (!f || f->derived))
			FINDING(r, line_of(item), "%s is no feature that can be claimed; "
				"docs/adapters.md lists them", text);
		else if (text && *count + 1 < FEATURES_MAX)
			list[(*count)++] = f->name;
	}
}

static void read_common_features(struct reading *r, yaml_node_t *node, void *object)
{
	(void)object;
	read_features(r, node, r->features, &r->feature_count);
}

static void read_extra(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest *m = object;

	if (node->type != YAML_MAPPING_NODE) {
		FINDING(r, line_of(node), "extra is no mapping; right are lines of the form "
			"name: value");
		return;
	}
	size_t n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	m->extra = arena_alloc(m->arena, n * sizeof(*m->extra));
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *key = node_at(r, p->key);
		const char *name = text_of(r, key, "a name");
		const char *value = text_of(r, node_at(r, p->value), "a value of extra");
		if (name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789_-") != strlen(name))
			FINDING(r, line_of(key), "%s cannot be the end of a variable's name; right "
				"are letters, digits, - and _", name);
		else if (name && value)
			m->extra[m->extra_count++] = (struct manifest_extra){ name, value };
	}
}

static void read_setting(struct reading *r, yaml_node_t *key, yaml_node_t *value)
{
	struct manifest *m = r->m;
	const char *name = text_of(r, key, "a setting");
	const char *text = text_of(r, value, "a value of settings");
	const struct contract_setting *setting = name ? contract_setting(name) : NULL;
	char right[120];

	if (!name || !text)
		return;
	if (!setting)
		FINDING(r, line_of(key), "there is no setting %s; docs/adapters.md lists them",
			name);
	else if (!contract_value_fits(setting, text, right, sizeof(right)))
		FINDING(r, line_of(value), "%s: %s does not fit; right is %s", name, text, right);
	else
		m->settings[m->setting_count++] = (struct manifest_extra){ setting->name, text };
}

static void read_settings(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest *m = object;

	if (node->type != YAML_MAPPING_NODE) {
		FINDING(r, line_of(node), "settings is no mapping; right are lines of the form "
			"name: value");
		return;
	}
	size_t n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	m->settings = arena_alloc(m->arena, n * sizeof(*m->settings));
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++)
		read_setting(r, node_at(r, p->key), node_at(r, p->value));
}

/* --- ready ---------------------------------------------------------------------------------- */

/* One way to know that it is ready, not several. */
static bool choose_ready(struct reading *r, yaml_node_t *node, struct manifest_ready *ready,
	enum ready_kind kind)
{
	if (ready->kind != READY_AT_ONCE) {
		FINDING(r, line_of(node), "ready has more than one sign; right is one of log, "
			"port, command and seconds");
		return false;
	}
	ready->kind = kind;
	return true;
}

static void read_ready_log(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest_ready *ready = object;
	const char *text = text_of(r, node, "log");
	char why[120];

	if (!text || !choose_ready(r, node, ready, READY_LOG))
		return;
	ready->expression = expression_new(text, why, sizeof(why));
	if (!ready->expression)
		FINDING(r, line_of(node), "log: %s is no regular expression: %s; right is one "
			"as of grep -P", text, why);
	ready->text = text;
}

static void read_ready_port(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest_ready *ready = object;
	double port;

	if (number_of(r, node, "port", 65535, &port) && choose_ready(r, node, ready, READY_PORT))
		ready->port = (unsigned)port;
}

static void read_ready_command(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest_ready *ready = object;

	const char *text = text_of(r, node, "command");

	if (text && choose_ready(r, node, ready, READY_COMMAND))
		ready->text = text;
}

static void read_ready_seconds(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest_ready *ready = object;

	if (number_of(r, node, "seconds", 600, &ready->seconds))
		choose_ready(r, node, ready, READY_SECONDS);
}

static void read_ready_within(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest_ready *ready = object;
	number_of(r, node, "within", 600, &ready->within);
}

static const struct key ready_keys[] = {
	{ "log", read_ready_log },
	{ "port", read_ready_port },
	{ "command", read_ready_command },
	{ "seconds", read_ready_seconds },
	{ "within", read_ready_within },
	{ NULL, NULL },
};

/* --- a role --------------------------------------------------------------------------------- */

struct role_reading {
	struct manifest_role *role;
	const char *features[FEATURES_MAX];
	size_t feature_count;
};

static void read_start(struct reading *r, yaml_node_t *node, void *object)
{
	struct role_reading *x = object;
	x->role->start = text_of(r, node, "start");
}

static void read_stop(struct reading *r, yaml_node_t *node, void *object)
{
	struct role_reading *x = object;
	x->role->stop = text_of(r, node, "stop");
}

static void read_ends(struct reading *r, yaml_node_t *node, void *object)
{
	struct role_reading *x = object;
	x->role->ends = yes_of(r, node, "ends");
}

static void read_ready(struct reading *r, yaml_node_t *node, void *object)
{
	struct role_reading *x = object;
	read_mapping(r, node, "ready", ready_keys, &x->role->ready);
}

static void read_role_features(struct reading *r, yaml_node_t *node, void *object)
{
	struct role_reading *x = object;
	read_features(r, node, x->features, &x->feature_count);
}

static const struct key role_keys[] = {
	{ "start", read_start },
	{ "stop", read_stop },
	{ "ready", read_ready },
	{ "ends", read_ends },
	{ "features", read_role_features },
	{ NULL, NULL },
};

static void read_role(struct reading *r, yaml_node_t *key, yaml_node_t *value,
	struct manifest_role *role)
{
	struct role_reading x = { .role = role };

	role->line = line_of(key);
	role->ready.within = 10;
	role->name = text_of(r, key, "a role");
	if (!role->name)
		return;
	if (value->type == YAML_SCALAR_NODE && value->data.scalar.length == 0)
		; /* "paa:" alone: a manual or wire adapter need not say more */
	else
		read_mapping(r, value, role->name, role_keys, &x);
	/* The list for all roles is read last, when every key of the file has been seen. */
	role->features = arena_alloc(r->m->arena, 2 * FEATURES_MAX * sizeof(*role->features));
	for (size_t i = 0; i < x.feature_count; i++)
		role->features[i] = x.features[i];
}

static void read_roles(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest *m = object;

	if (node->type != YAML_MAPPING_NODE) {
		FINDING(r, line_of(node), "roles is no mapping; right is one key for each role, "
			"such as paa");
		return;
	}
	size_t n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	m->roles = arena_alloc(m->arena, n * sizeof(*m->roles));
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++)
		read_role(r, node_at(r, p->key), node_at(r, p->value), &m->roles[m->role_count++]);
}

/* --- the rest ------------------------------------------------------------------------------- */

static void read_wire_text(struct reading *r, yaml_node_t *node, void *object)
{
	const char **to = object;
	*to = text_of(r, node, "a value of wire");
}

#define WIRE_READER(member)                                                                        \
	static void read_wire_##member(struct reading *r, yaml_node_t *node, void *object)         \
	{                                                                                          \
		struct manifest_wire *wire = object;                                               \
		read_wire_text(r, node, &wire->member);                                            \
	}
WIRE_READER(interface)
WIRE_READER(address)
WIRE_READER(tester)
WIRE_READER(tester_second)

static void read_wire_mac(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest_wire *wire = object;
	const char *text = text_of(r, node, "mac");
	uint8_t *m = wire->mac;
	int end = 0;

	wire->has_mac = text && sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0], &m[1],
		&m[2], &m[3], &m[4], &m[5], &end) == 6 && !text[end];
	if (text && !wire->has_mac)
		FINDING(r, line_of(node), "%s is no MAC address; right is 02:00:00:00:00:02", text);
}

static const struct key wire_keys[] = {
	{ "interface", read_wire_interface },
	{ "address", read_wire_address },
	{ "tester", read_wire_tester },
	{ "tester-second", read_wire_tester_second },
	{ "mac", read_wire_mac },
	{ NULL, NULL },
};

static void read_wire(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest *m = object;

	read_mapping(r, node, "wire", wire_keys, &m->wire);
	if (!m->wire.interface || !m->wire.address || !m->wire.tester)
		FINDING(r, line_of(node), "wire lacks a part; right are interface, address (of the "
			"device) and tester (this machine's address there)");
}

static void read_name(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest *m = object;
	m->name = text_of(r, node, "name");
}

static void read_version(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest *m = object;
	m->version = text_of(r, node, "version");
}

static void read_verb(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest *m = object;
	m->verb = text_of(r, node, "verb");
}

static void read_manual(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest *m = object;
	m->manual = yes_of(r, node, "manual");
}

static void read_patience(struct reading *r, yaml_node_t *node, void *object)
{
	struct manifest *m = object;
	number_of(r, node, "patience", 100, &m->patience);
}

static const struct key manifest_keys[] = {
	{ "name", read_name },
	{ "version", read_version },
	{ "roles", read_roles },
	{ "features", read_common_features },
	{ "extra", read_extra },
	{ "settings", read_settings },
	{ "verb", read_verb },
	{ "wire", read_wire },
	{ "manual", read_manual },
	{ "patience", read_patience },
	{ NULL, NULL },
};

/* --- what must fit together ----------------------------------------------------------------- */

static void check(struct reading *r)
{
	struct manifest *m = r->m;

	if (!m->name)
		FINDING(r, 1, "name is missing; right is name: and a word for this implementation");
	if (m->role_count == 0)
		FINDING(r, 1, "no role; right is roles: with at least one of the roles that it can "
			"play, such as paa or pac, and its start command");
	for (size_t i = 0; i < m->role_count; i++) {
		struct manifest_role *role = &m->roles[i];
		size_t n = 0;
		if (role->name && !role->start && !m->manual && !m->wire.interface)
			FINDING(r, role->line, "role %s has no start; right is start: COMMAND, or "
				"manual: yes, or wire: for a device", role->name);
		while (role->features && role->features[n])
			n++;
		for (size_t k = 0; role->features && k < r->feature_count; k++)
			role->features[n++] = r->features[k];
	}
}

static int load_document(struct reading *r, yaml_parser_t *parser)
{
	yaml_document_t document;

	if (!yaml_parser_load(parser, &document)) {
		FINDING(r, (unsigned)parser->problem_mark.line + 1, "this is no YAML: %s; right "
			"are lines of the form key: value",
			parser->problem ? parser->problem : "unreadable");
		return -1;
	}
	r->document = &document;
	yaml_node_t *root = yaml_document_get_root_node(&document);
	if (!root)
		FINDING(r, 1, "the file is empty; right are name:, roles: and what "
			"docs/adapters.md says");
	else
		read_mapping(r, root, "sut.yaml", manifest_keys, r->m);
	if (root)
		check(r);
	yaml_document_delete(&document);
	return r->failed ? -1 : 0;
}

int manifest_parse(const char *file, const char *folder, const void *text, size_t size,
	struct manifest **out, struct diagnostics *d)
{
	struct arena *arena = arena_new();
	struct manifest *m = arena_alloc(arena, sizeof(*m));
	struct reading r = { .m = m, .d = d };
	yaml_parser_t parser;

	*out = NULL;
	m->arena = arena;
	m->patience = 1;
	m->file = arena_copy(arena, file, strlen(file));
	m->folder = arena_copy(arena, folder, strlen(folder));
	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_string(&parser, text, size);
	int result = load_document(&r, &parser);
	yaml_parser_delete(&parser);
	if (result < 0)
		manifest_free(m);
	else
		*out = m;
	return result;
}

int manifest_load(const char *file, struct manifest **out, struct diagnostics *d)
{
	char folder[PATH_MAX], *text = malloc(MANIFEST_OCTETS_MAX);
	FILE *f = fopen(file, "re");
	int result = -1;

	*out = NULL;
	if (!text)
		abort();
	size_t n = f ? fread(text, 1, MANIFEST_OCTETS_MAX, f) : 0;
	if (!f || ferror(f) || !realpath(file, folder)) {
		diagnostics_add(d, file, 0, "cannot be read: %s", strerror(errno));
	} else if (n == MANIFEST_OCTETS_MAX) {
		diagnostics_add(d, file, 0, "more than %d octets; a manifest is a page of text",
			MANIFEST_OCTETS_MAX);
	} else {
		*strrchr(folder, '/') = '\0';
		result = manifest_parse(file, folder, text, n, out, d);
	}
	if (f)
		fclose(f);
	free(text);
	return result;
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->role_count; i++)
		if (m->roles[i].ready.kind == READY_LOG)
			expression_free(m->roles[i].ready.expression);
	arena_free(m->arena);
}

void manifest_give(struct manifest *m, const char *name, const char *value)
{
	struct manifest_extra *longer =
		arena_alloc(m->arena, (m->setting_count + 1) * sizeof(*longer));

	if (m->setting_count)
		memcpy(longer, m->settings, m->setting_count * sizeof(*longer));
	longer[m->setting_count++] = (struct manifest_extra){ name, value };
	m->settings = longer;
}

const struct manifest_role *manifest_role(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->role_count; i++)
		if (strcmp(m->roles[i].name, name) == 0)
			return &m->roles[i];
	return NULL;
}

bool manifest_claims(const struct manifest_role *role, const char *feature)
{
	for (const char **f = role->features; *f; f++)
		if (strcmp(*f, feature) == 0)
			return true;
	return false;
}
