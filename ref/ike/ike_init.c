// SPDX-License-Identifier: Apache-2.0
/*
 * IKE_SA_INIT, RFC 7296 §1.2: cookies (§2.6), the right group (§1.2), NAT detection (§2.23). The
 * responder keeps nothing until the proposal, the cookie if one was asked for, and the group fit.
 */
#include "ref/base/mutant.h"
#include "ref/ike/ike_inside.h"

#define S(section) "RFC 7296 §" section

/* --- NAT detection, §2.23 ----------------------------------------------------------------- */

void ike_nat_notify(const struct ike_sa *sa, struct ike_draft *d)
{
	ike_nat_notify_at(sa, d, &sa->local, &sa->peer);
}

void ike_nat_notify_at(const struct ike_sa *sa, struct ike_draft *d, const struct endpoint *local,
	const struct endpoint *peer)
{
	uint8_t digest[20];
	struct endpoint source = *local;

	/* who wants ESP in UDP in any case says an address that is nobody's */
	if (sa->connection->force_encapsulation)
		memset(source.address, 0, sizeof(source.address));
	ike_nat_digest(sa->spi_i, sa->spi_r, &source, digest);
	ike_draft_notify(d, IKE_N_NAT_DETECTION_SOURCE_IP, VIEW_OF(digest));
	ike_nat_digest(sa->spi_i, sa->spi_r, peer, digest);
	ike_draft_notify(d, IKE_N_NAT_DETECTION_DESTINATION_IP, VIEW_OF(digest));
}

/* Whether notifications of that type are there and none has this digest. */
static bool differs(const struct packet *p, uint16_t type, const uint8_t digest[20])
{
	const struct element_value *e;
	struct ike_notification n;
	bool seen = false;

	for (unsigned i = 0; (e = packet_find_nth(p, 0, IKE_PAYLOAD_NOTIFY, i)); i++) {
		if (ike_decode_notify(e, &n, NULL) < 0 || n.type != type)
			continue;
		if (view_equal(n.data, VIEW(digest, 20)))
			return false;
		seen = true;
	}
	return seen;
}

void ike_nat_detect(struct ike_sa *sa, const struct ike_step *s)
{
	uint64_t spi_r = s->packet->header[IKE_SPI_R]; /* 0 in the first request */
	uint8_t digest[20];

	ike_nat_digest(sa->spi_i, spi_r, &s->from, digest);
	sa->nat_there = differs(s->packet, IKE_N_NAT_DETECTION_SOURCE_IP, digest);
	ike_nat_digest(sa->spi_i, spi_r, &s->local, digest);
	sa->nat_here = differs(s->packet, IKE_N_NAT_DETECTION_DESTINATION_IP, digest);
}

/* --- cookies, §2.6 ------------------------------------------------------------------------ */

static void make_cookie(struct ike *ike, uint8_t version, const struct ike_step *s,
	uint8_t out[IKE_COOKIE_SIZE])
{
	const struct element_value *nonce = packet_find(s->packet, 0, IKE_PAYLOAD_NONCE);
	const uint8_t *secret = ike->cookie_secret[version & 1];
	uint8_t text[26];
	struct writer w = writer_of(text, sizeof(text));

	write_u64(&w, s->packet->header[IKE_SPI_I]);
	write_bytes(&w, s->from.address, 16);
	write_bytes(&w, &s->from.port, 2);
	/* a way that was asked for is part of what comes back over it, docs/reply-path.md §5.1 */
	bool way = s->via.family;
	struct view parts[] = { nonce->value, writer_view(&w), way ? VIEW(&s->via.family, 1) :
		VIEW_EMPTY, way ? VIEW(s->via.address, 16) : VIEW_EMPTY };
	out[0] = version;
	hmac_parts(DIGEST_SHA256, VIEW(secret, 32), parts, 4, out + 1);
}

#define COOKIE_PERIOD (60 * BTIME_S)

