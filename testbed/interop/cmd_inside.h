// SPDX-License-Identifier: Apache-2.0
/* What the command line of `baton interop` and the run of it share. */
#ifndef TESTBED_INTEROP_CMD_INSIDE_H
#define TESTBED_INTEROP_CMD_INSIDE_H

#include <limits.h>

#include "testbed/interop/cell.h"
#include "testbed/suite/expected.h"

#define STATUS_SKIP 125
#define PARTICIPANTS_MAX 32
#define ONLY_MAX 64
#define JOBS_MAX 64

struct call {
	const char *matrix_name, *clock, *results_given, *expected_file;
	const char *only[ONLY_MAX];
	unsigned only_count;
	const char *suts;
	bool list, resume, again;
	unsigned jobs;
	const char *part; /* in a guest: the folder that has the certificates; NULL: the whole run is ours */
	struct matrix matrix;
	struct expected expected;
	struct participant participants[PARTICIPANTS_MAX];
	unsigned participant_count;
	struct topology *topology;
	char results[PATH_MAX], work[64], credentials[2][PATH_MAX];
	int argc;
	char **argv;
};

/* "baton interop: ..." on standard error; 2. */
int call_complain(const char *format, const char *value);

/* Prints the findings; 2. */
int call_trouble(struct diagnostics *d);

/* One cell of those that the call names, in the order of the whole: `order` counts all cells. */
struct call_cell {
	unsigned a, b, order;
	const struct feature *feature;
};

/* Calls `each` (may be NULL) for what is to be run, pair by pair; their number. */
size_t call_each(struct call *call,
	void (*each)(struct call *call, const struct call_cell *cell, void *context), void *context);

/* "ref:strongswan/v2-psk", into out[CELL_NAME_MAX]; returns `out`. */
const char *call_cell_name(const struct call *call, const struct call_cell *cell, char *out);

/* All of the run, guests included. The exit status. */
int call_run(struct call *call);

/* The cells that nobody has claimed yet, on this kernel, each with its record. The exit status. */
int call_run_cells(struct call *call);

/* Makes the folder for what is not kept, with certificates in it. 0, or 2 after a message. */
int call_make_work(struct call *call);

#endif
