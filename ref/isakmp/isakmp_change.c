// SPDX-License-Identifier: Apache-2.0
/*
 * Address change over IKEv1: docs/address-change.md, of which §8 says what differs from IKEv2.
 * Section numbers are its. Nothing answers an informational exchange, so a request is repeated as a
 * new message with the same data until a message comes that answers it by its Sequence Number; and
 * a correspondent that hears the number of the last change once more says again that it is done.
 */
#include "ref/isakmp/isakmp_inside.h"

static void migrate(struct isakmp_sa *sa, struct isakmp_step *s, bool here,
	const struct endpoint *old, const struct endpoint *to)
{
	struct ike_migration m = { .local = *to, .old_local = *old, .here = here };

	memcpy(here ? sa->local.address : sa->peer.address, to->address, 16);
	if (!here)
		m = (struct ike_migration){ .peer = *to, .old_peer = *old };
	for (struct isakmp_child *c = sa->children; c; c = c->next) {
		struct ike_ts_list *list = here ? &c->info.local_ts : &c->info.remote_ts;
		ike_change_move_selectors(list, old, to);
		*(here ? &c->flow.local : &c->flow.remote) = list->list[0];
	}
	actions_report(s->actions, sa, IKE_REPORT_MIGRATED, ike_report_name(IKE_REPORT_MIGRATED),
		VIEW(&m, sizeof(m)));
}

static struct packet change_packet(const struct isakmp_sa *sa, enum ike_change_kind kind,
	uint32_t sequence)
{
	return ike_change_header(sa->cky_i, sa->cky_r, kind, sequence);
}

static void send_change(struct isakmp_sa *sa, uint16_t type, const struct packet *p,
	struct isakmp_step *s)
{
	uint8_t data[IKE_CHANGE_DATA_MAX];
	struct writer w = writer_of(data, sizeof(data));

	wire_encode(p, &w);
	isakmp_send_notify(sa, type, writer_view(&w), s);
}

/* An answer goes to where the request came from, which may not be where the peer is yet. */
static void answer_change(struct isakmp_sa *sa, uint16_t type, const struct packet *p,
	struct isakmp_step *s)
{
	struct endpoint local = sa->local, peer = sa->peer;

	sa->local = s->local;
	sa->peer = s->from;
	send_change(sa, type, p, s);
	sa->local = local;
	sa->peer = peer;
}

static size_t child_spis(const struct isakmp_sa *sa, uint8_t *out, size_t size)
{
	struct writer w = writer_of(out, size);

	for (const struct isakmp_child *c = sa->children; c && w.used + 4 <= size; c = c->next)
		write_u32(&w, c->info.spi_in);
	return w.used;
}

/* --- the mover ------------------------------------------------------------------------------ */

/* §5.1: without a tunnel the message itself comes from the new address. */
static void leave(struct isakmp_sa *sa, const struct endpoint *to)
{
	if (!sa->change.away)
		sa->change.agreed = sa->local;
	sa->change.away = true;
	memcpy(sa->local.address, to->address, 16);
}

static void send_request(struct isakmp_sa *sa, struct isakmp_step *s)
{
	struct isakmp_change *c = &sa->change;
	struct packet p = change_packet(sa, IKE_CHANGE_ADDRESS_CHANGE, c->sequence);
	uint8_t spis[256], hold[4];
	struct writer w = writer_of(hold, sizeof(hold));
	size_t size = child_spis(sa, spis, sizeof(spis));

	ike_change_add_address(&p, false, &c->from);
	ike_change_add_address(&p, true, &c->to);
	if (size)
		packet_add(&p, 0, IKE_CHANGE_CHILD_SPIS, VIEW(spis, size));
	write_u32(&w, (uint32_t)(c->hold / BTIME_MS));
	if (c->hold)
		packet_add(&p, 0, IKE_CHANGE_HOLD_TIME, VIEW_OF(hold));
	if (c->cookie.size)
		packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, ike_octets_view(&c->cookie));
	c->due = btime_add(s->now, c->interval);
	send_change(sa, ISAKMP_N_ADDRESS_CHANGE, &p, s);
}

static void begin_tries(struct isakmp_sa *sa)
{
	sa->change.tries = 1;
	sa->change.interval = sa->isakmp->config.retransmit_first;
}

