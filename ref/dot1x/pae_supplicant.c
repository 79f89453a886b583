// SPDX-License-Identifier: Apache-2.0
/*
 * A request in IDLE is ignored: who has logged off stays away. In AUTHENTICATED and HELD a request
 * that was not answered before begins a conversation: the authenticator decides when to ask again.
 * A supplicant repeats EAPOL-Start and never a response (RFC 3748 §4.1).
 */
#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/dot1x/pae_supplicant.h"
#include "ref/eap/eap_packet.h"

#define DOT1X "IEEE 802.1X-2010 PACP supplicant"

#define IDLE PAE_SUPPLICANT_IDLE
#define CONNECTING PAE_SUPPLICANT_CONNECTING
#define AUTHENTICATING PAE_SUPPLICANT_AUTHENTICATING
#define AUTHENTICATED PAE_SUPPLICANT_AUTHENTICATED
#define HELD PAE_SUPPLICANT_HELD

enum supplicant_event { CONNECT, LOG_OFF, RX_REQUEST, RX_RESULT, TIMEOUT, EAP_ENDS_WELL, EAP_FAILS };

static int step(struct pae_supplicant *s, int event, const struct view *packet);

static void report(struct pae_supplicant *s, enum pae_event event)
{
	actions_report(s->actions, s, event, pae_event_name(event), VIEW_EMPTY);
}

static void send_pdu(struct pae_supplicant *s, enum eapol_type type, struct view body)
{
	pae_send(&s->config.lan, s->config.authenticator, type, body, s, s->actions);
}

static int send_start(void *context, const void *input)
{
	struct pae_supplicant *s = context;
	(void)input;

	s->started++;
	s->due = s->now + s->config.start_period;
	if (MUTANT(eapol_start_with_body))
		send_pdu(s, EAPOL_START, view_text("hello"));
	else
		send_pdu(s, EAPOL_START, VIEW_EMPTY);
	return 0;
}

static int begin(void *context, const void *input)
{
	struct pae_supplicant *s = context;

	s->started = 0;
	return send_start(context, input);
}

static int log_off(void *context, const void *input)
{
	struct pae_supplicant *s = context;
	(void)input;

	s->due = BTIME_NEVER;
	s->config.eap->ops->start(s->config.eap); /* wipes what was agreed */
	if (!MUTANT(eapol_no_logoff))
		send_pdu(s, EAPOL_LOGOFF, VIEW_EMPTY);
	if (MUTANT(eapol_back_after_logoff))
		s->state = CONNECTING;
	report(s, PAE_LOGGED_OFF);
	return 0;
}

static int feed(void *context, const void *input)
{
	struct pae_supplicant *s = context;
	struct eap_end *eap = s->config.eap;
	struct reject reject = { 0 };
	enum eap_status before = eap->status;

	eap->status = eap->ops->input(eap, *(const struct view *)input, &reject);
	if (reject.reason) {
		pae_rejected(&reject, s, s->actions);
		s->rejected[reject.reason]++;
		if (eap->status == before)
			return 0;
	}
	if (eap->status == EAP_SUCCESS || eap->status == EAP_FAILURE)
		return step(s, eap->status == EAP_SUCCESS ? EAP_ENDS_WELL : EAP_FAILS, NULL);
	s->due = s->now + (MUTANT(eapol_repeats_response) ? BTIME_S / 2 : s->config.patience);
	if (eap->status == EAP_OUTPUT)
		send_pdu(s, EAPOL_EAP, eap->output);
	return 0;
}

static int begin_eap(void *context, const void *input)
{
	struct pae_supplicant *s = context;

	s->config.eap->status = s->config.eap->ops->start(s->config.eap);
	report(s, PAE_STARTED);
	return feed(context, input);
}

static int authorise(void *context, const void *input)
{
	struct pae_supplicant *s = context;
	(void)input;

	s->due = BTIME_NEVER;
	report(s, PAE_AUTHENTICATED);
	return 0;
}

static int hold(void *context, const void *input)
{
	struct pae_supplicant *s = context;
	(void)input;

	s->due = s->now + s->config.held;
	report(s, PAE_FAILED);
	return 0;
}

static int give_up(void *context, const void *input)
{
	struct pae_supplicant *s = context;
	(void)input;

	s->due = s->now + s->config.held;
	report(s, PAE_UNREACHABLE);
	return 0;
}

static int lose_patience(void *context, const void *input)
{
	struct pae_supplicant *s = context;

	if (!MUTANT(eapol_repeats_response))
		return begin(context, input);
	s->state = AUTHENTICATING;
	s->due = s->now + BTIME_S / 2;
	send_pdu(s, EAPOL_EAP, s->config.eap->output);
	return 0;
}

static bool may_start(const void *context, const void *input)
{
	const struct pae_supplicant *s = context;
	(void)input;
	return s->started < s->config.max_start && !MUTANT(eapol_one_start);
}

/* Not one that was answered already and comes late. */
static bool is_new(const void *context, const void *input)
{
	const struct pae_supplicant *s = context;
	const struct view *packet = input;
	return !s->answered || packet->data[1] != s->last;
}

