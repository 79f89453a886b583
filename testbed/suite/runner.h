// SPDX-License-Identifier: Apache-2.0
/* Several units at once, with progress, an end at Ctrl-C, and their results in order. */
#ifndef TESTBED_SUITE_RUNNER_H
#define TESTBED_SUITE_RUNNER_H

#include "testbed/suite/unit.h"

struct runner_options {
	unsigned jobs;
	unsigned retry;	 /* tries of a test that did not pass, beyond the first */
	FILE *progress;	 /* NULL: none */
};

/*
 * Runs the units. SIGINT and SIGTERM end it: what is under way is taken down, the rest not begun.
 * The number of the signal, or 0. run->wake is set here.
 */
int runner_run(struct run *run, struct unit *units, size_t count,
	const struct runner_options *options);

#endif
