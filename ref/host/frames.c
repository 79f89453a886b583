// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/host/frames.h"

#define FRAME_MAX 65536
#define BURST 64

struct frames {
	int fd;
	unsigned ifindex;
	uint16_t ethertype;
	struct watch *watch;
	frames_receiver *receive;
	void *context;
	uint8_t buffer[FRAME_MAX];
};

/* IPv4, not a later fragment, UDP, destination port k of the filter. */
static int filter_udp(int fd, unsigned header, uint16_t port)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, header + 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, header + 6),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, header),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, header + 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* Octets of the link-layer header: of Ethernet, or none. */
static unsigned header_of(int fd, const char *device)
{
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, device, strnlen(device, IFNAMSIZ - 1));
	return ioctl(fd, SIOCGIFHWADDR, &request) == 0 &&
			request.ifr_hwaddr.sa_family == ARPHRD_NONE
		? 0
		: ETH_HLEN;
}

static bool checksums_set(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct tpacket_auxdata aux;
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		return !(aux.tp_status & TP_STATUS_CSUMNOTREADY);
	}
	return true;
}

static bool receive_one(struct frames *f)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct sockaddr_ll from = { 0 };
	struct iovec iov = { f->buffer, sizeof(f->buffer) };
	struct msghdr message = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t size = recvmsg(f->fd, &message, MSG_DONTWAIT);

	if (size < 0)
		return errno == EINTR || errno == ENETDOWN;
	struct frame frame = { .data = VIEW(f->buffer, (size_t)size),
		.checksums_set = checksums_set(&message),
		.outgoing = from.sll_pkttype == PACKET_OUTGOING };
	f->receive(f->context, &frame);
	return true;
}

static void ready(void *context)
{
	struct frames *f = context;

	for (int i = 0; i < BURST && receive_one(f); i++)
		;
}

struct frames *frames_open(struct loop *loop, const char *device, uint16_t ethertype,
	uint16_t udp_port, frames_receiver *receive, void *context)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
		.sll_protocol = receive ? htons(ethertype) : 0,
		.sll_ifindex = (int)if_nametoindex(device) };
	int on = 1, fd, saved;
	struct frames *f;

	if (!address.sll_ifindex)
		return NULL;
	/* Protocol 0 until bound and filtered: nothing of other interfaces gets in. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return NULL;
	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
		(udp_port && filter_udp(fd, header_of(fd, device), udp_port) < 0) ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return NULL;
	}
	f = host_alloc(sizeof(*f));
	f->fd = fd;
	f->ifindex = (unsigned)address.sll_ifindex;
	f->ethertype = ethertype;
	f->receive = receive;
	f->context = context;
	if (receive)
		f->watch = watch_readable(loop, fd, ready, f);
	return f;
}

int frames_promiscuous(struct frames *f)
{
	struct packet_mreq request = { .mr_ifindex = (int)f->ifindex,
		.mr_type = PACKET_MR_PROMISC };

	return setsockopt(f->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)) < 0
		? -errno
		: 0;
}

int frames_send(struct frames *f, struct view frame)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(f->ethertype),
		.sll_ifindex = (int)f->ifindex };

	return sendto(f->fd, frame.data, frame.size, MSG_DONTWAIT, (struct sockaddr *)&to,
		       sizeof(to)) < 0 ?
		-errno :
		0;
}

void frames_close(struct frames *f)
{
	if (!f)
		return;
	watch_free(f->watch);
	close(f->fd);
	free(f);
}
