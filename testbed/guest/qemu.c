// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/guest/tool.h"
#include "testbed/util/paths.h"

#define PROGRAM "qemu-system-x86_64"
#define WORDS_MAX 96
#define ENDS_MAX 8

/* QEMU's command line and its ends of the streams while they are put together. */
struct plan {
	char *words[WORDS_MAX + 1];
	unsigned word_count;
	int ends[ENDS_MAX];
	unsigned end_count;
	bool failed;
};

char *qemu_find(void)
{
	return tool_find(PROGRAM);
}

static void word(struct plan *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void word(struct plan *p, const char *format, ...)
{
	va_list args;

	if (p->word_count == WORDS_MAX)
		abort();
	va_start(args, format);
	if (vasprintf(&p->words[p->word_count++], format, args) < 0)
		abort();
	va_end(args);
}

/* One option and its value. */
#define OPTION(p, name, ...) (word(p, name), word(p, __VA_ARGS__))

/* A character device of that name; returns our end of it. */
static int stream(struct plan *p, const char *name)
{
	int ends[2];

	if (p->failed || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		p->failed = true;
		return -1;
	}
	p->ends[p->end_count++] = ends[1];
	OPTION(p, "-chardev", "socket,id=%s,fd=%d", name, ends[1]);
	return ends[0];
}

static int port(struct plan *p, const char *name, unsigned number)
{
	int end = stream(p, name);

	OPTION(p, "-device", "virtserialport,nr=%u,chardev=%s,name=baton.%s", number, name, name);
	return end;
}

/* A comma in an option's value is written twice. */
static char *escape_commas(const char *path)
{
	char *out = malloc(2 * strlen(path) + 1), *to = out;

	if (!out)
		abort();
	for (; *path; path++) {
		*to++ = *path;
		if (*path == ',')
			*to++ = ',';
	}
	*to = '\0';
	return out;
}

static void share(struct plan *p, const char *tag, const char *path, bool read_only)
{
	char *escaped = escape_commas(path);

	OPTION(p, "-fsdev", "local,id=%s,path=%s,security_model=none,multidevs=remap%s", tag,
		escaped, read_only ? ",readonly=on" : "");
	OPTION(p, "-device", "virtio-9p-pci,disable-legacy=on,fsdev=%s,mount_tag=%s", tag, tag);
	free(escaped);
}

/*
 * How the processor is made. Emulated ones get one that has what ordinary programs look for and a
 * random number instruction, so that nobody waits for entropy. On the instruction clock the
 * interrupt controller's own timer stays off: the kernel would calibrate it in a loop that costs
 * the host seconds; the HPET needs no calibration. A fixed seed makes runs repeat.
 */
static void processor(struct plan *p, enum accelerator a)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned processors = online < 1 ? 1 : online > 4 ? 4 : (unsigned)online;

	switch (a) {
	case ACCEL_KVM:
		OPTION(p, "-accel", "kvm");
		OPTION(p, "-cpu", "host");
		OPTION(p, "-smp", "%u", processors);
		return;
	case ACCEL_TCG:
		OPTION(p, "-accel", "tcg,thread=multi");
		OPTION(p, "-cpu", "Westmere,+rdrand");
		OPTION(p, "-smp", "%u", processors > 2 ? 2 : processors);
		return;
	case ACCEL_TCG_VIRTUAL:
		OPTION(p, "-accel", "tcg");
		OPTION(p, "-icount", "shift=0,sleep=off");
		OPTION(p, "-cpu", "Westmere,+rdrand,-cx16");
		OPTION(p, "-smp", "1");
		OPTION(p, "-rtc", "base=utc,clock=vm");
		OPTION(p, "-seed", "1");
		return;
	}
}

/*
 * The kernel's parameters. Left out is what costs an emulated processor time and a throw-away
 * machine has no use for: self-tests of ciphers, protection against other tenants, watchdogs (they
 * also take a busy host for a hanging guest, and the timer for missing). A panic or an oops ends the
 * machine at once.
 */
