// SPDX-License-Identifier: Apache-2.0
/*
 * `baton traffic serve` and `baton traffic call`. The caller opens a connection for each stream and
 * says in its first octets what both ends are to send; from then on they are alike. SIGTERM ends the
 * streams: what is owed is sent, the connection half closed, and the other half waited for. What
 * has not come by then is given up.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ref/base/engine.h"
#include "ref/base/reader.h"
#include "ref/base/writer.h"
#include "testbed/measure/streams.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define MAGIC 0x42544e32u /* "BTN2" */
#define HELLO_SIZE STREAM_HELLO_SIZE
#define PATIENCE_NS 1500000000 /* for the other half, after SIGTERM */
#define IDLE_MS 1000

struct rate {
	uint32_t octets, interval_us; /* 0: nothing */
};

struct stream {
	int fd; /* -1: over */
	unsigned number;
	struct rate out;
	uint64_t began_ns; /* CLOCK_MONOTONIC of the first octet owed; 0: not yet */
	uint8_t hello[HELLO_SIZE];
	unsigned heard; /* of the hello; the caller has heard it all */
	bool shut;
	struct stream_end end;
};

struct program {
	bool serves, mptcp;
	struct endpoint from, to;
	const char *log;
	struct rate up[STREAMS_MAX], down[STREAMS_MAX];
	unsigned wanted; /* streams of the caller */
	int listener;
	struct stream streams[STREAMS_MAX];
	unsigned count;
	FILE *out;
	uint64_t deadline_ns; /* 0: not told to end */
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint8_t stream_octet(unsigned stream, uint64_t position)
{
	return (uint8_t)(position * 31 + (position >> 8) * 7 + (position >> 16) + stream);
}

/* --- one stream ------------------------------------------------------------------------------- */

static void give_up(struct stream *s, const char *call)
{
	snprintf(s->end.error, sizeof(s->end.error), "%s:%s", call, strerrorname_np(errno));
	close(s->fd);
	s->fd = -1;
}

static uint64_t ticks_of(const struct stream *s, uint64_t now)
{
	return s->began_ns && s->out.octets
		? (now - s->began_ns) / (s->out.interval_us * UINT64_C(1000)) + 1
		: 0;
}

static void send_owed(struct stream *s, uint64_t now)
{
	uint8_t buffer[16384];
	uint64_t owed = ticks_of(s, now) * s->out.octets - s->end.sent;

	while (owed && s->fd >= 0 && !s->shut) {
		size_t n = owed < sizeof(buffer) ? (size_t)owed : sizeof(buffer);
		for (size_t i = 0; i < n; i++)
			buffer[i] = stream_octet(s->number, s->end.sent + i);
		ssize_t done = send(s->fd, buffer, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done < 0 && errno == EAGAIN)
			return;
		if (done < 0) {
			give_up(s, "send");
			return;
		}
		s->end.sent += (uint64_t)done;
		owed -= (uint64_t)done;
	}
}

/* The first octets of a connection say what it is for. */
static size_t take_hello(struct stream *s, const uint8_t *data, size_t size)
{
	size_t n = HELLO_SIZE - s->heard < size ? HELLO_SIZE - s->heard : size;
	struct reader r = reader_of(VIEW(s->hello, HELLO_SIZE));

	memcpy(s->hello + s->heard, data, n);
	s->heard += (unsigned)n;
	if (!n || s->heard < HELLO_SIZE)
		return n;
	if (read_u32(&r) != MAGIC) {
		errno = EPROTO;
		give_up(s, "hello");
		return n;
	}
	s->number = read_u32(&r);
	s->out = (struct rate){ read_u32(&r), read_u32(&r) };
	s->began_ns = now_ns(CLOCK_MONOTONIC);
	return n;
}

static void take_octets(struct program *p, struct stream *s)
{
	uint8_t buffer[65536];
	ssize_t size = recv(s->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (size < 0 && errno == EAGAIN)
		return;
	if (size < 0) {
		give_up(s, "recv");
		return;
	}
	if (size == 0) {
		s->end.ended = true;
		return;
	}
	size_t skipped = take_hello(s, buffer, (size_t)size);
	for (size_t i = skipped; i < (size_t)size; i++)
		s->end.wrong |= buffer[i] != stream_octet(s->number, s->end.received++);
	if ((size_t)size > skipped)
		fprintf(p->out, "r %u %llu\n", s->number,
			(unsigned long long)now_ns(CLOCK_REALTIME));
}

/* --- the program ------------------------------------------------------------------------------ */

static socklen_t to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	four->sin_family = AF_INET;
	four->sin_port = e->port;
	memcpy(&four->sin_addr, e->address, 4);
	return sizeof(*four);
}

static int open_socket(const struct program *p)
{
	struct sockaddr_storage local;
	socklen_t size = to_sockaddr(&p->from, &local);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, p->mptcp ? IPPROTO_MPTCP : 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (p->from.family && bind(fd, (struct sockaddr *)&local, size) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int call_one(struct program *p, unsigned number)
{
	struct stream *s = &p->streams[p->count];
	struct sockaddr_storage to;
	uint8_t hello[HELLO_SIZE];
	struct writer w = writer_of(hello, sizeof(hello));

	*s = (struct stream){ .fd = open_socket(p), .number = number, .heard = HELLO_SIZE };
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, to_sockaddr(&p->to, &to)) < 0)
		return -1;
	p->count++;
	write_u32(&w, MAGIC);
	write_u32(&w, number);
	write_u32(&w, p->down[number].octets);
	write_u32(&w, p->down[number].interval_us);
	write_zero(&w, w.size - w.used);
	if (send(s->fd, hello, sizeof(hello), MSG_NOSIGNAL) != (ssize_t)sizeof(hello))
		return -1;
	s->out = p->up[number];
	s->began_ns = now_ns(CLOCK_MONOTONIC);
	return 0;
}

static void accept_one(struct program *p)
{
	int on = 1, fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (p->count == STREAMS_MAX) {
		close(fd);
		return;
	}
	p->streams[p->count++] = (struct stream){ .fd = fd };
}

/* Milliseconds and nanoseconds until something is owed. */
static struct timespec next_tick(const struct program *p, uint64_t now)
{
	uint64_t wait = IDLE_MS * UINT64_C(1000000);

