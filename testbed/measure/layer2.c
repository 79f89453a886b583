// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ref/host/ip.h"
#include "testbed/measure/cast.h"
#include "testbed/measure/files.h"
#include "testbed/measure/layer2.h"
#include "testbed/topology/network.h"

extern char **environ;

/* Access points of the topology. */
#define AP1 "02:00:00:00:0a:01"
#define AP2 "02:00:00:00:0a:02"
#define FREQUENCIES "freq=2437,2462"
#define NETWORK_A "1" /* its number in wpa_supplicant, the second of the topology */
#define AIR_INTERFACE "hwsim0"
#define STEP_MS 20000
#define SCAN_MS 1000
#define COLUMN(kind, place, identity)                                                              \
	{                                                                                          \
		.name = kind "/" place, .documented = "rfc6252-fig10",                             \
		.documented_column = kind "/" place, .handoff = { kind, identity },                \
	}

const struct experiment_column layer2_columns[] = {
	COLUMN(LAYER2_POST, "non-roaming", "mn@example"),
	COLUMN(LAYER2_POST, "roaming", "mn@home.example"),
	COLUMN(LAYER2_PREAUTH, "non-roaming", "mn@example"),
	COLUMN(LAYER2_PREAUTH, "roaming", "mn@home.example"),
	COLUMN(LAYER2_MPA, "non-roaming", "mn@example"),
	COLUMN(LAYER2_MPA, "roaming", "mn@home.example"),
	{ 0 },
};

