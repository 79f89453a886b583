// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>

#include "testbed/suite/expected.h"

enum row_key { ROW_TEST, ROW_VERDICT, ROW_REASON };

static const char *const head_keys[] = { "sut", NULL };
static const char *const row_keys[] = { "*test", "*verdict", "*reason", NULL };
static const struct rows_shape shape = { head_keys, "tests", row_keys };

int expected_load(const char *file, struct expected *out, struct diagnostics *d)
{
	enum verdict verdict;
	int result = 0;

	if (rows_load(file, &shape, &out->rows, d) < 0)
		return -1;
	for (size_t i = 0; i < out->rows.count; i++) {
		const struct row *row = &out->rows.list[i];
		if (verdict_from_name(row->value[ROW_VERDICT], &verdict))
			continue;
		diagnostics_add(d, file, row->line, "%s is no verdict; right are fail, deviation, "
			"crash, unsupported and the others of docs/suites.md",
			row->value[ROW_VERDICT]);
		result = -1;
	}
	if (result < 0)
		expected_free(out);
	return result;
}

void expected_free(struct expected *e)
{
	rows_free(&e->rows);
}

static bool row_means(const struct row *row, const char *suite, const char *test,
	const char *test_case)
{
	char whole[400];

	snprintf(whole, sizeof(whole), "%s/%s", suite, test);
	if (strcmp(row->value[ROW_TEST], whole) == 0 ||
		fnmatch(row->value[ROW_TEST], whole, 0) == 0)
		return true;
	snprintf(whole, sizeof(whole), "%s/%s", suite, test_case);
	return strcmp(row->value[ROW_TEST], whole) == 0;
}

static bool unjudged(enum verdict v)
{
	return v == VERDICT_INCONCLUSIVE || v == VERDICT_SETUP_FAILED ||
		v == VERDICT_CLEANUP_FAILED || v == VERDICT_ERROR;
}

enum gate expected_gate(const struct expected *e, const char *suite, const char *test,
	const char *test_case, enum verdict verdict, const char **reason)
{
	const struct row *row = NULL;
	enum verdict wanted = VERDICT_PASS;

	for (size_t i = 0; i < e->rows.count && !row; i++)
		if (row_means(&e->rows.list[i], suite, test, test_case))
			row = &e->rows.list[i];
	*reason = row ? row->value[ROW_REASON] : NULL;
	if (row)
		verdict_from_name(row->value[ROW_VERDICT], &wanted);
	if (verdict == wanted)
		return verdict == VERDICT_PASS ? GATE_AS_EXPECTED : GATE_STILL;
	if (verdict == VERDICT_PASS)
		return GATE_FIXED;
	if (!verdict_is_bad(verdict))
		return GATE_AS_EXPECTED;
	return unjudged(verdict) ? GATE_UNJUDGED : GATE_NEW;
}
