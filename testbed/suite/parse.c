// SPDX-License-Identifier: Apache-2.0
/*
 * A suite from its text: the head, then tests. A test is first cut out as a run of tokens; its
 * parameter lists are found, and the run is parsed once for every combination of values, each put
 * in place of its $name. So a parameter can stand wherever a word can, and every case is checked
 * like a test of its own.
 */
#include <stdlib.h>

#include "testbed/adapter/contract.h"
#include "testbed/suite/parse.h"

#define CASES_MAX 64
#define STEPS_MAX 400
#define SUITE_OCTETS_MAX (1024 * 1024)

/* --- lines ---------------------------------------------------------------------------------- */

static void skip_line(struct parser *p)
{
	while (!at_line_end(p))
		p->next++;
	while (p->next->kind == TOKEN_NEWLINE)
		p->next++;
}

/* --- lists that grow ------------------------------------------------------------------------ */

static void *grown(struct parser *p, void *list, size_t count, size_t size)
{
	void *new = arena_alloc(p->arena, (count + 1) * size);
	if (count)
		memcpy(new, list, count * size);
	return new;
}

/* --- lines that suite and test share -------------------------------------------------------- */

static int parse_needs(struct parser *p, struct words *out)
{
	do {
		const struct token *at = p->next;
		const char *text = parse_word(p, "what is needed");
		if (!text)
			return -1;
		if (!contract_feature(text))
			return complain(p->complaints, at->line, at->column,
				"nothing is called %s that can be needed; docs/adapters.md lists "
				"the features", text);
		out->list = grown(p, out->list, out->count, sizeof(*out->list));
		out->list[out->count++] = (struct word){ text, at->line, at->column };
	} while (!at_line_end(p));
	return 0;
}

/* A value of given: what stands there without a space, or a string. */
static const char *parse_text(struct parser *p)
{
	const struct token *at = p->next;
	char text[300];
	size_t used = 0;

	if (at->kind == TOKEN_STRING) {
		p->next++;
		return at->text;
	}
	do {
		int n = snprintf(text + used, sizeof(text) - used, "%s%s",
			p->next->kind == TOKEN_VARIABLE ? "$" : "", p->next->text);
		if (n < 0 || used + (size_t)n >= sizeof(text))
			break;
		used += (size_t)n;
		p->next++;
	} while (!at_line_end(p) && !p->next->spaced);
	return arena_copy(p->arena, text, used);
}

static int parse_given(struct parser *p, struct givens *out)
{
	char right[120];

	do {
		struct given g = { .line = p->next->line, .column = p->next->column };
		const char *word = parse_word(p, "the setting");
		if (!word)
			return -1;
		const char *dot = strchr(word, '.');
		g.side = dot ? arena_copy(p->arena, word, (size_t)(dot - word)) : NULL;
		g.name = dot ? dot + 1 : word;
		const struct contract_setting *setting = contract_setting(g.name);
		if (g.side && strcmp(g.side, "sut") != 0 && strcmp(g.side, "tester") != 0)
			return complain(p->complaints, g.line, g.column,
				"%s is no side; right are sut.%s and tester.%s", g.side, g.name,
				g.name);
		if (!setting)
			return complain(p->complaints, g.line, g.column,
				"there is no setting %s; docs/adapters.md lists them", g.name);
		if (!take_operator(p, "=") || at_line_end(p))
			return complain_here(p, "= is missing; as in given lifetime=60");
		g.value = parse_text(p);
		if (!contract_value_fits(setting, g.value, right, sizeof(right)))
			return complain(p->complaints, g.line, g.column,
				"%s=%s does not fit; right is %s", g.name, g.value, right);
		out->list = grown(p, out->list, out->count, sizeof(*out->list));
		out->list[out->count++] = g;
	} while (!at_line_end(p));
	return 0;
}

/* --- a test --------------------------------------------------------------------------------- */

static bool level_known(const char *level)
{
	static const char *const levels[] = { "must", "must-not", "should", "should-not", "may" };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i], level) == 0)
			return true;
	return false;
}

/* covers DOCUMENT SECTION[/N] LEVEL */
static int parse_cover(struct parser *p, struct test *t)
{
	struct cover c = { .line = p->next->line, .column = p->next->column };
	uint64_t ordinal = 0;

	c.document = parse_word(p, "the document");
	const struct token *at = p->next;
	const char *section = c.document ? parse_word(p, "the section") : NULL;
	const char *level = section ? parse_word(p, "the level") : NULL;
	if (!level)
		return -1;
	const char *slash = strchr(section, '/');
	if (slash && (!read_number(slash + 1, &ordinal) || !ordinal || ordinal > 999))
		return complain(p->complaints, at->line, at->column,
			"%s names no statement; right is SECTION or SECTION/NUMBER, as in 5.2/3",
			section);
	c.section = slash ? arena_copy(p->arena, section, (size_t)(slash - section)) : section;
	c.ordinal = (unsigned)ordinal;
	c.level = level;
	if (!level_known(level))
		return complain(p->complaints, at[1].line, at[1].column,
			"%s is no level; right are must, must-not, should, should-not and may",
			level);
	t->covers = grown(p, t->covers, t->cover_count, sizeof(*t->covers));
	t->covers[t->cover_count++] = c;
	return 0;
}

