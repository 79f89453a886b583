// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "testbed/guest/panic.h"

static void assert_text(const struct panic *p, const char *expected)
{
	char text[3 * CONSOLE_LINE_MAX];

	assert_true(panic_heard(p));
	assert_string_equal(panic_text(p, text, sizeof(text)), expected);
}

static void test_reason(void **state)
{
	struct panic p = { .reason = "" };

	(void)state;
	panic_hear(&p,
		view_text("[    3.141592] sysrq: Trigger a crash\r\n"
			  "[    3.141600] Kernel panic - not syncing: sysrq triggered crash\r\n"
			  "[    3.141700] CPU: 0 PID: 77 Comm: sh\r\n"));
	assert_text(&p, "sysrq triggered crash");
}

/* The panic that follows a fault only says that there was one. */
static void test_fault(void **state)
{
	struct panic p = { .reason = "" };

	(void)state;
	panic_hear(&p,
		view_text("general protection fault, probably for non-canonical address 0x1: 0000 "
			  "[#1] PREEMPT SMP NOPTI\n"
			  "RIP: 0010:kmem_cache_alloc+0xa3/0x2e0\n"
			  "RIP: 0010:second_report+0x0/0x1\n"
			  "BUG: unable to handle page fault for address: 0000000000000002\n"
			  "Kernel panic - not syncing: Fatal exception in interrupt\n"
			  "Kernel panic - not syncing: another\n"));
	assert_text(&p,
		"general protection fault, probably for non-canonical address 0x1: 0000 [#1] "
		"PREEMPT SMP NOPTI, in kmem_cache_alloc+0xa3/0x2e0");
}

static void test_fault_without_function(void **state)
{
	struct panic p = { .reason = "" };

	(void)state;
	panic_hear(&p,
		view_text("RIP: 0033:0x7f00\nkernel BUG at mm/slub.c:1!\n"
			  "Kernel panic - not syncing: Fatal exception\n"));
	assert_text(&p, "kernel BUG at mm/slub.c:1!");
}

/* A fault long before, that did no harm, is not why the kernel panics. */
static void test_earlier_fault(void **state)
{
	struct panic p = { .reason = "" };

	(void)state;
	panic_hear(&p,
		view_text("divide error: 0000 [#1]\nKernel panic - not syncing: Attempted to "
			  "kill init! exitcode=0x00000100\n"));
	assert_text(&p, "Attempted to kill init! exitcode=0x00000100");
}

/* However the console's octets are cut. */
static void test_octet_by_octet(void **state)
{
	static const char said[] = "[    1.0] Kernel panic - not syncing: VFS: no root\n";
	struct panic p = { .reason = "" };

	(void)state;
	for (size_t i = 0; i < sizeof(said) - 1; i++) {
		assert_false(panic_heard(&p));
		panic_hear(&p, VIEW(said + i, 1));
	}
	assert_text(&p, "VFS: no root");
}

static void test_not_heard(void **state)
{
	static const char *const said[] = { "", "panic", "Kernel panic - not syncing: unfinished",
		"x Kernel panic - not syncing: quoted\n", "[  1.0 Kernel panic - not syncing: x\n",
		"BUG: unable to handle page fault\n", "Kernel panic - not syncing: \n" };

	(void)state;
	for (unsigned i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct panic p = { .reason = "" };

		panic_hear(&p, view_text(said[i]));
		assert_false(panic_heard(&p));
	}
}

/* A line is cut to its bounds and to what can be printed. */
static void test_bounds(void **state)
{
	char text[3 * CONSOLE_LINE_MAX];
	struct panic p = { .reason = "" };

	(void)state;
	panic_hear(&p, view_text("Kernel panic - not syncing: a\x1b[7mb\x80"));
	for (unsigned i = 0; i < 4 * CONSOLE_LINE_MAX; i++)
		panic_hear(&p, view_text("c"));
	panic_hear(&p, view_text("\n"));
	assert_true(panic_heard(&p));
	panic_text(&p, text, sizeof(text));
	assert_memory_equal(text, "a?[7mb?ccc", 10);
	assert_true(strlen(text) < CONSOLE_LINE_MAX);
	panic_text(&p, text, 4);
	assert_string_equal(text, "a?[");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_fault_without_function),
		cmocka_unit_test(test_earlier_fault),
		cmocka_unit_test(test_octet_by_octet),
		cmocka_unit_test(test_not_heard),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