static void kernel(struct plan *p, const struct machine *m)
{
	OPTION(p, "-kernel", "%s", m->kernel);
	OPTION(p, "-initrd", "/proc/self/fd/%d", m->initrd);
	OPTION(p, "-append",
		"console=ttyS0 %s panic=-1 oops=panic sysrq_always_enabled no_timer_check "
		"cryptomgr.notests mitigations=off nowatchdog rcupdate.rcu_cpu_stall_suppress=1 "
		"audit=0%s",
		m->verbose ? "loglevel=7" : "quiet",
		m->accelerator == ACCEL_TCG_VIRTUAL
			? " nohz=off nolapic_timer tsc_early_khz=1000000 tsc=reliable"
			: "");
}

static void make_plan(struct plan *p, struct qemu *q, const struct machine *m)
{
	word(p, PROGRAM);
	word(p, "-nodefaults");
	word(p, "-no-user-config");
	word(p, "-no-reboot");
	OPTION(p, "-display", "none");
	OPTION(p, "-machine", "pc");
	OPTION(p, "-m", "%u", m->memory);
	processor(p, m->accelerator);
	kernel(p, m);
	q->console = stream(p, "console");
	OPTION(p, "-serial", "chardev:console");
	q->control = stream(p, "control");
	q->monitor = stream(p, "monitor");
	OPTION(p, "-mon", "chardev=monitor,mode=readline");
	OPTION(p, "-serial", "chardev:control");
	/* First of the virtio devices, so that its ports are /dev/vport0p1 and so on. */
	OPTION(p, "-device", "virtio-serial-pci,disable-legacy=on,max_ports=4");
	if (m->terminal) {
		q->terminal = stream(p, "terminal");
		OPTION(p, "-device", "virtconsole,nr=0,chardev=terminal,name=baton.terminal");
	} else {
		q->out = port(p, "out", 1);
		q->err = port(p, "err", 2);
		q->in = port(p, "in", 3);
	}
	share(p, "root", "/", true);
	if (m->results)
		share(p, "results", m->results, false);
}

/* In the child: becomes QEMU. Does not return. */
static void become(const struct plan *p, const struct machine *m, const char *program, int out,
	pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || null < 0)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	for (unsigned i = 0; i < p->end_count; i++)
		fcntl(p->ends[i], F_SETFD, 0);
	fcntl(m->initrd, F_SETFD, 0);
	execv(program, p->words);
	dprintf(2, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static int launch(struct qemu *q, const struct machine *m, struct plan *p, const char *program)
{
	pid_t parent = getpid();
	int pipes[2];

	if (p->failed || pipe2(pipes, O_CLOEXEC) != 0)
		return -1;
	q->messages = pipes[0];
	q->pid = fork();
	if (q->pid == 0)
		become(p, m, program, pipes[1], parent);
	close(pipes[1]);
	if (q->pid < 0)
		return -1;
	q->pidfd = (int)syscall(SYS_pidfd_open, q->pid, 0);
	return q->pidfd >= 0 ? 0 : -1;
}

int qemu_start(struct qemu *q, const struct machine *m)
{
	char *program = qemu_find();
	struct plan p = { .word_count = 0 };
	int result;

	*q = (struct qemu){ .pid = -1,
		.pidfd = -1,
		.control = -1,
		.monitor = -1,
		.console = -1,
		.messages = -1,
		.out = -1,
		.err = -1,
		.in = -1,
		.terminal = -1 };
	if (!program)
		return tool_complain(
			"no QEMU on this machine: install the package qemu-system-x86");
	make_plan(&p, q, m);
	result = launch(q, m, &p, program);
	if (result != 0) {
		tool_complain("QEMU cannot be started: %s", strerror(errno));
		qemu_end(q);
	}
	for (unsigned i = 0; i < p.end_count; i++)
		close(p.ends[i]);
	for (unsigned i = 0; i < p.word_count; i++)
		free(p.words[i]);
	free(program);
	return result;
}

void qemu_end(struct qemu *q)
{
	int *const ours[] = { &q->pidfd, &q->control, &q->monitor, &q->console, &q->messages,
		&q->out, &q->err, &q->in, &q->terminal };

	if (q->pid > 0) {
		kill(q->pid, SIGKILL);
		while (waitpid(q->pid, NULL, 0) < 0 && errno == EINTR)
			;
		q->pid = -1;
	}
	for (unsigned i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (*ours[i] >= 0)
			close(*ours[i]);
		*ours[i] = -1;
	}
}