static void new_cookie_secret(struct ike *ike)
{
	ike->cookie_version++;
	random_fill(ike->config.random, ike->cookie_secret[ike->cookie_version & 1], 32);
}

/* A new secret now and then; cookies of the one before are still taken. */
void ike_turn_cookie_secret(struct ike *ike, btime now)
{
	if (now < ike->cookie_due)
		return;
	if (now >= btime_add(ike->cookie_due, COOKIE_PERIOD)) /* both are too old */
		new_cookie_secret(ike);
	new_cookie_secret(ike);
	ike->cookie_due = btime_add(now, COOKIE_PERIOD);
}

static bool cookie_good(struct ike *ike, const struct ike_step *s)
{
	struct ike_notification n;
	uint8_t expected[IKE_COOKIE_SIZE];

	if (!ike_find_notify(s->packet, IKE_N_COOKIE, &n) || n.data.size != IKE_COOKIE_SIZE)
		return false;
	if (MUTANT(ike_any_cookie))
		return true;
	uint8_t age = (uint8_t)(ike->cookie_version - n.data.data[0]);
	if (age > 1)
		return false;
	make_cookie(ike, n.data.data[0], s, expected);
	return ct_equal(n.data, VIEW_OF(expected));
}

/* RFC 7427 §4: two octets for each hash function. */
static unsigned hashes_of(const struct packet *p)
{
	struct ike_notification n;
	unsigned hashes = 0;

	if (!ike_find_notify(p, IKE_N_SIGNATURE_HASH_ALGORITHMS, &n))
		return 0;
	for (struct reader r = reader_of(n.data); reader_left(&r) >= 2;) {
		uint16_t hash = read_u16(&r);
		if (hash < 16)
			hashes |= 1u << hash;
	}
	return hashes;
}

/* --- initiator ---------------------------------------------------------------------------- */

static uint16_t first_group(const struct ike_proposals *proposals)
{
	for (unsigned i = 0; i < proposals->count; i++)
		for (unsigned k = 0; k < proposals->list[i].count; k++)
			if (proposals->list[i].transforms[k].type == IKE_TRANSFORM_DH)
				return proposals->list[i].transforms[k].id;
	return 0;
}

static bool has_group(const struct ike_proposals *proposals, uint16_t group)
{
	for (unsigned i = 0; i < proposals->count; i++)
		for (unsigned k = 0; k < proposals->list[i].count; k++)
			if (proposals->list[i].transforms[k].type == IKE_TRANSFORM_DH &&
				proposals->list[i].transforms[k].id == group)
				return true;
	return false;
}

static void send_init(struct ike_sa *sa, struct ike_step *s, struct view public_value)
{
	uint8_t message[IKE_MESSAGE_MAX];
	struct ike_draft *d = s->draft;

	ike_draft_begin(d);
	if (sa->cookie.size && !MUTANT(ike_cookie_behind))
		ike_draft_notify(d, IKE_N_COOKIE, ike_octets_view(&sa->cookie));
	ike_draft_sa(d, &sa->connection->ike);
	ike_draft_ke(d, sa->group, public_value);
	ike_draft_octets(d, IKE_PAYLOAD_NONCE, ike_octets_view(&sa->nonce_i));
	if (sa->cookie.size && MUTANT(ike_cookie_behind))
		ike_draft_notify(d, IKE_N_COOKIE, ike_octets_view(&sa->cookie));
	ike_nat_notify(sa, d);
	if (sa->connection->fragmentation)
		ike_draft_notify(d, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, VIEW_EMPTY);
	if (sa->connection->credentials)
		ike_draft_notify(d, IKE_N_SIGNATURE_HASH_ALGORITHMS, ike_credentials_hashes());
	ike_path_draft(sa, d);
	struct view v = ike_clear(sa->spi_i, 0, IKE_SA_INIT, IKE_FLAG_INITIATOR, d, message);
	ike_octets_set(&sa->init_request, v);
	sa->send_id = 1;
	ike_keep_request(sa, v, TASK_INIT, s);
}

