// SPDX-License-Identifier: Apache-2.0
/*
 * One state machine moves the node. Its upper rows are the way of a node that did nothing
 * beforehand: join, authenticate, get an address, tell the correspondents. Its lower rows are the
 * six steps of RFC 6252 §6.3, the step in each row: authenticate with the agent of the new network,
 * get an address and a tunnel there (1, 2), tell the correspondents through the tunnel (3), have
 * packets held back and the tunnel deleted (4), move the radio (5), use the address (6).
 *
 * RFC 6252 leaves open what happens when the move comes before all that is done (the old network
 * is lost, or the command says so): with an address in hand the node goes on as if prepared and
 * tells its correspondents afterwards; without one it falls back to the upper rows. What the new
 * network refuses ends the preparation, and the node stays where it is.
 */
#include <errno.h>
#include <stdlib.h>

#include "ref/mn/candidates.h"

/* --- guards ----------------------------------------------------------------------------------- */

static bool has_agent(const void *context, const void *input)
{
	const struct handover *h = context;

	(void)input;
	return h->target->paa.family != 0;
}

static bool can_go_back(const void *context, const void *input)
{
	const struct handover *h = context;

	(void)input;
	return h->previous && h->previous != h->target && !h->going_back;
}

static bool has_session(const void *context, const void *input)
{
	const struct handover *h = context;

	(void)input;
	return h->target->pac && pac_open(h->target->pac);
}

static bool authenticates_by_ike(const void *context, const void *input)
{
	(void)input;
	return handover_by_eap(context);
}

static bool reuses_session(const void *context, const void *input)
{
	(void)input;
	return ((const struct handover *)context)->reused;
}

/* The key that the router does not know: of a session that it has forgotten. */
static bool may_authenticate_anew(const void *context, const void *input)
{
	const struct handover *h = context;

	(void)input;
	return h->reused && handover_by_ike(h);
}

static bool wants_move(const void *context, const void *input)
{
	(void)input;
	return ((const struct handover *)context)->go;
}

static bool has_tunnel(const void *context, const void *input)
{
	(void)input;
	return ((const struct handover *)context)->tunnel.up;
}

static bool is_bound(const void *context, const void *input)
{
	(void)input;
	return ((const struct handover *)context)->bound;
}

static bool knows_the_network(const void *context, const void *input)
{
	const struct handover *h = context;
	const char *ssid = station_ssid(h->station);

	(void)input;
	for (unsigned i = 0; i < h->mn->count; i++)
		if (h->mn->networks[i].settings->ssid &&
			strcmp(h->mn->networks[i].settings->ssid, ssid) == 0)
			return true;
	return false;
}

/* --- the machine ------------------------------------------------------------------------------ */

static const char *const state_names[] = {
#define X(symbol, name) name,
	MOVE_STATES(X)
#undef X
};

static const char *const event_names[] = {
#define X(symbol, name) name,
	MOVE_EVENTS(X)
#undef X
};

