// SPDX-License-Identifier: Apache-2.0
/* baton ctl against a node made up for the purpose: what is asked, what is printed, how it ends. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/base/test_folder.h"
#include "ref/host/control.h"
#include "ref/host/loop.h"
#include "testbed/ctl/cmd.h"
#include "testbed/ctl/render.h"

static char folder[TEST_PATH] = "baton-ctl", path[TEST_PATH + 16];
static pid_t server;

/* --- the node --------------------------------------------------------------------------------- */

static void cmd_echo(void *context, struct control_request *request, const json_t *arguments)
{
	(void)context;
	control_answer(request, json_pack("{s:O}", "asked", arguments));
}

static void cmd_refuse(void *context, struct control_request *request, const json_t *arguments)
{
	(void)context;
	(void)arguments;
	control_refuse(request, "not today");
}

static void cmd_silence(void *context, struct control_request *request, const json_t *arguments)
{
	(void)context;
	(void)request;
	(void)arguments;
}

static const struct control_command commands[] = {
	{ "handoff", "NETWORK", "move", cmd_echo },
	{ "connect", "[NETWORK]", "attach", cmd_echo },
	{ "refuse", "", "never", cmd_refuse },
	{ "silence", "", "says nothing", cmd_silence },
	{ NULL, NULL, NULL, NULL },
};

static int serve(void)
{
	struct loop *loop = loop_new();

	if (!control_open(loop, path, commands, NULL))
		return 1;
	return loop_run(loop);
}

static int setup(void **state)
{
	(void)state;
	if (!test_folder(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/mn.sock", folder);
	server = fork();
	if (server == 0)
		_exit(serve());
	for (int i = 0; i < 1000 && access(path, F_OK) < 0; i++)
		usleep(10000);
	return server < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* Runs the command with the words after `baton ctl --socket PATH`; its status, and what it printed
 * on both streams. */
static int run(char said[4096], int count, const char *const *words)
{
	char *argv[16] = { "ctl", "--socket", path };
	int out[2], status;
	ssize_t size, used = 0;
	pid_t child;

	for (int i = 0; i < count; i++)
		argv[3 + i] = (char *)words[i];
	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		dup2(out[1], 1);
		dup2(out[1], 2);
		close(out[0]);
		close(out[1]);
		status = cmd_ctl(3 + count, argv);
		fflush(NULL);
		_exit(status);
	}
	close(out[1]);
	while ((size = read(out[0], said + used, (size_t)(4095 - used))) > 0)
		used += size;
	said[used] = '\0';
	close(out[0]);
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

#define RUN(said, ...)                                                                             \
	run(said, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *),                        \
		(const char *[]){ __VA_ARGS__ })

/* --- tests ------------------------------------------------------------------------------------ */

static void words_and_flags_become_a_request(void **state)
{
	char said[4096];

	(void)state;
	assert_int_equal(RUN(said, "mn", "handoff", "--no-buffer", "b", "--no-wait"), 0);
	assert_non_null(strstr(said, "network: b\n"));
	assert_non_null(strstr(said, "no_buffer: yes\n"));
	assert_non_null(strstr(said, "wait: no\n"));
	assert_int_equal(RUN(said, "--json", "mn", "connect"), 0);
	json_t *answer = json_loads(said, 0, NULL);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

static void refusals_are_told_and_fail(void **state)
{
	char said[4096];

	(void)state;
	assert_int_equal(RUN(said, "mn", "refuse"), 1);
	assert_string_equal(said, "mn: not today\n");
}

static void wrong_calls_are_told_and_end_with_2(void **state)
{
	char said[4096];

	(void)state;
	assert_int_equal(RUN(said, "mn", "fly"), 2);
	assert_non_null(strstr(said, "mn has no command fly; it has: handoff connect"));
	assert_int_equal(RUN(said, "mn", "handoff"), 2);
	assert_non_null(strstr(said, "handoff needs its network"));
	assert_int_equal(RUN(said, "mn", "handoff", "a", "b"), 2);
	assert_non_null(strstr(said, "an argument too many: b"));
	assert_int_equal(RUN(said, "mn"), 2);
	assert_int_equal(RUN(said, "--timeout", "soon", "mn", "connect"), 2);
	assert_non_null(strstr(said, "takes seconds, not soon"));
	assert_int_equal(RUN(said, "--colour", "mn", "connect"), 2);
}

static void a_node_that_says_nothing_is_left(void **state)
{
	char said[4096];

	(void)state;
	assert_int_equal(RUN(said, "--timeout", "1", "mn", "silence"), 1);
	assert_non_null(strstr(said, "has not answered in time"));
}

static void a_node_that_is_not_there_is_told(void **state)
{
	char said[4096];

	(void)state;
	assert_int_equal(RUN(said, "--socket", "/nowhere/mn.sock", "mn", "connect"), 1);
	assert_non_null(
		strstr(said, "/nowhere/mn.sock: No such file or directory; is the node running?"));
}

static void help_lists_the_commands(void **state)
{
	char said[4096];

	(void)state;
	assert_int_equal(RUN(said, "mn", "help"), 0);
	assert_non_null(strstr(said, "handoff  NETWORK    move"));
	assert_int_equal(RUN(said, "--help"), 0);
	assert_non_null(strstr(said, "usage: baton ctl"));
}

static void lists_of_flat_objects_become_tables(void **state)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	json_t *value = json_pack("{s:s,s:[{s:i,s:b},{s:i,s:s}],s:[],s:{s:n}}", "node", "mn",
		"list", "id", 1, "open", 1, "id", 20, "peer", "x", "none", "deep", "key");

	(void)state;
	ctl_render(value, to);
	fclose(to);
	assert_string_equal(text,
		"node: mn\nlist:\n  id  open  peer\n  1   yes   -\n  20  -     x\nnone: none\n"
		"deep:\n  key: -\n");
	free(text);
	json_decref(value);
}

static void objects_of_more_than_a_line_stand_apart(void **state)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	json_t *value = json_pack("{s:[{s:i,s:[{s:i}]},{s:i,s:[]}],s:i}", "sas", "id", 1,
		"children", "spi", 7, "id", 2, "children", "half_open", 0);

	(void)state;
	ctl_render(value, to);
	fclose(to);
	assert_string_equal(text,
		"sas:\n  id: 1\n  children:\n    spi\n    7\n\n  id: 2\n"
		"  children: none\nhalf_open: 0\n");
	free(text);
	json_decref(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_flags_become_a_request),
		cmocka_unit_test(refusals_are_told_and_fail),
		cmocka_unit_test(wrong_calls_are_told_and_end_with_2),
		cmocka_unit_test(a_node_that_says_nothing_is_left),
		cmocka_unit_test(a_node_that_is_not_there_is_told),
		cmocka_unit_test(help_lists_the_commands),
		cmocka_unit_test(lists_of_flat_objects_become_tables),
		cmocka_unit_test(objects_of_more_than_a_line_stand_apart),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
