// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "ref/host/ip.h"
#include "ref/host/stream.h"

#define FLUSH_S 2
#define BACKLOG 1024
#define ACCEPT_AGAIN (100 * BTIME_MS)
#define OTHER_DESCRIPTORS 64 /* of a node, beside its connections */

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
	struct timer *again;
	struct loop *loop;
	void (*accepted)(void *context, struct stream *stream, const struct endpoint *peer);
	void *context;
};

unsigned stream_room(unsigned wanted)
{
	struct rlimit limit;
	rlim_t need = (rlim_t)wanted + OTHER_DESCRIPTORS;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	if (limit.rlim_cur < need) {
		limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur >= need)
		return wanted;
	return limit.rlim_cur > OTHER_DESCRIPTORS ?
		(unsigned)limit.rlim_cur - OTHER_DESCRIPTORS : 0;
}

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

/* What a message asks for is answered at once: none waits for others to fill a segment. */
static void send_at_once(int fd)
{
	const int on = 1;

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void on_event(struct bufferevent *buffer, short what, void *context)
{
	struct stream *s = context;
	(void)buffer;

	s->inside = true;
	if (what & BEV_EVENT_CONNECTED) {
		send_at_once(bufferevent_getfd(buffer));
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

	send_at_once(fd);

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

/* The kernel gives no descriptor: asking again at once would only use up time. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
	struct stream_listener *l = context;

	evconnlistener_disable(listener);
	timer_set(l->again, loop_now() + ACCEPT_AGAIN);
}

static void accept_again(void *context)
{
	struct stream_listener *l = context;
	evconnlistener_enable(l->listener);
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
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG,
		(struct sockaddr *)&address, (int)length);
	if (!l->listener) {
		free(l);
		return NULL;
	}
	evconnlistener_set_error_cb(l->listener, on_accept_error);
	l->again = timer_new(loop, accept_again, l);
	return l;
}

void stream_listener_close(struct stream_listener *l)
{
	if (!l)
		return;
	evconnlistener_free(l->listener);
	timer_free(l->again);
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
