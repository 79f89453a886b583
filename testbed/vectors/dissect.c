// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include "testbed/vectors/dissect.h"

struct finding finding_same(const char *field, uint64_t expected, uint64_t actual)
{
	if (expected == actual)
		return finding_none();
	if (actual == UINT64_MAX)
		return finding_of(
			CHECK_DIFFERS, "%s: expected %" PRIu64 ", actual nothing", field, expected);
	return finding_of(CHECK_DIFFERS, "%s: expected %" PRIu64 ", actual %" PRIu64, field,
		expected, actual);
}

struct dissector {
	const char *protocol;
	const char *name; /* of its <proto> */
	struct finding (*compare)(const xmlNode *packet, const struct vector *v);
};

static const struct dissector dissectors[] = {
	{"pana", "pana", dissect_pana},
};

static const struct dissector *dissector_of(const struct vector *v)
{
	for (size_t i = 0; i < sizeof(dissectors) / sizeof(dissectors[0]); i++)
		if (strcmp(dissectors[i].protocol, v->group->file->protocol) == 0)
			return &dissectors[i];
	return NULL;
}

struct finding dissect_compare(const xmlNode *packet, const struct vector *v)
{
	const struct dissector *d = dissector_of(v);

	if (!d)
		return finding_of(CHECK_OUTSIDE, "tshark is not asked about this protocol");
	bool malformed = pdml_child(packet, "_ws.malformed") != NULL;
	bool taken = pdml_child(packet, d->name) && !malformed;
	if (!v->has_fields && taken)
		return finding_of(CHECK_DIFFERS, "expected rejected: %s (%s), actual taken",
			v->rule.text, v->rule.clause);
	if (!v->has_fields)
		return finding_none();
	if (!taken)
		return finding_of(CHECK_DIFFERS, "expected dissected as %s, actual %s", d->protocol,
			malformed ? "malformed" : "something else");
	return d->compare(packet, v);
}
