// SPDX-License-Identifier: Apache-2.0
//
// What no single row of a topology file can see. First the names are resolved; only a topology
// whose ends are all known is looked at further, since everything else would be consequences.

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/topology/arena.h"
#include "testbed/topology/check.h"
#include "testbed/topology/format.h"

void check_complain(struct check *c, unsigned line, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		abort();
	va_end(ap);
	diagnostics_add(c->d, c->t->path, line, "%s", text);
	free(text);
	c->failed = true;
}

const char *check_address_text(struct check *c, const struct topology_address *a, bool with_prefix)
{
	return topology_address_text(a, with_prefix,
		arena_alloc(c->t->arena, TOPOLOGY_ADDRESS_TEXT));
}

/* --- names ---------------------------------------------------------------------------------- */

static const char *node_names(struct check *c)
{
	const char *text = "";

	for (size_t i = 0; i < c->t->n_nodes; i++)
		text = arena_printf(c->t->arena, "%s%s%s", text, i ? ", " : "",
			c->t->nodes[i].name);
	return text;
}

static void resolve_end(struct check *c, struct topology_end *end)
{
	const char *colon = strchr(end->at, ':');
	const struct topology_node *node;

	end->interface = colon + 1;
	node = topology_node(c->t, arena_copy(c->t->arena, end->at, colon - end->at));
	if (!node) {
		check_complain(c, end->line,
			"%s is on a node that is not declared; "
			"it would be on one of %s",
			end->at, node_names(c));
		return;
	}
	end->node = node - c->t->nodes;
	if (node->kind == NODE_BRIDGE && !strcmp(end->interface, "br0"))
		check_complain(c, end->line,
			"%s has the name of the bridge itself; "
			"it would be another interface",
			end->at);
}

static void check_interfaces(struct check *c)
{
	struct topology_end *a, *b;

	for (size_t i = 0; (a = topology_end_at(c->t, i)); i++) {
		resolve_end(c, a);
		for (size_t j = 0; j < i; j++) {
			b = topology_end_at(c->t, j);
			if (!strcmp(a->at, b->at))
				check_complain(c, a->line,
					"%s is used twice, first in line %u; "
					"every link and radio would have an interface of its own",
					a->at, b->line);
		}
	}
}

