// SPDX-License-Identifier: Apache-2.0
/*
 * The engine's outside. What arrives is checked here in the order of RFC 7296: structure, whose it
 * is, message ID (§2.2, §2.3), integrity (§3.14), what is inside; nothing changes before that.
 * Then the state machine (ike_fsm.c) takes a step.
 *
 * struct ike owns its SAs, an SA its Child SAs and the two messages that may have to be sent again:
 * our request that is not answered yet, and our last answer. The window is 1 in both directions.
 */
#include <stdlib.h>

#include <arpa/inet.h>

#include "ref/base/mutant.h"
#include "ref/ike/ike_inside.h"

#define S(section) "RFC 7296 §" section

/* --- life --------------------------------------------------------------------------------- */

void ike_config_default(struct ike_config *config)
{
	*config = (struct ike_config){
		.port = IKE_PORT,
		.nat_port = IKE_NAT_PORT,
		.cookie_threshold = 32,
		.half_open_max = 4096,
		.half_open_per_address = 64,
		.half_open_lifetime = 30 * BTIME_S,
		.retransmit_first = 500 * BTIME_MS,
		.retransmit_max = 16 * BTIME_S,
		.retransmit_tries = 8,
	};
}

static struct ike_proposal proposal(uint8_t number, uint8_t protocol, const uint16_t (*list)[3])
{
	struct ike_proposal p = { .number = number, .protocol = protocol };

	for (; (*list)[0]; list++)
		p.transforms[p.count++] = (struct ike_transform){
			.type = (uint8_t)(*list)[0], .id = (*list)[1], .key_bits = (*list)[2] };
	return p;
}

void ike_connection_default(struct ike_connection *c)
{
#define GROUPS                                                                                     \
	{ IKE_TRANSFORM_DH, IKE_DH_CURVE25519, 0 }, { IKE_TRANSFORM_DH, IKE_DH_ECP_256, 0 },       \
		{ IKE_TRANSFORM_DH, IKE_DH_ECP_384, 0 }, { IKE_TRANSFORM_DH, IKE_DH_MODP_2048, 0 },\
		{ IKE_TRANSFORM_DH, IKE_DH_MODP_3072, 0 }, { IKE_TRANSFORM_DH, IKE_DH_MODP_4096, 0 }
#define PRFS                                                                                       \
	{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, 0 },                                           \
		{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_384, 0 },                                   \
		{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_512, 0 }
#define BOTH(encr) { IKE_TRANSFORM_ENCR, encr, 256 }, { IKE_TRANSFORM_ENCR, encr, 128 }
#define GCM BOTH(IKE_ENCR_AES_GCM_16)
#define CBC BOTH(IKE_ENCR_AES_CBC)
#define INTEGS                                                                                     \
	{ IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0 },                                   \
		{ IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_384_192, 0 },                           \
		{ IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_512_256, 0 }
	static const uint16_t ike_gcm[][3] = { GCM, PRFS, GROUPS, { 0, 0, 0 } };
	static const uint16_t ike_cbc[][3] = { CBC, INTEGS, PRFS, GROUPS, { 0, 0, 0 } };
	static const uint16_t esp_gcm[][3] = { GCM, { IKE_TRANSFORM_ESN, IKE_ESN_NO, 0 },
		{ 0, 0, 0 } };
	static const uint16_t esp_cbc[][3] = { CBC, INTEGS, { IKE_TRANSFORM_ESN, IKE_ESN_NO, 0 },
		{ 0, 0, 0 } };

	*c = (struct ike_connection){
		.mobike = true,
		.fragmentation = true,
		.fragment_size = 1280,
		.rekey_ike = 4 * 3600 * BTIME_S,
		.rekey_child = 3600 * BTIME_S,
		.liveness = 30 * BTIME_S,
	};
	c->ike.count = c->esp.count = 2;
	c->ike.list[0] = proposal(1, IKE_PROTOCOL_IKE, ike_gcm);
	c->ike.list[1] = proposal(2, IKE_PROTOCOL_IKE, ike_cbc);
	c->esp.list[0] = proposal(1, IKE_PROTOCOL_ESP, esp_gcm);
	c->esp.list[1] = proposal(2, IKE_PROTOCOL_ESP, esp_cbc);
}

struct ike *ike_new(const struct ike_config *config)
{
	struct ike *ike = ike_alloc(sizeof(*ike));

	ike->config = *config;
	ike->hits = ike_alloc(ike_machine.count * sizeof(*ike->hits));
	random_fill(config->random, ike->cookie_secret, sizeof(ike->cookie_secret));
	ike_store_init(ike);
	return ike;
}

