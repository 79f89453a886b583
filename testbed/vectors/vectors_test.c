// SPDX-License-Identifier: Apache-2.0
/*
 * The reader of vectors tells what is wrong and where; the checks see what is planted. Files are
 * made from one good text with one thing replaced, in a folder of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "testbed/vectors/check.h"
#include "testbed/vectors/explain.h"
#include "testbed/vectors/show.h"

/* A PCI; an odd PCI; a PCI that is cut; a ping under a key. */
static const char good[] =
	"{\"format\": \"baton-vectors-1\", \"protocol\": \"pana\", \"title\": \"test\",\n"
	" \"specifications\": [\"RFC 5191\"], \"generator\": \"test\", \"capture\": \"t.pcapng\",\n"
	" \"count\": 3, \"groups\": [{\"name\": \"g\", \"title\": \"group\",\n"
	"  \"keys\": {\"eap\": [], \"associations\": []}, \"cases\": [\n"
	"{\"id\": \"one\", \"comment\": \"PCI\", \"direction\": \"pac->paa\",\n"
	" \"bytes\": \"00000010000000010000000000000000\", \"result\": \"valid\",\n"
	" \"state\": {\"needs\": \"fresh\"}, \"reaction\": [\"PAR[S]\"],\n"
	" \"header\": {\"message\": \"PCI\", \"reserved\": 0, \"length\": 16, \"flags\": 0,\n"
	"  \"letters\": \"\", \"type\": 1, \"session\": 0, \"sequence\": 0}, \"avps\": []},\n"
	"{\"id\": \"two\", \"comment\": \"cut\", \"direction\": \"pac->paa\",\n"
	" \"bytes\": \"000000100000\", \"result\": \"invalid\",\n"
	" \"rule\": {\"layer\": \"decode\", \"reason\": \"bad-length\",\n"
	"  \"clause\": \"RFC5191 6.2\", \"text\": \"cut\", \"field\": \"Message Length\"},\n"
	" \"state\": {\"needs\": \"fresh\"}, \"reaction\": [\"silence\"]},\n"
	"{\"id\": \"three\", \"comment\": \"odd\", \"direction\": \"pac->paa\",\n"
	" \"bytes\": \"ffff0010000000010000000000000000\", \"result\": \"acceptable\",\n"
	" \"tolerance\": {\"level\": \"must\", \"clause\": \"RFC5191 6.2\", \"text\": \"r\"},\n"
	" \"state\": {\"needs\": \"fresh\"}, \"reaction\": [\"PAR[S]\"],\n"
	" \"header\": {\"message\": \"PCI\", \"reserved\": 65535, \"length\": 16, \"flags\": 0,\n"
	"  \"letters\": \"\", \"type\": 1, \"session\": 0, \"sequence\": 0}, \"avps\": []}\n"
	"]}]}\n";

struct folder {
	char path[64], file[96];
};

static int make_folder(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/baton-vectors-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->file, sizeof(f->file), "%s/t.json", f->path);
	*state = f;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *f = *state;

	unlink(f->file);
	rmdir(f->path);
	free(f);
	return 0;
}

static void write_text(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	assert_int_equal(fputs(text, stream) >= 0, 1);
	assert_int_equal(fclose(stream), 0);
}

/* The good text with the first `what` replaced. */
static void write_changed(const struct folder *f, const char *what, const char *with)
{
	const char *at = strstr(good, what);
	char *text = NULL;

	assert_non_null(at);
	assert_true(
		asprintf(&text, "%.*s%s%s", (int)(at - good), good, with, at + strlen(what)) > 0);
	write_text(f->file, text);
	free(text);
}

static void test_reads_what_is_good(void **state)
{
	struct folder *f = *state;
	char error[1024] = "";

	write_text(f->file, good);
	struct vectors *file = vectors_read(f->file, error, sizeof(error));
	assert_string_equal(error, "");
	assert_non_null(file);
	assert_int_equal(file->count, 3);
	const struct vector *v = file->groups[0].vectors;
	assert_string_equal(v[0].id, "one");
	assert_int_equal(v[0].line, 5);
	assert_int_equal(v[0].octets.size, 16);
	assert_int_equal(vector_number(&v[0], "type"), 1);
	assert_int_equal(v[1].rule.reason, REJECT_LENGTH);
	assert_int_equal(v[1].line, 10);
	assert_false(v[1].has_fields);
	assert_true(v[2].must_accept);
	vectors_free(file);
}

