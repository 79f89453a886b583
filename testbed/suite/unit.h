// SPDX-License-Identifier: Apache-2.0
/*
 * One test, whole: its network raised, the implementation started in it, the script run, all of it
 * taken down, the evidence written. Several units run side by side and share nothing that changes.
 */
#ifndef TESTBED_SUITE_UNIT_H
#define TESTBED_SUITE_UNIT_H

#include "testbed/adapter/manifest.h"
#include "testbed/report/result.h"
#include "testbed/suite/script.h"
#include "testbed/suite/suite.h"
#include "testbed/topology/topology.h"

/* What all units of a run have in common. Read-only while they run. */
struct run {
	const struct manifest *manifest;
	const char *results;	   /* folder, absolute */
	const char *work;	   /* folder for what is not kept, absolute */
	const char *credentials;   /* folder of the certificates; NULL: no test needs them */
	const struct topology *wire; /* NULL: the adapter names a real wire */
	struct network_launcher *launcher; /* of the wire; the runner's */
	double patience;
	uint64_t seed;
	int wake;		   /* readable: the run is interrupted */
	bool step, shell;
};

struct unit {
	const struct suite *suite;
	const struct test *test;
	char name[200];		     /* of the case */
	unsigned number;	     /* in this run, from 1: its scratch folder */
	const char *mutant;	     /* wrong variant of the implementation to be run; NULL: none */
	bool done, interrupted;
	unsigned attempts;
	bool flaky;
	double duration_s;
	struct outcome outcome;
	struct arena *arena;	     /* owns what is below */
	const struct report_step *steps;
	size_t step_count;
	const char *capture, *keylog, *log; /* relative to the results; NULL: none */
};

/* Runs the test. u->suite, test and name are set; the rest is filled. */
void unit_run(const struct run *run, struct unit *u);

/* Adds it to the result, attachments too. */
void unit_report(const struct unit *u, struct result *result, struct result_suite *suite);

/* Releases what a run of it left; it may be run again. */
void unit_release(struct unit *u);

/* "pana/paa" and "x[a=b]" as names of files: other characters become _. Returns `out`. */
const char *file_name(const char *text, char *out, size_t size);

#endif
