// SPDX-License-Identifier: Apache-2.0
/*
 * The agent's outside: what arrives is checked here, in the order of RFC 5191 §5.5, and nothing
 * changes before every check has passed; then the state machine (paa_fsm.c) takes a step.
 *
 * A session owns its EAP end while EAP runs, and its link (pana_link.h). It stays in the store
 * until it is closed; dead sessions are freed when the next call begins, so that whoever reads the
 * reports can still look at them.
 */
#include <stdlib.h>

#include "ref/base/mutant.h"
#include "ref/pana/paa_inside.h"
#include "ref/pana/pana_encap.h"

void paa_config_default(struct paa_config *config)
{
	*config = (struct paa_config){
		.preauth = true,
		.lifetime = 3600,
		.preauth_lifetime = 600,
		.hold = 300 * BTIME_S,
		.sessions_max = 65536,
		.half_open_max = 1024,
		.pci_rate = 2000,
	};
	pana_common_default(&config->common);
}

struct paa *paa_new(const struct paa_config *config)
{
	struct paa *paa = pana_alloc(sizeof(*paa));

	paa->config = *config;
	paa->hits = pana_alloc(paa_machine.count * sizeof(*paa->hits));
	random_fill(config->common.random, paa->cookie_key, sizeof(paa->cookie_key));
	store_init(paa);
	return paa;
}

void paa_free(struct paa *paa)
{
	if (!paa)
		return;
	store_clear(paa);
	free(paa->hits);
	wipe(paa, sizeof(*paa));
	free(paa);
}

/* --- EAP ---------------------------------------------------------------------------------- */

int paa_restart_eap(struct paa_session *s)
{
	eap_destroy(s->eap);
	s->eap = s->paa->config.eap_new(s->paa->config.context, s);
	if (!s->eap)
		return -1;
	s->eap->status = s->eap->ops->start(s->eap);
	return 0;
}

/* RFC 5191 §5.2: an EAP packet reaches EAP once; one that EAP discards spoils its message. A packet
 * that ends EAP in failure has its reason too, and is taken. */
static int feed(struct paa_session *s, struct view packet, struct reject *reject)
{
	struct reject why = { 0 };
	enum eap_status status = s->eap->ops->input(s->eap, packet, &why);

	if (why.reason != REJECT_NONE && status != EAP_FAILURE) {
		if (reject->reason == REJECT_NONE)
			*reject = why;
		return -1;
	}
	s->eap->status = status;
	if (s->eap->output.size > PANA_MESSAGE_MAX / 2)
		s->eap->status = EAP_FAILURE;
	return 0;
}

/* --- checks --------------------------------------------------------------------------------- */

static int event_of(const struct packet *p)
{
	bool request = pana_is_request(p);
	unsigned flags = pana_flags(p);

	switch (p->header[PANA_TYPE]) {
	case PANA_AUTH:
		if (request) /* only the PAA sends the initial and the last PAR */
			return flags & (PANA_S | PANA_C) ? -1 : PAA_EV_RX_PAR;
		return flags & PANA_S ? PAA_EV_RX_PAN_S
			: flags & PANA_C ? PAA_EV_RX_PAN_C
					 : PAA_EV_RX_PAN;
	case PANA_TERMINATION:
		return request ? PAA_EV_RX_PTR : PAA_EV_RX_PTA;
	case PANA_NOTIFICATION:
		if (flags & PANA_A) /* only the client asks for re-authentication, §4.3 */
			return request ? PAA_EV_RX_PNR_A : -1;
		return request ? PAA_EV_RX_PNR_P : PAA_EV_RX_PNA_P;
	default:
		return -1;
	}
}

static bool in_reauth_only(int event)
{
	return event == PAA_EV_RX_PNR_P || event == PAA_EV_RX_PNR_A || event == PAA_EV_RX_PTR;
}

