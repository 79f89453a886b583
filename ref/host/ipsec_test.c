// SPDX-License-Identifier: Apache-2.0
/*
 * ESP in transport mode between two namespaces, and its move to other addresses: what is sent
 * arrives before and after, inside ESP; sequence numbers go on; what was heard before the move is
 * a replay after it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ref/host/ipsec.h"
#include "ref/host/kernel.h"
#include "ref/host/test_space.h"

#define MN_OLD "10.9.0.2"
#define MN_NEW "10.9.0.3"
#define CN "10.9.0.1"
#define IKE_NAT_PORT 4500

/* One of the two hosts: its namespace, its hand on the kernel, the two SAs as it has them. */
struct host {
	int space;
	struct kernel *kernel;
	struct esp_sa out, in;
	struct esp_policy policy_out, policy_in;
	int udp, nat;
};

struct pair {
	struct host mn, cn;
};

static struct prefix prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static int udp_at(const char *address, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &a.sin_addr);
	assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	return s;
}

static void enter(const struct host *h)
{
	assert_int_equal(setns(h->space, CLONE_NEWNET), 0);
}

static int this_space(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int setup(void **state)
{
	static struct pair p;
	char command[256];
	int mn;

	if (!enter_test_space())
		return 0;
	mn = p.mn.space = this_space();
	p.mn.kernel = kernel_open();
	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	p.cn.space = this_space();
	p.cn.kernel = kernel_open();
	snprintf(command, sizeof(command),
		"ip link set lo up && ip link add v1 type veth peer name v0 netns /proc/%d/fd/%d "
		"&& "
		"ip link set v1 up && ip addr add " CN "/24 dev v1",
		(int)getpid(), mn);
	if (system(command) != 0)
		return 0;
	enter(&p.mn);
	if (system("ip link set v0 up && ip addr add " MN_OLD "/24 dev v0 && "
		   "ip addr add " MN_NEW "/24 dev v0") != 0)
		return 0;
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	if (p) {
		kernel_close(p->mn.kernel);
		kernel_close(p->cn.kernel);
	}
	return 0;
}

/* --- raising and moving ------------------------------------------------------------------------
 */

static struct esp_sa sa_of(
	enum esp_suite suite, const char *from, const char *to, uint32_t spi, bool udp)
{
	struct esp_sa sa = {.source = prefix(from),
		.destination = prefix(to),
		.spi = spi,
		.id = 9,
		.suite = suite,
		.mode = ESP_TRANSPORT};

	if (udp)
		sa.source_port = sa.destination_port = IKE_NAT_PORT;
	memset(sa.encryption, 0xa5, sizeof(sa.encryption));
	memset(sa.integrity, 0x5a, sizeof(sa.integrity));
	return sa;
}

static struct esp_policy policy_of(enum esp_direction direction, const struct esp_sa *sa)
{
	return (struct esp_policy){.direction = direction,
		.mode = ESP_TRANSPORT,
		.from = sa->source,
		.to = sa->destination,
		.source = sa->source,
		.destination = sa->destination,
		.id = sa->id};
}

static int raise(struct host *h, const char *address)
{
	int result;

	enter(h); /* where the kernel's netlink sockets are to be opened */
	result = ipsec_sa_add(h->kernel, &h->out);
	if (result == 0)
		result = ipsec_sa_add(h->kernel, &h->in);
	if (result < 0)
		return result;
	h->policy_out = policy_of(ESP_OUT, &h->out);
	h->policy_in = policy_of(ESP_IN, &h->in);
	assert_int_equal(ipsec_policy_add(h->kernel, &h->policy_out), 0);
	assert_int_equal(ipsec_policy_add(h->kernel, &h->policy_in), 0);
	h->udp = udp_at(address, 7000);
	if (h->out.source_port) {
		h->nat = udp_at("0.0.0.0", IKE_NAT_PORT);
		assert_int_equal(ipsec_udp_socket(h->nat), 0);
		assert_int_equal(ipsec_bypass(h->nat, AF_INET), 0);
	}
	return 0;
}

static void lower(struct host *h)
{
	ipsec_policy_delete(h->kernel, &h->policy_out);
	ipsec_policy_delete(h->kernel, &h->policy_in);
	ipsec_sa_delete(h->kernel, &h->out);
	ipsec_sa_delete(h->kernel, &h->in);
	if (h->udp)
		close(h->udp);
	if (h->nat)
		close(h->nat);
	h->udp = h->nat = 0;
}

static int raise_pair(struct pair *p, enum esp_suite suite, bool udp)
{
	int result;

	p->mn.out = p->cn.in = sa_of(suite, MN_OLD, CN, 0x5001, udp);
	p->mn.in = p->cn.out = sa_of(suite, CN, MN_OLD, 0x5002, udp);
	result = raise(&p->mn, MN_OLD);
	return result < 0 ? result : raise(&p->cn, CN);
}

static void move_one(struct host *h, const struct esp_sa *out, const struct esp_sa *in)
{
	struct esp_policy policies[2];

	assert_int_equal(ipsec_sa_move(h->kernel, &h->in, false, in), 0);
	assert_int_equal(ipsec_sa_move(h->kernel, &h->out, true, out), 0);
	policies[0] = policy_of(ESP_IN, &h->in);
	policies[1] = policy_of(ESP_OUT, &h->out);
	assert_int_equal(ipsec_policy_move(h->kernel, &h->policy_in, &policies[0]), 0);
	assert_int_equal(ipsec_policy_move(h->kernel, &h->policy_out, &policies[1]), 0);
}

static void move_pair(struct pair *p)
{
	struct esp_sa up = p->mn.out, down = p->mn.in;

	up.source = down.destination = prefix(MN_NEW);
	move_one(&p->cn, &down, &up);
	move_one(&p->mn, &up, &down);
	close(p->mn.udp);
	enter(&p->mn);
	p->mn.udp = udp_at(MN_NEW, 7000);
}

/* --- traffic ---------------------------------------------------------------------------------- */

static unsigned carry(int from, const char *to, int at, unsigned count)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(7000)};
	struct pollfd arrives = {at, POLLIN, 0};
	unsigned came = 0;
	char text[100] = "carried";

	inet_pton(AF_INET, to, &a.sin_addr);
	for (unsigned i = 0; i < count; i++) {
		sendto(from, text, sizeof(text), 0, (struct sockaddr *)&a, sizeof(a));
		while (poll(&arrives, 1, i + 1 == count && came < count ? 1000 : 0) == 1 &&
			recv(at, text, sizeof(text), 0) == sizeof(text))
			came++;
	}
	return came;
}

