// SPDX-License-Identifier: Apache-2.0
/* TCP segments that no socket sends: what was under way at a move, a FIN from ourselves, a reset.
 */
#include <errno.h>
#include <linux/in6.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <unistd.h>

#include "ref/base/writer.h"
#include "ref/host/kernel.h"
#include "ref/host/move_inside.h"

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif
#define HEADERS_MAX (40 + 32)
#define FIN 0x01
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

static uint32_t add_up(uint32_t sum, struct view v)
{
	for (size_t i = 0; i < v.size; i++)
		sum += i % 2 ? v.data[i] : (uint32_t)v.data[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 9293 §3.1: over a pseudo header, the header and the data. */
static uint16_t checksum(const struct segment *s, struct view header)
{
	size_t size = ip_size(s->from.family), length = header.size + s->data.size;
	uint32_t sum = IPPROTO_TCP + (uint32_t)length;

	sum = add_up(sum, VIEW(s->from.address, size));
	sum = add_up(sum, VIEW(s->to.address, size));
	sum = add_up(sum, header); /* a multiple of four octets */
	return fold(add_up(sum, s->data));
}

static void write_tcp(struct writer *w, const struct segment *s)
{
	unsigned words = s->timestamps ? 8 : 5;
	uint8_t flags =
		(uint8_t)(ACK | (s->fin ? FIN : 0) | (s->rst ? RST : 0) | (s->data.size ? PSH : 0));

	write_u16(w, s->from_port);
	write_u16(w, s->to_port);
	write_u32(w, s->sequence);
	write_u32(w, s->acknowledge);
	write_u8(w, (uint8_t)(words << 4));
	write_u8(w, flags);
	write_u16(w, s->window);
	write_u16(w, 0); /* the checksum */
	write_u16(w, 0);
	if (s->timestamps) { /* RFC 7323 §3.2, two octets of padding before it */
		write_u32(w, 0x0101080a);
		write_u32(w, s->timestamp);
		write_u32(w, 0);
	}
}

static void write_ip(struct writer *w, const struct segment *s, size_t size)
{
	if (s->from.family == AF_INET) { /* RFC 791 §3.1; the kernel fills in what is zero */
		write_u16(w, 0x4500);
		write_u16(w, (uint16_t)(size + 20));
		write_u32(w, 0);
		write_u16(w, 64 << 8 | IPPROTO_TCP);
		write_u16(w, 0);
	} else { /* RFC 8200 §3 */
		write_u32(w, 0x60000000);
		write_u16(w, (uint16_t)size);
		write_u16(w, IPPROTO_TCP << 8 | 64);
	}
	write_bytes(w, s->from.address, ip_size(s->from.family));
	write_bytes(w, s->to.address, ip_size(s->to.family));
}

int segment_open(uint8_t family)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), mark = KERNEL_MARK, on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &on, sizeof(on));
	return fd;
}

int segment_send_by(int fd, const struct segment *s)
{
	uint8_t octets[HEADERS_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	struct endpoint to = endpoint_of_prefix(&s->to, 0);
	struct sockaddr_storage address;
	size_t ip = s->from.family == AF_INET ? 20 : 40, tcp = s->timestamps ? 32 : 20;
	struct iovec parts[2] = {{octets, ip + tcp}, {(void *)s->data.data, s->data.size}};
	struct msghdr message = {.msg_name = &address,
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_namelen = endpoint_to_sockaddr(&to, &address)};
	uint16_t sum;

	write_ip(&w, s, tcp + s->data.size);
	write_tcp(&w, s);
	sum = checksum(s, VIEW(octets + ip, tcp));
	octets[ip + 16] = (uint8_t)(sum >> 8);
	octets[ip + 17] = (uint8_t)sum;
	if (w.failed)
		return -EMSGSIZE;
	return sendmsg(fd, &message, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int segment_send(const struct segment *s)
{
	int fd = segment_open(s->from.family), result = fd < 0 ? -errno : segment_send_by(fd, s);

	if (fd >= 0)
		close(fd);
	return result;
}

void segment_exempt(int fd, uint8_t family, bool exempt)
{
	struct xfrm_userpolicy_info info = {.sel.family = family,
		.dir = XFRM_POLICY_IN,
		.lft = {XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0},
		.action = XFRM_POLICY_ALLOW};
	bool v6 = family == AF_INET6;

	setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_XFRM_POLICY : IP_XFRM_POLICY,
		exempt ? &info : NULL, exempt ? sizeof(info) : 0);
}
