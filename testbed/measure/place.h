// SPDX-License-Identifier: Apache-2.0
/* Where an experiment takes place: a network that is raised for it, and programs on its nodes. */
#ifndef BATON_MEASURE_PLACE_H
#define BATON_MEASURE_PLACE_H

#include "testbed/report/result.h"
#include "testbed/topology/network.h"

struct place {
	struct topology *topology;
	struct network *network;
	char folder[1024]; /* absolute; of logs and captures */
	char self[1024];   /* this program */
};

/*
 * Raises the topology of that name; the folder is made. `delays` of links (in nanoseconds, each way)
 * stand instead of those of the file; ends with a row whose name is NULL; may be NULL. 0, or -1 with
 * *error set and nothing raised.
 */
struct place_delay {
	const char *link;
	uint64_t ns;
};
int place_enter(struct place *place, const char *topology, const char *folder,
	const struct place_delay *delays, struct report_error *error);
/* Takes down what is there, with all that runs on it. */
void place_leave(struct place *place);

/* Runs a program on a node until its end; its output goes to `out` (of `size` octets; may be NULL). */
int place_run(struct place *place, const char *node, const char *const *argv, char *out,
	size_t size, struct report_error *error);
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * Starts one that stays; its output goes to FOLDER/NAME.log. `spawn` says the rest (argv, env,
 * priority). To be ended with place_stop.
 */
int place_start(struct place *place, const char *node, const char *name, const struct spawn *spawn,
	struct process **out, struct report_error *error);

/* tcpdump at an interface into FOLDER/NAME.pcap, with that filter; it captures when this returns. */
int place_capture(struct place *place, const char *node, const char *interface,
	const char *filter, const char *name, struct process **out, struct report_error *error);

/* Asks it to end, and gives it 2.5 s. */
void place_stop(struct process **process);

/* Waits until the file holds the text. 0, or -1 with *error set. */
int place_await(const char *path, const char *text, unsigned patience_ms,
	struct report_error *error);

/* Sleeps, by the clock of the machine or the guest. */
void place_wait_ms(unsigned ms);

/* Writes *error as by printf. -1. */
int place_fail(struct report_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
