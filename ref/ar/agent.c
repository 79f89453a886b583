// SPDX-License-Identifier: Apache-2.0
/* The PANA authentication agent on the host: its socket, timer, EAP servers and reports. */
#include <errno.h>
#include <sched.h>

#include "ref/ar/access.h"
#include "ref/ar/ap_keys.h"
#include "ref/ar/ar.h"
#include "ref/ar/nearby.h"
#include "ref/host/carry.h"
#include "ref/node/aaa.h"
#include "ref/radius/radius_client.h"

/* What a report's session was when the engine made it: a later call may have released it. */
struct snapshot {
	uint32_t session;
	struct endpoint peer;
	enum pana_access access;
};

struct reporting {
	struct ar *ar;
	const struct actions *actions;
	struct snapshot sessions[ACTIONS_MAX];
};

static bool brings_keys(int report)
{
	return report == PANA_REPORT_AUTHENTICATED || report == PANA_REPORT_PREAUTHORISED ||
		report == PANA_REPORT_REAUTHENTICATED;
}

static void log_eap(const struct ar *ar, const struct paa_session *s)
{
	json_t *details = eap_cost_json(ar->aaa ? NULL : paa_session_method(s),
		paa_session_eap_cost(s));

	json_object_set_new(details, "session", json_integer(paa_session_id(s)));
	json_object_set_new(details, "identity", json_string(paa_session_identity(s)));
	log_event_json(ar->node->log, "eap_completed", details);
}

static void take_snapshots(struct reporting *r)
{
	for (unsigned i = 0; i < r->actions->count; i++) {
		const struct action *a = &r->actions->list[i];
		if (a->kind != ACTION_REPORT || !a->session)
			continue;
		r->sessions[i] = (struct snapshot){ .session = paa_session_id(a->session),
			.peer = *paa_session_peer(a->session),
			.access = paa_session_access(a->session) };
		if (!brings_keys(a->event))
			continue;
		pana_log_keys(r->ar->node, r->sessions[i].session, paa_session_keys(a->session));
		log_eap(r->ar, a->session);
	}
}

static bool ends_session(int report)
{
	return report == PANA_REPORT_FAILED || report == PANA_REPORT_TERMINATED ||
		report == PANA_REPORT_EXPIRED || report == PANA_REPORT_UNREACHABLE;
}

static const void *subject_of(uint32_t session)
{
	return (const void *)(uintptr_t)session;
}

static void answer_waiters(struct ar *ar, const struct action *a, const struct snapshot *s)
{
	json_t *result;
	char reason[256];

	if (!waiters_any(&ar->waiters))
		return;
	result = json_pack("{s:I,s:s,s:s}", "session", (json_int_t)s->session, "report",
		pana_report_name((enum pana_report)a->event), "access",
		pana_access_name(s->access));
	snprintf(reason, sizeof(reason), "%s%s%.*s",
		pana_report_name((enum pana_report)a->event), a->data.size ? ": " : "",
		(int)a->data.size, a->data.size ? (const char *)a->data.data : "");
	waiters_report(&ar->waiters, subject_of(s->session), a->event, result, reason);
	json_decref(result);
	if (ends_session(a->event))
		waiters_refuse(&ar->waiters, subject_of(s->session), reason);
}

static void take_report(void *context, const struct action *a)
{
	struct reporting *r = context;
	struct ar *ar = r->ar;
	const struct snapshot *s = &r->sessions[a - r->actions->list];

	pana_log_report(ar->node, a, s->session, a->session ? &s->peer : &a->peer, s->access);
	if (!a->session)
		return;
	if (a->event == PANA_REPORT_STARTED || brings_keys(a->event))
		ar->newest = s->session;
	if (a->event == PANA_REPORT_NOTIFIED) {
		access_notified(ar->access, s->session, a->data);
		ap_keys_notified(ar->ap_keys, s->session, a->data);
	} else if (ends_session(a->event)) {
		access_forget(ar->access, s->session);
		ap_keys_forget(ar->ap_keys, s->session);
	}
	if (a->event != PANA_REPORT_NOTIFIED)
		answer_waiters(ar, a, s);
}

/* Tells the access part who has moved: before the answer leaves, and after. */
static void tell_moves(const struct reporting *r,
	void (*tell)(struct access *access, uint32_t session, const struct endpoint *peer))
{
	for (unsigned i = 0; i < r->actions->count; i++)
		if (r->actions->list[i].kind == ACTION_REPORT &&
			r->actions->list[i].event == PANA_REPORT_ADDRESS_UPDATED)
			tell(r->ar->access, r->sessions[i].session, &r->sessions[i].peer);
}

static bool has_moves(const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++)
		if (actions->list[i].kind == ACTION_REPORT &&
			actions->list[i].event == PANA_REPORT_ADDRESS_UPDATED)
			return true;
	return false;
}

void agent_carry(struct ar *ar, const struct actions *actions)
{
	struct reporting r = { .ar = ar, .actions = actions };

	take_snapshots(&r);
	tell_moves(&r, access_moving);
	carry_out(actions, ar->udp, ar->node->log, take_report, &r);
	if (ar->access && has_moves(actions)) {
		/* The node waits for the acknowledgement, which has gone out now; on a machine with
		 * one CPU it may be waiting for this very process. */
		sched_yield();
		tell_moves(&r, access_moved);
	}
	timer_set(ar->timer, paa_due(ar->paa));
	aaa_flush(ar->aaa);
}

bool agent_notify(struct ar *ar, uint32_t session, const struct element_value *elements,
	unsigned count)
{
	struct paa_session *s = paa_find(ar->paa, session);
	struct actions actions;
	int result;

	if (!s)
		return false;
	actions_clear(&actions);
	result = paa_notify(ar->paa, s, elements, count, loop_now(), &actions);
	agent_carry(ar, &actions);
	return result == 0;
}

