// SPDX-License-Identifier: Apache-2.0
/* What crossed the wire in a test, in order, decoded: the evidence in reports. */
#ifndef TESTBED_SUITE_LADDER_H
#define TESTBED_SUITE_LADDER_H

#include "ref/base/btime.h"
#include "testbed/report/result.h"
#include "testbed/suite/capture.h"
#include "testbed/suite/match.h"

#define LADDER_MAX 400 /* arrows of one test; a flood is counted, not drawn */

struct rung {
	btime at; /* CLOCK_MONOTONIC */
	bool from_sut;
	char label[80];
	char note[200]; /* "" none */
	unsigned line;	/* of the suite */
	struct view octets;
	struct report_pair *fields; /* in the arena */
	size_t field_count;
};

struct ladder {
	const struct role *role;
	struct arena *arena;
	struct rung *list; /* LADDER_MAX of them */
	unsigned count, dropped;
};

/* Empty; all of it lives in the arena. */
void ladder_start(struct ladder *l, const struct role *role, struct arena *arena);

/* A message; `packet` may be NULL when the octets are none. The octets must live in the arena. The
 * returned rung (NULL when there is no room) can be given a note. */
struct rung *ladder_add(struct ladder *l, btime at, bool from_sut, unsigned line,
	const struct packet *packet, struct view octets);

/* What the rung's message says, once it could be read; `r` may be NULL. */
void rung_packet(struct ladder *l, struct rung *r, const struct packet *packet);

/* printf into the rung's note, behind what stands there; NULL is fine. */
void rung_note(struct rung *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As the report has it, times from `start`; packet numbers from the capture, whose frames get the
 * notes. The array lives in the arena. */
const struct report_step *ladder_steps(struct ladder *l, btime start, struct capture *capture,
	size_t *count);

#endif
