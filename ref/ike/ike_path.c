// SPDX-License-Identifier: Apache-2.0
/*
 * The engine's part in the reply path (docs/reply-path.md): the initiator says in each request where
 * the answer is to go, the responder reads it there and nowhere else.
 *
 * Not allowed by the configuration: the notification is one that nobody knows, and the answer goes
 * where it always does.
 */
#include "ref/ike/ike_inside.h"

#define RP "RP §"

/* §5.3: for who has not shown yet that it receives what goes there. */
#define PATHS_AT_ONCE 64
#define PATH_REFILL (BTIME_S / 16)

bool ike_path_too_often(struct ike *ike, btime now)
{
	btime empty_at = ike->path_budget > now ? ike->path_budget : now;

	if (empty_at - now > (PATHS_AT_ONCE - 1) * PATH_REFILL)
		return true;
	ike->path_budget = empty_at + PATH_REFILL;
	return false;
}

/* The way that the payloads name; family 0: none. -1: they name what is none. */
static int read_path(const struct ike *ike, const struct packet *payloads, struct endpoint *way,
	struct reject *reject)
{
	struct ike_notification n;
	struct packet data;

	*way = (struct endpoint){ 0 };
	if (!ike->config.reply_paths || !ike_find_notify(payloads, IKE_N_REPLY_PATH, &n))
		return 0;
	if (ike_path_decode(n.data, &data, reject) < 0)
		return -1;
	*way = ike_path_of(&data);
	if (!(ike->config.reply_paths & ike_path_kind(way)))
		*way = (struct endpoint){ 0 };
	return 0;
}

int ike_path_read(struct ike *ike, struct ike_step *s, const struct packet *payloads,
	struct reject *reject)
{
	struct endpoint way;

	if (read_path(ike, payloads, &way, reject) < 0)
		return -1;
	if (way.family && !ike_path_possible(&way, &s->local, &s->from, reject))
		return -1;
	s->via = way;
	return 0;
}

/* §5.2: who has not proven who it is gets no answer elsewhere than where its cookie was sent, which
 * its first message says, kept anyway for AUTH. */
static int hold_to_first(const struct ike_sa *sa, const struct ike_step *s, struct reject *reject)
{
	struct endpoint first = { 0 };
	struct packet init;

	if (!ike_unproven(sa) || !s->via.family)
		return 0;
	if (ike_decode(ike_octets_view(&sa->init_request), &init, NULL) == 0)
		read_path(sa->ike, &init, &first, NULL);
	if (endpoint_equal(&first, &s->via))
		return 0;
	return reject_set(reject, REJECT_STATE, "REPLY_PATH", RP "5.2", 0, s->via.family);
}

int ike_path_take(struct ike_sa *sa, struct ike_step *s, const struct packet *inside,
	struct reject *reject)
{
	if (ike_path_read(sa->ike, s, inside, reject) == 0 && hold_to_first(sa, s, reject) == 0)
		return 0;
	s->via = (struct endpoint){ 0 };
	return -1;
}

void ike_path_draft(const struct ike_sa *sa, struct ike_draft *d)
{
	const struct endpoint *way = &sa->connection->reply_path;
	uint8_t data[IKE_PATH_DATA_MAX];
	struct writer w = writer_of(data, sizeof(data));

	if (!way->family || !sa->leader)
		return;
	ike_path_encode(way, &w);
	ike_draft_notify(d, IKE_N_REPLY_PATH, writer_view(&w));
}

/* §3: the first payload, so that the first fragment has it whole. */
void ike_path_draft_first(const struct ike_sa *sa, struct ike_draft *d)
{
	struct packet *p = &d->packet;
	unsigned before = p->element_count;

	ike_path_draft(sa, d);
	if (p->element_count == before)
		return;
	struct element_value last = p->elements[before];
	memmove(&p->elements[1], &p->elements[0], before * sizeof(p->elements[0]));
	p->elements[0] = last;
}

void ike_answer_to(struct ike_step *s, const struct endpoint *peer, struct view datagram)
{
	unsigned before = s->actions->count;

	actions_send(s->actions, &s->local, peer, datagram);
	if (s->actions->count > before)
		s->actions->list[before].via = s->via;
}
