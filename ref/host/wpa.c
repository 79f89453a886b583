// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <wpa_ctrl.h>

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
