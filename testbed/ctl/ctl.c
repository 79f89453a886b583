// SPDX-License-Identifier: Apache-2.0
/* baton ctl: one command to one node, its answer to whoever asked. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ref/host/control.h"
#include "testbed/ctl/cmd.h"
#include "testbed/ctl/find.h"
#include "testbed/ctl/render.h"

#define TIMEOUT_S 120

struct options {
	const char *socket, *network, *seconds, *at, *node, *command;
	char **words; /* after the command */
	int word_count;
	bool json;
	long timeout_ms;
	unsigned long long at_ns; /* CLOCK_MONOTONIC; past: at once */
};

static const char help[] =
	"baton ctl: talk to a running node\n"
	"\n"
	"usage: baton ctl [OPTION...] NODE COMMAND [ARGUMENT...] [--FLAG...]\n"
	"       baton ctl [OPTION...] NODE help      the commands of that node\n"
	"       baton ctl [OPTION...] NODE events    its events, one JSON line each, until stopped\n"
	"\n"
	"  --network NAME   the network the node is in, when several are up\n"
	"  --socket PATH    the node's control socket\n"
	"  --json           print the answer as JSON\n"
	"  --timeout S      wait for the answer that long (120 s)\n"
	"  --at NS          give the command when CLOCK_MONOTONIC shows NS nanoseconds\n"
	"  --no-wait        return when the node has begun, not when it is done\n"
	"\n"
	"A flag after the command goes to the node: baton ctl mn handoff --unprepared b\n"
	"Exit status: 0 done, 1 refused or failed, 2 called wrongly.\n";

static int usage(const char *what, const char *word)
{
	fprintf(stderr, "baton ctl: %s%s%s; baton ctl --help shows how to call it\n", what,
		word ? " " : "", word ? word : "");
	return 2;
}

/* --- the command line ------------------------------------------------------------------------- */

/* An option with a value: true when `word` is it. */
static bool with_value(const char *name, int argc, char **argv, int *at, const char **value)
{
	if (strcmp(argv[*at], name) != 0 || *at + 1 >= argc)
		return false;
	*value = argv[++*at];
	return true;
}

/* Options up to the first other word. -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, int *at, struct options *o)
{
	for (; *at < argc && argv[*at][0] == '-'; (*at)++) {
		if (strcmp(argv[*at], "--help") == 0 || strcmp(argv[*at], "-h") == 0)
			return fputs(help, stdout) < 0;
		if (strcmp(argv[*at], "--json") == 0)
			o->json = true;
		else if (!with_value("--socket", argc, argv, at, &o->socket) &&
			!with_value("--network", argc, argv, at, &o->network) &&
			!with_value("--at", argc, argv, at, &o->at) &&
			!with_value("--timeout", argc, argv, at, &o->seconds))
			return usage("no option, or no value for", argv[*at]);
	}
	return -1;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
	int at = 1, status = parse_options(argc, argv, &at, o);
	const char *seconds;
	char *end;

	if (status < 0 && at < argc) {
		o->node = argv[at++];
		status = parse_options(argc, argv, &at, o);
	}
	if (status >= 0)
		return status;
	if (at >= argc)
		return usage("name a node and a command", NULL);
	o->command = argv[at++];
	seconds = o->seconds;
	o->words = argv + at;
	o->word_count = argc - at;
	o->timeout_ms = TIMEOUT_S * 1000;
	if (seconds) {
		o->timeout_ms = strtol(seconds, &end, 10) * 1000;
		if (*end || end == seconds || o->timeout_ms <= 0 || o->timeout_ms > 1000000000)
			return usage("--timeout takes seconds, not", seconds);
	}
	if (o->at) {
		o->at_ns = strtoull(o->at, &end, 10);
		if (*end || end == o->at)
			return usage("--at takes nanoseconds, not", o->at);
	}
	return -1;
}

/* --- the request ------------------------------------------------------------------------------ */

/* The next word of a usage such as "NETWORK" or "[SESSION]", in small letters; false: no more. */
static bool next_key(const char **usage_text, char *key, size_t size, bool *needed)
{
	const char *p = *usage_text;
	size_t used = 0;

	while (*p == ' ')
		p++;
	*needed = *p != '[';
	for (; *p && *p != ' '; p++)
		if (isalnum((unsigned char)*p) && used + 1 < size)
			key[used++] = (char)tolower((unsigned char)*p);
	key[used] = '\0';
	*usage_text = p;
	return used > 0;
}

static void put_flag(json_t *request, const char *word)
{
	char key[64];
	size_t i;

	if (strcmp(word, "--no-wait") == 0) {
		json_object_set_new(request, "wait", json_false());
		return;
	}
	snprintf(key, sizeof(key), "%s", word + 2);
	for (i = 0; key[i]; i++)
		if (key[i] == '-')
			key[i] = '_';
	json_object_set_new(request, key, json_true());
}

