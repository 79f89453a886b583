// SPDX-License-Identifier: Apache-2.0
#include "testbed/report/json.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int report_fail(struct report_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return -1;
}

void *report_must(void *p)
{
	if (!p) {
		fputs("baton: out of memory\n", stderr);
		abort();
	}
	return p;
}

char *report_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return report_must(text);
}

/* Length of the well-formed UTF-8 sequence at s (Unicode 15, table 3-7), 0 when there is none.
 * Stops at a NUL by itself, since that is no continuation byte. */
static size_t utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

json_t *json_from_text(const char *s)
{
	const unsigned char *in = (const unsigned char *)(s ? s : "");
	char *clean = report_must(malloc(3 * strlen((const char *)in) + 1));
	char *out = clean;
	json_t *value;

	while (*in) {
		size_t n = utf8_length(in);

		if (n) {
			memcpy(out, in, n);
			out += n;
			in += n;
		} else {
			memcpy(out, "\xef\xbf\xbd", 3);
			out += 3;
			in++;
		}
	}
	value = report_must(json_stringn(clean, (size_t)(out - clean)));
	free(clean);
	return value;
}

json_t *json_from_double(double x)
{
	return isfinite(x) ? report_must(json_real(x)) : json_null();
}

void json_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, report_must(value)))
		report_must(NULL);
}

void json_put_text(json_t *object, const char *key, const char *s)
{
	if (s)
		json_put(object, key, json_from_text(s));
}

void json_put_number(json_t *object, const char *key, double x)
{
	json_put(object, key, json_from_double(x));
}

void json_put_count(json_t *object, const char *key, size_t n)
{
	json_put(object, key, json_integer((json_int_t)n));
}

json_t *json_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, report_must(value)))
		report_must(NULL);
	return value;
}

const char *json_get_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

double json_get_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

json_t *json_get_array(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_array(value) ? value : NULL;
}
