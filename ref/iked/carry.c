// SPDX-License-Identifier: Apache-2.0
/*
 * An address change as a whole: the exchange, SAs and policies (esp.h), and the live sockets
 * between this host and the peer (ref/host/move.h), in the order that keeps every packet under ESP.
 *
 *   mover           the exchange begins, and sockets get ready; when the peer has moved, SAs and
 *                   policies move, then sockets. Until then what the peer sends to the new address
 *                   finds no SA there, so nothing can come too early; without ESP packets are held
 *                   before the peer is told.
 *   correspondent   when the peer has changed its address: packets are held, then the peer has its
 *                   answer; SAs and policies move, then sockets
 *
 * Policies for the old address stay until the sockets have gone. When both ends move at once, the
 * change of the peer's address is carried out first, and our own is about what comes out of it. Our
 * old address may be gone by then: between it and the peer's new one there is no way, so the sockets
 * stay behind, and our own change takes them from there.
 */
#include <errno.h>
#include <stdlib.h>

#include "ref/iked/carry.h"
#include "ref/iked/esp.h"

/* Where sockets still are, when an SA has gone to where there was no way for them. */
struct behind {
	struct behind *next;
	const struct ike_sa *sa;
	struct prefix local, peer;
};

/* An IKE SA that is there to say over it that another one migrates. */
struct carrier {
	struct carrier *next;
	struct ike_sa *sa, *of;
};

static struct carry *first_of(struct iked *d, const struct ike_sa *sa, bool here, bool gone)
{
	struct carry *c = d->carries;

	while (c && (c->sa != sa || c->here != here || c->gone != gone))
		c = c->next;
	return c;
}

static void take_out(struct carry *c)
{
	struct carry **at = &c->iked->carries;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
}

static void put_last(struct iked *d, struct carry *c)
{
	struct carry **at = &d->carries;

	while (*at)
		at = &(*at)->next;
	*at = c;
	c->next = NULL;
}

static void forget(struct carry *c)
{
	take_out(c);
	carry_send_late(c);
	timer_free(c->patience);
	move_free(c->former);
	move_free(c->move);
	free(c);
}

static bool running(struct iked *d, const struct ike_sa *sa)
{
	return first_of(d, sa, true, true) || first_of(d, sa, false, true);
}

static struct behind **behind_of(struct iked *d, const struct ike_sa *sa)
{
	struct behind **at = &d->behind;

	while (*at && (*at)->sa != sa)
		at = &(*at)->next;
	return at;
}

/* Sockets that are behind have need of the old policies still. */
static void settle(struct iked *d, const struct ike_sa *sa)
{
	if (d->esp && !running(d, sa) && !*behind_of(d, sa))
		esp_settle(d->esp, sa);
}

static void move_esp(struct iked *d, const struct ike_sa *sa, const struct ike_migration *m)
{
	if (d->esp && esp_move(d->esp, sa, m) < 0)
		log_warning(d->node->log, "Child SAs did not all move: %s",
			kernel_error(d->node->kernel));
}

/* --- where the sockets are -------------------------------------------------------------------- */

static void begin_move(struct carry *c);

static void free_behind(struct behind **at)
{
	struct behind *b = *at;

	*at = b->next;
	free(b);
}

/* They are where that move was to take them from; NULL: where the SA is. What is to come begins
 * there. */
static void set_behind(struct iked *d, const struct ike_sa *sa, const struct move_config *config)
{
	struct behind **at = behind_of(d, sa);

	if (!config && !*at)
		return;
	if (config) {
		if (!*at)
			*at = host_alloc(sizeof(**at));
		(*at)->sa = sa;
		(*at)->local = config->local_from;
		(*at)->peer = config->peer_from;
	} else {
		free_behind(at);
	}
	for (struct carry *c = d->carries; c; c = c->next)
		if (c->sa == sa && !c->gone)
			begin_move(c);
}

