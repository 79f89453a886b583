// SPDX-License-Identifier: Apache-2.0
/* Address change at the correspondent; section numbers are of docs/address-change.md. */
#include "ref/base/mutant.h"
#include "ref/ike/ike_change_inside.h"

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

static struct ike_change_subject subject(const struct ike_sa *of, uint32_t sequence,
	const struct endpoint *to)
{
	return (struct ike_change_subject){ of->spi_i, of->spi_r, sequence, *to };
}

static void make_cookie(const struct ike_sa *of, uint32_t sequence, const struct endpoint *to,
	uint8_t out[IKE_CHANGE_COOKIE_SIZE])
{
	struct ike_change_subject about = subject(of, sequence, to);
	struct ike *ike = of->ike;

	ike_change_make_cookie(ike->cookie_secret, ike->cookie_version, &about, out);
}

static bool cookie_good(struct ike_sa *of, const struct packet *p, uint32_t sequence,
	const struct endpoint *to)
{
	struct ike_change_subject about = subject(of, sequence, to);
	struct ike *ike = of->ike;

	return ike_change_cookie_good(ike->cookie_secret, ike->cookie_version, &about, p);
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
	return MUTANT(change_any_proof) || proof_good(of, sa, data, p) ? of : NULL;
}

/* 0: nothing is against it. */
static enum ike_change_reason judge(struct ike_sa *sa, struct ike_sa *of, const struct packet *p,
	const struct ike_step *s)
{
	struct ike_change_case c = { .allowed = sa->connection->address_change,
		.tunnels = sa->connection->tunnels, .seen = of->changes_seen, .local = of->local,
		.peer = *ike_sa_peer(of), .from = s->from };

	return ike_change_judge(&c, p);
}

static void refuse(struct ike_sa *sa, struct ike_step *s, const struct packet *request,
	enum ike_change_reason reason)
{
	struct packet p = ike_change_packet(sa, IKE_CHANGE_REFUSED, 0);
	uint8_t value[4];
	struct writer w = writer_of(value, sizeof(value));

	p.header[IKE_CHANGE_SEQUENCE] =
		MUTANT(change_refusal_without_number) ? 0 : request->header[IKE_CHANGE_SEQUENCE];
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
	uint8_t cookie[IKE_CHANGE_COOKIE_SIZE];

	make_cookie(of, sequence, to, cookie);
	packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, VIEW_OF(cookie));
	ike_change_draft(s->draft, IKE_N_ADDRESS_CHANGE_COOKIE, &p);
}

static void answer_completed(struct ike_sa *of, struct ike_step *s, const struct packet *request)
{
	uint32_t sequence = (uint32_t)request->header[IKE_CHANGE_SEQUENCE];
	struct packet p = ike_change_packet(of, IKE_CHANGE_COMPLETED,
		MUTANT(change_answer_without_number) ? 0 : sequence);
	struct endpoint old = ike_change_address(request, false);
	struct endpoint to = ike_change_address(request, true);
	uint8_t spis[256], cookie[IKE_CHANGE_COOKIE_SIZE];
	size_t size = ike_change_spis(of, spis, sizeof(spis));

	ike_change_add_address(&p, false, &old);
	ike_change_add_address(&p, true, &to);
	if (size)
		packet_add(&p, 0, IKE_CHANGE_CHILD_SPIS, VIEW(spis, size));
	make_cookie(of, sequence, &to, cookie);
	if (of->unverified)
		packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, VIEW_OF(cookie));
	ike_change_draft(s->draft, IKE_N_MIGRATION_COMPLETED, &p);
}

static void take_change(struct ike_sa *of, struct ike_step *s, const struct packet *request,
	bool known)
{
	struct endpoint old = *ike_sa_peer(of), to = ike_change_address(request, true);

	of->changes_seen = (uint32_t)request->header[IKE_CHANGE_SEQUENCE];
	of->unverified = !known;
	of->verify_due = known ? BTIME_NEVER : btime_add(s->now, VERIFY_TIME);
	if (!MUTANT(change_stays))
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
	if (!why && ike_change_too_often(&of->change_budget, s->now))
		why = IKE_CHANGE_TOO_OFTEN;
	if (why) {
		refuse(sa, s, p, why);
		return;
	}
	if (!ike_change_same(&s->from, &to)) { /* the answer has to go to the new address */
		struct ike_migration m = { .old_peer = *ike_sa_peer(of), .peer = to };
		actions_report(s->actions, of, IKE_REPORT_CHANGING,
			ike_report_name(IKE_REPORT_CHANGING), VIEW(&m, sizeof(m)));
	}
	bool known = sa->connection->trust_new_address || cookie_good(of, p, sequence, &to) ||
		MUTANT(change_without_cookie);
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

	if (!ike_find_notify(s->packet, IKE_N_ADDRESS_CHANGE, &n) ||
		(!sa->peer_changes && !MUTANT(change_not_agreed)) ||
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
