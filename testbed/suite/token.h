// SPDX-License-Identifier: Apache-2.0
/* The words of a suite. A line is a statement; a backslash at its end joins the next line to it. */
#ifndef TESTBED_SUITE_TOKEN_H
#define TESTBED_SUITE_TOKEN_H

#include "ref/base/view.h"
#include "testbed/suite/complaint.h"
#include "testbed/topology/arena.h"

enum token_kind {
	TOKEN_WORD,	/* letters, digits and _ . : / * # - @ ; also numbers and times */
	TOKEN_STRING,	/* "..." with \" and \\ ; text without the quotes, unescaped */
	TOKEN_VARIABLE, /* $name ; text without the dollar */
	TOKEN_OPERATOR, /* = != < <= > >= + - | , .. */
	TOKEN_NEWLINE,
	TOKEN_END,
};

struct token {
	enum token_kind kind;
	bool spaced; /* white space stands before it */
	unsigned line, column;
	const char *text; /* terminated; for messages */
};

struct tokens {
	struct token *list; /* ends with TOKEN_END */
	size_t count;
};

/* Cuts `source` up; tokens live in the arena. What is wrong goes to `complaints`; the rest of a
 * wrong line is skipped. */
struct tokens tokens_of(struct view source, struct arena *arena, struct complaints *complaints);

#endif
