// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "testbed/suite/catalogue.h"
#include "testbed/util/paths.h"

enum head_key { HEAD_DOCUMENT, HEAD_TITLE };
enum row_key { ROW_ID, ROW_LEVEL, ROW_ROLE, ROW_TEXT, ROW_WHY_NOT };

static const char *const head_keys[] = { "*document", "*title", NULL };
static const char *const row_keys[] = { "*id", "*level", "*role", "*text", "why_not", NULL };
static const struct rows_shape shape = { head_keys, "statements", row_keys };

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_catalogue(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');
	return e->d_name[0] != '.' && dot && strcmp(dot, ".yaml") == 0;
}

/* Every id once, with the form SECTION/NUMBER. */
static int check_rows(const struct rows *rows, struct diagnostics *d)
{
	int result = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->list[i];
		const char *slash = strrchr(row->value[ROW_ID], '/');
		if (!slash || !slash[1] || strspn(slash + 1, "0123456789") != strlen(slash + 1)) {
			diagnostics_add(d, rows->file, row->line, "%s is no id; right is "
				"SECTION/NUMBER, as in 5.2/3", row->value[ROW_ID]);
			result = -1;
		}
		for (size_t k = 0; k < i; k++)
			if (strcmp(rows->list[k].value[ROW_ID], row->value[ROW_ID]) == 0) {
				diagnostics_add(d, rows->file, row->line, "id %s stands twice; "
					"number the statements of a section", row->value[ROW_ID]);
				result = -1;
			}
	}
	return result;
}

int catalogue_load(const char *folder, struct catalogue *c, struct diagnostics *d)
{
	struct dirent **names;
	int n = scandir(folder, &names, is_catalogue, by_name), result = 0;

	*c = (struct catalogue){ 0 };
	if (n < 0) {
		diagnostics_add(d, folder, 0, "cannot be read: %s", strerror(errno));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		char *path = path_format("%s/%s", folder, names[i]->d_name);
		struct rows *rows = &c->documents[c->count];
		if (c->count == DOCUMENTS_MAX || rows_load(path, &shape, rows, d) < 0)
			result = -1;
		else if (c->count++, check_rows(rows, d) < 0)
			result = -1;
		free(path);
		free(names[i]);
	}
	free(names);
	if (result < 0)
		catalogue_free(c);
	return result;
}

void catalogue_free(struct catalogue *c)
{
	for (unsigned i = 0; i < c->count; i++)
		rows_free(&c->documents[i]);
	c->count = 0;
}

/* --- covers --------------------------------------------------------------------------------- */

static const struct rows *document_of(const struct catalogue *c, const char *name)
{
	for (unsigned i = 0; i < c->count; i++)
		if (strcmp(c->documents[i].head.value[HEAD_DOCUMENT], name) == 0)
			return &c->documents[i];
	return NULL;
}

/* Whether the cover means that statement; a bare section means all of its level. */
static bool means(const struct cover *cover, const struct row *row)
{
	const char *id = row->value[ROW_ID];
	size_t n = strlen(cover->section);

	if (strncmp(id, cover->section, n) != 0 || id[n] != '/')
		return false;
	if (cover->ordinal)
		return strtoul(id + n + 1, NULL, 10) == cover->ordinal;
	return strcmp(row->value[ROW_LEVEL], cover->level) == 0;
}

static void check_cover(const struct rows *rows, const struct cover *cover,
	struct complaints *complaints)
{
	char text[40], first[40] = "";
	unsigned found = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->list[i];
		if (!means(cover, row))
			continue;
		if (strcmp(row->value[ROW_LEVEL], cover->level) != 0)
			complain(complaints, cover->line, cover->column,
				"%s %s is a %s in %s; write that level", cover->document,
				row->value[ROW_ID], row->value[ROW_LEVEL], rows->file);
		if (!found++)
			snprintf(first, sizeof(first), "%s", row->value[ROW_ID]);
	}
	cover_text(cover, text, sizeof(text));
	if (!found)
		complain(complaints, cover->line, cover->column,
			"%s has no statement %s (%s); the ids stand in %s", cover->document, text,
			cover->level, rows->file);
	if (found > 1)
		complain(complaints, cover->line, cover->column,
			"%s %s has %u statements of level %s; name one of them, such as %s",
			cover->document, text, found, cover->level, first);
}

