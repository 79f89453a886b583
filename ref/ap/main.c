// SPDX-License-Identifier: Apache-2.0
/*
 * baton-ap: what stands beside hostapd on an access point. It puts hostapd's own word on who came
 * and went into the common event log, so that a handoff can be seen from both ends of the air.
 *
 * hostapd may start later than this node, and may be restarted: the connection is made again.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ap/announce.h"
#include "ref/ap/keys.h"
#include "ref/host/program.h"
#include "ref/host/wpa.h"

#define AGAIN BTIME_S
#define STATIONS_MAX 64
#define MAC_TEXT 18

struct ap_settings {
	struct program_settings program;
	const char *hostapd, *sockets;
	struct key_settings *keys; /* NULL: none are taken */
	struct announce_settings *announce; /* NULL: nothing is */
};

#define AT(member) .offset = offsetof(struct ap_settings, member)

static const struct config_row rows[] = {
	PROGRAM_ROWS("ap", "/run/baton/ap.sock"),
	{ .key = "hostapd", .kind = CONFIG_PATH, AT(hostapd), .required = true,
	  .help = "Control socket of hostapd." },
	{ .key = "sockets", .kind = CONFIG_PATH, AT(sockets), .otherwise = "/tmp",
	  .help = "Where this end's own sockets are made; hostapd must see the same path." },
	{ .key = "keys", .kind = CONFIG_OPTION, AT(keys), .rows = key_rows,
	  .size = sizeof(struct key_settings),
	  .help = "Keys that a PANA agent installs before the station comes. Not given: none." },
	{ .key = "announce", .kind = CONFIG_OPTION, AT(announce), .rows = announce_rows,
	  .size = sizeof(struct announce_settings),
	  .help = "What beacons say of the access point (docs/finding-access-points.md). Not given: "
		  "nothing." },
	{ 0 },
};

static void check(struct config *config, void *settings)
{
	const struct ap_settings *s = settings;

	if (s->announce)
		announce_check(config, s->announce);
}

struct ap {
	struct node *node;
	const struct ap_settings *settings;
	struct wpa *wpa; /* NULL: hostapd is not there */
	struct timer *timer;
	struct keys *keys;
	struct announce *announce;
	bool complained;
	char stations[STATIONS_MAX][MAC_TEXT]; /* that are connected; "" a free place */
};

/* --- stations --------------------------------------------------------------------------------- */

static char *find_station(struct ap *ap, const char *mac)
{
	for (unsigned i = 0; i < STATIONS_MAX; i++)
		if (strcmp(ap->stations[i], mac) == 0)
			return ap->stations[i];
	return NULL;
}

static void station_came(struct ap *ap, const char *mac)
{
	char *place = find_station(ap, mac);
	if (!place)
		place = find_station(ap, "");
	if (place)
		memcpy(place, mac, MAC_TEXT);
}

static void station_went(struct ap *ap, const char *mac)
{
	char *place = find_station(ap, mac);
	if (place)
		place[0] = '\0';
}

/* --- hostapd's events ------------------------------------------------------------------------- */

static const struct {
	const char *said, *event;
	void (*note)(struct ap *ap, const char *mac);
} words[] = {
	{ "AP-STA-CONNECTED ", "station_connected", station_came },
	{ "AP-STA-DISCONNECTED ", "station_disconnected", station_went },
	{ "EAPOL-4WAY-HS-COMPLETED ", "station_4way_completed", NULL },
	{ "AP-STA-POSSIBLE-PSK-MISMATCH ", "station_psk_mismatch", NULL },
};

