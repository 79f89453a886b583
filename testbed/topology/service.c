// SPDX-License-Identifier: Apache-2.0
//
// The daemons of a network: started, waited for until they serve, watched.

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ref/eap/eap_credentials.h"
#include "testbed/topology/keeper_private.h"
#include "testbed/topology/service.h"

#define PATIENCE_MS 10000
#define LOOK_EVERY_US 2000
#define TAIL_LINES 5 /* of the log, in the message about a failure */

__attribute__((format(printf, 1, 2))) static char *text(const char *format, ...)
{
	va_list ap;
	char *t;

	va_start(ap, format);
	if (vasprintf(&t, format, ap) < 0)
		abort();
	va_end(ap);
	return t;
}

/* --- ready or not --------------------------------------------------------------------------- */

/* The whole log, malloc'ed, "" when there is none. */
static char *read_log(const char *path)
{
	FILE *f = fopen(path, "re");
	char *log = calloc(1, 1), chunk[4096];
	size_t length = 0, got;

	while (f && (got = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		log = realloc(log, length + got + 1);
		if (!log)
			abort();
		memcpy(log + length, chunk, got);
		length += got;
		log[length] = '\0';
	}
	if (f)
		fclose(f);
	return log;
}

static bool log_says(const char *path, const char *words)
{
	char *log = read_log(path);
	bool says = strstr(log, words) != NULL;

	free(log);
	return says;
}

/* Its last lines, joined by " | ". */
static char *log_tail(const char *path)
{
	char *log = read_log(path), *start = log + strlen(log), *tail, *at;

	while (start > log && start[-1] == '\n')
		*--start = '\0';
	for (int lines = 0; start > log; start--)
		if (start[-1] == '\n' && ++lines == TAIL_LINES)
			break;
	tail = text("%s", start);
	for (at = tail; (at = strchr(at, '\n'));)
		*at = '|';
	free(log);
	return tail;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int not_ready(struct keeper *k, const struct keeper_service *s, unsigned line, int error)
{
	char *tail = log_tail(s->log);

	diagnostics_add(&k->findings, k->t->path, line,
		"%s on %s %s; its log would say why, it ends with: %s", s->title, s->node->name,
		error == -ETIMEDOUT ? "did not become ready" : "ended instead of serving",
		*tail ? tail : "(nothing)");
	free(tail);
	return error;
}

static int await_service(struct keeper *k, struct keeper_service *s, const char *words,
	unsigned line)
{
	const struct network_options *o = k->start->options;
	int patience = o && o->service_timeout_ms ? o->service_timeout_ms : PATIENCE_MS, status;
	int64_t began = now_ms();

	while (!log_says(s->log, words)) {
		if (keeper_is_abandoned(k))
			return -EINTR;
		if (network_wait(s->process, &status, 0) == 0)
			return not_ready(k, s, line, -ECHILD);
		if (now_ms() - began > patience)
			return not_ready(k, s, line, -ETIMEDOUT);
		usleep(LOOK_EVERY_US);
	}
	keeper_progress(k, "%s on %s is ready", s->title, s->node->name);
	return 0;
}

/* --- starting ------------------------------------------------------------------------------- */

/* interface: that the program serves, or "". */
static int start(struct keeper *k, size_t node, const char *program, const char *interface,
	const char *const *argv, unsigned line)
{
	struct keeper_service *s = &k->services[k->n_services];
	int error;

	s->node = &k->t->nodes[node];
	s->title = text("%s%s%s", program, *interface ? " " : "", interface);
	s->log = text("%s/%s%s%s.log", k->nodes[node].scratch, program, *interface ? "-" : "",
		interface);
	error = keeper_spawn(k, node, argv, s->log, &s->process);
	if (error) {
		diagnostics_add(&k->findings, k->t->path, line, "cannot start %s on %s: %s%s",
			program, s->node->name, strerror(-error),
			error == -ENOENT ? "; it would be installed by \"make deps\"" : "");
		return error;
	}
	k->n_services++;
	return 0;
}

/* Opens the configuration file of a daemon, *path malloc'ed. */
static FILE *configuration(struct keeper *k, size_t node, const char *program,
	const char *interface, char **path)
{
	*path = text("%s/%s-%s.conf", k->nodes[node].scratch, program, interface);
	return fopen(*path, "we");
}

static int start_radio(struct keeper *k, const struct topology_radio *r)
{
	const char *program = r->mode == RADIO_AP ? "hostapd" : "wpa_supplicant";
	char *path,
		*log = text("%s/%s-%s.log", k->nodes[r->end.node].scratch, program,
			r->end.interface);
	FILE *f = configuration(k, r->end.node, program, r->end.interface, &path);
	const char *hostapd[] = { "hostapd", "-t", "-f", log, path, NULL };
	const char *supplicant[] = { "wpa_supplicant", "-t", "-D", "nl80211", "-i",
		r->end.interface, "-c", path, "-f", log, NULL };
	char *credentials = text("%s/" TOPOLOGY_CREDENTIALS, k->start->directory);
	int error = f ? 0 : -errno;

	if (f) {
		if (r->mode == RADIO_AP)
			write_hostapd(f, k->t, r);
		else
			write_wpa_supplicant(f, k->t, r, credentials);
		error = fclose(f) ? -errno : 0;
	}
	if (!error)
		error = start(k, r->end.node, program, r->end.interface,
			r->mode == RADIO_AP ? hostapd : supplicant, r->line);
	free(credentials);
	free(path);
	free(log);
	return error;
}

static int start_dhcp(struct keeper *k, size_t node, const struct topology_service *s)
{
	char *path,
		*log = text("--log-facility=%s/dnsmasq-%s.log", k->nodes[node].scratch,
			s->interface);
	FILE *f = configuration(k, node, "dnsmasq", s->interface, &path);
	char *option = text("--conf-file=%s", path);
	const char *argv[] = { "dnsmasq", "--keep-in-foreground", option, log, NULL };
	int error = f ? 0 : -errno;

	if (f) {
		write_dnsmasq(f, k->t, &k->t->nodes[node], s, k->nodes[node].scratch);
		error = fclose(f) ? -errno : 0;
	}
	if (!error)
		error = start(k, node, "dnsmasq", s->interface, argv, s->line);
	free(option);
	free(path);
	free(log);
	return error;
}

/* FreeRADIUS reads a folder: everything is in its radiusd.conf. */
static int start_radius(struct keeper *k, size_t node, const struct topology_service *s)
{
	const char *scratch = k->nodes[node].scratch;
	char *folder = text("%s/freeradius", scratch), *path = text("%s/radiusd.conf", folder);
	char *credentials = text("%s/" TOPOLOGY_CREDENTIALS, k->start->directory);
	char *log = text("%s/freeradius.log", scratch);
	char *sessions = text("%s/sessions", folder);
	const char *argv[] = { "freeradius", "-f", "-d", folder, "-l", log, NULL };
	FILE *f = NULL;
	int error = 0;

	if ((mkdir(folder, 0700) || mkdir(sessions, 0700)) && errno != EEXIST)
		error = -errno;
	if (!error) {
		f = fopen(path, "we");
		error = f ? 0 : -errno;
	}
	if (f) {
		write_freeradius(f, s, folder, credentials);
		error = fclose(f) ? -errno : 0;
	}
	if (!error)
		error = start(k, node, "freeradius", "", argv, s->line);
	free(sessions);
	free(log);
	free(credentials);
	free(path);
	free(folder);
	return error;
}

static int make_credentials(struct keeper *k)
{
	char *folder = text("%s/" TOPOLOGY_CREDENTIALS, k->start->directory);
	struct eap_credentials wanted = { 0 };
	char why[512];
	int error = 0;

	if (eap_make_credentials(folder, &wanted, why, sizeof(why)) < 0) {
		diagnostics_add(&k->findings, k->t->path, k->t->line, "certificates: %s", why);
		error = -EIO;
	}
	free(folder);
	return error;
}

/* --- all of them ---------------------------------------------------------------------------- */

static bool has_enabled(const struct topology_radio *r)
{
	for (size_t i = 0; i < r->n_known; i++)
		if (r->known[i].enabled)
			return true;
	return false;
}

static int start_radios(struct keeper *k, enum radio_mode mode)
{
	size_t first = k->n_services;
	int error = 0;

	for (size_t i = 0; i < k->t->n_radios && !error; i++)
		if (k->t->radios[i].mode == mode)
			error = start_radio(k, &k->t->radios[i]);
	for (size_t i = 0; i < k->t->n_radios && !error; i++) {
		const struct topology_radio *r = &k->t->radios[i];

		if (r->mode == mode)
			error = await_service(k, &k->services[first++],
				mode == RADIO_AP	 ? "AP-ENABLED"
					: has_enabled(r) ? "CTRL-EVENT-CONNECTED"
							 : "Successfully initialized",
				r->line);
	}
	return error;
}

static int start_server(struct keeper *k, size_t node, const struct topology_service *s)
{
	return s->kind == SERVICE_DHCP ? start_dhcp(k, node, s) : start_radius(k, node, s);
}

static int start_servers(struct keeper *k)
{
	static const char *const ready_words[] = {
		[SERVICE_DHCP] = "DHCP, ",
		[SERVICE_RADIUS] = "Ready to process requests",
	};
	size_t first = k->n_services;
	int error = 0;

	for (size_t i = 0; i < k->t->n_nodes && !error; i++)
		for (size_t j = 0; j < k->t->nodes[i].n_services && !error; j++)
			error = start_server(k, i, &k->t->nodes[i].services[j]);
	for (size_t i = 0; i < k->t->n_nodes && !error; i++)
		for (size_t j = 0; j < k->t->nodes[i].n_services && !error; j++)
			error = await_service(k, &k->services[first++],
				ready_words[k->t->nodes[i].services[j].kind],
				k->t->nodes[i].services[j].line);
	return error;
}

int keeper_start_services(struct keeper *k)
{
	size_t count = k->t->n_radios;
	int error;

	for (size_t i = 0; i < k->t->n_nodes; i++)
		count += k->t->nodes[i].n_services;
	k->services = calloc(count + 1, sizeof(*k->services));
	if (!k->services)
		abort();
	error = topology_wants_credentials(k->t) ? make_credentials(k) : 0;
	if (!error)
		error = start_radios(k, RADIO_AP);
	if (!error)
		error = start_servers(k);
	if (!error)
		error = start_radios(k, RADIO_STATION);
	return error;
}

void keeper_check_services(struct keeper *k)
{
	int status;

	for (size_t i = 0; i < k->n_services; i++)
		if (network_wait(k->services[i].process, &status, 0) == 0)
			k->services[i].ended = true;
}
