// SPDX-License-Identifier: Apache-2.0
/* Changes to a network namespace of this test's own, and that everything is taken back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ref/host/address.h"
#include "ref/host/ipsec.h"
#include "ref/host/kernel.h"
#include "ref/host/link.h"
#include "ref/host/neighbour.h"
#include "ref/host/route.h"
#include "ref/host/sysctl.h"
#include "ref/host/test_space.h"

static struct prefix prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

/* What a command prints, its lines joined; the same before and after when nothing is left. */
static char *printed(const char *command)
{
	static char out[4][16384];
	static int turn;
	char *to = out[turn++ % 4];
	FILE *pipe = popen(command, "r");
	size_t size = fread(to, 1, sizeof(out[0]) - 1, pipe);

	to[size] = '\0';
	pclose(pipe);
	return to;
}

#define EVERYTHING                                                                                 \
	"ip -br link | awk '{print $1, $2}' | sort; ip -br addr | sort; ip rule; "                 \
	"ip route show table all | sort; ip neigh show proxy; ip xfrm state; ip xfrm policy; "     \
	"cat /proc/sys/net/ipv4/ip_forward"

static int setup(void **state)
{
	struct kernel *k;

	if (!enter_test_space() || system("ip link add v0 type veth peer name v1 && "
					  "ip link set v1 up") != 0)
		return 0;
	k = kernel_open();
	*state = k;
	return 0;
}

#define NEED_SPACE                                                                                 \
	if (!*state) {                                                                             \
		print_message("no network namespace to be had here\n");                            \
		skip();                                                                            \
	}                                                                                          \
	struct kernel *k __attribute__((unused)) = *state

static void links_are_seen_and_switched(void **state)
{
	struct link_info info;

	NEED_SPACE;
	assert_int_equal(link_get(k, "nowhere", &info), -ENODEV);
	assert_non_null(strstr(kernel_error(k), "nowhere"));
	assert_int_equal(link_get(k, "v0", &info), 0);
	assert_false(info.up);
	assert_int_equal(info.mtu, 1500);
	assert_int_equal(link_set_up(k, "v0", true), 0);
	assert_int_equal(link_get(k, "v0", &info), 0);
	assert_true(info.up);
	assert_int_equal(link_set_mtu(k, "v0", 1400), 0);
}

static void addresses_and_routes_come_and_go(void **state)
{
	struct prefix a = prefix("10.9.0.1/24"), got, far = prefix("192.0.2.1");
	struct route r = { .to = prefix("192.0.2.0/24"), .via = prefix("10.9.0.254"),
		.device = "v0" };
	struct route_answer answer;

	NEED_SPACE;
	assert_int_equal(address_get(k, "v0", AF_INET, &got), -EADDRNOTAVAIL);
	assert_int_equal(address_add(k, "v0", &a, true), 0);
	assert_int_equal(address_get(k, "v0", AF_INET, &got), 0);
	assert_true(address_equal(&a, &got));
	assert_int_equal(got.length, 24);
	assert_true(route_lookup(k, &far, NULL, &answer) < 0);
	assert_int_equal(route_set(k, &r), 0);
	assert_int_equal(route_lookup(k, &far, NULL, &answer), 0);
	assert_true(address_equal(&answer.via, &r.via));
	assert_string_equal(answer.device, "v0");
	r.via = prefix("10.9.0.253"); /* in its place, in one step */
	assert_int_equal(route_set(k, &r), 0);
	assert_int_equal(route_lookup(k, &far, NULL, &answer), 0);
	assert_true(address_equal(&answer.via, &r.via));
	assert_int_equal(route_delete(k, &r), 0);
	assert_true(route_lookup(k, &far, NULL, &answer) < 0);
	assert_int_equal(route_delete(k, &r), -ESRCH);
}

static void rules_lead_marked_packets_elsewhere(void **state)
{
	struct route_rule rule = { .family = AF_INET, .mark = 7, .except = true, .priority = 50,
		.table = 700 };
	struct route r = { .to = prefix("192.0.2.0/24"), .device = "v0", .table = 700 };
	struct prefix far = prefix("192.0.2.1");
	struct route_answer answer;

	NEED_SPACE;
	assert_int_equal(route_set(k, &r), 0);
	assert_true(route_lookup(k, &far, NULL, &answer) < 0);
	assert_int_equal(rule_add(k, &rule), 0);
	assert_int_equal(route_lookup(k, &far, NULL, &answer), 0);
	assert_int_equal(rule_delete(k, &rule), 0);
	assert_true(route_lookup(k, &far, NULL, &answer) < 0);
}

