// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testbed/adapter/manual.h"
#include "testbed/adapter/program.h"
#include "testbed/adapter/sut.h"
#include "testbed/util/paths.h"

#define ENV_MAX 128
#define GRACE_MS 500

struct sut {
	const struct manifest *manifest;
	const struct manifest_role *role;
	struct sut_place place;
	struct program program;
	bool has_program;
	bool ended;
	int status;
	off_t log_start; /* what stood in the log before */
	char *env[ENV_MAX];
};

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static bool interrupted(const struct sut_place *place)
{
	return place->interrupted && place->interrupted(place->context);
}

/* --- environment ---------------------------------------------------------------------------- */

static char *extra_variable(const struct manifest_extra *extra)
{
	char *text = path_format("BATON_EXTRA_%s=%s", extra->name, extra->value);

	for (char *c = text + strlen("BATON_EXTRA_"); *c != '='; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	return text;
}

/* The caller's variables, the adapter's own, and its folder before all others in PATH. */
static void build_env(const struct manifest *m, const char *const *given, char *env[ENV_MAX])
{
	const char *path = getenv("PATH");
	size_t n = 0;

	for (; given && *given && n < ENV_MAX - 3; given++)
		env[n++] = strdup(*given);
	env[n++] = path_format("BATON_ADAPTER=%s", m->folder);
	env[n++] = path_format("PATH=%s:%s", m->folder, path ? path : "/usr/bin:/bin");
	for (size_t i = 0; i < m->extra_count && n < ENV_MAX - 1; i++)
		env[n++] = extra_variable(&m->extra[i]);
	env[n] = NULL;
}

static void free_env(char *env[ENV_MAX])
{
	for (size_t i = 0; env[i]; i++)
		free(env[i]);
}

/* --- readiness ------------------------------------------------------------------------------ */

static off_t file_size(const char *path)
{
	struct stat s;
	return stat(path, &s) == 0 ? s.st_size : 0;
}

static bool ready_log(struct sut *sut)
{
	char text[65536];
	int fd = open(sut->place.log, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text), sut->log_start);

	if (fd >= 0)
		close(fd);
	return n > 0 && expression_found(sut->role->ready.expression, text, (size_t)n);
}

/* The kernel's table of UDP sockets in the network namespace of the process. */
static bool bound_in(pid_t pid, const char *table, unsigned port)
{
	char path[64], line[512];
	unsigned found = 0;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, table);
	FILE *f = fopen(path, "re");
	while (f && found != port && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');
		colon = colon ? strchr(colon + 1, ':') : NULL;
		found = colon ? (unsigned)strtoul(colon + 1, NULL, 16) : 0;
	}
	if (f)
		fclose(f);
	return found == port;
}

static int run_for(struct sut *sut, const char *command, double seconds, char *line, size_t size);

static bool is_ready(struct sut *sut, double since)
{
	const struct manifest_ready *ready = &sut->role->ready;
	pid_t pid = program_pid(&sut->program);

	switch (ready->kind) {
	case READY_AT_ONCE:
		return true;
	case READY_LOG:
		return ready_log(sut);
	case READY_PORT:
		return bound_in(pid, "udp", ready->port) || bound_in(pid, "udp6", ready->port);
	case READY_COMMAND:
		return run_for(sut, ready->text, ready->within, NULL, 0) == 0;
	case READY_SECONDS:
		return now_s() - since >= ready->seconds;
	}
	return false;
}

static const char *sign_of(const struct manifest_ready *ready, char *out, size_t size)
{
	switch (ready->kind) {
	case READY_AT_ONCE:
	case READY_SECONDS:
		snprintf(out, size, "it ran on");
		break;
	case READY_LOG:
		snprintf(out, size, "its output had a line that matches %s", ready->text);
		break;
	case READY_PORT:
		snprintf(out, size, "UDP port %u was bound", ready->port);
		break;
	case READY_COMMAND:
		snprintf(out, size, "%s ended with status 0", ready->text);
		break;
	}
	return out;
}

static void describe_end(int status, char *out, size_t size)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (WIFSIGNALED(status))
		snprintf(out, size, "was ended by signal %d (%s)%s", WTERMSIG(status),
			strsignal(WTERMSIG(status)), WCOREDUMP(status) ? ", core dumped" : "");
	else if (code > 128)
		snprintf(out, size, "was ended by signal %d (%s)", code - 128,
			strsignal(code - 128));
	else
		snprintf(out, size, "ended by itself with status %d", code);
}