static void hear(void *context, const char *text)
{
	struct ap *ap = context;
	char mac[MAC_TEXT];

	/* hostapd says this when it goes; the socket must not be closed from its own event. */
	if (strncmp(text, "CTRL-EVENT-TERMINATING", 22) == 0) {
		log_event(ap->node->log, "hostapd_gone", NULL);
		timer_set(ap->timer, loop_now() + AGAIN);
		return;
	}
	if (strncmp(text, "AP-ENABLED", 10) == 0)
		announce_again(ap->announce);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].said);
		if (strncmp(text, words[i].said, n) != 0)
			continue;
		snprintf(mac, sizeof(mac), "%.17s", text + n);
		if (words[i].note)
			words[i].note(ap, mac);
		log_next_at(ap->node->log, wpa_event_time(ap->wpa));
		log_event(ap->node->log, words[i].event, "{s:s}", "station", mac);
	}
}

static void connect_again(struct ap *ap)
{
	wpa_close(ap->wpa);
	memset(ap->stations, 0, sizeof(ap->stations));
	ap->wpa = wpa_open(ap->node->loop, ap->settings->hostapd, ap->settings->sockets, hear, ap);
	if (ap->wpa) {
		ap->complained = false;
		log_event(ap->node->log, "hostapd_found", "{s:s}", "socket",
			ap->settings->hostapd);
		announce_again(ap->announce);
		return;
	}
	if (!ap->complained)
		log_warning(ap->node->log, "hostapd at %s: %s; tried again every second",
			ap->settings->hostapd, strerror(errno));
	ap->complained = true;
	timer_set(ap->timer, loop_now() + AGAIN);
}

static void timer_due(void *context)
{
	connect_again(context);
}

/* --- commands --------------------------------------------------------------------------------- */

static void cmd_status(void *node, struct control_request *request, const json_t *arguments)
{
	struct ap *ap = ((struct node *)node)->state;
	char answer[WPA_ANSWER_MAX], ssid[64] = "", channel[16] = "";
	json_t *stations = json_array();

	(void)arguments;
	if (ap->wpa && wpa_command(ap->wpa, answer, "STATUS") == 0) {
		wpa_value(answer, "ssid[0]", ssid, sizeof(ssid));
		wpa_value(answer, "channel", channel, sizeof(channel));
	}
	for (unsigned i = 0; i < STATIONS_MAX; i++)
		if (ap->stations[i][0])
			json_array_append_new(stations, json_string(ap->stations[i]));
	control_answer(request, json_pack("{s:s,s:b,s:s,s:s,s:o,s:o,s:o}", "node",
					ap->settings->program.node, "hostapd", ap->wpa != NULL,
					"ssid", ssid, "channel", channel, "stations", stations, "keys",
					keys_json(ap->keys), "announce",
					announce_json(ap->announce)));
}

static const struct control_command commands[] = {
	{ "status", "", "hostapd and its stations", cmd_status },
	{ "quit", "", "end the node cleanly", node_quit },
	{ NULL, NULL, NULL, NULL },
};

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct node *node)
{
	struct ap *ap = host_alloc(sizeof(*ap));

	ap->node = node;
	ap->settings = node->settings;
	node->state = ap;
	ap->timer = timer_new(node->loop, timer_due, ap);
	connect_again(ap);
	if (ap->settings->announce) {
		ap->announce = announce_new(node, ap->settings->announce, &ap->wpa, timer_due, ap);
		if (!ap->announce)
			return -1;
	}
	if (ap->settings->keys) {
		ap->keys = keys_new(node, ap->settings->keys, &ap->wpa);
		if (!ap->keys)
			return -1;
	}
	return 0;
}

static void stop(struct node *node)
{
	struct ap *ap = node->state;

	if (!ap)
		return;
	keys_free(ap->keys);
	announce_free(ap->announce);
	wpa_close(ap->wpa);
	timer_free(ap->timer);
	free(ap);
}

static const struct program program = {
	.name = "baton-ap",
	.summary = "access point",
	.rows = rows,
	.settings_size = sizeof(struct ap_settings),
	.check = check,
	.start = start,
	.stop = stop,
	.commands = commands,
};

int main(int argc, char **argv)
{
	return program_main(&program, argc, argv);
}
