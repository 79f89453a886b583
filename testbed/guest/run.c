// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "ref/base/random.h"
#include "testbed/guest/accel.h"
#include "testbed/guest/boot.h"
#include "testbed/guest/cache.h"
#include "testbed/guest/inquiry.h"
#include "testbed/guest/session.h"
#include "testbed/guest/tool.h"
#include "testbed/util/paths.h"

#define KVM_DEADLINE (10 * BTIME_S)   /* a good KVM takes one second */
#define BOOT_DEADLINE (180 * BTIME_S) /* TCG takes a few, unless the host drowns */

extern char **environ;

struct run {
	const struct guest_options *options;
	struct job job;
	struct guest_kernel kernel;
	struct boot boot;
	struct machine machine;
	struct session session;
	char *program, *cwd, *results, *self;
	btime begun, prepared;
	sigset_t old_mask;
	int signals;
	struct termios terminal; /* as it was */
	char mark[40];
};

bool guest_inside(void)
{
	return getenv("BATON_GUEST") != NULL;
}

/* The folder as an absolute path, created if it is not there. NULL after a message. */
static char *results_folder(const char *path)
{
	char *real;

	if (tool_make_folders(path) == 0 && access(path, W_OK | X_OK) == 0 &&
		(real = realpath(path, NULL)))
		return real;
	tool_complain(
		"the results folder %s cannot be used: %s; give a folder that you can write to",
		path, strerror(errno));
	return NULL;
}

