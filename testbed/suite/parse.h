// SPDX-License-Identifier: Apache-2.0
/* Between the parts of the parser: a cursor over the tokens of one test, and its small verbs. */
#ifndef TESTBED_SUITE_PARSE_H
#define TESTBED_SUITE_PARSE_H

#include "testbed/suite/suite.h"
#include "testbed/suite/token.h"

#define NAMES_MAX 64

struct parser {
	const struct token *next;
	struct arena *arena;
	struct complaints *complaints;
	const struct role *role;
	bool silent_variables;	     /* a range check only: no complaint about unknown ones */
	const char *names[NAMES_MAX]; /* variables that have a value at this point of the test */
	unsigned name_count;
};

/* --- cursor --------------------------------------------------------------------------------- */

/* Whether the next token is the end of the line, that word, that operator. Takes nothing. */
bool at_line_end(const struct parser *p);
bool at_word(const struct parser *p, const char *word);
bool at_operator(const struct parser *p, const char *text);

/* Takes the token if it is that word or operator. */
bool take_word(struct parser *p, const char *word);
bool take_operator(struct parser *p, const char *text);

/* Complains at the next token: "WHAT; RIGHT". -1. */
int complain_here(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The next token's text if it is a plain word; else complains that `what` is missing: NULL. */
const char *parse_word(struct parser *p, const char *what);

/* --- values --------------------------------------------------------------------------------- */

/* "500ms", "2s", "1.5s", "20us". */
int parse_time(struct parser *p, btime *out);
bool read_time(const char *text, btime *out);

/* Decimal or 0x... */
bool read_number(const char *text, uint64_t *out);

/* One operand of a condition: `field` (may be NULL) lends names and kind, `seal` allows words such
 * as correct. */
int parse_operand(struct parser *p, const struct field *field, bool flags_of_message, bool seal,
	struct operand *out);

/* Remembers that the variable has a value from here on; whether it has. */
void variable_bind(struct parser *p, const char *name);
bool variable_bound(const struct parser *p, const char *name);

/* --- patterns ------------------------------------------------------------------------------- */

enum pattern_use { PATTERN_SEND, PATTERN_EXPECT, PATTERN_CONDITIONS_ONLY };

/* MSG and its conditions, up to a word that is none of them. CONDITIONS_ONLY: no MSG. */
int parse_pattern(struct parser *p, enum pattern_use use, struct pattern *out);

/* A message's name, also `any` where allowed (*out NULL). */
int parse_message(struct parser *p, bool any, const struct message **out);

/* --- statements ----------------------------------------------------------------------------- */

/* One step, the keyword not yet taken. 0, or -1 after a complaint. */
int parse_step(struct parser *p, struct step *out);

/* For "did you mean": the nearest of the words, NULL when none is near. `each` gives the i-th. */
const char *nearest(const char *word, const char *(*each)(const void *context, unsigned i),
	const void *context);

#endif
