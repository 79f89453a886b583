// SPDX-License-Identifier: Apache-2.0
/* The work of a move, from its journal: whoever has it can go on from where it says. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ref/host/move_work.h"

#define AGAIN_PATIENCE (3 * BTIME_S)

static const char *const steps[] = {
	[MOVE_STEP_NONE] = "none",
	[MOVE_STEP_FIND] = "find",
	[MOVE_STEP_HOLD] = "hold",
	[MOVE_STEP_FREEZE] = "freeze",
	[MOVE_STEP_REPAIR] = "repair",
	[MOVE_STEP_SNAPSHOT] = "snapshot",
	[MOVE_STEP_DISCONNECT] = "disconnect",
	[MOVE_STEP_BIND] = "bind",
	[MOVE_STEP_CONNECT] = "connect",
	[MOVE_STEP_QUEUES] = "queues",
	[MOVE_STEP_RELEASE] = "release",
	[MOVE_STEP_THAW] = "thaw",
	[MOVE_STEP_LET_GO] = "let-go",
	[MOVE_STEP_RETRANSMIT] = "retransmit",
};

const char *move_step_name(enum move_step step)
{
	return steps[step];
}

/* That socket of those that a program has. */
static const struct moving *with_owner(const struct journal *j, unsigned index)
{
	for (unsigned i = 0; i < j->head->sockets; i++)
		if (journal_socket(j, i)->pid > 0 && index-- == 0)
			return journal_socket(j, i);
	return NULL;
}

void move_step(struct journal *j, struct moving *m, enum move_step step)
{
	struct move_config *c = &j->head->config;
	bool here = c->kill_at == step && (!m || m == with_owner(j, c->kill_index));

	if (m)
		m->step = step;
	if (!here)
		return;
	c->kill_at = MOVE_STEP_NONE;
	if (c->kill_both && j->head->watcher != getpid())
		kill(j->head->watcher, SIGKILL);
	kill(getpid(), SIGKILL);
}

void move_why(struct moving *m, enum move_fate fate, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(m->result.why, sizeof(m->result.why), format, list);
	va_end(list);
	m->result.fate = fate;
	m->over = true;
}

/* --- before the word -------------------------------------------------------------------------- */

static void open_all(struct work *w)
{
	if (!w->hold)
		w->hold = hold_rules_open(w->journal);
	if (!w->way)
		w->way = way_open();
}

static void nobody(struct journal *j, pid_t pid)
{
	(void)j;
	(void)pid;
}

/* A look at all sockets and processes brings what it takes into this process's memory. */
void work_prepare(struct work *w)
{
	open_all(w);
	freeze_open(w->journal);
	move_find(w->journal, FIND_TCP | FIND_UDP, w->error);
	move_owners(w->journal, nobody);
}

/* Segments of TCP are held whatever their socket, so there is time to look for that later. */
int work_begin(struct work *w)
{
	struct journal *j = w->journal;
	int result;

	open_all(w);
	move_step(j, NULL, MOVE_STEP_FIND);
	result = move_find(j, FIND_UDP, w->error);
	if (result < 0)
		return result;
	move_step(j, NULL, MOVE_STEP_HOLD);
	return hold_rules_raise(w->hold, j, w->error);
}

int work_place(struct work *w)
{
	struct journal *j = w->journal;
	int lock = freeze_open_lock(), result;

	/* Before the look: what another move does during it has to be looked for again. */
	j->head->turn = freeze_turn(lock, false);
	if (lock >= 0)
		close(lock);
	j->head->opened = move_opened();
	result = move_find(j, FIND_TCP, w->error);
	if (result < 0)
		return result;
	way_lay(w->way, j, true, w->error); /* or later, when there is one */
	lock = freeze_lock();
	hold_rules_hurry(j, true); /* the kernel waits for a grace period before it places */
	freeze_place(j);
	hold_rules_hurry(j, false);
	if (lock >= 0)
		close(lock);
	j->head->report.prepared = loop_now() - j->head->born;
	return 0;
}

void work_undo(struct work *w)
{
	struct journal *j = w->journal;
	int lock = freeze_lock();

	if (j->head->frozen)
		freeze_thaw(j);
	hold_rules_hurry(j, false);
	if (j->head->placed) {
		freeze_unplace(j);
		freeze_turn(lock, true);
	}
	if (lock >= 0)
		close(lock);
	way_free(w->way);
	hold_rules_free(w->hold);
	w->way = NULL;
	w->hold = NULL;
}

/* --- the move --------------------------------------------------------------------------------- */

static const char *without_owner(const struct moving *m)
{
	if (m->pid < 0)
		return "belongs to a process that is spared";
	if (m->result.owner)
		return "its program has closed it";
	if (m->inode)
		return "no process has it open: it is on its way between two, or the kernel's own";
	return m->result.state == TCP_STATE_ESTABLISHED ? "its program has not accepted it yet"
							: "its program has closed it";
}

/* Owners close descriptors until they stand still, and others may have the same socket. One look
 * at all processes is for all such sockets. */