/* The last line of its output; "" when there is none. */
static void last_words(struct sut *sut, char *out, size_t size)
{
	char text[2048];
	int fd = open(sut->place.log, O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = end > (off_t)sizeof(text) ? end - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, from);

	if (fd >= 0)
		close(fd);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	text[n > 0 ? n : 0] = '\0';
	char *line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	snprintf(out, size, "%.300s", line);
}

/* The same, for messages. */
static const char *last_line(struct sut *sut, char *out, size_t size)
{
	char line[301];

	last_words(sut, line, sizeof(line));
	snprintf(out, size, "%s%s", *line ? "; it said last: " : "", line);
	return out;
}

static int wait_ready(struct sut *sut, char *why, size_t size)
{
	double since = now_s();
	char text[320], said[320];

	for (;;) {
		bool ended = program_ended(&sut->program, &sut->status, 0);
		if (ended && !(sut->role->ends && WIFEXITED(sut->status))) {
			if (WIFEXITED(sut->status) && WEXITSTATUS(sut->status) == 127) {
				last_words(sut, why, size);
				return SUT_UNSUPPORTED;
			}
			describe_end(sut->status, text, sizeof(text));
			snprintf(why, size, "%s %s before it was ready%s", sut->manifest->name,
				text,
				last_line(sut, said, sizeof(said)));
			return -1;
		}
		if (is_ready(sut, since))
			return 0;
		if (interrupted(&sut->place)) {
			snprintf(why, size, "the run was interrupted");
			return -1;
		}
		if (now_s() - since > sut->role->ready.within) {
			snprintf(why, size, "%s was not ready after %g s: waited until %s%s",
				sut->manifest->name, sut->role->ready.within,
				sign_of(&sut->role->ready, text, sizeof(text)),
				last_line(sut, said, sizeof(said)));
			return -1;
		}
		nap_ms(sut->role->ready.kind == READY_COMMAND ? 50 : 3);
	}
}

/* "ended with status 3", of what run_for gave. */
static const char *how_it_ended(int status, char *out, size_t size)
{
	if (status < 0)
		snprintf(out, size, "did not end in time");
	else
		snprintf(out, size, "ended with status %d", status);
	return out;
}

/* --- start and end -------------------------------------------------------------------------- */

static void release(struct sut *sut, int grace_ms)
{
	if (sut->has_program)
		program_end(&sut->program, grace_ms);
	free_env(sut->env);
	free(sut);
}

int sut_start(const struct manifest *m, const struct manifest_role *role,
	const struct sut_place *place, struct sut **out, char *why, size_t size)
{
	struct sut *sut = calloc(1, sizeof(*sut));

	if (!sut)
		abort();
	*out = NULL;
	sut->manifest = m;
	sut->role = role;
	sut->place = *place;
	sut->log_start = file_size(place->log);
	build_env(m, place->env, sut->env);
	int result = 0;
	if (role->start) {
		const struct program_options o = { .network = place->network, .node = place->node,
			.command = role->start, .cwd = place->scratch,
			.env = (const char *const *)sut->env, .log = place->log,
			.priority = place->priority };
		result = program_start(&o, &sut->program, why, size);
		sut->has_program = result == 0;
		if (result == 0)
			result = wait_ready(sut, why, size);
	} else if (m->manual) {
		result = manual_start(m, role, (const char *const *)sut->env, why, size);
	}
	if (result < 0) {
		release(sut, 0);
		return result;
	}
	*out = sut;
	return 0;
}

int sut_descriptor(const struct sut *sut)
{
	return sut->has_program ? sut->program.pidfd : -1;
}

bool sut_crashed(struct sut *sut, char *why, size_t size)
{
	char text[160], said[320];
	int status;

	if (!sut->has_program || !program_ended(&sut->program, &status, 0))
		return false;
	sut->ended = true;
	if (sut->role->ends && WIFEXITED(status) && WEXITSTATUS(status) < 128)
		return false;
	describe_end(status, text, sizeof(text));
	snprintf(why, size, "%s %s%s", sut->manifest->name, text,
		last_line(sut, said, sizeof(said)));
	return true;
}

