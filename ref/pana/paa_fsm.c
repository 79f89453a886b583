// SPDX-License-Identifier: Apache-2.0
/*
 * The agent's state machine, row by row against RFC 5609 §8.4 and §6.6.
 *
 * As in pac_fsm.c, the EAP packet of a message has been given to EAP before the message's row is
 * taken. What EAP answers becomes the events EAP_REQUEST, EAP_WAITING, EAP_ACCEPTED and
 * EAP_REFUSED (success, with and without authorisation), EAP_FAILURE (there is an EAP-Failure to
 * be sent) and EAP_SILENCE (there is none). Added to the RFC's table: PTR is taken and sent in
 * re-authentication and termination too, and a PNR with A that crosses our own PAR is answered.
 * Different from it: no ping is answered before the session is open (RFC 5191 §5.5), an EAP packet
 * that EAP discards is no end, its message counts as never received, and an outstanding request
 * stays outstanding when re-authentication begins.
 */
#include <stdlib.h>

#include "ref/base/mutant.h"
#include "ref/pana/paa_inside.h"

#define FIVE(section) "RFC 5191 §" section
#define SM "RFC 5609 §8.4"
#define ANYWHERE "RFC 5609 §6.6"

struct action *paa_report(struct paa_session *s, const struct paa_step *step,
	enum pana_report report, const char *words)
{
	return actions_report(step->actions, s, (int)report, pana_report_name(report),
		words ? view_text(words) : VIEW_EMPTY);
}

static void drop_eap(struct paa_session *s)
{
	if (s->eap)
		s->cost = s->eap->cost;
	eap_destroy(s->eap);
	s->eap = NULL;
}

/*
 * The end: keys go at once. With an answer that may have to be repeated the session lingers,
 * without any power; otherwise it goes too.
 */
static void close_session(struct paa_session *s, const struct paa_step *step, bool linger)
{
	drop_eap(s);
	link_drop_waiting(&s->link);
	link_answered(&s->link);
	link_drop_next(&s->link);
	wipe(&s->link.sa, sizeof(s->link.sa));
	s->access = PANA_UNAUTHORISED;
	s->expires = s->phase_due = s->reauth_due = s->hold_due = BTIME_NEVER;
	s->linger_due = btime_add(step->now, linger ? s->paa->config.common.linger : 0);
}

static int send_par(struct paa_session *s, const struct paa_step *step, unsigned flags,
	const struct element_value *e, unsigned n, bool with_next, struct pana_octets *keep)
{
	/* RFC 5191 §6.2: I only in PAR of the authentication and authorization phase */
	if (s->paa->config.ip_reconfiguration && !s->opened)
		flags |= PANA_I;
	struct pana_draft draft = {
		.type = PANA_AUTH,
		.flags = flags,
		.elements = e,
		.count = n,
		.with_next = with_next,
		.keep = keep,
	};
	return link_request(&s->link, &draft, step->now, step->actions);
}

/* --- authentication and authorization phase ----------------------------------------------- */

static int initial_par(struct paa_session *s, const struct paa_step *step, bool with_eap)
{
	struct element_value e[PAA_OFFER_MAX + 1];
	uint8_t storage[PAA_OFFER_MAX][4];
	unsigned n = start_offer(s->paa, e, storage);

	if (with_eap)
		e[n++] = avp_view(PANA_AVP_EAP_PAYLOAD, s->eap->output);
	return send_par(s, step, PANA_S, e, n, false, &s->link.i_par);
}

static int tx_initial_par(void *context, const void *input)
{
	return initial_par(context, input, false);
}

static int tx_initial_par_eap(void *context, const void *input)
{
	return initial_par(context, input, true);
}

static int start_eap(void *context, const void *input)
{
	struct paa_session *s = context;

	if (paa_restart_eap(s) < 0)
		return paa_step(s, PAA_EV_EAP_SILENCE, input);
	return paa_step_eap(s, input);
}

