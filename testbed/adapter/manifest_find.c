// SPDX-License-Identifier: Apache-2.0
/* From what a person calls an adapter to its file. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testbed/adapter/manifest.h"
#include "testbed/util/paths.h"

/* A folder with a manifest in it. */
static char *in_folder(char *folder)
{
	char *path = path_format("%s/sut.yaml", folder);

	free(folder);
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *manifest_find(const char *name, struct diagnostics *d)
{
	struct stat s;
	char *path = NULL;

	if (!strchr(name, '/')) {
		char *relative = path_format("suites/adapters/%s", name);
		char *shipped = baton_file(relative);
		free(relative);
		path = shipped ? in_folder(shipped) : NULL;
	}
	if (!path)
		path = in_folder(strdup(name));
	if (!path && stat(name, &s) == 0 && S_ISREG(s.st_mode))
		path = strdup(name);
	if (!path)
		diagnostics_add(d, NULL, 0, "there is no adapter %s; right is a name of those "
			"shipped (suites/adapters), a folder with a sut.yaml, or the file itself",
			name);
	return path;
}
