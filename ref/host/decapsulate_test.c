// SPDX-License-Identifier: Apache-2.0
/* What comes out of IP-in-IP and what does not, packet by packet, in a namespace of the test's own. */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "ref/base/ipip.h"
#include "ref/base/writer.h"
#include "ref/host/decapsulate.h"
#include "ref/host/kernel.h"
#include "ref/host/link.h"
#include "ref/host/test_space.h"

#define HERE 0x0a090001u   /* 10.9.0.1 */
#define MOVER 0x0a090042u  /* 10.9.0.66: the other end of a tunnel that is there */
#define ELSEWHERE 0x0a090009u /* 10.9.0.9: a neighbour */
#define ANYBODY 0xcb007107u
#define OLD 0xc000020au	   /* inside, where no route leads to */
#define ESP 50
#define EXPERIMENTAL 253 /* RFC 3692 */
#define OTHER_PORT 4600

static struct kernel *kernel;
static const uint16_t ports[IPIP_PORTS] = { 500, 4500 };

static void write_header(struct writer *w, uint16_t payload, uint8_t protocol, uint32_t source,
	uint32_t to)
{
	uint16_t words[] = { 0x4500, (uint16_t)(payload + IPV4_HEADER_MIN), 0, 0,
		(uint16_t)(0x4000 | protocol), 0, (uint16_t)(source >> 16), (uint16_t)source,
		(uint16_t)(to >> 16), (uint16_t)to };
	uint32_t sum = 0;

	for (size_t i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	words[5] = (uint16_t) ~(sum + (sum >> 16));
	for (size_t i = 0; i < 10; i++)
		write_u16(w, words[i]);
}

/* From the old address to that host, protocol and port, inside a packet from `outer`. */
static void send_inside(uint32_t outer, uint32_t to, uint8_t protocol, uint16_t port)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_addr = { htonl(HERE) } };
	int s = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	uint8_t octets[2 * IPV4_HEADER_MIN + 16];
	struct writer w = writer_of(octets, sizeof(octets));

	write_header(&w, IPV4_HEADER_MIN + 16, IPIP_PROTOCOL, outer, HERE);
	write_header(&w, 16, protocol, OLD, to);
	write_u16(&w, 4500);
	write_u16(&w, port);
	write_u16(&w, 16);
	write_zero(&w, 10);
	assert_true(s >= 0);
	assert_int_equal(sendto(s, octets, sizeof(octets), 0, (struct sockaddr *)&there,
				 sizeof(there)), sizeof(octets));
	close(s);
}

/* Whether such a packet comes out of the tunnel. */
static bool comes_through(uint32_t outer, uint8_t protocol, uint16_t port)
{
	bool udp = protocol == IPPROTO_UDP;
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl(HERE) },
		.sin_port = htons(port) };
	int s = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_RAW, udp ? 0 : protocol);
	const struct timeval patience = { .tv_usec = 100000 };
	uint8_t octets[64];

	assert_true(s >= 0);
	assert_int_equal(bind(s, (struct sockaddr *)&here, sizeof(here)), 0);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	send_inside(outer, HERE, protocol, port);
	ssize_t n = recv(s, octets, sizeof(octets), 0);
	close(s);
	return n > 0;
}

/* Whether this host, which forwards, sends such a packet on to another. */
static bool is_sent_on(uint32_t outer, uint8_t protocol, uint16_t port)
{
	int s = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	const struct timeval patience = { .tv_usec = 100000 };
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	uint32_t to = htonl(ELSEWHERE);
	uint8_t octets[128];
	bool sent = false;

	assert_true(s >= 0);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	send_inside(outer, ELSEWHERE, protocol, port);
	while (recvfrom(s, octets, sizeof(octets), 0, (struct sockaddr *)&from, &size) > 0) {
		sent |= from.sll_pkttype == PACKET_OUTGOING &&
			from.sll_protocol == htons(ETH_P_IP) && memcmp(octets + 16, &to, 4) == 0;
		size = sizeof(from);
	}
	close(s);
	return sent;
}

