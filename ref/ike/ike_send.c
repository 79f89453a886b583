// SPDX-License-Identifier: Apache-2.0
/* Messages going out: sealed, cut (RFC 7383 §2.5), kept, repeated (RFC 7296 §2.1). */
#include "ref/base/mutant.h"
#include "ref/ike/ike_inside.h"

struct action *ike_tell(struct ike_sa *sa, struct ike_step *s, enum ike_report report,
	const char *words)
{
	return actions_report(s->actions, sa, (int)report, ike_report_name(report),
		words ? view_text(words) : VIEW_EMPTY);
}

void ike_send_flight(struct ike_sa *sa, const struct ike_flight *flight, struct ike_step *s)
{
	struct reader r = reader_of(ike_octets_view(&flight->octets));

	while (reader_left(&r))
		actions_send(s->actions, &sa->local, &sa->peer, read_view(&r, read_u16(&r)));
}

static struct ike_half *own_half(struct ike_sa *sa)
{
	return sa->initiator ? &sa->keys.initiator : &sa->keys.responder;
}

static void append(struct ike_sa *sa, const struct packet *header, uint32_t first,
	struct view octets, struct ike_fragment fragment, struct writer *w)
{
	size_t at = w->used;

	write_u16(w, 0);
	if (ike_seal(&sa->suite, own_half(sa), header, first, octets, &fragment, sa->iv++,
		    sa->ike->config.random, w) < 0)
		w->failed = true;
	write_uint_at(w, at, w->used - at - 2, 2);
}

/* The octets that a fragment can hold so that its datagram has at most `limit`. */
static size_t fragment_room(const struct ike_suite *suite, size_t limit)
{
	size_t room = limit - ike_sealed_size(suite, 0, true);
	while (ike_sealed_size(suite, room, true) > limit)
		room--;
	return room;
}

/* RFC 7383 §2.5: cut when both sides can and the message would be too large. */
static void seal_all(struct ike_sa *sa, const struct packet *header, struct ike_draft *draft,
	struct writer *w)
{
	uint8_t inside[IKE_MESSAGE_MAX];
	struct writer in = writer_of(inside, sizeof(inside));
	uint32_t first = draft->packet.element_count ? draft->packet.elements[0].code : 0;
	size_t limit = sa->connection->fragment_size;

	wire_encode_elements(&draft->packet, &in);
	struct view octets = writer_view(&in);
	bool whole = (!sa->peer_fragments && !MUTANT(ike_fragments_for_all)) ||
		!sa->connection->fragmentation ||
		ike_sealed_size(&sa->suite, octets.size, false) <= limit;
	if (whole) {
		append(sa, header, first, octets, (struct ike_fragment){ 0 }, w);
	} else {
		size_t room = fragment_room(&sa->suite, limit);
		uint16_t total = (uint16_t)((octets.size + room - 1) / room);
		for (uint16_t n = 1; n <= total; n++) {
			size_t from = (size_t)(n - 1) * room, left = octets.size - from;
			append(sa, header, first,
				VIEW(octets.data + from, left < room ? left : room),
				(struct ike_fragment){ n, total }, w);
		}
	}
	wipe(inside, sizeof(inside));
}

static void make_flight(struct ike_sa *sa, enum ike_exchange exchange, uint8_t flags, uint32_t id,
	struct ike_draft *draft, struct ike_flight *flight)
{
	uint8_t room[2 * IKE_MESSAGE_MAX];
	struct writer w = writer_of(room, sizeof(room));
	struct packet header = { .protocol = &ike_protocol };

	header.header[IKE_SPI_I] = sa->spi_i;
	header.header[IKE_SPI_R] = sa->spi_r;
	header.header[IKE_EXCHANGE_TYPE] = exchange;
	bool first = MUTANT(ike_wrong_flag) ? sa->leader : sa->initiator;
	header.header[IKE_FLAGS] = flags | (first ? IKE_FLAG_INITIATOR : 0);
	header.header[IKE_MESSAGE_ID] = id;
	seal_all(sa, &header, draft, &w);
	ike_octets_set(&flight->octets, writer_view(&w));
	flight->id = id;
}

