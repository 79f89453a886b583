// SPDX-License-Identifier: Apache-2.0
/*
 * One cell of a matrix: a pair of implementations in their roles, and a feature. Its network is raised,
 * both are started in it, do what the feature has them do, and are ended; then the wire is judged.
 */
#ifndef TESTBED_INTEROP_CELL_H
#define TESTBED_INTEROP_CELL_H

#include "testbed/adapter/sut.h"
#include "testbed/interop/matrix.h"
#include "testbed/interop/wiretap.h"
#include "testbed/report/result.h"

/* What all cells have in common. */
struct interop {
	const struct matrix *matrix;
	const struct topology *topology;
	const char *results;	 /* folder, absolute */
	const char *work;	 /* folder for what is not kept, absolute */
	const char *credentials[2]; /* folders of certificates: with elliptic keys, and with RSA */
};

struct participant {
	const struct manifest *manifest;
	char version[256]; /* "" not known */
};

struct cell {
	const struct feature *feature;
	const struct participant *ends[2];
	unsigned number;
	/* filled by cell_run */
	enum verdict verdict;
	char reason[600];
	double duration_s;
	char received[FACTS_MAX][240];
	char capture[200], keylog[200], log[200]; /* relative to the results; "" none */
	struct wiretap wire;
	btime start;
};

/* Runs it and fills in the rest; to be released with cell_release. Evidence is in the results'
 * folder. */
void cell_run(const struct interop *interop, struct cell *cell);

/* Adds it to the suite of its pair. */
void cell_report(const struct interop *interop, struct cell *cell, struct result *result,
	struct result_suite *suite);

/* Releases what the wire gave. */
void cell_release(struct cell *cell);

#endif
