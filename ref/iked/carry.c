// SPDX-License-Identifier: Apache-2.0
/*
 * An address change as a whole: the exchange, SAs and policies (esp.h), and the live sockets
 * between this host and the peer (ref/host/move.h), in the order that keeps every packet under ESP.
 *
 *   mover           sockets get ready; then the exchange; when that is over SAs and policies move,
 *                   then sockets
 *   correspondent   when the peer has changed its address: sockets get ready; then SAs and policies
 *                   move, then sockets
 *
 * Policies for the old address stay until the sockets have gone.
 */
#include <stdlib.h>

#include "ref/host/move.h"
#include "ref/iked/esp.h"
#include "ref/iked/iked.h"

struct carry {
	struct carry *next;
	struct iked *iked;
	struct ike_sa *sa;
	struct ike_migration migration; /* at the correspondent: what there is to be done */
	struct ike_event event;		/* at the mover: what there is to be said */
	bool here, gone;
	struct move *move;
};

static void forget(struct carry *c)
{
	struct carry **at = &c->iked->carries;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	move_free(c->move);
	free(c);
}

static void settle(struct iked *d, const struct ike_sa *sa)
{
	if (d->esp)
		esp_settle(d->esp, sa);
}

static void move_esp(struct iked *d, const struct ike_sa *sa, const struct ike_migration *m)
{
	if (d->esp && esp_move(d->esp, sa, m) < 0)
		log_warning(d->node->log, "Child SAs did not all move: %s",
			kernel_error(d->node->kernel));
}

/* --- the move of the sockets ------------------------------------------------------------------ */

static void done(void *context, const struct move_report *report)
{
	struct carry *c = context;
	char *text = move_report_json(report);
	json_t *details = json_loads(text, 0, NULL);

	log_event_json(c->iked->node->log, "sockets_moved", details ? details : json_object());
	if (report->error < 0)
		log_warning(c->iked->node->log, "no socket was moved: %s", report->why);
	free(text);
	settle(c->iked, c->sa);
	forget(c);
}

static int send_change(struct iked *d, struct ike_sa *sa, const struct ike_event *event)
{
	struct actions actions;

	actions_clear(&actions);
	int result = ike_event(d->ike, sa, event, loop_now(), &actions);
	iked_take(d, &actions);
	return result;
}

static void go(struct carry *c)
{
	c->gone = true;
	move_go(c->move);
}

/* It may have been replaced by another one meanwhile. */
static bool alive(const struct carry *c)
{
	struct ike_sa *sa = ike_next(c->iked->ike, NULL);

	while (sa && sa != c->sa)
		sa = ike_next(c->iked->ike, sa);
	return sa != NULL;
}

static void ready(void *context)
{
	struct carry *c = context;

	if (!alive(c))
		return;
	if (c->here) {
		if (send_change(c->iked, c->sa, &c->event) < 0)
			log_warning(c->iked->node->log, "the SA is not one that can move now");
		return;
	}
	move_esp(c->iked, c->sa, &c->migration);
	go(c);
}

static struct carry *begin(struct iked *d, struct ike_sa *sa, const struct move_config *config)
{
	struct carry *c = host_alloc(sizeof(*c));

	c->iked = d;
	c->sa = sa;
	c->next = d->carries;
	d->carries = c;
	c->move = move_begin(d->node->loop, config, ready, done, c);
	if (c->move)
		return c;
	log_warning(d->node->log, "sockets stay where they are: no process can be started");
	forget(c);
	return NULL;
}

/* One that has not gone yet; those that have look after themselves. */
static struct carry *carry_of(struct iked *d, const struct ike_sa *sa)
{
	struct carry *c = d->carries;

	while (c && (c->sa != sa || c->gone))
		c = c->next;
	return c;
}

/* --- what the node calls ---------------------------------------------------------------------- */

int carry_change(struct iked *d, struct ike_sa *sa, const struct ike_event *event)
{
	struct move_config config = { .local_from = prefix_of_endpoint(ike_sa_agreed(sa)),
		.local_to = prefix_of_endpoint(&event->local),
		.peer_from = prefix_of_endpoint(ike_sa_peer(sa)) };
	struct carry *c = NULL;

	carry_drop(d, sa);
	if (d->settings->sockets)
		c = begin(d, sa, &config);
	if (!c)
		return send_change(d, sa, event);
	c->here = true;
	c->event = *event;
	return 0;
}

void carry_migrated(struct iked *d, struct ike_sa *sa, const struct ike_migration *m)
{
	struct move_config config = { .local_from = prefix_of_endpoint(ike_sa_local(sa)),
		.peer_from = prefix_of_endpoint(&m->old_peer),
		.peer_to = prefix_of_endpoint(&m->peer) };
	struct carry *c = m->here ? carry_of(d, sa) : NULL;

	if (!m->here && d->settings->sockets)
		c = begin(d, sa, &config);
	if (c && !m->here) {
		c->migration = *m;
		return;
	}
	move_esp(d, sa, m);
	if (c)
		go(c);
	else
		settle(d, sa);
}

void carry_drop(struct iked *d, const struct ike_sa *sa)
{
	struct carry *c;

	while ((c = carry_of(d, sa)))
		forget(c);
}

void carry_end(struct iked *d)
{
	while (d->carries)
		forget(d->carries);
}
