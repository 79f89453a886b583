// SPDX-License-Identifier: Apache-2.0
#include "testbed/report/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/report/figures.h"
#include "testbed/report/json.h"

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct spread spread_of(const json_t *values)
{
	struct spread s = { .median = NAN, .min = NAN, .max = NAN };
	double *sorted = report_must(calloc(json_array_size(values) + 1, sizeof(*sorted)));
	json_t *value;
	size_t i;

	json_array_foreach(values, i, value)
		if (json_is_number(value))
			sorted[s.n++] = json_number_value(value);
	if (s.n) {
		qsort(sorted, s.n, sizeof(*sorted), compare);
		s.min = sorted[0];
		s.max = sorted[s.n - 1];
		s.median = sorted[(s.n - 1) / 2] / 2 + sorted[s.n / 2] / 2;
	}
	free(sorted);
	return s;
}

void row_summarise(json_t *row)
{
	struct spread spread = spread_of(json_get_array(row, "values"));
	bool lower_is_better = strcmp(json_get_text(row, "better"), "higher") != 0;

	json_put_number(row, "median", spread.median);
	json_put_number(row, "min", spread.min);
	json_put_number(row, "max", spread.max);
	json_put_text(row, "word",
		figure_word(json_get_number(row, "documented"), spread.median,
			json_get_number(row, "tolerance"), lower_is_better));
}
