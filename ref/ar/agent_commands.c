// SPDX-License-Identifier: Apache-2.0
/* Control commands about the agent's sessions. */
#include "ref/ar/access.h"
#include "ref/node/aaa.h"

#define BIT(report) (1u << PANA_REPORT_##report)
#define ENDED (BIT(FAILED) | BIT(TERMINATED) | BIT(EXPIRED) | BIT(UNREACHABLE))

static struct ar *ar_of(void *node)
{
	return ((struct node *)node)->state;
}

static json_t *session_json(const struct paa_session *s)
{
	btime expires = paa_session_expires(s), now = loop_now();
	char peer[64];
	json_t *object = json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:i}", "session",
		(json_int_t)paa_session_id(s), "state", paa_session_state(s), "access",
		pana_access_name(paa_session_access(s)), "peer",
		endpoint_text(paa_session_peer(s), peer, sizeof(peer)), "identity",
		paa_session_identity(s), "method", paa_session_method(s), "lifetime_s",
		(int)paa_session_lifetime(s));

	if (expires != BTIME_NEVER)
		json_object_set_new(object, "expires_in_s",
			json_integer((expires - now) / BTIME_S));
	json_object_set_new(object, "open", json_boolean(paa_session_open(s)));
	json_object_set_new(object, "keys", json_boolean(paa_session_keys(s) != NULL));
	return object;
}

static int add_session(void *list, struct paa_session *session)
{
	json_array_append_new(list, session_json(session));
	return 0;
}

void agent_cmd_sessions(void *node, struct control_request *request, const json_t *arguments)
{
	struct ar *ar = ar_of(node);
	json_t *list = json_array();

	(void)arguments;
	paa_each(ar->paa, add_session, list);
	control_answer(request, json_pack("{s:o}", "sessions", list));
}

void agent_cmd_status(void *node, struct control_request *request, const json_t *arguments)
{
	struct ar *ar = ar_of(node);
	struct paa_session *newest = paa_find(ar->paa, ar->newest);
	char listen[64];
	struct endpoint local = udp_local(ar->udp);

	(void)arguments;
	control_answer(request,
		json_pack("{s:s,s:s,s:b,s:i,s:i,s:o,s:o*}", "node", ar->settings->program.node, "listen",
			endpoint_text(&local, listen, sizeof(listen)), "access_router",
			ar->access != NULL, "sessions", (int)paa_count(ar->paa), "half_open",
			(int)paa_half_open(ar->paa), "newest",
			newest ? session_json(newest) : json_null(), "ike",
			access_ike_json(ar->access)));
}

/* The session that "session" names, else the newest; NULL after the request was refused. */
static struct paa_session *chosen(struct ar *ar, struct control_request *request,
	const json_t *arguments)
{
	long id = control_number(arguments, "session", (long)ar->newest);
	struct paa_session *s = paa_find(ar->paa, (uint32_t)id);

	if (!s)
		control_refuse(request, id ? "no session %ld" : "there is no session", id);
	return s;
}

static bool does_not_wait(const json_t *arguments)
{
	return json_is_false(json_object_get(arguments, "wait"));
}

/* Tells the engine, and answers when one of the reports has come. */
static void tell(struct ar *ar, struct control_request *request, const json_t *arguments,
	enum paa_event_kind kind, uint32_t success)
{
	struct paa_session *s = chosen(ar, request, arguments);
	struct paa_event event = { .kind = kind, .cause = PANA_ADMINISTRATIVE };
	struct actions actions;
	uint32_t id;

	if (!s)
		return;
	id = paa_session_id(s);
	actions_clear(&actions);
	if (paa_event(ar->paa, s, &event, loop_now(), &actions) < 0) {
		control_refuse(request, "the session is in state %s, where this has no place",
			paa_session_state(s));
		return;
	}
	if (does_not_wait(arguments))
		control_answer(request, json_pack("{s:I}", "session", (json_int_t)id));
	else
		waiters_add(&ar->waiters, request, (const void *)(uintptr_t)id, success,
			ENDED & ~success);
	agent_carry(ar, &actions);
}

void agent_cmd_reauth(void *node, struct control_request *request, const json_t *arguments)
{
	tell(ar_of(node), request, arguments, PAA_REAUTHENTICATE, BIT(REAUTHENTICATED));
}

void agent_cmd_ping(void *node, struct control_request *request, const json_t *arguments)
{
	tell(ar_of(node), request, arguments, PAA_PING, BIT(ALIVE));
}

void agent_cmd_terminate(void *node, struct control_request *request, const json_t *arguments)
{
	tell(ar_of(node), request, arguments, PAA_TERMINATE, BIT(TERMINATED));
}

void agent_cmd_start(void *node, struct control_request *request, const json_t *arguments)
{
	struct ar *ar = ar_of(node);
	const char *text = control_text(arguments, "address");
	struct paa_session *s;
	struct endpoint peer;
	struct actions actions;
	uint32_t id;

	if (!text || endpoint_parse(text, PANA_PORT, &peer) < 0) {
		control_refuse(request, "name the client: ADDRESS or ADDRESS:PORT");
		return;
	}
	actions_clear(&actions);
	s = paa_start(ar->paa, &peer, json_is_true(json_object_get(arguments, "preauth")),
		loop_now(), &actions);
	if (!s) {
		control_refuse(request, "there is a session with %s already, or no room for one",
			text);
		return;
	}
	id = paa_session_id(s);
	if (does_not_wait(arguments))
		control_answer(request, json_pack("{s:I}", "session", (json_int_t)id));
	else
		waiters_add(&ar->waiters, request, (const void *)(uintptr_t)id,
			BIT(AUTHENTICATED) | BIT(PREAUTHORISED), ENDED);
	agent_carry(ar, &actions);
}

static uint32_t rejected(const void *engine, enum reject_reason reason)
{
	return paa_rejected(engine, reason);
}

void agent_cmd_counters(void *node, struct control_request *request, const json_t *arguments)
{
	struct ar *ar = ar_of(node);

	(void)arguments;
	control_answer(request,
		json_pack("{s:o,s:o,s:o}", "rejected", pana_rejected_json(rejected, ar->paa),
			"radius", aaa_json(ar->aaa), "rows",
			pana_fsm_json(paa_fsm(), paa_fsm_hits(ar->paa))));
}
