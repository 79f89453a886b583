// SPDX-License-Identifier: Apache-2.0
/*
 * JUnit XML as CI systems read it. A MUST not met is <failure>; a crash, a failed set-up or
 * clean-up, an inconclusive test and an error of ours are <error>; what does not apply or is not
 * supported is <skipped>. A deviation passes and says why in <system-out>. Measured figures are
 * properties of a suite of their own.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlwriter.h>

#include "testbed/report/json.h"
#include "testbed/report/view.h"

/* XML 1.0 §2.2: no control characters but tab, line feed and carriage return; no U+FFFE, U+FFFF.
 * Surrogates cannot occur, the text is UTF-8 of JSON. Returns a copy owned by the caller. */
static xmlChar *xml_clean(const char *text)
{
	char *clean = report_format("%s", text);

	for (char *s = clean; *s; s++) {
		if (((unsigned char)*s < 0x20 && !strchr("\t\n\r", *s)) || *s == 0x7f)
			*s = '?';
		else if (!strncmp(s, "\xef\xbf\xbe", 3) || !strncmp(s, "\xef\xbf\xbf", 3))
			s[2] = '\xbd';
	}
	return BAD_CAST clean;
}

static void attribute(xmlTextWriterPtr xml, const char *name, const char *text)
{
	xmlChar *clean = xml_clean(text);

	xmlTextWriterWriteAttribute(xml, BAD_CAST name, clean);
	free(clean);
}

static void attribute_count(xmlTextWriterPtr xml, const char *name, size_t n)
{
	xmlTextWriterWriteFormatAttribute(xml, BAD_CAST name, "%zu", n);
}

static void attribute_seconds(xmlTextWriterPtr xml, const char *name, double s)
{
	xmlTextWriterWriteFormatAttribute(xml, BAD_CAST name, "%.3f", s);
}

