// SPDX-License-Identifier: Apache-2.0
/* The neighbourhood as the command shows it, and what the configuration has to say to it. */
#include <stdlib.h>

#include "ref/mn/neighbourhood_inside.h"

static bool of_network(const struct network *n, const struct neighbour *e)
{
	return n->settings->ssid && e->ssid[0] && strcmp(n->settings->ssid, e->ssid) == 0;
}

struct network *neighbourhood_configured(struct mn *mn, const struct neighbour *e,
	const struct endpoint *agent)
{
	struct network *open = NULL;

	for (unsigned i = 0; i < mn->settings->networks.count; i++) {
		struct network *n = &mn->networks[i];
		if (!of_network(n, e))
			continue;
		if (!n->settings->paa.family)
			open = open ? open : n;
		else if (agent && endpoint_equal(&n->settings->paa, agent))
			return n;
	}
	return open;
}

bool neighbourhood_foreign(struct mn *mn, const struct neighbour *e, const struct endpoint *agent,
	enum neighbour_source source)
{
	bool named = false;

	if (source != NEIGHBOUR_BEACON)
		return false;
	for (unsigned i = 0; i < mn->settings->networks.count; i++)
		named |= of_network(&mn->networks[i], e);
	return named && !neighbourhood_configured(mn, e, agent);
}

/* --- texts ------------------------------------------------------------------------------------ */

/* Lists are shown in one cell. */
struct cell {
	char text[512];
};

static void add(struct cell *c, const char *item)
{
	size_t used = strlen(c->text);
	snprintf(c->text + used, sizeof(c->text) - used, "%s%s", used ? " " : "", item);
}

static struct cell addresses_of(const struct ap_info *info)
{
	struct cell c = { "" };
	char text[PREFIX_TEXT];

	for (unsigned i = 0; i < info->address_count; i++) {
		struct prefix p = prefix_of_endpoint(&info->addresses[i]);
		add(&c, address_text(&p, text));
	}
	return c;
}

static struct cell prefixes_of(const struct ap_info *info)
{
	struct cell c = { "" };
	char text[PREFIX_TEXT];

	for (unsigned i = 0; i < info->prefix_count; i++) {
		struct prefix p = prefix_of_endpoint(&info->prefixes[i].network);
		p.length = info->prefixes[i].length;
		add(&c, prefix_text(&p, text));
	}
	return c;
}

static struct cell agents_of(const struct ap_info *info)
{
	struct cell c = { "" };
	char text[64];

	for (unsigned i = 0; i < info->agent_count; i++)
		add(&c, endpoint_text(&info->agents[i], text, sizeof(text)));
	return c;
}

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

/* --- rows ------------------------------------------------------------------------------------- */

/* The best word on each thing; what is contradicted is nobody's word. */
static const struct ap_info *best(const struct neighbour *e, bool (*says)(const struct ap_info *))
{
	for (unsigned s = 0; s < NEIGHBOUR_SOURCES; s++)
		if (e->records[s].known && says(&e->records[s].info) &&
			!neighbour_conflict(e, (enum neighbour_source)s))
			return &e->records[s].info;
	return NULL;
}

static bool says_address(const struct ap_info *info)
{
	return info->address_count;
}

static bool says_prefix(const struct ap_info *info)
{
	return info->prefix_count;
}

static bool says_domain(const struct ap_info *info)
{
	return info->domain[0];
}

static struct cell conflicts_of(struct mn *mn, const struct neighbour *e)
{
	struct cell c = { "" };
	char text[64];

	for (unsigned s = 0; s < NEIGHBOUR_SOURCES; s++) {
		const char *field = neighbour_conflict(e, (enum neighbour_source)s);
		const struct ap_info *info = &e->records[s].info;
		for (unsigned i = 0; !field && e->records[s].known && i < info->agent_count; i++)
			if (neighbourhood_foreign(mn, e, &info->agents[i],
				    (enum neighbour_source)s))
				field = "agent";
		if (!field)
			continue;
		snprintf(text, sizeof(text), "%s: %s",
			neighbour_source_name((enum neighbour_source)s), field);
		add(&c, text);
	}
	return c;
}

