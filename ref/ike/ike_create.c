// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE_CHILD_SA: another Child SA (RFC 7296 §1.3.1), the IKE SA anew (§1.3.2), a Child SA anew
 * (§1.3.3), and what happens when both ends begin at once (§2.8.1, §2.25).
 */
#include "ref/base/mutant.h"
#include "ref/ike/ike_inside.h"

static btime soon(struct ike_sa *sa, btime now)
{
	return btime_add(now, BTIME_S + random_below(sa->ike->config.random, 4000) * BTIME_MS);
}

/* --- what a request is about -------------------------------------------------------------- */

static bool decode_sa(const struct packet *p, struct ike_proposals *out)
{
	const struct element_value *e = packet_find(p, 0, IKE_PAYLOAD_SA);
	return e && ike_decode_sa(e, out, NULL) == 0 && out->count;
}

bool ike_rekeys_ike(const void *context, const void *input)
{
	const struct ike_step *s = input;
	struct ike_proposals offered;

	(void)context;
	return decode_sa(s->packet, &offered) && offered.list[0].protocol == IKE_PROTOCOL_IKE;
}

bool ike_rekeys_child(const void *context, const void *input)
{
	const struct ike_step *s = input;
	struct ike_notification n;

	(void)context;
	return ike_find_notify(s->packet, IKE_N_REKEY_SA, &n);
}

/* §2.25.2: not while something of ours is under way that the other request would upset. */
bool ike_busy(const void *context, const void *input)
{
	const struct ike_sa *sa = context;

	if (!ike_rekeys_ike(context, input))
		return sa->task == TASK_REKEY;
	return sa->task != TASK_NONE && sa->task != TASK_PROBE;
}

static const struct ike_proposal *choose_ike(const struct ike_sa *sa, const struct packet *p,
	struct ike_proposals *offered, struct ike_suite *suite)
{
	if (!decode_sa(p, offered))
		return NULL;
	const struct ike_proposal *chosen =
		ike_choose(offered, &sa->connection->ike, IKE_PROTOCOL_IKE, false, suite);
	return chosen && chosen->spi_size == 8 && ike_suite_usable(suite) ? chosen : NULL;
}

/* The group of the KE payload, 0 without one, and the value. */
static uint16_t key_exchange(const struct packet *p, struct view *value)
{
	const struct element_value *ke = packet_find(p, 0, IKE_PAYLOAD_KE);
	struct reader r = reader_of(ke ? ke->value : VIEW_EMPTY);
	uint16_t group = read_u16(&r);

	read_u16(&r);
	*value = read_rest(&r);
	return group;
}

bool ike_rekey_possible(const void *context, const void *input)
{
	const struct ike_step *s = input;
	struct ike_proposals offered;
	struct ike_suite suite;
	struct view value;

	if (!ike_rekeys_ike(context, input) || !packet_find(s->packet, 0, IKE_PAYLOAD_NONCE))
		return false;
	return choose_ike(context, s->packet, &offered, &suite) &&
		key_exchange(s->packet, &value) == suite.dh &&
		value.size == ike_dh_public_size(suite.dh);
}

int ike_put_off(void *context, const void *input)
{
	ike_send_error(context, IKE_CREATE_CHILD_SA, IKE_N_TEMPORARY_FAILURE,
		(struct ike_step *)input);
	return 0;
}

/* --- the IKE SA anew, §2.18 --------------------------------------------------------------- */

/* The heir takes over everything but numbers and keys. */
static struct ike_sa *make_heir(struct ike_sa *old, bool initiator, const struct ike_suite *suite)
{
	struct ike_sa *sa = ike_sa_new(old->ike, old->connection, initiator);

	sa->leader = old->leader;
	if (MUTANT(ike_counts_on)) {
		sa->send_id = old->send_id;
		sa->receive_id = old->receive_id;
	}
	sa->state = IKE_STATE_ESTABLISHED;
	sa->suite = *suite;
	sa->local = old->local;
	sa->peer = old->peer;
	sa->first_local = old->first_local;
	sa->first_peer = old->first_peer;
	sa->peer_agreed = old->peer_agreed;
	sa->peer_away = old->peer_away;
	sa->peer_id = old->peer_id;
	sa->peer_fragments = old->peer_fragments;
	sa->mobike = old->mobike;
	sa->peer_changes = old->peer_changes;
	sa->nat_here = old->nat_here;
	sa->nat_there = old->nat_there;
	memcpy(sa->address, old->address, sizeof(sa->address));
	sa->has_address = old->has_address;
	return sa;
}

