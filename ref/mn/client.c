// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "ref/host/carry.h"
#include "ref/mn/station_keys.h"
#include "ref/mn/client.h"
#include "ref/mn/candidates.h"
#include "ref/mn/neighbourhood.h"

#define BIT(report) (1u << PANA_REPORT_##report)
#define BIT_OF(report) (1u << (report))
#define ENDED (BIT(FAILED) | BIT(TERMINATED) | BIT(EXPIRED) | BIT(UNREACHABLE))

struct network *mn_network(struct mn *mn, const char *name)
{
	for (unsigned i = 0; name && i < mn->count; i++)
		if (strcmp(mn->networks[i].settings->name, name) == 0)
			return &mn->networks[i];
	return NULL;
}

/* --- reports ---------------------------------------------------------------------------------- */

static void answer_waiters(struct network *n, const struct action *a)
{
	enum pana_report report = (enum pana_report)a->event;
	json_t *result;
	char reason[256];

	if (!waiters_any(&n->mn->waiters))
		return;
	result = client_json(n);
	json_object_set_new(result, "report", json_string(pana_report_name(report)));
	snprintf(reason, sizeof(reason), "%s%s%.*s", pana_report_name(report),
		a->data.size ? ": " : "", (int)a->data.size,
		a->data.size ? (const char *)a->data.data : "");
	waiters_report(&n->mn->waiters, n, a->event, result, reason);
	json_decref(result);
	if (pac_closed(n->pac))
		waiters_refuse(&n->mn->waiters, n, reason);
}

static void log_eap(const struct network *n)
{
	json_t *details = eap_cost_json(pac_method(n->pac), pac_eap_cost(n->pac));

	json_object_set_new(details, "network", json_string(n->settings->name));
	log_event_json(n->mn->node->log, "eap_completed", details);
}

static void take_report(void *context, const struct action *a)
{
	struct network *n = context;
	struct mn *mn = n->mn;

	if (!n->pac) /* an earlier report of the same list had it forgotten */
		return;
	pana_log_report(mn->node, a, pac_session_id(n->pac), pac_peer(n->pac), pac_access(n->pac));
	if (BIT_OF(a->event) & (BIT(AUTHENTICATED) | BIT(PREAUTHORISED) | BIT(REAUTHENTICATED))) {
		pana_log_keys(mn->node, pac_session_id(n->pac), pac_keys(n->pac));
		log_eap(n);
		if (pac_ip_reconfiguration(n->pac))
			log_event(mn->node->log, "pana_ip_reconfiguration", "{s:s}", "network",
				n->settings->name);
	}
	if (BIT_OF(a->event) & ENDED)
		n->stale = pac_closed(n->pac);
	if (a->event != PANA_REPORT_NOTIFIED && a->event != PANA_REPORT_REJECTED)
		answer_waiters(n, a);
	handover_pana(mn->handover, n, a);
	station_keys_pana(mn->station_keys, n, a);
	neighbourhood_pana(mn->neighbourhood, n, a);
}

static void set_timer(struct mn *mn)
{
	btime due = BTIME_NEVER;

	for (unsigned i = 0; i < mn->count; i++)
		if (mn->networks[i].pac)
			due = btime_min(due, pac_due(mn->networks[i].pac));
	timer_set(mn->timer, due);
}

static void wait_for_agent(struct network *n);

/* RFC 5191 §5.2: a repeated request is answered, also the one that ended the session. */
static void keep_past(struct network *n)
{
	pac_free(n->past);
	n->past = n->pac;
	n->past_until = btime_add(loop_now(), n->mn->settings->pana.common.linger);
	n->pac = NULL;
}

/* Of the configuration, without an agent: whoever begins is it. */
static bool waits_for_agent(const struct network *n)
{
	return n->mn->udp && !n->settings->paa.family &&
		n < n->mn->networks + n->mn->settings->networks.count;
}

/* Carries out; a session that is over goes when nothing looks at it any more. */
static void carry(struct network *n, const struct actions *actions)
{
	carry_out(actions, n->udp ? n->udp : n->mn->udp, n->mn->node->log, take_report, n);
	if (n->stale) {
		n->stale = false;
		keep_past(n);
		if (waits_for_agent(n))
			wait_for_agent(n);
	}
	set_timer(n->mn);
}

/* --- from the host ---------------------------------------------------------------------------- */

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, ip_size(a->family)) == 0;
}

/* Whose datagram it is: the client of that agent, then one that waits for any, then the first, so
 * that the refusal is counted. */
