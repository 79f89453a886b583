// SPDX-License-Identifier: Apache-2.0
/* Child SAs: offered, accepted, keyed, reported. RFC 7296 §1.3.1, §2.9, §2.17. */
#include <stdlib.h>

#include <arpa/inet.h>

#include "ref/ike/ike_change_rules.h"
#include "ref/ike/ike_inside.h"

/* --- lists -------------------------------------------------------------------------------- */

struct ike_child *ike_child_by_in(struct ike_sa *sa, uint32_t spi)
{
	struct ike_child *c = sa->children;
	while (c && c->info.spi_in != spi)
		c = c->next;
	return c;
}

struct ike_child *ike_child_by_out(struct ike_sa *sa, uint32_t spi)
{
	struct ike_child *c = sa->children;
	while (c && c->info.spi_out != spi)
		c = c->next;
	return c;
}

static void tell_child(struct ike_sa *sa, struct ike_step *s, enum ike_report report,
	const struct ike_child *child)
{
	actions_report(s->actions, sa, (int)report, ike_report_name(report),
		VIEW(&child->info, sizeof(child->info)));
}

void ike_drop_child(struct ike_sa *sa, struct ike_child *child, struct ike_step *s)
{
	struct ike_child **at = &sa->children;

	while (*at != child)
		at = &(*at)->next;
	*at = child->next;
	if (sa->offer.old == child)
		sa->offer.old = NULL;
	if (sa->offer.rival == child)
		sa->offer.rival = NULL;
	tell_child(sa, s, IKE_REPORT_CHILD_DOWN, child);
	wipe(child, sizeof(*child));
	free(child);
}

/* Without a report for each: the end of the IKE SA says it for all, §1.4.1. */
void ike_drop_children(struct ike_sa *sa, struct ike_step *s)
{
	(void)s;
	while (sa->children) {
		struct ike_child *c = sa->children;
		sa->children = c->next;
		wipe(c, sizeof(*c));
		free(c);
	}
	sa->offer.old = sa->offer.rival = NULL;
}

uint32_t ike_new_spi(struct ike_sa *sa)
{
	uint32_t spi;
	do /* RFC 4303 §2.1: 1 to 255 are reserved */
		spi = random_u32(sa->ike->config.random);
	while (spi < 256 || ike_child_by_in(sa, spi));
	return spi;
}

/* --- selectors ---------------------------------------------------------------------------- */

static struct ike_ts whole(uint8_t family, const uint8_t *address)
{
	struct ike_ts ts = { .end_port = 65535 };
	size_t width = family == AF_INET6 ? 16 : 4;

	ts.type = family == AF_INET6 ? IKE_TS_IPV6_ADDR_RANGE : IKE_TS_IPV4_ADDR_RANGE;
	memset(ts.end, 0xff, width);
	if (address) {
		memcpy(ts.start, address, width);
		memcpy(ts.end, address, width);
	}
	return ts;
}

/* The selectors of that side if it were there. */
static void policy_at(const struct ike_sa *sa, bool remote, const struct endpoint *e,
	struct ike_ts_list *out)
{
	const struct ike_connection *c = sa->connection;
	/* the side that asked for an internal address has its traffic under it, §2.19 */
	bool gives = c->pool_size || c->owner_gives;
	bool internal = remote ? gives && sa->has_address : c->ask_address;

	*out = remote ? c->remote_ts : c->local_ts;
	if (sa->peer_changes && sa->first_local.family) /* as those of the Child SA did */
		ike_change_move_selectors(out, remote ? &sa->first_peer : &sa->first_local, e);
	if (internal)
		*out = (struct ike_ts_list){ 1,
			{ whole(AF_INET, sa->has_address ? sa->address : NULL) } };
	else if (out->count == 0)
		*out = (struct ike_ts_list){ 1, { whole(e->family, e->address) } };
}

void ike_policy(const struct ike_sa *sa, bool remote, struct ike_ts_list *out)
{
	policy_at(sa, remote, remote ? ike_sa_peer(sa) : ike_sa_agreed(sa), out);
}

