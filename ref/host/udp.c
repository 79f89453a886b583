// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "ref/host/ipsec.h"
#include "ref/host/kernel.h"
#include "ref/host/udp.h"

/* Datagrams taken before the loop looks at anything else. */
#define BURST 64

struct udp {
	int fd;
	struct watch *watch;
	struct endpoint bound;
	udp_receiver *receive;
	void *context;
	bool receiving, closed; /* closed by its own receiver: freed when that returns */
	uint8_t buffer[UDP_DATAGRAM_MAX];
};

/* Room for one in_pktinfo or in6_pktinfo, aligned as cmsghdr wants it. */
union pktinfo_buffer {
	struct cmsghdr align;
	char octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void take_pktinfo(struct msghdr *message, struct udp_datagram *d)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			/* Ours even when the destination was a broadcast: we can answer from it. */
			memcpy(d->local.address, &info.ipi_spec_dst, 4);
			d->ifindex = (unsigned)info.ipi_ifindex;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(d->local.address, &info.ipi6_addr, 16);
			d->ifindex = info.ipi6_ifindex;
		}
	}
}

/* False when nothing more is there. */
static bool receive_one(struct udp *udp)
{
	struct sockaddr_storage from = { 0 };
	union pktinfo_buffer control;
	struct iovec iov = { udp->buffer, sizeof(udp->buffer) };
	struct msghdr message = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t size = recvmsg(udp->fd, &message, MSG_DONTWAIT);

	if (size < 0) /* an ICMP error of an earlier datagram is no reason to stop reading */
		return errno != EAGAIN && errno != EBADF;
	struct udp_datagram d = { .data = VIEW(udp->buffer, (size_t)size),
		.local = udp->bound,
		.peer = endpoint_from_sockaddr(&from) };
	take_pktinfo(&message, &d);
	udp->receive(udp->context, &d);
	return true;
}

static void ready(void *context)
{
	struct udp *udp = context;

	udp->receiving = true;
	for (int i = 0; i < BURST && !udp->closed && receive_one(udp); i++)
		;
	udp->receiving = false;
	if (udp->closed)
		udp_close(udp);
}

static int set_options(int fd, uint8_t family, const char *device)
{
	int on = 1, mark = KERNEL_MARK, large = 1 << 21;
	bool v6 = family == AF_INET6;

	if (setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on,
		    sizeof(on)) < 0)
		return -1;
	if (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -1;
	/* The next three need privilege that a plain PANA node can do without. */
	setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, &on,
		sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof(large)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large));
	if (!v6)
		setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	if (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
			      (socklen_t)strnlen(device, IFNAMSIZ)) < 0)
		return -1;
	return 0;
}

struct udp *udp_open(struct loop *loop, const struct endpoint *local, const char *device,
	udp_receiver *receive, void *context)
{
	struct sockaddr_storage address;
	socklen_t size = endpoint_to_sockaddr(local, &address);
	int fd = socket(local->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), saved;
	struct udp *udp;

	if (fd < 0)
		return NULL;
	if (set_options(fd, local->family, device) < 0 ||
		bind(fd, (struct sockaddr *)&address, size) < 0)
		goto out;
	size = sizeof(address);
	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		goto out;
	udp = host_alloc(sizeof(*udp));
	udp->fd = fd;
	udp->bound = endpoint_from_sockaddr(&address);
	udp->receive = receive;
	udp->context = context;
	udp->watch = watch_readable(loop, fd, ready, udp);
	return udp;
out:
	saved = errno;
	close(fd);
	errno = saved;
	return NULL;
}

int udp_bypass_ipsec(struct udp *udp)
{
	return ipsec_bypass(udp->fd, udp->bound.family);
}

int udp_take_esp(struct udp *udp)
{
	return ipsec_udp_socket(udp->fd);
}

struct endpoint udp_local(const struct udp *udp)
{
	return udp->bound;
}

static bool is_any(const struct endpoint *e)
{
	static const uint8_t zero[16];

	return memcmp(e->address, zero, ip_size(e->family)) == 0;
}

static void put_pktinfo(struct msghdr *message, union pktinfo_buffer *control,
	const struct endpoint *local)
{
	bool v6 = local->family == AF_INET6;
	struct in_pktinfo info = { 0 };
	struct in6_pktinfo info6 = { 0 };
	size_t size = v6 ? sizeof(info6) : sizeof(info);
	struct cmsghdr *c;

	memset(control, 0, sizeof(*control));
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(size);
	c = CMSG_FIRSTHDR(message);
	c->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(&info.ipi_spec_dst, local->address, 4);
	memcpy(&info6.ipi6_addr, local->address, 16);
	memcpy(CMSG_DATA(c), v6 ? (void *)&info6 : (void *)&info, size);
}

int udp_send(struct udp *udp, const struct endpoint *local, const struct endpoint *peer,
	struct view data)
{
	struct sockaddr_storage to;
	union pktinfo_buffer control;
	struct iovec iov = { (void *)data.data, data.size };
	struct msghdr message = { .msg_name = &to,
		.msg_namelen = endpoint_to_sockaddr(peer, &to),
		.msg_iov = &iov,
		.msg_iovlen = 1 };

	if (local && local->family == peer->family && !is_any(local))
		put_pktinfo(&message, &control, local);
	return sendmsg(udp->fd, &message, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int udp_mark(struct udp *udp, unsigned mark)
{
	unsigned value = mark ? mark : KERNEL_MARK;

	return setsockopt(udp->fd, SOL_SOCKET, SO_MARK, &value, sizeof(value)) < 0 ? -errno : 0;
}

void udp_close(struct udp *udp)
{
	if (!udp)
		return;
	udp->closed = true;
	if (udp->receiving)
		return;
	watch_free(udp->watch);
	close(udp->fd);
	free(udp);
}
