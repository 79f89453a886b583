// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/inquiry.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "testbed/guest/tool.h"

#define PROMPT_DEADLINE (2 * BTIME_S)
#define ANSWER_DEADLINE (30 * BTIME_S)
#define SILENCE (2 * BTIME_S) /* after it the kernel is taken to have said all */

/* What there is to be read on it before a point in time; empty when nothing is or we are to end. */
static struct view await(const struct session *s, int fd, btime until, char *buffer, size_t size)
{
	btime left = until - guest_session_now();
	struct pollfd p[] = { { fd, POLLIN, 0 }, { s->signals, POLLIN, 0 } };
	ssize_t n;

	if (left <= 0 || poll(p, 2, (int)(left / BTIME_MS) + 1) < 1 || p[1].revents)
		return VIEW_EMPTY;
	n = read(fd, buffer, size);
	return n > 0 ? VIEW(buffer, n) : VIEW_EMPTY;
}

/* By its prompt QEMU tells that it has done what the monitor was told before. */
static void await_prompt(const struct session *s)
{
	static const char prompt[] = "\n(qemu) ";
	btime until = guest_session_now() + PROMPT_DEADLINE;
	char buffer[4096];
	struct view v;

	do
		v = await(s, s->qemu.monitor, until, buffer, sizeof(buffer));
	while (v.size > 0 && !memmem(v.data, v.size, prompt, strlen(prompt)));
}

/* A break and a key behind it. */
static void press(const struct session *s, char key)
{
	static const char command[] = "chardev-send-break console\n";

	tool_write(s->qemu.monitor, command, strlen(command));
	await_prompt(s);
	tool_write(s->qemu.console, &key, 1);
}

/* All that the kernel says; whether it said anything. */
static bool listen(const struct session *s, struct tasks *t)
{
	btime until = guest_session_now() + ANSWER_DEADLINE;
	bool any = false;
	char buffer[4096];
	struct view v;

	while ((v = await(s, s->qemu.console, until, buffer, sizeof(buffer))).size > 0) {
		tasks_hear(t, v);
		any = true;
		until = guest_session_now() + SILENCE;
	}
	return any;
}

/* A break before the kernel has taken the key of the one before would undo that. */
void guest_inquire(const struct session *s, struct tasks *t)
{
	await_prompt(s);
	press(s, '9'); /* on the console too what is only for the log */
	if (!listen(s, t))
		return;
	press(s, 't');
	listen(s, t);
}
