// SPDX-License-Identifier: Apache-2.0
/* wpa_supplicant and hostapd over their control sockets. */
#ifndef BATON_HOST_WPA_H
#define BATON_HOST_WPA_H

#include <stdbool.h>
#include <stddef.h>

#include <time.h>

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

/* Accepts NULL. Must not be called from its own event. */
void wpa_close(struct wpa *wpa);

#endif
