// SPDX-License-Identifier: Apache-2.0
//
// The user's handle of a network, shared by the files that make up network.h.

#ifndef BATON_TOPOLOGY_NETWORK_PRIVATE_H
#define BATON_TOPOLOGY_NETWORK_PRIVATE_H

#include <pthread.h>

#include "testbed/topology/keeper.h"
#include "testbed/topology/message.h"
#include "testbed/topology/network.h"

struct network {
	const struct topology *topology;
	struct topology *own_topology; /* attached networks load it themselves */
	pthread_mutex_t lock;	       /* one request at a time */
	int keeper;		       /* socket */
	int warden_pidfd;	       /* -1: attached */
	pid_t warden;		       /* our child; 0: a launcher's, or attached */
	char *name, *state, *directory;
	char **scratch; /* of each node */
	int *netns;	/* of each node, or -1 */
};

/* The whole life of a warden, in a process just forked from one of a single thread. `lock` is that
   of the network's folder. */
_Noreturn void warden_run(struct keeper_start *start, int lock);

/* Has a warden forked; start->options is not NULL. Returns a pidfd, the caller's, or a negative
   errno: -EINVAL when it is another topology than the launcher's. */
int launcher_start(struct network_launcher *l, const struct keeper_start *start, int lock);

/* Asks the keeper: m with count descriptors becomes the reply, in_fds (may be NULL) its
   descriptors. Returns the reply's status or why there is none. */
int network_ask(struct network *n, struct message *m, const int *fds, unsigned count,
	int in_fds[MESSAGE_FDS_MAX]);

#endif
