// SPDX-License-Identifier: Apache-2.0
/*
 * Packets held back on a router between two wires. This process is the router: frames go into the
 * far end of one wire and are seen at the far end of the other, all in one namespace.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ref/base/reader.h"
#include "ref/base/writer.h"
#include "ref/host/frames.h"
#include "ref/host/hold.h"
#include "ref/host/kernel.h"
#include "ref/host/test_space.h"

#define ETHERNET_IPV4 0x0800
#define PACKET_TTL 64
#define SEEN_MAX 4096

struct wire {
	struct loop *loop;
	struct kernel *kernel;
	struct hold *hold;
	struct frames *in, *out;
	struct timer *timer;
	uint8_t mac[6]; /* of the router, towards the sender */
	uint32_t seen[SEEN_MAX];
	unsigned count;
	uint8_t ttl; /* of the last one */
	/* A steady flow */
	struct timer *flow;
	uint32_t next, end;
	btime gap;
};

static const char *const commands[] = {
	"ip link add a0 type veth peer name a1",
	"ip link add b0 type veth peer name b1",
	"ip link set a0 up; ip link set a1 up; ip link set b0 up; ip link set b1 up",
	"ip addr add 10.0.0.1/24 dev a0; ip addr add 10.0.1.1/24 dev b0",
	"ip neigh add 10.0.1.10 lladdr 02:00:00:00:00:10 dev b0",
	"ip neigh add 10.0.1.11 lladdr 02:00:00:00:00:10 dev b0",
	"echo 1 > /proc/sys/net/ipv4/ip_forward",
	"for d in all default a0 b0; do echo 0 > /proc/sys/net/ipv4/conf/$d/rp_filter; done",
};

