// SPDX-License-Identifier: Apache-2.0
/*
 * Where this host is, by the kernel's own account: the address from which it would send to a peer
 * now. When addresses or routes change and that is another one than an SA has, the SA moves there,
 * each for itself. As long as there is no way to the peer nothing happens; an old address that
 * the kernel still prefers is one that the SA stays at.
 */
#include <errno.h>
#include <stdlib.h>

#include "ref/host/address.h"
#include "ref/host/route.h"
#include "ref/iked/iked.h"

struct follow {
	struct address_watch *watch;
};

static bool same(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, ip_size(a->family)) == 0;
}

static void follow_one(struct iked *d, struct ike_sa *sa)
{
	struct prefix peer = prefix_of_endpoint(sa_peer(sa));
	struct endpoint at = *sa_local(sa);
	struct ike_event event = { .kind = IKE_EVENT_MOVED };
	struct route_answer way;
	char text[64];

	if (route_lookup(d->node->kernel, &peer, NULL, &way) < 0 || !way.source.family)
		return;
	event.local = endpoint_of_prefix(&way.source, 0);
	carry_target(d, sa, &at);
	if (same(&at, &event.local))
		return;
	log_info(d->node->log, "our address towards %s is another one now",
		endpoint_text(sa_peer(sa), text, sizeof(text)));
	iked_move(d, sa, event);
}

static void changed(void *context)
{
	struct iked *d = context;

	for (struct ike_sa *sa = sa_next(d, NULL), *next; sa; sa = next) {
		next = sa_next(d, sa);
		if (sa_established(sa) && (sa_changes(sa) || sa_mobike(sa)))
			follow_one(d, sa);
	}
}

int follow_start(struct iked *d)
{
	if (node_kernel(d->node) < 0)
		return -1;
	d->follow = host_alloc(sizeof(*d->follow));
	d->follow->watch = way_watch_new(d->node->loop, changed, d);
	if (d->follow->watch)
		return 0;
	log_error(d->node->log, "hearing of addresses and routes: %s", strerror(errno));
	return -1;
}

void follow_stop(struct iked *d)
{
	if (!d->follow)
		return;
	address_watch_free(d->follow->watch);
	free(d->follow);
}
