// SPDX-License-Identifier: Apache-2.0
/*
 * Progress of a run that judges many tests. On a terminal one line says what is running and is
 * drawn over; tests that did not pass stay above it. Elsewhere (a log, a pipe) each test is a line.
 */
#ifndef TESTBED_REPORT_PROGRESS_H
#define TESTBED_REPORT_PROGRESS_H

#include <stddef.h>
#include <stdio.h>

#include "testbed/report/result.h"

struct progress;

/* Starts; total is the number of tests, 0 when it is not known. The stream is borrowed, usually
 * stderr. */
struct progress *progress_start(FILE *out, size_t total);

/* A test begins: "pana/paa/sequence-number". */
void progress_begin(struct progress *p, const char *test);

/* It has ended. reason may be NULL. */
void progress_end(struct progress *p, enum verdict verdict, const char *reason, double duration_s);

/* Clears the line and says the counts in one. Frees p. */
void progress_finish(struct progress *p);

#endif
