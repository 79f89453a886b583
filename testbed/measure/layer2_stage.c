// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testbed/measure/layer2_stage.h"

extern char **environ;

#define AIR_INTERFACE "hwsim0"
#define STEP_MS 20000

int __attribute__((format(printf, 2, 3)))
stage_fail(struct report_error *error, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(error->text, sizeof(error->text), format, ap);
	va_end(ap);
	return -1;
}

void stage_wait_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

double stage_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- programs on nodes ------------------------------------------------------------------------ */

int stage_run(struct stage *s, const char *node, const char *const *argv, char *out, size_t size,
	struct report_error *error)
{
	struct diagnostics d = {0};
	char path[1280];
	int status = -1;

	snprintf(path, sizeof(path), "%s/said", s->folder);
	unlink(path);
	struct spawn spawn = {.argv = argv, .log = path};
	int result = network_run(s->network, node, &spawn, &status, STEP_MS, &d);
	diagnostics_free(&d);
	if (out) {
		FILE *file = fopen(path, "re");
		size_t n = file ? fread(out, 1, size - 1, file) : 0;
		if (file)
			fclose(file);
		out[n] = '\0';
	}
	return result < 0 || status ? stage_fail(error, "%s on %s failed", argv[0], node) : 0;
}

int stage_tell(struct stage *s, const char *const *argv, struct report_error *error)
{
	char said[256];

	if (stage_run(s, s->experiment->mn, argv, said, sizeof(said), error) < 0)
		return -1;
	return strstr(said, "OK") ? 0
				  : stage_fail(error, "wpa_supplicant answers %s to %s: %.40s",
					    s->experiment->mn, argv[5], said);
}

int stage_await(struct stage *s, const char *words, double from, struct report_error *error)
{
	for (unsigned waited = 0; waited < STEP_MS; waited += 20) {
		if (!isnan(layer2_said(s->log, words, from, INFINITY)))
			return 0;
		stage_wait_ms(20);
	}
	return stage_fail(error, "wpa_supplicant never said \"%s\"; see %s", words, s->log);
}

/* --- the air ---------------------------------------------------------------------------------- */

static int start_capture(struct stage *s, struct report_error *error)
{
	char *up[] = {"ip", "link", "set", AIR_INTERFACE, "up", NULL};
	char *argv[] = {"tcpdump", "-i", AIR_INTERFACE, "-U", "-Z", "root", "--immediate-mode",
		"--time-stamp-precision=nano", "-w", s->air, NULL};
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
		return stage_fail(error, "capturing on %s: %s", AIR_INTERFACE,
			result ? strerror(result) : "there is no such interface");
	/* The header of the file is written once it captures. */
	for (unsigned waited = 0; waited < STEP_MS; waited += 20) {
		struct stat st;
		if (stat(s->air, &st) == 0 && st.st_size > 0)
			return 0;
		stage_wait_ms(20);
	}
	return stage_fail(error, "tcpdump does not begin to capture on %s", AIR_INTERFACE);
}

void stage_stop_capture(struct stage *s)
{
	if (s->capture <= 0)
		return;
	kill(s->capture, SIGTERM);
	waitpid(s->capture, NULL, 0);
	s->capture = 0;
}

/* --- life ------------------------------------------------------------------------------------- */

int stage_verb(struct stage *s, const char *node, const char *verb, struct report_error *error)
{
	const char *words[] = {verb, "a", NULL};
	return cast_verb(s->cast, node, words, STEP_MS, error);
}

static int raise_network(struct stage *s, struct report_error *error)
{
	struct diagnostics d = {0};
	struct network_options options = {.directory = s->folder};
	char *path = topology_find(s->experiment->topology, &d);
	int result = path ? topology_load(path, &s->topology, &d) : -ENOENT;

	if (result == 0)
		result = network_up(s->topology, &options, &s->network, &d);
	if (result < 0) {
		stage_fail(error, "%s", d.count ? d.list[0].text : strerror(-result));
		diagnostics_print(&d, stderr);
	}
	free(path);
	diagnostics_free(&d);
	return result < 0 ? -1 : 0;
}

int stage_enter(struct stage *s, const struct experiment_options *o, unsigned seed,
	struct report_error *error)
{
	char identity[160], credentials[1280], keys[64];
	const char *settings[] = {identity, credentials, keys, NULL};

	if (mkdir(s->folder, 0777) < 0 && errno != EEXIST)
		return stage_fail(error, "%s: %s", s->folder, strerror(errno));
	if (raise_network(s, error) < 0)
		return -1;
	snprintf(identity, sizeof(identity), "BATON_SET_IDENTITY=%s", s->identity);
	snprintf(credentials, sizeof(credentials), "BATON_CREDENTIALS=%s/" TOPOLOGY_CREDENTIALS,
		s->folder);
	snprintf(keys, sizeof(keys), "BATON_SET_KEY_MANAGEMENT=%s", layer2_way_keys(s->way));
	s->cast = cast_start(s->network, o->sut, s->folder, seed, settings, error);
	return s->cast ? start_capture(s, error) : -1;
}

void stage_leave(struct stage *s)
{
	stage_stop_capture(s);
	cast_stop(s->cast);
	network_down(s->network);
	topology_free(s->topology);
}
