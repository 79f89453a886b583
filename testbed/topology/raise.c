// SPDX-License-Identifier: Apache-2.0
//
// From a topology to namespaces, interfaces, addresses and routes.

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testbed/topology/keeper_private.h"
#include "testbed/topology/netlink.h"

#define CARRIER_WAIT_MS 5000

static int fail(struct keeper *k, unsigned line, int error, const char *what, const char *where)
{
	if (error)
		diagnostics_add(&k->findings, k->t->path, line, "%s of %s failed: %s", what, where,
			strerror(-error));
	return error;
}

/* Quiet and symmetric defaults for all interfaces to come: no detection of duplicates, no router
   solicitations, no reverse path filter in the way of tunnels. */
static int set_defaults(bool forwarding)
{
	int error = space_sysctl_write("0", "net/ipv4/conf/all/rp_filter");

	if (!error)
		error = space_sysctl_write("0", "net/ipv4/conf/default/rp_filter");
	if (!error && forwarding)
		error = space_sysctl_write("1", "net/ipv4/ip_forward");
	/* A kernel without IPv6 can still carry the IPv4 part. */
	space_sysctl_write("0", "net/ipv6/conf/default/accept_dad");
	space_sysctl_write("0", "net/ipv6/conf/default/dad_transmits");
	space_sysctl_write("0", "net/ipv6/conf/default/router_solicitations");
	/* A link that is cut keeps its addresses. */
	space_sysctl_write("1", "net/ipv6/conf/default/keep_addr_on_down");
	if (forwarding)
		space_sysctl_write("1", "net/ipv6/conf/all/forwarding");
	return error;
}

/* Inside the node's new namespaces. */
static int prepare_node(const struct topology_node *node, struct keeper_node *n)
{
	int error = set_defaults(node->forwarding);

	if (!error)
		error = netlink_open(NETLINK_ROUTE, &n->route);
	if (!error)
		error = interface_set_up(n->route, 1, true);
	return error;
}

static int raise_node(struct keeper *k, size_t i)
{
	const struct topology_node *node = &k->t->nodes[i];
	struct keeper_node *n = &k->nodes[i];
	int error, back;

	if (asprintf(&n->scratch, "%s/%s", k->start->directory, node->name) < 0 ||
		asprintf(&n->variable, "BATON_DIR=%s", n->scratch) < 0)
		abort();
	if (mkdir(n->scratch, 0755) && errno != EEXIST)
		return fail(k, node->line, -errno, "creating the folder", n->scratch);
	error = space_create(node->name, n->scratch, k->start->directory, &n->space);
	if (!error)
		error = prepare_node(node, n);
	back = space_enter(&k->home);
	return fail(k, node->line, error ? error : back, "creating the namespaces", node->name);
}

static int raise_bridge(struct keeper *k, size_t i)
{
	const struct topology_node *node = &k->t->nodes[i];
	struct keeper_node *n = &k->nodes[i];
	uint8_t mac[6] = { 0x02, 0xb0, 0, 0, i >> 8, i };
	int error;

	if (node->kind != NODE_BRIDGE)
		return 0;
	n->bridge = ++k->last_index;
	error = bridge_create(n->route, n->bridge, mac);
	return fail(k, node->line, error, "creating the bridge", node->name);
}

static int add_addresses(struct keeper *k, size_t node, int index,
	const struct topology_addresses *list)
{
	int error = 0;

	for (size_t i = 0; i < list->count && !error; i++) {
		char text[TOPOLOGY_ADDRESS_TEXT];

		error = space_address_add(k->nodes[node].route, index, &list->list[i]);
		fail(k, list->list[i].line, error, "adding the address",
			topology_address_text(&list->list[i], true, text));
	}
	return error;
}

/* One end of a link, or a wired radio's: into the bridge if there is one, up, addresses. */
static int set_up_end(struct keeper *k, const struct topology_end *end, int index)
{
	struct keeper_node *n = &k->nodes[end->node];
	int error = 0;

	if (n->bridge)
		error = bridge_add_port(n->route, n->bridge, index);
	if (!error)
		error = interface_set_up(n->route, index, true);
	if (error)
		return fail(k, end->line, error, "setting up the interface", end->at);
	return add_addresses(k, end->node, index, &end->addresses);
}

static int raise_link(struct keeper *k, size_t i)
{
	const struct topology_link *l = &k->t->links[i];
	struct keeper_node *a = &k->nodes[l->end[0].node], *b = &k->nodes[l->end[1].node];
	struct wire_end here = { l->end[0].interface, ++k->last_index, l->end[0].mac.bytes };
	struct wire_end there = { l->end[1].interface, ++k->last_index, l->end[1].mac.bytes };
	int error = wire_create(a->route, &here, &there, b->space.network);

	k->link_index[i][0] = here.index;
	k->link_index[i][1] = there.index;
	fail(k, l->line, error, "creating the link", l->name);
	if (!error)
		error = set_up_end(k, &l->end[0], here.index);
	if (!error)
		error = set_up_end(k, &l->end[1], there.index);
	return error;
}

