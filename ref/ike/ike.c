// SPDX-License-Identifier: Apache-2.0
/*
 * What arrives at the engine is checked here in the order of RFC 7296: structure, whose it is,
 * message ID (§2.2, §2.3), integrity (§3.14), what is inside; nothing changes before that. Then the
 * state machine (ike_fsm.c) takes a step. What its owner wants, and time: ike_life.c.
 *
 * struct ike owns its SAs, an SA its Child SAs and the two messages that may have to be sent again:
 * our request that is not answered yet, and our last answer. The window is 1 in both directions.
 */
#include <stdlib.h>

#include "ref/base/mutant.h"
#include "ref/ike/ike_inside.h"

#define S(section) "RFC 7296 §" section

static int rejected(struct ike *ike, struct ike_sa *sa, struct ike_step *s,
	const struct reject *reject)
{
	ike->rejected[reject->reason]++;
	struct action *a = actions_reject(s->actions, sa, IKE_REPORT_REJECTED,
		ike_report_name(IKE_REPORT_REJECTED), reject);
	if (a)
		a->peer = s->from;
	return -1;
}

/* §2.5: a higher major version, told by the octet alone. */
static int check_version(struct view datagram, struct reject *reject)
{
	struct reader r = reader_of(datagram);

	read_view(&r, 17);
	unsigned version = read_u8(&r);
	if (!r.failed && version >> 4 != 2)
		return reject_set(reject, REJECT_VERSION, "Version", S("2.5"), 17, version);
	return 0;
}

/* §2.5: a request of a higher major version is told which one we speak; an older one is not. */
static void answer_version(struct ike_step *s)
{
	struct reader r = reader_of(s->datagram);
	uint64_t spi_i = read_u64(&r), spi_r = read_u64(&r);
	uint8_t message[IKE_MESSAGE_MAX];

	read_u8(&r);
	unsigned major = read_u8(&r) >> 4, exchange = read_u8(&r), flags = read_u8(&r);
	uint32_t id = read_u32(&r);
	if (r.failed || major < 2 || flags & IKE_FLAG_RESPONSE ||
		MUTANT(ike_silent_about_version))
		return;
	uint8_t other = flags & IKE_FLAG_INITIATOR ? 0 : IKE_FLAG_INITIATOR;
	ike_draft_begin(s->draft);
	ike_draft_notify(s->draft, IKE_N_INVALID_MAJOR_VERSION, VIEW_EMPTY);
	s->draft->packet.header[IKE_MESSAGE_ID] = id;
	actions_send(s->actions, &s->local, &s->from,
		ike_clear(spi_i, spi_r, (enum ike_exchange)exchange, IKE_FLAG_RESPONSE | other,
			s->draft, message));
}

/* §2.2, §2.3: requests in order, answers to what was asked. *again: seen before. */
static int check_message_id(struct ike_sa *sa, const struct packet *p, bool *again,
	struct reject *reject)
{
	uint32_t id = (uint32_t)p->header[IKE_MESSAGE_ID];

	*again = false;
	if (ike_is_response(p)) {
		if (sa->task != TASK_NONE && sa->task != TASK_INIT &&
			(id == sa->request.id || MUTANT(ike_any_answer)))
			return 0;
		return reject_set(reject, REJECT_SEQUENCE, "Message ID", S("2.2"), 20, id);
	}
	*again = sa->response.octets.size && id + 1 == sa->receive_id;
	if (*again || id == sa->receive_id || MUTANT(ike_any_message_id))
		return 0;
	return reject_set(reject, REJECT_SEQUENCE, "Message ID", S("2.3"), 20, id);
}

static struct ike_sa *sa_of(struct ike *ike, const struct packet *p, struct reject *reject)
{
	bool from_initiator = p->header[IKE_FLAGS] & IKE_FLAG_INITIATOR;
	uint64_t own = p->header[from_initiator ? IKE_SPI_R : IKE_SPI_I];
	uint64_t other = p->header[from_initiator ? IKE_SPI_I : IKE_SPI_R];
	struct ike_sa *sa = ike_find(ike, own);

	if (sa && sa->initiator != from_initiator && sa->keyed &&
		other == (sa->initiator ? sa->spi_r : sa->spi_i))
		return sa;
	reject_set(reject, REJECT_SESSION, "IKE SA SPIs", S("2.6"), from_initiator ? 8 : 0, own);
	return NULL;
}

/* --- fragments, RFC 7383 §2.6 ------------------------------------------------------------- */

static void drop_assembly(struct ike_sa *sa)
{
	for (unsigned i = 0; i < IKE_FRAGMENTS_MAX; i++)
		ike_octets_clear(&sa->assembly.parts[i]);
	sa->assembly.total = sa->assembly.have = 0;
}

