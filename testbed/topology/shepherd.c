// SPDX-License-Identifier: Apache-2.0
//
// The keeper's side of a process: the shepherd and what it starts.

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/topology/message.h"
#include "testbed/topology/shepherd.h"

#define HANDLE 3 /* the shepherd's descriptor of the handle */

struct shepherd {
	pid_t program;
	int signals;
};

/* --- the group ------------------------------------------------------------------------------ */

struct family {
	pid_t pid, parent;
};

/* Every process of the namespace with its parent; *count of them in a malloc'ed list. */
static struct family *list_processes(size_t *count)
{
	struct family *list = NULL;
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	*count = 0;
	while (proc && (entry = readdir(proc))) {
		char path[64], stat[512], *after;
		struct family f = { .pid = atoi(entry->d_name) };
		FILE *file;
		size_t length;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/stat", f.pid);
		file = fopen(path, "re");
		if (!file)
			continue;
		length = fread(stat, 1, sizeof(stat) - 1, file);
		stat[length] = '\0';
		fclose(file);
		after = strrchr(stat, ')'); /* the name before it may contain anything */
		if (!after || sscanf(after + 1, " %*c %d", &f.parent) != 1)
			continue;
		list = realloc(list, (*count + 1) * sizeof(*list));
		if (!list)
			abort();
		list[(*count)++] = f;
	}
	if (proc)
		closedir(proc);
	return list;
}

static bool descends(const struct family *list, size_t count, pid_t pid, pid_t from)
{
	for (size_t depth = 0; pid > 1 && depth <= count; depth++) {
		pid_t parent = 0;

		for (size_t i = 0; i < count; i++)
			if (list[i].pid == pid)
				parent = list[i].parent;
		if (parent == from)
			return true;
		pid = parent;
	}
	return false;
}

static void signal_group(int signal)
{
	size_t count;
	struct family *list = list_processes(&count);

	for (size_t i = 0; i < count; i++)
		if (descends(list, count, list[i].pid, getpid()))
			kill(list[i].pid, signal);
	free(list);
}

/* --- the shepherd --------------------------------------------------------------------------- */

static void report(enum process_report_kind kind, int value, int fd)
{
	struct process_report r = { .kind = kind, .value = value };

	packet_send(HANDLE, &r, sizeof(r), &fd, fd >= 0);
}

/* Collects the dead. Returns whether any child is left. */
static bool reap(struct shepherd *s, int flags)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, flags)) > 0) {
		if (pid == s->program)
			report(PROCESS_ENDED, status, -1);
		flags = WNOHANG;
	}
	return pid == 0 || errno != ECHILD;
}

/* Children of the killed become ours and are killed in the next round. */
static _Noreturn void kill_group(struct shepherd *s)
{
	do
		signal_group(SIGKILL);
	while (reap(s, 0));
	_exit(0);
}

static _Noreturn void watch(struct shepherd *s)
{
	struct pollfd fds[] = { { .fd = HANDLE, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN } };
	struct signalfd_siginfo ignored;
	int order;

	for (;;) {
		if (!reap(s, WNOHANG))
			_exit(0);
		poll(fds, 2, -1);
		if (fds[1].revents && read(s->signals, &ignored, sizeof(ignored)) < 0)
			kill_group(s);
		if (!fds[0].revents)
			continue;
		if (recv(HANDLE, &order, sizeof(order), 0) != sizeof(order) || order == SIGKILL)
			kill_group(s);
		signal_group(order);
	}
}

static void default_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the program's process: never returns; an error goes into the pipe. */
static _Noreturn void execute(const struct launch *l, int pipe)
{
	const struct sched_param schedule = { .sched_priority = l->priority };
	int error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	default_signals();
	environ = (char **)(uintptr_t)l->env; /* so that its PATH is searched */
	if ((l->priority == 0 || sched_setscheduler(0, SCHED_FIFO, &schedule) == 0) &&
		chdir(l->cwd) == 0)
		execvp(l->argv[0], l->argv);
	error = errno;
	_exit(write(pipe, &error, sizeof(error)) < 0 ? 126 : 127);
}

