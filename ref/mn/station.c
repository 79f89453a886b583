// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "ref/host/wpa.h"
#include "ref/mn/station.h"

#define SSID_SIZE 33
#define SOCKETS "/run"
#define SOCKETS_ELSEWHERE "/tmp"

struct station {
	struct node *node;
	const struct device_settings *settings;
	struct station_callbacks callbacks;
	struct wpa *wpa;       /* NULL: a wire */
	char ssid[SSID_SIZE];  /* joined, or being joined */
	char wanted[SSID_SIZE]; /* being looked for */
	bool looking;
	btime looking_since;
	bool joined;
	bool leaving;	       /* told to go elsewhere: the end of the old one is expected */
	struct timer *timer;   /* reports from the loop, not from within a call */
};

static void report(struct station *s, enum station_report r, const char *detail)
{
	s->callbacks.report(s->callbacks.context, r, s->ssid, detail);
}

/* --- what wpa_supplicant says ----------------------------------------------------------------- */

static void find_ssid(struct station *s)
{
	char answer[WPA_ANSWER_MAX];

	if (wpa_command(s->wpa, answer, "STATUS") < 0 ||
		!wpa_value(answer, "ssid", s->ssid, sizeof(s->ssid)))
		s->ssid[0] = '\0';
}

static void connected(struct station *s, const char *text)
{
	if (!s->leaving && !s->ssid[0])
		find_ssid(s); /* it went there by itself */
	s->leaving = false;
	s->joined = true;
	report(s, STATION_JOINED, text);
}

static void disconnected(struct station *s, const char *text)
{
	bool told = s->leaving;

	if (!s->joined) /* an attempt that did not work */
		return;
	s->joined = false;
	report(s, STATION_LEFT, text);
	if (!told && !s->leaving)
		s->ssid[0] = '\0'; /* where it comes back is its own choice */
}

static void associated(struct station *s, const char *text)
{
	if (!s->joined) /* else from one access point to the next of the same network */
		report(s, STATION_ASSOCIATED, text);
}

static void failed(struct station *s, const char *text)
{
	if (s->leaving)
		report(s, STATION_FAILED, text);
}

/* How long ago the access point was heard, in seconds; a large number when nobody knows. */
static unsigned long age_of(struct station *s, const char *bssid)
{
	char answer[WPA_ANSWER_MAX], value[32];

	if (wpa_command(s->wpa, answer, "BSS %s", bssid) < 0 ||
		!wpa_value(answer, "age", value, sizeof(value)))
		return ULONG_MAX;
	return strtoul(value, NULL, 10);
}

/* Where an access point of the network was heard within `age` seconds, in MHz; 0: nowhere. */
static unsigned seen_at(struct station *s, const char *ssid, unsigned long age)
{
	char answer[WPA_ANSWER_MAX], *line, *rest = answer;

	if (wpa_command(s->wpa, answer, "SCAN_RESULTS") < 0)
		return 0;
	while ((line = strsep(&rest, "\n"))) { /* bssid, frequency, signal, flags, ssid */
		char *bssid = strsep(&line, "\t"), *frequency = strsep(&line, "\t");
		char *name = line ? strrchr(line, '\t') : NULL;
		if (name && strcmp(name + 1, ssid) == 0 && age_of(s, bssid) <= age)
			return (unsigned)strtoul(frequency, NULL, 10);
	}
	return 0;
}

static void looked(struct station *s, const char *text)
{
	/* Heard since the look began; wpa_supplicant counts whole seconds. */
	unsigned long age = (unsigned long)((loop_now() - s->looking_since) / BTIME_S) + 1;
	char why[96];

	(void)text;
	if (!s->looking)
		return;
	s->looking = false;
	snprintf(why, sizeof(why), "no access point of %s is in reach", s->wanted);
	if (seen_at(s, s->wanted, age))
		report(s, STATION_SEEN, "");
	else
		report(s, STATION_NOT_SEEN, why);
}

/* One row for each event that matters; the first whose beginning fits. */
static const struct {
	const char *start;
	void (*take)(struct station *s, const char *text);
} rows[] = {
	{ "CTRL-EVENT-CONNECTED", connected },
	{ "CTRL-EVENT-DISCONNECTED", disconnected },
	{ "Associated with", associated },
	{ "CTRL-EVENT-SCAN-RESULTS", looked },
	{ "CTRL-EVENT-SCAN-FAILED", looked },
	{ "CTRL-EVENT-ASSOC-REJECT", failed },
	{ "CTRL-EVENT-AUTH-REJECT", failed },
	{ "CTRL-EVENT-SSID-TEMP-DISABLED", failed },
	{ "CTRL-EVENT-TERMINATING", disconnected },
};

