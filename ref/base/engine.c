// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "ref/base/engine.h"

static size_t address_size(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : family == AF_PACKET ? 6 : 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && a->port == b->port &&
		memcmp(a->address, b->address, address_size(a->family)) == 0;
}

const char *endpoint_text(const struct endpoint *e, char *out, size_t size)
{
	char address[INET6_ADDRSTRLEN];

	if (!address_size(e->family))
		snprintf(out, size, "none");
	else if (e->family == AF_PACKET)
		snprintf(out, size, "%02x:%02x:%02x:%02x:%02x:%02x", e->address[0], e->address[1],
			e->address[2], e->address[3], e->address[4], e->address[5]);
	else
		snprintf(out, size, e->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
			inet_ntop(e->family, e->address, address, sizeof(address)), ntohs(e->port));
	return out;
}

/* Splits "[v6]:port", "v4:port", "v6" and "v4" into host and port. */
static int split(const char *text, char *host, size_t size, const char **port)
{
	const char *end, *colon;

	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -1;
		*port = end[1] ? end + 2 : NULL;
	} else {
		colon = strchr(text, ':');
		bool one = colon && !strchr(colon + 1, ':');
		end = one ? colon : text + strlen(text);
		*port = one ? colon + 1 : NULL;
	}
	if ((size_t)(end - text) >= size)
		return -1;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	return 0;
}

int endpoint_parse(const char *text, uint16_t port, struct endpoint *e)
{
	char host[INET6_ADDRSTRLEN], *end;
	const char *digits;

	*e = (struct endpoint){ .port = htons(port) };
	if (split(text, host, sizeof(host), &digits) < 0)
		return -1;
	if (digits) {
		unsigned long n = strtoul(digits, &end, 10);
		if (*end || end == digits || n > 65535)
			return -1;
		e->port = htons((uint16_t)n);
	}
	if (inet_pton(AF_INET, host, e->address) == 1)
		e->family = AF_INET;
	else if (inet_pton(AF_INET6, host, e->address) == 1)
		e->family = AF_INET6;
	else
		return -1;
	return 0;
}

void actions_clear(struct actions *a)
{
	a->count = 0;
	a->used = 0;
	a->overflowed = false;
}

uint8_t *actions_room(struct actions *a, size_t size)
{
	if (size > sizeof(a->octets) - a->used) {
		a->overflowed = true;
		return NULL;
	}
	uint8_t *room = a->octets + a->used;
	a->used += size;
	return room;
}

/* Octets that already lie in the list are taken as they are. */
static struct view keep(struct actions *a, struct view data)
{
	uintptr_t p = (uintptr_t)data.data, start = (uintptr_t)a->octets;

	if (data.size == 0 || (p >= start && p < start + sizeof(a->octets)))
		return data;
	uint8_t *room = actions_room(a, data.size);
	if (!room)
		return VIEW_EMPTY;
	memcpy(room, data.data, data.size);
	return VIEW(room, data.size);
}

static struct action *next_action(struct actions *a)
{
	if (a->count == ACTIONS_MAX) {
		a->overflowed = true;
		return NULL;
	}
	struct action *action = &a->list[a->count++];
	memset(action, 0, sizeof(*action));
	return action;
}

void actions_send(struct actions *a, const struct endpoint *local, const struct endpoint *peer,
	struct view data)
{
	struct view kept = keep(a, data);
	if (kept.size != data.size)
		return;
	struct action *action = next_action(a);
	if (!action)
		return;
	action->kind = ACTION_SEND;
	if (local)
		action->local = *local;
	action->peer = *peer;
	action->data = kept;
}

struct action *actions_report(struct actions *a, const void *session, int event, const char *name,
	struct view data)
{
	struct view kept = keep(a, data);
	struct action *action = next_action(a);
	if (!action)
		return NULL;
	action->kind = ACTION_REPORT;
	action->session = session;
	action->event = event;
	action->name = name;
	action->data = kept;
	return action;
}

struct action *actions_reject(struct actions *a, const void *session, int event, const char *name,
	const struct reject *why)
{
	struct action *action = actions_report(a, session, event, name, VIEW_EMPTY);

	if (action)
		action->reject = *why;
	return action;
}
