// SPDX-License-Identifier: Apache-2.0
/*
 * The engine's outside. What arrives is checked here in this order: version, structure (RFC 2408
 * §5.2, §5.3), whose it is by the cookies, whether it was heard before, decryption and what came out
 * of it, HASH or what else proves it; nothing changes before that. Then the state machines
 * (isakmp_fsm.c) take a step.
 *
 * struct isakmp owns its ISAKMP SAs; an SA its quick modes and its Child SAs. Child SAs outlive
 * their ISAKMP SA when another one with the same peer goes on in its place.
 *
 * Not here: aggressive mode, the base exchange, new group mode, encrypted nonces (RFC 2409 §5.2,
 * §5.3, §5.6), AH, IPComp, several proposals that go together, the commit bit (RFC 2408 §3.1, which
 * is ignored), XAUTH and mode config, fragments of IKEv1.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "ref/base/mutant.h"
#include "ref/isakmp/isakmp_inside.h"

#define S(section) "RFC 2408 §" section

/* --- life ----------------------------------------------------------------------------------- */

struct isakmp *isakmp_new(const struct ike_config *config)
{
	struct isakmp *isakmp = ike_alloc(sizeof(*isakmp));

	isakmp->config = *config;
	isakmp->hits = ike_alloc(isakmp_machine.count * sizeof(*isakmp->hits));
	isakmp->quick_hits = ike_alloc(isakmp_quick_machine.count * sizeof(*isakmp->hits));
	random_fill(config->random, isakmp->cookie_secret, sizeof(isakmp->cookie_secret));
	return isakmp;
}

void isakmp_free(struct isakmp *isakmp)
{
	if (!isakmp)
		return;
	isakmp_reap(isakmp);
	for (struct isakmp_sa *sa = isakmp->first, *next; sa; sa = next) {
		next = sa->next;
		isakmp_sa_destroy(sa);
	}
	free(isakmp->hits);
	free(isakmp->quick_hits);
	wipe(isakmp, sizeof(*isakmp));
	free(isakmp);
}

void isakmp_finish(struct isakmp_sa *sa)
{
	if (sa->state == ISAKMP_STATE_DEAD && !sa->buried)
		isakmp_bury(sa);
}

/* What a step works with. */
struct scratch {
	struct isakmp_draft draft;
	struct isakmp_offers offers;
};

static struct isakmp_step step_of(struct scratch *scratch, btime now, struct actions *actions)
{
	return (struct isakmp_step){ .now = now, .actions = actions, .draft = &scratch->draft,
		.offers = &scratch->offers };
}

/* --- what arrives --------------------------------------------------------------------------- */

static int rejected(struct isakmp *isakmp, struct isakmp_sa *sa, struct isakmp_step *s,
	const struct reject *reject)
{
	isakmp->rejected[reject->reason]++;
	struct action *a = actions_reject(s->actions, sa, IKE_REPORT_REJECTED,
		ike_report_name(IKE_REPORT_REJECTED), reject);
	if (a)
		a->peer = s->from;
	return -1;
}

static int check_version(struct view datagram, struct reject *reject)
{
	struct reader r = reader_of(datagram);

	read_view(&r, 17);
	unsigned version = read_u8(&r);
	if (!r.failed && version >> 4 != 1)
		return reject_set(reject, REJECT_VERSION, "Version", S("5.2"), 17, version);
	return 0;
}

/* By both cookies; the initiator of a first message does not know the other one yet. */
static struct isakmp_sa *sa_of(struct isakmp *isakmp, const struct packet *p)
{
	uint64_t i = p->header[ISAKMP_CKY_I], r = p->header[ISAKMP_CKY_R];
	struct isakmp_sa *sa = isakmp_find(isakmp, i);

	if (sa && sa->initiator)
		return sa->cky_r == r || (!sa->cky_r && sa->state == ISAKMP_STATE_MM1_SENT) ? sa
											    : NULL;
	sa = r ? isakmp_find(isakmp, r) : NULL;
	return sa && !sa->initiator && sa->cky_i == i ? sa : NULL;
}

/* Decrypts with `iv`, which becomes that of the exchange's next message. */
static int open_message(struct isakmp_sa *sa, struct isakmp_step *s, const struct packet *outer,
	uint8_t *room, struct packet *inside, struct reject *reject)
{
	struct view octets;
	size_t size;

	if (isakmp_open(&sa->suite, &sa->keys, s->datagram, s->iv, room, &octets, reject) < 0)
		return -1;
	if (isakmp_decode_inside(outer, octets, isakmp_block(&sa->suite), inside, &size, reject) <
		0) {
		/* whatever it is about: what comes out of the wrong key is noise, RFC 2409 §5.4 */
		reject->reason = REJECT_INTEGRITY;
		return -1;
	}
	s->octets = VIEW(octets.data, size);
	s->packet = inside;
	return 0;
}

