// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define END_DEADLINE (30 * BTIME_S)
#define PANIC_DEADLINE (10 * BTIME_S)
#define TERMINAL_SILENCE (50 * BTIME_MS)

btime guest_session_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * BTIME_S + t.tv_nsec;
}

static void note_phase(struct session *s, const char *name, const char *uptime)
{
	struct phase *p = &s->phases[s->phase_count];

	if (s->phase_count == PHASES_MAX)
		return;
	s->phase_count++;
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->uptime, sizeof(p->uptime), "%s", uptime);
	p->at = guest_session_now();
}

/* One line of init.sh's. */
static void heard(struct session *s, const char *line)
{
	char name[16] = "", uptime[16] = "";

	if (sscanf(line, "phase %15s %15s", name, uptime) == 2) {
		note_phase(s, name, uptime);
		s->ready |= strcmp(name, "ready") == 0;
	} else if (sscanf(line, "status %d", &s->status) == 1) {
		note_phase(s, "command", "");
		s->end_deadline = guest_session_now() + END_DEADLINE;
	} else if (strcmp(line, "done") == 0) {
		s->done = true;
	} else if (strncmp(line, "fail ", 5) == 0) {
		snprintf(s->failure, sizeof(s->failure), "%s", line + 5);
	}
}

/* Reads what is there, and returns it; when the buffer is full the oldest goes. */
static struct view tail_read(struct tail *l, bool echo)
{
	char *at;
	ssize_t n;

	if (l->used > TAIL_SIZE / 2) {
		memmove(l->text, l->text + TAIL_SIZE / 4, l->used - TAIL_SIZE / 4);
		l->used -= TAIL_SIZE / 4;
	}
	at = l->text + l->used;
	n = read(l->from, at, TAIL_SIZE - l->used);
	if (n < 0 && errno == EINTR)
		return VIEW_EMPTY;
	if (n <= 0) {
		l->from = -1;
		return VIEW_EMPTY;
	}
	if (echo)
		fwrite(at, 1, (size_t)n, stderr);
	l->used += (size_t)n;
	return VIEW(at, n);
}

/* A kernel that panics restarts the machine, which ends QEMU; one that cannot is not waited for. */
static void read_console(struct session *s)
{
	bool known = panic_heard(&s->panic);

	panic_hear(&s->panic, tail_read(&s->console, s->verbose));
	if (!known && panic_heard(&s->panic))
		s->panic_deadline = guest_session_now() + PANIC_DEADLINE;
}

/* Takes the complete lines out of the control log. */
static void read_control(struct session *s)
{
	struct tail *l = &s->control;
	char *newline;

	tail_read(l, false);
	while ((newline = memchr(l->text, '\n', l->used))) {
		size_t length = (size_t)(newline - l->text) + 1;

		*newline = '\0';
		l->text[strcspn(l->text, "\r")] = '\0';
		heard(s, l->text);
		l->used -= length;
		memmove(l->text, l->text + length, l->used);
	}
}

static void read_signal(struct session *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) == sizeof(info))
		s->signal = (int)info.ssi_signo;
}

static bool all_heard(const struct session *s)
{
	return s->control.from < 0 && s->console.from < 0 && s->messages.from < 0 &&
		guest_stream_finished(&s->out) && guest_stream_finished(&s->err);
}

/* Whether the streams have passed on all that the command wrote. */
static bool all_passed(const struct session *s, btime t)
{
	if (s->qemu.terminal >= 0)
		return t - s->last_output > TERMINAL_SILENCE || guest_stream_finished(&s->out);
	return guest_stream_finished(&s->out) && guest_stream_finished(&s->err);
}

static enum outcome judge(const struct session *s, btime t)
{
	if (s->signal)
		return SIGNALLED;
	if (s->done && all_passed(s, t))
		return FINISHED;
	if (panic_heard(&s->panic) && ((s->dead && all_heard(s)) || t >= s->panic_deadline))
		return PANICKED;
	if (s->dead && all_heard(s))
		return s->status >= 0 ? FINISHED : DIED;
	if (s->failure[0])
		return DIED;
	if (s->out.broken || s->err.broken)
		return BROKEN;
	if (t >= s->deadline)
		return TIMED_OUT;
	if (!s->ready && t >= s->boot_deadline)
		return NO_START;
	if (s->status >= 0 && t >= s->end_deadline)
		return FINISHED;
	return RUNNING;
}

