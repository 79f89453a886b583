// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testbed/measure/files.h"

static int fail(struct report_error *error, const char *path)
{
	snprintf(error->text, sizeof(error->text), "%s: %s", path, strerror(errno));
	return -1;
}

static int copy_octets(int in, int out)
{
	char buffer[65536];
	ssize_t n;

	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)n) != n)
			return -1;
	return (int)n;
}

static int copy_file(const char *from, const char *to, struct report_error *error)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), result = -1;
	int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (out >= 0)
		result = copy_octets(in, out);
	if (result < 0)
		fail(error, to);
	if (out >= 0 && close(out) < 0 && result == 0)
		result = fail(error, to);
	if (in >= 0)
		close(in);
	return result;
}

static int copy_entry(const char *from, const char *to, struct report_error *error)
{
	struct stat st;

	if (lstat(from, &st) < 0)
		return fail(error, from);
	if (S_ISDIR(st.st_mode))
		return copy_tree(from, to, error);
	return S_ISREG(st.st_mode) ? copy_file(from, to, error) : 0;
}

int copy_tree(const char *from, const char *to, struct report_error *error)
{
	DIR *folder = opendir(from);
	struct dirent *entry;
	int result = 0;

	if (!folder)
		return fail(error, from);
	if (mkdir(to, 0777) < 0 && errno != EEXIST) {
		closedir(folder);
		return fail(error, to);
	}
	while (result == 0 && (entry = readdir(folder))) {
		char source[PATH_MAX], target[PATH_MAX];
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(source, sizeof(source), "%s/%s", from, entry->d_name);
		snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
		result = copy_entry(source, target, error);
	}
	closedir(folder);
	return result;
}
