// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "testbed/measure/cast.h"
#include "testbed/measure/repetition.h"
#include "testbed/measure/traffic.h"
#include "testbed/topology/network.h"

#define PROGRAM_READY_MS 10000
#define ATTACH_MS 60000
#define HANDOFF_MS 60000
#define CAPTURES 4
#define MS 1000000ull
#define SENDER_READY_MS 400 /* whole ticks */
#define COMMAND_READY_MS 500 /* for the verb to begin, and the kernel to come to rest after it */
#define COMMAND_AFTER_MS 8  /* a packet has been sent: whole ticks, half an interval */

struct stage {
	const struct experiment *experiment;
	const struct experiment_options *options;
	struct topology *topology;
	struct network *network;
	struct cast *cast;
	struct process *captures[CAPTURES], *sender, *receiver;
	char folder[1024]; /* absolute */
	char self[1024];   /* this program */
};

static int __attribute__((format(printf, 2, 3))) fail(struct report_error *error,
	const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(error->text, sizeof(error->text), format, ap);
	va_end(ap);
	return -1;
}

static void wait_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static uint64_t ns_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}

static void wait_until(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/*
 * A moment close to now at a defined part of the kernel's tick, which the coarse clock steps with.
 * What the kernel counts in ticks (RCU grace periods, and so leaving a network) begins when the verb
 * has reached the node, a few milliseconds behind such a moment; this part of a tick is the one where
 * it then is farthest from meeting one tick more or less.
 */
static uint64_t tick_moment(void)
{
	struct timespec tick, before, now;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	clock_gettime(CLOCK_MONOTONIC_COARSE, &before);
	do
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	while (now.tv_sec == before.tv_sec && now.tv_nsec == before.tv_nsec);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return ns_of(&now) + (uint64_t)tick.tv_nsec * 3 / 10;
}

/* Whether the file exists and holds the text. */
static bool file_says(const char *path, const char *text)
{
	static char buffer[65536];
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(buffer, 1, sizeof(buffer) - 1, file) : 0;

	if (file)
		fclose(file);
	buffer[n] = '\0';
	return strstr(buffer, text) != NULL;
}

static int wait_for(const char *path, const char *text, unsigned patience_ms)
{
	for (unsigned waited = 0; waited < patience_ms; waited += 20) {
		if (file_says(path, text))
			return 0;
		wait_ms(20);
	}
	return -1;
}

/* tcpdump in the node's namespace; ready when it says that it listens. */
static int start_capture(struct stage *s, unsigned index, const char *node, const char *interface,
	const char *name, struct report_error *error)
{
	char file[1280], log[1280];

	snprintf(file, sizeof(file), "%s/%s.pcap", s->folder, name);
	snprintf(log, sizeof(log), "%s/%s.tcpdump.log", s->folder, name);
	const char *argv[] = { "tcpdump", "-i", interface, "-n", "-U", "-s", "256", "-Z", "root",
		"--immediate-mode", "--time-stamp-precision=nano", "-w", file, NULL };
	struct spawn spawn = { .argv = argv, .log = log };
	struct diagnostics d = { 0 };
	int result = network_spawn(s->network, node, &spawn, &s->captures[index], &d);

	diagnostics_free(&d);
	if (result < 0)
		return fail(error, "tcpdump on %s: %s", node, strerror(-result));
	if (wait_for(log, "listening on", PROGRAM_READY_MS) < 0)
		return fail(error, "tcpdump on %s:%s did not begin to listen; see %s", node,
			interface, log);
	return 0;
}

static int start_captures(struct stage *s, struct report_error *error)
{
	const struct experiment *e = s->experiment;

	return start_capture(s, 0, e->cn, e->cn_capture, "cn", error) < 0 ||
			start_capture(s, 1, e->mn, e->mn_capture, "mn", error) < 0 ||
			start_capture(s, 2, e->par, e->ar_capture, "par", error) < 0 ||
			start_capture(s, 3, e->nar, e->ar_capture, "nar", error) < 0
		? -1
		: 0;
}

static int start_program(struct stage *s, const char *node, const char *const *argv,
	const char *name, struct process **out, struct report_error *error)
{
	char log[1280];
	struct diagnostics d = { 0 };
	struct spawn spawn = { .argv = argv, .log = log };

	snprintf(log, sizeof(log), "%s/%s.log", s->folder, name);
	int result = network_spawn(s->network, node, &spawn, out, &d);
	diagnostics_free(&d);
	return result < 0 ? fail(error, "%s on %s: %s", argv[0], node, strerror(-result)) : 0;
}

static int start_receiver(struct stage *s, struct report_error *error)
{
	const char *argv[] = { s->self, "traffic", "receive", "--from", s->experiment->home, NULL };
	return start_program(s, s->experiment->mn, argv, "receiver", &s->receiver, error);
}

/* Its first packet leaves when CLOCK_MONOTONIC shows `begin`. */
static int start_sender(struct stage *s, uint64_t begin, struct report_error *error)
{
	char ns[24];
	const char *argv[] = { s->self, "traffic", "send", "--to", s->experiment->home, "--begin", ns,
		NULL };

	snprintf(ns, sizeof(ns), "%llu", (unsigned long long)begin);
	return start_program(s, s->experiment->cn, argv, "sender", &s->sender, error);
}

static void stop_program(struct process **process)
{
	int status;

	if (!*process)
		return;
	network_terminate(*process, &status, 2000);
	network_release(*process);
	*process = NULL;
}

/*
 * The act itself: everything stands, traffic flows, the mobile node moves. Ticks, packets and the
 * command keep step, for the interval of the packets is a whole number of ticks: the same ones are on
 * their way at the same moments of the move in each run.
 */
static int perform(struct stage *s, const struct experiment_column *column,
	struct report_error *error)
{
	uint64_t first, moment, intervals = column->before_ms / TRAFFIC_INTERVAL_MS + 1;

	if (start_captures(s, error) < 0 || start_receiver(s, error) < 0)
		return -1;
	first = tick_moment() + SENDER_READY_MS * MS;
	if (start_sender(s, first, error) < 0)
		return -1;
	moment = first + (intervals * TRAFFIC_INTERVAL_MS + COMMAND_AFTER_MS) * MS;
	wait_until(moment - COMMAND_READY_MS * MS);
	int result = cast_verb_at(
		s->cast, s->experiment->mn, moment, column->handoff, HANDOFF_MS, error);
	wait_ms(column->after_ms);
	/* The sender first, and what is on its way still arrives. */
	stop_program(&s->sender);
	wait_ms(200);
	stop_program(&s->receiver);
	for (unsigned i = 0; i < CAPTURES; i++)
		stop_program(&s->captures[i]);
	return result;
}

static void leave(struct stage *s)
{
	stop_program(&s->sender);
	stop_program(&s->receiver);
	for (unsigned i = 0; i < CAPTURES; i++)
		stop_program(&s->captures[i]);
	cast_stop(s->cast);
	network_down(s->network);
	topology_free(s->topology);
}

/* The mobile node is in its first network, and the correspondent knows where. */
static int wait_attached(const struct stage *s, struct report_error *error)
{
	char events[1280];

	snprintf(events, sizeof(events), "%s/%s.events.jsonl", s->folder, s->experiment->mn);
	if (wait_for(events, "\"attach_completed\"", ATTACH_MS) < 0)
		return fail(error, "%s does not attach to its first network; see %s",
			s->experiment->mn, events);
	return 0;
}

static int enter(struct stage *s, const struct experiment_column *column, unsigned seed,
	struct report_error *error)
{
	struct diagnostics d = { 0 };
	char *path = topology_find(s->experiment->topology, &d);
	int result = path ? topology_load(path, &s->topology, &d) : -ENOENT;

	free(path);
	if (result == 0) {
		struct network_options options = { .directory = s->folder };
		result = network_up(s->topology, &options, &s->network, &d);
	}
	if (result < 0) {
		fail(error, "%s", d.count ? d.list[0].text : strerror(-result));
		diagnostics_print(&d, stderr);
	}
	diagnostics_free(&d);
	if (result < 0)
		return -1;
	s->cast = cast_start(s->network, s->options->sut, s->folder, seed,
		column->settings, error);
	return s->cast ? wait_attached(s, error) : -1;
}

static int read_packets(const struct stage *s, const char *name, struct packets *packets,
	struct report_error *error)
{
	char path[1280];
	bool cut;

	snprintf(path, sizeof(path), "%s/%s.pcap", s->folder, name);
	if (packets_read(path, packets, &cut, error) < 0)
		return -1;
	return cut ? fail(error, "%s is cut short: its writer was killed", path) : 0;
}

static int read_everything(const struct stage *s, struct repetition *out,
	struct report_error *error)
{
	const struct experiment *e = s->experiment;
	const char *const logs[] = { e->mn, e->nar };
	char path[1280];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s.events.jsonl", s->folder, logs[i]);
		if (events_read(&out->events, path, error) < 0)
			return -1;
	}
	return read_packets(s, "cn", &out->sent, error) < 0 ||
			read_packets(s, "mn", &out->received, error) < 0
		? -1
		: 0;
}