static void look_again(struct journal *j)
{
	for (unsigned i = 0; i < j->head->sockets; i++) {
		struct moving *m = journal_socket(j, i);
		int fd = m->over || m->pid <= 0 ? -1 : move_fetch(m);
		if (fd >= 0)
			close(fd);
		else if (!m->over && m->pid > 0)
			m->pid = 0;
	}
	move_owners(j, nobody);
}

static int fetch(struct journal *j, struct moving *m, bool *looked)
{
	int fd = m->pid > 0 ? move_fetch(m) : -1;

	if (fd < 0 && m->pid > 0 && !*looked) {
		*looked = true;
		look_again(j);
		fd = m->pid > 0 ? move_fetch(m) : -1;
	}
	return fd;
}

static void move_one(struct journal *j, struct way *way, struct moving *m, bool *looked)
{
	btime began = loop_now();
	int fd;

	if (m->over)
		return;
	fd = fetch(j, m, looked);
	if (fd < 0) {
		enum move_fate fate = m->complete ? MOVE_RESET : m->pid ? MOVE_STAYED : MOVE_NO_OWNER;
		if (m->pid > 0)
			move_why(m, fate, "its program: %s", strerror(errno));
		else
			move_why(m, fate, "%s", without_owner(m));
		return;
	}
	if (m->result.protocol == IPPROTO_TCP)
		tcp_move(j, way, m, fd);
	else
		udp_move(j, way, m, fd);
	close(fd);
	m->result.took = loop_now() - began;
}

/*
 * What was opened or accepted since the first look belongs to it as well, and what another move has
 * brought to where this one begins. Where neither can be, the kernel's large table of connections is
 * not gone through once more.
 */
static unsigned to_find(const struct journal *j, bool moved)
{
	bool opened = j->head->opened == 0 || j->head->opened != move_opened();

	return opened || moved ? FIND_TCP | FIND_UDP : FIND_UDP;
}

static int stand_still(struct work *w, int lock)
{
	struct journal *j = w->journal;
	bool moved = freeze_turn(lock, false) != j->head->turn, again = moved;

	for (int round = 0; round < 4; round++) {
		int result;
		if (again)
			freeze_place(j);
		result = freeze_stop(j, w->error);
		if (result == 0)
			result = move_find(j, to_find(j, moved), w->error);
		/* Children are born into a frozen group, but not stopped by the parent's signal. */
		if (result == 0 && j->head->report.by_signal)
			result = (int)freeze_place(j);
		if (result <= 0)
			return result;
		again = true;
	}
	if (!j->head->report.by_signal)
		return 0; /* what is new has no owner yet, and stays */
	snprintf(w->error, sizeof(w->error), "programs begin others faster than they are stopped");
	return -EAGAIN;
}

static void count_owners(struct journal *j)
{
	j->head->report.owners = 0;
	for (unsigned i = 0; i < j->head->sockets; i++) {
		pid_t pid = journal_socket(j, i)->pid;
		unsigned before = 0;
		while (before < i && journal_socket(j, before)->pid != pid)
			before++;
		j->head->report.owners += pid > 0 && before == i;
	}
}

static void move_all(struct journal *j, struct way *way)
{
	bool looked = false;

	for (unsigned i = 0; i < j->head->sockets; i++)
		move_one(j, way, journal_socket(j, i), &looked);
	j->head->report.moved = loop_now() - j->head->went;
}

int work_go(struct work *w)
{
	struct journal *j = w->journal;
	int lock = freeze_lock(), result = 0;
	btime stood;

	open_all(w);
	if (way_lay(w->way, j, true, w->error) < 0) {
		result = -EHOSTUNREACH;
		goto out;
	}
	move_step(j, NULL, MOVE_STEP_FREEZE);
	hold_rules_hurry(j, true);
	result = hold_rules_close(w->hold, j, w->error);
	if (result < 0)
		goto out;
	result = stand_still(w, lock);
	if (result < 0)
		goto out;
	stood = loop_now();
	hold_rules_settle(j);
	move_all(j, w->way);
	/* What waited says how far the peer has come: only what it has not is sent again. */
	hold_rules_drain(w->hold);
	move_step(j, NULL, MOVE_STEP_THAW);
	freeze_thaw(j);
	j->head->report.frozen = loop_now() - stood;
	w->again = move_again_begin(j);
	move_step(j, NULL, MOVE_STEP_LET_GO);
	j->head->report.held = hold_rules_release(w->hold, j);
	j->head->report.finished = loop_now() - j->head->went;
	j->head->over = true;
	freeze_unplace(j);
	freeze_turn(lock, true);
	count_owners(j);
out:
	hold_rules_hurry(j, false);
	way_free(w->way);
	w->way = NULL;
	if (lock >= 0)
		close(lock);
	return result;
}

void work_again(struct work *w)
{
	struct journal *j = w->journal;

	move_step(j, NULL, MOVE_STEP_RETRANSMIT);
	if (!w->again)
		w->again = move_again_begin(j);
	move_again_go_on(w->again, AGAIN_PATIENCE);
	w->again = NULL;
	journal_forget(j);
}