void ike_free(struct ike *ike)
{
	if (!ike)
		return;
	ike_reap(ike);
	for (struct ike_sa *sa = ike->first, *next; sa; sa = next) {
		next = sa->next;
		ike_sa_destroy(sa);
	}
	free(ike->by_spi);
	free(ike->by_initiator);
	free(ike->by_host);
	free(ike->heap);
	free(ike->hits);
	wipe(ike, sizeof(*ike));
	free(ike);
}

btime ike_jitter(struct ike_sa *sa, btime now, btime period)
{
	if (!period)
		return BTIME_NEVER;
	btime tenth = period / 10;
	return btime_add(now, period - tenth * random_below(sa->ike->config.random, 1000) / 1000);
}

void ike_begin_life(struct ike_sa *sa, btime now)
{
	sa->lifetime_due = BTIME_NEVER;
	sa->heard = now;
	sa->rekey_due = ike_jitter(sa, now, sa->connection->rekey_ike);
}

void ike_finish(struct ike_sa *sa, struct ike_step *s)
{
	bool giving_up = sa->wanted & 1u << TASK_DELETE && sa->state < IKE_STATE_HALF_OPEN;

	if (sa->buried)
		return;
	if (sa->task == TASK_NONE || giving_up) {
		s->packet = NULL;
		ike_step(sa, IKE_EV_TURN, s);
	}
	if (sa->state == IKE_STATE_DEAD)
		ike_bury(sa);
	else
		ike_touch(sa);
}

/* --- what arrives ------------------------------------------------------------------------- */

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

/* --- what the owner wants ----------------------------------------------------------------- */

static struct endpoint with_port(struct endpoint e, uint16_t port)
{
	if (e.port == 0)
		e.port = htons(port);
	return e;
}

struct ike_sa *ike_initiate(struct ike *ike, const struct ike_connection *connection, btime now,
	struct actions *actions)
{
	return ike_initiate_at(ike, connection, &connection->local, &connection->remote, now, actions);
}

struct ike_sa *ike_initiate_at(struct ike *ike, const struct ike_connection *connection,
	const struct endpoint *local, const struct endpoint *peer, btime now,
	struct actions *actions)
{
	struct ike_draft draft;
	struct ike_step s = { .now = now, .actions = actions, .draft = &draft };

	ike_reap(ike);
	struct ike_sa *sa = ike_sa_new(ike, connection, true);
	sa->local = with_port(*local, ike->config.port);
	sa->peer = with_port(*peer, ike->config.port);
	ike_step(sa, IKE_EV_START, &s);
	ike_finish(sa, &s);
	return sa;
}

static int mark_child(struct ike_sa *sa, uint32_t spi, bool rekey)
{
	struct ike_child *c = ike_child_by_in(sa, spi);

	if (!c || c->deleting || sa->state != IKE_STATE_ESTABLISHED)
		return -1;
	*(rekey ? &c->want_rekey : &c->want_delete) = true;
	return 0;
}

/* RFC 4555 §3.5: an unanswered request goes on from the new address, too. */
static int move(struct ike_sa *sa, const struct ike_event *event, struct ike_step *s)
{
	if (!sa->mobike || !sa->leader || sa->state != IKE_STATE_ESTABLISHED)
		return -1;
	sa->local = with_port(event->local, sa->ike->config.nat_port);
	if (event->peer.family)
		sa->peer = with_port(event->peer, sa->ike->config.nat_port);
	sa->wanted |= 1u << TASK_ADDRESS;
	if (sa->task != TASK_NONE) {
		sa->tries = 1;
		sa->interval = sa->ike->config.retransmit_first;
		sa->retransmit_due = btime_add(s->now, sa->interval);
		ike_send_flight(sa, &sa->request, s);
	}
	return 0;
}

static int want(struct ike_sa *sa, enum ike_task task)
{
	if (sa->state != IKE_STATE_ESTABLISHED)
		return -1;
	sa->wanted |= 1u << task;
	return 0;
}

/* §2.11: a request may come from elsewhere, and is answered to there. One that is under way already
 * goes on from there. */
static int delete_from(struct ike_sa *sa, const struct ike_event *event, struct ike_step *s)
{
	bool moves = event->local.family != 0;

	if (ike_unproven(sa) ||
		sa->state > (moves ? IKE_STATE_DELETING : IKE_STATE_ESTABLISHED))
		return -1;
	if (moves)
		memcpy(sa->local.address, event->local.address, sizeof(sa->local.address));
	if (sa->state == IKE_STATE_DELETING)
		ike_send_flight(sa, &sa->request, s);
	else
		sa->wanted |= 1u << TASK_DELETE;
	return 0;
}

