// SPDX-License-Identifier: Apache-2.0
/*
 * What the guest's kernel says on its console before it dies: a panic is told from everything else
 * that can end a guest by its own words. No I/O.
 */
#ifndef BATON_TESTBED_GUEST_PANIC_H
#define BATON_TESTBED_GUEST_PANIC_H

#include <stdbool.h>
#include <stddef.h>

#include "ref/base/view.h"
#include "testbed/guest/console.h"

/* All zero at first. Texts without the kernel's time stamps; empty: not said. */
struct panic {
	struct console_line line;
	char reason[CONSOLE_LINE_MAX]; /* of the panic */
	char fault[CONSOLE_LINE_MAX];  /* the first fault that the kernel reported */
	char where[CONSOLE_LINE_MAX];  /* the function it was in */
};

/* The next octets of the console, however they are cut. */
void panic_hear(struct panic *p, struct view octets);

/* Whether the kernel has said that it panics. */
bool panic_heard(const struct panic *p);

/*
 * One line for people: the reason, or, where that only says that there was a fault, the fault and
 * the function. Into `out`, cut to `size`; returns it.
 */
const char *panic_text(const struct panic *p, char *out, size_t size);

#endif
