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

/* A report of that network's client. */
void station_keys_pana(struct station_keys *keys, struct network *network,
	const struct action *report);

/* Control command: "keys NETWORK". */
void station_keys_cmd(void *node, struct control_request *request, const json_t *arguments);

#endif
