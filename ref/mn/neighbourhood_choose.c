// SPDX-License-Identifier: Apache-2.0
/* Which network and which agent a command means. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "ref/dot1x/dxi_wire.h"
#include "ref/mn/neighbourhood_inside.h"

/* The family that this node's PANA clients speak. */
static uint8_t family_of(const struct mn *mn)
{
	return mn->udp ? udp_local(mn->udp).family : AF_INET;
}

/* A network that stands in no configuration, for that access point. NULL: too many. */
static struct network *make_network(struct mn *mn, const struct neighbour *e)
{
	char bssid[MAC_TEXT];
	struct network *n = mn_network(mn, mac_text(e->bssid, bssid));
	struct network_settings *s;

	if (n)
		return n;
	if (mn->count == mn->settings->networks.count + NETWORKS_FOUND_MAX)
		return NULL;
	s = host_alloc(sizeof(*s));
	s->name = host_strdup(bssid);
	s->ssid = e->ssid[0] ? host_strdup(e->ssid) : NULL;
	s->frequency = e->frequency;
	n = &mn->networks[mn->count++];
	*n = (struct network){ .mn = mn, .settings = s };
	return n;
}

void neighbourhood_free_network(struct network *n)
{
	struct network_settings *s = (struct network_settings *)n->settings;

	free((char *)s->name);
	free((char *)s->ssid);
	free(s);
	n->settings = NULL;
}

/* Has the network's next session go to that agent, unless there is one already. */
static void lead(struct network *n, const struct neighbour *e, const struct endpoint *agent,
	enum neighbour_source source)
{
	char bssid[MAC_TEXT], text[64];

	if (n->pac && pac_open(n->pac))
		return;
	n->paa = *agent;
	n->claimed = source == NEIGHBOUR_BEACON;
	memcpy(n->bssid, e->bssid, 6);
	log_event(n->mn->node->log, "agent_found", "{s:s,s:s,s:s,s:s}", "network",
		n->settings->name, "bssid", mac_text(e->bssid, bssid), "agent",
		endpoint_text(agent, text, sizeof(text)), "source", neighbour_source_name(source));
}

static void refuse_unknown(struct control_request *request, const struct neighbour *e,
	uint8_t family)
{
	char bssid[MAC_TEXT];
	const char *field = neighbour_conflict(e, NEIGHBOUR_BEACON);
	enum neighbour_source source;

	mac_text(e->bssid, bssid);
	if (neighbour_agent(e, 0, &source))
		control_refuse(request, "the agent of %s speaks IPv%d only, this node IPv%d", bssid,
			family == AF_INET ? 6 : 4, family == AF_INET ? 4 : 6);
	else if (field)
		control_refuse(request,
			"what the beacon of %s says contradicts what is known of its %s; it is not "
			"used",
			bssid, field);
	else
		control_refuse(request, "nobody has said which agent %s has", bssid);
}

/* The network for an access point, with its agent; NULL after the request was refused. */
static struct network *network_of(struct mn *mn, struct control_request *request,
	const struct neighbour *e)
{
	enum neighbour_source source;
	const struct endpoint *agent = neighbour_agent(e, family_of(mn), &source);
	char bssid[MAC_TEXT], text[64];
	struct network *n;

	if (!agent) {
		refuse_unknown(request, e, family_of(mn));
		return NULL;
	}
	if (neighbourhood_foreign(mn, e, agent, source)) {
		control_refuse(request,
			"the beacon of %s names the agent %s, and the configuration names another "
			"for %s; it is not used",
			mac_text(e->bssid, bssid), endpoint_text(agent, text, sizeof(text)),
			e->ssid);
		return NULL;
	}
	n = neighbourhood_configured(mn, e, agent);
	if (!n)
		n = make_network(mn, e);
	if (!n)
		control_refuse(request, "there are too many networks already");
	else if (!n->settings->paa.family)
		lead(n, e, agent, source);
	return n;
}

void neighbourhood_complete(struct mn *mn, struct network *n)
{
	const struct neighbour *e;
	enum neighbour_source source;
	const struct endpoint *agent;

	if (!mn->neighbourhood || !n || n->settings->paa.family || !n->settings->ssid)
		return;
	e = neighbours_named(mn->neighbourhood->table, n->settings->ssid);
	agent = e ? neighbour_agent(e, family_of(mn), &source) : NULL;
	if (agent)
		lead(n, e, agent, source);
}