/* RFC 5191 §5.5: types that are expected in the present state; §5.6: addresses. */
static int check_place(const struct paa_session *s, const struct paa_arrival *at,
	const struct packet *p, int event)
{
	bool early = in_reauth_only(event) && !s->opened && !MUTANT(pana_takes_early_messages);
	bool preauth = pana_flags(p) & PANA_E;

	if (link_check_sequence(&s->link, p, at->reject) < 0)
		return -1;
	if (early || s->state == PAA_CLOSED || !fsm_accepts(&paa_machine, s->state, event))
		return reject_set(at->reject, REJECT_STATE, "Message Type", "RFC 5191 §5.5", 6,
			p->header[PANA_TYPE]);
	/* RFC 5873 §3: once negotiated, every message until the client has come has the E bit */
	if (!s->opened && preauth != s->link.preauth)
		return reject_set(at->reject, REJECT_FLAGS, "Flags", "RFC 5873 §3", 4,
			pana_flags(p));
	/* §5.6: a change of address is for sessions; before there is one it would be a hijack */
	if (!s->opened && !endpoint_equal(at->from, &s->link.peer))
		return reject_set(at->reject, REJECT_ADDRESS, NULL, "RFC 5191 §5.6", 0, 0);
	return 0;
}

/* RFC 5191 §4.1, §4.3: the first PAN of a phase has the client's nonce, no other has. */
static int check_pan(const struct paa_session *s, const struct packet *p, int event,
	struct reject *reject)
{
	const struct element_value *nonce = packet_find(p, 0, PANA_AVP_NONCE);

	if (s->pac_nonce_due && event == PAA_EV_RX_PAN && !nonce)
		return reject_set(reject, REJECT_MISSING, "Nonce", "RFC 5191 §4.1, §4.3", 0, 0);
	if (nonce && !s->pac_nonce_due)
		return reject_set(reject, REJECT_UNEXPECTED, "Nonce", "RFC 5191 §4.1",
			nonce->offset, nonce->value.size);
	return 0;
}

/* A PAR from the client answers ours. If ours had a nonce the client's must have come: until then
 * its PAN was lost, and our PAR is repeated. */
static int check_par(const struct paa_session *s, const struct packet *p, struct reject *reject)
{
	const struct element_value *nonce = packet_find(p, 0, PANA_AVP_NONCE);

	if (s->pac_nonce_due && !s->nonce_due)
		return reject_set(reject, REJECT_STATE, "Message Type", "RFC 5191 §4.1", 6,
			p->header[PANA_TYPE]);
	if (nonce)
		return reject_set(reject, REJECT_UNEXPECTED, "Nonce", "RFC 5191 §4.1",
			nonce->offset, nonce->value.size);
	if (!pana_eap(p).size)
		return reject_set(reject, REJECT_MISSING, "EAP-Payload", "RFC 5191 §4.1", 0, 0);
	return 0;
}

/* RFC 5191 §5.3: the last PAN has the Key-Id of the last PAR, and the new key protects it. */
static int verify_last(const struct paa_session *s, const struct paa_step *step,
	struct reject *reject)
{
	const struct packet *p = step->packet;
	const struct element_value *key_id = packet_find(p, 0, PANA_AVP_KEY_ID);
	const char *section = "RFC 5191 §5.3";

	if (MUTANT(pana_ignores_auth))
		return 0;
	if (!s->link.next) {
		if (key_id)
			return reject_set(reject, REJECT_KEY, "Key-Id", section, key_id->offset,
				packet_uint(p, 0, PANA_AVP_KEY_ID, 0));
		return link_verify(&s->link, step->datagram, p, reject);
	}
	if (!key_id)
		return reject_set(reject, REJECT_MISSING, "Key-Id", section, 0, 0);
	if (packet_uint(p, 0, PANA_AVP_KEY_ID, 0) != s->link.next->keys.key_id &&
		!MUTANT(pana_paa_ignores_key_id))
		return reject_set(reject, REJECT_KEY, "Key-Id", section, key_id->offset,
			packet_uint(p, 0, PANA_AVP_KEY_ID, 0));
	return pana_verify(s->link.next, step->datagram, p, reject);
}