/* --- what is offered ---------------------------------------------------------------------- */

/* The connection's proposals with our SPI, without D-H where there is none to be. */
static struct ike_proposals own_proposals(const struct ike_sa *sa, bool dh)
{
	struct ike_proposals all = sa->connection->esp;

	for (unsigned i = 0; i < all.count; i++) {
		struct ike_proposal *p = &all.list[i];
		struct writer w = writer_of(p->spi, 4);
		unsigned kept = 0;
		p->number = (uint8_t)(i + 1);
		p->spi_size = 4;
		write_u32(&w, sa->offer.spi);
		for (unsigned k = 0; k < p->count; k++)
			if (dh || p->transforms[k].type != IKE_TRANSFORM_DH)
				p->transforms[kept++] = p->transforms[k];
		p->count = kept;
	}
	return all;
}

static uint16_t own_group(const struct ike_sa *sa)
{
	const struct ike_proposals *all = &sa->connection->esp;

	for (unsigned i = 0; i < all->count; i++)
		for (unsigned k = 0; k < all->list[i].count; k++)
			if (all->list[i].transforms[k].type == IKE_TRANSFORM_DH)
				return all->list[i].transforms[k].id;
	return 0;
}

static void draft_selectors(struct ike_sa *sa, struct ike_draft *d)
{
	struct ike_ts_list local, remote;

	sa->offer.local = *ike_sa_agreed(sa);
	sa->offer.peer = *ike_sa_peer(sa);
	ike_policy(sa, false, &local);
	ike_policy(sa, true, &remote);
	ike_draft_ts(d, IKE_PAYLOAD_TSI, &local);
	ike_draft_ts(d, IKE_PAYLOAD_TSR, &remote);
}

void ike_draft_child(struct ike_sa *sa, struct ike_draft *d, bool dh)
{
	struct ike_offer *o = &sa->offer;
	uint8_t public_value[IKE_DH_PUBLIC_MAX];
	uint16_t group = dh ? (sa->child_group ? sa->child_group : own_group(sa)) : 0;

	o->spi = ike_new_spi(sa);
	struct ike_proposals all = own_proposals(sa, dh);
	if (sa->connection->transport)
		ike_draft_notify(d, IKE_N_USE_TRANSPORT_MODE, VIEW_EMPTY);
	ike_draft_sa(d, &all);
	if (dh) {
		random_fill(sa->ike->config.random, o->nonce, IKE_NONCE_SIZE);
		ike_draft_octets(d, IKE_PAYLOAD_NONCE, VIEW_OF(o->nonce));
	}
	o->dh.group = 0;
	if (group && ike_dh_make(group, sa->ike->config.random, &o->dh, public_value) == 0)
		ike_draft_ke(d, group, VIEW(public_value, ike_dh_public_size(group)));
	draft_selectors(sa, d);
}

/* --- keys --------------------------------------------------------------------------------- */

struct made {
	struct ike_suite suite;
	uint32_t spi_in, spi_out;
	bool initiator, transport;
	struct view nonce_i, nonce_r, shared;
	const struct ike_ts_list *local, *remote;
};

static void remember_nonce(struct ike_child *c, const struct made *m)
{
	size_t shorter = m->nonce_i.size < m->nonce_r.size ? m->nonce_i.size : m->nonce_r.size;
	int order = memcmp(m->nonce_i.data, m->nonce_r.data, shorter);
	bool i_lower = order < 0 || (order == 0 && m->nonce_i.size <= m->nonce_r.size);
	struct view low = i_lower ? m->nonce_i : m->nonce_r;

	memcpy(c->low_nonce, low.data, low.size);
	c->low_nonce_size = low.size;
}

