// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/panic.h"

#include <ctype.h>
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

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Behind "[    1.234567] ". */
static const char *without_stamp(const char *line)
{
	const char *p = line;

	if (*p != '[')
		return line;
	for (p++; *p == ' ' || *p == '.' || isdigit((unsigned char)*p); p++)
		;
	return begins(p, "] ") ? p + 2 : line;
}

static void keep(char to[PANIC_LINE_MAX], const char *text)
{
	if (!to[0])
		snprintf(to, PANIC_LINE_MAX, "%s", text);
}

static void heard(struct panic *p, const char *line)
{
	const char *text = without_stamp(line);

	if (begins(text, panics))
		keep(p->reason, text + strlen(panics));
	for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (begins(text, faults[i]))
			keep(p->fault, text);
	}
	if (p->fault[0] && begins(text, in_function))
		keep(p->where, text + strlen(in_function));
}

void panic_hear(struct panic *p, struct view octets)
{
	for (size_t i = 0; i < octets.size; i++) {
		char c = (char)octets.data[i];

		if (c == '\n' || c == '\r') {
			p->line[p->used] = '\0';
			heard(p, p->line);
			p->used = 0;
		} else if (p->used < sizeof(p->line) - 1) {
			p->line[p->used++] = isprint((unsigned char)c) ? c : '?';
		}
	}
}

bool panic_heard(const struct panic *p)
{
	return p->reason[0] != '\0';
}

const char *panic_text(const struct panic *p, char *out, size_t size)
{
	if (p->fault[0] && begins(p->reason, for_a_fault))
		snprintf(out, size, "%s%s%s", p->fault, p->where[0] ? ", in " : "", p->where);
	else
		snprintf(out, size, "%s", p->reason);
	return out;
}
