// SPDX-License-Identifier: Apache-2.0
/* What the parts of cell.h share. */
#ifndef TESTBED_INTEROP_CELL_INSIDE_H
#define TESTBED_INTEROP_CELL_INSIDE_H

#include "testbed/interop/cell.h"
#include "testbed/interop/facts.h"
#include "testbed/topology/network.h"

#define CELL_ENV_MAX 96

/* A cell at work. */
struct work {
	const struct interop *interop;
	struct cell *cell;
	struct network *network;
	struct capture capture;
	struct evidence evidence;
	struct sut *suts[2];
	char *env[2][CELL_ENV_MAX + 1];
	size_t env_count[2];
	char *scratch[2], *logs[2];
	char *folder;
	bool keys_taken;
};

/* "initiator", "responder": nodes of the topology, and words in reasons. */
extern const char *const part_names[2];

/* The environment of that end: the contract's settings, standard, the feature's, and last what the
 * manifest of either end fixes. */
void cell_build_env(struct work *w, enum part end);

/* Does the steps in their order. 0, or -1 with verdict and reason in the cell. */
int cell_steps(struct work *w);

/* Verdict and sentence; -1. */
int cell_end(struct work *w, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
