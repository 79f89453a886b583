// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/host/unix_path.h"

int unix_path(const char *path, struct sockaddr_un *address, int *folder)
{
	const char *slash = strrchr(path, '/');
	char parent[4096];

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*folder = -1;
	if (strlen(path) < sizeof(address->sun_path)) {
		strcpy(address->sun_path, path);
		return 0;
	}
	if (!slash || (size_t)(slash - path) >= sizeof(parent) ||
		strlen(slash) > sizeof(address->sun_path) - sizeof("/proc/self/fd/0123456789")) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = '\0';
	*folder = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*folder < 0)
		return -1;
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d%s", *folder,
		slash);
	return 0;
}
