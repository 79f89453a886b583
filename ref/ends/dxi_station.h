// SPDX-License-Identifier: Apache-2.0
/*
 * The station of IEEE 802.1X over IP on a host: the engine of ref/dot1x with a TCP connection and a
 * timer. The connection is made when there is something to authenticate, and closed when all of it
 * has ended (DXI §4.4).
 */
#ifndef BATON_ENDS_DXI_STATION_H
#define BATON_ENDS_DXI_STATION_H

#include "ref/dot1x/dxi_client.h"
#include "ref/host/loop.h"

struct dxi_station;

struct dxi_station_config {
	struct loop *loop;
	struct endpoint server; /* access point or proxy */
	uint8_t station[MAC_SIZE];
	uint16_t keep_alive; /* seconds, 5 to 600; 0: 30 */
	void *context;
	/* Makes the EAP peer for one BSSID; the station destroys it. */
	struct eap_end *(*eap_new)(void *context);
	/* The target has its PMK and PMKID (state DXI_TARGET_AUTHENTICATED), or failed and says
	 * why. May ask for another authentication, and must not free the station. */
	void (*result)(void *context, const struct dxi_target *target);
	/* The connection failed or ended early: a sentence. May be NULL. */
	void (*trouble)(void *context, const char *why);
	/* A message that was not taken. May be NULL. */
	void (*rejected)(void *context, const struct reject *why);
};

/* Copies the configuration; connects to nobody yet. Never NULL. */
struct dxi_station *dxi_station_new(const struct dxi_station_config *config);

/* Closes without a word and wipes the keys. Accepts NULL. */
void dxi_station_free(struct dxi_station *station);

/* Authenticates to the access point, anew if it was. 0, or -1 when there are too many. */
int dxi_station_authenticate(struct dxi_station *station, const uint8_t bssid[MAC_SIZE]);

/* Gives up what is under way; nothing is told. */
void dxi_station_abandon(struct dxi_station *station);

#endif