/* One opened fragment. 1: more to come; 0: *whole and *first are there; -1. */
static int assemble(struct ike_sa *sa, const struct packet *p, struct view part, uint8_t *out,
	struct view *whole, uint32_t *first, struct reject *reject)
{
	struct ike_assembly *a = &sa->assembly;
	const struct element_value *skf = packet_find(p, 0, IKE_PAYLOAD_SKF);
	struct reader r = reader_of(skf->value);
	uint16_t number = read_u16(&r), total = read_u16(&r);
	/* requests and answers have message IDs of their own */
	uint32_t id = (uint32_t)(p->header[IKE_MESSAGE_ID] << 1 | ike_is_response(p));

	if (total > IKE_FRAGMENTS_MAX)
		return reject_set(reject, REJECT_TOO_MANY, "Total Fragments", "RFC 7383 §2.6",
			skf->offset + 6, total);
	if (a->total && a->id == id && total < a->total && !MUTANT(ike_fewer_fragments))
		return reject_set(reject, REJECT_STALE, "Total Fragments", "RFC 7383 §2.6",
			skf->offset + 6, total);
	if (a->id != id || a->total != total)
		drop_assembly(sa);
	a->id = id;
	a->total = total;
	if (number == 1)
		a->first = skf->next;
	if (!a->parts[number - 1].data) {
		ike_octets_set(&a->parts[number - 1], part);
		a->have++;
	}
	if (a->have < total)
		return 1;
	struct writer w = writer_of(out, IKE_MESSAGE_MAX);
	for (unsigned i = 0; i < total; i++)
		write_view(&w, ike_octets_view(&a->parts[i]));
	*first = a->first;
	drop_assembly(sa);
	*whole = writer_view(&w);
	if (w.failed)
		return reject_set(reject, REJECT_LENGTH, "SKF", "RFC 7383 §2.6", skf->offset, 0);
	return 0;
}

/* --- protected messages ------------------------------------------------------------------- */

static int event_of(const struct packet *p)
{
	bool response = ike_is_response(p);

	switch ((enum ike_exchange)p->header[IKE_EXCHANGE_TYPE]) {
	case IKE_SA_INIT:
		break;
	case IKE_AUTH:
		return response ? IKE_EV_RX_AUTH_RESPONSE : IKE_EV_RX_AUTH_REQUEST;
	case IKE_CREATE_CHILD_SA:
		return response ? IKE_EV_RX_CREATE_RESPONSE : IKE_EV_RX_CREATE_REQUEST;
	case IKE_INFORMATIONAL:
		return response ? IKE_EV_RX_INFO_RESPONSE : IKE_EV_RX_INFO_REQUEST;
	}
	return -1;
}

/* The exchange that our outstanding request is of. */
static enum ike_exchange exchange_of(enum ike_task task)
{
	if (task == TASK_AUTH)
		return IKE_AUTH;
	if (task == TASK_REKEY || task == TASK_REKEY_CHILD || task == TASK_CREATE_CHILD)
		return IKE_CREATE_CHILD_SA;
	return IKE_INFORMATIONAL;
}

static int check_exchange(const struct ike_sa *sa, const struct packet *p, struct reject *reject)
{
	if (ike_is_response(p) && p->header[IKE_EXCHANGE_TYPE] != exchange_of(sa->task))
		return reject_set(reject, REJECT_STATE, "Exchange Type", S("2.2"), 18,
			p->header[IKE_EXCHANGE_TYPE]);
	if (!ike_is_response(p) && ike_unproven(sa) &&
		p->header[IKE_EXCHANGE_TYPE] != IKE_AUTH)
		return reject_set(reject, REJECT_STATE, "Exchange Type", S("1.2"), 18,
			p->header[IKE_EXCHANGE_TYPE]);
	return 0;
}

/* §2.21: what cannot be read inside is answered once it is proven to be the peer's. */
static int check_inside(struct ike_step *s, const struct packet *outer, uint32_t first,
	struct view octets, struct packet *inside, struct reject *reject)
{
	if (ike_decode_inside(outer, first, octets, inside, reject) < 0) {
		s->error = IKE_N_INVALID_SYNTAX;
		return -1;
	}
	const struct element_value *critical = ike_critical(inside);
	if (!critical)
		return 0;
	s->error = IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD;
	s->error_data = (uint8_t)critical->code;
	return reject_set(reject, REJECT_UNKNOWN_ELEMENT, "payload", S("2.5"), critical->offset,
		critical->code);
}

/* §2.23: behind a NAT and without MOBIKE the peer is where its packets come from. */
static void follow(struct ike_sa *sa, struct ike_step *s)
{
	sa->heard = s->now;
	if (!sa->nat_there || sa->mobike || sa->state != IKE_STATE_ESTABLISHED ||
		endpoint_equal(&sa->peer, &s->from))
		return;
	sa->peer = s->from;
	ike_tell(sa, s, IKE_REPORT_MOVED, NULL);
}

/* A message that is whole, new and the peer's. */
static int take(struct ike_sa *sa, struct ike_step *s, const struct packet *outer, uint32_t first,
	struct view octets, struct reject *reject)
{
	struct packet inside;
	bool response = ike_is_response(outer);
	int event = event_of(outer);