/* The initial exchange is over. */
static void started(struct paa_session *s, const struct paa_step *step)
{
	link_answered(&s->link);
	paa_report(s, step, PANA_REPORT_STARTED, NULL);
}

static int begin(void *context, const void *input)
{
	struct paa_session *s = context;

	started(s, input);
	if (!s->eap && paa_restart_eap(s) < 0)
		return paa_step(s, PAA_EV_EAP_SILENCE, input);
	return paa_step_eap(s, input);
}

static int begin_and_wait(void *context, const void *input)
{
	started(context, input);
	return 0;
}

/* RFC 5191 §4.1, §4.3: the first PAR of a phase without S carries our nonce. */
static int tx_par(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;
	struct element_value e[2];
	unsigned n = 0;

	if (s->nonce_due || MUTANT(pana_paa_repeats_nonce)) {
		s->nonce_due = false;
		s->pac_nonce_due = true;
		link_draw_nonce(&s->link, &s->link.paa_nonce);
		if (!MUTANT(pana_paa_sends_no_nonce))
			e[n++] = avp_view(PANA_AVP_NONCE, octets_view(&s->link.paa_nonce));
	}
	e[n++] = avp_view(PANA_AVP_EAP_PAYLOAD, s->eap->output);
	return send_par(s, step, 0, e, n, false, NULL);
}

static int pass_eap(void *context, const void *input)
{
	struct paa_session *s = context;

	link_answered(&s->link);
	return paa_step_eap(s, input);
}

static int got_pan(void *context, const void *input)
{
	struct paa_session *s = context;

	(void)input;
	link_answered(&s->link);
	return 0;
}

/* The client's EAP response in a PAR of its own; that it came says that ours arrived. */
static int take_par(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;
	struct pana_draft draft = { .type = PANA_AUTH };

	if (link_outstanding_is(&s->link, PANA_AUTH, 0))
		link_answered(&s->link);
	link_answer(&s->link, step->packet, &draft, step->actions);
	return paa_step_eap(s, input);
}

/* --- the result ---------------------------------------------------------------------------- */

/* RFC 5191 §4.1: the last PAR has the results of EAP and of PANA; §5.3: Key-Id for a new key. */
static int tx_result(struct paa_session *s, const struct paa_step *step, enum pana_result result)
{
	const struct paa_config *config = &s->paa->config;
	struct element_value e[4 + PAA_RESULT_AVPS_MAX];
	uint8_t storage[3][4];
	unsigned n = 0;

	if (!MUTANT(pana_result_code_missing))
		e[n++] = avp_u32(PANA_AVP_RESULT_CODE, result, storage[0]);
	if (s->eap->output.size)
		e[n++] = avp_view(PANA_AVP_EAP_PAYLOAD, s->eap->output);
	if (result == PANA_SUCCESS && !MUTANT(pana_paa_sends_no_lifetime))
		e[n++] = avp_u32(PANA_AVP_SESSION_LIFETIME, s->proposed, storage[1]);
	if (s->link.next && !MUTANT(pana_paa_sends_no_key_id))
		e[n++] = avp_u32(PANA_AVP_KEY_ID, s->link.next->keys.key_id, storage[2]);
	/* FAP §5: only where AUTH protects them */
	for (unsigned i = 0; i < config->result_avp_count && i < PAA_RESULT_AVPS_MAX; i++)
		if ((result == PANA_SUCCESS || MUTANT(ap_info_told_with_refusal)) &&
			(s->link.next || MUTANT(ap_info_told_without_keys)))
			e[n++] = config->result_avps[i];
	return send_par(s, step, MUTANT(pana_c_flag_missing) ? 0 : PANA_C, e, n, true, NULL);
}

static int tx_success(void *context, const void *input)
{
	return tx_result(context, input, PANA_SUCCESS);
}