/* What was authenticated says where the peer is, behind a NAT; RFC 3947 §7. */
static void authenticated(struct isakmp_sa *sa, const struct isakmp_step *s)
{
	sa->heard = s->now;
	if (!sa->nat_there || sa->peer_changes)
		return;
	sa->peer = s->from;
	sa->local = s->local;
}

static int no_row(const struct packet *p, struct reject *reject)
{
	return reject_set(reject, REJECT_STATE, "Exchange Type", S("5.2"), 18,
		p->header[ISAKMP_EXCHANGE_TYPE]);
}

static int main_input(struct isakmp_sa *sa, struct isakmp_step *s, const struct packet *p,
	uint8_t *room, struct reject *reject)
{
	struct packet inside;

	if (isakmp_heard_before(&sa->flight, s->datagram)) {
		isakmp_again(sa, &sa->flight, s);
		return 0;
	}
	if (!fsm_accepts(&isakmp_machine, sa->state, ISAKMP_EV_RX_MAIN))
		return no_row(p, reject);
	s->packet = p;
	if (isakmp_is_sealed(p)) {
		if (!sa->keyed)
			return no_row(p, reject);
		memcpy(s->iv, sa->iv, sizeof(s->iv));
		if (open_message(sa, s, p, room, &inside, reject) < 0)
			return -1;
	}
	if (isakmp_check_main(sa, s, reject) < 0)
		return -1;
	isakmp_step(sa, ISAKMP_EV_RX_MAIN, s);
	return 0;
}

/* In the clear anybody may say anything: it is remembered for the case that nothing comes of it. */
static int clear_info(struct isakmp_sa *sa, struct isakmp_step *s, const struct packet *p,
	struct reject *reject)
{
	struct isakmp_notification n;
	uint16_t error = isakmp_find_error(p, &n);

	(void)s;
	if (error && sa->state < ISAKMP_STATE_ESTABLISHED) {
		sa->hint = ike_name(isakmp_notify_names, error);
		return 0;
	}
	return reject_set(reject, REJECT_NO_INTEGRITY, "Flags", "RFC 2409 §5.7", 19,
		p->header[ISAKMP_FLAGS]);
}

static int check_id(const struct isakmp_sa *sa, uint32_t id, struct reject *reject)
{
	if (id == 0 && !MUTANT(isakmp_zero_message_id))
		return reject_set(reject, REJECT_VALUE, "Message ID", S("3.1"), 20, id);
	if (isakmp_id_used(sa, id) && !MUTANT(isakmp_message_id_again))
		return reject_set(reject, REJECT_REPLAY, "Message ID", "RFC 2409 §5.5", 20, id);
	if (sa->id_count == ISAKMP_IDS_MAX)
		return reject_set(reject, REJECT_RESOURCES, "Message ID", "RFC 2409 §5.5", 20, id);
	return 0;
}

static int info_input(struct isakmp_sa *sa, struct isakmp_step *s, const struct packet *p,
	uint8_t *room, struct reject *reject)
{
	uint32_t id = (uint32_t)p->header[ISAKMP_MESSAGE_ID];
	struct packet inside;

	if (!isakmp_is_sealed(p))
		return clear_info(sa, s, p, reject);
	if (!sa->keyed || !fsm_accepts(&isakmp_machine, sa->state, ISAKMP_EV_RX_INFO))
		return no_row(p, reject);
	if (check_id(sa, id, reject) < 0)
		return -1;
	isakmp_exchange_iv(&sa->suite, sa->iv, id, s->iv);
	if (open_message(sa, s, p, room, &inside, reject) < 0 ||
		isakmp_check_info(sa, s, reject) < 0)
		return -1;
	isakmp_id_remember(sa, id);
	authenticated(sa, s);
	isakmp_step(sa, ISAKMP_EV_RX_INFO, s);
	return 0;
}

static unsigned open_quicks(const struct isakmp_sa *sa)
{
	unsigned n = 0;
	for (const struct isakmp_quick *q = sa->quicks; q; q = q->next)
		n += q->state == ISAKMP_QUICK_QM2_SENT;
	return n;
}

