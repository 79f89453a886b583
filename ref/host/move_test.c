// SPDX-License-Identifier: Apache-2.0
/* A move's journal and its report. The moves themselves: ref/migrate/migrate_check.py. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/host/move_work.h"

static struct move_config config(void)
{
	struct move_config c = {0};

	assert_int_equal(prefix_parse("192.0.2.1", &c.local_from), 0);
	assert_int_equal(prefix_parse("192.0.2.2", &c.local_to), 0);
	assert_int_equal(prefix_parse("198.51.100.1", &c.peer_from), 0);
	return c;
}

#define NEED_JOURNAL                                                                               \
	struct move_config c = config();                                                           \
	struct journal j;                                                                          \
	if (journal_make(&j) < 0 || journal_begin(&j, &c) < 0) {                                \
		print_message(MOVE_FOLDER ": %s\n", strerror(errno));                              \
		skip();                                                                            \
	}

static void a_side_that_stays_has_one_address(void **state)
{
	struct move_config c = config();

	(void)state;
	assert_true(address_equal(local_of(&c, false), &c.local_from));
	assert_true(address_equal(local_of(&c, true), &c.local_to));
	assert_true(address_equal(peer_of(&c, true), &c.peer_from));
}

/* Whoever comes later finds what was written, at the same places. */
static void a_journal_outlives_its_process(void **state)
{
	char path[64];
	struct journal later;
	uint64_t small, large;

	(void)state;
	NEED_JOURNAL;
	snprintf(path, sizeof(path), "%s", j.path);
	small = journal_take(&j, 10);
	large = journal_take(&j, 3000000);
	assert_true(small && large > small);
	assert_int_equal(small % 16, 0);
	memset(journal_at(&j, large), 0xa5, 3000000);
	journal_close(&j, false);
	assert_int_equal(journal_open(&later, path), 0);
	assert_false(journal_alive(&later));
	assert_int_equal(((uint8_t *)journal_at(&later, large))[2999999], 0xa5);
	assert_true(address_equal(&later.head->config.local_to, &c.local_to));
	journal_close(&later, true);
	assert_int_equal(access(path, F_OK), -1);
}

/* What people wrote and read does not lie about. */
static void data_is_wiped_and_given_back(void **state)
{
	static const uint8_t none[4096] = {0};
	struct stat before, after;
	uint8_t *data;

	(void)state;
	NEED_JOURNAL;
	j.head->sockets_at = journal_take(&j, 1000000);
	assert_int_not_equal(j.head->sockets_at, 0);
	j.head->sockets = 1;
	data = journal_at(&j, j.head->sockets_at);
	memset(data, 0xa5, 1000000);
	assert_int_equal(fstat(j.file, &before), 0);
	journal_forget(&j);
	assert_int_equal(fstat(j.file, &after), 0);
	assert_true(after.st_size < before.st_size - 900000);
	assert_int_equal(j.head->sockets, 0);
	data = journal_at(&j, journal_take(&j, sizeof(none)));
	assert_memory_equal(data, none, sizeof(none));
	journal_close(&j, true);
}

static void other_files_are_no_journals(void **state)
{
	char path[] = "/tmp/no-journal-XXXXXX";
	int fd = mkstemp(path);
	struct journal j;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(journal_open(&j, path), -1);
	assert_int_equal(errno, EPROTO);
	assert_int_equal(ftruncate(fd, 2 << 20), 0);
	assert_int_equal(journal_open(&j, path), -1);
	assert_int_equal(errno, EPROTO);
	unlink(path);
	close(fd);
	assert_int_equal(journal_open(&j, path), -1);
	assert_int_equal(errno, ENOENT);
}

static void a_fate_is_sealed_with_its_reason(void **state)
{
	struct moving m = {0};

	(void)state;
	move_why(&m, MOVE_STAYED, "%s", "not established yet");
	assert_true(m.over);
	assert_int_equal(m.result.fate, MOVE_STAYED);
	assert_string_equal(m.result.why, "not established yet");
	for (int i = 0; i < 200; i++)
		move_why(&m, MOVE_RESET, "%0*d", i, 7); /* however long */
	assert_int_equal(strlen(m.result.why), MOVE_WHY - 1);
}

static void every_step_and_fate_has_a_name(void **state)
{
	(void)state;
	for (enum move_step s = MOVE_STEP_NONE; s < MOVE_STEP_COUNT; s++)
		assert_non_null(move_step_name(s));
	for (enum move_fate f = MOVE_MOVED; f < MOVE_FATES; f++)
		assert_non_null(move_fate_name(f));
}

static void reports_name_what_did_not_move(void **state)
{
	struct move_socket sockets[2] = {
		{.protocol = IPPROTO_TCP,
			.state = TCP_STATE_CLOSE_WAIT,
			.fate = MOVE_MOVED,
			.local_port = 5000,
			.peer_port = 40000,
			.owner = 12,
			.name = "nc",
			.unread = 3,
			.took = 2 * BTIME_MS},
		{.protocol = IPPROTO_UDP,
			.fate = MOVE_STAYED,
			.local_port = 53,
			.why = "its program bound it to address and port"},
	};
	struct move_report r = {.fates = {[MOVE_MOVED] = 1, [MOVE_STAYED] = 1},
		.owners = 1,
		.count = 2,
		.sockets = sockets};
	char *text = move_report_text(&r), *json = move_report_json(&r);

	(void)state;
	assert_non_null(strstr(text, "close-wait"));
	assert_non_null(strstr(text, "3 unread, 0 unacknowledged, 0 unsent, 2.00 ms"));
	assert_non_null(strstr(text, "unconnected"));
	assert_non_null(strstr(text, ": its program bound it to address and port"));
	assert_non_null(strstr(text, "1 moved, 1 stayed, 0 reset, 0 without owner"));
	assert_non_null(strstr(json, "\"fate\": \"stayed\""));
	assert_non_null(strstr(json, "\"local_port\": 5000"));
	free(text);
	free(json);
	r = (struct move_report){.error = -EPERM, .why = "no"};
	text = move_report_text(&r);
	assert_string_equal(text, "nothing was moved: no\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_side_that_stays_has_one_address),
		cmocka_unit_test(a_journal_outlives_its_process),
		cmocka_unit_test(data_is_wiped_and_given_back),
		cmocka_unit_test(other_files_are_no_journals),
		cmocka_unit_test(a_fate_is_sealed_with_its_reason),
		cmocka_unit_test(every_step_and_fate_has_a_name),
		cmocka_unit_test(reports_name_what_did_not_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
