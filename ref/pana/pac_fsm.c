// SPDX-License-Identifier: Apache-2.0
/*
 * The client's state machine, row by row against RFC 5609 §7.5 and §6.6.
 *
 * EAP is synchronous here: a message's EAP packet has been given to the EAP end before the row of
 * the message is taken. Added to the RFC's table: another initial PAR is answered until EAP has
 * begun (RFC 5191 §4.1), PTR is sent and taken in every phase after the first, EAP may end before
 * the last PAR (RFC 5609 §7.1.4). Different from it: a packet that EAP discards is no end, nor does
 * EAP_RESP_TIMEOUT end the wait, and a request outstanding when re-authentication begins stays so.
 */
#include <stdio.h>

#include "ref/base/mutant.h"
#include "ref/pana/pac_inside.h"

#define FIVE(section) "RFC 5191 §" section
#define SM "RFC 5609 §7.5"
#define ANYWHERE "RFC 5609 §6.6"

static const char *words_of(const struct eap_end *eap, const char *otherwise)
{
	return eap && eap->failure ? eap->failure : otherwise;
}

struct action *pac_report(struct pac *pac, const struct pac_step *step, enum pana_report report,
	const char *words)
{
	return actions_report(step->actions, pac, (int)report, pana_report_name(report),
		words ? view_text(words) : VIEW_EMPTY);
}

/* The end of a session: nothing is sent any more but repeated answers. */
static void close_session(struct pac *pac)
{
	pac_drop_eap(pac);
	link_drop_waiting(&pac->link);
	link_answered(&pac->link);
	link_drop_next(&pac->link);
	wipe(&pac->link.sa, sizeof(pac->link.sa));
	pac->access = PANA_UNAUTHORISED;
	pac->expires = pac->phase_due = pac->reauth_due = BTIME_NEVER;
	pac->want_reauth = pac->announce = false;
}

static void begin_phase(struct pac *pac, btime now)
{
	pac->nonce_due = true;
	pac->phase_due = btime_add(now, pac->config.common.failed_timeout);
	pac->reauth_due = BTIME_NEVER;
}

/* --- authentication and authorization phase ----------------------------------------------- */

static int tx_pci(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	begin_phase(pac, s->now);
	pac->link.id = 0;
	/* RFC 5191 §7.1: session identifier and sequence number MUST be zero */
	struct view pci = link_build(&pac->link, NULL, PANA_CLIENT_INITIATION,
		pac->config.preauth ? PANA_E : 0, MUTANT(pana_pci_with_sequence) ? 1 : 0, NULL, 0,
		s->actions);
	actions_send(s->actions, &pac->link.local, &pac->link.peer, pci);
	link_start_rtx(&pac->link, pci, &pac->config.pci, s->now);
	return 0;
}

/* RFC 5191 §4.1, RFC 6786 §2: one of each kind, if the PAA offered any. */
static unsigned chosen_algorithms(struct pac *pac, struct element_value *e, uint8_t storage[3][4])
{
	if (!pac->link.prf)
		return 0;
	e[0] = avp_u32(PANA_AVP_PRF_ALGORITHM, pac->link.prf, storage[0]);
	e[1] = avp_u32(PANA_AVP_INTEGRITY_ALGORITHM, pac->link.integrity, storage[1]);
	e[2] = avp_u32(PANA_AVP_ENCRYPTION_ALGORITHM, pac->link.encryption, storage[2]);
	return MUTANT(pana_pac_answers_no_algorithm) ? 0 : pac->link.encryption ? 3 : 2;
}

static int tx_initial_pan(struct pac *pac, const struct pac_step *s, bool with_eap)
{
	struct element_value e[4];
	uint8_t storage[3][4];
	unsigned n = chosen_algorithms(pac, e, storage);

	if (with_eap)
		e[n++] = avp_view(PANA_AVP_EAP_PAYLOAD, pac->eap->output);
	struct pana_draft draft = {
		.type = PANA_AUTH,
		.flags = PANA_S,
		.elements = e,
		.count = n,
		.keep = &pac->link.i_pan,
	};
	link_answer(&pac->link, &pac->pending, &draft, s->actions);
	pac->answer_due = false;
	pac_report(pac, s, PANA_REPORT_STARTED, NULL);
	return 0;
}

/* Without EAP in the PAR: PCI goes on until the second PAR comes (RFC 5191 §4.1). */
static int begin(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	begin_phase(pac, s->now);
	if (MUTANT(pana_pac_stops_pci_early))
		link_answered(&pac->link);
	return tx_initial_pan(pac, s, false);
}

