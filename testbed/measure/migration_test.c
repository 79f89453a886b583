// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "testbed/measure/migration.h"

/* --- figures ------------------------------------------------------------------------------------ */

#define MOVED 10.0
#define ENDED 11.5
#define ARRIVALS_MAX 4096

/* Arrivals each 2 ms from 9.5 s to the end, but for the gap. */
static void arrive(struct streams_log *log, unsigned stream, double gap_from, double gap_to)
{
	for (int ms = 9500; ms <= 11500; ms += 2) {
		double t = ms / 1e3;
		if (t > gap_from && t < gap_to)
			continue;
		assert_true(log->count < ARRIVALS_MAX);
		log->arrivals[log->count++] = (struct stream_arrival){ t, stream };
	}
}

static void whole_ends(struct migration_input *in)
{
	for (unsigned i = 0; i < MIGRATION_STREAMS; i++) {
		in->mn.ends[i] = (struct stream_end){ .sent = 1000, .received = 2000, .ended = true };
		in->cn.ends[i] = (struct stream_end){ .sent = 2000, .received = 1000, .ended = true };
	}
}

static void seen(struct wire *w, double t, bool up, uint16_t port, unsigned payload, unsigned headers)
{
	w->list[w->count++] = (struct segment){ .t = t, .up = up, .port = port,
		.wire = payload + headers, .payload = payload, .outer = IPPROTO_TCP };
}

static void room(struct migration_input *in)
{
	in->mn.arrivals = calloc(ARRIVALS_MAX, sizeof(struct stream_arrival));
	in->cn.arrivals = calloc(ARRIVALS_MAX, sizeof(struct stream_arrival));
	in->a.list = calloc(64, sizeof(struct segment));
	in->b.list = calloc(64, sizeof(struct segment));
	in->core.list = calloc(64, sizeof(struct segment));
}

static void leave(struct migration_input *in)
{
	streams_log_free(&in->mn);
	streams_log_free(&in->cn);
	wire_free(&in->a);
	wire_free(&in->b);
	wire_free(&in->core);
}

/* A change with silences of 30 ms for the download, 40 for the upload, 28 for the rest. */
static struct migration_input change(void)
{
	struct migration_input in = { .moved = MOVED, .ended = ENDED, .rtt_ms = 20, .still_s = 0.001 };

	room(&in);
	arrive(&in.mn, 0, MOVED, MOVED + 0.0299);
	arrive(&in.cn, 1, MOVED + 0.01, MOVED + 0.0499);
	arrive(&in.mn, 2, MOVED, MOVED + 0.0279);
	arrive(&in.cn, 2, 0, 0);
	whole_ends(&in);
	seen(&in.a, 9.6, true, 1, 1500, 52);
	seen(&in.a, 9.7, false, 1, 1000, 52);
	for (uint16_t port = 1; port <= 3; port++) {
		seen(&in.b, MOVED + 0.02 + port / 1e3, true, port, 524, 52);
		seen(&in.b, MOVED + 0.03 + port / 1e3, false, port, 0, 52);
	}
	seen(&in.b, MOVED + 0.05, false, 2, 100, 52);
	seen(&in.b, ENDED - 0.1, false, 2, 100, 60);
	seen(&in.core, 9.65, false, 1, 6000, 52);
	in.b.control = 2;
	return in;
}

static void figures_of_a_change(void **state)
{
	struct migration_input in = change();
	struct migration_figures f;
	struct report_error error;

	(void)state;
	assert_int_equal(migration_compute(&in, &f, &error), 0);
	assert_float_equal(f.gap_down_ms, 28, 0.01);
	assert_float_equal(f.gap_up_ms, 38, 0.01);
	assert_float_equal(f.gap_constant_ms, 12, 0.01);
	assert_float_equal(f.interruption_ms, 38, 0.01);
	assert_float_equal(f.beyond_ms, 18, 0.01);
	assert_float_equal(f.first_data_ms, 50, 0.01);
	assert_float_equal(f.round_trips, 2.5, 0.01);
	assert_float_equal(f.moved_ms, 33, 0.01);
	/* 3,072 and 6,000 on the wire, 9,000 got, 72 before the streams */
	assert_float_equal(f.again_octets, 0, 0.01);
	assert_float_equal(f.overhead_before_octets, 0, 0.01);
	assert_float_equal(f.overhead_octets, 8, 0.01);
	assert_float_equal(f.control_messages, 2, 0.01);
	assert_float_equal(f.broken_streams, 0, 0.01);
	assert_float_equal(f.stood_still_ms, 1, 0.01);
	assert_true(isnan(f.in_clear));
	leave(&in);
}

/* A stream that never comes back is silent until the end. */
static void silence_without_end(void **state)
{
	struct migration_input in = change();
	struct migration_figures f;
	struct report_error error;

	(void)state;
	in.mn.count = 0;
	arrive(&in.mn, 0, MOVED, 99);
	arrive(&in.mn, 2, 0, 0);
	assert_int_equal(migration_compute(&in, &f, &error), 0);
	assert_float_equal(f.gap_down_ms, 1498, 0.01);
	leave(&in);
}

