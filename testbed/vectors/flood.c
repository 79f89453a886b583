// SPDX-License-Identifier: Apache-2.0
/*
 * Every datagram is a function of the seed and its number, so a flood that breaks something can be
 * sent again. A third is noise, the rest are vectors with a few changes each: octets, lengths, a
 * cut, a splice of two, or none at all. They come from several ports, as from several clients.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ref/base/engine.h"
#include "ref/base/random.h"
#include "testbed/vectors/cmd_replay.h"
#include "testbed/vectors/flood.h"
#include "testbed/vectors/vectors.h"

#define DATAGRAM_MAX 2048
#define PORTS_MAX 64
#define BURST 64 /* datagrams between two looks at what came back */

struct flood {
	struct endpoint target;
	unsigned long count, pace; /* pace: datagrams a second, 0: as fast as it goes */
	uint64_t seed;
	unsigned ports;
	int sockets[PORTS_MAX];
	const struct vector **vectors;
	size_t vector_count;
	unsigned long sent, not_sent, answers;
};

static int collect(void *context, const struct vector *v)
{
	struct flood *f = context;
	f->vectors[f->vector_count++] = v;
	return 0;
}

static size_t noise(struct random *r, uint8_t *out)
{
	size_t size = random_below(r, 256);
	random_fill(r, out, size);
	return size;
}

static size_t copy_vector(const struct flood *f, struct random *r, uint8_t *out)
{
	const struct vector *v = f->vectors[random_below(r, (uint32_t)f->vector_count)];
	size_t size = v->octets.size < DATAGRAM_MAX ? v->octets.size : DATAGRAM_MAX;
	if (size)
		memcpy(out, v->octets.data, size);
	return size;
}

/* The head of one vector and the tail of another. */
static size_t splice(const struct flood *f, struct random *r, uint8_t *out)
{
	uint8_t other[DATAGRAM_MAX];
	size_t size = copy_vector(f, r, out), size2 = copy_vector(f, r, other);
	size_t at = size ? random_below(r, (uint32_t)size) : 0;

	if (size2 <= at)
		return at;
	memcpy(out + at, other + at, size2 - at);
	return size2;
}

static size_t mutate(const struct flood *f, struct random *r, uint8_t *out)
{
	size_t size = copy_vector(f, r, out);

	for (unsigned changes = random_below(r, 4); changes && size; changes--) {
		size_t at = random_below(r, (uint32_t)size);
		switch (random_below(r, 4)) {
		case 0:
			out[at] ^= (uint8_t)(1u << random_below(r, 8));
			break;
		case 1:
			out[at] = (uint8_t)random_u32(r);
			break;
		case 2: /* the extremes, where lengths go wrong */
			out[at] = random_below(r, 2) ? 0xff : 0;
			break;
		default:
			size = at;
			break;
		}
	}
	return size;
}

static size_t make_datagram(const struct flood *f, unsigned long number, uint8_t *out)
{
	struct random r = random_seeded(f->seed ^ (uint64_t)number << 20);

	switch (random_below(&r, 6)) {
	case 0:
	case 1:
		return noise(&r, out);
	case 2:
		return splice(f, &r, out);
	default:
		return mutate(f, &r, out);
	}
}

static int open_sockets(struct flood *f)
{
	for (unsigned i = 0; i < f->ports; i++) {
		f->sockets[i] = socket(f->target.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
		if (f->sockets[i] < 0) {
			fprintf(stderr, "baton vectors flood: socket: %s\n", strerror(errno));
			return -1;
		}
	}
	return 0;
}

static void look_for_answers(struct flood *f)
{
	uint8_t buffer[DATAGRAM_MAX];
	for (unsigned i = 0; i < f->ports; i++)
		while (recv(f->sockets[i], buffer, sizeof(buffer), 0) >= 0)
			f->answers++;
}

static void keep_pace(const struct flood *f, const struct timespec *began)
{
	struct timespec at = *began;

	if (!f->pace)
		return;
	at.tv_sec += (time_t)(f->sent / f->pace);
	at.tv_nsec += (long)(f->sent % f->pace * 1000000000ul / f->pace);
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void run(struct flood *f)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = f->target.port };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = f->target.port };
	bool v6 = f->target.family == AF_INET6;
	struct timespec began;
	uint8_t datagram[DATAGRAM_MAX];

	memcpy(v6 ? (void *)&six.sin6_addr : (void *)&four.sin_addr, f->target.address,
		v6 ? 16 : 4);
	clock_gettime(CLOCK_MONOTONIC, &began);
	while (f->sent < f->count) {
		size_t size = make_datagram(f, f->sent, datagram);
		if (sendto(f->sockets[f->sent % f->ports], datagram, size, 0,
			    v6 ? (struct sockaddr *)&six : (struct sockaddr *)&four,
			    v6 ? sizeof(six) : sizeof(four)) < 0)
			f->not_sent++;
		if (++f->sent % BURST == 0) {
			look_for_answers(f);
			keep_pace(f, &began);
		}
	}
	usleep(200000);
	look_for_answers(f);
}

static const char usage[] =
	"usage: baton vectors flood PROTOCOL --target ADDRESS[:PORT] [--count N] [--seed N]\n"
	"                           [--ports N] [--pace DATAGRAMS-A-SECOND]\n"
	"Random and mutated datagrams of the vectors; the same seed sends the same again.\n"
	"The defaults: 100000 datagrams, seed 1, from 16 ports, as fast as they can be made.\n";

static int parse(int argc, char **argv, struct flood *f)
{
	static const struct option longs[] = { { "target", required_argument, NULL, 't' },
		{ "count", required_argument, NULL, 'c' }, { "seed", required_argument, NULL, 's' },
		{ "ports", required_argument, NULL, 'p' }, { "pace", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 } };
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			if (endpoint_parse(optarg, 716, &f->target) < 0) {
				fprintf(stderr, "baton vectors flood: %s: not an address\n",
					optarg);
				return -1;
			}
			break;
		case 'c':
			f->count = strtoul(optarg, NULL, 10);
			break;
		case 's':
			f->seed = strtoull(optarg, NULL, 10);
			break;
		case 'p':
			f->ports = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			f->pace = strtoul(optarg, NULL, 10);
			break;
		default:
			return -1;
		}
	}
	return f->target.family && f->ports >= 1 && f->ports <= PORTS_MAX && optind + 1 == argc
		? 0
		: -1;
}

int cmd_vectors_flood(int argc, char **argv)
{
	struct flood f = { .count = 100000, .seed = 1, .ports = 16 };
	struct vector_set set;

	if (parse(argc, argv, &f) < 0) {
		fputs(usage, stderr);
		return 2;
	}
	if (vectors_of(&set, argv[optind], NULL) < 0)
		return 1;
	f.vectors = calloc(set.count + 1, sizeof(*f.vectors));
	if (!f.vectors)
		abort();
	vector_set_each(&set, collect, &f);
	int result = open_sockets(&f);
	if (result == 0) {
		run(&f);
		printf("{\"sent\": %lu, \"not_sent\": %lu, \"answers\": %lu}\n",
			f.sent - f.not_sent, f.not_sent, f.answers);
	}
	free(f.vectors);
	vector_set_free(&set);
	return result < 0;
}