static uint64_t packets(struct host *h, const struct esp_sa *sa)
{
	struct esp_count count;

	assert_int_equal(ipsec_sa_count(h->kernel, sa, &count), 0);
	return count.packets;
}

#define NEED_PAIR                                                                                  \
	if (!*state) {                                                                             \
		print_message("no network namespaces to be had here\n");                           \
		skip();                                                                            \
	}                                                                                          \
	struct pair *p = *state

#define NEED_ESP(result, p)                                                                        \
	assert_int_not_equal(result, -EEXIST);                                                     \
	if ((result) < 0) {                                                                        \
		print_message("%s\n", kernel_error((p)->mn.kernel));                               \
		lower(&(p)->mn);                                                                   \
		skip();                                                                            \
	}

static void every_suite_carries_before_and_after(void **state)
{
	NEED_PAIR;
	for (unsigned i = 0; i <= 2 * ESP_AES_CBC_256_SHA512 + 1; i++) {
		int result = raise_pair(p, (enum esp_suite)(i / 2), i % 2);
		NEED_ESP(result, p);
		assert_int_equal(carry(p->mn.udp, CN, p->cn.udp, 20), 20);
		assert_int_equal(carry(p->cn.udp, MN_OLD, p->mn.udp, 20), 20);
		assert_int_equal(packets(&p->cn, &p->cn.in), 20);
		assert_int_equal(packets(&p->mn, &p->mn.in), 20);
		move_pair(p);
		assert_int_equal(carry(p->mn.udp, CN, p->cn.udp, 20), 20);
		assert_int_equal(carry(p->cn.udp, MN_NEW, p->mn.udp, 20), 20);
		assert_int_equal(packets(&p->cn, &p->cn.in), 20);
		assert_int_equal(packets(&p->mn, &p->mn.in), 20);
		assert_true(address_equal(&p->mn.in.destination, &p->cn.out.destination));
		lower(&p->mn);
		lower(&p->cn);
	}
}