/* What is changed in the good text, the line that is told, and a part of the message. */
static const struct {
	const char *what, *with;
	unsigned line;
	const char *message;
} bad[] = {
	{"\"format\"", "\"format\" \"x\"", 1, "it would be JSON"},
	{"]}]}\n", "]", 21, "it would be JSON"},
	{"baton-vectors-1", "baton-vectors-9", 1, "this version reads 'baton-vectors-1'"},
	{"\"count\": 3", "\"count\": 4", 15, "there are 3 vectors; was the file cut?"},
	{"\"count\": 3", "\"count\": \"3\"", 1, "it would be a number"},
	{"\"title\": \"test\"", "\"titel\": \"test\"", 1, "a member 'titel'"},
	{"\"title\": \"group\",", "", 3, "a group has no 'title'"},
	{"\"eap\": [], ", "", 3, "keys has no 'eap'"},
	{"\"bytes\": \"000", "\"bytes\": \"00", 5, "it would be octets in hexadecimal"},
	{"\"bytes\": \"000", "\"bytes\": \"0x0", 5, "it would be octets in hexadecimal"},
	{"\"result\": \"valid\"", "\"result\": \"fine\"", 5, "one of 'valid', 'acceptable'"},
	{"pac->paa", "upwards", 5, "the direction is 'upwards'"},
	{"\"needs\": \"fresh\"", "\"needs\": \"sleep\"", 5, "what the state needs is 'sleep'"},
	{"[\"PAR[S]\"]", "[]", 5, "no reaction"},
	{"[\"PAR[S]\"]", "[7]", 5, "a reaction is not a string"},
	{"\"length\": 16", "\"length\": -1", 5, "'length' is wrong; it would be a number"},
	{"\"length\": 16", "\"length\": 16.5", 5, "'length' is wrong; it would be a number"},
	{"\"length\": 16", "\"length\": \"1 6\"", 5, "or octets in hexadecimal"},
	{"\"message\": \"PCI\", ", "", 5, "no 'message' among the fields"},
	{"\"message\": \"PCI\"", "\"message\": 1", 5, "'message' is wrong"},
	{"\"protocol\": \"pana\"", "\"protocol\": \"pan\"", 1, "no vectors for 'pan'"},
	{", \"avps\": []}", "}", 5, "both belong together"},
	{"\"result\": \"invalid\"", "\"result\": \"valid\"", 10, "has a rule"},
	{"bad-length", "not-a-reason", 10, "is no reason to reject"},
	{"\"layer\": \"decode\"", "\"layer\": \"session\"", 10, "lacks decoded fields"},
	{"\"level\": \"must\"", "\"level\": \"shall\"", 15, "the level of the tolerance"},
	{"\"id\": \"two\", ", "", 5, "a vector has no 'id'"},
	{"\"result\": \"acceptable\"",
		"\"result\": \"acceptable\", \"auth\": "
		"{\"association\": 0, \"valid\": true}",
		15, "association 0 of 0"},
};

static void test_tells_what_is_wrong(void **state)
{
	struct folder *f = *state;
	char error[1024], start[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_changed(f, bad[i].what, bad[i].with);
		struct vectors *file = vectors_read(f->file, error, sizeof(error));
		if (file)
			fail_msg("row %zu (%s) was taken", i, bad[i].with);
		snprintf(start, sizeof(start), "%s:%u: ", f->file, bad[i].line);
		if (strncmp(error, start, strlen(start)) != 0 || !strstr(error, bad[i].message))
			fail_msg("row %zu: expected \"%s... %s\", actual \"%s\"", i, start,
				bad[i].message, error);
		assert_null(strchr(error, '\n'));
	}
}

static void test_missing_and_empty_files(void **state)
{
	struct folder *f = *state;
	char error[1024] = "";
	struct vector_set set;

	assert_null(vectors_read("/nowhere/t.json", error, sizeof(error)));
	assert_non_null(strstr(error, "/nowhere/t.json: "));
	assert_int_equal(vector_set_read(&set, f->path, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "no *.json here"));
	write_text(f->file, "");
	assert_null(vectors_read(f->file, error, sizeof(error)));
	assert_non_null(strstr(error, "empty"));
	assert_int_equal(vector_set_read(&set, "/nowhere", error, sizeof(error)), -1);
	assert_non_null(strstr(error, "name a protocol that has vectors"));
}

static void test_one_id_for_two_vectors(void **state)
{
	struct folder *f = *state;
	char error[1024] = "";
	struct vector_set set;

	write_changed(f, "\"id\": \"two\"", "\"id\": \"one\"");
	assert_int_equal(vector_set_read(&set, f->path, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "the id 'one' is also in"));
	assert_int_equal(set.file_count, 0);
}

