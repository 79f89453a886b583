// SPDX-License-Identifier: Apache-2.0
/*
 * Handover tunnels managed by IKEv2 (RFC 6252 §7.3.2): a mobile node that has pre-authenticated comes
 * with the MN-AR key as the shared secret, gets its address by configuration payload, and its Child
 * SA is the tunnel. One engine has the IKE SAs of all clients; a client knows its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "ref/ar/access_inside.h"
#include "ref/base/crypto.h"
#include "ref/ike/ike_key_log.h"
#include "ref/node/aaa.h"
#include "ref/node/child_sa.h"
#include "ref/node/ike_journal.h"
#include "ref/node/mpa_ike.h"
#include "ref/node/transforms.h"
#include "ref/radius/radius_client.h"

enum { BY_KEY, BY_EAP };

struct access_ike {
	struct access *access;
	struct ike *ike;
	struct ike_connection connections[2]; /* by the MN-AR key; by EAP */
	struct ike_credentials *credentials; /* ours, for EAP; NULL: not taken */
	struct aaa *aaa; /* where EAP is passed on to; NULL: the users are kept here */
	struct endpoint from; /* of the message that is being worked on; family 0: none is */
	struct udp *udp;
	struct timer *timer;
	bool busy; /* with a list of actions: the engine is not called meanwhile */
	bool unowned; /* there may be SAs that no client has any more */
};

static struct log *log_of(const struct access_ike *x)
{
	return x->access->ar->node->log;
}

/* --- whose it is ------------------------------------------------------------------------------ */

static struct paa_session *session_of(const struct access_ike *x, const struct ike_id *id)
{
	uint32_t session, key_id;

	if (!mpa_ike_id_read(id, &session, &key_id))
		return NULL;
	struct paa_session *s = paa_find(x->access->ar->paa, session);
	const struct pana_session_keys *keys = s ? paa_session_keys(s) : NULL;
	return keys && keys->key_id == key_id ? s : NULL;
}

static struct view key_of(void *context, const struct ike_id *peer)
{
	struct paa_session *s = session_of(context, peer);

	return s ? VIEW_OF(paa_session_keys(s)->mn_ar) : VIEW_EMPTY;
}

static struct client *client_of(const struct access_ike *x, const struct ike_sa *sa)
{
	struct client *c = x->access->clients;

	while (c && c->ike != sa && c->ike_asking != sa)
		c = c->next;
	return c;
}

/* --- calls into the engine -------------------------------------------------------------------- */

static void carry(struct access_ike *x, const struct actions *actions);

static int tell(struct access_ike *x, struct ike_sa *sa, const struct ike_event *event)
{
	struct actions actions;

	actions_clear(&actions);
	int result = ike_event(x->ike, sa, event, loop_now(), &actions);
	carry(x, &actions);
	return result;
}

static struct ike_sa *first_unowned(const struct access_ike *x)
{
	struct ike_sa *sa = ike_next(x->ike, NULL);

	while (sa && (!ike_sa_established(sa) || client_of(x, sa)))
		sa = ike_next(x->ike, sa);
	return sa;
}

static void delete_unowned(struct access_ike *x)
{
	struct ike_event event = { .kind = IKE_EVENT_DELETE };
	struct ike_sa *sa;

	while (x->unowned && (sa = first_unowned(x)))
		if (tell(x, sa, &event) < 0)
			break;
	x->unowned = false;
}

static void octets_of(const struct endpoint *e, uint8_t out[4])
{
	if (e->family == AF_INET)
		memcpy(out, e->address, 4);
}