json_t *neighbourhood_choose(struct mn *mn, struct control_request *request,
	const json_t *arguments)
{
	const char *name = control_text(arguments, "network");
	struct network *n = mn_network(mn, name);
	const struct neighbour *e = NULL;
	uint8_t bssid[6];
	json_t *chosen;

	if (!mn->neighbourhood || !name)
		return json_incref((json_t *)arguments);
	neighbours_expire(mn->neighbourhood->table, neighbourhood_now());
	if (n && n < mn->networks + mn->settings->networks.count) {
		neighbourhood_complete(mn, n);
		return json_incref((json_t *)arguments);
	}
	if (mac_parse(name, bssid) == 0) {
		e = neighbours_find(mn->neighbourhood->table, bssid);
		if (!e) {
			control_refuse(request, "nothing is known of the access point %s", name);
			return NULL;
		}
	} else {
		e = neighbours_named(mn->neighbourhood->table, name);
	}
	if (!e) /* whoever carries the command out says so */
		return json_incref((json_t *)arguments);
	n = network_of(mn, request, e);
	if (!n)
		return NULL;
	chosen = json_copy((json_t *)arguments);
	json_object_set_new(chosen, "network", json_string(n->settings->name));
	return chosen;
}

/* --- 802.1X over IP --------------------------------------------------------------------------- */

/* The network of the configuration with that name on the air; one that has dot1x before others. */
static struct network *network_on_air(struct mn *mn, const char *ssid)
{
	struct network *found = NULL;

	for (unsigned i = 0; i < mn->settings->networks.count; i++) {
		struct network *n = &mn->networks[i];
		if (n->settings->ssid && strcmp(n->settings->ssid, ssid) == 0 &&
			(!found || (n->settings->dot1x && !found->settings->dot1x)))
			found = n;
	}
	return found;
}

static const struct neighbour *find_access_point(struct mn *mn, const char *name)
{
	const struct neighbours *table = mn->neighbourhood->table;
	const struct network *n = mn_network(mn, name);
	uint8_t bssid[6];

	neighbours_expire(mn->neighbourhood->table, neighbourhood_now());
	if (mac_parse(name, bssid) == 0)
		return neighbours_find(table, bssid);
	return neighbours_named(table, n && n->settings->ssid ? n->settings->ssid : name);
}

/* Where it is reached; refuses when nobody has said. */
static bool find_server(struct control_request *request, const struct neighbour *e,
	struct access_point *out)
{
	const struct dot1x_settings *configured = out->network->settings->dot1x;
	enum neighbour_source source = NEIGHBOUR_STATIC;
	const struct endpoint *address = neighbour_address(e, &source);
	char bssid[MAC_TEXT], text[64];

	mac_text(e->bssid, bssid);
	if (!configured && !address) {
		control_refuse(request, "nobody has said at which address %s is", bssid);
		return false;
	}
	out->server = configured ? configured->server : *address;
	if (!configured)
		out->server.port = htons(DXI_PORT);
	log_event(out->network->mn->node->log, "server_found", "{s:s,s:s,s:s,s:s}", "network",
		out->network->settings->name, "bssid", bssid, "server",
		endpoint_text(&out->server, text, sizeof(text)), "source",
		configured ? "configuration" : neighbour_source_name(source));
	return true;
}

bool neighbourhood_access_point(struct mn *mn, struct control_request *request, const char *name,
	struct access_point *out)
{
	const struct neighbour *e = name && mn->neighbourhood ? find_access_point(mn, name) : NULL;

	if (!e) {
		control_refuse(request,
			name && mn_network(mn, name) ?
				"network %s has no dot1x in the configuration, and no access point "
				"of it is known" :
				"%s is no network of the configuration, and no access point that is "
				"known",
			name ? name : "(nothing)");
		return false;
	}
	out->network = network_on_air(mn, e->ssid);
	if (!out->network)
		out->network = make_network(mn, e);
	if (!out->network) {
		control_refuse(request, "there are too many networks already");
		return false;
	}
	memcpy(out->bssid, e->bssid, sizeof(out->bssid));
	return find_server(request, e, out);
}
