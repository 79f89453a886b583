// SPDX-License-Identifier: Apache-2.0
/* What several views share. */
#include "testbed/report/view.h"

#include <math.h>
#include <string.h>

#include "testbed/report/json.h"

const char *number_text(double x, char text[32])
{
	char *end;

	if (!isfinite(x))
		return strcpy(text, "n/a");
	if (fabs(x) >= 1e9) {
		snprintf(text, 32, "%.6g", x);
		return text;
	}
	snprintf(text, 32, "%.*f", fabs(x) < 100 ? 2 : 1, x);
	if (fabs(x) < 0.1)
		snprintf(text, 32, "%.3f", x);
	end = text + strlen(text);
	while (end[-1] == '0')
		*--end = 0;
	if (end[-1] == '.')
		*--end = 0;
	return strcmp(text, "-0") ? text : strcpy(text, "0");
}

const char *spread_text(const json_t *row, char text[80])
{
	double min = json_get_number(row, "min"), max = json_get_number(row, "max");
	char low[32], high[32];

	text[0] = 0;
	if (isfinite(min) && isfinite(max) && strcmp(number_text(min, low), number_text(max, high)))
		snprintf(text, 80, "%s to %s", low, high);
	return text;
}

const char *row_title(const json_t *row)
{
	const char *title = json_get_text(row, "title");

	return *title ? title : json_get_text(row, "row");
}

const char *column_documented(const json_t *measurement, const json_t *column)
{
	const char *own = json_get_text(column, "documented");

	return *own ? own : json_get_text(measurement, "documented");
}

/* Bytes of a character that must not be printed at s, 0 when it may. The text is UTF-8. */
static size_t control_length(const unsigned char *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
		return 2;
	if (s[0] == 0xe2 && s[1] == 0x80)
		return s[2] == 0xa8 || s[2] == 0xa9 || (s[2] >= 0xaa && s[2] <= 0xae) ? 3 : 0;
	return 0;
}

void print_clean(FILE *out, const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s;) {
		size_t n = control_length(s);

		if (!n) {
			fputc(*s++, out);
			continue;
		}
		fputc(*s == '\n' || *s == '\t' ? ' ' : '?', out);
		s += n;
	}
}

size_t text_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}
