// SPDX-License-Identifier: Apache-2.0
/* Numbers, times, octets, sums of variables: the right-hand sides of a suite. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "testbed/suite/parse.h"

bool read_number(const char *text, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*out = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	return !*end && !errno;
}

bool read_time(const char *text, btime *out)
{
	static const struct {
		const char *unit;
		btime ns;
	} units[] = { { "us", BTIME_US }, { "ms", BTIME_MS }, { "s", BTIME_S } };
	char *end;

	if (!isdigit((unsigned char)*text) || strspn(text, "0123456789.") > 12)
		return false;
	double value = strtod(text, &end);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*out = (btime)(value * (double)units[i].ns + 0.5);
			return *out <= 86400 * BTIME_S;
		}
	}
	return false;
}

int parse_time(struct parser *p, btime *out)
{
	if (p->next->kind != TOKEN_WORD || !read_time(p->next->text, out))
		return complain_here(p, "%s is no time; a time is a number and its unit, such as "
			"2s, 1.5s or 500ms, at most a day", p->next->text);
	p->next++;
	return 0;
}

void variable_bind(struct parser *p, const char *name)
{
	if (!variable_bound(p, name) && p->name_count < NAMES_MAX)
		p->names[p->name_count++] = name;
}

bool variable_bound(const struct parser *p, const char *name)
{
	for (unsigned i = 0; i < p->name_count; i++)
		if (strcmp(p->names[i], name) == 0)
			return true;
	return false;
}

/* --- sums ----------------------------------------------------------------------------------- */

static bool value_of_name(const struct field *field, const char *text, uint64_t *out)
{
	for (const struct name *n = field ? field->names : NULL; n && n->name; n++) {
		if (strcasecmp(n->name, text) == 0) {
			*out = n->value;
			return true;
		}
	}
	return false;
}

static int complain_value(struct parser *p, const struct field *field)
{
	char names[200] = "";
	size_t used = 0;

	for (const struct name *n = field ? field->names : NULL; n && n->name; n++) {
		int k = snprintf(names + used, sizeof(names) - used, ", %s", n->name);
		if (k > 0 && used + (size_t)k < sizeof(names))
			used += (size_t)k;
	}
	return complain_here(p, "%s is no value here; a value is a number, a $variable%s",
		p->next->text, *names ? names : ", \"text\", hex:0011, random:8 or zeros:8");
}

/* 02:00:00:00:00:01, a number of six octets. */
static bool read_mac(const char *text, uint64_t *out)
{
	unsigned octet[6];
	int n = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &octet[0], &octet[1], &octet[2], &octet[3],
		    &octet[4], &octet[5], &n) != 6 || n != 17 || text[n])
		return false;
	*out = 0;
	for (unsigned i = 0; i < 6; i++)
		*out = *out << 8 | octet[i];
	return true;
}

static int parse_term(struct parser *p, const struct field *field, struct term *out)
{
	if (p->next->kind == TOKEN_VARIABLE) {
		out->variable = p->next->text;
		p->next++;
		return 0;
	}
	if (p->next->kind != TOKEN_WORD ||
		!(read_number(p->next->text, &out->number) ||
			read_mac(p->next->text, &out->number) ||
			value_of_name(field, p->next->text, &out->number)))
		return complain_value(p, field);
	p->next++;
	return 0;
}

static int parse_sum(struct parser *p, const struct field *field, struct sum *out)
{
	bool negative = false;

	out->count = 0;
	for (;;) {
		struct term term = { .negative = negative };
		const struct token *at = p->next;
		if (parse_term(p, field, &term) < 0)
			return -1;
		if (out->count == TERMS_MAX)
			return complain(p->complaints, at->line, at->column,
				"more than %d terms; use let for a part of them", TERMS_MAX);
		out->terms[out->count++] = term;
		bool glued = !p->next->spaced;
		if (glued && take_operator(p, "+"))
			negative = false;
		else if (glued && take_operator(p, "-"))
			negative = true;
		else
			return 0;
	}
}