/* --- from the host ---------------------------------------------------------------------------- */

static void receive(void *context, const struct udp_datagram *d)
{
	struct ar *ar = context;
	struct actions actions;

	actions_clear(&actions);
	paa_input(ar->paa, &d->peer, &d->local, d->data, loop_now(), &actions);
	agent_carry(ar, &actions);
}

static void timer_due(void *context)
{
	struct ar *ar = context;
	struct actions actions;

	actions_clear(&actions);
	paa_tick(ar->paa, loop_now(), &actions);
	agent_carry(ar, &actions);
}

/* --- EAP -------------------------------------------------------------------------------------- */

struct eap_end *agent_eap_server(struct ar *ar)
{
	struct eap_server_config config = { .lookup = eap_users_find,
		.lookup_context = ar->users,
		.server_id = ar->settings->eap.server_id,
		.tls = ar->tls,
		.random = &ar->node->random };

	return eap_server_new(&config);
}

static struct eap_end *new_server(void *context, struct paa_session *session)
{
	struct ar *ar = context;

	if (ar->aaa)
		return aaa_eap_new(ar->aaa, session, paa_session_peer(session));
	return agent_eap_server(ar);
}

/* A RADIUS server has answered. */
static void eap_ready(void *context, struct eap_end *end)
{
	struct ar *ar = context;
	struct actions actions;

	actions_clear(&actions);
	paa_eap_ready(ar->paa, radius_eap_owner(end), loop_now(), &actions);
	agent_carry(ar, &actions);
}

static bool authorise(void *context, struct paa_session *session, const char *identity,
	uint32_t *lifetime)
{
	struct ar *ar = context;
	uint32_t most = ar->aaa ? radius_eap_session_timeout(paa_session_eap(session)) : 0;

	(void)identity;
	/* RFC 2865 §5.27: the AAA server's bound, and ours */
	if (most && most < *lifetime)
		*lifetime = most;
	return ar->settings->agent.authorize;
}

static int load_users(struct ar *ar)
{
	const struct user_settings *list = ar->settings->eap.users.items;

	ar->users = eap_users_new();
	for (size_t i = 0; i < ar->settings->eap.users.count; i++) {
		struct eap_user user = { .has_psk = list[i].psk.size == EAP_PSK_SIZE };
		snprintf(user.identity, sizeof(user.identity), "%s", list[i].identity);
		eap_settings_methods(&list[i].methods, user.methods);
		if (list[i].password)
			snprintf(user.password, sizeof(user.password), "%s", list[i].password);
		if (user.has_psk)
			memcpy(user.psk, list[i].psk.data, EAP_PSK_SIZE);
		if (eap_users_add(ar->users, &user) < 0) {
			config_wrong(ar->node->config, &list[i],
				"%s stands in users twice; once is right", user.identity);
			return -1;
		}
	}
	return 0;
}

/* --- life ------------------------------------------------------------------------------------- */

static struct paa_config agent_config(struct ar *ar)
{
	const struct agent_settings *s = &ar->settings->agent;
	struct paa_config config;

	paa_config_default(&config);
	pana_settings_apply(&s->common, ar->node, &config.common);
	config.stateful = s->stateful;
	config.optimized = s->optimized;
	config.preauth = s->preauth;
	config.ip_reconfiguration = s->ip_reconfiguration;
	config.allow_restart = s->allow_restart;
	config.lifetime = s->lifetime;
	config.preauth_lifetime = s->preauth_lifetime;
	config.hold = s->hold;
	config.reauth_percent = s->reauth_percent;
	config.sessions_max = s->sessions;
	config.half_open_max = s->half_open;
	config.pci_rate = s->pci_rate;
	config.context = ar;
	config.eap_new = new_server;
	config.authorise = authorise;
	nearby_apply(ar->nearby, &config);
	return config;
}

int agent_start(struct ar *ar)
{
	const struct agent_settings *s = &ar->settings->agent;
	struct paa_config config;
	struct actions actions;
	char where[64];

	ar->nearby = nearby_new(&ar->settings->neighbours);
	config = agent_config(ar);
	if (load_users(ar) < 0)
		return -1;
	if (ar->settings->eap.tls) {
		ar->tls = tls_settings_context(ar->node, ar->settings->eap.tls, true);
		if (!ar->tls)
			return -1;
	}
	if (ar->settings->eap.radius) {
		ar->aaa = aaa_new(&(struct aaa_config){ ar->node, ar->settings->eap.radius, ar,
			eap_ready });
		if (!ar->aaa)
			return -1;
	}
	ar->udp = udp_open(ar->node->loop, &s->listen, s->device, receive, ar);
	if (!ar->udp) {
		log_error(ar->node->log, "listening at %s%s%s: %s",
			endpoint_text(&s->listen, where, sizeof(where)),
			s->device ? " on " : "", s->device ? s->device : "", strerror(errno));
		return -1;
	}
	ar->timer = timer_new(ar->node->loop, timer_due, ar);
	ar->paa = paa_new(&config);
	if (s->initiate.family) {
		actions_clear(&actions);
		paa_start(ar->paa, &s->initiate, false, loop_now(), &actions);
		agent_carry(ar, &actions);
	}
	return 0;
}

void agent_stop(struct ar *ar)
{
	waiters_refuse(&ar->waiters, NULL, "the node is shutting down");
	paa_free(ar->paa);
	nearby_free(ar->nearby);
	timer_free(ar->timer);
	udp_close(ar->udp);
	aaa_free(ar->aaa);
	eap_users_free(ar->users);
	eap_tls_context_free(ar->tls);
}
