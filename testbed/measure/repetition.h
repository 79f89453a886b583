// SPDX-License-Identifier: Apache-2.0
/* One handoff: the network raised, the nodes started, traffic, captures, the move, the figures. */
#ifndef BATON_MEASURE_REPETITION_H
#define BATON_MEASURE_REPETITION_H

#include "testbed/measure/experiment.h"

struct repetition {
	struct events events;
	struct packets sent, received;
	struct handoff_moments moments;
	struct handoff_figures figures;
	char folder[256]; /* of its logs and captures, below the results */
};

/*
 * Runs one repetition of the column; logs and captures stay in results/FOLDER. 0 with *out filled
 * (to be released with repetition_free), or -1 with *error set; the folder then tells more.
 */
int repetition_run(const struct experiment *experiment, const struct experiment_column *column,
	const struct experiment_options *options, const char *folder, unsigned seed,
	struct repetition *out, struct report_error *error);

/* Releases what was read; the files stay. */
void repetition_free(struct repetition *repetition);

/* What handoff_report wants. */
struct handoff_input repetition_input(const struct experiment *experiment,
	const struct repetition *repetition);

#endif