/* The answer to who asked for an address, when it is there, or will not be. */
static void give(struct access_ike *x, struct client *c)
{
	const struct mpa_address_context *from = &c->context;
	struct ike_internal given = { 0 };
	struct ike_event event = { .kind = IKE_EVENT_ADDRESS };
	struct ike_sa *sa = c->ike_asking;

	if (c->ike_answer == IKE_ANSWER_GIVEN) {
		uint32_t mask = htonl(from->prefix_length ? ~0u << (32 - from->prefix_length) : 0);
		octets_of(&from->address, given.address);
		memcpy(given.netmask, &mask, sizeof(given.netmask));
		octets_of(&from->dns, given.dns);
		octets_of(&from->dhcp_server, given.dhcp);
		octets_of(&from->router, given.router);
		memcpy(given.link_address, from->router_mac, sizeof(given.link_address));
		event.internal = &given;
	}
	c->ike_answer = IKE_ANSWER_NONE;
	if (sa && tell(x, sa, &event) < 0)
		c->ike_asking = NULL;
}

static struct client *first_answered(const struct access_ike *x)
{
	struct client *c = x->access->clients;

	while (c && c->ike_answer == IKE_ANSWER_NONE)
		c = c->next;
	return c;
}

/* What had to wait for the end of a list. */
static void go_on(struct access_ike *x)
{
	struct client *c;

	while (!x->busy && (c = first_answered(x)))
		give(x, c);
	if (!x->busy && x->unowned)
		delete_unowned(x);
}

void client_ike_answer(struct client *c, bool given)
{
	c->ike_answer = given ? IKE_ANSWER_GIVEN : IKE_ANSWER_REFUSED;
	go_on(c->access->ike);
}

void client_ike_end(struct client *c)
{
	if (!c->ike && !c->ike_asking)
		return;
	c->ike = c->ike_asking = NULL;
	c->access->ike->unowned = true;
	go_on(c->access->ike);
}

void client_ike_forget(struct client *c)
{
	struct ike_event event = { .kind = IKE_EVENT_FORGET };
	struct ike_sa *sa = c->ike;

	c->ike = NULL;
	if (sa)
		tell(c->access->ike, sa, &event);
}

/* --- an address is wanted --------------------------------------------------------------------- */

static bool is_zero(const uint8_t *octets, size_t size)
{
	while (size && !octets[size - 1])
		size--;
	return size == 0;
}

/* Who does not say what its hardware is (RFC 7296 has no way) is told apart by its name in EAP. */
static void fill_request(const struct ike_internal *asked, const char *identity,
	struct mpa_address_request *request)
{
	uint8_t digest[DIGEST_MAX];
	struct view name = view_text(identity);

	*request = (struct mpa_address_request){ .family = AF_INET };
	memcpy(request->mac, asked->link_address, sizeof(request->mac));
	request->client_id.size = asked->client_id_size;
	memcpy(request->client_id.data, asked->client_id, asked->client_id_size);
	if (!is_zero(request->mac, sizeof(request->mac)))
		return;
	digest_parts(DIGEST_SHA256, &name, 1, digest);
	memcpy(request->mac, digest, sizeof(request->mac));
	request->mac[0] = (uint8_t)((request->mac[0] & 0xfc) | 2); /* locally administered */
}

/* A number that no session has: for clients that have none. */
static uint32_t free_number(const struct access_ike *x)
{
	uint32_t number;

	do
		number = random_u32(&x->access->ar->node->random);
	while (!number || paa_find(x->access->ar->paa, number) || access_has(x->access, number));
	return number;
}

/* What stands for the same interface is of an earlier time. */
static void end_earlier(struct access_ike *x, const uint8_t mac[6])
{
	for (struct client *c = x->access->clients, *next; c; c = next) {
		next = c->next;
		if (!c->by_eap || memcmp(c->mac, mac, sizeof(c->mac)) != 0)
			continue;
		c->superseded = true;
		client_free(c);
	}
}

static void take_question_by_eap(struct access_ike *x, struct ike_sa *sa,
	const struct ike_internal *asked)
{
	struct mpa_address_request request;
	char identity[IKE_ID_MAX + 1];
	struct client *c;

	fill_request(asked, ike_id_text(ike_sa_peer_id(sa), identity, sizeof(identity)), &request);
	end_earlier(x, request.mac);
	c = access_client(x->access, free_number(x));
	c->by_eap = true;
	c->ike_asking = sa;
	address_request_by_ike(c, &request, !is_zero(asked->link_address, 6));
}

