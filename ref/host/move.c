// SPDX-License-Identifier: Apache-2.0
/*
 * The processes of a move, and whoever asked for it.
 *
 * move_begin makes a process that watches, and that one makes the one that works. Both have the
 * journal mapped; when the working one dies, the watching one goes on from what the journal says;
 * when the watching one dies, the working one ends its work all the same. They hear "go" on a pipe
 * whose end means "leave it", and tell "ready" and the report on another.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ref/host/move_work.h"

#define LINGER (10 * BTIME_S) /* the old addresses stay silent that long */
#define CONTROL 3
#define TELL 4

enum tale { TALE_READY, TALE_REPORT };

/* --- telling ---------------------------------------------------------------------------------- */

static void put(int to, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = write(to, at, size);
		if (n <= 0)
			return; /* nobody listens any more */
		at += n;
		size -= (size_t)n;
	}
}

static void tell_ready(int to)
{
	uint32_t kind = TALE_READY;

	put(to, &kind, sizeof(kind));
}

static void tell_report(struct journal *j, int to)
{
	struct move_report r = j->head->report;
	uint32_t kind = TALE_REPORT;

	memset(r.fates, 0, sizeof(r.fates));
	r.count = r.error ? 0 : j->head->sockets;
	for (unsigned i = 0; i < r.count; i++)
		r.fates[journal_socket(j, i)->result.fate]++;
	put(to, &kind, sizeof(kind));
	put(to, &r, sizeof(r));
	for (unsigned i = 0; i < r.count; i++)
		put(to, &journal_socket(j, i)->result, sizeof(struct move_socket));
	j->head->told = true;
}

static void tell_failure(struct work *w, int to, int error)
{
	struct move_report *r = &w->journal->head->report;

	r->error = error;
	snprintf(r->why, sizeof(r->why), "%s", w->error);
	tell_report(w->journal, to);
}

/* --- the two processes ------------------------------------------------------------------------ */

/* False: it is to be left. */
static bool wait_for_word(struct journal *j, int control)
{
	char word;
	ssize_t n;

	while ((n = read(control, &word, 1)) < 0 && errno == EINTR)
		;
	if (n != 1)
		return false;
	j->head->went = loop_now();
	j->head->begun = true;
	return true;
}

/* Segments of before the move may still be on their way to the old addresses. */
static void linger(void)
{
	btime end = loop_now() + LINGER;

	while (loop_now() < end)
		usleep(100000);
}

/* From wherever the journal says to the end. */
static void work(struct journal *j, int control, int tell, bool patient)
{
	struct work w = {.journal = j};
	int result = 0;

	if (!j->head->begun) {
		result = work_begin(&w);
		if (result == 0) {
			j->head->report.prepared = loop_now() - j->head->born;
			tell_ready(tell);
			work_place(&w);
			if (!wait_for_word(j, control)) {
				work_undo(&w);
				return;
			}
		}
	} else {
		w.hold = hold_rules_new(j, w.error);
	}
	if (result == 0 && !j->head->over)
		result = work_go(&w);
	if (result < 0) {
		work_undo(&w);
		tell_failure(&w, tell, result);
		return;
	}
	if (!j->head->told)
		tell_report(j, tell);
	hold_rules_hurry(j, false); /* a killed process's */
	if (j->head->placed)
		work_undo(&(struct work){.journal = j});
	if (w.hold)
		hold_rules_release(w.hold, j);
	work_again(&w);
	if (patient)
		linger();
	if (j->head->groups)
		freeze_unplace(j);
	hold_rules_free(w.hold);
}

