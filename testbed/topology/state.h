// SPDX-License-Identifier: Apache-2.0
//
// Where the networks that are up are written down: one folder each in /run/baton/networks (root),
// $XDG_RUNTIME_DIR/baton/networks, or /tmp/baton-UID/networks; $BATON_STATE overrides. A network is
// up as long as its warden holds the lock on the folder's file .lock; a folder without holder is
// left over from a crash and is removed by whoever comes next.

#ifndef BATON_TOPOLOGY_STATE_H
#define BATON_TOPOLOGY_STATE_H

#include <limits.h>
#include <sys/types.h>

#include "testbed/topology/diagnostics.h"

/* The state directory, created if missing. Negative errno with a finding. */
int state_directory(char path[PATH_MAX], struct diagnostics *d);

struct claim {
	char path[PATH_MAX]; /* the network's folder */
	int lock;
};

/* Creates the folder of a network and locks it. -EEXIST: a network of that name is up. */
int state_claim(const char *name, struct claim *out, struct diagnostics *d);

/* Removes the folder of a claim. */
void state_release(const char *path);

/* The keeper's pid, written into the folder; read back: 0 when unknown. */
void state_write_keeper(const char *path, pid_t keeper);
pid_t state_read_keeper(const char *path);

/* The keeper's socket in the folder. Both return a descriptor or a negative errno. */
int state_listen(const char *path);
int state_connect(const char *path);

#endif
