// SPDX-License-Identifier: Apache-2.0
/*
 * The guest: Debian's stock kernel under QEMU, on the host's file system.
 *
 * A guest sees the host's files read-only under a writable overlay in its own memory, so that a
 * command has the same absolute paths as outside and leaves nothing behind. One folder, if asked
 * for, is shared for writing: the results. Needs no root and no membership in a group.
 *
 * The guest is a child of the calling process and dies with it, however it dies.
 */
#ifndef BATON_TESTBED_GUEST_GUEST_H
#define BATON_TESTBED_GUEST_GUEST_H

#include <stdbool.h>

enum guest_clock {
	GUEST_CLOCK_REAL,    /* time passes as on the host */
	GUEST_CLOCK_VIRTUAL, /* one nanosecond an instruction; idle time costs nothing */
};

struct guest_options {
	enum guest_clock clock;
	unsigned memory;     /* MiB; 0: GUEST_MEMORY_DEFAULT */
	unsigned timeout;    /* seconds of the host until the guest is ended; 0: none */
	const char *results; /* folder on the host, created if missing; NULL: none */
	bool verbose;	     /* the guest kernel's messages on stderr */
	bool timings;	     /* how long each phase took, on stderr, at the end */
};

#define GUEST_MEMORY_DEFAULT 1024

/* Exit statuses of guest_run that are not the command's own; a message on stderr goes with each. */
#define GUEST_STATUS_DIED 123	 /* the guest died under the command: its kernel, or QEMU */
#define GUEST_STATUS_TIMEOUT 124 /* the time given with `timeout` was over */
#define GUEST_STATUS_FAILED 125	 /* no guest could be had */

/*
 * Runs argv (NULL-terminated, argv[0] found in PATH) in a guest, in the present working folder and
 * with the present environment, less TMPDIR, plus BATON_GUEST (set to "real" or "virtual") and, if
 * there is a results folder, BATON_RESULTS (its absolute path, the same inside and outside).
 *
 * Standard output and error appear live; standard input is passed on; when input and output are
 * both a terminal, the command gets a terminal too. Returns the command's exit status (128 + N
 * when signal N ended it), 127 or 126 when there is no such command or it is not executable, or
 * one of the statuses above. SIGINT, SIGTERM, SIGHUP and SIGQUIT end the guest; the status is then
 * 128 + the signal. Must be called from a thread that outlives the guest.
 */
int guest_run(const struct guest_options *options, char *const argv[]);

/* Whether this very process runs inside a guest. */
bool guest_inside(void);

#endif
