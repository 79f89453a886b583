// SPDX-License-Identifier: Apache-2.0
/*
 * Connections that begin by themselves (`start`) begin again when the peer could not be reached any
 * more: after a pause, from where this host is now, until the peer answers. A peer that refuses, or
 * ends the IKE SA, has its will.
 */
#include <stdlib.h>

#include "ref/iked/iked.h"

struct again {
	btime due; /* BTIME_NEVER: nothing is to be done */
	bool tried; /* where the peer was last; then it is where the configuration has it */
	struct endpoint local, peer; /* from where and to where */
};

static size_t place_of(const struct iked *d, const struct ike_sa *sa)
{
	return (size_t)(sa_connection(sa) - d->connections);
}

static const struct iked_connection *settings_of(const struct iked *d, size_t i)
{
	return (const struct iked_connection *)d->settings->connections.items + i;
}

static bool is_up(struct iked *d, size_t i)
{
	for (struct ike_sa *sa = sa_next(d, NULL); sa; sa = sa_next(d, sa))
		if (place_of(d, sa) == i && sa_established(sa))
			return true;
	return false;
}

static void set_timer(struct iked *d)
{
	btime due = BTIME_NEVER;

	for (size_t i = 0; i < d->settings->connections.count; i++)
		due = btime_min(due, d->again[i].due);
	timer_set(d->again_timer, due);
}

static void begin(struct iked *d, size_t i)
{
	struct again *a = &d->again[i];
	struct actions actions;
	char from[64], to[64];

	a->due = BTIME_NEVER;
	if (is_up(d, i))
		return;
	a->tried = true;
	follow_where(d, &a->peer, &a->local);
	log_event_json(d->node->log, "beginning_again", json_pack("{s:s,s:s,s:s}", "connection",
		settings_of(d, i)->name, "from", endpoint_text(&a->local, from, sizeof(from)),
		"to", endpoint_text(&a->peer, to, sizeof(to))));
	actions_clear(&actions);
	sa_initiate_at(d, &d->connections[i], &a->local, &a->peer, loop_now(), &actions);
	iked_take(d, &actions);
}

static void due(void *context)
{
	struct iked *d = context;

	for (size_t i = 0; i < d->settings->connections.count; i++)
		if (d->again[i].due <= loop_now())
			begin(d, i);
	set_timer(d);
}

/* A tenth by chance, so that a gateway's peers do not all come back at once. */
static btime pause_of(struct iked *d, btime pause)
{
	return pause - pause / 10 * random_below(&d->node->random, 1000) / 1000;
}

void again_unreachable(struct iked *d, const struct ike_sa *sa)
{
	size_t i = place_of(d, sa);
	const struct iked_connection *c = settings_of(d, i);
	struct again *a = &d->again[i];

	if (!c->start || !c->restart || a->due != BTIME_NEVER)
		return;
	a->local = *sa_local(sa);
	a->peer = a->tried ? d->connections[i].remote : *sa_peer(sa);
	a->local.port = 0;
	a->peer.port = d->connections[i].remote.port;
	a->due = btime_add(loop_now(), pause_of(d, c->restart));
	set_timer(d);
}

void again_reached(struct iked *d, const struct ike_sa *sa)
{
	d->again[place_of(d, sa)].tried = false;
}

void again_start(struct iked *d)
{
	d->again = host_alloc(d->settings->connections.count * sizeof(*d->again));
	for (size_t i = 0; i < d->settings->connections.count; i++)
		d->again[i].due = BTIME_NEVER;
	d->again_timer = timer_new(d->node->loop, due, d);
}

void again_stop(struct iked *d)
{
	timer_free(d->again_timer);
	free(d->again);
}