static void inherit(struct ike_sa *old, struct ike_sa *heir, struct ike_step *s)
{
	heir->children = old->children;
	old->children = NULL;
	old->offer.old = old->offer.rival = NULL;
	heir->wanted = old->wanted & ~(1u << TASK_REKEY);
	heir->change.next_to = old->change.next_to;
	heir->change.tunnelled = old->change.tunnelled;
	heir->change.hold = old->change.hold;
	heir->change.agreed = old->change.agreed;
	heir->change.away = old->change.away;
	heir->change_budget = old->change_budget;
	heir->unverified = old->unverified;
	heir->change_unverified = old->change_unverified;
	old->wanted = 0;
	old->has_address = false;
	old->told = true; /* its end is no news: the line goes on */
	ike_begin_life(heir, s->now);
	heir->hold_due = old->hold_due;
	heir->verify_due = old->verify_due;
	old->hold_due = old->verify_due = BTIME_NEVER;
	actions_report(s->actions, heir, IKE_REPORT_REKEYED, ike_report_name(IKE_REPORT_REKEYED),
		VIEW(&old, sizeof(old)));
}

static uint64_t spi_of(const struct ike_proposal *p)
{
	struct reader r = reader_of(VIEW(p->spi, 8));
	return read_u64(&r);
}

static void draft_rekey(struct ike_draft *d, const struct ike_proposals *proposals, uint64_t spi,
	struct view nonce, uint16_t group, struct view value)
{
	struct ike_proposals mine = *proposals;

	for (unsigned i = 0; i < mine.count; i++) {
		struct writer w = writer_of(mine.list[i].spi, 8);
		mine.list[i].spi_size = 8;
		write_u64(&w, spi);
	}
	ike_draft_begin(d);
	ike_draft_sa(d, &mine);
	ike_draft_octets(d, IKE_PAYLOAD_NONCE, nonce);
	ike_draft_ke(d, group, value);
}

int ike_answer_rekey(void *context, const void *input)
{
	struct ike_sa *old = context;
	struct ike_step *s = (struct ike_step *)input;
	const struct element_value *nonce = packet_find(s->packet, 0, IKE_PAYLOAD_NONCE);
	uint8_t public_value[IKE_DH_PUBLIC_MAX], shared[IKE_DH_SHARED_MAX], own[IKE_NONCE_SIZE];
	struct ike_proposals offered, chosen = { .count = 1 };
	struct ike_dh_secret secret;
	struct ike_suite suite;
	struct view value;

	const struct ike_proposal *p = choose_ike(old, s->packet, &offered, &suite);
	key_exchange(s->packet, &value);
	if (spi_of(p) == 0 ||
		ike_dh_make(suite.dh, old->ike->config.random, &secret, public_value) < 0 ||
		ike_dh_agree(&secret, value, shared) < 0) {
		old->state = IKE_STATE_ESTABLISHED;
		ike_send_error(old, IKE_CREATE_CHILD_SA, IKE_N_INVALID_SYNTAX, s);
		return 0;
	}
	random_fill(old->ike->config.random, own, sizeof(own));
	struct ike_sa *heir = make_heir(old, false, &suite);
	heir->spi_i = spi_of(p);
	chosen.list[0] = ike_suite_proposal(&suite, IKE_PROTOCOL_IKE, p->number);
	draft_rekey(s->draft, &chosen, heir->spi_r, VIEW_OF(own), suite.dh,
		VIEW(public_value, ike_dh_public_size(suite.dh)));
	struct ike_seed seed = { nonce->value, VIEW_OF(own),
		VIEW(shared, ike_dh_shared_size(suite.dh)), heir->spi_i, heir->spi_r };
	ike_keys_derive(&suite, &seed, &old->keys, &old->suite, &heir->keys);
	heir->keyed = true;
	ike_send_response(old, IKE_CREATE_CHILD_SA, s->draft, s);
	inherit(old, heir, s);
	old->lifetime_due = btime_add(s->now, IKE_LINGER);
	wipe(&secret, sizeof(secret));
	wipe(shared, sizeof(shared));
	ike_finish(heir, s);
	return 0;
}

int ike_refuse_rekey(void *context, const void *input)
{
	struct ike_step *s = (struct ike_step *)input;
	struct ike_proposals offered;
	struct ike_suite suite;
	bool fits = choose_ike(context, s->packet, &offered, &suite) != NULL;

	s->error_group = suite.dh;
	ike_send_error(context, IKE_CREATE_CHILD_SA,
		fits ? IKE_N_INVALID_KE_PAYLOAD : IKE_N_NO_PROPOSAL_CHOSEN, s);
	return 0;
}