static const struct {
	const char *row, *title, *unit;
	size_t offset;
} rows[] = {
#define X(row, title, unit) { #row, title, unit, offsetof(struct layer2_figures, row) },
	LAYER2_FIGURES(X)
#undef X
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct stage {
	const struct experiment *experiment;
	const struct experiment_column *column;
	struct topology *topology;
	struct network *network;
	struct cast *cast;
	pid_t capture;
	char folder[1024]; /* absolute */
	char log[1280];	   /* of wpa_supplicant */
	char air[1280];	   /* capture */
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

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool is(const struct stage *s, const char *kind)
{
	return strcmp(s->column->handoff[0], kind) == 0;
}

/* --- programs on nodes ------------------------------------------------------------------------ */

/* Runs a program; its output goes to `out` (of `size` octets; NULL: nobody wants it). */
static int run(struct stage *s, const char *node, const char *const *argv, char *out, size_t size,
	struct report_error *error)
{
	struct diagnostics d = { 0 };
	char path[1280];
	int status = -1;

	snprintf(path, sizeof(path), "%s/said", s->folder);
	unlink(path);
	struct spawn spawn = { .argv = argv, .log = path };
	int result = network_run(s->network, node, &spawn, &status, STEP_MS, &d);
	diagnostics_free(&d);
	if (out) {
		FILE *file = fopen(path, "re");
		size_t n = file ? fread(out, 1, size - 1, file) : 0;
		if (file)
			fclose(file);
		out[n] = '\0';
	}
	return result < 0 || status ? fail(error, "%s on %s failed", argv[0], node) : 0;
}

#define AIR(...)                                                                                   \
	(const char *const[])                                                                      \
	{                                                                                          \
		"wpa_cli", "-p", "/run/wpa_supplicant", "-i", "wlan0", __VA_ARGS__, NULL           \
	}

/* Tells wpa_supplicant; it answers OK. */
static int tell(struct stage *s, const char *const *argv, struct report_error *error)
{
	char said[256];

	if (run(s, s->experiment->mn, argv, said, sizeof(said), error) < 0)
		return -1;
	return strstr(said, "OK") ? 0
				  : fail(error, "wpa_supplicant answers %s to %s: %.40s",
					    s->experiment->mn, argv[5], said);
}

/* Waits until the log says so after `from`. */
static int await(struct stage *s, const char *words, double from, struct report_error *error)
{
	for (unsigned waited = 0; waited < STEP_MS; waited += 20) {
		if (!isnan(layer2_said(s->log, words, from, INFINITY)))
			return 0;
		wait_ms(20);
	}
	return fail(error, "wpa_supplicant never said \"%s\"; see %s", words, s->log);
}

static int ping(struct stage *s, const char *node, const char *address, struct report_error *error)
{
	const char *argv[] = { "ping", "-n", "-c", "1", "-W", "5", address, NULL };
	return run(s, node, argv, NULL, 0, error);
}

/* Nobody asks for hardware addresses in the middle of the measurement. */
static int warm_up(struct stage *s, struct report_error *error)
{
	static const struct {
		const char *node, *address;
	} pairs[] = { { "aaa-local", "10.0.4.2" }, { "ap1", "10.0.3.2" }, { "ap2", "10.0.3.2" },
		{ "nar", "10.0.3.2" }, { "nar", "198.51.100.11" }, { "nar", "198.51.100.12" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (ping(s, pairs[i].node, pairs[i].address, error) < 0)
			return -1;
	return is(s, LAYER2_PREAUTH) ? 0 : ping(s, s->experiment->mn, "198.51.100.1", error);
}

/* --- the air ---------------------------------------------------------------------------------- */

static int start_capture(struct stage *s, struct report_error *error)
{
	char *up[] = { "ip", "link", "set", AIR_INTERFACE, "up", NULL };
	char *argv[] = { "tcpdump", "-i", AIR_INTERFACE, "-U", "-Z", "root", "--immediate-mode",
		"--time-stamp-precision=nano", "-w", s->air, NULL };
	posix_spawn_file_actions_t quiet;
	int status = 0, result;
	pid_t pid;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
	result = posix_spawnp(&pid, up[0], NULL, NULL, up, environ);
	if (result == 0)
		waitpid(pid, &status, 0);
	if (result == 0 && status == 0)
		result = posix_spawnp(&s->capture, argv[0], &quiet, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (result || status)
		return fail(error, "capturing on %s: %s", AIR_INTERFACE,
			result ? strerror(result) : "there is no such interface");
	/* The header of the file is written once it captures. */
	for (unsigned waited = 0; waited < STEP_MS; waited += 20) {
		struct stat st;
		if (stat(s->air, &st) == 0 && st.st_size > 0)
			return 0;
		wait_ms(20);
	}
	return fail(error, "tcpdump does not begin to capture on %s", AIR_INTERFACE);
}

static void stop_capture(struct stage *s)
{
	if (s->capture <= 0)
		return;
	kill(s->capture, SIGTERM);
	waitpid(s->capture, NULL, 0);
	s->capture = 0;
}

static int read_air(const struct stage *s, const char *ap, double from, double until,
	struct layer2_air *air, struct report_error *error)
{
	uint8_t bssid[6];

	mac_parse(ap, bssid);
	if (layer2_air(s->air, bssid, from, until, air, error) < 0)
		return -1;
	return air->keys < 4 ? fail(error, "%s shows %u messages of a 4-way handshake with %s; 4 "
					   "would be right",
				       s->air, air->keys, ap)
			     : 0;
}

/* --- the act ---------------------------------------------------------------------------------- */

/* One move: what was said on the air, and when leaving the old access point began. */
struct move {
	struct layer2_air air;
	double leaving;
};

struct act {
	double prepared;
	struct move first, next; /* to AP1; MPA: on to AP2 */
};

/* wpa_supplicant uses what it has seen within the last seconds, and does not look again. */
static int scan(struct stage *s, struct report_error *error)
{
	char seen[4096];

	if (tell(s, AIR("scan", FREQUENCIES), error) < 0)
		return -1;
	wait_ms(SCAN_MS);
	if (run(s, s->experiment->mn, AIR("scan_results"), seen, sizeof(seen), error) < 0)
		return -1;
	return strstr(seen, AP1) && strstr(seen, AP2)
		? 0
		: fail(error, "the station does not see both access points of network A");
}

static int prepare_11i(struct stage *s, struct report_error *error)
{
	double from = now();

	/* It begins at AP2 of the same network. */
	if (scan(s, error) < 0 || tell(s, AIR("set_network", NETWORK_A, "bssid", AP2), error) < 0 ||
		tell(s, AIR("select_network", NETWORK_A), error) < 0 ||
		await(s, "CTRL-EVENT-CONNECTED - Connection to " AP2, from, error) < 0)
		return -1;
	wait_ms(500);
	from = now();
	if (tell(s, AIR("set_network", NETWORK_A, "bssid", "any"), error) < 0 || scan(s, error) < 0)
		return -1;
	/* It may have seen the other access point and begun by itself. */
	if (isnan(layer2_said(s->log, "CTRL-EVENT-EAP-STARTED", from, INFINITY)) &&
		tell(s, AIR("preauth", AP1), error) < 0)
		return -1;
	return await(s, "RSN: pre-authentication with " AP1 " completed successfully", from, error);
}

static int prepare_mpa(struct stage *s, struct report_error *error)
{
	const char *preauth[] = { "preauth", "a", NULL }, *keys[] = { "keys", "a", NULL };

	return cast_verb(s->cast, s->experiment->mn, preauth, STEP_MS, error) < 0 ||
			cast_verb(s->cast, s->experiment->mn, keys, STEP_MS, error) < 0
		? -1
		: 0;
}

static int move(struct stage *s, const char *const *command, const char *ap, struct move *m,
	struct report_error *error)
{
	char words[96];
	double from = now(), connected, gone, trying;

	snprintf(words, sizeof(words), "CTRL-EVENT-CONNECTED - Connection to %s", ap);
	if (tell(s, command, error) < 0 || await(s, words, from, error) < 0)
		return -1;
	connected = layer2_said(s->log, words, from, INFINITY);
	gone = layer2_said(s->log, "CTRL-EVENT-DISCONNECTED", from, connected);
	trying = layer2_said(s->log, "SME: Trying to authenticate with", from, connected);
	m->leaving = fmin(gone, trying); /* fmin ignores a NAN */
	wait_ms(300);
	return read_air(s, ap, from, connected, &m->air, error);
}

static int perform(struct stage *s, struct act *a, struct report_error *error)
{
	char identity[128];

	snprintf(identity, sizeof(identity), "\"%s\"", s->column->handoff[1]);
	if (tell(s, AIR("set_network", NETWORK_A, "identity", identity), error) < 0 ||
		warm_up(s, error) < 0)
		return -1;
	if (is(s, LAYER2_PREAUTH)) {
		if (prepare_11i(s, error) < 0)
			return -1;
		a->prepared = now();
		return move(s, AIR("roam", AP1), AP1, &a->first, error);
	}
	if (is(s, LAYER2_MPA) && prepare_mpa(s, error) < 0)
		return -1;
	a->prepared = now();
	/* RFC 6252 C.5.3: where the access point is, is known beforehand. */
	if (scan(s, error) < 0 || tell(s, AIR("set_network", NETWORK_A, "bssid", AP1), error) < 0 ||
		move(s, AIR("select_network", NETWORK_A), AP1, &a->first, error) < 0)
		return -1;
	if (!is(s, LAYER2_MPA))
		return 0;
	return tell(s, AIR("set_network", NETWORK_A, "bssid", "any"), error) < 0
		? -1
		: move(s, AIR("roam", AP2), AP2, &a->next, error);
}

/* --- figures ---------------------------------------------------------------------------------- */

static double ms(double from, double to)
{
	return (to - from) * 1e3;
}

static double event_span(const struct events *events, const char *begin, const char *end)
{
	const struct event *b = events_first(events, NULL, begin, 0);
	const struct event *e = b ? events_first(events, b->node, end, b->t) : NULL;

	return e ? ms(b->t, e->t) : NAN;
}

static int pana_figures(const struct stage *s, struct layer2_figures *f, struct report_error *error)
{
	struct events events = { 0 };
	char path[1280];

	snprintf(path, sizeof(path), "%s/%s.events.jsonl", s->folder, s->experiment->mn);
	if (events_read(&events, path, error) < 0)
		return -1;
	f->t_auth_ms = event_span(&events, "pana_started", "pana_authenticated");
	f->t_conf_ms = event_span(&events, "ap_keys_requested", "ap_keys_installed");
	events_free(&events);
	return 0;
}

static int authentication(const struct stage *s, const struct act *a, struct layer2_figures *f,
	struct report_error *error)
{
	if (is(s, LAYER2_MPA)) {
		if (pana_figures(s, f, error) < 0)
			return -1;
	} else if (is(s, LAYER2_POST)) {
		f->t_auth_ms = ms(a->first.air.first_eap, a->first.air.last_eap);
	} else {
		double done = layer2_said_last(s->log, "CTRL-EVENT-EAP-SUCCESS", a->prepared);
		f->t_auth_ms = ms(layer2_said_last(s->log, "CTRL-EVENT-EAP-STARTED", done), done);
	}
	return isnan(f->t_auth_ms) ? fail(error, "there is no authentication to measure; see %s",
					     s->log)
				   : 0;
}

/* A prepared move has no EAP, and the PMKID of its handshake is one that the station held. */
static int check_prepared(struct stage *s, const struct move *m, const char *pmksa,
	struct report_error *error)
{
	if (m->air.eap)
		return fail(error, "%s shows %u EAP packets after a move that was prepared", s->air,
			m->air.eap);
	if (!m->air.pmkid[0] || !strstr(pmksa, m->air.pmkid))
		return fail(error, "the PMKID of the handshake, %s, is not the prepared one",
			m->air.pmkid[0] ? m->air.pmkid : "none");
	return 0;
}

static int compute(struct stage *s, const struct act *a, const char *pmksa,
	struct layer2_figures *f, struct report_error *error)
{
	const struct layer2_air *air = &a->first.air;

	if (authentication(s, a, f, error) < 0)
		return -1;
	f->eap_after_move = air->eap;
	if (is(s, LAYER2_POST) ? !air->eap : check_prepared(s, &a->first, pmksa, error) < 0)
		return error->text[0] ? -1 : fail(error, "%s shows no EAP after the move", s->air);
	f->affecting_handover_ms = ms(air->began, air->keyed);
	f->t_assoc_4way_ms = f->affecting_handover_ms - (is(s, LAYER2_POST) ? f->t_auth_ms : 0);
	f->total_ms = f->t_auth_ms + f->t_assoc_4way_ms + (isnan(f->t_conf_ms) ? 0 : f->t_conf_ms);
	f->leaving_ms = ms(a->first.leaving, air->began);
	if (!is(s, LAYER2_MPA))
		return 0;
	f->next_ap_ms = ms(a->next.air.began, a->next.air.keyed);
	f->next_ap_eap = a->next.air.eap;
	return check_prepared(s, &a->next, pmksa, error);
}

/* --- repetitions ------------------------------------------------------------------------------ */

static int enter(struct stage *s, const struct experiment_options *o, unsigned seed,
	struct report_error *error)
{
	struct diagnostics d = { 0 };
	char identity[160], credentials[1280];
	const char *settings[] = { identity, credentials, NULL };
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
	snprintf(identity, sizeof(identity), "BATON_SET_IDENTITY=%s", s->column->handoff[1]);
	snprintf(credentials, sizeof(credentials), "BATON_CREDENTIALS=%s/" TOPOLOGY_CREDENTIALS,
		s->folder);
	s->cast = cast_start(s->network, o->sut, s->folder, seed, settings, error);
	return s->cast ? 0 : -1;
}

static int repeat(const struct experiment *e, const struct experiment_column *column,
	const struct experiment_options *o, const char *folder, unsigned seed,
	struct layer2_figures *f, struct report_error *error)
{
	struct stage s = { .experiment = e, .column = column };
	struct act act = { 0 };
	char pmksa[4096] = "";

#define X(row, title, unit) f->row = NAN;
	LAYER2_FIGURES(X)
#undef X
	error->text[0] = '\0';
	snprintf(s.folder, sizeof(s.folder), "%s/%s", o->workspace, folder);
	snprintf(s.log, sizeof(s.log), "%s/%s/wpa_supplicant-wlan0.log", s.folder, e->mn);
	snprintf(s.air, sizeof(s.air), "%s/air.pcap", s.folder);
	if (mkdir(s.folder, 0777) < 0 && errno != EEXIST)
		return fail(error, "%s: %s", s.folder, strerror(errno));
	int result = enter(&s, o, seed, error);
	if (result == 0)
		result = start_capture(&s, error);
	if (result == 0)
		result = perform(&s, &act, error);
	if (result == 0)
		result = run(&s, e->mn, AIR("pmksa"), pmksa, sizeof(pmksa), error);
	stop_capture(&s);
	if (result == 0)
		result = compute(&s, &act, pmksa, f, error);
	cast_stop(s.cast);
	network_down(s.network);
	topology_free(s.topology);
	return result;
}

static void keep(const struct experiment_options *o, const char *folder)
{
	char from[1280], to[1280];
	struct report_error error;

	snprintf(from, sizeof(from), "%s/%s", o->workspace, folder);
	snprintf(to, sizeof(to), "%s/%s", o->results, folder);
	if (copy_tree(from, to, &error) < 0)
		fprintf(stderr, "baton measure: %s\n", error.text);
}

/* The evidence of a repetition, in the results folder by now. */
static void attach(struct result *result, const char *folder, const char *mn)
{
	char paths[3][512];
	struct report_error error;

	snprintf(paths[0], sizeof(paths[0]), "%s/air.pcap", folder);
	snprintf(paths[1], sizeof(paths[1]), "%s/%s/wpa_supplicant-wlan0.log", folder, mn);
	snprintf(paths[2], sizeof(paths[2]), "%s/%s.events.jsonl", folder, mn);
	for (int i = 0; i < 3; i++)
		if (result_attach(result, paths[i], &error) < 0)
			fprintf(stderr, "baton measure: %s\n", error.text);
}

static void add_rows(const struct experiment_column *column, const struct layer2_figures *done,
	unsigned count, const struct figures *documented, struct result_column *out)
{
	double *values = calloc(count + 1, sizeof(*values));

	if (!values)
		abort();
	for (size_t i = 0; i < ROWS; i++) {
		bool any = false;
		for (unsigned k = 0; k < count; k++) {
			values[k] = *(const double *)((const char *)&done[k] + rows[i].offset);
			any |= !isnan(values[k]);
		}
		if (!any)
			continue;
		column_add_row(out,
			&(struct report_row){ .row = rows[i].row,
				.title = rows[i].title,
				.unit = rows[i].unit,
				.documented = figures_value(documented, column->documented,
					column->documented_column, rows[i].row),
				.tolerance = NAN,
				.values = values,
				.n_values = count,
				.explanation = experiment_explanation(column->documented,
					rows[i].row) });
	}
	free(values);
}

/* Returns how many repetitions gave no figures. */
static int run_column(const struct experiment *e, unsigned index,
	const struct experiment_options *o, const struct figures *documented,
	struct result *result, struct result_measurement *measurement)
{
	const struct experiment_column *column = &e->columns[index];
	struct layer2_figures *done = calloc(o->repetitions + 1, sizeof(*done));
	struct report_error error;
	unsigned good = 0;
	char folder[64];

	if (!done)
		abort();
	/* Number 0 is not measured: it brings every program into memory. Once is enough for all. */
	for (unsigned n = index ? 1 : 0; n <= o->repetitions; n++) {
		snprintf(folder, sizeof(folder), "%s-%u-%u", e->name, index + 1, n);
		fprintf(stderr, "%s, %s: %s %u of %u\n", e->name, column->name,
			n ? "repetition" : "warm-up, repetition", n, o->repetitions);
		if (repeat(e, column, o, folder, n + 1, &done[good], &error) < 0) {
			fprintf(stderr, "baton measure: %s, repetition %u: %s\n", column->name, n,
				error.text);
			keep(o, folder);
			if (n == 0)
				break;
		} else if (n && (good++ == 0 || o->keep)) {
			keep(o, folder);
			attach(result, folder, e->mn);
		}
	}
	add_rows(column, done, good, documented,
		measurement_add_column(measurement, column->name, column->documented_column,
			column->documented, good));
	free(done);
	return (int)(o->repetitions - good);
}

int layer2_run(const struct experiment *e, const struct experiment_options *o,
	const struct figures *documented, struct result *result)
{
	struct result_measurement *measurement = result_add_measurement(result,
		&(struct measurement_report){ .experiment = e->name,
			.title = e->title,
			.documented = "rfc6252-fig10",
			.clock = o->clock,
			.note = e->note });
	int missing = 0;

	for (unsigned i = 0; e->columns[i].name; i++)
		missing += run_column(e, i, o, documented, result, measurement);
	return missing;
}
