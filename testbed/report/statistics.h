// SPDX-License-Identifier: Apache-2.0
/* Median and spread of the values of a measured row. */
#ifndef TESTBED_REPORT_STATISTICS_H
#define TESTBED_REPORT_STATISTICS_H

#include <stddef.h>

#include <jansson.h>

struct spread {
	size_t n; /* values that are numbers */
	double median;
	double min;
	double max; /* all three NAN when n is 0 */
};

/* Of an array of numbers and nulls; nulls are left out. The median of an even number of values is
 * the mean of the middle two. */
struct spread spread_of(const json_t *values);

/* Sets median, min, max and word of a row from its values, documented, tolerance and better. */
void row_summarise(json_t *row);

#endif