static bool died(pid_t worker)
{
	int status;

	while (waitpid(worker, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void end(struct journal *j)
{
	journal_close(j, true);
	_exit(0);
}

/* A table of an earlier move that silences what are the new addresses of this one. */
static void make_way(void *context, const char *path)
{
	const struct journal *own = context;
	const struct move_config *c = &own->head->config, *o;
	struct journal other;

	if (strcmp(path, own->path) == 0 || journal_open(&other, path) < 0)
		return;
	o = &other.head->config;
	if (other.head->space == own->head->space && other.head->over &&
		(address_equal(peer_of(o, false), peer_of(c, true)) ||
			address_equal(peer_of(o, true), peer_of(c, true))) &&
		(address_equal(local_of(o, false), local_of(c, true)) ||
			address_equal(local_of(o, true), local_of(c, true))))
		hold_rules_remove(&other);
	journal_close(&other, false);
}

static void watch(const struct move_config *config)
{
	struct journal j;
	struct work w = {.journal = &j};
	pid_t worker;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	if (journal_create(&j, config) < 0) {
		struct journal_head none = {.config = *config};
		snprintf(w.error, sizeof(w.error), MOVE_FOLDER ": %s", strerror(errno));
		j.head = &none;
		tell_failure(&w, TELL, -errno);
		_exit(1);
	}
	j.head->watcher = getpid();
	move_recover();
	journal_each(make_way, &j);
	worker = fork();
	if (worker == 0) {
		j.head->worker = getpid();
		work(&j, CONTROL, TELL, true);
		end(&j);
	}
	if (worker < 0 || died(worker)) {
		j.head->report.recovered = true;
		work(&j, CONTROL, TELL, true);
		end(&j);
	}
	_exit(0);
}

/* --- what killed processes left --------------------------------------------------------------- */

struct leftovers {
	unsigned sockets;
	uint64_t space;
};

/* A killed process has its files for a moment longer than its life. */
static bool forsaken(const struct journal *j)
{
	for (int i = 0; i < 50; i++) {
		if (!journal_alive(j))
			return true;
		if (freeze_process_lives(j->head->watcher) || freeze_process_lives(j->head->worker))
			return false;
		usleep(5000);
	}
	return false;
}

static void recover_one(void *context, const char *path)
{
	struct leftovers *l = context;
	struct work w;
	struct journal j;

	if (journal_open(&j, path) < 0)
		return;
	if (!forsaken(&j)) {
		journal_close(&j, false);
		return;
	}
	if (j.head->space != l->space) { /* for somebody there, if there is still somebody */
		bool gone = !freeze_space_lives(j.head->space);
		if (gone)
			freeze_unplace(&j);
		journal_close(&j, gone);
		return;
	}
	l->sockets += j.head->begun && !j.head->over ? j.head->sockets : 0;
	w = (struct work){.journal = &j};
	if (j.head->begun) {
		work(&j, -1, -1, false);
	} else {
		w.hold = hold_rules_new(&j, w.error);
		work_undo(&w);
	}
	journal_close(&j, true);
}

int move_recover(void)
{
	struct leftovers l = {0};
	struct stat space;

	if (stat("/proc/self/ns/net", &space) < 0)
		return -errno;
	l.space = space.st_ino;
	journal_each(recover_one, &l);
	return (int)l.sockets;
}

/* --- whoever asked ---------------------------------------------------------------------------- */

struct move {
	int control, told;
	struct watch *watch;
	void (*ready)(void *context);
	void (*done)(void *context, const struct move_report *report);
	void *context;
	char *heard; /* the report, as far as it has come */
	size_t size;
	struct move_report report;
};

/* The two pipes become descriptors 3 and 4; nothing else of the caller's goes along. */
static void become_watcher(const struct move_config *config, int control, int tell)
{
	int nothing = open("/dev/null", O_RDWR);
	int c = fcntl(control, F_DUPFD, 10), t = fcntl(tell, F_DUPFD, 10);

	dup2(nothing, 0);
	dup2(nothing, 1);
	dup2(nothing, 2);
	dup2(c, CONTROL);
	dup2(t, TELL);
	close_range(TELL + 1, ~0u, 0);
	setsid();
	if (fork() == 0)
		watch(config);
	_exit(0);
}

static void tell_the_end(struct move *m)
{
	watch_free(m->watch);
	m->watch = NULL;
	m->done(m->context, &m->report);
}

/* Whether a whole report has come. */
static bool take_report(struct move *m)
{
	size_t need = sizeof(uint32_t) + sizeof(m->report);

	if (m->size < need)
		return false;
	memcpy(&m->report, m->heard + sizeof(uint32_t), sizeof(m->report));
	m->report.sockets = NULL;
	if (m->size < need + m->report.count * sizeof(struct move_socket))
		return false;
	m->report.sockets = host_alloc((m->report.count + 1) * sizeof(struct move_socket));
	memcpy(m->report.sockets, m->heard + need, m->report.count * sizeof(struct move_socket));
	return true;
}

static void hear(void *context)
{
	struct move *m = context;
	char piece[16384];
	ssize_t n = read(m->told, piece, sizeof(piece));
	uint32_t kind;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		m->report = (struct move_report){.error = -ECONNABORTED};
		snprintf(m->report.why, sizeof(m->report.why), "its processes were killed");
		tell_the_end(m);
		return;
	}
	m->heard = realloc(m->heard, m->size + (size_t)n);
	if (!m->heard)
		abort();
	memcpy(m->heard + m->size, piece, (size_t)n);
	m->size += (size_t)n;
	while (m->size >= sizeof(kind)) {
		memcpy(&kind, m->heard, sizeof(kind));
		if (kind == TALE_REPORT)
			break;
		m->size -= sizeof(kind);
		memmove(m->heard, m->heard + sizeof(kind), m->size);
		if (m->ready)
			m->ready(m->context);
	}
	if (take_report(m))
		tell_the_end(m);
}

struct move *move_begin(struct loop *loop, const struct move_config *config,
	void (*ready)(void *context), void (*done)(void *context, const struct move_report *report),
	void *context)
{
	struct move_config c = *config;
	int control[2], tell[2];
	pid_t spare[33], child;
	struct move *m;

	/* The caller's own sockets stay. */
	c.spares = config->spares < 31 ? config->spares : 31;
	for (unsigned i = 0; i < c.spares; i++)
		spare[i] = config->spare[i];
	spare[c.spares++] = getpid();
	c.spare = spare;
	if (pipe2(control, O_CLOEXEC) < 0)
		return NULL;
	if (pipe2(tell, O_CLOEXEC) < 0) {
		close(control[0]);
		close(control[1]);
		return NULL;
	}
	child = fork();
	if (child == 0)
		become_watcher(&c, control[0], tell[1]);
	close(control[0]);
	close(tell[1]);
	if (child < 0) {
		close(control[1]);
		close(tell[0]);
		return NULL;
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	m = host_alloc(sizeof(*m));
	*m = (struct move){.control = control[1],
		.told = tell[0],
		.ready = ready,
		.done = done,
		.context = context};
	m->watch = watch_readable(loop, m->told, hear, m);
	return m;
}

void move_go(struct move *m)
{
	if (m->control >= 0 && write(m->control, "g", 1) != 1)
		return; /* it has ended, and the report says why */
}

void move_free(struct move *m)
{
	if (!m)
		return;
	watch_free(m->watch);
	close(m->control);
	close(m->told);
	free(m->heard);
	move_report_free(&m->report);
	free(m);
}