static int begin_with_eap(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	begin_phase(pac, s->now);
	link_answered(&pac->link); /* a PAA that runs EAP keeps state and repeats PAR itself */
	return pac_step_eap(pac, s);
}

static int begin_then_eap(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	begin_phase(pac, s->now);
	link_answered(&pac->link);
	tx_initial_pan(pac, s, false);
	return pac_step_eap(pac, s);
}

static int tx_initial_pan_eap(void *context, const void *input)
{
	return tx_initial_pan(context, input, true);
}

static int tx_initial_pan_plain(void *context, const void *input)
{
	return tx_initial_pan(context, input, false);
}

/* The answer to the PAR that is due; the first of a phase carries our nonce (§4.1, §4.3). */
static int answer_par(struct pac *pac, const struct pac_step *s, bool with_eap)
{
	struct element_value e[2];
	unsigned n = 0;

	if (pac->nonce_due) {
		pac->nonce_due = false;
		link_draw_nonce(&pac->link, &pac->link.pac_nonce);
		e[n++] = avp_view(PANA_AVP_NONCE, octets_view(&pac->link.pac_nonce));
		if (MUTANT(pana_pac_sends_no_nonce))
			n = 0;
	}
	if (with_eap)
		e[n++] = avp_view(PANA_AVP_EAP_PAYLOAD, pac->eap->output);
	struct pana_draft draft = { .type = PANA_AUTH, .elements = e, .count = n };
	link_answer(&pac->link, &pac->pending, &draft, s->actions);
	pac->answer_due = false;
	pac->patience_due = BTIME_NEVER;
	return 0;
}

static int take_par(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	if (!pac->exchanged)
		link_answered(&pac->link); /* §4.1: the second PAR ends PCI */
	pac->exchanged = true;
	if (pac->config.no_piggyback)
		answer_par(pac, s, false);
	return pac_step_eap(pac, s);
}

/* RFC 5191 §4.1: an EAP message MAY travel in the PAN. */
static int tx_pan_eap(void *context, const void *input)
{
	return answer_par(context, input, true);
}

static int tx_pan(void *context, const void *input)
{
	return answer_par(context, input, false);
}

static int tx_par_eap(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;
	struct element_value e = avp_view(PANA_AVP_EAP_PAYLOAD, pac->eap->output);
	struct pana_draft draft = { .type = PANA_AUTH, .elements = &e, .count = 1 };

	return link_request(&pac->link, &draft, s->now, s->actions);
}

/* §4.1: an EAP message that takes long to make must not hold the PAN back. */
static int be_patient(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	if (pac->answer_due)
		pac->patience_due = btime_add(s->now, pac->config.eap_patience);
	return 0;
}

static int give_up(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	if (pac->answer_due && pac->state != PAC_INITIAL)
		answer_par(pac, s, false);
	pac_report(pac, s, PANA_REPORT_FAILED,
		words_of(pac->eap, "EAP failed: the server was not accepted"));
	close_session(pac);
	return 0;
}

/* --- the result ---------------------------------------------------------------------------- */

static int take_result(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	if (!pac->exchanged)
		link_answered(&pac->link);
	pac->exchanged = true;
	return pac_step_eap(pac, s);
}

/* RFC 5191 §5.3: the last PAN has the Key-Id of the last PAR, protected by the new key. */
static void answer_result(struct pac *pac, const struct pac_step *s)
{
	struct element_value e[2];
	uint8_t storage[4];
	unsigned n = 0;

	if (pac->link.next)
		e[n++] = avp_u32(PANA_AVP_KEY_ID,
			pac->link.next->keys.key_id + MUTANT(pana_pac_other_key_id), storage);
	struct pana_draft draft = {
		.type = PANA_AUTH,
		.flags = PANA_C,
		.elements = e,
		.count = n,
		.with_next = true,
	};
	link_answer(&pac->link, &pac->pending, &draft, s->actions);
	pac->answer_due = false;
}

static void start_lifetime(struct pac *pac, btime now)
{
	btime lifetime = (btime)pac->lifetime * BTIME_S;

	/* RFC 5191 §5.7: bounded by what the PAA granted; re-authentication begins before that */
	pac->expires = btime_add(now, lifetime);
	if (MUTANT(pana_lifetime_ignored))
		pac->expires = BTIME_NEVER;
	pac->phase_due = BTIME_NEVER;
	pac->reauth_due = BTIME_NEVER;
	if (pac->config.reauth_percent)
		pac->reauth_due = btime_add(now, lifetime / 100 * pac->config.reauth_percent);
}

