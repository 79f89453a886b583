// SPDX-License-Identifier: Apache-2.0
/* What all carriers share: sockets in the tester's node, the capture, waiting. */
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

#include "testbed/suite/link_carrier.h"

static const struct carrier_ops *const carriers[] = {
	[CARRIER_UDP] = &carrier_udp,
	[CARRIER_FRAMES] = &carrier_frames,
	[CARRIER_STREAM] = &carrier_stream,
};

btime link_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * BTIME_S + t.tv_nsec;
}

btime link_monotonic(struct timespec at)
{
	struct timespec wall;
	clock_gettime(CLOCK_REALTIME, &wall);
	btime now = link_now();
	btime ago = (wall.tv_sec - at.tv_sec) * BTIME_S + (wall.tv_nsec - at.tv_nsec);
	return ago < 0 || ago > 3600 * BTIME_S ? now : now - ago;
}

/* --- opening -------------------------------------------------------------------------------- */

int link_open_socket(struct link *link, int domain, int type, int protocol)
{
	const struct link_options *o = &link->options;

	if (o->network)
		return network_socket(o->network, o->node, domain, type, protocol);
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);
	return fd < 0 ? -errno : fd;
}

static int open_capture(struct link *link, char *why, size_t size)
{
	int fd = link_open_socket(link, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
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
	const struct carrier_ops *ops = carriers[link->options.carrier];

	for (unsigned i = 0; i < link->count; i++) {
		close(link->sockets[i]);
		if (ops->release)
			ops->release(link, i);
	}
	link->count = 0;
	capture_free(&link->capture);
}

int link_socket(struct link *link, unsigned address, uint16_t port, char *why, size_t size)
{
	struct endpoint local;

	if (link->count == LINK_SOCKETS_MAX) {
		snprintf(why, size, "the test opens too many sockets");
		return -1;
	}
	if (!link_address(link, address, port, &local)) {
		snprintf(why, size, "the tester has no such address on this wire");
		return -1;
	}
	return carriers[link->options.carrier]->open(link, &local, why, size);
}

bool link_address(const struct link *link, unsigned address, uint16_t port, struct endpoint *out)
{
	return carriers[link->options.carrier]->address(link, address, port, out);
}

int link_keep(struct link *link, int fd, const struct endpoint *local)
{
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	link->local[link->count] = *local;
	link->sockets[link->count] = fd;
	return (int)link->count++;
}

/* --- sending and receiving ------------------------------------------------------------------ */

int link_send(struct link *link, int socket, const struct endpoint *to, struct view octets)
{
	return carriers[link->options.carrier]->send(link, socket, to, octets);
}

int link_connect(struct link *link, int socket, const struct endpoint *to)
{
	return carriers[link->options.carrier]->connect(link, socket, to);
}

void link_hang_up(struct link *link, int socket)
{
	carriers[link->options.carrier]->hang_up(link, (unsigned)socket);
}

ssize_t link_read(struct link *link, unsigned i, union link_from *from, uint8_t *buffer,
	size_t size, btime *at)
{
	char control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec part = { buffer, size };
	struct msghdr m = { .msg_name = from, .msg_namelen = sizeof(*from), .msg_iov = &part,
		.msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(link->sockets[i], &m, MSG_DONTWAIT);
	struct timespec stamp;

	if (n < 0)
		return n;
	clock_gettime(CLOCK_REALTIME, &stamp);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&stamp, CMSG_DATA(h), sizeof(stamp));
	*at = link_monotonic(stamp);
	return n;
}

/* A message that came together with an earlier one. */
static bool take_pending(struct link *link, struct arena *arena, struct datagram *out)
{
	const struct carrier_ops *ops = carriers[link->options.carrier];

	for (unsigned i = 0; ops->pending && i < link->count; i++)
		if (ops->pending(link, i) && ops->take(link, i, arena, out))
			return true;
	return false;
}

/* The sockets that something can come to, and what else ends the wait; how many sockets. */
static unsigned watch_all(const struct link *link, int watch, struct pollfd *fds)
{
	const struct carrier_ops *ops = carriers[link->options.carrier];
	unsigned n = 0;

	for (; n < link->count; n++)
		fds[n] = (struct pollfd){ .events = POLLIN,
			.fd = ops->deaf && ops->deaf(link, n) ? -1 : link->sockets[n] };
	fds[n] = (struct pollfd){ .fd = link->capture.fd, .events = POLLIN };
	fds[n + 1] = (struct pollfd){ .fd = link->options.wake, .events = POLLIN };
	fds[n + 2] = (struct pollfd){ .fd = watch, .events = POLLIN };
	return n;
}

int link_receive(struct link *link, btime deadline, int watch, struct arena *arena,
	struct datagram *out)
{
	const struct carrier_ops *ops = carriers[link->options.carrier];
	struct pollfd fds[LINK_SOCKETS_MAX + 3];

	out->closed = false;
	if (take_pending(link, arena, out))
		return 1;
	for (;;) {
		unsigned sockets = watch_all(link, watch, fds);
		btime left = deadline - link_now();
		struct timespec wait = { .tv_sec = left > 0 ? left / BTIME_S : 0,
			.tv_nsec = left > 0 ? left % BTIME_S : 0 };
		if (ppoll(fds, sockets + 3, &wait, NULL) < 0 && errno != EINTR)
			return -1;
		capture_drain(&link->capture);
		if (fds[sockets + 1].revents)
			return -1;
		for (unsigned i = 0; i < sockets; i++)
			if (fds[i].revents && ops->take(link, i, arena, out))
				return 1;
		if (fds[sockets + 2].revents)
			return 2;
		if (left <= 0)
			return 0;
	}
}
