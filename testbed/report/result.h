// SPDX-License-Identifier: Apache-2.0
/*
 * Writing result.json, the one record of a run. The conformance runner and the measurement fill a
 * struct result while they work and write it once at the end; every report is a view of that file.
 * Its shape is reports/result.schema.json, explained in docs/reports.md.
 *
 * Ownership: every string and array handed in is copied during the call, so stack storage will do.
 * The result owns all that is added to it; the handles for suites, measurements and columns are
 * borrowed from it and die with result_free(). Out of memory ends the process.
 *
 * Text: UTF-8. Bytes that are not UTF-8 (an implementation under test may send anything) are
 * replaced by U+FFFD. NULL means that an optional text is absent; a text marked "required" is
 * written as "" when NULL, which result_write() then refuses with the place named.
 *
 * Numbers: NAN stands for "no such value" and is written as null where the row says so.
 */
#ifndef TESTBED_REPORT_RESULT_H
#define TESTBED_REPORT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct result;
struct result_suite;
struct result_measurement;
struct result_column;

/* One sentence for a person: "FILE:LINE: what is wrong; what would be right". */
struct report_error {
	char text[1024];
};

enum verdict {
	VERDICT_PASS,
	VERDICT_DEVIATION,	/* a SHOULD not met */
	VERDICT_FAIL,		/* a MUST not met */
	VERDICT_INCONCLUSIVE,	/* the preamble did not get there */
	VERDICT_UNSUPPORTED,	/* the adapter said so (127) */
	VERDICT_NOT_APPLICABLE, /* another role */
	VERDICT_SETUP_FAILED,
	VERDICT_CLEANUP_FAILED,
	VERDICT_CRASH, /* of the implementation under test */
	VERDICT_ERROR, /* ours */
};
#define VERDICT_COUNT (VERDICT_ERROR + 1)

/* The word for a verdict in result.json: "pass", "not-applicable", ... */
const char *verdict_name(enum verdict v);

/* The verdict for a word; false when there is none. */
bool verdict_from_name(const char *name, enum verdict *v);

/* True for what makes a run fail: fail, set-up, clean-up, crash and error, and inconclusive, since
 * nothing was proven. Pass, unsupported and not-applicable do not, nor does a deviation: a SHOULD
 * leaves the choice to the implementer, so it is shown and counted but breaks no build. */
bool verdict_is_bad(enum verdict v);

/* ---- the whole ---------------------------------------------------------------------------- */

struct result_info {
	const char *dir; /* folder of result.json, made if missing; attached paths are below it */
	const char *version; /* of baton, required */
	const char *commit;  /* of baton, or NULL */
	bool guest;	     /* this kernel is baton's own guest */
	const char *clock;   /* "virtual", "real" or "native" */
	int argc;	     /* the command line that was run */
	char *const *argv;
};

/* Starts a result; notes the kernel, the machine and the time. Never fails. */
struct result *result_new(const struct result_info *info);

/* Says that the run ended early: "interrupted by SIGINT after 12 of 60 tests". Reports show it
 * at the top and a merge keeps it. */
void result_set_interrupted(struct result *r, const char *why);

/* Adds a file below the result's folder (capture, key log, event log) with its size and SHA-256.
 * The path is relative to that folder, without "..". Adding the same path again renews its digest.
 * Call it when the file is complete. Returns 0, or -1 with *error set and nothing added. */
int result_attach(struct result *r, const char *path, struct report_error *error);

/* Writes result.json into the folder: duration since result_new(), to a temporary file first, then
 * renamed, so a reader sees the old file or the whole new one. Checks the required parts. Returns
 * 0, or -1 with *error set (no disk space, no permission, a part missing) and no file left. */
int result_write(struct result *r, struct report_error *error);

/* The tree itself, borrowed; for tests and for those who add what this header lacks. */
json_t *result_json(struct result *r);

/* Releases the tree; files that were written stay. Accepts NULL. */
void result_free(struct result *r);

/* ---- verdicts ----------------------------------------------------------------------------- */

struct report_implementation {
	const char *name;    /* required */
	const char *version; /* as the implementation says it, or NULL */
	const char *role;    /* pac, paa, ... */
	const char *adapter; /* path of its manifest, or NULL */
};

struct suite_report {
	const char *name; /* "pana/paa", required */
	const char *title;
	const char *file; /* of the suite */
	struct report_implementation sut;
	const struct report_implementation *peer; /* the other real one when two interoperate */
};

/* Adds a suite run against one implementation. Returns its handle. */
struct result_suite *result_add_suite(struct result *r, const struct suite_report *suite);

struct report_pair {
	const char *name;
	const char *value;
};

struct report_clause {
	const char *document; /* "RFC5191" */
	const char *section;  /* "5.2" */
	const char *level;    /* "must", "should", "may" */
};

struct report_difference {
	const char *field;
	const char *expected;
	const char *received;
};

/* One arrow of the ladder diagram. */
struct report_step {
	double t_s;	  /* since the start of the test */
	const char *from; /* "tester" or "sut"; any other name draws a line of its own */
	const char *to;
	const char *label;		  /* "PAR [S] seq=5" */
	const char *note;		  /* "dropped by the suite", "retransmission"; or NULL */
	unsigned line;			  /* of the suite, 0: none */
	unsigned packet;		  /* number in the capture, from 1; 0: none */
	const struct report_pair *fields; /* decoded, in wire order */
	size_t n_fields;
};

