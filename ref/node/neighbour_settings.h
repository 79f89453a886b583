// SPDX-License-Identifier: Apache-2.0
/* An access point as configurations describe it: where it is, and who authenticates there. */
#ifndef BATON_NODE_NEIGHBOUR_SETTINGS_H
#define BATON_NODE_NEIGHBOUR_SETTINGS_H

#include "ref/discovery/ap_info.h"
#include "ref/host/config.h"
#include "ref/pana/pana_mpa.h"

struct neighbour_settings {
	const char *name, *ssid; /* NULL: not said */
	uint8_t bssid[6];
	struct prefix address, prefix; /* prefix family 0: not said */
	struct endpoint agent;	       /* family 0: not said */
	const char *domain;	       /* NULL: not said */
};

/* For access_points that agents tell of, and those that a mobile node knows, which have a name too. */
extern const struct config_row neighbour_rows[], neighbour_named_rows[];

/* Findings about values that no row can check. */
void neighbour_settings_check(struct config *config, const struct config_list *list);

/* The same as structures. */
struct ap_info neighbour_settings_info(const struct neighbour_settings *settings);
struct mpa_neighbour neighbour_settings_avp(const struct neighbour_settings *settings);

#endif