static void start(struct isakmp_sa *sa, const struct endpoint *to, struct isakmp_step *s)
{
	struct isakmp_change *c = &sa->change;

	c->from = c->away ? c->agreed : sa->local;
	c->to = *to;
	c->wanted = true;
	c->more = false;
	c->rounds = 0;
	c->sequence = ++sa->changes_made;
	ike_octets_clear(&c->cookie);
	if (!c->tunnelled)
		leave(sa, to);
	begin_tries(sa);
	send_request(sa, s);
}

int isakmp_change_begin(struct isakmp_sa *sa, const struct ike_event *event, struct isakmp_step *s)
{
	struct isakmp_change *c = &sa->change;
	struct endpoint to = event->local;

	if (sa->state != ISAKMP_STATE_ESTABLISHED || !sa->peer_changes || event->of ||
		!ike_change_possible(&to) || to.family != sa->local.family)
		return -1;
	c->tunnelled = event->tunnelled;
	c->hold = event->hold;
	if (event->hold)
		sa->hold_due = btime_add(s->now, event->hold);
	if (event->peer.family) /* §5.7: the correspondent has moved, too */
		memcpy(sa->peer.address, event->peer.address, 16);
	if (!c->wanted) {
		start(sa, &to, s);
		return 0;
	}
	c->more = true;
	c->next_to = to;
	if (!c->tunnelled)
		leave(sa, &to);
	begin_tries(sa);
	send_request(sa, s);
	return 0;
}

void isakmp_change_due(struct isakmp_sa *sa, struct isakmp_step *s)
{
	const struct ike_config *config = &sa->isakmp->config;
	struct isakmp_change *c = &sa->change;

	if (c->tries >= config->retransmit_tries) {
		c->due = BTIME_NEVER;
		isakmp_step(sa, ISAKMP_EV_RETRANSMIT_MAX, s);
		return;
	}
	c->tries++;
	c->interval = isakmp_longer(sa, c->interval);
	send_request(sa, s);
}

static void over(struct isakmp_change *c)
{
	c->wanted = false;
	c->due = BTIME_NEVER;
	ike_octets_clear(&c->cookie);
}

/* What was asked for will not be; where we have gone since is another question. */
static void not_changed(struct isakmp_sa *sa, struct isakmp_step *s, const char *words)
{
	struct isakmp_change *c = &sa->change;

	over(c);
	if (c->more) {
		start(sa, &c->next_to, s);
		return;
	}
	if (c->away)
		memcpy(sa->local.address, c->agreed.address, 16);
	c->away = false;
	isakmp_tell(sa, s, IKE_REPORT_CHANGE_REFUSED, words);
}

static void completed(struct isakmp_sa *sa, const struct packet *p, struct isakmp_step *s)
{
	struct isakmp_change *c = &sa->change;
	struct endpoint to = ike_change_address(p, true), next = c->next_to;

	if (!ike_change_same(&to, &c->to)) {
		not_changed(sa, s, "the answer is about another address");
		return;
	}
	over(c);
	c->away = false;
	sa->hold_due = BTIME_NEVER;
	to = c->to;
	migrate(sa, s, true, &c->from, &to);
	if (c->more)
		start(sa, &next, s);
}

static void take_cookie(struct isakmp_sa *sa, const struct packet *p, struct isakmp_step *s)
{
	struct isakmp_change *c = &sa->change;

	if (c->more || ++c->rounds > IKE_CHANGE_COOKIE_ROUNDS) {
		not_changed(sa, s, "the peer asks for cookies again and again");
		return;
	}
	ike_octets_set(&c->cookie, packet_find(p, 0, IKE_CHANGE_PATH_COOKIE)->value);
	begin_tries(sa);
	send_request(sa, s);
}

static void take_answer(struct isakmp_sa *sa, const struct packet *p, struct isakmp_step *s)
{
	const char *words;

	if (!sa->change.wanted || p->header[IKE_CHANGE_SEQUENCE] != sa->change.sequence)
		return;
	switch ((enum ike_change_kind)p->header[IKE_CHANGE_KIND]) {
	case IKE_CHANGE_COMPLETED:
		completed(sa, p, s);
		return;
	case IKE_CHANGE_COOKIE:
		take_cookie(sa, p, s);
		return;
	case IKE_CHANGE_REFUSED:
		words = ike_name(ike_change_reasons,
			(uint32_t)packet_uint(p, 0, IKE_CHANGE_REASON, 0));
		not_changed(sa, s, words ? words : "refused");
		return;
	case IKE_CHANGE_ADDRESS_CHANGE:
	case IKE_CHANGE_EXPIRED:
		return;
	}
}

