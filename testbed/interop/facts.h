// SPDX-License-Identifier: Apache-2.0
/*
 * What a feature of a matrix can demand of the wire: each a row with a name, a sentence, and a function
 * that looks for it in what was captured.
 */
#ifndef TESTBED_INTEROP_FACTS_H
#define TESTBED_INTEROP_FACTS_H

#include <stdio.h>

#include "testbed/interop/wiretap.h"

/* What was seen apart from messages. */
struct evidence {
	struct wiretap *wire;
	struct {
		btime from, to; /* when it was done */
	} pings[8];
	unsigned ping_count;
	btime moved; /* 0: it was not */
	uint8_t second[4]; /* the initiator's second address */
};

enum sight {
	SIGHT_YES,
	SIGHT_NO,
	SIGHT_UNKNOWN, /* the messages could not be opened: no end gives its keys */
};

struct fact {
	const char *name;
	const char *sentence; /* what was expected */
	/* What was there instead goes to `instead`, a sentence of what was received. */
	enum sight (*look)(const struct evidence *e, char *instead, size_t size);
};

/* Ends with a row whose name is NULL. */
extern const struct fact facts[];

/* The row of that name, or NULL. */
const struct fact *fact_named(const char *name);

/* CREATE_CHILD_SA exchanges, or quick modes, that were answered so far. */
unsigned facts_rekeyings(const struct wiretap *w);

/*
 * The last error that an end told the other, in its words ("the responder said NO_PROPOSAL_CHOSEN"); ""
 * when there is none. Returns `out`.
 */
const char *facts_error(const struct wiretap *w, char *out, size_t size);

#endif