/* Blocks: each end closes the nearest repeat. */
static int match_blocks(struct parser *p, struct test *t)
{
	size_t open[16], depth = 0;

	for (size_t i = 0; i < t->step_count; i++) {
		struct step *s = &t->steps[i];
		if (s->kind == STEP_REPEAT && depth == 16)
			return complain(p->complaints, s->line, s->column,
				"more than 16 blocks inside each other");
		if (s->kind == STEP_REPEAT)
			open[depth++] = i;
		if (s->kind != STEP_END)
			continue;
		if (depth == 0)
			return complain(p->complaints, s->line, s->column,
				"end closes nothing; it belongs to a repeat above it");
		t->steps[open[--depth]].jump = i;
		s->jump = open[depth];
	}
	if (depth)
		return complain(p->complaints, t->steps[open[depth - 1]].line, 1,
			"repeat is not closed; put end behind its last line");
	return 0;
}

static int add_step(struct parser *p, struct test *t, struct step *steps)
{
	if (t->step_count == STEPS_MAX)
		return complain_here(p, "more than %d lines in one test; split it", STEPS_MAX);
	if (parse_step(p, &steps[t->step_count]) < 0)
		return -1;
	if (steps[t->step_count].kind == STEP_THEN && t->has_preamble)
		return complain_here(p, "a second then; the preamble ends once");
	t->has_preamble |= steps[t->step_count].kind == STEP_THEN;
	t->step_count++;
	return 0;
}

static int parse_test_line(struct parser *p, struct test *t, struct step *steps)
{
	if (p->next->kind == TOKEN_STRING) {
		if (t->purpose)
			return complain_here(p, "a second purpose; a test has one sentence");
		t->purpose = p->next++->text;
		return at_line_end(p) ? 0 : complain_here(p, "%s is too much on this line",
						    p->next->text);
	}
	if (take_word(p, "covers"))
		return parse_cover(p, t);
	if (take_word(p, "needs"))
		return parse_needs(p, &t->needs);
	if (take_word(p, "given"))
		return parse_given(p, &t->givens);
	if (at_word(p, "for")) {
		while (!at_line_end(p))
			p->next++;
		return 0;
	}
	return add_step(p, t, steps);
}

/* `whole`: all lines could be read. */
static int check_test(struct parser *p, struct test *t, bool whole)
{
	if (!t->purpose)
		return complain(p->complaints, t->line, 1,
			"test %s has no purpose; say in \"quotes\" below its name what it shows",
			t->name);
	if (!t->cover_count)
		return complain(p->complaints, t->line, 1,
			"test %s covers nothing; name the clause, as in covers RFC5191 5.2 must",
			t->name);
	if (!t->step_count && whole)
		return complain(p->complaints, t->line, 1, "test %s does nothing; it needs at "
			"least one line such as send or expect", t->name);
	return match_blocks(p, t);
}

/* One case: the run of tokens, parameters already put in. */
static int parse_case(struct parser *p, struct test *t)
{
	struct step *steps = calloc(STEPS_MAX, sizeof(*steps));
	int result = 0;

	if (!steps)
		abort();
	p->name_count = 0;
	while (p->next->kind != TOKEN_END) {
		if (!at_line_end(p) && parse_test_line(p, t, steps) < 0)
			result = -1;
		skip_line(p);
	}
	t->steps = arena_alloc(p->arena, t->step_count * sizeof(*steps));
	memcpy(t->steps, steps, t->step_count * sizeof(*steps));
	free(steps);
	return check_test(p, t, result == 0) < 0 ? -1 : result;
}

/* --- parameter lists ------------------------------------------------------------------------ */

#define LISTS_MAX 3
#define VALUES_MAX 32

/* A value is a run of tokens without white space between them. */
struct parameter_value {
	const struct token *tokens;
	size_t count;
	const char *text;
};

struct parameter_list {
	const char *name;
	struct parameter_value values[VALUES_MAX];
	unsigned count;
};

struct parameters {
	struct parameter_list lists[LISTS_MAX];
	unsigned count;
};

static void read_value(struct parser *p, struct parameter_value *v)
{
	v->tokens = p->next;
	do {
		p->next++;
		v->count++;
	} while (!at_line_end(p) && !p->next->spaced);
	struct parser again = *p;
	again.next = v->tokens;
	v->text = v->count ? parse_text(&again) : "";
}

