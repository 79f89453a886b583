// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "testbed/measure/migration_stage.h"

#define BEFORE_MS 400
#define OVERLAP_MS 500
#define AFTER_MS 1000 /* and ten round trips */
#define READY_MS 20000
#define LONGEST_MS 60000 /* the clock may run ahead while something is used for the first time */
#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- commands to ip(8) without the time that a program takes to start ---------------------------- */

static int start_ip(struct migration_stage *s, struct report_error *error)
{
	int in[2], out[2] = { -1, -1 };

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return place_fail(error, "pipe: %s", strerror(errno));
	const char *argv[] = { "ip", "-batch", "-", NULL };
	struct spawn spawn = { .argv = argv, .stdin_fd = in[0], .stdout_fd = out[1], .priority = 3 };
	int result = place_start(&s->place, "mn", "mn.ip", &spawn, &s->ip, error);
	close(in[0]);
	close(out[1]);
	s->ip_in = in[1];
	s->ip_out = out[0];
	return result;
}

/* Carries out what stands in the lines; the last one answers. */
static int ip_do(struct migration_stage *s, const char *lines, struct report_error *error)
{
	char commands[1024], answer[1024];
	int size = snprintf(commands, sizeof(commands), "%slink show dev lo\n", lines);
	struct pollfd ready = { .fd = s->ip_out, .events = POLLIN };

	if (write(s->ip_in, commands, (size_t)size) != size)
		return place_fail(error, "ip at the mobile node has ended; see mn.ip.log");
	if (poll(&ready, 1, LONGEST_MS) != 1 || read(s->ip_out, answer, sizeof(answer)) <= 0)
		return place_fail(error, "ip at the mobile node did not do: %s", lines);
	return 0;
}

/* --- before ------------------------------------------------------------------------------------- */

/*
 * The router passes nothing at an access link from an address of elsewhere (RFC 2827), and each of the
 * mobile node's addresses uses its own link. What is captured is what a wire would carry: without
 * segments that an adapter would cut.
 */
static int prepare_network(struct migration_stage *s, struct report_error *error)
{
	if (place_run(&s->place, "r", WORDS("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=1",
		    "net.ipv4.conf.eth1.rp_filter=1"), NULL, 0, error) < 0)
		return -1;
	if (place_run(&s->place, "cn", WORDS("ip", "link", "set", "eth0", "gso_max_segs", "1"), NULL,
		    0, error) < 0 ||
		start_ip(s, error) < 0)
		return -1;
	return ip_do(s,
		"link set eth0 gso_max_segs 1\nlink set eth1 gso_max_segs 1\n"
		"rule add from " OLD_ADDRESS " lookup 101 pref 1000\n"
		"rule add from " NEW_ADDRESS " lookup 102 pref 1001\n"
		"route add default via 192.0.2.1 dev eth0 table 101\n"
		"route add unreachable default table 101 metric 9999\n",
		error);
}

static int start_captures(struct migration_stage *s, struct report_error *error)
{
	static const struct {
		const char *interface, *name;
	} taps[CAPTURES_MAX] = { { "eth0", "a" }, { "eth1", "b" }, { "eth2", "core" } };

	for (unsigned i = 0; i < CAPTURES_MAX; i++)
		if (place_capture(&s->place, "r", taps[i].interface, "ip", taps[i].name,
			    &s->captures[i], error) < 0)
			return -1;
	return 0;
}

