// SPDX-License-Identifier: Apache-2.0
/*
 * Answers that leave by a way of their own (docs/reply-path.md §6). IKE asks for the way, waits until
 * it is there, sends, and has it taken out; ref/host/ways.h is who puts it in, a process apart, so
 * that it goes also when this one is killed meanwhile.
 */
#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>

#include "ref/host/link.h"
#include "ref/host/route.h"
#include "ref/host/ways.h"
#include "ref/iked/iked.h"

int reply_start(struct iked *d)
{
	if (!d->settings->reply_paths.count)
		return 0;
	int result = udp_mark(d->plain, 0);
	d->ways = result == 0 ? ways_new(d->settings->reply_limit) : NULL;
	if (d->ways)
		return 0;
	log_error(d->node->log, "answers elsewhere: %s; reply_paths needs CAP_NET_ADMIN",
		strerror(result < 0 ? -result : errno));
	return -1;
}

void reply_stop(struct iked *d)
{
	ways_free(d->ways);
}

/* The interface by which we reach the peer has the address that it is to answer to. */
static int find_link(struct iked *d, const struct iked_connection *from, struct ike_connection *c)
{
	struct route_answer way;
	struct link_info link;

	if (route_lookup(d->node->kernel, &from->remote, NULL, &way) < 0 ||
		link_get(d->node->kernel, way.device, &link) < 0) {
		log_error(d->node->log, "connection %s: reply_link, and no interface towards its "
					"peer", from->name);
		return -1;
	}
	c->reply_path = (struct endpoint){ .family = AF_PACKET };
	memcpy(c->reply_path.address, link.mac, sizeof(link.mac));
	return 0;
}

int reply_find_links(struct iked *d)
{
	const struct iked_connection *list = d->settings->connections.items;

	for (size_t i = 0; i < d->settings->connections.count; i++)
		if (list[i].reply_link && (node_kernel(d->node) < 0 ||
			find_link(d, &list[i], &d->connections[i]) < 0))
			return -1;
	return 0;
}

/* Whom the routes of this host reach at that interface needs no other way, and its neighbour entry
 * is used by others: RP §4. */
static bool is_at_home(struct iked *d, const struct prefix *to)
{
	struct route_answer way;

	return node_kernel(d->node) == 0 && route_lookup(d->node->kernel, to, NULL, &way) == 0 &&
		!way.via.family && way.ifindex == d->came_in;
}

/* §6, 1 to 7: the way is asked for and confirmed, used, given back and confirmed. */
static int send_there(struct iked *d, struct udp *udp, const struct endpoint *local,
	const struct endpoint *peer, struct view datagram, const struct way *way)
{
	int result = ways_take(d->ways, way);

	if (result < 0)
		return result;
	result = udp_mark(udp, WAYS_MARK);
	if (result == 0)
		result = udp_send(udp, local, peer, datagram);
	udp_mark(udp, 0);
	int back = ways_give_back(d->ways);
	return result < 0 ? result : back;
}

int reply_send(struct iked *d, struct udp *udp, const struct endpoint *local,
	const struct endpoint *peer, const struct endpoint *via, struct view datagram)
{
	struct way way = { .to = prefix_of_endpoint(peer), .from = prefix_of_endpoint(local),
		.via = *via, .ifindex = d->came_in };
	bool link = via->family == AF_PACKET;
	char to[64], by[64];
	int result;

	if (!d->ways || (link && !d->came_in))
		return -EINVAL;
	if (via->family == AF_INET6)
		return -EAFNOSUPPORT;
	if (link && is_at_home(d, &way.to))
		result = udp_send(udp, local, peer, datagram);
	else
		result = send_there(d, udp, local, peer, datagram, &way);
	if (result == 0)
		log_debug(d->node->log, "an answer to %s by %s: sent",
			endpoint_text(peer, to, sizeof(to)), endpoint_text(via, by, sizeof(by)));
	return result;
}