/* Also after COOKIE and INVALID_KE_PAYLOAD: SPI and nonce stay (§2.6), a new group has a new KE. */
int ike_tx_init(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	uint8_t public_value[IKE_DH_PUBLIC_MAX];
	struct ike_notification n;

	if (s->packet && ike_find_notify(s->packet, IKE_N_COOKIE, &n))
		ike_octets_set(&sa->cookie, n.data);
	if (s->packet && ike_find_notify(s->packet, IKE_N_INVALID_KE_PAYLOAD, &n)) {
		struct reader r = reader_of(n.data);
		sa->group = read_u16(&r);
		sa->group_retried = true;
	}
	if (!sa->group)
		sa->group = first_group(&sa->connection->ike);
	if (sa->offer.dh.group != sa->group)
		ike_dh_make(sa->group, sa->ike->config.random, &sa->offer.dh, public_value);
	else
		ike_dh_public(&sa->offer.dh, public_value);
	if (!sa->nonce_i.size || MUTANT(ike_new_nonce)) {
		random_fill(sa->ike->config.random, sa->offer.nonce, IKE_NONCE_SIZE);
		ike_octets_set(&sa->nonce_i, VIEW_OF(sa->offer.nonce));
	}
	send_init(sa, s, VIEW(public_value, ike_dh_public_size(sa->group)));
	return 0;
}

/* RFC 7296 §2.14; nonces and SPIs are in place. */
static void derive(struct ike_sa *sa, struct view shared)
{
	struct ike_seed seed = { ike_octets_view(&sa->nonce_i), ike_octets_view(&sa->nonce_r),
		shared, sa->spi_i, sa->spi_r };

	ike_keys_derive(&sa->suite, &seed, NULL, NULL, &sa->keys);
	sa->keyed = true;
}

/* What a response that refuses must be like, so that a stranger's is not believed too easily. */
static int check_refusal(const struct ike_sa *sa, const struct packet *p, uint16_t error,
	const struct ike_notification *n, struct reject *reject)
{
	struct reader r = reader_of(n->data);
	uint16_t group = read_u16(&r);
	bool strange = sa->group_retried || r.failed || group == sa->group ||
		!has_group(&sa->connection->ike, group) || !ike_dh_public_size(group);

	(void)p;
	if (error == IKE_N_INVALID_KE_PAYLOAD && strange && !MUTANT(ike_any_group))
		return reject_set(reject, REJECT_ALGORITHM, "N", S("1.2"), IKE_HEADER_SIZE, group);
	return 0;
}

static int take_init_response(struct ike_sa *sa, struct ike_step *s, struct reject *reject)
{
	const struct packet *p = s->packet;
	const struct element_value *e = packet_find(p, 0, IKE_PAYLOAD_SA);
	const struct element_value *ke = packet_find(p, 0, IKE_PAYLOAD_KE);
	const struct element_value *nonce = packet_find(p, 0, IKE_PAYLOAD_NONCE);
	struct ike_proposals chosen;
	struct ike_suite suite;
	uint8_t shared[IKE_DH_SHARED_MAX];

	if (!e || !ke || !nonce)
		return reject_set(reject, REJECT_MISSING, !e ? "SA" : !ke ? "KE" : "Nonce",
			S("1.2"), 0, 0);
	if (!p->header[IKE_SPI_R])
		return reject_set(reject, REJECT_VALUE, "IKE SA Responder's SPI", S("3.1"), 8, 0);
	if (ike_decode_sa(e, &chosen, reject) < 0)
		return -1;
	if (chosen.count != 1 || !ike_is_choice(&chosen.list[0]) ||
		!ike_choose(&chosen, &sa->connection->ike, IKE_PROTOCOL_IKE, false, &suite) ||
		!ike_suite_usable(&suite))
		return reject_set(reject, REJECT_ALGORITHM, "SA", S("2.7"), e->offset,
			chosen.count);
	struct reader r = reader_of(ke->value);
	uint16_t group = read_u16(&r);
	read_u16(&r);
	if (group != sa->group || suite.dh != group)
		return reject_set(reject, REJECT_ALGORITHM, "KE", S("3.4"), ke->offset, group);
	if (ike_dh_agree(&sa->offer.dh, read_rest(&r), shared) < 0)
		return reject_set(reject, REJECT_VALUE, "KE", "RFC 6989 §2", ke->offset, group);
	sa->suite = suite;
	sa->spi_r = p->header[IKE_SPI_R];
	ike_octets_set(&sa->nonce_r, nonce->value);
	ike_octets_set(&sa->init_response, s->datagram);
	derive(sa, VIEW(shared, ike_dh_shared_size(group)));
	wipe(shared, sizeof(shared));
	wipe(&sa->offer, sizeof(sa->offer));
	return 0;
}