static void text_line(xmlTextWriterPtr xml, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void text_line(xmlTextWriterPtr xml, const char *format, ...)
{
	char *line = NULL;
	xmlChar *clean;
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		report_must(NULL);
	va_end(args);
	clean = xml_clean(line);
	xmlTextWriterWriteString(xml, clean);
	xmlTextWriterWriteString(xml, BAD_CAST "\n");
	free(clean);
	free(line);
}

static void evidence(xmlTextWriterPtr xml, const json_t *test)
{
	json_t *item;
	size_t i;

	text_line(xml, "%s", json_get_text(test, "reason"));
	text_line(xml, "%s:%" JSON_INTEGER_FORMAT, json_get_text(test, "file"),
		json_integer_value(json_object_get(test, "line")));
	if (*json_get_text(test, "clause"))
		text_line(xml, "clause: %s", json_get_text(test, "clause"));
	json_array_foreach(json_get_array(test, "expected"), i, item)
		text_line(xml, "expected: %s", json_string_value(item));
	json_array_foreach(json_get_array(test, "received"), i, item)
		text_line(xml, "received: %s", json_string_value(item));
	json_array_foreach(json_get_array(test, "differs"), i, item)
		text_line(xml, "%s: expected %s, received %s", json_get_text(item, "field"),
			json_get_text(item, "expected"), json_get_text(item, "received"));
}

/* The element that says how a test ended; NULL for a pass. */
static const char *outcome(enum verdict v)
{
	switch (v) {
	case VERDICT_PASS:
		return NULL;
	case VERDICT_DEVIATION:
		return "system-out";
	case VERDICT_FAIL:
		return "failure";
	case VERDICT_UNSUPPORTED:
	case VERDICT_NOT_APPLICABLE:
		return "skipped";
	case VERDICT_INCONCLUSIVE:
	case VERDICT_SETUP_FAILED:
	case VERDICT_CLEANUP_FAILED:
	case VERDICT_CRASH:
	case VERDICT_ERROR:
		return "error";
	}
	return NULL;
}

static void write_test(xmlTextWriterPtr xml, const char *class, const json_t *test)
{
	enum verdict v = report_test_verdict(test);
	const char *element = outcome(v);
	char *title = report_test_title(test);

	xmlTextWriterStartElement(xml, BAD_CAST "testcase");
	attribute(xml, "classname", class);
	attribute(xml, "name", title);
	attribute(xml, "file", json_get_text(test, "file"));
	attribute_count(xml, "line", (size_t)json_integer_value(json_object_get(test, "line")));
	attribute_seconds(xml, "time", json_number_value(json_object_get(test, "duration_s")));
	if (element) {
		xmlTextWriterStartElement(xml, BAD_CAST element);
		if (v != VERDICT_DEVIATION) {
			attribute(xml, "message", json_get_text(test, "reason"));
			if (strcmp(element, "skipped"))
				attribute(xml, "type", verdict_name(v));
		} else {
			text_line(xml, "deviation");
		}
		if (strcmp(element, "skipped"))
			evidence(xml, test);
		xmlTextWriterEndElement(xml);
	} else if (json_is_true(json_object_get(test, "flaky"))) {
		xmlTextWriterWriteElement(xml, BAD_CAST "system-out",
			BAD_CAST "flaky: passed only when tried again");
	}
	xmlTextWriterEndElement(xml);
	free(title);
}

static void write_counts(xmlTextWriterPtr xml, const struct tally *t)
{
	size_t errors = 0, failures = 0, skipped = 0;

	for (size_t v = 0; v < VERDICT_COUNT; v++) {
		const char *element = outcome((enum verdict)v);

		errors += element && !strcmp(element, "error") ? t->count[v] : 0;
		failures += element && !strcmp(element, "failure") ? t->count[v] : 0;
		skipped += element && !strcmp(element, "skipped") ? t->count[v] : 0;
	}
	attribute_count(xml, "tests", t->total);
	attribute_count(xml, "failures", failures);
	attribute_count(xml, "errors", errors);
	attribute_count(xml, "skipped", skipped);
	attribute_seconds(xml, "time", t->duration_s);
}

static void write_suite(xmlTextWriterPtr xml, const json_t *suite, const char *started)
{
	char *sut = report_suite_sut(suite);
	char *class = report_format("%s @ %s", json_get_text(suite, "name"), sut);
	struct tally tally = { 0 };
	json_t *test;
	size_t i;

	tally_suite(suite, &tally);
	xmlTextWriterStartElement(xml, BAD_CAST "testsuite");
	attribute(xml, "name", class);
	attribute(xml, "timestamp", started);
	write_counts(xml, &tally);
	json_array_foreach(json_get_array(suite, "tests"), i, test)
		write_test(xml, class, test);
	xmlTextWriterEndElement(xml);
	free(class);
	free(sut);
}

static void write_property(xmlTextWriterPtr xml, const json_t *column, const json_t *row)
{
	char median[32], documented[32];
	char *name =
		report_format("%s %s", json_get_text(column, "name"), json_get_text(row, "row"));
	char *value = report_format("%s %s, documented %s, %s",
		number_text(json_get_number(row, "median"), median), json_get_text(row, "unit"),
		number_text(json_get_number(row, "documented"), documented),
		json_get_text(row, "word"));

	xmlTextWriterStartElement(xml, BAD_CAST "property");
	attribute(xml, "name", name);
	attribute(xml, "value", value);
	xmlTextWriterEndElement(xml);
	free(value);
	free(name);
}

static void write_measurement(xmlTextWriterPtr xml, const json_t *measurement, const char *started)
{
	const struct tally none = { 0 };
	json_t *column, *row;
	size_t i, j;

	xmlTextWriterStartElement(xml, BAD_CAST "testsuite");
	attribute(xml, "name", json_get_text(measurement, "title"));
	attribute(xml, "timestamp", started);
	write_counts(xml, &none);
	xmlTextWriterStartElement(xml, BAD_CAST "properties");
	json_array_foreach(json_get_array(measurement, "columns"), i, column)
		json_array_foreach(json_get_array(column, "rows"), j, row)
			write_property(xml, column, row);
	xmlTextWriterEndElement(xml);
	xmlTextWriterEndElement(xml);
}

int view_junit(const struct report *report, const json_t *comparison,
	const struct view_options *options, FILE *out, struct report_error *error)
{
	const char *started = json_get_text(report->root, "started");
	struct tally all = tally_report(report);
	xmlBufferPtr buffer = report_must(xmlBufferCreate());
	xmlTextWriterPtr xml = report_must(xmlNewTextWriterMemory(buffer, 0));
	json_t *item;
	size_t i;

	(void)comparison;
	(void)options;
	(void)error;
	xmlTextWriterSetIndent(xml, 1);
	xmlTextWriterStartDocument(xml, NULL, "UTF-8", NULL);
	xmlTextWriterStartElement(xml, BAD_CAST "testsuites");
	attribute(xml, "name", "baton");
	write_counts(xml, &all);
	json_array_foreach(json_get_array(report->root, "suites"), i, item)
		write_suite(xml, item, started);
	json_array_foreach(json_get_array(report->root, "measurements"), i, item)
		write_measurement(xml, item, started);
	xmlTextWriterEndDocument(xml);
	xmlFreeTextWriter(xml);
	fwrite(xmlBufferContent(buffer), 1, (size_t)xmlBufferLength(buffer), out);
	xmlBufferFree(buffer);
	return 0;
}