int catalogue_check(const struct catalogue *c, const struct suite *suite,
	struct complaints *complaints)
{
	size_t before = complaints->count;

	for (size_t i = 0; i < suite->test_count; i++) {
		for (size_t k = 0; k < suite->tests[i].cover_count; k++) {
			const struct cover *cover = &suite->tests[i].covers[k];
			const struct rows *rows = document_of(c, cover->document);
			if (rows)
				check_cover(rows, cover, complaints);
		}
	}
	return complaints->count > before ? -1 : 0;
}

/* --- report --------------------------------------------------------------------------------- */

#define COVERED_BY_MAX 32

/* "suite/test" of every test that covers the statement, a test with several cases once. */
static size_t covered_by(const char *document, const struct row *row, struct suite *const *suites,
	size_t count, char *out[COVERED_BY_MAX])
{
	size_t n = 0;

	for (size_t s = 0; s < count; s++) {
		const char *last = "";
		for (size_t i = 0; i < suites[s]->test_count; i++) {
			const struct test *t = &suites[s]->tests[i];
			bool covers = false;
			for (size_t k = 0; k < t->cover_count; k++)
				covers |= strcmp(t->covers[k].document, document) == 0 &&
					means(&t->covers[k], row);
			if (!covers || strcmp(last, t->name) == 0 || n == COVERED_BY_MAX)
				continue;
			last = t->name;
			out[n++] = path_format("%s/%s", suites[s]->name, t->name);
		}
	}
	return n;
}

static bool mentioned(const char *document, struct suite *const *suites, size_t count)
{
	for (size_t s = 0; s < count; s++)
		for (size_t i = 0; i < suites[s]->test_count; i++)
			for (size_t k = 0; k < suites[s]->tests[i].cover_count; k++)
				if (strcmp(suites[s]->tests[i].covers[k].document, document) == 0)
					return true;
	return false;
}

static void report_row(const struct rows *rows, const struct row *row, struct result *result,
	char *const *covered, size_t n)
{
	const char *document = rows->head.value[HEAD_DOCUMENT], *id = row->value[ROW_ID];
	char *whole = path_format("%s-%s", document, id);
	char *section = path_format("%.*s", (int)(strrchr(id, '/') - id), id);

	*(strchr(whole, '/')) = '-';
	result_add_requirement(result, &(struct report_requirement){
		.document = document,
		.id = whole,
		.section = section,
		.level = row->value[ROW_LEVEL],
		.text = row->value[ROW_TEXT],
		.covered_by = (const char *const *)covered,
		.n_covered_by = n,
		.why_not = n ? NULL : row->value[ROW_WHY_NOT],
	});
	free(whole);
	free(section);
}

static void count_row(const struct rows *rows, const struct row *row, size_t n,
	struct coverage_count *count, FILE *open)
{
	count->statements++;
	if (n) {
		count->covered++;
	} else if (row->value[ROW_WHY_NOT]) {
		count->explained++;
	} else {
		count->open++;
		if (open)
			fprintf(open, "%s:%u: nothing covers %s %s (%s, %s), and no why_not says "
				"why\n", rows->file, row->line, rows->head.value[HEAD_DOCUMENT],
				row->value[ROW_ID], row->value[ROW_LEVEL], row->value[ROW_ROLE]);
	}
}

struct coverage_count catalogue_report(const struct catalogue *c, struct suite *const *suites,
	size_t count, struct result *result, FILE *open)
{
	struct coverage_count total = { 0 };
	char *covered[COVERED_BY_MAX];

	for (unsigned d = 0; d < c->count; d++) {
		const struct rows *rows = &c->documents[d];
		const char *document = rows->head.value[HEAD_DOCUMENT];
		if (!mentioned(document, suites, count))
			continue;
		for (size_t i = 0; i < rows->count; i++) {
			const struct row *row = &rows->list[i];
			size_t n = covered_by(document, row, suites, count, covered);
			if (result)
				report_row(rows, row, result, covered, n);
			count_row(rows, row, n, &total, open);
			while (n)
				free(covered[--n]);
		}
	}
	return total;
}
