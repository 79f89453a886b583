// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void guest_stream_init(struct stream *s, int from, int to, const char *mark)
{
	s->from = from;
	s->to = to;
	s->ended = from < 0;
	s->broken = s->marked = false;
	s->why = 0;
	s->passed = 0;
	s->mark = mark;
	s->start = s->end = s->held = 0;
}

bool guest_stream_finished(const struct stream *s)
{
	return s->broken || (s->ended && s->start == s->end);
}

void guest_stream_poll(const struct stream *s, struct pollfd *p)
{
	p->fd = -1;
	p->revents = 0;
	if (guest_stream_finished(s))
		return;
	p->fd = s->start < s->end ? s->to : s->from;
	p->events = s->start < s->end ? POLLOUT : POLLIN;
}

/* Splits the `size` octets in the buffer into what can be written and what may be the mark. */
static void split(struct stream *s, size_t size)
{
	size_t length = s->mark ? strlen(s->mark) : 0;
	const char *mark = length ? memmem(s->buffer, size, s->mark, length) : NULL;

	s->start = 0;
	s->end = size;
	s->held = 0;
	if (mark) {
		s->end = (size_t)(mark - s->buffer);
		s->marked = s->ended = true;
		return;
	}
	for (size_t hold = length; hold > 0 && s->held == 0; hold--) {
		if (hold <= size && memcmp(s->buffer + size - hold, s->mark, hold) == 0)
			s->held = hold;
	}
	s->end -= s->held;
}

static void take(struct stream *s)
{
	ssize_t n;

	memmove(s->buffer, s->buffer + s->end, s->held);
	n = read(s->from, s->buffer + s->held, sizeof(s->buffer) - s->held);
	if (n > 0) {
		split(s, s->held + (size_t)n);
	} else if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
		s->start = s->end = 0;
	} else { /* the end without a mark: what was held back was not one */
		s->start = 0;
		s->end = s->held;
		s->held = 0;
		s->ended = true;
	}
}

static void give(struct stream *s)
{
	ssize_t n = write(s->to, s->buffer + s->start, s->end - s->start);

	if (n > 0) {
		s->start += (size_t)n;
		s->passed += (uint64_t)n;
	} else if (n < 0 && errno != EINTR && errno != EAGAIN) {
		s->broken = true;
		s->why = errno;
	}
}

void guest_stream_move(struct stream *s, const struct pollfd *p)
{
	if (p->fd < 0 || p->revents == 0)
		return;
	if (s->start < s->end)
		give(s);
	else
		take(s);
}
