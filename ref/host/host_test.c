// SPDX-License-Identifier: Apache-2.0
/* What needs no privilege: addresses, the loop, logs, UDP, the control socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/host/control.h"
#include "ref/host/ip.h"
#include "ref/host/log.h"
#include "ref/host/udp.h"

/* --- addresses -------------------------------------------------------------------------------- */

static void prefixes_are_read_and_written(void **state)
{
	struct prefix p;
	char text[PREFIX_TEXT];
	static const char *const bad[] = { "", "192.0.2", "192.0.2.1/33", "192.0.2.1/", "x/8",
		"2001:db8::/129", "192.0.2.1/+8", "192.0.2.1/8x" };

	(void)state;
	assert_int_equal(prefix_parse("192.0.2.1", &p), 0);
	assert_string_equal(prefix_text(&p, text), "192.0.2.1/32");
	assert_int_equal(prefix_parse("2001:db8::/32", &p), 0);
	assert_string_equal(prefix_text(&p, text), "2001:db8::/32");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(prefix_parse(bad[i], &p), -1);
}

static void prefixes_contain_addresses(void **state)
{
	struct prefix net, in, out;

	(void)state;
	prefix_parse("10.1.2.3/20", &net);
	prefix_parse("10.1.15.255", &in);
	prefix_parse("10.1.16.0", &out);
	assert_true(prefix_contains(&net, &in));
	assert_false(prefix_contains(&net, &out));
}

static void mac_addresses_are_read(void **state)
{
	uint8_t mac[6];
	char text[MAC_TEXT];

	(void)state;
	assert_int_equal(mac_parse("02:00:00:00:0a:ff", mac), 0);
	assert_string_equal(mac_text(mac, text), "02:00:00:00:0a:ff");
	assert_int_equal(mac_parse("02:00:00:00:0a", mac), -1);
	assert_int_equal(mac_parse("02:00:00:00:0a:ff:", mac), -1);
}

/* --- the loop --------------------------------------------------------------------------------- */

struct ticks {
	struct loop *loop;
	struct timer *timer;
	btime due;
	int count;
	bool early;
};

static void tick(void *context)
{
	struct ticks *t = context;

	t->early |= loop_now() < t->due;
	if (++t->count == 5)
		loop_stop(t->loop, 7);
	t->due = loop_now() + 300 * BTIME_US;
	timer_set(t->timer, t->due);
}

static void timers_fire_in_time_and_never_early(void **state)
{
	struct ticks t = { .loop = loop_new() };

	(void)state;
	t.timer = timer_new(t.loop, tick, &t);
	t.due = loop_now() + BTIME_MS;
	timer_set(t.timer, t.due);
	assert_int_equal(loop_run(t.loop), 7);
	assert_int_equal(t.count, 5);
	assert_false(t.early);
	timer_free(t.timer);
	loop_free(t.loop);
}

/* --- UDP -------------------------------------------------------------------------------------- */

struct echo {
	struct loop *loop;
	struct udp_datagram got;
	char data[32];
};

static void take(void *context, const struct udp_datagram *d)
{
	struct echo *e = context;

	e->got = *d;
	memcpy(e->data, d->data.data, d->data.size);
	loop_stop(e->loop, 0);
}

static void udp_knows_the_local_address_and_answers_from_it(void **state)
{
	struct echo e = { .loop = loop_new() };
	struct endpoint any, source, to;
	struct udp *a, *b;
	char text[64];

	(void)state;
	endpoint_parse("0.0.0.0:0", 0, &any);
	a = udp_open(e.loop, &any, NULL, take, &e);
	b = udp_open(e.loop, &any, NULL, take, &e);
	assert_non_null(a);
	assert_non_null(b);
	endpoint_parse("127.0.0.9", 0, &to);
	to.port = udp_local(a).port;
	endpoint_parse("127.0.0.7", 0, &source);
	assert_int_equal(udp_send(b, &source, &to, view_text("hello")), 0);
	loop_run(e.loop);
	assert_int_equal(e.got.data.size, 5);
	assert_memory_equal(e.data, "hello", 5);
	assert_memory_equal(e.got.local.address, to.address, 4);
	assert_memory_equal(e.got.peer.address, source.address, 4);
	assert_int_equal(e.got.peer.port, udp_local(b).port);
	assert_non_null(endpoint_text(&e.got.local, text, sizeof(text)));
	udp_close(a);
	udp_close(b);
	loop_free(e.loop);
}

/* --- logs ------------------------------------------------------------------------------------- */

