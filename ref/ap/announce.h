// SPDX-License-Identifier: Apache-2.0
/*
 * What the access point says of itself in beacons and probe responses
 * (docs/finding-access-points.md): hostapd is told when the address changes, when hostapd is back,
 * and again from time to time, since reading its configuration anew makes it forget.
 */
#ifndef BATON_AP_ANNOUNCE_H
#define BATON_AP_ANNOUNCE_H

#include "ref/host/program.h"
#include "ref/host/wpa.h"

struct announce_settings {
	const char *device;	   /* NULL: a fixed address */
	struct prefix address;	   /* family 0: that of the device */
	struct config_list agents; /* struct endpoint */
	struct config_list prefixes; /* struct prefix; besides the device's own */
	const char *domain;
	struct config_octets others; /* further elements for hostapd */
	btime refresh;
};

extern const struct config_row announce_rows[];

/* Rules between values. */
void announce_check(struct config *config, const struct announce_settings *settings);

struct announce;

/*
 * `wpa` points to where the connection to hostapd stands, NULL while there is none; `lost` is called
 * when hostapd does not answer on it any more, and may replace it. NULL after log_error.
 */
struct announce *announce_new(struct node *node, const struct announce_settings *settings,
	struct wpa *const *wpa, void (*lost)(void *context), void *context);

/* The rest accepts NULL: this node announces nothing. */
void announce_free(struct announce *announce);

/* hostapd is there, or has begun to send beacons: it does not know the element. */
void announce_again(struct announce *announce);

/* {element, updates, failures}; null without. */
json_t *announce_json(const struct announce *announce);

#endif