static int tx_refusal(void *context, const void *input)
{
	/* RFC 5191 §4.1: MUST be this result when EAP succeeds and authorisation fails */
	return tx_result(context, input, PANA_AUTHORIZATION_REJECTED);
}

static int tx_failure(void *context, const void *input)
{
	return tx_result(context, input, PANA_AUTHENTICATION_REJECTED);
}

static void take_identity(struct paa_session *s)
{
	free(s->identity);
	size_t size = strlen(s->eap->identity) + 1;
	s->identity = pana_alloc(size);
	memcpy(s->identity, s->eap->identity, size);
	s->method = s->eap->method;
}

static void start_lifetime(struct paa_session *s, btime now)
{
	btime lifetime = (btime)s->proposed * BTIME_S;

	/* RFC 5191 §5.7: the PAA's own session ends with what it granted */
	s->lifetime = s->proposed;
	s->expires = MUTANT(pana_paa_never_expires) ? BTIME_NEVER : btime_add(now, lifetime);
	s->phase_due = s->reauth_due = BTIME_NEVER;
	if (s->paa->config.reauth_percent)
		s->reauth_due = btime_add(now, lifetime / 100 * s->paa->config.reauth_percent);
}

static int open_session(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;
	bool again = s->opened;

	link_answered(&s->link);
	link_use_next(&s->link);
	take_identity(s);
	drop_eap(s);
	s->opened = true;
	start_lifetime(s, step->now);
	if (!again)
		s->access = s->link.preauth ? PANA_PREAUTHORISED : PANA_AUTHORISED;
	paa_report(s, step,
		again			? PANA_REPORT_REAUTHENTICATED
		: s->link.preauth ? PANA_REPORT_PREAUTHORISED
				  : PANA_REPORT_AUTHENTICATED,
		s->identity);
	return 0;
}

static const char *why(const struct paa_session *s)
{
	if (!s->eap)
		return "no EAP server for this client";
	if (s->eap->failure)
		return s->eap->failure;
	return s->eap->status == EAP_SUCCESS ? "authenticated, but not authorised" : "EAP failed";
}

static int refused(void *context, const void *input)
{
	struct paa_session *s = context;

	paa_report(s, input, PANA_REPORT_FAILED, why(s));
	close_session(s, input, false); /* RFC 5191 §4.1: at once after the last exchange */
	return 0;
}

/* RFC 5191 §4.1: EAP that fails without a message ends the session silently. */
static int silent(void *context, const void *input)
{
	return refused(context, input);
}

/* --- access, re-authentication and termination phases ----------------------------------------- */

static int tx_ping(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;
	struct pana_draft draft = { .type = PANA_NOTIFICATION, .flags = PANA_P };

	return link_request(&s->link, &draft, step->now, step->actions);
}

static int tx_notification(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;

	link_pump(&s->link, true, step->now, step->actions);
	return 0;
}

/* This network was left; authorisation comes back by proof of the key (docs/pana.md). */
static int hold(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;

	s->link.preauth = true;
	s->access = PANA_HOLDING;
	s->hold_due = btime_add(step->now, s->paa->config.hold);
	paa_report(s, step, PANA_REPORT_HELD, s->identity);
	return 0;
}

/* RFC 5873 §3: a ping without E makes the candidate the serving agent; ours: with E, held. */
static void follow_e_bit(struct paa_session *s, const struct paa_step *step)
{
	bool away = pana_flags(step->packet) & PANA_E;

	if (!s->paa->config.preauth)
		return;
	if (away && s->access == PANA_AUTHORISED) {
		hold(s, step);
	} else if (!away && s->access != PANA_AUTHORISED && !MUTANT(pana_paa_stays_preauthorised)) {
		s->link.preauth = false;
		s->access = PANA_AUTHORISED;
		s->hold_due = BTIME_NEVER;
		paa_report(s, step, PANA_REPORT_POSTAUTHORISED, s->identity);
	} else if (away && s->access == PANA_HOLDING) {
		s->hold_due = btime_add(step->now, s->paa->config.hold);
	}
}

