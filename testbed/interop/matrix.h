// SPDX-License-Identifier: Apache-2.0
/*
 * An interoperability matrix as data (suites/interop/NAME.yaml, docs/interoperability.md): which
 * implementations, in which two roles, and the features that each pair is to show. Read once, then
 * read-only; strings live as long as it does.
 */
#ifndef TESTBED_INTEROP_MATRIX_H
#define TESTBED_INTEROP_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "testbed/topology/arena.h"
#include "testbed/topology/diagnostics.h"

enum part { PART_INITIATOR, PART_RESPONDER };

/* What a feature has both ends do, one after the other. */
enum step {
	STEP_CONNECT,	/* the initiator begins; until both say that it stands */
	STEP_PING,	/* packets through the tunnel */
	STEP_REKEY,	/* until CREATE_CHILD_SA has come and gone, or IKEv1's quick mode */
	STEP_MOVE,	/* the initiator goes to its second address */
	STEP_TERMINATE, /* the initiator ends it */
};

/* What the wire must have shown in the end; each is a row in facts.c. */
struct fact;

#define STEPS_MAX 12
#define FACTS_MAX 12
#define NEEDS_MAX 8
#define GIVENS_MAX 24

struct given {
	const char *name, *value; /* of the adapters' contract */
	bool for_end[2];
};

struct feature {
	const char *name, *title;
	const char *document, *section; /* what it covers */
	const char *needs[NEEDS_MAX + 1]; /* features of the contract; ends with NULL */
	struct given givens[GIVENS_MAX];
	size_t given_count;
	enum step steps[STEPS_MAX];
	size_t step_count;
	const struct fact *facts[FACTS_MAX];
	size_t fact_count;
	unsigned line;
};

struct matrix {
	const char *file, *name, *title;
	const char *roles[2];
	const char **implementations; /* adapters; ends with NULL */
	size_t implementation_count;
	struct feature *features;
	size_t feature_count;
	struct arena *arena;
};

/* The file of a shipped matrix ("ike"), or the file itself. 0, or -1 with findings. */
int matrix_load(const char *name, struct matrix *out, struct diagnostics *d);
void matrix_free(struct matrix *m);

#endif
