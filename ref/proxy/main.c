// SPDX-License-Identifier: Apache-2.0
/*
 * baton-proxy: IEEE 802.1X over IP for stations that are still elsewhere (docs/dot1x-over-ip.md).
 *
 * With `lan` it is the proxy of section 5: stations come by TCP, and on the LAN it speaks 802.11i
 * pre-authentication with their own MAC addresses, so that a stock hostapd serves them. With `eap`
 * it is the authenticator itself, and each PMK it makes goes to the event `dxi_authenticated` and
 * to hostapd, if one is named.
 *
 * struct proxy is the node; each connection is a stream of the host and a dxi_connection of the
 * engine, tied together by struct client.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/crypto.h"
#include "ref/dot1x/dxi_server.h"
#include "ref/eap/eap_server.h"
#include "ref/host/frames.h"
#include "ref/host/stream.h"
#include "ref/host/wpa.h"
#include "ref/proxy/settings.h"

#define PMK_LIFETIME 43200 /* seconds; hostapd's own default for a cached PMK */

struct proxy {
	struct node *node;
	const struct proxy_settings *settings;
	struct stream_listener *listener;
	struct frames *lan;
	struct dxi_server *server;
	struct eap_users *users;
	struct wpa *hostapd;
	struct timer *timer;
	unsigned connections_max;
};

struct client {
	struct proxy *proxy;
	struct stream *stream;
	struct dxi_connection *connection;
	bool ending; /* carried out what the engine wants, it is to go */
};

static const char *dxi_mac_text(uint64_t mac, char out[MAC_TEXT])
{
	uint8_t octets[6];

	dxi_mac_octets(mac, octets);
	return mac_text(octets, out);
}

/* --- what the engine wants -------------------------------------------------------------------- */

static void end_client(struct client *c, bool flush)
{
	struct proxy *p = c->proxy;

	dxi_server_closed(p->server, c->connection);
	stream_close(c->stream, flush);
	free(c);
	timer_set(p->timer, dxi_server_due(p->server));
}

/* hostapd caches the key for the station, as if it had authenticated over the air. */
static void give_to_hostapd(struct proxy *p, const struct dxi_port *port)
{
	uint8_t bssid[6], station[6], pmkid[16];
	char address[MAC_TEXT], hex[2][65] = { "", "" };

	if (!p->hostapd)
		return;
	dxi_mac_octets(port->bssid, bssid);
	dxi_mac_octets(port->station, station);
	eapol_pmkid(port->pmk, bssid, station, pmkid);
	for (unsigned i = 0; i < sizeof(pmkid); i++)
		snprintf(hex[0] + 2 * i, 3, "%02x", pmkid[i]);
	for (unsigned i = 0; i < sizeof(port->pmk); i++)
		snprintf(hex[1] + 2 * i, 3, "%02x", port->pmk[i]);
	if (wpa_command(p->hostapd, NULL, "PMKSA_ADD %s %s %s %d 1",
		    dxi_mac_text(port->station, address), hex[0], hex[1], PMK_LIFETIME) < 0)
		log_warning(p->node->log, "hostapd does not take the key of %s", address);
	wipe(hex, sizeof(hex));
}

static void log_port(struct proxy *p, const char *event, const struct dxi_port *port)
{
	char station[MAC_TEXT], bssid[MAC_TEXT];

	log_event(p->node->log, event, "{s:s,s:s}", "station", dxi_mac_text(port->station, station),
		"bssid", dxi_mac_text(port->bssid, bssid));
}

/* Clients that are to end when all is carried out. */
struct ending {
	struct client *list[2 * ACTIONS_MAX];
	unsigned count;
};

static void take_one(struct proxy *p, const struct action *a, struct ending *ending)
{
	struct dxi_connection *connection = (struct dxi_connection *)a->session;
	struct client *c;

	switch ((enum dxi_server_event)a->event) {
	case DXI_SERVER_SEND:
		c = dxi_connection_owner(connection);
		stream_send(c->stream, a->data);
		break;
	case DXI_SERVER_DISCONNECT:
		c = dxi_connection_owner(connection);
		c->ending = true;
		ending->list[ending->count++] = c;
		break;
	case DXI_SERVER_PAUSE:
	case DXI_SERVER_RESUME:
		c = dxi_connection_owner(connection);
		stream_pause(c->stream, a->event == DXI_SERVER_PAUSE);
		break;
	case DXI_SERVER_LAN_SEND:
		if (p->lan)
			frames_send(p->lan, a->data);
		break;
	case DXI_SERVER_OPENED:
		log_event(p->node->log, "dxi_opened", NULL);
		break;
	case DXI_SERVER_AUTHENTICATED:
		give_to_hostapd(p, a->session);
		log_port(p, "dxi_authenticated", a->session);
		break;
	case DXI_SERVER_FAILED:
		log_port(p, "dxi_failed", a->session);
		break;
	case DXI_SERVER_REJECTED:
		log_reject(p->node->log, "dxi_rejected", NULL, &a->reject);
		break;
	}
}

