// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "ref/base/crypto.h"
#include "ref/host/udp.h"
#include "ref/ike/ike_key_log.h"
#include "ref/mn/ike_tunnel.h"
#include "ref/node/ike_journal.h"
#include "ref/node/mpa_ike.h"
#include "ref/node/transforms.h"
#include "ref/pana/pana_mpa.h"

struct ike_tunnel {
	struct ike_tunnel *next;
	struct ike_tunnels *all;
	struct ike_connection connection;
	uint8_t psk[MPA_KEY_SIZE];
	struct ike_sa *sa; /* NULL: it is over */
	struct endpoint local, router;
	struct ike_child_info child;
	struct ike_internal given;
	bool has_child, has_address, told;
	bool left;    /* nobody asks for it any more */
	bool pending; /* `report` is to be told when the list of actions is done */
	enum ike_tunnel_report report;
	char why[160];
};

struct ike_tunnels {
	struct ike_tunnels_config config;
	struct ike *ike;
	struct udp *udp;
	struct timer *timer;
	struct ike_credentials *trust; /* of routers, for EAP; NULL: none */
	struct ike_tunnel *first;
};

static struct node *node_of(const struct ike_tunnels *all)
{
	return all->config.node;
}

/* --- reports ---------------------------------------------------------------------------------- */

static struct ike_tunnel *tunnel_of(const struct ike_tunnels *all, const struct ike_sa *sa)
{
	struct ike_tunnel *t = all->first;

	while (t && (!sa || t->sa != sa))
		t = t->next;
	return t;
}

static void tell_later(struct ike_tunnel *t, enum ike_tunnel_report report, struct view why,
	const char *otherwise)
{
	if (report == IKE_TUNNEL_FAILED && t->told)
		report = IKE_TUNNEL_OVER;
	t->pending = true;
	t->report = report;
	if (why.size)
		snprintf(t->why, sizeof(t->why), "IKE: %.*s", (int)why.size,
			(const char *)why.data);
	else
		snprintf(t->why, sizeof(t->why), "IKE: %s", otherwise);
}

static void take_child(struct ike_tunnel *t, const struct action *a)
{
	if (t->has_child) { /* handover tunnels are not kept for so long */
		tell_later(t, IKE_TUNNEL_OVER, VIEW_EMPTY, "the router makes new keys");
		return;
	}
	memcpy(&t->child, a->data.data, sizeof(t->child));
	t->has_child = true;
	if (!t->has_address)
		tell_later(t, IKE_TUNNEL_FAILED, VIEW_EMPTY, "the router gives no address");
	else if (t->child.encapsulated)
		tell_later(t, IKE_TUNNEL_FAILED, VIEW_EMPTY, "there is a NAT on the way");
	else
		tell_later(t, IKE_TUNNEL_READY, VIEW_EMPTY, "ready");
}

static void log_keys(const struct ike_tunnels *all, const struct ike_sa *sa)
{
	char line[IKE_KEY_LOG_MAX];

	node_key(node_of(all), "%s", ike_key_log(ike_sa_suite(sa), ike_sa_keys(sa),
					     ike_sa_spi_i(sa), ike_sa_spi_r(sa), line));
	wipe(line, sizeof(line));
}

static void take_end(struct ike_tunnel *t, const struct action *a, const char *otherwise)
{
	t->sa = NULL;
	tell_later(t, IKE_TUNNEL_FAILED, a->data, otherwise);
}

static void take_report(struct ike_tunnels *all, const struct action *a)
{
	struct ike_tunnel *t = tunnel_of(all, a->session);

	if (log_event_wanted(node_of(all)->log))
		ike_journal(node_of(all)->log, a, a->session ? ike_v2_json(a->session) : NULL);
	if (!t)
		return;
	switch ((enum ike_report)a->event) {
	case IKE_REPORT_ESTABLISHED: log_keys(all, a->session); break;
	case IKE_REPORT_ADDRESS:
		memcpy(&t->given, a->data.data, sizeof(t->given));
		t->has_address = true;
		break;
	case IKE_REPORT_CHILD_UP: take_child(t, a); break;
	case IKE_REPORT_CHILD_DOWN:
		tell_later(t, IKE_TUNNEL_OVER, VIEW_EMPTY, "the router has deleted the tunnel");
		break;
	case IKE_REPORT_CHILD_FAILED:
		tell_later(t, IKE_TUNNEL_FAILED, a->data, "the router refuses the tunnel");
		break;
	case IKE_REPORT_DOWN: take_end(t, a, "deleted"); break;
	case IKE_REPORT_FAILED: take_end(t, a, "it failed"); break;
	case IKE_REPORT_EXPIRED:
	case IKE_REPORT_UNREACHABLE: take_end(t, a, "the router does not answer"); break;
	case IKE_REPORT_REKEYED: t->sa = (struct ike_sa *)a->session; break;
	case IKE_REPORT_ADDRESS_WANTED:
	case IKE_REPORT_MOVED:
	case IKE_REPORT_CHANGING:
	case IKE_REPORT_MIGRATED:
	case IKE_REPORT_VERIFIED:
	case IKE_REPORT_CHANGE_REFUSED:
	case IKE_REPORT_ALIVE:
	case IKE_REPORT_NOTIFIED:
	case IKE_REPORT_REJECTED: break;
	}
}

