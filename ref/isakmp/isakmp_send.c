// SPDX-License-Identifier: Apache-2.0
/* What leaves: messages, their repetition, and reports. */
#include "ref/base/mutant.h"
#include "ref/isakmp/isakmp_inside.h"

struct action *isakmp_tell(struct isakmp_sa *sa, struct isakmp_step *s, enum ike_report report,
	const char *words)
{
	return actions_report(s->actions, sa, (int)report, ike_report_name(report),
		words ? view_text(words) : VIEW_EMPTY);
}

void isakmp_tell_child(struct isakmp_sa *sa, struct isakmp_step *s, enum ike_report report,
	const struct ike_child_info *info)
{
	actions_report(s->actions, sa, (int)report, ike_report_name(report),
		VIEW(info, sizeof(*info)));
}

/* --- repetition ----------------------------------------------------------------------------- */

void isakmp_send(struct isakmp_sa *sa, struct isakmp_flight *f, struct view datagram, bool repeat,
	struct isakmp_step *s)
{
	const struct ike_config *config = &sa->isakmp->config;

	ike_octets_set(&f->sent, datagram);
	f->tries = 1;
	f->interval = config->retransmit_first;
	f->due = repeat && !MUTANT(isakmp_never_repeats) ? btime_add(s->now, f->interval)
							 : BTIME_NEVER;
	if (f->sent.size)
		actions_send(s->actions, &sa->local, &sa->peer, ike_octets_view(&f->sent));
}

void isakmp_again(struct isakmp_sa *sa, struct isakmp_flight *f, struct isakmp_step *s)
{
	if (f->sent.size && !MUTANT(isakmp_forgets_answers))
		actions_send(s->actions, &sa->local, &sa->peer, ike_octets_view(&f->sent));
}

btime isakmp_longer(const struct isakmp_sa *sa, btime interval)
{
	btime longest = sa->isakmp->config.retransmit_max;

	return interval > longest / 2 ? longest : 2 * interval;
}

bool isakmp_repeat(struct isakmp_sa *sa, struct isakmp_flight *f, struct isakmp_step *s)
{
	const struct ike_config *config = &sa->isakmp->config;

	if (f->tries >= config->retransmit_tries) {
		f->due = BTIME_NEVER;
		return false;
	}
	f->tries++;
	f->interval = isakmp_longer(sa, f->interval);
	f->due = btime_add(s->now, f->interval);
	isakmp_again(sa, f, s);
	return true;
}

static void digest(struct view datagram, uint8_t out[32])
{
	digest_parts(DIGEST_SHA256, &datagram, 1, out);
}

void isakmp_heard(struct isakmp_flight *f, struct view datagram)
{
	digest(datagram, f->heard);
	f->has_heard = true;
}

bool isakmp_heard_before(const struct isakmp_flight *f, struct view datagram)
{
	uint8_t now[32];

	digest(datagram, now);
	return f->has_heard && view_equal(VIEW_OF(now), VIEW_OF(f->heard));
}

/* --- messages ------------------------------------------------------------------------------- */

static void fill_header(const struct isakmp_sa *sa, struct packet *p, uint32_t id)
{
	p->header[ISAKMP_CKY_I] = sa->cky_i;
	p->header[ISAKMP_CKY_R] = sa->cky_r;
	p->header[ISAKMP_MESSAGE_ID] = id;
}

void isakmp_send_main(struct isakmp_sa *sa, bool repeat, struct isakmp_step *s)
{
	uint8_t message[ISAKMP_MESSAGE_MAX];
	struct writer w = writer_of(message, sizeof(message));

	fill_header(sa, &s->draft->packet, 0);
	if (isakmp_is_sealed(&s->draft->packet))
		isakmp_seal(&sa->suite, &sa->keys, &s->draft->packet, sa->iv, &w);
	else
		wire_encode(&s->draft->packet, &w);
	isakmp_send(sa, &sa->flight, writer_view(&w), repeat, s);
}

void isakmp_hash_first(const struct isakmp_sa *sa, struct packet *p, uint32_t id, struct view hash)
{
	struct packet rest = *p;

	p->element_count = 0;
	packet_add(p, 0, ISAKMP_PAYLOAD_HASH, hash);
	for (unsigned i = 0; i < rest.element_count; i++)
		packet_add(p, 0, rest.elements[i].code, rest.elements[i].value);
	fill_header(sa, p, id);
}

/* §5.7: HASH(1) = prf(SKEYID_a, M-ID | N or D) goes in front. */
void isakmp_send_info(struct isakmp_sa *sa, struct isakmp_step *s)
{
	uint8_t message[ISAKMP_MESSAGE_MAX], octets[ISAKMP_MESSAGE_MAX], iv[ISAKMP_BLOCK_MAX];
	uint8_t hash[DIGEST_MAX], number[4];
	struct writer w = writer_of(message, sizeof(message)), n = writer_of(number, 4);
	struct writer rest = writer_of(octets, sizeof(octets));
	struct packet *p = &s->draft->packet;
	uint32_t id = isakmp_id_new(sa);

	wire_encode_elements(p, &rest);
	write_u32(&n, id);
	struct view parts[] = { VIEW_OF(number), writer_view(&rest) };
	size_t size = isakmp_hash(&sa->suite, &sa->keys, parts, 2, hash);
	isakmp_hash_first(sa, p, id, VIEW(hash, size));
	isakmp_exchange_iv(&sa->suite, sa->iv, id, iv);
	if (isakmp_seal(&sa->suite, &sa->keys, p, iv, &w) == 0)
		actions_send(s->actions, &sa->local, &sa->peer, writer_view(&w));
}

void isakmp_spi(const struct isakmp_sa *sa, uint8_t out[16])
{
	struct writer w = writer_of(out, 16);

	write_u64(&w, sa->cky_i);
	write_u64(&w, sa->cky_r);
}

void isakmp_send_notify(struct isakmp_sa *sa, uint16_t type, struct view data,
	struct isakmp_step *s)
{
	uint8_t spi[16];

	isakmp_spi(sa, spi);
	isakmp_draft_begin(s->draft, ISAKMP_INFORMATIONAL, true);
	isakmp_draft_notify(s->draft, ISAKMP_PROTO_ISAKMP, VIEW_OF(spi), type, data);
	isakmp_send_info(sa, s);
}

void isakmp_send_clear_notify(struct isakmp_step *s, uint64_t cky_i, uint64_t cky_r, uint16_t type)
{
	uint8_t message[ISAKMP_MESSAGE_MAX];
	struct writer w = writer_of(message, sizeof(message));

	isakmp_draft_begin(s->draft, ISAKMP_INFORMATIONAL, false);
	isakmp_draft_notify(s->draft, ISAKMP_PROTO_ISAKMP, VIEW_EMPTY, type, VIEW_EMPTY);
	s->draft->packet.header[ISAKMP_CKY_I] = cky_i;
	s->draft->packet.header[ISAKMP_CKY_R] = cky_r;
	wire_encode(&s->draft->packet, &w);
	actions_send(s->actions, &s->local, &s->from, writer_view(&w));
}