static void faults_are_counted(void **state)
{
	struct migration_input in = change();
	struct migration_figures f;
	struct report_error error;

	(void)state;
	in.mn.ends[0].received--;
	in.cn.ends[1].wrong = true;
	snprintf(in.mn.ends[2].error, sizeof(in.mn.ends[2].error), "recv:ECONNRESET");
	in.protects = true;
	in.b.list[0].outer = IPPROTO_ESP;
	assert_int_equal(migration_compute(&in, &f, &error), 0);
	assert_float_equal(f.broken_streams, 3, 0.01);
	assert_float_equal(f.in_clear, (double)(in.a.count + in.b.count + in.core.count - 1), 0.01);
	in.cn.ends[0].ended = false;
	in.mn.ends[0].received++;
	assert_int_equal(migration_compute(&in, &f, &error), 0);
	assert_float_equal(f.broken_streams, 3, 0.01);
	in.core.unopened = 1;
	assert_int_equal(migration_compute(&in, &f, &error), -1);
	assert_non_null(strstr(error.text, "could not be opened"));
	leave(&in);
}

static void no_traffic_has_no_figures(void **state)
{
	struct migration_input in = change();
	struct migration_figures f;
	struct report_error error;

	(void)state;
	in.a.count = 0;
	assert_int_equal(migration_compute(&in, &f, &error), -1);
	in.mn.count = 0;
	assert_int_equal(migration_compute(&in, &f, &error), -1);
	assert_non_null(strstr(error.text, "did not flow"));
	leave(&in);
}

/* --- verdicts ----------------------------------------------------------------------------------- */

static int judge(const char *name, struct migration_figures f)
{
	struct migration_column columns[] = { { name, 20, f }, { NULL, 0, f } };
	json_t *measurement = json_object();
	int failed = migration_judge(columns, (struct result_measurement *)measurement);

	json_decref(measurement);
	return failed;
}

static void what_must_hold(void **state)
{
	struct migration_figures good = { .in_clear = NAN, .beyond_ms = 5 }, f = good;

	(void)state;
	assert_int_equal(judge("change/20", good), 0);
	f.beyond_ms = 5.1;
	assert_int_equal(judge("change/20", f), 1);
	f.overhead_octets = 20;
	assert_int_equal(judge("change/20", f), 2);
	f.broken_streams = 1;
	assert_int_equal(judge("change/20", f), 3);
	assert_int_equal(judge("mptcp/20", f), 1);
	assert_int_equal(judge("nothing/20", f), 0);
	assert_int_equal(judge("nothing/20", good), 1);
	f = (struct migration_figures){ .beyond_ms = 1, .overhead_octets = 36, .overhead_before_octets = 36 };
	assert_int_equal(judge("change-esp/20", f), 0);
	f.in_clear = 1;
	f.overhead_octets = 37;
	assert_int_equal(judge("change-esp/20", f), 2);
	assert_int_equal(judge("change/20", (struct migration_figures){ .interruption_ms = NAN,
		.beyond_ms = NAN, .overhead_octets = NAN, .broken_streams = NAN, .in_clear = NAN }), 1);
}

/* --- logs ---------------------------------------------------------------------------------------- */

static int read_text(const char *text, struct streams_log *log, struct report_error *error)
{
	char path[] = "/tmp/baton-streams-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	int result = streams_log_read(path, log, error);
	unlink(path);
	return result;
}

static void logs_are_read(void **state)
{
	struct streams_log log;
	struct report_error error;

	(void)state;
	assert_int_equal(read_text("r 2 1500000000\nr 0 2000000000\ne 0 5 6 1 0 -\n"
		"e 2 7 8 0 1 recv:ECONNRESET\n", &log, &error), 0);
	assert_int_equal(log.count, 2);
	assert_float_equal(log.arrivals[0].t, 1.5, 1e-9);
	assert_int_equal(log.arrivals[0].stream, 2);
	assert_true(log.ends[0].ended && !log.ends[0].wrong && !log.ends[0].error[0]);
	assert_true(!log.ends[2].ended && log.ends[2].wrong);
	assert_string_equal(log.ends[2].error, "recv:ECONNRESET");
	assert_int_equal(log.ends[2].received, 8);
	streams_log_free(&log);
	assert_int_equal(read_text("r 0 1\nr 9 1\n", &log, &error), -1);
	assert_non_null(strstr(error.text, ":2: not a line"));
	assert_int_equal(read_text("r 0 1", &log, &error), -1);
	assert_int_equal(streams_log_read("/nowhere", &log, &error), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_of_a_change),
		cmocka_unit_test(silence_without_end),
		cmocka_unit_test(faults_are_counted),
		cmocka_unit_test(no_traffic_has_no_figures),
		cmocka_unit_test(what_must_hold),
		cmocka_unit_test(logs_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
