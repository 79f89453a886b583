// SPDX-License-Identifier: Apache-2.0
/*
 * The state machine of an IKE SA, one for both roles. RFC 7296 has no table of its own; each row
 * names the section it follows.
 *
 * IDLE to EAP_PEER: initiator; IDLE, HALF_OPEN to ASKING: responder. REPLACED:
 * rekeyed by the peer, which will delete it. CLOSED: over, and only there to repeat the last answer
 * for a while.
 */
#include "ref/ike/ike_inside.h"

#define S(section) "RFC 7296 §" section

struct ike_child *ike_child_wanted(const struct ike_sa *sa, bool rekey)
{
	struct ike_child *c = sa->children;
	while (c && !(rekey ? c->want_rekey && !c->want_delete : c->want_delete))
		c = c->next;
	return c;
}

/* --- guards ------------------------------------------------------------------------------- */

static bool wants(const void *context, enum ike_task task)
{
	const struct ike_sa *sa = context;
	return sa->wanted & 1u << task;
}

#define WANTS(name, task)                                                                          \
	static bool wants_##name(const void *context, const void *input)                           \
	{                                                                                          \
		(void)input;                                                                       \
		return wants(context, task);                                                       \
	}
WANTS(delete, TASK_DELETE)
WANTS(address, TASK_ADDRESS)
WANTS(change, TASK_CHANGE)
WANTS(path, TASK_PATH)
WANTS(rekey, TASK_REKEY)
WANTS(create_child, TASK_CREATE_CHILD)
WANTS(probe, TASK_PROBE)

static bool wants_delete_child(const void *context, const void *input)
{
	(void)input;
	return ike_child_wanted(context, false) != NULL;
}

static bool wants_rekey_child(const void *context, const void *input)
{
	(void)input;
	return ike_child_wanted(context, true) != NULL;
}

static bool deleting(const void *context, const void *input)
{
	const struct ike_sa *sa = context;
	(void)input;
	return sa->task == TASK_DELETE;
}

static bool has_error(const void *context, const void *input)
{
	const struct ike_step *s = input;
	struct ike_notification n;
	(void)context;
	return ike_find_error(s->packet, &n) != 0;
}

static bool bad_syntax(const void *context, const void *input)
{
	const struct ike_step *s = input;
	(void)context;
	return s->error == IKE_N_INVALID_SYNTAX;
}

/* --- ends --------------------------------------------------------------------------------- */

static void tell_end(struct ike_sa *sa, struct ike_step *s, enum ike_report report,
	const char *words)
{
	if (!sa->told)
		ike_tell(sa, s, report, words);
	sa->told = true;
}

static int gone(void *context, const void *input)
{
	tell_end(context, (struct ike_step *)input, IKE_REPORT_DOWN, NULL);
	return 0;
}

static int unreachable(void *context, const void *input)
{
	tell_end(context, (struct ike_step *)input, IKE_REPORT_UNREACHABLE, NULL);
	return 0;
}

static int abandon(void *context, const void *input)
{
	tell_end(context, (struct ike_step *)input, IKE_REPORT_FAILED, "given up before it was up");
	return 0;
}

static int expire(void *context, const void *input)
{
	tell_end(context, (struct ike_step *)input, IKE_REPORT_FAILED, "not finished in time");
	return 0;
}

static int refuse_request(void *context, const void *input)
{
	struct ike_step *s = (struct ike_step *)input;

	ike_send_error(context, (enum ike_exchange)s->packet->header[IKE_EXCHANGE_TYPE], s->error,
		s);
	return 0;
}

/* §2.21.3: after INVALID_SYNTAX the SA is over at both ends. */
static int refuse_and_close(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	refuse_request(context, input);
	ike_answered(sa);
	tell_end(sa, s, IKE_REPORT_DOWN, NULL);
	ike_drop_children(sa, s);
	sa->lifetime_due = btime_add(s->now, IKE_LINGER);
	return 0;
}

