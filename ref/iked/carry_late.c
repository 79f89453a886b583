// SPDX-License-Identifier: Apache-2.0
/* What goes to a peer while an address changes, and has to wait until packets are held here. */
#include <stdlib.h>

#include "ref/iked/carry.h"

/*
 * An answer waits no longer for that, or the peer, which asks again until then, would give the IKE SA
 * up. One that is sent before costs connections: what the peer's sockets send meets none here, and the
 * kernel answers by RST.
 */
#define PATIENCE (20 * BTIME_S)

struct late {
	struct late *next;
	struct endpoint local, peer;
	size_t size;
	uint8_t data[];
};

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

void carry_send_late(struct carry *c)
{
	for (struct late *l; (l = c->late);) {
		c->late = l->next;
		iked_send(c->iked, &l->local, &l->peer, VIEW(l->data, l->size));
		free(l);
	}
}

static void patience_over(void *context)
{
	struct carry *c = context;

	c->impatient = true;
	if (c->late)
		log_warning(c->iked->node->log, "the peer has its answer before packets are held");
	carry_send_late(c);
}

/* What goes to that address waits for it. With ESP what comes to our new address is not taken before
 * SAs have moved there. */
static bool is_waited_for(const struct carry *c, const struct endpoint *to)
{
	if (!c->move || c->ready || c->impatient || c->alone)
		return false;
	if (c->here)
		return c->said && !c->iked->esp && same_address(to, sa_peer(c->sa));
	return same_address(to, &c->migration.peer) || same_address(to, &c->migration.old_peer);
}

bool carry_holds(struct iked *d, const struct action *a)
{
	struct carry *c = d->carries;
	struct late **at, *l;

	while (c && !is_waited_for(c, &a->peer))
		c = c->next;
	if (!c)
		return false;
	l = host_alloc(sizeof(*l) + a->data.size);
	l->local = a->local;
	l->peer = a->peer;
	l->size = a->data.size;
	memcpy(l->data, a->data.data, a->data.size);
	for (at = &c->late; *at;)
		at = &(*at)->next;
	*at = l;
	if (!c->patience) {
		c->patience = timer_new(d->node->loop, patience_over, c);
		timer_set(c->patience, btime_add(loop_now(), PATIENCE));
	}
	return true;
}