#define ROW(from, event, guard, to, action, section)                                               \
	{ from, event, guard, to, action, section, #guard, #action }
#define always NULL

static const struct fsm_row rows[] = {
	ROW(FSM_ANY, CONNECT, always, CONNECTING, begin, DOT1X),
	ROW(FSM_ANY, LOG_OFF, always, IDLE, log_off, DOT1X),
	ROW(CONNECTING, RX_REQUEST, always, AUTHENTICATING, begin_eap, DOT1X),
	ROW(AUTHENTICATING, RX_REQUEST, always, FSM_SAME, feed, DOT1X),
	ROW(AUTHENTICATING, RX_RESULT, always, FSM_SAME, feed, DOT1X),
	ROW(AUTHENTICATED, RX_REQUEST, is_new, AUTHENTICATING, begin_eap, DOT1X),
	ROW(HELD, RX_REQUEST, is_new, AUTHENTICATING, begin_eap, DOT1X),
	ROW(AUTHENTICATING, EAP_ENDS_WELL, always, AUTHENTICATED, authorise, DOT1X),
	ROW(AUTHENTICATING, EAP_FAILS, always, HELD, hold, DOT1X),
	ROW(CONNECTING, TIMEOUT, may_start, FSM_SAME, send_start, DOT1X),
	ROW(CONNECTING, TIMEOUT, always, HELD, give_up, DOT1X),
	ROW(AUTHENTICATING, TIMEOUT, always, CONNECTING, lose_patience, DOT1X),
	ROW(HELD, TIMEOUT, always, CONNECTING, begin, DOT1X),
};
#undef always
#undef ROW

static const char *const state_names[] = { "IDLE", "CONNECTING", "AUTHENTICATING", "AUTHENTICATED",
	"HELD" };
static const char *const event_names[] = { "CONNECT", "LOG_OFF", "RX_REQUEST", "RX_RESULT",
	"TIMEOUT", "EAP_ENDS_WELL", "EAP_FAILS" };

const struct fsm pae_supplicant_fsm = { "PACP supplicant", rows, sizeof(rows) / sizeof(*rows),
	state_names, event_names };

static int step(struct pae_supplicant *s, int event, const struct view *packet)
{
	return fsm_step(&pae_supplicant_fsm, &s->state, event, s, packet, NULL, NULL);
}

/* --- for the owner -------------------------------------------------------------------------- */

void pae_supplicant_begin(struct pae_supplicant *s, const struct pae_supplicant_config *config)
{
	*s = (struct pae_supplicant){ .config = *config, .due = BTIME_NEVER };
	struct pae_supplicant_config *c = &s->config;
	c->start_period = c->start_period ? c->start_period : 5 * BTIME_S;
	c->max_start = c->max_start ? c->max_start : 3;
	c->patience = c->patience ? c->patience : 30 * BTIME_S;
	c->held = c->held ? c->held : 60 * BTIME_S;
	c->eap->ops->start(c->eap);
}

void pae_supplicant_end(struct pae_supplicant *s)
{
	eap_destroy(s->config.eap);
	wipe(s, sizeof(*s));
}

static void call(struct pae_supplicant *s, int event, btime now, struct actions *actions)
{
	s->now = now;
	s->actions = actions;
	step(s, event, NULL);
}

void pae_supplicant_connect(struct pae_supplicant *s, btime now, struct actions *actions)
{
	call(s, CONNECT, now, actions);
}

void pae_supplicant_log_off(struct pae_supplicant *s, btime now, struct actions *actions)
{
	call(s, LOG_OFF, now, actions);
}

static int take(struct pae_supplicant *s, const struct eapol *pdu, struct reject *reject)
{
	bool request = pdu->body.size >= EAP_HEADER_SIZE && pdu->body.data[0] == EAP_CODE_REQUEST;
	int event = request ? RX_REQUEST : RX_RESULT;
	struct eap_packet packet;

	if (pdu->type != EAPOL_EAP || !fsm_accepts(&pae_supplicant_fsm, s->state, event))
		return reject_set(reject, REJECT_STATE, "Packet Type", DOT1X, 1, pdu->type);
	if (eap_decode(pdu->body, &packet, reject) < 0)
		return -1;
	step(s, event, &pdu->body);
	if (request) {
		s->last = pdu->body.data[1];
		s->answered = true;
	}
	return 0;
}

void pae_supplicant_input(struct pae_supplicant *s, struct view octets, btime now,
	struct actions *actions)
{
	struct reject reject = { 0 };
	struct eapol_frame frame;
	struct eapol pdu;

	s->now = now;
	s->actions = actions;
	if (pae_frame_decode(&s->config.lan, octets, &frame, &pdu, &reject) < 0 ||
		take(s, &pdu, &reject) < 0) {
		s->rejected[reject.reason]++;
		pae_rejected(&reject, s, actions);
	}
}

void pae_supplicant_tick(struct pae_supplicant *s, btime now, struct actions *actions)
{
	if (s->due > now)
		return;
	s->due = BTIME_NEVER;
	call(s, TIMEOUT, now, actions);
}

btime pae_supplicant_due(const struct pae_supplicant *s)
{
	return s->due;
}