static struct network *network_of(struct mn *mn, const struct endpoint *peer)
{
	struct network *waiting = NULL, *first = NULL;

	for (unsigned i = 0; i < mn->count; i++) {
		struct network *n = &mn->networks[i];
		if (!n->pac)
			continue;
		if (same_address(pac_peer(n->pac), peer))
			return n;
		if (!pac_peer(n->pac)->family && !waiting)
			waiting = n;
		if (!first)
			first = n;
	}
	return waiting ? waiting : first;
}

static void no_report(void *context, const struct action *a)
{
	(void)context;
	(void)a;
}

/* Whether a session that is over knows the datagram as one that it has answered. */
static bool past_answers(struct mn *mn, const struct udp_datagram *d)
{
	struct actions actions;

	for (unsigned i = 0; i < mn->count; i++) {
		struct network *n = &mn->networks[i];
		if (!n->past || !same_address(pac_peer(n->past), &d->peer))
			continue;
		if (loop_now() > n->past_until) {
			pac_free(n->past);
			n->past = NULL;
			continue;
		}
		actions_clear(&actions);
		if (pac_input(n->past, &d->peer, d->data, loop_now(), &actions) < 0)
			continue;
		carry_out(&actions, n->udp ? n->udp : mn->udp, mn->node->log, no_report, n);
		return true;
	}
	return false;
}

static void receive_own(void *context, const struct udp_datagram *d)
{
	struct network *n = context;
	struct actions actions;

	if (past_answers(n->mn, d) || !n->pac)
		return;
	actions_clear(&actions);
	pac_input(n->pac, &d->peer, d->data, loop_now(), &actions);
	carry(n, &actions);
}

static void receive(void *context, const struct udp_datagram *d)
{
	struct mn *mn = context;
	struct network *n = network_of(mn, &d->peer);
	char peer[64];

	if (n)
		receive_own(n, d);
	else if (!past_answers(mn, d))
		log_debug(mn->node->log, "%zu octets from %s, and no session", d->data.size,
			endpoint_text(&d->peer, peer, sizeof(peer)));
}

static void timer_due(void *context)
{
	struct mn *mn = context;
	struct actions actions;

	for (unsigned i = 0; i < mn->count; i++) {
		struct network *n = &mn->networks[i];
		if (!n->pac)
			continue;
		actions_clear(&actions);
		pac_tick(n->pac, loop_now(), &actions);
		carry(n, &actions);
	}
}

/* --- sessions --------------------------------------------------------------------------------- */

struct eap_end *client_eap_peer(struct mn *mn)
{
	const struct eap_peer_settings *s = &mn->settings->eap;
	struct eap_peer_config config = { .identity = s->identity,
		.anonymous = s->anonymous,
		.password = s->password,
		.psk = s->psk.data,
		.server_id = s->server_id,
		.tls = mn->tls,
		.refuse_keyless = s->refuse_keyless,
		.random = &mn->node->random };

	eap_settings_methods(&s->methods, config.methods);
	return eap_peer_new(&config);
}

static struct eap_end *new_peer(void *context, struct pac *pac)
{
	struct network *n = context;
	(void)pac;

	return client_eap_peer(n->mn);
}

/* A port of its own for each session: no agent takes a new one for what it remembers of an old. */
static void open_own_socket(struct network *n)
{
	struct endpoint any;

	endpoint_parse("0.0.0.0:0", 0, &any);
	udp_close(n->udp);
	n->udp = udp_open(n->mn->node->loop, &any, NULL, receive_own, n);
	if (!n->udp)
		log_error(n->mn->node->log, "a PANA socket: %s", strerror(errno));
}

static void make_client(struct network *n, const struct endpoint *local, bool preauth)
{
	const struct pac_settings *s = &n->mn->settings->pana;
	struct pac_config config;

	if (!n->mn->udp)
		open_own_socket(n);
	pac_config_default(&config);
	pana_settings_apply(&s->common, n->mn->node, &config.common);
	config.local = *local;
	config.paa = n->paa;
	config.pci = rtx_settings_value(&s->pci);
	config.preauth = preauth;
	config.no_piggyback = !s->piggyback;
	config.eap_patience = s->eap_patience;
	config.reauth_percent = s->reauth_percent;
	config.context = n;
	config.eap_new = new_peer;
	n->pac = pac_new(&config);
}

static void wait_for_agent(struct network *n)
{
	n->paa = n->settings->paa;
	make_client(n, &n->settings->local, n->settings->preauth);
	set_timer(n->mn);
}

