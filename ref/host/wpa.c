// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <wpa_ctrl.h>

#include "ref/host/ip.h"
#include "ref/host/wpa.h"

struct wpa {
	struct wpa_ctrl *commands, *events;
	struct watch *watch;
	void (*event)(void *context, const char *text);
	void *context;
	struct timespec said;
};

/* As wpa_ctrl_recv, and with the moment at which the message was sent. */
static ssize_t receive(struct wpa *w, char *text, size_t size)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	struct iovec iov = { text, size };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(wpa_ctrl_get_fd(w->events), &message, MSG_DONTWAIT);

	clock_gettime(CLOCK_REALTIME, &w->said);
	for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&message); c;
		c = CMSG_NXTHDR(&message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&w->said, CMSG_DATA(c), sizeof(w->said));
	return n;
}

static void ready(void *context)
{
	struct wpa *w = context;
	char text[WPA_ANSWER_MAX];
	ssize_t size;

	while ((size = receive(w, text, sizeof(text) - 1)) >= 0) {
		const char *start = text;
		text[size] = '\0';
		if (*start == '<' && strchr(start, '>')) /* the priority */
			start = strchr(start, '>') + 1;
		w->event(w->context, start);
	}
}

struct wpa *wpa_open(struct loop *loop, const char *path, const char *folder,
	void (*event)(void *context, const char *text), void *context)
{
	struct wpa *w = host_alloc(sizeof(*w));
	int saved;

	w->event = event;
	w->context = context;
	errno = 0;
	w->commands = wpa_ctrl_open2(path, folder);
	w->events = w->commands ? wpa_ctrl_open2(path, folder) : NULL;
	if (w->events && wpa_ctrl_attach(w->events) == 0) {
		setsockopt(wpa_ctrl_get_fd(w->events), SOL_SOCKET, SO_TIMESTAMPNS, &(int){ 1 },
			sizeof(int));
		w->watch = watch_readable(loop, wpa_ctrl_get_fd(w->events), ready, w);
		return w;
	}
	saved = errno ? errno : ENOTCONN;
	wpa_close(w);
	errno = saved;
	return NULL;
}

const struct timespec *wpa_event_time(const struct wpa *w)
{
	return &w->said;
}

int wpa_command(struct wpa *w, char *answer, const char *format, ...)
{
	char command[2048], own[WPA_ANSWER_MAX];
	size_t size = WPA_ANSWER_MAX - 1;
	va_list list;
	int result;

	if (!answer)
		answer = own;
	va_start(list, format);
	result = vsnprintf(command, sizeof(command), format, list);
	va_end(list);
	answer[0] = '\0';
	if (result < 0 || (size_t)result >= sizeof(command))
		return -EMSGSIZE;
	result = wpa_ctrl_request(w->commands, command, strlen(command), answer, &size, NULL);
	if (result < 0)
		return result == -2 ? -ETIMEDOUT : -ECONNRESET;
	answer[size] = '\0';
	while (size > 0 && answer[size - 1] == '\n')
		answer[--size] = '\0';
	return strncmp(answer, "FAIL", 4) == 0 || strcmp(answer, "UNKNOWN COMMAND") == 0 ? -EIO : 0;
}

bool wpa_value(const char *answer, const char *key, char *out, size_t size)
{
	size_t length = strlen(key);

	for (const char *line = answer; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) != 0 || line[length] != '=')
			continue;
		snprintf(out, size, "%.*s", (int)strcspn(line + length + 1, "\n"),
			line + length + 1);
		return true;
	}
	return false;
}

/* --- scan results ----------------------------------------------------------------------------- */

#define BSS_MAX 1024 /* as long as it goes on, so that a liar does not keep us for ever */

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *found = c ? strchr(digits, c) : NULL;
	return found ? (int)(found - digits) : -1;
}

/* Hexadecimal digits of a value into `out`; what is none, or too long, ends it. */
static struct view octets_of(const char *answer, const char *key, uint8_t *out, size_t size)
{
	char hex[WPA_ANSWER_MAX];
	size_t n = 0;

	if (!wpa_value(answer, key, hex, sizeof(hex)))
		return VIEW_EMPTY;
	for (; n < size; n++) {
		int high = digit(hex[2 * n]), low = high < 0 ? -1 : digit(hex[2 * n + 1]);
		if (low < 0)
			break;
		out[n] = (uint8_t)(high << 4 | low);
	}
	return VIEW(out, n);
}

static unsigned number_of(const char *answer, const char *key)
{
	char text[32];

	return wpa_value(answer, key, text, sizeof(text)) ? (unsigned)strtoul(text, NULL, 10) : 0;
}

/* False when the answer names no access point. */
static bool read_bss(const char *answer, struct wpa_bss *bss, uint8_t octets[2][WPA_ANSWER_MAX / 2])
{
	char mac[32], ssid[160] = "";

	*bss = (struct wpa_bss){ .id = number_of(answer, "id") };
	if (!wpa_value(answer, "bssid", mac, sizeof(mac)) || mac_parse(mac, bss->bssid) < 0)
		return false;
	wpa_value(answer, "ssid", ssid, sizeof(ssid));
	snprintf(bss->ssid, sizeof(bss->ssid), "%s", ssid);
	bss->frequency = number_of(answer, "freq");
	bss->age = number_of(answer, "age");
	bss->elements = octets_of(answer, "ie", octets[0], WPA_ANSWER_MAX / 2);
	bss->beacon_elements = octets_of(answer, "beacon_ie", octets[1], WPA_ANSWER_MAX / 2);
	return true;
}

int wpa_each_bss(struct wpa *w, void (*take)(void *context, const struct wpa_bss *bss),
	void *context)
{
	const unsigned mask = WPA_BSS_MASK_ID | WPA_BSS_MASK_BSSID | WPA_BSS_MASK_FREQ |
		WPA_BSS_MASK_AGE | WPA_BSS_MASK_SSID | WPA_BSS_MASK_IE | WPA_BSS_MASK_BEACON_IE;
	uint8_t octets[2][WPA_ANSWER_MAX / 2];
	char answer[WPA_ANSWER_MAX];
	struct wpa_bss bss;
	int count = 0, result = wpa_command(w, answer, "BSS FIRST MASK=0x%x", mask);

	while (result == 0 && count < BSS_MAX && read_bss(answer, &bss, octets)) {
		unsigned id = bss.id;
		take(context, &bss);
		count++;
		result = wpa_command(w, answer, "BSS NEXT-%u MASK=0x%x", id, mask);
	}
	return result < 0 && result != -EIO ? result : count;
}

void wpa_close(struct wpa *w)
{
	if (!w)
		return;
	watch_free(w->watch);
	if (w->events) {
		wpa_ctrl_detach(w->events);
		wpa_ctrl_close(w->events);
	}
	if (w->commands)
		wpa_ctrl_close(w->commands);
	free(w);
}