static int answer_ping(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;
	struct pana_draft draft = { .type = PANA_NOTIFICATION, .flags = PANA_P };
	const struct packet *p = step->packet;

	if (!MUTANT(pana_ping_unanswered))
		link_answer(&s->link, p, &draft, step->actions);
	if (s->state == PAA_OPEN || s->state == PAA_WAIT_PNA_PING)
		follow_e_bit(s, step);
	if (p->element_count > (packet_find(p, 0, PANA_AVP_AUTH) != NULL))
		actions_report(step->actions, s, PANA_REPORT_NOTIFIED,
			pana_report_name(PANA_REPORT_NOTIFIED),
			link_message(&s->link, step->datagram));
	return 0;
}

static int ping_answered(void *context, const void *input)
{
	struct paa_session *s = context;
	bool notifying = s->link.notifying;

	link_answered(&s->link);
	paa_report(s, input, notifying ? PANA_REPORT_ACKNOWLEDGED : PANA_REPORT_ALIVE, NULL);
	return 0;
}

static int begin_reauth(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;

	s->want_reauth = false;
	s->reauth_due = BTIME_NEVER;
	s->nonce_due = s->pac_nonce_due = true;
	s->phase_due = btime_add(step->now, s->paa->config.common.failed_timeout);
	return start_eap(context, input);
}

static int answer_reauth(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;
	struct pana_draft draft = {
		.type = PANA_NOTIFICATION,
		.flags = MUTANT(pana_wrong_answer_flag) ? PANA_P : PANA_A,
	};

	if (!MUTANT(pana_reauth_unanswered))
		link_answer(&s->link, step->packet, &draft, step->actions);
	return 0;
}

/* RFC 5191 §4.3: MUST first answer the request, then start a new EAP run. */
static int answer_and_begin_reauth(void *context, const void *input)
{
	answer_reauth(context, input);
	return begin_reauth(context, input);
}

static int want_reauth(void *context, const void *input)
{
	struct paa_session *s = context;

	(void)input;
	s->want_reauth = true;
	return 0;
}

/* The client may be open already: a PTR must come after the last exchange, under the new key. */
static int want_termination(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;

	s->want_termination = step->cause;
	return 0;
}

static int tx_ptr(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;
	uint8_t storage[4];
	struct element_value e = avp_u32(PANA_AVP_TERMINATION_CAUSE, step->cause, storage);
	struct pana_draft draft = { .type = PANA_TERMINATION, .elements = &e, .count = 1 };

	drop_eap(s);
	link_drop_next(&s->link);
	link_drop_waiting(&s->link);
	s->access = PANA_UNAUTHORISED;
	s->phase_due = s->reauth_due = s->hold_due = BTIME_NEVER;
	return link_request(&s->link, &draft, step->now, step->actions);
}

static int terminated(void *context, const void *input)
{
	struct paa_session *s = context;

	paa_report(s, input, PANA_REPORT_TERMINATED, "by this agent");
	close_session(s, input, false); /* RFC 5191 §4.4: all state goes at once */
	return 0;
}

static int answer_ptr(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;
	struct pana_draft draft = { .type = PANA_TERMINATION };

	if (!MUTANT(pana_termination_unanswered))
		link_answer(&s->link, step->packet, &draft, step->actions);
	paa_report(s, step, PANA_REPORT_TERMINATED,
		pana_cause_name(step->packet));
	close_session(s, step, true);
	return 0;
}

static int abandon(void *context, const void *input)
{
	struct paa_session *s = context;

	paa_report(s, input, PANA_REPORT_FAILED, "given up before it was authenticated");
	close_session(s, input, false);
	return 0;
}