static void events_are_json_lines(void **state)
{
	char path[] = "/tmp/baton-log-XXXXXX", line[512];
	int fd = mkstemp(path);
	struct log *log = log_new("mn");
	FILE *file;
	json_t *object;

	(void)state;
	close(fd);
	log_set_level(log, LOG_LEVEL_ERROR);
	assert_int_equal(log_open_events(log, path), 0);
	log_event(log, "l2_up", "{s:s,s:i}", "ssid", "b", "n", 3);
	log_event(log, "quiet", NULL);
	log_free(log);
	file = fopen(path, "r");
	assert_non_null(fgets(line, sizeof(line), file));
	object = json_loads(line, 0, NULL);
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "node")), "mn");
	assert_string_equal(json_string_value(json_object_get(object, "event")), "l2_up");
	assert_string_equal(json_string_value(json_object_get(object, "ssid")), "b");
	assert_true(json_real_value(json_object_get(object, "t")) > 1e9);
	json_decref(object);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_null(fgets(line, sizeof(line), file));
	fclose(file);
	unlink(path);
}

/* --- the control socket ----------------------------------------------------------------------- */

struct server {
	struct loop *loop;
	struct timer *timer;
	struct control_request *later;
};

static void answer_later(void *context)
{
	struct server *s = context;

	control_answer(s->later, json_pack("{s:s}", "when", "later"));
	s->later = NULL;
}

static void cmd_now(void *context, struct control_request *request, const json_t *arguments)
{
	(void)context;
	control_answer(request, json_pack("{s:s*}", "got", control_text(arguments, "word")));
}

static void cmd_later(void *context, struct control_request *request, const json_t *arguments)
{
	struct server *s = context;

	(void)arguments;
	s->later = request;
	timer_set(s->timer, loop_now() + BTIME_MS);
}

static void cmd_never(void *context, struct control_request *request, const json_t *arguments)
{
	(void)context;
	(void)arguments;
	control_refuse(request, "not %s", "ever");
}

static void cmd_stop(void *context, struct control_request *request, const json_t *arguments)
{
	struct server *s = context;

	(void)arguments;
	control_answer(request, NULL);
	loop_stop(s->loop, 0);
}

static const struct control_command commands[] = {
	{ "now", "WORD", "", cmd_now },
	{ "later", "", "", cmd_later },
	{ "never", "", "", cmd_never },
	{ "stop", "", "", cmd_stop },
	{ NULL, NULL, NULL, NULL },
};

static json_t *ask(const char *path, const char *command, const char *word)
{
	char error[256] = "";
	json_t *request = json_pack("{s:s,s:s*}", "command", command, "word", word);
	json_t *answer = control_ask(path, request, 5000, error, sizeof(error));

	json_decref(request);
	return answer;
}

static bool ok(json_t *answer)
{
	bool result = json_is_true(json_object_get(answer, "ok"));

	json_decref(answer);
	return result;
}

/* The client's side runs in a child; its exit status is the verdict. */
static int client(const char *path)
{
	json_t *answer = ask(path, "now", "abc");
	const char *got = json_string_value(
		json_object_get(json_object_get(answer, "result"), "got"));
	int failed = !got || strcmp(got, "abc") != 0;

	json_decref(answer);
	failed |= !ok(ask(path, "later", NULL)) << 1;
	failed |= ok(ask(path, "never", NULL)) << 2;
	failed |= ok(ask(path, "unknown", NULL)) << 3;
	failed |= !ok(ask(path, "help", NULL)) << 4;
	failed |= !ok(ask(path, "stop", NULL)) << 5;
	return failed;
}

/* Longer than the path of a socket may be. */
#define FILLER "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz"

static void control_requests_are_answered_now_and_later(void **state)
{
	char folder[] = "/tmp/baton-control-XXXXXX", path[256];
	struct server s = { .loop = loop_new() };
	struct control *control;
	int status;
	pid_t child;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/deep/%s/%s/mn.sock", folder, FILLER, FILLER);
	control = control_open(s.loop, path, commands, &s);
	assert_non_null(control);
	assert_null(control_open(s.loop, path, commands, &s)); /* it is served */
	s.timer = timer_new(s.loop, answer_later, &s);
	child = fork();
	if (child == 0)
		_exit(client(path));
	loop_run(s.loop);
	control_close(control);
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(access(path, F_OK), -1);
	timer_free(s.timer);
	loop_free(s.loop);
	snprintf(path, sizeof(path), "rm -r %s", folder);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_read_and_written),
		cmocka_unit_test(prefixes_contain_addresses),
		cmocka_unit_test(mac_addresses_are_read),
		cmocka_unit_test(timers_fire_in_time_and_never_early),
		cmocka_unit_test(udp_knows_the_local_address_and_answers_from_it),
		cmocka_unit_test(events_are_json_lines),
		cmocka_unit_test(control_requests_are_answered_now_and_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