static int new_quick(struct isakmp_sa *sa, const struct packet *p, struct reject *reject)
{
	if (!fsm_accepts(&isakmp_machine, sa->state, ISAKMP_EV_RX_QUICK))
		return no_row(p, reject);
	if (check_id(sa, (uint32_t)p->header[ISAKMP_MESSAGE_ID], reject) < 0)
		return -1;
	if (open_quicks(sa) >= ISAKMP_QUICKS_MAX)
		return reject_set(reject, REJECT_RESOURCES, "quick modes", "RFC 2409 §5.5", 20,
			ISAKMP_QUICKS_MAX);
	return 0;
}

static int quick_input(struct isakmp_sa *sa, struct isakmp_step *s, const struct packet *p,
	uint8_t *room, struct reject *reject)
{
	uint32_t id = (uint32_t)p->header[ISAKMP_MESSAGE_ID];
	struct isakmp_quick *q = sa->keyed ? isakmp_quick_find(sa, id) : NULL;
	struct packet inside;

	if (q && q->state == ISAKMP_QUICK_DONE && MUTANT(isakmp_message_id_again))
		q = NULL;
	if (q && isakmp_heard_before(&q->flight, s->datagram)) {
		isakmp_again(sa, &q->flight, s);
		return 0;
	}
	if (q && !fsm_accepts(&isakmp_quick_machine, q->state, ISAKMP_QEV_RX_QUICK))
		return no_row(p, reject);
	if (!q && new_quick(sa, p, reject) < 0)
		return -1;
	if (q)
		memcpy(s->iv, q->iv, sizeof(s->iv));
	else
		isakmp_exchange_iv(&sa->suite, sa->iv, id, s->iv);
	if (open_message(sa, s, p, room, &inside, reject) < 0 ||
		isakmp_check_quick(sa, q, s, reject) < 0)
		return -1;
	authenticated(sa, s);
	if (q)
		isakmp_quick_step(q, ISAKMP_QEV_RX_QUICK, s);
	else
		isakmp_step(sa, ISAKMP_EV_RX_QUICK, s);
	return 0;
}

static int sa_input(struct isakmp_sa *sa, struct isakmp_step *s, const struct packet *p,
	uint8_t *room, struct reject *reject)
{
	switch ((enum isakmp_exchange)p->header[ISAKMP_EXCHANGE_TYPE]) {
	case ISAKMP_IDENTITY_PROTECTION:
		return main_input(sa, s, p, room, reject);
	case ISAKMP_QUICK_MODE:
		return quick_input(sa, s, p, room, reject);
	case ISAKMP_INFORMATIONAL:
		return info_input(sa, s, p, room, reject);
	case ISAKMP_AGGRESSIVE:
		break;
	}
	return no_row(p, reject);
}

/* A first message makes an SA; one that comes again has made one already. */
static int first_input(struct isakmp *isakmp, struct isakmp_step *s, struct packet *p,
	struct isakmp_sa **sa, struct reject *reject)
{
	*sa = isakmp_find_first(isakmp, p->header[ISAKMP_CKY_I], &s->from);
	if (*sa && isakmp_heard_before(&(*sa)->flight, s->datagram)) {
		isakmp_again(*sa, &(*sa)->flight, s);
		return 0;
	}
	if (*sa)
		return no_row(p, reject);
	if (isakmp_check(p, ISAKMP_MM1, reject) < 0)
		return -1;
	s->packet = p;
	return isakmp_main_first(isakmp, s, reject);
}

static int take(struct isakmp *isakmp, struct isakmp_step *s, struct isakmp_sa **sa,
	struct reject *reject)
{
	uint8_t room[ISAKMP_MESSAGE_MAX];
	struct packet p;

	if (check_version(s->datagram, reject) < 0 || isakmp_decode(s->datagram, &p, reject) < 0)
		return -1;
	if (p.header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_IDENTITY_PROTECTION &&
		!p.header[ISAKMP_CKY_R] && !isakmp_is_sealed(&p))
		return first_input(isakmp, s, &p, sa, reject);
	*sa = sa_of(isakmp, &p);
	/* a refusal of our first message may not know a cookie for itself */
	if (!*sa && !p.header[ISAKMP_CKY_R])
		*sa = isakmp_find(isakmp, p.header[ISAKMP_CKY_I]);
	if (!*sa)
		return reject_set(reject, REJECT_SESSION, "cookies", S("5.2"), 0,
			p.header[ISAKMP_CKY_I]);
	int result = sa_input(*sa, s, &p, room, reject);
	wipe(room, sizeof(room));
	return result;
}

int isakmp_input(struct isakmp *isakmp, const struct endpoint *local, const struct endpoint *from,
	struct view datagram, btime now, struct actions *actions)
{
	struct scratch scratch;
	struct isakmp_step s = step_of(&scratch, now, actions);
	struct reject reject = { 0 };
	struct isakmp_sa *sa = NULL;

