// SPDX-License-Identifier: Apache-2.0
/* The files beside a suite: catalogues, expected results, captures; and names of cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "ref/base/test_folder.h"
#include "testbed/suite/catalogue.h"
#include "testbed/suite/capture.h"
#include "testbed/suite/expected.h"
#include "testbed/suite/unit.h"

static char folder[TEST_PATH] = "baton-files";

static int make_folder(void **state)
{
	(void)state;
	return test_folder(folder) ? 0 : -1;
}

static char *in_folder(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(in_folder("x.yaml"));
	unlink(in_folder("x.pcapng"));
	return rmdir(folder);
}

static const char *write_file(const char *text)
{
	const char *path = in_folder("x.yaml");
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return path;
}

static void assert_finding(struct diagnostics *d, const char *text)
{
	char *all;
	size_t size;
	FILE *f = open_memstream(&all, &size);

	diagnostics_print(d, f);
	fclose(f);
	if (!strstr(all, text))
		fail_msg("expected: %s\nreceived: %s", text, all);
	free(all);
	diagnostics_free(d);
}

/* --- catalogues ----------------------------------------------------------------------------- */

#define HEAD "document: DOC\ntitle: A document\nstatements:\n"
#define ROW(id, level) "  - {id: " id ", level: " level ", role: both, text: t}\n"

static struct suite *suite_of(const char *covers)
{
	char text[400];
	struct complaints complaints = { .file = "s" };
	struct suite *suite;

	snprintf(text, sizeof(text), "suite a \"A\"\nsut paa\ntest t\n  \"p\"\n%s  send PCI\n",
		covers);
	assert_int_equal(suite_parse("s", view_text(text), &suite, &complaints), 0);
	return suite;
}

static void check_covers(const struct catalogue *c, const char *covers, const char *complaint)
{
	struct suite *suite = suite_of(covers);
	struct complaints complaints = { .file = "s" };
	int result = catalogue_check(c, suite, &complaints);

	assert_int_equal(result, complaint ? -1 : 0);
	if (complaint)
		assert_non_null(strstr(complaints.list[0].text, complaint));
	suite_free(suite);
}

static void test_catalogue(void **state)
{
	struct diagnostics d = { 0 };
	struct catalogue c;
	(void)state;
	write_file(HEAD ROW("5.2/1", "must") ROW("5.2/2", "must") ROW("5.2/3", "should")
		ROW("5.20/1", "may") "  - {id: 9/1, level: may, role: paa, text: t, why_not: w}\n");
	assert_int_equal(catalogue_load(folder, &c, &d), 0);
	check_covers(&c, "  covers DOC 5.2/1 must\n", NULL);
	check_covers(&c, "  covers DOC 5.2 should\n", NULL);
	check_covers(&c, "  covers OTHER 1/1 must\n", NULL);
	check_covers(&c, "  covers DOC 5.2 must\n", "DOC 5.2 has 2 statements of level must; name "
		"one of them, such as 5.2/1");
	check_covers(&c, "  covers DOC 5.2/1 may\n", "DOC 5.2/1 is a must in");
	check_covers(&c, "  covers DOC 5.2/9 must\n", "DOC has no statement 5.2/9 (must)");
	check_covers(&c, "  covers DOC 5.3 must\n", "DOC has no statement 5.3 (must)");
	struct suite *suite = suite_of("  covers DOC 5.2/1 must\n  covers DOC 5.20/1 may\n");
	struct coverage_count n = catalogue_report(&c, &suite, 1, NULL, NULL);
	assert_int_equal(n.statements, 5);
	assert_int_equal(n.covered, 2);
	assert_int_equal(n.explained, 1);
	assert_int_equal(n.open, 2);
	suite_free(suite);
	catalogue_free(&c);
}