/* --- the correspondent ---------------------------------------------------------------------- */

/* §5.3: a new secret each minute; the one before is still good. */
static void turn_secret(struct isakmp *isakmp, btime now)
{
	if (now < isakmp->cookie_due)
		return;
	isakmp->cookie_version++;
	random_fill(isakmp->config.random, isakmp->cookie_secret[isakmp->cookie_version & 1], 32);
	isakmp->cookie_due = btime_add(now, 60 * BTIME_S);
}

static void refuse(struct isakmp_sa *sa, struct isakmp_step *s, const struct packet *request,
	enum ike_change_reason reason)
{
	struct packet p = ike_change_header(request->header[IKE_CHANGE_SPI_I],
		request->header[IKE_CHANGE_SPI_R], IKE_CHANGE_REFUSED,
		(uint32_t)request->header[IKE_CHANGE_SEQUENCE]);
	uint8_t value[4];
	struct writer w = writer_of(value, sizeof(value));

	write_u32(&w, (uint32_t)reason);
	packet_add(&p, 0, IKE_CHANGE_REASON, VIEW_OF(value));
	answer_change(sa, ISAKMP_N_ADDRESS_CHANGE_REFUSED, &p, s);
	isakmp_tell(sa, s, IKE_REPORT_CHANGE_REFUSED,
		ike_name(ike_change_reasons, (uint32_t)reason));
}

static void say_completed(struct isakmp_sa *sa, struct isakmp_step *s)
{
	struct packet p = change_packet(sa, IKE_CHANGE_COMPLETED, sa->changes_seen);
	uint8_t spis[256];
	size_t size = child_spis(sa, spis, sizeof(spis));

	ike_change_add_address(&p, false, &sa->change_from);
	ike_change_add_address(&p, true, &sa->change_to);
	if (size)
		packet_add(&p, 0, IKE_CHANGE_CHILD_SPIS, VIEW(spis, size));
	answer_change(sa, ISAKMP_N_MIGRATION_COMPLETED, &p, s);
}

static void ask_for_cookie(struct isakmp_sa *sa, const struct ike_change_subject *about,
	struct isakmp_step *s)
{
	struct packet p = change_packet(sa, IKE_CHANGE_COOKIE, about->sequence);
	uint8_t cookie[IKE_CHANGE_COOKIE_SIZE];

	ike_change_make_cookie(sa->isakmp->cookie_secret,
		sa->isakmp->cookie_version, about, cookie);
	packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, VIEW_OF(cookie));
	answer_change(sa, ISAKMP_N_ADDRESS_CHANGE_COOKIE, &p, s);
}

/* §6: this side has moved before the peer hears that it has. */
static void take_change(struct isakmp_sa *sa, const struct ike_change_subject *about,
	struct isakmp_step *s)
{
	sa->changes_seen = about->sequence;
	sa->change_from = sa->peer;
	sa->change_to = about->to;
	migrate(sa, s, false, &sa->change_from, &about->to);
	say_completed(sa, s);
}

/* The change that was made last, asked for again: its answer was lost. */
static bool is_repeated(const struct isakmp_sa *sa, const struct packet *p)
{
	struct endpoint old = ike_change_address(p, false), to = ike_change_address(p, true);

	return sa->changes_seen && p->header[IKE_CHANGE_SEQUENCE] == sa->changes_seen &&
		ike_change_same(&old, &sa->change_from) &&
		ike_change_same(&to, &sa->change_to);
}

