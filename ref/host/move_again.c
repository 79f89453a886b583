// SPDX-License-Identifier: Apache-2.0
/*
 * What was under way at the move is lost, and the kernel, which has forgotten the round trip,
 * would wait a second for it. So it is sent again from here: the first segment of each connection
 * at once, so that no program waits for what is for another, then as much as an initial window is,
 * and the last of it: the peer acknowledges the one cumulatively and the other selectively (RFC 2018
 * §4), which tells the kernel that all between is lost, and it goes on by itself (RFC 8985 §6.2).
 * The peer may not have moved yet; then the first and the last segment are sent once more after a
 * part of the round trip, more and more seldom.
 */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ref/host/move_inside.h"

#define FIRST_LEAST (2 * BTIME_MS)
#define FIRST_MOST (50 * BTIME_MS)
#define FIRST_SEGMENTS 10 /* RFC 6928 §2: as many as on any new way */
#define SLICE 500 /* µs between looks */

/* One connection that waits for a word of its peer's. */
struct waiting {
	struct moving *m;
	int fd;
	uint32_t acknowledged; /* octets of it, as far as is known here */
	uint32_t sent;	       /* sent again, from the first on */
	bool heard;	       /* the peer has acknowledged some since the move */
	btime due, interval;
	unsigned tries;
};

struct move_again {
	struct journal *journal;
	struct waiting *list;
	unsigned count;
	int out; /* socket that segments leave by */
};

/* Where the kernel stands with it. */
static struct tcp_info info_of(const struct waiting *w)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	getsockopt(w->fd, IPPROTO_TCP, TCP_INFO, &info, &size);
	return info;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What the kernel has sent and not heard of: an acknowledgement of more would be none to it
 * (RFC 9293 §3.10.7.4). What had not been sent before the move it has sent itself a moment ago;
 * what programs have written since is not ours. */
static uint32_t in_flight(const struct waiting *w)
{
	const struct tcp_image *t = &w->m->tcp;
	uint32_t ours = t->sent + (w->tries && !w->heard ? t->unsent : 0);
	int all = 0, unsent = 0;

	if (ours <= w->acknowledged || ioctl(w->fd, SIOCOUTQ, &all) < 0 ||
		ioctl(w->fd, SIOCOUTQNSD, &unsent) < 0 || all <= unsent)
		return 0;
	return least((uint32_t)(all - unsent), ours - w->acknowledged);
}

/* As much as fits a packet of the new way, which ESP may have made shorter. */
static uint32_t segment_size(const struct waiting *w)
{
	const struct tcp_image *t = &w->m->tcp;
	uint32_t most = t->has_timestamps && t->mss > 12 ? t->mss - 12u : t->mss;
	int now = 0;
	socklen_t size = sizeof(now);

	if (getsockopt(w->fd, IPPROTO_TCP, TCP_MAXSEG, &now, &size) == 0 && now > 0)
		most = least(most, (uint32_t)now);
	return most ? most : 1;
}

/* All but sequence number and data. */
static struct segment from_here(const struct journal *j, const struct moving *m)
{
	const struct move_config *c = &j->head->config;
	const struct tcp_image *t = &m->tcp;

	return (struct segment){.from = *local_of(c, true),
		.to = *peer_of(c, true),
		.from_port = m->result.local_port,
		.to_port = m->result.peer_port,
		.acknowledge = t->receive_next + t->fin_received,
		.timestamps = t->has_timestamps,
		.timestamp = t->timestamp,
		.window = (uint16_t)(t->window[3] >> t->receive_scale)};
}

/* From there, counted from the first octet that is not acknowledged. */
static void send_part(struct move_again *a, const struct waiting *w, uint32_t from, uint32_t size)
{
	struct journal *j = a->journal;
	const struct tcp_image *t = &w->m->tcp;
	const uint8_t *data = journal_at(j, t->to_send);
	uint32_t at = w->acknowledged + from;
	struct segment s = from_here(j, w->m);
	socklen_t length = sizeof(s.timestamp);

	s.sequence = t->send_end - t->sent - t->unsent + at;
	s.data = VIEW(data + at, size);
	getsockopt(w->fd, IPPROTO_TCP, TCP_TIMESTAMP, &s.timestamp, &length);
	segment_send_by(a->out, &s);
}

/* So many segments of what has not been sent again yet. */
static void send_next(struct move_again *a, struct waiting *w, unsigned segments)
{
	uint32_t most = segment_size(w), flight = in_flight(w), part;
	uint32_t at = w->sent > w->acknowledged ? w->sent - w->acknowledged : 0;

	for (; segments && at < flight; segments--, at += part) {
		part = least(flight - at, most);
		send_part(a, w, at, part);
	}
	w->sent = w->acknowledged + at;
}

