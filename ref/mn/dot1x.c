// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "ref/ends/dxi_station.h"
#include "ref/mn/client.h"
#include "ref/mn/dot1x.h"
#include "ref/mn/neighbourhood.h"
#include "ref/mn/station_keys.h"
#include "ref/node/ap_key.h"

#define PATIENCE (20 * BTIME_S)
#define PMK_LIFETIME 43200 /* seconds; hostapd's own default for a cached PMK */

/* The access points of one network, and who waits for them. */
struct attempt {
	struct mn *mn;
	struct network *network;
	struct dxi_station *station; /* NULL: nothing was asked for yet */
	struct endpoint server;	     /* the station's */
	struct control_request *request;
	struct timer *patience;
	json_t *list; /* results so far; NULL: nothing is under way */
	unsigned left, good;
	json_t *last; /* the list of the last attempt that has ended; NULL: none has */
	bool last_good;
};

struct mn_dot1x {
	struct mn *mn;
	struct attempt *attempts; /* one for each network that can be, in its order */
	unsigned count;
};

/* --- the end of an attempt -------------------------------------------------------------------- */

static void settle(struct attempt *a, const char *why)
{
	struct control_request *request = a->request;
	json_t *list = a->list;

	a->request = NULL;
	a->list = NULL;
	timer_set(a->patience, BTIME_NEVER);
	if (request && why)
		control_refuse(request, "%s", why);
	else if (request)
		control_answer(request, json_pack("{s:s,s:O}", "network",
			a->network->settings->name, "access_points", list));
	json_decref(a->last);
	a->last = list;
	a->last_good = !why;
}

static void out_of_patience(void *context)
{
	struct attempt *a = context;

	dxi_station_abandon(a->station);
	log_event(a->mn->node->log, "dot1x_failed", "{s:s,s:s}", "network",
		a->network->settings->name, "reason", "no answer in time");
	settle(a, "no answer in time");
}

/* --- from the station ------------------------------------------------------------------------- */

static void failed(struct attempt *a, const char *bssid, const char *why)
{
	log_event(a->mn->node->log, "dot1x_failed", "{s:s,s:s,s:s}", "network",
		a->network->settings->name, "bssid", bssid, "reason", why);
	json_array_append_new(a->list, json_pack("{s:s,s:s}", "bssid", bssid, "failure", why));
}

static void authenticated(struct attempt *a, const char *bssid, const struct dxi_target *t)
{
	char pmkid[2 * sizeof(t->pmkid) + 1];
	bool installed = a->mn->station_keys != NULL;

	hex_text(t->pmkid, sizeof(t->pmkid), pmkid);
	if (installed && station_keys_store(a->mn->station_keys, a->network, t->bssid, t->pmk,
				 PMK_LIFETIME) < 0) {
		failed(a, bssid, "wpa_supplicant does not take the key");
		return;
	}
	a->good++;
	json_t *cost = eap_cost_json(t->method, &t->cost);
	json_object_set_new(cost, "network", json_string(a->network->settings->name));
	json_object_set_new(cost, "bssid", json_string(bssid));
	log_event_json(a->mn->node->log, "eap_completed", cost);
	log_event(a->mn->node->log, "dot1x_authenticated", "{s:s,s:s,s:s,s:b}", "network",
		a->network->settings->name, "bssid", bssid, "pmkid", pmkid, "installed",
		installed);
	json_array_append_new(a->list, json_pack("{s:s,s:s,s:b}", "bssid", bssid, "pmkid", pmkid,
		"installed", installed));
}

static void result(void *context, const struct dxi_target *t)
{
	struct attempt *a = context;
	char bssid[18];

	if (!a->list)
		return;
	mac_text(t->bssid, bssid);
	if (t->state == DXI_TARGET_AUTHENTICATED)
		authenticated(a, bssid, t);
	else
		failed(a, bssid, t->failure);
	if (--a->left)
		return;
	const char *why = json_string_value(
		json_object_get(json_array_get(a->list, 0), "failure"));
	settle(a, a->good ? NULL : why ? why : "it failed");
}

static void trouble(void *context, const char *why)
{
	const struct attempt *a = context;

	log_event(a->mn->node->log, "dot1x_trouble", "{s:s,s:s}", "network",
		a->network->settings->name, "reason", why);
}

static void rejected(void *context, const struct reject *why)
{
	const struct attempt *a = context;

	log_reject(a->mn->node->log, "dot1x_rejected", NULL, why);
}

static struct eap_end *new_peer(void *context)
{
	const struct attempt *a = context;
	return client_eap_peer(a->mn);
}

/* --- the command ------------------------------------------------------------------------------ */

