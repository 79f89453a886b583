// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/adapter/program.h"

extern char **environ;

/* This process's environment with that of the options over it; one block, the caller frees. */
static char **merged(const char *const *over)
{
	size_t own = 0, n = 0, extra = 0;

	while (environ[own])
		own++;
	while (over && over[extra])
		extra++;
	char **env = calloc(own + extra + 1, sizeof(*env));
	if (!env)
		abort();
	for (size_t i = 0; i < own; i++) {
		size_t name = strcspn(environ[i], "=") + 1;
		bool covered = false;
		for (size_t k = 0; k < extra; k++)
			covered |= strncmp(environ[i], over[k], name) == 0;
		if (!covered)
			env[n++] = environ[i];
	}
	for (size_t k = 0; k < extra; k++)
		env[n++] = (char *)over[k];
	return env;
}

static int start_here(const struct program_options *o, struct program *out)
{
	const char *argv[] = { "sh", "-c", o->command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	char **env = merged(o->env);
	sigset_t none;
	int error;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (o->log)
		posix_spawn_file_actions_addopen(&files, 1, o->log, O_WRONLY | O_CREAT | O_APPEND,
			0644);
	else
		posix_spawn_file_actions_adddup2(&files, o->output_fd, 1);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	posix_spawn_file_actions_addchdir_np(&files, o->cwd);
	error = posix_spawnp(&out->pid, "sh", &files, &attributes, (char **)argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	free(env);
	if (error)
		return -error;
	out->pidfd = (int)syscall(SYS_pidfd_open, out->pid, 0);
	return 0;
}

static int start_in_node(const struct program_options *o, struct program *out,
	struct diagnostics *d)
{
	const char *argv[] = { "sh", "-c", o->command, NULL };
	const struct spawn s = {
		.argv = argv,
		.env = o->env,
		.cwd = o->cwd,
		.stdout_fd = o->output_fd,
		.stderr_fd = o->output_fd,
		.log = o->log,
		.priority = o->priority,
	};
	int result = network_spawn(o->network, o->node, &s, &out->process, d);

	if (result == 0)
		out->pidfd = network_pidfd(out->process);
	return result;
}

int program_start(const struct program_options *o, struct program *out, char *why, size_t size)
{
	struct diagnostics d = { 0 };

	*out = (struct program){ .network = o->network, .pidfd = -1 };
	int result = o->network ? start_in_node(o, out, &d) : start_here(o, out);
	if (result < 0)
		snprintf(why, size, "%s cannot be started: %s", o->command,
			d.count ? d.list[0].text : strerror(-result));
	diagnostics_free(&d);
	return result < 0 ? -1 : 0;
}

bool program_ended(struct program *p, int *status, int timeout_ms)
{
	struct pollfd wait = { .fd = p->pidfd, .events = POLLIN };

	if (p->process)
		return network_wait(p->process, status, timeout_ms) == 0;
	if (p->pid && poll(&wait, 1, timeout_ms) <= 0)
		return false;
	if (p->pid && waitpid(p->pid, &p->status, WNOHANG) != p->pid)
		return false;
	/* What it left in the background is still its group: program_end looks after that. */
	*status = p->status;
	return true;
}

void program_end(struct program *p, int grace_ms)
{
	int status;

	if (p->process) {
		network_terminate(p->process, &status, grace_ms);
		network_release(p->process);
	} else if (p->pidfd >= 0) {
		kill(-p->pid, SIGTERM);
		program_ended(p, &status, grace_ms);
		kill(-p->pid, SIGKILL);
		waitpid(p->pid, &status, 0);
		close(p->pidfd);
	}
	*p = (struct program){ .pidfd = -1 };
}

pid_t program_pid(const struct program *p)
{
	return p->process ? network_pid(p->process) : p->pid;
}
