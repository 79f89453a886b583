// SPDX-License-Identifier: Apache-2.0
/*
 * The loader of result.json, and what is drawn from a result that it lets through. Random bytes
 * seldom get past the parser, so an input that is no JSON replaces one value of a good result: its
 * first byte chooses which, the rest is the new value.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/report/view.h"

static const char good[] =
	"{\"format\":\"baton-result-1\",\"baton\":{\"version\":\"0.1\"},\"host\":{\"kernel\":\"6."
	"1\","
	"\"machine\":\"x86_64\",\"guest\":false,\"clock\":\"virtual\"},\"started\":\"2026\","
	"\"duration_s\":1,\"command\":[\"baton\"],\"suites\":[{\"name\":\"s\",\"sut\":{\"name\":"
	"\"i\"},"
	"\"tests\":[{\"name\":\"t\",\"case\":{\"a\":1},\"file\":\"f\",\"line\":1,\"verdict\":"
	"\"fail\","
	"\"reason\":\"r\",\"differs\":[{\"field\":\"f\",\"expected\":\"e\",\"received\":\"r\"}],"
	"\"ladder\":[{\"t\":0,\"from\":\"tester\",\"to\":\"sut\",\"label\":\"l\"}]}]},"
	"{\"name\":\"s\",\"sut\":{\"name\":\"j\"},\"tests\":[]}],"
	"\"coverage\":[{\"document\":\"d\",\"id\":\"1\",\"section\":\"\",\"level\":\"must\","
	"\"text\":\"t\",\"covered_by\":[\"s/t\"]}],\"measurements\":[{\"experiment\":\"e\","
	"\"title\":\"t\",\"clock\":\"real\",\"columns\":[{\"name\":\"c\",\"repetitions\":1,"
	"\"rows\":"
	"[{\"row\":\"r\",\"unit\":\"ms\",\"documented\":null,\"median\":1.5,\"min\":1.5,\"max\":1."
	"5,"
	"\"values\":[1.5],\"word\":\"worse\"}]}],\"handoffs\":[{\"column\":\"c\",\"repetition\":1,"
	"\"phases\":[{\"name\":\"p\",\"start_ms\":0,\"end_ms\":1}],\"timeline\":[],\"packets\":"
	"[{\"seq\":1,\"sent_ms\":0,\"received_ms\":null}]}]}],\"files\":[]}";

/* Where the nth value of the good result begins: after a colon or an opening bracket. */
static const char *value_at(size_t n)
{
	const char *s = good;

	for (;;) {
		s = strpbrk(s, ":[");
		if (!s)
			return good;
		s++;
		if (!n--)
			return s;
	}
}

/* Length of the value there: a text, or whatever comes before the next comma or bracket. */
static size_t value_length(const char *s)
{
	if (*s == '"')
		return 2 + strcspn(s + 1, "\"");
	return strcspn(s, ",]}");
}

static char *with_value(const uint8_t *bytes, size_t size, size_t *length)
{
	const char *at = value_at(bytes[0] % 80);
	size_t before = (size_t)(at - good), rest = before + value_length(at);
	char *out = malloc(sizeof(good) + size);

	if (!out)
		abort();
	memcpy(out, good, before);
	memcpy(out + before, bytes + 1, size - 1);
	memcpy(out + before + size - 1, good + rest, sizeof(good) - rest);
	*length = before + size - 1 + sizeof(good) - 1 - rest;
	return out;
}

static void draw(const struct report *report)
{
	static view_function *const views[] = { view_terminal, view_summary, view_ktap, view_junit,
		view_markdown, view_json };
	struct view_options options = { .colour = true, .verbose = true };
	json_t *comparison = report_compare(report, report);
	struct report_error error;
	char *text = NULL;
	size_t size;

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		FILE *out = open_memstream(&text, &size);

		views[i](report, comparison, &options, out, &error);
		fclose(out);
		free(text);
	}
	json_decref(comparison);
}

static void load(const char *bytes, size_t size)
{
	struct report_error error;
	struct report report, merged;

	if (report_parse(bytes, size, "result.json", "/nonexistent", &report, &error)) {
		if (!strstr(error.text, "result.json"))
			abort(); /* an error that does not name its file */
		return;
	}
	draw(&report);
	if (!report_merge(&report, 1, &merged, &error))
		report_free(&merged);
	report_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length;
	char *text;

	if (size && (data[0] == '{' || data[0] == '[')) {
		load((const char *)data, size);
	} else if (size) {
		text = with_value(data, size, &length);
		load(text, length);
		free(text);
	}
	return 0;
}
