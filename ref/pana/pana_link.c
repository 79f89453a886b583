// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "ref/base/mutant.h"
#include "ref/pana/pana_link.h"

void *pana_alloc(size_t size)
{
	void *p = calloc(1, size);
	if (!p) {
		fputs("baton: out of memory\n", stderr);
		abort();
	}
	return p;
}

void octets_clear(struct pana_octets *o)
{
	if (o->data)
		wipe(o->data, o->size);
	free(o->data);
	*o = (struct pana_octets){ 0 };
}

void octets_set(struct pana_octets *o, struct view v)
{
	octets_clear(o);
	if (v.size == 0)
		return;
	o->data = pana_alloc(v.size);
	o->size = (uint32_t)v.size;
	memcpy(o->data, v.data, v.size);
}

void link_init(struct pana_link *link, const struct pana_common *common)
{
	*link = (struct pana_link){ .common = common, .rtx_due = BTIME_NEVER };
}

void link_drop_waiting(struct pana_link *link)
{
	while (link->waiting) {
		struct pana_waiting *w = link->waiting;
		link->waiting = w->next;
		free(w);
	}
}

void link_restart(struct pana_link *link)
{
	link_drop_next(link);
	link_drop_waiting(link);
	octets_clear(&link->answer);
	octets_clear(&link->i_par);
	octets_clear(&link->i_pan);
	octets_clear(&link->pac_nonce);
	octets_clear(&link->paa_nonce);
	octets_clear(&link->plain);
	wipe(&link->sa, sizeof(link->sa));
	link->prf = link->integrity = link->encryption = 0;
	link->in_known = false;
}

void link_clear(struct pana_link *link)
{
	link_restart(link);
	link_answered(link);
}

struct element_value avp_view(enum pana_avp code, struct view value)
{
	return (struct element_value){
		.element = protocol_element(&pana_protocol, 0, code),
		.code = code,
		.value = value,
	};
}

struct element_value avp_u32(enum pana_avp code, uint32_t value, uint8_t storage[4])
{
	struct writer w = writer_of(storage, 4);
	write_u32(&w, value);
	return avp_view(code, VIEW(storage, 4));
}

/* The defects that only the octets show; compiled away in every ordinary build. */
static const struct protocol *format(struct protocol *crooked)
{
	if (!MUTANT(pana_padding_missing))
		return &pana_protocol;
	*crooked = pana_protocol;
	crooked->format.align = 1;
	return crooked;
}

static void bend_header(struct view message)
{
	uint8_t *header = (uint8_t *)message.data;

	if (MUTANT(pana_length_off_by_four) && message.size)
		header[3] = (uint8_t)(header[3] + 4);
	if (MUTANT(pana_reserved_not_zero) && message.size)
		header[1] = 1;
}

struct view link_build(const struct pana_link *link, const struct pana_sa *sa, unsigned type,
	unsigned flags, uint32_t sequence, const struct element_value *elements, unsigned count,
	struct actions *actions)
{
	struct packet packet = packet_of(&pana_protocol);
	struct protocol crooked;
	size_t room = sizeof(actions->octets) - actions->used;

	packet.protocol = format(&crooked);
	packet.header[PANA_TYPE] = type;
	packet.header[PANA_FLAGS] = flags;
	packet.header[PANA_SESSION] = link->id;
	packet.header[PANA_SEQUENCE] = sequence;
	for (unsigned i = 0; i < count; i++)
		packet.elements[packet.element_count++] = elements[i];
	if (MUTANT(pana_s_flag_missing))
		packet.header[PANA_FLAGS] &= ~(uint64_t)PANA_S;

	struct writer w = writer_of(actions->octets + actions->used,
		room < PANA_MESSAGE_MAX ? room : PANA_MESSAGE_MAX);
	struct view message = pana_seal(sa, &packet, &w);
	if (message.size == 0) {
		actions->overflowed = actions->overflowed || room < PANA_MESSAGE_MAX;
		return VIEW_EMPTY;
	}
	bend_header(message);
	actions_room(actions, message.size);
	return message;
}

