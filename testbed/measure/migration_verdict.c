// SPDX-License-Identifier: Apache-2.0
/* What must hold of the columns of the changed address. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "testbed/measure/migration.h"

#define BEYOND_MS 5 /* that an interruption may be longer than one round trip */

struct judgement {
	struct result_measurement *measurement;
	int failed;
};

static void say(struct judgement *j, bool holds, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* NANs make no condition true. */
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

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

static void judge_change(struct judgement *j, const struct migration_column *c)
{
	const struct migration_figures *m = &c->median;

	say(j, m->beyond_ms <= BEYOND_MS,
		"%s: interrupted for %.1f ms, one round trip of %.0f ms and %.1f ms; at most %d ms more "
		"than one",
		c->name, m->interruption_ms, c->rtt_ms, m->beyond_ms, BEYOND_MS);
	if (isnan(m->in_clear))
		say(j, fabs(m->overhead_octets) < 0.5,
			"%s: not an octet more on any packet afterwards than plain TCP (%.1f)",
			c->name, m->overhead_octets);
	else
		say(j, fabs(m->overhead_octets - m->overhead_before_octets) < 0.5,
			"%s: not an octet more on any packet afterwards than before (%.1f and %.1f, "
			"those of ESP in transport mode)",
			c->name, m->overhead_octets, m->overhead_before_octets);
}

int migration_judge(const struct migration_column *columns, struct result_measurement *measurement)
{
	struct judgement j = { .measurement = measurement };

	for (const struct migration_column *c = columns; c->name; c++) {
		const struct migration_figures *m = &c->median;
		if (isnan(m->broken_streams)) {
			say(&j, false, "%s: no repetition has figures", c->name);
			continue;
		}
		if (begins(c->name, "nothing")) {
			say(&j, m->broken_streams > 0, "%s: connections do not survive (%.0f of %d broken)",
				c->name, m->broken_streams, MIGRATION_STREAMS);
			continue;
		}
		say(&j, m->broken_streams == 0, "%s: every stream whole, every octet right", c->name);
		if (!isnan(m->in_clear))
			say(&j, m->in_clear == 0, "%s: not a segment on the wire outside ESP", c->name);
		if (begins(c->name, "change"))
			judge_change(&j, c);
	}
	return j.failed;
}
