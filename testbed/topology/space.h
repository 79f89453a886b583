// SPDX-License-Identifier: Apache-2.0
//
// The namespaces that make a node: network, mount and host name.

#ifndef BATON_TOPOLOGY_SPACE_H
#define BATON_TOPOLOGY_SPACE_H

#include <stdbool.h>

struct space {
	int mount, network, host_name;
};

/* Moves the calling process into new user (if as_user) and PID namespaces: its next child is
   PID 1. The calling user's ids become 0 inside. */
int space_new_process(bool as_user);

/* In that child: moves it into mount, network, host name and IPC namespaces of its own, with a
   /proc that shows them. *home receives descriptors of them. */
int space_new_home(struct space *home);

/* Moves the calling process into new namespaces for a node: its host name, a /sys of its
   interfaces, directory/run mounted at /run. directory stays visible under its own path. The
   descriptors go to *out. The caller goes back by space_enter(home). */
int space_create(const char *host_name, const char *directory, const char *keep, struct space *out);

/* Moves the calling thread to the node's network, host name and mount namespaces. 0 or a negative
 * errno. */
int space_enter(const struct space *s);

/* Writes value to /proc/sys/PATH in the present network namespace. */
int space_sysctl_write(const char *value, const char *path_format, ...)
	__attribute__((format(printf, 2, 3)));

/* mkdir with parents. */
int make_directories(const char *path, unsigned mode);

#endif