/* Puts the descriptors where they belong and closes all others. */
static bool place_descriptors(const struct launch *l)
{
	int copy[3], handle = fcntl(l->handle, F_DUPFD_CLOEXEC, 10);

	for (int i = 0; i < 3; i++)
		copy[i] = fcntl(l->stdio[i], F_DUPFD_CLOEXEC, 10);
	for (int i = 0; i < 3; i++)
		if (dup2(copy[i], i) < 0)
			return false;
	return dup3(handle, HANDLE, O_CLOEXEC) == HANDLE && close_range(HANDLE + 1, ~0u, 0) == 0;
}

static int start_program(const struct launch *l, struct shepherd *s)
{
	int fds[2], error = 0;

	if (pipe2(fds, O_CLOEXEC))
		return errno;
	s->program = fork();
	if (s->program < 0)
		return errno;
	if (s->program == 0)
		execute(l, fds[1]);
	close(fds[1]);
	if (read(fds[0], &error, sizeof(error)) != sizeof(error))
		error = 0; /* the pipe closed at the execution */
	close(fds[0]);
	return error;
}

static _Noreturn void shepherd(const struct launch *l)
{
	struct shepherd s;
	sigset_t child;
	int error, pidfd;

	if (space_enter(l->space) || !place_descriptors(l))
		_exit(1);
	prctl(PR_SET_NAME, "baton-shepherd");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	s.signals = signalfd(-1, &child, SFD_CLOEXEC);
	error = start_program(l, &s);
	/* Whoever reads the program's output waits for the end of all that hold it. */
	close_range(0, 2, 0);
	if (error) {
		report(PROCESS_NOT_STARTED, error, -1);
		_exit(1);
	}
	pidfd = syscall(SYS_pidfd_open, s.program, 0);
	report(PROCESS_STARTED, 0, pidfd);
	close(pidfd);
	watch(&s);
}

pid_t process_launch(const struct launch *l)
{
	pid_t pid = fork();

	if (pid == 0)
		shepherd(l);
	return pid < 0 ? -errno : pid;
}

/* --- specification -------------------------------------------------------------------------- */

static size_t count_of(char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

int specification_write(const char *const *argv, char *const *env, const char *cwd)
{
	int fd = memfd_create("specification", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");
	uint32_t counts[2] = { count_of((char *const *)argv), count_of(env) };

	if (!f)
		return -errno;
	fwrite(counts, sizeof(counts), 1, f);
	fwrite(cwd, strlen(cwd) + 1, 1, f);
	for (size_t i = 0; i < counts[0]; i++)
		fwrite(argv[i], strlen(argv[i]) + 1, 1, f);
	for (size_t i = 0; i < counts[1]; i++)
		fwrite(env[i], strlen(env[i]) + 1, 1, f);
	if (fclose(f)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

/* The next text of the block, or NULL when it is cut short. */
static char *next_text(char **at, const char *end)
{
	char *text = *at, *nul = memchr(text, '\0', end - text);

	if (nul)
		*at = nul + 1;
	return nul ? text : NULL;
}

static bool read_texts(char **list, uint32_t count, char **at, const char *end)
{
	for (uint32_t i = 0; i < count; i++) {
		list[i] = next_text(at, end);
		if (!list[i])
			return false;
	}
	list[count] = NULL;
	return true;
}

int specification_read(int fd, struct launch *l, void **memory)
{
	uint32_t counts[2];
	struct stat status;
	char *block, *at, *end, **lists;
	size_t room;

	if (fstat(fd, &status) || status.st_size < (off_t)sizeof(counts) ||
		pread(fd, counts, sizeof(counts), 0) != sizeof(counts) ||
		counts[0] > status.st_size || counts[1] > status.st_size || counts[0] == 0)
		return -EPROTO;
	room = ((size_t)counts[0] + counts[1] + 2) * sizeof(char *);
	block = calloc(1, room + status.st_size);
	if (!block)
		abort();
	*memory = block;
	lists = *memory;
	at = block + room;
	end = at + status.st_size;
	if (pread(fd, at, status.st_size, 0) != status.st_size)
		return -EPROTO;
	at += sizeof(counts);
	l->cwd = next_text(&at, end);
	l->argv = lists;
	l->env = lists + counts[0] + 1;
	return l->cwd && read_texts(lists, counts[0], &at, end) &&
			read_texts(lists + counts[0] + 1, counts[1], &at, end)
		? 0
		: -EPROTO;
}