/* It would take them to where they are. */
static bool is_nowhere(const struct move_config *c)
{
	return address_equal(&c->local_from, &c->local_to) &&
		address_equal(&c->peer_from, &c->peer_to);
}

/* --- the move of the sockets ------------------------------------------------------------------ */

static void go_on(struct iked *d, struct ike_sa *sa);

static void over(struct carry *c)
{
	struct iked *d = c->iked;
	struct ike_sa *sa = c->sa;
	bool here = c->here;

	forget(c);
	settle(d, sa);
	if (here)
		tunnel_end(d, sa, true);
	go_on(d, sa);
}

/* What has all it waits for goes; one after the other for each SA, for the next begins where the
 * one before it ends. */
static void go_on(struct iked *d, struct ike_sa *sa)
{
	struct carry *c = d->carries;

	if (running(d, sa))
		return;
	while (c && !(c->sa == sa && c->due && !c->gone))
		c = c->next;
	if (!c || (c->move && !c->ready))
		return;
	c->gone = true;
	move_esp(d, sa, &c->migration);
	if (c->move) {
		move_go(c->move);
		return;
	}
	if (is_nowhere(&c->config))
		set_behind(d, sa, NULL);
	over(c);
}

static int send_change(struct iked *d, struct ike_sa *sa, const struct ike_event *event)
{
	struct actions actions;

	actions_clear(&actions);
	int result = sa_event(d, sa, event, loop_now(), &actions);
	iked_take(d, &actions);
	return result;
}

static void say(struct carry *c)
{
	struct iked *d = c->iked;

	c->said = true;
	if (send_change(d, c->sa, &c->event) < 0)
		log_warning(d->node->log, "the SA is not one that can move now");
}

/* Packets are held, or never will be. */
static void prepared(struct carry *c)
{
	move_free(c->former);
	c->former = NULL;
	carry_send_late(c);
	if (c->here && !c->said && !c->event.of)
		say(c);
	else
		go_on(c->iked, c->sa);
}

static void ready(void *context)
{
	struct carry *c = context;

	c->ready = true;
	prepared(c);
}

static void done(void *context, const struct move_report *report)
{
	struct carry *c = context;
	struct iked *d = c->iked;
	char *text = move_report_json(report);
	json_t *details = json_loads(text, 0, NULL);

	log_event_json(d->node->log, "sockets_moved", details ? details : json_object());
	if (report->error < 0)
		log_warning(d->node->log, "no socket was moved: %s", report->why);
	free(text);
	if (!c->gone) { /* the change itself goes on */
		move_free(c->move);
		c->move = NULL;
		prepared(c);
		return;
	}
	if (!c->alone && report->error == -EHOSTUNREACH)
		set_behind(d, c->sa, &c->config);
	else if (!c->alone && report->error == 0)
		set_behind(d, c->sa, NULL);
	over(c);
}

/* From where the sockets are. What another move holds for this change stays held until this one
 * does. */
static void begin_move(struct carry *c)
{
	struct iked *d = c->iked;
	const struct behind *b = *behind_of(d, c->sa);

	c->config = c->asked;
	if (b) {
		c->config.local_from = b->local;
		c->config.peer_from = b->peer;
	}
	move_free(c->former);
	c->former = NULL;
	if (c->ready)
		c->former = c->move;
	else
		move_free(c->move);
	c->move = NULL;
	c->ready = false;
	if (!d->mover || is_nowhere(&c->config))
		return;
	c->move = move_begin(d->mover, &c->config, ready, done, c);
	if (!c->move)
		log_warning(d->node->log, "sockets stay where they are: no process can be started");
}

static struct carry *begin(struct iked *d, struct ike_sa *sa, const struct move_config *config)
{
	struct carry *c = host_alloc(sizeof(*c));

	put_last(d, c);
	c->iked = d;
	c->sa = sa;
	c->asked = *config;
	begin_move(c);
	return c;
}