static int timed_out(void *context, const void *input)
{
	struct paa_session *s = context;

	/* What EAP discarded while it waited says more than the timer. */
	paa_report(s, input, PANA_REPORT_FAILED,
		s->eap && s->eap->failure ? s->eap->failure :
		"authentication was not finished in time (FAILED_SESS_TIMEOUT)");
	close_session(s, input, false);
	return 0;
}

static int unreachable(void *context, const void *input)
{
	struct paa_session *s = context;
	const struct paa_step *step = input;
	char text[24];

	/* An answer that EAP did not take is none, but it says why. */
	if (!s->opened && s->eap && s->eap->failure)
		return timed_out(context, input);
	actions_report(step->actions, s, PANA_REPORT_UNREACHABLE,
		pana_report_name(PANA_REPORT_UNREACHABLE), link_request_text(&s->link, text));
	close_session(s, step, false);
	return 0;
}

static int expired(void *context, const void *input)
{
	struct paa_session *s = context;

	paa_report(s, input, PANA_REPORT_EXPIRED,
		s->hold_due != BTIME_NEVER ? "held long enough" : "lifetime over");
	close_session(s, input, false);
	return 0;
}

/* --- guards ------------------------------------------------------------------------------- */

static bool has_eap(const void *context, const void *input)
{
	const struct paa_step *step = input;
	(void)context;
	return pana_eap(step->packet).size != 0;
}

static bool optimized(const void *context, const void *input)
{
	const struct paa_session *s = context;
	(void)input;
	return s->paa->config.optimized;
}

static bool reauthenticating(const void *context, const void *input)
{
	const struct paa_session *s = context;
	(void)input;
	return s->opened || MUTANT(pana_takes_early_messages);
}

static bool lifetime_over(const void *context, const void *input)
{
	const struct paa_session *s = context;
	const struct paa_step *step = input;
	return btime_min(s->expires, s->hold_due) <= step->now;
}

static bool authorised(const void *context, const void *input)
{
	const struct paa_session *s = context;
	(void)input;
	return s->access == PANA_AUTHORISED;
}