static void assert_filtered(uint32_t outer)
{
	assert_true(comes_through(outer, ESP, 0));
	assert_true(comes_through(outer, IPPROTO_UDP, 500));
	assert_true(comes_through(outer, IPPROTO_UDP, 4500));
	assert_false(comes_through(outer, IPPROTO_UDP, OTHER_PORT)); /* its source port is IKE's */
	assert_false(comes_through(outer, EXPERIMENTAL, 0));
	assert_false(is_sent_on(outer, ESP, 0));
	assert_false(is_sent_on(outer, IPPROTO_UDP, 500));
}

#define NEED_IPIP                                                                                  \
	struct decapsulator *d = kernel ? decapsulator_new(kernel, ports) : NULL;                  \
	if (!d && (!kernel || errno == EOPNOTSUPP || errno == EPERM)) {                            \
		print_message("no IP-in-IP with nf_tables: %s\n", strerror(errno));                \
		skip();                                                                            \
	}                                                                                          \
	assert_non_null(d);

static void test_from_anybody(void **state)
{
	(void)state;
	NEED_IPIP
	assert_filtered(ANYBODY);
	decapsulator_free(d);
	/* the device is down and without an address: nobody takes anything out */
	assert_int_not_equal(system("ip -o link show up | grep -q tunl0"), 0);
	assert_int_not_equal(system("ip -o -4 addr show dev tunl0 | grep -q inet"), 0);
	assert_false(comes_through(ANYBODY, ESP, 0));
	assert_false(comes_through(ANYBODY, EXPERIMENTAL, 0));
}

static void test_tunnels_of_ours(void **state)
{
	const struct ipip ends = { .local = prefix_ipv4(htonl(HERE), 32),
		.remote = prefix_ipv4(htonl(MOVER), 32) };
	const char *device = DECAPSULATE_PREFIX "7";

	(void)state;
	NEED_IPIP
	assert_int_equal(link_add_ipip(kernel, device, &ends), 0);
	assert_int_equal(decapsulate_from_anywhere(kernel, device), 0);
	assert_filtered(MOVER);
	assert_int_equal(link_delete(kernel, device), 0);
	decapsulator_free(d);
}

/* Other tunnels of the host are nobody's business here; and what was filtered is let go at the end. */
static void test_tunnels_of_others(void **state)
{
	const struct ipip ends = { .local = prefix_ipv4(htonl(HERE), 32),
		.remote = prefix_ipv4(htonl(MOVER), 32) };

	(void)state;
	NEED_IPIP
	assert_int_equal(link_add_ipip(kernel, "others", &ends), 0);
	assert_int_equal(decapsulate_from_anywhere(kernel, "others"), 0);
	assert_true(comes_through(MOVER, EXPERIMENTAL, 0));
	assert_true(is_sent_on(MOVER, IPPROTO_UDP, 500));
	assert_int_equal(link_delete(kernel, "others"), 0);
	decapsulator_free(d);
	/* the kernel removes the table when it has been told of its owner's end */
	for (int i = 0; i < 100 && system("nft list ruleset | grep -q baton-inside") == 0; i++)
		usleep(10000);
	assert_int_not_equal(system("nft list ruleset | grep -q baton-inside"), 0);
}

static int enter(void **state)
{
	(void)state;
	if (!enter_test_space())
		return 0;
	if (system("ip link add d0 type veth peer name d1 && ip link set d0 up && ip link set d1 up && "
		   "ip addr add 10.9.0.1/24 dev d0 && ip route add default via 10.9.0.2 && "
		   "ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:09 dev d0 && "
		   "sysctl -qw net.ipv4.ip_forward=1") == 0)
		kernel = kernel_open();
	return 0;
}

static int leave(void **state)
{
	(void)state;
	kernel_close(kernel);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_anybody),
		cmocka_unit_test(test_tunnels_of_ours),
		cmocka_unit_test(test_tunnels_of_others),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
