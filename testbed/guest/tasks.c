// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/tasks.h"

#include <stdio.h>
#include <string.h>

#define KTHREADD 2

/* "task:NAME  state:S stack:0  pid:7  ppid:2 flags:...": all tasks begin so. */
static void begin(struct tasks *t, const char *line)
{
	const char *state = strstr(line, " state:"), *pid = strstr(line, " pid:");
	unsigned number, parent;
	struct task *task;
	size_t size;

	t->ours = false;
	if (!state || !pid || sscanf(pid, " pid:%u ppid:%u", &number, &parent) != 2)
		return;
	t->heard = true;
	if (number == KTHREADD || parent == KTHREADD || t->count == TASKS_MAX)
		return;
	t->ours = true;
	task = &t->task[t->count++];
	*task = (struct task){ .pid = number, .state = state[strlen(" state:")] };
	task->whole = task->state == 'R'; /* what is on its stack is where it was interrupted */
	size = (size_t)(state - line) - strlen("task:");
	snprintf(task->name, sizeof(task->name), "%.*s", (int)size, line + strlen("task:"));
	for (size = strlen(task->name); size > 0 && task->name[size - 1] == ' '; size--)
		task->name[size - 1] = '\0';
}

/* How every call trace begins, and where the program's own call into the kernel was. */
static bool says_nothing(const char *function)
{
	return console_begins(function, "__schedule") || console_begins(function, "schedule");
}

static bool ends_trace(const char *function)
{
	return console_begins(function, "do_syscall_64") || console_begins(function, "entry_") ||
		console_begins(function, "ret_from_fork") || console_begins(function, "asm_");
}

/* " function+0x1/0x2"; a " ? " before it: found on the stack, not sure to be of this call. */
static void call(struct task *task, const char *line)
{
	size_t used = strlen(task->where), size = strcspn(line + 1, "+");

	if (line[1 + size] != '+' || line[1] == '?' || says_nothing(line + 1))
		return;
	if (ends_trace(line + 1) || used + size + 3 > sizeof(task->where)) {
		task->whole = true;
		return;
	}
	snprintf(task->where + used, sizeof(task->where) - used, "%s%.*s", used ? ", " : "",
		(int)size, line + 1);
}

static void heard(struct tasks *t, const char *line)
{
	if (console_begins(line, "task:"))
		begin(t, line);
	else if (console_begins(line, "RIP:") || console_begins(line, " </TASK>"))
		t->ours = false;
	else if (t->ours && line[0] == ' ' && !t->task[t->count - 1].whole)
		call(&t->task[t->count - 1], line);
}

void tasks_hear(struct tasks *t, struct view octets)
{
	for (size_t i = 0; i < octets.size; i++) {
		const char *line = console_hear(&t->line, (char)octets.data[i]);

		if (line)
			heard(t, line);
	}
}