/* As much as an initial window is, the last segment with it. */
static void send_window(struct move_again *a, struct waiting *w)
{
	uint32_t most = segment_size(w), flight, at, part;

	send_next(a, w, FIRST_SEGMENTS - 1);
	flight = in_flight(w);
	at = w->sent > w->acknowledged ? w->sent - w->acknowledged : 0;
	if (at < flight) {
		part = least(flight - at, most);
		send_part(a, w, flight - part, part);
	}
}

/*
 * The peer's first word may be from before it has heard ours, and only says how far it had come: it
 * tells the kernel nothing of what is lost. So what is behind it is sent again, too. A socket that
 * has moved on is no longer ours to help.
 */
static bool answered(struct move_again *a, struct waiting *w)
{
	struct tcp_info info = info_of(w);
	bool progress = info.tcpi_bytes_acked > w->acknowledged;

	if (info.tcpi_unacked == 0 || (progress && w->heard) ||
		!socket_is_at(w->m, w->fd, &a->journal->head->config))
		return true;
	if (progress) {
		w->heard = true;
		w->acknowledged = (uint32_t)info.tcpi_bytes_acked;
		send_window(a, w);
	}
	return false;
}

static void send_ends(struct move_again *a, struct waiting *w)
{
	uint32_t most = segment_size(w), flight = in_flight(w);
	uint32_t first = least(flight, most), last = least(flight - first, most);

	if (first)
		send_part(a, w, 0, first);
	if (last)
		send_part(a, w, flight - last, last);
}

/* What went to where the peer is no more is lost for certain. What came from where we are no more
 * most likely is not: how far it has come the peer says in a moment. */
static bool is_lost(const struct move_again *a)
{
	const struct move_config *c = &a->journal->head->config;

	return !address_equal(peer_of(c, false), peer_of(c, true));
}

static void send_again(struct move_again *a, struct waiting *w, btime now)
{
	if (is_lost(a) && !w->tries)
		send_window(a, w);
	else
		send_ends(a, w);
	w->due = now + w->interval;
	if (++w->tries > 2)
		w->interval *= 2;
}

/*
 * How far the peer's octets have come, where no data of ours says so: it may not know, for the last
 * acknowledgements went to where it was. The kernel sends one itself at the end of repair, but with
 * a sequence number that the peer has seen, and none looks at what such a segment says (RFC 9293
 * §3.10.7.4).
 */
static void send_words(struct move_again *a)
{
	for (unsigned i = 0; i < a->journal->head->sockets; i++) {
		const struct moving *m = journal_socket(a->journal, i);
		const struct tcp_image *t = &m->tcp;
		struct segment s = from_here(a->journal, m);
		s.sequence = t->send_end - t->unsent + t->fin_sent;
		if (m->result.protocol == IPPROTO_TCP && m->result.fate == MOVE_MOVED && !t->sent)
			segment_send_by(a->out, &s);
	}
}

static void gather(struct move_again *a)
{
	struct journal *j = a->journal;
	btime now = loop_now();

	for (unsigned i = 0; i < j->head->sockets; i++) {
		struct moving *m = journal_socket(j, i);
		struct waiting *w = &a->list[a->count];
		btime half = (btime)m->tcp.round_trip * BTIME_US / 2;
		if (m->result.protocol != IPPROTO_TCP || m->result.fate != MOVE_MOVED)
			continue;
		if (m->tcp.sent + m->tcp.unsent == 0)
			continue;
		*w = (struct waiting){.m = m,
			.fd = move_fetch(m),
			.due = now,
			.interval = half < FIRST_LEAST	? FIRST_LEAST
				    : half > FIRST_MOST ? FIRST_MOST
							: half};
		if (w->fd < 0)
			continue;
		w->acknowledged = least((uint32_t)info_of(w).tcpi_bytes_acked,
			m->tcp.sent + m->tcp.unsent);
		w->sent = w->acknowledged;
		a->count++;
	}
}

struct move_again *move_again_begin(struct journal *j)
{
	struct move_again *a = host_alloc(sizeof(*a));

	a->journal = j;
	a->list = host_alloc((j->head->sockets + 1) * sizeof(*a->list));
	a->out = segment_open(local_of(&j->head->config, true)->family);
	gather(a);
	for (unsigned i = 0; i < a->count && is_lost(a); i++)
		send_next(a, &a->list[i], 1);
	send_words(a);
	return a;
}

void move_again_go_on(struct move_again *a, btime patience)
{
	struct waiting *list = a->list;
	btime end = loop_now() + patience;

	while (a->count && loop_now() < end) {
		btime now = loop_now();
		for (unsigned i = 0; i < a->count;) {
			if (answered(a, &list[i])) {
				close(list[i].fd);
				list[i] = list[--a->count];
				continue;
			}
			if (list[i].due <= now)
				send_again(a, &list[i], now);
			i++;
		}
		usleep(SLICE);
	}
	while (a->count)
		close(list[--a->count].fd);
	if (a->out >= 0)
		close(a->out);
	free(list);
	free(a);
}