static void take_question(struct access_ike *x, const struct action *a)
{
	struct ike_sa *sa = (struct ike_sa *)a->session;
	struct paa_session *s = session_of(x, ike_sa_peer_id(sa));
	struct mpa_address_request request;
	struct prefix from = prefix_of_endpoint(ike_sa_peer(sa)), there;
	struct ike_internal asked;
	struct client *c;

	memcpy(&asked, a->data.data, sizeof(asked));
	if (ike_sa_connection(sa) == &x->connections[BY_EAP]) {
		take_question_by_eap(x, sa, &asked);
		return;
	}
	if (!s) /* over since its proof was taken: nobody answers, and the SA ends by its time */
		return;
	c = access_client(x->access, paa_session_id(s));
	there = prefix_of_endpoint(paa_session_peer(s));
	c->ike_asking = sa;
	/* Nobody points a tunnel at a third party. */
	if (!address_equal(&from, &there)) {
		log_event(log_of(x), "request_refused", "{s:I,s:s}", "session",
			(json_int_t)c->session, "detail",
			"the outer address is not that of the session");
		client_ike_answer(c, false);
		return;
	}
	fill_request(&asked, paa_session_identity(s), &request);
	address_request_by_ike(c, &request, !is_zero(asked.link_address, 6));
}

/* --- the tunnel ------------------------------------------------------------------------------- */

static const char *child_objection(const struct client *c, const struct ike_child_info *info)
{
	struct prefix remote;

	if (info->transport || info->encapsulated)
		return "only ESP in tunnel mode, not in UDP, is done here";
	if (!c->address.family || info->remote_ts.count != 1 ||
		!child_sa_prefix(&info->remote_ts.list[0], &remote) || remote.length != 32 ||
		!address_equal(&remote, &c->address))
		return "the inner address is not the one that was given out";
	return NULL;
}

static void take_child(struct access_ike *x, struct client *c, const struct action *a)
{
	struct ike_child_info info;
	struct esp_sa in, out;
	const char *why;

	memcpy(&info, a->data.data, sizeof(info));
	why = child_objection(c, &info);
	if (!why)
		why = child_sa_states(&info, ike_sa_local(a->session), ike_sa_peer(a->session), &in,
			&out);
	if (!why && tunnel_raise_states(c, &in, &out) < 0)
		why = "the tunnel could not be raised";
	if (why) {
		log_event(log_of(x), "request_refused", "{s:I,s:s}", "session",
			(json_int_t)c->session, "detail", why);
		c->ike = NULL;
		x->unowned = true;
	}
	wipe(&info, sizeof(info));
	wipe(&in, sizeof(in));
	wipe(&out, sizeof(out));
}

static void take_established(struct access_ike *x, struct client *c, struct ike_sa *sa)
{
	char line[IKE_KEY_LOG_MAX];

	node_key(x->access->ar->node, "%s", ike_key_log(ike_sa_suite(sa), ike_sa_keys(sa),
						    ike_sa_spi_i(sa), ike_sa_spi_r(sa), line));
	wipe(line, sizeof(line));
	if (c && c->ike_asking == sa) {
		x->unowned = x->unowned || c->ike;
		c->ike = sa;
		c->ike_asking = NULL;
	} else {
		x->unowned = true; /* it asks for no address, so there is nothing for it here */
	}
}

static void take_end(struct access_ike *x, struct client *c, const struct ike_sa *sa,
	const char *why)
{
	struct prefix from = prefix_of_endpoint(&x->from);

	if (c->ike_asking == sa)
		c->ike_asking = NULL;
	if (c->ike != sa)
		return;
	c->ike = NULL;
	if (c->tunnel)
		tunnel_left(c, why);
	/* it says so from the address that it has here: it has arrived */
	if (c->by_eap && x->from.family && address_equal(&from, &c->address))
		client_attached(c);
}

