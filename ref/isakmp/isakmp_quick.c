// SPDX-License-Identifier: Apache-2.0
/*
 * Quick mode, RFC 2409 §5.5: three messages that make a pair of IPsec SAs, here a Child SA. The
 * initiator repeats the first until the second comes, the responder the second until the third
 * comes; the third is sent again when the second is heard again.
 */
#include <stdlib.h>

#include "ref/base/mutant.h"
#include "ref/isakmp/isakmp_inside.h"

#define IKE(section) "RFC 2409 §" section
#define DHCP_SA_LIFE 300 /* seconds */

/* --- what is agreed on ----------------------------------------------------------------------- */

/* RFC 3947 §5.1: UDP-Encapsulated modes where there is a NAT. */
static uint16_t mode_of(const struct isakmp_sa *sa, bool transport)
{
	if (sa->nat_here || sa->nat_there)
		return transport ? ISAKMP_MODE_UDP_TRANSPORT : ISAKMP_MODE_UDP_TUNNEL;
	return transport ? ISAKMP_MODE_TRANSPORT : ISAKMP_MODE_TUNNEL;
}

/* --- hashes --------------------------------------------------------------------------------- */

/* M-ID and the nonces so far, then what stands after the HASH payload; §5.5. */
static size_t hash_of(const struct isakmp_quick *q, enum isakmp_single which, struct view rest,
	uint8_t out[DIGEST_MAX])
{
	const struct isakmp_sa *sa = q->sa;
	static const uint8_t zero[1];
	uint8_t id[4];
	struct writer w = writer_of(id, sizeof(id));
	struct view nonce_i = ike_octets_view(&q->nonce_i);
	struct view nonce_r = ike_octets_view(&q->nonce_r);

	write_u32(&w, q->id);
	struct view parts[] = { which == ISAKMP_QM3 ? VIEW_OF(zero) : VIEW_EMPTY, VIEW_OF(id),
		which == ISAKMP_QM1 ? VIEW_EMPTY : nonce_i, which == ISAKMP_QM3 ? nonce_r : rest };
	return isakmp_hash(&sa->suite, &sa->keys, parts, 4, out);
}

/* The octets after the first payload. */
static struct view after_first(struct view octets, const struct packet *p)
{
	size_t head = 4 + p->elements[0].value.size;
	return VIEW(octets.data + head, octets.size - head);
}

static int check_hash(const struct isakmp_quick *q, enum isakmp_single which,
	const struct isakmp_step *s, struct reject *reject)
{
	const struct element_value *e = packet_find(s->packet, 0, ISAKMP_PAYLOAD_HASH);
	uint8_t expected[DIGEST_MAX];
	size_t size = hash_of(q, which, after_first(s->octets, s->packet), expected);

	if (ct_equal(e->value, VIEW(expected, size)) || MUTANT(isakmp_any_quick_hash))
		return 0;
	return reject_set(reject, REJECT_INTEGRITY, "HASH", IKE("5.5"), e->offset, 0);
}

/* The draft's payloads after a HASH of their own, encrypted, as the flight's message. */
static void send_quick(struct isakmp_quick *q, enum isakmp_single which, bool repeat,
	struct isakmp_step *s)
{
	uint8_t rest[ISAKMP_MESSAGE_MAX], message[ISAKMP_MESSAGE_MAX], hash[DIGEST_MAX];
	struct writer r = writer_of(rest, sizeof(rest)), w = writer_of(message, sizeof(message));
	struct packet *p = &s->draft->packet;

	wire_encode_elements(p, &r);
	size_t size = hash_of(q, which, writer_view(&r), hash);
	isakmp_hash_first(q->sa, p, q->id, VIEW(hash, size));
	isakmp_seal(&q->sa->suite, &q->sa->keys, p, q->iv, &w);
	isakmp_send(q->sa, &q->flight, writer_view(&w), repeat, s);
}

/* --- what both ends send -------------------------------------------------------------------- */