	isakmp_reap(isakmp);
	s.local = *local;
	s.from = *from;
	s.datagram = datagram;
	int result = take(isakmp, &s, &sa, &reject);
	if (result < 0)
		result = rejected(isakmp, sa, &s, &reject);
	if (sa)
		isakmp_finish(sa);
	wipe(&s, sizeof(s));
	return result;
}

/* --- what the owner wants ------------------------------------------------------------------- */

static struct endpoint with_port(struct endpoint e, uint16_t port)
{
	if (!e.port)
		e.port = htons(port);
	return e;
}

static struct isakmp_sa *initiate(struct isakmp *isakmp, const struct ike_connection *c,
	const struct endpoint *local, const struct endpoint *peer, struct isakmp_step *s)
{
	struct isakmp_sa *sa = isakmp_sa_new(isakmp, c, true);

	sa->local = with_port(*local, isakmp->config.port);
	sa->peer = with_port(*peer, ISAKMP_PORT);
	isakmp_step(sa, ISAKMP_EV_START, s);
	return sa;
}

struct isakmp_sa *isakmp_initiate(struct isakmp *isakmp, const struct ike_connection *c, btime now,
	struct actions *actions)
{
	return isakmp_initiate_at(isakmp, c, &c->local, &c->remote, now, actions);
}

struct isakmp_sa *isakmp_initiate_at(struct isakmp *isakmp, const struct ike_connection *c,
	const struct endpoint *local, const struct endpoint *peer, btime now,
	struct actions *actions)
{
	struct scratch scratch;
	struct isakmp_step s = step_of(&scratch, now, actions);

	isakmp_reap(isakmp);
	return initiate(isakmp, c, local, peer, &s);
}

static int child_event(struct isakmp_sa *sa, const struct ike_event *event, struct isakmp_step *s)
{
	struct isakmp_child *c = isakmp_child_by_in(sa, event->spi);

	if (!c)
		return -1;
	if (event->kind == IKE_EVENT_DELETE_CHILD)
		isakmp_delete_child(sa, c, s);
	else
		isakmp_quick_begin(sa, &c->flow, c->info.spi_in, s);
	return 0;
}

static int take_event(struct isakmp_sa *sa, const struct ike_event *event, struct isakmp_step *s)
{
	struct isakmp_flow flow;

	if (event->kind == IKE_EVENT_DELETE)
		return isakmp_step(sa, ISAKMP_EV_DELETE, s);
	if (sa->state != ISAKMP_STATE_ESTABLISHED)
		return -1;
	switch (event->kind) {
	case IKE_EVENT_REKEY:
		initiate(sa->isakmp, sa->connection, &sa->local, &sa->peer, s);
		return 0;
	case IKE_EVENT_REKEY_CHILD:
	case IKE_EVENT_DELETE_CHILD:
		return child_event(sa, event, s);
	case IKE_EVENT_CREATE_CHILD:
		if (!isakmp_flow_of(sa, &flow))
			return -1;
		isakmp_quick_begin(sa, &flow, 0, s);
		return 0;
	case IKE_EVENT_PROBE:
		isakmp_probe(sa, s);
		return sa->peer_dpd ? 0 : -1;
	case IKE_EVENT_CHANGE:
		return isakmp_change_begin(sa, event, s);
	case IKE_EVENT_EXPIRED:
		isakmp_change_over(sa, s);
		return 0;
	case IKE_EVENT_MOVED:
	case IKE_EVENT_DELETE:
	case IKE_EVENT_EAP:
	case IKE_EVENT_ADDRESS:
	case IKE_EVENT_FORGET:
		break;
	}
	return -1;
}

int isakmp_event(struct isakmp *isakmp, struct isakmp_sa *sa, const struct ike_event *event,
	btime now, struct actions *actions)
{
	struct scratch scratch;
	struct isakmp_step s = step_of(&scratch, now, actions);

	isakmp_reap(isakmp);
	int result = take_event(sa, event, &s);
	isakmp_finish(sa);
	return result;
}

int isakmp_create_child(struct isakmp *isakmp, struct isakmp_sa *sa, const struct isakmp_flow *flow,
	btime now, struct actions *actions)
{
	struct scratch scratch;
	struct isakmp_step s = step_of(&scratch, now, actions);

	isakmp_reap(isakmp);
	if (sa->state != ISAKMP_STATE_ESTABLISHED)
		return -1;
	isakmp_quick_begin(sa, flow, 0, &s);
	return 0;
}

/* --- time ----------------------------------------------------------------------------------- */

