// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/links.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testbed/util/paths.h"

#define PREFIX "links" /* in the archive */

/* Where to look, and how many levels below. Deeper ones belong to languages and documentation. */
static const struct {
	const char *path;
	int depth;
} places[] = { { "/etc", 2 }, { "/usr", 2 }, { "/usr/lib/x86_64-linux-gnu", 1 }, { "/var", 1 } };

static const char *const left_out[] = { "/usr/include", "/usr/share/doc", "/usr/share/java",
	"/usr/share/man", "/usr/share/maven-repo", "/usr/src" };

/* A folder on the way; its entry is written when the first link below it is. */
struct folder {
	struct folder *above;
	const char *path; /* without a slash at the end */
	unsigned mode;
	bool written;
};

/* How many levels below a folder to go; -1: not even into it. */
static int depth_at(const char *path, int inherited)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		if (strcmp(path, left_out[i]) == 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strcmp(path, places[i].path) == 0)
			return places[i].depth;
	}
	return inherited;
}

static void write_folder(struct cpio *c, struct folder *f)
{
	char *entry;

	if (f->written)
		return;
	if (f->above)
		write_folder(c, f->above);
	entry = path_format(PREFIX "%s", f->path);
	cpio_dir(c, entry, f->mode);
	f->written = true;
	free(entry);
}

static void write_link(struct cpio *c, struct folder *f, const char *path)
{
	char target[PATH_MAX], *entry;
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n <= 0)
		return;
	target[n] = '\0';
	write_folder(c, f);
	entry = path_format(PREFIX "%s", path);
	cpio_link(c, entry, target);
	free(entry);
}

static void walk(struct cpio *c, struct folder *above, const char *path, int depth)
{
	struct folder f = { .above = above, .path = path };
	struct dirent **entries = NULL;
	struct stat st;
	int count;

	if (lstat(*path ? path : "/", &st) != 0 || !S_ISDIR(st.st_mode))
		return;
	f.mode = st.st_mode & 07777;
	count = scandir(*path ? path : "/", &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char *below = path_format("%s/%s", path, name);
		int deeper = entries[i]->d_type == DT_DIR ? depth_at(below, depth - 1) : -1;

		if (entries[i]->d_type == DT_LNK)
			write_link(c, &f, below);
		else if (deeper >= 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			walk(c, &f, below, deeper);
		free(below);
		free(entries[i]);
	}
	free(entries);
}

void links_write(struct cpio *c)
{
	walk(c, NULL, "", 0);
}
