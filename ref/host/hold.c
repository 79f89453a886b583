// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ref/base/reader.h"
#include "ref/host/hold.h"
#include "ref/host/kernel_nl.h"
#include "ref/host/link.h"
#include "ref/host/route.h"
#include "ref/host/sysctl.h"

#define DEVICE KERNEL_PREFIX "hold"
#define DEVICE_QUEUE 10000 /* packets that wait in the kernel while this program is busy */
#define RETRY BTIME_MS	   /* when the way out is full */
#define IPV4_HEADER 20

struct held {
	struct held *next;
	size_t size;
	uint8_t octets[];
};

struct entry {
	struct entry *next;
	struct hold *hold;
	struct prefix address;
	struct held *first, **last;
	unsigned depth;
	bool passing;
	btime latest; /* a packet came */
	struct timer *timer;
	struct hold_count count;
};

struct hold {
	struct kernel *kernel;
	struct loop *loop;
	struct hold_config config;
	struct route_rule rule;
	int tun, raw;
	struct watch *watch;
	struct entry *entries;
	uint8_t buffer[65536];
};

/* --- packets ---------------------------------------------------------------------------------- */

static struct entry *entry_of(const struct hold *h, const struct prefix *address)
{
	struct entry *e = h->entries;

	while (e && !address_equal(&e->address, address))
		e = e->next;
	return e;
}

/* Source and destination of an IPv4 packet; false for anything else. */
static bool addresses_of(struct view packet, struct prefix *source, struct prefix *destination)
{
	struct reader r = reader_of(packet);
	uint8_t version = read_u8(&r) >> 4;
	uint32_t from, to;

	read_view(&r, 11);
	read_bytes(&r, &from, 4);
	read_bytes(&r, &to, 4);
	*source = prefix_ipv4(from, 32);
	*destination = prefix_ipv4(to, 32);
	return !r.failed && version == 4;
}

/* 0, -EAGAIN when the way out is full, or another negative errno. */
static int send_packet(struct hold *h, struct view packet)
{
	struct prefix source, destination;
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct in_pktinfo info = { 0 };
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(info))];
	} control = { 0 };
	struct iovec iov = { (void *)packet.data, packet.size };
	struct msghdr message = { .msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	addresses_of(packet, &source, &destination);
	to.sin_addr.s_addr = prefix_u32(&destination);
	info.ipi_spec_dst.s_addr = prefix_u32(&source); /* so rules and policies see the source */
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	if (sendmsg(h->raw, &message, MSG_DONTWAIT) >= 0)
		return 0;
	return errno == ENOBUFS ? -EAGAIN : -errno;
}

static void drop_first(struct entry *e)
{
	struct held *p = e->first;

	e->first = p->next;
	if (!e->first)
		e->last = &e->first;
	e->count.waiting--;
	free(p);
}

/* Sends the oldest packets until none is left or the way out is full. */
static void send_waiting(struct entry *e)
{
	while (e->first) {
		int result = send_packet(e->hold, VIEW(e->first->octets, e->first->size));
		if (result == -EAGAIN)
			return;
		e->count.failed += result < 0;
		drop_first(e);
	}
}

static void take_packet(struct entry *e, struct view packet)
{
	struct held *p;

	e->latest = loop_now();
	if (e->count.waiting >= e->depth) {
		e->count.overflow++;
		return;
	}
	p = host_alloc(sizeof(*p) + packet.size);
	p->size = packet.size;
	memcpy(p->octets, packet.data, packet.size);
	*e->last = p;
	e->last = &p->next;
	e->count.waiting++;
	if (e->count.waiting > e->count.deepest)
		e->count.deepest = e->count.waiting;
	if (e->passing)
		e->count.passed++;
	else
		e->count.held++;
}

/* Reads all that the device has now. */
static void drain_device(struct hold *h)
{
	ssize_t size;

	while ((size = read(h->tun, h->buffer, sizeof(h->buffer))) > 0) {
		struct view packet = VIEW(h->buffer, (size_t)size);
		struct prefix source, destination;
		struct entry *e;
		if (!addresses_of(packet, &source, &destination))
			continue;
		e = entry_of(h, &destination);
		if (!e) { /* its route is gone already, so the ordinary way is right */
			send_packet(h, packet);
			continue;
		}
		take_packet(e, packet);
		if (e->passing)
			send_waiting(e);
	}
}

static void device_ready(void *context)
{
	drain_device(context);
}

/* --- entries ---------------------------------------------------------------------------------- */

static struct route hold_route(const struct hold *h, const struct prefix *address)
{
	struct route r = { .to = *address, .device = DEVICE, .table = h->config.table };

	r.to.length = 32;
	return r;
}

static void entry_free(struct entry *e)
{
	struct hold *h = e->hold;
	struct route route = hold_route(h, &e->address);

	route_delete(h->kernel, &route);
	for (struct entry **at = &h->entries; *at; at = &(*at)->next)
		if (*at == e) {
			*at = e->next;
			break;
		}
	while (e->first)
		drop_first(e);
	timer_free(e->timer);
	free(e);
}

