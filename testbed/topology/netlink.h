// SPDX-License-Identifier: Apache-2.0
//
// Interfaces, addresses, routes and impairments over rtnetlink. Every function acts in the network
// namespace in which its socket was opened and returns 0 or a negative errno.

#ifndef BATON_TOPOLOGY_NETLINK_H
#define BATON_TOPOLOGY_NETLINK_H

#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "testbed/topology/network.h"
#include "testbed/topology/topology.h"

/* Opens a socket of the given netlink protocol in the present namespace. */
int netlink_open(int protocol, struct nl_sock **out);

/* Sends msg (consumed), waits for the acknowledgement. */
int netlink_do(struct nl_sock *s, struct nl_msg *msg);

struct wire_end {
	const char *interface;
	int index; /* interface index to give it */
	const uint8_t *mac;
};

/* A pair of interfaces: a here, b in the namespace of descriptor b_network. */
int wire_create(struct nl_sock *s, const struct wire_end *a, const struct wire_end *b,
	int b_network);

/* A bridge named br0, without spanning tree and forward delay. */
int bridge_create(struct nl_sock *s, int index, const uint8_t *mac);

/* Makes the interface `port` one of the bridge's; both by their index. */
int bridge_add_port(struct nl_sock *s, int bridge, int port);

/* An IP-in-IP tunnel between two addresses in network byte order. */
int tunnel_create(struct nl_sock *s, const char *name, uint32_t local, uint32_t remote);

/* Removes the interface of that name; switches one on or off. */
int interface_remove(struct nl_sock *s, const char *name);
int interface_set_up(struct nl_sock *s, int index, bool up);

/* Whether the interface can carry packets: up, with carrier, and the kernel has noticed. */
bool interface_is_running(struct nl_sock *s, int index);
int space_address_add(struct nl_sock *s, int index, const struct topology_address *a);
int route_add(struct nl_sock *s, const struct topology_route *r);

/* Replaces the impairment of what the interface sends. -ENOENT: the kernel has no netem. */
int impairment_set(struct nl_sock *s, int index, const struct network_impairment *i);

#endif
