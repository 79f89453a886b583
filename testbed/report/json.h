// SPDX-License-Identifier: Apache-2.0
/* Helpers of this folder over jansson and for its errors. Out of memory ends the process. */
#ifndef TESTBED_REPORT_JSON_H
#define TESTBED_REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "testbed/report/result.h"

/* Formats the message into *error. Returns -1, for "return fail(...)". */
int fail(struct report_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* p itself; ends the process when it is NULL, which is out of memory wherever it is used. */
void *must(void *p);

/* A copy of the formatted text, owned by the caller. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A JSON string; NULL becomes "", what is not UTF-8 becomes U+FFFD, a NUL ends it. */
json_t *json_text(const char *s);

/* A JSON number, or null when it is not finite. */
json_t *json_double(double x);

/* Sets object[key]. The value is stolen. put_text() with NULL sets nothing. */
void put(json_t *object, const char *key, json_t *value);
void put_text(json_t *object, const char *key, const char *s);
void put_number(json_t *object, const char *key, double x);
void put_count(json_t *object, const char *key, size_t n);

/* Appends to an array; the value is stolen, and returned as a borrowed reference. */
json_t *append(json_t *array, json_t *value);

/* The text of object[key], or "" when it is absent or no string. Borrowed. */
const char *get_text(const json_t *object, const char *key);

/* The number at object[key]; NAN when it is absent, null or no number. */
double get_number(const json_t *object, const char *key);

/* The array at object[key], borrowed; NULL when absent, which jansson takes for an empty one. */
json_t *get_array(const json_t *object, const char *key);

#endif