static void take_report(struct access_ike *x, const struct action *a)
{
	struct ike_sa *sa = (struct ike_sa *)a->session;
	struct client *c = sa ? client_of(x, sa) : NULL;

	if (log_event_wanted(log_of(x)))
		ike_journal(log_of(x), a, sa ? ike_v2_json(sa) : NULL);
	switch ((enum ike_report)a->event) {
	case IKE_REPORT_ADDRESS_WANTED: take_question(x, a); return;
	case IKE_REPORT_ESTABLISHED: take_established(x, c, sa); return;
	case IKE_REPORT_CHILD_UP:
		if (c)
			take_child(x, c, a);
		return;
	case IKE_REPORT_CHILD_DOWN:
		if (c && c->tunnel)
			tunnel_left(c, "deleted by IKE");
		return;
	case IKE_REPORT_REKEYED:
		for (c = x->access->clients; c; c = c->next)
			if (c->ike && memcmp(a->data.data, &c->ike, sizeof(c->ike)) == 0)
				c->ike = sa;
		return;
	case IKE_REPORT_DOWN:
	case IKE_REPORT_EXPIRED:
		if (c)
			take_end(x, c, sa, "deleted by IKE");
		return;
	case IKE_REPORT_FAILED:
	case IKE_REPORT_UNREACHABLE:
		if (c)
			take_end(x, c, sa, "unreachable");
		return;
	case IKE_REPORT_ADDRESS:
	case IKE_REPORT_CHILD_FAILED:
	case IKE_REPORT_MOVED:
	case IKE_REPORT_CHANGING:
	case IKE_REPORT_MIGRATED:
	case IKE_REPORT_VERIFIED:
	case IKE_REPORT_CHANGE_REFUSED:
	case IKE_REPORT_ALIVE:
	case IKE_REPORT_NOTIFIED:
	case IKE_REPORT_REJECTED: return;
	}
}

/*
 * Reports first: the tunnel stands before the node can send, and it is gone before the answer to a
 * Delete leaves, which may go to the address inside.
 */
static void carry(struct access_ike *x, const struct actions *actions)
{
	x->busy = true;
	for (unsigned i = 0; i < actions->count; i++)
		if (actions->list[i].kind == ACTION_REPORT)
			take_report(x, &actions->list[i]);
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		int result = a->kind == ACTION_SEND ?
			udp_send(x->udp, &a->local, &a->peer, a->data) : 0;
		if (result < 0)
			log_debug(log_of(x), "an IKE message was not sent: %s", strerror(-result));
	}
	x->busy = false;
	timer_set(x->timer, ike_due(x->ike));
	aaa_flush(x->aaa);
	go_on(x);
}

/* --- from the host ---------------------------------------------------------------------------- */

static void receive(void *context, const struct udp_datagram *d)
{
	struct access_ike *x = context;
	struct actions actions;

	actions_clear(&actions);
	ike_input(x->ike, &d->local, &d->peer, d->data, loop_now(), &actions);
	x->from = d->peer;
	carry(x, &actions);
	x->from = (struct endpoint){ 0 };
}

static void timer_due(void *context)
{
	struct access_ike *x = context;
	struct actions actions;

	actions_clear(&actions);
	ike_tick(x->ike, loop_now(), &actions);
	carry(x, &actions);
}

/* --- life ------------------------------------------------------------------------------------- */

static void set_up(struct access_ike *x)
{
	const struct access *a = x->access;
	struct ike_connection *c = &x->connections[BY_KEY];

	mpa_ike_connection(c, transforms_of(&a->settings->transforms));
	c->name = "clients";
	c->local = endpoint_of_prefix(&a->own, 0);
	c->local_id = (struct ike_id){ .type = IKE_ID_IPV4_ADDR, .size = 4 };
	memcpy(c->local_id.data, a->own.address, 4);
	c->psk_of = key_of;
	c->psk_context = x;
	c->owner_gives = true;
	mpa_ike_everything(&c->local_ts);
}

