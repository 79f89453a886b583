// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "testbed/report/report.h"
#include "testbed/report/result.h"

static char *const command[] = { "baton", "run", "pana" };

struct folder {
	char path[64];
};

static int folder_make(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/baton-result.XXXXXX");
	assert_non_null(mkdtemp(f->path));
	*state = f;
	return 0;
}

static int folder_drop(void **state)
{
	struct folder *f = *state;
	char *line = NULL;

	assert_true(asprintf(&line, "rm -rf '%s'", f->path) > 0);
	assert_int_equal(system(line), 0);
	free(line);
	free(f);
	return 0;
}

static struct result *start(const struct folder *f)
{
	return result_new(&(struct result_info){
		.dir = f->path,
		.version = "0.1",
		.clock = "virtual",
		.argc = 3,
		.argv = command,
	});
}

static void write_text(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const struct report_pair fields[] = { { "Flags", "R S" }, { "Sequence Number", "5" } };
static const struct report_step steps[] = {
	{ .t_s = 0.001, .from = "tester", .to = "sut", .label = "PCI", .line = 4, .packet = 1 },
	{ .t_s = 0.002,
		.from = "sut",
		.to = "tester",
		.label = "PAR [S] seq=5",
		.fields = fields,
		.n_fields = 2,
		.packet = 2 },
};
static const struct report_clause covers[] = { { "RFC5191", "5.2", "must" } };
static const char *const expected[] = { "PAR seq=6" };
static const char *const received[] = { "PAR seq=5" };
static const struct report_difference differs[] = { { "Sequence Number", "6", "5" } };

static const struct test_report failing = {
	.name = "sequence-number",
	.purpose = "The sequence number increases",
	.file = "suites/pana/paa.suite",
	.line = 4,
	.covers = covers,
	.n_covers = 1,
	.verdict = VERDICT_FAIL,
	.reason = "The sequence number stayed 5.",
	.clause = "RFC5191 5.2 must",
	.expected = expected,
	.n_expected = 1,
	.received = received,
	.n_received = 1,
	.differs = differs,
	.n_differs = 1,
	.duration_s = 0.25,
	.ladder = steps,
	.n_ladder = 2,
	.capture = "a.pcapng",
};

static struct result_suite *add_suite(struct result *r)
{
	return result_add_suite(r,
		&(struct suite_report){
			.name = "pana/paa",
			.title = "PANA authentication agent",
			.file = "suites/pana/paa.suite",
			.sut = { .name = "baton-ref", .version = "0.1", .role = "paa" },
		});
}

static const json_t *at(const json_t *value, const char *key, size_t i)
{
	return json_array_get(json_object_get(value, key), i);
}

static void what_is_built_can_be_read_back(void **state)
{
	const struct folder *f = *state;
	struct result *r = start(f);
	const json_t *suite, *test;
	struct report_error error;
	struct report report;

	write_text(f->path, "a.pcapng", "abc");
	suite_add_test(add_suite(r), &failing);
	assert_int_equal(result_attach(r, "a.pcapng", &error), 0);
	assert_int_equal(result_write(r, &error), 0);
	result_free(r);

	assert_int_equal(report_load(f->path, &report, &error), 0);
	suite = at(report.root, "suites", 0);
	test = at(suite, "tests", 0);
	assert_string_equal(json_string_value(
				    json_object_get(json_object_get(suite, "sut"), "role")),
		"paa");
	assert_string_equal(json_string_value(json_object_get(test, "verdict")), "fail");
	assert_int_equal(json_integer_value(json_object_get(test, "attempts")), 1);
	assert_true(json_is_null(json_object_get(test, "case")));
	assert_string_equal(json_string_value(json_object_get(at(test, "differs", 0), "received")),
		"5");
	assert_int_equal(json_array_size(json_object_get(test, "ladder")), 2);
	assert_string_equal(json_string_value(
				    json_object_get(at(at(test, "ladder", 1), "fields", 1),
					    "value")),
		"5");
	assert_null(json_object_get(at(test, "ladder", 1), "line"));
	/* SHA-256 of "abc", FIPS 180-2 appendix B.1 */
	assert_string_equal(json_string_value(
				    json_object_get(at(report.root, "files", 0), "sha256")),
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(report_verify_files(&report, &error), 0);
	report_free(&report);
}

static void attaching_again_renews_the_digest(void **state)
{
	const struct folder *f = *state;
	struct result *r = start(f);
	struct report_error error;
	const json_t *file;

	write_text(f->path, "log", "one");
	assert_int_equal(result_attach(r, "log", &error), 0);
	write_text(f->path, "log", "three");
	assert_int_equal(result_attach(r, "log", &error), 0);
	assert_int_equal(json_array_size(json_object_get(result_json(r), "files")), 1);
	file = at(result_json(r), "files", 0);
	assert_int_equal(json_integer_value(json_object_get(file, "size")), 5);
	result_free(r);
}

static void what_lies_outside_or_is_absent_is_not_attached(void **state)
{
	static const char *const paths[] = { "/etc/hostname", "../x", "a/../../x", "", "a//b",
		"absent" };
	struct result *r = start(*state);
	struct report_error error;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		error.text[0] = 0;
		assert_int_equal(result_attach(r, paths[i], &error), -1);
		assert_non_null(strchr(error.text, ';'));
	}
	assert_int_equal(json_array_size(json_object_get(result_json(r), "files")), 0);
	result_free(r);
}

static bool exists(const struct folder *f, const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	return stat(path, &st) == 0;
}

static void a_test_without_reason_is_refused_and_the_run_kept(void **state)
{
	const struct folder *f = *state;
	struct test_report test = failing;
	struct result *r = start(f);
	struct report_error error;

	test.reason = NULL;
	suite_add_test(add_suite(r), &test);
	assert_int_equal(result_write(r, &error), -1);
	assert_non_null(
		strstr(error.text, "pana/paa/sequence-number has verdict fail without a reason"));
	assert_false(exists(f, "result.json"));
	assert_true(exists(f, "result.invalid.json"));
	result_free(r);
}

static void the_same_test_twice_is_refused_but_not_two_cases(void **state)
{
	const struct report_pair one = { "bit", "1" }, two = { "bit", "2" };
	struct test_report test = failing;
	struct result *r = start(*state);
	struct result_suite *suite = add_suite(r);
	struct report_error error;

	test.params = &one;
	test.n_params = 1;
	suite_add_test(suite, &test);
	test.params = &two;
	suite_add_test(suite, &test);
	assert_int_equal(result_write(r, &error), 0);
	suite_add_test(suite, &test);
	assert_int_equal(result_write(r, &error), -1);
	assert_non_null(strstr(error.text, "sequence-number [bit=2] stands twice"));
	result_free(r);
}

static void bytes_that_are_no_text_become_text(void **state)
{
	static const struct {
		const char *in, *out;
	} texts[] = {
		{ "a\xff"
		  "b",
			"a\xef\xbf\xbd"
			"b" },
		{ "\xc3\xa9", "\xc3\xa9" },
		{ "\xc3", "\xef\xbf\xbd" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },		    /* overlong "/" */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* a surrogate */
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },
	};
	struct test_report test = failing;
	struct report_error error;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct result *r = start(*state);

		test.reason = texts[i].in;
		suite_add_test(add_suite(r), &test);
		assert_string_equal(json_string_value(
					    json_object_get(at(at(result_json(r), "suites", 0),
								    "tests", 0),
						    "reason")),
			texts[i].out);
		assert_int_equal(result_write(r, &error), 0);
		result_free(r);
	}
}