/* Ours, between where both know it and where it is to be. */
static struct move_config config_here(const struct ike_sa *sa, const struct endpoint *from,
	const struct endpoint *to)
{
	return (struct move_config){ .local_from = prefix_of_endpoint(from),
		.local_to = prefix_of_endpoint(to),
		.peer_from = prefix_of_endpoint(sa_peer(sa)),
		.peer_to = prefix_of_endpoint(sa_peer(sa)) };
}

static struct carry *begin_here(struct iked *d, struct ike_sa *sa, const struct endpoint *from,
	const struct endpoint *to)
{
	struct move_config config = config_here(sa, from, to);
	struct carry *c = begin(d, sa, &config);

	c->here = true;
	c->event.local = *to;
	return c;
}

/* --- what the node calls ---------------------------------------------------------------------- */

/* §5.4: an IKE SA of its own from the new address, over which to say it. */
static bool over_another(struct carry *c)
{
	struct iked *d = c->iked;
	const struct ike_connection *connection = sa_connection(c->sa);
	struct endpoint peer = *sa_peer(c->sa);
	struct carrier *carrier;
	struct actions actions;

	if (sa_is_old(c->sa))
		return false;
	peer.port = connection->remote.port;
	c->event.of = c->sa;
	carrier = host_alloc(sizeof(*carrier));
	carrier->of = c->sa;
	carrier->next = d->carriers;
	d->carriers = carrier;
	actions_clear(&actions);
	carrier->sa =
		ike_initiate_at(d->ike, connection, &c->event.local, &peer, loop_now(), &actions);
	iked_take(d, &actions);
	return true;
}

void carry_peer_at(struct iked *d, struct ike_sa *sa, const struct endpoint *peer)
{
	struct carry *c = first_of(d, sa, true, false);
	char text[64];

	if (!c || !c->said || c->event.of)
		return;
	log_event_json(d->node->log, "peer_found",
		json_pack("{s:s}", "at", endpoint_text(peer, text, sizeof(text))));
	c->event.peer = *peer;
	send_change(d, sa, &c->event);
}

void carry_established(struct iked *d, struct ike_sa *sa)
{
	struct carrier *carrier = d->carriers;
	struct carry *c;

	while (carrier && carrier->sa != sa)
		carrier = carrier->next;
	c = carrier ? first_of(d, carrier->of, true, false) : NULL;
	if (!c || c->said)
		return;
	c->said = true;
	c->event.of = c->sa;
	if (send_change(d, sa, &c->event) < 0)
		log_warning(d->node->log, "the SA is not one that can move now");
}

/* Those that were for `sa`, or are it: all is said. */
static void end_carriers(struct iked *d, struct ike_sa *sa, bool is)
{
	for (struct carrier **at = &d->carriers, *c; (c = *at);) {
		struct ike_sa *it = c->sa;
		if (is ? it != sa : c->of != sa) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		free(c);
		if (!is)
			send_change(d, it, &(struct ike_event){ .kind = IKE_EVENT_DELETE });
	}
}

int carry_change(struct iked *d, struct ike_sa *sa, const struct ike_event *event, enum form form)
{
	struct carry *c;

	carry_drop(d, sa);
	c = begin_here(d, sa, sa_agreed(sa), &event->local);
	c->event = *event;
	c->event.tunnelled = form == FORM_TUNNEL && d->esp && event->local.family == AF_INET &&
		tunnel_leave(d, sa, &event->local) == 0;
	if (form == FORM_NEW_SA && over_another(c))
		return 0;
	/* without ESP the peer's packets find a socket, or the lack of one: they have to be held */
	if (!d->esp && c->move)
		return 0;
	c->said = true;
	if (send_change(d, sa, &c->event) == 0)
		return 0;
	carry_drop(d, sa);
	return -1;
}

bool carry_target(struct iked *d, const struct ike_sa *sa, struct endpoint *out)
{
	const struct carry *c = first_of(d, sa, true, false);

	if (c)
		*out = c->event.local;
	return c != NULL;
}

