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
#include <sys/mman.h>
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

static uint8_t *descriptor_read(int fd, size_t *size)
{
	uint8_t *data = NULL;
	size_t room = 0, used = 0;
	ssize_t n;

	do {
		if (room - used < 2) {
			room = room ? 2 * room : 1 << 16;
			data = realloc(data, room);
			if (!data)
				abort();
		}
		n = read(fd, data + used, room - used - 1);
		used += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	data[used] = 0;
	*size = used;
	if (n == 0)
		return data;
	free(data);
	return NULL;
}

static void close_all(const int *descriptors, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	}
}

int tool_run(const char *dir, char *const argv[], char **output)
{
	int pipes[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid, parent = getpid();
	size_t size;
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
	text = pid > 0 ? (char *)descriptor_read(pipes[0], &size) : NULL;
	close(pipes[0]);
	status = pid > 0 ? exit_status(pid) : -1;
	if (output)
		*output = text;
	else
		free(text);
	return status;
}

uint8_t *tool_filter(char *const argv[], struct view input, size_t *size)
{
	int in = memfd_create("input", MFD_CLOEXEC), out = memfd_create("output", MFD_CLOEXEC);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t parent = getpid(), pid = -1;
	uint8_t *output = NULL;

	if (in >= 0 && out >= 0 && null >= 0 && tool_write(in, input.data, input.size) == 0 &&
		lseek(in, 0, SEEK_SET) == 0)
		pid = fork();
	if (pid == 0)
		become(NULL, argv, in, out, null, parent);
	if (pid > 0 && exit_status(pid) == 0 && lseek(out, 0, SEEK_SET) == 0)
		output = descriptor_read(out, size);
	close_all((int[]){ in, out, null }, 3);
	return output;
}

uint8_t *tool_read(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), why;
	uint8_t *data;

	*size = 0;
	if (fd < 0)
		return NULL;
	data = descriptor_read(fd, size);
	why = errno;
	close(fd);
	errno = why;
	return data;
}

int tool_write(int fd, const void *data, size_t size)
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

int tool_make_folders(const char *path)
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

void tool_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