static void requirements_of_several_suites_are_merged_by_id(void **state)
{
	const char *const first[] = { "pana/paa/a" },
			  *const second[] = { "pana/paa/a", "pana/pac/b" };
	struct report_requirement req = { .document = "RFC5191",
		.id = "RFC5191-5.2-1",
		.section = "5.2",
		.level = "must",
		.text = "Sequence numbers increase.",
		.covered_by = first,
		.n_covered_by = 1 };
	struct result *r = start(*state);
	const json_t *coverage;

	result_add_requirement(r, &req);
	req.covered_by = second;
	req.n_covered_by = 2;
	result_add_requirement(r, &req);
	coverage = json_object_get(result_json(r), "coverage");
	assert_int_equal(json_array_size(coverage), 1);
	assert_int_equal(json_array_size(
				 json_object_get(json_array_get(coverage, 0), "covered_by")),
		2);
	result_free(r);
}

static const json_t *row_of(struct result *r, size_t i)
{
	return at(at(at(result_json(r), "measurements", 0), "columns", 0), "rows", i);
}

static void rows_are_summarised(void **state)
{
	const double odd[] = { 16.2, 15.9, 16.0 }, even[] = { 1, 4, 2, 3 },
		     gaps[] = { NAN, 7, NAN };
	struct result *r = start(*state);
	struct result_measurement *m = result_add_measurement(r,
		&(struct measurement_report){ .experiment = "handoff", .clock = "virtual" });
	struct result_column *c =
		measurement_add_column(m, "prepared", "buffer", "rfc6252-fig7", 3);
	struct report_error error;

	column_add_row(c, &(struct report_row){ "l2", "L2", "ms", 16, NAN, false, odd, 3, NULL });
	column_add_row(c,
		&(struct report_row){ "x", "X", "packets", NAN, NAN, false, even, 4, NULL });
	column_add_row(c, &(struct report_row){ "y", "Y", "ms", 5, NAN, false, gaps, 3, "Why." });
	column_add_row(c, &(struct report_row){ "z", "Z", "ms", 5, NAN, false, NULL, 0, NULL });
	assert_float_equal(json_number_value(json_object_get(row_of(r, 0), "median")), 16.0, 1e-9);
	assert_float_equal(json_number_value(json_object_get(row_of(r, 0), "min")), 15.9, 1e-9);
	assert_string_equal(json_string_value(json_object_get(row_of(r, 0), "word")), "reproduced");
	assert_float_equal(json_number_value(json_object_get(row_of(r, 1), "median")), 2.5, 1e-9);
	assert_true(json_is_null(json_object_get(row_of(r, 1), "documented")));
	assert_string_equal(json_string_value(json_object_get(row_of(r, 1), "word")),
		"not documented");
	assert_float_equal(json_number_value(json_object_get(row_of(r, 2), "median")), 7, 1e-9);
	assert_string_equal(json_string_value(json_object_get(row_of(r, 2), "word")), "worse");
	assert_int_equal(json_array_size(json_object_get(row_of(r, 2), "values")), 3);
	assert_true(json_is_null(json_object_get(row_of(r, 3), "median")));
	assert_int_equal(result_write(r, &error), 0);
	result_free(r);
}

