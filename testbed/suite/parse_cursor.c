// SPDX-License-Identifier: Apache-2.0
/* The parser's cursor over the tokens of a test. */
#include <stdarg.h>

#include "testbed/suite/parse.h"

bool at_line_end(const struct parser *p)
{
	return p->next->kind == TOKEN_NEWLINE || p->next->kind == TOKEN_END;
}

bool at_word(const struct parser *p, const char *word)
{
	return p->next->kind == TOKEN_WORD && strcmp(p->next->text, word) == 0;
}

bool at_operator(const struct parser *p, const char *text)
{
	return p->next->kind == TOKEN_OPERATOR && strcmp(p->next->text, text) == 0;
}

bool take_word(struct parser *p, const char *word)
{
	if (!at_word(p, word))
		return false;
	p->next++;
	return true;
}

bool take_operator(struct parser *p, const char *text)
{
	if (!at_operator(p, text))
		return false;
	p->next++;
	return true;
}

int complain_here(struct parser *p, const char *format, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return complain(p->complaints, p->next->line, p->next->column, "%s", text);
}

const char *parse_word(struct parser *p, const char *what)
{
	if (p->next->kind != TOKEN_WORD) {
		complain_here(p, "%s is missing; a word is expected here, not %s", what,
			p->next->text);
		return NULL;
	}
	return p->next++->text;
}
