// SPDX-License-Identifier: Apache-2.0
/*
 * Address change: an IKE SA, its Child SAs and whatever they protect go on at another address of
 * this end's. docs/address-change.md is the specification; section numbers are its.
 *
 * The mover asks (ADDRESS CHANGE) and waits; the correspondent moves its side and answers (MIGRATION
 * COMPLETED); upon that the mover moves its own. A cookie makes sure that the mover gets what is
 * sent to the new address: before the correspondent moves, or, where its owner limits what is sent
 * until then, afterwards. Retransmission, order and replay are IKE's.
 */
#include "ref/base/mutant.h"
#include "ref/ike/ike_change_inside.h"

#define TUNNEL_TRIES 3 /* the one from which on it is tried directly */

/* The SA and its Child SAs are elsewhere now; `here`: it was our end that moved. */
void ike_change_migrate(struct ike_sa *sa, struct ike_step *s, bool here,
	const struct endpoint *old, const struct endpoint *to)
{
	struct ike_migration m = { .local = *to, .old_local = *old, .here = true,
		.unverified = sa->change_unverified };
	struct endpoint *end = here ? &sa->local : &sa->peer;

	memcpy(end->address, to->address, sizeof(end->address));
	if (!here) {
		sa->peer_away = false;
		m = (struct ike_migration){ .peer = *to, .old_peer = *old,
			.unverified = sa->unverified };
	}
	for (struct ike_child *c = sa->children; c; c = c->next)
		ike_change_move_selectors(here ? &c->info.local_ts : &c->info.remote_ts, old, to);
	actions_report(s->actions, sa, IKE_REPORT_MIGRATED, ike_report_name(IKE_REPORT_MIGRATED),
		VIEW(&m, sizeof(m)));
}

/* --- what both make --------------------------------------------------------------------------- */

struct packet ike_change_packet(const struct ike_sa *of, enum ike_change_kind kind,
	uint32_t sequence)
{
	return ike_change_header(of->spi_i, of->spi_r, kind, sequence);
}

void ike_change_draft(struct ike_draft *d, uint16_t type, const struct packet *p)
{
	uint8_t data[IKE_CHANGE_DATA_MAX];
	struct writer w = writer_of(data, sizeof(data));

	wire_encode(p, &w);
	ike_draft_notify(d, type, writer_view(&w));
}

/* §5.4: with the key of the SA that migrates, bound to the SA that carries the message. */
void ike_change_proof(const struct ike_sa *of, const struct ike_sa *carrier, bool by_initiator,
	struct view before, uint8_t out[IKE_CHANGE_PROOF_SIZE])
{
	const struct ike_half *half = by_initiator ? &of->keys.initiator : &of->keys.responder;
	struct ike_sizes sizes;
	uint8_t spis[16];
	struct writer w = writer_of(spis, sizeof(spis));

	ike_suite_sizes(&of->suite, &sizes);
	write_u64(&w, carrier->spi_i);
	write_u64(&w, carrier->spi_r);
	struct view parts[] = { view_text("address change"), before, VIEW_OF(spis) };
	hmac_parts(DIGEST_SHA256, VIEW(half->prf, sizes.prf), parts, 3, out);
}

static void draft_proven(struct ike_draft *d, const struct ike_sa *of,
	const struct ike_sa *carrier, struct packet *p)
{
	uint8_t data[IKE_CHANGE_DATA_MAX], proof[IKE_CHANGE_PROOF_SIZE] = { 0 };
	struct writer w = writer_of(data, sizeof(data));

	packet_add(p, 0, IKE_CHANGE_PROOF, VIEW_OF(proof));
	wire_encode(p, &w);
	if (w.failed)
		return;
	ike_change_proof(of, carrier, of->initiator, VIEW(data, w.used - PROOF_ELEMENT), proof);
	w.used -= IKE_CHANGE_PROOF_SIZE;
	write_bytes(&w, proof, sizeof(proof));
	ike_draft_notify(d, IKE_N_ADDRESS_CHANGE, writer_view(&w));
}

/* --- the mover -------------------------------------------------------------------------------- */

