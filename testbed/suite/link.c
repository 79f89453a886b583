// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "testbed/suite/link.h"

btime link_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * BTIME_S + t.tv_nsec;
}

/* A time of CLOCK_REALTIME, as packets carry, on CLOCK_MONOTONIC. */
static btime monotonic_of(struct timespec at)
{
	struct timespec wall;
	clock_gettime(CLOCK_REALTIME, &wall);
	btime now = link_now();
	btime ago = (wall.tv_sec - at.tv_sec) * BTIME_S + (wall.tv_nsec - at.tv_nsec);
	return ago < 0 || ago > 3600 * BTIME_S ? now : now - ago;
}

/* --- addresses ------------------------------------------------------------------------------ */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t to_sockaddr(const struct endpoint *e, union address *a)
{
	memset(a, 0, sizeof(*a));
	if (e->family == AF_INET6) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = e->port;
		memcpy(&a->v6.sin6_addr, e->address, 16);
		return sizeof(a->v6);
	}
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = e->port;
	memcpy(&a->v4.sin_addr, e->address, 4);
	return sizeof(a->v4);
}

static struct endpoint from_sockaddr(const union address *a)
{
	struct endpoint e = { .family = (uint8_t)a->any.sa_family };

	if (e.family == AF_INET6) {
		e.port = a->v6.sin6_port;
		memcpy(e.address, &a->v6.sin6_addr, 16);
	} else {
		e.port = a->v4.sin_port;
		memcpy(e.address, &a->v4.sin_addr, 4);
	}
	return e;
}

/* --- opening -------------------------------------------------------------------------------- */

static int open_socket(const struct link_options *o, int domain, int type, int protocol)
{
	if (o->network)
		return network_socket(o->network, o->node, domain, type, protocol);
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);
	return fd < 0 ? -errno : fd;
}

static int open_capture(struct link *link, char *why, size_t size)
{
	int fd = open_socket(&link->options, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	struct ifreq request = { 0 };
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	if (fd < 0) {
		snprintf(why, size, "no packet socket for the capture: %s", strerror(-fd));
		return -1;
	}
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", link->options.interface);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0) {
		snprintf(why, size, "no interface %s: %s", link->options.interface,
			strerror(errno));
		close(fd);
		return -1;
	}
	at.sll_ifindex = request.ifr_ifindex;
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		snprintf(why, size, "the capture cannot listen at %s: %s", link->options.interface,
			strerror(errno));
		close(fd);
		return -1;
	}
	capture_start(&link->capture, fd);
	return 0;
}

int link_open(struct link *link, const struct link_options *options, char *why, size_t size)
{
	*link = (struct link){ .options = *options, .capture = { .fd = -1 } };
	return open_capture(link, why, size);
}

void link_close(struct link *link)
{
	for (unsigned i = 0; i < link->count; i++)
		close(link->sockets[i]);
	link->count = 0;
	capture_free(&link->capture);
}

int link_socket(struct link *link, unsigned address, uint16_t port, char *why, size_t size)
{
	struct endpoint local = link->options.tester[address];
	const int on = 1;
	union address a;
	socklen_t n = sizeof(a);

	local.port = htons(port);
	if (!local.family || link->count == LINK_SOCKETS_MAX) {
		snprintf(why, size, "%s", local.family ? "the test opens too many sockets" :
			"the tester has no such address on this wire");
		return -1;
	}
	int fd = open_socket(&link->options, local.family, SOCK_DGRAM, 0);
	if (fd < 0) {
		snprintf(why, size, "no socket: %s", strerror(-fd));
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (bind(fd, &a.any, to_sockaddr(&local, &a)) < 0 || getsockname(fd, &a.any, &n) < 0) {
		snprintf(why, size, "port %u cannot be had: %s", port, strerror(errno));
		close(fd);
		return -1;
	}
	link->local[link->count] = from_sockaddr(&a);
	link->sockets[link->count] = fd;
	return (int)link->count++;
}

/* --- sending and receiving ------------------------------------------------------------------ */

int link_send(struct link *link, int socket, const struct endpoint *to, struct view octets)
{
	union address a;
	socklen_t n = to_sockaddr(to, &a);

	/* An ICMP error for an earlier datagram may wait in the socket; it is not about this. */
	for (int i = 0; i < 2; i++)
		if (sendto(link->sockets[socket], octets.data, octets.size, 0, &a.any, n) >= 0)
			return 0;
	return -1;
}

static bool take(struct link *link, unsigned i, struct arena *arena, struct datagram *out)
{
	static _Thread_local uint8_t buffer[65536];
	char control[CMSG_SPACE(sizeof(struct timespec))];
	union address from;
	struct iovec part = { buffer, sizeof(buffer) };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part,
		.msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct timespec at;
	ssize_t n = recvmsg(link->sockets[i], &m, MSG_DONTWAIT);

	if (n < 0)
		return false;
	clock_gettime(CLOCK_REALTIME, &at);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&at, CMSG_DATA(h), sizeof(at));
	out->octets = VIEW(arena_copy(arena, (const char *)buffer, (size_t)n), (size_t)n);
	out->at = monotonic_of(at);
	out->from = from_sockaddr(&from);
	out->socket = (int)i;
	return true;
}

int link_receive(struct link *link, btime deadline, int watch, struct arena *arena,
	struct datagram *out)
{
	struct pollfd fds[LINK_SOCKETS_MAX + 3];
	unsigned n = 0;

	for (; n < link->count; n++)
		fds[n] = (struct pollfd){ .fd = link->sockets[n], .events = POLLIN };
	fds[n++] = (struct pollfd){ .fd = link->capture.fd, .events = POLLIN };
	fds[n++] = (struct pollfd){ .fd = link->options.wake, .events = POLLIN };
	fds[n++] = (struct pollfd){ .fd = watch, .events = POLLIN };
	for (;;) {
		btime left = deadline - link_now();
		struct timespec wait = { .tv_sec = left > 0 ? left / BTIME_S : 0,
			.tv_nsec = left > 0 ? left % BTIME_S : 0 };
		if (ppoll(fds, n, &wait, NULL) < 0 && errno != EINTR)
			return -1;
		capture_drain(&link->capture);
		if (fds[n - 2].revents)
			return -1;
		for (unsigned i = 0; i < link->count; i++)
			if (fds[i].revents && take(link, i, arena, out))
				return 1;
		if (fds[n - 1].revents)
			return 2;
		if (left <= 0)
			return 0;
	}
}
