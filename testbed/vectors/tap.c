// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <libnet.h>
#include <netdb.h>
#include <pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ref/base/reader.h"
#include "testbed/vectors/tap.h"

#define LANES_MAX 64
#define HOP_LIMIT 64
#define LANE_PORT_FIRST 20000
#define LANE_PORTS 40000

struct tap {
	pcap_t *pcap;
	libnet_t *libnet;
	struct sockaddr_storage source, target;
	socklen_t length; /* of both */
	uint16_t port;
	uint16_t
		next_port; /* of a lane: none is used twice, since the target remembers its peers */
	struct {
		int socket; /* -1: free */
		uint16_t port;
	} lanes[LANES_MAX];
	char error[TAP_ERROR];
};

btime tap_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (btime)t.tv_sec * 1000000000 + t.tv_nsec;
}

const char *tap_error(const struct tap *tap)
{
	return tap->error;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int resolve(struct tap *tap, const char *target, uint16_t port)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	int failed = getaddrinfo(target, service, &hints, &found);
	if (failed) {
		snprintf(tap->error, TAP_ERROR, "%s: %s; it would be an IPv4 or IPv6 address",
			target, gai_strerror(failed));
		return -1;
	}
	memcpy(&tap->target, found->ai_addr, found->ai_addrlen);
	tap->length = found->ai_addrlen;
	tap->port = port;
	freeaddrinfo(found);
	return 0;
}

/* The address that the kernel would send from. */
static int find_source(struct tap *tap, const char *interface, const char *target)
{
	int s = socket(tap->target.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(tap->source);
	int failed = -1;

	if (s >= 0 &&
		setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, interface,
			(socklen_t)strlen(interface)) == 0 &&
		connect(s, (struct sockaddr *)&tap->target, tap->length) == 0 &&
		getsockname(s, (struct sockaddr *)&tap->source, &length) == 0)
		failed = 0;
	else
		snprintf(tap->error, TAP_ERROR, "no way to %s by %s: %s", target, interface,
			strerror(errno));
	if (s >= 0)
		close(s);
	return failed;
}

static int open_pcap(struct tap *tap, const char *interface, const char *target)
{
	char filter[256], error[PCAP_ERRBUF_SIZE] = "";
	struct bpf_program program;

	tap->pcap = pcap_create(interface, error);
	if (!tap->pcap) {
		snprintf(tap->error, TAP_ERROR, "%s: %.200s", interface, error);
		return -1;
	}
	pcap_set_snaplen(tap->pcap, 65535);
	pcap_set_immediate_mode(tap->pcap, 1);
	pcap_set_timeout(tap->pcap, 10);
	int status = pcap_activate(tap->pcap);
	snprintf(filter, sizeof(filter), "udp and src host %s and src port %u", target, tap->port);
	if (status >= 0 &&
		pcap_compile(tap->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0) {
		status = pcap_setfilter(tap->pcap, &program);
		pcap_freecode(&program);
		if (status == 0 && pcap_setnonblock(tap->pcap, 1, error) == 0)
			return 0;
	}
	if (status == PCAP_ERROR_PERM_DENIED)
		snprintf(tap->error, TAP_ERROR,
			"%s: capturing is not allowed here; as root, or on a raised network "
			"(--topology)",
			interface);
	else
		snprintf(tap->error, TAP_ERROR, "%s: cannot capture: %.200s", interface,
			*pcap_geterr(tap->pcap) ? pcap_geterr(tap->pcap)
						: pcap_statustostr(status));
	return -1;
}

static int open_libnet(struct tap *tap, const char *interface)
{
	char error[LIBNET_ERRBUF_SIZE] = "";
	int kind = tap->target.ss_family == AF_INET6 ? LIBNET_RAW6 : LIBNET_RAW4;

	tap->libnet = libnet_init(kind, interface, error);
	if (tap->libnet)
		return 0;
	snprintf(tap->error, TAP_ERROR, "%s: cannot send: %.200s", interface, error);
	return -1;
}

struct tap *tap_open(const char *interface, const char *target, uint16_t port, char *error)
{
	struct tap *tap = calloc(1, sizeof(*tap));

	if (!tap)
		abort();
	for (int i = 0; i < LANES_MAX; i++)
		tap->lanes[i].socket = -1;
	/* Another run begins elsewhere: the target may still remember this one. */
	tap->next_port = (uint16_t)(LANE_PORT_FIRST + tap_now() / 1000 % LANE_PORTS);
	if (resolve(tap, target, port) == 0 && find_source(tap, interface, target) == 0 &&
		open_pcap(tap, interface, target) == 0 && open_libnet(tap, interface) == 0)
		return tap;
	memcpy(error, tap->error, TAP_ERROR);
	tap_close(tap);
	return NULL;
}

void tap_close(struct tap *tap)
{
	if (!tap)
		return;
	for (int i = 0; i < LANES_MAX; i++)
		tap_lane_close(tap, i);
	if (tap->pcap)
		pcap_close(tap->pcap);
	if (tap->libnet)
		libnet_destroy(tap->libnet);
	free(tap);
}

/* --- lanes ------------------------------------------------------------------------------------ */

static void set_port(struct sockaddr_storage *a, uint16_t port)
{
	if (a->ss_family == AF_INET6)
		((struct sockaddr_in6 *)a)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)a)->sin_port = htons(port);
}

