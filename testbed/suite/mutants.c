// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>
#include <stdlib.h>

#include "testbed/suite/mutants.h"

enum row_key { ROW_MUTANT, ROW_TEST, ROW_WRONG };

static const char *const head_keys[] = { "suite", NULL };
static const char *const row_keys[] = { "*mutant", "*test", "*wrong", NULL };
static const struct rows_shape shape = { head_keys, "mutants", row_keys };

int mutants_load(const char *file, struct mutants *out, struct diagnostics *d)
{
	return rows_load(file, &shape, &out->rows, d);
}

void mutants_free(struct mutants *m)
{
	rows_free(&m->rows);
}

static bool meant(const struct row *row, const struct suite *suite, const struct test *t)
{
	char whole[320];

	snprintf(whole, sizeof(whole), "%s/%s", suite->name, t->name);
	return strcmp(row->value[ROW_TEST], whole) == 0;
}

static bool wanted(const struct row *row, const struct choice *choice)
{
	return !choice->filter || fnmatch(choice->filter, row->value[ROW_MUTANT], 0) == 0;
}

static void add(struct unit **list, size_t *count, const struct suite *suite,
	const struct test *t, const char *mutant)
{
	struct unit u = { .suite = suite, .test = t, .mutant = mutant };

	test_case_name(t, u.name, sizeof(u.name));
	*list = realloc(*list, (*count + 1) * sizeof(**list));
	if (!*list)
		abort();
	(*list)[(*count)++] = u;
}

static bool there(const struct unit *list, size_t count, const struct test *t)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].test == t && !list[i].mutant)
			return true;
	return false;
}

int mutants_units(const struct mutants *m, const struct choice *choice,
	const struct suites *suites, struct unit **out, size_t *count, struct diagnostics *d)
{
	int result = 0;

	*out = NULL;
	*count = 0;
	for (size_t r = 0; r < m->rows.count; r++) {
		const struct row *row = &m->rows.list[r];
		unsigned found = 0;
		for (unsigned s = 0; s < suites->count; s++) {
			for (size_t i = 0; i < suites->list[s]->test_count; i++) {
				const struct test *t = &suites->list[s]->tests[i];
				if (!meant(row, suites->list[s], t))
					continue;
				found++;
				if (!wanted(row, choice))
					continue;
				add(out, count, suites->list[s], t, row->value[ROW_MUTANT]);
				if (!there(*out, *count, t))
					add(out, count, suites->list[s], t, NULL);
			}
		}
		if (!found && !choice->role) {
			diagnostics_add(d, m->rows.file, row->line, "no test is called %s; right "
				"is SUITE/TEST as baton run --list shows it", row->value[ROW_TEST]);
			result = -1;
		}
	}
	return result;
}

/* Failed as a wrong implementation must be; a test that could not be judged proves nothing. */
static bool failed(const struct unit *u)
{
	return u->outcome.verdict == VERDICT_FAIL || u->outcome.verdict == VERDICT_DEVIATION ||
		u->outcome.verdict == VERDICT_CRASH;
}

static const struct unit *find(const struct unit *units, size_t count, const struct row *row,
	bool with_defect, bool want_failed)
{
	for (size_t i = 0; i < count; i++) {
		const struct unit *u = &units[i];
		if (!u->done || u->interrupted || !meant(row, u->suite, u->test))
			continue;
		if (with_defect != (u->mutant != NULL) ||
			(u->mutant && strcmp(u->mutant, row->value[ROW_MUTANT]) != 0))
			continue;
		bool other = with_defect ? failed(u) : u->outcome.verdict != VERDICT_PASS;
		if (other == want_failed)
			return u;
	}
	return NULL;
}

unsigned mutants_judge(const struct mutants *m, const struct unit *units, size_t count, FILE *out)
{
	unsigned missed = 0;

	for (size_t r = 0; r < m->rows.count; r++) {
		const struct row *row = &m->rows.list[r];
		const char *name = row->value[ROW_MUTANT], *test = row->value[ROW_TEST];
		const struct unit *caught = find(units, count, row, true, true);
		const struct unit *escaped = find(units, count, row, true, false);
		const struct unit *innocent = find(units, count, row, false, true);
		if (!caught && !escaped)
			continue;
		if (innocent)
			fprintf(out, "not proven  %s: the right variant does not pass %s: %s\n",
				name,
				test, innocent->outcome.reason);
		else if (!caught)
			fprintf(out, "not proven  %s (%s): %s says %s%s%s\n", name,
				row->value[ROW_WRONG], test,
				verdict_name(escaped->outcome.verdict),
				*escaped->outcome.reason ? ": " : "", escaped->outcome.reason);
		else
			fprintf(out, "proven      %s: %s: %s\n", name, test,
				caught->outcome.reason);
		missed += innocent || !caught;
	}
	return missed;
}