/* Whether the engine still has an SA of the tunnel's, be it to answer repeated requests. */
static bool is_used(const struct ike_tunnel *t)
{
	for (const struct ike_sa *sa = ike_next(t->all->ike, NULL); sa;
		sa = ike_next(t->all->ike, sa))
		if (ike_sa_connection(sa) == &t->connection)
			return true;
	return false;
}

static void release(struct ike_tunnel *t)
{
	wipe(t, sizeof(*t));
	free(t);
}

static void release_unused(struct ike_tunnels *all)
{
	for (struct ike_tunnel **at = &all->first, *t; (t = *at);) {
		if (!t->left || is_used(t)) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		release(t);
	}
}

/* Who hears a report may begin and leave tunnels: from the first again after each. */
static void tell_pending(struct ike_tunnels *all)
{
	struct ike_tunnel *t = all->first;

	while (t) {
		if (!t->pending || t->left) {
			t = t->next;
			continue;
		}
		t->pending = false;
		t->told = true;
		all->config.report(all->config.context, t, t->report, t->why);
		t = all->first;
	}
}

static void carry(struct ike_tunnels *all, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		int result = a->kind == ACTION_SEND ?
			udp_send(all->udp, &a->local, &a->peer, a->data) : 0;
		if (a->kind == ACTION_REPORT)
			take_report(all, a);
		if (result < 0)
			log_debug(node_of(all)->log, "an IKE message was not sent: %s",
				strerror(-result));
	}
	timer_set(all->timer, ike_due(all->ike));
	tell_pending(all);
}

/* --- from the host ---------------------------------------------------------------------------- */

static void receive(void *context, const struct udp_datagram *d)
{
	struct ike_tunnels *all = context;
	struct actions actions;

	actions_clear(&actions);
	ike_input(all->ike, &d->local, &d->peer, d->data, loop_now(), &actions);
	carry(all, &actions);
	release_unused(all);
}

static void timer_due(void *context)
{
	struct ike_tunnels *all = context;
	struct actions actions;

	actions_clear(&actions);
	ike_tick(all->ike, loop_now(), &actions);
	carry(all, &actions);
	release_unused(all);
}

/* --- tunnels ---------------------------------------------------------------------------------- */

static void by_key(struct ike_tunnel *t, const struct ike_tunnel_order *o)
{
	struct ike_connection *c = &t->connection;

	memcpy(t->psk, o->mn_ar, sizeof(t->psk));
	c->psk = VIEW_OF(t->psk);
	mpa_ike_id(o->session, o->key_id, &c->local_id);
	c->remote_id = (struct ike_id){ .type = IKE_ID_IPV4_ADDR, .size = 4 };
	memcpy(c->remote_id.data, o->router.address, 4);
}

/* RFC 7296 §2.16: the router by certificate, of whatever name is in it. */
static void by_eap(struct ike_tunnel *t, const struct ike_tunnel_order *o)
{
	struct ike_connection *c = &t->connection;

	ike_id_parse(o->identity, &c->local_id);
	c->local_means = IKE_BY_EAP;
	c->remote_means = IKE_BY_CERTIFICATE;
	c->credentials = t->all->trust;
	c->eap = o->eap;
	c->eap_context = o->eap_context;
}

