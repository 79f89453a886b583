// SPDX-License-Identifier: Apache-2.0
/* The rows of the handover, held against what they must be as a whole: the node never waits for
 * ever, every state can be reached and left, and RFC 6252's six steps stand in their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ref/mn/handover_inside.h"

static bool rests(int state)
{
	return state == MOVE_DETACHED || state == MOVE_ATTACHED;
}

static bool has_row(int from, int event)
{
	const struct fsm *m = handover_machine();

	for (unsigned i = 0; i < m->count; i++)
		if (m->rows[i].from == from && m->rows[i].event == event)
			return true;
	return false;
}

static void every_state_has_a_way_in(void **state)
{
	const struct fsm *m = handover_machine();
	bool reached[MOVE_STATE_COUNT] = { [MOVE_DETACHED] = true };

	(void)state;
	for (int round = 0; round < MOVE_STATE_COUNT; round++)
		for (unsigned i = 0; i < m->count; i++) {
			const struct fsm_row *r = &m->rows[i];
			if (r->to != FSM_SAME && (r->from == FSM_ANY || reached[r->from]))
				reached[r->to] = true;
		}
	for (int s = 0; s < MOVE_STATE_COUNT; s++)
		if (!reached[s])
			fail_msg("%s cannot be reached", m->states[s]);
}

static void no_state_waits_for_ever(void **state)
{
	(void)state;
	for (int s = 0; s < MOVE_STATE_COUNT; s++)
		if (!rests(s) && !has_row(s, MOVE_EVENT_TIMEOUT))
			fail_msg("%s has no row for the time-out",
				handover_machine()->states[s]);
}

/* A row without a guard ends what comes after it for the same state and event. */
static void no_row_is_out_of_reach(void **state)
{
	const struct fsm *m = handover_machine();

	(void)state;
	for (unsigned i = 0; i < m->count; i++)
		for (unsigned k = 0; k < i; k++)
			if (m->rows[k].from == m->rows[i].from &&
				m->rows[k].event == m->rows[i].event && !m->rows[k].guard)
				fail_msg("row %u (%s, %s) is behind row %u", i,
					m->states[m->rows[i].from], m->events[m->rows[i].event], k);
}

static void what_is_refused_is_taken_everywhere_it_can_come(void **state)
{
	(void)state;
	for (int s = MOVE_PRE_AUTHENTICATING; s <= MOVE_ARRIVING; s++)
		if (s != MOVE_SWITCHING && !has_row(s, MOVE_EVENT_REFUSED))
			fail_msg("%s has no row for a refusal", handover_machine()->states[s]);
}

static void the_move_may_come_early_in_every_state_before_it(void **state)
{
	(void)state;
	for (int s = MOVE_PRE_AUTHENTICATING; s < MOVE_SWITCHING; s++)
		if (!has_row(s, MOVE_EVENT_EARLY))
			fail_msg("%s has no row for an early move", handover_machine()->states[s]);
}

/* Walks the way of a prepared handoff: each event leads to the next state, and the steps of RFC
 * 6252 §6.3 that the rows name never go back. */
static void a_prepared_handoff_takes_the_six_steps_in_order(void **state)
{
	static const int way[][2] = {
		{ MOVE_ATTACHED, MOVE_EVENT_PREPARE },
		{ MOVE_PRE_AUTHENTICATING, MOVE_EVENT_AUTHENTICATED },
		{ MOVE_PRE_CONFIGURING, MOVE_EVENT_ADDRESS },
		{ MOVE_PRE_TUNNELLING, MOVE_EVENT_TUNNEL },
		{ MOVE_PREPARED, MOVE_EVENT_GO },
		{ MOVE_LOOKING, MOVE_EVENT_SEEN },
		{ MOVE_BINDING, MOVE_EVENT_BOUND },
		{ MOVE_HANDING_OVER, MOVE_EVENT_DONE },
		{ MOVE_SWITCHING, MOVE_EVENT_L2_UP },
		{ MOVE_KNOCKING, MOVE_EVENT_REACHED },
		{ MOVE_ARRIVING, MOVE_EVENT_DONE },
	};
	const struct fsm *m = handover_machine();
	size_t steps = sizeof(way) / sizeof(way[0]);
	int last = 0;

	(void)state;
	for (size_t i = 0; i < steps; i++) {
		int next = i + 1 < steps ? way[i + 1][0] : MOVE_ATTACHED;
		const struct fsm_row *found = NULL;
		for (unsigned k = 0; k < m->count && !found; k++)
			if (m->rows[k].from == way[i][0] && m->rows[k].event == way[i][1] &&
				m->rows[k].to == next)
				found = &m->rows[k];
		if (!found)
			fail_msg("from %s, %s does not lead to %s", m->states[way[i][0]],
				m->events[way[i][1]], m->states[next]);
		const char *step = found->section ? strstr(found->section, "step ") : NULL;
		if (step) {
			assert_true(step[5] - '0' >= last);
			last = step[5] - '0';
		}
	}
	assert_int_equal(last, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_has_a_way_in),
		cmocka_unit_test(no_state_waits_for_ever),
		cmocka_unit_test(no_row_is_out_of_reach),
		cmocka_unit_test(what_is_refused_is_taken_everywhere_it_can_come),
		cmocka_unit_test(the_move_may_come_early_in_every_state_before_it),
		cmocka_unit_test(a_prepared_handoff_takes_the_six_steps_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