struct test_report {
	const char *name;		  /* required, unique in its suite together with the case */
	const char *purpose;		  /* the sentence of the test */
	const struct report_pair *params; /* the case's parameters */
	size_t n_params;
	const char *file; /* of the suite, required */
	unsigned line;	  /* where the test begins, or the line that decided the verdict */
	const struct report_clause *covers;
	size_t n_covers;
	enum verdict verdict;
	const char *reason; /* one sentence; required unless the verdict is pass */
	const char *clause; /* "RFC5191 5.2 must", or NULL */
	const char *const *expected;
	size_t n_expected;
	const char *const *received;
	size_t n_received;
	const struct report_difference *differs;
	size_t n_differs;
	double duration_s;
	unsigned attempts; /* 0 is taken as 1 */
	bool flaky;	   /* passed only when tried again */
	const struct report_step *ladder;
	size_t n_ladder;
	const char *capture; /* paths below the folder, also to be given to result_attach() */
	const char *keylog;
	const char *log;
};

/* Adds the verdict of one test, or of one case of a test. */
void suite_add_test(struct result_suite *suite, const struct test_report *test);

struct report_requirement {
	const char *document; /* "RFC5191" */
	const char *id;	      /* "RFC5191-5.2-3", required, unique */
	const char *section;
	const char *level;
	const char *text;	       /* the statement in our own words or quoted */
	const char *const *covered_by; /* "pana/paa/sequence-number-of-answer" */
	size_t n_covered_by;
	const char *why_not; /* why nothing covers it, or NULL */
};

/* Adds one normative statement. One added twice (several suites) is merged by its id. */
void result_add_requirement(struct result *r, const struct report_requirement *req);

/* ---- measurements ------------------------------------------------------------------------- */

struct measurement_report {
	const char *experiment; /* "handoff", required */
	const char *title;
	const char *documented; /* id in reports/documented-figures.yaml, or NULL */
	const char *clock;	/* "virtual", "real" or "native" */
	const char *note;
};

/* Begins the measurement of one experiment. The result's. */
struct result_measurement *result_add_measurement(struct result *r,
	const struct measurement_report *m);

/* Adds a column: one way of doing the handoff. documented_column is the name in the documented
 * table, or NULL. documented, or NULL, names another table for this column than the measurement's
 * (unprepared beside rfc6252-non-mpa, prepared beside rfc6252-fig7). */
struct result_column *measurement_add_column(struct result_measurement *m, const char *name,
	const char *documented_column, const char *documented, unsigned repetitions);

struct report_row {
	const char *row;   /* "l2_handoff_ms", required */
	const char *title; /* "L2 handoff" */
	const char *unit;  /* "ms", "packets", ... */
	double documented; /* NAN: not documented */
	double tolerance;  /* relative, as given to figure_word(); NAN: its default for the unit */
	bool higher_is_better;
	const double *values; /* one per repetition; NAN where a repetition has none */
	size_t n_values;
	const char *explanation; /* why it differs, or NULL */
};

/* Adds a row. Median, least, greatest and the word are computed here from the values. */
void column_add_row(struct result_column *c, const struct report_row *row);

enum finding { FINDING_HOLDS, FINDING_FAILS, FINDING_NOT_MEASURED };

/* Adds a sentence about several columns together: that it holds, that it does not, or what could
 * not be measured and why. */
void measurement_add_finding(struct result_measurement *m, enum finding finding, const char *text);

/* Times of a handoff are ms on one axis whose 0 is the moment at which the mobile node starts the
 * link-layer handoff (leaves the old point of attachment); what is prepared before is negative.
 * So prepared and unprepared handoffs lie over each other in the report. */
struct handoff_phase {
	const char *name;  /* "T_auth", "T_conf", "T_assoc", "T_4way", "DHCP", "DAD", "BU", ... */
	const char *layer; /* "l2", "l3", "tunnel" or "buffer": the lane it is drawn in; NULL: l3 */
	double start_ms;
	double end_ms;
};

struct handoff_event {
	double t_ms;
	const char *node;     /* "mn" */
	const char *event;    /* "pana_authenticated" */
	const json_t *detail; /* the event's other keys, copied; or NULL */
};

struct handoff_packet {
	uint64_t seq;
	double sent_ms;
	double received_ms; /* of the first copy; NAN: lost */
	unsigned copies;    /* received; 0 when lost */
	bool buffered;	    /* was held in a buffer on its way */
};

struct handoff_report {
	const char *column;  /* name of the column it belongs to */
	unsigned repetition; /* from 1 */
	const struct handoff_phase *phases;
	size_t n_phases;
	const struct handoff_event *timeline;
	size_t n_timeline;
	const struct handoff_packet *packets; /* those around the handoff */
	size_t n_packets;
	const struct report_pair *captures; /* node, path; also to be given to result_attach() */
	size_t n_captures;
};

/* Adds the time line of one repetition, as the report draws it. All of it is copied. */
void measurement_add_handoff(struct result_measurement *m, const struct handoff_report *h);

#endif
