// SPDX-License-Identifier: Apache-2.0
//
// Links' figures, radios and services.

#include <arpa/inet.h>
#include <string.h>

#include "testbed/topology/arena.h"
#include "testbed/topology/check.h"
#include "testbed/topology/format.h"

#define LEASE_MIN_S 120 /* dnsmasq lends for no less */

void check_links(struct check *c)
{
	for (size_t i = 0; i < c->t->n_links; i++) {
		const struct topology_link *l = &c->t->links[i];

		if (l->jitter_ns > l->delay_ns)
			check_complain(c, l->line,
				"the jitter of link %s is more than its delay; "
				"it would be at most the delay",
				l->name);
		if (l->delay_ns || l->loss_ppm || l->rate_bps)
			c->t->needs |= NEED_NETEM;
	}
	c->t->needs |= NEED_NETNS;
}

/* --- radios --------------------------------------------------------------------------------- */

static bool is_channel(unsigned channel)
{
	for (size_t i = 0; topology_channels[i]; i++)
		if (topology_channels[i] == channel)
			return true;
	return false;
}

static void check_keys(struct check *c, const struct topology_wlan *w, unsigned line,
	const char *where)
{
	if (w->keys == KEY_OPEN && (w->passphrase || w->psk))
		check_complain(c, line,
			"%s is open and has a passphrase or psk; "
			"it would have none, or key_management: wpa-psk",
			where);
	else if (w->keys == KEY_WPA_PSK && !w->passphrase == !w->psk)
		check_complain(c, line, "%s has %s; wpa-psk would have exactly one of them", where,
			w->psk ? "a passphrase and a psk" : "neither passphrase nor psk");
	else if (w->keys == KEY_SAE && (!w->passphrase || w->psk))
		check_complain(c, line, "%s has %s; sae would have a passphrase", where,
			w->psk ? "a psk" : "no passphrase");
	else if (w->keys == KEY_WPA_EAP && (w->passphrase || w->psk))
		check_complain(c, line,
			"%s is for EAP and has a passphrase or psk; "
			"it would have none, or key_management: wpa-psk",
			where);
}

static void check_authenticator(struct check *c, const struct topology_radio *r, const char *where)
{
	const char *node = c->t->nodes[r->end.node].name;

	if (r->offered.keys != KEY_WPA_EAP && (r->n_servers || r->preauthentication))
		check_complain(c, r->line,
			"%s has radius or preauth without EAP; it would have key_management: "
			"wpa-eap",
			where);
	if (r->offered.keys == KEY_WPA_EAP && !r->n_servers)
		check_complain(c, r->line, "%s has no radius; wpa-eap would have a server", where);
	if (r->preauthentication && c->t->nodes[r->end.node].kind != NODE_BRIDGE)
		check_complain(c, r->line,
			"%s has preauth and is no port of a bridge; "
			"it would be on a node of kind bridge",
			where);
	for (size_t i = 0; i < r->n_servers; i++)
		if (!topology_address(c->t, node, NULL, r->servers[i].address.family))
			check_complain(c, r->servers[i].line,
				"%s asks server %s from node %s, which has no such address; it "
				"would have one of that family",
				where, check_address_text(c, &r->servers[i].address, false), node);
}

