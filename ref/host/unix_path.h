// SPDX-License-Identifier: Apache-2.0
/* Unix sockets at paths of any length. */
#ifndef BATON_HOST_UNIX_PATH_H
#define BATON_HOST_UNIX_PATH_H

#include <sys/un.h>

/*
 * Fills `address` for `path`. A path longer than sun_path is reached through its folder's
 * descriptor under /proc/self/fd, returned in *folder and to be closed after bind or connect; else
 * *folder is -1. 0, or -1 with errno set.
 */
int unix_path(const char *path, struct sockaddr_un *address, int *folder);

#endif
