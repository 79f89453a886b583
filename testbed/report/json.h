// SPDX-License-Identifier: Apache-2.0
/* Helpers of this folder over jansson and for its errors. Out of memory ends the process. */
#ifndef TESTBED_REPORT_JSON_H
#define TESTBED_REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "testbed/report/result.h"

/* Formats the message into *error. Returns -1, for "return report_fail(...)". */
int report_fail(struct report_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* p itself; ends the process when it is NULL, which is out of memory wherever it is used. */
void *report_must(void *p);

/* A copy of the formatted text, owned by the caller. */
char *report_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A JSON string; NULL becomes "", what is not UTF-8 becomes U+FFFD, a NUL ends it. */
json_t *json_from_text(const char *s);

/* A JSON number, or null when it is not finite. */
json_t *json_from_double(double x);

/* Sets object[key]. The value is stolen. json_put_text() with NULL sets nothing. */
void json_put(json_t *object, const char *key, json_t *value);
void json_put_text(json_t *object, const char *key, const char *s);
void json_put_number(json_t *object, const char *key, double x);
void json_put_count(json_t *object, const char *key, size_t n);

/* Appends to an array; the value is stolen, and returned as a borrowed reference. */
json_t *json_append(json_t *array, json_t *value);

/* The text of object[key], or "" when it is absent or no string. Borrowed. */
const char *json_get_text(const json_t *object, const char *key);

/* The number at object[key]; NAN when it is absent, null or no number. */
double json_get_number(const json_t *object, const char *key);

/* The array at object[key], borrowed; NULL when absent, which jansson takes for an empty one. */
json_t *json_get_array(const json_t *object, const char *key);

#endif