/* The kernel notices a carrier in its own time, at once when the two indices differ; before that an
   interface drops what it is given. */
static int await_end(struct keeper *k, const struct topology_end *end, int index)
{
	for (int tries = 0; tries < CARRIER_WAIT_MS * 4; tries++) {
		if (interface_is_running(k->nodes[end->node].route, index))
			return 0;
		usleep(250);
	}
	return fail(k, end->line, -ETIMEDOUT, "waiting for the carrier", end->at);
}

static int await_link(struct keeper *k, size_t i)
{
	int error = await_end(k, &k->t->links[i].end[0], k->link_index[i][0]);

	return error ? error : await_end(k, &k->t->links[i].end[1], k->link_index[i][1]);
}

static int impair_link(struct keeper *k, size_t i)
{
	const struct topology_link *l = &k->t->links[i];
	struct network_impairment impairment = { l->delay_ns, l->jitter_ns, l->rate_bps,
		l->loss_ppm };
	int error = 0;

	if (!l->delay_ns && !l->loss_ppm && !l->rate_bps)
		return 0;
	for (int side = 0; side < 2 && !error; side++)
		error = impairment_set(k->nodes[l->end[side].node].route, k->link_index[i][side],
			&impairment);
	return fail(k, l->line, error, "setting the impairment", l->name);
}

/* An interface that has fixed addresses is up before its daemon runs: routes go over it. */
static int address_radio(struct keeper *k, size_t i)
{
	const struct topology_end *end = &k->t->radios[i].end;
	int error;

	if (k->nodes[end->node].bridge || !end->addresses.count)
		return 0;
	error = interface_set_up(k->nodes[end->node].route, k->radio_index[i], true);
	if (error)
		return fail(k, end->line, error, "setting up the interface", end->at);
	return add_addresses(k, end->node, k->radio_index[i], &end->addresses);
}

/* Addresses of bridges and lo, then routes, which need all addresses. */
static int finish_node(struct keeper *k, size_t i)
{
	const struct topology_node *node = &k->t->nodes[i];
	struct keeper_node *n = &k->nodes[i];
	int error = n->bridge ? interface_set_up(n->route, n->bridge, true) : 0;

	if (error)
		return fail(k, node->line, error, "setting up the bridge", node->name);
	return add_addresses(k, i, n->bridge ? n->bridge : 1, &node->addresses);
}

static int add_routes(struct keeper *k, size_t i)
{
	const struct topology_node *node = &k->t->nodes[i];
	int error = 0;

	for (size_t j = 0; j < node->n_routes && !error; j++)
		error = fail(k, node->routes[j].line,
			route_add(k->nodes[i].route, &node->routes[j]), "adding a route",
			node->name);
	return error;
}

int keeper_set_link(struct keeper *k, size_t i, bool up)
{
	const struct topology_link *l = &k->t->links[i];
	int error = 0;

	for (int side = 0; side < 2 && !error; side++)
		error = interface_set_up(k->nodes[l->end[side].node].route, k->link_index[i][side],
			up);
	if (error || !up)
		return error;
	error = await_link(k, i);
	for (int side = 0; side < 2 && !error; side++) {
		const struct topology_node *node = &k->t->nodes[l->end[side].node];

		/* Those that are there still give -EEXIST; those over another cut link have to wait
		   for theirs. */
		for (size_t j = 0; j < node->n_routes; j++)
			route_add(k->nodes[l->end[side].node].route, &node->routes[j]);
	}
	return error;
}

int keeper_raise(struct keeper *k)
{
	const struct topology *t = k->t;
	int error = 0;

	for (size_t i = 0; i < t->n_nodes && !error; i++)
		error = raise_node(k, i);
	for (size_t i = 0; i < t->n_nodes && !error; i++)
		error = raise_bridge(k, i);
	for (size_t i = 0; i < t->n_links && !error; i++)
		error = raise_link(k, i);
	if (!error && t->n_radios)
		error = keeper_raise_radios(k);
	for (size_t i = 0; i < t->n_nodes && !error; i++)
		error = finish_node(k, i);
	for (size_t i = 0; i < t->n_radios && !error; i++)
		error = address_radio(k, i);
	for (size_t i = 0; i < t->n_links && !error; i++)
		error = await_link(k, i);
	for (size_t i = 0; i < t->n_nodes && !error; i++)
		error = add_routes(k, i);
	for (size_t i = 0; i < t->n_links && !error; i++)
		error = impair_link(k, i);
	return error;
}