/* The answer to the request that waits, as if it came now. */
static int answer_held(struct ike_sa *sa, enum ike_state waits, enum ike_number event,
	struct ike_step *s)
{
	if (sa->state != (int)waits)
		return -1;
	s->local = sa->local;
	s->from = sa->peer;
	s->id = sa->receive_id - 1;
	return ike_step(sa, event, s);
}

static int apply(struct ike_sa *sa, const struct ike_event *event, struct ike_step *s)
{
	switch (event->kind) {
	case IKE_EVENT_REKEY:
		return want(sa, TASK_REKEY);
	case IKE_EVENT_REKEY_CHILD:
		return mark_child(sa, event->spi, true);
	case IKE_EVENT_DELETE_CHILD:
		return mark_child(sa, event->spi, false);
	case IKE_EVENT_CREATE_CHILD:
		return want(sa, TASK_CREATE_CHILD);
	case IKE_EVENT_PROBE:
		return want(sa, TASK_PROBE);
	case IKE_EVENT_MOVED:
		return move(sa, event, s);
	case IKE_EVENT_CHANGE:
		return ike_change_begin(sa, event, s);
	case IKE_EVENT_EXPIRED:
		if (sa->state != IKE_STATE_ESTABLISHED)
			return -1;
		sa->hold_due = s->now;
		return 0;
	case IKE_EVENT_DELETE:
		return delete_from(sa, event, s);
	case IKE_EVENT_EAP:
		return answer_held(sa, IKE_STATE_EAP_WAITING, IKE_EV_EAP, s);
	case IKE_EVENT_ADDRESS:
		s->internal = event->internal;
		return answer_held(sa, IKE_STATE_ASKING, IKE_EV_ADDRESS, s);
	case IKE_EVENT_FORGET:
		ike_bury(sa);
		return 0;
	}
	return -1;
}

int ike_event(struct ike *ike, struct ike_sa *sa, const struct ike_event *event, btime now,
	struct actions *actions)
{
	struct ike_draft draft;
	struct ike_step s = { .now = now, .actions = actions, .draft = &draft };

	ike_reap(ike);
	if (apply(sa, event, &s) < 0)
		return -1;
	ike_finish(sa, &s);
	return 0;
}

/* --- time --------------------------------------------------------------------------------- */

static void established_due(struct ike_sa *sa, btime now)
{
	btime patience = sa->connection->liveness;

	if (sa->rekey_due <= now) {
		sa->rekey_due = BTIME_NEVER;
		sa->wanted |= 1u << TASK_REKEY;
	}
	for (struct ike_child *c = sa->children; c; c = c->next)
		if (c->rekey_due <= now) {
			c->rekey_due = BTIME_NEVER;
			c->want_rekey = true;
		}
	if (patience && btime_add(sa->heard, patience) <= now && sa->task == TASK_NONE)
		sa->wanted |= 1u << TASK_PROBE;
}

static void tick_sa(struct ike_sa *sa, struct ike_step *s)
{
	if (sa->lifetime_due <= s->now) {
		sa->lifetime_due = BTIME_NEVER;
		ike_step(sa, IKE_EV_LIFETIME, s);
	} else if (sa->retransmit_due <= s->now) {
		ike_repeat(sa, s);
	}
	if (sa->state == IKE_STATE_ESTABLISHED && sa->hold_due <= s->now) {
		sa->hold_due = BTIME_NEVER;
		ike_step(sa, IKE_EV_HOLD, s);
	}
	if (sa->state == IKE_STATE_ESTABLISHED && sa->verify_due <= s->now) {
		sa->verify_due = BTIME_NEVER;
		ike_step(sa, IKE_EV_UNVERIFIED, s);
	}
	if (sa->state == IKE_STATE_ESTABLISHED)
		established_due(sa, s->now);
	ike_finish(sa, s);
}

int ike_tick(struct ike *ike, btime now, struct actions *actions)
{
	struct ike_draft draft;

	ike_reap(ike);
	while (ike_due(ike) <= now && actions->count < ACTIONS_MAX / 2 &&
		actions->used < ACTIONS_OCTETS / 3) {
		struct ike_step s = { .now = now, .actions = actions, .draft = &draft };
		tick_sa(ike->heap[0], &s);
	}
	return 0;
}

btime ike_due(const struct ike *ike)
{
	return ike->heap_size ? ike->heap[0]->heap_due : BTIME_NEVER;
}