static int check_contents(struct paa_session *s, const struct paa_step *step, int event,
	struct reject *reject)
{
	const struct packet *p = step->packet;
	bool last = event == PAA_EV_RX_PAN_C && s->link.next;

	if (link_decap(&s->link, last ? s->link.next : &s->link.sa, step->datagram, step->packet,
		    reject) < 0)
		return -1;
	if ((event == PAA_EV_RX_PAN || event == PAA_EV_RX_PAN_C) &&
		check_pan(s, p, event, reject) < 0)
		return -1;
	if (event == PAA_EV_RX_PAR && check_par(s, p, reject) < 0)
		return -1;
	if (event == PAA_EV_RX_PAN_S && start_check_algorithms(s->paa, p, reject) < 0)
		return -1;
	if (event == PAA_EV_RX_PAN_C)
		return verify_last(s, step, reject);
	return link_verify(&s->link, step->datagram, p, reject);
}

/* A PAN that still comes when the session is being terminated acknowledges and no more. */
static bool feeds_eap(const struct paa_session *s, int event)
{
	return s->state != PAA_SESS_TERM &&
		(event == PAA_EV_RX_PAN || event == PAA_EV_RX_PAR || event == PAA_EV_RX_PAN_S);
}

/* Passed every check: remember what the rest of the session needs. */
static void take_contents(struct paa_session *s, const struct paa_step *step, int event)
{
	const struct packet *p = step->packet;
	const struct element_value *nonce = packet_find(p, 0, PANA_AVP_NONCE);

	s->link.heard = step->now;
	if (pana_is_request(p))
		link_took_request(&s->link, p, step->datagram);
	if (nonce) {
		octets_set(&s->link.pac_nonce, nonce->value);
		s->pac_nonce_due = false;
	}
	if (event == PAA_EV_RX_PAN_S) {
		octets_set(&s->link.i_pan, step->datagram);
		start_take_algorithms(s, p);
	}
}

/* RFC 5191 §5.6: a valid message from another address MUST update the session. */
static void follow_address(struct paa_session *s, const struct paa_arrival *at,
	const struct paa_step *step)
{
	if (at->to)
		s->link.local = *at->to;
	if (endpoint_equal(at->from, &s->link.peer) || MUTANT(pana_paa_ignores_new_address))
		return;
	store_move_peer(s, at->from);
	char text[64];
	paa_report(s, step, PANA_REPORT_ADDRESS_UPDATED,
		endpoint_text(at->from, text, sizeof(text)));
}

/* A client that still repeats its last request has not got our answer. */
static void keep_lingering(struct paa_session *s, btime now)
{
	if (s->state != PAA_CLOSED)
		return;
	s->linger_due = btime_add(now, s->paa->config.common.linger);
	store_set_due(s, s->linger_due);
}

static int take(struct paa_session *s, const struct paa_arrival *at, const struct paa_step *step)
{
	const struct packet *p = step->packet;
	int event = event_of(p);

	if (event < 0)
		return reject_set(at->reject, REJECT_STATE, "Message Type", "RFC 5191 §5.5", 6,
			p->header[PANA_TYPE]);
	if (pana_is_request(p) &&
		link_repeat_answer(&s->link, at->from, step->datagram, step->actions)) {
		keep_lingering(s, step->now);
		return 0;
	}
	if (event == PAA_EV_RX_PNR_P &&
		link_answer_again(&s->link, p, step->datagram, step->actions))
		return 0;
	if (check_place(s, at, p, event) < 0)
		return -1;
	if (check_contents(s, step, event, at->reject) < 0)
		return -1;
	struct view eap = pana_eap(p);
	if (feeds_eap(s, event) && eap.size && (!s->eap || feed(s, eap, at->reject) < 0))
		return reject_set(at->reject, REJECT_STATE, "EAP-Payload", "RFC 5191 §5.5", 0, 0);
	take_contents(s, step, event);
	follow_address(s, at, step);
	if (paa_step(s, (enum paa_number)event, step) < 0)
		return reject_set(at->reject, REJECT_STATE, "Message Type", "RFC 5191 §5.5", 6,
			p->header[PANA_TYPE]);
	paa_settle(s, step);
	return 0;
}