static void proxy_entries_and_neighbours(void **state)
{
	struct prefix a = prefix("10.9.0.77");
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 77 };

	NEED_SPACE;
	assert_int_equal(neighbour_proxy_add(k, "v0", &a), 0);
	assert_non_null(strstr(printed("ip neigh show proxy"), "10.9.0.77"));
	assert_int_equal(neighbour_learn(k, "v0", &a, mac), 0);
	assert_non_null(strstr(printed("ip neigh show"), "02:00:00:00:00:4d"));
	assert_int_equal(neighbour_forget(k, "v0", &a), 0);
	assert_int_equal(neighbour_proxy_delete(k, "v0", &a), 0);
	assert_null(strstr(printed("ip neigh show proxy"), "10.9.0.77"));
}

static void tunnels_move_their_ends(void **state)
{
	struct ipip ends = { .local = prefix("10.9.0.1"), .remote = prefix("192.0.2.1") };

	NEED_SPACE;
	int result = link_add_ipip(k, "baton-t0", &ends);
	if (result == -EOPNOTSUPP) {
		print_message("%s\n", kernel_error(k));
		skip();
	}
	assert_int_equal(result, 0);
	ends.remote = prefix("192.0.2.2");
	assert_int_equal(link_move_ipip(k, "baton-t0", &ends), 0);
	assert_non_null(strstr(printed("ip -d link show baton-t0"), "remote 192.0.2.2"));
	assert_int_equal(link_delete(k, "baton-t0"), 0);
}

static void dummies_carry_addresses(void **state)
{
	struct prefix home = prefix("198.51.100.10");

	NEED_SPACE;
	int result = link_add_dummy(k, "baton-d0");
	if (result == -EOPNOTSUPP) {
		print_message("%s\n", kernel_error(k));
		skip();
	}
	assert_int_equal(result, 0);
	assert_int_equal(address_add(k, "baton-d0", &home, false), 0);
}

static struct esp_sa sa_of(enum esp_suite suite, uint32_t spi)
{
	struct esp_sa sa = { .source = prefix("10.9.0.1"), .destination = prefix("192.0.2.1"),
		.spi = spi, .id = 3, .suite = suite };

	memset(sa.encryption, 0xa5, sizeof(sa.encryption));
	memset(sa.integrity, 0x5a, sizeof(sa.integrity));
	return sa;
}

static void esp_state_and_policies(void **state)
{
	struct esp_policy policy = { .direction = ESP_OUT, .from = prefix("10.9.0.5"),
		.to = prefix("0.0.0.0/0"), .source = prefix("10.9.0.1"),
		.destination = prefix("192.0.2.1"), .id = 3 };
	struct esp_count count;

	NEED_SPACE;
	for (enum esp_suite suite = ESP_AES_CBC_128_SHA256; suite <= ESP_AES_CBC_256_SHA512; suite++) {
		struct esp_sa sa = sa_of(suite, 0x1000 + suite);
		int result = ipsec_prepare(k, suite);
		if (result == 0)
			result = ipsec_sa_add(k, &sa);
		if (result < 0) {
			print_message("%s\n", kernel_error(k));
			skip();
		}
		assert_int_equal(ipsec_sa_count(k, &sa, &count), 0);
		assert_int_equal(count.packets, 0);
		assert_int_equal(ipsec_sa_add(k, &sa), -EEXIST);
		if (suite == ESP_NULL_SHA256)
			assert_int_equal(ipsec_sa_delete(k, &sa), 0);
	}
	assert_int_equal(ipsec_policy_add(k, &policy), 0);
	policy.direction = ESP_IN;
	assert_int_equal(ipsec_policy_add(k, &policy), 0);
	assert_int_equal(ipsec_policy_delete(k, &policy), 0);
	assert_int_equal(ipsec_policy_delete(k, &policy), -ENOENT);
}