	for (unsigned i = 0; i < p->count; i++) {
		const struct stream *s = &p->streams[i];
		if (s->fd < 0 || s->shut || !s->began_ns || !s->out.octets)
			continue;
		uint64_t at = s->began_ns + ticks_of(s, now) * s->out.interval_us * UINT64_C(1000);
		wait = at - now < wait ? at - now : wait;
	}
	return (struct timespec){ (time_t)(wait / 1000000000), (long)(wait % 1000000000) };
}

/* After SIGTERM: a stream sends what it owes, then its end. True when nothing is to be waited for. */
static bool wind_up(struct program *p, uint64_t now)
{
	bool over = true;

	if (!p->deadline_ns)
		p->deadline_ns = now + PATIENCE_NS;
	for (unsigned i = 0; i < p->count; i++) {
		struct stream *s = &p->streams[i];
		if (s->fd < 0)
			continue;
		if (!s->shut && s->end.sent >= ticks_of(s, p->deadline_ns - PATIENCE_NS) * s->out.octets) {
			shutdown(s->fd, SHUT_WR);
			s->shut = true;
		}
		over = over && s->shut && s->end.ended;
	}
	return over || now >= p->deadline_ns;
}

static void step(struct program *p, const sigset_t *during)
{
	struct pollfd fds[STREAMS_MAX + 1];
	uint64_t now = now_ns(CLOCK_MONOTONIC);
	struct timespec wait = p->deadline_ns ? (struct timespec){ 0, 10000000 } : next_tick(p, now);

	for (unsigned i = 0; i < p->count; i++) {
		const struct stream *s = &p->streams[i];
		bool late = !s->shut && ticks_of(s, now) * s->out.octets > s->end.sent;
		fds[i] = (struct pollfd){ .fd = s->end.ended && !late ? -1 : s->fd,
			.events = (short)((s->end.ended ? 0 : POLLIN) | (late ? POLLOUT : 0)) };
	}
	fds[p->count] = (struct pollfd){ .fd = p->listener, .events = POLLIN };
	unsigned polled = p->count;
	if (ppoll(fds, polled + 1, &wait, during) < 0)
		return;
	for (unsigned i = 0; i < polled; i++)
		if (fds[i].revents && p->streams[i].fd >= 0 && !p->streams[i].end.ended)
			take_octets(p, &p->streams[i]);
	if (fds[polled].revents)
		accept_one(p);
}

static void write_ends(struct program *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		const struct stream *s = &p->streams[i];
		fprintf(p->out, "e %u %llu %llu %d %d %s\n", s->number,
			(unsigned long long)s->end.sent, (unsigned long long)s->end.received,
			s->end.ended, s->end.wrong, s->end.error[0] ? s->end.error : "-");
		if (s->fd >= 0)
			close(s->fd);
	}
}

