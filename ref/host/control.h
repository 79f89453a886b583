// SPDX-License-Identifier: Apache-2.0
/*
 * The control socket of a node: a unix stream socket; a request is one line with a JSON object
 * {"command": NAME, ...arguments}, its answer one line {"ok": true, "result": {...}} or
 * {"ok": false, "error": "one sentence"}. A client sends its next request after the answer. After
 * {"command": "subscribe"} the node's events follow the answer, one line each.
 */
#ifndef BATON_HOST_CONTROL_H
#define BATON_HOST_CONTROL_H

#include <stdbool.h>

#include <jansson.h>

#include "ref/host/loop.h"

/* Octets of the longest request line. */
#define CONTROL_LINE_MAX 65536

struct control;
struct control_request;

/* One row for each command of a node. */
struct control_command {
	const char *name;
	const char *usage; /* its arguments: "NETWORK", or "" */
	const char *summary;
	/* Answers now or later, exactly once. `arguments` is the request, valid until answered. */
	void (*run)(void *context, struct control_request *request, const json_t *arguments);
};

/*
 * Listens at `path`; a socket that a dead process left there is replaced, one that is served is
 * EADDRINUSE. Missing folders of the path are created. `commands` ends with a row whose name is
 * NULL; "help" and "subscribe" are added. NULL with errno set on failure.
 */
struct control *control_open(struct loop *loop, const char *path,
	const struct control_command *commands, void *context);

/* Requests still unanswered get an error; the socket is removed. Accepts NULL. */
void control_close(struct control *control);

/* The answer; `result` is consumed, NULL stands for {}. */
void control_answer(struct control_request *request, json_t *result);
void control_refuse(struct control_request *request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A string argument, or NULL; a number or the text of one, or `otherwise`. */
const char *control_text(const json_t *arguments, const char *key);
long control_number(const json_t *arguments, const char *key, long otherwise);

/* Passes an event line to those who subscribed. */
void control_publish(struct control *control, const char *line);
bool control_has_subscribers(const struct control *control);

/*
 * The other side: sends one request to the socket at `path` and waits for its answer. Returns the
 * answer, the caller's, or NULL with one sentence in `error`. `timeout_ms` < 0: for ever.
 */
json_t *control_ask(const char *path, const json_t *request, int timeout_ms, char *error,
	size_t error_size);

/* A connection for `subscribe`: the descriptor after the answer, or -1 with one sentence. */
int control_subscribe(const char *path, char *error, size_t error_size);

#endif
