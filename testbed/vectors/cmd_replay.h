// SPDX-License-Identifier: Apache-2.0
/* baton vectors replay, and what it shares with its siblings. */
#ifndef BATON_VECTORS_CMD_REPLAY_H
#define BATON_VECTORS_CMD_REPLAY_H

#include "testbed/vectors/vectors.h"

/* argv[0] is "replay". Returns the exit status. */
int cmd_vectors_replay(int argc, char **argv);

/* Reads the set of a protocol, from `folder` when that is not NULL. 0, or -1 after a message. */
int vectors_of(struct vector_set *set, const char *protocol, const char *folder);

#endif