/* The SA whose addresses the request on `sa` is about; NULL: gone meanwhile. */
static struct ike_sa *target_of(struct ike_sa *sa)
{
	return sa->change.of_spi ? ike_find(sa->ike, sa->change.of_spi) : sa;
}

/* §5.7: the correspondent has moved, too. */
static void look_elsewhere(struct ike_sa *sa, const struct endpoint *peer)
{
	if (!sa->peer_away)
		sa->peer_agreed = sa->peer;
	sa->peer_away = true;
	memcpy(sa->peer.address, peer->address, sizeof(sa->peer.address));
}

int ike_change_begin(struct ike_sa *sa, const struct ike_event *event, struct ike_step *s)
{
	struct ike_sa *of = event->of ? event->of : sa;
	struct ike_change *c = &sa->change;

	if (sa->state != IKE_STATE_ESTABLISHED || !sa->peer_changes ||
		!ike_change_possible(&event->local) || of->state != IKE_STATE_ESTABLISHED ||
		event->local.family != of->local.family)
		return -1;
	bool asked = sa->task == TASK_CHANGE && !c->confirming &&
		ike_change_same(&c->to, &event->local); /* only once more, then */
	c->of_spi = of == sa ? 0 : ike_own_spi(of);
	c->next_to = event->local;
	c->confirm = false;
	c->tunnelled = event->tunnelled;
	if (!asked)
		sa->wanted |= 1u << TASK_CHANGE;
	if (event->hold)
		of->hold_due = btime_add(s->now, event->hold);
	ike_touch(of);
	c->hold = event->hold;
	if (event->peer.family)
		look_elsewhere(sa, &event->peer);
	if (sa->task == TASK_NONE)
		return 0;
	/* what is under way goes on from and to where we are now */
	if (!c->tunnelled && of == sa && !MUTANT(change_repeats_from_before))
		ike_change_leave(sa);
	sa->tries = 1;
	sa->interval = sa->ike->config.retransmit_first;
	sa->retransmit_due = btime_add(s->now, sa->interval);
	ike_send_flight(sa, &sa->request, s);
	return 0;
}

/* §5.1: without a tunnel the message itself comes from the new address. */
void ike_change_leave(struct ike_sa *sa)
{
	if (!sa->change.away)
		sa->change.agreed = sa->local;
	sa->change.away = true;
	memcpy(sa->local.address, sa->change.next_to.address, sizeof(sa->local.address));
}

size_t ike_change_spis(const struct ike_sa *of, uint8_t *out, size_t size)
{
	struct writer w = writer_of(out, size);

	for (const struct ike_child *c = of->children; c && w.used + 4 <= size; c = c->next)
		write_u32(&w, c->info.spi_in);
	return w.used;
}

static void next_change(struct ike_sa *sa, struct ike_sa *of)
{
	struct ike_change *c = &sa->change;

	if (!c->tunnelled && of == sa)
		ike_change_leave(sa);
	if (!c->cookie.size || MUTANT(change_cookie_with_new_number))
		c->sequence = ++of->changes_made;
	c->to = c->next_to;
	c->from = of->change.away ? of->change.agreed : of->local;
	of->change_from = c->from;
	of->change_to = c->to;
}

int ike_tx_change(void *context, const void *input)
{
	struct ike_sa *sa = context, *of = target_of(sa);
	struct ike_step *s = (struct ike_step *)input;
	struct ike_change *c = &sa->change;
	uint8_t spis[256], hold[4];
	struct writer w = writer_of(hold, sizeof(hold));

	sa->wanted &= ~(1u << TASK_CHANGE);
	if (!of)
		return 0;
	c->confirming = c->confirm;
	if (!c->confirm)
		next_change(sa, of);
	c->confirm = false;
	struct packet p = ike_change_packet(of, IKE_CHANGE_ADDRESS_CHANGE, c->sequence);
	ike_change_add_address(&p, false, &c->from);
	ike_change_add_address(&p, true, &c->to);
	size_t size = ike_change_spis(of, spis, sizeof(spis));
	if (size)
		packet_add(&p, 0, IKE_CHANGE_CHILD_SPIS, VIEW(spis, size));
	write_u32(&w, (uint32_t)(c->hold / BTIME_MS));
	if (c->hold)
		packet_add(&p, 0, IKE_CHANGE_HOLD_TIME, VIEW_OF(hold));
	if (c->cookie.size && !MUTANT(change_forgets_cookie))
		packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, ike_octets_view(&c->cookie));
	ike_draft_begin(s->draft);
	if (of == sa)
		ike_change_draft(s->draft, IKE_N_ADDRESS_CHANGE, &p);
	else
		draft_proven(s->draft, of, sa, &p);
	ike_send_request(sa, IKE_INFORMATIONAL, TASK_CHANGE, s->draft, s);
	return 0;
}

