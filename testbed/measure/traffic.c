// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
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
#include "testbed/measure/traffic.h"

bool traffic_decode(struct view payload, struct traffic_header *header)
{
	struct reader r = reader_of(payload);
	uint32_t magic = read_u32(&r);

	header->stream = read_u32(&r);
	header->sequence = read_u32(&r);
	header->sent_ns = read_u64(&r);
	return !r.failed && magic == TRAFFIC_MAGIC;
}

void traffic_encode(const struct traffic_header *header, uint8_t *payload, size_t size)
{
	struct writer w = writer_of(payload, size);

	write_u32(&w, TRAFFIC_MAGIC);
	write_u32(&w, header->stream);
	write_u32(&w, header->sequence);
	write_u64(&w, header->sent_ns);
	write_zero(&w, w.size - w.used);
}

struct options {
	struct endpoint from, to;
	double interval_ms;
	uint64_t begin_ns; /* CLOCK_MONOTONIC; past: at once */
	unsigned count, size;
	uint32_t stream;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static socklen_t to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	out->ss_family = e->family;
	if (e->family == AF_INET6) {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
		six->sin6_port = e->port;
		memcpy(&six->sin6_addr, e->address, 16);
		return sizeof(*six);
	}
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	four->sin_port = e->port;
	memcpy(&four->sin_addr, e->address, 4);
	return sizeof(*four);
}

static int open_socket(const struct endpoint *local)
{
	struct sockaddr_storage address;
	char text[64];
	int fd = socket(local->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, to_sockaddr(local, &address)) < 0) {
		fprintf(stderr, "baton traffic: cannot use %s: %s\n",
			endpoint_text(local, text, sizeof(text)), strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static uint64_t realtime_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The schedule is absolute, so that a late wake-up does not shift what follows. */
static void sleep_until(struct timespec *next, double interval_ms)
{
	long long ns = next->tv_nsec + (long long)(interval_ms * 1e6);
	next->tv_sec += ns / 1000000000;
	next->tv_nsec = ns % 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

static int run_send(const struct options *o)
{
	struct sockaddr_storage to;
	socklen_t length = to_sockaddr(&o->to, &to);
	struct timespec next;
	uint8_t payload[1472];
	unsigned failed = 0;
	int fd = open_socket(&o->from);

	if (fd < 0)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &next);
	if (o->begin_ns > (uint64_t)next.tv_sec * 1000000000u + (uint64_t)next.tv_nsec) {
		next.tv_sec = (time_t)(o->begin_ns / 1000000000u);
		next.tv_nsec = (long)(o->begin_ns % 1000000000u);
		sleep_until(&next, 0);
	}
	uint32_t sequence = 0;
	while (!stopped && (!o->count || sequence < o->count)) {
		struct traffic_header header = { o->stream, ++sequence, realtime_ns() };
		traffic_encode(&header, payload, o->size);
		failed += sendto(fd, payload, o->size, 0, (struct sockaddr *)&to, length) < 0;
		sleep_until(&next, o->interval_ms);
	}
	close(fd);
	printf("{\"sent\": %u, \"not_sent\": %u}\n", sequence, failed);
	return 0;
}

static int run_receive(const struct options *o)
{
	uint8_t payload[2048];
	unsigned received = 0, foreign = 0;
	int fd = open_socket(&o->from);

	if (fd < 0)
		return 1;
	while (!stopped) {
		struct traffic_header header;
		ssize_t size = recv(fd, payload, sizeof(payload), 0);
		if (size < 0)
			continue;
		if (traffic_decode(VIEW(payload, size), &header))
			received++;
		else
			foreign++;
	}
	close(fd);
	printf("{\"received\": %u, \"foreign\": %u}\n", received, foreign);
	return 0;
}

static const char usage[] =
	"usage: baton traffic send --to ADDRESS[:PORT] [--from ADDRESS[:PORT]] [--interval MS]\n"
	"                          [--count N] [--size OCTETS] [--stream N] [--begin NS]\n"
	"       baton traffic receive [--from ADDRESS[:PORT]]\n"
	"Numbered, time-stamped UDP datagrams until the count is reached or a signal comes.\n"
	"--begin: when CLOCK_MONOTONIC shows NS nanoseconds, else at once.\n"
	"The default port is 49717, the interval 16 ms, the size 160 octets.\n"
	"       baton traffic serve|call ...: the same over TCP; without more words they say how.\n";

static int wrong(const char *what, const char *value)
{
	fprintf(stderr, "baton traffic: %s: %s\n%s", value, what, usage);
	return 2;
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "from", required_argument, NULL, 'f' }, { "to", required_argument, NULL, 't' },
		{ "interval", required_argument, NULL, 'i' },
		{ "begin", required_argument, NULL, 'b' },
		{ "count", required_argument, NULL, 'c' }, { "size", required_argument, NULL, 's' },
		{ "stream", required_argument, NULL, 'n' }, { NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			if (endpoint_parse(optarg, 0, &o->from) < 0)
				return wrong("not an address", optarg);
			break;
		case 't':
			if (endpoint_parse(optarg, TRAFFIC_PORT, &o->to) < 0)
				return wrong("not an address", optarg);
			break;
		case 'i':
			o->interval_ms = atof(optarg);
			if (!(o->interval_ms >= 0.1 && o->interval_ms <= 60000))
				return wrong("an interval is 0.1 to 60000 ms", optarg);
			break;
		case 'c':
			o->count = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			o->size = (unsigned)strtoul(optarg, NULL, 10);
			if (o->size < TRAFFIC_SIZE_MIN || o->size > 1472)
				return wrong("a size is 20 to 1472 octets", optarg);
			break;
		case 'b':
			o->begin_ns = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			o->stream = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	return 0;
}

int cmd_traffic(int argc, char **argv)
{
	struct options o = { .interval_ms = TRAFFIC_INTERVAL_MS, .size = 160 };
	bool send = argc > 1 && strcmp(argv[1], "send") == 0;
	bool receive = argc > 1 && strcmp(argv[1], "receive") == 0;

	if (argc > 1 && (strcmp(argv[1], "serve") == 0 || strcmp(argv[1], "call") == 0))
		return cmd_streams(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (!send && !receive)
		return wrong("say send, receive, serve or call", argc > 1 ? argv[1] : "baton traffic");
	if (parse_options(argc - 1, argv + 1, &o) != 0)
		return 2;
	if (send && !o.to.family)
		return wrong("send needs --to", "send");
	if (!o.from.family)
		endpoint_parse(o.to.family == AF_INET6 ? "::" : "0.0.0.0",
			receive ? TRAFFIC_PORT : 0, &o.from);
	if (receive && !o.from.port)
		o.from.port = htons(TRAFFIC_PORT);
	catch_signals();
	return send ? run_send(&o) : run_receive(&o);
}
