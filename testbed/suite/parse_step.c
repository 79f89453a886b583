// SPDX-License-Identifier: Apache-2.0
/* The lines of a test that do something: one row and one function each. */
#include "testbed/adapter/contract.h"
#include "testbed/suite/parse.h"

/* --- what may stand behind a message -------------------------------------------------------- */

/* within T, after T, in any order. */
static int parse_times(struct parser *p, struct step *s)
{
	for (;;) {
		if (take_word(p, "within")) {
			if (parse_time(p, &s->within) < 0)
				return -1;
		} else if (take_word(p, "after")) {
			if (parse_time(p, &s->after) < 0)
				return -1;
		} else {
			break;
		}
	}
	if (s->after && s->within != BTIME_NEVER && s->after >= s->within)
		return complain(p->complaints, s->line, s->column,
			"after is not before within; the message could never be in time");
	return 0;
}

static int step_send(struct parser *p, struct step *s)
{
	s->again = s->kind == STEP_SEND && take_word(p, "again");
	if (s->again)
		return 0;
	return parse_pattern(p, PATTERN_SEND, &s->pattern);
}

/* Lines about connections belong to roles that have them. */
static int needs_connections(struct parser *p)
{
	if (p->role->carrier == CARRIER_STREAM)
		return 0;
	return complain_here(p, "the messages of %s travel in no connection that could be made or "
		"closed", p->role->protocol->name);
}

static int step_connection(struct parser *p, struct step *s)
{
	(void)s;
	return needs_connections(p);
}

static int step_expect(struct parser *p, struct step *s)
{
	s->strict = take_word(p, "nothing");
	if (s->strict || take_word(p, "silence")) {
		s->kind = STEP_SILENCE;
		return parse_time(p, &s->after);
	}
	if (at_word(p, "closed")) {
		s->kind = STEP_CLOSED;
		if (needs_connections(p) < 0)
			return -1;
		p->next++;
		return parse_times(p, s);
	}
	s->optional = take_word(p, "optional");
	s->again = take_word(p, "again");
	if (parse_pattern(p, PATTERN_EXPECT, &s->pattern) < 0)
		return -1;
	return parse_times(p, s);
}

static bool is_point(const struct parser *p, const char *word)
{
	for (const struct role_point *q = p->role->points; q->name; q++)
		if (strcmp(q->name, word) == 0)
			return true;
	return false;
}

static int complain_point(struct parser *p)
{
	char names[200] = "";
	size_t used = 0;

	for (const struct role_point *q = p->role->points; q->name; q++) {
		int n = snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
			q->name);
		if (n < 0 || used + (size_t)n >= sizeof(names))
			break;
		used += (size_t)n;
	}
	return complain_here(p, "%s is no point of the exchange; right are %s, or a message of the "
		"implementation under test", p->next->text, names);
}

static int step_auto(struct parser *p, struct step *s)
{
	if (take_word(p, "for"))
		return parse_time(p, &s->after);
	if (!take_word(p, "until"))
		return complain_here(p, "until or for is missing; right are auto until POINT, "
			"auto until MESSAGE and auto for TIME");
	s->until = true;
	if (p->next->kind == TOKEN_WORD && is_point(p, p->next->text)) {
		s->point = p->next->text;
		p->next++;
	} else if (p->next->kind == TOKEN_WORD &&
		protocol_message_named(p->role->protocol, p->next->text)) {
		if (parse_pattern(p, PATTERN_EXPECT, &s->pattern) < 0)
			return -1;
	} else {
		return complain_point(p);
	}
	return parse_times(p, s);
}

static int step_wait(struct parser *p, struct step *s)
{
	return parse_time(p, &s->after);
}

/* --- what is armed -------------------------------------------------------------------------- */

/* [N] MSG [CONDITIONS] [to sut | from sut] */
static int parse_next(struct parser *p, struct step *s, const struct pattern *keep)
{
	uint64_t times = 1;

	if (!take_word(p, "next"))
		return complain_here(p, "next is missing; the line has the form ... next MESSAGE");
	if (p->next->kind == TOKEN_WORD && read_number(p->next->text, &times)) {
		if (times < 1 || times > 1000)
			return complain_here(p, "%s messages; a number from 1 to 1000",
				p->next->text);
		p->next++;
	}
	s->times = (unsigned)times;
	if (keep)
		s->pattern = *keep;
	if (parse_message(p, true, &s->pattern.message) < 0)
		return -1;
	if (take_word(p, "from"))
		s->from_sut = true;
	else if (!take_word(p, "to"))
		return complain_here(p, "to sut or from sut is missing; say which way the message "
			"goes");
	if (!take_word(p, "sut"))
		return complain_here(p, "sut is missing; say to sut or from sut");
	return 0;
}

