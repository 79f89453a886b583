// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/measure/events.h"

static void add(struct events *events, const struct event *event)
{
	struct event *list = realloc(events->list, (events->count + 1) * sizeof(*list));
	if (!list)
		abort();
	events->list = list;
	/* Logs are almost in order; the new one goes behind all that are not later. */
	size_t i = events->count++;
	for (; i > 0 && list[i - 1].t > event->t; i--)
		list[i] = list[i - 1];
	list[i] = *event;
}

static int read_line(struct events *events, const char *line, size_t size, const char *path,
	unsigned number, struct report_error *error)
{
	json_error_t why;
	struct event event = { .object = json_loadb(line, size, 0, &why) };

	if (!event.object) {
		snprintf(error->text, sizeof(error->text),
			"%s:%u: not JSON: %s; an event is one JSON object a line", path, number,
			why.text);
		return -1;
	}
	if (json_unpack(event.object, "{s:F, s:s, s:s}", "t", &event.t, "node", &event.node,
		    "event", &event.name) < 0) {
		snprintf(error->text, sizeof(error->text),
			"%s:%u: not an event; it needs \"t\" (a number), \"node\" and \"event\"",
			path, number);
		json_decref(event.object);
		return -1;
	}
	add(events, &event);
	return 0;
}

int events_read(struct events *events, const char *path, struct report_error *error)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int result = 0;

	if (!file) {
		snprintf(error->text, sizeof(error->text), "%s: %s; the node writes it when "
			"event_log is set", path, strerror(errno));
		return -1;
	}
	for (unsigned number = 1; (size = getline(&line, &room, file)) > 0; number++) {
		if (line[size - 1] != '\n')
			break;
		if (read_line(events, line, (size_t)size, path, number, error) < 0) {
			result = -1;
			break;
		}
	}
	free(line);
	fclose(file);
	return result;
}

void events_free(struct events *events)
{
	for (size_t i = 0; i < events->count; i++)
		json_decref(events->list[i].object);
	free(events->list);
	*events = (struct events){ 0 };
}

static int matches(const struct event *e, const char *node, const char *name)
{
	return (!node || strcmp(e->node, node) == 0) && strcmp(e->name, name) == 0;
}

const struct event *events_first(const struct events *events, const char *node, const char *name,
	double from)
{
	for (size_t i = 0; i < events->count; i++)
		if (events->list[i].t >= from && matches(&events->list[i], node, name))
			return &events->list[i];
	return NULL;
}

const struct event *events_last(const struct events *events, const char *node, const char *name,
	double until)
{
	for (size_t i = events->count; i-- > 0;)
		if (events->list[i].t <= until && matches(&events->list[i], node, name))
			return &events->list[i];
	return NULL;
}

double event_number(const struct event *event, const char *key, double otherwise)
{
	const json_t *value = json_object_get(event->object, key);
	return json_is_number(value) ? json_number_value(value) : otherwise;
}
