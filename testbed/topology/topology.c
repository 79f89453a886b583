// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/topology.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testbed/topology/arena.h"
#include "testbed/topology/format.h"
#include "testbed/util/paths.h"

#define FILE_MAX_LENGTH (1 << 20)

int topology_load_text(const char *name, const void *text, size_t length, struct topology **out,
	struct diagnostics *d)
{
	struct arena *arena = arena_new();
	struct topology *t = arena_alloc(arena, sizeof(*t));

	*out = NULL;
	*t = (struct topology){ .arena = arena,
		.path = arena_copy(arena, name, strlen(name)),
		.text = arena_copy(arena, text, length),
		.length = length };
	if (!schema_read(&topology_schema, t->path, text, length, t, arena, d) ||
		!topology_validate(t, d)) {
		arena_free(arena);
		return -EINVAL;
	}
	*out = t;
	return 0;
}

static int read_file(const char *path, char **text, size_t *length)
{
	FILE *f = fopen(path, "re");
	int error = 0;

	if (!f)
		return -errno;
	*text = malloc(FILE_MAX_LENGTH + 1);
	if (!*text)
		abort();
	*length = fread(*text, 1, FILE_MAX_LENGTH + 1, f);
	if (ferror(f))
		error = errno ? -errno : -EIO;
	else if (*length > FILE_MAX_LENGTH)
		error = -EFBIG;
	fclose(f);
	if (error)
		free(*text);
	return error;
}

int topology_load(const char *path, struct topology **out, struct diagnostics *d)
{
	size_t length = 0;
	char *text = NULL;
	int error = read_file(path, &text, &length);

	*out = NULL;
	if (error) {
		diagnostics_add(d, path, 0,
			"cannot be read: %s; it would be a topology file, "
			"at most 1 MiB",
			strerror(-error));
		return error;
	}
	error = topology_load_text(path, text, length, out, d);
	free(text);
	return error;
}

void topology_free(struct topology *t)
{
	if (t)
		arena_free(t->arena);
}

/* path if it can be read, else NULL and path is freed. */
static char *readable(char *path)
{
	if (path && access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *topology_find(const char *file_or_name, struct diagnostics *d)
{
	const char *name = file_or_name;
	size_t length = strlen(name);
	char *below, *path;

	if (strchr(name, '/') || (length > 5 && !strcmp(name + length - 5, ".yaml")))
		return path_format("%s", name);
	path = readable(path_format("./%s.yaml", name));
	if (!path)
		path = readable(path_format("./topology/%s.yaml", name));
	if (!path) {
		below = path_format("topology/%s.yaml", name);
		path = readable(baton_file(below));
		free(below);
	}
	if (!path)
		diagnostics_add(d, NULL, 0,
			"there is no topology \"%s\"; it would be ./%s.yaml, a file in the "
			"topology "
			"folder, or the path of a file",
			name, name);
	return path;
}

const struct topology_node *topology_node(const struct topology *t, const char *name)
{
	for (size_t i = 0; i < t->n_nodes; i++)
		if (!strcmp(t->nodes[i].name, name))
			return &t->nodes[i];
	return NULL;
}

const struct topology_link *topology_link(const struct topology *t, const char *name)
{
	for (size_t i = 0; i < t->n_links; i++)
		if (!strcmp(t->links[i].name, name))
			return &t->links[i];
	return NULL;
}

const struct topology_radio *topology_radio(const struct topology *t, const char *name)
{
	for (size_t i = 0; i < t->n_radios; i++)
		if (!strcmp(t->radios[i].name, name))
			return &t->radios[i];
	return NULL;
}

const struct topology_node *topology_role(const struct topology *t, const char *role)
{
	for (size_t i = 0; i < t->n_nodes; i++)
		if (!strcmp(t->nodes[i].role, role))
			return &t->nodes[i];
	return NULL;
}

bool topology_wants_credentials(const struct topology *t)
{
	for (size_t i = 0; i < t->n_nodes; i++)
		for (size_t j = 0; j < t->nodes[i].n_services; j++)
			if (t->nodes[i].services[j].kind == SERVICE_RADIUS)
				return true;
	for (size_t i = 0; i < t->n_radios; i++)
		for (size_t j = 0; j < t->radios[i].n_known; j++)
			if (t->radios[i].known[j].keys == KEY_WPA_EAP)
				return true;
	return false;
}

const char *topology_setting(const struct topology_node *node, const char *key,
	const char *fallback)
{
	for (size_t i = 0; i < node->n_settings; i++)
		if (!strcmp(node->settings[i].key, key))
			return node->settings[i].value;
	return fallback;
}

static const struct topology_address *pick(const struct topology_addresses *list, int family)
{
	for (size_t i = 0; i < list->count; i++)
		if (!family || list->list[i].family == family)
			return &list->list[i];
	return NULL;
}

const struct topology_address *topology_address(const struct topology *t, const char *node,
	const char *interface, int family)
{
	const struct topology_node *n = topology_node(t, node);
	const struct topology_address *a = NULL;
	const char *own = n && n->kind == NODE_BRIDGE ? "br0" : "lo";

	if (!n)
		return NULL;
	for (size_t i = 0; i < 2 * t->n_links + t->n_radios && !a; i++) {
		const struct topology_end *end = i < 2 * t->n_links
			? &t->links[i / 2].end[i % 2]
			: &t->radios[i - 2 * t->n_links].end;

		if (&t->nodes[end->node] == n && (!interface || !strcmp(end->interface, interface)))
			a = pick(&end->addresses, family);
	}
	if (!a && (!interface || !strcmp(interface, own)))
		a = pick(&n->addresses, family);
	return a;
}

const char *topology_address_text(const struct topology_address *a, bool with_prefix,
	char buffer[TOPOLOGY_ADDRESS_TEXT])
{
	if (!a->family)
		return strcpy(buffer, "default");
	inet_ntop(a->family, a->bytes, buffer, TOPOLOGY_ADDRESS_TEXT);
	if (with_prefix)
		sprintf(buffer + strlen(buffer), "/%u", a->prefix);
	return buffer;
}

void topology_print_reference(FILE *stream)
{
	schema_print_reference(&topology_schema, stream);
}