static void settings_are_set(void **state)
{
	NEED_SPACE;
	assert_int_equal(sysctl_set(k, "net/ipv4/ip_forward", "1"), 0);
	assert_int_equal(sysctl_set(k, "net/ipv4/no_such_thing", "1"), -ENOENT);
}

/* A second struct kernel changes everything once; its end must leave what was there before. */
static void everything_is_taken_back(void **state)
{
	NEED_SPACE;
	/* links of the tests before: a route comes when an address is known to be nobody else's */
	for (int i = 0; i < 100 && system("ip -6 addr show tentative | grep -q inet6") == 0; i++)
		usleep(100000);
	char *before = printed(EVERYTHING);
	struct kernel *own = kernel_open();
	struct prefix a = prefix("10.8.0.1/24"), proxy = prefix("10.8.0.9");
	struct route r = { .to = prefix("203.0.113.0/24"), .via = prefix("10.8.0.2") };
	struct route_rule rule = { .family = AF_INET, .from = a, .priority = 60, .table = 700 };
	struct ipip ends = { .local = a, .remote = prefix("192.0.2.1") };
	struct esp_sa sa = sa_of(ESP_AES_CBC_128_SHA256, 0x2000);

	assert_int_equal(address_add(own, "v0", &a, true), 0);
	assert_int_equal(route_set(own, &r), 0);
	assert_int_equal(rule_add(own, &rule), 0);
	assert_int_equal(neighbour_proxy_add(own, "v0", &proxy), 0);
	assert_int_equal(sysctl_set(own, "net/ipv4/ip_forward", "0"), 0);
	link_set_mtu(own, "v0", 1300);
	link_add_ipip(own, "baton-t1", &ends);
	link_add_dummy(own, "baton-d1");
	ipsec_sa_add(own, &sa);
	assert_string_not_equal(before, printed(EVERYTHING));
	assert_int_equal(kernel_close(own), 0);
	assert_string_equal(before, printed(EVERYTHING));
}

/* What a killed process left is found again by its marks. */
static void leftovers_are_swept(void **state)
{
	NEED_SPACE;
	struct route r = { .to = prefix("203.0.113.0/24"), .device = "v0", .table = 701 };
	struct route_rule rule = { .family = AF_INET, .priority = 61, .table = 701 };
	struct kernel *fresh;
	char *before;

	/* Forked, so that what it did stays and nobody remembers it. */
	before = printed(EVERYTHING);
	pid_t child = fork();
	if (child == 0) {
		struct kernel *own = kernel_open();
		struct esp_sa sa = sa_of(ESP_AES_GCM_16_256, 0x3000);
		struct ipip ends = { .local = prefix("10.8.0.1"), .remote = prefix("192.0.2.9") };
		struct prefix left = prefix("10.7.7.7/24");
		bool bad = route_set(own, &r) < 0 || rule_add(own, &rule) < 0 ||
			address_add(own, "v0", &left, true) < 0;
		link_add_ipip(own, "baton-t2", &ends);
		ipsec_sa_add(own, &sa);
		_exit(bad);
	}
	assert_int_equal(system("sleep 0.1"), 0);
	assert_string_not_equal(before, printed(EVERYTHING));
	fresh = kernel_open();
	assert_int_equal(kernel_sweep(fresh), 0);
	kernel_close(fresh);
	assert_null(strstr(printed(EVERYTHING), "203.0.113.0"));
	assert_null(strstr(printed(EVERYTHING), "10.7.7.7"));
	assert_null(strstr(printed(EVERYTHING), "lookup 701"));
	assert_null(strstr(printed(EVERYTHING), "baton-t2"));
	assert_null(strstr(printed(EVERYTHING), "0x00003000"));
}

static int teardown(void **state)
{
	kernel_close(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_seen_and_switched),
		cmocka_unit_test(addresses_and_routes_come_and_go),
		cmocka_unit_test(rules_lead_marked_packets_elsewhere),
		cmocka_unit_test(proxy_entries_and_neighbours),
		cmocka_unit_test(tunnels_move_their_ends),
		cmocka_unit_test(dummies_carry_addresses),
		cmocka_unit_test(esp_state_and_policies),
		cmocka_unit_test(settings_are_set),
		cmocka_unit_test(everything_is_taken_back),
		cmocka_unit_test(leftovers_are_swept),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
