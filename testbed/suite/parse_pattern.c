// SPDX-License-Identifier: Apache-2.0
/*
 * Messages and what is said about them. Every name is looked up in the protocol's tables: a header
 * field by its name or the beginning of one of its words (seq, session, flags), an element by its
 * name or its number (avp:1000, avp:1000:VENDOR), a part of an element behind a dot.
 */
#include <ctype.h>
#include <strings.h>

#include "testbed/suite/parse.h"

/* --- messages ------------------------------------------------------------------------------- */

static void list_messages(const struct protocol *protocol, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (const struct message *m = protocol->messages; m->name; m++) {
		if (protocol_message_named(protocol, m->name) != m)
			continue;
		int n = snprintf(out + used, size - used, "%s%s", used ? ", " : "", m->name);
		if (n < 0 || used + (size_t)n >= size)
			return;
		used += (size_t)n;
	}
}

int parse_message(struct parser *p, bool any, const struct message **out)
{
	char names[200];

	*out = NULL;
	if (any && take_word(p, "any"))
		return 0;
	if (p->next->kind == TOKEN_WORD)
		*out = protocol_message_named(p->role->protocol, p->next->text);
	if (!*out) {
		list_messages(p->role->protocol, names, sizeof(names));
		return complain_here(p, "%s is no message of %s; a message is one of %s",
			p->next->text, p->role->protocol->name, names);
	}
	p->next++;
	return 0;
}

/* --- targets -------------------------------------------------------------------------------- */

struct special {
	const char *word;
	enum target_kind target;
	bool send, expect;
};

static const struct special specials[] = {
	{ "has", TARGET_HAS, true, true },
	{ "lacks", TARGET_LACKS, true, true },
	{ "last", TARGET_LAST, true, true },
	{ "cut", TARGET_CUT, true, false },
	{ "trailing", TARGET_TRAILING, true, false },
	{ "from-port", TARGET_FROM_PORT, false, true },
	{ "to-port", TARGET_TO_PORT, false, true },
	{ "from-address", TARGET_FROM_ADDRESS, false, true },
	{ "to-address", TARGET_TO_ADDRESS, false, true },
	{ "datagram.size", TARGET_SIZE, false, true },
};

/* "seq" is the beginning of a word of "Sequence Number". The first field that fits. */
static int field_by_word(const struct field *fields, int count, const char *word)
{
	size_t n = strlen(word);

	for (int i = 0; i < count && fields[i].name; i++) {
		const char *name = fields[i].name;
		for (const char *at = name; at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL)
			if (strncasecmp(at, word, n) == 0)
				return i;
	}
	return -1;
}

static int header_by_word(const struct protocol *protocol, const char *word)
{
	return field_by_word(protocol->header, WIRE_HEADER_MAX, word);
}

/* avp:CODE or avp:CODE:VENDOR */
static bool numbered_element(const struct protocol *protocol, const char *word,
	struct condition *out)
{
	uint64_t code, vendor = 0;
	char digits[24];

	if (strncasecmp(word, "avp:", 4) != 0)
		return false;
	size_t n = strcspn(word + 4, ":");
	if (n >= sizeof(digits))
		return false;
	memcpy(digits, word + 4, n);
	digits[n] = '\0';
	if (!read_number(digits, &code) || code > UINT32_MAX)
		return false;
	if (word[4 + n] == ':' &&
		(!read_number(word + 5 + n, &vendor) || vendor > UINT32_MAX))
		return false;
	out->code = (uint32_t)code;
	out->vendor = (uint32_t)vendor;
	out->element = protocol_element(protocol, out->vendor, out->code);
	return true;
}

static bool find_element(const struct protocol *protocol, const char *word, struct condition *out)
{
	const struct element *e = protocol_element_named(protocol, word);

	if (!e)
		return numbered_element(protocol, word, out);
	out->element = e;
	out->code = e->code;
	out->vendor = e->vendor;
	return true;
}

static bool same_letters(const char *name, const char *word)
{
	for (; *name && *word; name++, word++)
		if (tolower((unsigned char)*name) != tolower((unsigned char)*word) &&
			!(*name == ' ' && *word == '-'))
			return false;
	return !*name && !*word;
}