int ike_tx_rekey(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	uint8_t public_value[IKE_DH_PUBLIC_MAX];
	struct ike_offer *o = &sa->offer;
	struct ike_proposals mine = sa->connection->ike;

	sa->wanted &= ~(1u << TASK_REKEY);
	/* what the SA runs on is what the peer takes; its group is the first */
	mine.count = 1;
	mine.list[0] = ike_suite_proposal(&sa->suite, IKE_PROTOCOL_IKE, 1);
	do
		random_fill(sa->ike->config.random, &o->ike_spi, sizeof(o->ike_spi));
	while (o->ike_spi == 0 || ike_find(sa->ike, o->ike_spi));
	random_fill(sa->ike->config.random, o->nonce, IKE_NONCE_SIZE);
	ike_dh_make(sa->suite.dh, sa->ike->config.random, &o->dh, public_value);
	draft_rekey(s->draft, &mine, o->ike_spi, VIEW_OF(o->nonce), sa->suite.dh,
		VIEW(public_value, ike_dh_public_size(sa->suite.dh)));
	ike_send_request(sa, IKE_CREATE_CHILD_SA, TASK_REKEY, s->draft, s);
	return 0;
}

/* The answer to our rekeying: the suite we run on, a nonce, a value of the group. */
static bool rekey_shared(const struct ike_sa *sa, const struct packet *p,
	struct ike_proposals *chosen, uint8_t *shared)
{
	struct ike_proposals mine = { .count = 1 };
	struct ike_suite suite;
	struct view value;

	mine.list[0] = ike_suite_proposal(&sa->suite, IKE_PROTOCOL_IKE, 1);
	if (!decode_sa(p, chosen) || chosen->count != 1 || chosen->list[0].spi_size != 8 ||
		!ike_is_choice(&chosen->list[0]) ||
		!spi_of(&chosen->list[0]) || !packet_find(p, 0, IKE_PAYLOAD_NONCE))
		return false;
	return ike_choose(chosen, &mine, IKE_PROTOCOL_IKE, false, &suite) &&
		ike_suite_equal(&suite, &sa->suite) && key_exchange(p, &value) == suite.dh &&
		ike_dh_agree(&sa->offer.dh, value, shared) == 0;
}

bool ike_rekey_answered(const void *context, const void *input)
{
	const struct ike_sa *sa = context;
	const struct ike_step *s = input;
	struct ike_proposals chosen;
	uint8_t shared[IKE_DH_SHARED_MAX];
	bool good = sa->task == TASK_REKEY && rekey_shared(sa, s->packet, &chosen, shared);

	wipe(shared, sizeof(shared));
	return good;
}

/* The new SA has the SPI that we offered, so it is made and then renamed. */
int ike_take_rekey(void *context, const void *input)
{
	struct ike_sa *old = context;
	struct ike_step *s = (struct ike_step *)input;
	uint8_t shared[IKE_DH_SHARED_MAX];
	struct ike_proposals chosen;

	rekey_shared(old, s->packet, &chosen, shared);
	ike_answered(old);
	struct ike_sa *heir = make_heir(old, true, &old->suite);
	ike_rename(heir, old->offer.ike_spi);
	heir->spi_r = spi_of(&chosen.list[0]);
	struct ike_seed seed = { VIEW_OF(old->offer.nonce),
		packet_find(s->packet, 0, IKE_PAYLOAD_NONCE)->value,
		VIEW(shared, ike_dh_shared_size(old->suite.dh)), heir->spi_i, heir->spi_r };
	ike_keys_derive(&old->suite, &seed, &old->keys, &old->suite, &heir->keys);
	heir->keyed = true;
	wipe(shared, sizeof(shared));
	inherit(old, heir, s);
	ike_tx_delete(old, s);
	ike_finish(heir, s);
	return 0;
}

/* --- Child SAs ---------------------------------------------------------------------------- */

static int answer_child(struct ike_sa *sa, struct ike_step *s, struct ike_child *old,
	struct ike_child **made)
{
	ike_draft_begin(s->draft);
	uint16_t error = ike_accept_child(sa, s, s->draft, false, old, made);
	if (error)
		ike_send_error(sa, IKE_CREATE_CHILD_SA, error, s);
	else
		ike_send_response(sa, IKE_CREATE_CHILD_SA, s->draft, s);
	return 0;
}

int ike_answer_create_child(void *context, const void *input)
{
	struct ike_child *made;
	return answer_child(context, (struct ike_step *)input, NULL, &made);
}