static void findings_are_kept_with_their_verdict(void **state)
{
	static const char *const words[] = { "holds", "does not hold", "not measured" };
	struct result *r = start(*state);
	struct result_measurement *m = result_add_measurement(r,
		&(struct measurement_report){ .experiment = "mpa-fig10", .clock = "virtual" });
	struct report_error error;
	const json_t *measurement = at(result_json(r), "measurements", 0);

	for (int i = FINDING_HOLDS; i <= FINDING_NOT_MEASURED; i++)
		measurement_add_finding(m, (enum finding)i, "A move takes 16 ms.");
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(json_string_value(
					    json_object_get(at(measurement, "findings", i),
						    "verdict")),
			words[i]);
	assert_int_equal(json_array_size(json_object_get(measurement, "findings")), 3);
	assert_int_equal(result_write(r, &error), 0);
	measurement_add_finding(m, FINDING_HOLDS, "");
	assert_int_equal(result_write(r, &error), -1);
	assert_non_null(strstr(error.text, "findings"));
	result_free(r);
}

static void a_handoff_is_written_whole(void **state)
{
	const struct handoff_phase phases[] = { { "T_assoc", "l2", 0, 9 },
		{ "T_auth", NULL, -60, -40 } };
	const struct handoff_packet packets[] = { { 1, -10, -5, 1, false }, { 2, 6, NAN, 0, false },
		{ 3, 22, 30, 2, true } };
	const struct report_pair captures[] = { { "mn", "mn.pcapng" } };
	json_t *detail = json_pack("{s:s}", "address", "10.2.0.17");
	const struct handoff_event events[] = { { 0, "mn", "l2_handoff_started", NULL },
		{ 9, "mn", "address_set", detail } };
	struct handoff_report handoff = { "prepared", 1, phases, 2, events, 2, packets, 3, captures,
		1 };
	struct result *r = start(*state);
	struct result_measurement *m = result_add_measurement(r,
		&(struct measurement_report){ .experiment = "handoff", .clock = "virtual" });
	struct report_error error;
	const json_t *h;

	measurement_add_handoff(m, &handoff);
	assert_int_equal(result_write(r, &error), -1);
	assert_non_null(strstr(error.text, "a handoff is of column \"prepared\""));
	measurement_add_column(m, "prepared", NULL, NULL, 1);
	assert_int_equal(result_write(r, &error), 0);
	h = at(at(result_json(r), "measurements", 0), "handoffs", 0);
	assert_true(json_is_null(json_object_get(at(h, "packets", 1), "received_ms")));
	assert_true(json_is_true(json_object_get(at(h, "packets", 2), "buffered")));
	assert_string_equal(json_string_value(json_object_get(at(h, "phases", 1), "layer")), "l3");
	assert_string_equal(json_string_value(
				    json_object_get(json_object_get(at(h, "timeline", 1), "detail"),
					    "address")),
		"10.2.0.17");
	json_decref(detail);
	result_free(r);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
	const struct folder *f = *state;
	struct report_error error;
	struct folder below;
	struct result *r;

	write_text(f->path, "file", "");
	snprintf(below.path, sizeof(below.path), "%.40s/file/below", f->path);
	r = start(&below);
	assert_int_equal(result_write(r, &error), -1);
	assert_non_null(strstr(error.text, f->path));
	assert_non_null(strchr(error.text, ';'));
	result_free(r);
}

