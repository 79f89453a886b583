// SPDX-License-Identifier: Apache-2.0
/* Figures of made-up handoffs whose every time is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "testbed/measure/handoff.h"
#include "testbed/measure/traffic.h"

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-6)

static char log_path[] = "/tmp/baton-handoff-test-XXXXXX";

static void read_log(struct events *events, const char *text)
{
	struct report_error error;
	char path[sizeof(log_path)];
	memcpy(path, log_path, sizeof(path));
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(events_read(events, path, &error), 0);
	unlink(path);
}

static const char prepared_log[] =
	"{\"t\": 8.000, \"node\": \"mn\", \"event\": \"preparation_started\"}\n"
	"{\"t\": 8.010, \"node\": \"mn\", \"event\": \"pana_started\"}\n"
	"{\"t\": 8.110, \"node\": \"mn\", \"event\": \"pana_authenticated\"}\n"
	"{\"t\": 8.110, \"node\": \"mn\", \"event\": \"configuration_started\"}\n"
	"{\"t\": 8.150, \"node\": \"mn\", \"event\": \"tunnel_up\"}\n"
	"{\"t\": 8.160, \"node\": \"mn\", \"event\": \"binding_update_sent\"}\n"
	"{\"t\": 8.190, \"node\": \"mn\", \"event\": \"binding_acknowledged\"}\n"
	"{\"t\": 9.990, \"node\": \"mn\", \"event\": \"handoff_started\"}\n"
	"{\"t\": 9.999, \"node\": \"mn\", \"event\": \"tunnel_down\"}\n"
	"{\"t\": 9.9995, \"node\": \"mn\", \"event\": \"l2_leaving\"}\n"
	"{\"t\": 10.000, \"node\": \"mn\", \"event\": \"l2_down\"}\n"
	"{\"t\": 9.998, \"node\": \"nar\", \"event\": \"buffering_started\"}\n"
	"{\"t\": 10.016, \"node\": \"mn\", \"event\": \"l2_up\"}\n"
	"{\"t\": 10.0165, \"node\": \"nar\", \"event\": \"buffering_stopped\", \"packets\": 1}\n"
	"{\"t\": 10.017, \"node\": \"mn\", \"event\": \"handoff_completed\"}\n";

/* Sends every 10 ms from 9.0 to 11.0; `arrival` says when each gets there, NAN: not at all. */
static void flow(struct packets *sent, struct packets *received, double (*arrival)(double))
{
	sent->list = calloc(200, sizeof(*sent->list));
	received->list = calloc(200, sizeof(*received->list));
	for (uint32_t i = 0; i < 200; i++) {
		double t = 9.0 + i * 0.01, r = arrival(t);
		sent->list[sent->count++] = (struct packet_seen){ .t = t, .sequence = i + 1 };
		if (!isnan(r))
			received->list[received->count++] =
				(struct packet_seen){ .t = r, .sequence = i + 1 };
	}
}

/* 2 ms on the way; what would arrive during the handoff is flushed at 10.0168. */
static double buffered(double t)
{
	double r = t + 0.002;
	return r > 9.9985 && r < 10.0168 ? 10.0168 : r;
}

static double lossy(double t)
{
	double r = t + 0.002;
	return r > 9.9985 && r < 10.0168 ? NAN : r;
}

struct world {
	struct events events;
	struct packets sent, received;
	struct handoff_moments moments;
	struct handoff_figures figures;
	struct handoff_input input;
	struct report_error error;
};

static int compute(struct world *w, const char *log, double (*arrival)(double))
{
	memset(w, 0, sizeof(*w));
	read_log(&w->events, log);
	flow(&w->sent, &w->received, arrival);
	w->input = (struct handoff_input){ &w->events, &w->sent, &w->received, "mn", "nar" };
	return handoff_compute(&w->input, &w->moments, &w->figures, &w->error);
}

static void world_end(struct world *w)
{
	events_free(&w->events);
	packets_free(&w->sent);
	packets_free(&w->received);
}

static void a_prepared_handoff(void **state)
{
	struct world w;
	(void)state;
	assert_int_equal(compute(&w, prepared_log, buffered), 0);
	assert_near(w.figures.l2_leaving_ms, 0.5);
	assert_near(w.figures.l2_handoff_ms, 16);
	assert_near(w.figures.l3_handoff_ms, 1);
	assert_near(w.figures.t_auth_ms, 100);
	assert_near(w.figures.t_conf_ms, 40);
	assert_near(w.figures.binding_ms, 30);
	assert_near(w.figures.buffering_period_ms, 18.5);
	assert_near(w.figures.buffered_packets, 1);
	assert_true(isnan(w.figures.dhcp_ms));
	assert_near(w.figures.packet_loss, 0);
	assert_near(w.figures.duplicates, 0);
	assert_near(w.figures.inter_packet_interval_ms, 10);
	/* The last before came at 9.992, the first after at 10.0168. */
	assert_near(w.figures.inter_packet_during_ms, 24.8);
	assert_near(w.figures.packet_jitter_ms, 14.8);
	world_end(&w);
}

