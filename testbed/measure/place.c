// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "testbed/measure/place.h"

#define STEP_MS 20000
#define READY_MS 10000
#define LOOK_MS 5
#define GRACE_MS 2500

int place_fail(struct report_error *error, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(error->text, sizeof(error->text), format, ap);
	va_end(ap);
	return -1;
}

void place_wait_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* --- the network ------------------------------------------------------------------------------ */

static int raise_network(struct place *p, const char *name, struct diagnostics *d)
{
	struct network_options options = { .directory = p->folder };
	char *path = topology_find(name, d);
	int result = path ? topology_load(path, &p->topology, d) : -ENOENT;

	free(path);
	return result < 0 ? result : network_up(p->topology, &options, &p->network, d);
}

static int set_delays(struct place *p, const struct place_delay *delays, struct diagnostics *d)
{
	int result = 0;

	for (; delays && delays->link && result == 0; delays++) {
		struct network_impairment i = { .delay_ns = delays->ns };
		result = network_link_impair(p->network, delays->link, &i, d);
	}
	return result;
}

int place_enter(struct place *p, const char *topology, const char *folder,
	const struct place_delay *delays, struct report_error *error)
{
	struct diagnostics d = { 0 };

	*p = (struct place){ 0 };
	snprintf(p->folder, sizeof(p->folder), "%s", folder);
	if (mkdir(folder, 0777) < 0 && errno != EEXIST)
		return place_fail(error, "%s: %s", folder, strerror(errno));
	if (readlink("/proc/self/exe", p->self, sizeof(p->self) - 1) <= 0)
		return place_fail(error, "/proc/self/exe: %s", strerror(errno));
	int result = raise_network(p, topology, &d);
	if (result == 0)
		result = set_delays(p, delays, &d);
	if (result < 0) {
		place_fail(error, "%s", d.count ? d.list[0].text : strerror(-result));
		diagnostics_print(&d, stderr);
		place_leave(p);
	}
	diagnostics_free(&d);
	return result < 0 ? -1 : 0;
}

void place_leave(struct place *p)
{
	network_down(p->network);
	topology_free(p->topology);
	p->network = NULL;
	p->topology = NULL;
}

/* --- programs --------------------------------------------------------------------------------- */

static size_t read_file(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(out, 1, size - 1, file) : 0;

	if (file)
		fclose(file);
	out[n] = '\0';
	return n;
}

int place_run(struct place *p, const char *node, const char *const *argv, char *out, size_t size,
	struct report_error *error)
{
	struct diagnostics d = { 0 };
	char path[1280], said[256];
	int status = -1;

	snprintf(path, sizeof(path), "%s/said", p->folder);
	unlink(path);
	struct spawn spawn = { .argv = argv, .log = path };
	int result = network_run(p->network, node, &spawn, &status, STEP_MS, &d);
	diagnostics_free(&d);
	if (out)
		read_file(path, out, size);
	if (result == 0 && status == 0)
		return 0;
	read_file(path, said, sizeof(said));
	said[strcspn(said, "\n")] = '\0';
	return place_fail(error, "%s %s on %s failed: %s", argv[0], argv[1] ? argv[1] : "", node,
		result < 0 ? strerror(-result) : said);
}

int place_start(struct place *p, const char *node, const char *name, const struct spawn *spawn,
	struct process **out, struct report_error *error)
{
	struct diagnostics d = { 0 };
	struct spawn s = *spawn;
	char log[1280];

	snprintf(log, sizeof(log), "%s/%s.log", p->folder, name);
	s.log = log;
	int result = network_spawn(p->network, node, &s, out, &d);
	diagnostics_free(&d);
	return result < 0 ? place_fail(error, "%s on %s: %s", s.argv[0], node, strerror(-result))
			  : 0;
}

int place_capture(struct place *p, const char *node, const char *interface, const char *filter,
	const char *name, struct process **out, struct report_error *error)
{
	char file[1280], log[1280], label[128];

	snprintf(file, sizeof(file), "%s/%s.pcap", p->folder, name);
	snprintf(label, sizeof(label), "%s.tcpdump", name);
	snprintf(log, sizeof(log), "%s/%s.log", p->folder, label);
	const char *argv[] = { "tcpdump", "-i", interface, "-n", "-s", "2048", "-B", "8192", "-Z",
		"root", "--immediate-mode", "--time-stamp-precision=nano", "-w", file, filter, NULL };
	if (place_start(p, node, label, &(struct spawn){ .argv = argv }, out, error) < 0)
		return -1;
	return place_await(log, "listening on", READY_MS, error);
}

void place_stop(struct process **process)
{
	int status;

	if (!*process)
		return;
	network_terminate(*process, &status, GRACE_MS);
	network_release(*process);
	*process = NULL;
}

int place_await(const char *path, const char *text, unsigned patience_ms,
	struct report_error *error)
{
	static char buffer[65536];

	for (unsigned waited = 0; waited < patience_ms; waited += LOOK_MS) {
		read_file(path, buffer, sizeof(buffer));
		if (strstr(buffer, text))
			return 0;
		place_wait_ms(LOOK_MS);
	}
	return place_fail(error, "%s never said \"%s\"", path, text);
}