/* --- timers ----------------------------------------------------------------------------------- */

static bool idle_open(const struct paa_session *s)
{
	return s->state == PAA_OPEN || s->state == PAA_WAIT_PNA_PING;
}

static btime ping_due(const struct paa_session *s)
{
	return s->state == PAA_OPEN ? link_ping_due(&s->link) : BTIME_NEVER;
}

static btime session_due(const struct paa_session *s)
{
	if (s->state == PAA_CLOSED)
		return s->linger_due;
	btime due = btime_min(s->link.rtx_due, btime_min(s->expires, s->phase_due));
	due = btime_min(due, btime_min(s->hold_due, ping_due(s)));
	return idle_open(s) ? btime_min(due, s->reauth_due) : due;
}

static void begin_what_waits(struct paa_session *s, const struct paa_step *step)
{
	if (s->state != PAA_OPEN) {
		link_pump(&s->link, false, step->now, step->actions);
		return;
	}
	struct paa_step own = *step;
	if (link_outstanding(&s->link)) {
		s->state = PAA_WAIT_PNA_PING;
	} else if (s->want_termination) {
		own.cause = s->want_termination;
		s->want_termination = 0;
		paa_step(s, PAA_EV_TERMINATE, &own);
	} else if (s->want_reauth) {
		paa_step(s, PAA_EV_REAUTH, step);
	} else if (s->link.waiting) {
		paa_step(s, PAA_EV_NOTIFY, step);
	}
}

void paa_settle(struct paa_session *s, const struct paa_step *step)
{
	if (s->state != PAA_CLOSED)
		begin_what_waits(s, step);
	if (s->counted_half_open && (s->opened || s->state == PAA_CLOSED)) {
		s->counted_half_open = false;
		s->paa->half_open--;
	}
	if (s->state == PAA_CLOSED && s->linger_due <= step->now)
		store_kill(s);
	else
		store_set_due(s, session_due(s));
}

static void tick_session(struct paa_session *s, const struct paa_step *step)
{
	btime now = step->now;

	if (s->state == PAA_CLOSED) {
		s->linger_due = now;
	} else if (btime_min(btime_min(s->expires, s->hold_due), s->phase_due) <= now) {
		paa_step(s, PAA_EV_SESS_TIMEOUT, step);
	} else if (s->link.rtx_due <= now) {
		if (link_timeout(&s->link, s, now, step->actions) < 0)
			paa_step(s, PAA_EV_RTX_MAX, step);
	} else if (idle_open(s) && s->reauth_due <= now) {
		s->reauth_due = BTIME_NEVER;
		paa_step(s, PAA_EV_REAUTH, step);
	} else if (ping_due(s) <= now) {
		paa_step(s, PAA_EV_PANA_PING, step);
	}
	paa_settle(s, step);
}

/* A step may send one message and report twice; the rest waits for the next call. */
static bool room_for_a_step(const struct actions *a)
{
	return a->count + 4 <= ACTIONS_MAX && sizeof(a->octets) - a->used > PANA_MESSAGE_MAX;
}

int paa_tick(struct paa *paa, btime now, struct actions *actions)
{
	struct paa_step step = { .now = now, .actions = actions };

	store_reap(paa);
	for (;;) {
		struct paa_session *s = store_first_due(paa);
		if (!s || s->due > now || !room_for_a_step(actions))
			return 0;
		tick_session(s, &step);
	}
}

btime paa_due(const struct paa *paa)
{
	const struct paa_session *s = store_first_due(paa);
	return s ? s->due : BTIME_NEVER;
}

/* --- input and events --------------------------------------------------------------------------
 */