static void loss_duplicates_and_reordering_are_counted(void **state)
{
	struct world w;
	(void)state;
	assert_int_equal(compute(&w, prepared_log, lossy), 0);
	assert_near(w.figures.packet_loss, 2);
	assert_near(w.figures.interruption_ms, 30);

	struct packet_seen *list = w.received.list;
	list[60] = list[59];	       /* one twice, so another is lost */
	struct packet_seen t = list[80];
	list[80].sequence = list[81].sequence;
	list[81].sequence = t.sequence; /* two swapped */
	assert_int_equal(handoff_compute(&w.input, &w.moments, &w.figures, &w.error), 0);
	assert_near(w.figures.packet_loss, 3);
	assert_near(w.figures.duplicates, 1);
	assert_near(w.figures.reordered, 1);
	world_end(&w);
}

static void a_handoff_that_did_not_happen_has_no_figures(void **state)
{
	struct world w;
	(void)state;
	assert_int_equal(compute(&w, "{\"t\": 1.0, \"node\": \"mn\", \"event\": \"l2_up\"}\n",
				 buffered),
		-1);
	assert_non_null(strstr(w.error.text, "handoff_started"));
	world_end(&w);
	assert_int_equal(compute(&w,
				 "{\"t\": 1.0, \"node\": \"mn\", \"event\": \"handoff_started\"}\n"
				 "{\"t\": 1.1, \"node\": \"mn\", \"event\": \"l2_down\"}\n",
				 buffered),
		-1);
	assert_non_null(strstr(w.error.text, "l2_up"));
	world_end(&w);
}

static void bad_logs_name_file_and_line(void **state)
{
	struct report_error error;
	struct events events = { 0 };
	char path[sizeof(log_path)];
	static const char text[] = "{\"t\": 1.0, \"node\": \"mn\", \"event\": \"a\"}\n{\"t\": 1}\n";
	(void)state;
	memcpy(path, log_path, sizeof(path));
	int fd = mkstemp(path);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	assert_int_equal(events_read(&events, path, &error), -1);
	assert_non_null(strstr(error.text, ":2: "));
	events_free(&events);
	unlink(path);
	assert_int_equal(events_read(&events, path, &error), -1);
	events_free(&events);
}

/* An Ethernet frame of IPv4 in IPv4 with our payload, by hand. */
static void traffic_is_found_inside_tunnels(void **state)
{
	uint8_t frame[14 + 20 + 20 + 8 + 32] = { [12] = 8, [13] = 0 };
	uint8_t *outer = frame + 14, *inner = outer + 20, *udp = inner + 20;
	struct packet_seen seen;
	(void)state;
	outer[0] = inner[0] = 0x45;
	outer[3] = 80;
	inner[3] = 60;
	outer[9] = 4;
	inner[9] = 17;
	outer[16] = 192;
	struct traffic_header header = { .stream = 3, .sequence = 77, .sent_ns = 5 };
	traffic_encode(&header, udp + 8, 32);
	assert_true(packets_find(1, VIEW_OF(frame), &seen));
	assert_int_equal(seen.sequence, 77);
	assert_int_equal(seen.tunnels, 1);
	assert_int_equal(seen.destination[0], 192);
	for (size_t cut = 0; cut < sizeof(frame) - 1; cut++)
		assert_false(packets_find(1, VIEW(frame, cut), &seen));
	udp[8] ^= 1;
	assert_false(packets_find(1, VIEW_OF(frame), &seen));
}

static void a_capture_cut_short_is_told_from_a_whole_one(void **state)
{
	static const uint8_t frame[60];
	struct pcap_pkthdr header = { .caplen = sizeof(frame), .len = sizeof(frame) };
	struct packets packets;
	struct report_error error;
	char path[sizeof(log_path)];
	bool cut;
	(void)state;
	memcpy(path, log_path, sizeof(path));
	close(mkstemp(path));
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 100);
	pcap_dumper_t *out = pcap_dump_open(dead, path);
	pcap_dump((u_char *)out, &header, frame);
	pcap_dump((u_char *)out, &header, frame);
	pcap_dump_close(out);
	pcap_close(dead);

	assert_int_equal(packets_read(path, &packets, &cut, &error), 0);
	assert_false(cut);
	assert_int_equal(packets.others, 2);
	packets_free(&packets);
	assert_int_equal(truncate(path, 24 + 16 + 60 + 16 + 30), 0);
	assert_int_equal(packets_read(path, &packets, &cut, &error), 0);
	assert_true(cut);
	assert_int_equal(packets.others, 1);
	packets_free(&packets);
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(packets_read(path, &packets, &cut, &error), -1);
	assert_non_null(strstr(error.text, path));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prepared_handoff),
		cmocka_unit_test(loss_duplicates_and_reordering_are_counted),
		cmocka_unit_test(a_handoff_that_did_not_happen_has_no_figures),
		cmocka_unit_test(bad_logs_name_file_and_line),
		cmocka_unit_test(traffic_is_found_inside_tunnels),
		cmocka_unit_test(a_capture_cut_short_is_told_from_a_whole_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