bool mn_dot1x_is_meant(struct mn *mn, const json_t *arguments)
{
	const struct network *n = mn_network(mn, control_text(arguments, "network"));

	return json_is_true(json_object_get(arguments, "dot1x")) ||
		(n && n->settings->dot1x && !n->settings->paa.family);
}

/* A station whose server is that one; false when it would have no address of its own. */
static bool aim(struct attempt *a, const struct endpoint *server)
{
	const struct dot1x_settings *s = a->network->settings->dot1x;
	static const uint8_t none[6];
	struct dxi_station_config config = { .loop = a->mn->node->loop,
		.server = *server,
		.keep_alive = s ? (uint16_t)s->keep_alive : 0,
		.context = a,
		.eap_new = new_peer,
		.result = result,
		.trouble = trouble,
		.rejected = rejected };

	if (a->station && endpoint_equal(&a->server, server))
		return true;
	if (s)
		memcpy(config.station, s->station, sizeof(config.station));
	if (memcmp(config.station, none, sizeof(none)) == 0 && a->mn->station_keys)
		station_keys_mac(a->mn->station_keys, config.station);
	if (memcmp(config.station, none, sizeof(none)) == 0)
		return false;
	dxi_station_free(a->station);
	a->station = dxi_station_new(&config);
	a->server = *server;
	if (!a->patience)
		a->patience = timer_new(a->mn->node->loop, out_of_patience, a);
	return true;
}

/* Authenticates to `one` access point, or to all of the configuration. */
static void begin(struct attempt *a, const uint8_t *one)
{
	const struct dot1x_settings *s = a->network->settings->dot1x;
	char server[64];

	a->list = json_array();
	a->left = one ? 1 : (unsigned)s->access_points.count;
	a->good = 0;
	timer_set(a->patience, btime_add(loop_now(), PATIENCE));
	log_event(a->mn->node->log, "dot1x_started", "{s:s,s:s}", "network",
		a->network->settings->name, "server",
		endpoint_text(&a->server, server, sizeof(server)));
	if (one) {
		dxi_station_authenticate(a->station, one);
		return;
	}
	const struct access_point_settings *list = s->access_points.items;
	for (size_t i = 0; i < s->access_points.count; i++)
		dxi_station_authenticate(a->station, list[i].bssid);
}

void mn_dot1x_cmd_preauth(void *node, struct control_request *request, const json_t *arguments)
{
	struct mn *mn = ((struct node *)node)->state;
	const char *name = control_text(arguments, "network");
	struct network *n = mn_network(mn, name);
	bool all = n && n->settings->dot1x;
	struct access_point one = { .network = n };

	if (all)
		one.server = n->settings->dot1x->server;
	else if (!neighbourhood_access_point(mn, request, name, &one))
		return;
	struct attempt *a = &mn->dot1x->attempts[one.network - mn->networks];
	if (a->list) {
		control_refuse(request, "this is under way already");
		return;
	}
	if (!aim(a, &one.server)) {
		control_refuse(request, "this node has no address on that network's air; give keys "
			"in the configuration, so that it takes wpa_supplicant's");
		return;
	}
	if (json_is_false(json_object_get(arguments, "wait")))
		control_answer(request, json_pack("{s:s}", "network", one.network->settings->name));
	else
		a->request = request;
	begin(a, all ? NULL : one.bssid);
}

json_t *mn_dot1x_json(const struct mn_dot1x *d, const struct network *network)
{
	const struct attempt *a = &d->attempts[network - d->mn->networks];
	const char *state = a->list ? "starting" :
		!a->last	    ? "none" :
		a->last_good	    ? "authenticated" : "failed";

	if (!a->station && !network->settings->dot1x)
		return NULL;
	return json_pack("{s:s,s:O*}", "dot1x_state", state, "dot1x", a->last);
}

/* --- life ------------------------------------------------------------------------------------- */

struct mn_dot1x *mn_dot1x_new(struct mn *mn)
{
	struct mn_dot1x *d = host_alloc(sizeof(*d));

	d->mn = mn;
	d->count = (unsigned)mn->settings->networks.count + NETWORKS_FOUND_MAX;
	d->attempts = host_alloc(d->count * sizeof(*d->attempts));
	for (unsigned i = 0; i < d->count; i++)
		d->attempts[i] = (struct attempt){ .mn = mn, .network = &mn->networks[i] };
	return d;
}

void mn_dot1x_free(struct mn_dot1x *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < d->count; i++) {
		struct attempt *a = &d->attempts[i];
		if (a->list)
			settle(a, "the node is shutting down");
		dxi_station_free(a->station);
		timer_free(a->patience);
		json_decref(a->last);
	}
	free(d->attempts);
	free(d);
}
