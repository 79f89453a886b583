// SPDX-License-Identifier: Apache-2.0
/*
 * A conformance suite as it is read from its file: docs/suites.md is the reference of the language.
 *
 * Reading resolves every name against the protocol's own tables (ref/base/wire.h) and expands the
 * parameter lists, so what is here needs no further checking: one struct test is one case. All of
 * it lives in the suite's arena and is read-only.
 */
#ifndef TESTBED_SUITE_SUITE_H
#define TESTBED_SUITE_SUITE_H

#include "ref/base/btime.h"
#include "ref/base/view.h"
#include "ref/base/wire.h"
#include "testbed/suite/complaint.h"
#include "testbed/suite/role.h"
#include "testbed/topology/arena.h"

/* --- values --------------------------------------------------------------------------------- */

#define TERMS_MAX 4

/* $s + 1 - $t: the sum of terms, each a variable or a number. */
struct term {
	bool negative;
	const char *variable; /* NULL: `number` */
	uint64_t number;
};

struct sum {
	struct term terms[TERMS_MAX];
	unsigned count;
};

enum operand_kind {
	OPERAND_SUM,	/* a number, or a lone variable of whatever kind */
	OPERAND_OCTETS, /* hex:0011 or "text" */
	OPERAND_RANDOM, /* random:N octets, from the seeded stream of the run */
	OPERAND_ZEROS,	/* zeros:N octets */
	OPERAND_SEAL,	/* how the integrity value is to be, or is */
};

enum seal_word {
	SEAL_CORRECT, /* as the protocol computes it, over the message as sent */
	SEAL_WRONG,   /* the same with one bit changed */
	SEAL_KEPT,    /* computed before the line's alterations: what an attacker leaves behind */
	SEAL_OLD,     /* with the key before the present one */
	SEAL_USUAL,   /* of a forged message: as the session would have it, or none without a key */
	SEAL_VALID,   /* received: it verifies */
	SEAL_INVALID, /* received: it does not */
};

struct operand {
	enum operand_kind kind;
	struct sum low, high; /* `high` of a range low..high */
	bool range;
	struct view octets;
	size_t size; /* of random and zeros */
	enum seal_word seal;
};

/* --- patterns ------------------------------------------------------------------------------- */

enum comparison { IS, IS_NOT, LESS, AT_MOST, GREATER, AT_LEAST };

enum target_kind {
	TARGET_HEADER,	 /* a header field */
	TARGET_ELEMENT,	 /* an element, or a part of one */
	TARGET_HAS,	 /* elements that are there */
	TARGET_LACKS,	 /* elements that are not */
	TARGET_LAST,	 /* send: move this element to the end */
	TARGET_CUT,	 /* send: leave out the last octets of the datagram */
	TARGET_TRAILING, /* send: add octets after the end of the message */
	TARGET_FROM_PORT,
	TARGET_TO_PORT,
	TARGET_FROM_ADDRESS, /* expect: 1 or 2, the sut's first or second */
	TARGET_TO_ADDRESS,   /* expect: 1 or 2, the tester's */
	TARGET_SIZE,	     /* of the whole datagram */
};

enum part {
	PART_VALUE,
	PART_SIZE,   /* octets of the value */
	PART_COUNT,  /* how many of them the message has */
	PART_LENGTH, /* the length field as it stands on the wire */
	PART_FLAGS,
	PART_FIELD, /* field number `index` of the value */
	PART_INNER, /* header field number `index` of the packet inside */
};

#define ALTERNATIVES_MAX 8

struct condition {
	enum target_kind target;
	const char *word; /* as the suite wrote it, for reports */
	unsigned line, column;
	unsigned header;	       /* index, of TARGET_HEADER */
	const struct element *element; /* NULL when the dictionary has no such element */
	uint32_t vendor, code;	       /* of the element */
	enum part part;
	unsigned index;
	const struct field *field; /* whose names and kind the value has, or NULL */
	enum comparison comparison;
	struct operand operands[ALTERNATIVES_MAX]; /* one of them: a|b|c */
	unsigned operand_count;
};

struct pattern {
	const struct message *message; /* NULL: any message; for send: `octets` is the datagram */
	struct view octets;
	struct condition *conditions;
	size_t count;
};

/* --- steps ---------------------------------------------------------------------------------- */

