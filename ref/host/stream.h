// SPDX-License-Identifier: Apache-2.0
/*
 * TCP connections: octets in, octets out, with a queue that its owner can watch. Nothing here
 * blocks; a connection that fails is closed through its `closed`.
 */
#ifndef BATON_HOST_STREAM_H
#define BATON_HOST_STREAM_H

#include "ref/base/engine.h"
#include "ref/host/loop.h"

struct stream;
struct stream_listener;

/*
 * Raises this process's limit of open descriptors so that `wanted` connections fit beside what a
 * node needs itself. How many do; less than `wanted` where the system allows no more.
 */
unsigned stream_room(unsigned wanted);

struct stream_events {
	/* A connection that was asked for is there. NULL for accepted ones. */
	void (*connected)(void *context);
	/* Octets came; valid during the call. May close the stream. */
	void (*received)(void *context, struct view octets);
	/* The queue has drained to its last octet. May be NULL. */
	void (*drained)(void *context);
	/* The other side closed, or it failed (`why` a static sentence). Then call stream_close. */
	void (*closed)(void *context, const char *why);
};

/*
 * Listens at `local`. `accepted` gets each connection, which it takes with stream_set_events or
 * closes. While there are no descriptors for more, connections wait in the kernel. NULL with errno set:
 * EADDRINUSE and the like.
 */
struct stream_listener *stream_listen(struct loop *loop, const struct endpoint *local,
	void (*accepted)(void *context, struct stream *stream, const struct endpoint *peer),
	void *context);

/* Accepts NULL. Connections stay. */
void stream_listener_close(struct stream_listener *listener);

/* Begins to connect; `events->connected` or `events->closed` tells. NULL with errno set. */
struct stream *stream_connect(struct loop *loop, const struct endpoint *peer,
	const struct stream_events *events, void *context);

/* For an accepted connection: who hears of it. */
void stream_set_events(struct stream *stream, const struct stream_events *events, void *context);

/* Queues octets. */
void stream_send(struct stream *stream, struct view octets);

/* Octets queued and not yet taken by the kernel. */
size_t stream_queued(const struct stream *stream);

/* Stops or goes on reading. */
void stream_pause(struct stream *stream, bool pause);

/*
 * Closes; no event comes any more. With `flush`, what is queued is sent first, for at most two
 * seconds, and then it is closed by itself. May be called from the stream's own events.
 */
void stream_close(struct stream *stream, bool flush);

#endif
