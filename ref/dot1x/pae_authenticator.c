// SPDX-License-Identifier: Apache-2.0
/*
 * One row of the table a port. EAP's own server is the backend; what it leaves in `output` after
 * start or input goes out once, and again after a time without answer. EAP-Success and EAP-Failure
 * are not acknowledged and so never repeated (RFC 3748 §4.2).
 */
#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/dot1x/pae_authenticator.h"

#define DOT1X "IEEE 802.1X-2010 PACP authenticator"

enum port_event { RX_START, RX_LOGOFF, RX_EAP, TIMEOUT, REAUTHENTICATE, EAP_ENDS_WELL, EAP_FAILS };

static int step(struct pae_port *p, int event, const struct view *packet);

static void report(struct pae_port *p, enum pae_event event)
{
	actions_report(p->owner->actions, p, event, pae_event_name(event), VIEW_EMPTY);
}

static void send_eap(struct pae_port *p)
{
	pae_send(&p->owner->config.lan, p->station, EAPOL_EAP, p->eap->output, p,
		p->owner->actions);
}

/* RFC 3748 §4.3: the time doubles, up to a bound. */
static btime time_out(const struct pae_port *p)
{
	const struct pae_authenticator_config *c = &p->owner->config;
	btime t = c->irt;

	for (unsigned i = 0; i < p->repeated && t < c->mrt; i++)
		t *= 2;
	return btime_min(t, c->mrt);
}

/* What EAP has made of the last packet goes out; its result is an event. */
static int advance(struct pae_port *p)
{
	p->repeated = 0;
	p->due = BTIME_NEVER;
	switch (p->eap->status) {
	case EAP_WAITING:
		return 0;
	case EAP_OUTPUT:
		send_eap(p);
		p->due = p->owner->now + time_out(p);
		return 0;
	case EAP_SUCCESS:
		if (MUTANT(eapol_no_success))
			return step(p, EAP_ENDS_WELL, NULL);
		send_eap(p);
		if (MUTANT(eapol_success_twice))
			send_eap(p);
		return step(p, EAP_ENDS_WELL, NULL);
	case EAP_FAILURE:
		if (p->eap->output.size && !MUTANT(eapol_no_failure))
			send_eap(p);
		return step(p, EAP_FAILS, NULL);
	}
	return 0;
}

static int begin(void *context, const void *input)
{
	struct pae_port *p = context;
	(void)input;

	if (!p->eap)
		p->eap = p->owner->config.eap_new(p->owner->config.context);
	if (!p->eap) {
		step(p, EAP_FAILS, NULL);
		return -1;
	}
	p->eap->status = p->eap->ops->start(p->eap);
	report(p, PAE_STARTED);
	return advance(p);
}

static int feed(void *context, const void *input)
{
	struct pae_port *p = context;
	struct reject reject = { 0 };

	p->eap->status = p->eap->ops->input(p->eap, *(const struct view *)input, &reject);
	if (!reject.reason)
		return advance(p);
	pae_rejected(&reject, p, p->owner->actions);
	p->owner->rejected[reject.reason]++;
	bool over = p->eap->status == EAP_FAILURE || p->eap->status == EAP_SUCCESS;
	return over ? advance(p) : 0; /* else the request that is out stays out */
}

static int repeat(void *context, const void *input)
{
	struct pae_port *p = context;
	(void)input;

	p->repeated++;
	if (MUTANT(eapol_new_conversation_on_retransmission))
		p->eap->status = p->eap->ops->start(p->eap);
	if (!MUTANT(eapol_no_retransmission))
		send_eap(p);
	p->due = p->owner->now + time_out(p);
	return 0;
}

static int authorise(void *context, const void *input)
{
	(void)input;
	report(context, PAE_AUTHENTICATED);
	return 0;
}

static int hold(void *context, const void *input)
{
	struct pae_port *p = context;
	(void)input;

	p->due = p->owner->now + p->owner->config.held;
	report(p, PAE_FAILED);
	return 0;
}

static int release(void *context, const void *input)
{
	struct pae_port *p = context;
	(void)input;

	eap_destroy(p->eap);
	p->eap = NULL;
	p->used = false;
	return 0;
}

static int log_off(void *context, const void *input)
{
	report(context, PAE_LOGGED_OFF);
	return release(context, input);
}

static int give_up(void *context, const void *input)
{
	report(context, PAE_UNREACHABLE);
	return release(context, input);
}

static bool may_repeat(const void *context, const void *input)
{
	const struct pae_port *p = context;
	(void)input;
	return p->repeated < p->owner->config.mrc || MUTANT(eapol_retransmits_for_ever);
}

static bool not_deaf(const void *context, const void *input)
{
	(void)context, (void)input;
	return !MUTANT(eapol_ignores_logoff);
}

