// SPDX-License-Identifier: Apache-2.0
/*
 * Main mode, RFC 2409 §5: six messages, of which the initiator repeats its own until the next one
 * comes, and the responder answers a repeated one with what it answered before. Checks change
 * nothing; the actions after them do.
 */
#include <arpa/inet.h>

#include "ref/base/mutant.h"
#include "ref/isakmp/isakmp_inside.h"

#define IKE(section) "RFC 2409 §" section

btime isakmp_jitter(struct isakmp_sa *sa, btime now, btime period)
{
	if (!period)
		return BTIME_NEVER;
	btime tenth = period / 10;
	return btime_add(now,
		period - tenth * random_below(sa->isakmp->config.random, 1000) / 1000);
}

static uint16_t method_of(const struct ike_connection *c)
{
	return c->local_means == IKE_BY_PSK ? ISAKMP_AUTH_PSK : ISAKMP_AUTH_RSA_SIGNATURE;
}

/* Long enough that the rekeying comes first. */
static struct isakmp_terms terms_of(const struct ike_connection *c)
{
	return (struct isakmp_terms){ .auth = method_of(c),
		.seconds = (uint64_t)(c->rekey_ike / BTIME_S + c->rekey_ike / BTIME_S / 4) };
}

static void draft_vendors(const struct isakmp_sa *sa, struct isakmp_draft *d)
{
	isakmp_draft_vendor(d, ISAKMP_VENDOR_NAT_T);
	if (!MUTANT(isakmp_hides_dpd))
		isakmp_draft_vendor(d, ISAKMP_VENDOR_DPD);
	if (sa->connection->address_change)
		isakmp_draft_vendor(d, ISAKMP_VENDOR_ADDRESS_CHANGE);
}

static void take_vendors(struct isakmp_sa *sa, const struct packet *p)
{
	sa->peer_nat_t = isakmp_has_vendor(p, ISAKMP_VENDOR_NAT_T);
	sa->peer_dpd = isakmp_has_vendor(p, ISAKMP_VENDOR_DPD);
	sa->peer_changes = sa->connection->address_change &&
		isakmp_has_vendor(p, ISAKMP_VENDOR_ADDRESS_CHANGE);
}

/* --- first and second message --------------------------------------------------------------- */

int isakmp_tx_mm1(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;
	struct isakmp_terms terms = terms_of(sa->connection);

	isakmp_make_offers(&sa->connection->ike, ISAKMP_PROTO_ISAKMP, &terms, 0, VIEW_EMPTY,
		s->offers);
	isakmp_draft_begin(s->draft, ISAKMP_IDENTITY_PROTECTION, false);
	isakmp_draft_sa(s->draft, s->offers);
	ike_octets_set(&sa->sa_body, s->draft->packet.elements[0].value);
	draft_vendors(sa, s->draft);
	isakmp_send_main(sa, true, s);
	return 0;
}

static bool same_host(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, 16) == 0;
}

/* A connection that names the address is nearer than one for anybody. */
static const struct ike_connection *connection_for(const struct isakmp *isakmp,
	struct isakmp_step *s)
{
	for (int any = 0; any < 2; any++)
		for (unsigned i = 0; i < isakmp->config.count; i++) {
			const struct ike_connection *c = &isakmp->config.connections[i];
			struct isakmp_terms required = { .auth = method_of(c) };
			if ((any ? c->remote.family != 0 : !same_host(&c->remote, &s->from)) ||
				(c->local.family && !same_host(&c->local, &s->local)))
				continue;
			s->offer = isakmp_choose(s->offers, &c->ike, ISAKMP_PROTO_ISAKMP, &required,
				NULL, &s->suite, &s->terms);
			if (s->offer && isakmp_suite_usable(&s->suite))
				return c;
		}
	return NULL;
}