/* An ESP packet as it stands on the wire, taken at the mobile's interface. */
static size_t overhear(struct pair *p, uint8_t *out, size_t size)
{
	struct pollfd arrives = {.events = POLLIN};
	struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	ssize_t n = 0;

	enter(&p->mn);
	where.sll_ifindex = (int)if_nametoindex("v0");
	arrives.fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(arrives.fd, (struct sockaddr *)&where, sizeof(where)), 0);
	assert_int_equal(carry(p->mn.udp, CN, p->cn.udp, 1), 1);
	while (poll(&arrives, 1, 1000) == 1) {
		n = recv(arrives.fd, out, size, 0);
		if (n > 20 && out[9] == IPPROTO_ESP)
			break;
	}
	close(arrives.fd);
	assert_true(n > 20);
	return (size_t)n;
}

static void throw(struct pair * p, const uint8_t *packet, size_t size)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int raw;

	enter(&p->mn);
	raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ESP);
	inet_pton(AF_INET, CN, &to.sin_addr);
	assert_int_equal(sendto(raw, packet + 20, size - 20, 0, (struct sockaddr *)&to, sizeof(to)),
		size - 20);
	close(raw);
}

/* The window goes along: what was heard before the move is refused after it, from the old address
 * or the new one. */
static void what_was_heard_stays_heard(void **state)
{
	struct esp_count count;
	uint8_t packet[512];
	size_t size;

	NEED_PAIR;
	int result = raise_pair(p, ESP_NULL_SHA256, false);
	NEED_ESP(result, p);
	size = overhear(p, packet, sizeof(packet));
	assert_memory_equal(packet + 28 + 8, "carried", 7); /* null encryption: it can be read */
	move_pair(p);
	/* The raw socket's packet would be wrapped in ESP again by the policy. */
	ipsec_policy_delete(p->mn.kernel, &p->mn.policy_out);
	throw(p, packet, size);
	usleep(20000);
	assert_int_equal(ipsec_sa_count(p->cn.kernel, &p->cn.in, &count), 0);
	assert_int_equal(count.packets, 0);
	assert_int_equal(count.replays, 1);
	lower(&p->mn);
	lower(&p->cn);
}

/* A number that was used is not used again: the first packet after the move lies far beyond. */
static void sequence_numbers_go_on(void **state)
{
	uint8_t packet[512];
	uint32_t before, after;

	NEED_PAIR;
	int result = raise_pair(p, ESP_AES_GCM_16_256, false);
	NEED_ESP(result, p);
	overhear(p, packet, sizeof(packet));
	memcpy(&before, packet + 24, 4);
	move_pair(p);
	overhear(p, packet, sizeof(packet));
	memcpy(&after, packet + 24, 4);
	assert_int_equal(ntohl(before), 1);
	assert_in_range(ntohl(after), 1000, 10000);
	lower(&p->mn);
	lower(&p->cn);
}

static void refusals_leave_it_where_it_was(void **state)
{
	struct esp_sa missing, other;

	NEED_PAIR;
	int result = raise_pair(p, ESP_AES_GCM_16_256, false);
	NEED_ESP(result, p);
	missing = other = p->mn.in;
	missing.spi++;
	other.destination = prefix(MN_NEW);
	assert_true(ipsec_sa_move(p->mn.kernel, &missing, false, &other) < 0);
	assert_int_equal(ipsec_sa_add(p->mn.kernel, &other), 0); /* in the way */
	assert_int_equal(ipsec_sa_move(p->mn.kernel, &p->mn.in, false, &other), -EEXIST);
	assert_int_equal(carry(p->cn.udp, MN_OLD, p->mn.udp, 5), 5);
	ipsec_sa_delete(p->mn.kernel, &other);
	lower(&p->mn);
	lower(&p->cn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_carries_before_and_after),
		cmocka_unit_test(what_was_heard_stays_heard),
		cmocka_unit_test(sequence_numbers_go_on),
		cmocka_unit_test(refusals_leave_it_where_it_was),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