static bool find_part(const struct role *role, const char *part, struct condition *out)
{
	static const struct {
		const char *word;
		enum part part;
	} parts[] = { { "size", PART_SIZE }, { "count", PART_COUNT }, { "length", PART_LENGTH },
		{ "flags", PART_FLAGS } };
	const struct protocol *inner = role_inner_protocol(role, out->element);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].word, part) == 0) {
			out->part = parts[i].part;
			return true;
		}
	}
	int i = inner ? header_by_word(inner, part) : -1;
	if (i >= 0) {
		out->part = PART_INNER;
		out->index = (unsigned)i;
		out->field = &inner->header[i];
		return true;
	}
	for (unsigned k = 0; out->element && k < ELEMENT_PARTS_MAX; k++) {
		if (!out->element->value[k].name)
			break;
		if (same_letters(out->element->value[k].name, part)) {
			out->part = PART_FIELD;
			out->index = k;
			out->field = &out->element->value[k];
			return true;
		}
	}
	i = out->element ? field_by_word(out->element->value, ELEMENT_PARTS_MAX, part) : -1;
	if (i < 0)
		return false;
	out->part = PART_FIELD;
	out->index = (unsigned)i;
	out->field = &out->element->value[i];
	return true;
}

static bool single_field(const struct element *e)
{
	return e && e->value[0].name && !e->value[1].name;
}

/* The element `word`, or the part of one behind its last dot. */
static bool find_target(struct parser *p, const char *word, struct condition *out)
{
	const char *dot = strrchr(word, '.');

	out->target = TARGET_ELEMENT;
	if (find_element(p->role->protocol, word, out)) {
		out->part = PART_VALUE;
		out->field = single_field(out->element) ? &out->element->value[0] : NULL;
		return true;
	}
	if (dot && find_element(p->role->protocol,
			   arena_copy(p->arena, word, (size_t)(dot - word)), out))
		return find_part(p->role, dot + 1, out);
	int i = header_by_word(p->role->protocol, word);
	if (i < 0)
		return false;
	out->target = TARGET_HEADER;
	out->header = (unsigned)i;
	out->field = &p->role->protocol->header[i];
	return true;
}

static int complain_target(struct parser *p, const char *word)
{
	const struct protocol *protocol = p->role->protocol;
	char names[300] = "";
	size_t used = 0;

	for (const struct element *e = protocol->elements; e && e->name && !e->vendor; e++) {
		int n = snprintf(names + used, sizeof(names) - used, ", %s", e->name);
		if (n < 0 || used + (size_t)n >= sizeof(names))
			break;
		used += (size_t)n;
	}
	return complain_here(p, "%s is no field or element of %s; right are seq, session, flags, "
		"type, length, reserved%s, avp:NUMBER, and has=, lacks=", word, protocol->name,
		names);
}

/* --- conditions ----------------------------------------------------------------------------- */

static bool sum_is_lone_variable(const struct operand *o)
{
	return o->kind == OPERAND_SUM && !o->range && o->low.count == 1 &&
		o->low.terms[0].variable && !o->low.terms[0].negative;
}

static int check_sum(struct parser *p, const struct token *at, const struct sum *sum)
{
	for (unsigned i = 0; i < sum->count; i++) {
		const char *name = sum->terms[i].variable;
		if (name && !variable_bound(p, name))
			return complain(p->complaints, at->line, at->column,
				"$%s has no value here; an earlier expect gives it one (seq=$%s), "
				"or let, or for", name, name);
	}
	return 0;
}

static int check_variables(struct parser *p, const struct token *at, enum pattern_use use,
	const struct condition *c)
{
	for (unsigned i = 0; i < c->operand_count; i++) {
		const struct operand *o = &c->operands[i];
		if (use == PATTERN_EXPECT && c->comparison == IS && c->operand_count == 1 &&
			sum_is_lone_variable(o)) {
			variable_bind(p, o->low.terms[0].variable);
			continue;
		}
		if (o->kind == OPERAND_SUM && (check_sum(p, at, &o->low) < 0 ||
						      (o->range && check_sum(p, at, &o->high) < 0)))
			return -1;
	}
	return 0;
}

static int parse_comparison(struct parser *p, enum pattern_use use, enum comparison *out)
{
	static const char *const words[] = { "=", "!=", "<", "<=", ">", ">=" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!take_operator(p, words[i]))
			continue;
		*out = (enum comparison)i;
		if (use != PATTERN_EXPECT && i != IS)
			return complain_here(p, "%s compares, but here a value is set; use =",
				words[i]);
		return 0;
	}
	return complain_here(p, "= is missing; what is said about a message has the form "
		"NAME=VALUE");
}