static btime quicks_due(const struct isakmp_sa *sa)
{
	btime due = BTIME_NEVER;
	for (const struct isakmp_quick *q = sa->quicks; q; q = q->next)
		due = btime_min(due, btime_min(q->flight.due, q->lifetime_due));
	return due;
}

static btime children_due(const struct isakmp_sa *sa)
{
	btime due = BTIME_NEVER;
	for (const struct isakmp_child *c = sa->children; c; c = c->next)
		due = btime_min(due, btime_min(c->expire_due,
			c->rekeying || c->replaced ? BTIME_NEVER : c->rekey_due));
	return due;
}

static btime liveness_due(const struct isakmp_sa *sa)
{
	if (sa->probing)
		return sa->probe_due;
	return sa->connection->liveness && sa->peer_dpd
		? btime_add(sa->heard, sa->connection->liveness)
		: BTIME_NEVER;
}

static btime sa_due(const struct isakmp_sa *sa)
{
	btime due = btime_min(btime_min(sa->flight.due, sa->lifetime_due), quicks_due(sa));

	if (sa->state != ISAKMP_STATE_ESTABLISHED)
		return due;
	due = btime_min(due, btime_min(sa->rekey_due, sa->hold_due));
	due = btime_min(due, btime_min(sa->change.due, liveness_due(sa)));
	return btime_min(due, children_due(sa));
}

btime isakmp_due(const struct isakmp *isakmp)
{
	btime due = BTIME_NEVER;
	for (const struct isakmp_sa *sa = isakmp->first; sa; sa = sa->next)
		due = btime_min(due, sa_due(sa));
	return due;
}

/* One quick mode that is due. */
static void tick_quick(struct isakmp_sa *sa, struct isakmp_step *s)
{
	struct isakmp_quick *q = sa->quicks;

	while (q && btime_min(q->flight.due, q->lifetime_due) > s->now)
		q = q->next;
	if (!q)
		return;
	if (q->lifetime_due <= s->now)
		isakmp_quick_step(q, ISAKMP_QEV_LIFETIME, s);
	else if (!isakmp_repeat(sa, &q->flight, s))
		isakmp_quick_step(q, ISAKMP_QEV_RETRANSMIT_MAX, s);
}

/* One Child SA that is due. */
static void tick_child(struct isakmp_sa *sa, struct isakmp_step *s)
{
	for (struct isakmp_child *c = sa->children; c; c = c->next) {
		if (c->expire_due <= s->now) {
			isakmp_delete_child(sa, c, s);
			return;
		}
		if (c->rekeying || c->replaced || c->rekey_due > s->now)
			continue;
		c->rekeying = true;
		isakmp_quick_begin(sa, &c->flow, c->info.spi_in, s);
		return;
	}
}

/* What is due of an established SA, one thing at a time; the rest is due at once again. */
static void tick_established(struct isakmp_sa *sa, struct isakmp_step *s)
{
	if (sa->hold_due <= s->now) {
		isakmp_change_over(sa, s);
	} else if (sa->change.due <= s->now) {
		isakmp_change_due(sa, s);
	} else if (children_due(sa) <= s->now) {
		tick_child(sa, s);
	} else if (sa->rekey_due <= s->now) {
		sa->rekey_due = btime_add(s->now, 60 * BTIME_S); /* when it does not come about */
		initiate(sa->isakmp, sa->connection, &sa->local, &sa->peer, s);
	} else if (liveness_due(sa) <= s->now) {
		isakmp_probe(sa, s);
	}
}

static void tick_sa(struct isakmp_sa *sa, struct isakmp_step *s)
{
	if (sa->lifetime_due <= s->now)
		isakmp_step(sa, ISAKMP_EV_LIFETIME, s);
	else if (sa->flight.due <= s->now && !isakmp_repeat(sa, &sa->flight, s))
		isakmp_step(sa, ISAKMP_EV_RETRANSMIT_MAX, s);
	else if (quicks_due(sa) <= s->now)
		tick_quick(sa, s);
	else if (sa->state == ISAKMP_STATE_ESTABLISHED)
		tick_established(sa, s);
	isakmp_finish(sa);
}

int isakmp_tick(struct isakmp *isakmp, btime now, struct actions *actions)
{
	struct scratch scratch;
	struct isakmp_step s = step_of(&scratch, now, actions);

	isakmp_reap(isakmp);
	for (struct isakmp_sa *sa = isakmp->first, *next; sa; sa = next) {
		next = sa->next;
		if (actions->count < ACTIONS_MAX / 2 && sa_due(sa) <= now)
			tick_sa(sa, &s);
	}
	return 0;
}
