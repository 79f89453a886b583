// SPDX-License-Identifier: Apache-2.0
/*
 * Event logs of the nodes: JSON lines {"t": seconds, "node": "mn", "event": "l2_up", ...}, all on
 * the clock of one kernel. docs/measurement.md lists the events that figures are made from.
 */
#ifndef BATON_MEASURE_EVENTS_H
#define BATON_MEASURE_EVENTS_H

#include <stddef.h>

#include <jansson.h>

#include "testbed/report/result.h"

struct event {
	double t; /* seconds, CLOCK_REALTIME of the kernel the nodes ran on */
	const char *node, *name;
	json_t *object; /* the whole line; owns node and name */
};

struct events {
	struct event *list; /* in the order of time */
	size_t count;
};

/*
 * Adds the lines of the file. A last line without its line feed is a log cut short by the end of
 * its writer and is left out; any other line that is not such an object is an error FILE:LINE.
 * Returns 0 or -1 with *error set. events_free() releases all.
 */
int events_read(struct events *events, const char *path, struct report_error *error);
void events_free(struct events *events);

/* The first event of that node (NULL: any) and name at or after `from`; NULL if there is none. */
const struct event *events_first(const struct events *events, const char *node, const char *name,
	double from);
/* The last one at or before `until`. */
const struct event *events_last(const struct events *events, const char *node, const char *name,
	double until);

/* A number of the event's details; `otherwise` when it has none of that key. */
double event_number(const struct event *event, const char *key, double otherwise);

#endif