static void timer_pause(void *context)
{
	struct entry *e = context;
	struct hold *h = e->hold;

	drain_device(h);
	send_waiting(e);
	if (e->first) {
		timer_set(e->timer, loop_now() + RETRY);
	} else if (loop_now() - e->latest < HOLD_PAUSE) {
		timer_set(e->timer, e->latest + HOLD_PAUSE);
	} else {
		entry_free(e);
		drain_device(h); /* what came between the look and the route's end */
	}
}

int hold_start(struct hold *h, const struct prefix *address, unsigned depth)
{
	struct route route = hold_route(h, address);
	struct entry *e = entry_of(h, address);
	int result;

	if (address->family != AF_INET)
		return kernel_fail(h->kernel, EAFNOSUPPORT, "holding packets");
	if (e && !e->passing)
		return kernel_fail(h->kernel, EALREADY, "holding packets");
	if (!e) {
		result = route_set(h->kernel, &route);
		if (result < 0)
			return result;
		e = host_alloc(sizeof(*e));
		e->hold = h;
		e->address = *address;
		e->last = &e->first;
		e->timer = timer_new(h->loop, timer_pause, e);
		e->next = h->entries;
		h->entries = e;
	}
	timer_set(e->timer, BTIME_NEVER);
	e->passing = false;
	e->depth = depth && depth < h->config.packets_max ? depth : h->config.packets_max;
	e->count = (struct hold_count){ .waiting = e->count.waiting, .started = loop_now() };
	return 0;
}

int hold_flush(struct hold *h, const struct prefix *address, struct hold_count *count)
{
	struct entry *e = entry_of(h, address);

	if (!e || e->passing)
		return -ENOENT;
	drain_device(h);
	send_waiting(e);
	e->passing = true;
	e->latest = loop_now();
	if (count)
		*count = e->count;
	timer_set(e->timer, e->first ? loop_now() + RETRY : e->latest + HOLD_PAUSE);
	return 0;
}

int hold_drop(struct hold *h, const struct prefix *address, struct hold_count *count)
{
	struct entry *e = entry_of(h, address);

	if (!e)
		return -ENOENT;
	if (count)
		*count = e->count;
	entry_free(e);
	return 0;
}

int hold_state(const struct hold *h, const struct prefix *address, struct hold_count *count)
{
	struct entry *e = entry_of(h, address);

	if (!e)
		return -ENOENT;
	*count = e->count;
	return 0;
}

/* --- life ------------------------------------------------------------------------------------- */

static int open_tun(struct hold *h)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };

	memcpy(request.ifr_name, DEVICE, sizeof(DEVICE));
	h->tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (h->tun < 0)
		return kernel_fail(h->kernel, errno, "opening /dev/net/tun");
	if (ioctl(h->tun, TUNSETIFF, &request) < 0)
		return kernel_fail(h->kernel, errno, "creating the interface " DEVICE);
	return 0;
}

static int open_raw(struct hold *h)
{
	int on = 1, mark = KERNEL_MARK, large = 1 << 23;

	h->raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (h->raw < 0)
		return kernel_fail(h->kernel, errno, "opening a raw socket");
	if (setsockopt(h->raw, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ||
		setsockopt(h->raw, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on)) < 0)
		return kernel_fail(h->kernel, errno, "preparing a raw socket");
	if (setsockopt(h->raw, SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof(large)) < 0)
		setsockopt(h->raw, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));
	return 0;
}

static int prepare(struct hold *h)
{
	int result;

	if ((result = open_tun(h)) < 0 || (result = open_raw(h)) < 0 ||
		(result = link_set_mtu(h->kernel, DEVICE, h->config.mtu)) < 0 ||
		(result = link_set_queue(h->kernel, DEVICE, DEVICE_QUEUE)) < 0 ||
		/* A tunnel's policy must not catch what is to be held. */
		(result = sysctl_set_device(h->kernel, DEVICE, "disable_xfrm", "1")) < 0 ||
		(result = link_set_up(h->kernel, DEVICE, true)) < 0)
		return result;
	return rule_add(h->kernel, &h->rule);
}

struct hold *hold_new(struct loop *loop, struct kernel *kernel, const struct hold_config *config)
{
	struct hold *h = host_alloc(sizeof(*h));

	h->kernel = kernel;
	h->loop = loop;
	h->config = *config;
	h->tun = h->raw = -1;
	h->rule = (struct route_rule){ .family = AF_INET,
		.mark = KERNEL_MARK,
		.except = true,
		.priority = config->priority,
		.table = config->table };
	if (prepare(h) < 0) {
		hold_free(h);
		return NULL;
	}
	h->watch = watch_readable(loop, h->tun, device_ready, h);
	return h;
}

void hold_free(struct hold *h)
{
	if (!h)
		return;
	while (h->entries)
		entry_free(h->entries);
	if (h->watch)
		rule_delete(h->kernel, &h->rule);
	watch_free(h->watch);
	if (h->tun >= 0)
		close(h->tun);
	if (h->raw >= 0)
		close(h->raw);
	free(h);
}
