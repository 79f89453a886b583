// SPDX-License-Identifier: Apache-2.0
/*
 * The normative statements of the specifications (suites/requirements/DOCUMENT.yaml): what a suite
 * covers, what nothing covers, and why.
 */
#ifndef TESTBED_SUITE_CATALOGUE_H
#define TESTBED_SUITE_CATALOGUE_H

#include "testbed/report/result.h"
#include "testbed/suite/rows.h"
#include "testbed/suite/suite.h"

#define DOCUMENTS_MAX 32

struct catalogue {
	struct rows documents[DOCUMENTS_MAX];
	unsigned count;
};

/* Reads every catalogue of the folder. 0, or -1 with findings. */
int catalogue_load(const char *folder, struct catalogue *c, struct diagnostics *d);
void catalogue_free(struct catalogue *c);

/* Every statement that a suite says it covers exists and has that level; a bare section must have
 * one statement only. A document without a catalogue is let be. 0, or -1 with complaints. */
int catalogue_check(const struct catalogue *c, const struct suite *suite,
	struct complaints *complaints);

struct coverage_count {
	unsigned statements, covered, explained, open;
};

/* Adds the statements of every document that one of the suites mentions to the result (NULL: only
 * counts). `open` (may be NULL) gets a line for each that nothing covers and nothing explains. */
struct coverage_count catalogue_report(const struct catalogue *c, struct suite *const *suites,
	size_t count, struct result *result, FILE *open);

#endif
