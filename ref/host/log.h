// SPDX-License-Identifier: Apache-2.0
/*
 * What a node says: events for programs, lines for people.
 *
 * An event is a JSON line {"t": seconds, "node": name, "event": name, ...} in the event log, `t`
 * the CLOCK_REALTIME of this kernel. Each line is one write(2) with O_APPEND, so several nodes may
 * share a file and a killed node leaves only whole lines.
 *
 * Lines for people go to stderr. error: the node cannot do what it was asked to; warning: it goes
 * on, but somebody should look; info: what changed; debug: why.
 */
#ifndef BATON_HOST_LOG_H
#define BATON_HOST_LOG_H

#include <stdbool.h>
#include <time.h>

#include <jansson.h>

#include "ref/base/reject.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log;
struct loop;

/* A log that writes no events and lines up to info. `node` is copied. */
struct log *log_new(const char *node);

/* Closes the files. Accepts NULL. */
void log_free(struct log *log);

/* From now on what matters less than `level` is not said; the file of events has all of them. */
void log_set_level(struct log *log, enum log_level level);

/* Appends events to `path`, created when missing. 0 or a negative errno. */
int log_open_events(struct log *log, const char *path);

/*
 * From now on events get their time at once, but are written when the present callback of the loop
 * is over: a node in a hurry first does, then tells. NULL: write what is waiting, and at once again.
 */
void log_defer(struct log *log, struct loop *loop);

/*
 * The next event happened at `when` (CLOCK_REALTIME), and is only told now: another program said
 * so, and this one got to it later. NULL: takes it back.
 */
void log_next_at(struct log *log, const struct timespec *when);

/* Gets every event as it is written, its line without the newline, while `hears` says that it is
 * worth the work. One listener. */
void log_listen(struct log *log, void (*hear)(void *context, const char *line),
	bool (*hears)(void *context), void *context);

/* Whether an event would be written, heard or said at all: who tells many asks before. */
bool log_event_wanted(const struct log *log);

/*
 * Writes an event. `format` and what follows are jansson's json_pack for an object with the
 * details, "{s:s,s:i}", or NULL for none. Keys "t", "node" and "event" are taken.
 */
void log_event(struct log *log, const char *event, const char *format, ...);

/* The same with details that the call consumes (may be NULL). */
void log_event_json(struct log *log, const char *event, json_t *details);

/*
 * An event "NAME" with "reason", "field", "offset", "text" of a message that was not taken. At most
 * 20 a second are told; the next one says how many were "left_out". Counters count them all.
 */
void log_reject(struct log *log, const char *event, const char *peer, const struct reject *why);

/* One line for people on standard error, as by printf, without a newline: what failed and what is
 * not done for it; what is odd but goes on; what happened; what helps to understand it. */
void log_error(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warning(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