int isakmp_main_first(struct isakmp *isakmp, struct isakmp_step *s, struct reject *reject)
{
	const struct packet *p = s->packet;

	if (isakmp->half_open >= isakmp->config.half_open_max)
		return reject_set(reject, REJECT_RESOURCES, "half-open SAs", IKE("5"), 0,
			isakmp->half_open);
	if (isakmp_decode_sa(packet_find(p, 0, ISAKMP_PAYLOAD_SA), s->offers, reject) < 0)
		return -1;
	const struct ike_connection *c = connection_for(isakmp, s);
	if (!c) {
		isakmp_send_clear_notify(s, p->header[ISAKMP_CKY_I], 0,
			ISAKMP_N_NO_PROPOSAL_CHOSEN);
		return reject_set(reject, REJECT_ALGORITHM, "SA", IKE("5"), ISAKMP_HEADER_SIZE, 0);
	}
	struct isakmp_sa *sa = isakmp_sa_new(isakmp, c, false);
	sa->cky_i = p->header[ISAKMP_CKY_I];
	sa->local = s->local;
	sa->peer = s->from;
	isakmp_step(sa, ISAKMP_EV_RX_MAIN, s);
	isakmp_finish(sa);
	return 0;
}

int isakmp_answer_mm1(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;
	struct isakmp_offers chosen = { 1, { *s->offer } };

	sa->suite = s->suite;
	sa->lifetime = (btime)s->terms.seconds * BTIME_S;
	ike_octets_set(&sa->sa_body, packet_find(s->packet, 0, ISAKMP_PAYLOAD_SA)->value);
	take_vendors(sa, s->packet);
	sa->lifetime_due = btime_add(s->now, sa->isakmp->config.half_open_lifetime);
	isakmp_heard(&sa->flight, s->datagram);
	isakmp_draft_begin(s->draft, ISAKMP_IDENTITY_PROTECTION, false);
	isakmp_draft_sa(s->draft, &chosen);
	draft_vendors(sa, s->draft);
	isakmp_send_main(sa, false, s);
	return 0;
}

static int check_mm2(struct isakmp_sa *sa, struct isakmp_step *s, struct reject *reject)
{
	struct isakmp_terms required = { .auth = method_of(sa->connection) };

	if (isakmp_decode_sa(packet_find(s->packet, 0, ISAKMP_PAYLOAD_SA), s->offers, reject) < 0)
		return -1;
	if (!s->packet->header[ISAKMP_CKY_R])
		return reject_set(reject, REJECT_SESSION, "Responder Cookie", "RFC 2408 §3.1", 8, 0);
	s->offer = isakmp_choose(s->offers, &sa->connection->ike, ISAKMP_PROTO_ISAKMP, &required,
		NULL, &s->suite, &s->terms);
	if (s->offer && s->offers->count == 1 && isakmp_suite_usable(&s->suite))
		return 0;
	return reject_set(reject, REJECT_ALGORITHM, "SA", IKE("5"), ISAKMP_HEADER_SIZE, 0);
}

/* --- third and fourth ----------------------------------------------------------------------- */

/* RFC 3947 §3.2: the other end first, then ours; a wrong one of ours asks for encapsulation. */
static void draft_nat(const struct isakmp_sa *sa, struct isakmp_draft *d)
{
	uint8_t digest[DIGEST_MAX];
	size_t size = isakmp_nat_digest(&sa->suite, sa->cky_i, sa->cky_r, &sa->peer, digest);

	if (!sa->peer_nat_t && !MUTANT(isakmp_nat_d_for_all))
		return;
	isakmp_draft_octets(d, ISAKMP_PAYLOAD_NAT_D, VIEW(digest, size));
	isakmp_nat_digest(&sa->suite, sa->cky_i, sa->cky_r, &sa->local, digest);
	if (sa->connection->force_encapsulation)
		digest[0] ^= 0xff;
	isakmp_draft_octets(d, ISAKMP_PAYLOAD_NAT_D, VIEW(digest, size));
}

