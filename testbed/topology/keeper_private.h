// SPDX-License-Identifier: Apache-2.0
//
// The keeper's own state, shared by the files that make it up.

#ifndef BATON_TOPOLOGY_KEEPER_PRIVATE_H
#define BATON_TOPOLOGY_KEEPER_PRIVATE_H

#include <limits.h>
#include <netlink/netlink.h>
#include <stdbool.h>

#include "testbed/topology/keeper.h"
#include "testbed/topology/process.h"
#include "testbed/topology/space.h"

struct keeper_node {
	struct space space;
	struct nl_sock *route; /* rtnetlink, in the node */
	char *scratch;	       /* directory/NODE */
	char *variable;	       /* BATON_DIR=scratch, for the environment of services */
	int bridge;	       /* interface index of br0, or 0 */
};

struct keeper_service {
	const struct topology_node *node;
	const char *title; /* "dhcp eth0", "hostapd wlan0" */
	char *log;
	struct process *process;
	bool ended;
};

/* Up to here the kernel numbers what it makes in every namespace: lo, and tunl0, sit0 and their
   like once somebody has loaded their modules. */
#define LAST_KERNEL_INDEX 100

struct keeper {
	const struct keeper_start *start;
	const struct topology *t;
	struct space home;
	struct keeper_node *nodes;
	int last_index;	       /* interface indices are unique in the whole network */
	int (*link_index)[2];  /* interface indices of links' ends */
	int *radio_index;      /* interface indices of radios */
	struct nl_sock *hwsim; /* the radios go when it closes */
	struct keeper_service *services;
	size_t n_services;
	struct diagnostics findings;
};

/* Creates nodes, links, radios, addresses and routes. Negative errno, with findings. */
int keeper_raise(struct keeper *k);

/* Creates the radios in the keeper's own namespace and moves each to its node. */
int keeper_raise_radios(struct keeper *k);

/* Cuts or mends a link. */
int keeper_set_link(struct keeper *k, size_t link, bool up);

/* Starts the services and waits until each is ready. */
int keeper_start_services(struct keeper *k);

/* Notes which services have ended. */
void keeper_check_services(struct keeper *k);

/* Whether the user is gone or wants no more; asked while waiting for something slow. */
bool keeper_is_abandoned(const struct keeper *k);

/* Sends one line to the user's progress callback. */
void keeper_progress(const struct keeper *k, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Starts a program on a node: out and err go to the file log. */
int keeper_spawn(struct keeper *k, size_t node, const char *const *argv, const char *log,
	struct process **out);

#endif
