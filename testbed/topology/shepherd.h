// SPDX-License-Identifier: Apache-2.0
//
// Programs on nodes, the keeper's side. Between the keeper and a program stands its shepherd: a
// process that adopts whatever the program leaves behind, so that the whole group can be ended.
// Shepherd and user talk over a socket, the handle; when the user's side of it closes, the group
// is killed.

#ifndef BATON_TOPOLOGY_SHEPHERD_H
#define BATON_TOPOLOGY_SHEPHERD_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "testbed/topology/space.h"

/* From the shepherd to the user. The other way goes one int: a signal for the whole group. */
enum process_report_kind {
	PROCESS_STARTED,     /* with the program's pidfd */
	PROCESS_NOT_STARTED, /* value: errno */
	PROCESS_ENDED,	     /* value: the program's status as of waitpid(2) */
};

struct process_report {
	enum process_report_kind kind;
	int32_t value;
};

struct launch {
	const struct space *space;
	char *const *argv;
	char *const *env;
	const char *cwd; /* in the node's mount namespace */
	int stdio[3];
	int handle;   /* the shepherd's side */
	int priority; /* of SCHED_FIFO; 0: as usual */
};

/* Forks the shepherd, which reports through the handle. Returns its pid or a negative errno. */
pid_t process_launch(const struct launch *l);

/* argv, env and cwd in a memory file, for sending to the keeper. Returns the descriptor, the
   caller's, or a negative errno. */
int specification_write(const char *const *argv, char *const *env, const char *cwd);

/* Reads it back: l's texts lie in one block, to be released with free(*memory) in any case. */
int specification_read(int fd, struct launch *l, void **memory);

#endif
