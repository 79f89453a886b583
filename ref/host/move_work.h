// SPDX-License-Identifier: Apache-2.0
/* The work of a move, as its processes call it. */
#ifndef BATON_HOST_MOVE_WORK_H
#define BATON_HOST_MOVE_WORK_H

#include "ref/host/move_inside.h"

/* --- the pair of processes of a move, and whoever asks (move.c, move_ask.c) --------------------- */

/* Their descriptors: of a socket of SOCK_SEQPACKET, and the end of a pipe that is written to. */
enum { MOVE_CONTROL = 3, MOVE_TELL = 4 };

/* The first message at the one. One octet follows: to go. */
struct move_request {
	struct move_config config; /* without `spare` */
	pid_t spare[MOVE_SPARES];
};

/* Comes out of the other, as a uint32_t. The report is followed by a struct move_report and its
 * sockets. */
enum move_tale { MOVE_TALE_READY, MOVE_TALE_REPORT };

/* Becomes a pair that waits for its request. Does not return. */
_Noreturn void move_pair(void);

/* --- its work (move_work.c) --------------------------------------------------------------------- */

struct work {
	struct journal *journal;
	struct hold_rules *hold;
	struct way *way;
	struct move_again *again;
	char error[MOVE_ERROR];
};

/* All that can be done before anybody has said which addresses. */
void work_prepare(struct work *w);

/* Holds. Can be done once more from wherever it ended. */
int work_begin(struct work *w);

/* Finds, and puts owners into groups: the part of the preparation that takes long. */
int work_place(struct work *w);

/* Lets everything be as it was before work_begin. */
void work_undo(struct work *w);

/* Moves. Can be done once more from wherever it ended; on an error nothing was moved. */
int work_go(struct work *w);

/* Sends again what was under way; then the journal holds no data any more. */
void work_again(struct work *w);

#endif