/* §5.1: what gets no answer in the tunnel is tried directly as well. */
void ike_change_repeat(struct ike_sa *sa)
{
	if (sa->task != TASK_CHANGE || !sa->change.tunnelled || sa->tries < TUNNEL_TRIES)
		return;
	sa->change.tunnelled = false;
	ike_change_leave(sa);
}

/* Where the SA is for both again, when there will be no change. */
static void come_back(struct ike_sa *sa)
{
	if (sa->change.away && !MUTANT(change_moves_when_refused))
		memcpy(sa->local.address, sa->change.agreed.address, sizeof(sa->local.address));
	sa->change.away = false;
	ike_octets_clear(&sa->change.cookie);
	sa->change.rounds = 0;
}

static void change_failed(struct ike_sa *sa, struct ike_step *s, const char *words)
{
	come_back(sa);
	if (sa->wanted & 1u << TASK_CHANGE)
		return; /* moved again meanwhile: that will be asked for */
	ike_tell(sa, s, IKE_REPORT_CHANGE_REFUSED, words);
}

/* The notification of that type with data that belongs to our request; false: it is none. */
static bool find_answer(const struct ike_sa *sa, const struct ike_sa *of, const struct packet *in,
	uint16_t type, enum ike_change_kind kind, struct packet *out)
{
	struct ike_notification n;

	if (!ike_find_notify(in, type, &n) || ike_change_decode(n.data, out, NULL) < 0)
		return false;
	if (MUTANT(change_any_answer))
		return true;
	return out->header[IKE_CHANGE_KIND] == kind &&
		out->header[IKE_CHANGE_SEQUENCE] == sa->change.sequence &&
		out->header[IKE_CHANGE_SPI_I] == of->spi_i &&
		out->header[IKE_CHANGE_SPI_R] == of->spi_r;
}

static void completed(struct ike_sa *sa, struct ike_sa *of, const struct packet *p,
	struct ike_step *s)
{
	struct ike_change *c = &sa->change;
	const struct element_value *cookie = packet_find(p, 0, IKE_CHANGE_PATH_COOKIE);

	c->away = false;
	c->rounds = 0;
	ike_octets_clear(&c->cookie);
	of->hold_due = BTIME_NEVER;
	of->change_unverified = cookie != NULL;
	ike_change_migrate(of, s, true, &c->from, &c->to);
	if (sa->wanted & 1u << TASK_CHANGE) { /* moved again meanwhile */
		if (!c->tunnelled && of == sa)
			ike_change_leave(sa);
	} else if (cookie && !MUTANT(change_never_confirms)) {
		/* §5.3: the correspondent has moved, and sends little so far */
		ike_octets_set(&c->cookie, cookie->value);
		c->confirm = true;
		sa->wanted |= 1u << TASK_CHANGE;
	}
	ike_touch(of);
}

/* The answer to what showed that we are where both know us. */
static void confirmed(struct ike_sa *sa, struct ike_sa *of, struct ike_step *s)
{
	struct packet p;

	sa->change.confirming = false;
	ike_octets_clear(&sa->change.cookie);
	if (!find_answer(sa, of, s->packet, IKE_N_MIGRATION_COMPLETED, IKE_CHANGE_COMPLETED, &p))
		change_failed(sa, s, "the peer does not believe that we are here");
	else
		ike_tell(of, s, IKE_REPORT_VERIFIED, NULL);
}

