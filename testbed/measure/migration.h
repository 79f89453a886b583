// SPDX-License-Identifier: Apache-2.0
/*
 * The experiment of a mobile node that changes its address: what becomes of connections, by address
 * change (docs/address-change.md), MOBIKE, Multipath TCP, or nothing.
 */
#ifndef BATON_MEASURE_MIGRATION_H
#define BATON_MEASURE_MIGRATION_H

#include "testbed/measure/experiment.h"
#include "testbed/measure/streams.h"
#include "testbed/measure/wire_view.h"

/* Figures of one change; NAN where it has none. */
#define MIGRATION_FIGURES(X)                                                                       \
	X(interruption_ms, "Interruption: longest gap less its interval", "ms")                   \
	X(gap_down_ms, "of the download", "ms")                                                    \
	X(gap_up_ms, "of the upload", "ms")                                                        \
	X(gap_constant_ms, "of the constant stream, both directions", "ms")                        \
	X(beyond_ms, "Interruption beyond one round trip", "ms")                                   \
	X(first_data_ms, "New address to first data at it", "ms")                                  \
	X(round_trips, "the same in round trips", "RTT")                                   \
	X(moved_ms, "New address to the last connection there, both directions", "ms")             \
	X(again_octets, "Octets sent again, or in vain", "octets")                                 \
	X(overhead_before_octets, "More than plain TCP on each packet, before", "octets")          \
	X(overhead_octets, "More than plain TCP on each packet, afterwards", "octets")             \
	X(fragments, "Fragments of IP at the new link", "packets")                                 \
	X(control_messages, "Messages of IKE at the new address", "packets")                       \
	X(stood_still_ms, "Programs of the mobile node stood still", "ms")                         \
	X(broken_streams, "Streams with octets lost, wrong, or an error", "streams")               \
	X(in_clear, "Segments on the wire outside the protection", "packets")

struct migration_figures {
#define X(row, title, unit) double row;
	MIGRATION_FIGURES(X)
#undef X
};

extern const struct experiment_column migration_columns[];

/* As experiment_run. */
int migration_run(const struct experiment *experiment, const struct experiment_options *options,
	const struct figures *documented, struct result *result);

/* --- migration_figures.c ------------------------------------------------------------------------ */

#define MIGRATION_STREAMS 3 /* download, upload, constant both ways */
#define STREAM_MS 2	     /* 200 octets each, of download and upload */
#define CONSTANT_MS 16	     /* 160 octets each, of the constant stream */

/* What was seen of one change of address. */
struct migration_input {
	double moved;	   /* when the new address came, seconds */
	double ended;	   /* when the streams were told to end */
	double rtt_ms;
	double still_s;	   /* the scheme's word for how long programs stood still; NAN: none */
	bool protects;	   /* all of it is to be in ESP */
	struct streams_log mn, cn;
	struct wire a, b, core; /* captured at the router: old link, new link, towards the other end */
};

/* Octets of headers of a TCP segment with time stamps, in IPv4. */
#define PLAIN_HEADERS 52

/* 0, or -1 with *error set when the traffic or the capture that a figure must have is not there. */
int migration_compute(const struct migration_input *input, struct migration_figures *figures,
	struct report_error *error);

/* --- migration_verdict.c ------------------------------------------------------------------------ */

struct migration_column {
	const char *name; /* NULL ends a list */
	double rtt_ms;
	struct migration_figures median;
};

/* Adds to the report what must hold of the columns. Returns how much of it does not. */
int migration_judge(const struct migration_column *columns, struct result_measurement *measurement);

#endif
