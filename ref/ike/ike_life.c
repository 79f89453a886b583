// SPDX-License-Identifier: Apache-2.0
/* The engine's life: its configuration, what its owner wants of an SA, and what time brings. */
#include <stdlib.h>

#include <arpa/inet.h>

#include "ref/ike/ike_inside.h"

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
	if (!sa->first_local.family) {
		sa->first_local = sa->local;
		sa->first_peer = sa->peer;
	}
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
