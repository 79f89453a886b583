// SPDX-License-Identifier: Apache-2.0
/*
 * Pre-authentication by IEEE 802.1X over IP (docs/dot1x-over-ip.md), the alternative to PANA: the
 * node authenticates to the access points of the new network themselves, or through their proxy,
 * and puts each key into wpa_supplicant.
 */
#ifndef BATON_MN_DOT1X_H
#define BATON_MN_DOT1X_H

#include "ref/mn/mn.h"

struct mn_dot1x;

/* Never NULL. station_keys_new comes first. */
struct mn_dot1x *mn_dot1x_new(struct mn *mn);

/* Closes connections; refuses who waits. Accepts NULL. */
void mn_dot1x_free(struct mn_dot1x *dot1x);

/* Whether the command is for this: the flag --dot1x, or the network has no paa and has dot1x. */
bool mn_dot1x_is_meant(struct mn *mn, const json_t *arguments);

/* How it stands with that network: dot1x_state (none, starting, authenticated, failed) and what came
 * of it last. NULL when the network has no dot1x, and none of its access points was asked for. */
json_t *mn_dot1x_json(const struct mn_dot1x *dot1x, const struct network *network);

/* Control command: "preauth NETWORK --dot1x", to the access points of the configuration; or a BSSID
 * or name, to that access point where the neighbourhood says it is. */
void mn_dot1x_cmd_preauth(void *node, struct control_request *request, const json_t *arguments);

#endif
