// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/panic.h"

#include <stdio.h>
#include <string.h>

/* The kernel writes the reason behind these words, whatever led to it. */
static const char panics[] = "Kernel panic - not syncing: ";
/* A reason that begins so stands for the fault reported before it. */
static const char for_a_fault[] = "Fatal exception";
/* How reports of faults in the kernel begin. */
static const char *const faults[] = { "BUG: unable to handle ", "BUG: kernel ", "kernel BUG at ",
	"general protection fault", "invalid opcode: ", "divide error: ", "stack segment: ",
	"double fault: ", "int3: ", "traps: PANIC", "Oops: " };
static const char in_function[] = "RIP: 0010:";

static void keep(char to[CONSOLE_LINE_MAX], const char *text)
{
	if (!to[0])
		snprintf(to, CONSOLE_LINE_MAX, "%s", text);
}

static void heard(struct panic *p, const char *text)
{
	if (console_begins(text, panics))
		keep(p->reason, text + strlen(panics));
	for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (console_begins(text, faults[i]))
			keep(p->fault, text);
	}
	if (p->fault[0] && console_begins(text, in_function))
		keep(p->where, text + strlen(in_function));
}

void panic_hear(struct panic *p, struct view octets)
{
	for (size_t i = 0; i < octets.size; i++) {
		const char *line = console_hear(&p->line, (char)octets.data[i]);

		if (line)
			heard(p, line);
	}
}

bool panic_heard(const struct panic *p)
{
	return p->reason[0] != '\0';
}

const char *panic_text(const struct panic *p, char *out, size_t size)
{
	if (p->fault[0] && console_begins(p->reason, for_a_fault))
		snprintf(out, size, "%s%s%s", p->fault, p->where[0] ? ", in " : "", p->where);
	else
		snprintf(out, size, "%s", p->reason);
	return out;
}
