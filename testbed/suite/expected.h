// SPDX-License-Identifier: Apache-2.0
/*
 * Results that are expected of an implementation: a file beside its adapter that turns a run into
 * a gate.
 *
 *	sut: openpana
 *	tests:
 *	  - {test: "pana/paa/nonce-*", verdict: fail, reason: "known, reported to the authors"}
 */
#ifndef TESTBED_SUITE_EXPECTED_H
#define TESTBED_SUITE_EXPECTED_H

#include "testbed/report/result.h"
#include "testbed/suite/rows.h"

struct expected {
	struct rows rows;
};

/* 0, or -1 with findings. */
int expected_load(const char *file, struct expected *out, struct diagnostics *d);
void expected_free(struct expected *e);

enum gate {
	GATE_AS_EXPECTED, /* passes, and nothing else was expected; or is not judged */
	GATE_STILL,	  /* fails as expected */
	GATE_FIXED,	  /* passes, and a failure was expected */
	GATE_NEW,	  /* fails, and should not, or in another way */
	GATE_UNJUDGED,	  /* nobody knows: set-up, clean-up, inconclusive, error */
};

/* What the verdict of "suite/test" or "suite/test[case]" means; *reason: the file's, or NULL. */
enum gate expected_gate(const struct expected *e, const char *suite, const char *test,
	const char *test_case, enum verdict verdict, const char **reason);

#endif
