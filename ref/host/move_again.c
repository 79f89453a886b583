// SPDX-License-Identifier: Apache-2.0
/*
 * What was under way at the move is lost, and the kernel, which has forgotten the round trip,
 * would wait a second for it. So the first of it is sent again from here, at once, and the last of
 * it: the peer acknowledges the one cumulatively and the other selectively (RFC 2018 §4), which
 * tells the kernel that all between is lost, and it goes on by itself (RFC 8985 §6.2). The peer
 * may not have moved yet; then it is sent once more after a part of the round trip, more and more
 * seldom.
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
#define SLICE 500 /* µs between looks */

/* One connection that waits for a word of its peer's. */
struct waiting {
	struct moving *m;
	int fd;
	btime due, interval;
	unsigned tries;
};

/* Where the kernel stands with it. A socket that has moved on is no longer ours to help. */
static bool answered(struct journal *j, const struct waiting *w)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	if (getsockopt(w->fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		return true;
	return info.tcpi_unacked == 0 || info.tcpi_bytes_acked > 0 ||
	       !socket_is_at(w->m, w->fd, &j->head->config);
}

/* What the kernel has sent and not heard of: an acknowledgement of more would be none to it
 * (RFC 9293 §3.10.7.4). */
static uint32_t in_flight(const struct waiting *w)
{
	const struct tcp_image *t = &w->m->tcp;
	int all = 0, unsent = 0;
	uint32_t flight;

	if (ioctl(w->fd, SIOCOUTQ, &all) < 0 || ioctl(w->fd, SIOCOUTQNSD, &unsent) < 0 ||
		all <= unsent)
		return 0;
	flight = (uint32_t)(all - unsent);
	return flight < t->sent + t->unsent ? flight : t->sent + t->unsent;
}

static void send_part(struct journal *j, const struct waiting *w, uint32_t from, uint32_t size)
{
	const struct move_config *c = &j->head->config;
	const struct moving *m = w->m;
	const struct tcp_image *t = &m->tcp;
	const uint8_t *data = journal_at(j, t->to_send);
	struct segment s = {.from = *local_of(c, true),
		.to = *peer_of(c, true),
		.from_port = m->result.local_port,
		.to_port = m->result.peer_port,
		.sequence = t->send_end - t->sent - t->unsent + from,
		.acknowledge = t->receive_next + t->fin_received,
		.timestamps = t->has_timestamps,
		.window = (uint16_t)(t->window[3] >> t->receive_scale),
		.data = VIEW(data + from, size)};
	socklen_t length = sizeof(s.timestamp);

	getsockopt(w->fd, IPPROTO_TCP, TCP_TIMESTAMP, &s.timestamp, &length);
	segment_send(&s);
}

static void send_again(struct journal *j, struct waiting *w, btime now)
{
	const struct tcp_image *t = &w->m->tcp;
	uint32_t most = t->mss > 12 ? t->mss - 12u : 1, flight = in_flight(w);
	uint32_t first = flight < most ? flight : most, last = flight - first;

	if (last > most)
		last = most;
	if (first)
		send_part(j, w, 0, first);
	if (last)
		send_part(j, w, flight - last, last);
	w->due = now + w->interval;
	if (++w->tries > 2)
		w->interval *= 2;
}

static unsigned gather(struct journal *j, struct waiting *list)
{
	unsigned count = 0;
	btime now = loop_now();

	for (unsigned i = 0; i < j->head->sockets; i++) {
		struct moving *m = journal_socket(j, i);
		btime half = (btime)m->tcp.round_trip * BTIME_US / 2;
		if (m->result.protocol != IPPROTO_TCP || m->result.fate != MOVE_MOVED ||
			m->tcp.sent + m->tcp.unsent == 0)
			continue;
		list[count] = (struct waiting){.m = m,
			.fd = move_fetch(m),
			.due = now,
			.interval = half < FIRST_LEAST	? FIRST_LEAST
				    : half > FIRST_MOST ? FIRST_MOST
							: half};
		count += list[count].fd >= 0;
	}
	return count;
}

void move_again(struct journal *j, btime patience)
{
	struct waiting *list = host_alloc((j->head->sockets + 1) * sizeof(*list));
	unsigned count = gather(j, list);
	btime end = loop_now() + patience;

	while (count && loop_now() < end) {
		btime now = loop_now();
		for (unsigned i = 0; i < count;) {
			if (list[i].tries && answered(j, &list[i])) {
				close(list[i].fd);
				list[i] = list[--count];
				continue;
			}
			if (list[i].due <= now)
				send_again(j, &list[i], now);
			i++;
		}
		usleep(SLICE);
	}
	while (count)
		close(list[--count].fd);
	free(list);
}
