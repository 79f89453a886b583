// SPDX-License-Identifier: Apache-2.0
/* Sets of files of vectors: reading a folder, finding, releasing. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/vectors/vectors.h"

const char *vector_result_word(enum vector_result result)
{
	static const char *const words[] = {"valid", "acceptable", "invalid"};
	return words[result];
}

const char *vector_layer_word(enum vector_layer layer)
{
	static const char *const words[] = {"decode", "message", "session", "auth"};
	return words[layer];
}

const struct vector_field *vector_field(const struct vector *v, const char *name)
{
	for (size_t i = 0; i < v->field_count; i++)
		if (strcmp(v->fields[i].name, name) == 0)
			return &v->fields[i];
	return NULL;
}

uint64_t vector_number(const struct vector *v, const char *name)
{
	const struct vector_field *f = vector_field(v, name);
	return f ? f->number : 0;
}

void vectors_free(struct vectors *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->block_count; i++)
		free(file->blocks[i]);
	free(file->blocks);
	json_decref(file->root);
	free(file->path);
	free(file->capture);
	free(file);
}

void vector_set_free(struct vector_set *set)
{
	for (size_t i = 0; i < set->file_count; i++)
		vectors_free(set->files[i]);
	free(set->files);
	*set = (struct vector_set){0};
}

static int is_json(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot && strcmp(dot, ".json") == 0;
}

static int by_id(const void *a, const void *b)
{
	const struct vector *const *x = a, *const *y = b;
	return strcmp((*x)->id, (*y)->id);
}

struct list {
	const struct vector **vectors;
	size_t count;
};

static int add_to_list(void *context, const struct vector *v)
{
	struct list *list = context;
	list->vectors[list->count++] = v;
	return 0;
}

/* Ids name vectors in commands and reports: one must not mean two. */
static int check_ids(const struct vector_set *set, char *error, size_t size)
{
	struct list list = {.vectors = calloc(set->count + 1, sizeof(*list.vectors))};
	int failed = 0;

	if (!list.vectors)
		abort();
	vector_set_each(set, add_to_list, &list);
	qsort(list.vectors, list.count, sizeof(*list.vectors), by_id);
	for (size_t i = 1; i < list.count && !failed; i++) {
		const struct vector *a = list.vectors[i - 1], *b = list.vectors[i];
		if (strcmp(a->id, b->id) != 0)
			continue;
		failed = -1;
		snprintf(error, size, "%s:%u: the id '%s' is also in %s:%u; an id names one vector",
			b->group->file->path, b->line, b->id, a->group->file->path, a->line);
	}
	free(list.vectors);
	return failed;
}

static int read_files(struct vector_set *set, const char *folder, struct dirent **names, int count,
	char *error, size_t size)
{
	char path[4096];

	set->files = calloc((size_t)count, sizeof(*set->files));
	if (!set->files)
		abort();
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		struct vectors *file = vectors_read(path, error, size);
		if (!file)
			return -1;
		set->files[set->file_count++] = file;
		set->count += file->count;
	}
	return check_ids(set, error, size);
}

int vector_set_read(struct vector_set *set, const char *folder, char *error, size_t size)
{
	struct dirent **names = NULL;
	int failed = -1;

	*set = (struct vector_set){0};
	int count = scandir(folder, &names, is_json, alphasort);
	if (count < 0)
		snprintf(error, size, "%s: %s; name a protocol that has vectors", folder,
			strerror(errno));
	else if (count == 0)
		snprintf(error, size, "%s: no *.json here; 'make vectors' writes them", folder);
	else
		failed = read_files(set, folder, names, count, error, size);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	if (failed)
		vector_set_free(set);
	return failed;
}

int vector_set_each(const struct vector_set *set,
	int (*each)(void *context, const struct vector *v), void *context)
{
	for (size_t f = 0; f < set->file_count; f++) {
		const struct vectors *file = set->files[f];
		for (size_t g = 0; g < file->group_count; g++) {
			const struct vector_group *group = &file->groups[g];
			for (size_t i = 0; i < group->count; i++) {
				int stop = each(context, &group->vectors[i]);
				if (stop)
					return stop;
			}
		}
	}
	return 0;
}

struct wanted {
	const char *id;
	const struct vector *found;
};

static int is_wanted(void *context, const struct vector *v)
{
	struct wanted *wanted = context;
	if (strcmp(v->id, wanted->id) != 0)
		return 0;
	wanted->found = v;
	return 1;
}

const struct vector *vector_set_find(const struct vector_set *set, const char *id)
{
	struct wanted wanted = {.id = id};
	vector_set_each(set, is_wanted, &wanted);
	return wanted.found;
}