static int open_session(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;
	bool again = pac->opened;

	pac->lifetime = (uint32_t)packet_uint(s->packet, 0, PANA_AVP_SESSION_LIFETIME, 0);
	answer_result(pac, s);
	link_use_next(&pac->link);
	pac_drop_eap(pac);
	pac->opened = true;
	start_lifetime(pac, s->now);
	if (!again)
		pac->access = pac->link.preauth ? PANA_PREAUTHORISED : PANA_AUTHORISED;
	pac_report(pac, s,
		again			? PANA_REPORT_REAUTHENTICATED
		: pac->link.preauth ? PANA_REPORT_PREAUTHORISED
				    : PANA_REPORT_AUTHENTICATED, NULL);
	pac_report_vendors(pac, s);
	return 0;
}

static int be_refused(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;
	uint64_t result = packet_uint(s->packet, 0, PANA_AVP_RESULT_CODE, PANA_SUCCESS);
	const char *own = words_of(pac->eap, NULL);
	char words[256];

	answer_result(pac, s);
	if (result == PANA_AUTHORIZATION_REJECTED) {
		pac_report(pac, s, PANA_REPORT_FAILED,
			"authenticated, but not authorised: PANA_AUTHORIZATION_REJECTED");
	} else if (result != PANA_SUCCESS) {
		snprintf(words, sizeof(words), "refused by the network: %s%s%s",
			"PANA_AUTHENTICATION_REJECTED", own ? "; EAP: " : "", own ? own : "");
		pac_report(pac, s, PANA_REPORT_FAILED, words);
	} else {
		pac_report(pac, s, PANA_REPORT_FAILED,
			words_of(pac->eap, "EAP failed though the network accepted"));
	}
	close_session(pac);
	return 0;
}

/* --- access, re-authentication and termination phases ----------------------------------------- */

static int tx_ping(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;
	struct pana_draft draft = { .type = PANA_NOTIFICATION, .flags = PANA_P };

	return link_request(&pac->link, &draft, s->now, s->actions);
}

/* RFC 5873 §3: the E bit is cleared by the first message in the new network, and set in one that
 * says that this network has been left (docs/pana.md). */
static int announce(void *context, const void *input)
{
	struct pac *pac = context;

	pac->announce = false;
	pac->link.preauth = pac->left;
	return tx_ping(context, input);
}

static int tx_notification(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	link_pump(&pac->link, true, s->now, s->actions);
	return 0;
}

static int answer_ping(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;
	struct pana_draft draft = { .type = PANA_NOTIFICATION, .flags = PANA_P };
	bool auth = packet_find(s->packet, 0, PANA_AVP_AUTH);

	if (!MUTANT(pana_ping_unanswered))
		link_answer(&pac->link, s->packet, &draft, s->actions);
	if (s->packet->element_count > auth)
		actions_report(s->actions, pac, PANA_REPORT_NOTIFIED,
			pana_report_name(PANA_REPORT_NOTIFIED),
			link_message(&pac->link, s->datagram));
	return 0;
}

/* The PAA has heard us where we are: what we announced is so. */
static enum pana_report arrived(struct pac *pac)
{
	enum pana_access before = pac->access;

	if (before == PANA_AUTHORISED && pac->left) {
		pac->access = PANA_HOLDING;
		return PANA_REPORT_HELD;
	}
	if (before != PANA_AUTHORISED && !pac->link.preauth) {
		pac->access = PANA_AUTHORISED;
		return PANA_REPORT_POSTAUTHORISED;
	}
	return PANA_REPORT_ALIVE;
}

static int ping_answered(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;
	bool notifying = pac->link.notifying;

	link_answered(&pac->link);
	enum pana_report report = arrived(pac);
	if (report != PANA_REPORT_ALIVE || !notifying)
		pac_report(pac, s, report, NULL);
	if (notifying)
		pac_report(pac, s, PANA_REPORT_ACKNOWLEDGED, NULL);
	return 0;
}

static int want_reauth(void *context, const void *input)
{
	struct pac *pac = context;

	(void)input;
	pac->want_reauth = true;
	return 0;
}

