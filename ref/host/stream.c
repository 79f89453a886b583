// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "ref/host/ip.h"
#include "ref/host/stream.h"

#define FLUSH_S 2

struct stream {
	struct bufferevent *buffer;
	struct stream_events events;
	void *context;
	bool inside;  /* an event is being told: freeing waits for its end */
	bool closing; /* nothing is told any more */
	bool flush;
};

struct stream_listener {
	struct evconnlistener *listener;
	struct loop *loop;
	void (*accepted)(void *context, struct stream *stream, const struct endpoint *peer);
	void *context;
};

static void stream_free(struct stream *s)
{
	bufferevent_free(s->buffer);
	free(s);
}

/* After telling an event: what was closed meanwhile goes now. True when the stream is gone. */
static bool settle(struct stream *s)
{
	s->inside = false;
	if (!s->closing || (s->flush && stream_queued(s)))
		return false;
	stream_free(s);
	return true;
}

static void on_read(struct bufferevent *buffer, void *context)
{
	struct stream *s = context;
	struct evbuffer *input = bufferevent_get_input(buffer);
	uint8_t octets[4096];
	int n;

	s->inside = true;
	while (!s->closing && (n = evbuffer_remove(input, octets, sizeof(octets))) > 0)
		s->events.received(s->context, VIEW(octets, n));
	settle(s);
}

/* libevent calls this when the output has drained. */
static void on_write(struct bufferevent *buffer, void *context)
{
	struct stream *s = context;
	(void)buffer;

	s->inside = true;
	if (!s->closing && s->events.drained)
		s->events.drained(s->context);
	settle(s);
}

static void on_event(struct bufferevent *buffer, short what, void *context)
{
	struct stream *s = context;
	(void)buffer;

	s->inside = true;
	if (what & BEV_EVENT_CONNECTED) {
		if (!s->closing && s->events.connected)
			s->events.connected(s->context);
	} else {
		s->flush = false;
		if (!s->closing)
			s->events.closed(s->context,
				what & BEV_EVENT_EOF ? "closed by the other side"
				: what & BEV_EVENT_TIMEOUT
					? "timed out"
					: strerror(EVUTIL_SOCKET_ERROR()));
	}
	settle(s);
}

static struct stream *stream_new(struct loop *loop, int fd)
{
	struct stream *s = host_alloc(sizeof(*s));

	s->buffer = bufferevent_socket_new(loop_base(loop), fd, BEV_OPT_CLOSE_ON_FREE);
	if (!s->buffer)
		abort();
	bufferevent_setcb(s->buffer, on_read, on_write, on_event, s);
	return s;
}

void stream_set_events(struct stream *s, const struct stream_events *events, void *context)
{
	s->events = *events;
	s->context = context;
	bufferevent_enable(s->buffer, EV_READ | EV_WRITE);
}

struct stream *stream_connect(struct loop *loop, const struct endpoint *peer,
	const struct stream_events *events, void *context)
{
	struct sockaddr_storage address;
	socklen_t length = endpoint_to_sockaddr(peer, &address);
	struct stream *s = stream_new(loop, -1);

	stream_set_events(s, events, context);
	if (bufferevent_socket_connect(s->buffer, (struct sockaddr *)&address, (int)length) < 0) {
		stream_free(s);
		return NULL;
	}
	return s;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
	struct sockaddr *address, int length, void *context)
{
	struct stream_listener *l = context;
	struct sockaddr_storage from = { 0 };
	(void)listener;

	memcpy(&from, address, (size_t)length < sizeof(from) ? (size_t)length : sizeof(from));
	struct endpoint peer = endpoint_from_sockaddr(&from);
	l->accepted(l->context, stream_new(l->loop, fd), &peer);
}

struct stream_listener *stream_listen(struct loop *loop, const struct endpoint *local,
	void (*accepted)(void *context, struct stream *stream, const struct endpoint *peer),
	void *context)
{
	struct sockaddr_storage address;
	socklen_t length = endpoint_to_sockaddr(local, &address);
	struct stream_listener *l = host_alloc(sizeof(*l));

	*l = (struct stream_listener){ .loop = loop, .accepted = accepted, .context = context };
	l->listener = evconnlistener_new_bind(loop_base(loop), on_accept, l,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC, 128,
		(struct sockaddr *)&address, (int)length);
	if (!l->listener) {
		free(l);
		return NULL;
	}
	return l;
}

void stream_listener_close(struct stream_listener *l)
{
	if (!l)
		return;
	evconnlistener_free(l->listener);
	free(l);
}

void stream_send(struct stream *s, struct view octets)
{
	if (!s->closing)
		bufferevent_write(s->buffer, octets.data, octets.size);
}

size_t stream_queued(const struct stream *s)
{
	return evbuffer_get_length(bufferevent_get_output(s->buffer));
}

void stream_pause(struct stream *s, bool pause)
{
	if (pause)
		bufferevent_disable(s->buffer, EV_READ);
	else
		bufferevent_enable(s->buffer, EV_READ);
}

void stream_close(struct stream *s, bool flush)
{
	static const struct timeval limit = { FLUSH_S, 0 };

	if (!s || s->closing)
		return;
	s->closing = true;
	s->flush = flush && stream_queued(s);
	if (s->flush) {
		bufferevent_disable(s->buffer, EV_READ);
		bufferevent_enable(s->buffer, EV_WRITE);
		bufferevent_set_timeouts(s->buffer, NULL, &limit);
	} else if (!s->inside) {
		stream_free(s);
	}
}
