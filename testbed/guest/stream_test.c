// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "testbed/guest/stream.h"

#define MARK "0123456789abcdef"

/* A stream between two pipes: we write to `in` and read from `out`. */
struct pair {
	struct stream s;
	int in, out, from, to;
};

static void open_pair(struct pair *p, const char *mark)
{
	int a[2], b[2];

	assert_int_equal(pipe(a), 0);
	assert_int_equal(pipe(b), 0);
	fcntl(b[0], F_SETFL, O_NONBLOCK);
	p->in = a[1];
	p->out = b[0];
	p->from = a[0];
	p->to = b[1];
	guest_stream_init(&p->s, p->from, p->to, mark);
}

static void close_pair(struct pair *p)
{
	close(p->in);
	close(p->out);
	close(p->from);
	close(p->to);
}

/* Lets the stream do all it can do now. */
static void settle(struct pair *p)
{
	struct pollfd poll_fd;

	for (;;) {
		guest_stream_poll(&p->s, &poll_fd);
		if (poll_fd.fd < 0 || poll(&poll_fd, 1, 0) <= 0)
			return;
		guest_stream_move(&p->s, &poll_fd);
	}
}

static void send_text(struct pair *p, const char *text)
{
	assert_int_equal(write(p->in, text, strlen(text)), strlen(text));
	settle(p);
}

static void expect(struct pair *p, const char *text)
{
	char got[256];
	ssize_t n = read(p->out, got, sizeof(got));

	assert_int_equal(n < 0 ? 0 : n, strlen(text));
	assert_memory_equal(got, text, strlen(text));
}

static void all_passes_until_the_end(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, NULL);
	send_text(&p, "one ");
	expect(&p, "one ");
	send_text(&p, "two");
	expect(&p, "two");
	assert_false(guest_stream_finished(&p.s));
	close(p.in);
	settle(&p);
	assert_true(guest_stream_finished(&p.s));
	assert_int_equal(p.s.passed, 7);
	assert_false(p.s.marked);
	close_pair(&p);
}

static void the_mark_ends_it_and_is_not_passed(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, MARK);
	send_text(&p, "text" MARK "never");
	expect(&p, "text");
	assert_true(guest_stream_finished(&p.s));
	assert_true(p.s.marked);
	close_pair(&p);
}

static void the_mark_is_found_however_it_is_cut(void **state)
{
	const char all[] = "ab0101" MARK;

	(void)state;
	for (size_t cut = 1; cut < strlen(all); cut++) {
		char first[64] = "";
		struct pair p;

		memcpy(first, all, cut);
		open_pair(&p, MARK);
		send_text(&p, first);
		assert_false(p.s.marked);
		send_text(&p, all + cut);
		assert_true(p.s.marked);
		assert_true(guest_stream_finished(&p.s));
		expect(&p, "ab0101");
		close_pair(&p);
	}
}

static void what_only_looks_like_the_mark_passes(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, MARK);
	send_text(&p, "x0123456789");
	expect(&p, "x"); /* the rest may be its beginning */
	send_text(&p, "9");
	expect(&p, "01234567899");
	send_text(&p, "0123");
	expect(&p, "");
	close(p.in);
	settle(&p);
	expect(&p, "0123");
	assert_true(guest_stream_finished(&p.s));
	assert_false(p.s.marked);
	close_pair(&p);
}

static void a_full_receiver_is_waited_for(void **state)
{
	char block[4096];
	struct pair p;
	uint64_t sent = 0;

	(void)state;
	memset(block, 'x', sizeof(block));
	open_pair(&p, MARK);
	fcntl(p.in, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 200; i++) {
		ssize_t n = write(p.in, block, sizeof(block));

		sent += n > 0 ? (uint64_t)n : 0;
		settle(&p);
	}
	assert_true(p.s.passed < sent);
	close(p.in);
	while (!guest_stream_finished(&p.s)) {
		assert_true(read(p.out, block, sizeof(block)) > 0);
		settle(&p);
	}
	assert_int_equal(p.s.passed, sent);
	close_pair(&p);
}

static void a_receiver_that_is_gone_breaks_it(void **state)
{
	struct pair p;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	open_pair(&p, NULL);
	close(p.out);
	send_text(&p, "text");
	assert_true(p.s.broken);
	assert_int_equal(p.s.why, EPIPE);
	assert_true(guest_stream_finished(&p.s));
	close_pair(&p);
}

static void no_source_is_an_end(void **state)
{
	struct pollfd poll_fd;
	struct stream s;

	(void)state;
	guest_stream_init(&s, -1, STDOUT_FILENO, NULL);
	assert_true(guest_stream_finished(&s));
	guest_stream_poll(&s, &poll_fd);
	assert_int_equal(poll_fd.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_passes_until_the_end),
		cmocka_unit_test(the_mark_ends_it_and_is_not_passed),
		cmocka_unit_test(the_mark_is_found_however_it_is_cut),
		cmocka_unit_test(what_only_looks_like_the_mark_passes),
		cmocka_unit_test(a_full_receiver_is_waited_for),
		cmocka_unit_test(a_receiver_that_is_gone_breaks_it),
		cmocka_unit_test(no_source_is_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
