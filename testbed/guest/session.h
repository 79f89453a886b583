// SPDX-License-Identifier: Apache-2.0
/*
 * One guest from start to end: the command's streams pass through here, and what init.sh says on
 * the control line decides what happened. The status counts only when all output that the command
 * wrote has arrived; then QEMU is ended, for nothing in it is worth a shutdown.
 */
#ifndef BATON_TESTBED_GUEST_SESSION_H
#define BATON_TESTBED_GUEST_SESSION_H

#include "ref/base/btime.h"
#include "testbed/guest/panic.h"
#include "testbed/guest/qemu.h"
#include "testbed/guest/stream.h"

#define PHASES_MAX 12
#define TAIL_SIZE 16384

struct phase {
	char name[16];
	char uptime[16]; /* of the guest's clock, as text; empty when not known */
	btime at;	 /* of the host's monotonic clock */
};

/* The last of what came on a descriptor. */
struct tail {
	int from; /* -1: ended */
	size_t used;
	char text[TAIL_SIZE];
};

enum outcome {
	RUNNING,   /* only inside */
	FINISHED,  /* the command ended: `status` */
	TIMED_OUT, /* the time was over */
	SIGNALLED, /* we got `signal` */
	BROKEN,	   /* our standard output or error takes no more */
	NO_START,  /* the guest was not up in time */
	PANICKED,  /* the guest's kernel ended itself: `panic` */
	DIED,	   /* QEMU or the guest's kernel ended first, or init.sh failed: `failure` */
};

struct session {
	struct qemu qemu;
	struct stream out, err, in;
	struct tail console, messages, control;
	struct panic panic;
	btime panic_deadline; /* from the kernel's panic until the machine is gone */
	int signals;	      /* a signalfd */
	bool verbose;
	btime deadline, boot_deadline; /* the latter until init.sh is heard */
	btime end_deadline;	       /* from the command's end until all its output is here */
	btime last_output;
	bool ready;    /* the command is started */
	bool done;     /* it ended, and all it wrote is on its way */
	bool dead;     /* QEMU is gone */
	bool in_ended; /* the command was told that its input has ended */
	int status;    /* the command's; -1: not known */
	int signal;
	char failure[256];
	struct phase phases[PHASES_MAX];
	unsigned phase_count;
};

/* Time as the session has it: the host's monotonic clock. */
btime guest_session_now(void);

/*
 * Starts the machine and passes the streams until the end, which it returns; guest_session_end in
 * either case. `signals`: a signalfd of those that end the guest. Deadlines: points in time.
 */
enum outcome guest_session_run(struct session *s, const struct machine *m, int signals,
	btime deadline, btime boot_deadline);

/* Ends QEMU. */
void guest_session_end(struct session *s);

#endif
