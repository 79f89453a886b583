// SPDX-License-Identifier: Apache-2.0
/*
 * What the mobile node knows of access points near it (docs/finding-access-points.md): reads what
 * wpa_supplicant has heard, takes what agents say with the result of authentication, keeps it over
 * restarts, and tells commands which agent to go to.
 */
#ifndef BATON_MN_NEIGHBOURHOOD_H
#define BATON_MN_NEIGHBOURHOOD_H

#include "ref/mn/mn.h"

struct neighbourhood_settings {
	const char *supplicant; /* NULL: that of device or keys */
	const char *memory;	/* NULL: nothing is kept */
	btime max_age, distrust;
	unsigned max;
	struct config_list fixed; /* struct neighbour_settings */
};

extern const struct config_row neighbourhood_rows[];

/* Rules between values. */
void neighbourhood_check(struct config *config, const struct neighbourhood_settings *settings);

/* Reads the memory; connects to wpa_supplicant, now or when it is there. */
struct neighbourhood *neighbourhood_new(struct mn *mn,
	const struct neighbourhood_settings *settings);

/* Writes the memory. The rest accepts NULL: this node keeps none. */
void neighbourhood_free(struct neighbourhood *neighbourhood);

/*
 * The request with its "network" resolved: a network of the configuration, which gets its agent from
 * the neighbourhood if it has none; or a BSSID or name of the neighbourhood, for which a network is
 * found or made. A new reference; NULL after the request was refused.
 */
json_t *neighbourhood_choose(struct mn *mn, struct control_request *request,
	const json_t *arguments);

/* An access point, and where IEEE 802.1X over IP reaches it. */
struct access_point {
	struct network *network; /* of the configuration, by its name on the air, or made for it */
	uint8_t bssid[6];
	struct endpoint server;
};

/*
 * The access point of that BSSID, name or network name. The configuration's dot1x.server for its
 * network stands above what the neighbourhood says. False after the request was refused.
 */
bool neighbourhood_access_point(struct mn *mn, struct control_request *request, const char *name,
	struct access_point *out);

/* A network of the configuration that has no agent gets one, if the neighbourhood knows one. */
void neighbourhood_complete(struct mn *mn, struct network *network);

/* A report of that network's PANA client. */
void neighbourhood_pana(struct neighbourhood *neighbourhood, struct network *network,
	const struct action *report);

/* The network's client was given up before it was authenticated. */
void neighbourhood_gave_up(struct neighbourhood *neighbourhood, struct network *network);

/* Releases what a network that stands in no configuration has. */
void neighbourhood_free_network(struct network *network);

/* Control commands: "neighbours", "forget". */
void neighbourhood_cmd_neighbours(void *node, struct control_request *request,
	const json_t *arguments);
void neighbourhood_cmd_forget(void *node, struct control_request *request,
	const json_t *arguments);

#endif