/* Finds the command, as a shell would. 0 or the exit status that says why not. */
static int find_program(struct run *r, const char *name)
{
	r->program = tool_find(name);
	if (r->program)
		return 0;
	tool_complain("%s: %s", name, errno == ENOENT ? "no such command" : strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

/* Words that no command prints by accident. */
static void make_mark(struct run *r)
{
	uint8_t random[16];
	struct random source = random_system();

	random_fill(&source, random, sizeof(random));
	for (unsigned i = 0; i < sizeof(random); i++)
		snprintf(r->mark + 2 * i, 3, "%02x", random[i]);
	r->job.mark = r->machine.mark = r->mark;
}

/* The running program, if it is the one with the subcommands. NULL if not. */
static char *self(void)
{
	char *path = realpath("/proc/self/exe", NULL);
	const char *base = path ? strrchr(path, '/') : NULL;

	if (base && strcmp(base, "/baton") == 0)
		return path;
	free(path);
	return NULL;
}

static void describe_job(struct run *r, char *const argv[])
{
	struct job *job = &r->job;
	struct winsize size;

	job->cwd = r->cwd;
	job->results = r->results;
	job->modules = r->kernel.modules;
	job->release = r->kernel.release;
	job->clock = r->options->clock == GUEST_CLOCK_VIRTUAL ? "virtual" : "real";
	make_mark(r);
	if (r->options->clock == GUEST_CLOCK_VIRTUAL)
		job->hoarder = r->self = self();
	job->environment = environ;
	job->program = r->program;
	job->argv = argv;
	r->machine.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (r->machine.terminal) {
		bool known = ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;

		job->rows = known ? size.ws_row : 24;
		job->columns = known ? size.ws_col : 80;
	}
	job_keep(job, r->cwd);
	job_keep(job, r->program);
	if (r->self)
		job_keep(job, r->self);
	job_keep(job, r->kernel.modules);
	for (char *const *word = argv; *word; word++)
		job_keep(job, *word);
	for (char *const *e = environ; *e; e++)
		job_keep(job, *e);
}

static int prepare(struct run *r, char *const argv[])
{
	const struct guest_options *o = r->options;
	char *qemu = qemu_find();
	int status = find_program(r, argv[0]);

	if (status != 0) {
		free(qemu);
		return status;
	}
	if (!qemu) {
		tool_complain("no QEMU on this machine: install the package qemu-system-x86");
		return GUEST_STATUS_FAILED;
	}
	free(qemu);
	r->cwd = getcwd(NULL, 0);
	if (!r->cwd) {
		tool_complain("the working folder cannot be named: %s", strerror(errno));
		return GUEST_STATUS_FAILED;
	}
	if (o->results && !(r->results = results_folder(o->results)))
		return GUEST_STATUS_FAILED;
	if (guest_kernel_find(&r->kernel, true) != 0 || boot_prepare(&r->boot, &r->kernel) != 0)
		return GUEST_STATUS_FAILED;
	describe_job(r, argv);
	r->machine.memory = o->memory ? o->memory : GUEST_MEMORY_DEFAULT;
	r->machine.kernel = r->boot.kernel;
	r->machine.results = r->results;
	r->machine.verbose = o->verbose;
	r->machine.initrd = boot_initrd(&r->boot, &r->job);
	/* A terminal that we may not read from, the output going elsewhere, is no input. */
	r->machine.input = isatty(STDIN_FILENO) && !r->machine.terminal ? -1 : STDIN_FILENO;
	return r->machine.initrd >= 0 ? 0 : GUEST_STATUS_FAILED;
}

/* From here on the signals that end us are read, not delivered; those ignored stay so. */
static int take_signals(struct run *r)
{
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action;
	sigset_t mask;

	sigemptyset(&mask);
	for (unsigned i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (sigaction(ours[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&mask, ours[i]);
	}
	sigprocmask(SIG_BLOCK, &mask, &r->old_mask);
	r->signals = signalfd(-1, &mask, SFD_CLOEXEC);
	return r->signals >= 0 ? 0 : tool_complain("no signal descriptor: %s", strerror(errno));
}

/* Every key goes to the guest's terminal as it is. */
static void terminal_raw(struct run *r)
{
	struct termios raw;

	if (!r->machine.terminal || tcgetattr(STDIN_FILENO, &r->terminal) != 0)
		return;
	raw = r->terminal;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void terminal_restore(const struct run *r)
{
	if (r->machine.terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &r->terminal);
}

static enum outcome run_with(struct run *r, enum accelerator a)
{
	btime t = guest_session_now();
	btime deadline =
		r->options->timeout ? r->begun + r->options->timeout * BTIME_S : BTIME_NEVER;

	r->machine.accelerator = a;
	return guest_session_run(&r->session, &r->machine, r->signals, deadline,
		t + (a == ACCEL_KVM ? KVM_DEADLINE : BOOT_DEADLINE));
}

/* KVM if it is wanted and works, else TCG. Before the command runs, changing over is harmless. */
static enum outcome run_somehow(struct run *r)
{
	enum kvm_state kvm = KVM_ABSENT;
	enum outcome outcome;

	if (r->options->clock == GUEST_CLOCK_VIRTUAL)
		return run_with(r, ACCEL_TCG_VIRTUAL);
	kvm = kvm_state();
	if (kvm == KVM_UNTRIED || kvm == KVM_WORKS) {
		outcome = run_with(r, ACCEL_KVM);
		if (r->session.ready || (outcome != DIED && outcome != NO_START)) {
			if (r->session.ready && kvm == KVM_UNTRIED)
				kvm_note(true);
			return outcome;
		}
		guest_session_end(&r->session);
		kvm_note(false);
		fprintf(stderr, "baton: KVM is there but does not work; going on without it\n");
	}
	return run_with(r, ACCEL_TCG);
}

static void show_tail(const char *what, const struct tail *l)
{
	if (l->used > 0)
		fprintf(stderr, "The last of %s:\n%.*s\n", what, (int)l->used, l->text);
}

/* The kernel's messages in a file of their own, in the results folder if there is one. */
static char *panic_log(const struct run *r)
{
	const struct tail *console = &r->session.console;
	struct cache c = { .lock = -1 };
	char name[64], *path = NULL;
	time_t now = time(NULL);
	struct tm utc;
	int fd;

	gmtime_r(&now, &utc);
	strftime(name, sizeof(name), "panic-%Y%m%dT%H%M%SZ", &utc);
	if (r->results)
		path = path_format("%s/%s-%d.log", r->results, name, (int)getpid());
	else if (cache_look(&c) == 0)
		path = path_format("%s/%s-%d.log", c.dir, name, (int)getpid());
	cache_close(&c);
	fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;
	if (fd >= 0 && tool_write(fd, console->text, console->used) == 0 && close(fd) == 0)
		return path;
	free(path);
	return NULL;
}

/* The kernel ended itself: no fault of the command's, nor an answer of it. */
static void explain_panic(const struct run *r)
{
	char text[3 * CONSOLE_LINE_MAX], *log = panic_log(r);

	panic_text(&r->session.panic, text, sizeof(text));
	if (log) {
		tool_complain("the guest's kernel panicked: %s; its messages are in %s", text, log);
	} else {
		tool_complain("the guest's kernel panicked: %s", text);
		show_tail("the guest kernel's messages", &r->session.console);
	}
	free(log);
}

/* Why a guest ended before its command did. */
static void explain(const struct run *r)
{
	const struct session *s = &r->session;

	if (s->failure[0])
		tool_complain("the guest cannot run the command: %s", s->failure);
	else if (s->qemu.pid > 0 && s->phase_count == 0)
		tool_complain("QEMU ended before the guest was up");
	else if (s->qemu.pid > 0)
		tool_complain(
			"the guest died before the command ended; if it ran out of memory, give "
			"more than %u MB with --memory",
			r->machine.memory);
	if (!r->options->verbose) {
		show_tail("QEMU's own messages", &s->messages);
		show_tail("the guest kernel's messages", &s->console);
	}
}

/* What kept the command, as far as the kernel can tell. */
static int explain_timeout(const struct run *r)
{
	struct tasks tasks = { .heard = false };

	tool_complain("the time given for the guest, %u s, is over", r->options->timeout);
	if (!r->session.ready)
		return GUEST_STATUS_TIMEOUT;
	guest_inquire(&r->session, &tasks);
	if (!tasks.heard && !r->session.signal) {
		tool_complain("nor does its kernel answer: it hangs, or the machine is too busy");
		return GUEST_STATUS_DIED;
	}
	if (tasks.count > 0)
		fprintf(stderr, "What its processes did, and where in the kernel they waited:\n");
	for (const struct task *t = tasks.task; t < tasks.task + tasks.count; t++)
		fprintf(stderr, "%7u %c %-15s %s\n", t->pid, t->state, t->name, t->where);
	return GUEST_STATUS_TIMEOUT;
}

static int conclude(const struct run *r, enum outcome outcome)
{
	const struct session *s = &r->session;

	switch (outcome) {
	case FINISHED:
		if (!s->done)
			tool_complain(
				"the guest was not heard of after the command ended; results may "
				"be incomplete");
		return s->status;
	case SIGNALLED:
		return 128 + s->signal;
	case TIMED_OUT:
		return explain_timeout(r);
	case BROKEN:
		tool_complain("standard %s cannot be written: %s",
			s->out.broken ? "output" : "error",
			strerror(s->out.broken ? s->out.why : s->err.why));
		return GUEST_STATUS_FAILED;
	case NO_START:
		tool_complain("the guest was not up within %d s; this machine is too busy, or see "
			      "--verbose",
			(int)(BOOT_DEADLINE / BTIME_S));
		return GUEST_STATUS_FAILED;
	case PANICKED:
		explain_panic(r);
		return GUEST_STATUS_DIED;
	case DIED:
	case RUNNING:
		break;
	}
	explain(r);
	return s->ready && !s->failure[0] ? GUEST_STATUS_DIED : GUEST_STATUS_FAILED;
}

static void show_timings(const struct run *r)
{
	const struct session *s = &r->session;
	btime last = r->prepared;

	fprintf(stderr, "%-10s %8s %8s %12s\n", "phase", "seconds", "sum", "guest clock");
	fprintf(stderr, "%-10s %8.3f %8.3f\n", "prepare", (double)(last - r->begun) / BTIME_S,
		(double)(last - r->begun) / BTIME_S);
	for (unsigned i = 0; i < s->phase_count; i++) {
		const struct phase *p = &s->phases[i];

		fprintf(stderr, "%-10s %8.3f %8.3f %12s\n", p->name,
			(double)(p->at - last) / BTIME_S, (double)(p->at - r->begun) / BTIME_S,
			p->uptime);
		last = p->at;
	}
	fprintf(stderr, "%-10s %8.3f %8.3f\n", "end",
		(double)(guest_session_now() - last) / BTIME_S,
		(double)(guest_session_now() - r->begun) / BTIME_S);
}

static void clean_up(struct run *r)
{
	if (r->signals >= 0)
		close(r->signals);
	if (r->machine.initrd >= 0)
		close(r->machine.initrd);
	job_free(&r->job);
	boot_free(&r->boot);
	guest_kernel_free(&r->kernel);
	free(r->program);
	free(r->cwd);
	free(r->results);
	free(r->self);
	free(r);
}

int guest_run(const struct guest_options *options, char *const argv[])
{
	struct run *r = calloc(1, sizeof(*r));
	enum outcome outcome;
	int status;

	if (!r)
		abort();
	r->options = options;
	r->signals = r->machine.initrd = -1;
	r->begun = guest_session_now();
	if (guest_inside()) {
		tool_complain("this is a guest already; run %s as it is", argv[0]);
		free(r);
		return GUEST_STATUS_FAILED;
	}
	status = prepare(r, argv);
	if (status == 0 && take_signals(r) == 0) {
		r->prepared = guest_session_now();
		terminal_raw(r);
		outcome = run_somehow(r);
		terminal_restore(r);
		status = conclude(r, outcome);
		guest_session_end(&r->session);
		if (options->timings)
			show_timings(r);
		sigprocmask(SIG_SETMASK, &r->old_mask, NULL);
	} else if (status == 0) {
		status = GUEST_STATUS_FAILED;
	}
	clean_up(r);
	return status;
}