/* Runs a command beside the sut and takes the first line of its output. -1: it took too long. */
static int run_for(struct sut *sut, const char *command, double seconds, char *line, size_t size)
{
	char why[200], text[256] = "";
	int status, memory = memfd_create("output", MFD_CLOEXEC);
	struct program program;
	const struct program_options o = { .network = sut->place.network, .node = sut->place.node,
		.command = command, .cwd = sut->place.scratch,
		.env = (const char *const *)sut->env, .output_fd = memory };

	if (memory < 0 || program_start(&o, &program, why, sizeof(why)) < 0) {
		if (memory >= 0)
			close(memory);
		return -1;
	}
	bool ended = program_ended(&program, &status, (int)(seconds * 1000));
	program_end(&program, 0);
	ssize_t n = pread(memory, text, sizeof(text) - 1, 0);
	close(memory);
	if (line && size) {
		char *start = text;
		text[n > 0 ? n : 0] = '\0';
		start += strspn(start, " \t\r\n");
		start[strcspn(start, "\r\n")] = '\0';
		snprintf(line, size, "%s", start);
	}
	if (!ended || WIFSIGNALED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* 'word' for the shell. */
static char *quoted(const char *text)
{
	char *out = malloc(4 * strlen(text) + 3), *p = out;

	if (!out)
		abort();
	*p++ = '\'';
	for (; *text; text++) {
		if (*text == '\'') {
			memcpy(p, "'\\''", 4);
			p += 4;
		} else {
			*p++ = *text;
		}
	}
	*p++ = '\'';
	*p = '\0';
	return out;
}

static char *verb_command(const char *command, const char *verb, const char *const *arguments)
{
	char *line = path_format("%s %s", command, verb);

	for (; arguments && *arguments; arguments++) {
		char *word = quoted(*arguments), *longer = path_format("%s %s", line, word);
		free(word);
		free(line);
		line = longer;
	}
	return line;
}

/* `at`: for the adapter, in BATON_AT; 0: at once. */
static int ask_at(struct sut *sut, uint64_t at, const char *verb, const char *const *arguments,
	double seconds, char *line, size_t size)
{
	if (line && size)
		*line = '\0';
	if (!sut->manifest->verb)
		return sut->manifest->manual ? manual_verb(verb, arguments, line, size) :
					       VERB_UNSUPPORTED;
	char *command = verb_command(sut->manifest->verb, verb, arguments);
	char *timed = at ? path_format("export BATON_AT=%llu; %s", (unsigned long long)at, command) :
			   NULL;
	int status = run_for(sut, timed ? timed : command, seconds, line, size);
	free(timed);
	free(command);
	return status;
}

int sut_ask(struct sut *sut, const char *verb, const char *const *arguments, double seconds,
	char *line, size_t size)
{
	return ask_at(sut, 0, verb, arguments, seconds, line, size);
}

int sut_verb_at(struct sut *sut, uint64_t at, const char *verb, const char *const *arguments,
	double seconds, char *word, size_t size)
{
	int status = ask_at(sut, at, verb, arguments, seconds, word, size);

	if (word && size)
		word[strcspn(word, " \t")] = '\0';
	return status;
}

int sut_verb(struct sut *sut, const char *verb, const char *const *arguments, double seconds,
	char *word, size_t size)
{
	return sut_verb_at(sut, 0, verb, arguments, seconds, word, size);
}

int sut_stop(struct sut *sut, char *why, size_t size)
{
	char how[64];
	int status = 0;

	if (sut->role->stop)
		status = run_for(sut, sut->role->stop, 10, NULL, 0);
	if (status)
		snprintf(why, size, "the stop command %s %s", sut->role->stop,
			how_it_ended(status, how, sizeof(how)));
	release(sut, sut->ended ? 0 : GRACE_MS);
	return status ? -1 : 0;
}

/* --- before a run --------------------------------------------------------------------------- */

/* The first word of a command, where it is a plain one. */
static bool first_word(const char *command, char *out, size_t size)
{
	command += strspn(command, " \t");
	if (strncmp(command, "exec ", 5) == 0)
		command += 5 + strspn(command + 5, " \t");
	size_t n = strcspn(command, " \t");

	if (n >= size)
		return false;
	memcpy(out, command, n);
	out[n] = '\0';
	return strpbrk(out, "$=;&|<>()`'\"{}*?[]~#!") == NULL;
}

static bool executable(const char *folder, const char *word)
{
	char *path = *word == '/' ? path_format("%s", word) :
		path_format("%s/%s", folder, word);
	struct stat s;
	bool found = stat(path, &s) == 0 && S_ISREG(s.st_mode) && access(path, X_OK) == 0;

	free(path);
	return found;
}

static bool in_path(const char *word)
{
	const char *path = getenv("PATH");
	char folder[PATH_MAX];

	for (path = path ? path : "/usr/bin:/bin"; *path;) {
		size_t n = strcspn(path, ":");
		if (n < sizeof(folder)) {
			memcpy(folder, path, n);
			folder[n] = '\0';
			if (executable(folder, word))
				return true;
		}
		path += n + (path[n] == ':');
	}
	return false;
}

static bool shell_word(const char *word)
{
	static const char *const words[] = { "cd", "if", "for", "while", "case", ".", "eval", "set",
		"export", "ulimit", "umask", "trap", "exit", ":", "read", "command", "until" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static int check_command(const struct manifest *m, const char *key, const char *command,
	unsigned line, char *why, size_t size)
{
	char word[PATH_MAX];

	if (!command || !first_word(command, word, sizeof(word)) || shell_word(word) ||
		executable(m->folder, word) || in_path(word))
		return 0;
	if (line)
		snprintf(why, size, "%s:%u: %s: there is no program %s; it is looked for in the "
			"adapter's folder, then in PATH", m->file, line, key, word);
	else
		snprintf(why, size, "%s: %s: there is no program %s; it is looked for in the "
			"adapter's folder, then in PATH", m->file, key, word);
	return -1;
}

int adapter_probe(const struct manifest *m, const struct manifest_role *role, char *why,
	size_t size)
{
	char role_variable[64], how[64], folder[] = "/tmp/baton-probe-XXXXXX";
	const char *env[] = { role_variable, NULL };
	struct sut sut = { .manifest = m, .role = role };
	int status;

	if (check_command(m, "start", role->start, role->line, why, size) < 0 ||
		check_command(m, "stop", role->stop, role->line, why, size) < 0 ||
		check_command(m, "verb", m->verb, 0, why, size) < 0)
		return -1;
	if (!m->verb)
		return 0;
	if (!mkdtemp(folder)) {
		snprintf(why, size, "no folder can be made in /tmp: %s", strerror(errno));
		return -1;
	}
	snprintf(role_variable, sizeof(role_variable), "BATON_ROLE=%s", role->name);
	sut.place = (struct sut_place){ .scratch = folder };
	build_env(m, env, sut.env);
	char *command = verb_command(m->verb, "no-such-verb", NULL);
	status = run_for(&sut, command, 10, NULL, 0);
	free(command);
	free_env(sut.env);
	rmdir(folder);
	if (status == VERB_UNSUPPORTED)
		return 0;
	snprintf(why, size, "%s: asked for the verb no-such-verb, %s %s; right is status 127, and "
		"an adapter that cannot say \"unsupported\" is refused", m->file, m->verb,
		how_it_ended(status, how, sizeof(how)));
	return -1;
}

bool adapter_version(const struct manifest *m, const char *role, char *out, size_t size)
{
	char text[256] = "", why[200], *env[ENV_MAX];
	char role_variable[64];
	int status, memory;
	struct program program;

	if (!m->version)
		return false;
	memory = memfd_create("version", MFD_CLOEXEC);
	snprintf(role_variable, sizeof(role_variable), "BATON_ROLE=%s", role);
	build_env(m, (const char *const[]){ role_variable, NULL }, env);
	const struct program_options o = { .command = m->version, .cwd = "/",
		.env = (const char *const *)env, .output_fd = memory };
	bool started = memory >= 0 && program_start(&o, &program, why, sizeof(why)) == 0;
	bool ended = started && program_ended(&program, &status, 20000);
	if (started)
		program_end(&program, 0);
	free_env(env);
	ssize_t n = memory < 0 ? 0 : pread(memory, text, sizeof(text) - 1, 0);
	if (memory >= 0)
		close(memory);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	snprintf(out, size, "%s", text);
	return ended && *text;
}