static void set_up(struct ike_tunnel *t, const struct ike_tunnel_order *o)
{
	const struct device_settings *s = t->all->config.settings;
	struct ike_connection *c = &t->connection;

	mpa_ike_connection(c, transforms_of(&s->transforms));
	t->local = o->care_of;
	t->local.port = udp_local(t->all->udp).port;
	t->router = o->router;
	t->router.port = htons((uint16_t)s->ike_port);
	c->name = "tunnel";
	c->local = t->local;
	c->remote = t->router;
	if (o->mn_ar)
		by_key(t, o);
	else
		by_eap(t, o);
	c->ask_address = true;
	c->ask = o->ask;
	mpa_ike_everything(&c->remote_ts);
}

struct ike_tunnel *ike_tunnel_begin(struct ike_tunnels *all, const struct ike_tunnel_order *order)
{
	struct ike_tunnel *t = host_alloc(sizeof(*t));
	struct actions actions;

	t->all = all;
	t->next = all->first;
	all->first = t;
	set_up(t, order);
	actions_clear(&actions);
	t->sa = ike_initiate(all->ike, &t->connection, loop_now(), &actions);
	carry(all, &actions);
	return t;
}

void ike_tunnel_delete(struct ike_tunnel *t, const struct endpoint *local)
{
	struct ike_event event = { .kind = IKE_EVENT_DELETE };
	struct actions actions;

	if (!t->sa)
		return;
	if (local)
		event.local = *local;
	actions_clear(&actions);
	ike_event(t->all->ike, t->sa, &event, loop_now(), &actions);
	carry(t->all, &actions);
}

void ike_tunnel_leave(struct ike_tunnel *t)
{
	if (!t)
		return;
	t->left = true;
	ike_tunnel_delete(t, NULL);
	timer_set(t->all->timer, loop_now()); /* to be released when nothing looks at it */
}

bool ike_tunnel_is_over(const struct ike_tunnel *t)
{
	return !t->sa;
}

const struct ike_child_info *ike_tunnel_child(const struct ike_tunnel *t)
{
	return &t->child;
}

const struct ike_internal *ike_tunnel_address(const struct ike_tunnel *t)
{
	return &t->given;
}

const struct endpoint *ike_tunnel_local(const struct ike_tunnel *t)
{
	return &t->local;
}

const struct endpoint *ike_tunnel_router(const struct ike_tunnel *t)
{
	return &t->router;
}

json_t *ike_tunnel_json(const struct ike_tunnel *t)
{
	json_t *object;

	if (!t || !t->sa)
		return NULL;
	object = ike_v2_json(t->sa);
	json_object_del(object, "connection");
	if (t->has_child)
		json_object_set_new(object, "child", ike_child_json(&t->child));
	return object;
}

/* --- life ------------------------------------------------------------------------------------- */

static int read_trust(struct ike_tunnels *all)
{
	struct ike_credentials_config files = { .ca_file = all->config.settings->ike_ca };
	char error[256];

	if (!files.ca_file)
		return 0;
	all->trust = ike_credentials_new(&files, error, sizeof(error));
	if (!all->trust)
		log_error(node_of(all)->log, "%s", error);
	return all->trust ? 0 : -1;
}

struct ike_tunnels *ike_tunnels_open(const struct ike_tunnels_config *config)
{
	struct ike_tunnels *all = host_alloc(sizeof(*all));
	struct ike_config engine;
	struct endpoint any;

	all->config = *config;
	ike_config_default(&engine);
	engine.random = &config->node->random;
	engine.epoch = (int64_t)time(NULL) - (int64_t)(loop_now() / BTIME_S);
	engine.port = (uint16_t)config->settings->ike_port;
	all->ike = ike_new(&engine);
	all->timer = timer_new(config->node->loop, timer_due, all);
	endpoint_parse("0.0.0.0:0", 0, &any);
	all->udp = udp_open(config->node->loop, &any, NULL, receive, all);
	int result = all->udp ? udp_bypass_ipsec(all->udp) : -errno;
	if (result == 0 && read_trust(all) == 0)
		return all;
	if (result < 0)
		log_error(config->node->log, "the socket for IKE: %s", strerror(-result));
	ike_tunnels_close(all);
	return NULL;
}

void ike_tunnels_close(struct ike_tunnels *all)
{
	if (!all)
		return;
	ike_free(all->ike);
	while (all->first) {
		struct ike_tunnel *t = all->first;
		all->first = t->next;
		release(t);
	}
	ike_credentials_free(all->trust);
	timer_free(all->timer);
	udp_close(all->udp);
	free(all);
}
