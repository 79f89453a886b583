// SPDX-License-Identifier: Apache-2.0
/*
 * IP-in-IP while an address changes (docs/address-change.md §5.1), IPv4. What is between the old
 * address and the peer, IKE and ESP alike, goes inside packets of the new one: a rule leads what is
 * from (at the mover) or to (at the correspondent) the old address into a tunnel. The mover
 * keeps the old address on that tunnel for as long.
 *
 * Its end: at the mover when its sockets have moved; at the correspondent when it knows that
 * the mover has its answer, or after LINGER, when no request can be repeated any more.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ref/host/address.h"
#include "ref/host/decapsulate.h"
#include "ref/host/kernel.h"
#include "ref/host/link.h"
#include "ref/host/loop.h"
#include "ref/host/route.h"
#include "ref/iked/iked.h"

#define TABLE 0x42540000u
#define PRIORITY 11
#define LINGER (64 * BTIME_S)

struct tunnel {
	struct tunnel *next;
	struct iked *iked;
	const struct ike_sa *sa;
	bool here;
	char device[16];
	struct ipip ends;
	struct route route;
	struct route_rule rule;
	struct prefix old; /* the mover's, on the device */
	struct timer *end;
};

static struct tunnel *tunnel_of(struct iked *d, const struct ike_sa *sa, bool here)
{
	struct tunnel *t = d->tunnels;

	while (t && (t->sa != sa || t->here != here))
		t = t->next;
	return t;
}

static void take_down(struct tunnel *t)
{
	struct iked *d = t->iked;
	struct tunnel **at = &d->tunnels;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	rule_delete(d->node->kernel, &t->rule);
	route_delete(d->node->kernel, &t->route);
	if (t->here)
		address_delete(d->node->kernel, t->device, &t->old);
	link_delete(d->node->kernel, t->device);
	log_event_json(d->node->log, "tunnel_down", json_pack("{s:s}", "device", t->device));
	timer_free(t->end);
	free(t);
}

static void end_due(void *context)
{
	take_down(context);
}

static int raise_tunnel(struct tunnel *t)
{
	struct kernel *k = t->iked->node->kernel;
	char local[64], remote[64], inside[64];
	int result = link_add_ipip(k, t->device, &t->ends);

	if (result == 0)
		result = decapsulate_from_anywhere(k, t->device);
	if (result == 0 && t->here)
		result = address_add(k, t->device, &t->old, false);
	if (result == 0)
		result = route_set(k, &t->route);
	if (result == 0)
		result = rule_add(k, &t->rule);
	if (result < 0)
		log_warning(t->iked->node->log, "no tunnel: %s", kernel_error(k));
	else
		log_event_json(t->iked->node->log, "tunnel_up",
			json_pack("{s:s,s:s,s:s,s:s}", "device", t->device, "local",
				address_text(&t->ends.local, local), "remote",
				address_text(&t->ends.remote, remote), "inside",
				address_text(t->here ? &t->rule.from : &t->rule.to, inside)));
	return result;
}

static int add(struct iked *d, const struct ike_sa *sa, bool here, const struct ipip *ends,
	const struct prefix *old)
{
	struct tunnel *t = tunnel_of(d, sa, here);
	unsigned number = 0;

	if (t)
		take_down(t);
	for (const struct tunnel *o = d->tunnels; o; o = o->next)
		if (o->rule.table - TABLE >= number)
			number = o->rule.table - TABLE + 1;
	t = host_alloc(sizeof(*t));
	t->iked = d;
	t->sa = sa;
	t->here = here;
	t->ends = *ends;
	t->old = *old;
	snprintf(t->device, sizeof(t->device), DECAPSULATE_PREFIX "%u", number);
	t->route = (struct route){ .to = here ? ends->remote : *old,
		.source = here ? *old : ends->local, .device = t->device, .table = TABLE + number };
	t->rule = (struct route_rule){ .family = AF_INET, .priority = PRIORITY,
		.table = TABLE + number, .to = here ? ends->remote : *old };
	if (here)
		t->rule.from = *old;
	t->end = timer_new(d->node->loop, end_due, t);
	t->next = d->tunnels;
	d->tunnels = t;
	if (raise_tunnel(t) == 0)
		return 0;
	take_down(t);
	return -1;
}

int tunnel_leave(struct iked *d, const struct ike_sa *sa, const struct endpoint *to)
{
	struct ipip ends = { .local = prefix_of_endpoint(to),
		.remote = prefix_of_endpoint(sa_peer(sa)) };
	struct prefix old = prefix_of_endpoint(sa_agreed(sa));

	return add(d, sa, true, &ends, &old);
}

void tunnel_answer(struct iked *d, const struct ike_sa *sa, const struct ike_migration *m)
{
	struct ipip ends = { .local = prefix_of_endpoint(sa_agreed(sa)),
		.remote = prefix_of_endpoint(&m->peer) };
	struct prefix old = prefix_of_endpoint(&m->old_peer);
	struct tunnel *t = tunnel_of(d, sa, false);

	if (!t || !address_equal(&t->ends.remote, &ends.remote))
		t = add(d, sa, false, &ends, &old) == 0 ? tunnel_of(d, sa, false) : NULL;
	if (t)
		timer_set(t->end, btime_add(loop_now(), LINGER));
}

void tunnel_end(struct iked *d, const struct ike_sa *sa, bool here)
{
	struct tunnel *t = tunnel_of(d, sa, here);

	if (t)
		take_down(t);
}

void tunnels_inherit(struct iked *d, const struct ike_sa *old, const struct ike_sa *heir)
{
	for (struct tunnel *t = d->tunnels; t; t = t->next)
		if (t->sa == old)
			t->sa = heir;
}

int tunnels_start(struct iked *d)
{
	const struct iked_connection *list = d->settings->connections.items;
	uint16_t ports[2] = { ntohs(d->settings->listen.port), (uint16_t)d->settings->nat_port };
	bool wanted = false;

	for (size_t i = 0; i < d->settings->connections.count; i++)
		wanted = wanted || (list[i].address_change && list[i].tunnel);
	if (!wanted)
		return 0;
	d->decapsulator = decapsulator_new(d->node->kernel, ports);
	if (d->decapsulator)
		return 0;
	log_error(d->node->log, "taking tunnels: %s; %s; tunnel needs CAP_NET_ADMIN, a kernel with "
				"IP-in-IP and nf_tables", strerror(errno),
		kernel_error(d->node->kernel));
	return -1;
}

void tunnels_stop(struct iked *d)
{
	while (d->tunnels)
		take_down(d->tunnels);
	decapsulator_free(d->decapsulator);
}
