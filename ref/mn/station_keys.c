// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/host/wpa.h"
#include "ref/mn/station_keys.h"
#include "ref/mn/client.h"
#include "ref/node/ap_key.h"
#include "ref/pana/pana_mpa.h"

#define AKM_8021X 1 /* wpa_supplicant's number for a PMK that IEEE 802.1X made */
#define PATIENCE (10 * BTIME_S)
#define SOCKETS "/tmp"

struct station_keys {
	struct mn *mn;
	const struct key_settings *settings;
	struct wpa *wpa;
	uint8_t mac[6];
	/* The request under way; network NULL: none. */
	struct network *network;
	struct control_request *request;
	uint16_t request_id;
	struct timer *patience;
};

static void settle(struct station_keys *k, json_t *result, const char *why)
{
	struct control_request *request = k->request;

	k->network = NULL;
	k->request = NULL;
	timer_set(k->patience, BTIME_NEVER);
	if (why)
		log_event(k->mn->node->log, "ap_keys_failed", "{s:s}", "reason", why);
	if (!request)
		json_decref(result);
	else if (why)
		control_refuse(request, "%s", why);
	else
		control_answer(request, result);
}

static void timer_patience(void *context)
{
	settle(context, NULL, "the agent does not answer");
}

/* --- wpa_supplicant --------------------------------------------------------------------------- */

/* Its number of the network; -1: it knows none of that name. */
static int network_id(struct wpa *wpa, const char *ssid)
{
	char answer[WPA_ANSWER_MAX], *line, *rest = answer;

	if (wpa_command(wpa, answer, "LIST_NETWORKS") < 0)
		return -1;
	while ((line = strsep(&rest, "\n"))) { /* id <tab> ssid <tab> bssid <tab> flags */
		char *id = strsep(&line, "\t"), *name = strsep(&line, "\t");
		if (name && strcmp(name, ssid) == 0)
			return atoi(id);
	}
	return -1;
}

void station_keys_mac(const struct station_keys *k, uint8_t mac[6])
{
	memcpy(mac, k->mac, 6);
}

/* Tells the supplicant the key, and the caller its name (PMKID_TEXT octets). */
#define PMKID_TEXT (2 * PMKID_SIZE + 1)
static bool store(struct station_keys *k, int id, const uint8_t bssid[6], const uint8_t *pmk,
	uint32_t lifetime, int key_management, char *pmkid_text)
{
	char address[18], key[2 * PMK_SIZE + 1];
	uint8_t pmkid[PMKID_SIZE];

	pmkid_of(pmk, bssid, k->mac, pmkid);
	hex_text(pmkid, sizeof(pmkid), pmkid_text);
	/* The supplicant would authenticate anew when half of the lifetime is over. */
	bool good = wpa_command(k->wpa, NULL, "PMKSA_ADD %d %s %s %s %u %u %d 0", id,
			    mac_text(bssid, address), pmkid_text, hex_text(pmk, PMK_SIZE, key),
			    lifetime, lifetime, key_management) == 0;
	wipe(key, sizeof(key));
	return good;
}

int station_keys_store(struct station_keys *k, const struct network *n, const uint8_t bssid[6],
	const uint8_t *pmk, uint32_t lifetime)
{
	int id = n->settings->ssid ? network_id(k->wpa, n->settings->ssid) : -1;
	char pmkid[PMKID_TEXT];

	return id >= 0 && store(k, id, bssid, pmk, lifetime, AKM_8021X, pmkid) ? 0 : -1;
}

static bool give(struct station_keys *k, int id, const struct mpa_ap *ap, uint32_t lifetime,
	json_t *list)
{
	char bssid[18], text[PMKID_TEXT];
	uint8_t pmk[PMK_SIZE];

	if (pac_ap_key(k->network->pac, ap->bssid, pmk) < 0)
		return false;
	bool good = store(k, id, ap->bssid, pmk, lifetime, k->settings->key_management,
		text);
	wipe(pmk, sizeof(pmk));
	if (good)
		json_array_append_new(list, json_pack("{s:s,s:s}", "bssid",
			mac_text(ap->bssid, bssid), "pmkid", text));
	return good;
}

