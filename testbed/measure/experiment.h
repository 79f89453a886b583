// SPDX-License-Identifier: Apache-2.0
/*
 * Experiments as rows: which handoffs are made, how often, and beside which documented figures
 * they stand.
 */
#ifndef BATON_MEASURE_EXPERIMENT_H
#define BATON_MEASURE_EXPERIMENT_H

#include <stdbool.h>

#include "testbed/measure/handoff.h"
#include "testbed/report/figures.h"

struct experiment_column {
	const char *name;
	const char *documented, *documented_column; /* table and column; NULL: none */
	const char *handoff[6];			    /* verb of the mobile node and its arguments */
	const char *settings[3]; /* for all nodes, beside those of the topology; ends with NULL */
	unsigned programs; /* bits for the sets that it uses; one that is in memory needs no warm-up */
	const char *rows[18];			    /* of handoff_rows, in the order shown */
	unsigned before_ms, after_ms;		    /* traffic before the verb, after its end */
};

struct experiment_options;
struct experiment;

struct experiment {
	const char *name, *title;
	const char *topology;
	const char *mn, *nar, *cn, *par; /* its nodes */
	const char *cn_capture, *mn_capture; /* interfaces where traffic is sent and received */
	const char *ar_capture;		 /* of both access routers, towards the mobile node */
	const char *home;		 /* the mobile node's home address */
	const struct experiment_column *columns; /* ends with a row whose name is NULL */
	const char *note;
	/* How its columns are run; NULL: as handoffs with traffic. As experiment_run. */
	int (*run)(const struct experiment *experiment, const struct experiment_options *options,
		const struct figures *documented, struct result *result);
};

/* Ends with a row whose name is NULL. */
extern const struct experiment experiments[];

/* The row of that name, or NULL. */
const struct experiment *experiment_named(const char *name);

/* Why a figure differs from the documented one for a reason that is known; NULL otherwise. */
const char *experiment_explanation(const char *documented, const char *row);

struct experiment_options {
	unsigned repetitions;
	const char *results; /* folder; exists */
	const char *workspace; /* folder in memory, where everything is written first; exists */
	const char *clock;   /* "virtual", "real", "native" */
	const char *sut;     /* adapter of the nodes */
	bool keep;	     /* captures of every repetition, not only of the first */
	const char *columns; /* names with commas between them; NULL: all */
};

/* Whether that column is to be run. */
bool experiment_wants(const struct experiment_options *options, const char *column);

/*
 * Runs the experiment on this kernel and adds it to the result. Returns the number of repetitions
 * that gave no figures (each was explained on stderr), or -1 when it could not run at all.
 */
int experiment_run(const struct experiment *experiment, const struct experiment_options *options,
	struct result *result);

#endif
