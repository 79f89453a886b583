// SPDX-License-Identifier: Apache-2.0
/* Address change at the correspondent; section numbers are of docs/address-change.md. */
#include "ref/ike/ike_change_inside.h"

#define COOKIE_SIZE 17
/* §5.5: changes that a correspondent takes at once, and how often one more. */
#define CHANGES_AT_ONCE 8
#define CHANGE_REFILL BTIME_S
/* §5.3: an address that is not verified by then is given up. */
#define VERIFY_TIME (60 * BTIME_S)

static bool proof_good(const struct ike_sa *of, const struct ike_sa *carrier, struct view data,
	const struct packet *p)
{
	const struct element_value *e = packet_find(p, 0, IKE_CHANGE_PROOF);
	uint8_t expected[IKE_CHANGE_PROOF_SIZE];

	if (!e || data.size < PROOF_ELEMENT)
		return false;
	ike_change_proof(of, carrier, !of->initiator, VIEW(data.data, data.size - PROOF_ELEMENT),
		expected);
	return ct_equal(e->value, VIEW_OF(expected));
}


static void make_cookie(const struct ike *ike, uint8_t version, const struct ike_sa *of,
	uint32_t sequence, const struct endpoint *to, uint8_t out[COOKIE_SIZE])
{
	uint8_t text[37], mac[DIGEST_MAX];
	struct writer w = writer_of(text, sizeof(text));

	write_u64(&w, of->spi_i);
	write_u64(&w, of->spi_r);
	write_u32(&w, sequence);
	write_u8(&w, to->family);
	write_bytes(&w, to->address, 16);
	struct view parts[] = { view_text("address change"), writer_view(&w) };
	hmac_parts(DIGEST_SHA256, VIEW(ike->cookie_secret[version & 1], 32), parts, 2, mac);
	out[0] = version;
	memcpy(out + 1, mac, COOKIE_SIZE - 1);
}

static bool cookie_good(struct ike_sa *of, const struct packet *p, uint32_t sequence,
	const struct endpoint *to)
{
	const struct element_value *e = packet_find(p, 0, IKE_CHANGE_PATH_COOKIE);
	uint8_t expected[COOKIE_SIZE];

	if (!e || e->value.size != COOKIE_SIZE)
		return false;
	if ((uint8_t)(of->ike->cookie_version - e->value.data[0]) > 1)
		return false;
	make_cookie(of->ike, e->value.data[0], of, sequence, to, expected);
	return ct_equal(e->value, VIEW_OF(expected));
}

/* One more change now and then: a token each CHANGE_REFILL, at most CHANGES_AT_ONCE. */
static bool too_often(struct ike_sa *sa, btime now)
{
	btime full = CHANGES_AT_ONCE * CHANGE_REFILL;
	btime empty_at = sa->change_budget > now ? sa->change_budget : now;

	if (empty_at - now > full - CHANGE_REFILL)
		return true;
	sa->change_budget = empty_at + CHANGE_REFILL;
	return false;
}

/* The SA that the request is about; NULL when it is none of this peer's, or unproven. */
static struct ike_sa *named_sa(struct ike_sa *sa, const struct packet *p, struct view data,
	enum ike_change_reason *why)
{
	uint64_t spi_i = p->header[IKE_CHANGE_SPI_I], spi_r = p->header[IKE_CHANGE_SPI_R];

	if (spi_i == sa->spi_i && spi_r == sa->spi_r)
		return sa;
	*why = IKE_CHANGE_UNKNOWN_SA;
	struct ike_sa *of = ike_find(sa->ike, spi_i);
	if (!of || !of->initiator)
		of = ike_find(sa->ike, spi_r);
	if (!of || of->spi_i != spi_i || of->spi_r != spi_r || of->connection != sa->connection ||
		of->state != IKE_STATE_ESTABLISHED || !ike_id_equal(&of->peer_id, &sa->peer_id))
		return NULL;
	*why = IKE_CHANGE_BAD_PROOF;
	return proof_good(of, sa, data, p) ? of : NULL;
}

/* 0: nothing is against it. In the order of §5.2. */
static enum ike_change_reason judge(struct ike_sa *sa, struct ike_sa *of, const struct packet *p,
	const struct ike_step *s)
{
	uint32_t sequence = (uint32_t)p->header[IKE_CHANGE_SEQUENCE];
	struct endpoint old = ike_change_address(p, false), to = ike_change_address(p, true);
	bool direct = ike_change_same(&s->from, &to);
	bool tunnelled = sa->connection->tunnels && ike_change_same(&s->from, &of->peer);

	if (!sa->connection->address_change)
		return IKE_CHANGE_PROHIBITED;
	if (sequence <= of->changes_seen)
		return IKE_CHANGE_STALE;
	if (!ike_change_same(&old, &of->peer))
		return IKE_CHANGE_NOT_THERE;
	/* in a tunnel it comes from the old address, else from the new one */
	if (!ike_change_possible(&to) || ike_change_same(&to, &of->local) || (!direct && !tunnelled))
		return IKE_CHANGE_BAD_ADDRESS;
	return 0;
}

static void refuse(struct ike_sa *sa, struct ike_step *s, const struct packet *request,
	enum ike_change_reason reason)
{
	struct packet p = ike_change_packet(sa, IKE_CHANGE_REFUSED, 0);
	uint8_t value[4];
	struct writer w = writer_of(value, sizeof(value));

