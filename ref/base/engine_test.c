// SPDX-License-Identifier: Apache-2.0
/* Endpoints, lists of actions, reject reasons, time. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/base/engine.h"

static void assert_parses(const char *text, const char *back)
{
	struct endpoint e;
	char out[64];

	assert_int_equal(endpoint_parse(text, 716, &e), 0);
	assert_string_equal(endpoint_text(&e, out, sizeof(out)), back);
}

static void test_endpoints_as_text(void **state)
{
	struct endpoint e;
	char out[64];

	(void)state;
	assert_parses("192.0.2.1:40716", "192.0.2.1:40716");
	assert_parses("192.0.2.1", "192.0.2.1:716");
	assert_parses("[2001:db8::1]:5", "[2001:db8::1]:5");
	assert_parses("[2001:db8::1]", "[2001:db8::1]:716");
	assert_parses("2001:db8::1", "[2001:db8::1]:716");
	static const char *const bad[] = { "", "192.0.2", "192.0.2.1:", "192.0.2.1:65536",
		"192.0.2.1:7x", "[2001:db8::1", "[2001:db8::1]7", "host", ":716" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (endpoint_parse(bad[i], 716, &e) == 0)
			fail_msg("taken: '%s'", bad[i]);
	memset(&e, 0, sizeof(e));
	assert_string_equal(endpoint_text(&e, out, sizeof(out)), "none");
}

static void test_endpoints_compared(void **state)
{
	struct endpoint a, b;

	(void)state;
	endpoint_parse("192.0.2.1:1", 0, &a);
	b = a;
	/* what follows the four octets of an IPv4 address does not count */
	b.address[9] = 7;
	assert_true(endpoint_equal(&a, &b));
	b.port = htons(2);
	assert_false(endpoint_equal(&a, &b));
	endpoint_parse("192.0.2.2:1", 0, &b);
	assert_false(endpoint_equal(&a, &b));
	endpoint_parse("[::ffff:192.0.2.1]:1", 0, &b);
	assert_false(endpoint_equal(&a, &b));
}

static struct actions list;

static void test_octets_are_copied(void **state)
{
	struct endpoint peer = { .family = AF_INET };
	uint8_t data[4] = { 1, 2, 3, 4 };

	(void)state;
	actions_clear(&list);
	actions_send(&list, NULL, &peer, VIEW_OF(data));
	data[0] = 9;
	assert_int_equal(list.count, 1);
	assert_int_equal(list.list[0].data.data[0], 1);
	assert_int_equal(list.list[0].local.family, 0);
	/* octets that lie in the list already are taken as they are */
	uint8_t *room = actions_room(&list, 2);
	size_t used = list.used;
	actions_send(&list, &peer, &peer, VIEW(room, 2));
	assert_int_equal(list.used, used);
	assert_ptr_equal(list.list[1].data.data, room);
}

static void test_a_full_list_says_so(void **state)
{
	struct endpoint peer = { .family = AF_INET };

	(void)state;
	actions_clear(&list);
	for (unsigned i = 0; i < ACTIONS_MAX; i++)
		assert_non_null(actions_report(&list, NULL, 1, "one", VIEW_EMPTY));
	assert_false(list.overflowed);
	assert_null(actions_report(&list, NULL, 1, "one", VIEW_EMPTY));
	assert_true(list.overflowed);
	actions_clear(&list);
	static uint8_t big[ACTIONS_OCTETS + 1];
	actions_send(&list, NULL, &peer, VIEW_OF(big));
	assert_true(list.overflowed);
	assert_int_equal(list.count, 0);
}

static void test_first_reason_stays(void **state)
{
	struct reject r = { 0 };
	char text[200];

	(void)state;
	assert_int_equal(reject_set(&r, REJECT_LENGTH, "Message Length", "RFC 5191 §6.2", 2, 20),
		-1);
	assert_int_equal(reject_set(&r, REJECT_VALUE, "Other", NULL, 0, 0), -1);
	assert_int_equal(r.reason, REJECT_LENGTH);
	assert_string_equal(reject_text(&r, text, sizeof(text)),
		"bad-length: the length field does not match what is there: "
		"Message Length at octet 2 is 20 (RFC 5191 §6.2)");
	assert_int_equal(reject_set(NULL, REJECT_VALUE, NULL, NULL, 0, 0), -1);
}

static void test_reasons_by_name(void **state)
{
	(void)state;
	for (enum reject_reason r = 0; r < REJECT_COUNT; r++) {
		assert_int_equal(reject_by_name(reject_name(r)), r);
		assert_true(reject_words(r)[0] != '\0');
	}
	assert_int_equal(reject_by_name("nonsense"), REJECT_COUNT);
	assert_string_equal(reject_name(REJECT_COUNT), "?");
}

static void test_reject_text_is_bounded(void **state)
{
	struct reject r = { REJECT_LENGTH, "Message Length", "RFC 5191 §6.2", 2, 20 };
	char text[24];

	(void)state;
	for (size_t size = 1; size <= sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		reject_text(&r, text, size);
		assert_int_equal(strnlen(text, sizeof(text)), size - 1);
	}
}

static void test_time_saturates(void **state)
{
	(void)state;
	assert_true(btime_add(BTIME_NEVER, BTIME_S) == BTIME_NEVER);
	assert_true(btime_add(BTIME_NEVER - 1, 2) == BTIME_NEVER);
	assert_true(btime_add(1, 2) == 3);
	assert_true(btime_min(1, 2) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints_as_text),
		cmocka_unit_test(test_endpoints_compared),
		cmocka_unit_test(test_octets_are_copied),
		cmocka_unit_test(test_a_full_list_says_so),
		cmocka_unit_test(test_first_reason_stays),
		cmocka_unit_test(test_reasons_by_name),
		cmocka_unit_test(test_reject_text_is_bounded),
		cmocka_unit_test(test_time_saturates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