static void check_access_point(struct check *c, const struct topology_radio *r)
{
	const char *where = arena_printf(c->t->arena, "access point %s", r->name);

	if (!r->offered.ssid)
		check_complain(c, r->line, "%s has no ssid; it would have one", where);
	if (!is_channel(r->channel))
		check_complain(c, r->line,
			"%s %s %u; it would be on 1 to 11, 36, 40, 44, 48, 149, 153, 157, 161 or "
			"165",
			where, r->channel ? "is on channel" : "has no channel, which counts as",
			r->channel);
	if (r->n_known)
		check_complain(c, r->known[0].line, "%s knows networks; only a station would",
			where);
	if (r->subnets.count && c->t->nodes[r->end.node].kind == NODE_BRIDGE)
		check_complain(c, r->subnets.list[0].line,
			"%s is a port of a bridge and declares "
			"subnets; they would stand at the links of the bridge",
			where);
	check_keys(c, &r->offered, r->line, where);
	check_authenticator(c, r, where);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void check_known(struct check *c, const struct topology_radio *r,
	const struct topology_wlan *w)
{
	const char *where = arena_printf(c->t->arena, "network %s of station %s", w->ssid, r->name);
	const struct topology_radio *ap = access_point_of(c->t, w);

	check_keys(c, w, w->line, where);
	if (!w->identity != (w->keys != KEY_WPA_EAP))
		check_complain(c, w->line, "%s has %s identity; %s", where,
			w->identity ? "an" : "no",
			w->identity ? "only one with key_management: wpa-eap would"
				    : "with wpa-eap it would have one, such as mn@example");
	if (!ap)
		check_complain(c, w->line,
			"no access point offers %s; "
			"it would be the ssid%s of one",
			where, w->bssid.given ? " and bssid" : "");
	else if (ap->offered.keys != w->keys || !same_text(ap->offered.passphrase, w->passphrase) ||
		!same_text(ap->offered.psk, w->psk))
		check_complain(c, w->line,
			"%s and access point %s in line %u differ in key management, "
			"passphrase or psk; they would agree",
			where, ap->name, ap->line);
}

static void check_station(struct check *c, const struct topology_radio *r)
{
	if (c->t->nodes[r->end.node].kind == NODE_BRIDGE)
		check_complain(c, r->line,
			"station %s is on a bridge, which 802.11 does not carry; "
			"it would be on a host or a router",
			r->name);
	if (r->offered.ssid || r->channel || r->offered.passphrase || r->offered.psk ||
		r->subnets.count || r->n_servers || r->preauthentication)
		check_complain(c, r->line,
			"station %s has keys of an access point; ssid, passphrase "
			"and psk would stand below networks, channel and subnets at the access "
			"point",
			r->name);
	if (!r->n_known)
		check_complain(c, r->line,
			"station %s knows no network; "
			"it would have at least one below networks",
			r->name);
	for (size_t i = 0; i < r->n_known; i++)
		if (r->known[i].ssid)
			check_known(c, r, &r->known[i]);
}

/* An option becomes one line of a daemon's configuration. */
static void check_options(struct check *c, const struct topology_radio *r)
{
	for (size_t i = 0; i < r->n_options; i++)
		if (strpbrk(r->options[i].key, "\r\n=") || strpbrk(r->options[i].value, "\r\n"))
			check_complain(c, r->options[i].line,
				"option %zu of radio %s has a line break or a '=' in its key; it "
				"would become one line key=value",
				i + 1, r->name);
}

void check_radios(struct check *c)
{
	for (size_t i = 0; i < c->t->n_radios; i++) {
		const struct topology_radio *r = &c->t->radios[i];

		if (r->mode == RADIO_AP)
			check_access_point(c, r);
		else
			check_station(c, r);
		check_options(c, r);
		c->t->needs |= NEED_HWSIM;
	}
}

/* --- services ------------------------------------------------------------------------------- */

/* The addresses of an interface of the node, or NULL when it has no such interface. */
static const struct topology_addresses *interface_addresses(struct check *c,
	const struct topology_node *node, const char *interface)
{
	struct topology_end *end;

	if (node->kind == NODE_BRIDGE)
		return strcmp(interface, "br0") ? NULL : &node->addresses;
	for (size_t i = 0; (end = topology_end_at(c->t, i)); i++)
		if (&c->t->nodes[end->node] == node && !strcmp(end->interface, interface))
			return &end->addresses;
	return NULL;
}

static const struct topology_address *ipv4_of(const struct topology_addresses *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->list[i].family == AF_INET)
			return &list->list[i];
	return NULL;
}

static bool in_pool(const struct topology_service *s, const struct topology_address *a)
{
	return a->family == AF_INET && memcmp(s->pool[0].bytes, a->bytes, 4) <= 0 &&
		memcmp(a->bytes, s->pool[1].bytes, 4) <= 0;
}

static void check_pool_is_free(struct check *c, const struct topology_service *s)
{
	struct topology_end *end;

	for (size_t i = 0; (end = topology_end_at(c->t, i)); i++)
		for (size_t j = 0; j < end->addresses.count; j++)
			if (in_pool(s, &end->addresses.list[j]))
				check_complain(c, s->line,
					"the pool contains %s, which %s has in line "
					"%u; it would contain free addresses only",
					check_address_text(c, &end->addresses.list[j], false),
					end->at, end->addresses.list[j].line);
}

