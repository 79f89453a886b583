// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/util/paths.h"

#define SYSTEM_PATH "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"

int tool_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("baton: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return -1;
}

static bool executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	if (S_ISREG(st.st_mode) && access(path, X_OK) == 0)
		return true;
	errno = EACCES;
	return false;
}

char *tool_find(const char *name)
{
	const char *path = getenv("PATH");
	char *all, *rest, *dir, *found = NULL;
	int why = ENOENT;

	if (strchr(name, '/'))
		return executable(name) ? path_format("%s", name) : NULL;
	rest = all = path_format("%s:" SYSTEM_PATH, path ? path : "");
	while (!found && *name && (dir = strsep(&rest, ":"))) {
		found = path_format("%s/%s", *dir ? dir : ".", name);
		if (executable(found))
			break;
		if (errno == EACCES)
			why = EACCES;
		free(found);
		found = NULL;
	}
	free(all);
	errno = why;
	return found;
}

/* In the child: becomes the program. Does not return. */
static void become(const char *dir, char *const argv[], int in, int out, int err, pid_t parent)
{
	char *program = tool_find(argv[0]);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !program)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(in, 0);
	dup2(out, 1);
	if (err >= 0)
		dup2(err, 2);
	if (dir && chdir(dir) != 0)
		_exit(127);
	execv(program, argv);
	_exit(127);
}

static int exit_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *read_to_end(int fd)
{
	char *text = NULL, buffer[4096];
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	ssize_t n;

	if (!to)
		abort();
	while ((n = read(fd, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			fwrite(buffer, 1, (size_t)n, to);
	}
	fclose(to);
	return text;
}

int tool_run(const char *dir, char *const argv[], char **output)
{
	int pipes[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid, parent = getpid();
	char *text;
	int status;

	if (null < 0)
		return -1;
	if (pipe2(pipes, O_CLOEXEC) != 0) {
		close(null);
		return -1;
	}
	pid = fork();
	if (pid == 0)
		become(dir, argv, null, pipes[1], pipes[1], parent);
	close(null);
	close(pipes[1]);
	text = pid > 0 ? read_to_end(pipes[0]) : NULL;
	close(pipes[0]);
	status = pid > 0 ? exit_status(pid) : -1;
	if (output)
		*output = text;
	else
		free(text);
	return status;
}

int tool_filter(int in, int out, char *const argv[])
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		become(NULL, argv, in, out, -1, parent);
	return pid > 0 ? exit_status(pid) : -1;
}

uint8_t *file_read(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), saved;
	uint8_t *data = NULL;
	size_t room = 0, used = 0;
	ssize_t n = -1;

	*size = 0;
	while (fd >= 0) {
		if (room - used < 2) {
			room = room ? 2 * room : 1 << 16;
			data = realloc(data, room);
			if (!data)
				abort();
		}
		n = read(fd, data + used, room - used - 1);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	if (n < 0) {
		free(data);
		return NULL;
	}
	data[used] = 0;
	*size = used;
	return data;
}

int write_all(int fd, const void *data, size_t size)
{
	const char *next = data;

	while (size > 0) {
		ssize_t n = write(fd, next, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		next += n;
		size -= (size_t)n;
	}
	return 0;
}

int make_folders(const char *path)
{
	char *copy = path_format("%s", path), *slash = copy;
	int result = 0;

	while (result == 0 && slash && *slash) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		result = mkdir(copy, 0777);
		if (result != 0 && (errno == EEXIST || errno == EROFS || errno == EACCES)) {
			struct stat st;
			int why = errno;

			result = stat(copy, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : -1;
			errno = why == EEXIST && result != 0 ? ENOTDIR : why;
		}
		if (slash)
			*slash = '/';
	}
	free(copy);
	return result;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	remove(path);
	return 0;
}

void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
