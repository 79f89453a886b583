// SPDX-License-Identifier: Apache-2.0
/* A shell command of an adapter, in a node of a network or on this machine. */
#ifndef TESTBED_ADAPTER_PROGRAM_H
#define TESTBED_ADAPTER_PROGRAM_H

#include "testbed/topology/network.h"

struct program {
	struct network *network; /* NULL: on this machine */
	struct process *process; /* in a network */
	pid_t pid;		 /* on this machine; 0: ended and waited for */
	int pidfd, status;
};

struct program_options {
	struct network *network;
	const char *node;
	const char *command; /* for sh -c */
	const char *cwd;
	const char *const *env; /* over this process's own */
	const char *log;	/* appended to; NULL: output_fd */
	int output_fd;		/* 0: log */
	int priority;		/* as in struct spawn; only with a network */
};

/* 0, or -1 with one sentence. */
int program_start(const struct program_options *o, struct program *out, char *why, size_t size);

/* Waits for the end; timeout_ms 0 only looks. True: ended, *status as of waitpid(2). */
bool program_ended(struct program *p, int *status, int timeout_ms);

/* Ends it and all it started; gives it `grace_ms` to end by itself at SIGTERM. */
void program_end(struct program *p, int grace_ms);

/* Process id as seen from here. */
pid_t program_pid(const struct program *p);

#endif
