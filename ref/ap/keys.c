// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "ref/ap/keys.h"
#include "ref/base/crypto.h"
#include "ref/host/udp.h"
#include "ref/node/ap_key.h"

#define SECTION "docs/aaa.md, installing keys"

#define AT(member) .offset = offsetof(struct key_settings, member)

const struct config_row key_rows[] = {
	{ .key = "listen", .kind = CONFIG_ENDPOINT, AT(listen), .otherwise = "0.0.0.0",
	  .port = AP_KEY_PORT, .help = "Where keys come in." },
	{ .key = "agent", .kind = CONFIG_ENDPOINT, AT(agent), .required = true,
	  .help = "Address of the PANA agent that installs them; its port does not matter." },
	{ .key = "secret", .kind = CONFIG_OCTETS, AT(secret), .required = true,
	  .min = AP_KEY_SECRET_MIN, .max = AP_KEY_SECRET_MAX,
	  .help = "Secret shared with the agent." },
	{ .key = "bssid", .kind = CONFIG_MAC, AT(bssid), .required = true,
	  .help = "BSSID of the access point." },
	{ .key = "key_management", .kind = CONFIG_NAME, AT(key_management), .otherwise = "WPA-EAP",
	  .names = ap_key_managements,
	  .help = "What stations use the keys for; one that hostapd offers." },
	{ 0 },
};

struct keys {
	struct node *node;
	const struct key_settings *settings;
	struct wpa *const *wpa;
	struct udp *udp;
	struct ap_key_channel channel;
	struct ap_key_window window;
	uint64_t refused_top; /* the last request that hostapd did not take */
	unsigned installed, refused, again, rejected;
};

static void rejected(struct keys *k, const struct endpoint *peer, const struct reject *why)
{
	char text[64];

	k->rejected++;
	log_reject(k->node->log, "key_rejected", endpoint_text(peer, text, sizeof(text)), why);
}

static int check_sender(const struct keys *k, struct endpoint from, struct reject *why)
{
	from.port = k->settings->agent.port;
	if (endpoint_equal(&from, &k->settings->agent))
		return 0;
	return reject_set(why, REJECT_ADDRESS, "source", SECTION, 0, 0);
}

static void answer(struct keys *k, const struct udp_datagram *d, uint64_t sequence, bool good)
{
	struct ap_key_message m = { .type = good ? AP_KEY_INSTALLED : AP_KEY_REFUSED,
		.sequence = sequence };
	uint8_t wire[AP_KEY_MESSAGE_MAX];

	udp_send(k->udp, &d->local, &d->peer, VIEW(wire, ap_key_seal(&k->channel, &m, wire)));
}

static bool install(struct keys *k, const struct ap_key_message *m)
{
	char station[18], id[2 * PMKID_SIZE + 1], key[2 * PMK_SIZE + 1];
	uint8_t pmkid[PMKID_SIZE];
	bool good;

	pmkid_of(m->pmk, k->settings->bssid, m->station, pmkid);
	hex_text(pmkid, sizeof(pmkid), id);
	hex_text(m->pmk, sizeof(m->pmk), key);
	mac_text(m->station, station);
	good = *k->wpa && wpa_command(*k->wpa, NULL, "PMKSA_ADD %s %s %s %u %d", station, id, key,
				  m->lifetime, k->settings->key_management) == 0;
	wipe(key, sizeof(key));
	log_event(k->node->log, good ? "key_installed" : "key_refused", "{s:s,s:s,s:I}", "station",
		station, "pmkid", id, "lifetime_s", (json_int_t)m->lifetime);
	return good;
}

static void receive(void *context, const struct udp_datagram *d)
{
	struct keys *k = context;
	struct ap_key_message m;
	struct reject why = { 0 };
	bool good;

	if (check_sender(k, d->peer, &why) < 0 || ap_key_open(&k->channel, d->data, &m, &why) < 0) {
		rejected(k, &d->peer, &why);
		return;
	}
	if (m.type != AP_KEY_INSTALL) {
		reject_set(&why, REJECT_TYPE, "Type", SECTION, 5, m.type);
		rejected(k, &d->peer, &why);
		return;
	}
	switch (ap_key_take(&k->window, m.sequence)) {
	case AP_KEY_OLD:
		reject_set(&why, REJECT_REPLAY, "Sequence", SECTION, 8, m.sequence);
		rejected(k, &d->peer, &why);
		break;
	case AP_KEY_AGAIN: /* the answer was lost: it is given again, and nothing done */
		k->again++;
		answer(k, d, m.sequence, m.sequence != k->refused_top);
		break;
	case AP_KEY_NEW:
		good = install(k, &m);
		if (good)
			k->installed++;
		else
			k->refused_top = m.sequence;
		k->refused += !good;
		answer(k, d, m.sequence, good);
		break;
	}
	wipe(&m, sizeof(m));
}

struct keys *keys_new(struct node *node, const struct key_settings *settings,
	struct wpa *const *wpa)
{
	struct keys *k = host_alloc(sizeof(*k));
	char where[64];

	k->node = node;
	k->settings = settings;
	k->wpa = wpa;
	ap_key_channel(&k->channel, VIEW(settings->secret.data, settings->secret.size),
		settings->bssid);
	k->udp = udp_open(node->loop, &settings->listen, NULL, receive, k);
	if (k->udp)
		return k;
	log_error(node->log, "listening for keys at %s: %s",
		endpoint_text(&settings->listen, where, sizeof(where)), strerror(errno));
	keys_free(k);
	return NULL;
}

void keys_free(struct keys *k)
{
	if (!k)
		return;
	udp_close(k->udp);
	wipe(k, sizeof(*k));
	free(k);
}

json_t *keys_json(const struct keys *k)
{
	return k ? json_pack("{s:i,s:i,s:i,s:i}", "installed", (int)k->installed, "refused",
			   (int)k->refused, "again", (int)k->again, "rejected", (int)k->rejected)
		 : json_null();
}
