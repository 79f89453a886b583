// SPDX-License-Identifier: Apache-2.0
/*
 * One QEMU process as a child: a machine with nothing but two serial ports, the host's files, the
 * results folder if there is one, and the ports that carry the command's streams.
 */
#ifndef BATON_TESTBED_GUEST_QEMU_H
#define BATON_TESTBED_GUEST_QEMU_H

#include <stdbool.h>
#include <sys/types.h>

enum accelerator { ACCEL_KVM, ACCEL_TCG, ACCEL_TCG_VIRTUAL };

struct machine {
	enum accelerator accelerator;
	unsigned memory;     /* MiB */
	const char *kernel;  /* path */
	const char *results; /* absolute path; NULL: none */
	int initrd;	     /* descriptor */
	int input;	     /* descriptor of the command's standard input; -1: empty */
	const char *mark;    /* what ends the command's output and errors */
	bool terminal;	     /* one stream for input and output, a terminal in the guest */
	bool verbose;	     /* the kernel's messages on its console */
};

/* Our ends; -1 where there is none or it was closed. */
struct qemu {
	pid_t pid;
	int pidfd;
	int control;  /* the second serial port: what init.sh says */
	int console;  /* the first: what the kernel says */
	int monitor;  /* QEMU's monitor, which the user of a terminal would have */
	int messages; /* QEMU's own standard output and error */
	int out, err, in;
	int terminal;
};

/* The path of QEMU; the caller frees it. NULL when it is not installed. */
char *qemu_find(void);

/* Starts it. 0, or -1 after a message. It dies with the calling thread. */
int qemu_start(struct qemu *q, const struct machine *m);

/* Ends it if it still runs, and closes all. */
void qemu_end(struct qemu *q);

#endif