static void take_keys(struct station_keys *k, const struct mpa_ap_keys *m)
{
	int id = network_id(k->wpa, k->network->settings->ssid);
	json_t *list = json_array();
	unsigned given = 0;

	for (unsigned i = 0; id >= 0 && i < m->count; i++)
		given += give(k, id, &m->aps[i], m->lifetime, list);
	if (given < m->count) {
		json_decref(list);
		settle(k, NULL, id < 0 ? "wpa_supplicant does not know the network" :
					 "wpa_supplicant does not take the keys");
		return;
	}
	log_event(k->mn->node->log, "ap_keys_installed", "{s:s,s:O}", "network",
		k->network->settings->name, "access_points", list);
	settle(k, json_pack("{s:o}", "access_points", list), NULL);
}

/* --- PANA ------------------------------------------------------------------------------------- */

static void take_element(struct station_keys *k, const struct element_value *e)
{
	struct mpa_ap_keys keys;
	struct mpa_handover_status status;

	if (e->code == PANA_MPA_AP_KEYS && mpa_decode_ap_keys(e->value, &keys) == 0 &&
		keys.request_id == k->request_id)
		take_keys(k, &keys);
	else if (e->code == PANA_MPA_HANDOVER_STATUS &&
		mpa_decode_handover_status(e->value, &status) == 0 &&
		status.request_id == k->request_id)
		settle(k, NULL, status.detail);
}

void station_keys_pana(struct station_keys *k, struct network *network, const struct action *report)
{
	struct packet p;

	if (!k || k->network != network)
		return;
	if (!network->pac || pac_closed(network->pac)) {
		settle(k, NULL, "the session has ended");
		return;
	}
	if (report->event != PANA_REPORT_NOTIFIED || pana_decode(report->data, &p, NULL) < 0)
		return;
	for (unsigned i = 0; i < p.element_count && k->network; i++)
		if (p.elements[i].vendor == PANA_VENDOR)
			take_element(k, &p.elements[i]);
}

static const char *ask(struct station_keys *k, struct network *n)
{
	struct mpa_ap_key_request q = { .request_id = ++k->request_id };
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value element;

	if (!n->settings->ssid)
		return "the network has no ssid in the configuration";
	if (!n->pac || !pac_open(n->pac) || !pac_keys(n->pac))
		return "there is no session with keys; pre-authenticate first";
	memcpy(q.mac, k->mac, 6);
	element = mpa_encode_ap_key_request(&q, storage);
	log_event(k->mn->node->log, "ap_keys_requested", "{s:s}", "network", n->settings->name);
	return client_notify(n, &element, 1) < 0 ? "the session takes no request now" : NULL;
}

void station_keys_cmd(void *node, struct control_request *request, const json_t *arguments)
{
	struct mn *mn = ((struct node *)node)->state;
	struct station_keys *k = mn->station_keys;
	struct network *n = client_chosen(mn, request, arguments);
	const char *why;

	if (!n)
		return;
	if (!k) {
		control_refuse(request, "this node has no keys in its configuration");
		return;
	}
	if (k->network) {
		control_refuse(request, "keys are being asked for already");
		return;
	}
	k->network = n;
	k->request = request;
	timer_set(k->patience, loop_now() + PATIENCE);
	why = ask(k, n);
	if (why)
		settle(k, NULL, why);
}

/* --- life ------------------------------------------------------------------------------------- */

static void event(void *context, const char *text)
{
	(void)context;
	(void)text;
}

struct station_keys *station_keys_new(struct mn *mn, const struct key_settings *settings)
{
	struct station_keys *k = host_alloc(sizeof(*k));
	char answer[WPA_ANSWER_MAX], mac[32] = "";

	k->mn = mn;
	k->settings = settings;
	k->patience = timer_new(mn->node->loop, timer_patience, k);
	k->wpa = wpa_open(mn->node->loop, settings->supplicant, SOCKETS, event, k);
	if (!k->wpa) {
		log_error(mn->node->log, "wpa_supplicant at %s: %s", settings->supplicant,
			strerror(errno));
	} else if (wpa_command(k->wpa, answer, "STATUS") == 0 &&
		wpa_value(answer, "address", mac, sizeof(mac)) && mac_parse(mac, k->mac) == 0) {
		return k;
	} else {
		log_error(mn->node->log, "wpa_supplicant at %s does not tell its address",
			settings->supplicant);
	}
	station_keys_free(k);
	return NULL;
}

void station_keys_free(struct station_keys *k)
{
	if (!k)
		return;
	if (k->network)
		settle(k, NULL, "the node is shutting down");
	wpa_close(k->wpa);
	timer_free(k->patience);
	free(k);
}
