// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "testbed/guest/tasks.h"

static const char said[] =
	"[   35.6] sysrq: Show State\r\n"
	"[   35.6] task:busybox         state:S stack:0     pid:1     ppid:0      flags:0x00000002\r\n"
	"[   35.6] Call Trace:\r\n"
	"[   35.6]  <TASK>\r\n"
	"[   35.6]  __schedule+0x34d/0xa00\r\n"
	"[   35.6]  schedule+0x5a/0xd0\r\n"
	"[   35.6]  do_wait+0x114/0x320\r\n"
	"[   36.6]  kernel_wait4+0xb4/0x160\r\n"
	"[   36.6]  ? thread_group_exited+0x50/0x50\r\n"
	"[   36.6]  do_syscall_64+0x5d/0xb0\r\n"
	"[   36.6]  late+0x1/0x2\r\n"
	"[   36.6] RIP: 0033:0x460a63\r\n"
	"[   36.6]  </TASK>\r\n"
	"[   36.7] task:kthreadd        state:S stack:0     pid:2     ppid:0      flags:0x00004000\r\n"
	"[   36.7]  kthreadd+0x2bc/0x2d0\r\n"
	"[   36.7] task:rcu_gp          state:I stack:0     pid:3     ppid:2      flags:0x00004000\r\n"
	"[   36.7]  rescuer_thread+0x2ae/0x3a0\r\n"
	"[   36.8] task:a name of 2     state:R  running task     stack:0     pid:134   ppid:132    "
	"flags:0x00000000\r\n"
	"[   36.8]  ? vfs_read+0xa2/0x310\r\n"
	"[   36.8]  vfs_read+0xa2/0x310\r\n"
	"[   36.8]  </TASK>\r\n"
	"[   36.9] task:nft             state:D stack:0     pid:800   ppid:132    flags:0x00000000\r\n"
	"[   36.9]  schedule_timeout+0x1/0x2\r\n"
	"[   36.9]  a_function_with_quite_a_long_name_of_the_first+0x1/0x2\r\n"
	"[   36.9]  a_function_with_quite_a_long_name_of_the_next+0x1/0x2\r\n"
	"[   36.9]  a_function_with_quite_a_long_name_of_the_last+0x1/0x2\r\n"
	"[   36.9]  short+0x1/0x2\r\n";

static void assert_said(const struct tasks *t)
{
	assert_true(t->heard);
	assert_int_equal(t->count, 3);
	assert_int_equal(t->task[0].pid, 1);
	assert_int_equal(t->task[0].state, 'S');
	assert_string_equal(t->task[0].name, "busybox");
	assert_string_equal(t->task[0].where, "do_wait, kernel_wait4");
	assert_int_equal(t->task[1].pid, 134);
	assert_int_equal(t->task[1].state, 'R');
	assert_string_equal(t->task[1].name, "a name of 2");
	assert_string_equal(t->task[1].where, "");
	assert_int_equal(t->task[2].state, 'D');
	assert_string_equal(t->task[2].where,
		"a_function_with_quite_a_long_name_of_the_first, "
		"a_function_with_quite_a_long_name_of_the_next");
}

static void test_tasks(void **state)
{
	static struct tasks t;

	(void)state;
	tasks_hear(&t, view_text(said));
	assert_said(&t);
}

static void test_octet_by_octet(void **state)
{
	static struct tasks t;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(said); i++)
		tasks_hear(&t, VIEW((const uint8_t *)said + i, 1));
	assert_said(&t);
}

static void test_silence(void **state)
{
	static struct tasks t;

	(void)state;
	tasks_hear(&t,
		view_text("task:\n task:\ntask: state: pid:\ntask:x state:\n\xff\n pid:1 ppid:1\n"
			  "  call+0x1\nRIP:\n"));
	assert_false(t.heard);
	assert_int_equal(t.count, 0);
}

static void test_too_many(void **state)
{
	static struct tasks t;

	(void)state;
	for (unsigned i = 0; i < TASKS_MAX + 2; i++)
		tasks_hear(&t, view_text("task:x state:S pid:9 ppid:1\n one+0x0\n"));
	assert_int_equal(t.count, TASKS_MAX);
	assert_string_equal(t.task[TASKS_MAX - 1].where, "one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_octet_by_octet),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
