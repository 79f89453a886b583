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
