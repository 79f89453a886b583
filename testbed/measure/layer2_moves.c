// SPDX-License-Identifier: Apache-2.0
/*
 * The ways of moving to AP1 that are compared, one row each: what was done beforehand, what the
 * station is told, and what must and must not be on the air then.
 *
 * All of them but fast transition leave the old access point first and rest a moment, so that the
 * kernel is in the same state when the move begins: what differs then is the way, and not how many
 * RCU grace periods the kernel still owes to the interface that it took down (docs/measurement.md).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ref/host/ip.h"
#include "testbed/measure/layer2_stage.h"

#define FREQUENCIES "freq=2437,2462"
#define SCAN_MS 1000
#define REST_MS 200

enum start { FROM_AP0, FROM_AP2 };
enum command { JOIN, ROAM, FT_DS };

struct layer2_way {
	const char *name;
	const char *keys; /* key management of the station, as hostapd calls it */
	enum start start; /* network B, or authenticated in network A with AP2 */
	int (*prepare)(struct stage *, struct report_error *); /* what else; NULL: nothing */
	enum command command;
	bool pana;	    /* PANA has authenticated; the move goes on to AP2 */
	bool eap;	    /* EAP is on the air after the move */
	unsigned handshake; /* messages of a 4-way handshake, after the first move */
	int algorithm;	    /* of the first Authentication frame; -1: none */
	bool pmkid;	    /* the prepared PMKID is on the air */
};

/* --- steps -------------------------------------------------------------------------------------
 */

/* wpa_supplicant uses what it has seen within the last seconds, and does not look again. */
static int scan(struct stage *s, struct report_error *error)
{
	char seen[4096];

	if (stage_tell(s, AIR("scan", FREQUENCIES), error) < 0)
		return -1;
	stage_wait_ms(SCAN_MS);
	if (stage_run(s, s->experiment->mn, AIR("scan_results"), seen, sizeof(seen), error) < 0)
		return -1;
	return strstr(seen, AP1) && strstr(seen, AP2)
		       ? 0
		       : stage_fail(
				 error, "the station does not see both access points of network A");
}

static int await_connected(struct stage *s, const char *ap, double from, struct report_error *error)
{
	char words[96];

	snprintf(words, sizeof(words), "CTRL-EVENT-CONNECTED - Connection to %s", ap);
	return stage_await(s, words, from, error);
}

static int join(struct stage *s, const char *ap, struct report_error *error)
{
	double from;

	if (scan(s, error) < 0 || stage_tell(s, SET("bssid", ap), error) < 0)
		return -1;
	from = stage_now();
	if (stage_tell(s, AIR("select_network", NETWORK_A), error) < 0 ||
		await_connected(s, ap, from, error) < 0)
		return -1;
	stage_wait_ms(500);
	return 0;
}

/* To that access point and back to network B. */
static int visit(struct stage *s, const char *ap, struct report_error *error)
{
	double from;

	if (join(s, ap, error) < 0)
		return -1;
	from = stage_now();
	if (stage_tell(s, AIR("select_network", NETWORK_B), error) < 0 ||
		stage_await(s, "CTRL-EVENT-CONNECTED", from, error) < 0)
		return -1;
	stage_wait_ms(500);
	return 0;
}

/* --- what is done beforehand -------------------------------------------------------------------
 */

static int visit_ap1(struct stage *s, struct report_error *error)
{
	return visit(s, AP1, error);
}

static int preauthenticate(struct stage *s, struct report_error *error)
{
	double from = stage_now();

	if (stage_tell(s, SET("bssid", "any"), error) < 0 || scan(s, error) < 0)
		return -1;
	/* It may have seen the other access point and begun by itself. */
	if (isnan(layer2_said(s->log, "CTRL-EVENT-EAP-STARTED", from, INFINITY)) &&
		stage_tell(s, AIR("preauth", AP1), error) < 0)
		return -1;
	return stage_await(
		s, "RSN: pre-authentication with " AP1 " completed successfully", from, error);
}

/*
 * Opportunistic key caching: what a controller of the access points does, and hostapd within one
 * process. AP1 gets the entry of AP2 as it is; both ends find it by computing its PMKID anew.
 */