static void draft_nonce(struct isakmp_quick *q, struct isakmp_draft *d)
{
	uint8_t nonce[ISAKMP_NONCE_SIZE];

	random_fill(q->sa->isakmp->config.random, nonce, sizeof(nonce));
	if (MUTANT(isakmp_same_nonce))
		memset(nonce, 0x2a, sizeof(nonce));
	ike_octets_set(q->initiator ? &q->nonce_i : &q->nonce_r, VIEW_OF(nonce));
	isakmp_draft_octets(d, ISAKMP_PAYLOAD_NONCE, VIEW_OF(nonce));
}

static void draft_public(struct isakmp_quick *q, struct isakmp_draft *d)
{
	uint8_t value[IKE_DH_PUBLIC_MAX];

	if (!q->group || ike_dh_public(&q->dh, value) < 0)
		return;
	isakmp_draft_octets(d, ISAKMP_PAYLOAD_KE, VIEW(value, ike_dh_public_size(q->group)));
}

static void draft_flow(const struct isakmp_quick *q, struct isakmp_draft *d)
{
	isakmp_draft_selector(d, q->initiator ? &q->flow.local : &q->flow.remote);
	isakmp_draft_selector(d, q->initiator ? &q->flow.remote : &q->flow.local);
}

/* RFC 3947 §5.2: of both ends as each sees them, in transport mode. */
static void draft_original(const struct isakmp_quick *q, struct isakmp_draft *d)
{
	const struct isakmp_sa *sa = q->sa;
	const struct endpoint *ends[] = { q->initiator ? &sa->local : &sa->peer,
		q->initiator ? &sa->peer : &sa->local };

	if (!q->flow.transport || !(sa->nat_here || sa->nat_there))
		return;
	for (unsigned i = 0; i < 2; i++) {
		struct ike_ts ts = isakmp_host_ts(ends[i]);
		uint8_t body[24];
		struct writer w = writer_of(body, sizeof(body));
		isakmp_encode_selector(&ts, &w);
		isakmp_draft_octets(d, ISAKMP_PAYLOAD_NAT_OA, writer_view(&w));
	}
}

/* --- the Child SA --------------------------------------------------------------------------- */

static void spi_octets(uint32_t spi, uint8_t out[4])
{
	struct writer w = writer_of(out, 4);
	write_u32(&w, spi);
}

/* KEYMAT of the direction whose receiver chose the SPI: encryption, then integrity. */
static void keymat(const struct isakmp_quick *q, uint32_t spi, const struct ike_sizes *n,
	uint8_t *encr, uint8_t *integ)
{
	const struct isakmp_sa *sa = q->sa;
	uint8_t stream[2 * IKE_KEY_MAX], octets[4];

	spi_octets(spi, octets);
	isakmp_keymat(&sa->suite, &sa->keys, VIEW(q->shared, q->shared_size), ISAKMP_PROTO_ESP,
		octets, ike_octets_view(&q->nonce_i), ike_octets_view(&q->nonce_r), stream,
		n->encr + n->integ);
	memcpy(encr, stream, n->encr);
	memcpy(integ, stream + n->encr, n->integ);
	wipe(stream, sizeof(stream));
}

/* The one that carries the same, if it has not been replaced before. */
static struct isakmp_child *alike(struct isakmp_sa *sa, const struct isakmp_flow *flow)
{
	struct isakmp_child *c = sa->children;
	while (c && (c->replaced || !isakmp_same_flow(&c->flow, flow)))
		c = c->next;
	return c;
}

static void set_life(struct isakmp_child *c, const struct isakmp_quick *q, btime now)
{
	struct isakmp_sa *sa = q->sa;
	btime life = (btime)q->terms.seconds * BTIME_S, rekey = sa->connection->rekey_child;

	if (life && (!rekey || rekey > life / 10 * 9))
		rekey = life / 10 * 9;
	/* a DHCP SA ends when it is not needed any more, and is made anew when it is */
	c->rekey_due = isakmp_flow_is_dhcp(&c->flow) ? BTIME_NEVER : isakmp_jitter(sa, now, rekey);
	c->expire_due = life ? btime_add(now, life) : BTIME_NEVER;
}

