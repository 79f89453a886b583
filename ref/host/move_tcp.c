// SPDX-License-Identifier: Apache-2.0
/*
 * One TCP connection at other addresses: the same socket, by TCP_REPAIR.
 *
 * The image of the connection is taken, the socket loses its addresses without a word to the peer,
 * gets its sequence numbers and its port again, is connected to the new addresses (in repair mode
 * without a handshake), and gets back what the kernel forgot: options, timestamp clock, both
 * queues, windows. A FIN that had been sent is sent once more, one that had been received is
 * received once more, from ourselves. What fails on the way is undone by the same means at the old
 * addresses.
 *
 * Every part can be done again from its beginning: the image stands in the journal before the
 * addresses are given up, and nothing new reaches the socket until all are moved.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ref/host/move_inside.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif
#define REPAIR_OFF 0
#define REPAIR_ON 1
#define REPAIR_OFF_SILENTLY (-1)
#define QUEUE_RECEIVE 1
#define QUEUE_SEND 2
#define OPTION_MSS 2	    /* RFC 9293 §3.7.1 */
#define OPTION_SCALE 3	    /* RFC 7323 §2.2 */
#define OPTION_SACK 4	    /* RFC 2018 §2 */
#define OPTION_TIMESTAMPS 8 /* RFC 7323 §3.2 */
#define MAXSEG_MOST 32767 /* tcp(7) */
#define PIECE 32768u	    /* of a queue at once */

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int get(int fd, int level, int name)
{
	int value = 0;
	socklen_t size = sizeof(value);

	getsockopt(fd, level, name, &value, &size);
	return value;
}

static uint32_t octets(int fd, unsigned long what)
{
	int n = 0;

	return ioctl(fd, what, &n) < 0 || n < 0 ? 0 : (uint32_t)n;
}

/* --- the image -------------------------------------------------------------------------------- */

static void take_options(int fd, struct moving *m)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);
	struct tcp_image *t = &m->tcp;

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
	m->result.state = info.tcpi_state;
	t->has_timestamps = info.tcpi_options & TCPI_OPT_TIMESTAMPS;
	t->has_sack = info.tcpi_options & TCPI_OPT_SACK;
	t->has_scaling = info.tcpi_options & TCPI_OPT_WSCALE;
	t->send_scale = info.tcpi_snd_wscale;
	t->receive_scale = info.tcpi_rcv_wscale;
	t->round_trip = info.tcpi_rtt;
	t->mss = (uint16_t)get(fd, IPPROTO_TCP, TCP_MAXSEG);
	t->timestamp = (uint32_t)get(fd, IPPROTO_TCP, TCP_TIMESTAMP);
	size = sizeof(t->window);
	getsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, t->window, &size);
}

static int choose(int fd, int queue)
{
	return set(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, queue);
}

/* Copies `size` octets of the chosen queue into the journal; they stay in the socket. */
static int take_queue(struct journal *j, int fd, uint32_t size, uint64_t *at)
{
	ssize_t n = 0;

	*at = journal_take(j, (uint64_t)size + 1);
	if (!*at)
		return -ENOSPC;
	if (size)
		n = recv(fd, journal_at(j, *at), size, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	return (uint32_t)n == size ? 0 : -EIO;
}

static int take_received(struct journal *j, int fd, struct moving *m)
{
	enum tcp_state state = m->result.state;
	struct tcp_image *t = &m->tcp;
	int result = choose(fd, QUEUE_RECEIVE);

	if (result < 0)
		return result;
	t->fin_received = state == TCP_STATE_CLOSE_WAIT || state == TCP_STATE_LAST_ACK ||
			  state == TCP_STATE_CLOSING;
	t->receive_next = (uint32_t)get(fd, IPPROTO_TCP, TCP_QUEUE_SEQ) - t->fin_received;
	t->unread = octets(fd, SIOCINQ);
	return take_queue(j, fd, t->unread, &t->received);
}

/* While the queue to send is the chosen one, the kernel sends nothing new of it: what is said to be
 * not sent yet stays that way. */
static int take_to_send(struct journal *j, int fd, struct moving *m)
{
	enum tcp_state state = m->result.state;
	struct tcp_image *t = &m->tcp;
	uint32_t outstanding;
	int result = choose(fd, QUEUE_SEND);

	if (result < 0)
		return result;
	t->fin_sent = state == TCP_STATE_FIN_WAIT_1 || state == TCP_STATE_FIN_WAIT_2 ||
		      state == TCP_STATE_CLOSING || state == TCP_STATE_LAST_ACK;
	t->send_end = (uint32_t)get(fd, IPPROTO_TCP, TCP_QUEUE_SEQ) - t->fin_sent;
	outstanding = octets(fd, SIOCOUTQ);
	t->unsent = octets(fd, SIOCOUTQNSD);
	if (t->fin_sent && outstanding)
		outstanding--;
	if (t->fin_sent && t->unsent)
		t->unsent--;
	if (t->unsent > outstanding)
		return -EAGAIN;
	t->sent = outstanding - t->unsent;
	return take_queue(j, fd, outstanding, &t->to_send);
}

static const char *unmovable(int fd, const struct moving *m)
{
	char name[16] = "";
	socklen_t size = sizeof(name);

	if (m->result.state == TCP_STATE_SYN_SENT || m->result.state == TCP_STATE_SYN_RECEIVED)
		return "not established yet";
	if (m->result.state == TCP_STATE_CLOSED || m->result.state == TCP_STATE_TIME_WAIT)
		return "over already";
	if (getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &size) == 0 && size && name[0])
		return "encrypted inside the kernel (TLS)";
	return NULL;
}

