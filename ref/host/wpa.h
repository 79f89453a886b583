// SPDX-License-Identifier: Apache-2.0
/* wpa_supplicant and hostapd over their control sockets. */
#ifndef BATON_HOST_WPA_H
#define BATON_HOST_WPA_H

#include <stdbool.h>
#include <stddef.h>

#include <time.h>

#include "ref/base/view.h"
#include "ref/host/loop.h"

struct wpa;

/* Octets of the longest answer, its zero included. */
#define WPA_ANSWER_MAX 4096

/*
 * Connects to the control socket at `path` (/run/wpa_supplicant/wlan0) and asks for its events.
 * `folder` is where this end's own sockets are made; the other program must see the same path.
 * `event` gets each event without its priority: "CTRL-EVENT-CONNECTED - Connection to ...".
 * NULL with errno set: ECONNREFUSED, ENOENT, ENOTCONN (no answer).
 */
struct wpa *wpa_open(struct loop *loop, const char *path, const char *folder,
	void (*event)(void *context, const char *text), void *context);

/* When the event that is being told was said by the other program, CLOCK_REALTIME. */
const struct timespec *wpa_event_time(const struct wpa *wpa);

/*
 * Sends a command and waits for its answer, which both programs give at once; `answer` of
 * WPA_ANSWER_MAX octets (NULL: not wanted) is terminated, its last newline removed. 0; -EIO when
 * the answer is FAIL or UNKNOWN COMMAND; -ETIMEDOUT; -ECONNRESET; -EMSGSIZE beyond 2047 octets.
 */
int wpa_command(struct wpa *wpa, char *answer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The value of KEY=VALUE in an answer of many lines; false when it is not there. */
bool wpa_value(const char *answer, const char *key, char *out, size_t size);

/* An access point that wpa_supplicant has heard. */
struct wpa_bss {
	unsigned id; /* wpa_supplicant's own */
	uint8_t bssid[6];
	char ssid[33]; /* as wpa_supplicant prints it: octets that are no text as \\xNN; cut to fit */
	unsigned frequency; /* MHz */
	unsigned age;	    /* seconds since it was last heard */
	/* information elements of the latest probe response or beacon, and of the beacon where both
	 * were heard */
	struct view elements, beacon_elements;
};

/*
 * Calls `take` for each access point of wpa_supplicant's scan results; the octets are valid until it
 * returns. How many there were, or as wpa_command.
 */
int wpa_each_bss(struct wpa *wpa, void (*take)(void *context, const struct wpa_bss *bss),
	void *context);

/* Accepts NULL. Must not be called from its own event. */
void wpa_close(struct wpa *wpa);

#endif