/* A download, an upload, and a stream of little in both directions. */
static int start_streams(struct migration_stage *s, struct report_error *error)
{
	const char *mptcp = s->way->mptcp ? "--mptcp" : NULL;
	const char *to = s->way->tunnelled ? CN_INSIDE : CN_ADDRESS;
	const char *from = s->way->tunnelled ? MN_INSIDE : "0.0.0.0";
	char server_log[1280], client_log[1280], ready[1280];

	snprintf(server_log, sizeof(server_log), "%s/cn.streams", s->place.folder);
	snprintf(client_log, sizeof(client_log), "%s/mn.streams", s->place.folder);
	const char *serve[] = { s->place.self, "traffic", "serve", "--log", server_log, mptcp,
		NULL };
	const char *call[] = { s->place.self, "traffic", "call", "--to", to, "--from", from,
		"--log", client_log, "down:200/" TEXT(STREAM_MS),
		"up:200/" TEXT(STREAM_MS), "both:160/" TEXT(CONSTANT_MS), mptcp, NULL };
	if (place_start(&s->place, "cn", "cn.server", &(struct spawn){ .argv = serve }, &s->server,
		    error) < 0)
		return -1;
	snprintf(ready, sizeof(ready), "%s/cn.server.log", s->place.folder);
	if (place_await(ready, "ready", READY_MS, error) < 0 ||
		place_start(&s->place, "mn", "mn.client", &(struct spawn){ .argv = call },
			&s->client, error) < 0)
		return -1;
	snprintf(ready, sizeof(ready), "%s/mn.client.log", s->place.folder);
	return place_await(ready, "ready", READY_MS, error);
}

static int read_keys(struct migration_stage *s, struct report_error *error)
{
	static char said[16384];

	if (!s->way->protects)
		return 0;
	if (place_run(&s->place, "mn", WORDS("ip", "xfrm", "state"), said, sizeof(said), error) < 0)
		return -1;
	return esp_keys_read(&s->keys, said) < 2
		? place_fail(error, "the mobile node's kernel has no two SAs of ESP with AES-GCM")
		: 0;
}

/* --- the change ----------------------------------------------------------------------------------- */

#define COME                                                                                       \
	"address add " NEW_ADDRESS "/24 dev eth1\n"                                                \
	"route add default via " NEW_ROUTER " dev eth1 table 102\n"                                \
	"route replace default via " NEW_ROUTER " dev eth1\n"
#define GO "link set eth0 down\n"

static int change(struct migration_stage *s, unsigned rtt_ms, struct report_error *error)
{
	const struct migration_way *w = s->way;
	char lines[512];

	snprintf(lines, sizeof(lines), "%s%s%s%s", w->overlaps ? "" : GO, COME, w->with_new,
		w->overlaps ? "" : w->without_old);
	s->moved = now();
	if (ip_do(s, lines, error) < 0 || (w->tell && w->tell(s, error) < 0))
		return -1;
	if (w->overlaps) {
		place_wait_ms(OVERLAP_MS);
		snprintf(lines, sizeof(lines), GO "%s", w->without_old);
		if (ip_do(s, lines, error) < 0)
			return -1;
	}
	place_wait_ms(AFTER_MS + 10 * rtt_ms);
	return 0;
}

static void end(struct migration_stage *s)
{
	s->ended = now();
	if (s->server)
		network_signal(s->server, SIGTERM);
	place_stop(&s->client);
	place_stop(&s->server);
	place_wait_ms(100); /* what is on its way is captured yet */
	for (unsigned i = 0; i < CAPTURES_MAX; i++)
		place_stop(&s->captures[i]);
	place_stop(&s->ip);
	for (unsigned i = 0; i < DAEMONS_MAX; i++)
		place_stop(&s->daemons[i]);
	if (s->ip_in > 0)
		close(s->ip_in);
	if (s->ip_out > 0)
		close(s->ip_out);
}

int migration_perform(struct migration_stage *s, const char *folder, unsigned rtt_ms,
	struct report_error *error)
{
	struct place_delay delays[] = { { "core", rtt_ms * UINT64_C(500000) }, { NULL, 0 } };

	if (place_enter(&s->place, "two-links", folder, delays, error) < 0)
		return -1;
	int result = prepare_network(s, error);
	if (result == 0 && s->way->prepare)
		result = s->way->prepare(s, error);
	if (result == 0)
		result = read_keys(s, error);
	if (result == 0)
		result = start_captures(s, error);
	if (result == 0)
		result = start_streams(s, error);
	if (result == 0) {
		place_wait_ms(BEFORE_MS);
		result = change(s, rtt_ms, error);
	}
	end(s);
	place_leave(&s->place);
	return result;
}