static uint16_t checksum(const uint8_t *p, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An IPv4 packet for 10.0.1.LAST with a number in it. */
static void send_packet(struct wire *w, uint8_t last, uint32_t number)
{
	uint8_t buffer[64];
	struct writer f = writer_of(buffer, sizeof(buffer));

	write_bytes(&f, w->mac, 6);
	write_bytes(&f, "\x02\x00\x00\x00\x00\x01", 6);
	write_u16(&f, ETHERNET_IPV4);
	write_u32(&f, 0x45000018);
	write_u32(&f, 0);
	write_u8(&f, PACKET_TTL);
	write_u8(&f, 253);
	write_u16(&f, 0);
	write_u32(&f, 0x0a000002);
	write_u32(&f, 0x0a000100u | last);
	write_u32(&f, number);
	write_uint_at(&f, 24, checksum(buffer + 14, 20), 2);
	assert_int_equal(frames_send(w->in, writer_view(&f)), 0);
}

static void take(void *context, const struct frame *frame)
{
	struct wire *w = context;
	struct reader r = reader_of(frame->data);

	if (frame->outgoing)
		return;
	read_view(&r, 14 + 8);
	uint8_t ttl = read_u8(&r), protocol = read_u8(&r);
	read_view(&r, 10);
	uint32_t number = read_u32(&r);
	if (r.failed || protocol != 253 || w->count == SEEN_MAX)
		return;
	w->ttl = ttl;
	w->seen[w->count++] = number;
}

static void stop(void *context)
{
	loop_stop(((struct wire *)context)->loop, 0);
}

static void run_for(struct wire *w, btime time)
{
	timer_set(w->timer, loop_now() + time);
	loop_run(w->loop);
}

static void flow(void *context)
{
	struct wire *w = context;

	send_packet(w, 10, w->next++);
	if (w->next != w->end)
		timer_set(w->flow, loop_now() + w->gap);
}

static int setup(void **state)
{
	struct hold_config config = { .table = 716, .priority = 100, .mtu = 1500,
		.packets_max = 300 };
	struct wire *w;
	FILE *file;
	char text[32];

	if (!enter_test_space())
		return 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (system(commands[i]) != 0)
			return 0;
	w = host_alloc(sizeof(*w));
	file = fopen("/sys/class/net/a0/address", "re");
	if (file && fgets(text, sizeof(text), file)) {
		text[17] = '\0';
		mac_parse(text, w->mac);
	} else { /* /sys shows another namespace: ask ip */
		FILE *pipe = popen("ip -br link show a0 | awk '{print $3}'", "r");
		assert_non_null(fgets(text, sizeof(text), pipe));
		text[17] = '\0';
		pclose(pipe);
		assert_int_equal(mac_parse(text, w->mac), 0);
	}
	if (file)
		fclose(file);
	w->loop = loop_new();
	w->kernel = kernel_open();
	w->hold = hold_new(w->loop, w->kernel, &config);
	if (!w->hold) {
		print_message("%s\n", kernel_error(w->kernel));
		kernel_close(w->kernel);
		loop_free(w->loop);
		free(w);
		return 0;
	}
	w->in = frames_open(w->loop, "a1", ETHERNET_IPV4, 0, NULL, NULL);
	w->out = frames_open(w->loop, "b1", ETHERNET_IPV4, 0, take, w);
	assert_non_null(w->out);
	w->timer = timer_new(w->loop, stop, w);
	w->flow = timer_new(w->loop, flow, w);
	*state = w;
	return 0;
}

#define NEED_WIRE                                                                                  \
	if (!*state) {                                                                             \
		print_message("no network namespace, or no TUN device, to be had here\n");         \
		skip();                                                                            \
	}                                                                                          \
	struct wire *w = *state;                                                                   \
	w->count = 0

static struct prefix address(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static void assert_in_order(const struct wire *w, uint32_t first, unsigned count)
{
	assert_int_equal(w->count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(w->seen[i], first + i);
}

static void packets_pass_while_nothing_is_held(void **state)
{
	NEED_WIRE;
	for (uint32_t i = 0; i < 10; i++)
		send_packet(w, 10, i);
	run_for(w, 20 * BTIME_MS);
	assert_in_order(w, 0, 10);
	assert_int_equal(w->ttl, PACKET_TTL - 1);
}

static void packets_wait_and_come_in_order(void **state)
{
	struct prefix a = address("10.0.1.10");
	struct hold_count count;

	NEED_WIRE;
	assert_int_equal(hold_start(w->hold, &a, 0), 0);
	assert_int_equal(hold_start(w->hold, &a, 0), -EALREADY);
	for (uint32_t i = 0; i < 100; i++)
		send_packet(w, 10, i);
	send_packet(w, 11, 1000); /* somebody else's is not held */
	run_for(w, 20 * BTIME_MS);
	assert_int_equal(w->count, 1);
	assert_int_equal(w->seen[0], 1000);
	w->count = 0;
	assert_int_equal(hold_state(w->hold, &a, &count), 0);
	assert_int_equal(count.waiting, 100);
	assert_int_equal(hold_flush(w->hold, &a, &count), 0);
	assert_int_equal(count.held, 100);
	assert_int_equal(count.waiting, 0);
	run_for(w, 50 * BTIME_MS);
	assert_in_order(w, 0, 100);
	/* Held and sent, not forwarded twice. */
	assert_int_equal(w->ttl, PACKET_TTL - 1);
	assert_int_equal(hold_state(w->hold, &a, &count), -ENOENT);
}

/* The flow goes on while holding begins and ends; each number comes once and in order. */
static void a_flow_loses_and_reorders_nothing(void **state)
{
	static const btime gaps[] = { 50 * BTIME_US, 500 * BTIME_US, 2 * BTIME_MS, 8 * BTIME_MS };
	struct prefix a = address("10.0.1.10");
	struct hold_count count;

	NEED_WIRE;
	for (unsigned round = 0; round < 40; round++) {
		w->count = 0;
		w->gap = gaps[round % 4];
		w->next = 0;
		w->end = w->gap > BTIME_MS ? 12 : 150;
		timer_set(w->flow, loop_now());
		run_for(w, w->gap * 4 + round * 37 * BTIME_US);
		assert_int_equal(hold_start(w->hold, &a, 0), 0);
		run_for(w, w->gap * 3 + 5 * BTIME_MS);
		assert_int_equal(hold_flush(w->hold, &a, &count), 0);
		assert_int_equal(count.overflow, 0);
		assert_int_equal(count.failed, 0);
		while (w->next != w->end)
			run_for(w, BTIME_MS);
		run_for(w, 30 * BTIME_MS);
		assert_in_order(w, 0, w->end);
	}
}

static void the_bound_drops_the_newest(void **state)
{
	struct prefix a = address("10.0.1.10");
	struct hold_count count;

	NEED_WIRE;
	assert_int_equal(hold_start(w->hold, &a, 5), 0);
	for (uint32_t i = 0; i < 8; i++)
		send_packet(w, 10, i);
	run_for(w, 10 * BTIME_MS);
	assert_int_equal(hold_flush(w->hold, &a, &count), 0);
	assert_int_equal(count.held, 5);
	assert_int_equal(count.overflow, 3);
	run_for(w, 20 * BTIME_MS);
	assert_in_order(w, 0, 5);
}

static void holding_begins_again_while_packets_pass(void **state)
{
	struct prefix a = address("10.0.1.10");

	NEED_WIRE;
	assert_int_equal(hold_start(w->hold, &a, 0), 0);
	send_packet(w, 10, 0);
	run_for(w, BTIME_MS);
	assert_int_equal(hold_flush(w->hold, &a, NULL), 0);
	assert_int_equal(hold_start(w->hold, &a, 0), 0);
	send_packet(w, 10, 1);
	run_for(w, 20 * BTIME_MS);
	assert_int_equal(w->count, 1);
	assert_int_equal(hold_flush(w->hold, &a, NULL), 0);
	run_for(w, 20 * BTIME_MS);
	assert_in_order(w, 0, 2);
}

static void dropping_ends_it(void **state)
{
	struct prefix a = address("10.0.1.10");
	struct hold_count count;

	NEED_WIRE;
	assert_int_equal(hold_drop(w->hold, &a, NULL), -ENOENT);
	assert_int_equal(hold_start(w->hold, &a, 0), 0);
	send_packet(w, 10, 0);
	run_for(w, 5 * BTIME_MS);
	assert_int_equal(hold_drop(w->hold, &a, &count), 0);
	assert_int_equal(count.waiting, 1);
	send_packet(w, 10, 1);
	run_for(w, 5 * BTIME_MS);
	assert_in_order(w, 1, 1);
}

static int teardown(void **state)
{
	struct wire *w = *state;

	if (!w)
		return 0;
	frames_close(w->in);
	frames_close(w->out);
	timer_free(w->timer);
	timer_free(w->flow);
	hold_free(w->hold);
	if (kernel_close(w->kernel) || system("ip rule | grep -q 716") == 0)
		return -1;
	loop_free(w->loop);
	free(w);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_pass_while_nothing_is_held),
		cmocka_unit_test(packets_wait_and_come_in_order),
		cmocka_unit_test(a_flow_loses_and_reorders_nothing),
		cmocka_unit_test(the_bound_drops_the_newest),
		cmocka_unit_test(holding_begins_again_while_packets_pass),
		cmocka_unit_test(dropping_ends_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
