// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ref/base/crypto.h"
#include "testbed/suite/unit_job.h"
#include "testbed/util/paths.h"

const char *file_name(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		out[n++] = isalnum((unsigned char)*text) || strchr("-.=+", *text) ? *text : '_';
	out[n] = '\0';
	return out;
}

static int end(struct job *j, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int end(struct job *j, enum verdict verdict, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(j->u->outcome.reason, sizeof(j->u->outcome.reason), format, ap);
	va_end(ap);
	j->u->outcome.verdict = verdict;
	j->u->outcome.line = j->u->test->line;
	return -1;
}

static bool interrupted(void *context)
{
	const struct run *run = context;
	struct pollfd p = { .fd = run->wake, .events = POLLIN };
	return run->wake >= 0 && poll(&p, 1, 0) > 0;
}

/* --- settings for script and EAP ------------------------------------------------------------ */

static const char *tester_setting(void *context, const char *name)
{
	struct job *j = context;
	return settings_get(&j->settings, SIDE_TESTER, name);
}

static void pana_key(void *context, const char *line)
{
	struct job *j = context;
	fprintf(j->keys, "%s\n", line);
}

static void tls_key(void *context, const char *line)
{
	struct job *j = context;
	fprintf(j->keys, "%s\n", line);
	fprintf(j->tls_keys, "%s\n", line);
}

static struct eap_end *new_end(void *context)
{
	struct job *j = context;
	return tester_eap_end(j->eap);
}

/* --- places --------------------------------------------------------------------------------- */

static int make_folders(struct job *j)
{
	char suite[100], name[200];

	file_name(j->u->suite->name, suite, sizeof(suite));
	file_name(j->u->name, name, sizeof(name));
	const char *dot = j->u->mutant ? "." : "", *mutant = j->u->mutant ? j->u->mutant : "";
	char *relative = path_format("%s/%s%s%s", suite, name, dot, mutant);
	char *above = path_format("%s/%s", j->run->results, suite);
	/* Short, because programs put sockets there: a path of one has 107 octets at most. */
	char *work = path_format("%s/%u.%u", j->run->work, j->u->number, j->u->attempts);
	j->folder = path_format("%s/%s", j->run->results, relative);
	j->scratch = path_format("%s/sut", work);
	j->log = path_format("%s/sut.log", j->folder);
	bool failed = (mkdir(above, 0755) < 0 && errno != EEXIST) ||
		(mkdir(j->folder, 0755) < 0 && errno != EEXIST) ||
		(mkdir(work, 0755) < 0 && errno != EEXIST) ||
		(mkdir(j->scratch, 0755) < 0 && errno != EEXIST);
	int error = errno;
	unlink(j->log);
	j->u->capture = arena_printf(j->u->arena, "%s/capture.pcapng", relative);
	j->u->keylog = arena_printf(j->u->arena, "%s/keys.log", relative);
	j->u->log = arena_printf(j->u->arena, "%s/sut.log", relative);
	free(relative);
	free(above);
	free(work);
	return failed ? end(j, VERDICT_SETUP_FAILED, "%s cannot be made: %s", j->folder,
				strerror(error)) : 0;
}

/* --- set-up --------------------------------------------------------------------------------- */

static int raise_network(struct job *j)
{
	const struct network_options options = { .no_services = true,
		.launcher = j->run->launcher };
	struct diagnostics d = { 0 };

	if (!j->run->wire)
		return 0;
	int error = network_up(j->run->wire, &options, &j->network, &d);
	if (error)
		end(j, VERDICT_SETUP_FAILED, "the network did not come up: %s",
			d.count ? d.list[0].text : strerror(-error));
	diagnostics_free(&d);
	return error ? -1 : 0;
}

static int open_wire(struct job *j)
{
	const struct link_options o = {
		.protocol = j->u->suite->role->protocol,
		.lan = j->u->suite->role->lan,
		.network = j->network,
		.node = "tester",
		.carrier = j->u->suite->role->carrier,
		.interface = unit_interface(j),
		.tester = { j->tester[0], j->tester[1] },
		.wake = j->run->wake,
	};
	char why[300];

	if (link_open(&j->link, &o, why, sizeof(why)) < 0)
		return end(j, VERDICT_SETUP_FAILED, "%s", why);
	j->link_is_open = true;
	return 0;
}

static int open_eap(struct job *j)
{
	const struct tester_eap_options o = {
		.server = j->u->suite->role->tester_serves,
		.setting = tester_setting,
		.context = j,
		.credentials = j->run->credentials ? j->run->credentials : ".",
		.random = &j->script.random,
		.key_log = tls_key,
	};
	char why[300];

	j->eap = tester_eap_new(&o, why, sizeof(why));
	return j->eap ? 0 : end(j, VERDICT_ERROR, "the tester's EAP: %s", why);
}

/* The same stream of random numbers for the same test and seed, whatever runs beside it. */
static uint64_t seed_of(const struct job *j)
{
	const struct view parts[] = { view_text(j->u->suite->name), view_text(j->u->name),
		VIEW(&j->run->seed, sizeof(j->run->seed)) };
	uint8_t digest[DIGEST_MAX];
	uint64_t seed;

	digest_parts(DIGEST_SHA256, parts, 3, digest);
	memcpy(&seed, digest, sizeof(seed));
	return seed;
}

static void before_line(void *context, const struct step *step)
{
	struct job *j = context;
	FILE *terminal = fopen("/dev/tty", "r+e");
	char line[16];

	if (!terminal)
		return;
	fprintf(terminal, "%s:%u: %s  [Enter] ", j->u->suite->file, step->line, step->text);
	fflush(terminal);
	if (!fgets(line, sizeof(line), terminal))
		line[0] = '\0';
	fclose(terminal);
}

static int prepare_script(struct job *j)
{
	struct script *s = &j->script;

	s->suite = j->u->suite;
	s->test = j->u->test;
	s->role = j->u->suite->role;
	s->link = &j->link;
	s->arena = j->u->arena;
	s->remote[0] = j->frames.family ? j->frames : j->sut[0];
	s->remote[1] = j->sut[1];
	s->patience = j->run->patience * j->run->manifest->patience;
	s->random = random_seeded(seed_of(j));
	s->eap_new = new_end;
	s->setting = tester_setting;
	s->key_log = pana_key;
	s->credentials = j->run->credentials;
	s->epoch = time(NULL);
	s->before = j->run->step ? before_line : NULL;
	s->context = j;
	if (open_eap(j) < 0)
		return -1;
	if (script_open(s) == 0)
		return 0;
	j->u->outcome = s->outcome;
	return -1;
}

static int start_sut(struct job *j)
{
	const struct sut_place place = {
		.network = j->network,
		.node = "sut",
		.scratch = j->scratch,
		.log = j->log,
		.env = (const char *const *)j->env,
		.interrupted = interrupted,
		.context = (void *)(uintptr_t)j->run,
	};
	char why[600];

	if (sut_start(j->run->manifest, j->role, &place, &j->script.sut, why, sizeof(why)) < 0)
		return end(j, VERDICT_SETUP_FAILED, "%s", why);
	return 0;
}

/* --- the test and its end ------------------------------------------------------------------- */

/* A shell in the tester's node, in the foreground of this terminal. */
static void open_shell(struct job *j)
{
	const char *shell = getenv("SHELL");
	int status;

	if (!j->network)
		return;
	fprintf(stderr, "\n%s stands as it was left. This is the tester's node; the implementation "
		"is at %s, its output in %s.\nLeave with exit.\n", j->u->name, j->addresses[0],
		j->log);
	pid_t pid = fork();
	if (pid == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		/* Only the next child is in the node's process namespace. */
		if (network_enter(j->network, "tester") == 0 && (pid = fork()) == 0)
			execlp(shell ? shell : "sh", "sh", "-i", (char *)NULL);
		_exit(pid > 0 && waitpid(pid, &status, 0) == pid ? 0 : 127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

/* What ended the implementation outweighs what the script made of it. */
static void stop_sut(struct job *j)
{
	struct outcome *o = &j->u->outcome;
	char why[600];

	if (sut_crashed(j->script.sut, why, sizeof(why)) && o->verdict != VERDICT_CRASH)
		end(j, VERDICT_CRASH, "%s", why);
	if (sut_stop(j->script.sut, why, sizeof(why)) < 0 && o->verdict == VERDICT_PASS)
		end(j, VERDICT_CLEANUP_FAILED, "%s", why);
	j->script.sut = NULL;
}

static void run_script(struct job *j)
{
	script_run(&j->script);
	j->u->outcome = j->script.outcome;
	if (interrupted((void *)(uintptr_t)j->run))
		j->u->interrupted = true;
	if (j->run->shell)
		open_shell(j);
	stop_sut(j);
}

static void write_text(const char *folder, const char *relative, const char *text, size_t size)
{
	char *path = path_format("%s/%s", folder, relative);
	FILE *f = size ? fopen(path, "we") : NULL;

	if (f) {
		fwrite(text, 1, size, f);
		fclose(f);
	}
	free(path);
}

static void write_evidence(struct job *j)
{
	struct unit *u = j->u;
	char *path = path_format("%s/%s", j->run->results, u->capture);
	char *about = path_format("%s %s: %s", u->suite->name, u->name,
		verdict_name(u->outcome.verdict));

	fflush(j->keys);
	fflush(j->tls_keys);
	capture_drain(&j->link.capture);
	u->steps = ladder_steps(&j->script.ladder, j->script.started, &j->link.capture,
		&u->step_count);
	if (capture_write(&j->link.capture, path, about, VIEW(j->tls_text, j->tls_size)) < 0 &&
		u->outcome.verdict == VERDICT_PASS)
		end(j, VERDICT_ERROR, "%s cannot be written: %s", path, strerror(errno));
	write_text(j->run->results, u->keylog, j->keys_text, j->keys_size);
	free(path);
	free(about);
}

static bool exists(const struct job *j, const char *relative)
{
	char *path = path_format("%s/%s", j->run->results, relative);
	struct stat s;
	bool there = stat(path, &s) == 0 && s.st_size > 0;
	free(path);
	return there;
}

static void clean_up(struct job *j)
{
	script_close(&j->script);
	tester_eap_free(j->eap);
	if (j->link_is_open)
		link_close(&j->link);
	if (j->network)
		network_down(j->network);
	fclose(j->keys);
	fclose(j->tls_keys);
	free(j->keys_text);
	free(j->tls_text);
	for (size_t i = 0; i < j->env_count; i++)
		free(j->env[i]);
	if (!j->u->capture || !exists(j, j->u->capture))
		j->u->capture = NULL;
	if (!j->u->keylog || !exists(j, j->u->keylog))
		j->u->keylog = NULL;
	if (!j->u->log || !exists(j, j->u->log))
		j->u->log = NULL;
	free(j->folder);
	free(j->scratch);
	free(j->log);
}

/* Everything up to the script. */
static int set_up(struct job *j)
{
	char why[300];

	j->role = manifest_role(j->run->manifest, j->u->suite->role->name);
	if (!j->role)
		return end(j, VERDICT_NOT_APPLICABLE, "%s does not play the role %s",
			j->run->manifest->name, j->u->suite->role->name);
	settings_resolve(j->u->test, j->run->manifest, j->role, &j->settings);
	if (!settings_supported(&j->settings, j->u->test, j->role,
		    !j->u->suite->role->eap_aside, why, sizeof(why)))
		return end(j, VERDICT_UNSUPPORTED, "%s", why);
	if (make_folders(j) < 0)
		return -1;
	unit_find_addresses(j);
	if (j->u->suite->role->carrier == CARRIER_FRAMES && !j->frames.family)
		return end(j, VERDICT_UNSUPPORTED, "frames go to the device's own address, and the "
			"manifest's wire says no mac");
	unit_build_env(j);
	if (raise_network(j) < 0 || open_wire(j) < 0)
		return -1;
	j->script.started = link_now();
	return prepare_script(j) < 0 || start_sut(j) < 0 ? -1 : 0;
}

void unit_run(const struct run *run, struct unit *u)
{
	struct job *j = calloc(1, sizeof(*j));
	btime start = link_now();

	if (!j)
		abort();
	j->run = run;
	j->u = u;
	u->arena = arena_new();
	u->outcome = (struct outcome){ .verdict = VERDICT_PASS };
	u->capture = u->keylog = u->log = NULL;
	u->attempts++;
	j->keys = open_memstream(&j->keys_text, &j->keys_size);
	j->tls_keys = open_memstream(&j->tls_text, &j->tls_size);
	if (set_up(j) == 0)
		run_script(j);
	else if (interrupted((void *)(uintptr_t)run))
		u->interrupted = true;
	if (j->link_is_open && j->script.ladder.list)
		write_evidence(j);
	clean_up(j);
	free(j);
	u->duration_s = (double)(link_now() - start) / 1e9;
	u->done = true;
}

void unit_release(struct unit *u)
{
	if (u->arena)
		arena_free(u->arena);
	u->arena = NULL;
	u->steps = NULL;
	u->step_count = 0;
	u->done = false;
}

/* --- report --------------------------------------------------------------------------------- */

static void attach(struct result *result, const char *path)
{
	struct report_error error;

	if (path && result_attach(result, path, &error) < 0)
		fprintf(stderr, "baton: %s\n", error.text);
}

void unit_report(const struct unit *u, struct result *result, struct result_suite *suite)
{
	const struct outcome *o = &u->outcome;
	const struct test *t = u->test;
	struct report_clause covers[16];
	struct report_pair params[8];
	struct report_difference differs[DIFFERENCES_MAX];
	char sections[16][40], clause[120];
	const char *expected = o->expected, *received = o->received;
	size_t n = 0;

	for (; n < t->cover_count && n < 16; n++)
		covers[n] = (struct report_clause){ t->covers[n].document,
			cover_text(&t->covers[n], sections[n], sizeof(sections[n])),
			t->covers[n].level };
	for (size_t i = 0; i < t->parameter_count && i < 8; i++)
		params[i] = (struct report_pair){ t->parameters[i].name, t->parameters[i].value };
	for (unsigned i = 0; i < o->differs.count; i++)
		differs[i] = (struct report_difference){ o->differs.list[i].field,
			o->differs.list[i].expected, o->differs.list[i].received };
	snprintf(clause, sizeof(clause), "%s %s %s", covers[0].document, covers[0].section,
		covers[0].level);
	attach(result, u->capture);
	attach(result, u->keylog);
	attach(result, u->log);
	suite_add_test(suite, &(struct test_report){
		.name = t->name,
		.purpose = t->purpose,
		.params = params,
		.n_params = t->parameter_count,
		.file = u->suite->file,
		.line = o->line ? o->line : t->line,
		.covers = covers,
		.n_covers = n,
		.verdict = o->verdict,
		.reason = o->verdict == VERDICT_PASS ? NULL : o->reason,
		.clause = clause,
		.expected = *expected ? &expected : NULL,
		.n_expected = *expected ? 1 : 0,
		.received = *received ? &received : NULL,
		.n_received = *received ? 1 : 0,
		.differs = differs,
		.n_differs = o->differs.count,
		.duration_s = u->duration_s,
		.attempts = u->attempts,
		.flaky = u->flaky,
		.ladder = u->steps,
		.n_ladder = u->step_count,
		.capture = u->capture,
		.keylog = u->keylog,
		.log = u->log,
	});
}