#define ROW(from, event, guard, to, action, section)                                               \
	{ from, event, guard, to, action, section, #guard, #action }
#define always NULL

static const struct fsm_row rows[] = {
	ROW(PAE_DISCONNECTED, RX_START, always, PAE_AUTHENTICATING, begin, DOT1X),
	ROW(PAE_AUTHENTICATING, RX_START, always, FSM_SAME, begin, DOT1X),
	ROW(PAE_AUTHORISED, RX_START, always, PAE_AUTHENTICATING, begin, DOT1X),
	ROW(PAE_AUTHORISED, REAUTHENTICATE, always, PAE_AUTHENTICATING, begin, DOT1X),
	ROW(PAE_AUTHENTICATING, RX_LOGOFF, not_deaf, PAE_DISCONNECTED, log_off, DOT1X),
	ROW(PAE_AUTHORISED, RX_LOGOFF, not_deaf, PAE_DISCONNECTED, log_off, DOT1X),
	ROW(PAE_AUTHENTICATING, RX_EAP, always, FSM_SAME, feed, DOT1X),
	ROW(PAE_AUTHENTICATING, EAP_ENDS_WELL, always, PAE_AUTHORISED, authorise, DOT1X),
	ROW(PAE_AUTHENTICATING, EAP_FAILS, always, PAE_HELD, hold, DOT1X),
	ROW(PAE_AUTHENTICATING, TIMEOUT, may_repeat, FSM_SAME, repeat, "RFC 3748 §4.3"),
	ROW(PAE_AUTHENTICATING, TIMEOUT, always, PAE_DISCONNECTED, give_up, "RFC 3748 §4.3"),
	ROW(PAE_HELD, TIMEOUT, always, PAE_DISCONNECTED, release, DOT1X),
};
#undef always
#undef ROW

static const char *const state_names[] = { "DISCONNECTED", "AUTHENTICATING", "AUTHORISED", "HELD" };
static const char *const event_names[] = { "RX_START", "RX_LOGOFF", "RX_EAP", "TIMEOUT",
	"REAUTHENTICATE", "EAP_ENDS_WELL", "EAP_FAILS" };

const struct fsm pae_authenticator_fsm = { "PACP authenticator", rows,
	sizeof(rows) / sizeof(*rows), state_names, event_names };

static int step(struct pae_port *p, int event, const struct view *packet)
{
	return fsm_step(&pae_authenticator_fsm, &p->state, event, p, packet, NULL, NULL);
}

/* --- for the owner -------------------------------------------------------------------------- */

void pae_authenticator_begin(struct pae_authenticator *a,
	const struct pae_authenticator_config *config)
{
	*a = (struct pae_authenticator){ .config = *config };
	struct pae_authenticator_config *c = &a->config;
	c->irt = c->irt ? c->irt : 3 * BTIME_S;
	c->mrt = c->mrt ? c->mrt : 20 * BTIME_S;
	c->mrc = c->mrc ? c->mrc : 4;
	c->held = c->held ? c->held : 60 * BTIME_S;
}

void pae_authenticator_end(struct pae_authenticator *a)
{
	for (unsigned i = 0; i < PAE_PORTS_MAX; i++)
		eap_destroy(a->ports[i].eap);
	wipe(a, sizeof(*a));
}

/* The station's port; with `make` a new one if there is none and there is room. */
static struct pae_port *port_of(struct pae_authenticator *a, const uint8_t station[MAC_SIZE],
	bool make)
{
	struct pae_port *free = NULL;

	for (unsigned i = 0; i < PAE_PORTS_MAX; i++) {
		struct pae_port *p = &a->ports[i];
		if (p->used && memcmp(p->station, station, MAC_SIZE) == 0)
			return p;
		if (!p->used && !free)
			free = p;
	}
	if (!make || !free)
		return NULL;
	*free = (struct pae_port){ .used = true, .owner = a, .due = BTIME_NEVER };
	memcpy(free->station, station, MAC_SIZE);
	return free;
}

static int take(struct pae_authenticator *a, const struct eapol_frame *frame,
	const struct eapol *pdu, struct reject *reject)
{
	static const int events[] = { [EAPOL_EAP] = RX_EAP, [EAPOL_START] = RX_START,
		[EAPOL_LOGOFF] = RX_LOGOFF };
	struct pae_port *p = port_of(a, frame->source, pdu->type == EAPOL_START);

	if (!p)
		return reject_set(reject, pdu->type == EAPOL_START ? REJECT_RESOURCES :
			REJECT_STATE, "Packet Type", DOT1X, 1, pdu->type);
	if (pdu->type > EAPOL_LOGOFF || !fsm_accepts(&pae_authenticator_fsm, p->state,
						events[pdu->type]))
		return reject_set(reject, REJECT_STATE, "Packet Type", DOT1X, 1, pdu->type);
	if (pdu->type == EAPOL_START && MUTANT(eapol_ignores_start_again) &&
		p->state != PAE_DISCONNECTED)
		return 0;
	step(p, events[pdu->type], &pdu->body);
	return 0;
}

void pae_authenticator_input(struct pae_authenticator *a, struct view octets, btime now,
	struct actions *actions)
{
	struct reject reject = { 0 };
	struct eapol_frame frame;
	struct eapol pdu;

	a->now = now;
	a->actions = actions;
	if (pae_frame_decode(&a->config.lan, octets, &frame, &pdu, &reject) < 0 ||
		take(a, &frame, &pdu, &reject) < 0) {
		a->rejected[reject.reason]++;
		pae_rejected(&reject, NULL, actions);
	}
}

void pae_authenticator_reauthenticate(struct pae_authenticator *a, btime now,
	struct actions *actions)
{
	a->now = now;
	a->actions = actions;
	for (unsigned i = 0; i < PAE_PORTS_MAX; i++)
		if (a->ports[i].used)
			step(&a->ports[i], REAUTHENTICATE, NULL);
}

void pae_authenticator_tick(struct pae_authenticator *a, btime now, struct actions *actions)
{
	a->now = now;
	a->actions = actions;
	for (unsigned i = 0; i < PAE_PORTS_MAX; i++) {
		struct pae_port *p = &a->ports[i];
		if (!p->used || p->due > now)
			continue;
		p->due = BTIME_NEVER;
		step(p, TIMEOUT, NULL);
		if (actions->count > ACTIONS_MAX / 2)
			return; /* the rest is due still, and comes with the next tick */
	}
}

btime pae_authenticator_due(const struct pae_authenticator *a)
{
	btime due = BTIME_NEVER;

	for (unsigned i = 0; i < PAE_PORTS_MAX; i++)
		if (a->ports[i].used)
			due = btime_min(due, a->ports[i].due);
	return due;
}
