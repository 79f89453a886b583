// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "testbed/vectors/play.h"

void played_add(struct played *p, const char *name, const char *argument, struct view octets)
{
	size_t used = strlen(p->reaction);

	if (used == 0)
		p->reply = octets;
	snprintf(p->reaction + used, sizeof(p->reaction) - used, "%s%s%s%s%s", used ? " " : "",
		name, argument ? "[" : "", argument ? argument : "", argument ? "]" : "");
}

static bool is_listed(const struct vector *v, const char *reaction)
{
	for (size_t i = 0; i < v->reaction_count; i++)
		if (strcmp(v->reactions[i], reaction) == 0)
			return true;
	return false;
}

static struct finding reply_differs(const struct vector *v, struct view reply)
{
	size_t at = 0;

	while (at < reply.size && at < v->reply.size && reply.data[at] == v->reply.data[at])
		at++;
	return finding_of(CHECK_DIFFERS,
		"answer: expected %zu octets, actual %zu; the first difference is at octet %zu",
		v->reply.size, reply.size, at);
}

struct finding played_compare(const struct vector *v, const struct played *p)
{
	const char *reaction = *p->reaction ? p->reaction : "silence";
	char text[256];

	if (v->result == VECTOR_INVALID && p->reject.reason == REJECT_NONE)
		return finding_of(CHECK_DIFFERS, "expected rejected: %s, %s (%s), actual taken: %s",
			reject_name(v->rule.reason), v->rule.text, v->rule.clause, reaction);
	if (v->result == VECTOR_INVALID) {
		struct finding f = judge_rejection(v, &p->reject);
		if (f.verdict != CHECK_AGREES)
			return f;
	}
	if (!is_listed(v, reaction) && p->reject.reason != REJECT_NONE)
		return finding_of(CHECK_DIFFERS, "reaction: expected %s, actual %s, for %s",
			v->reactions[0], reaction, reject_text(&p->reject, text, sizeof(text)));
	if (!is_listed(v, reaction))
		return finding_of(CHECK_DIFFERS, "reaction: expected %s, actual %s",
			v->reactions[0], reaction);
	return v->has_reply && !view_equal(v->reply, p->reply) ? reply_differs(v, p->reply)
							       : finding_none();
}