#define ROW(from, event, guard, to, action, section)                                               \
	{ PAA_##from, PAA_EV_##event, guard, PAA_##to, action, section, #guard, #action }
#define STAY(from, event, guard, action, section)                                                  \
	{ PAA_##from, PAA_EV_##event, guard, FSM_SAME, action, section, #guard, #action }
#define ANY(event, guard, to, action, section)                                                     \
	{ FSM_ANY, PAA_EV_##event, guard, PAA_##to, action, section, #guard, #action }
#define always NULL

static const struct fsm_row rows[] = {
	STAY(INITIAL, PAC_FOUND, optimized, start_eap, SM),
	STAY(INITIAL, PAC_FOUND, always, tx_initial_par, SM),
	STAY(INITIAL, EAP_REQUEST, always, tx_initial_par_eap, SM),
	ROW(INITIAL, EAP_SILENCE, always, CLOSED, silent, SM),
	ROW(INITIAL, RX_PAN_S, has_eap, WAIT_EAP_MSG, begin, SM),
	ROW(INITIAL, RX_PAN_S, optimized, WAIT_PAN_OR_PAR, begin_and_wait, SM),
	ROW(INITIAL, RX_PAN_S, always, WAIT_EAP_MSG, begin, SM),
	ROW(INITIAL, TERMINATE, always, CLOSED, abandon, FIVE("5.5")),

	ROW(WAIT_EAP_MSG, EAP_REQUEST, always, WAIT_PAN_OR_PAR, tx_par, SM),
	STAY(WAIT_EAP_MSG, EAP_WAITING, always, NULL, SM),
	ROW(WAIT_EAP_MSG, EAP_ACCEPTED, always, WAIT_SUCC_PAN, tx_success, SM),
	ROW(WAIT_EAP_MSG, EAP_REFUSED, always, WAIT_FAIL_PAN, tx_refusal, SM),
	ROW(WAIT_EAP_MSG, EAP_FAILURE, always, WAIT_FAIL_PAN, tx_failure, SM),
	ROW(WAIT_EAP_MSG, EAP_SILENCE, always, CLOSED, silent, FIVE("4.1")),
	STAY(WAIT_EAP_MSG, RX_PNR_P, reauthenticating, answer_ping, ANYWHERE),
	STAY(WAIT_EAP_MSG, RX_PNR_A, reauthenticating, answer_reauth, FIVE("4.3")),
	STAY(WAIT_EAP_MSG, RX_PNA_P, reauthenticating, ping_answered, ANYWHERE),
	ROW(WAIT_EAP_MSG, RX_PTR, reauthenticating, CLOSED, answer_ptr, FIVE("5.5")),
	ROW(WAIT_EAP_MSG, TERMINATE, reauthenticating, SESS_TERM, tx_ptr, FIVE("4.4")),
	ROW(WAIT_EAP_MSG, TERMINATE, always, CLOSED, abandon, FIVE("5.5")),

	ROW(WAIT_PAN_OR_PAR, RX_PAN, has_eap, WAIT_EAP_MSG, pass_eap, SM),
	STAY(WAIT_PAN_OR_PAR, RX_PAN, always, got_pan, SM),
	ROW(WAIT_PAN_OR_PAR, RX_PAR, always, WAIT_EAP_MSG, take_par, SM),
	STAY(WAIT_PAN_OR_PAR, RX_PNR_P, reauthenticating, answer_ping, ANYWHERE),
	STAY(WAIT_PAN_OR_PAR, RX_PNR_A, reauthenticating, answer_reauth, FIVE("4.3")),
	STAY(WAIT_PAN_OR_PAR, RX_PNA_P, reauthenticating, ping_answered, ANYWHERE),
	ROW(WAIT_PAN_OR_PAR, RX_PTR, reauthenticating, CLOSED, answer_ptr, FIVE("5.5")),
	ROW(WAIT_PAN_OR_PAR, TERMINATE, reauthenticating, SESS_TERM, tx_ptr, FIVE("4.4")),
	ROW(WAIT_PAN_OR_PAR, TERMINATE, always, CLOSED, abandon, FIVE("5.5")),

	ROW(WAIT_SUCC_PAN, RX_PAN_C, always, OPEN, open_session, SM),
	STAY(WAIT_SUCC_PAN, TERMINATE, always, want_termination, FIVE("5.2")),
	STAY(WAIT_SUCC_PAN, RX_PNA_P, reauthenticating, ping_answered, ANYWHERE),
	ROW(WAIT_SUCC_PAN, RX_PTR, reauthenticating, CLOSED, answer_ptr, FIVE("5.5")),

	ROW(WAIT_FAIL_PAN, RX_PAN_C, always, CLOSED, refused, SM),
	ROW(WAIT_FAIL_PAN, TERMINATE, always, CLOSED, abandon, FIVE("5.5")),
	STAY(WAIT_FAIL_PAN, RX_PNA_P, reauthenticating, ping_answered, ANYWHERE),
	ROW(WAIT_FAIL_PAN, RX_PTR, reauthenticating, CLOSED, answer_ptr, FIVE("5.5")),

	ROW(OPEN, RX_PNR_A, always, WAIT_EAP_MSG, answer_and_begin_reauth, SM),
	ROW(OPEN, REAUTH, always, WAIT_EAP_MSG, begin_reauth, SM),
	STAY(OPEN, RX_PNR_P, always, answer_ping, ANYWHERE),
	ROW(OPEN, PANA_PING, always, WAIT_PNA_PING, tx_ping, SM),
	ROW(OPEN, NOTIFY, always, WAIT_PNA_PING, tx_notification, "docs/pana.md"),
	STAY(OPEN, LEFT, authorised, hold, "docs/pana.md"),
	ROW(OPEN, RX_PTR, always, CLOSED, answer_ptr, SM),
	ROW(OPEN, TERMINATE, always, SESS_TERM, tx_ptr, SM),

	ROW(WAIT_PNA_PING, RX_PNA_P, always, OPEN, ping_answered, SM),
	STAY(WAIT_PNA_PING, RX_PNR_P, always, answer_ping, ANYWHERE),
	ROW(WAIT_PNA_PING, RX_PNR_A, always, WAIT_EAP_MSG, answer_and_begin_reauth, SM),
	STAY(WAIT_PNA_PING, REAUTH, always, want_reauth, FIVE("5.2")),
	STAY(WAIT_PNA_PING, LEFT, authorised, hold, "docs/pana.md"),
	ROW(WAIT_PNA_PING, RX_PTR, always, CLOSED, answer_ptr, SM),
	ROW(WAIT_PNA_PING, TERMINATE, always, SESS_TERM, tx_ptr, FIVE("4.4")),

	ROW(SESS_TERM, RX_PTA, always, CLOSED, terminated, SM),
	ROW(SESS_TERM, RX_PTR, always, CLOSED, answer_ptr, FIVE("5.5")),
	STAY(SESS_TERM, RX_PNR_P, always, answer_ping, ANYWHERE),
	STAY(SESS_TERM, RX_PNA_P, always, got_pan, ANYWHERE),
	STAY(SESS_TERM, RX_PAN, always, got_pan, FIVE("5.2")),

	ANY(RTX_MAX, always, CLOSED, unreachable, ANYWHERE),
	ANY(SESS_TIMEOUT, lifetime_over, CLOSED, expired, ANYWHERE),
	ANY(SESS_TIMEOUT, always, CLOSED, timed_out, ANYWHERE),
};

static const char *const states[] = {
#define X(s) #s,
	PAA_STATES(X)
#undef X
};

static const char *const events[] = {
#define X(e) #e,
	PAA_EVENTS(X)
#undef X
};

const struct fsm paa_machine = {
	.name = "PAA",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.states = states,
	.events = events,
};

int paa_step(struct paa_session *s, enum paa_number event, const struct paa_step *step)
{
	int row = -1;

	fsm_step(&paa_machine, &s->state, (int)event, s, step, s->paa->hits, &row);
	return row < 0 ? -1 : 0;
}

/* What the agent grants after EAP's success: false refuses. Makes the new key, if there is one. */
static bool authorise(struct paa_session *s)
{
	const struct paa_config *config = &s->paa->config;
	struct pana_link *link = &s->link;

	s->proposed = config->lifetime;
	if (s->eap->has_key) {
		/* no SA can be made from this key: the client negotiated none, or sent no nonce */
		if (!link->integrity || !link->pac_nonce.size || s->pac_nonce_due)
			return false;
		link_make_next(link, VIEW(s->eap->msk, PANA_MSK_SIZE),
			MUTANT(pana_key_id_reused) ? 1 : ++s->last_key_id);
	} else if (config->common.require_key) {
		return false;
	}
	if (config->authorise &&
		!config->authorise(config->context, s, s->eap->identity, &s->proposed))
		return false;
	if (link->preauth && config->preauth_lifetime && s->proposed > config->preauth_lifetime)
		s->proposed = config->preauth_lifetime;
	return true;
}

int paa_step_eap(struct paa_session *s, const struct paa_step *step)
{
	switch (s->eap->status) {
	case EAP_WAITING:
		return paa_step(s, PAA_EV_EAP_WAITING, step);
	case EAP_OUTPUT:
		return paa_step(s, PAA_EV_EAP_REQUEST, step);
	case EAP_SUCCESS:
		return paa_step(s, authorise(s) ? PAA_EV_EAP_ACCEPTED : PAA_EV_EAP_REFUSED, step);
	case EAP_FAILURE:
		return paa_step(s, s->eap->output.size ? PAA_EV_EAP_FAILURE : PAA_EV_EAP_SILENCE,
			step);
	}
	return -1;
}