/* The same name gives the same address in every run: FNV-1a, locally administered. */
static void make_mac(const char *at, uint8_t salt, struct topology_mac *mac)
{
	uint64_t hash = 0xcbf29ce484222325 ^ salt;

	for (; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 0x100000001b3;
	mac->bytes[0] = 0x02;
	for (int i = 1; i < 6; i++)
		mac->bytes[i] = hash >> (8 * i);
}

static struct topology_end *mac_owner(struct check *c, const struct topology_end *end)
{
	struct topology_end *other;

	for (size_t i = 0; (other = topology_end_at(c->t, i)); i++)
		if (other != end && other->mac.given &&
			!memcmp(other->mac.bytes, end->mac.bytes, sizeof(end->mac.bytes)))
			return other;
	return NULL;
}

static void check_macs(struct check *c)
{
	struct topology_end *end, *other;

	for (size_t i = 0; (end = topology_end_at(c->t, i)); i++) {
		other = end->mac.given ? mac_owner(c, end) : NULL;
		if (other && other < end)
			check_complain(c, end->line,
				"the mac of %s is that of %s in line %u; "
				"every interface would have one of its own",
				end->at, other->at, other->line);
	}
	for (size_t i = 0; (end = topology_end_at(c->t, i)); i++) {
		uint8_t salt = 0;

		if (end->mac.given)
			continue;
		do
			make_mac(end->at, salt++, &end->mac);
		while (mac_owner(c, end));
		end->mac.given = true;
	}
}

/* --- subnets and addresses ------------------------------------------------------------------ */

static const char *attachment_name(struct check *c, size_t i)
{
	return i < c->t->n_links
		? arena_printf(c->t->arena, "link %s", c->t->links[i].name)
		: arena_printf(c->t->arena, "radio %s", c->t->radios[i - c->t->n_links].name);
}

static void check_subnet_pair(struct check *c, size_t i, const struct topology_address *a, size_t j,
	const struct topology_address *b)
{
	bool same = a->prefix == b->prefix && topology_address_equal(a, b);

	if (!subnets_overlap(a, b) ||
		(same && i != j && c->segments.segment[i] == c->segments.segment[j]))
		return;
	check_complain(c, a->line,
		"subnet %s of %s overlaps %s of %s in line %u; "
		"subnets would be disjoint, or the same on links that a bridge joins",
		check_address_text(c, a, true), attachment_name(c, i),
		check_address_text(c, b, true), attachment_name(c, j), b->line);
}

static void check_subnets(struct check *c)
{
	for (size_t i = 0; i < c->segments.count; i++) {
		const struct topology_addresses *a = attachment_subnets(c->t, i), *b;

		for (size_t x = 0; x < a->count; x++)
			for (size_t j = 0; j <= i; j++) {
				b = attachment_subnets(c->t, j);
				for (size_t y = 0; y < (i == j ? x : b->count); y++)
					check_subnet_pair(c, i, &a->list[x], j, &b->list[y]);
			}
	}
}

static const char *segment_text(struct check *c, size_t segment)
{
	const char *text = "";

	for (size_t i = 0; i < c->segments.count; i++) {
		const struct topology_addresses *s = attachment_subnets(c->t, i);

		for (size_t j = 0; c->segments.segment[i] == segment && j < s->count; j++)
			text = arena_printf(c->t->arena, "%s%s%s", text, *text ? " or " : "",
				check_address_text(c, &s->list[j], true));
	}
	return *text ? text : "a subnet, but none is declared there";
}

/* First and last address of an IPv4 subnet stand for the subnet and its broadcast. */
static bool is_host_address(const struct topology_address *a)
{
	uint32_t mask, host;

	if (a->family != AF_INET || a->prefix >= 31)
		return true;
	mask = a->prefix ? ~0u << (32 - a->prefix) : 0;
	memcpy(&host, a->bytes, sizeof(host));
	host = ntohl(host) & ~mask;
	return host != 0 && host != ~mask;
}

static void place_address(struct check *c, struct topology_address *a, size_t segment,
	const char *where)
{
	const struct topology_address *subnet =
		segment == SIZE_MAX ? NULL : segment_subnet(&c->segments, segment, a);

	if (!subnet) {
		check_complain(c, a->line, "%s of %s is outside its subnet; it would be in %s",
			check_address_text(c, a, false), where,
			segment == SIZE_MAX ? "a subnet, but no access point leads to one"
					    : segment_text(c, segment));
		return;
	}
	a->prefix = subnet->prefix;
	if (!is_host_address(a))
		check_complain(c, a->line,
			"%s of %s is the first or last address of %s; "
			"it would be one between them",
			check_address_text(c, a, false), where,
			check_address_text(c, subnet, true));
}

static void place_list(struct check *c, struct topology_addresses *list, size_t segment,
	const char *where)
{
	for (size_t i = 0; i < list->count; i++)
		place_address(c, &list->list[i], segment, where);
}

static void check_port_addresses(struct check *c, const struct topology_end *end)
{
	if (c->t->nodes[end->node].kind == NODE_BRIDGE && end->addresses.count)
		check_complain(c, end->addresses.list[0].line,
			"%s is a port of a bridge; "
			"its addresses would stand in the addresses of node %s",
			end->at, c->t->nodes[end->node].name);
}

/* The segment of a bridge's ports, or SIZE_MAX without ports. */
static size_t bridge_segment(struct check *c, size_t node)
{
	for (size_t i = 0; i < c->t->n_links; i++)
		for (size_t j = 0; j < 2; j++)
			if (c->t->links[i].end[j].node == node)
				return c->segments.segment[i];
	for (size_t i = 0; i < c->t->n_radios; i++)
		if (c->t->radios[i].end.node == node && c->t->radios[i].mode == RADIO_AP)
			return c->segments.segment[c->t->n_links + i];
	return SIZE_MAX;
}

static void place_addresses(struct check *c)
{
	struct topology *t = c->t;

	for (size_t i = 0; i < t->n_links; i++)
		for (size_t j = 0; j < 2; j++) {
			check_port_addresses(c, &t->links[i].end[j]);
			place_list(c, &t->links[i].end[j].addresses, c->segments.segment[i],
				t->links[i].end[j].at);
		}
	for (size_t i = 0; i < t->n_radios; i++) {
		check_port_addresses(c, &t->radios[i].end);
		place_list(c, &t->radios[i].end.addresses,
			segment_of_radio(&c->segments, &t->radios[i]), t->radios[i].end.at);
	}
	for (size_t i = 0; i < t->n_nodes; i++)
		if (t->nodes[i].kind == NODE_BRIDGE)
			place_list(c, &t->nodes[i].addresses, bridge_segment(c, i),
				t->nodes[i].name);
}

/* The i-th list of addresses in the topology with its node, or NULL after the last. */
static struct topology_addresses *address_list(const struct topology *t, size_t i, size_t *node)
{
	struct topology_end *end = topology_end_at(t, i);
	size_t ends = 2 * t->n_links + t->n_radios;

	if (end) {
		*node = end->node;
		return &end->addresses;
	}
	*node = i - ends;
	return *node < t->n_nodes ? &t->nodes[*node].addresses : NULL;
}

const struct topology_address *check_find_address(const struct topology *t,
	const struct topology_address *a, const struct topology_address *until, size_t *node)
{
	struct topology_addresses *list;

	for (size_t i = 0; (list = address_list(t, i, node)); i++)
		for (size_t j = 0; j < list->count; j++) {
			if (&list->list[j] == until)
				return NULL;
			if (topology_address_equal(&list->list[j], a))
				return &list->list[j];
		}
	return NULL;
}

static void check_duplicate_addresses(struct check *c)
{
	struct topology_addresses *list;
	size_t node, owner;

	for (size_t i = 0; (list = address_list(c->t, i, &node)); i++)
		for (size_t j = 0; j < list->count; j++) {
			const struct topology_address *a = &list->list[j];
			const struct topology_address *first =
				check_find_address(c->t, a, a, &owner);

			if (first)
				check_complain(c, a->line,
					"%s is given twice, first to node %s in line "
					"%u; every address would be given once",
					check_address_text(c, a, false), c->t->nodes[owner].name,
					first->line);
		}
}

/* --- routes --------------------------------------------------------------------------------- */

bool check_on_subnet(const struct topology *t, size_t node, const struct topology_address *a)
{
	struct topology_addresses *list;
	size_t owner;

	for (size_t i = 0; (list = address_list(t, i, &owner)); i++)
		for (size_t j = 0; owner == node && j < list->count; j++)
			if (subnet_contains(&list->list[j], a))
				return true;
	return false;
}

static void check_route(struct check *c, size_t node, struct topology_route *r)
{
	const char *name = c->t->nodes[node].name, *via = check_address_text(c, &r->via, false);
	size_t owner;

	if (!r->to.family)
		r->to.family = r->via.family;
	if (r->to.family != r->via.family) {
		check_complain(c, r->line,
			"the route to %s goes via %s, which is of another family; "
			"both would be IPv4 or both IPv6",
			check_address_text(c, &r->to, true), via);
		return;
	}
	if (!check_on_subnet(c->t, node, &r->via))
		check_complain(c, r->line,
			"the gateway %s is unreachable: node %s has no address in a "
			"subnet with it; it would be an address of a neighbour",
			via, name);
	else if (!check_find_address(c->t, &r->via, NULL, &owner))
		check_complain(c, r->line,
			"no node has the gateway's address %s; "
			"it would be an address of a neighbour of %s",
			via, name);
	else if (owner == node)
		check_complain(c, r->line,
			"the gateway %s is node %s itself; "
			"it would be an address of a neighbour",
			via, name);
}

static void check_routes(struct check *c)
{
	for (size_t i = 0; i < c->t->n_nodes; i++)
		for (size_t j = 0; j < c->t->nodes[i].n_routes; j++) {
			struct topology_route *r = &c->t->nodes[i].routes[j];

			check_route(c, i, r);
			for (size_t k = 0; k < j; k++) {
				const struct topology_route *other = &c->t->nodes[i].routes[k];

				if (other->to.prefix == r->to.prefix &&
					topology_address_equal(&other->to, &r->to))
					check_complain(c, r->line,
						"the route to %s is given twice, first in "
						"line %u; once would do",
						check_address_text(c, &r->to, true), other->line);
			}
		}
}

bool topology_validate(struct topology *t, struct diagnostics *d)
{
	struct check c = { .t = t, .d = d };

	check_interfaces(&c);
	if (c.failed)
		return false;
	check_macs(&c);
	c.segments = segments_of(t);
	check_subnets(&c);
	place_addresses(&c);
	check_duplicate_addresses(&c);
	check_routes(&c);
	check_links(&c);
	check_radios(&c);
	check_services(&c);
	for (size_t i = 0; i < t->n_nodes; i++)
		t->nodes[i].forwarding = t->nodes[i].kind == NODE_ROUTER;
	return !c.failed;
}