/* for NAME in V1 V2 ... */
static int parse_for(struct parser *p, struct parameters *out)
{
	if (out->count == LISTS_MAX)
		return complain_here(p, "more than %d lists; split the test", LISTS_MAX);
	struct parameter_list *list = &out->lists[out->count];
	list->count = 0;
	list->name = parse_word(p, "the parameter");
	if (!list->name)
		return -1;
	if (!take_word(p, "in"))
		return complain_here(p, "in is missing; as in for flag in S C A");
	while (!at_line_end(p)) {
		if (list->count == VALUES_MAX)
			return complain_here(p, "more than %d values; split the test", VALUES_MAX);
		struct parameter_value *v = &list->values[list->count++];
		v->count = 0;
		read_value(p, v);
	}
	if (list->count == 0)
		return complain_here(p, "the list is empty; as in for flag in S C A");
	out->count++;
	return 0;
}

static int find_parameters(struct parser *p, struct parameters *out)
{
	const struct token *start = p->next;
	int result = 0;

	out->count = 0;
	while (p->next->kind != TOKEN_END && result == 0) {
		if (take_word(p, "for"))
			result = parse_for(p, out);
		skip_line(p);
	}
	p->next = start;
	return result;
}

/* The tokens of the test with each parameter replaced by the value chosen for it. */
static const struct token *substituted(struct parser *p, const struct token *from,
	const struct parameters *all, const unsigned *chosen)
{
	size_t size = 1;

	for (const struct token *t = from; t->kind != TOKEN_END; t++)
		size += 1 + 16;
	struct token *out = arena_alloc(p->arena, size * sizeof(*out));
	size_t n = 0;
	for (const struct token *t = from; t->kind != TOKEN_END; t++) {
		const struct parameter_value *v = NULL;
		for (unsigned i = 0; t->kind == TOKEN_VARIABLE && i < all->count; i++)
			if (strcmp(all->lists[i].name, t->text) == 0)
				v = &all->lists[i].values[chosen[i]];
		if (!v) {
			out[n++] = *t;
			continue;
		}
		for (size_t k = 0; k < v->count && k < 16; k++) {
			out[n] = v->tokens[k];
			out[n].line = t->line;
			out[n].column = t->column;
			out[n].spaced = k ? v->tokens[k].spaced : t->spaced;
			n++;
		}
	}
	out[n] = (struct token){ .kind = TOKEN_END, .text = "end of test" };
	out[n].line = n ? out[n - 1].line : 0;
	out[n].column = 1;
	return out;
}

static void name_case(struct parser *p, struct test *t, const struct parameters *all,
	const unsigned *chosen)
{
	t->parameters = arena_alloc(p->arena, all->count * sizeof(*t->parameters));
	t->parameter_count = all->count;
	for (unsigned i = 0; i < all->count; i++)
		t->parameters[i] = (struct parameter){ all->lists[i].name,
			all->lists[i].values[chosen[i]].text };
}

static bool advance(const struct parameters *all, unsigned *chosen)
{
	for (unsigned i = all->count; i-- > 0;) {
		if (++chosen[i] < all->lists[i].count)
			return true;
		chosen[i] = 0;
	}
	return false;
}

/* --- the suite ------------------------------------------------------------------------------ */

struct head {
	struct words needs;
	struct givens givens;
	btime within;
	bool failed;
};

static const struct token *end_of_test(const struct token *t)
{
	bool line_start = false;

	for (; t->kind != TOKEN_END; t++) {
		if (line_start && t->kind == TOKEN_WORD && strcmp(t->text, "test") == 0)
			break;
		line_start = t->kind == TOKEN_NEWLINE;
	}
	return t;
}

static struct test case_of(const struct head *head, const char *name, unsigned line)
{
	return (struct test){
		.name = name,
		.line = line,
		.needs = head->needs,
		.givens = head->givens,
		.within = head->within,
	};
}

static bool name_taken(const struct suite *suite, const char *name)
{
	for (size_t i = 0; i < suite->test_count; i++)
		if (strcmp(suite->tests[i].name, name) == 0)
			return true;
	return false;
}

static int parse_cases(struct parser *p, struct suite *suite, const struct head *head,
	const char *name, unsigned line)
{
	struct parameters *all = arena_alloc(p->arena, sizeof(*all));
	unsigned chosen[LISTS_MAX] = { 0 }, cases = 1;
	const struct token *body = p->next;
	int result = find_parameters(p, all);

	for (unsigned i = 0; i < all->count; i++)
		cases *= all->lists[i].count;
	if (cases > CASES_MAX)
		return complain(p->complaints, line, 1, "test %s has %u cases; at most %d, split "
			"it",
			name, cases, CASES_MAX);
	if (result < 0)
		return -1;
	do {
		struct test t = case_of(head, name, line);
		name_case(p, &t, all, chosen);
		p->next = substituted(p, body, all, chosen);
		if (parse_case(p, &t) < 0)
			result = -1;
		suite->tests = grown(p, suite->tests, suite->test_count, sizeof(t));
		suite->tests[suite->test_count++] = t;
	} while (advance(all, chosen));
	return result;
}