static void make_child(struct isakmp_quick *q, struct isakmp_step *s)
{
	struct isakmp_sa *sa = q->sa;
	struct isakmp_child *c = ike_alloc(sizeof(*c));
	struct isakmp_child *old = q->initiator ? isakmp_child_by_in(sa, q->replaces)
						: alike(sa, &q->flow);

	c->flow = q->flow;
	c->maker = sa;
	c->info = (struct ike_child_info){ .spi_in = q->spi_in, .spi_out = q->spi_out,
		.replaces = old ? old->info.spi_in : 0, .suite = q->suite,
		.local_ts = { 1, { q->flow.local } }, .remote_ts = { 1, { q->flow.remote } },
		.transport = q->flow.transport, .encapsulated = sa->nat_here || sa->nat_there,
		.initiator = q->initiator };
	ike_suite_sizes(&q->suite, &c->info.sizes);
	keymat(q, q->spi_in, &c->info.sizes, c->info.encr_in, c->info.integ_in);
	keymat(q, q->spi_out, &c->info.sizes, c->info.encr_out, c->info.integ_out);
	set_life(c, q, s->now);
	c->next = sa->children;
	sa->children = c;
	isakmp_tell_child(sa, s, IKE_REPORT_CHILD_UP, &c->info);
	if (!old)
		return;
	old->replaced = true;
	old->rekey_due = BTIME_NEVER;
	old->expire_due = btime_add(s->now, q->initiator ? ISAKMP_OVERLAP : 2 * ISAKMP_OVERLAP);
}

/* Done; it stays a while to answer what is repeated. */
static void finish(struct isakmp_quick *q, struct isakmp_step *s)
{
	q->flight.due = BTIME_NEVER;
	q->lifetime_due = btime_add(s->now, ISAKMP_LINGER);
	wipe(q->shared, sizeof(q->shared));
	wipe(&q->dh, sizeof(q->dh));
}

void isakmp_drop_child(struct isakmp_sa *sa, struct isakmp_child *c, struct isakmp_step *s)
{
	struct isakmp_child **at = &sa->children;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	isakmp_tell_child(sa, s, IKE_REPORT_CHILD_DOWN, &c->info);
	wipe(c, sizeof(*c));
	free(c);
}

/* --- the initiator -------------------------------------------------------------------------- */

void isakmp_quick_begin(struct isakmp_sa *sa, const struct isakmp_flow *flow, uint32_t replaces,
	struct isakmp_step *s)
{
	struct isakmp_quick *q = isakmp_quick_new(sa, true, isakmp_id_new(sa));

	q->flow = *flow;
	q->replaces = replaces;
	q->spi_in = isakmp_new_spi(sa);
	isakmp_quick_step(q, ISAKMP_QEV_START, s);
}

static struct isakmp_terms terms_of(const struct isakmp_sa *sa, const struct isakmp_flow *flow)
{
	btime rekey = sa->connection->rekey_child / BTIME_S;

	if (isakmp_flow_is_dhcp(flow)) /* "on the order of minutes", RFC 3456 §4.1 */
		return (struct isakmp_terms){ .mode = mode_of(sa, false), .seconds = DHCP_SA_LIFE };
	return (struct isakmp_terms){ .mode = mode_of(sa, flow->transport),
		.seconds = (uint64_t)(rekey + rekey / 4) };
}

