// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>

#include "ref/base/fsm.h"

static bool row_fits(const struct fsm_row *r, int state, int event, const void *context,
	const void *input)
{
	return r->event == event && (r->from == FSM_ANY || r->from == state) &&
		(!r->guard || r->guard(context, input));
}

int fsm_step(const struct fsm *fsm, int *state, int event, void *context, const void *input,
	uint32_t *hits, int *row)
{
	for (unsigned i = 0; i < fsm->count; i++) {
		const struct fsm_row *r = &fsm->rows[i];
		if (!row_fits(r, *state, event, context, input))
			continue;
		if (hits)
			hits[i]++;
		if (row)
			*row = (int)i;
		if (r->to != FSM_SAME)
			*state = r->to;
		return r->action ? r->action(context, input) : 0;
	}
	if (row)
		*row = -1;
	return -1;
}

bool fsm_accepts(const struct fsm *fsm, int state, int event)
{
	for (unsigned i = 0; i < fsm->count; i++) {
		const struct fsm_row *r = &fsm->rows[i];
		if (r->event == event && (r->from == FSM_ANY || r->from == state))
			return true;
	}
	return false;
}

static const char *from_name(const struct fsm *fsm, const struct fsm_row *r)
{
	return r->from == FSM_ANY ? "any" : fsm->states[r->from];
}

static const char *to_name(const struct fsm *fsm, const struct fsm_row *r)
{
	return r->to == FSM_SAME ? from_name(fsm, r) : fsm->states[r->to];
}

static void label(const struct fsm *fsm, const struct fsm_row *r, const char *newline, FILE *out)
{
	fputs(fsm->events[r->event], out);
	if (r->guard && r->guard_name)
		fprintf(out, " [%s]", r->guard_name);
	if (r->action && r->action_name)
		fprintf(out, "%s/ %s", newline, r->action_name);
}

void fsm_write_dot(const struct fsm *fsm, const uint32_t *hits, FILE *out)
{
	fprintf(out, "digraph \"%s\" {\n\trankdir=LR; node [shape=box, style=rounded];\n",
		fsm->name);
	for (unsigned i = 0; i < fsm->count; i++) {
		const struct fsm_row *r = &fsm->rows[i];
		fprintf(out, "\t\"%s\" -> \"%s\" [label=\"", from_name(fsm, r), to_name(fsm, r));
		label(fsm, r, "\\n", out);
		fprintf(out, "\"%s];\n", hits && !hits[i] ? ", style=dashed" : "");
	}
	fputs("}\n", out);
}

void fsm_write_mermaid(const struct fsm *fsm, const uint32_t *hits, FILE *out)
{
	fputs("stateDiagram-v2\n", out);
	for (unsigned i = 0; i < fsm->count; i++) {
		const struct fsm_row *r = &fsm->rows[i];
		fprintf(out, "    %s --> %s : ", from_name(fsm, r), to_name(fsm, r));
		label(fsm, r, " ", out);
		fprintf(out, "%s\n", hits && !hits[i] ? " (never)" : "");
	}
}

void fsm_write_table(const struct fsm *fsm, const uint32_t *hits, FILE *out)
{
	fprintf(out, "| from | event | guard | to | action | section |%s\n",
		hits ? " taken |" : "");
	fprintf(out, "| --- | --- | --- | --- | --- | --- |%s\n", hits ? " --- |" : "");
	for (unsigned i = 0; i < fsm->count; i++) {
		const struct fsm_row *r = &fsm->rows[i];
		fprintf(out, "| %s | %s | %s | %s | %s | %s |", from_name(fsm, r),
			fsm->events[r->event], r->guard && r->guard_name ? r->guard_name : "",
			to_name(fsm, r), r->action && r->action_name ? r->action_name : "",
			r->section ? r->section : "");
		if (hits)
			fprintf(out, " %u |", hits[i]);
		fputs("\n", out);
	}
}