/* DXI §6: how much waits for a connection to which something was sent. */
static void watch_queue(struct proxy *p, struct client *c, struct ending *ending)
{
	struct actions more;

	if (c->ending)
		return;
	actions_clear(&more);
	dxi_server_queued(p->server, c->connection, stream_queued(c->stream), &more);
	for (unsigned i = 0; i < more.count; i++)
		take_one(p, &more.list[i], ending);
}

/* False when `self` (may be NULL) is no more. */
static bool take(struct proxy *p, const struct actions *actions, const struct client *self)
{
	struct ending ending = { .count = 0 };
	bool there = true;

	for (unsigned i = 0; i < actions->count; i++)
		take_one(p, &actions->list[i], &ending);
	for (unsigned i = 0; i < actions->count; i++)
		if (actions->list[i].event == DXI_SERVER_SEND)
			watch_queue(p, dxi_connection_owner(actions->list[i].session), &ending);
	while (ending.count) {
		struct client *c = ending.list[--ending.count];
		there &= c != self;
		end_client(c, true);
	}
	timer_set(p->timer, dxi_server_due(p->server));
	return there;
}

/* --- from the host ---------------------------------------------------------------------------- */

static void client_received(void *context, struct view octets)
{
	struct client *c = context;
	struct proxy *p = c->proxy;
	struct actions actions;
	bool there = true;

	while (there && octets.size) {
		actions_clear(&actions);
		octets = dxi_server_input(p->server, c->connection, octets, loop_now(), &actions);
		there = take(p, &actions, c);
	}
}

static void client_drained(void *context)
{
	struct client *c = context;
	struct proxy *p = c->proxy;
	struct actions actions;

	actions_clear(&actions);
	dxi_server_queued(p->server, c->connection, stream_queued(c->stream), &actions);
	take(p, &actions, c);
}

static void client_closed(void *context, const char *why)
{
	struct client *c = context;

	log_debug(c->proxy->node->log, "a connection ends: %s", why);
	end_client(c, false);
}

static void accepted(void *context, struct stream *stream, const struct endpoint *peer)
{
	static const struct stream_events events = { .received = client_received,
		.drained = client_drained,
		.closed = client_closed };
	struct proxy *p = context;
	struct actions actions;

	actions_clear(&actions);
	struct dxi_connection *connection =
		dxi_server_accept(p->server, peer, loop_now(), &actions);
	if (!connection) {
		stream_close(stream, false);
		return;
	}
	struct client *c = host_alloc(sizeof(*c));
	*c = (struct client){ p, stream, connection, false };
	dxi_connection_set_owner(connection, c);
	stream_set_events(stream, &events, c);
	take(p, &actions, NULL);
}

static void lan_received(void *context, const struct frame *frame)
{
	struct proxy *p = context;
	struct actions actions;

	if (frame->outgoing)
		return;
	actions_clear(&actions);
	dxi_server_lan_input(p->server, frame->data, loop_now(), &actions);
	take(p, &actions, NULL);
}

static void timer_due(void *context)
{
	struct proxy *p = context;
	struct actions actions;

	actions_clear(&actions);
	dxi_server_tick(p->server, loop_now(), &actions);
	take(p, &actions, NULL);
}

/* --- the authenticator's own EAP -------------------------------------------------------------- */

static struct eap_end *new_eap(void *context, const struct dxi_port *port)
{
	struct proxy *p = context;
	(void)port;

	return eap_server_new(&(struct eap_server_config){ .lookup = eap_users_find,
		.lookup_context = p->users,
		.server_id = p->settings->eap->server_id,
		.random = &p->node->random });
}

static void load_users(struct proxy *p)
{
	const struct proxy_user *users = p->settings->eap->users.items;

	p->users = eap_users_new();
	for (size_t i = 0; i < p->settings->eap->users.count; i++) {
		struct eap_user user = { .methods = { EAP_TYPE_PSK }, .has_psk = true };
		snprintf(user.identity, sizeof(user.identity), "%s", users[i].identity);
		memcpy(user.psk, users[i].psk.data, sizeof(user.psk));
		if (eap_users_add(p->users, &user) < 0)
			log_warning(p->node->log, "user %s stands twice", user.identity);
		wipe(&user, sizeof(user));
	}
}

/* --- commands --------------------------------------------------------------------------------- */

static json_t *by_name(const uint64_t *counts, unsigned n, const char *(*name)(uint64_t))
{
	json_t *object = json_object();

	for (unsigned i = 1; i < n; i++)
		if (counts[i])
			json_object_set_new(object, name(i), json_integer((json_int_t)counts[i]));
	return object;
}

static const char *reason_name(uint64_t reason)
{
	return reject_name((enum reject_reason)reason);
}

