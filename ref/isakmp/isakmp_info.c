// SPDX-License-Identifier: Apache-2.0
/*
 * The informational exchange, RFC 2409 §5.7: one message under HASH(1), with a message ID that was
 * never used before under this SA, which nobody answers. Deletions (RFC 2408 §3.15) are such
 * messages, dead peer detection (RFC 3706) is a pair of them, and so is address change.
 */
#include "ref/base/mutant.h"
#include "ref/isakmp/isakmp_inside.h"

#define IKE(section) "RFC 2409 §" section

int isakmp_check_info(struct isakmp_sa *sa, struct isakmp_step *s, struct reject *reject)
{
	const struct element_value *e = packet_find(s->packet, 0, ISAKMP_PAYLOAD_HASH);
	uint8_t id[4], expected[DIGEST_MAX];
	struct writer w = writer_of(id, sizeof(id));
	size_t head = 4 + e->value.size;

	write_u32(&w, (uint32_t)s->packet->header[ISAKMP_MESSAGE_ID]);
	struct view parts[] = { VIEW_OF(id), VIEW(s->octets.data + head, s->octets.size - head) };
	size_t size = isakmp_hash(&sa->suite, &sa->keys, parts, 2, expected);
	if (ct_equal(e->value, VIEW(expected, size)) || MUTANT(isakmp_any_info_hash))
		return 0;
	return reject_set(reject, REJECT_INTEGRITY, "HASH", IKE("5.7"), e->offset, 0);
}

/* --- dead peer detection, RFC 3706 §5 ------------------------------------------------------- */

static bool of_this_sa(const struct isakmp_sa *sa, struct view spi)
{
	uint8_t own[16];

	isakmp_spi(sa, own);
	return view_equal(spi, VIEW_OF(own));
}

static void send_probe(struct isakmp_sa *sa, struct isakmp_step *s)
{
	uint8_t data[4];
	struct writer w = writer_of(data, sizeof(data));

	write_u32(&w, sa->probe_sequence);
	sa->probe_due = btime_add(s->now, sa->probe_interval);
	isakmp_send_notify(sa, ISAKMP_N_R_U_THERE, VIEW_OF(data), s);
}

void isakmp_probe(struct isakmp_sa *sa, struct isakmp_step *s)
{
	const struct ike_config *config = &sa->isakmp->config;

	if (!sa->peer_dpd || sa->state != ISAKMP_STATE_ESTABLISHED)
		return;
	if (!sa->probing) {
		sa->probing = true;
		sa->probe_sequence++;
		sa->probe_tries = 1;
		sa->probe_interval = config->retransmit_first;
		send_probe(sa, s);
		return;
	}
	if (s->now < sa->probe_due)
		return;
	if (sa->probe_tries >= config->retransmit_tries) {
		isakmp_step(sa, ISAKMP_EV_RETRANSMIT_MAX, s);
		return;
	}
	sa->probe_tries++;
	sa->probe_interval = isakmp_longer(sa, sa->probe_interval);
	send_probe(sa, s);
}

static void answer_probe(struct isakmp_sa *sa, const struct isakmp_notification *n,
	struct isakmp_step *s)
{
	struct reader r = reader_of(n->data);
	uint32_t sequence = read_u32(&r);

	/* §7.2 there: a number that lies behind was heard before */
	if (r.failed || !of_this_sa(sa, n->spi) ||
		(sa->peer_probed && (int32_t)(sequence - sa->peer_sequence) < 0 &&
			!MUTANT(isakmp_old_questions)) ||
		MUTANT(isakmp_not_there))
		return;
	sa->peer_probed = true;
	sa->peer_sequence = sequence;
	isakmp_send_notify(sa, ISAKMP_N_R_U_THERE_ACK, n->data, s);
}

static void take_answer(struct isakmp_sa *sa, const struct isakmp_notification *n,
	struct isakmp_step *s)
{
	struct reader r = reader_of(n->data);
	uint32_t sequence = read_u32(&r);

