// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdlib.h>

#include "testbed/suite/token.h"

struct lexer {
	const char *next, *end, *line_start;
	unsigned line;
	bool spaced;
	struct arena *arena;
	struct complaints *complaints;
	struct token *list;
	size_t count, room;
};

static unsigned column_of(const struct lexer *l, const char *p)
{
	return (unsigned)(p - l->line_start) + 1;
}

static void add(struct lexer *l, enum token_kind kind, const char *at, const char *text)
{
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 256;
		struct token *list = arena_alloc(l->arena, room * sizeof(*list));
		if (l->count)
			memcpy(list, l->list, l->count * sizeof(*list));
		l->list = list;
		l->room = room;
	}
	l->list[l->count++] = (struct token){
		.kind = kind,
		.spaced = l->spaced,
		.line = l->line,
		.column = column_of(l, at),
		.text = text,
	};
	l->spaced = false;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.:/*#@", c));
}

/* Dots inside a word are part of it (5.2, Nonce.size), two of them are the operator of a range. */
static const char *word_end(const struct lexer *l, const char *p)
{
	while (p < l->end) {
		bool range = p + 1 < l->end && p[0] == '.' && p[1] == '.';
		bool hyphen = *p == '-' && p + 1 < l->end && is_word(p[1]);
		if (range || (!is_word(*p) && !hyphen))
			break;
		p++;
	}
	return p;
}

static void skip_line(struct lexer *l)
{
	while (l->next < l->end && *l->next != '\n')
		l->next++;
}

static void read_string(struct lexer *l)
{
	const char *start = l->next++;
	char *text = arena_alloc(l->arena, 1), *out;
	const char *p = l->next;

	while (p < l->end && *p != '"' && *p != '\n')
		p += *p == '\\' && p + 1 < l->end && p[1] != '\n' ? 2 : 1;
	if (p >= l->end || *p != '"') {
		complain(l->complaints, l->line, column_of(l, start),
			"the string has no end; close it with \" on the same line");
		skip_line(l);
		return;
	}
	text = out = arena_alloc(l->arena, (size_t)(p - l->next) + 1);
	while (l->next < p) {
		if (*l->next == '\\' && (l->next[1] == '"' || l->next[1] == '\\'))
			l->next++;
		*out++ = *l->next++;
	}
	l->next = p + 1;
	add(l, TOKEN_STRING, start, text);
}

static void read_variable(struct lexer *l)
{
	const char *start = l->next++, *p = l->next;

	while (p < l->end && (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	if (p == l->next) {
		complain(l->complaints, l->line, column_of(l, start),
			"a lone $; a variable is a $ and letters, digits or _, such as $s");
		skip_line(l);
		return;
	}
	const char *text = arena_copy(l->arena, l->next, (size_t)(p - l->next));
	l->next = p;
	add(l, TOKEN_VARIABLE, start, text);
}

static bool read_operator(struct lexer *l)
{
	static const char *const operators[] = { "!=", "<=", ">=", "..", "=", "<", ">", "+", "-",
		"|", "," };

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t n = strlen(operators[i]);
		if ((size_t)(l->end - l->next) >= n && memcmp(l->next, operators[i], n) == 0) {
			add(l, TOKEN_OPERATOR, l->next, operators[i]);
			l->next += n;
			return true;
		}
	}
	return false;
}

static void read_other(struct lexer *l)
{
	const char *start = l->next, *end = word_end(l, start);

	if (is_word(*start) && end > start) {
		l->next = end;
		add(l, TOKEN_WORD, start, arena_copy(l->arena, start, (size_t)(end - start)));
		return;
	}
	if (read_operator(l))
		return;
	unsigned char c = (unsigned char)*l->next;
	if (c < 0x20 || c >= 0x7f)
		complain(l->complaints, l->line, column_of(l, l->next),
			"octet 0x%02x; outside strings and comments a suite is plain ASCII", c);
	else
		complain(l->complaints, l->line, column_of(l, l->next),
			"'%c' has no meaning here; text goes in \"quotes\"", c);
	skip_line(l);
}

static void newline(struct lexer *l)
{
	add(l, TOKEN_NEWLINE, l->next, "end of line");
	l->next++;
	l->line++;
	l->line_start = l->next;
}

/* A backslash before the end of the line: the statement goes on. False when it is not that. */
static bool joined(struct lexer *l)
{
	const char *p = l->next + 1;

	while (p < l->end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	if (p >= l->end || *p != '\n')
		return false;
	l->next = p + 1;
	l->line++;
	l->line_start = l->next;
	l->spaced = true;
	return true;
}

struct tokens tokens_of(struct view source, struct arena *arena, struct complaints *complaints)
{
	const char *text = (const char *)source.data;
	struct lexer l = {
		.next = text,
		.end = text + source.size,
		.line_start = text,
		.line = 1,
		.arena = arena,
		.complaints = complaints,
	};

	while (l.next < l.end) {
		char c = *l.next;
		bool comment = c == '#' && (l.spaced || l.next == l.line_start);
		if (c == '\n') {
			newline(&l);
		} else if (c == ' ' || c == '\t' || c == '\r') {
			l.spaced = true;
			l.next++;
		} else if (comment) {
			skip_line(&l);
		} else if (c == '"') {
			read_string(&l);
		} else if (c == '$') {
			read_variable(&l);
		} else if (c != '\\' || !joined(&l)) {
			read_other(&l);
		}
	}
	l.next = l.end;
	add(&l, TOKEN_NEWLINE, l.next, "end of line");
	add(&l, TOKEN_END, l.next, "end of file");
	return (struct tokens){ l.list, l.count };
}
