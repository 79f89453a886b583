// SPDX-License-Identifier: Apache-2.0
/* Hears that addresses came or went; what they are now, address_get tells. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/host/address.h"
#include "ref/host/loop.h"

struct address_watch {
	int fd;
	struct watch *watch;
	void (*changed)(void *context);
	void *context;
};

static void ready(void *context)
{
	struct address_watch *w = context;
	char octets[8192];
	bool any = false;

	/* ENOBUFS: some were lost, so there were some */
	while (recv(w->fd, octets, sizeof(octets), MSG_DONTWAIT) > 0 || errno == ENOBUFS) {
		any = true;
		errno = 0;
	}
	if (any)
		w->changed(w->context);
}

static struct address_watch *watch(struct loop *loop, uint32_t groups,
	void (*changed)(void *context), void *context)
{
	struct address_watch *w = host_alloc(sizeof(*w));
	struct sockaddr_nl local = { .nl_family = AF_NETLINK,
		.nl_groups = groups };
	int saved;

	w->changed = changed;
	w->context = context;
	w->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (w->fd >= 0 && bind(w->fd, (struct sockaddr *)&local, sizeof(local)) == 0) {
		w->watch = watch_readable(loop, w->fd, ready, w);
		return w;
	}
	saved = errno;
	address_watch_free(w);
	errno = saved;
	return NULL;
}

struct address_watch *address_watch_new(struct loop *loop, void (*changed)(void *context),
	void *context)
{
	return watch(loop, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, changed, context);
}

struct address_watch *way_watch_new(struct loop *loop, void (*changed)(void *context),
	void *context)
{
	return watch(loop, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			RTMGRP_IPV6_ROUTE, changed, context);
}

void address_watch_free(struct address_watch *w)
{
	if (!w)
		return;
	watch_free(w->watch);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}
