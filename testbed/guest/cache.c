// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "testbed/guest/tool.h"
#include "testbed/util/paths.h"

#define TEMPORARY "tmp-"

int cache_complain(const struct cache *c, const char *what)
{
	int why = errno;

	if (why == ENOSPC || why == EDQUOT || why == EFBIG)
		return tool_complain(
			"no space for %s in the cache %s: about 600 MB are needed; free some, "
			"or set BATON_CACHE to a folder with more",
			what, c->dir);
	return tool_complain("%s cannot be written to the cache %s: %s; make it writable, or set "
			     "BATON_CACHE to a folder that is",
		what, c->dir, strerror(why));
}

int cache_open(struct cache *c)
{
	char *lock;

	c->lock = -1;
	c->dir = baton_cache();
	if (!c->dir)
		return tool_complain("no home folder for the cache: set BATON_CACHE to a folder");
	if (tool_make_folders(c->dir) != 0)
		return cache_complain(c, "the folder");
	lock = cache_path(c, "lock");
	c->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (c->lock < 0) /* a cache that is complete and read-only serves as well */
		c->lock = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(lock);
	return c->lock >= 0 ? 0 : cache_complain(c, "the lock");
}

int cache_look(struct cache *c)
{
	c->lock = -1;
	c->dir = baton_cache();
	return c->dir ? 0 : -1;
}

int cache_lock(struct cache *c)
{
	struct dirent *entry;
	DIR *dir;

	if (flock(c->lock, LOCK_EX | LOCK_NB) != 0) {
		fprintf(stderr, "baton: waiting for another baton that fills the cache %s\n",
			c->dir);
		while (flock(c->lock, LOCK_EX) != 0) {
			if (errno != EINTR)
				return cache_complain(c, "the lock");
		}
	}
	dir = opendir(c->dir);
	while (dir && (entry = readdir(dir))) {
		char *path = cache_path(c, entry->d_name);

		if (strncmp(entry->d_name, TEMPORARY, strlen(TEMPORARY)) == 0)
			tool_remove(path);
		free(path);
	}
	if (dir)
		closedir(dir);
	return 0;
}

char *cache_path(const struct cache *c, const char *name)
{
	return path_format("%s/%s", c->dir, name);
}

char *cache_temporary(const struct cache *c, const char *name)
{
	return path_format("%s/" TEMPORARY "%s", c->dir, name);
}

int cache_store(const struct cache *c, const char *name, struct view content, const char *what)
{
	char *temporary = cache_temporary(c, name), *final = cache_path(c, name);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), result = -1;

	if (fd < 0 || tool_write(fd, content.data, content.size) != 0) {
		cache_complain(c, what);
		unlink(temporary);
	} else {
		result = cache_commit(temporary, final);
	}
	if (fd >= 0)
		close(fd);
	free(final);
	free(temporary);
	return result;
}

int cache_commit(const char *temporary, const char *final)
{
	int why;

	if (rename(temporary, final) == 0)
		return 0;
	why = errno;
	tool_remove(temporary);
	return tool_complain("%s cannot be created: %s", final, strerror(why));
}

void cache_close(struct cache *c)
{
	if (c->lock >= 0)
		close(c->lock);
	c->lock = -1;
	free(c->dir);
	c->dir = NULL;
}