/* RFC 5191 §4.3: a re-authentication request, before the session's lifetime is over. */
static int tx_reauth(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;
	struct pana_draft draft = { .type = PANA_NOTIFICATION, .flags = PANA_A };

	pac->want_reauth = false;
	pac->reauth_due = BTIME_NEVER;
	return link_request(&pac->link, &draft, s->now, s->actions);
}

static int reauth_answered(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	link_answered(&pac->link);
	begin_phase(pac, s->now);
	return 0;
}

static int begin_reauth(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;

	begin_phase(pac, s->now);
	return take_par(context, input);
}

static int tx_ptr(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;
	uint8_t storage[4];
	struct element_value e = avp_u32(PANA_AVP_TERMINATION_CAUSE,
		MUTANT(pana_wrong_cause) ? PANA_SESSION_TIMEOUT : PANA_LOGOUT, storage);
	struct pana_draft draft = { .type = PANA_TERMINATION, .elements = &e, .count = 1 };

	pac_drop_eap(pac);
	link_drop_next(&pac->link);
	link_drop_waiting(&pac->link);
	pac->phase_due = pac->reauth_due = BTIME_NEVER;
	return link_request(&pac->link, &draft, s->now, s->actions);
}

/* An earlier request was answered; the PTR that waited goes out when the event is over. */
static int earlier_answered(void *context, const void *input)
{
	struct pac *pac = context;

	(void)input;
	link_answered(&pac->link);
	return 0;
}

static int terminated(void *context, const void *input)
{
	struct pac *pac = context;

	pac_report(pac, input, PANA_REPORT_TERMINATED, "LOGOUT");
	close_session(pac); /* RFC 5191 §4.4: all state goes at once */
	return 0;
}

static int answer_ptr(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;
	struct pana_draft draft = { .type = PANA_TERMINATION };

	if (!MUTANT(pana_termination_unanswered))
		link_answer(&pac->link, s->packet, &draft, s->actions);
	pac_report(pac, s, PANA_REPORT_TERMINATED,
		pana_cause_name(s->packet));
	close_session(pac);
	return 0;
}

static int abandon(void *context, const void *input)
{
	struct pac *pac = context;

	pac_report(pac, input, PANA_REPORT_FAILED, "given up before it was authenticated");
	close_session(pac);
	return 0;
}

static int unreachable(void *context, const void *input)
{
	struct pac *pac = context;
	const struct pac_step *s = input;
	char text[24];

	struct view request = link_request_text(&pac->link, text);
	actions_report(s->actions, pac, PANA_REPORT_UNREACHABLE,
		pana_report_name(PANA_REPORT_UNREACHABLE), request);
	close_session(pac);
	return 0;
}

static int timed_out(void *context, const void *input)
{
	const char *late = "authentication was not finished in time (FAILED_SESS_TIMEOUT)";
	struct pac *pac = context;

	pac_report(pac, input, PANA_REPORT_FAILED, words_of(pac->eap, late));
	close_session(pac);
	return 0;
}

static int expired(void *context, const void *input)
{
	struct pac *pac = context;

	pac_report(pac, input, PANA_REPORT_EXPIRED, NULL);
	close_session(pac);
	return 0;
}

/* --- guards ------------------------------------------------------------------------------- */

static bool has_eap(const void *context, const void *input)
{
	const struct pac_step *s = input;
	(void)context;
	return pana_eap(s->packet).size != 0;
}

static bool eap_piggyback(const void *context, const void *input)
{
	const struct pac *pac = context;
	(void)input;
	return pac->answer_due && !pac->config.no_piggyback;
}

static bool answer_due(const void *context, const void *input)
{
	const struct pac *pac = context;
	(void)input;
	return pac->answer_due;
}

static bool has_eap_piggyback(const void *context, const void *input)
{
	return has_eap(context, input) && eap_piggyback(context, input);
}

static bool success(const void *context, const void *input)
{
	const struct pac_step *s = input;
	(void)context;
	return packet_uint(s->packet, 0, PANA_AVP_RESULT_CODE, UINT32_MAX) == PANA_SUCCESS ||
		MUTANT(pana_pac_ignores_result_code);
}

static bool reauthenticating(const void *context, const void *input)
{
	const struct pac *pac = context;
	(void)input;
	return pac->opened || MUTANT(pana_takes_early_messages);
}

static bool lifetime_over(const void *context, const void *input)
{
	const struct pac *pac = context;
	const struct pac_step *s = input;
	return pac->expires <= s->now;
}