/* RFC 5191 §9: a random factor between -0.1 and +0.1. */
static btime jitter(struct pana_link *link, btime t)
{
	btime permille = (btime)random_below(link->common->random, 201) - 100;
	return t / 1000 * permille;
}

void link_start_rtx(struct pana_link *link, struct view datagram, const struct pana_rtx *rtx,
	btime now)
{
	octets_set(&link->request, datagram);
	link->rtx = rtx;
	link->tries = 1;
	link->rtx_since = now;
	/* RT for the first transmission: IRT + RAND * IRT */
	link->rt = rtx->irt + jitter(link, rtx->irt);
	link->rtx_due = MUTANT(pana_no_retransmission) ? BTIME_NEVER : btime_add(now, link->rt);
}

/* RT for each further one: 2 * RTprev + RAND * RTprev, at most about MRT. */
static void next_rt(struct pana_link *link)
{
	btime rt = 2 * link->rt + jitter(link, link->rt);

	if (MUTANT(pana_no_backoff))
		rt = link->rt;
	if (link->rtx->mrt && rt > link->rtx->mrt)
		rt = link->rtx->mrt + jitter(link, link->rtx->mrt);
	link->rt = rt;
}

int link_timeout(struct pana_link *link, const void *session, btime now, struct actions *actions)
{
	const struct pana_rtx *rtx = link->rtx;
	char text[24];

	/* RFC 5191 §9: given up after MRC transmissions, or when MRD has gone by */
	if (rtx->mrc && link->tries >= rtx->mrc && !MUTANT(pana_retransmits_for_ever))
		return -1;
	if (rtx->mrd && now - link->rtx_since >= rtx->mrd)
		return -1;
	link->tries++;
	next_rt(link);
	link->rtx_due = btime_add(now, link->rt);
	/* §5.2: the same number, and so the same message, AUTH included */
	if (MUTANT(pana_new_sequence_on_retransmission) && link->request.size)
		link->request.data[15]++;
	actions_send(actions, &link->local, &link->peer, octets_view(&link->request));
	actions_report(actions, session, PANA_REPORT_RETRANSMITTED,
		pana_report_name(PANA_REPORT_RETRANSMITTED), link_request_text(link, text));
	return 0;
}

void link_hurry(struct pana_link *link, btime now)
{
	if (link_outstanding(link))
		link->rtx_due = now;
}

bool link_outstanding(const struct pana_link *link)
{
	return link->request.size != 0;
}

/* The outstanding request's header, of our own making. */
static struct packet outstanding(const struct pana_link *link)
{
	struct packet p = packet_of(&pana_protocol);
	struct reject ignored = { 0 };

	wire_parse(&pana_protocol, octets_view(&link->request), &p, &ignored);
	wire_identify(&p, &ignored);
	return p;
}

struct view link_request_text(const struct pana_link *link, char out[24])
{
	struct packet p = outstanding(link);
	return view_text(pana_text(&p, out, 24));
}

#define KIND (PANA_S | PANA_C | PANA_A | PANA_P)

bool link_outstanding_is(const struct pana_link *link, unsigned type, unsigned flags)
{
	if (!link_outstanding(link))
		return false;
	struct reader r = reader_of(octets_view(&link->request));
	read_u32(&r);
	unsigned have_flags = read_u16(&r), have_type = read_u16(&r);
	return have_type == type && (have_flags & KIND) == (flags & KIND);
}

static uint32_t sequence_of(struct view message)
{
	struct reader r = reader_of(message);
	read_view(&r, 12);
	return read_u32(&r);
}

void link_answered(struct pana_link *link)
{
	octets_clear(&link->request);
	link->rtx_due = BTIME_NEVER;
	link->notifying = false;
}

static bool is_notification(unsigned type, unsigned count)
{
	return type == PANA_NOTIFICATION && count > 0;
}

