// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/vectors/explain.h"

#define FORMAT "baton-explanations-1"

struct explanations {
	char *path, *protocol;
	json_t *root;
	json_t *list; /* borrowed from root */
	bool *used;
};

/* What is wrong with the file, or NULL. */
static const char *fault_of(json_t *root)
{
	const char *format = json_string_value(json_object_get(root, "format"));
	json_t *list = json_object_get(root, "explanations"), *entry, *pattern;
	size_t i, k;

	if (!format || strcmp(format, FORMAT) != 0)
		return "no 'format'; it would be '" FORMAT "'";
	if (!json_is_array(list))
		return "no 'explanations'; it would be an array";
	json_array_foreach(list, i, entry)
	{
		if (!json_is_string(json_object_get(entry, "protocol")))
			return "an explanation without 'protocol'; it would be as 'pana'";
		if (!json_is_string(json_object_get(entry, "why")))
			return "an explanation without 'why'; it would be a sentence";
		if (json_array_size(json_object_get(entry, "vectors")) == 0)
			return "an explanation without 'vectors'; it would be patterns of ids";
		json_array_foreach(json_object_get(entry, "vectors"), k, pattern) if (
			!json_is_string(pattern)) return "a pattern that is not a string; it would "
							 "be as 'header-*'";
	}
	return NULL;
}

struct explanations *explanations_read(
	const char *path, const char *protocol, char *error, size_t size)
{
	json_error_t syntax;
	struct explanations *e = calloc(1, sizeof(*e));

	if (!e || !(e->path = strdup(path)) || !(e->protocol = strdup(protocol)))
		abort();
	e->root = json_load_file(path, JSON_REJECT_DUPLICATES, &syntax);
	const char *fault = e->root ? fault_of(e->root) : syntax.text;
	if (fault) {
		snprintf(error, size, "%s:%d: %s", path, e->root ? 1 : syntax.line, fault);
		explanations_free(e);
		return NULL;
	}
	e->list = json_object_get(e->root, "explanations");
	e->used = calloc(json_array_size(e->list) + 1, sizeof(*e->used));
	if (!e->used)
		abort();
	return e;
}

void explanations_free(struct explanations *e)
{
	if (!e)
		return;
	json_decref(e->root);
	free(e->used);
	free(e->path);
	free(e->protocol);
	free(e);
}

static bool concerns(const struct explanations *e, json_t *entry)
{
	return strcmp(json_string_value(json_object_get(entry, "protocol")), e->protocol) == 0;
}

const char *explanation_of(struct explanations *e, const struct vector *v)
{
	json_t *entry, *pattern;
	size_t i, k;

	json_array_foreach(e->list, i, entry)
		json_array_foreach(json_object_get(entry, "vectors"), k, pattern)
	{
		if (!concerns(e, entry) || fnmatch(json_string_value(pattern), v->id, 0) != 0)
			continue;
		e->used[i] = true;
		return json_string_value(json_object_get(entry, "why"));
	}
	return NULL;
}

void explanations_tell_unused(const struct explanations *e, FILE *out)
{
	json_t *entry;
	size_t i;

	json_array_foreach(e->list, i, entry) if (!e->used[i] && concerns(e, entry))
		fprintf(out, "%s: note: no difference needs this explanation: %s\n", e->path,
			json_string_value(json_object_get(entry, "why")));
}