#define ROW(from, event, guard, to, action, section)                                               \
	{ PAC_##from, PAC_EV_##event, guard, PAC_##to, action, section, #guard, #action }
#define STAY(from, event, guard, action, section)                                                  \
	{ PAC_##from, PAC_EV_##event, guard, FSM_SAME, action, section, #guard, #action }
#define ANY(event, guard, to, action, section)                                                     \
	{ FSM_ANY, PAC_EV_##event, guard, PAC_##to, action, section, #guard, #action }
#define always NULL

static const struct fsm_row rows[] = {
	STAY(INITIAL, AUTH_USER, always, tx_pci, SM),
	STAY(INITIAL, RX_PAR_S, has_eap_piggyback, begin_with_eap, SM),
	ROW(INITIAL, RX_PAR_S, has_eap, WAIT_EAP_MSG, begin_then_eap, SM),
	ROW(INITIAL, RX_PAR_S, always, WAIT_PAA, begin, SM),
	ROW(INITIAL, EAP_RESPONSE, always, WAIT_PAA, tx_initial_pan_eap, SM),
	ROW(INITIAL, EAP_WAITING, always, WAIT_EAP_MSG, tx_initial_pan_plain, FIVE("4.1")),
	ROW(INITIAL, EAP_FAILURE, always, CLOSED, give_up, FIVE("4.1")),
	ROW(INITIAL, TERMINATE, always, CLOSED, abandon, FIVE("5.5")),

	STAY(WAIT_PAA, RX_PAR_S, always, begin, FIVE("4.1")),
	ROW(WAIT_PAA, RX_PAR, always, WAIT_EAP_MSG, take_par, SM),
	STAY(WAIT_PAA, RX_PAN, always, earlier_answered, SM),
	ROW(WAIT_PAA, RX_PAR_C, success, WAIT_EAP_RESULT, take_result, SM),
	ROW(WAIT_PAA, RX_PAR_C, always, WAIT_EAP_RESULT_CLOSE, take_result, SM),
	STAY(WAIT_PAA, RX_PNR_P, reauthenticating, answer_ping, ANYWHERE),
	STAY(WAIT_PAA, RX_PNA_P, reauthenticating, ping_answered, ANYWHERE),
	ROW(WAIT_PAA, RX_PTR, reauthenticating, CLOSED, answer_ptr, FIVE("5.5")),
	ROW(WAIT_PAA, TERMINATE, reauthenticating, SESS_TERM, tx_ptr, FIVE("4.4")),
	ROW(WAIT_PAA, TERMINATE, always, CLOSED, abandon, FIVE("5.5")),

	ROW(WAIT_EAP_MSG, EAP_RESPONSE, eap_piggyback, WAIT_PAA, tx_pan_eap, SM),
	ROW(WAIT_EAP_MSG, EAP_RESPONSE, always, WAIT_PAA, tx_par_eap, SM),
	STAY(WAIT_EAP_MSG, EAP_WAITING, always, be_patient, FIVE("4.1")),
	STAY(WAIT_EAP_MSG, EAP_RESP_TIMEOUT, always, tx_pan, SM),
	ROW(WAIT_EAP_MSG, EAP_SUCCESS, answer_due, WAIT_PAA, tx_pan, "RFC 5609 §7.1.4"),
	ROW(WAIT_EAP_MSG, EAP_SUCCESS, always, WAIT_PAA, NULL, "RFC 5609 §7.1.4"),
	ROW(WAIT_EAP_MSG, EAP_FAILURE, always, CLOSED, give_up, SM),
	STAY(WAIT_EAP_MSG, RX_PNR_P, reauthenticating, answer_ping, ANYWHERE),
	STAY(WAIT_EAP_MSG, RX_PNA_P, reauthenticating, ping_answered, ANYWHERE),
	ROW(WAIT_EAP_MSG, RX_PTR, reauthenticating, CLOSED, answer_ptr, FIVE("5.5")),
	ROW(WAIT_EAP_MSG, TERMINATE, reauthenticating, SESS_TERM, tx_ptr, FIVE("4.4")),
	ROW(WAIT_EAP_MSG, TERMINATE, always, CLOSED, abandon, FIVE("5.5")),

	ROW(WAIT_EAP_RESULT, EAP_SUCCESS, always, OPEN, open_session, SM),
	ROW(WAIT_EAP_RESULT, EAP_FAILURE, always, CLOSED, be_refused, SM),
	ROW(WAIT_EAP_RESULT_CLOSE, EAP_SUCCESS, always, CLOSED, be_refused, SM),
	ROW(WAIT_EAP_RESULT_CLOSE, EAP_FAILURE, always, CLOSED, be_refused, SM),
	ROW(WAIT_EAP_RESULT_CLOSE, EAP_WAITING, always, CLOSED, be_refused, SM),
	ROW(WAIT_EAP_RESULT_CLOSE, EAP_RESPONSE, always, CLOSED, be_refused, SM),

	ROW(OPEN, PANA_PING, always, WAIT_PNA_PING, tx_ping, SM),
	ROW(OPEN, ANNOUNCE, always, WAIT_PNA_PING, announce, "RFC 5873 §3, RFC 5191 §5.6"),
	ROW(OPEN, NOTIFY, always, WAIT_PNA_PING, tx_notification, "docs/pana.md"),
	ROW(OPEN, REAUTH, always, WAIT_PNA_REAUTH, tx_reauth, SM),
	ROW(OPEN, RX_PAR, always, WAIT_EAP_MSG, begin_reauth, SM),
	STAY(OPEN, RX_PNR_P, always, answer_ping, ANYWHERE),
	ROW(OPEN, RX_PTR, always, CLOSED, answer_ptr, SM),
	ROW(OPEN, TERMINATE, always, SESS_TERM, tx_ptr, SM),

	ROW(WAIT_PNA_REAUTH, RX_PNA_A, always, WAIT_PAA, reauth_answered, SM),
	STAY(WAIT_PNA_REAUTH, RX_PNR_P, always, answer_ping, ANYWHERE),
	ROW(WAIT_PNA_REAUTH, RX_PTR, always, CLOSED, answer_ptr, SM),
	ROW(WAIT_PNA_REAUTH, TERMINATE, always, SESS_TERM, tx_ptr, FIVE("4.4")),

	ROW(WAIT_PNA_PING, RX_PNA_P, always, OPEN, ping_answered, SM),
	ROW(WAIT_PNA_PING, RX_PAR, always, WAIT_EAP_MSG, begin_reauth, SM),
	STAY(WAIT_PNA_PING, RX_PNR_P, always, answer_ping, ANYWHERE),
	STAY(WAIT_PNA_PING, REAUTH, always, want_reauth, FIVE("5.2")),
	ROW(WAIT_PNA_PING, RX_PTR, always, CLOSED, answer_ptr, SM),
	ROW(WAIT_PNA_PING, TERMINATE, always, SESS_TERM, tx_ptr, FIVE("4.4")),

	ROW(SESS_TERM, RX_PTA, always, CLOSED, terminated, SM),
	ROW(SESS_TERM, RX_PTR, always, CLOSED, answer_ptr, FIVE("5.5")),
	STAY(SESS_TERM, RX_PNR_P, always, answer_ping, ANYWHERE),
	STAY(SESS_TERM, RX_PNA_P, always, earlier_answered, ANYWHERE),
	STAY(SESS_TERM, RX_PNA_A, always, earlier_answered, FIVE("5.2")),
	STAY(SESS_TERM, RX_PAN, always, earlier_answered, FIVE("5.2")),

	ANY(RTX_MAX, always, CLOSED, unreachable, ANYWHERE),
	ANY(SESS_TIMEOUT, lifetime_over, CLOSED, expired, ANYWHERE),
	ANY(SESS_TIMEOUT, always, CLOSED, timed_out, ANYWHERE),
};

static const char *const states[] = {
#define X(s) #s,
	PAC_STATES(X)
#undef X
};

static const char *const events[] = {
#define X(e) #e,
	PAC_EVENTS(X)
#undef X
};

const struct fsm pac_machine = {
	.name = "PaC",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.states = states,
	.events = events,
};

int pac_step(struct pac *pac, enum pac_number event, const struct pac_step *step)
{
	int row = -1;

	fsm_step(&pac_machine, &pac->state, (int)event, pac, step, pac->hits, &row);
	return row < 0 ? -1 : 0;
}

int pac_step_eap(struct pac *pac, const struct pac_step *step)
{
	switch (pac->eap->status) {
	case EAP_WAITING:
		return pac_step(pac, PAC_EV_EAP_WAITING, step);
	case EAP_OUTPUT:
		return pac_step(pac, PAC_EV_EAP_RESPONSE, step);
	case EAP_SUCCESS:
		return pac_step(pac, PAC_EV_EAP_SUCCESS, step);
	case EAP_FAILURE:
		return pac_step(pac, PAC_EV_EAP_FAILURE, step);
	}
	return -1;
}
