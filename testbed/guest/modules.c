// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/modules.h"

#include <stdlib.h>
#include <string.h>

#include "ref/base/view.h"

/* A line of modules.dep: "kernel/net/9p/9pnet_virtio.ko: kernel/net/9p/9pnet.ko ...". */

static size_t path_length(const char *path)
{
	return strcspn(path, ": \n");
}

/* Whether the module at `path` has that name: the last part up to ".ko", '-' equal to '_'. */
static bool has_name(const char *path, size_t length, const char *name)
{
	const char *base = memrchr(path, '/', length);
	size_t i;

	base = base ? base + 1 : path;
	for (i = 0; base + i < path + length && base[i] != '.'; i++) {
		if ((base[i] == '-' ? '_' : base[i]) != (name[i] == '-' ? '_' : name[i]))
			return false;
	}
	return name[i] == '\0';
}

/* The line of the module of that name; NULL when there is none. */
static const char *line_of(const char *dep, const char *name)
{
	const char *line = dep;

	while (*line && !has_name(line, path_length(line), name)) {
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return *line ? line : NULL;
}

static bool have(const struct modules *m, struct view path)
{
	for (unsigned i = 0; i < m->count; i++) {
		if (view_equal(view_text(m->path[i]), path))
			return true;
	}
	return false;
}

static bool add(struct modules *m, struct view path)
{
	if (have(m, path))
		return true;
	if (m->count == MODULES_MAX)
		return false;
	m->path[m->count] = strndup((const char *)path.data, path.size);
	if (!m->path[m->count])
		abort();
	m->path[++m->count] = NULL;
	return true;
}

/*
 * Adds the module of a line after all that the line lists. depmod lists the whole closure, nearest
 * first, so reading the list backwards gives an order in which they load.
 */
static bool add_line(struct modules *m, const char *line)
{
	size_t own = path_length(line);
	const char *start = line + own + (line[own] == ':');
	const char *end = start + strcspn(start, "\n");

	while (end > start) {
		const char *space = memrchr(start, ' ', (size_t)(end - start));
		const char *word = space ? space + 1 : start;

		if (end > word && !add(m, VIEW(word, end - word)))
			return false;
		end = space ? space : start;
	}
	return add(m, VIEW(line, own));
}

bool modules_closure(const char *dep, const char *const *wanted, struct modules *out,
	const char **missing)
{
	memset(out, 0, sizeof(*out));
	for (; *wanted; wanted++) {
		const char *line = line_of(dep, *wanted);

		if (line && add_line(out, line))
			continue;
		if (missing)
			*missing = *wanted;
		return false;
	}
	return true;
}

bool modules_listed(const char *dep, const char *name)
{
	return line_of(dep, name) != NULL;
}

void modules_free(struct modules *m)
{
	for (unsigned i = 0; i < m->count; i++)
		free(m->path[i]);
	m->count = 0;
}
