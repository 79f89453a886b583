// SPDX-License-Identifier: Apache-2.0
/*
 * Keys of the new network's access points, before the node moves there (RFC 6252 §7.7,
 * docs/aaa.md): asks the agent to install them, and puts the same keys into wpa_supplicant.
 */
#ifndef BATON_MN_STATION_KEYS_H
#define BATON_MN_STATION_KEYS_H

#include "ref/mn/mn.h"

struct station_keys;

/* Connects to wpa_supplicant. NULL after log_error. */
struct station_keys *station_keys_new(struct mn *mn, const struct key_settings *settings);

/* The rest accepts NULL: this node cannot. */
void station_keys_free(struct station_keys *keys);

/* The station's own MAC address. */
void station_keys_mac(const struct station_keys *keys, uint8_t mac[6]);

/* Puts the PMK (32 octets) for that access point of the network into wpa_supplicant. 0, or -1 when
 * it does not take it. `lifetime` in seconds. */
int station_keys_store(struct station_keys *keys, const struct network *network,
	const uint8_t bssid[6], const uint8_t *pmk, uint32_t lifetime);

/* A report of that network's client. */
void station_keys_pana(struct station_keys *keys, struct network *network,
	const struct action *report);

/* Control command: "keys NETWORK". */
void station_keys_cmd(void *node, struct control_request *request, const json_t *arguments);

#endif