/* §2.17: the initiator's direction first, encryption before integrity. */
static void take_keys(struct ike_sa *sa, struct ike_child *c, const struct made *m)
{
	struct ike_child_info *i = &c->info;
	uint8_t keymat[4 * IKE_KEY_MAX];
	size_t size = 2 * (i->sizes.encr + i->sizes.integ);

	ike_keymat(sa->suite.prf, &sa->keys, m->shared, m->nonce_i, m->nonce_r, keymat, size);
	struct reader r = reader_of(VIEW(keymat, size));
	read_bytes(&r, m->initiator ? i->encr_out : i->encr_in, i->sizes.encr);
	read_bytes(&r, m->initiator ? i->integ_out : i->integ_in, i->sizes.integ);
	read_bytes(&r, m->initiator ? i->encr_in : i->encr_out, i->sizes.encr);
	read_bytes(&r, m->initiator ? i->integ_in : i->integ_out, i->sizes.integ);
	wipe(keymat, sizeof(keymat));
}

static struct ike_child *make_child(struct ike_sa *sa, struct ike_step *s, const struct made *m,
	const struct ike_child *old)
{
	struct ike_child *c = ike_alloc(sizeof(*c));
	struct ike_child_info *i = &c->info;

	i->spi_in = m->spi_in;
	i->spi_out = m->spi_out;
	i->replaces = old ? old->info.spi_in : 0;
	i->suite = m->suite;
	ike_suite_sizes(&m->suite, &i->sizes);
	i->local_ts = *m->local;
	i->remote_ts = *m->remote;
	i->transport = m->transport;
	i->encapsulated = sa->nat_here || sa->nat_there || sa->connection->force_encapsulation;
	i->initiator = m->initiator;
	take_keys(sa, c, m);
	remember_nonce(c, m);
	c->rekey_due = ike_jitter(sa, s->now, sa->connection->rekey_child);
	c->next = sa->children;
	sa->children = c;
	tell_child(sa, s, IKE_REPORT_CHILD_UP, c);
	return c;
}

static uint32_t proposal_spi(const struct ike_proposal *p)
{
	struct reader r = reader_of(VIEW(p->spi, p->spi_size));
	return p->spi_size == 4 ? read_u32(&r) : 0;
}

static bool wants_transport(const struct ike_sa *sa, const struct packet *p)
{
	struct ike_notification n;
	return sa->connection->transport && ike_find_notify(p, IKE_N_USE_TRANSPORT_MODE, &n);
}

/* --- the responder of the exchange -------------------------------------------------------- */

/* D-H of the answer; 0 or the notification of a refusal. */
static uint16_t answer_group(struct ike_sa *sa, struct ike_step *s, uint16_t group,
	uint8_t *public_value, uint8_t *shared)
{
	const struct element_value *ke = packet_find(s->packet, 0, IKE_PAYLOAD_KE);
	struct reader r = reader_of(ke ? ke->value : VIEW_EMPTY);
	struct ike_dh_secret secret;

	if (read_u16(&r) != group) {
		s->error_group = group;
		return IKE_N_INVALID_KE_PAYLOAD;
	}
	read_u16(&r);
	bool good = ike_dh_make(group, sa->ike->config.random, &secret, public_value) == 0 &&
		ike_dh_agree(&secret, read_rest(&r), shared) == 0;
	wipe(&secret, sizeof(secret));
	return good ? 0 : IKE_N_INVALID_SYNTAX;
}

static void draft_answer(struct ike_sa *sa, struct ike_draft *d, const struct made *m,
	uint8_t number, bool first, struct view public_value)
{
	struct ike_proposals chosen = { .count = 1 };
	struct ike_proposal *p = &chosen.list[0];

	(void)sa;
	*p = ike_suite_proposal(&m->suite, IKE_PROTOCOL_ESP, number);
	struct writer w = writer_of(p->spi, 4);
	p->spi_size = 4;
	write_u32(&w, m->spi_in);
	if (m->transport)
		ike_draft_notify(d, IKE_N_USE_TRANSPORT_MODE, VIEW_EMPTY);
	ike_draft_sa(d, &chosen);
	if (!first)
		ike_draft_octets(d, IKE_PAYLOAD_NONCE, m->nonce_r);
	if (m->suite.dh)
		ike_draft_ke(d, m->suite.dh, public_value);
	ike_draft_ts(d, IKE_PAYLOAD_TSI, m->remote);
	ike_draft_ts(d, IKE_PAYLOAD_TSR, m->local);
}