int isakmp_tx_qm1(void *context, const void *input)
{
	struct isakmp_quick *q = context;
	struct isakmp_step *s = (struct isakmp_step *)input;
	const struct ike_connection *c = q->sa->connection;
	struct isakmp_terms terms = terms_of(q->sa, &q->flow);
	uint8_t spi[4], ignored[IKE_DH_PUBLIC_MAX];

	spi_octets(q->spi_in, spi);
	q->group = isakmp_first_group(&c->esp, IKE_PROTOCOL_ESP);
	isakmp_make_offers(&c->esp, ISAKMP_PROTO_ESP, &terms, q->group, VIEW_OF(spi), s->offers);
	if (q->group)
		ike_dh_make(q->group, q->sa->isakmp->config.random, &q->dh, ignored);
	isakmp_draft_begin(s->draft, ISAKMP_QUICK_MODE, true);
	isakmp_draft_sa(s->draft, s->offers);
	draft_nonce(q, s->draft);
	draft_public(q, s->draft);
	draft_flow(q, s->draft);
	draft_original(q, s->draft);
	send_quick(q, ISAKMP_QM1, true, s);
	return 0;
}

int isakmp_take_qm2(void *context, const void *input)
{
	struct isakmp_quick *q = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	memcpy(q->iv, s->iv, sizeof(q->iv));
	isakmp_heard(&q->flight, s->datagram);
	ike_octets_set(&q->nonce_r, packet_find(s->packet, 0, ISAKMP_PAYLOAD_NONCE)->value);
	q->suite = s->suite;
	q->terms = s->terms;
	q->spi_out = s->spi;
	memcpy(q->shared, s->shared, s->shared_size);
	q->shared_size = s->shared_size;
	make_child(q, s);
	isakmp_draft_begin(s->draft, ISAKMP_QUICK_MODE, true);
	send_quick(q, ISAKMP_QM3, false, s);
	finish(q, s);
	return 0;
}

static void not_made(struct isakmp_quick *q, struct isakmp_step *s, const char *words)
{
	struct isakmp_child *old = isakmp_child_by_in(q->sa, q->replaces);

	if (old && !old->replaced) { /* once more, later */
		old->rekeying = false;
		old->rekey_due = btime_add(s->now, ISAKMP_OVERLAP);
	}
	isakmp_tell(q->sa, s, IKE_REPORT_CHILD_FAILED, words);
}

int isakmp_quick_fail(void *context, const void *input)
{
	struct isakmp_quick *q = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	not_made(q, s, s->words);
	return 0;
}

/* The peer may be gone altogether. */
int isakmp_quick_lost(void *context, const void *input)
{
	struct isakmp_quick *q = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	if (q->initiator)
		not_made(q, s, "no answer");
	isakmp_probe(q->sa, s);
	return 0;
}

/* By its SPI; a peer that names none means the newest. */
void isakmp_quick_refused(struct isakmp_sa *sa, const struct isakmp_notification *n,
	struct isakmp_step *s)
{
	struct reader r = reader_of(n->spi);
	uint32_t spi = n->spi.size == 4 ? read_u32(&r) : 0;
	struct isakmp_quick *q = sa->quicks;

	while (q && (q->state != ISAKMP_QUICK_QM1_SENT || (spi && q->spi_in != spi)))
		q = q->next;
	s->words = ike_name(isakmp_notify_names, n->type);
	if (!s->words)
		s->words = "refused";
	if (q)
		isakmp_quick_step(q, ISAKMP_QEV_REFUSED, s);
}

/* --- the responder -------------------------------------------------------------------------- */

int isakmp_begin_quick(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;
	uint32_t id = (uint32_t)s->packet->header[ISAKMP_MESSAGE_ID];
	uint8_t spi[4];

	isakmp_id_remember(sa, id);
	if (s->error) { /* §5.5 says not how to refuse; a notification names the SA */
		spi_octets(s->spi, spi);
		isakmp_draft_begin(s->draft, ISAKMP_INFORMATIONAL, true);
		isakmp_draft_notify(s->draft, ISAKMP_PROTO_ESP, VIEW_OF(spi), s->error, VIEW_EMPTY);
		isakmp_send_info(sa, s);
		isakmp_tell(sa, s, IKE_REPORT_CHILD_FAILED, s->words);
		return 0;
	}
	struct isakmp_quick *q = isakmp_quick_new(sa, false, id);
	return isakmp_quick_step(q, ISAKMP_QEV_RX_QUICK, s);
}