	bool good = check_inside(s, outer, first, octets, &inside, reject) == 0;
	s->packet = &inside;
	s->id = (uint32_t)outer->header[IKE_MESSAGE_ID];
	if (!good && response)
		return -1;
	if (!good)
		event = IKE_EV_RX_BAD_REQUEST;
	if (!response && ike_path_take(sa, s, &inside, reject) < 0)
		return -1;
	if (!fsm_accepts(&ike_machine, sa->state, event))
		return reject_set(reject, REJECT_STATE, "Exchange Type", S("2.2"), 18,
			outer->header[IKE_EXCHANGE_TYPE]);
	if (!response)
		sa->receive_id++;
	follow(sa, s);
	if (good && sa->eap)
		ike_eap_input(sa, &inside);
	ike_step(sa, (enum ike_number)event, s);
	ike_finish(sa, s);
	return good ? 0 : -1;
}

static int protected_input(struct ike *ike, struct ike_sa **found, struct ike_step *s,
	const struct packet *outer, struct reject *reject)
{
	uint8_t opened[IKE_MESSAGE_MAX], assembled[IKE_MESSAGE_MAX];
	struct ike_sa *sa = *found = sa_of(ike, outer, reject);
	struct view octets;
	bool again;

	if (!sa || check_message_id(sa, outer, &again, reject) < 0)
		return -1;
	if (ike_open(&sa->suite, sa->initiator ? &sa->keys.responder : &sa->keys.initiator,
		    s->datagram, outer, opened, &octets, reject) < 0)
		return -1;
	const struct element_value *sk = &outer->elements[outer->element_count - 1];
	uint32_t first = sk->next;
	bool fragment = sk->code == IKE_PAYLOAD_SKF;
	if (again && ike_looking(sa)) /* the answer is in the making */
		return 0;
	if (again) {
		struct reader r = reader_of(sk->value);
		struct packet inside = packet_of(&ike_inside_protocol);
		/* of the first fragment that is a part, but REPLY_PATH is in front */
		wire_parse_elements(&ike_inside_protocol, first, octets, &inside, NULL);
		if (ike_path_take(sa, s, &inside, reject) < 0)
			return -1;
		/* RFC 7383 §2.6.1: the first fragment alone asks for the answer again */
		if ((!fragment || read_u16(&r) == 1 || MUTANT(ike_every_fragment_again)) &&
			!MUTANT(ike_forgets_answers))
			ike_send_again(sa, s);
		return 0;
	}
	if (check_exchange(sa, outer, reject) < 0)
		return -1;
	if (fragment) {
		int more = assemble(sa, outer, octets, assembled, &octets, &first, reject);
		if (more)
			return more > 0 ? 0 : -1;
	}
	int result = take(sa, s, outer, first, octets, reject);
	wipe(opened, sizeof(opened));
	wipe(assembled, sizeof(assembled));
	return result;
}

static int init_response(struct ike *ike, struct ike_sa **found, struct ike_step *s,
	struct reject *reject)
{
	struct ike_sa *sa = *found = ike_find(ike, s->packet->header[IKE_SPI_I]);

	if (!sa || !sa->initiator)
		return reject_set(reject, REJECT_SESSION, "IKE SA Initiator's SPI", S("2.6"), 0,
			s->packet->header[IKE_SPI_I]);
	if (ike_check_init_response(sa, s, reject) < 0)
		return -1;
	ike_step(sa, IKE_EV_RX_INIT_RESPONSE, s);
	ike_finish(sa, s);
	return 0;
}

static int route(struct ike *ike, struct ike_sa **sa, struct ike_step *s, struct reject *reject)
{
	struct packet outer;

	if (check_version(s->datagram, reject) < 0) {
		answer_version(s);
		return -1;
	}
	if (ike_decode(s->datagram, &outer, reject) < 0)
		return -1;
	s->packet = &outer;
	if (outer.header[IKE_EXCHANGE_TYPE] != IKE_SA_INIT)
		return protected_input(ike, sa, s, &outer, reject);
	const struct element_value *critical = ike_critical(&outer);
	if (critical) {
		if (!ike_is_response(&outer) && !MUTANT(ike_silent_about_critical))
			ike_answer_critical(s, (uint8_t)critical->code);
		return reject_set(reject, REJECT_UNKNOWN_ELEMENT, "payload", S("2.5"),
			critical->offset, critical->code);
	}
	if (ike_is_response(&outer))
		return init_response(ike, sa, s, reject);
	return ike_init_input(ike, s, reject);
}

int ike_input(struct ike *ike, const struct endpoint *local, const struct endpoint *from,
	struct view datagram, btime now, struct actions *actions)
{
	struct ike_draft draft;
	struct ike_step s = { .now = now, .actions = actions, .local = *local, .from = *from,
		.datagram = datagram, .draft = &draft };
	struct reject reject = { 0 };
	struct ike_sa *sa = NULL;

	ike_reap(ike);
	if (route(ike, &sa, &s, &reject) == 0)
		return 0;
	return rejected(ike, sa, &s, &reject);
}