static int step_drop(struct parser *p, struct step *s)
{
	return parse_next(p, s, NULL);
}

static int step_delay(struct parser *p, struct step *s)
{
	if (parse_next(p, s, NULL) < 0)
		return -1;
	if (!take_word(p, "by"))
		return complain_here(p, "by TIME is missing; as in delay next PAN to sut by 500ms");
	return parse_time(p, &s->after);
}

static int only_to_sut(struct parser *p, struct step *s)
{
	if (parse_next(p, s, NULL) < 0)
		return -1;
	if (s->from_sut)
		return complain(p->complaints, s->line, s->column,
			"only messages to the sut can be doubled or swapped; use to sut");
	return 0;
}

static int step_alter(struct parser *p, struct step *s)
{
	struct pattern pattern;

	if (parse_pattern(p, PATTERN_CONDITIONS_ONLY, &pattern) < 0)
		return -1;
	if (pattern.count == 0)
		return complain_here(p, "nothing is altered; as in alter seq=7 of next PAN to sut");
	if (!take_word(p, "of"))
		return complain_here(p, "of is missing; as in alter seq=7 of next PAN to sut");
	if (parse_next(p, s, &pattern) < 0)
		return -1;
	if (s->from_sut)
		return complain(p->complaints, s->line, s->column,
			"what the sut sent is evidence and stays as it is; only messages to sut "
			"can be altered");
	return 0;
}

/* --- the adapter ---------------------------------------------------------------------------- */

static int step_verb(struct parser *p, struct step *s)
{
	unsigned n = 0;

	s->optional = take_word(p, "optional");
	s->name = parse_word(p, "the verb");
	if (!s->name)
		return -1;
	if (!contract_verb(s->name)) {
		p->next--;
		return complain_here(p, "no adapter knows the verb %s; docs/adapters.md lists "
			"them: connect, reauth, ping, terminate, move, neighbours, state", s->name);
	}
	while (!at_line_end(p) && !at_word(p, "prints") && !at_word(p, "within")) {
		if (n == VERB_ARGUMENTS_MAX)
			return complain_here(p, "more than %d arguments", VERB_ARGUMENTS_MAX);
		if (p->next->kind == TOKEN_OPERATOR || p->next->kind == TOKEN_VARIABLE)
			return complain_here(p, "an argument of a verb is a word or a string");
		s->arguments[n++] = p->next->text;
		p->next++;
	}
	if (take_word(p, "prints")) {
		s->prints = parse_word(p, "what the verb prints");
		while (s->prints && take_operator(p, "|")) {
			const char *more = parse_word(p, "what the verb prints");
			s->prints = more ? arena_printf(p->arena, "%s|%s", s->prints, more) : NULL;
		}
		if (!s->prints)
			return -1;
	}
	return parse_times(p, s);
}

/* --- variables, sessions, blocks ------------------------------------------------------------ */

static int parse_known(struct parser *p, struct operand *out)
{
	const struct token *at = p->next;

	if (parse_operand(p, NULL, false, false, out) < 0)
		return -1;
	for (unsigned i = 0; i < out->low.count; i++) {
		const char *name = out->low.terms[i].variable;
		if (name && !variable_bound(p, name))
			return complain(p->complaints, at->line, at->column,
				"$%s has no value here; an earlier expect gives it one (seq=$%s), "
				"or let, or for", name, name);
	}
	return 0;
}

static int step_let(struct parser *p, struct step *s)
{
	s->name = parse_word(p, "the variable");
	if (!s->name)
		return -1;
	if (!take_operator(p, "="))
		return complain_here(p, "= is missing; as in let next=$s+1");
	if (parse_known(p, &s->right) < 0)
		return -1;
	variable_bind(p, s->name);
	return 0;
}

static int step_check(struct parser *p, struct step *s)
{
	static const char *const words[] = { "=", "!=", "<", "<=", ">", ">=" };

	if (parse_known(p, &s->left) < 0)
		return -1;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (take_operator(p, words[i])) {
			s->comparison = (enum comparison)i;
			return parse_known(p, &s->right);
		}
	}
	return complain_here(p, "a comparison is missing; as in check $a!=$b");
}

