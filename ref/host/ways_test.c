// SPDX-License-Identifier: Apache-2.0
/* A way is in the kernel for as long as it is wanted, and no trace of it is left by any end. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <net/if.h>

#include "ref/host/test_space.h"
#include "ref/host/ways.h"

static char before[8192];

/* Rules, routes of all tables, neighbours: as text. */
static void look(char *out, size_t size)
{
	FILE *in = popen("ip rule; ip route show table all; ip neigh show nud all | grep -v NOARP; "
			 "ip -o link | cut -d: -f2 | grep -v tunl0", "r");

	assert_non_null(in);
	size_t n = fread(out, 1, size - 1, in);
	out[n] = '\0';
	pclose(in);
}

static bool is_as_before(void)
{
	char now[8192];

	look(now, sizeof(now));
	return strcmp(now, before) == 0;
}

static bool comes_back(unsigned tenths)
{
	while (tenths-- && !is_as_before())
		usleep(100000);
	return is_as_before();
}

static struct way a_way(void)
{
	struct way way = { .via = { .family = AF_PACKET, .address = { 2, 0, 0, 0, 0, 9 } },
		.ifindex = if_nametoindex("v0") };

	way.to = (struct prefix){ .family = AF_INET, .length = 32, .address = { 10, 1, 98, 49 } };
	way.from = (struct prefix){ .family = AF_INET, .length = 32, .address = { 10, 2, 0, 7 } };
	return way;
}

static void test_taken_and_given_back(void **state)
{
	struct ways *ways = ways_new(10 * BTIME_S);
	struct way way = a_way();

	(void)state;
	assert_non_null(ways);
	assert_int_equal(ways_take(ways, &way), 0);
	assert_int_equal(system("ip route get 10.1.98.49 mark 0x4243 | grep -q 'dev v0'"), 0);
	assert_int_equal(system("ip route get 10.1.98.49 mark 0x4243 | grep -q 'src 10.2.0.7'"), 0);
	assert_int_equal(system("ip neigh show dev v0 | grep -q '10.1.98.49 lladdr 02:00:00:00:00:09'"), 0);
	/* what does not bear the mark goes where it always went */
	assert_int_equal(system("ip route get 10.1.98.49 | grep -q 'via 10.3.0.2 dev v1'"), 0);
	assert_int_equal(ways_give_back(ways), 0);
	assert_true(is_as_before());
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(ways_take(ways, &way), 0);
		assert_int_equal(ways_give_back(ways), 0);
	}
	assert_true(is_as_before());
	ways_free(ways);
	assert_true(is_as_before());
}

static void test_nobody_takes_it_out(void **state)
{
	struct ways *ways = ways_new(3 * BTIME_S);
	struct way way = a_way();

	(void)state;
	assert_int_equal(ways_take(ways, &way), 0);
	assert_false(is_as_before());
	assert_true(comes_back(100));
	assert_int_equal(ways_give_back(ways), -ETIMEDOUT);
	assert_int_equal(ways_give_back(ways), 0);
	ways_free(ways);
}

static void test_ended_with_it(void **state)
{
	struct ways *ways = ways_new(60 * BTIME_S);
	struct way way = a_way();

	(void)state;
	assert_int_equal(ways_take(ways, &way), 0);
	ways_free(ways);
	assert_true(is_as_before());
}

/* Whoever has asked is ended by that signal while the way is there; with `group` all of its processes
 * get it, as from a terminal. */
static void assert_ends(int how, bool group)
{
	int pair[2];
	char ready;

	assert_int_equal(pipe(pair), 0);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		signal(how, SIG_DFL); /* ignored by what a shell starts in the background */
		struct ways *ways = ways_new(60 * BTIME_S);
		struct way way = a_way();
		ready = ways && ways_take(ways, &way) == 0;
		if (write(pair[1], &ready, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(pair[0], &ready, 1), 1);
	assert_true(ready);
	assert_false(is_as_before());
	kill(group ? -pid : pid, how);
	waitpid(pid, NULL, 0);
	assert_true(comes_back(30));
	close(pair[0]);
	close(pair[1]);
}

static void test_killed(void **state)
{
	(void)state;
	assert_ends(SIGKILL, false);
	assert_ends(SIGINT, true);
	assert_ends(SIGTERM, true);
}

/* One at a time: who asks for another one has done with the first. */
static void test_another_one(void **state)
{
	struct ways *ways = ways_new(60 * BTIME_S);
	struct way way = a_way();

	(void)state;
	assert_int_equal(ways_take(ways, &way), 0);
	way.to.address[3] = 50;
	assert_int_equal(ways_take(ways, &way), 0);
	assert_int_not_equal(system("ip neigh show dev v0 | grep -q '10.1.98.49 '"), 0);
	assert_int_equal(ways_give_back(ways), 0);
	assert_true(is_as_before());
	ways_free(ways);
}

/* In IP to a care-of address. */
static void test_tunnelled(void **state)
{
	struct ways *ways = ways_new(60 * BTIME_S);
	struct way way = a_way();

	(void)state;
	way.via = (struct endpoint){ .family = AF_INET, .address = { 10, 3, 0, 9 } };
	way.ifindex = 0;
	int result = ways_take(ways, &way);
	if (result == -EOPNOTSUPP) {
		ways_free(ways);
		print_message("no IP-in-IP\n");
		skip();
	}
	assert_int_equal(result, 0);
	assert_int_equal(system("ip route get 10.1.98.49 mark 0x4243 | grep -q 'dev baton-way'"), 0);
	assert_int_equal(system("ip -d link show baton-way | grep -q 'remote 10.3.0.9'"), 0);
	assert_int_equal(system("ip route get 10.1.98.49 | grep -q 'via 10.3.0.2 dev v1'"), 0);
	assert_int_equal(ways_give_back(ways), 0);
	assert_true(is_as_before());
	ways_free(ways);
}

static void test_one_that_cannot_be(void **state)
{
	struct ways *ways = ways_new(60 * BTIME_S);
	struct way way = a_way();

	(void)state;
	way.ifindex = 4711;
	assert_int_equal(ways_take(ways, &way), -ENODEV);
	assert_true(is_as_before());
	way = a_way();
	way.from.address[3] = 99; /* not ours: the neighbour can be learnt, the route cannot be */
	assert_true(ways_take(ways, &way) < 0);
	assert_true(is_as_before());
	way = a_way();
	assert_int_equal(ways_take(ways, &way), 0);
	assert_int_equal(ways_give_back(ways), 0);
	ways_free(ways);
}

static int enter(void **state)
{
	(void)state;
	if (!enter_test_space())
		return -1;
	if (system("ip link add v0 type veth peer name v0p && ip link add v1 type veth peer name v1p && "
		   "ip link set v0 up && ip link set v0p up && ip link set v1 up && ip link set v1p up && "
		   "ip addr add 10.2.0.1/24 dev v0 && ip addr add 10.2.0.7/24 dev v0 && "
		   "ip addr add 10.3.0.1/24 dev v1 && "
		   "ip route add default via 10.3.0.2 && "
		   "for v in v0 v1 v0p v1p; do ip -6 addr flush dev $v; done; sleep 0.3") != 0)
		return -1;
	look(before, sizeof(before));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_and_given_back),
		cmocka_unit_test(test_nobody_takes_it_out),
		cmocka_unit_test(test_ended_with_it),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_another_one),
		cmocka_unit_test(test_tunnelled),
		cmocka_unit_test(test_one_that_cannot_be),
	};
	return cmocka_run_group_tests(tests, enter, NULL);
}