static void verdicts_have_one_word_each(void **state)
{
	enum verdict back;

	(void)state;
	for (size_t i = 0; i < VERDICT_COUNT; i++) {
		assert_true(verdict_from_name(verdict_name((enum verdict)i), &back));
		assert_int_equal(back, i);
	}
	assert_false(verdict_from_name("passed", &back));
	assert_false(verdict_is_bad(VERDICT_DEVIATION));
	assert_true(verdict_is_bad(VERDICT_INCONCLUSIVE));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(what_is_built_can_be_read_back),
		IN_FOLDER(attaching_again_renews_the_digest),
		IN_FOLDER(what_lies_outside_or_is_absent_is_not_attached),
		IN_FOLDER(a_test_without_reason_is_refused_and_the_run_kept),
		IN_FOLDER(the_same_test_twice_is_refused_but_not_two_cases),
		IN_FOLDER(bytes_that_are_no_text_become_text),
		IN_FOLDER(requirements_of_several_suites_are_merged_by_id),
		IN_FOLDER(rows_are_summarised),
		IN_FOLDER(findings_are_kept_with_their_verdict),
		IN_FOLDER(a_handoff_is_written_whole),
		IN_FOLDER(a_folder_that_cannot_be_made_is_named),
		cmocka_unit_test(verdicts_have_one_word_each),
	};

	return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
