// SPDX-License-Identifier: Apache-2.0
/*
 * What the guest's kernel says on its console when it is asked what its processes are doing (the key
 * t of sysrq): who they are, and where in the kernel each of them waits. No I/O.
 */
#ifndef BATON_TESTBED_GUEST_TASKS_H
#define BATON_TESTBED_GUEST_TASKS_H

#include "ref/base/view.h"
#include "testbed/guest/console.h"

#define TASKS_MAX 64

struct task {
	unsigned pid;
	char state; /* R, S, D and so on, as proc(5) has them */
	char name[16];
	char where[96]; /* functions, the innermost first; empty while it runs */
	bool whole;	/* the rest of its call trace says nothing new */
};

/* All zero at first. */
struct tasks {
	struct console_line line;
	bool heard; /* the kernel answered at all */
	bool ours;  /* the lines that come are of task[count - 1], not of a thread of the kernel */
	unsigned count;
	struct task task[TASKS_MAX]; /* without threads of the kernel; beyond that many left out */
};

/* The next octets of the console, however they are cut. */
void tasks_hear(struct tasks *t, struct view octets);

#endif
