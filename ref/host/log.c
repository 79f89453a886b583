// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ref/host/log.h"
#include "ref/host/loop.h"

/* An event that was told and is not written yet. */
struct pending {
	struct pending *next;
	json_t *object, *details;
	char event[64];
};

struct log {
	char *node;
	enum log_level level;
	int events; /* descriptor, or -1 */
	bool torn;  /* the last line in there is not whole: the disk was full */
	void (*hear)(void *context, const char *line);
	bool (*hears)(void *context);
	void *hear_context;
	struct timespec next; /* when the next event happened; tv_sec 0: now */
	time_t second;	      /* of rejected_now */
	unsigned rejected_now, left_out; /* rejections told in it; not told since the last one */
	struct timer *writer; /* NULL: events are written at once */
	struct pending *first, **last;
};

struct log *log_new(const char *node)
{
	struct log *log = host_alloc(sizeof(*log));

	log->node = host_strdup(node);
	log->level = LOG_LEVEL_INFO;
	log->events = -1;
	log->last = &log->first;
	return log;
}

void log_free(struct log *log)
{
	if (!log)
		return;
	log_defer(log, NULL);
	if (log->events >= 0)
		close(log->events);
	free(log->node);
	free(log);
}

void log_set_level(struct log *log, enum log_level level)
{
	log->level = level;
}

int log_open_events(struct log *log, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	if (log->events >= 0)
		close(log->events);
	log->events = fd;
	return 0;
}

void log_next_at(struct log *log, const struct timespec *when)
{
	log->next = when ? *when : (struct timespec){ 0 };
}

void log_listen(struct log *log, void (*hear)(void *context, const char *line),
	bool (*hears)(void *context), void *context)
{
	log->hear = hear;
	log->hears = hears;
	log->hear_context = context;
}

bool log_event_wanted(const struct log *log)
{
	return log->events >= 0 || log->level >= LOG_LEVEL_INFO ||
		(log->hear && log->hears(log->hear_context));
}

/* key=value pairs of the details, for people. */
static void say_event(struct log *log, const char *event, json_t *details)
{
	const char *key;
	json_t *value;

	if (log->level < LOG_LEVEL_INFO)
		return;
	flockfile(stderr);
	fprintf(stderr, "%s: %s", log->node, event);
	json_object_foreach(details, key, value) {
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		fprintf(stderr, " %s=%s", key,
			json_is_string(value) ? json_string_value(value) : text ? text : "?");
		free(text);
	}
	fputc('\n', stderr);
	funlockfile(stderr);
}

static json_t *event_object(struct log *log, const char *event)
{
	struct timespec now = log->next;

	log->next = (struct timespec){ 0 };
	if (!now.tv_sec)
		clock_gettime(CLOCK_REALTIME, &now);
	return json_pack("{s:f,s:s,s:s}", "t", (double)now.tv_sec + (double)now.tv_nsec / 1e9,
		"node", log->node, "event", event);
}

/* What follows a torn line must not become a part of it. */
static void write_line(struct log *log, const char *line, size_t size)
{
	ssize_t written = 1;

	if (log->torn)
		written = write(log->events, "\n", 1);
	if (written == 1)
		written = write(log->events, line, size);
	if (written == (ssize_t)size) {
		log->torn = false;
		return;
	}
	log->torn = log->torn || written > 0;
	log_warning(log, "an event could not be written to the event log: %s",
		strerror(written < 0 ? errno : ENOSPC));
}

static void write_event(struct log *log, const char *event, json_t *object, json_t *details)
{
	char *line;
	size_t size;

	if (details)
		json_object_update(object, details);
	/* 16 digits: microseconds of today's seconds since 1970. */
	line = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(16));
	json_decref(object);
	if (!line)
		abort();
	if (log->hear)
		log->hear(log->hear_context, line);
	size = strlen(line);
	line[size] = '\n';
	if (log->events >= 0)
		write_line(log, line, size + 1);
	free(line);
	say_event(log, event, details);
	json_decref(details);
}

static void write_pending(void *context)
{
	struct log *log = context;

	while (log->first) {
		struct pending *p = log->first;
		log->first = p->next;
		if (!log->first)
			log->last = &log->first;
		write_event(log, p->event, p->object, p->details);
		free(p);
	}
}

void log_defer(struct log *log, struct loop *loop)
{
	if (log->writer) {
		write_pending(log);
		timer_free(log->writer);
		log->writer = NULL;
	}
	if (loop)
		log->writer = timer_new(loop, write_pending, log);
}

void log_event_json(struct log *log, const char *event, json_t *details)
{
	struct pending *p;

	if (!log_event_wanted(log)) {
		log->next = (struct timespec){ 0 };
		json_decref(details);
		return;
	}
	json_t *object = event_object(log, event);
	if (!log->writer) {
		write_event(log, event, object, details);
		return;
	}
	p = host_alloc(sizeof(*p));
	p->object = object;
	p->details = details;
	snprintf(p->event, sizeof(p->event), "%s", event);
	if (!log->first)
		timer_set(log->writer, 0);
	*log->last = p;
	log->last = &p->next;
}

void log_event(struct log *log, const char *event, const char *format, ...)
{
	json_t *details = NULL;
	va_list list;

	if (format) {
		va_start(list, format);
		details = json_vpack_ex(NULL, 0, format, list);
		va_end(list);
		if (!details) /* the format does not fit its arguments, or a text is not UTF-8 */
			details = json_pack("{s:s}", "detail", "not representable");
	}
	log_event_json(log, event, details);
}

/* A flood must not fill the disk: the rest is in the counters. */
#define REJECTIONS_A_SECOND 20

static bool rejection_is_told(struct log *log)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != log->second) {
		log->second = now.tv_sec;
		log->rejected_now = 0;
	}
	if (log->rejected_now++ < REJECTIONS_A_SECOND)
		return true;
	log->left_out++;
	return false;
}

void log_reject(struct log *log, const char *event, const char *peer, const struct reject *why)
{
	char text[256];

	if (!rejection_is_told(log))
		return;
	json_t *details = json_pack("{s:s*,s:s,s:s*,s:i,s:s}", "peer", peer, "reason",
		reject_name(why->reason), "field", why->field, "offset", (int)why->offset, "text",
		reject_text(why, text, sizeof(text)));
	if (log->left_out)
		json_object_set_new(details, "left_out", json_integer(log->left_out));
	log->left_out = 0;
	log_event_json(log, event, details);
}

static void say(struct log *log, enum log_level level, const char *word, const char *format,
	va_list list)
{
	char text[512];

	if (level > log->level)
		return;
	vsnprintf(text, sizeof(text), format, list);
	fprintf(stderr, "%s: %s%s\n", log->node, word, text);
}

#define SAY(function, level, word)                                                                 \
	void function(struct log *log, const char *format, ...)                                    \
	{                                                                                          \
		va_list list;                                                                      \
                                                                                                   \
		va_start(list, format);                                                            \
		say(log, level, word, format, list);                                               \
		va_end(list);                                                                      \
	}

SAY(log_error, LOG_LEVEL_ERROR, "error: ")
SAY(log_warning, LOG_LEVEL_WARNING, "warning: ")
SAY(log_info, LOG_LEVEL_INFO, "")
SAY(log_debug, LOG_LEVEL_DEBUG, "debug: ")
