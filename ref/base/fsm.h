// SPDX-License-Identifier: Apache-2.0
/*
 * State machines as rows that a reader can hold against the specification's own table.
 *
 * fsm_step looks for the first row with the present state, the event and a guard that holds; it
 * sets the next state, then runs the row's action (an action that calls fsm_step again sees the new
 * state). Rows count their hits in an array of the caller's, so that a report can show which were
 * never exercised.
 */
#ifndef BATON_BASE_FSM_H
#define BATON_BASE_FSM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define FSM_ANY (-1)  /* as `from`: every state */
#define FSM_SAME (-1) /* as `to`: stay */

struct fsm_row {
	int from, event;
	bool (*guard)(const void *context, const void *input); /* NULL: always */
	int to;
	int (*action)(void *context, const void *input); /* NULL: nothing to do */
	const char *section;
	const char *guard_name, *action_name; /* for the drawing; may be NULL */
};

struct fsm {
	const char *name;
	const struct fsm_row *rows;
	unsigned count;
	const char *const *states, *const *events; /* names by number */
};

/*
 * One step. Returns what the action returned (0 without one); *row is the row taken or -1 when no
 * row fits, and then the result is -1. `hits` (one counter a row) and `row` may be NULL.
 */
int fsm_step(const struct fsm *fsm, int *state, int event, void *context, const void *input,
	uint32_t *hits, int *row);

/* Whether some row takes the event in that state, guards aside. Changes nothing. */
bool fsm_accepts(const struct fsm *fsm, int state, int event);

/*
 * Draws the machine: Graphviz's dot, or the text that Mermaid and so Markdown pages take. With
 * `hits` rows that were never taken are dashed (dot) or marked (Mermaid).
 */
void fsm_write_dot(const struct fsm *fsm, const uint32_t *hits, FILE *out);
void fsm_write_mermaid(const struct fsm *fsm, const uint32_t *hits, FILE *out);

/* The rows as a Markdown table with their sections and hits (`hits` may be NULL). */
void fsm_write_table(const struct fsm *fsm, const uint32_t *hits, FILE *out);

#endif