static void run(struct program *p)
{
	struct sigaction action = { .sa_handler = stop };
	sigset_t blocked, during;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, &during);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	for (;;) {
		uint64_t now = now_ns(CLOCK_MONOTONIC);
		for (unsigned i = 0; i < p->count; i++)
			send_owed(&p->streams[i], p->deadline_ns ? p->deadline_ns - PATIENCE_NS : now);
		if (stopped && wind_up(p, now))
			break;
		step(p, &during);
	}
	write_ends(p);
}

static int begin(struct program *p)
{
	char text[64];

	p->listener = -1;
	if (p->serves) {
		p->listener = open_socket(p);
		if (p->listener < 0 || listen(p->listener, STREAMS_MAX) < 0) {
			fprintf(stderr, "baton traffic: cannot listen at %s: %s\n",
				endpoint_text(&p->from, text, sizeof(text)), strerror(errno));
			return -1;
		}
	}
	for (unsigned i = 0; i < p->wanted; i++)
		if (call_one(p, i) < 0) {
			fprintf(stderr, "baton traffic: cannot reach %s: %s\n",
				endpoint_text(&p->to, text, sizeof(text)), strerror(errno));
			return -1;
		}
	printf("ready\n");
	fflush(stdout);
	return 0;
}

/* --- the command line ------------------------------------------------------------------------- */

static const char usage[] =
	"usage: baton traffic serve [--from ADDRESS[:PORT]] [--mptcp] [--log FILE]\n"
	"       baton traffic call --to ADDRESS[:PORT] [--from ADDRESS] [--mptcp] [--log FILE]\n"
	"                          STREAM...\n"
	"Octets at a constant rate over a TCP connection for each STREAM, until a signal comes:\n"
	"up:OCTETS/MS, down:OCTETS/MS or both:OCTETS/MS, OCTETS every MS milliseconds.\n"
	"The default port is 49718.\n";

static int wrong(const char *what, const char *value)
{
	fprintf(stderr, "baton traffic: %s: %s\n%s", value, what, usage);
	return 2;
}

static int parse_stream(const char *text, struct program *p)
{
	struct rate rate = { 0 };
	char word[8];
	double ms;
	int end = 0;

	if (p->wanted == STREAMS_MAX)
		return wrong("there are eight streams at most", text);
	if (sscanf(text, "%7[a-z]:%u/%lf%n", word, &rate.octets, &ms, &end) != 3 || text[end] ||
		rate.octets < 1 || rate.octets > 65536 || !(ms >= 0.1 && ms <= 60000))
		return wrong("a stream is up:200/2, down:200/2 or both:160/16", text);
	rate.interval_us = (uint32_t)(ms * 1000);
	if (strcmp(word, "up") == 0 || strcmp(word, "both") == 0)
		p->up[p->wanted] = rate;
	if (strcmp(word, "down") == 0 || strcmp(word, "both") == 0)
		p->down[p->wanted] = rate;
	if (!p->up[p->wanted].octets && !p->down[p->wanted].octets)
		return wrong("a stream is up, down or both", text);
	p->wanted++;
	return 0;
}

static int parse(int argc, char **argv, struct program *p)
{
	static const struct option longs[] = { { "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' }, { "log", required_argument, NULL, 'l' },
		{ "mptcp", no_argument, NULL, 'm' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'f' && (endpoint_parse(optarg, p->serves ? STREAMS_PORT : 0, &p->from) < 0 ||
			p->from.family != AF_INET))
			return wrong("not an IPv4 address", optarg);
		if (c == 't' && (endpoint_parse(optarg, STREAMS_PORT, &p->to) < 0 ||
			p->to.family != AF_INET))
			return wrong("not an IPv4 address", optarg);
		if (c == 'l')
			p->log = optarg;
		if (c == 'm')
			p->mptcp = true;
		if (c == '?') {
			fputs(usage, stderr);
			return 2;
		}
	}
	for (int i = optind; i < argc; i++)
		if (parse_stream(argv[i], p) != 0)
			return 2;
	if (p->serves && p->wanted)
		return wrong("streams are for call", argv[optind]);
	if (!p->serves && (!p->to.family || !p->wanted))
		return wrong("call needs --to and a stream", "call");
	return 0;
}

int cmd_streams(int argc, char **argv)
{
	struct program p = { .serves = strcmp(argv[0], "serve") == 0 };

	if (p.serves)
		endpoint_parse("0.0.0.0", STREAMS_PORT, &p.from);
	int status = parse(argc, argv, &p);
	if (status)
		return status;
	p.out = p.log ? fopen(p.log, "we") : stdout;
	if (!p.out) {
		fprintf(stderr, "baton traffic: %s: %s; name a file that can be written\n", p.log,
			strerror(errno));
		return 1;
	}
	if (begin(&p) < 0)
		return 1;
	run(&p);
	return fclose(p.out) ? 1 : 0;
}
