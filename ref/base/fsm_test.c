// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/fsm.h"

/* A door that locks when it is closed twice. */
enum { OPEN, CLOSED, LOCKED };
enum { PUSH, PULL, KICK, LOOK };

struct door {
	int state;
	unsigned pushes;
	uint32_t hits[8];
};

static int step(struct door *door, int event, const void *input, int *row);

static bool pushed_before(const void *context, const void *input)
{
	const struct door *door = context;
	(void)input;
	return door->pushes > 0;
}

static int count_push(void *context, const void *input)
{
	struct door *door = context;
	(void)input;
	return (int)++door->pushes;
}

/* An action that makes another event happen sees the new state. */
static int kick_then_pull(void *context, const void *input)
{
	return step(context, PULL, input, NULL);
}

static const struct fsm_row rows[] = {
	{ OPEN, PUSH, pushed_before, LOCKED, NULL, "door 1", "pushed_before", NULL },
	{ OPEN, PUSH, NULL, CLOSED, count_push, "door 2", NULL, "count_push" },
	{ CLOSED, PULL, NULL, OPEN, NULL, "door 3", NULL, NULL },
	{ OPEN, KICK, NULL, CLOSED, kick_then_pull, "door 4", NULL, "kick_then_pull" },
	{ FSM_ANY, LOOK, NULL, FSM_SAME, NULL, "door 5", NULL, NULL },
};

static const char *const states[] = { "OPEN", "CLOSED", "LOCKED" };
static const char *const events[] = { "PUSH", "PULL", "KICK", "LOOK" };
static const struct fsm door_machine = { "door", rows, 5, states, events };

static int step(struct door *door, int event, const void *input, int *row)
{
	return fsm_step(&door_machine, &door->state, event, door, input, door->hits, row);
}

static void test_first_row_that_fits(void **state)
{
	struct door door = { .state = OPEN };
	int row;

	(void)state;
	assert_int_equal(step(&door, PUSH, NULL, &row), 1);
	assert_int_equal(row, 1);
	assert_int_equal(door.state, CLOSED);
	assert_int_equal(step(&door, PULL, NULL, &row), 0);
	assert_int_equal(step(&door, PUSH, NULL, &row), 0);
	assert_int_equal(row, 0);
	assert_int_equal(door.state, LOCKED);
	assert_int_equal(door.hits[0], 1);
	assert_int_equal(door.hits[1], 1);
	assert_int_equal(door.hits[2], 1);
}

static void test_no_row(void **state)
{
	struct door door = { .state = LOCKED };
	int row;

	(void)state;
	assert_int_equal(step(&door, PUSH, NULL, &row), -1);
	assert_int_equal(row, -1);
	assert_int_equal(door.state, LOCKED);
	assert_int_equal(step(&door, LOOK, NULL, &row), 0);
	assert_int_equal(row, 4);
	assert_int_equal(door.state, LOCKED);
}

static void test_step_within_an_action(void **state)
{
	struct door door = { .state = OPEN };

	(void)state;
	step(&door, KICK, NULL, NULL);
	assert_int_equal(door.state, OPEN);
	assert_int_equal(door.hits[2], 1);
}

static void test_accepts(void **state)
{
	(void)state;
	assert_true(fsm_accepts(&door_machine, OPEN, PUSH));
	assert_false(fsm_accepts(&door_machine, LOCKED, PUSH));
	assert_true(fsm_accepts(&door_machine, LOCKED, LOOK));
}

static char *drawn(void (*draw)(const struct fsm *, const uint32_t *, FILE *), const uint32_t *hits)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	draw(&door_machine, hits, out);
	fclose(out);
	return text;
}

static void test_drawings(void **state)
{
	uint32_t hits[5] = { 1 };
	char *dot = drawn(fsm_write_dot, hits), *mermaid = drawn(fsm_write_mermaid, NULL);
	char *table = drawn(fsm_write_table, hits);

	(void)state;
	assert_non_null(strstr(dot, "\"OPEN\" -> \"LOCKED\" [label=\"PUSH [pushed_before]\"];"));
	assert_non_null(strstr(dot, "\"CLOSED\" -> \"OPEN\" [label=\"PULL\", style=dashed];"));
	assert_non_null(strstr(mermaid, "OPEN --> CLOSED : PUSH / count_push\n"));
	assert_non_null(strstr(table, "| OPEN | PUSH | pushed_before | LOCKED |  | door 1 | 1 |"));
	free(dot);
	free(mermaid);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_row_that_fits),
		cmocka_unit_test(test_no_row),
		cmocka_unit_test(test_step_within_an_action),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_drawings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