/* Selectors of ours that do not fit. Who names where we were, or will be, knows less of our change of
 * address than we do, or more: it will have caught up, or we will, docs/address-change.md §6. */
static uint16_t unfit(const struct ike_sa *sa, const struct ike_ts_list *offer)
{
	const struct endpoint *places[] = { &sa->change_from, &sa->change_to };
	struct ike_ts_list policy, there;

	for (unsigned i = 0; i < 2; i++) {
		if (!places[i]->family)
			continue;
		policy_at(sa, false, places[i], &policy);
		if (ike_ts_narrow(offer, &policy, &there))
			return IKE_N_TEMPORARY_FAILURE;
	}
	return IKE_N_TS_UNACCEPTABLE;
}

/* TSi and TSr against our policy, §2.9. */
static uint16_t narrow(struct ike_sa *sa, const struct packet *p, struct ike_ts_list *local,
	struct ike_ts_list *remote)
{
	const struct element_value *i = packet_find(p, 0, IKE_PAYLOAD_TSI);
	const struct element_value *r = packet_find(p, 0, IKE_PAYLOAD_TSR);
	struct ike_ts_list offer_i, offer_r, policy;

	if (!i || !r || ike_decode_ts(i, &offer_i, NULL) < 0 ||
		ike_decode_ts(r, &offer_r, NULL) < 0)
		return IKE_N_INVALID_SYNTAX;
	ike_policy(sa, true, &policy);
	if (!ike_ts_narrow(&offer_i, &policy, remote))
		return IKE_N_TS_UNACCEPTABLE;
	ike_policy(sa, false, &policy);
	return ike_ts_narrow(&offer_r, &policy, local) ? 0 : unfit(sa, &offer_r);
}

uint16_t ike_accept_child(struct ike_sa *sa, struct ike_step *s, struct ike_draft *answer,
	bool first, struct ike_child *old, struct ike_child **made)
{
	const struct element_value *e = packet_find(s->packet, 0, IKE_PAYLOAD_SA);
	const struct element_value *nonce = packet_find(s->packet, 0, IKE_PAYLOAD_NONCE);
	uint8_t public_value[IKE_DH_PUBLIC_MAX], shared[IKE_DH_SHARED_MAX], own[IKE_NONCE_SIZE];
	struct ike_proposals offered;
	struct ike_ts_list local, remote;
	struct made m = { .spi_in = ike_new_spi(sa), .local = &local, .remote = &remote };
	uint16_t error;

	*made = NULL;
	if (!e || (!first && !nonce) || ike_decode_sa(e, &offered, NULL) < 0)
		return IKE_N_INVALID_SYNTAX;
	const struct ike_proposal *p =
		ike_choose(&offered, &sa->connection->esp, IKE_PROTOCOL_ESP, first, &m.suite);
	struct ike_sizes sizes;
	if (!p || ike_suite_sizes(&m.suite, &sizes) < 0 || proposal_spi(p) == 0)
		return IKE_N_NO_PROPOSAL_CHOSEN;
	m.spi_out = proposal_spi(p);
	error = narrow(sa, s->packet, &local, &remote);
	if (!error && m.suite.dh)
		error = answer_group(sa, s, m.suite.dh, public_value, shared);
	if (error)
		return error;
	random_fill(sa->ike->config.random, own, sizeof(own));
	m.transport = wants_transport(sa, s->packet);
	m.nonce_i = first ? ike_octets_view(&sa->nonce_i) : nonce->value;
	m.nonce_r = first ? ike_octets_view(&sa->nonce_r) : VIEW_OF(own);
	m.shared = VIEW(shared, m.suite.dh ? ike_dh_shared_size(m.suite.dh) : 0);
	draft_answer(sa, answer, &m, p->number, first,
		VIEW(public_value, ike_dh_public_size(m.suite.dh)));
	*made = make_child(sa, s, &m, old);
	wipe(shared, sizeof(shared));
	return 0;
}

