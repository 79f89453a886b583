// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testbed/ctl/find.h"
#include "testbed/topology/network.h"
#include "testbed/util/paths.h"

struct networks {
	char *name; /* of the last one seen */
	unsigned count;
};

static int note(void *context, const char *name, pid_t keeper)
{
	struct networks *n = context;

	(void)keeper;
	free(n->name);
	n->name = path_format("%s", name);
	n->count++;
	return 0;
}

/* FOLDER/NODE.sock, else the only socket in the folder. */
static char *socket_in(const char *folder, const char *node)
{
	char *path = path_format("%s/%s.sock", folder, node), *only = NULL;
	struct dirent *entry;
	DIR *list;

	if (access(path, F_OK) == 0)
		return path;
	free(path);
	list = opendir(folder);
	while (list && (entry = readdir(list))) {
		size_t length = strlen(entry->d_name);
		if (length < 5 || strcmp(entry->d_name + length - 5, ".sock") != 0)
			continue;
		if (only) { /* which one was meant? */
			free(only);
			only = NULL;
			break;
		}
		only = path_format("%s/%s", folder, entry->d_name);
	}
	if (list)
		closedir(list);
	return only;
}

static char *in_network(const char *name, const char *node, char *error, size_t size)
{
	struct diagnostics d = { 0 };
	struct network *network;
	char *folder, *path = NULL;
	int result = network_attach(name, &network, NULL, &d);

	if (result < 0) {
		snprintf(error, size, "network %s: %s", name,
			d.count ? d.list[0].text : strerror(-result));
		diagnostics_free(&d);
		return NULL;
	}
	if (!network_scratch(network, node)) {
		snprintf(error, size, "network %s has no node %s", name, node);
	} else {
		folder = path_format("%s/run/baton", network_scratch(network, node));
		path = socket_in(folder, node);
		if (!path)
			snprintf(error, size,
				"nothing that takes commands runs on node %s of "
				"network %s",
				node, name);
		free(folder);
	}
	network_detach(network);
	diagnostics_free(&d);
	return path;
}

char *ctl_find(const char *network, const char *node, char *error, size_t size)
{
	struct networks up = { 0 };
	char *path;

	if (network)
		return in_network(network, node, error, size);
	path = path_format("/run/baton/%s.sock", node);
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	network_each(note, &up);
	if (up.count == 1) {
		path = in_network(up.name, node, error, size);
	} else if (up.count > 1) {
		snprintf(error, size, "%u networks are up; name one with --network", up.count);
		path = NULL;
	} else {
		path = socket_in("/run/baton", node);
		if (!path)
			snprintf(error, size,
				"no network is up and no node %s runs here; "
				"--socket PATH names its control socket",
				node);
	}
	free(up.name);
	return path;
}
