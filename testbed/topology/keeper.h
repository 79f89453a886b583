// SPDX-License-Identifier: Apache-2.0
//
// The keeper of a network: PID 1 of its PID namespace, holder of everything.

#ifndef BATON_TOPOLOGY_KEEPER_H
#define BATON_TOPOLOGY_KEEPER_H

#include "testbed/topology/network.h"

struct keeper_start {
	const struct topology *topology;
	const struct network_options *options;
	const char
		*name; /* of the network, unique on this machine; begins with '.' if it has none */
	const char *state;     /* its folder in the state directory */
	const char *directory; /* logs and scratch directories; may be the same */
	int user;	       /* socket to the user */
	int user_pidfd;	       /* the user; its end is ours */
	bool as_user;	       /* in a user namespace */
};

/* The whole life of the keeper. Returns its exit status. */
int keeper_run(const struct keeper_start *start);

#endif