/* A copy with all its values, behind those that go first. */
static void wait_turn(struct pana_link *link, const struct pana_draft *d)
{
	size_t size = sizeof(struct pana_waiting) + d->count * sizeof(struct element_value);
	size_t values = 0;
	for (unsigned i = 0; i < d->count; i++)
		values += d->elements[i].value.size;

	struct pana_waiting *w = pana_alloc(size + values);
	uint8_t *at = (uint8_t *)w + size;
	w->type = d->type;
	w->flags = d->flags;
	w->count = d->count;
	w->with_next = d->with_next;
	for (unsigned i = 0; i < d->count; i++) {
		struct view v = d->elements[i].value;
		w->elements[i] = d->elements[i];
		w->elements[i].value = VIEW(at, v.size);
		if (v.size)
			memcpy(at, v.data, v.size);
		at += v.size;
	}
	struct pana_waiting **place = &link->waiting;
	bool last = is_notification(d->type, d->count);
	while (*place && (last || !is_notification((*place)->type, (*place)->count)))
		place = &(*place)->next;
	w->next = *place;
	*place = w;
}

int link_wait(struct pana_link *link, const struct pana_draft *draft)
{
	size_t size = 0;
	unsigned waiting = 0;

	for (unsigned i = 0; i < draft->count; i++)
		size += draft->elements[i].value.size + 16;
	for (const struct pana_waiting *w = link->waiting; w; w = w->next)
		waiting += is_notification(w->type, w->count);
	if (!link->sa.live || draft->count == 0 || draft->count > PANA_REQUEST_ELEMENTS_MAX ||
		size > PANA_MESSAGE_MAX / 2 || waiting == PANA_NOTIFICATIONS_MAX)
		return -1;
	wait_turn(link, draft);
	return 0;
}

static const struct pana_sa *sa_for(const struct pana_link *link, bool with_next)
{
	if (MUTANT(pana_sends_no_auth))
		return NULL;
	if (MUTANT(pana_last_exchange_with_old_key) && link->sa.live)
		return &link->sa;
	return with_next && link->next ? link->next : &link->sa;
}

/* RFC 5191 §5.2: the first number is drawn at random, each further one is one more. */
static uint32_t take_sequence(struct pana_link *link)
{
	if (!link->out_known) {
		link->out_known = true;
		link->next_out = random_u32(link->common->random);
	}
	if (MUTANT(pana_sequence_by_two))
		return link->next_out += 2;
	return link->next_out++;
}

static int send_request(struct pana_link *link, const struct pana_draft *d, btime now,
	struct actions *actions)
{
	struct view message = link_build(link, sa_for(link, d->with_next), d->type,
		d->flags | PANA_R | (link->preauth ? PANA_E : 0), take_sequence(link), d->elements,
		d->count, actions);

	if (message.size == 0)
		return -1;
	if (d->keep)
		octets_set(d->keep, message);
	actions_send(actions, &link->local, &link->peer, message);
	link_start_rtx(link, message, &link->common->request, now);
	link->notifying = is_notification(d->type, d->count);
	if (d->type == PANA_NOTIFICATION) {
		link->pinged = now;
		link->pinged_once = true;
	}
	return 0;
}

int link_request(struct pana_link *link, const struct pana_draft *draft, btime now,
	struct actions *actions)
{
	/* RFC 5191 §5.2: at most one request is outstanding */
	if (!link_outstanding(link))
		return send_request(link, draft, now, actions);
	wait_turn(link, draft);
	return 0;
}

bool link_pump(struct pana_link *link, bool access_phase, btime now, struct actions *actions)
{
	struct pana_waiting *w = link->waiting;

	if (!w || link_outstanding(link))
		return false;
	/* §4.2: no ping outside the access phase */
	if (is_notification(w->type, w->count) && !access_phase)
		return false;
	link->waiting = w->next;
	struct pana_draft draft = {
		.type = w->type,
		.flags = w->flags,
		.elements = w->elements,
		.count = w->count,
		.with_next = w->with_next,
	};
	send_request(link, &draft, now, actions);
	free(w);
	return true;
}

