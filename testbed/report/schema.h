// SPDX-License-Identifier: Apache-2.0
/*
 * Checks a JSON value against reports/result.schema.json.
 *
 * The subset of JSON Schema (draft 2020-12) that is understood: $schema, $id, title, description
 * and $defs (read over), $ref to #/$defs/NAME, type (one or several), properties, required,
 * additionalProperties (false or a schema), patternProperties (literal prefixes, "^x-"), items,
 * enum, const, minimum, minLength, minItems. A schema with any other keyword is refused rather
 * than half obeyed.
 */
#ifndef TESTBED_REPORT_SCHEMA_H
#define TESTBED_REPORT_SCHEMA_H

#include <jansson.h>

#include "testbed/report/result.h"

/* Checks a result. file names it in messages: "FILE: /suites/0/name: is 5; a string is needed".
 * Returns 0, or -1 with *error set to the first thing wrong, also when there is no schema. */
int report_schema_check(const json_t *result, const char *file, struct report_error *error);

/* The same with a schema of the caller's. */
int report_schema_check_against(const json_t *schema, const json_t *value, const char *file,
	struct report_error *error);

#endif
