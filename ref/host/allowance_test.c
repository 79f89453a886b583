// SPDX-License-Identifier: Apache-2.0
/* Octets of ESP to an address that is not verified, in a namespace of the test's own. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "ref/host/allowance.h"
#include "ref/host/kernel.h"
#include "ref/host/test_space.h"

#define PORT 4500
#define DATA 180 /* with the header of IPv4 200 */

static int entered;

static struct sockaddr_in address(const char *text, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct endpoint e;

	assert_int_equal(endpoint_parse(text, 0, &e), 0);
	memcpy(&a.sin_addr, e.address, 4);
	a.sin_port = htons(port);
	return a;
}

/* How many of that many packets arrive; of ESP, or of UDP from PORT. */
static unsigned arrive(const char *to, bool udp, unsigned count, bool marked)
{
	struct sockaddr_in there = address(to, udp ? 4600 : 0), here = address("127.0.0.1", PORT);
	int out = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_RAW, udp ? 0 : IPPROTO_ESP);
	int in = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_RAW, udp ? 0 : IPPROTO_ESP);
	int mark = marked ? KERNEL_MARK : 0;
	uint8_t data[DATA] = { 0, 0, 4, 1 };
	unsigned n = 0;

	assert_true(out >= 0 && in >= 0);
	assert_int_equal(bind(in, (struct sockaddr *)&there, sizeof(there)), 0);
	if (udp)
		assert_int_equal(bind(out, (struct sockaddr *)&here, sizeof(here)), 0);
	setsockopt(out, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	for (unsigned i = 0; i < count; i++)
		sendto(out, data, sizeof(data), 0, (struct sockaddr *)&there, sizeof(there));
	while (recv(in, data, sizeof(data), MSG_DONTWAIT) > 0)
		n++;
	close(in);
	close(out);
	return n;
}

static struct prefix at(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

#define NEED_ALLOWANCES                                                                            \
	struct allowances *a = entered ? allowances_new(PORT) : NULL;                              \
	if (!a) {                                                                                  \
		print_message("no nf_tables with quotas: %s\n", strerror(errno));                  \
		skip();                                                                            \
	}

static void test_so_much_and_no_more(void **state)
{
	struct prefix p = at("127.0.0.2"), other = at("127.0.0.3");

	(void)state;
	NEED_ALLOWANCES;
	for (int udp = 0; udp < 2; udp++) {
		unsigned size = udp ? 208 : 200;
		assert_int_equal(arrive("127.0.0.2", udp, 20, false), 20);
		assert_int_equal(allowance_set(a, &p, 7 * size), 0);
		assert_int_equal(allowance_set(a, &other, 3 * size), 0);
		assert_int_equal(arrive("127.0.0.2", udp, 5, false), 5);
		assert_int_equal(arrive("127.0.0.2", udp, 20, false), 2);
		assert_int_equal(arrive("127.0.0.3", udp, 20, false), 3);
		assert_int_equal(arrive("127.0.0.4", udp, 20, false), 20);
		assert_int_equal(arrive("127.0.0.2", udp, 20, true), 20); /* IKE itself */
		assert_int_equal(allowance_lift(a, &p), 0);
		assert_int_equal(arrive("127.0.0.2", udp, 20, false), 20);
		assert_int_equal(arrive("127.0.0.3", udp, 20, false), 0);
		assert_int_equal(allowance_set(a, &other, 4 * size), 0); /* in its place */
		assert_int_equal(arrive("127.0.0.3", udp, 20, false), 4);
		assert_int_equal(allowance_lift(a, &other), 0);
		assert_int_equal(allowance_lift(a, &other), -ENOENT);
	}
	allowances_free(a);
}

static void test_goes_with_its_owner(void **state)
{
	struct prefix p = at("127.0.0.2");

	(void)state;
	NEED_ALLOWANCES;
	assert_int_equal(allowance_set(a, &p, 0), 0);
	assert_int_equal(arrive("127.0.0.2", false, 3, false), 0);
	allowances_free(a);
	/* the kernel removes the table when it has been told of the socket's end */
	for (int i = 0; i < 100 && arrive("127.0.0.2", false, 3, false) != 3; i++)
		usleep(10000);
	assert_int_equal(arrive("127.0.0.2", false, 3, false), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_so_much_and_no_more),
		cmocka_unit_test(test_goes_with_its_owner),
	};

	entered = enter_test_space();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
