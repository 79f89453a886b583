// SPDX-License-Identifier: Apache-2.0
/*
 * The figures of one handoff, from captures and event logs. docs/measurement.md gives each its
 * formula; the rows below name them.
 */
#ifndef BATON_MEASURE_HANDOFF_H
#define BATON_MEASURE_HANDOFF_H

#include "testbed/measure/events.h"
#include "testbed/measure/packets.h"

/*   row                     title                                unit */
#define HANDOFF_FIGURES(X)                                                                         \
	X(l2_handoff_ms, "L2 handoff, from link down to the 4-way handshake", "ms")                \
	X(l2_leaving_ms, "Leaving the old network", "ms")                                          \
	X(l3_handoff_ms, "L3 handoff, after L2", "ms")                                             \
	X(handover_ms, "Handover, from leaving to traffic over the new address", "ms")             \
	X(interruption_ms, "Longest gap in received data", "ms")                                   \
	X(packet_loss, "Packets lost", "packets")                                                  \
	X(packet_loss_avg, "Packets lost", "packets")                                              \
	X(duplicates, "Packets duplicated", "packets")                                             \
	X(reordered, "Packets reordered", "packets")                                               \
	X(inter_packet_interval_ms, "Inter-packet interval before", "ms")                          \
	X(inter_packet_during_ms, "Inter-packet interval during handoff", "ms")                    \
	X(packet_jitter_ms, "Jitter: interval during less interval before", "ms")                  \
	X(jitter_rfc3550_ms, "Jitter after RFC 3550, greatest", "ms")                              \
	X(buffering_period_ms, "Buffering period", "ms")                                           \
	X(buffered_packets, "Buffered packets", "packets")                                         \
	X(t_auth_ms, "T_auth: PANA authentication", "ms")                                          \
	X(t_conf_ms, "T_conf: address and tunnel", "ms")                                           \
	X(t_assoc_4way_ms, "T_assoc+4way (RFC 6252 Figure 10)", "ms")                              \
	X(dhcp_ms, "DHCP with duplicate address detection", "ms")                                  \
	X(dad_ms, "Duplicate address detection", "ms")                                             \
	X(binding_ms, "Binding update", "ms")

struct handoff_figures {
#define X(row, title, unit) double row; /* NAN: this handoff has no such figure */
	HANDOFF_FIGURES(X)
#undef X
};

struct handoff_input {
	const struct events *events;
	const struct packets *sent;	/* captured at the sender */
	const struct packets *received; /* captured at the receiver, inside all tunnels */
	const char *mn, *ar;		/* names of the nodes in the event logs */
};

/* Moments of one handoff on the clock of the logs, seconds; NAN where it did not happen. */
struct handoff_moments {
	double started;	  /* the command */
	double left;	  /* the old point of attachment */
	double attached;  /* 4-way handshake complete */
	double completed; /* traffic flows over the new address */
};

/*
 * Finds the first handoff in the logs and computes its figures. Returns 0, or -1 with *error set
 * when the events or packets that a figure must have are not there: a handoff that did not happen
 * has no figures.
 */
int handoff_compute(const struct handoff_input *input, struct handoff_moments *moments,
	struct handoff_figures *figures, struct report_error *error);

/*
 * Adds the handoff to the report: phases, time line, and the packets from one second before to one
 * second after it.
 */
void handoff_report(const struct handoff_input *input, const struct handoff_moments *moments,
	const char *column, unsigned repetition, const struct report_pair *captures,
	size_t n_captures, struct result_measurement *measurement);

/* The figure of that row; NAN when there is no such row. */
double handoff_figure(const struct handoff_figures *figures, const char *row);

struct handoff_row {
	const char *row, *title, *unit;
};

/* All rows in the order above; ends with a row whose name is NULL. */
extern const struct handoff_row handoff_rows[];

#endif