void link_answer(struct pana_link *link, const struct packet *request,
	const struct pana_draft *draft, struct actions *actions)
{
	uint32_t sequence = (uint32_t)request->header[PANA_SEQUENCE];
	struct view message = link_build(link, sa_for(link, draft->with_next), draft->type,
		draft->flags | (pana_flags(request) & PANA_E),
		sequence + (MUTANT(pana_wrong_answer_sequence) ? 1 : 0), draft->elements,
		draft->count, actions);

	if (message.size == 0)
		return;
	octets_set(&link->answer, message);
	if (draft->keep)
		octets_set(draft->keep, message);
	actions_send(actions, &link->local, &link->peer, message);
}

/* Enough to tell a repetition from another message: 64 bits of SHA-256. */
static uint64_t digest_of(struct view datagram)
{
	uint8_t full[DIGEST_MAX];
	digest_parts(DIGEST_SHA256, &datagram, 1, full);
	struct reader r = reader_of(VIEW_OF(full));
	return read_u64(&r);
}

bool link_repeat_answer(struct pana_link *link, const struct endpoint *from, struct view datagram,
	struct actions *actions)
{
	if (link->answer.size == 0 ||
		sequence_of(datagram) != sequence_of(octets_view(&link->answer)))
		return false;
	if (digest_of(datagram) != link->last_in)
		return false;
	/*
	 * RFC 5191 §5.2: MUST respond to all duplicate requests. The answer goes to where the
	 * duplicate came from, but a duplicate proves nothing: the peer's address stays.
	 */
	if (!MUTANT(pana_no_answer_cache))
		actions_send(actions, &link->local, from, octets_view(&link->answer));
	return true;
}

bool link_answer_again(struct pana_link *link, const struct packet *packet, struct view datagram,
	struct actions *actions)
{
	const struct pana_draft again = { .type = PANA_NOTIFICATION, .flags = PANA_P };
	struct reader r = reader_of(octets_view(&link->answer));
	struct reject ignored = { 0 };

	read_u32(&r);
	bool pinged = (read_u16(&r) & KIND) == PANA_P && read_u16(&r) == PANA_NOTIFICATION;
	bool pings = packet->header[PANA_TYPE] == PANA_NOTIFICATION &&
		(pana_flags(packet) & KIND) == PANA_P;
	if (!pinged || !pings || !link->in_known ||
		packet->header[PANA_SEQUENCE] != (uint32_t)(link->next_in - 1))
		return false;
	if (!link->sa.live || pana_verify(&link->sa, datagram, packet, &ignored) < 0)
		return false;
	link_answer(link, packet, &again, actions);
	link->last_in = digest_of(datagram);
	return true;
}

void link_took_request(struct pana_link *link, const struct packet *packet, struct view datagram)
{
	link->in_known = true;
	link->next_in = (uint32_t)packet->header[PANA_SEQUENCE] + 1;
	link->last_in = digest_of(datagram);
}

int link_check_sequence(const struct pana_link *link, const struct packet *packet,
	struct reject *reject)
{
	uint32_t sequence = (uint32_t)packet->header[PANA_SEQUENCE];
	bool good;

	if (MUTANT(pana_accepts_any_sequence))
		return 0;
	if (pana_is_request(packet)) /* RFC 5191 §5.2: only the expected number is valid */
		good = !link->in_known || sequence == link->next_in;
	else /* §5.2: an answer has the number of the outstanding request */
		good = link_outstanding(link) &&
			sequence == sequence_of(octets_view(&link->request)) &&
			link_outstanding_is(link, (unsigned)packet->header[PANA_TYPE],
				pana_flags(packet));
	if (good)
		return 0;
	return reject_set(reject, REJECT_SEQUENCE, "Sequence Number", "RFC 5191 §5.2", 12,
		sequence);
}

bool link_may_ping(const struct pana_link *link, btime now)
{
	return !link->pinged_once || now >= btime_add(link->pinged, link->common->ping_gap);
}

btime link_ping_due(const struct pana_link *link)
{
	btime last = link->heard;

	if (!link->common->ping_interval)
		return BTIME_NEVER;
	if (link->pinged_once && link->pinged > last)
		last = link->pinged;
	return btime_add(last, link->common->ping_interval);
}