enum step_kind {
	STEP_SEND,	/* the tester's message, as it should be but for the conditions; `again`: the
			 * last one once more, octet by octet */
	STEP_FORGE,	/* a message of somebody without keys; the peer knows nothing of it */
	STEP_EXPECT,	/* the next message of the sut */
	STEP_SILENCE,	/* nothing new for a time; `strict`: no datagram at all */
	STEP_AUTO,	/* the ordinary exchange up to a point, a message, or for a time */
	STEP_WAIT,
	STEP_DROP,	/* arms: the next messages are lost */
	STEP_DELAY,	/* arms: ... come late by `after` */
	STEP_DUPLICATE, /* arms: ... come twice */
	STEP_REORDER,	/* arms: ... come after the message that follows */
	STEP_ALTER,	/* arms: ... are changed by the conditions */
	STEP_VERB,	/* the adapter is asked to do something */
	STEP_LET,
	STEP_CHECK,
	STEP_CONNECT, /* the tester makes its connection */
	STEP_CLOSE,   /* ... ends it */
	STEP_CLOSED,  /* the sut ends it */
	STEP_SESSION, /* the lines below are about another session */
	STEP_USE,     /* the tester's other address, or a new port */
	STEP_REPEAT,
	STEP_END,
	STEP_THEN, /* the preamble ends here */
};

enum use_kind { USE_FIRST_ADDRESS, USE_SECOND_ADDRESS, USE_NEW_PORT, USE_NAT_PORT };

#define VERB_ARGUMENTS_MAX 6

struct step {
	enum step_kind kind;
	unsigned line, column;
	const char *text; /* the line as it was read, one space between words */
	struct pattern pattern;
	bool optional, again, strict;
	bool from_sut; /* of what is armed: messages that the sut sends */
	btime within;  /* BTIME_NEVER: not said */
	btime after;   /* not before; or the delay; or the time to wait */
	unsigned times;
	const char *point; /* auto until POINT; NULL: until `pattern`, or for `after` */
	bool until;
	const char *name; /* verb, session, or the variable of let */
	const char *arguments[VERB_ARGUMENTS_MAX + 1];
	const char *prints; /* what the verb must print first; or NULL */
	enum use_kind use;
	struct operand left, right; /* of let (right) and check */
	enum comparison comparison;
	size_t jump; /* repeat: index of its end; end: index of its repeat */
};

/* --- tests ---------------------------------------------------------------------------------- */

struct cover {
	const char *document; /* "RFC5191" */
	const char *section;  /* "5.2" */
	unsigned ordinal;     /* the statement in that section, from 1; 0: the only one */
	const char *level;    /* must, must-not, should, should-not, may */
	unsigned line, column;
};

struct word {
	const char *text;
	unsigned line, column;
};

/* given NAME=VALUE; `side` "sut" or "tester" when only one of them is to have it, else NULL. */
struct given {
	const char *side, *name, *value;
	unsigned line, column;
};

struct parameter {
	const char *name, *value;
};

struct words {
	struct word *list;
	size_t count;
};

struct givens {
	struct given *list;
	size_t count;
};

struct test {
	const char *name;
	const char *purpose;
	unsigned line;
	struct parameter *parameters; /* of this case */
	size_t parameter_count;
	struct cover *covers;
	size_t cover_count;
	struct words needs;   /* the suite's too */
	struct givens givens; /* the suite's first, so that a later one wins */
	struct step *steps;
	size_t step_count;
	bool has_preamble; /* a `then` stands among the steps */
	btime within;	   /* patience of the suite for lines that do not say */
};

struct suite {
	const char *file;
	const char *name; /* "pana/paa" */
	const char *title;
	const struct role *role;
	struct test *tests;
	size_t test_count;
	struct arena *arena;
};

/* How long an expect waits that does not say. */
#define WITHIN_DEFAULT (2 * BTIME_S)

/*
 * Reads a suite from memory; `file` stands for it in findings. 0 with *out, to be released with
 * suite_free; or -1 with at least one finding and *out NULL.
 */
int suite_parse(const char *file, struct view text, struct suite **out,
	struct complaints *complaints);

/* The same from the file. */
int suite_load(const char *file, struct suite **out, struct complaints *complaints);

/* Accepts NULL. */
void suite_free(struct suite *suite);

/* "name" or "name[a=1,b=2]": unique in the suite. Returns `out`. */
const char *test_case_name(const struct test *test, char *out, size_t size);

/* "5.2" or "5.2/3". */
const char *cover_text(const struct cover *cover, char *out, size_t size);

#endif