int isakmp_answer_qm1(void *context, const void *input)
{
	struct isakmp_quick *q = context;
	struct isakmp_step *s = (struct isakmp_step *)input;
	struct isakmp_offers chosen = { 1, { *s->offer } };
	bool named = packet_find(s->packet, 0, ISAKMP_PAYLOAD_ID) != NULL;

	memcpy(q->iv, s->iv, sizeof(q->iv));
	isakmp_heard(&q->flight, s->datagram);
	ike_octets_set(&q->nonce_i, packet_find(s->packet, 0, ISAKMP_PAYLOAD_NONCE)->value);
	q->flow = s->flow;
	q->suite = s->suite;
	q->terms = s->terms;
	q->group = s->suite.dh;
	q->spi_out = s->spi;
	q->spi_in = isakmp_new_spi(q->sa);
	q->dh = s->dh;
	memcpy(q->shared, s->shared, s->shared_size);
	q->shared_size = s->shared_size;
	spi_octets(q->spi_in, chosen.list[0].spi);
	isakmp_draft_begin(s->draft, ISAKMP_QUICK_MODE, true);
	isakmp_draft_sa(s->draft, &chosen);
	draft_nonce(q, s->draft);
	draft_public(q, s->draft);
	if (named)
		draft_flow(q, s->draft);
	draft_original(q, s->draft);
	send_quick(q, ISAKMP_QM2, true, s);
	return 0;
}

int isakmp_take_qm3(void *context, const void *input)
{
	struct isakmp_quick *q = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	memcpy(q->iv, s->iv, sizeof(q->iv));
	isakmp_heard(&q->flight, s->datagram);
	make_child(q, s);
	ike_octets_clear(&q->flight.sent);
	finish(q, s);
	return 0;
}

/* --- checks --------------------------------------------------------------------------------- */

static int refuse(struct isakmp_step *s, uint16_t error, const char *words)
{
	s->error = error;
	s->words = words;
	return 0;
}

/* Transport where the connection has it, else a tunnel. */
static bool choose_child(const struct isakmp_sa *sa, struct isakmp_step *s)
{
	const struct ike_connection *c = sa->connection;

	for (int transport = c->transport; transport >= 0; transport--) {
		struct isakmp_terms required = { .mode = mode_of(sa, transport) };
		s->offer = isakmp_choose(s->offers, &c->esp, ISAKMP_PROTO_ESP, &required, &c->ike,
			&s->suite, &s->terms);
		s->flow.transport = transport;
		if (s->offer)
			return true;
	}
	return false;
}

/* The SPI of whatever was offered, to say what is refused. */
static uint32_t first_spi(const struct isakmp_offers *offers)
{
	if (!offers->count || offers->list[0].spi_size != 4)
		return 0;
	struct reader r = reader_of(VIEW(offers->list[0].spi, 4));
	return read_u32(&r);
}