static void event(void *context, const char *text)
{
	struct station *s = context;

	log_debug(s->node->log, "wpa_supplicant: %s", text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(text, rows[i].start, strlen(rows[i].start)) == 0) {
			/* The link went down, or came up, when wpa_supplicant said so. */
			log_next_at(s->node->log, wpa_event_time(s->wpa));
			rows[i].take(s, text);
			log_next_at(s->node->log, NULL);
			return;
		}
}

/* --- what it is told -------------------------------------------------------------------------- */

/* The number that wpa_supplicant has given to the network; -1 when it does not know it. */
static int network_id(struct station *s, const char *ssid)
{
	char answer[WPA_ANSWER_MAX], *line, *rest = answer;
	size_t length = strlen(ssid);

	if (wpa_command(s->wpa, answer, "LIST_NETWORKS") < 0)
		return -1;
	while ((line = strsep(&rest, "\n"))) { /* id <tab> ssid <tab> bssid <tab> flags */
		char *tab = strchr(line, '\t');
		if (tab && strncmp(tab + 1, ssid, length) == 0 && tab[1 + length] == '\t')
			return atoi(line);
	}
	return -1;
}

static bool is_there(struct station *s, const char *ssid)
{
	char answer[WPA_ANSWER_MAX], value[64];

	return wpa_command(s->wpa, answer, "STATUS") == 0 &&
		wpa_value(answer, "wpa_state", value, sizeof(value)) &&
		strcmp(value, "COMPLETED") == 0 && wpa_value(answer, "ssid", value, sizeof(value)) &&
		strcmp(value, ssid) == 0;
}

static void timer_joined(void *context)
{
	struct station *s = context;

	if (s->looking) {
		s->looking = false;
		report(s, STATION_SEEN, "a wire");
		return;
	}
	s->leaving = false;
	s->joined = true;
	report(s, STATION_JOINED, "joined already");
}

void station_look(struct station *s, const char *ssid, unsigned frequency)
{
	int result;

	snprintf(s->wanted, sizeof(s->wanted), "%s", ssid);
	s->looking = true;
	s->looking_since = loop_now();
	if (!s->wpa) {
		timer_set(s->timer, 0);
		return;
	}
	if (!frequency)
		frequency = seen_at(s, ssid, ULONG_MAX);
	if (frequency)
		result = wpa_command(s->wpa, NULL, "SCAN freq=%u", frequency);
	else
		result = wpa_command(s->wpa, NULL, "SCAN");
	if (result < 0) /* one is under way: its results will do */
		log_debug(s->node->log, "wpa_supplicant is looking around already");
}

int station_join(struct station *s, const char *ssid)
{
	int id;

	if (!s->wpa || is_there(s, ssid)) {
		snprintf(s->ssid, sizeof(s->ssid), "%s", ssid ? ssid : "");
		timer_set(s->timer, 0);
		return 0;
	}
	id = network_id(s, ssid);
	if (id < 0) {
		log_error(s->node->log, "wpa_supplicant does not know the network %s", ssid);
		return -1;
	}
	s->leaving = true;
	snprintf(s->ssid, sizeof(s->ssid), "%s", ssid);
	return wpa_command(s->wpa, NULL, "SELECT_NETWORK %d", id) < 0 ? -1 : 0;
}

void station_leave(struct station *s)
{
	if (s->wpa)
		wpa_command(s->wpa, NULL, "DISCONNECT");
	s->joined = false;
	s->ssid[0] = '\0';
}

const char *station_ssid(const struct station *s)
{
	return s->joined ? s->ssid : "";
}

/* --- life ------------------------------------------------------------------------------------- */

struct station *station_open(struct node *node, const struct device_settings *settings,
	const struct station_callbacks *callbacks)
{
	struct station *s = host_alloc(sizeof(*s));

	s->node = node;
	s->settings = settings;
	s->callbacks = *callbacks;
	s->timer = timer_new(node->loop, timer_joined, s);
	if (!settings->supplicant)
		return s;
	s->wpa = wpa_open(node->loop, settings->supplicant, SOCKETS, event, s);
	if (!s->wpa)
		s->wpa = wpa_open(node->loop, settings->supplicant, SOCKETS_ELSEWHERE, event, s);
	if (!s->wpa) {
		log_error(node->log, "wpa_supplicant at %s: %s", settings->supplicant,
			strerror(errno));
		station_close(s);
		return NULL;
	}
	find_ssid(s);
	return s;
}

void station_close(struct station *s)
{
	if (!s)
		return;
	wpa_close(s->wpa);
	timer_free(s->timer);
	free(s);
}