/* §5.3: once more, with what shows that we are there. */
static void take_cookie(struct ike_sa *sa, const struct packet *p, struct ike_step *s)
{
	if (sa->wanted & 1u << TASK_CHANGE)
		return; /* moved again: the next request asks for its own */
	if (++sa->change.rounds > IKE_CHANGE_COOKIE_ROUNDS && !MUTANT(change_endless_cookies)) {
		change_failed(sa, s, "the peer asks for cookies again and again");
		return;
	}
	ike_octets_set(&sa->change.cookie, packet_find(p, 0, IKE_CHANGE_PATH_COOKIE)->value);
	sa->wanted |= 1u << TASK_CHANGE;
}

void ike_change_answered(struct ike_sa *sa, struct ike_step *s)
{
	struct ike_sa *of = target_of(sa);
	struct packet p;

	if (!of)
		return;
	if (sa->change.confirming) {
		confirmed(sa, of, s);
		return;
	}
	bool moved_on = sa->wanted & 1u << TASK_CHANGE;
	if (moved_on) /* the cookie is of an address that is no more */
		ike_octets_clear(&sa->change.cookie);
	if (find_answer(sa, of, s->packet, IKE_N_MIGRATION_COMPLETED, IKE_CHANGE_COMPLETED, &p)) {
		struct endpoint to = ike_change_address(&p, true);
		if (ike_change_same(&to, &sa->change.to))
			completed(sa, of, &p, s);
		else
			change_failed(sa, s, "the answer is about another address");
		return;
	}
	if (find_answer(sa, of, s->packet, IKE_N_ADDRESS_CHANGE_COOKIE, IKE_CHANGE_COOKIE, &p)) {
		take_cookie(sa, &p, s);
		return;
	}
	const char *words = "no answer to ADDRESS CHANGE in the answer";
	if (find_answer(sa, of, s->packet, IKE_N_ADDRESS_CHANGE_REFUSED, IKE_CHANGE_REFUSED, &p)) {
		words = ike_name(ike_change_reasons,
			(uint32_t)packet_uint(&p, 0, IKE_CHANGE_REASON, 0));
		if (!words)
			words = "refused";
	}
	change_failed(sa, s, words);
}

/* --- the end of an address -------------------------------------------------------------------- */

/* §5.6: with the Delete of the SA, so that both ends clean up for the same reason. */
void ike_draft_expired(const struct ike_sa *sa, struct ike_draft *d)
{
	struct packet p = ike_change_packet(sa, IKE_CHANGE_EXPIRED, sa->changes_made);

	ike_change_add_address(&p, false, sa->change.away ? &sa->change.agreed : &sa->local);
	ike_change_draft(d, IKE_N_ADDRESS_EXPIRED, &p);
}

bool ike_says_expired(const struct packet *packet)
{
	struct ike_notification n;
	struct packet p;

	return ike_find_notify(packet, IKE_N_ADDRESS_EXPIRED, &n) &&
		ike_change_decode(n.data, &p, NULL) == 0 &&
		p.header[IKE_CHANGE_KIND] == IKE_CHANGE_EXPIRED;
}

bool ike_change_unanswered(const void *context, const void *input)
{
	const struct ike_sa *sa = context;
	(void)input;
	return sa->task == TASK_CHANGE;
}

/* The hold time is over and the correspondent has not even answered: there is no one to tell. */
int ike_expire_alone(void *context, const void *input)
{
	struct ike_sa *sa = context;

	ike_tell(sa, (struct ike_step *)input, IKE_REPORT_EXPIRED, NULL);
	ike_tell(sa, (struct ike_step *)input, IKE_REPORT_DOWN, NULL);
	sa->told = true;
	return 0;
}

int ike_expire(void *context, const void *input)
{
	struct ike_sa *sa = context;

	ike_tell(sa, (struct ike_step *)input, IKE_REPORT_EXPIRED, NULL);
	sa->expired = true;
	sa->wanted |= 1u << TASK_DELETE;
	return 0;
}
