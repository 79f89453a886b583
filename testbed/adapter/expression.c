// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8

#include "testbed/adapter/expression.h"

#include <pcre2.h>
#include <stdlib.h>

#define STEPS_MAX 1000000

struct expression {
	pcre2_code *code;
};

struct expression *expression_new(const char *pattern, char *why, size_t why_size)
{
	int error;
	PCRE2_SIZE at;
	pcre2_code *code = pcre2_compile(
		(PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_MULTILINE, &error, &at, NULL);

	if (!code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)why, why_size);
		return NULL;
	}
	struct expression *expression = malloc(sizeof(*expression));
	if (!expression)
		abort();
	expression->code = code;
	return expression;
}

bool expression_found(const struct expression *expression, const char *text, size_t length)
{
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(expression->code, NULL);
	bool found = false;

	if (limits && data) {
		pcre2_set_match_limit(limits, STEPS_MAX);
		found = pcre2_match(
				expression->code, (PCRE2_SPTR)text, length, 0, 0, data, limits) > 0;
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(limits);
	return found;
}

void expression_free(struct expression *expression)
{
	if (!expression)
		return;
	pcre2_code_free(expression->code);
	free(expression);
}