int ike_check_init_response(struct ike_sa *sa, struct ike_step *s, struct reject *reject)
{
	struct ike_notification n;
	uint16_t error = ike_find_error(s->packet, &n);

	if (sa->state != IKE_STATE_INIT_SENT)
		return reject_set(reject, REJECT_STATE, NULL, S("2.1"), 0, 0);
	if (error)
		return check_refusal(sa, s->packet, error, &n, reject);
	if (!packet_find(s->packet, 0, IKE_PAYLOAD_SA) &&
		ike_find_notify(s->packet, IKE_N_COOKIE, &n)) {
		/* §2.6: 1 to 64 octets; the same one twice would go round for ever */
		bool again = view_equal(n.data, ike_octets_view(&sa->cookie));
		if (n.data.size == 0 || n.data.size > 64 || again)
			return reject_set(reject, again ? REJECT_REPLAY : REJECT_LENGTH, "COOKIE",
				S("2.6"), IKE_HEADER_SIZE, n.data.size);
		return 0;
	}
	if (take_init_response(sa, s, reject) < 0)
		return -1;
	ike_nat_detect(sa, s);
	sa->peer_fragments = ike_find_notify(s->packet, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, &n);
	sa->peer_hashes = hashes_of(s->packet);
	return 0;
}

/* --- responder ---------------------------------------------------------------------------- */

static bool same_address(const struct endpoint *configured, const struct endpoint *real)
{
	return configured->family == 0 || (configured->family == real->family &&
		memcmp(configured->address, real->address, 16) == 0);
}

/* The first connection between these addresses that allows a proposal. */
static const struct ike_connection *choose_connection(const struct ike *ike,
	const struct ike_step *s, const struct ike_proposals *offered, bool *addressed,
	struct ike_suite *suite)
{
	*addressed = false;
	for (unsigned i = 0; i < ike->config.count; i++) {
		const struct ike_connection *c = &ike->config.connections[i];
		if (!same_address(&c->local, &s->local) || !same_address(&c->remote, &s->from))
			continue;
		*addressed = true;
		if (ike_choose(offered, &c->ike, IKE_PROTOCOL_IKE, false, suite) &&
			ike_suite_usable(suite))
			return c;
	}
	return NULL;
}

/* An answer that leaves no state behind. */
static int answer_stateless(struct ike_step *s, uint16_t type, struct view data)
{
	uint8_t message[IKE_MESSAGE_MAX];

	ike_draft_begin(s->draft);
	ike_draft_notify(s->draft, type, data);
	ike_answer_to(s, &s->from, ike_clear(s->packet->header[IKE_SPI_I], 0, IKE_SA_INIT,
					   IKE_FLAG_RESPONSE, s->draft, message));
	return 0;
}

