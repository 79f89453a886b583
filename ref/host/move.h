// SPDX-License-Identifier: Apache-2.0
/*
 * Live sockets of this host moved to other addresses, in programs that do not know.
 *
 * All TCP connections and connected UDP sockets between two addresses, of all processes of this
 * network namespace, go on between two others: the same sockets, the same descriptors, the same
 * registrations with epoll, every octet of both queues. What is between two hosts is moved at both
 * of them: at the mobile node `local` changes, at the correspondent `peer`.
 *
 * Two steps, because the first takes time and disturbs nobody:
 *
 *   begin   finds the sockets, holds what comes from the peer to the new addresses until the move
 *           is over, then puts each owner into a cgroup of its own (it runs on). To be called
 *           before the peer can have moved, and at the correspondent when ADDRESS CHANGE has come.
 *   go      freezes the owners, moves the sockets, lets the owners run, and retransmits at once
 *           what was under way. To be called when the addresses, routes, SAs and policies are
 *           those of the new way.
 *
 * The work is done by a child process with one more that watches it, both in a session of their
 * own: whoever started a move may end, killed or not, and the move is still finished. A journal in
 * /run/baton-move lets the next one finish what even both could not (move_recover).
 *
 * Needs CAP_NET_ADMIN, CAP_SYS_PTRACE and CAP_SYS_ADMIN; without the last one owners are stopped by
 * SIGSTOP, which their parents see. Return values as in kernel.h where not
 * said otherwise. docs/migration.md says how it works and what cannot be moved.
 */
#ifndef BATON_HOST_MOVE_H
#define BATON_HOST_MOVE_H

#include <sys/types.h>

#include "ref/host/ip.h"
#include "ref/host/loop.h"

/* The steps of a move at which it can be made to die, for tests. Order is that of the work; steps
 * from MOVE_STEP_REPAIR to MOVE_STEP_RELEASE happen for each connection. */
enum move_step {
	MOVE_STEP_NONE,
	MOVE_STEP_FIND,	      /* sockets are looked for */
	MOVE_STEP_HOLD,	      /* packets are about to be held */
	MOVE_STEP_FREEZE,     /* owners are about to be frozen */
	MOVE_STEP_REPAIR,     /* one socket is in repair mode */
	MOVE_STEP_SNAPSHOT,   /* its state and queues are written down */
	MOVE_STEP_DISCONNECT, /* it has no addresses */
	MOVE_STEP_BIND,	      /* it has its port and sequence numbers */
	MOVE_STEP_CONNECT,    /* it has its new addresses */
	MOVE_STEP_QUEUES,     /* it has its queues */
	MOVE_STEP_RELEASE,    /* it is out of repair mode */
	MOVE_STEP_THAW,	      /* owners are about to run */
	MOVE_STEP_LET_GO,     /* held packets are about to be let go */
	MOVE_STEP_RETRANSMIT, /* what was under way is about to be sent again */
	MOVE_STEP_COUNT
};

/* "find", "hold", ... ; "none" for MOVE_STEP_NONE. */
const char *move_step_name(enum move_step step);

/* Which addresses. All of one family; lengths do not matter. A side that stays has `to` equal to
 * `from`, or family 0. */
struct move_config {
	struct prefix local_from, local_to;
	struct prefix peer_from, peer_to;
	const pid_t *spare; /* processes whose sockets stay, besides this one */
	unsigned spares;
	bool udp_stays;		 /* TCP alone is moved */
	enum move_step kill_at;	 /* tests: the working process kills itself there */
	unsigned kill_index;	 /* tests: at which connection, from 0 */
	bool kill_both;		 /* tests: together with the process that watches */
};

/* What became of one socket. */
enum move_fate {
	MOVE_MOVED,	  /* goes on at the new addresses */
	MOVE_STAYED,	  /* as it was, at the old addresses */
	MOVE_RESET,	  /* ended: its program sees an error */
	MOVE_NO_OWNER,	  /* closed by its program, or not accepted yet: no descriptor leads to it */
	MOVE_FATES
};

/* "moved", "stayed", "reset", "no-owner". */
const char *move_fate_name(enum move_fate fate);

#define MOVE_WHY 96
#define MOVE_NAME 16

struct move_socket {
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t state;	  /* of TCP, as in <netinet/tcp.h>: TCP_ESTABLISHED, ... */
	enum move_fate fate;
	uint16_t local_port, peer_port;
	pid_t owner;		     /* one of them; 0: none */
	char name[MOVE_NAME];	     /* of the owner's program */
	uint32_t unread, unsent, unacknowledged; /* octets in its queues at the move */
	btime took;		     /* its part of the time */
	char why[MOVE_WHY];	     /* of a fate other than moved */
};

struct move_report {
	unsigned fates[MOVE_FATES];
	unsigned owners;	/* processes that stood still */
	unsigned by_signal;	/* of those, by SIGSTOP, where there was no group to freeze */
	unsigned held;		/* packets that waited for the move; 0 where they cannot wait */
	bool recovered;		/* the working process died, another finished its work */
	btime prepared;		/* from move_begin until ready to go */
	btime frozen;		/* the owners stood still that long */
	btime moved;		/* from go until the last socket was moved */
	btime finished;		/* from go until the owners ran and nothing was held */
	int error;		/* 0 or a negative errno: nothing was moved, `why` says why */
	char why[MOVE_WHY];
	unsigned count;		/* sockets */
	struct move_socket *sockets;
};

/* Releases what the report owns, not the structure. */
void move_report_free(struct move_report *report);

/* The report as JSON, and as lines for people; both to be freed with free(). */
char *move_report_json(const struct move_report *report);
char *move_report_text(const struct move_report *report);

/*
 * Processes kept ready for the next move, so that it need not wait for them. They come from one that is
 * forked here: what the caller learns later, keys for instance, is not in their memory. To be made
 * early, in the network namespace whose sockets are meant. NULL with errno set when no process is to
 * be had.
 */
struct mover;
struct mover *mover_new(struct loop *loop);
/* Those of moves that have begun are not touched, but their struct move must have been freed. Accepts
 * NULL. */
void mover_free(struct mover *mover);

struct move;

/*
 * Begins a move. `ready` is called once packets are held; finding and placing the owners goes on
 * (NULL: not wanted), `done` once with the report, which stays the move's, when sockets are moved or
 * nothing could be done. Neither is called from within move_begin. NULL with errno set when no
 * process is to be had.
 */
struct move *move_begin(struct mover *mover, const struct move_config *config,
	void (*ready)(void *context), void (*done)(void *context, const struct move_report *report),
	void *context);

/* Moves now, or as soon as it is ready. */
void move_go(struct move *move);

/* Before move_go: lets everything be as it was. After it: the move goes on by itself, unheard.
 * Accepts NULL; may be called from `done`. */
void move_free(struct move *move);

/*
 * Finishes what a killed move left: owners frozen, sockets half-way. Every move does it first.
 * Returns how many sockets it had to see to, or a negative errno.
 */
int move_recover(void);

#endif