static void begin_repeating(struct ike_sa *sa, enum ike_task task, btime now)
{
	sa->task = task;
	sa->tries = 1;
	sa->interval = sa->ike->config.retransmit_first;
	sa->retransmit_due = btime_add(now, sa->interval);
}

void ike_send_request(struct ike_sa *sa, enum ike_exchange exchange, enum ike_task task,
	struct ike_draft *draft, struct ike_step *s)
{
	ike_path_draft_first(sa, draft);
	make_flight(sa, exchange, 0, sa->send_id++, draft, &sa->request);
	begin_repeating(sa, task, s->now);
	ike_send_flight(sa, &sa->request, s);
}

void ike_send_response(struct ike_sa *sa, enum ike_exchange exchange, struct ike_draft *draft,
	struct ike_step *s)
{
	make_flight(sa, exchange, IKE_FLAG_RESPONSE, s->id, draft, &sa->response);
	ike_send_again(sa, s);
}

/* §2.11: from where and to where the request came */
void ike_send_again(struct ike_sa *sa, struct ike_step *s)
{
	struct reader r = reader_of(ike_octets_view(&sa->response.octets));

	while (reader_left(&r))
		ike_answer_to(s, MUTANT(ike_answers_elsewhere) ? &sa->peer : &s->from,
			read_view(&r, read_u16(&r)));
}

/* Notification data: the payload type (§2.5), or the group that is wanted (§1.3). */
static struct view error_data(const struct ike_step *s, uint16_t type, uint8_t out[2])
{
	struct writer w = writer_of(out, 2);

	if (type == IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD)
		write_u8(&w, s->error_data);
	else if (type == IKE_N_INVALID_KE_PAYLOAD)
		write_u16(&w, s->error_group);
	return writer_view(&w);
}

void ike_draft_error(struct ike_draft *d, uint16_t type, const struct ike_step *s)
{
	uint8_t data[2];
	ike_draft_notify(d, type, error_data(s, type, data));
}

void ike_send_error(struct ike_sa *sa, enum ike_exchange exchange, uint16_t type,
	struct ike_step *s)
{
	ike_draft_begin(s->draft);
	ike_draft_error(s->draft, type, s);
	ike_send_response(sa, exchange, s->draft, s);
}

struct view ike_clear(uint64_t spi_i, uint64_t spi_r, enum ike_exchange exchange, uint8_t flags,
	struct ike_draft *draft, uint8_t *out)
{
	struct writer w = writer_of(out, IKE_MESSAGE_MAX);
	struct packet *p = &draft->packet;

	p->header[IKE_SPI_I] = spi_i;
	p->header[IKE_SPI_R] = spi_r;
	p->header[IKE_VERSIONS] = IKE_VERSION;
	p->header[IKE_EXCHANGE_TYPE] = exchange;
	p->header[IKE_FLAGS] = flags;
	wire_encode(p, &w);
	return writer_view(&w);
}

void ike_keep_request(struct ike_sa *sa, struct view datagram, enum ike_task task,
	struct ike_step *s)
{
	uint8_t room[IKE_MESSAGE_MAX + 2];
	struct writer w = writer_of(room, sizeof(room));

	write_u16(&w, (uint16_t)datagram.size);
	write_view(&w, datagram);
	ike_octets_set(&sa->request.octets, writer_view(&w));
	sa->request.id = 0;
	begin_repeating(sa, task, s->now);
	ike_send_flight(sa, &sa->request, s);
}

void ike_answered(struct ike_sa *sa)
{
	ike_octets_clear(&sa->request.octets);
	sa->task = TASK_NONE;
	sa->retransmit_due = BTIME_NEVER;
}

void ike_repeat(struct ike_sa *sa, struct ike_step *s)
{
	btime most = sa->ike->config.retransmit_max;

	if (sa->tries >= sa->ike->config.retransmit_tries) {
		ike_step(sa, IKE_EV_RETRANSMIT_MAX, s);
		return;
	}
	sa->tries++;
	ike_change_repeat(sa);
	if (!MUTANT(ike_steady_repetitions))
		sa->interval = sa->interval > most / 2 ? most : 2 * sa->interval;
	sa->retransmit_due = btime_add(s->now, sa->interval);
	if (MUTANT(ike_never_repeats))
		return;
	ike_send_flight(sa, &sa->request, s);
}