static void answer_init(struct ike_sa *sa, struct ike_step *s, struct view public_value)
{
	uint8_t message[IKE_MESSAGE_MAX], kept[IKE_MESSAGE_MAX + 2];
	struct writer w = writer_of(kept, sizeof(kept));
	struct ike_proposals chosen = { .count = 1 };
	struct ike_proposals offered;
	struct ike_suite suite;
	struct ike_draft *d = s->draft;

	ike_decode_sa(packet_find(s->packet, 0, IKE_PAYLOAD_SA), &offered, NULL);
	const struct ike_proposal *p =
		ike_choose(&offered, &sa->connection->ike, IKE_PROTOCOL_IKE, false, &suite);
	chosen.list[0] = ike_suite_proposal(&suite, IKE_PROTOCOL_IKE, p->number);
	ike_draft_begin(d);
	ike_draft_sa(d, &chosen);
	ike_draft_ke(d, sa->suite.dh, public_value);
	ike_draft_octets(d, IKE_PAYLOAD_NONCE, ike_octets_view(&sa->nonce_r));
	ike_nat_notify(sa, d);
	if (sa->peer_fragments && sa->connection->fragmentation)
		ike_draft_notify(d, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, VIEW_EMPTY);
	if (sa->peer_hashes && sa->connection->credentials)
		ike_draft_notify(d, IKE_N_SIGNATURE_HASH_ALGORITHMS, ike_credentials_hashes());
	ike_draft_requests(sa->connection, d);
	struct view v =
		ike_clear(sa->spi_i, sa->spi_r, IKE_SA_INIT, IKE_FLAG_RESPONSE, d, message);
	ike_octets_set(&sa->init_response, v);
	write_u16(&w, (uint16_t)v.size);
	write_view(&w, v);
	ike_octets_set(&sa->response.octets, writer_view(&w));
	ike_send_again(sa, s);
}

static void open_half(struct ike *ike, const struct ike_connection *c,
	const struct ike_suite *suite, struct ike_step *s, struct view public_value,
	struct view shared)
{
	struct ike_sa *sa = ike_sa_new(ike, c, false);
	uint8_t nonce[IKE_NONCE_SIZE];
	struct ike_notification n;

	sa->spi_i = s->packet->header[IKE_SPI_I];
	sa->suite = *suite;
	sa->local = s->local;
	sa->peer = s->from;
	sa->receive_id = 1;
	random_fill(ike->config.random, nonce, sizeof(nonce));
	ike_octets_set(&sa->nonce_i, packet_find(s->packet, 0, IKE_PAYLOAD_NONCE)->value);
	ike_octets_set(&sa->nonce_r, VIEW_OF(nonce));
	ike_octets_set(&sa->init_request, s->datagram);
	ike_nat_detect(sa, s);
	sa->peer_fragments = ike_find_notify(s->packet, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, &n);
	sa->peer_hashes = hashes_of(s->packet);
	derive(sa, shared);
	ike_store_init_request(sa);
	sa->began = s->now;
	sa->lifetime_due = btime_add(s->now, ike->config.half_open_lifetime);
	ike_step(sa, IKE_EV_RX_INIT_REQUEST, s);
	answer_init(sa, s, public_value);
	ike_touch(sa);
}

/*
 * When the table is full, who has waited longest goes: a peer that goes on within a second is never
 * kept out, however many addresses the others have. Counted, not reported: it is part of a flood.
 */
static bool make_room(struct ike *ike, const struct ike_step *s)
{
	struct ike_sa *oldest = ike->oldest;

	if (ike->half_open < ike->config.half_open_max)
		return true;
	if (!oldest || s->now - oldest->began < BTIME_S)
		return false;
	ike->rejected[REJECT_RESOURCES]++;
	ike_bury(oldest);
	return true;
}

static int new_half(struct ike *ike, const struct ike_connection *c, const struct ike_suite *suite,
	struct ike_step *s, struct reject *reject)
{
	const struct element_value *ke = packet_find(s->packet, 0, IKE_PAYLOAD_KE);
	uint8_t public_value[IKE_DH_PUBLIC_MAX], shared[IKE_DH_SHARED_MAX], group[2];
	struct ike_dh_secret secret;
	struct reader r = reader_of(ke->value);
	struct writer w = writer_of(group, sizeof(group));

