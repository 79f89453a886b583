// SPDX-License-Identifier: Apache-2.0
/* What the views for a terminal share: tones, and tables of padded cells. */
#ifndef TESTBED_REPORT_TERM_H
#define TESTBED_REPORT_TERM_H

#include <stdbool.h>
#include <stdio.h>

#include "testbed/report/result.h"

enum tone { PLAIN, BOLD, DIM, GOOD, POOR, BAD };

struct term {
	FILE *out;
	bool colour;
	bool verbose;
};

/* Prints text in a tone, padded to width: to the right when width is negative. */
void term_cell(const struct term *t, enum tone tone, const char *text, int width);

/* An empty line, and the text in bold. */
void term_heading(const struct term *t, const char *text);

/* The greater of `width` and the text's. */
int term_width(int width, const char *text);

/* How a verdict looks. */
enum tone verdict_tone(enum verdict v);

/* Of the word of a measured row: "reproduced", "worse", ... */
enum tone word_tone(const char *word);

#endif