	p.header[IKE_CHANGE_SEQUENCE] = request->header[IKE_CHANGE_SEQUENCE];
	p.header[IKE_CHANGE_SPI_I] = request->header[IKE_CHANGE_SPI_I];
	p.header[IKE_CHANGE_SPI_R] = request->header[IKE_CHANGE_SPI_R];
	write_u32(&w, (uint32_t)reason);
	packet_add(&p, 0, IKE_CHANGE_REASON, VIEW_OF(value));
	ike_change_draft(s->draft, IKE_N_ADDRESS_CHANGE_REFUSED, &p);
	ike_tell(sa, s, IKE_REPORT_CHANGE_REFUSED, ike_name(ike_change_reasons, (uint32_t)reason));
}

static void ask_for_cookie(struct ike_sa *of, struct ike_step *s, uint32_t sequence,
	const struct endpoint *to)
{
	struct packet p = ike_change_packet(of, IKE_CHANGE_COOKIE, sequence);
	uint8_t cookie[COOKIE_SIZE];

	make_cookie(of->ike, of->ike->cookie_version, of, sequence, to, cookie);
	packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, VIEW_OF(cookie));
	ike_change_draft(s->draft, IKE_N_ADDRESS_CHANGE_COOKIE, &p);
}

static void answer_completed(struct ike_sa *of, struct ike_step *s, const struct packet *request)
{
	uint32_t sequence = (uint32_t)request->header[IKE_CHANGE_SEQUENCE];
	struct packet p = ike_change_packet(of, IKE_CHANGE_COMPLETED, sequence);
	struct endpoint old = ike_change_address(request, false);
	struct endpoint to = ike_change_address(request, true);
	uint8_t spis[256], cookie[COOKIE_SIZE];
	size_t size = ike_change_spis(of, spis, sizeof(spis));

	ike_change_add_address(&p, false, &old);
	ike_change_add_address(&p, true, &to);
	if (size)
		packet_add(&p, 0, IKE_CHANGE_CHILD_SPIS, VIEW(spis, size));
	make_cookie(of->ike, of->ike->cookie_version, of, sequence, &to, cookie);
	if (of->unverified)
		packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, VIEW_OF(cookie));
	ike_change_draft(s->draft, IKE_N_MIGRATION_COMPLETED, &p);
}

static void take_change(struct ike_sa *of, struct ike_step *s, const struct packet *request,
	bool known)
{
	struct endpoint old = of->peer, to = ike_change_address(request, true);

	of->changes_seen = (uint32_t)request->header[IKE_CHANGE_SEQUENCE];
	of->unverified = !known;
	of->verify_due = known ? BTIME_NEVER : btime_add(s->now, VERIFY_TIME);
	ike_change_migrate(of, s, false, &old, &to);
	answer_completed(of, s, request);
	ike_touch(of);
}

/* §5.3: the mover has the cookie that was sent to where we have sent little so far. */
static bool confirms(struct ike_sa *of, const struct packet *p)
{
	uint32_t sequence = (uint32_t)p->header[IKE_CHANGE_SEQUENCE];
	struct endpoint to = ike_change_address(p, true);

	return of->unverified && sequence == of->changes_seen && ike_change_same(&to, &of->peer) &&
		cookie_good(of, p, sequence, &to);
}

static void take_confirmation(struct ike_sa *of, struct ike_step *s, const struct packet *request)
{
	of->unverified = false;
	of->verify_due = BTIME_NEVER;
	ike_tell(of, s, IKE_REPORT_VERIFIED, NULL);
	answer_completed(of, s, request);
	ike_touch(of);
}

/* An address that nobody has shown to be the peer's is none to go on sending to. */
int ike_disbelieve(void *context, const void *input)
{
	struct ike_sa *sa = context;

	ike_tell(sa, (struct ike_step *)input, IKE_REPORT_CHANGE_REFUSED,
		"the peer has not shown that it is at its new address");
	sa->wanted |= 1u << TASK_DELETE;
	return 0;
}

/* `of` NULL: `why` there is none. */
static void decide(struct ike_sa *sa, struct ike_sa *of, struct ike_step *s, const struct packet *p,
	enum ike_change_reason why)
{
	uint32_t sequence = (uint32_t)p->header[IKE_CHANGE_SEQUENCE];
	struct endpoint to = ike_change_address(p, true);

	if (of)
		why = judge(sa, of, p, s);
	if (!why && too_often(of, s->now))
		why = IKE_CHANGE_TOO_OFTEN;
	if (why) {
		refuse(sa, s, p, why);
		return;
	}
	if (!ike_change_same(&s->from, &to)) { /* the answer has to go to the new address */
		struct ike_migration m = { .old_peer = of->peer, .peer = to };
		actions_report(s->actions, of, IKE_REPORT_CHANGING,
			ike_report_name(IKE_REPORT_CHANGING), VIEW(&m, sizeof(m)));
	}
	bool known = sa->connection->trust_new_address || cookie_good(of, p, sequence, &to);
	if (known || (sa->connection->check_meanwhile && !of->unverified))
		take_change(of, s, p, known);
	else
		ask_for_cookie(of, s, sequence, &to);
}

void ike_change_asked(struct ike_sa *sa, struct ike_step *s)
{
	struct ike_notification n;
	struct packet p;
	enum ike_change_reason why = 0;

	if (!ike_find_notify(s->packet, IKE_N_ADDRESS_CHANGE, &n) || !sa->peer_changes ||
		sa->state != IKE_STATE_ESTABLISHED)
		return;
	if (ike_change_decode(n.data, &p, NULL) < 0 ||
		p.header[IKE_CHANGE_KIND] != IKE_CHANGE_ADDRESS_CHANGE) {
		ike_draft_error(s->draft, IKE_N_INVALID_SYNTAX, s);
		return;
	}
	struct ike_sa *of = named_sa(sa, &p, n.data, &why);
	ike_turn_cookie_secret(sa->ike, s->now);
	if (of && confirms(of, &p))
		take_confirmation(of, s, &p);
	else
		decide(sa, of, s, &p, why);
}