int tap_lane(struct tap *tap)
{
	struct sockaddr_storage any = {.ss_family = tap->target.ss_family};
	int lane = 0;

	while (lane < LANES_MAX && tap->lanes[lane].socket >= 0)
		lane++;
	int s = lane < LANES_MAX ? socket(any.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	for (unsigned tries = 0; s >= 0 && tries < LANE_PORTS; tries++) {
		uint16_t port = tap->next_port++;
		if (tap->next_port == LANE_PORT_FIRST + LANE_PORTS)
			tap->next_port = LANE_PORT_FIRST;
		set_port(&any, port);
		if (bind(s, (struct sockaddr *)&any, tap->length) < 0)
			continue;
		tap->lanes[lane].socket = s;
		tap->lanes[lane].port = port;
		return lane;
	}
	if (s >= 0)
		close(s);
	return -1;
}

void tap_lane_close(struct tap *tap, int lane)
{
	if (lane < 0 || tap->lanes[lane].socket < 0)
		return;
	close(tap->lanes[lane].socket);
	tap->lanes[lane].socket = -1;
}

/* --- sending ---------------------------------------------------------------------------------- */

static struct libnet_in6_addr in6_of(const struct sockaddr_storage *a)
{
	struct libnet_in6_addr out;
	memcpy(&out, &((const struct sockaddr_in6 *)a)->sin6_addr, sizeof(out));
	return out;
}

static uint32_t in4_of(const struct sockaddr_storage *a)
{
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr;
}

int tap_send(struct tap *tap, int lane, struct view datagram)
{
	libnet_t *l = tap->libnet;
	uint16_t size = (uint16_t)(LIBNET_UDP_H + datagram.size);
	const uint8_t *payload = datagram.size ? datagram.data : NULL;
	libnet_ptag_t ip = -1;

	libnet_clear_packet(l);
	if (libnet_build_udp(tap->lanes[lane].port, tap->port, size, 0, payload,
		    (uint32_t)datagram.size, l, 0) < 0)
		goto failed;
	if (tap->target.ss_family == AF_INET6)
		ip = libnet_build_ipv6(0, 0, size, IPPROTO_UDP, HOP_LIMIT, in6_of(&tap->source),
			in6_of(&tap->target), NULL, 0, l, 0);
	else
		ip = libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + size), 0, 0, 0, HOP_LIMIT,
			IPPROTO_UDP, 0, in4_of(&tap->source), in4_of(&tap->target), NULL, 0, l, 0);
	if (ip >= 0 && libnet_write(l) >= 0)
		return 0;
failed:
	snprintf(tap->error, TAP_ERROR, "sending: %.200s", libnet_geterror(l));
	return -1;
}

/* --- receiving -------------------------------------------------------------------------------- */

/* The IP packet of a frame; empty for a link type that is not known here. */
static struct view network_layer(int link, struct view frame)
{
	size_t head = link == DLT_EN10MB ? 14 : link == DLT_LINUX_SLL ? 16 : 0;

	if ((link != DLT_EN10MB && link != DLT_LINUX_SLL && link != DLT_RAW) || frame.size < head)
		return VIEW_EMPTY;
	return VIEW(frame.data + head, frame.size - head);
}

struct view tap_payload(int link_type, struct view frame, uint16_t *destination)
{
	struct reader r = reader_of(network_layer(link_type, frame));
	uint8_t first = read_u8(&r);

	if (first >> 4 == 4)
		read_view(&r, (size_t)(first & 15) * 4 - 1);
	else
		read_view(&r, 39);
	read_u16(&r);
	*destination = read_u16(&r);
	size_t length = read_u16(&r);
	read_u16(&r);
	if (r.failed || length < LIBNET_UDP_H)
		return VIEW_EMPTY;
	struct view payload = read_view(&r, length - LIBNET_UDP_H);
	return r.failed ? VIEW_EMPTY : payload;
}

static int next_frame(struct tap *tap, uint16_t port, uint8_t *buffer)
{
	struct pcap_pkthdr *header;
	const u_char *data;

	while (pcap_next_ex(tap->pcap, &header, &data) == 1) {
		struct view frame = VIEW(data, header->caplen);
		uint16_t to;
		struct view payload = tap_payload(pcap_datalink(tap->pcap), frame, &to);
		if (!payload.data || to != port || payload.size > TAP_DATAGRAM_MAX)
			continue;
		memcpy(buffer, payload.data, payload.size);
		return (int)payload.size;
	}
	return -1;
}

int tap_receive(struct tap *tap, int lane, btime deadline, uint8_t *buffer)
{
	struct pollfd wait = {.fd = pcap_get_selectable_fd(tap->pcap), .events = POLLIN};

	for (;;) {
		int size = next_frame(tap, tap->lanes[lane].port, buffer);
		btime left = deadline - tap_now();
		if (size >= 0 || left <= 0)
			return size;
		poll(&wait, 1, (int)(left / 1000000 + 1));
	}
}