void client_begin(struct network *n, const struct endpoint *local, bool preauth)
{
	char paa[64];

	if (n->paa.family || !n->pac) {
		pac_free(n->pac);
		n->stale = false;
		make_client(n, local, preauth);
	}
	log_event(n->mn->node->log, "pana_started", "{s:s,s:s,s:b}", "network", n->settings->name,
		"paa", endpoint_text(&n->paa, paa, sizeof(paa)), "preauth", preauth);
	client_event(n, PAC_AUTHENTICATE, local);
}

int client_event(struct network *n, enum pac_event_kind kind, const struct endpoint *local)
{
	struct pac_event event = { .kind = kind };
	struct actions actions;
	int result;

	if (!n->pac)
		return -1;
	if (local)
		event.local = *local;
	actions_clear(&actions);
	result = pac_event(n->pac, &event, loop_now(), &actions);
	carry(n, &actions);
	return result;
}

int client_notify(struct network *n, const struct element_value *elements, unsigned count)
{
	struct actions actions;
	int result;

	if (!n->pac)
		return -1;
	actions_clear(&actions);
	result = pac_notify(n->pac, elements, count, loop_now(), &actions);
	carry(n, &actions);
	return result;
}

void client_forget(struct network *n)
{
	if (n->pac && !pac_open(n->pac))
		neighbourhood_gave_up(n->mn->neighbourhood, n);
	pac_free(n->pac);
	n->pac = NULL;
	n->stale = false;
	waiters_refuse(&n->mn->waiters, n, "the session was forgotten");
	set_timer(n->mn);
}

json_t *client_json(const struct network *n)
{
	json_t *object = json_pack("{s:s,s:b}", "network", n->settings->name, "serving",
		n->mn->serving == n);
	btime expires;
	char peer[64];

	if (!n->pac) {
		json_object_set_new(object, "state", json_string("NONE"));
		json_object_set_new(object, "open", json_false());
		return object;
	}
	expires = pac_expires(n->pac);
	json_object_update_new(object,
		json_pack("{s:s,s:s,s:s,s:I,s:b,s:b,s:i}", "state", pac_state_name(n->pac),
			"access", pana_access_name(pac_access(n->pac)), "paa",
			endpoint_text(pac_peer(n->pac), peer, sizeof(peer)), "session",
			(json_int_t)pac_session_id(n->pac), "open", pac_open(n->pac), "keys",
			pac_keys(n->pac) != NULL, "lifetime_s", (int)pac_lifetime(n->pac)));
	if (expires != BTIME_NEVER)
		json_object_set_new(object, "expires_in_s",
			json_integer((expires - loop_now()) / BTIME_S));
	if (n->candidate)
		json_object_set_new(object, "candidate", candidate_json(n));
	return object;
}

/* --- life ------------------------------------------------------------------------------------- */

int client_start(struct mn *mn)
{
	struct endpoint bind = mn->settings->pana.bind;
	char where[64];

	if (mn->settings->eap.tls) {
		mn->tls = tls_settings_context(mn->node, mn->settings->eap.tls, false);
		if (!mn->tls)
			return -1;
	}
	mn->timer = timer_new(mn->node->loop, timer_due, mn);
	/* A node that moves always begins itself, from a port of its own each time; an agent that
	 * begins does so at port 716 (RFC 5191 §6.1). */
	if (!bind.family && mn->settings->device)
		return 0;
	if (!bind.family)
		endpoint_parse("0.0.0.0", PANA_PORT, &bind);
	mn->udp = udp_open(mn->node->loop, &bind, NULL, receive, mn);
	if (!mn->udp) {
		log_error(mn->node->log, "the PANA socket at %s: %s",
			endpoint_text(&bind, where, sizeof(where)), strerror(errno));
		return -1;
	}
	for (unsigned i = 0; i < mn->count; i++)
		if (!mn->networks[i].settings->paa.family && !mn->networks[i].settings->dot1x)
			wait_for_agent(&mn->networks[i]);
	return 0;
}

void client_stop(struct mn *mn)
{
	waiters_refuse(&mn->waiters, NULL, "the node is shutting down");
	for (unsigned i = 0; i < mn->count; i++) {
		pac_free(mn->networks[i].pac);
		udp_close(mn->networks[i].udp);
		pac_free(mn->networks[i].past);
	}
	timer_free(mn->timer);
	udp_close(mn->udp);
	eap_tls_context_free(mn->tls);
}