int ike_answer_rekey_child(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	struct ike_notification n;
	struct ike_child *old = NULL, *made;

	/* §1.3.3: the SPI is the one that the asking end receives with */
	if (ike_find_notify(s->packet, IKE_N_REKEY_SA, &n) && n.spi.size == 4) {
		struct reader r = reader_of(n.spi);
		old = ike_child_by_out(sa, read_u32(&r));
	}
	if (!old) {
		ike_draft_begin(s->draft);
		ike_draft_notify_spi(s->draft, IKE_PROTOCOL_ESP, n.spi, IKE_N_CHILD_SA_NOT_FOUND);
		ike_send_response(sa, IKE_CREATE_CHILD_SA, s->draft, s);
		return 0;
	}
	if (old->deleting || old->want_delete) /* §2.25.1 */
		return ike_put_off(context, input);
	answer_child(sa, s, old, &made);
	if (!made)
		return 0;
	old->want_rekey = false;
	old->rekey_due = BTIME_NEVER;
	if (sa->task == TASK_REKEY_CHILD && sa->offer.old == old)
		sa->offer.rival = made;
	return 0;
}

int ike_tx_create_child(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	sa->wanted &= ~(1u << TASK_CREATE_CHILD);
	sa->offer.old = sa->offer.rival = NULL;
	ike_draft_begin(s->draft);
	ike_draft_child(sa, s->draft, true);
	ike_send_request(sa, IKE_CREATE_CHILD_SA, TASK_CREATE_CHILD, s->draft, s);
	return 0;
}

int ike_tx_rekey_child(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	struct ike_child *old = ike_child_wanted(sa, true);
	uint8_t spi[4];
	struct writer w = writer_of(spi, sizeof(spi));

	old->want_rekey = false;
	sa->offer.old = old;
	sa->offer.rival = NULL;
	write_u32(&w, old->info.spi_in);
	ike_draft_begin(s->draft);
	ike_draft_notify_spi(s->draft, IKE_PROTOCOL_ESP, VIEW_OF(spi), IKE_N_REKEY_SA);
	ike_draft_child(sa, s->draft, true);
	ike_send_request(sa, IKE_CREATE_CHILD_SA, TASK_REKEY_CHILD, s->draft, s);
	return 0;
}

static bool lower(const struct ike_child *a, const struct ike_child *b)
{
	size_t n = a->low_nonce_size < b->low_nonce_size ? a->low_nonce_size : b->low_nonce_size;
	int order = memcmp(a->low_nonce, b->low_nonce, n);
	return order < 0 || (order == 0 && a->low_nonce_size < b->low_nonce_size);
}

/* §2.8.1: of two at once the one with the lowest nonce goes, by who made it. */
static void settle(struct ike_sa *sa, struct ike_child *made)
{
	struct ike_child *rival = sa->offer.rival, *old = sa->offer.old;

	if (rival && lower(made, rival))
		made->want_delete = true;
	else if (old)
		old->want_delete = true;
	sa->offer.old = sa->offer.rival = NULL;
}

static void child_refused(struct ike_sa *sa, struct ike_step *s, enum ike_task task)
{
	struct ike_notification n = { 0 };
	uint16_t error = ike_find_error(s->packet, &n);
	const char *name = ike_name(ike_notify_names, error);
	struct ike_child *old = sa->offer.old;
	struct reader r = reader_of(n.data);
	uint16_t group = read_u16(&r);

	if (error == IKE_N_INVALID_KE_PAYLOAD && ike_dh_public_size(group) &&
		group != sa->child_group) {
		sa->child_group = group;
		if (old)
			old->want_rekey = true;
		else
			sa->wanted |= 1u << TASK_CREATE_CHILD;
	} else if (task == TASK_REKEY_CHILD && error == IKE_N_CHILD_SA_NOT_FOUND) {
		if (old)
			ike_drop_child(sa, old, s);
	} else if (task == TASK_REKEY_CHILD && old && !sa->offer.rival) {
		old->rekey_due = soon(sa, s->now);
	} else if (task == TASK_CREATE_CHILD) {
		ike_tell(sa, s, IKE_REPORT_CHILD_FAILED,
			name ? name : "the answer does not fit the offer");
	}
	sa->offer.old = sa->offer.rival = NULL;
}

/* Answers to all but a rekeying of the IKE SA that succeeds. */
int ike_take_created(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	enum ike_task task = sa->task;

	ike_answered(sa);
	if (task == TASK_REKEY) {
		sa->rekey_due = soon(sa, s->now);
		return 0;
	}
	struct ike_child *made = ike_complete_child(sa, s, false, sa->offer.old);
	if (made)
		settle(sa, made);
	else
		child_refused(sa, s, task);
	return 0;
}
