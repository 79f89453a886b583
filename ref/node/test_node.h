// SPDX-License-Identifier: Apache-2.0
/*
 * Nodes for tests: each runs in a child of the test, built with the test's own sanitizers, in a
 * network namespace of its own where asked for, and is spoken to over its control socket.
 */
#ifndef BATON_NODE_TEST_NODE_H
#define BATON_NODE_TEST_NODE_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ref/base/test_folder.h"
#include "ref/host/control.h"
#include "ref/host/program.h"
#include "ref/host/test_space.h"

struct test_node {
	pid_t pid;
	char folder[TEST_PATH], config[TEST_PATH + 16], socket[TEST_PATH + 16], events[TEST_PATH + 16],
		output[TEST_PATH + 16];
	int go; /* written to when the child may begin */
};

/* A folder for the node and its configuration, `text` after the common part. */
static inline void test_node_configure(struct test_node *n, const char *name, const char *text)
{
	FILE *file;

	memset(n, 0, sizeof(*n));
	strcpy(n->folder, "baton-node");
	if (!test_folder(n->folder))
		abort();
	snprintf(n->config, sizeof(n->config), "%s/node.yaml", n->folder);
	snprintf(n->socket, sizeof(n->socket), "%s/node.sock", n->folder);
	snprintf(n->events, sizeof(n->events), "%s/events", n->folder);
	snprintf(n->output, sizeof(n->output), "%s/output", n->folder);
	file = fopen(n->config, "we");
	fprintf(file, "node: %s\ncontrol: node.sock\nevents: events\nseed: 7\n%s", name, text);
	fclose(file);
}

/*
 * Begins the child. With `own_space` it is in a fresh network namespace and waits for
 * test_node_go, so that the test can put interfaces there (its namespace is that of n->pid).
 */
static inline void test_node_begin(struct test_node *n, const struct program *program,
	bool own_space)
{
	char *argv[] = { (char *)program->name, "-c", n->config, NULL };
	int ready[2], go[2], out;
	char byte = 0;

	if (pipe(ready) < 0 || pipe(go) < 0)
		abort();
	fflush(NULL);
	n->pid = fork();
	if (n->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		out = open(n->output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		if (own_space && (unshare(CLONE_NEWNET) < 0 || system("ip link set lo up") != 0))
			_exit(99);
		if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(99);
		exit(program_main(program, 3, argv));
	}
	if (read(ready[0], &byte, 1) != 1)
		abort();
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	n->go = go[1];
	if (!own_space) {
		if (write(n->go, &byte, 1) != 1)
			abort();
		close(n->go);
	}
}

/* Lets a child that waits in its own namespace begin. */
static inline void test_node_go(struct test_node *n)
{
	if (write(n->go, "", 1) != 1)
		abort();
	close(n->go);
}

/* Waits until it takes commands; false when it ended instead, or took longer than 10 s. */
static inline bool test_node_ready(const struct test_node *n)
{
	for (int i = 0; i < 1000; i++) {
		char error[64];
		json_t *request = json_pack("{s:s}", "command", "help"), *answer;
		answer = access(n->socket, F_OK) == 0 ?
			control_ask(n->socket, request, 5000, error, sizeof(error)) :
			NULL;
		json_decref(request);
		json_decref(answer);
		if (answer)
			return true;
		siginfo_t ended = { 0 };
		if (waitid(P_PID, (id_t)n->pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
			ended.si_pid == n->pid)
			return false;
		usleep(10000);
	}
	return false;
}

/* The answer to a command with one argument (NULL: none); the caller's. */
static inline json_t *test_node_ask(const struct test_node *n, const char *command, const char *key,
	const char *value)
{
	char error[256] = "";
	json_t *request = json_pack("{s:s}", "command", command), *answer;

	if (key)
		json_object_set_new(request, key, json_string(value));
	answer = control_ask(n->socket, request, 30000, error, sizeof(error));
	json_decref(request);
	if (!answer)
		answer = json_pack("{s:b,s:s}", "ok", 0, "error", error);
	return answer;
}

/* Whether the command succeeded; what it said is in `said` (of 256), "" on success. */
static inline bool test_node_does(const struct test_node *n, const char *command, const char *key,
	const char *value, char said[256])
{
	json_t *answer = test_node_ask(n, command, key, value);
	const char *error = json_string_value(json_object_get(answer, "error"));
	bool ok = json_is_true(json_object_get(answer, "ok"));

	snprintf(said, 256, "%s", error ? error : "");
	json_decref(answer);
	return ok;
}

/* Ends it; its exit status, or 1000 + signal. */
static inline int test_node_end(struct test_node *n, int signal)
{
	int status = 0;

	if (signal)
		kill(n->pid, signal);
	if (waitpid(n->pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Whether a file of the node has the text. */
static inline bool test_node_has(const char *path, const char *text)
{
	static char content[1 << 18];
	FILE *file = fopen(path, "re");
	size_t size = file ? fread(content, 1, sizeof(content) - 1, file) : 0;

	content[size] = '\0';
	if (file)
		fclose(file);
	return strstr(content, text) != NULL;
}

/* Removes its folder with all that is in it. */
static inline void test_node_remove(struct test_node *n)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", n->folder);
	if (system(command) != 0)
		abort();
}

/* A command built as by printf; true when it succeeded. */
static inline bool __attribute__((format(printf, 1, 2))) test_run(const char *format, ...)
{
	char command[512];
	va_list list;

	va_start(list, format);
	vsnprintf(command, sizeof(command), format, list);
	va_end(list);
	return system(command) == 0;
}

#endif