/* Everything that has to be known. On an error the socket is as it was. */
static int snapshot(struct journal *j, struct moving *m, int fd)
{
	int result;

	m->reuse = get(fd, SOL_SOCKET, SO_REUSEADDR);
	m->mark = get(fd, SOL_SOCKET, SO_MARK);
	m->buffer_lock = get(fd, SOL_SOCKET, SO_BUF_LOCK);
	m->send_buffer = get(fd, SOL_SOCKET, SO_SNDBUF);
	m->receive_buffer = get(fd, SOL_SOCKET, SO_RCVBUF);
	move_step(j, m, MOVE_STEP_REPAIR);
	result = set(fd, IPPROTO_TCP, TCP_REPAIR, REPAIR_ON);
	if (result < 0) {
		move_why(m, MOVE_STAYED, "the kernel gives no repair mode: %s", strerror(-result));
		return result;
	}
	move_step(j, m, MOVE_STEP_SNAPSHOT);
	take_options(fd, m);
	result = take_received(j, fd, m);
	if (result == 0)
		result = take_to_send(j, fd, m);
	if (result == 0) {
		m->result.unread = m->tcp.unread;
		m->result.unacknowledged = m->tcp.sent;
		m->result.unsent = m->tcp.unsent;
		m->complete = true;
		return 0;
	}
	set(fd, IPPROTO_TCP, TCP_REPAIR, REPAIR_OFF_SILENTLY);
	set(fd, SOL_SOCKET, SO_REUSEADDR, m->reuse);
	move_why(m, MOVE_STAYED, "its queues cannot be copied: %s", strerror(-result));
	return result;
}

/* --- addresses -------------------------------------------------------------------------------- */

static int disconnect(int fd)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	set(fd, IPPROTO_TCP, TCP_REPAIR, REPAIR_ON);
	if (connect(fd, &none, sizeof(none)) < 0)
		return -errno;
	return set(fd, IPPROTO_TCP, TCP_REPAIR, REPAIR_ON);
}

static int set_sequence(int fd, int queue, uint32_t sequence)
{
	int result = choose(fd, queue);

	return result < 0 ? result : set(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, (int)sequence);
}

/* --- what the kernel forgot ------------------------------------------------------------------- */

static int set_options(int fd, const struct tcp_image *t)
{
	struct tcp_repair_opt options[4];
	unsigned n = 0;

	options[n++] = (struct tcp_repair_opt){OPTION_MSS, t->mss};
	if (t->has_scaling)
		options[n++] = (struct tcp_repair_opt){
			OPTION_SCALE, t->send_scale | (uint32_t)t->receive_scale << 16};
	if (t->has_sack)
		options[n++] = (struct tcp_repair_opt){OPTION_SACK, 0};
	if (t->has_timestamps)
		options[n++] = (struct tcp_repair_opt){OPTION_TIMESTAMPS, 0};
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, options, n * sizeof(options[0])) < 0)
		return -errno;
	return t->has_timestamps ? set(fd, IPPROTO_TCP, TCP_TIMESTAMP, (int)t->timestamp) : 0;
}

/* Room for a queue that was there before and has to fit again, in smaller pieces than it came;
 * until release_buffers. The kernel doubles what it is told. */
static void make_room(int fd, int option, uint32_t size)
{
	set(fd, SOL_SOCKET, option, (int)(2 * size + (1 << 20)));
}