static void test_bad_catalogues(void **state)
{
	static const struct {
		const char *text, *finding;
	} rows[] = {
		{ HEAD ROW("5.2/1", "must") ROW("5.2/1", "may"), "x.yaml:5: id 5.2/1 stands "
			"twice" },
		{ HEAD ROW("5.2", "must"), "x.yaml:4: 5.2 is no id; right is SECTION/NUMBER" },
		{ HEAD "  - {id: 5.2/1}\n", "x.yaml:4: level is missing; right are id, level, "
			"role, text, why_not" },
		{ HEAD "  - {id: 5.2/1, levle: must}\n", "x.yaml:4: there is no key levle here; "
			"right are id, level, role, text, why_not" },
		{ "document: DOC\ntitle: x\n", "x.yaml:1: statements is no list" },
		{ "title: x\nstatements: []\n", "x.yaml:1: document is missing" },
		{ "", "x.yaml:1: the file is empty; right is a list statements:" },
		{ "a: b: c\n", "x.yaml:1: this is no YAML" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct diagnostics d = { 0 };
		struct catalogue c;
		write_file(rows[i].text);
		assert_int_equal(catalogue_load(folder, &c, &d), -1);
		assert_finding(&d, rows[i].finding);
	}
}

/* --- expected results ----------------------------------------------------------------------- */

static void test_expected(void **state)
{
	struct diagnostics d = { 0 };
	struct expected e;
	const char *reason;
	(void)state;
	assert_int_equal(expected_load(write_file("sut: x\ntests:\n"
		"  - {test: s/bad, verdict: fail, reason: known}\n"
		"  - {test: 's/case[a=1]', verdict: deviation, reason: one case}\n"
		"  - {test: 's/odd-*', verdict: crash, reason: all of them}\n"), &e, &d), 0);
#define GATE(test, name, v) expected_gate(&e, "s", test, name, VERDICT_##v, &reason)
	assert_int_equal(GATE("good", "good", PASS), GATE_AS_EXPECTED);
	assert_int_equal(GATE("good", "good", FAIL), GATE_NEW);
	assert_int_equal(GATE("good", "good", UNSUPPORTED), GATE_AS_EXPECTED);
	assert_int_equal(GATE("good", "good", SETUP_FAILED), GATE_UNJUDGED);
	assert_int_equal(GATE("bad", "bad", FAIL), GATE_STILL);
	assert_string_equal(reason, "known");
	assert_int_equal(GATE("bad", "bad", PASS), GATE_FIXED);
	assert_int_equal(GATE("bad", "bad", CRASH), GATE_NEW);
	assert_int_equal(GATE("bad", "bad", INCONCLUSIVE), GATE_UNJUDGED);
	assert_int_equal(GATE("case", "case[a=1]", DEVIATION), GATE_STILL);
	assert_int_equal(GATE("case", "case[a=2]", DEVIATION), GATE_AS_EXPECTED);
	assert_int_equal(GATE("odd-one", "odd-one", CRASH), GATE_STILL);
	expected_free(&e);
	assert_int_equal(expected_load(write_file("sut: x\ntests:\n"
		"  - {test: a, verdict: bad, reason: r}\n"), &e, &d), -1);
	assert_finding(&d, "x.yaml:3: bad is no verdict; right are fail, deviation");
}

/* --- captures ------------------------------------------------------------------------------- */

/* Ethernet, IP and UDP around "hello". */
static const uint8_t v4[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 33, 0, 0, 0, 0,
	64,
	17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0x30, 0x39, 2, 0xcc, 0, 13, 0, 0, 'h', 'e', 'l', 'l',
	'o' };

static void put_frames(struct capture *c, unsigned count)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	capture_start(c, pair[0]);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(write(pair[1], v4, sizeof(v4)), sizeof(v4));
	capture_drain(c);
	close(pair[1]);
}

static void test_capture(void **state)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	struct capture c;
	(void)state;
	put_frames(&c, 3);
	assert_int_equal(c.count, 3);
	assert_int_equal(capture_find(&c, view_text("hello"), "the first"), 1);
	assert_int_equal(capture_find(&c, view_text("hello"), NULL), 2);
	assert_int_equal(capture_find(&c, view_text("other"), NULL), 0);
	assert_int_equal(capture_find(&c, VIEW_EMPTY, NULL), 0);
	const char *path = in_folder("x.pcapng");
	assert_int_equal(capture_write(&c, path, "a test", view_text("CLIENT_RANDOM 00 11\n")), 0);
	capture_free(&c);
	pcap_t *p = pcap_open_offline(path, error);
	assert_non_null(p);
	assert_int_equal(pcap_datalink(p), DLT_EN10MB);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(pcap_next_ex(p, &header, &data), 1);
		assert_int_equal(header->caplen, sizeof(v4));
		assert_memory_equal(data, v4, sizeof(v4));
	}
	assert_int_equal(pcap_next_ex(p, &header, &data), PCAP_ERROR_BREAK);
	pcap_close(p);
}

/* Frames that end where they should not never lead beyond their end. */
static void test_short_frames(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(v4); n++) {
		uint8_t *exact = malloc(n + 1);
		memcpy(exact, v4, n);
		struct frame f = { .octets = VIEW(exact, n) };
		struct capture c = { .fd = -1, .frames = &f, .count = 1 };
		assert_int_equal(capture_find(&c, view_text("hello"), NULL), 0);
		free(exact);
	}
}

static void test_file_names(void **state)
{
	char name[32];
	(void)state;
	assert_string_equal(file_name("pana/paa", name, sizeof(name)), "pana_paa");
	assert_string_equal(file_name("a[b=$s+1,c=../x]", name, sizeof(name)), "a_b=_s+1_c=.._x_");
	assert_string_equal(file_name("0123456789", name, 5), "0123");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_catalogue),
		cmocka_unit_test(test_bad_catalogues),
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_capture),
		cmocka_unit_test(test_short_frames),
		cmocka_unit_test(test_file_names),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
