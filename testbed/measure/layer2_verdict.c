// SPDX-License-Identifier: Apache-2.0
/* What must hold of the columns of Figure 10 together, and what could not be made a column. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "testbed/measure/layer2.h"

#define TOLERANCE 0.2	    /* of the bare association and 4-way handshake, to both sides */
#define DISTANCE_SHOWS 400  /* ms: EAP-TLS takes at least four round trips of 110 ms */
#define DISTANCE_HIDDEN 0.1 /* of the bare association and 4-way handshake */

struct judgement {
	const struct layer2_column *columns;
	struct result_measurement *measurement;
	double bare;
	int failed;
};

/* A column's median of the time affecting handover; NAN: no such column. */
static double affecting(const struct judgement *j, const char *way, const char *place)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", way, place ? "/" : "", place ? place : "");
	for (const struct layer2_column *c = j->columns; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c->affecting_handover_ms;
	return NAN;
}

/* NANs make no condition true: what has no figures does not hold. */
static void say(struct judgement *j, bool holds, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct judgement *j, bool holds, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	measurement_add_finding(j->measurement, holds ? FINDING_HOLDS : FINDING_FAILS, text);
	j->failed += !holds;
}

/* A prepared move costs what the move itself costs. */
static void judge_prepared(struct judgement *j, const char *way, const char *place)
{
	double got = affecting(j, way, place);

	say(j, fabs(got - j->bare) <= TOLERANCE * j->bare,
		"%s/%s: the move takes %.2f ms, %+.1f %% of association and 4-way handshake alone "
		"(%.2f ms); at most 20 %%",
		way, place, got, (got / j->bare - 1) * 100, j->bare);
}

static double growth(const struct judgement *j, const char *way)
{
	return affecting(j, way, "roaming") - affecting(j, way, "non-roaming");
}

/* clang-format off */
static const char *const not_measured[] = {
	("FILS with re-authentication (ERP, RFC 6696) in place of a cached key: Debian's wpa_supplicant "
	"is built without ERP, and skips FILS after EAP with a server that keeps ERP keys (hostapd's); "
	"FreeRADIUS keeps none. So FILS lives of keys that are there already, as in mpa-fils"),
	("MPA feeding 802.11r so that the first move has no 4-way handshake either: wpa_supplicant takes "
	"no PMK-R0 from outside; as in mpa-ft the first handshake makes it from the key of MPA, and "
	"the moves after it have none"),
	("OKC between hostapd processes: they share no keys; in the column okc the testbed does what a "
	"controller does, the station and hostapd the rest"),
};
/* clang-format on */

int layer2_judge(const struct layer2_column *columns, struct result_measurement *measurement)
{
	struct judgement j = {.columns = columns, .measurement = measurement};

	j.bare = affecting(&j, "bare", NULL);
	judge_prepared(&j, "11i-pre", "non-roaming");
	judge_prepared(&j, "11i-pre", "roaming");
	judge_prepared(&j, "mpa", "non-roaming");
	judge_prepared(&j, "mpa", "roaming");
	say(&j, growth(&j, "post") >= DISTANCE_SHOWS,
		"post-authentication grows with the distance of the home AAA server: by %.1f ms",
		growth(&j, "post"));
	say(&j, fabs(growth(&j, "11i-pre")) <= DISTANCE_HIDDEN * j.bare,
		"11i-pre does not: by %.2f ms", growth(&j, "11i-pre"));
	say(&j, fabs(growth(&j, "mpa")) <= DISTANCE_HIDDEN * j.bare, "mpa does not: by %.2f ms",
		growth(&j, "mpa"));
	for (size_t i = 0; i < sizeof(not_measured) / sizeof(not_measured[0]); i++)
		measurement_add_finding(measurement, FINDING_NOT_MEASURED, not_measured[i]);
	return j.failed;
}
