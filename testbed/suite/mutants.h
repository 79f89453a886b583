// SPDX-License-Identifier: Apache-2.0
/*
 * Proof of a suite: deliberately wrong variants of an implementation, each to be failed by the test
 * meant for it, while the right variant passes the same test.
 *
 *	suite: pana
 *	mutants:
 *	  - {mutant: pana_ignore_sequence, test: "pana/paa/sequence/answer-number", wrong: "..."}
 */
#ifndef TESTBED_SUITE_MUTANTS_H
#define TESTBED_SUITE_MUTANTS_H

#include "testbed/suite/choice.h"
#include "testbed/suite/rows.h"

struct mutants {
	struct rows rows;
};

/* Reads the file. 0, or -1 with findings and nothing to free. */
int mutants_load(const char *file, struct mutants *out, struct diagnostics *d);
/* Releases it; units made of it point into it. */
void mutants_free(struct mutants *m);

/*
 * For each row the cases of its test, once with the defect and once without, as units in a
 * malloc'ed array. Rows of another role than `choice` asks for are left out. -1 when a row names
 * no test.
 */
int mutants_units(const struct mutants *m, const struct choice *choice,
	const struct suites *suites, struct unit **out, size_t *count, struct diagnostics *d);

/* Says of every variant whether it was found. How many were not. */
unsigned mutants_judge(const struct mutants *m, const struct unit *units, size_t count, FILE *out);

#endif