#define ROW(from, event, guard, to, action, section)                                               \
	{ MOVE_##from, MOVE_EVENT_##event, guard, MOVE_##to, action, section, #guard, #action }
#define STAY(from, event, guard, action, section)                                                  \
	{ MOVE_##from, MOVE_EVENT_##event, guard, FSM_SAME, action, section, #guard, #action }
#define STEP(n) "RFC 6252 §6.3 step " #n

static const struct fsm_row rows[] = {
	/* unprepared */
	ROW(DETACHED, GO_UNPREPARED, NULL, JOINING, act_join, NULL),
	ROW(ATTACHED, GO_UNPREPARED, NULL, JOINING, act_join, NULL),
	ROW(JOINING, L2_UP, has_agent, REACHING, act_reach_agent, NULL),
	ROW(JOINING, L2_UP, NULL, CONFIGURING, act_acquire, NULL),
	ROW(REACHING, REACHED, has_session, CONFIGURING, act_acquire, NULL),
	ROW(REACHING, REACHED, NULL, AUTHENTICATING, act_authenticate, NULL),
	ROW(AUTHENTICATING, AUTHENTICATED, NULL, CONFIGURING, act_acquire, NULL),
	ROW(CONFIGURING, LEASE, NULL, REGISTERING, act_register, NULL),
	ROW(REGISTERING, BOUND, NULL, ATTACHED, act_complete, NULL),

	/* it does not work there: back to where the node came from, once */
	ROW(JOINING, L2_FAILED, can_go_back, JOINING, act_go_back, NULL),
	ROW(JOINING, TIMEOUT, can_go_back, JOINING, act_go_back, NULL),
	ROW(REACHING, REFUSED, can_go_back, JOINING, act_go_back, NULL),
	ROW(AUTHENTICATING, REFUSED, can_go_back, JOINING, act_go_back, NULL),
	ROW(AUTHENTICATING, TIMEOUT, can_go_back, JOINING, act_go_back, NULL),
	ROW(CONFIGURING, REFUSED, can_go_back, JOINING, act_go_back, NULL),
	ROW(CONFIGURING, TIMEOUT, can_go_back, JOINING, act_go_back, NULL),
	ROW(JOINING, L2_FAILED, NULL, DETACHED, act_fail, NULL),
	ROW(JOINING, TIMEOUT, NULL, DETACHED, act_fail, NULL),
	ROW(REACHING, REFUSED, NULL, DETACHED, act_fail, NULL),
	ROW(REACHING, TIMEOUT, NULL, DETACHED, act_fail, NULL),
	ROW(AUTHENTICATING, REFUSED, NULL, DETACHED, act_fail, NULL),
	ROW(AUTHENTICATING, TIMEOUT, NULL, DETACHED, act_fail, NULL),
	ROW(CONFIGURING, REFUSED, NULL, DETACHED, act_fail, NULL),
	ROW(CONFIGURING, TIMEOUT, NULL, DETACHED, act_fail, NULL),
	ROW(REGISTERING, REFUSED, NULL, ATTACHED, act_fail, NULL),
	ROW(REGISTERING, TIMEOUT, NULL, ATTACHED, act_fail, NULL),
	ROW(REACHING, L2_DOWN, NULL, JOINING, NULL, NULL),
	ROW(AUTHENTICATING, L2_DOWN, NULL, JOINING, NULL, NULL),
	ROW(CONFIGURING, L2_DOWN, NULL, JOINING, NULL, NULL),

	/* without being told: the radio comes and goes */
	ROW(ATTACHED, L2_DOWN, NULL, DETACHED, NULL, NULL),
	ROW(DETACHED, L2_UP, knows_the_network, JOINING, act_resume, NULL),
	ROW(ATTACHED, REFUSED, NULL, DETACHED, NULL, NULL),
	/* somebody else has the address, or the server wants it back: another */
	ROW(ATTACHED, LOST, NULL, CONFIGURING, act_tell_lost, "RFC 5227 §2.4"),
	ROW(REGISTERING, LOST, NULL, CONFIGURING, act_tell_lost, "RFC 5227 §2.4"),

	/* prepared */
	ROW(ATTACHED, PREPARE, authenticates_by_ike, PRE_CONFIGURING, act_request_address,
		"RFC 7296 §2.16"),
	ROW(ATTACHED, PREPARE, has_session, PRE_CONFIGURING, act_reuse_session, STEP(2)),
	ROW(ATTACHED, PREPARE, NULL, PRE_AUTHENTICATING, act_preauthenticate, STEP(1)),
	ROW(PRE_AUTHENTICATING, AUTHENTICATED, NULL, PRE_CONFIGURING, act_request_address, STEP(2)),
	ROW(PRE_CONFIGURING, ADDRESS, NULL, PRE_TUNNELLING, act_request_tunnel, STEP(2)),
	ROW(PRE_TUNNELLING, TUNNEL, wants_move, LOOKING, act_look, "RFC 6252 §7.6.3"),
	ROW(PRE_TUNNELLING, TUNNEL, NULL, PREPARED, act_tell_prepared, STEP(2)),
	ROW(PREPARED, GO, NULL, LOOKING, act_look, "RFC 6252 §7.6.3"),
	/* several candidates: one after the other, and any of them again */
	ROW(PREPARED, PARK, NULL, ATTACHED, act_park, "RFC 6252 §7.2"),
	ROW(ATTACHED, RESUME, has_tunnel, PREPARED, NULL, "RFC 6252 §7.2"),
	ROW(ATTACHED, RESUME, NULL, PRE_TUNNELLING, act_request_tunnel, "RFC 6252 §7.2"),
	ROW(LOOKING, SEEN, NULL, BINDING, act_bind, STEP(3)),
	ROW(BINDING, BOUND, NULL, HANDING_OVER, act_hand_over, STEP(4)),
	ROW(HANDING_OVER, DONE, NULL, SWITCHING, act_switch, STEP(5)),
	STAY(SWITCHING, ASSOCIATED, NULL, act_arrive, STEP(6)),
	ROW(SWITCHING, L2_UP, NULL, KNOCKING, act_knock, STEP(6)),
	ROW(KNOCKING, REACHED, NULL, ARRIVING, act_announce, STEP(6)),
	ROW(ARRIVING, DONE, is_bound, ATTACHED, act_complete, STEP(6)),
	ROW(ARRIVING, DONE, NULL, REGISTERING, act_register, "RFC 6252 §7.5"),

	/* the word to go comes while the preparation runs */
	STAY(PRE_AUTHENTICATING, GO, NULL, act_want_move, NULL),
	STAY(PRE_CONFIGURING, GO, NULL, act_want_move, NULL),
	STAY(PRE_TUNNELLING, GO, NULL, act_want_move, NULL),

	/* the new network does not want us: stay */
	ROW(PRE_AUTHENTICATING, REFUSED, NULL, ATTACHED, act_abandon, NULL),
	ROW(PRE_AUTHENTICATING, TIMEOUT, NULL, ATTACHED, act_abandon, NULL),
	/* a session of before, which the agent may have forgotten */
	ROW(PRE_CONFIGURING, TIMEOUT, reuses_session, PRE_AUTHENTICATING, act_preauthenticate,
		NULL),
	ROW(PRE_CONFIGURING, REFUSED, may_authenticate_anew, PRE_AUTHENTICATING,
		act_preauthenticate, NULL),
	ROW(PRE_CONFIGURING, REFUSED, NULL, ATTACHED, act_abandon, NULL),
	ROW(PRE_CONFIGURING, TIMEOUT, NULL, ATTACHED, act_abandon, NULL),
	ROW(PRE_TUNNELLING, REFUSED, NULL, ATTACHED, act_abandon, NULL),
	ROW(PRE_TUNNELLING, TIMEOUT, NULL, ATTACHED, act_abandon, NULL),
	ROW(PREPARED, REFUSED, NULL, ATTACHED, act_abandon, NULL),
	ROW(PREPARED, TIMEOUT, NULL, ATTACHED, act_abandon, NULL),
	ROW(LOOKING, REFUSED, NULL, ATTACHED, act_abandon, NULL),
	ROW(LOOKING, TIMEOUT, NULL, ATTACHED, act_abandon, NULL),
	ROW(BINDING, REFUSED, NULL, ATTACHED, act_abandon, NULL),
	ROW(BINDING, TIMEOUT, NULL, ATTACHED, act_abandon, NULL),
	ROW(HANDING_OVER, REFUSED, NULL, ATTACHED, act_abandon, NULL),
	ROW(HANDING_OVER, TIMEOUT, NULL, ATTACHED, act_abandon, NULL),

	/* the move comes early */
	ROW(PRE_AUTHENTICATING, EARLY, NULL, JOINING, act_fall_back, NULL),
	ROW(PRE_CONFIGURING, EARLY, NULL, JOINING, act_fall_back, NULL),
	ROW(PRE_TUNNELLING, EARLY, NULL, SWITCHING, act_switch_early, NULL),
	ROW(PREPARED, EARLY, NULL, SWITCHING, act_switch_early, NULL),
	ROW(LOOKING, EARLY, NULL, SWITCHING, act_switch_early, NULL),
	ROW(BINDING, EARLY, NULL, SWITCHING, act_switch_early, NULL),
	ROW(HANDING_OVER, EARLY, NULL, SWITCHING, act_switch_early, NULL),

	/* the radio does not get there: back */
	ROW(SWITCHING, L2_FAILED, NULL, JOINING, act_go_back, NULL),
	ROW(SWITCHING, TIMEOUT, NULL, JOINING, act_go_back, NULL),
	ROW(KNOCKING, TIMEOUT, NULL, ARRIVING, act_announce, STEP(6)),
	/* the router does not answer, though we are in its network: what we can do is done */
	ROW(ARRIVING, REFUSED, is_bound, ATTACHED, act_complete, NULL),
	ROW(ARRIVING, TIMEOUT, is_bound, ATTACHED, act_complete, NULL),
	ROW(ARRIVING, REFUSED, NULL, REGISTERING, act_register, NULL),
	ROW(ARRIVING, TIMEOUT, NULL, REGISTERING, act_register, NULL),
	ROW(ARRIVING, L2_DOWN, NULL, SWITCHING, NULL, NULL),
	ROW(KNOCKING, L2_DOWN, NULL, SWITCHING, NULL, NULL),
	ROW(KNOCKING, REFUSED, NULL, REGISTERING, act_register, NULL),

	{ FSM_ANY, MOVE_EVENT_LEAVE, NULL, MOVE_DETACHED, act_leave, NULL, NULL, "act_leave" },
};

static const struct fsm machine = {
	.name = "handover",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.states = state_names,
	.events = event_names,
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) <= MOVE_ROWS_MAX, "a counter for each row");

const struct fsm *handover_machine(void)
{
	return &machine;
}

static void set_patience(struct handover *h)
{
	btime until = btime_add(loop_now(), h->settings->patience);

	if (h->state == MOVE_DETACHED || h->state == MOVE_ATTACHED)
		until = BTIME_NEVER;
	else if (h->state == MOVE_PREPARED) /* a preparation stands as long as its tunnel may */
		until = h->tunnel_until;
	timer_set(h->patience, until);
}

void handover_step(struct handover *h, enum move_event event)
{
	int from = h->state, row;

	fsm_step(&machine, &h->state, (int)event, h, NULL, h->hits, &row);
	log_debug(h->node->log, "handover: %s, %s%s", state_names[from], event_names[event],
		row < 0 ? ": nothing to do" : "");
	if (row >= 0)
		set_patience(h);
}

void handover_fail(struct handover *h, enum move_event event, const char *why)
{
	snprintf(h->why, sizeof(h->why), "%s", why);
	handover_step(h, event);
}

static void timer_patience_over(void *context)
{
	struct handover *h = context;
	char why[96];

	snprintf(why, sizeof(why), "%s took too long", state_names[h->state]);
	handover_fail(h, MOVE_EVENT_TIMEOUT, why);
}

static void timer_settle_due(void *context)
{
	handover_settle(context);
}

/* --- what the radio, the lease and the correspondents say --------------------------------------- */

/* Before the tunnel is deleted, the end of the old link means that the move has begun without us. */
static bool prepares(const struct handover *h)
{
	return h->state >= MOVE_PRE_AUTHENTICATING && h->state <= MOVE_HANDING_OVER;
}

static void radio_left(struct handover *h, const char *detail)
{
	log_event(h->node->log, "l2_down", "{s:s}", "detail", detail);
	if (prepares(h))
		handover_fail(h, MOVE_EVENT_EARLY, "the old network is lost");
	else
		handover_step(h, MOVE_EVENT_L2_DOWN);
}

static void radio_report(void *context, enum station_report report, const char *ssid,
	const char *detail)
{
	struct handover *h = context;

	switch (report) {
	case STATION_LEFT:
		radio_left(h, detail);
		break;
	case STATION_ASSOCIATED:
		log_event(h->node->log, "l2_associated", "{s:s}", "ssid", ssid);
		handover_step(h, MOVE_EVENT_ASSOCIATED);
		break;
	case STATION_SEEN:
		handover_step(h, MOVE_EVENT_SEEN);
		break;
	case STATION_NOT_SEEN:
		handover_fail(h, MOVE_EVENT_REFUSED, detail);
		break;
	case STATION_JOINED:
		log_event(h->node->log, "l2_up", "{s:s}", "ssid", ssid);
		handover_step(h, MOVE_EVENT_L2_UP);
		break;
	case STATION_FAILED:
		log_event(h->node->log, "l2_failed", "{s:s,s:s}", "ssid", ssid, "detail", detail);
		handover_fail(h, MOVE_EVENT_L2_FAILED, detail);
		break;
	}
}

/* Unanswered, the node goes on all the same: a router need not answer ARP at once. */
static void reached(void *context, bool answered)
{
	struct handover *h = context;

	if (!answered)
		log_debug(h->node->log, "nobody answers ARP on the new link");
	handover_step(h, MOVE_EVENT_REACHED);
}

static void lease_bound(void *context, const struct lease_address *address)
{
	(void)address;
	handover_step(context, MOVE_EVENT_LEASE);
}

static void lease_failed(void *context, const char *why)
{
	handover_fail(context, MOVE_EVENT_REFUSED, why);
}

static void lease_lost(void *context, const char *why)
{
	handover_fail(context, MOVE_EVENT_LOST, why);
}

static void home_bound(void *context)
{
	struct handover *h = context;

	h->bound = true;
	handover_step(h, MOVE_EVENT_BOUND);
}

static void home_failed(void *context, const char *why)
{
	handover_fail(context, MOVE_EVENT_REFUSED, why);
}

/* --- what the agent says ----------------------------------------------------------------------- */

static void take_context(struct handover *h, const struct mpa_address_context *c)
{
	h->next = (struct lease_address){ .address = prefix_of_endpoint(&c->address),
		.router = prefix_of_endpoint(&c->router) };
	h->next.address.length = c->prefix_length;
	memcpy(h->next.router_mac, c->router_mac, 6);
	h->next.router_mac_known = memcmp(c->router_mac, "\0\0\0\0\0\0", 6) != 0;
	handover_step(h, MOVE_EVENT_ADDRESS);
}

static void take_parameters(struct handover *h, const struct mpa_tunnel_parameters *p)
{
	const struct pana_session_keys *keys = pac_keys(h->target->pac);
	char why[160] = "the session has no keys";

	if (h->state != MOVE_PRE_TUNNELLING)
		return;
	h->tunnel_until = btime_add(loop_now(), (btime)p->lifetime * BTIME_S);
	if (!keys || tunnel_raise(&h->tunnel, h->node, p, keys->mn_ar, why, sizeof(why)) < 0)
		handover_fail(h, MOVE_EVENT_REFUSED, why);
	else
		handover_step(h, MOVE_EVENT_TUNNEL);
}

static void take_status(struct handover *h, const struct mpa_handover_status *s)
{
	char why[192];

	if (s->code == MPA_DONE || s->code == MPA_ATTACHED) {
		handover_step(h, MOVE_EVENT_DONE);
		return;
	}
	snprintf(why, sizeof(why), "the router says %s%s%s", mpa_status_name(s->code),
		s->detail[0] ? ": " : "", s->detail);
	handover_fail(h, MOVE_EVENT_REFUSED, why);
}

static void take_notification(struct handover *h, struct view message)
{
	struct mpa_address_context context;
	struct mpa_tunnel_parameters parameters;
	struct mpa_handover_status status;
	struct packet p;

	if (pana_decode(message, &p, NULL) < 0)
		return;
	for (unsigned i = 0; i < p.element_count; i++) {
		const struct element_value *e = &p.elements[i];
		if (e->vendor != PANA_VENDOR)
			continue;
		if (e->code == PANA_MPA_ADDRESS_CONTEXT &&
			mpa_decode_address_context(e->value, &context) == 0 &&
			context.request_id == h->request_id)
			take_context(h, &context);
		else if (e->code == PANA_MPA_TUNNEL_PARAMETERS &&
			mpa_decode_tunnel_parameters(e->value, &parameters) == 0 &&
			parameters.request_id == h->request_id)
			take_parameters(h, &parameters);
		else if (e->code == PANA_MPA_HANDOVER_STATUS &&
			mpa_decode_handover_status(e->value, &status) == 0 &&
			status.request_id == h->request_id)
			take_status(h, &status);
	}
}

static bool ends_session(int report)
{
	return report == PANA_REPORT_FAILED || report == PANA_REPORT_TERMINATED ||
		report == PANA_REPORT_EXPIRED || report == PANA_REPORT_UNREACHABLE;
}

/* The session with the agent of the network we are in is gone: another, unless we are not wanted. */
static void session_ended(struct handover *h, struct network *network, int report, const char *why)
{
	struct endpoint local = endpoint_of_prefix(&lease_address(h->lease)->address, 0);

	log_event(h->node->log, "access_lost", "{s:s,s:s}", "network", network->settings->name,
		"reason", why);
	if (report == PANA_REPORT_EXPIRED || report == PANA_REPORT_UNREACHABLE)
		client_begin(network, &local, false);
}

void handover_pana(struct handover *h, struct network *network, const struct action *report)
{
	char why[160];

	if (h && network != h->target)
		candidates_pana(h, network, report);
	if (!h || network != h->target)
		return;
	snprintf(why, sizeof(why), "PANA: %s%s%.*s", pana_report_name((enum pana_report)report->event),
		report->data.size ? ": " : "", (int)report->data.size,
		report->data.size ? (const char *)report->data.data : "");
	if (report->event == PANA_REPORT_AUTHENTICATED || report->event == PANA_REPORT_PREAUTHORISED)
		handover_step(h, MOVE_EVENT_AUTHENTICATED);
	else if (report->event == PANA_REPORT_NOTIFIED)
		take_notification(h, report->data);
	else if (h->state == MOVE_ARRIVING && (report->event == PANA_REPORT_ALIVE ||
						      report->event == PANA_REPORT_POSTAUTHORISED))
		handover_step(h, MOVE_EVENT_DONE); /* the router has taken our new address */
	else if (ends_session(report->event) && h->state != MOVE_ATTACHED)
		handover_fail(h, MOVE_EVENT_REFUSED, why);
	else if (ends_session(report->event))
		session_ended(h, network, report->event, why);
}

/* --- life ------------------------------------------------------------------------------------- */

static bool open_ike(struct handover *h)
{
	struct ike_tunnels_config config = { .node = h->node, .settings = h->settings,
		.context = h, .report = handover_ike };

	h->ike = ike_tunnels_open(&config);
	return h->ike != NULL;
}

struct handover *handover_new(struct mn *mn)
{
	struct handover *h = host_alloc(sizeof(*h));
	struct station_callbacks radio = { .context = h, .report = radio_report };
	struct lease_callbacks lease = { h, lease_bound, lease_failed, lease_lost };
	struct home_callbacks home = { h, home_bound, home_failed };

	h->mn = mn;
	h->node = mn->node;
	h->settings = mn->settings->device;
	h->patience = timer_new(mn->node->loop, timer_patience_over, h);
	h->settle = timer_new(mn->node->loop, timer_settle_due, h);
	h->candidates = timer_new(mn->node->loop, candidates_expire, h);
	h->lease = lease_open(mn->node, h->settings, &lease);
	h->reach = reach_open(mn->node, h->settings->name, reached, h);
	h->home = h->lease && h->reach ? home_open(mn->node, mn->settings->home, &home) : NULL;
	h->station = h->home ? station_open(mn->node, h->settings, &radio) : NULL;
	if (!h->station || (handover_by_ike(h) && !open_ike(h))) {
		handover_free(h);
		return NULL;
	}
	tunnel_prepare(h->node, h->settings);
	return h;
}

void handover_free(struct handover *h)
{
	if (!h)
		return;
	station_close(h->station);
	candidates_drop(h, "ended");
	tunnel_lower(&h->tunnel, h->node, "ended");
	tunnel_clear(&h->tunnel, h->node);
	ike_tunnels_close(h->ike);
	home_close(h->home);
	lease_close(h->lease);
	reach_close(h->reach);
	timer_free(h->patience);
	timer_free(h->settle);
	timer_free(h->candidates);
	free(h);
}

json_t *handover_json(const struct handover *h)
{
	const struct lease_address *a = lease_address(h->lease);
	char address[PREFIX_TEXT], next[PREFIX_TEXT];
	json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:o}", "state", state_names[h->state], "ssid",
		station_ssid(h->station), "address", prefix_text(&a->address, address), "next_address",
		prefix_text(&h->next.address, next), "home", home_json(h->home)), *ike;

	if (h->target && h->target != h->mn->serving)
		json_object_set_new(object, "target", json_string(h->target->settings->name));
	json_object_set_new(object, "tunnel", json_boolean(h->tunnel.up));
	if (h->tunnel.ike && (ike = ike_tunnel_json(h->tunnel.ike)))
		json_object_set_new(object, "ike", ike);
	if (h->why[0])
		json_object_set_new(object, "last_failure", json_string(h->why));
	return object;
}

json_t *handover_rows(const struct handover *h)
{
	return pana_fsm_json(&machine, h->hits);
}