static int step_session(struct parser *p, struct step *s)
{
	s->name = parse_word(p, "the name of the session");
	return s->name ? 0 : -1;
}

static int step_use(struct parser *p, struct step *s)
{
	if (take_word(p, "first"))
		s->use = USE_FIRST_ADDRESS;
	else if (take_word(p, "second"))
		s->use = USE_SECOND_ADDRESS;
	else if (take_word(p, "new"))
		s->use = USE_NEW_PORT;
	else if (p->role->nat_port && take_word(p, "nat"))
		s->use = USE_NAT_PORT;
	else
		return complain_here(p, "%s is not what can be used; right are first address, "
			"second address, new port and, of IKE, nat port", p->next->text);
	if (!take_word(p, s->use == USE_NEW_PORT || s->use == USE_NAT_PORT ? "port" : "address"))
		return complain_here(p, "right are first address, second address, new port and, of "
			"IKE, nat port");
	return 0;
}

static int step_repeat(struct parser *p, struct step *s)
{
	uint64_t n;

	if (p->next->kind != TOKEN_WORD || !read_number(p->next->text, &n) || n < 1 || n > 100000)
		return complain_here(p, "how often? A number from 1 to 100000, as in "
			"repeat 10 times");
	s->times = (unsigned)n;
	p->next++;
	if (!take_word(p, "times"))
		return complain_here(p, "times is missing; as in repeat 10 times");
	return 0;
}

static int step_nothing(struct parser *p, struct step *s)
{
	(void)p;
	(void)s;
	return 0;
}

/* --- the table ------------------------------------------------------------------------------ */

struct step_row {
	const char *word;
	enum step_kind kind;
	int (*parse)(struct parser *p, struct step *s);
};

static const struct step_row rows[] = {
	{ "send", STEP_SEND, step_send },
	{ "forge", STEP_FORGE, step_send },
	{ "expect", STEP_EXPECT, step_expect },
	{ "auto", STEP_AUTO, step_auto },
	{ "wait", STEP_WAIT, step_wait },
	{ "drop", STEP_DROP, step_drop },
	{ "delay", STEP_DELAY, step_delay },
	{ "duplicate", STEP_DUPLICATE, only_to_sut },
	{ "reorder", STEP_REORDER, only_to_sut },
	{ "alter", STEP_ALTER, step_alter },
	{ "verb", STEP_VERB, step_verb },
	{ "let", STEP_LET, step_let },
	{ "check", STEP_CHECK, step_check },
	{ "connect", STEP_CONNECT, step_connection },
	{ "close", STEP_CLOSE, step_connection },
	{ "session", STEP_SESSION, step_session },
	{ "use", STEP_USE, step_use },
	{ "repeat", STEP_REPEAT, step_repeat },
	{ "end", STEP_END, step_nothing },
	{ "then", STEP_THEN, step_nothing },
};

static const struct step_row *row_of(const char *word)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].word, word) == 0)
			return &rows[i];
	return NULL;
}

/* The line as people write it: one space where any stood. */
static const char *line_text(struct parser *p, const struct token *from)
{
	char text[400];
	size_t used = 0;

	for (const struct token *t = from; t->kind != TOKEN_NEWLINE && t->kind != TOKEN_END; t++) {
		const char *quote = t->kind == TOKEN_STRING ? "\"" : "";
		int n = snprintf(text + used, sizeof(text) - used, "%s%s%s%s%s",
			t != from && t->spaced ? " " : "",
			t->kind == TOKEN_VARIABLE ? "$" : "", quote, t->text, quote);
		if (n < 0 || used + (size_t)n >= sizeof(text))
			break;
		used += (size_t)n;
	}
	return arena_copy(p->arena, text, strlen(text));
}

int parse_step(struct parser *p, struct step *out)
{
	const struct token *at = p->next;
	const struct step_row *row = at->kind == TOKEN_WORD ? row_of(at->text) : NULL;

	if (!row)
		return complain_here(p, "%s begins no line of a test; right are send, expect, "
			"auto, forge, wait, drop, delay, duplicate, reorder, alter, verb, let, "
			"check, connect, close, session, use, repeat, end and then", at->text);
	*out = (struct step){
		.kind = row->kind,
		.line = at->line,
		.column = at->column,
		.text = line_text(p, at),
		.within = BTIME_NEVER,
	};
	p->next++;
	if (row->parse(p, out) < 0)
		return -1;
	if (!at_line_end(p))
		return complain_here(p, "%s is too much on this line; a line is one statement",
			p->next->text);
	return 0;
}