/* --- the initiator of the exchange -------------------------------------------------------- */

static bool take_selectors(struct ike_sa *sa, const struct packet *p, struct ike_ts_list *local,
	struct ike_ts_list *remote)
{
	const struct element_value *i = packet_find(p, 0, IKE_PAYLOAD_TSI);
	const struct element_value *r = packet_find(p, 0, IKE_PAYLOAD_TSR);
	struct ike_ts_list policy;

	if (!i || !r || ike_decode_ts(i, local, NULL) < 0 || ike_decode_ts(r, remote, NULL) < 0)
		return false;
	/* an end that has moved since takes the new Child SA along, docs/address-change.md §6 */
	if (sa->peer_changes) {
		ike_change_move_selectors(local, &sa->offer.local, ike_sa_agreed(sa));
		ike_change_move_selectors(remote, &sa->offer.peer, ike_sa_peer(sa));
	}
	ike_policy(sa, false, &policy);
	if (!ike_ts_within(local, &policy))
		return false;
	ike_policy(sa, true, &policy);
	return ike_ts_within(remote, &policy);
}

/* 0, or -1 when the answer is none to our offer. `shared` is filled when there is D-H. */
static int take_answer(struct ike_sa *sa, const struct packet *p, bool first, struct made *m,
	uint8_t *shared)
{
	const struct element_value *e = packet_find(p, 0, IKE_PAYLOAD_SA);
	const struct element_value *nonce = packet_find(p, 0, IKE_PAYLOAD_NONCE);
	const struct element_value *ke = packet_find(p, 0, IKE_PAYLOAD_KE);
	struct ike_proposals chosen, mine = own_proposals(sa, !first);
	struct ike_sizes sizes;

	if (!e || (!first && !nonce) || ike_decode_sa(e, &chosen, NULL) < 0 || chosen.count != 1 ||
		!ike_is_choice(&chosen.list[0]))
		return -1;
	if (!ike_choose(&chosen, &mine, IKE_PROTOCOL_ESP, first, &m->suite) ||
		ike_suite_sizes(&m->suite, &sizes) < 0)
		return -1;
	m->spi_out = proposal_spi(&chosen.list[0]);
	if (m->suite.dh) {
		struct reader r = reader_of(ke ? ke->value : VIEW_EMPTY);
		uint16_t group = read_u16(&r);
		read_u16(&r);
		if (group != m->suite.dh || group != sa->offer.dh.group ||
			ike_dh_agree(&sa->offer.dh, read_rest(&r), shared) < 0)
			return -1;
	}
	m->shared = VIEW(shared, m->suite.dh ? ike_dh_shared_size(m->suite.dh) : 0);
	m->nonce_i = first ? ike_octets_view(&sa->nonce_i) : VIEW_OF(sa->offer.nonce);
	m->nonce_r = first ? ike_octets_view(&sa->nonce_r) : nonce->value;
	return m->spi_out ? 0 : -1;
}

struct ike_child *ike_complete_child(struct ike_sa *sa, struct ike_step *s, bool first,
	struct ike_child *old)
{
	uint8_t shared[IKE_DH_SHARED_MAX];
	struct ike_ts_list local, remote;
	struct made m = { .spi_in = sa->offer.spi,
		.initiator = true,
		.local = &local,
		.remote = &remote };
	struct ike_child *child = NULL;

	if (take_answer(sa, s->packet, first, &m, shared) == 0 &&
		take_selectors(sa, s->packet, &local, &remote)) {
		m.transport = wants_transport(sa, s->packet);
		child = make_child(sa, s, &m, old);
	}
	wipe(shared, sizeof(shared));
	wipe(&sa->offer.dh, sizeof(sa->offer.dh));
	return child;
}
