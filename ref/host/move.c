// SPDX-License-Identifier: Apache-2.0
/*
 * The two processes of a move: one watches, and has made the one that works. Both have the journal
 * mapped; when the working one dies, the watching one goes on from what the journal says; when the
 * watching one dies, the working one ends its work all the same. They are there before anybody asks
 * (move_ask.c), and hear what is asked for and "go" on a socket whose end means "leave it", and
 * tell "ready" and the report on a pipe.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ref/host/move_work.h"

#define LINGER (10 * BTIME_S) /* the old addresses stay silent that long */

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
	uint32_t kind = MOVE_TALE_READY;

	put(to, &kind, sizeof(kind));
}

static void tell_report(struct journal *j, int to)
{
	struct move_report r = j->head->report;
	uint32_t kind = MOVE_TALE_REPORT;

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

/* Other moves must see it. */
static void unplace(struct journal *j)
{
	int lock = freeze_lock();

	freeze_unplace(j);
	freeze_turn(lock, true);
	if (lock >= 0)
		close(lock);
}

/* Before the word to go. False: it is to be left. */
static bool prepare(struct work *w, int control, int tell, int *result)
{
	*result = work_begin(w);
	if (*result == 0) {
		tell_ready(tell);
		sched_yield(); /* who asked may have somebody else who waits for that */
		*result = work_place(w);
	}
	if (*result < 0 || wait_for_word(w->journal, control))
		return true;
	work_undo(w);
	return false;
}

/* From wherever the journal says to the end. */
static void work(struct work *w, int control, int tell, bool patient)
{
	struct journal *j = w->journal;
	int result = 0;

	if (!j->head->begun) {
		if (!prepare(w, control, tell, &result))
			return;
	} else {
		w->hold = hold_rules_open(j);
		if (j->head->over)
			hold_rules_adopt(w->hold);
		else
			hold_rules_raise(w->hold, j, w->error);
	}
	if (result == 0 && !j->head->over)
		result = work_go(w);
	if (result < 0) {
		work_undo(w);
		tell_failure(w, tell, result);
		return;
	}
	if (!j->head->told)
		tell_report(j, tell);
	hold_rules_hurry(j, false); /* a killed process's */
	if (j->head->placed)
		work_undo(&(struct work){.journal = j});
	hold_rules_release(w->hold, j);
	work_again(w);
	if (patient)
		linger();
	if (j->head->groups)
		unplace(j);
	hold_rules_free(w->hold);
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
static void make_way(const struct journal *own, const struct journal *other)
{
	const struct move_config *c = &own->head->config, *o = &other->head->config;

	if (other->head->space == own->head->space && other->head->over &&
		(address_equal(peer_of(o, false), peer_of(c, true)) ||
			address_equal(peer_of(o, true), peer_of(c, true))) &&
		(address_equal(local_of(o, false), local_of(c, true)) ||
			address_equal(local_of(o, true), local_of(c, true))))
		hold_rules_remove(other);
}

/* --- what killed processes left --------------------------------------------------------------- */

struct leftovers {
	const struct journal *own; /* of the move that sees to it; NULL: none */
	unsigned sockets;
	uint64_t space;
};

/* A killed process has its files for a moment longer than its life. */
static bool forsaken(const struct journal *j)
{
	for (int i = 0; i < 400; i++) {
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

	if ((l->own && strcmp(path, l->own->path) == 0) || journal_open(&j, path) < 0)
		return;
	if (!forsaken(&j)) {
		if (l->own)
			make_way(l->own, &j);
		journal_close(&j, false);
		return;
	}
	if (j.head->space != l->space) { /* for somebody there, if there is still somebody */
		bool gone = !freeze_space_lives(j.head->space);
		if (gone)
			unplace(&j);
		journal_close(&j, gone);
		return;
	}
	l->sockets += j.head->begun && !j.head->over ? j.head->sockets : 0;
	w = (struct work){.journal = &j};
	if (j.head->begun) {
		work(&w, -1, -1, false);
	} else {
		w.hold = hold_rules_open(&j);
		hold_rules_raise(w.hold, &j, w.error);
		work_undo(&w);
	}
	journal_close(&j, true);
}

static void recover(struct journal *own)
{
	struct leftovers l = {.own = own, .space = own->head->space};

	journal_each(recover_one, &l);
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

/* --- the pair --------------------------------------------------------------------------------- */

/* What is asked for stands in the journal then, and it is the journal of a move. False: nobody asks
 * any more. */
static bool take_request(struct journal *j, int control)
{
	struct move_request r;
	ssize_t n;

	while ((n = recv(control, &r, sizeof(r), 0)) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof(r))
		return false;
	r.config.spare = r.spare;
	if (j->head && journal_begin(j, &r.config) == 0) {
		recover(j);
		return true;
	}
	struct journal_head none = {.config = r.config};
	struct work w = {.journal = &(struct journal){.head = &none}};
	snprintf(w.error, sizeof(w.error), MOVE_FOLDER ": %s%s", strerror(errno),
		errno == EACCES || errno == EPERM ? "; moving sockets needs root" : "");
	tell_failure(&w, MOVE_TELL, -errno);
	return false;
}

void move_pair(void)
{
	struct journal j;
	struct work w = {.journal = &j};
	pid_t worker;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	if (journal_make(&j) < 0) {
		journal_close(&j, false);
		take_request(&j, MOVE_CONTROL);
		_exit(1);
	}
	worker = fork();
	if (worker == 0) {
		j.head->worker = getpid();
		work_prepare(&w);
		if (!take_request(&j, MOVE_CONTROL))
			_exit(0);
		work(&w, MOVE_CONTROL, MOVE_TELL, true);
		end(&j);
	}
	if (worker < 0 || died(worker)) {
		j.head->report.recovered = true;
		if (!j.head->asked && !take_request(&j, MOVE_CONTROL))
			_exit(0);
		work(&w, MOVE_CONTROL, MOVE_TELL, true);
		end(&j);
	}
	_exit(0);
}