static void detect_nat(struct isakmp_sa *sa, const struct isakmp_step *s)
{
	uint8_t here[DIGEST_MAX], there[DIGEST_MAX];
	size_t size = isakmp_nat_digest(&sa->suite, sa->cky_i, sa->cky_r, &s->local, here);
	const struct element_value *e = packet_find(s->packet, 0, ISAKMP_PAYLOAD_NAT_D);

	if (!sa->peer_nat_t || !e)
		return;
	isakmp_nat_digest(&sa->suite, sa->cky_i, sa->cky_r, &s->from, there);
	sa->nat_here = !view_equal(e->value, VIEW(here, size)) ||
		sa->connection->force_encapsulation;
	sa->nat_there = true;
	for (unsigned n = 1; (e = packet_find_nth(s->packet, 0, ISAKMP_PAYLOAD_NAT_D, n)); n++)
		if (view_equal(e->value, VIEW(there, size)))
			sa->nat_there = false;
}

static void draft_exchange(struct isakmp_sa *sa, struct isakmp_step *s)
{
	uint8_t nonce[ISAKMP_NONCE_SIZE];

	random_fill(sa->isakmp->config.random, nonce, sizeof(nonce));
	ike_octets_set(sa->initiator ? &sa->nonce_i : &sa->nonce_r, VIEW_OF(nonce));
	isakmp_draft_begin(s->draft, ISAKMP_IDENTITY_PROTECTION, false);
	isakmp_draft_octets(s->draft, ISAKMP_PAYLOAD_KE,
		ike_octets_view(sa->initiator ? &sa->public_i : &sa->public_r));
	isakmp_draft_octets(s->draft, ISAKMP_PAYLOAD_NONCE, VIEW_OF(nonce));
	if (sa->connection->local_means == IKE_BY_CERTIFICATE)
		isakmp_draft_cert(s->draft, ISAKMP_PAYLOAD_CR, VIEW_EMPTY);
	draft_nat(sa, s->draft);
}

static void make_public(struct isakmp_sa *sa)
{
	uint8_t value[IKE_DH_PUBLIC_MAX];

	ike_dh_make(sa->suite.dh, sa->isakmp->config.random, &sa->dh, value);
	ike_octets_set(sa->initiator ? &sa->public_i : &sa->public_r,
		VIEW(value, ike_dh_public_size(sa->suite.dh)));
}

int isakmp_take_mm2(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	sa->cky_r = s->packet->header[ISAKMP_CKY_R];
	sa->suite = s->suite;
	sa->lifetime = (btime)s->terms.seconds * BTIME_S;
	take_vendors(sa, s->packet);
	make_public(sa);
	isakmp_heard(&sa->flight, s->datagram);
	draft_exchange(sa, s);
	isakmp_send_main(sa, true, s);
	return 0;
}

static void take_exchange(struct isakmp_sa *sa, struct isakmp_step *s)
{
	ike_octets_set(sa->initiator ? &sa->public_r : &sa->public_i,
		packet_find(s->packet, 0, ISAKMP_PAYLOAD_KE)->value);
	ike_octets_set(sa->initiator ? &sa->nonce_r : &sa->nonce_i,
		packet_find(s->packet, 0, ISAKMP_PAYLOAD_NONCE)->value);
	detect_nat(sa, s);
	isakmp_heard(&sa->flight, s->datagram);
}

static void make_keys(struct isakmp_sa *sa)
{
	struct isakmp_seed seed = isakmp_seed_of(sa);

	isakmp_keys_derive(&sa->suite, &seed, &sa->keys);
	isakmp_first_iv(&sa->suite, seed.public_i, seed.public_r, sa->iv);
	sa->keyed = true;
	wipe(&sa->dh, sizeof(sa->dh));
}

/* The group's D-H, with the peer's value of the third or fourth message. */
static int agree(struct isakmp_sa *sa, const struct element_value *ke, uint8_t *shared,
	struct reject *reject)
{
	if (ike_dh_agree(&sa->dh, ke->value, shared) == 0)
		return 0;
	return reject_set(reject, REJECT_VALUE, "KE", IKE("5"), ke->offset, ke->value.size);
}

/* A responder's secret is drawn when there is a value to use it with. */
static int check_exchange(struct isakmp_sa *sa, struct isakmp_step *s, struct reject *reject)
{
	const struct element_value *ke = packet_find(s->packet, 0, ISAKMP_PAYLOAD_KE);

	if (!sa->initiator && !sa->dh.group)
		make_public(sa);
	if (agree(sa, ke, s->shared, reject) < 0)
		return -1;
	s->shared_size = ike_dh_shared_size(sa->suite.dh);
	return 0;
}