/* Milliseconds until something is due. */
static int patience(const struct session *s, btime t)
{
	btime next = s->deadline;

	if (!s->ready)
		next = btime_min(next, s->boot_deadline);
	if (s->status >= 0)
		next = btime_min(next, s->end_deadline);
	if (panic_heard(&s->panic))
		next = btime_min(next, s->panic_deadline);
	if (s->done && s->qemu.terminal >= 0)
		next = btime_min(next, t + TERMINAL_SILENCE);
	if (next == BTIME_NEVER)
		return -1;
	return next <= t ? 0 : (int)btime_min((next - t) / BTIME_MS + 1, 3600 * 1000);
}

enum { P_SIGNAL, P_QEMU, P_CONTROL, P_CONSOLE, P_MESSAGES, P_OUT, P_ERR, P_IN, P_COUNT };

static void serve(struct session *s, struct pollfd *p)
{
	uint64_t before = s->out.passed;

	if (p[P_SIGNAL].revents)
		read_signal(s);
	if (p[P_CONTROL].revents)
		read_control(s);
	if (p[P_CONSOLE].revents)
		read_console(s);
	if (p[P_MESSAGES].revents)
		tail_read(&s->messages, s->verbose);
	guest_stream_move(&s->out, &p[P_OUT]);
	guest_stream_move(&s->err, &p[P_ERR]);
	guest_stream_move(&s->in, &p[P_IN]);
	if (guest_stream_finished(&s->in) && s->qemu.in >= 0 && !s->in_ended) {
		shutdown(s->qemu.in, SHUT_WR);
		s->in_ended = true;
	}
	if (s->out.passed != before)
		s->last_output = guest_session_now();
	if (p[P_QEMU].revents)
		s->dead = true;
}

static enum outcome watch(struct session *s)
{
	struct pollfd p[P_COUNT];
	enum outcome outcome;

	while ((outcome = judge(s, guest_session_now())) == RUNNING) {
		p[P_SIGNAL] = (struct pollfd){ s->signals, POLLIN, 0 };
		p[P_QEMU] = (struct pollfd){ s->dead ? -1 : s->qemu.pidfd, POLLIN, 0 };
		p[P_CONTROL] = (struct pollfd){ s->control.from, POLLIN, 0 };
		p[P_CONSOLE] = (struct pollfd){ s->console.from, POLLIN, 0 };
		p[P_MESSAGES] = (struct pollfd){ s->messages.from, POLLIN, 0 };
		guest_stream_poll(&s->out, &p[P_OUT]);
		guest_stream_poll(&s->err, &p[P_ERR]);
		guest_stream_poll(&s->in, &p[P_IN]);
		if (!s->ready)
			p[P_IN].fd = -1;
		if (poll(p, P_COUNT, patience(s, guest_session_now())) > 0)
			serve(s, p);
	}
	return outcome;
}

enum outcome guest_session_run(struct session *s, const struct machine *m, int signals,
	btime deadline, btime boot_deadline)
{
	memset(s, 0, sizeof(*s));
	s->signals = signals;
	s->verbose = m->verbose;
	s->deadline = deadline;
	s->boot_deadline = boot_deadline;
	s->status = -1;
	if (qemu_start(&s->qemu, m) != 0)
		return DIED;
	s->control.from = s->qemu.control;
	s->console.from = s->qemu.console;
	s->messages.from = s->qemu.messages;
	guest_stream_init(&s->out, m->terminal ? s->qemu.terminal : s->qemu.out, STDOUT_FILENO,
		m->terminal ? NULL : m->mark);
	guest_stream_init(&s->err, s->qemu.err, STDERR_FILENO, m->mark);
	guest_stream_init(&s->in, m->input, m->terminal ? s->qemu.terminal : s->qemu.in, NULL);
	return watch(s);
}

void guest_session_end(struct session *s)
{
	qemu_end(&s->qemu);
}