/* has=A,B: one condition for each name. */
static int parse_names(struct parser *p, const struct condition *first, struct condition *out,
	size_t *count, size_t room)
{
	do {
		if (*count == room)
			return complain_here(p, "more than %zu conditions on one line; split it",
				room);
		struct condition c = *first;
		c.line = p->next->line;
		c.column = p->next->column;
		if (p->next->kind != TOKEN_WORD ||
			!find_element(p->role->protocol, p->next->text, &c))
			return complain_target(p, p->next->text);
		c.part = PART_VALUE;
		c.field = single_field(c.element) ? &c.element->value[0] : NULL;
		c.word = p->next->text;
		out[(*count)++] = c;
		p->next++;
	} while (take_operator(p, ","));
	return 0;
}

static int parse_operands(struct parser *p, enum pattern_use use, struct condition *c)
{
	const struct field *field = c->field;
	bool flags = field && field->kind == FIELD_FLAGS && (c->target == TARGET_HEADER ||
		(c->part == PART_VALUE && field->names && !field->names[0].name[1]));
	bool seal = c->target == TARGET_ELEMENT && c->part == PART_VALUE && p->role->seal &&
		c->code == p->role->seal && c->vendor == 0;
	const struct token *at = p->next;

	do {
		if (c->operand_count == ALTERNATIVES_MAX)
			return complain_here(p, "more than %d alternatives; split the test",
				ALTERNATIVES_MAX);
		struct operand *o = &c->operands[c->operand_count++];
		if (parse_operand(p, field, flags, seal, o) < 0)
			return -1;
		if (o->kind == OPERAND_SEAL &&
			(use == PATTERN_EXPECT) != (o->seal >= SEAL_VALID))
			return complain(p->complaints, at->line, at->column,
				"%s=%s is not for this line; send knows correct, wrong, kept, old "
				"and usual, expect knows valid and invalid", c->word, at->text);
		if (use != PATTERN_EXPECT && (o->range || at_operator(p, "|")))
			return complain_here(p, "one value can be set, not several; use for with a "
				"list of values to make a case of each");
	} while (take_operator(p, "|"));
	return check_variables(p, at, use, c);
}

static int parse_condition(struct parser *p, enum pattern_use use, struct condition *out,
	size_t *count, size_t room)
{
	struct condition c = {
		.word = p->next->text,
		.line = p->next->line,
		.column = p->next->column,
	};
	bool special = false;

	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
		if (strcmp(p->next->text, specials[i].word) != 0)
			continue;
		if (!(use == PATTERN_EXPECT ? specials[i].expect : specials[i].send))
			return complain_here(p, "%s is not for this line; it belongs to %s",
				c.word, specials[i].send ? "send" : "expect");
		c.target = specials[i].target;
		special = true;
	}
	if (!special && !find_target(p, p->next->text, &c))
		return complain_target(p, p->next->text);
	p->next++;
	if (parse_comparison(p, use, &c.comparison) < 0)
		return -1;
	if (c.target == TARGET_HAS || c.target == TARGET_LACKS || c.target == TARGET_LAST)
		return parse_names(p, &c, out, count, room);
	if (parse_operands(p, use, &c) < 0)
		return -1;
	if (*count == room)
		return complain_here(p, "more than %zu conditions on one line; split it", room);
	out[(*count)++] = c;
	return 0;
}

/* The next token and the one behind it look like NAME=... */
static bool at_condition(const struct parser *p)
{
	static const char *const comparisons[] = { "=", "!=", "<", "<=", ">", ">=" };

	if (p->next->kind != TOKEN_WORD || p->next[1].kind != TOKEN_OPERATOR)
		return false;
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
		if (strcmp(p->next[1].text, comparisons[i]) == 0)
			return true;
	return false;
}

#define CONDITIONS_MAX 24

int parse_pattern(struct parser *p, enum pattern_use use, struct pattern *out)
{
	struct condition conditions[CONDITIONS_MAX];
	struct operand octets;

	memset(out, 0, sizeof(*out));
	if (use == PATTERN_SEND && take_word(p, "octets")) {
		if (parse_operand(p, NULL, false, false, &octets) < 0)
			return -1;
		if (octets.kind != OPERAND_OCTETS)
			return complain_here(p, "send octets needs hex:...");
		out->octets = octets.octets;
		return 0;
	}
	if (use != PATTERN_CONDITIONS_ONLY &&
		parse_message(p, use == PATTERN_EXPECT, &out->message) < 0)
		return -1;
	while (at_condition(p))
		if (parse_condition(p, use, conditions, &out->count, CONDITIONS_MAX) < 0)
			return -1;
	out->conditions = arena_alloc(p->arena, out->count * sizeof(conditions[0]));
	memcpy(out->conditions, conditions, out->count * sizeof(conditions[0]));
	return 0;
}