/* Flags and words by the usage that the node gave. 0, or the exit status. */
static int fill(const struct options *o, const char *usage_text, json_t *request)
{
	char key[64];
	bool needed;

	for (int i = 0; i < o->word_count; i++) {
		const char *word = o->words[i];
		if (strcmp(word, "--json") == 0)
			continue;
		if (strncmp(word, "--", 2) == 0)
			put_flag(request, word);
		else if (next_key(&usage_text, key, sizeof(key), &needed))
			json_object_set_new(request, key, json_string(word));
		else
			return usage("an argument too many:", word);
	}
	if (next_key(&usage_text, key, sizeof(key), &needed) && needed) {
		fprintf(stderr, "baton ctl: %s needs its %s\n", o->command, key);
		return 2;
	}
	return 0;
}

static const json_t *command_of(const json_t *help_answer, const char *name)
{
	const json_t *list = json_object_get(json_object_get(help_answer, "result"), "commands");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);
		if (strcmp(json_string_value(json_object_get(c, "name")), name) == 0)
			return c;
	}
	return NULL;
}

static int unknown(const struct options *o, const json_t *help_answer)
{
	const json_t *list = json_object_get(json_object_get(help_answer, "result"), "commands");

	fprintf(stderr, "baton ctl: %s has no command %s; it has:", o->node, o->command);
	for (size_t i = 0; i < json_array_size(list); i++)
		fprintf(stderr, " %s",
			json_string_value(json_object_get(json_array_get(list, i), "name")));
	fputs(" help events\n", stderr);
	return 2;
}

/* --- the answer ------------------------------------------------------------------------------- */

static int show(const struct options *o, const json_t *answer)
{
	const json_t *result = json_object_get(answer, "result");
	char *text;

	if (o->json) {
		text = json_dumps(answer, JSON_INDENT(2));
		puts(text ? text : "");
		free(text);
	} else if (json_is_true(json_object_get(answer, "ok"))) {
		ctl_render(result, stdout);
	} else {
		const char *error = json_string_value(json_object_get(answer, "error"));
		fprintf(stderr, "%s: %s\n", o->node, error ? error : "failed without a reason");
	}
	return json_is_true(json_object_get(answer, "ok")) ? 0 : 1;
}

static int ask(const struct options *o, const char *path, json_t *request)
{
	char error[512];
	json_t *answer = control_ask(path, request, (int)o->timeout_ms, error, sizeof(error));
	int status = 1;

	if (answer)
		status = show(o, answer);
	else
		fprintf(stderr, "baton ctl: %s: %s\n", o->node, error);
	json_decref(answer);
	return status;
}

static int stream(const struct options *o, const char *path)
{
	char error[512], buffer[4096];
	int fd = control_subscribe(path, error, sizeof(error));
	ssize_t size;

	if (fd < 0) {
		fprintf(stderr, "baton ctl: %s: %s\n", o->node, error);
		return 1;
	}
	while ((size = read(fd, buffer, sizeof(buffer))) > 0) {
		fwrite(buffer, 1, (size_t)size, stdout);
		fflush(stdout);
	}
	close(fd);
	return 0;
}

static void wait_until(unsigned long long ns)
{
	struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static int run(const struct options *o, const char *path)
{
	json_t *request = json_pack("{s:s}", "command", "help"), *known;
	char error[512];
	const json_t *command;
	int status;

	if (strcmp(o->command, "events") == 0) {
		json_decref(request);
		return stream(o, path);
	}
	known = control_ask(path, request, (int)o->timeout_ms, error, sizeof(error));
	json_decref(request);
	if (!known) {
		fprintf(stderr, "baton ctl: %s: %s\n", o->node, error);
		return 1;
	}
	request = json_pack("{s:s}", "command", o->command);
	command = command_of(known, o->command);
	if (strcmp(o->command, "help") == 0)
		status = show(o, known);
	else if (!command)
		status = unknown(o, known);
	else
		status = fill(o, json_string_value(json_object_get(command, "usage")), request);
	if (command && status == 0) {
		wait_until(o->at_ns);
		status = ask(o, path, request);
	}
	json_decref(request);
	json_decref(known);
	return status;
}

int cmd_ctl(int argc, char **argv)
{
	struct options o = { 0 };
	int status = parse(argc, argv, &o);
	char error[512], *path;

	if (status >= 0)
		return status;
	for (int i = 0; i < o.word_count; i++)
		if (strcmp(o.words[i], "--json") == 0)
			o.json = true;
	path = o.socket ? strdup(o.socket) : ctl_find(o.network, o.node, error, sizeof(error));
	if (!path) {
		fprintf(stderr, "baton ctl: %s\n", error);
		return 1;
	}
	status = run(&o, path);
	free(path);
	return status;
}
