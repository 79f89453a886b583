// SPDX-License-Identifier: Apache-2.0
/*
 * The lines of a test, one after the other. Each returns 0 to go on or -1 when the test is over;
 * script_end is the one place where it gets its verdict.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "testbed/suite/script.h"

#define VERB_SECONDS 15

/* --- the end -------------------------------------------------------------------------------- */

/* What it means that the implementation did not do what the line says. */
static enum verdict verdict_of_level(const struct test *t)
{
	const char *level = t->covers[0].level;
	bool must = strncmp(level, "must", 4) == 0;
	return must ? VERDICT_FAIL : VERDICT_DEVIATION;
}

int script_end(struct script *s, enum verdict verdict, const char *format, ...)
{
	struct outcome *o = &s->outcome;
	va_list ap;

	va_start(ap, format);
	vsnprintf(o->reason, sizeof(o->reason), format, ap);
	va_end(ap);
	o->line = s->step ? s->step->line : s->test->line;
	o->verdict = verdict;
	if (verdict == VERDICT_FAIL)
		o->verdict = s->preamble ? VERDICT_INCONCLUSIVE : verdict_of_level(s->test);
	return -1;
}

btime script_patience(const struct script *s, btime t)
{
	return t == BTIME_NEVER ? t : (btime)((double)t * s->patience);
}

/* --- verbs ---------------------------------------------------------------------------------- */

static int verb_failed(struct script *s, const struct step *step, int status)
{
	if (status == VERB_UNSUPPORTED)
		return script_end(s, VERDICT_UNSUPPORTED,
			"the adapter says that it does not know the verb %s", step->name);
	if (status < 0)
		return script_end(s, VERDICT_INCONCLUSIVE,
			"the verb %s did not end within %d s", step->name, VERB_SECONDS);
	return script_end(s, VERDICT_INCONCLUSIVE, "the verb %s ended with status %d", step->name,
		status);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000000 }, NULL);
}

/* "second" stands for the sut's second address. */
static void verb_arguments(struct script *s, const struct step *step, const char **out)
{
	unsigned n = 0;

	for (; step->arguments[n]; n++) {
		const char *word = step->arguments[n];
		char text[64], *colon;
		bool second = strcmp(word, "second-address") == 0;
		out[n] = word;
		if (!second && strcmp(word, "first-address") != 0)
			continue;
		endpoint_text(&s->remote[second], text, sizeof(text));
		colon = strrchr(text, ':');
		*colon = '\0';
		out[n] = arena_copy(s->arena, text + (*text == '['),
			strcspn(text + (*text == '['), "]"));
	}
	out[n] = NULL;
}