/* What the schema of a service would have as required, were there one for each kind. */
static bool has_its_keys(struct check *c, const struct topology_service *s)
{
	bool dhcp = s->kind == SERVICE_DHCP;
	bool good = dhcp ? s->interface && s->pool[0].family && !s->n_clients && !s->n_realms
			 : !s->interface && !s->pool[0].family && !s->router.family &&
			!s->dns.count && s->n_clients;

	if (!good)
		check_complain(c, s->line,
			dhcp ? "a dhcp service would have interface and pool, and not clients nor "
			       "realms"
			     : "a radius service would have clients, and not interface, pool, "
			       "router nor dns");
	return good;
}

static void check_realms(struct check *c, const struct topology_service *s)
{
	for (size_t i = 0; i < s->n_realms; i++) {
		size_t owner;

		if (!check_find_address(c->t, &s->realms[i].address, NULL, &owner))
			check_complain(c, s->realms[i].line,
				"realm %s is passed on to %s, which no node has; "
				"it would be the address of a node",
				s->realms[i].name,
				check_address_text(c, &s->realms[i].address, false));
		for (size_t j = 0; j < i; j++)
			if (!strcmp(s->realms[i].name, s->realms[j].name))
				check_complain(c, s->realms[i].line,
					"realm %s is given twice, first in line %u; once would do",
					s->realms[i].name, s->realms[j].line);
	}
}

static void check_dhcp(struct check *c, const struct topology_node *node,
	const struct topology_service *s)
{
	const struct topology_addresses *list = interface_addresses(c, node, s->interface);
	const struct topology_address *own;

	if (!list) {
		check_complain(c, s->line,
			"dhcp serves on %s, which node %s does not have; "
			"it would be %s",
			s->interface, node->name,
			node->kind == NODE_BRIDGE ? "br0" : "an interface of a link or radio");
		return;
	}
	own = ipv4_of(list);
	if (!own) {
		check_complain(c, s->line,
			"dhcp serves on %s:%s, which has no IPv4 address; "
			"it would have one",
			node->name, s->interface);
		return;
	}
	if (!subnet_contains(own, &s->pool[0]) || !subnet_contains(own, &s->pool[1]))
		check_complain(c, s->line,
			"the pool %s - %s is outside the subnet of %s:%s; "
			"it would be in that of %s",
			check_address_text(c, &s->pool[0], false),
			check_address_text(c, &s->pool[1], false), node->name, s->interface,
			check_address_text(c, own, true));
	else
		check_pool_is_free(c, s);
	if (s->router.family && !subnet_contains(own, &s->router))
		check_complain(c, s->line,
			"the router %s is outside the subnet of %s:%s; "
			"it would be in that of %s",
			check_address_text(c, &s->router, false), node->name, s->interface,
			check_address_text(c, own, true));
	for (size_t i = 0; i < s->dns.count; i++)
		if (s->dns.list[i].family != AF_INET)
			check_complain(c, s->dns.list[i].line,
				"the name server %s is not an IPv4 "
				"address; DHCPv4 would tell IPv4 addresses",
				check_address_text(c, &s->dns.list[i], false));
	if (s->lease_s < LEASE_MIN_S)
		check_complain(c, s->line, "the lease is %u s; it would be at least %d s",
			s->lease_s, LEASE_MIN_S);
}

static void check_service(struct check *c, const struct topology_node *node,
	const struct topology_service *s)
{
	if (!has_its_keys(c, s))
		return;
	if (s->kind == SERVICE_DHCP)
		check_dhcp(c, node, s);
	else
		check_realms(c, s);
	for (const struct topology_service *other = node->services; other < s; other++) {
		if (s->kind != other->kind)
			continue;
		if (s->kind == SERVICE_RADIUS) {
			check_complain(c, s->line,
				"a second radius serves on %s, first in line %u; one would do",
				node->name, other->line);
			break;
		}
		if (other->interface && !strcmp(s->interface, other->interface))
			check_complain(c, s->line,
				"a second dhcp serves on "
				"%s:%s, first in line %u; one would do",
				node->name, s->interface, other->line);
	}
}

void check_services(struct check *c)
{
	for (size_t i = 0; i < c->t->n_nodes; i++)
		for (size_t j = 0; j < c->t->nodes[i].n_services; j++)
			check_service(c, &c->t->nodes[i], &c->t->nodes[i].services[j]);
}