	if (r.failed || !sa->probing || !of_this_sa(sa, n->spi) ||
		(sequence != sa->probe_sequence && !MUTANT(isakmp_any_answer)))
		return;
	sa->probing = false;
	sa->probe_due = BTIME_NEVER;
	isakmp_tell(sa, s, IKE_REPORT_ALIVE, NULL);
}

/* --- deletions ------------------------------------------------------------------------------ */

static void draft_delete_sa(const struct isakmp_sa *sa, struct isakmp_draft *d)
{
	uint8_t spi[16];

	isakmp_spi(sa, spi);
	isakmp_draft_delete(d, ISAKMP_PROTO_ISAKMP, VIEW_OF(spi));
}

static void draft_delete_child(const struct isakmp_child *c, struct isakmp_draft *d)
{
	uint8_t spi[4];
	struct writer w = writer_of(spi, sizeof(spi));

	write_u32(&w, c->info.spi_in);
	isakmp_draft_delete(d, ISAKMP_PROTO_ESP, VIEW_OF(spi));
}

void isakmp_delete_child(struct isakmp_sa *sa, struct isakmp_child *c, struct isakmp_step *s)
{
	isakmp_draft_begin(s->draft, ISAKMP_INFORMATIONAL, true);
	draft_delete_child(c, s->draft);
	isakmp_send_info(sa, s);
	isakmp_drop_child(sa, c, s);
}

/* Child SAs first: after the second message nobody would know what the SPIs are about. */
static void delete_all(struct isakmp_sa *sa, struct isakmp_step *s)
{
	unsigned n = 0;

	isakmp_draft_begin(s->draft, ISAKMP_INFORMATIONAL, true);
	for (const struct isakmp_child *c = sa->children; c && n < 48; c = c->next, n++)
		draft_delete_child(c, s->draft);
	if (n)
		isakmp_send_info(sa, s);
	if (MUTANT(isakmp_deletes_silently))
		return;
	isakmp_draft_begin(s->draft, ISAKMP_INFORMATIONAL, true);
	draft_delete_sa(sa, s->draft);
	isakmp_send_info(sa, s);
}

static void tell_down(struct isakmp_sa *sa, struct isakmp_step *s)
{
	if (!sa->told)
		isakmp_tell(sa, s, IKE_REPORT_DOWN, NULL);
	sa->told = true;
}

int isakmp_tx_delete(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	if (sa->expired)
		isakmp_change_expire(sa, s);
	if (sa->keyed)
		delete_all(sa, s);
	tell_down(sa, s);
	return 0;
}

int isakmp_expire_life(void *context, const void *input)
{
	return isakmp_tx_delete(context, input);
}

int isakmp_be_unreachable(void *context, const void *input)
{
	isakmp_tell(context, (struct isakmp_step *)input, IKE_REPORT_UNREACHABLE, NULL);
	return 0;
}

/* The ISAKMP SA itself, by its cookies; RFC 2407 §4.6.2 says the same of 16 octets. */
bool isakmp_deletes_sa(const void *context, const void *input)
{
	const struct isakmp_sa *sa = context;
	const struct isakmp_step *s = input;
	const struct element_value *e;
	struct isakmp_deletion d;

	for (unsigned n = 0; (e = packet_find_nth(s->packet, 0, ISAKMP_PAYLOAD_D, n)); n++)
		if (isakmp_decode_delete(e, &d, NULL) == 0 && d.protocol == ISAKMP_PROTO_ISAKMP &&
			d.spi_size == 16 && of_this_sa(sa, VIEW(d.spis.data, d.count ? 16 : 0)))
			return true;
	return false;
}

