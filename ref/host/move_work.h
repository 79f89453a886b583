// SPDX-License-Identifier: Apache-2.0
/* The work of a move, as its processes call it. */
#ifndef BATON_HOST_MOVE_WORK_H
#define BATON_HOST_MOVE_WORK_H

#include "ref/host/move_inside.h"

struct work {
	struct journal *journal;
	struct hold_rules *hold;
	struct way *way;
	char error[MOVE_ERROR];
};

/* Finds and holds. Can be done once more from wherever it ended. */
int work_begin(struct work *w);

/* Puts owners into groups: the part of the preparation that takes long. */
void work_place(struct work *w);

/* Lets everything be as it was before work_begin. */
void work_undo(struct work *w);

/* Moves. Can be done once more from wherever it ended; on an error nothing was moved. */
int work_go(struct work *w);

/* Sends again what was under way; then the journal holds no data any more. */
void work_again(struct work *w);

#endif
