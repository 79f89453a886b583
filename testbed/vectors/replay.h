// SPDX-License-Identifier: Apache-2.0
/*
 * Vectors at a running PAA, its reaction judged.
 *
 * A vector for an idle PAA goes out as it is. Any other first needs a session: one that has begun,
 * one whose EAP is running, or, with credentials, one in the access phase. Then the vector's
 * session identifier and sequence number are moved onto the living ones by the distance that they
 * have from what the vector says the receiver expects, and an AUTH value that is right is computed
 * anew with the living key. What cannot be brought about is skipped and said so.
 */
#ifndef BATON_VECTORS_REPLAY_H
#define BATON_VECTORS_REPLAY_H

#include <stdio.h>

#include "testbed/vectors/live.h"
#include "testbed/vectors/vectors.h"

struct replay_options {
	btime answer;	       /* how long an expected answer may take */
	btime quiet;	       /* how long silence is listened to */
	const char *pattern;   /* ids, as in fnmatch(3); NULL: all */
	struct live_user user; /* for sessions in the access phase */
	bool verbose;	       /* tell every vector */
};

enum replay_verdict { REPLAY_PASS, REPLAY_FAIL, REPLAY_INCONCLUSIVE, REPLAY_SKIPPED, REPLAY_COUNT };

struct replay_result {
	enum replay_verdict verdict;
	bool dead;	    /* it answered before this vector, and does not after it */
	char observed[128]; /* "silence", "PAR[S]", ... */
	char why[256];	    /* one sentence; empty for a pass */
};

struct replay_summary {
	unsigned counts[REPLAY_COUNT];
};

/* Waits until the PAA answers a PCI. 0, or -1 when it has not before `patience` is over. */
int replay_ready(struct tap *tap, btime patience);

/* One vector; `octets` are what is sent, as read from the capture. */
struct replay_result replay_one(struct tap *tap, const struct replay_options *options,
	const struct vector *v, struct view octets);

/*
 * Every vector of the set that the pattern takes, from the captures; a table on `out`. 0, or -1
 * with `error` filled: a capture is damaged or is not that of its JSON, or the PAA has died (then
 * the vector that killed it is counted, and those after it are not).
 */
int replay_set(struct tap *tap, const struct replay_options *options, const struct vector_set *set,
	FILE *out, struct replay_summary *summary, char *error, size_t size);

#endif
