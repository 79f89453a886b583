// SPDX-License-Identifier: Apache-2.0
/*
 * A result.json that was read back, checked once here, so that every view may rely on its shape:
 * what the schema requires is there and has its type, paths stay below their folder, and every
 * test that did not pass has its reason.
 */
#ifndef TESTBED_REPORT_REPORT_H
#define TESTBED_REPORT_REPORT_H

#include <stddef.h>

#include <jansson.h>

#include "testbed/report/result.h"

/* How result.json is written: one value a line, in the order of the builder. Twelve digits keep
 * microseconds over a day, and 0.1 reads 0.1. */
#define RESULT_DUMP_FLAGS (JSON_INDENT(1) | JSON_REAL_PRECISION(12))

/* Where the files of a result lie: those whose path begins with prefix, in dir without it. */
struct report_origin {
	char *prefix; /* "" for a result that was not merged */
	char *dir;
};

struct report {
	json_t *root;
	char *name; /* of the file, for messages */
	char *text; /* the bytes that the digest is over */
	size_t size;
	struct report_origin *origins;
	size_t n_origins;
};

/* Reads DIR/result.json when path is a folder, else the file. Returns 0, or -1 with *error set to
 * one clear message (cut short, corrupt, another format, not of the schema) and nothing to free. */
int report_load(const char *path, struct report *report, struct report_error *error);

/* The same from bytes in memory; name stands for the file, dir for the folder of the evidence. */
int report_parse(const char *bytes, size_t size, const char *name, const char *dir,
	struct report *report, struct report_error *error);

/* Releases what report_load, report_parse or report_merge gave. */
void report_free(struct report *report);

/* Checks a tree: the schema, then what a schema cannot say. Returns 0, or -1 with *error set. */
int report_check(const json_t *root, const char *name, struct report_error *error);

/* The path at which a file of the result lies on this machine. Owned by the caller. */
char *report_file(const struct report *report, const char *name);

/* Compares every listed file with its size and digest. Returns how many do not match; *error says
 * what is wrong with the first. */
size_t report_verify_files(const struct report *report, struct report_error *error);

/* Several results in one: suites against the same implementation joined, coverage joined by id,
 * columns of the same experiment joined with all their repetitions and the word said again. Files
 * get a prefix for each result. Returns 0, or -1 with *error set (a test judged twice, a column
 * that stands beside two different documented figures) and nothing to free. */
int report_merge(const struct report *reports, size_t n, struct report *merged,
	struct report_error *error);

/* Counts of verdicts. */
struct tally {
	size_t count[VERDICT_COUNT];
	size_t total;
	size_t bad; /* those of verdict_is_bad() */
	size_t flaky;
	double duration_s;
};

/* Of one suite; adds to *tally. */
void tally_suite(const json_t *suite, struct tally *tally);

/* Of the whole result. */
struct tally tally_report(const struct report *report);

/* Of one test of the tree. */
enum verdict report_test_verdict(const json_t *test);

/* "sequence-number [seq=5]": the name of a test with the parameters of its case. Owned by the
 * caller. */
char *report_test_title(const json_t *test);

/* "baton-ref 0.1", or "baton-ref 0.1 with charon 5.9" when two meet. Owned by the caller. */
char *report_suite_sut(const json_t *suite);

#endif
