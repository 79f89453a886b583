// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ref/host/control.h"
#include "ref/host/unix_path.h"

struct client {
	struct client *next;
	struct control *control;
	struct bufferevent *stream;
	struct control_request *request; /* unanswered, or NULL */
	bool subscribed;
};

struct control_request {
	struct client *client; /* NULL: it has left, nobody waits */
	json_t *arguments;
};

struct control {
	struct evconnlistener *listener;
	struct timer *resume; /* looks at lines that came while an answer was outstanding */
	struct client *clients;
	const struct control_command *commands;
	void *context;
	char *path;
	ino_t inode;
};

/* --- answers ---------------------------------------------------------------------------------- */

static void write_line(struct client *c, const json_t *object)
{
	char *line = json_dumps(object, JSON_COMPACT);

	if (!line)
		abort();
	evbuffer_add_printf(bufferevent_get_output(c->stream), "%s\n", line);
	free(line);
}

static void answer(struct control_request *request, json_t *object)
{
	struct client *c = request->client;

	if (c) {
		write_line(c, object);
		c->request = NULL;
	}
	json_decref(object);
	json_decref(request->arguments);
	free(request);
	if (c)
		timer_set(c->control->resume, 0);
}

void control_answer(struct control_request *request, json_t *result)
{
	answer(request, json_pack("{s:b,s:o}", "ok", 1, "result", result ? result : json_object()));
}

void control_refuse(struct control_request *request, const char *format, ...)
{
	char text[512];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	answer(request, json_pack("{s:b,s:s}", "ok", 0, "error", text));
}

const char *control_text(const json_t *arguments, const char *key)
{
	return json_string_value(json_object_get(arguments, key));
}

long control_number(const json_t *arguments, const char *key, long otherwise)
{
	const json_t *value = json_object_get(arguments, key);
	const char *text = json_string_value(value);
	char *end;
	long number = text ? strtol(text, &end, 0) : json_integer_value(value);

	if (text ? *end || end == text : !json_is_integer(value))
		return otherwise;
	return number;
}

void control_publish(struct control *control, const char *line)
{
	for (struct client *c = control->clients; c; c = c->next)
		if (c->subscribed)
			evbuffer_add_printf(bufferevent_get_output(c->stream), "%s\n", line);
}

bool control_has_subscribers(const struct control *control)
{
	for (const struct client *c = control->clients; c; c = c->next)
		if (c->subscribed)
			return true;
	return false;
}

/* --- requests --------------------------------------------------------------------------------- */

static void run_help(struct control *control, struct control_request *request)
{
	json_t *list = json_array();

	for (const struct control_command *c = control->commands; c->name; c++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "name", c->name, "usage",
						    c->usage, "summary", c->summary));
	control_answer(request, json_pack("{s:o}", "commands", list));
}

static void run(struct client *client, struct control_request *request)
{
	struct control *control = client->control;
	const char *name = control_text(request->arguments, "command");
	const struct control_command *c = control->commands;

	if (!name) {
		control_refuse(request, "a request is a JSON object with \"command\"");
		return;
	}
	if (strcmp(name, "help") == 0) {
		run_help(control, request);
		return;
	}
	if (strcmp(name, "subscribe") == 0) {
		client->subscribed = true;
		control_answer(request, NULL);
		return;
	}
	while (c->name && strcmp(c->name, name) != 0)
		c++;
	if (c->name)
		c->run(control->context, request, request->arguments);
	else
		control_refuse(request, "no command \"%s\"; \"help\" lists them", name);
}

/* Takes the next line unless an answer is outstanding. */
static void next_request(struct client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->stream);
	struct control_request *request;
	char *line;

	if (c->request)
		return;
	line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF);
	if (!line)
		return;
	request = host_alloc(sizeof(*request));
	request->client = c;
	request->arguments = json_loads(line, 0, NULL);
	c->request = request;
	free(line);
	run(c, request);
}

static void resume(void *context)
{
	struct control *control = context;

	for (struct client *c = control->clients; c; c = c->next)
		next_request(c);
}

static void client_free(struct client *c)
{
	struct client **at = &c->control->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->request)
		c->request->client = NULL;
	bufferevent_free(c->stream);
	free(c);
}

static void client_readable(struct bufferevent *stream, void *context)
{
	struct client *c = context;

	next_request(c);
	if (!c->request && evbuffer_get_length(bufferevent_get_input(stream)) >= CONTROL_LINE_MAX)
		client_free(c);
}

static void client_event(struct bufferevent *stream, short what, void *context)
{
	(void)stream;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		client_free(context);
}

static void client_new(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
	int size, void *context)
{
	struct control *control = context;
	struct client *c = host_alloc(sizeof(*c));

	(void)from;
	(void)size;
	c->control = control;
	c->stream = bufferevent_socket_new(evconnlistener_get_base(listener), fd,
		BEV_OPT_CLOSE_ON_FREE);
	if (!c->stream)
		abort();
	c->next = control->clients;
	control->clients = c;
	bufferevent_setcb(c->stream, client_readable, NULL, client_event, c);
	bufferevent_setwatermark(c->stream, EV_READ, 0, CONTROL_LINE_MAX);
	bufferevent_enable(c->stream, EV_READ | EV_WRITE);
}

/* --- life ------------------------------------------------------------------------------------- */

static void make_folders(const char *path)
{
	char part[4096];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		mkdir(part, 0755);
	}
}

/* Whether somebody answers there. */
static bool is_served(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool served = fd >= 0 && connect(fd, (struct sockaddr *)address, sizeof(*address)) == 0;

	if (fd >= 0)
		close(fd);
	return served;
}

struct control *control_open(struct loop *loop, const char *path,
	const struct control_command *commands, void *context)
{
	struct sockaddr_un address;
	struct control *control;
	struct stat status;
	int folder;

	make_folders(path);
	if (unix_path(path, &address, &folder) < 0)
		return NULL;
	if (is_served(&address)) {
		if (folder >= 0)
			close(folder);
		errno = EADDRINUSE;
		return NULL;
	}
	if (stat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		unlink(path);
	control = host_alloc(sizeof(*control));
	control->commands = commands;
	control->context = context;
	control->resume = timer_new(loop, resume, control);
	control->path = host_strdup(path);
	control->listener = evconnlistener_new_bind(loop_base(loop), client_new, control,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16, (struct sockaddr *)&address,
		sizeof(address));
	if (folder >= 0)
		close(folder);
	if (!control->listener) {
		int saved = errno;
		timer_free(control->resume);
		free(control->path);
		free(control);
		errno = saved;
		return NULL;
	}
	if (stat(path, &status) == 0)
		control->inode = status.st_ino;
	return control;
}

/* What is still in the buffer would be lost with it. */
static void send_rest(struct client *c)
{
	struct evbuffer *out = bufferevent_get_output(c->stream);
	size_t size = evbuffer_get_length(out);

	if (size && send(bufferevent_getfd(c->stream), evbuffer_pullup(out, -1), size,
			    MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return; /* the client has left */
}

void control_close(struct control *control)
{
	struct stat status;

	if (!control)
		return;
	/* Not if somebody else has bound the same path since. */
	if (stat(control->path, &status) == 0 && status.st_ino == control->inode)
		unlink(control->path);
	evconnlistener_free(control->listener);
	for (struct client *c = control->clients, *next; c; c = next) {
		next = c->next;
		if (c->request)
			control_refuse(c->request, "the node is shutting down");
		send_rest(c);
		client_free(c);
	}
	timer_free(control->resume);
	free(control->path);
	free(control);
}
