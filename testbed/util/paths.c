// SPDX-License-Identifier: Apache-2.0
#include "testbed/util/paths.h"

#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that every tree and every installation has: the way to recognise the root. */
#define MARKER "testbed/guest/init.sh"

char *path_format(const char *format, ...)
{
	char *out;
	va_list args;

	va_start(args, format);
	if (vasprintf(&out, format, args) < 0)
		abort();
	va_end(args);
	return out;
}

static char *if_root(char *candidate)
{
	char *marker = path_format("%s/" MARKER, candidate);
	int found = access(marker, R_OK) == 0;

	free(marker);
	if (found)
		return candidate;
	free(candidate);
	return NULL;
}

/* The nearest folder above the running program that is a root or has one in share/baton. */
static char *root_above_program(void)
{
	char dir[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	char *root = NULL, *slash;

	if (n <= 0)
		return NULL;
	dir[n] = '\0';
	while (!root && (slash = strrchr(dir, '/')) && slash != dir) {
		*slash = '\0';
		root = if_root(path_format("%s", dir));
		if (!root)
			root = if_root(path_format("%s/share/baton", dir));
	}
	return root;
}

char *baton_root(void)
{
	const char *given = getenv("BATON_ROOT");

	if (given && *given)
		return realpath(given, NULL);
	return root_above_program();
}

char *baton_file(const char *relative)
{
	char *root = baton_root(), *path;

	if (!root)
		return NULL;
	path = path_format("%s/%s", root, relative);
	free(root);
	return path;
}

static char *absolute(char *path)
{
	char *cwd, *out;

	if (path[0] == '/')
		return path;
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return path;
	out = path_format("%s/%s", cwd, path);
	free(cwd);
	free(path);
	return out;
}

char *baton_cache(void)
{
	const char *given = getenv("BATON_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (given && *given)
		return absolute(path_format("%s", given));
	if (xdg && xdg[0] == '/')
		return path_format("%s/baton", xdg);
	if (!home || home[0] != '/') {
		user = getpwuid(getuid());
		home = user ? user->pw_dir : NULL;
	}
	return home ? path_format("%s/.cache/baton", home) : NULL;
}
