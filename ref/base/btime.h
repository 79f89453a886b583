// SPDX-License-Identifier: Apache-2.0
/*
 * Time as the engines know it: nanoseconds on a clock that the caller chooses. An engine never
 * reads a clock; it is told the time. The daemon passes CLOCK_MONOTONIC, a unit test a number.
 */
#ifndef BATON_BASE_BTIME_H
#define BATON_BASE_BTIME_H

#include <stdint.h>

typedef int64_t btime;

#define BTIME_NEVER INT64_MAX
#define BTIME_US INT64_C(1000)
#define BTIME_MS INT64_C(1000000)
#define BTIME_S INT64_C(1000000000)

/* The later time `t + d`; saturates at BTIME_NEVER. `d` must not be negative. */
static inline btime btime_add(btime t, btime d)
{
	return d > BTIME_NEVER - t ? BTIME_NEVER : t + d;
}

/* The earlier of the two. */
static inline btime btime_min(btime a, btime b)
{
	return a < b ? a : b;
}

#endif