	/* §1.2: the group that was chosen, when KE has another one */
	if (read_u16(&r) != suite->dh) {
		write_u16(&w, MUTANT(ike_names_no_group) ? IKE_DH_NONE : suite->dh);
		return answer_stateless(s, IKE_N_INVALID_KE_PAYLOAD, VIEW_OF(group));
	}
	read_u16(&r);
	if (ike->half_open >= ike->config.cookie_threshold &&
		ike_half_open_at(ike, &s->from) >= ike->config.half_open_per_address)
		return reject_set(reject, REJECT_RESOURCES, "source address", S("2.6"), 0,
			ike->config.half_open_per_address);
	if (!make_room(ike, s))
		return reject_set(reject, REJECT_RESOURCES, NULL, S("2.6"), 0, ike->half_open);
	if (ike_dh_make(suite->dh, ike->config.random, &secret, public_value) < 0 ||
		ike_dh_agree(&secret, read_rest(&r), shared) < 0)
		return reject_set(reject, REJECT_VALUE, "KE", "RFC 6989 §2", ke->offset, suite->dh);
	open_half(ike, c, suite, s, VIEW(public_value, ike_dh_public_size(suite->dh)),
		VIEW(shared, ike_dh_shared_size(suite->dh)));
	wipe(&secret, sizeof(secret));
	wipe(shared, sizeof(shared));
	return 0;
}

void ike_answer_critical(struct ike_step *s, uint8_t payload)
{
	answer_stateless(s, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, VIEW(&payload, 1));
}

/* Of many at a time, and of who wants its answer elsewhere, docs/reply-path.md §5.1. */
static bool wants_cookie(const struct ike *ike, const struct ike_step *s)
{
	return ike->half_open >= ike->config.cookie_threshold ||
		s->via.family;
}

int ike_init_input(struct ike *ike, struct ike_step *s, struct reject *reject)
{
	const struct packet *p = s->packet;
	const struct element_value *e = packet_find(p, 0, IKE_PAYLOAD_SA);
	struct ike_sa *known = ike_find_init(ike, p->header[IKE_SPI_I], &s->from);
	struct ike_proposals offered;
	struct ike_suite suite;
	bool addressed;

	if (p->header[IKE_SPI_R])
		return reject_set(reject, REJECT_VALUE, "IKE SA Responder's SPI", S("3.1"), 8, 0);
	if (ike_path_read(ike, s, p, reject) < 0)
		return -1;
	if (known) { /* §2.1: a repeated request gets the same answer */
		if (!view_equal(s->datagram, ike_octets_view(&known->init_request)))
			return reject_set(reject, REJECT_STATE, NULL, S("2.1"), 0, 0);
		ike_send_again(known, s);
		return 0;
	}
	ike_turn_cookie_secret(ike, s->now);
	if (wants_cookie(ike, s) && !cookie_good(ike, s)) {
		uint8_t cookie[IKE_COOKIE_SIZE];
		if (s->via.family && ike_path_too_often(ike, s->now))
			return reject_set(reject, REJECT_RESOURCES, "REPLY_PATH", "RP §5.3", 0,
				s->via.family);
		make_cookie(ike, ike->cookie_version, s, cookie);
		return answer_stateless(s, IKE_N_COOKIE, VIEW_OF(cookie));
	}
	if (ike_decode_sa(e, &offered, reject) < 0)
		return -1;
	const struct ike_connection *c = choose_connection(ike, s, &offered, &addressed, &suite);
	if (!addressed)
		return reject_set(reject, REJECT_REFUSED, NULL, NULL, 0, 0);
	if (!c)
		return answer_stateless(s, IKE_N_NO_PROPOSAL_CHOSEN, VIEW_EMPTY);
	return new_half(ike, c, &suite, s, reject);
}