/* A RADIUS server has answered. */
static void eap_ready(void *context, struct eap_end *end)
{
	struct ike_event event = { .kind = IKE_EVENT_EAP };

	tell(context, radius_eap_owner(end), &event);
}

static struct eap_end *new_server(void *context, struct ike_sa *sa, bool server)
{
	struct access_ike *x = context;

	if (!server)
		return NULL;
	return x->aaa ? aaa_eap_new(x->aaa, sa, ike_sa_peer(sa)) : agent_eap_server(x->access->ar);
}

/* RFC 7296 §2.16: the same users or servers as PANA's agent has. */
static int set_up_eap(struct access_ike *x, const struct ike_proof_settings *s)
{
	struct ike_credentials_config files = { .certificate_file = s->certificate,
		.key_file = s->key };
	struct ar *ar = x->access->ar;
	struct ike_connection *c = &x->connections[BY_EAP];
	char error[256];

	x->credentials = ike_credentials_new(&files, error, sizeof(error));
	if (!x->credentials) {
		log_error(log_of(x), "%s", error);
		return -1;
	}
	if (ar->settings->eap.radius) {
		x->aaa = aaa_new(&(struct aaa_config){ ar->node, ar->settings->eap.radius, x,
			eap_ready });
		if (!x->aaa)
			return -1;
	}
	*c = x->connections[BY_KEY];
	c->name = "eap";
	c->psk_of = NULL;
	c->local_means = IKE_BY_CERTIFICATE;
	c->remote_means = IKE_BY_EAP;
	c->credentials = x->credentials;
	c->eap = new_server;
	c->eap_context = x;
	return ike_id_parse(s->identity, &c->local_id);
}

struct access_ike *access_ike_new(struct access *a)
{
	struct access_ike *x = host_alloc(sizeof(*x));
	struct node *node = a->ar->node;
	struct endpoint here = endpoint_of_prefix(&a->own, (uint16_t)a->settings->ike_port);
	struct ike_config config;

	x->access = a;
	set_up(x);
	if (a->settings->proof && a->ar->settings->agent.authorize &&
		set_up_eap(x, a->settings->proof) < 0) {
		access_ike_free(x);
		return NULL;
	}
	ike_config_default(&config);
	config.connections = x->connections;
	config.count = x->credentials ? 2 : 1;
	config.random = &node->random;
	config.port = (uint16_t)a->settings->ike_port;
	x->ike = ike_new(&config);
	x->timer = timer_new(node->loop, timer_due, x);
	x->udp = udp_open(node->loop, &here, NULL, receive, x);
	int result = x->udp ? udp_bypass_ipsec(x->udp) : -errno;
	if (result == 0)
		return x;
	log_error(node->log, "IKE at port %u: %s", a->settings->ike_port, strerror(-result));
	access_ike_free(x);
	return NULL;
}

void access_ike_free(struct access_ike *x)
{
	if (!x)
		return;
	udp_close(x->udp);
	timer_free(x->timer);
	ike_free(x->ike);
	aaa_free(x->aaa);
	ike_credentials_free(x->credentials);
	free(x);
}

json_t *client_ike_json(const struct client *c)
{
	const struct ike_child_info *child = c->ike ? ike_sa_child(c->ike, 0) : NULL;
	json_t *object = c->ike ? ike_v2_json(c->ike) : NULL;

	if (child)
		json_object_set_new(object, "child", ike_child_json(child));
	return object;
}

json_t *access_ike_json(const struct access *a)
{
	json_t *counts = json_object();
	const struct access_ike *x = a ? a->ike : NULL;

	for (int r = 1; x && r < REJECT_COUNT; r++) {
		uint32_t n = ike_rejected(x->ike, (enum reject_reason)r);
		if (n)
			json_object_set_new(counts, reject_name((enum reject_reason)r),
				json_integer(n));
	}
	if (!x) {
		json_decref(counts);
		return NULL;
	}
	return json_pack("{s:i,s:i,s:o}", "sas", (int)ike_count(x->ike), "half_open",
		(int)ike_half_open(x->ike), "rejected", counts);
}
