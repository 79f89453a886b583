// SPDX-License-Identifier: Apache-2.0
#include "testbed/report/term.h"

#include <stdlib.h>
#include <string.h>

#include "testbed/report/view.h"

static const char *tone_start(const struct term *t, enum tone tone)
{
	static const char *const codes[] = {
		[PLAIN] = "",
		[BOLD] = "\033[1m",
		[DIM] = "\033[2m",
		[GOOD] = "\033[32m",
		[POOR] = "\033[33m",
		[BAD] = "\033[31m",
	};

	return t->colour ? codes[tone] : "";
}

void term_cell(const struct term *t, enum tone tone, const char *text, int width)
{
	int pad = abs(width) - (int)text_width(text);

	if (width > 0 && pad > 0)
		fprintf(t->out, "%*s", pad, "");
	fputs(tone_start(t, tone), t->out);
	print_clean(t->out, text);
	if (t->colour && tone != PLAIN)
		fputs("\033[0m", t->out);
	if (width < 0 && pad > 0)
		fprintf(t->out, "%*s", pad, "");
}

void term_heading(const struct term *t, const char *text)
{
	fputc('\n', t->out);
	term_cell(t, BOLD, text, 0);
	fputc('\n', t->out);
}

enum tone verdict_tone(enum verdict v)
{
	switch (v) {
	case VERDICT_PASS:
		return GOOD;
	case VERDICT_DEVIATION:
	case VERDICT_INCONCLUSIVE:
		return POOR;
	case VERDICT_UNSUPPORTED:
	case VERDICT_NOT_APPLICABLE:
		return DIM;
	case VERDICT_FAIL:
	case VERDICT_SETUP_FAILED:
	case VERDICT_CLEANUP_FAILED:
	case VERDICT_CRASH:
	case VERDICT_ERROR:
		return BAD;
	}
	return PLAIN;
}

int term_width(int width, const char *text)
{
	int n = (int)text_width(text);

	return n > width ? n : width;
}

enum tone word_tone(const char *word)
{
	if (!strcmp(word, "worse"))
		return BAD;
	return strcmp(word, "not documented") ? GOOD : DIM;
}