static void migrated_here(struct iked *d, struct ike_sa *sa, const struct ike_migration *m)
{
	struct carry *c = first_of(d, sa, true, false);

	if (!c)
		c = begin_here(d, sa, &m->old_local, &m->local);
	c->migration = *m;
	c->due = true;
	if (!m->unverified)
		end_carriers(d, sa, false);
	go_on(d, sa);
}

/* How much may go to where the peer says it is, docs/address-change.md §5.3. */
static void limit(struct iked *d, const struct ike_sa *sa, const struct ike_migration *m)
{
	struct prefix to = prefix_of_endpoint(&m->peer), from = prefix_of_endpoint(&m->old_peer);
	int result = 0;

	if (!d->allowances)
		return;
	allowance_lift(d->allowances, &from);
	if (m->unverified)
		result = allowance_set(d->allowances, &to,
			esp_take_credit(d->esp, sa) + d->settings->unverified);
	else
		allowance_lift(d->allowances, &to);
	if (result < 0)
		log_warning(d->node->log,
			"what goes to an address that is not verified is not "
			"limited: %s",
			strerror(-result));
}

static void migrated_there(struct iked *d, struct ike_sa *sa, const struct ike_migration *m)
{
	struct move_config config = { .local_from = prefix_of_endpoint(sa_agreed(sa)),
		.local_to = prefix_of_endpoint(sa_agreed(sa)),
		.peer_from = prefix_of_endpoint(&m->old_peer),
		.peer_to = prefix_of_endpoint(&m->peer) };
	struct carry *own = first_of(d, sa, true, false), *c;

	c = begin(d, sa, &config);
	c->migration = *m;
	limit(d, sa, m);
	c->due = true;
	if (own && !own->due) { /* both move: ours is from now on about the peer's new address */
		own->asked = config_here(sa, sa_agreed(sa), &own->event.local);
		take_out(own);
		put_last(d, own);
		begin_move(own);
	}
	go_on(d, sa);
}

void carry_migrated(struct iked *d, struct ike_sa *sa, const struct ike_migration *m)
{
	if (m->here)
		migrated_here(d, sa, m);
	else
		migrated_there(d, sa, m);
}

void carry_verified(struct iked *d, struct ike_sa *sa)
{
	struct prefix to = prefix_of_endpoint(sa_peer(sa));

	if (d->allowances)
		allowance_lift(d->allowances, &to);
	tunnel_end(d, sa, false);
	end_carriers(d, sa, false);
}

void carry_inherit(struct iked *d, const struct ike_sa *old, struct ike_sa *heir)
{
	for (struct carry *c = d->carries; c; c = c->next) {
		if (c->sa == old)
			c->sa = heir;
	}
	for (struct carrier *c = d->carriers; c; c = c->next) {
		c->sa = c->sa == old ? heir : c->sa;
		c->of = c->of == old ? heir : c->of;
	}
	if (*behind_of(d, old))
		(*behind_of(d, old))->sa = heir;
}

static void drop(struct iked *d, const struct ike_sa *sa, bool there)
{
	for (struct carry *c = d->carries, *next; c; c = next) {
		next = c->next;
		if (c->sa == sa && !c->gone && (c->here || there))
			forget(c);
	}
}

void carry_drop(struct iked *d, const struct ike_sa *sa)
{
	drop(d, sa, false);
	tunnel_end(d, sa, true);
}

/* Those that have gone look after themselves. */
void carry_over(struct iked *d, struct ike_sa *sa)
{
	carry_verified(d, sa);
	end_carriers(d, sa, true);
	drop(d, sa, true);
	tunnel_end(d, sa, true);
	for (struct carry *c = d->carries; c; c = c->next)
		c->alone = c->alone || c->sa == sa;
	if (*behind_of(d, sa))
		free_behind(behind_of(d, sa));
}

void carry_end(struct iked *d)
{
	while (d->carries)
		forget(d->carries);
	while (d->behind)
		free_behind(&d->behind);
	while (d->carriers) {
		struct carrier *c = d->carriers;
		d->carriers = c->next;
		free(c);
	}
}
