// SPDX-License-Identifier: Apache-2.0
/* The radio of a mobile node: wpa_supplicant, told when to go where. */
#ifndef BATON_MN_STATION_H
#define BATON_MN_STATION_H

#include "ref/mn/settings.h"

struct station;

enum station_report {
	STATION_LEFT,	    /* not associated any more */
	STATION_ASSOCIATED, /* with the new access point; keys are still missing */
	STATION_JOINED,	    /* 4-way handshake done: frames flow */
	STATION_SEEN,	    /* station_look found an access point of the network */
	STATION_NOT_SEEN,   /* and did not */
	STATION_FAILED,	    /* refused, or not found; `detail` says what */
};

struct station_callbacks {
	void *context;
	/* `ssid` is that of the network it is about; "" where it is not known. */
	void (*report)(void *context, enum station_report report, const char *ssid,
		const char *detail);
};

/* NULL after log_error. Without a supplicant the device is a wire, on which every network is at
 * once joined. */
struct station *station_open(struct node *node, const struct device_settings *settings,
	const struct station_callbacks *callbacks);

/* Accepts NULL. */
void station_close(struct station *station);

/*
 * Looks whether an access point of the network is in reach, on `frequency` MHz, or where it was
 * seen before, or (0, never seen) everywhere. wpa_supplicant keeps what it saw for a few seconds, so
 * that station_join needs no search of its own then.
 */
void station_look(struct station *station, const char *ssid, unsigned frequency);

/* Leaves what is there and joins the network; reports say how it goes. A network that is joined
 * already is reported at once. 0, or -1 when the supplicant does not know it. */
int station_join(struct station *station, const char *ssid);

/* Leaves. */
void station_leave(struct station *station);

/* The network that is joined, or "". */
const char *station_ssid(const struct station *station);

#endif
