// SPDX-License-Identifier: Apache-2.0
/*
 * A node as a program: options, configuration, logs, control socket, signals, and the clean end.
 *
 * A node declares itself as a struct program and its main is one call. SIGTERM, SIGINT and the
 * command "quit" end it: stop() runs, then everything it changed in the kernel is taken back.
 */
#ifndef BATON_HOST_PROGRAM_H
#define BATON_HOST_PROGRAM_H

#include "ref/base/random.h"
#include "ref/host/config.h"
#include "ref/host/control.h"
#include "ref/host/kernel.h"
#include "ref/host/log.h"
#include "ref/host/loop.h"

/* What every node's configuration has; a node's own structure begins with it. */
struct program_settings {
	const char *node;
	const char *control; /* path of the control socket; "" none */
	const char *events;  /* path of the event log; NULL none */
	const char *key_log; /* path of the key log; NULL none */
	int level;	     /* enum log_level */
	unsigned seed;	     /* not 0: repeatable "randomness", for tests */
};

/* The rows of struct program_settings; `node_name` and `socket` are the node's own defaults. */
extern const struct config_name program_levels[];
#define PROGRAM_ROWS(node_name, socket)                                                            \
	{ .key = "node", .kind = CONFIG_TEXT, .min = 1, .max = 32,                                 \
	  .offset = offsetof(struct program_settings, node), .otherwise = node_name,               \
	  .help = "Name in logs." },                                                               \
	{ .key = "control", .kind = CONFIG_PATH,                                                   \
	  .offset = offsetof(struct program_settings, control), .otherwise = socket,               \
	  .help = "Control socket." },                                                             \
	{ .key = "events", .kind = CONFIG_PATH,                                                    \
	  .offset = offsetof(struct program_settings, events),                                     \
	  .help = "Event log, appended to; JSON lines. Not given: none." },                        \
	{ .key = "key_log", .kind = CONFIG_PATH,                                                    \
	  .offset = offsetof(struct program_settings, key_log),                                    \
	  .help = "Key log, appended to, for tests only. Not given: none." },                      \
	{ .key = "log", .kind = CONFIG_NAME, .offset = offsetof(struct program_settings, level),   \
	  .otherwise = "info", .names = program_levels, .help = "What goes to stderr." },          \
	{ .key = "seed", .kind = CONFIG_UINT, .offset = offsetof(struct program_settings, seed),   \
	  .help = "Not 0: all randomness becomes a function of this number; tests only." }

struct node {
	const struct program *program;
	void *settings;
	struct config *config;
	struct loop *loop;
	struct log *log;
	struct control *control;
	struct kernel *kernel; /* opened by node_kernel */
	struct random random;
	int key_log;	       /* descriptor or -1 */
	struct watch *signals[2];
	void *state;	       /* the node's own */
};

struct program {
	const char *name;    /* "baton-mn" */
	const char *summary; /* one sentence for --help */
	const struct config_row *rows;
	size_t settings_size;
	/* Rules between values: reports with config_wrong. May be NULL. */
	void (*check)(struct config *config, void *settings);
	/* 0, or -1 after log_error; stop is called then too. */
	int (*start)(struct node *node);
	void (*stop)(struct node *node);
	const struct control_command *commands; /* "quit" among them: node_quit */
};

/* main of a node. Returns the exit status: 0 clean end, 1 failure, 2 called wrongly. */
int program_main(const struct program *program, int argc, char **argv);

/* Opens node->kernel and sweeps it; nothing when that was done before. 0, or -1 after log_error. */
int node_kernel(struct node *node);

/* The command "quit", for every node's table. */
void node_quit(void *context, struct control_request *request, const json_t *arguments);

/* One line into the key log, if there is one; as printf, without newline. */
void node_key(struct node *node, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