static json_t *neighbour_json(struct mn *mn, const struct neighbour *e)
{
	enum neighbour_source source = NEIGHBOUR_SOURCES;
	const struct endpoint *agent = neighbour_agent(e, 0, &source);
	const struct network *network;
	struct cell conflict = conflicts_of(mn, e), address = { "" }, prefix = { "" };
	const struct ap_info *info;
	char bssid[MAC_TEXT], text[64] = "";
	bool usable = agent && !neighbourhood_foreign(mn, e, agent, source);

	network = neighbourhood_configured(mn, e, agent);
	if ((info = best(e, says_address)))
		address = addresses_of(info);
	if ((info = best(e, says_prefix)))
		prefix = prefixes_of(info);
	info = best(e, says_domain);
	if (agent)
		endpoint_text(agent, text, sizeof(text));
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:o,s:b,s:o}", "bssid",
		mac_text(e->bssid, bssid), "name", text_or_null(e->name), "ssid",
		text_or_null(e->ssid), "network",
		text_or_null(network ? network->settings->name : NULL), "address",
		text_or_null(address.text), "prefix", text_or_null(prefix.text), "domain",
		text_or_null(info ? info->domain : NULL), "agent", text_or_null(text), "source",
		text_or_null(agent ? neighbour_source_name(source) : NULL), "authenticated",
		agent && source != NEIGHBOUR_BEACON, "age_s",
		agent && source != NEIGHBOUR_STATIC ?
			json_integer(neighbourhood_now() - e->records[source].learnt) :
			json_null(),
		"usable", usable, "conflict", text_or_null(conflict.text));
}

static void add_records(json_t *list, const struct neighbour *e)
{
	char bssid[MAC_TEXT], teller[64];

	for (unsigned s = 0; s < NEIGHBOUR_SOURCES; s++) {
		const struct neighbour_record *r = &e->records[s];
		if (!r->known)
			continue;
		struct cell address = addresses_of(&r->info), prefix = prefixes_of(&r->info),
			    agents = agents_of(&r->info);
		json_array_append_new(list,
			json_pack("{s:s,s:s,s:o,s:o,s:b,s:o,s:o,s:o,s:o,s:o}", "bssid",
				mac_text(e->bssid, bssid), "source",
				neighbour_source_name((enum neighbour_source)s), "teller",
				r->teller.family ? json_string(endpoint_text(&r->teller, teller,
							   sizeof(teller)))
						 : json_null(),
				"age_s",
				s == NEIGHBOUR_STATIC ?
					json_null() :
					json_integer(neighbourhood_now() - r->learnt),
				"remembered", r->remembered, "address", text_or_null(address.text),
				"prefix", text_or_null(prefix.text), "agents",
				text_or_null(agents.text), "domain", text_or_null(r->info.domain),
				"contradicts",
				text_or_null(neighbour_conflict(e, (enum neighbour_source)s))));
	}
}

static json_t *networks_json(struct mn *mn)
{
	json_t *list = json_array();
	char paa[64];

	for (unsigned i = 0; i < mn->count; i++) {
		const struct network *n = &mn->networks[i];
		json_array_append_new(list,
			json_pack("{s:s,s:s*,s:o,s:b}", "network", n->settings->name, "ssid",
				n->settings->ssid, "paa",
				n->paa.family ? json_string(endpoint_text(&n->paa, paa, sizeof(paa)))
					      : json_null(),
				"serving", mn->serving == n));
	}
	return list;
}

static json_t *distrusted_json(const struct neighbourhood *n)
{
	json_t *list = json_array();
	char mac[MAC_TEXT], text[64];
	const struct endpoint *agent;
	const uint8_t *bssid;
	int64_t until;

	for (unsigned i = 0; neighbours_distrusted(n->table, i, &bssid, &agent, &until); i++)
		json_array_append_new(list,
			json_pack("{s:s,s:s,s:I}", "bssid", mac_text(bssid, mac), "agent",
				endpoint_text(agent, text, sizeof(text)), "for_s",
				(json_int_t)(until - neighbourhood_now())));
	return list;
}

static json_t *rejected_json(const struct neighbourhood *n)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < REJECT_COUNT; i++)
		if (n->rejected[i])
			json_object_set_new(o, reject_name((enum reject_reason)i),
				json_integer(n->rejected[i]));
	return o;
}

json_t *neighbourhood_json(struct mn *mn)
{
	struct neighbourhood *n = mn->neighbourhood;
	json_t *neighbours = json_array(), *records = json_array();

	if (!n) {
		json_decref(records);
		return json_pack("{s:o,s:o}", "networks", networks_json(mn), "neighbours",
			neighbours);
	}
	neighbours_expire(n->table, neighbourhood_now());
	for (unsigned i = 0; i < neighbours_count(n->table); i++) {
		json_array_append_new(neighbours, neighbour_json(mn, neighbours_at(n->table, i)));
		add_records(records, neighbours_at(n->table, i));
	}
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "networks", networks_json(mn), "neighbours",
		neighbours, "records", records, "distrusted", distrusted_json(n), "rejected",
		rejected_json(n));
}