/* --- octets --------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_hex(struct parser *p, const char *digits, struct operand *out)
{
	size_t n = strlen(digits) / 2;
	uint8_t *octets = arena_alloc(p->arena, n + 1);

	for (size_t i = 0; i < n; i++) {
		int high = hex_digit((char)tolower(digits[2 * i]));
		int low = hex_digit((char)tolower(digits[2 * i + 1]));
		if (high < 0 || low < 0)
			return complain_here(p, "hex:%s has a character that is no hexadecimal "
				"digit; use 0 to 9 and a to f", digits);
		octets[i] = (uint8_t)(high << 4 | low);
	}
	if (strlen(digits) % 2)
		return complain_here(p, "hex:%s has an odd number of digits; an octet has two",
			digits);
	out->kind = OPERAND_OCTETS;
	out->octets = VIEW(octets, n);
	p->next++;
	return 0;
}

static int parse_size(struct parser *p, const char *digits, enum operand_kind kind,
	struct operand *out)
{
	uint64_t n;

	if (!read_number(digits, &n) || n > 65535)
		return complain_here(p, "%s: how many octets? A number up to 65535, as in "
			"random:16", p->next->text);
	out->kind = kind;
	out->size = (size_t)n;
	p->next++;
	return 0;
}

static int parse_seal(struct parser *p, struct operand *out)
{
	static const char *const words[] = { "correct", "wrong", "kept", "old", "usual",
		"valid", "invalid" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (take_word(p, words[i])) {
			out->kind = OPERAND_SEAL;
			out->seal = (enum seal_word)i;
			return 0;
		}
	}
	return 1;
}

/* "S", "SE", "none": letters that are names of flags. 1: it is not that. */
static int parse_flags(struct parser *p, const struct field *field, struct operand *out)
{
	uint64_t value = 0, one;

	if (p->next->kind != TOKEN_WORD || isdigit((unsigned char)*p->next->text))
		return 1;
	if (strcmp(p->next->text, "none") != 0) {
		for (const char *c = p->next->text; *c; c++) {
			char letter[2] = { *c, '\0' };
			if (!value_of_name(field, letter, &one))
				return complain_here(p, "%s is not a set of flags; a flag is one "
					"of the letters in the field %s, or none", p->next->text,
					field->name);
			value |= one;
		}
	}
	out->kind = OPERAND_SUM;
	out->low = (struct sum){ .terms = { { .number = value } }, .count = 1 };
	p->next++;
	return 0;
}

int parse_operand(struct parser *p, const struct field *field, bool flags_of_message, bool seal,
	struct operand *out)
{
	const char *text = p->next->text;

	memset(out, 0, sizeof(*out));
	if (p->next->kind == TOKEN_STRING) {
		out->kind = OPERAND_OCTETS;
		out->octets = view_text(text);
		p->next++;
		return 0;
	}
	int special = seal ? parse_seal(p, out) : 1;
	if (special == 1 && flags_of_message)
		special = parse_flags(p, field, out);
	if (special != 1)
		return special;
	if (p->next->kind == TOKEN_WORD && strncasecmp(text, "hex:", 4) == 0)
		return parse_hex(p, text + 4, out);
	if (p->next->kind == TOKEN_WORD && strncmp(text, "random:", 7) == 0)
		return parse_size(p, text + 7, OPERAND_RANDOM, out);
	if (p->next->kind == TOKEN_WORD && strncmp(text, "zeros:", 6) == 0)
		return parse_size(p, text + 6, OPERAND_ZEROS, out);
	out->kind = OPERAND_SUM;
	if (parse_sum(p, field, &out->low) < 0)
		return -1;
	if (take_operator(p, "..")) {
		out->range = true;
		return parse_sum(p, field, &out->high);
	}
	return 0;
}