static int share_key(struct stage *s, struct report_error *error)
{
	char said[1024], pmkid[33], pmk[65], station[18];
	char command[256];

	if (stage_run(s, s->experiment->mn, AIR("status"), said, sizeof(said), error) < 0)
		return -1;
	const char *address = strstr(said, "\naddress=");
	if (!address || sscanf(address, "\naddress=%17s", station) != 1)
		return stage_fail(error, "wpa_supplicant does not tell its address");
	if (stage_run(s, s->experiment->mn, AIR("pmksa_get", NETWORK_A), said, sizeof(said),
		    error) < 0)
		return -1;
	const char *entry = strstr(said, AP2);
	if (!entry || sscanf(entry, AP2 " %32s %64s", pmkid, pmk) != 2)
		return stage_fail(error, "wpa_supplicant has no key of " AP2);
	snprintf(command, sizeof(command), "PMKSA_ADD %s %s %s 3000 1", station, pmkid, pmk);
	if (stage_run(s, "ap1",
		    (const char *const[]){"hostapd_cli", "-p", "/run/hostapd", "-i", "wlan0", "raw",
			    command, NULL},
		    said, sizeof(said), error) < 0)
		return -1;
	return strstr(said, "OK") ? 0
				  : stage_fail(error, "hostapd of ap1 takes no key: %.40s", said);
}

static int mpa(struct stage *s, struct report_error *error)
{
	return stage_verb(s, s->experiment->mn, "preauth", error) < 0
		       ? -1
		       : stage_verb(s, s->experiment->mn, "keys", error);
}

/* The first FILS of wpa_supplicant's life loads ciphers, 24 ms; TLS did that for the others. */
static int mpa_and_fils(struct stage *s, struct report_error *error)
{
	return mpa(s, error) < 0 ? -1 : visit(s, AP2, error);
}

/* --- the ways ----------------------------------------------------------------------------------
 */

/* clang-format off */
static const struct layer2_way ways[] = {
	/* name         keys          start     prepare          command pana   eap    4way algorithm  pmkid */
	{ "bare",       "WPA-PSK",    FROM_AP0, NULL,            JOIN,  false, false, 4, LAYER2_OPEN, false },
	{ "bare-again", "WPA-PSK",    FROM_AP0, visit_ap1,       JOIN,  false, false, 4, LAYER2_OPEN, false },
	{ "post",       "WPA-EAP",    FROM_AP0, NULL,            JOIN,  false, true,  4, LAYER2_OPEN, false },
	{ "11i-pre",    "WPA-EAP",    FROM_AP2, preauthenticate, JOIN,  false, false, 4, LAYER2_OPEN, true },
	{ "mpa",        "WPA-EAP",    FROM_AP0, mpa,             JOIN,  true,  false, 4, LAYER2_OPEN, true },
	{ "okc",        "WPA-EAP",    FROM_AP2, share_key,       JOIN,  false, false, 4, LAYER2_OPEN, false },
	{ "ft-air",     "FT-EAP",     FROM_AP2, NULL,            ROAM,  false, false, 0, LAYER2_FT,   false },
	{ "ft-ds",      "FT-EAP",     FROM_AP2, NULL,            FT_DS, false, false, 0, -1,          false },
	{ "mpa-ft",     "FT-EAP",     FROM_AP0, mpa,             JOIN,  true,  false, 4, LAYER2_OPEN, true },
	{ "mpa-fils",   "FILS-SHA256", FROM_AP0, mpa_and_fils,   JOIN,  true,  false, 0, LAYER2_FILS, true },
};
/* clang-format on */

const struct layer2_way *layer2_way(const char *name)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].name, name) == 0)
			return &ways[i];
	return NULL;
}

const char *layer2_way_keys(const struct layer2_way *way)
{
	return way->pana ? way->keys : "WPA-EAP";
}

/* --- the act -----------------------------------------------------------------------------------
 */

static int ping(struct stage *s, const char *node, const char *address, struct report_error *error)
{
	const char *argv[] = {"ping", "-n", "-c", "1", "-W", "5", address, NULL};
	return stage_run(s, node, argv, NULL, 0, error);
}

