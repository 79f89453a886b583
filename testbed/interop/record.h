// SPDX-License-Identifier: Apache-2.0
/*
 * What is known of each cell, in a file of its own below the results: cells/INITIATOR-RESPONDER-FEATURE.json,
 * a result of one test. So a run that was ended goes on where it was, several guests work at one matrix, and
 * one cell can be run again. The whole, result.json, is put together from these files.
 */
#ifndef TESTBED_INTEROP_RECORD_H
#define TESTBED_INTEROP_RECORD_H

#include "testbed/report/result.h"

#define CELL_NAME_MAX 300

/* The cell's name as a file has it, "ref-strongswan-v2-psk", into out[CELL_NAME_MAX]; returns `out`. */
const char *record_name(const char *initiator, const char *responder, const char *feature, char *out);

/* Whether the cell has its verdict. */
bool record_stands(const char *results, const char *name);

/* True for one caller alone, of all guests and processes at that folder, until record_begin. */
bool record_claim(const char *results, const char *name);

/* Forgets the cell's verdict. */
void record_forget(const char *results, const char *name);

/* Forgets all claims, which somebody who was killed may have left, and with `all` all verdicts. 0, or -1
 * with errno. */
int record_begin(const char *results, bool all);

/* Writes the result of one cell, `order` its place in the whole. 0, or -1 with *error set. */
int record_write(const char *results, const char *name, unsigned order, struct result *one,
	struct report_error *error);

/*
 * Puts all cells of the folder together, in their order, as result.json: it began with the first of them,
 * and took what they took by their own clock. `argv` is the command; `missing` says what is not there, NULL:
 * all is. 0 with the tree, to be released by json_decref, or -1 with *error set.
 */
int record_compose(const char *results, int argc, char *const *argv, const char *missing, json_t **whole,
	struct report_error *error);

#endif