#define ROW(from, event, guard, to, action, section)                                               \
	{ IKE_STATE_##from, IKE_EV_##event, guard, IKE_STATE_##to, action, section, #guard,        \
		#action }
#define STAY(from, event, guard, action, section)                                                  \
	{ IKE_STATE_##from, IKE_EV_##event, guard, FSM_SAME, action, section, #guard, #action }
#define ANY(event, guard, to, action, section)                                                     \
	{ FSM_ANY, IKE_EV_##event, guard, IKE_STATE_##to, action, section, #guard, #action }
#define always NULL
#define nothing NULL

static const struct fsm_row rows[] = {
	ROW(IDLE, START, always, INIT_SENT, ike_tx_init, S("1.2")),
	ROW(IDLE, RX_INIT_REQUEST, always, HALF_OPEN, nothing, S("1.2")),

	STAY(INIT_SENT, RX_INIT_RESPONSE, ike_asks_again, ike_tx_init, S("2.6, §1.2")),
	ROW(INIT_SENT, RX_INIT_RESPONSE, has_error, DEAD, ike_be_refused, S("2.21.1")),
	ROW(INIT_SENT, RX_INIT_RESPONSE, always, AUTH_SENT, ike_tx_auth, S("1.2")),
	ROW(INIT_SENT, TURN, wants_delete, DEAD, abandon, S("1.2")),

	ROW(AUTH_SENT, RX_AUTH_RESPONSE, ike_begins_eap, EAP_PEER, ike_start_eap, S("2.16")),
	ROW(AUTH_SENT, RX_AUTH_RESPONSE, ike_peer_proved, ESTABLISHED, ike_be_authenticated,
		S("2.15")),
	ROW(AUTH_SENT, RX_AUTH_RESPONSE, ike_is_error, DEAD, ike_be_refused, S("2.21.2")),
	ROW(AUTH_SENT, RX_AUTH_RESPONSE, always, DELETING, ike_distrust, S("2.21.2")),
	ROW(AUTH_SENT, TURN, wants_delete, DEAD, abandon, S("1.2")),

	ROW(EAP_PEER, RX_AUTH_RESPONSE, ike_is_error, DEAD, ike_be_refused, S("2.21.2")),
	STAY(EAP_PEER, RX_AUTH_RESPONSE, ike_eap_goes_on, ike_answer_eap, S("2.16")),
	ROW(EAP_PEER, RX_AUTH_RESPONSE, ike_eap_proved, ESTABLISHED, ike_be_authenticated,
		S("2.16")),
	ROW(EAP_PEER, RX_AUTH_RESPONSE, always, DELETING, ike_distrust, S("2.16")),
	ROW(EAP_PEER, TURN, wants_delete, DEAD, abandon, S("2.16")),

	ROW(HALF_OPEN, RX_AUTH_REQUEST, ike_asks_for_eap, EAP_SERVER, ike_begin_eap, S("2.16")),
	ROW(HALF_OPEN, RX_AUTH_REQUEST, ike_proved_asks_owner, ASKING, ike_ask_owner, S("2.19")),
	ROW(HALF_OPEN, RX_AUTH_REQUEST, ike_peer_proved, ESTABLISHED, ike_answer_auth, S("2.15")),
	ROW(HALF_OPEN, RX_AUTH_REQUEST, always, CLOSED, ike_refuse_auth, S("2.21.2")),
	ROW(HALF_OPEN, RX_BAD_REQUEST, always, CLOSED, ike_refuse_bad, S("2.21.2")),
	ROW(HALF_OPEN, LIFETIME, always, DEAD, expire, S("2.4")),

	ROW(EAP_SERVER, RX_AUTH_REQUEST, ike_eap_waits, EAP_WAITING, ike_hold_request, S("2.16")),
	STAY(EAP_SERVER, RX_AUTH_REQUEST, ike_eap_goes_on, ike_tx_eap, S("2.16")),
	ROW(EAP_SERVER, RX_AUTH_REQUEST, ike_eap_proved_asks_owner, ASKING, ike_eap_ask_owner,
		S("2.19")),
	ROW(EAP_SERVER, RX_AUTH_REQUEST, ike_eap_proved, ESTABLISHED, ike_answer_eap_auth,
		S("2.16")),
	ROW(EAP_SERVER, RX_AUTH_REQUEST, always, CLOSED, ike_refuse_eap, S("2.16")),
	ROW(EAP_SERVER, RX_BAD_REQUEST, always, CLOSED, ike_refuse_bad, S("2.21.2")),
	ROW(EAP_SERVER, LIFETIME, always, DEAD, expire, S("2.4")),

	ROW(EAP_WAITING, EAP, ike_eap_has_answer, EAP_SERVER, ike_tx_eap, S("2.16")),
	ROW(EAP_WAITING, EAP, always, CLOSED, ike_refuse_eap, S("2.16")),
	ROW(EAP_WAITING, LIFETIME, always, DEAD, expire, S("2.4")),

	ROW(ASKING, ADDRESS, always, ESTABLISHED, ike_answer_asked, S("2.19")),
	ROW(ASKING, LIFETIME, always, DEAD, expire, S("2.4")),

	STAY(ESTABLISHED, RX_CREATE_REQUEST, ike_busy, ike_put_off, S("2.25.2")),
	ROW(ESTABLISHED, RX_CREATE_REQUEST, ike_rekey_possible, REPLACED, ike_answer_rekey,
		S("1.3.2")),
	STAY(ESTABLISHED, RX_CREATE_REQUEST, ike_rekeys_ike, ike_refuse_rekey, S("1.3.2")),
	STAY(ESTABLISHED, RX_CREATE_REQUEST, ike_rekeys_child, ike_answer_rekey_child, S("1.3.3")),
	STAY(ESTABLISHED, RX_CREATE_REQUEST, always, ike_answer_create_child, S("1.3.1")),
	ROW(ESTABLISHED, RX_CREATE_RESPONSE, ike_rekey_answered, DELETING, ike_take_rekey,
		S("2.18")),
	STAY(ESTABLISHED, RX_CREATE_RESPONSE, always, ike_take_created, S("1.3")),
	ROW(ESTABLISHED, RX_INFO_REQUEST, ike_deletes_ike, CLOSED, ike_answer_delete, S("1.4.1")),
	STAY(ESTABLISHED, RX_INFO_REQUEST, always, ike_answer_info, S("1.4")),
	STAY(ESTABLISHED, RX_INFO_RESPONSE, always, ike_info_answered, S("1.4")),
	ROW(ESTABLISHED, RX_BAD_REQUEST, bad_syntax, CLOSED, refuse_and_close, S("2.21.3")),
	STAY(ESTABLISHED, RX_BAD_REQUEST, always, refuse_request, S("2.5")),
	ROW(ESTABLISHED, TURN, wants_delete, DELETING, ike_tx_delete, S("1.4.1")),
	STAY(ESTABLISHED, TURN, wants_address, ike_tx_address, "RFC 4555 §3.5"),
	STAY(ESTABLISHED, TURN, wants_change, ike_tx_change, "AC §5.1"),
	STAY(ESTABLISHED, TURN, wants_path, ike_tx_path, "RFC 4555 §3.7"),
	STAY(ESTABLISHED, TURN, wants_delete_child, ike_tx_delete_child, S("1.4.1")),
	STAY(ESTABLISHED, TURN, wants_rekey, ike_tx_rekey, S("2.8")),
	STAY(ESTABLISHED, TURN, wants_rekey_child, ike_tx_rekey_child, S("2.8")),
	STAY(ESTABLISHED, TURN, wants_create_child, ike_tx_create_child, S("1.3.1")),
	STAY(ESTABLISHED, TURN, wants_probe, ike_tx_probe, S("2.4")),

	ROW(ESTABLISHED, HOLD, ike_change_unanswered, DEAD, ike_expire_alone, "AC §5.6"),
	STAY(ESTABLISHED, HOLD, always, ike_expire, "AC §5.6"),
	STAY(ESTABLISHED, UNVERIFIED, always, ike_disbelieve, "AC §5.3"),

	STAY(REPLACED, RX_CREATE_REQUEST, always, ike_put_off, S("2.25.2")),
	ROW(REPLACED, RX_INFO_REQUEST, ike_deletes_ike, CLOSED, ike_answer_delete, S("2.8")),
	STAY(REPLACED, RX_INFO_REQUEST, always, ike_answer_info, S("1.4")),
	STAY(REPLACED, RX_INFO_RESPONSE, always, ike_info_answered, S("1.4")),
	STAY(REPLACED, RX_BAD_REQUEST, always, refuse_request, S("2.5")),
	ROW(REPLACED, LIFETIME, always, DEAD, gone, S("2.8")),
	ROW(REPLACED, RETRANSMIT_MAX, always, DEAD, gone, S("2.8")),

	ROW(DELETING, RX_INFO_RESPONSE, deleting, DEAD, gone, S("1.4.1")),
	ROW(DELETING, RX_INFO_REQUEST, ike_deletes_ike, CLOSED, ike_answer_delete, S("1.4.1")),
	STAY(DELETING, RX_INFO_REQUEST, always, ike_answer_info, S("1.4")),
	STAY(DELETING, RX_CREATE_REQUEST, always, ike_put_off, S("2.25.2")),
	STAY(DELETING, RX_BAD_REQUEST, always, refuse_request, S("2.5")),
	ROW(DELETING, RETRANSMIT_MAX, always, DEAD, gone, S("1.4.1")),

	ROW(CLOSED, LIFETIME, always, DEAD, nothing, S("2.1")),

	ANY(RETRANSMIT_MAX, always, DEAD, unreachable, S("2.4")),
};

static const char *const states[] = {
#define X(s) #s,
	IKE_STATES(X)
#undef X
};

static const char *const events[] = {
#define X(e) #e,
	IKE_EVENTS(X)
#undef X
};

const struct fsm ike_machine = {
	.name = "IKE SA",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.states = states,
	.events = events,
};

int ike_step(struct ike_sa *sa, enum ike_number event, struct ike_step *step)
{
	int row = -1;

	fsm_step(&ike_machine, &sa->state, (int)event, sa, step, sa->ike->hits, &row);
	return row < 0 ? -1 : 0;
}