/* Nobody asks for hardware addresses in the middle of the measurement. */
static int warm_up(struct stage *s, struct report_error *error)
{
	static const struct {
		const char *node, *address;
	} pairs[] = {{"aaa-local", "10.0.4.2"}, {"ap1", "10.0.3.2"}, {"ap2", "10.0.3.2"},
		{"nar", "10.0.3.2"}, {"nar", "198.51.100.11"}, {"nar", "198.51.100.12"}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (ping(s, pairs[i].node, pairs[i].address, error) < 0)
			return -1;
	return s->way->pana ? ping(s, s->experiment->mn, "198.51.100.1", error) : 0;
}

/* The passphrase for stations without EAP, as the access point has it. */
static const char *passphrase(const struct stage *s)
{
	const struct topology_radio *ap = topology_radio(s->topology, "ap1");

	for (size_t i = 0; ap && i < ap->n_options; i++)
		if (strcmp(ap->options[i].key, "wpa_passphrase") == 0)
			return ap->options[i].value;
	return "";
}

/* Before anything is prepared: changing these later would flush wpa_supplicant's keys. */
static int configure(struct stage *s, struct report_error *error)
{
	char identity[128], psk[128];

	snprintf(identity, sizeof(identity), "\"%s\"", s->identity);
	snprintf(psk, sizeof(psk), "\"%s\"", passphrase(s));
	return stage_tell(s, SET("identity", identity), error) < 0 ||
			       stage_tell(s, SET("key_mgmt", s->way->keys), error) < 0 ||
			       stage_tell(s, SET("psk", psk), error) < 0 ||
			       stage_tell(s, SET("proactive_key_caching", "1"), error) < 0 ||
			       stage_tell(s, SET("ft_eap_pmksa_caching", "1"), error) < 0
		       ? -1
		       : 0;
}

static int depart(struct stage *s, struct report_error *error)
{
	double from = stage_now();

	if (stage_tell(s, AIR("disconnect"), error) < 0 ||
		stage_await(s, "CTRL-EVENT-DISCONNECTED", from, error) < 0)
		return -1;
	stage_wait_ms(REST_MS);
	return 0;
}

/* When both ends had said that they are connected. */
static double connected_at(const struct stage *s, const char *ap, double from, double station)
{
	char log[1280];

	snprintf(log, sizeof(log), "%s/%s/hostapd-wlan0.log", s->folder,
		strcmp(ap, AP1) == 0 ? "ap1" : "ap2");
	return fmax(station, layer2_said(log, "AP-STA-CONNECTED", from, INFINITY));
}

static int read_move(struct stage *s, enum command command, const char *ap, double from,
	struct move *m, struct report_error *error)
{
	static const uint8_t station[6] = {2, 0, 0, 0, 0, 1};
	uint8_t bssid[6];
	char words[96];

	snprintf(words, sizeof(words), "CTRL-EVENT-CONNECTED - Connection to %s", ap);
	double connected = layer2_said(s->log, words, from, INFINITY);
	mac_parse(ap, bssid);
	if (layer2_air(s->air, bssid, from, connected, &m->air, error) < 0)
		return -1;
	m->connected = connected_at(s, ap, m->air.began, connected);
	if (command == JOIN)
		m->leaving = layer2_said(s->log, "CTRL-EVENT-DISCONNECTED", from, connected) -
			     layer2_left(s->air, station, from, connected);
	else
		m->leaving =
			m->air.began - layer2_said(s->log,
					       command == ROAM ? "SME: Trying to authenticate with"
							       : "Trying to associate with",
					       from, connected);
	return 0;
}

static int move(struct stage *s, enum command command, const char *ap, struct move *m,
	struct report_error *error)
{
	static const char *const verbs[] = {
		[JOIN] = "select_network", [ROAM] = "roam", [FT_DS] = "ft_ds"};
	double from = stage_now();

	if ((command == JOIN && depart(s, error) < 0) ||
		stage_tell(s, AIR(verbs[command], command == JOIN ? NETWORK_A : ap), error) < 0 ||
		await_connected(s, ap, from, error) < 0)
		return -1;
	stage_wait_ms(300);
	return read_move(s, command, ap, from, m, error);
}

int layer2_perform(struct stage *s, struct act *a, struct report_error *error)
{
	const struct layer2_way *way = s->way;

	if (configure(s, error) < 0 || warm_up(s, error) < 0)
		return -1;
	if ((way->start == FROM_AP2 && join(s, AP2, error) < 0) ||
		(way->prepare && way->prepare(s, error) < 0))
		return -1;
	a->prepared = stage_now();
	/* RFC 6252 C.5.3: where the access point is, is known beforehand. */
	if (scan(s, error) < 0 ||
		stage_tell(s, SET("bssid", way->command == JOIN ? AP1 : "any"), error) < 0 ||
		move(s, way->command, AP1, &a->first, error) < 0)
		return -1;
	if (!way->pana)
		return 0;
	return stage_tell(s, SET("bssid", "any"), error) < 0 || scan(s, error) < 0
		       ? -1
		       : move(s, ROAM, AP2, &a->next, error);
}

/* --- figures ---------------------------------------------------------------------------------- */

static double ms(double from, double to)
{
	return (to - from) * 1e3;
}

static double event_span(const struct events *events, const char *begin, const char *end)
{
	const struct event *b = events_first(events, NULL, begin, 0);
	const struct event *e = b ? events_first(events, b->node, end, b->t) : NULL;

	return e ? ms(b->t, e->t) : NAN;
}

static int pana_figures(const struct stage *s, struct layer2_figures *f, struct report_error *error)
{
	struct events events = {0};
	char path[1280];

	snprintf(path, sizeof(path), "%s/%s.events.jsonl", s->folder, s->experiment->mn);
	if (events_read(&events, path, error) < 0)
		return -1;
	f->t_auth_ms = event_span(&events, "pana_started", "pana_authenticated");
	f->t_conf_ms = event_span(&events, "ap_keys_requested", "ap_keys_installed");
	events_free(&events);
	return 0;
}

static int authentication(const struct stage *s, const struct act *a, struct layer2_figures *f,
	struct report_error *error)
{
	if (s->way->pana) {
		if (pana_figures(s, f, error) < 0)
			return -1;
	} else if (s->way->eap) {
		f->t_auth_ms = ms(a->first.air.first_eap, a->first.air.last_eap);
	} else if (s->way->start == FROM_AP2) {
		double done = layer2_said_last(s->log, "CTRL-EVENT-EAP-SUCCESS", a->prepared);
		f->t_auth_ms = ms(layer2_said_last(s->log, "CTRL-EVENT-EAP-STARTED", done), done);
	} else {
		return 0; /* there is none */
	}
	return isnan(f->t_auth_ms)
		       ? stage_fail(error, "there is no authentication to measure; see %s", s->log)
		       : 0;
}

/* What was on the air is what this way is about. */
static int check_air(const struct stage *s, const struct layer2_air *air, bool eap,
	unsigned handshake, int algorithm, struct report_error *error)
{
	if (!air->eap != !eap)
		return stage_fail(error,
			"%s shows %u EAP packets after the move; %s would be right", s->air,
			air->eap, eap ? "some" : "none");
	if (air->keys != handshake)
		return stage_fail(error,
			"%s shows %u messages of a 4-way handshake; %u would be "
			"right",
			s->air, air->keys, handshake);
	if (air->algorithm != algorithm)
		return stage_fail(error, "%s shows authentication algorithm %d; %d would be right",
			s->air, air->algorithm, algorithm);
	return isnan(air->associated) ? stage_fail(error, "%s shows no association", s->air) : 0;
}

/* The PMKID on the air is one that the station held. */
static int check_pmkid(const struct layer2_air *air, const char *pmksa, struct report_error *error)
{
	return air->pmkid[0] && strstr(pmksa, air->pmkid)
		       ? 0
		       : stage_fail(error, "the PMKID on the air, %s, is not the prepared one",
				 air->pmkid[0] ? air->pmkid : "none");
}

/* From AP1 to AP2: by fast transition where the key was made for that. */
static int next_move(struct stage *s, const struct act *a, const char *pmksa,
	struct layer2_figures *f, struct report_error *error)
{
	const struct layer2_air *air = &a->next.air;
	bool fast = strcmp(s->way->keys, "FT-EAP") == 0;

	if (check_air(s, air, false, fast ? 0 : s->way->handshake,
		    fast ? LAYER2_FT : s->way->algorithm, error) < 0)
		return -1;
	f->next_ap_ms = ms(air->began, air->completed);
	f->next_ap_eap = air->eap;
	f->next_ap_handshake = air->keys;
	return fast ? 0 : check_pmkid(air, pmksa, error);
}

int layer2_compute(struct stage *s, const struct act *a, const char *pmksa,
	struct layer2_figures *f, struct report_error *error)
{
	const struct layer2_way *way = s->way;
	const struct layer2_air *air = &a->first.air;

	if (authentication(s, a, f, error) < 0 ||
		check_air(s, air, way->eap, way->handshake, way->algorithm, error) < 0 ||
		(way->pmkid && check_pmkid(air, pmksa, error) < 0))
		return -1;
	f->eap_after_move = air->eap;
	f->handshake_after_move = air->keys;
	f->affecting_handover_ms = ms(air->began, air->completed);
	f->t_assoc_4way_ms = f->affecting_handover_ms - (way->eap ? f->t_auth_ms : 0);
	f->total_ms = f->t_assoc_4way_ms + (isnan(f->t_auth_ms) ? 0 : f->t_auth_ms) +
		      (isnan(f->t_conf_ms) ? 0 : f->t_conf_ms);
	f->ap_wait_ms = ms(air->asked, isnan(air->answered) ? air->associated : air->answered);
	f->connected_ms = ms(air->began, a->first.connected);
	f->leaving_ms = a->first.leaving * 1e3;
	return way->pana ? next_move(s, a, pmksa, f, error) : 0;
}
