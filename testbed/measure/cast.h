// SPDX-License-Identifier: Apache-2.0
/*
 * Who plays the nodes of an experiment: every node of the topology that has a role is started
 * through its adapter, in the order correspondent, access routers, access points, mobile node.
 */
#ifndef BATON_MEASURE_CAST_H
#define BATON_MEASURE_CAST_H

#include "testbed/report/result.h"
#include "testbed/topology/network.h"

struct cast;

/*
 * Starts all of them and waits until each is ready. `folder` is absolute; event logs go to
 * FOLDER/NODE.events.jsonl, output to FOLDER/NODE.log. `seed` (BATON_SEED) makes the random
 * delays of protocols repeat from run to run. `settings` ("BATON_SET_IDENTITY=mn@example", ends
 * with NULL; NULL: none) stand beside those of the topology. NULL with *error set when one cannot be
 * started; then none runs.
 */
struct cast *cast_start(struct network *network, const char *adapter, const char *folder,
	unsigned seed, const char *const *settings, struct report_error *error);

/* Asks the node for a verb (NULL-terminated, with its arguments). 0, or -1 with *error set. */
int cast_verb(struct cast *cast, const char *node, const char *const *verb, unsigned timeout_ms,
	struct report_error *error);

/* The same, to take effect when CLOCK_MONOTONIC shows `at` nanoseconds (sut_verb_at). */
int cast_verb_at(struct cast *cast, const char *node, uint64_t at, const char *const *verb,
	unsigned timeout_ms, struct report_error *error);

/* Stops all of them. Accepts NULL. */
void cast_stop(struct cast *cast);

#endif