static int check_qm1(struct isakmp_sa *sa, struct isakmp_step *s, struct reject *reject)
{
	const struct element_value *ke = packet_find(s->packet, 0, ISAKMP_PAYLOAD_KE);
	uint8_t ignored[IKE_DH_PUBLIC_MAX];

	if (isakmp_decode_sa(packet_find(s->packet, 0, ISAKMP_PAYLOAD_SA), s->offers, reject) < 0)
		return -1;
	s->spi = first_spi(s->offers);
	if (isakmp_read_flow(sa, s->packet, &s->flow, reject) < 0)
		return -1;
	if (!isakmp_flow_allowed(sa, &s->flow))
		return refuse(s, ISAKMP_N_INVALID_ID_INFORMATION, "selectors that are not allowed");
	if (!choose_child(sa, s))
		return refuse(s, ISAKMP_N_NO_PROPOSAL_CHOSEN, "no proposal that is allowed");
	struct reader r = reader_of(VIEW(s->offer->spi, 4));
	s->spi = read_u32(&r);
	if (!s->suite.dh)
		return ke ? refuse(s, ISAKMP_N_INVALID_KEY_INFORMATION, "a KE without a group") : 0;
	ike_dh_make(s->suite.dh, sa->isakmp->config.random, &s->dh, ignored);
	if (!ke || ike_dh_agree(&s->dh, ke->value, s->shared) < 0)
		return refuse(s, ISAKMP_N_INVALID_KEY_INFORMATION, "a KE that is not of the group");
	s->shared_size = ike_dh_shared_size(s->suite.dh);
	return 0;
}

/* The answer names the selectors as they were sent. */
static int check_answer_flow(const struct isakmp_quick *q, const struct packet *p,
	struct reject *reject)
{
	const struct ike_ts *expected[] = { &q->flow.local, &q->flow.remote };
	const struct element_value *e;
	struct ike_ts ts;

	for (unsigned n = 0; (e = packet_find_nth(p, 0, ISAKMP_PAYLOAD_ID, n)) && n < 2; n++) {
		if (isakmp_read_selector(e, &ts, reject) < 0)
			return -1;
		if (!isakmp_same_ts(&ts, expected[n]) && !MUTANT(isakmp_other_selectors))
			return reject_set(reject, REJECT_IDENTITY, "ID", IKE("5.5"), e->offset, n);
	}
	return 0;
}

static int check_qm2(struct isakmp_quick *q, struct isakmp_step *s, struct reject *reject)
{
	const struct element_value *ke = packet_find(s->packet, 0, ISAKMP_PAYLOAD_KE);
	const struct ike_connection *c = q->sa->connection;
	struct isakmp_terms required = { .mode = mode_of(q->sa, q->flow.transport) };

	if (isakmp_decode_sa(packet_find(s->packet, 0, ISAKMP_PAYLOAD_SA), s->offers, reject) < 0)
		return -1;
	s->offer = s->offers->count == 1 ? isakmp_choose(s->offers, &c->esp, ISAKMP_PROTO_ESP,
						   &required, &c->ike, &s->suite, &s->terms)
					 : NULL;
	if (!s->offer || s->suite.dh != q->group)
		return reject_set(reject, REJECT_ALGORITHM, "SA", IKE("5.5"), ISAKMP_HEADER_SIZE, 0);
	struct reader r = reader_of(VIEW(s->offer->spi, 4));
	s->spi = read_u32(&r);
	if (check_answer_flow(q, s->packet, reject) < 0)
		return -1;
	if (!q->group)
		return 0;
	if (!ke || ike_dh_agree(&q->dh, ke->value, s->shared) < 0)
		return reject_set(reject, REJECT_VALUE, "KE", IKE("5.5"), ke ? ke->offset : 0, 0);
	s->shared_size = ike_dh_shared_size(q->group);
	return 0;
}

int isakmp_check_quick(struct isakmp_sa *sa, struct isakmp_quick *q, struct isakmp_step *s,
	struct reject *reject)
{
	/* the first message is hashed with nothing but its message ID */
	struct isakmp_quick fresh = { .sa = sa,
		.id = (uint32_t)s->packet->header[ISAKMP_MESSAGE_ID] };
	enum isakmp_single which = !q ? ISAKMP_QM1 : q->initiator ? ISAKMP_QM2 : ISAKMP_QM3;

	if (isakmp_check((struct packet *)s->packet, which, reject) < 0)
		return -1;
	if (check_hash(q ? q : &fresh, which, s, reject) < 0)
		return -1;
	if (which == ISAKMP_QM1)
		return check_qm1(sa, s, reject);
	return which == ISAKMP_QM2 ? check_qm2(q, s, reject) : 0;
}