static void cmd_status(void *node, struct control_request *request, const json_t *arguments)
{
	struct proxy *p = ((struct node *)node)->state;
	const struct dxi_counters *n = dxi_server_counters(p->server);
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "connections", dxi_server_connections(p->server) },
		{ "connections_max", p->connections_max },
		{ "accepted", n->accepted },
		{ "refused_address", n->refused_address },
		{ "refused_total", n->refused_total },
		{ "evicted", n->evicted },
		{ "opened", n->opened },
		{ "frames_in", n->frames_in },
		{ "frames_out", n->frames_out },
		{ "keys_dropped", n->keys_dropped },
		{ "probes", n->probes },
	};
	json_t *answer = json_object();

	(void)arguments;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_object_set_new(answer, rows[i].name, json_integer((json_int_t)rows[i].value));
	json_object_set_new(answer, "refused", by_name(n->refused, DXI_ERRORS, dxi_error_name));
	json_object_set_new(answer, "rejected", by_name(n->rejected, REJECT_COUNT, reason_name));
	control_answer(request, answer);
}

static void add_station(void *context, const struct endpoint *peer, const struct dxi_port *port)
{
	char from[64], station[MAC_TEXT], bssid[MAC_TEXT];

	json_array_append_new(context,
		json_pack("{s:s,s:s,s:s,s:b}", "station", dxi_mac_text(port->station, station),
			"bssid", dxi_mac_text(port->bssid, bssid), "from",
			endpoint_text(peer, from, sizeof(from)), "authenticated",
			port->authenticated));
}

static void cmd_stations(void *node, struct control_request *request, const json_t *arguments)
{
	struct proxy *p = ((struct node *)node)->state;
	json_t *list = json_array();

	(void)arguments;
	dxi_server_each_port(p->server, add_station, list);
	control_answer(request, json_pack("{s:o}", "stations", list));
}

static const struct control_command commands[] = {
	{ "status", "", "connections and counters", cmd_status },
	{ "stations", "", "stations that are served, and where they are", cmd_stations },
	{ "quit", "", "end the node cleanly", node_quit },
	{ NULL, NULL, NULL, NULL },
};

/* --- life ------------------------------------------------------------------------------------- */

static void ignore_hostapd(void *context, const char *text)
{
	(void)context, (void)text;
}

static void make_server(struct proxy *p)
{
	unsigned room = stream_room(DXI_CONNECTIONS_MAX);
	struct dxi_server_config config = { .proxy = p->settings->lan != NULL,
		.keep_alive = (uint16_t)p->settings->keep_alive,
		.connections_max = room ? room : 1,
		.context = p,
		.eap_new = new_eap };
	const struct proxy_bssid *list = p->settings->bssids.items;

	p->connections_max = room;
	if (room < DXI_CONNECTIONS_MAX)
		log_warning(p->node->log, "open files allow %u connections; raise their limit", room);
	for (size_t i = 0; i < p->settings->bssids.count; i++)
		config.bssids[config.bssid_count++] = dxi_mac(list[i].bssid);
	p->server = dxi_server_new(&config);
}

static int open_lan(struct proxy *p)
{
	p->lan = frames_open(p->node->loop, p->settings->lan, EAPOL_PREAUTH_ETHERTYPE, 0,
		lan_received, p);
	if (!p->lan || frames_promiscuous(p->lan) < 0) {
		log_error(p->node->log, "the LAN at %s: %s", p->settings->lan, strerror(errno));
		return -1;
	}
	return 0;
}

static int start(struct node *node)
{
	struct proxy *p = host_alloc(sizeof(*p));
	char where[64];

	p->node = node;
	p->settings = node->settings;
	node->state = p;
	make_server(p);
	p->timer = timer_new(node->loop, timer_due, p);
	if (p->settings->eap)
		load_users(p);
	if (p->settings->lan && open_lan(p) < 0)
		return -1;
	if (p->settings->hostapd) {
		p->hostapd = wpa_open(node->loop, p->settings->hostapd, "/tmp", ignore_hostapd, p);
		if (!p->hostapd) {
			log_error(node->log, "hostapd at %s: %s", p->settings->hostapd,
				strerror(errno));
			return -1;
		}
	}
	p->listener = stream_listen(node->loop, &p->settings->listen, accepted, p);
	if (!p->listener) {
		log_error(node->log, "listening at %s: %s",
			endpoint_text(&p->settings->listen, where, sizeof(where)), strerror(errno));
		return -1;
	}
	return 0;
}

static void stop(struct node *node)
{
	struct proxy *p = node->state;

	if (!p)
		return;
	stream_listener_close(p->listener);
	frames_close(p->lan);
	wpa_close(p->hostapd);
	timer_free(p->timer);
	dxi_server_free(p->server);
	if (p->users)
		eap_users_free(p->users);
	free(p);
}

static const struct program program = {
	.name = "baton-proxy",
	.summary = "IEEE 802.1X over IP: proxy for access points, or authenticator",
	.rows = proxy_rows,
	.settings_size = sizeof(struct proxy_settings),
	.check = proxy_check,
	.start = start,
	.stop = stop,
	.commands = commands,
};

int main(int argc, char **argv)
{
	return program_main(&program, argc, argv);
}