static int parse_test(struct parser *p, struct suite *suite, const struct head *head)
{
	const struct token *start = p->next - 1, *end = end_of_test(p->next);
	const struct token *at = p->next;
	const char *name = parse_word(p, "the name of the test");
	int result = -1;

	if (name && name_taken(suite, name)) {
		complain(p->complaints, at->line, at->column,
			"a test %s is there already; names are unique in a suite", name);
	} else if (name && !at_line_end(p)) {
		complain_here(p, "%s is too much on this line; the purpose goes on the next",
			p->next->text);
	} else if (name && !suite->role) {
		complain(p->complaints, start->line, start->column,
			"the first test comes before sut; say above it which role is tested, as in "
			"sut paa");
	} else if (name) {
		/* The run of this test, ended so that nothing reads past it. */
		size_t n = (size_t)(end - p->next);
		struct token *run = arena_alloc(p->arena, (n + 1) * sizeof(*run));
		memcpy(run, p->next, n * sizeof(*run));
		run[n] = (struct token){ .kind = TOKEN_END, .text = "end of test",
			.line = end->line, .column = end->column };
		p->next = run;
		result = parse_cases(p, suite, head, name, at->line);
	}
	p->next = end;
	return result;
}

static int parse_suite_name(struct parser *p, struct suite *suite)
{
	if (suite->name)
		return complain_here(p, "a second suite; a file holds one");
	suite->name = parse_word(p, "the name of the suite");
	if (!suite->name)
		return -1;
	if (p->next->kind != TOKEN_STRING)
		return complain_here(p, "the title is missing; as in suite pana/paa \"PANA "
			"agent\"");
	suite->title = p->next++->text;
	return 0;
}

static int parse_role(struct parser *p, struct suite *suite)
{
	const struct token *at = p->next;
	const char *name = parse_word(p, "the role");
	char names[200] = "";
	size_t used = 0;

	if (!name)
		return -1;
	suite->role = p->role = role_named(name);
	if (suite->role)
		return 0;
	for (const struct role *r = roles; r->name && used < sizeof(names); r++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			used ? ", " : "", r->name);
	return complain(p->complaints, at->line, at->column,
		"there is no role %s; right are %s", name, names);
}

static int parse_head_line(struct parser *p, struct suite *suite, struct head *head)
{
	if (take_word(p, "suite"))
		return parse_suite_name(p, suite);
	if (take_word(p, "sut"))
		return parse_role(p, suite);
	if (take_word(p, "needs"))
		return parse_needs(p, &head->needs);
	if (take_word(p, "given"))
		return parse_given(p, &head->givens);
	if (take_word(p, "within"))
		return parse_time(p, &head->within);
	return complain_here(p, "%s begins no line here; right are suite, sut, needs, given, "
		"within and test", p->next->text);
}

static void parse_file(struct parser *p, struct suite *suite)
{
	struct head head = { .within = WITHIN_DEFAULT };

	while (p->next->kind != TOKEN_END) {
		if (at_line_end(p)) {
			p->next++;
			continue;
		}
		if (take_word(p, "test")) {
			parse_test(p, suite, &head);
			continue;
		}
		if (parse_head_line(p, suite, &head) == 0 && !at_line_end(p))
			complain_here(p, "%s is too much on this line; a line is one statement",
				p->next->text);
		skip_line(p);
	}
	if (!suite->name)
		complain(p->complaints, 1, 1, "no suite; a file begins with suite NAME \"TITLE\"");
	else if (!suite->test_count)
		complain(p->complaints, 0, 0, "no test; a suite has at least one");
}

int suite_parse(const char *file, struct view text, struct suite **out,
	struct complaints *complaints)
{
	struct arena *arena = arena_new();
	struct suite *suite = arena_alloc(arena, sizeof(*suite));
	struct parser p = { .arena = arena, .complaints = complaints };

	*out = NULL;
	suite->arena = arena;
	suite->file = arena_copy(arena, file, strlen(file));
	if (text.size > SUITE_OCTETS_MAX) {
		complain(complaints, 0, 0, "%zu octets; a suite has at most %d", text.size,
			SUITE_OCTETS_MAX);
	} else {
		p.next = tokens_of(text, arena, complaints).list;
		parse_file(&p, suite);
	}
	if (complaints->count) {
		arena_free(arena);
		return -1;
	}
	*out = suite;
	return 0;
}

void suite_free(struct suite *suite)
{
	if (suite)
		arena_free(suite->arena);
}
