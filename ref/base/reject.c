// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "ref/base/reject.h"

static const struct {
	const char *name, *words;
} reasons[REJECT_COUNT] = {
#define X(symbol, name, words) [REJECT_##symbol] = { name, words },
	REJECT_REASONS(X)
#undef X
};

const char *reject_name(enum reject_reason reason)
{
	return reason < REJECT_COUNT ? reasons[reason].name : "?";
}

const char *reject_words(enum reject_reason reason)
{
	return reason < REJECT_COUNT ? reasons[reason].words : "?";
}

enum reject_reason reject_by_name(const char *name)
{
	enum reject_reason r = 0;
	while (r < REJECT_COUNT && strcmp(reasons[r].name, name) != 0)
		r++;
	return r;
}

int reject_set(struct reject *reject, enum reject_reason reason, const char *field,
	const char *section, size_t offset, uint64_t value)
{
	if (reject && reject->reason == REJECT_NONE)
		*reject = (struct reject){ reason, field, section, offset, value };
	return -1;
}

const char *reject_text(const struct reject *reject, char *out, size_t size)
{
	int n = snprintf(out, size, "%s: %s", reject_name(reject->reason),
		reject_words(reject->reason));
	if (reject->field && n > 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, ": %s at octet %zu is %llu", reject->field,
			reject->offset, (unsigned long long)reject->value);
	if (reject->section && n > 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, " (%s)", reject->section);
	return out;
}
