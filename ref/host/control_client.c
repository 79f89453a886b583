// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/host/control.h"
#include "ref/host/unix_path.h"

static int open_path(const char *path, char *error, size_t size)
{
	struct sockaddr_un address;
	int fd = -1, folder, result;

	result = unix_path(path, &address, &folder);
	if (result == 0)
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		result = connect(fd, (struct sockaddr *)&address, sizeof(address));
	if (fd < 0 || result < 0)
		snprintf(error, size, "%s: %s; is the node running?", path, strerror(errno));
	if (folder >= 0)
		close(folder);
	if (fd >= 0 && result < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int send_line(int fd, const json_t *request)
{
	char *line = json_dumps(request, JSON_COMPACT);
	size_t size = line ? strlen(line) : 0, sent = 0;

	if (!line)
		return -1;
	line[size++] = '\n';
	while (sent < size) {
		ssize_t n = send(fd, line + sent, size - sent, MSG_NOSIGNAL);
		if (n < 0)
			break;
		sent += (size_t)n;
	}
	free(line);
	return sent == size ? 0 : -1;
}

/* A line into a buffer of its own, octet by octet so that nothing after it is taken. */
static char *read_line(int fd, btime until)
{
	size_t used = 0, size = 1024;
	char *line = malloc(size);
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	while (line) {
		btime left = until - loop_now();
		int wait = until == BTIME_NEVER ? -1 : left < 0 ? 0 : (int)(left / BTIME_MS) + 1;
		if (poll(&ready, 1, wait) <= 0 || read(fd, line + used, 1) != 1)
			break;
		if (line[used] == '\n') {
			line[used] = '\0';
			return line;
		}
		if (++used == size) {
			char *more = realloc(line, size *= 2);
			if (!more)
				break;
			line = more;
		}
	}
	free(line);
	return NULL;
}

static json_t *exchange(int fd, const json_t *request, int timeout_ms, char *error, size_t size)
{
	btime until = timeout_ms < 0 ? BTIME_NEVER : loop_now() + timeout_ms * BTIME_MS;
	json_t *answer;
	char *line;

	if (send_line(fd, request) < 0) {
		snprintf(error, size, "the node closed the connection");
		return NULL;
	}
	line = read_line(fd, until);
	if (!line) {
		snprintf(error, size, "%s",
			loop_now() >= until ? "the node has not answered in time" :
					      "the node closed the connection without an answer");
		return NULL;
	}
	answer = json_loads(line, 0, NULL);
	free(line);
	if (!answer)
		snprintf(error, size, "the node's answer is not JSON");
	return answer;
}

json_t *control_ask(const char *path, const json_t *request, int timeout_ms, char *error,
	size_t size)
{
	int fd = open_path(path, error, size);
	json_t *answer;

	if (fd < 0)
		return NULL;
	answer = exchange(fd, request, timeout_ms, error, size);
	close(fd);
	return answer;
}

int control_subscribe(const char *path, char *error, size_t size)
{
	int fd = open_path(path, error, size);
	json_t *request, *answer;

	if (fd < 0)
		return -1;
	request = json_pack("{s:s}", "command", "subscribe");
	answer = exchange(fd, request, 10000, error, size);
	json_decref(request);
	if (!answer) {
		close(fd);
		return -1;
	}
	json_decref(answer);
	return fd;
}