static int sort(struct paa *paa, const struct paa_arrival *at, struct paa_step *step)
{
	const struct packet *p = step->packet;

	if (p->header[PANA_TYPE] == PANA_CLIENT_INITIATION)
		return start_from_pci(paa, at, step);
	struct paa_session *s = paa_find(paa, (uint32_t)p->header[PANA_SESSION]);
	if (!s && MUTANT(pana_accepts_unknown_session))
		s = paa_find_peer(paa, at->from);
	if (s)
		return take(s, at, step);
	if (event_of(p) == PAA_EV_RX_PAN_S)
		return start_from_pan(paa, at, step);
	/* RFC 5191 §4.3, §5.5: without a session there is nothing that could be meant */
	return reject_set(at->reject, REJECT_SESSION, "Session Identifier", "RFC 5191 §5.5", 8,
		p->header[PANA_SESSION]);
}

int paa_input(struct paa *paa, const struct endpoint *from, const struct endpoint *to,
	struct view datagram, btime now, struct actions *actions)
{
	struct packet packet = { .element_count = 0 };
	struct paa_step step = { .packet = &packet, .datagram = datagram, .now = now };
	struct reject reject = { 0 };
	struct paa_arrival at = { from, to, &reject };

	step.actions = actions;
	store_reap(paa);
	if (datagram.size > PANA_MESSAGE_MAX)
		reject_set(&reject, REJECT_RESOURCES, "Message Length", NULL, 2, datagram.size);
	else if (pana_decode_sealed(datagram, &packet, &reject) == 0) {
		/* RFC 5873 §5, RFC 5191 §6.2: without the extension E is reserved and ignored */
		if (!paa->config.preauth)
			packet.header[PANA_FLAGS] &= ~(uint64_t)PANA_E;
		if (sort(paa, &at, &step) == 0)
			return 0;
	}
	paa->rejected[reject.reason]++;
	struct action *a = actions_report(actions, NULL, PANA_REPORT_REJECTED,
		pana_report_name(PANA_REPORT_REJECTED), VIEW_EMPTY);
	if (a) {
		a->reject = reject;
		a->peer = *from;
	}
	return -1;
}

static int eap_ready(struct paa_session *s, const struct paa_step *step)
{
	if (!s->eap || s->state != PAA_WAIT_EAP_MSG || s->eap->status == EAP_WAITING)
		return -1;
	return paa_step_eap(s, step);
}

static int forget(struct paa_session *s)
{
	store_kill(s);
	return 0;
}

int paa_event(struct paa *paa, struct paa_session *session, const struct paa_event *event,
	btime now, struct actions *actions)
{
	struct paa_step step = { .now = now, .actions = actions };
	int done = -1;

	store_reap(paa);
	switch (event->kind) {
	case PAA_REAUTHENTICATE:
		done = paa_step(session, PAA_EV_REAUTH, &step);
		break;
	case PAA_PING: /* RFC 5191 §4.2: MUST limit the rate of the test */
		if (link_may_ping(&session->link, now))
			done = paa_step(session, PAA_EV_PANA_PING, &step);
		break;
	case PAA_TERMINATE:
		step.cause = event->cause ? event->cause : PANA_ADMINISTRATIVE;
		done = paa_step(session, PAA_EV_TERMINATE, &step);
		break;
	case PAA_LEFT:
		done = paa_step(session, PAA_EV_LEFT, &step);
		break;
	case PAA_EAP_READY:
		done = eap_ready(session, &step);
		break;
	case PAA_FORGET:
		return forget(session);
	}
	if (done == 0)
		paa_settle(session, &step);
	return done;
}

int paa_eap_ready(struct paa *paa, struct paa_session *session, btime now, struct actions *actions)
{
	struct paa_event event = { .kind = PAA_EAP_READY };
	return paa_event(paa, session, &event, now, actions);
}

int paa_notify(struct paa *paa, struct paa_session *session, const struct element_value *elements,
	unsigned count, btime now, struct actions *actions)
{
	struct paa_step step = { .now = now, .actions = actions };
	struct pana_draft draft = {
		.type = PANA_NOTIFICATION,
		.flags = PANA_P,
		.elements = elements,
		.count = count,
	};

	store_reap(paa);
	if (!paa_session_open(session) || link_wait(&session->link, &draft) < 0)
		return -1;
	paa_settle(session, &step);
	return 0;
}