static void take_request(struct isakmp_sa *sa, const struct packet *p, struct isakmp_step *s)
{
	struct isakmp *isakmp = sa->isakmp;
	struct ike_change_case c = { .allowed = sa->peer_changes,
		.tunnels = sa->connection->tunnels, .seen = sa->changes_seen, .local = sa->local,
		.peer = sa->peer, .from = s->from };
	struct ike_change_subject about = { sa->cky_i, sa->cky_r,
		(uint32_t)p->header[IKE_CHANGE_SEQUENCE], ike_change_address(p, true) };
	bool repeated = is_repeated(sa, p);
	enum ike_change_reason why = repeated ? 0 : ike_change_judge(&c, p);

	if (p->header[IKE_CHANGE_SPI_I] != sa->cky_i || p->header[IKE_CHANGE_SPI_R] != sa->cky_r)
		why = IKE_CHANGE_UNKNOWN_SA;
	turn_secret(isakmp, s->now);
	bool known = sa->connection->trust_new_address ||
		ike_change_cookie_good(isakmp->cookie_secret,
			isakmp->cookie_version, &about, p);
	if (!why && ike_change_too_often(&sa->change_budget, s->now))
		why = IKE_CHANGE_TOO_OFTEN;
	if (!why && !repeated && !ike_change_same(&s->from, &about.to)) {
		struct ike_migration m = { .old_peer = sa->peer, .peer = about.to };
		actions_report(s->actions, sa, IKE_REPORT_CHANGING,
			ike_report_name(IKE_REPORT_CHANGING), VIEW(&m, sizeof(m)));
	}
	if (why)
		refuse(sa, s, p, why);
	else if (repeated)
		say_completed(sa, s);
	else if (!known)
		ask_for_cookie(sa, &about, s);
	else
		take_change(sa, &about, s);
}

/* The type of the notification and the kind of its data say the same, §4.1. */
static bool kind_fits(const struct isakmp_notification *n, const struct packet *p)
{
	static const uint8_t kinds[] = {
		[ISAKMP_N_ADDRESS_CHANGE - ISAKMP_N_ADDRESS_CHANGE] = IKE_CHANGE_ADDRESS_CHANGE,
		[ISAKMP_N_MIGRATION_COMPLETED - ISAKMP_N_ADDRESS_CHANGE] = IKE_CHANGE_COMPLETED,
		[ISAKMP_N_ADDRESS_EXPIRED - ISAKMP_N_ADDRESS_CHANGE] = IKE_CHANGE_EXPIRED,
		[ISAKMP_N_ADDRESS_CHANGE_COOKIE - ISAKMP_N_ADDRESS_CHANGE] = IKE_CHANGE_COOKIE,
		[ISAKMP_N_ADDRESS_CHANGE_REFUSED - ISAKMP_N_ADDRESS_CHANGE] = IKE_CHANGE_REFUSED,
	};
	return p->header[IKE_CHANGE_KIND] == kinds[n->type - ISAKMP_N_ADDRESS_CHANGE];
}

void isakmp_change_info(struct isakmp_sa *sa, const struct isakmp_notification *n,
	struct isakmp_step *s)
{
	bool request = n->type == ISAKMP_N_ADDRESS_CHANGE;
	struct packet p;

	if (!sa->peer_changes)
		return;
	if (ike_change_decode(n->data, &p, NULL) < 0 || !kind_fits(n, &p)) {
		if (request)
			isakmp_send_notify(sa, ISAKMP_N_PAYLOAD_MALFORMED, VIEW_EMPTY, s);
		return;
	}
	if (request && sa->state == ISAKMP_STATE_ESTABLISHED)
		take_request(sa, &p, s);
	if (request)
		return;
	if (p.header[IKE_CHANGE_SPI_I] != sa->cky_i || p.header[IKE_CHANGE_SPI_R] != sa->cky_r)
		return;
	if (n->type == ISAKMP_N_ADDRESS_EXPIRED)
		isakmp_tell(sa, s, IKE_REPORT_EXPIRED, NULL);
	else
		take_answer(sa, &p, s);
}

/* --- the end of an address ------------------------------------------------------------------ */

void isakmp_change_expire(struct isakmp_sa *sa, struct isakmp_step *s)
{
	struct packet p = change_packet(sa, IKE_CHANGE_EXPIRED, sa->changes_made);

	ike_change_add_address(&p, false, isakmp_sa_agreed(sa));
	send_change(sa, ISAKMP_N_ADDRESS_EXPIRED, &p, s);
}

/* While the correspondent has not answered there is no one to tell. */
void isakmp_change_over(struct isakmp_sa *sa, struct isakmp_step *s)
{
	sa->hold_due = BTIME_NEVER;
	isakmp_tell(sa, s, IKE_REPORT_EXPIRED, NULL);
	sa->expired = true;
	isakmp_step(sa, sa->change.wanted ? ISAKMP_EV_HOLD : ISAKMP_EV_DELETE, s);
}

int isakmp_expire_alone(void *context, const void *input)
{
	struct isakmp_sa *sa = context;

	isakmp_tell(sa, (struct isakmp_step *)input, IKE_REPORT_DOWN, NULL);
	sa->told = true;
	return 0;
}
