// SPDX-License-Identifier: Apache-2.0
/*
 * What an engine wants done.
 *
 * An engine takes a message, an event or the time, and fills this bounded list. It does no I/O,
 * reads no clock, and logs nothing; whoever drives it carries the list out, in order. Octets that
 * an action points to live in the list itself, so the engine may forget them at once.
 */
#ifndef BATON_BASE_ENGINE_H
#define BATON_BASE_ENGINE_H

#include "ref/base/btime.h"
#include "ref/base/reject.h"
#include "ref/base/view.h"

/* An IP address and port, or a MAC address and EtherType. In network byte order, as in a sockaddr. */
struct endpoint {
	uint8_t family; /* AF_INET, AF_INET6 or AF_PACKET; 0: none */
	uint16_t port;
	uint8_t address[16];
};

/* Same family, address and port. */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* "192.0.2.1:716", "[2001:db8::1]:716" or "02:00:00:00:00:01"; returns `out`. 64 octets are always
 * enough. */
const char *endpoint_text(const struct endpoint *e, char *out, size_t size);

/* An IP address from text as above, the port optional (then `port`, host byte order). 0 or -1. */
int endpoint_parse(const char *text, uint16_t port, struct endpoint *e);

enum action_kind {
	ACTION_SEND,   /* send `data` from `local` (if set) to `peer` */
	ACTION_REPORT, /* something happened: `event` of the engine's enum, `name` for the log */
};

struct action {
	enum action_kind kind;
	struct endpoint local, peer;
	/* Of SEND: family 0 by the host's own routes; AF_PACKET to that link-layer address, where
	 * the message came in that this answers; AF_INET, AF_INET6 in a tunnel to there. */
	struct endpoint via;
	struct view data;     /* the datagram, or the report's octets */
	int event;	      /* of a report */
	const char *name;     /* of a report; static, words_with_underscores */
	const void *session;  /* which session it is about; NULL: the engine itself */
	struct reject reject; /* of a report about a rejected message */
};

#define ACTIONS_MAX 16
#define ACTIONS_OCTETS 16384

struct actions {
	struct action list[ACTIONS_MAX];
	unsigned count;
	bool overflowed; /* the list was full: a bug in the engine, tests check it */
	size_t used;
	uint8_t octets[ACTIONS_OCTETS];
};

/* Empties the list; also how one begins: struct actions a; actions_clear(&a). */
void actions_clear(struct actions *a);

/* Room for a datagram of up to `size` octets; NULL and `overflowed` when there is none. */
uint8_t *actions_room(struct actions *a, size_t size);

/* Sends `data`, which is copied into the list unless it lies there already. */
void actions_send(struct actions *a, const struct endpoint *local, const struct endpoint *peer,
	struct view data);

/* Reports; `data` is copied like a datagram. Returns the action so that the caller can add to it,
 * or NULL when the list is full. */
struct action *actions_report(struct actions *a, const void *session, int event, const char *name,
	struct view data);

/* Reports a message that was not taken, and why. Returns as actions_report does. */
struct action *actions_reject(struct actions *a, const void *session, int event, const char *name,
	const struct reject *why);

#endif