struct handoff_input repetition_input(const struct experiment *e, const struct repetition *r)
{
	return (struct handoff_input){ &r->events, &r->sent, &r->received, e->mn, e->nar };
}

int repetition_run(const struct experiment *experiment, const struct experiment_column *column,
	const struct experiment_options *options, const char *folder, unsigned seed,
	struct repetition *out, struct report_error *error)
{
	struct stage s = { .experiment = experiment, .options = options };

	memset(out, 0, sizeof(*out));
	error->text[0] = '\0';
	snprintf(out->folder, sizeof(out->folder), "%s", folder);
	snprintf(s.folder, sizeof(s.folder), "%s/%s", options->workspace, folder);
	if (mkdir(s.folder, 0777) < 0 && errno != EEXIST)
		return fail(error, "%s: %s", s.folder, strerror(errno));
	ssize_t n = readlink("/proc/self/exe", s.self, sizeof(s.self) - 1);
	if (n <= 0)
		return fail(error, "/proc/self/exe: %s", strerror(errno));

	int result = enter(&s, column, seed, error) < 0 ? -1 : perform(&s, column, error);
	leave(&s);
	struct handoff_input input = repetition_input(experiment, out);
	if (result == 0)
		result = read_everything(&s, out, error);
	if (result == 0)
		result = handoff_compute(&input, &out->moments, &out->figures, error);
	if (result < 0)
		repetition_free(out);
	return result;
}

void repetition_free(struct repetition *r)
{
	events_free(&r->events);
	packets_free(&r->sent);
	packets_free(&r->received);
}