/* The check of the one changed vector. */
static struct finding check_changed(
	const struct folder *f, const char *what, const char *with, const char *id)
{
	char error[1024] = "";
	struct vector_set set;
	struct finding out;

	write_changed(f, what, with);
	if (vector_set_read(&set, f->path, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	const struct vector *v = vector_set_find(&set, id);
	assert_non_null(v);
	out = check_with_codec(vector_codec("pana"), v);
	vector_set_free(&set);
	return out;
}

static void test_codec_agrees_with_the_good(void **state)
{
	static const char *const ids[] = {"one", "two", "three"};

	for (int i = 0; i < 3; i++) {
		struct finding f = check_changed(*state, "test", "test", ids[i]);
		if (f.verdict != CHECK_AGREES)
			fail_msg("%s: %s", ids[i], f.text);
	}
}

/* A check that sees nothing would pass all of these. */
static void test_codec_check_sees_differences(void **state)
{
	static const struct {
		const char *what, *with, *id, *text;
	} rows[] = {
		{"\"type\": 1", "\"type\": 2", "one", "type: expected 2, actual 1"},
		{"\"flags\": 0", "\"flags\": 512", "one", "flags: expected 512, actual 0"},
		{"\"message\": \"PCI\"", "\"message\": \"PAR\"", "one", "message: expected PAR"},
		{"\"avps\": []",
			"\"avps\": [{\"code\": 1, \"name\": \"AUTH\", \"flags\": 0, \"length\": 0, "
			"\"reserved\": 0, \"value\": \"\"}]",
			"one", "number of elements: expected 1, actual 0"},
		{"00000010000000010000000000000000", "00000010800000010000000000000000", "one",
			"flags: expected 0, actual 32768"},
		{"00000010000000010000000000000000\", \"result\": \"valid\"",
			"00000010000000010000000000000000\", \"result\": \"invalid\", \"rule\": "
			"{\"layer\": \"message\", \"reason\": \"bad-flags\", \"clause\": "
			"\"RFC5191 6.2\", \"text\": \"x\"}",
			"one", "expected rejected: bad-flags"},
		{"\"reason\": \"bad-length\"", "\"reason\": \"bad-flags\"", "two",
			"reason: expected bad-flags"},
		{"\"field\": \"Message Length\"", "\"field\": \"Flags\"", "two",
			"field: expected Flags"},
		{"\"bytes\": \"000000100000\"", "\"bytes\": \"00000010000000010000000000000000\"",
			"two", "actual taken"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct finding f = check_changed(*state, rows[i].what, rows[i].with, rows[i].id);
		if (f.verdict != CHECK_DIFFERS || !strstr(f.text, rows[i].text))
			fail_msg(
				"row %zu: expected \"%s\", actual \"%s\"", i, rows[i].text, f.text);
	}
}

static void test_explanations(void **state)
{
	struct folder *f = *state;
	char error[1024] = "";
	struct vector v = {.id = "header-zero"}, other = {.id = "avp-zero"};

	write_text(f->file, "{\"format\": \"baton-explanations-1\", \"explanations\": "
			    "[{\"protocol\": \"pana\", \"vectors\": [\"header-*\"], "
			    "\"why\": \"because\"}]}");
	struct explanations *e = explanations_read(f->file, "pana", error, sizeof(error));
	assert_non_null(e);
	assert_string_equal(explanation_of(e, &v), "because");
	assert_null(explanation_of(e, &other));
	explanations_free(e);
	e = explanations_read(f->file, "eap", error, sizeof(error));
	assert_null(explanation_of(e, &v));
	explanations_free(e);
	write_text(f->file, "{\"format\": \"baton-explanations-1\", \"explanations\": [{}]}");
	assert_null(explanations_read(f->file, "pana", error, sizeof(error)));
	assert_non_null(strstr(error, "without 'protocol'"));
	write_text(f->file, "{\n\n{");
	assert_null(explanations_read(f->file, "pana", error, sizeof(error)));
	assert_non_null(strstr(error, "t.json:3: "));
}

static void test_corpus_that_cannot_be_written(void **state)
{
	struct folder *f = *state;
	char error[1024] = "";
	struct vector_set set;

	write_text(f->file, good);
	assert_int_equal(vector_set_read(&set, f->path, error, sizeof(error)), 0);
	assert_int_equal(write_corpus(&set, f->file, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "name a folder"));
	vector_set_free(&set);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(test_reads_what_is_good),
		TEST(test_tells_what_is_wrong),
		TEST(test_missing_and_empty_files),
		TEST(test_one_id_for_two_vectors),
		TEST(test_codec_agrees_with_the_good),
		TEST(test_codec_check_sees_differences),
		TEST(test_explanations),
		TEST(test_corpus_that_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