static void keep_shared(struct isakmp_sa *sa, const struct isakmp_step *s)
{
	memcpy(sa->shared, s->shared, s->shared_size);
	sa->shared_size = s->shared_size;
}

int isakmp_answer_mm3(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	take_exchange(sa, s);
	keep_shared(sa, s);
	draft_exchange(sa, s);
	isakmp_send_main(sa, false, s);
	make_keys(sa);
	return 0;
}

int isakmp_take_mm4(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	take_exchange(sa, s);
	keep_shared(sa, s);
	make_keys(sa);
	if ((sa->nat_here || sa->nat_there) && !MUTANT(isakmp_stays_at_500)) { /* RFC 3947 §4 */
		sa->local.port = htons(sa->isakmp->config.nat_port);
		sa->peer.port = htons(ISAKMP_NAT_PORT);
	}
	isakmp_draft_begin(s->draft, ISAKMP_IDENTITY_PROTECTION, true);
	isakmp_draft_proof(sa, s->draft);
	isakmp_send_main(sa, true, s);
	return 0;
}

/* --- fifth and sixth ------------------------------------------------------------------------ */

bool isakmp_peer_proved(const void *context, const void *input)
{
	const struct isakmp_step *s = input;
	(void)context;
	return s->connection != NULL;
}

static bool same_peer(const struct isakmp_sa *a, const struct isakmp_sa *b)
{
	return a != b && a->connection == b->connection && ike_id_equal(&a->peer_id, &b->peer_id) &&
		same_host(&a->peer, &b->peer) && same_host(&a->local, &b->local);
}

/* The SA that goes on in this one: they share Child SAs, which outlive the ISAKMP SA. */
static struct isakmp_sa *predecessor(const struct isakmp_sa *sa)
{
	struct isakmp_sa *old = sa->isakmp->first;
	while (old && !(old->state == ISAKMP_STATE_ESTABLISHED && same_peer(sa, old)))
		old = old->next;
	return old;
}

static void adopt(struct isakmp_sa *sa, struct isakmp_sa *old, struct isakmp_step *s)
{
	struct isakmp_child **end = &sa->children;

	while (*end)
		end = &(*end)->next;
	*end = old->children;
	old->children = NULL;
	sa->lease = old->lease;
	sa->changes_made = old->changes_made;
	sa->changes_seen = old->changes_seen;
	actions_report(s->actions, sa, IKE_REPORT_REKEYED, ike_report_name(IKE_REPORT_REKEYED),
		VIEW(&old, sizeof(old)));
	isakmp_step(old, ISAKMP_EV_ADOPTED, s);
	/* who made the new one deletes the old one; the other end waits longer for that */
	old->lifetime_due = btime_add(s->now,
		sa->initiator ? ISAKMP_OVERLAP : 2 * ISAKMP_OVERLAP);
	old->told = true;
}

static void begin_life(struct isakmp_sa *sa, struct isakmp_step *s)
{
	const struct ike_connection *c = sa->connection;
	btime rekey = c->rekey_ike;

	if (sa->lifetime && (!rekey || rekey > sa->lifetime / 10 * 9))
		rekey = sa->lifetime / 10 * 9;
	sa->rekey_due = isakmp_jitter(sa, s->now, rekey);
	sa->lifetime_due = sa->lifetime ? btime_add(s->now, sa->lifetime) : BTIME_NEVER;
	sa->heard = s->now;
	sa->probe_sequence = random_u32(sa->isakmp->config.random) >> 2; /* RFC 3706 §6.2 */
	wipe(sa->shared, sizeof(sa->shared));
}