/* Child SAs are of the peer's, whichever ISAKMP SA speaks of them. */
static void drop_by_out(struct isakmp_sa *sa, uint32_t spi, struct isakmp_step *s)
{
	for (struct isakmp_sa *of = sa->isakmp->first; of; of = of->next) {
		struct isakmp_child *c = isakmp_child_by_out(of, spi);
		if (c && of->connection == sa->connection &&
			ike_id_equal(&of->peer_id, &sa->peer_id)) {
			isakmp_drop_child(of, c, s);
			return;
		}
	}
}

static void take_deletions(struct isakmp_sa *sa, struct isakmp_step *s)
{
	const struct element_value *e;
	struct isakmp_deletion d;

	for (unsigned n = 0; (e = packet_find_nth(s->packet, 0, ISAKMP_PAYLOAD_D, n)); n++) {
		if (isakmp_decode_delete(e, &d, NULL) < 0 || d.protocol != ISAKMP_PROTO_ESP ||
			d.spi_size != 4)
			continue;
		struct reader r = reader_of(d.spis);
		while (reader_left(&r))
			drop_by_out(sa, read_u32(&r), s);
	}
}

/* --- notifications -------------------------------------------------------------------------- */

/* RFC 2407 §4.6.3.3: whatever there is with this peer beside this SA is forgotten there. */
static void initial_contact(struct isakmp_sa *sa, struct isakmp_step *s)
{
	for (struct isakmp_child *c = sa->children, *next; c; c = next) {
		next = c->next;
		if (c->maker != sa)
			isakmp_drop_child(sa, c, s);
	}
	for (struct isakmp_sa *o = sa->isakmp->first, *next; o; o = next) {
		next = o->next;
		if (o == sa || o->state < ISAKMP_STATE_ESTABLISHED ||
			o->connection != sa->connection || !ike_id_equal(&o->peer_id, &sa->peer_id))
			continue;
		tell_down(o, s);
		o->state = ISAKMP_STATE_DEAD;
		isakmp_finish(o);
	}
}

static void take_notification(struct isakmp_sa *sa, const struct element_value *e,
	struct isakmp_step *s)
{
	struct isakmp_notification n;

	if (isakmp_decode_notify(e, &n, NULL) < 0)
		return;
	switch (n.type) {
	case ISAKMP_N_R_U_THERE:
		answer_probe(sa, &n, s);
		return;
	case ISAKMP_N_R_U_THERE_ACK:
		take_answer(sa, &n, s);
		return;
	case ISAKMP_N_INITIAL_CONTACT:
		initial_contact(sa, s);
		return;
	case ISAKMP_N_ADDRESS_CHANGE:
	case ISAKMP_N_MIGRATION_COMPLETED:
	case ISAKMP_N_ADDRESS_EXPIRED:
	case ISAKMP_N_ADDRESS_CHANGE_COOKIE:
	case ISAKMP_N_ADDRESS_CHANGE_REFUSED:
		isakmp_change_info(sa, &n, s);
		return;
	}
	if (n.type && n.type < ISAKMP_N_STATUS)
		isakmp_quick_refused(sa, &n, s);
	actions_report(s->actions, sa, IKE_REPORT_NOTIFIED, ike_report_name(IKE_REPORT_NOTIFIED),
		e->value);
}

int isakmp_take_info(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;
	const struct element_value *e;

	for (unsigned n = 0; (e = packet_find_nth(s->packet, 0, ISAKMP_PAYLOAD_N, n)); n++)
		take_notification(sa, e, s);
	take_deletions(sa, s);
	return 0;
}

int isakmp_be_deleted(void *context, const void *input)
{
	struct isakmp_sa *sa = context;
	struct isakmp_step *s = (struct isakmp_step *)input;

	isakmp_take_info(context, input); /* what else it says, such as why */
	tell_down(sa, s);
	return 0;
}

bool isakmp_says_error(const void *context, const void *input)
{
	const struct isakmp_step *s = input;
	struct isakmp_notification n;

	(void)context;
	return isakmp_find_error(s->packet, &n) != 0;
}