/* Into a queue that is to hold `whole` octets in the end. */
static int fill(int fd, const char *data, uint32_t size, uint32_t whole, int buffer)
{
	bool widened = false;
	uint32_t piece = PIECE;

	for (uint32_t at = 0; at < size;) {
		uint32_t part = size - at < piece ? size - at : piece;
		ssize_t n = send(fd, data + at, part, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			at += (uint32_t)n;
		} else if (!widened) {
			make_room(fd, buffer, whole);
			widened = true;
		} else if (piece > 1024) {
			piece /= 2;
		} else {
			return n < 0 ? -errno : -EIO;
		}
	}
	return 0;
}

/*
 * The kernel may keep the last of it back as not sent yet, to make larger segments (autocorking).
 * To the peer, which has it, our sequence numbers would then lie behind, and none of its segments
 * would be acceptable. Setting TCP_NODELAY pushes.
 */
static int push(int fd)
{
	int before = get(fd, IPPROTO_TCP, TCP_NODELAY);

	if (octets(fd, SIOCOUTQNSD) == 0)
		return 0;
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, IPPROTO_TCP, TCP_NODELAY, before);
	return octets(fd, SIOCOUTQNSD) == 0 ? 0 : -EIO;
}

static int set_queues(struct journal *j, struct moving *m, int fd)
{
	const struct tcp_image *t = &m->tcp;
	int result = choose(fd, QUEUE_RECEIVE);

	if (result == 0)
		result = fill(fd, journal_at(j, t->received), t->unread, t->unread, SO_RCVBUFFORCE);
	if (result == 0)
		result = choose(fd, QUEUE_SEND);
	if (result == 0)
		result = fill(fd, journal_at(j, t->to_send), t->sent, t->sent + t->unsent,
			SO_SNDBUFFORCE);
	return result < 0 ? result : push(fd);
}

/* RCV.WUP may not lie behind RCV.NXT, which a FIN that is still to come has not counted up. */
static int set_window(int fd, const struct tcp_image *t)
{
	uint32_t window[5];

	memcpy(window, t->window, sizeof(window));
	if ((int32_t)(window[4] - t->receive_next) > 0)
		window[4] = t->receive_next;
	if (t->fin_received && window[3] == 0)
		window[3] = 1;
	return setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, window, sizeof(window)) < 0 ? -errno
											  : 0;
}

/* --- half-closed connections --------------------------------------------------------------------
 */

static enum tcp_state state_of(int fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
	return info.tcpi_state;
}

/* The peer's FIN once more, as from the peer. The policies of IPsec would want it inside ESP: the
 * socket is exempted while it comes. */
