// SPDX-License-Identifier: Apache-2.0
//
// The user's handle of a network, shared by the files that make up network.h.

#ifndef BATON_TOPOLOGY_NETWORK_PRIVATE_H
#define BATON_TOPOLOGY_NETWORK_PRIVATE_H

#include <pthread.h>

#include "testbed/topology/message.h"
#include "testbed/topology/network.h"

struct network {
	const struct topology *topology;
	struct topology *own_topology; /* attached networks load it themselves */
	pthread_mutex_t lock;	       /* one request at a time */
	int keeper;		       /* socket */
	pid_t warden;		       /* 0: attached */
	char *name, *state, *directory;
	char **scratch; /* of each node */
	int *netns;	/* of each node, or -1 */
};

/* Asks the keeper: m with count descriptors becomes the reply, in_fds (may be NULL) its
   descriptors. Returns the reply's status or why there is none. */
int network_ask(struct network *n, struct message *m, const int *fds, unsigned count,
	int in_fds[MESSAGE_FDS_MAX]);

#endif