static void establish(struct isakmp_sa *sa, struct isakmp_step *s)
{
	struct isakmp_sa *old;
	bool alone = true;

	sa->peer_id = s->id;
	isakmp_not_half_open(sa);
	begin_life(sa, s);
	for (old = sa->isakmp->first; old; old = old->next)
		alone = alone && !(old != sa && old->connection == sa->connection &&
				     old->state >= ISAKMP_STATE_ESTABLISHED);
	old = predecessor(sa);
	if (old)
		adopt(sa, old, s);
	else
		isakmp_tell(sa, s, IKE_REPORT_ESTABLISHED, NULL);
	if (sa->initiator && alone) /* RFC 2407 §4.6.3.3 */
		isakmp_send_notify(sa, ISAKMP_N_INITIAL_CONTACT, VIEW_EMPTY, s);
}

int isakmp_answer_mm5(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	sa->connection = s->connection;
	sa->local = s->local; /* RFC 3947 §4: the ports may have changed */
	sa->peer = s->from;
	memcpy(sa->iv, s->iv, sizeof(sa->iv));
	isakmp_heard(&sa->flight, s->datagram);
	isakmp_draft_begin(s->draft, ISAKMP_IDENTITY_PROTECTION, true);
	isakmp_draft_proof(sa, s->draft);
	isakmp_send_main(sa, false, s);
	establish(sa, s);
	return 0;
}

int isakmp_take_mm6(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;
	struct isakmp_flow flow;

	memcpy(sa->iv, s->iv, sizeof(sa->iv));
	sa->flight.due = BTIME_NEVER;
	ike_octets_clear(&sa->flight.sent);
	establish(sa, s);
	if (sa->connection->childless || sa->children)
		return 0;
	if (isakmp_flow_of(sa, &flow))
		isakmp_quick_begin(sa, &flow, 0, s);
	else
		isakmp_tell(sa, s, IKE_REPORT_CHILD_FAILED, "selectors that IKEv1 cannot say");
	return 0;
}

/* It was decrypted, so the peer knows the key of the cipher; who else it is it did not prove. */
int isakmp_refuse_peer(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	memcpy(sa->iv, s->iv, sizeof(sa->iv));
	isakmp_send_notify(sa, s->error, VIEW_EMPTY, s);
	isakmp_tell(sa, s, IKE_REPORT_FAILED, s->words);
	return 0;
}

int isakmp_distrust(void *context, const void *input)
{
	return isakmp_refuse_peer(context, input);
}

int isakmp_be_refused(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;
	struct isakmp_notification n;

	isakmp_tell(sa, s, IKE_REPORT_FAILED,
		ike_name(isakmp_notify_names, isakmp_find_error(s->packet, &n)));
	return 0;
}

/* No answer; what somebody said in the clear may be the reason. */
int isakmp_fail(void *context, const void *input)
{
	struct isakmp_sa *sa = context;

	isakmp_tell(sa, (struct isakmp_step *)input, IKE_REPORT_FAILED,
		sa->hint ? sa->hint : "no answer");
	return 0;
}

int isakmp_forget(void *context, const void *input)
{
	(void)context;
	(void)input;
	return 0;
}

int isakmp_check_main(struct isakmp_sa *sa, struct isakmp_step *s, struct reject *reject)
{
	static const int steps[] = {
		[ISAKMP_STATE_MM1_SENT] = ISAKMP_MM2,
		[ISAKMP_STATE_MM2_SENT] = ISAKMP_MM3,
		[ISAKMP_STATE_MM3_SENT] = ISAKMP_MM4,
		[ISAKMP_STATE_MM4_SENT] = ISAKMP_MM5,
		[ISAKMP_STATE_MM5_SENT] = ISAKMP_MM6,
	};
	enum isakmp_single step = (enum isakmp_single)steps[sa->state];

	if (isakmp_is_sealed(s->packet) != (step >= ISAKMP_MM5))
		return reject_set(reject, REJECT_STATE, "Flags", IKE("5"), 19,
			s->packet->header[ISAKMP_FLAGS]);
	if (isakmp_check((struct packet *)s->packet, step, reject) < 0)
		return -1;
	if (step == ISAKMP_MM2)
		return check_mm2(sa, s, reject);
	if (step < ISAKMP_MM5)
		return check_exchange(sa, s, reject);
	isakmp_find_proven(sa, s);
	return 0;
}