static int receive_fin(struct journal *j, struct moving *m, int fd, bool after)
{
	const struct move_config *c = &j->head->config;
	const struct tcp_image *t = &m->tcp;
	struct segment fin = {.from = *peer_of(c, after),
		.to = *local_of(c, after),
		.from_port = m->result.peer_port,
		.to_port = m->result.local_port,
		.sequence = t->receive_next,
		.acknowledge = t->send_end - t->sent - t->unsent,
		.fin = true,
		.window = (uint16_t)(t->window[1] >> t->send_scale)};
	enum tcp_state state;
	int result;

	segment_exempt(fd, m->family, true);
	result = segment_send(&fin);
	segment_exempt(fd, m->family, false);
	state = state_of(fd);
	if (result == 0 && state != TCP_STATE_CLOSE_WAIT && state != TCP_STATE_CLOSING &&
		state != TCP_STATE_LAST_ACK)
		result = -EPROTO;
	return result;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* As large as they were: what is in them may be more for the moment. */
static void release_buffers(struct moving *m, int fd)
{
	if (get(fd, SOL_SOCKET, SO_SNDBUF) > m->send_buffer)
		set(fd, SOL_SOCKET, SO_SNDBUFFORCE, m->send_buffer / 2);
	if (get(fd, SOL_SOCKET, SO_RCVBUF) > m->receive_buffer)
		set(fd, SOL_SOCKET, SO_RCVBUFFORCE, m->receive_buffer / 2);
	if (get(fd, SOL_SOCKET, SO_BUF_LOCK) != m->buffer_lock)
		set(fd, SOL_SOCKET, SO_BUF_LOCK, m->buffer_lock);
}

static int release(struct journal *j, struct moving *m, int fd, bool after)
{
	const struct tcp_image *t = &m->tcp;
	const char *to_send = journal_at(j, t->to_send);
	int result;

	result = set(fd, IPPROTO_TCP, TCP_REPAIR, REPAIR_OFF);
	if (result == 0)
		result =
			fill(fd, to_send + t->sent, t->unsent, t->sent + t->unsent, SO_SNDBUFFORCE);
	if (result == 0 && t->fin_received)
		result = receive_fin(j, m, fd, after);
	if (result == 0 && t->fin_sent && shutdown(fd, SHUT_WR) < 0)
		result = -errno;
	release_buffers(m, fd);
	set(fd, SOL_SOCKET, SO_REUSEADDR, m->reuse);
	get(fd, SOL_SOCKET, SO_ERROR); /* of the moment without addresses; reading clears it */
	return result;
}

/* Everything at the new addresses or at the old ones, from no addresses. */
static int settle(struct journal *j, struct moving *m, int fd, bool after)
{
	const struct move_config *c = &j->head->config;
	const struct tcp_image *t = &m->tcp;
	int result;

	set(fd, SOL_SOCKET, SO_MARK, (int)way_mark(j, after));
	move_step(j, m, MOVE_STEP_BIND);
	result = set_sequence(fd, QUEUE_SEND, t->send_end - t->sent - t->unsent);
	if (result == 0)
		result = set_sequence(fd, QUEUE_RECEIVE, t->receive_next - t->unread);
	if (result == 0)
		result = socket_bind(m, fd, local_of(c, after));
	if (result < 0)
		return result;
	move_step(j, m, MOVE_STEP_CONNECT);
	/* The size of segments is computed there, and not again when the option is given back. */
	set(fd, IPPROTO_TCP, TCP_MAXSEG, t->mss < MAXSEG_MOST ? t->mss : MAXSEG_MOST);
	result = socket_connect(m, fd, local_of(c, after), peer_of(c, after));
	set(fd, IPPROTO_TCP, TCP_MAXSEG, 0);
	set(fd, SOL_SOCKET, SO_MARK, m->mark); /* from here on its own way */
	if (result < 0)
		return result;
	move_step(j, m, MOVE_STEP_QUEUES);
	result = set_options(fd, t);
	if (result == 0)
		result = set_queues(j, m, fd);
	if (result == 0)
		result = set_window(fd, t);
	if (result < 0)
		return result;
	move_step(j, m, MOVE_STEP_RELEASE);
	return release(j, m, fd, after);
}

/* Neither here nor there: the program sees ECONNABORTED, the peer a reset. */
static void give_up(struct journal *j, struct moving *m, int fd)
{
	const struct move_config *c = &j->head->config;
	struct segment reset = {.from_port = m->result.local_port,
		.to_port = m->result.peer_port,
		.sequence = m->tcp.send_end - m->tcp.unsent,
		.acknowledge = m->tcp.receive_next,
		.rst = true};

	disconnect(fd);
	set(fd, IPPROTO_TCP, TCP_REPAIR, REPAIR_OFF_SILENTLY);
	set(fd, SOL_SOCKET, SO_MARK, m->mark);
	for (int after = 0; after < 2; after++) {
		reset.from = *local_of(c, after);
		reset.to = *peer_of(c, after);
		segment_send(&reset);
	}
}

static const char *reason(int error)
{
	return error == -EADDRNOTAVAIL ? "its program bound it to address and port"
				       : strerror(-error);
}

void tcp_move(struct journal *j, struct way *way, struct moving *m, int fd)
{
	char error[MOVE_ERROR];
	const char *never = NULL;
	int result, back;

	if (!m->complete) {
		m->result.state = state_of(fd);
		never = unmovable(fd, m);
	}
	if (never) {
		move_why(m, MOVE_STAYED, "%s", never);
		return;
	}
	if (!m->complete && snapshot(j, m, fd) < 0)
		return;
	move_step(j, m, MOVE_STEP_DISCONNECT);
	result = disconnect(fd);
	if (result == 0)
		result = settle(j, m, fd, true);
	if (result == 0) {
		move_why(m, MOVE_MOVED, "%s", "");
		return;
	}
	way_lay(way, j, false, error); /* the old address may be gone: then there is no way back */
	back = disconnect(fd);
	if (back == 0)
		back = settle(j, m, fd, false);
	if (back == 0) {
		move_why(m, MOVE_STAYED, "%s", reason(result));
		return;
	}
	give_up(j, m, fd);
	move_why(m, MOVE_RESET, "%s; and back: %s", reason(result), reason(back));
}