/* Whether the word is one of those: none|starting. */
static bool is_one_of(const char *word, const char *words)
{
	size_t size = strlen(word);

	for (const char *at = words; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
		if (strncmp(at, word, size) == 0 && (at[size] == '|' || !at[size]))
			return true;
	return false;
}

static int run_verb(struct script *s, const struct step *step)
{
	const char *arguments[VERB_ARGUMENTS_MAX + 1];
	btime within = step->within == BTIME_NEVER ? s->test->within : step->within;
	btime deadline = link_now() + script_patience(s, within);
	char word[64] = "";

	verb_arguments(s, step, arguments);
	for (;;) {
		int status = sut_verb(s->sut, step->name, arguments, VERB_SECONDS, word,
			sizeof(word));
		if (status && !(step->optional && status > 0 && status != VERB_UNSUPPORTED))
			return verb_failed(s, step, status);
		if (!step->prints || is_one_of(word, step->prints))
			return 0;
		if (link_now() >= deadline)
			break;
		script_flush(s);
		nap();
	}
	differ(&s->outcome.differs, step->name, step->prints, word);
	return script_end(s, VERDICT_FAIL, "the implementation says \"%s\" where the test expects "
		"\"%s\" (verb %s)", word, step->prints, step->name);
}

/* --- small lines ---------------------------------------------------------------------------- */

static int let(struct script *s, const struct step *step)
{
	struct value v;
	char why[200];

	if (!operand_value(&s->variables, &step->right, &v, why, sizeof(why)))
		return script_end(s, VERDICT_ERROR, "%s", why);
	variable_set(&s->variables, step->name, v);
	return 0;
}

static int check(struct script *s, const struct step *step)
{
	static const char *const words[] = { "equal to", "different from", "less than", "at most",
		"greater than", "at least" };
	struct value left, right;
	char why[200], a[160], b[160];

	if (!operand_value(&s->variables, &step->left, &left, why, sizeof(why)) ||
		!operand_value(&s->variables, &step->right, &right, why, sizeof(why)))
		return script_end(s, VERDICT_ERROR, "%s", why);
	if (values_compare(&left, step->comparison, &right, 0))
		return 0;
	value_text(&left, a, sizeof(a));
	value_text(&right, b, sizeof(b));
	differ(&s->outcome.differs, step->text, b, a);
	return script_end(s, VERDICT_FAIL, "%s is not %s %s", a, words[step->comparison], b);
}

static int arm(struct script *s, const struct step *step)
{
	if (s->armed_count == ARMED_MAX)
		return script_end(s, VERDICT_ERROR, "more than %d lines are armed", ARMED_MAX);
	s->armed[s->armed_count++] = (struct armed){ step, step->times };
	return 0;
}

static int wait_for(struct script *s, btime duration)
{
	return script_pump(s, link_now() + script_patience(s, duration), false) < 0 ? -1 : 0;
}

static int one_step(struct script *s, const struct step *step)
{
	switch (step->kind) {
	case STEP_SEND:
		return step->again ? script_send_again(s) : script_transmit(s, &step->pattern, false);
	case STEP_FORGE:
		return script_transmit(s, &step->pattern, true);
	case STEP_EXPECT:
		return script_expect(s, step);
	case STEP_SILENCE:
		return script_silence(s, step);
	case STEP_AUTO:
		return script_auto(s, step);
	case STEP_WAIT:
		return wait_for(s, step->after);
	case STEP_DROP:
	case STEP_DELAY:
	case STEP_DUPLICATE:
	case STEP_REORDER:
	case STEP_ALTER:
		return arm(s, step);
	case STEP_VERB:
		return run_verb(s, step);
	case STEP_LET:
		return let(s, step);
	case STEP_CHECK:
		return check(s, step);
	case STEP_CONNECT:
		return session_connect(s);
	case STEP_CLOSE:
		return session_close(s);
	case STEP_CLOSED:
		return script_closed(s, step);
	case STEP_SESSION:
		return session_turn(s, step->name);
	case STEP_USE:
		return session_rebind(s, step->use);
	case STEP_THEN:
		s->preamble = false;
		return 0;
	case STEP_REPEAT:
	case STEP_END:
		return 0;
	}
	return 0;
}

/* Where to go after step `i`: blocks count. */
static size_t following(struct script *s, size_t i)
{
	const struct step *step = &s->test->steps[i];

	if (step->kind == STEP_REPEAT)
		s->counters[i] = step->times;
	if (step->kind == STEP_END && --s->counters[step->jump] > 0)
		return step->jump + 1;
	return i + 1;
}

/* "A test proves the cause": what was armed must have happened. */
static int check_armed(struct script *s)
{
	for (unsigned i = 0; i < s->armed_count; i++) {
		const struct armed *a = &s->armed[i];
		if (a->left < a->step->times)
			continue;
		s->step = a->step;
		return script_end(s, VERDICT_ERROR, "the stimulus did not happen: no message came "
			"by for \"%s\"", a->step->text);
	}
	return 0;
}

int script_open(struct script *s)
{
	s->variables.arena = s->arena;
	s->variables.random = &s->random;
	s->preamble = s->test->has_preamble;
	s->composed = malloc(sizeof(*s->composed));
	if (!s->composed)
		abort();
	ladder_start(&s->ladder, s->role, s->arena);
	return session_turn(s, "main");
}

void script_run(struct script *s)
{
	size_t i = 0;

	s->outcome.verdict = VERDICT_PASS;
	while (i < s->test->step_count) {
		s->step = &s->test->steps[i];
		if (s->before)
			s->before(s->context, s->step);
		script_flush(s);
		if (one_step(s, s->step) < 0)
			return;
		i = following(s, i);
	}
	s->preamble = false;
	check_armed(s);
}

void script_close(struct script *s)
{
	for (unsigned i = 0; i < s->session_count; i++)
		s->role->ops->destroy(s->sessions[i]->peer);
	s->session_count = 0;
	free(s->composed);
	s->composed = NULL;
}
