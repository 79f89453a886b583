// SPDX-License-Identifier: Apache-2.0
/* Keys that a PANA agent installs in hostapd before their stations come (RFC 6252 §7.7). */
#ifndef BATON_AP_KEYS_H
#define BATON_AP_KEYS_H

#include "ref/host/program.h"
#include "ref/host/wpa.h"

struct key_settings {
	struct endpoint listen, agent;
	struct config_octets secret;
	uint8_t bssid[6];
	int key_management; /* of ap_key_managements */
};

extern const struct config_row key_rows[];

struct keys;

/* Listens. `wpa` points to where the connection to hostapd stands, NULL while there is none. NULL
 * after log_error. */
struct keys *keys_new(struct node *node, const struct key_settings *settings,
	struct wpa *const *wpa);

/* Accepts NULL. */
void keys_free(struct keys *keys);

/* {installed, refused, again}: counters; null without keys. */
json_t *keys_json(const struct keys *keys);

#endif
