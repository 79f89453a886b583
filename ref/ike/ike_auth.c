// SPDX-License-Identifier: Apache-2.0
/* IKE_AUTH, RFC 7296 §1.2, §2.15. */
#include <arpa/inet.h>

#include "ref/base/mutant.h"
#include "ref/ike/ike_inside.h"

bool ike_peer_proved(const void *context, const void *input)
{
	const struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	if (!sa->initiator)
		return ike_find_proven(sa, s, false);
	return sa->connection->local_means != IKE_BY_EAP && ike_responder_proved(sa, s);
}

/* --- INITIAL_CONTACT, §2.4 ------------------------------------------------------------------ */

/* Another SA that is up on the same connection with the same identity; NULL: none. */
static struct ike_sa *older_sa(const struct ike_sa *sa)
{
	for (struct ike_sa *o = sa->ike->first; o; o = o->next)
		if (o != sa && o->state == IKE_STATE_ESTABLISHED &&
			o->connection == sa->connection && ike_id_equal(&o->peer_id, &sa->peer_id))
			return o;
	return NULL;
}

/* Whether this end has no other SA of the connection, up or on its way. */
static bool first_contact(const struct ike_sa *sa)
{
	for (const struct ike_sa *o = sa->ike->first; o; o = o->next)
		if (o != sa && o->connection == sa->connection && o->state < IKE_STATE_DELETING)
			return false;
	return sa->connection->remote_id.type != 0;
}

/* The peer knows of no other SA with us, so what we have is of a life that is over. */
static void forget_others(struct ike_sa *sa, struct ike_step *s, const struct packet *first)
{
	struct ike_notification n;
	struct ike_sa *other;

	if (!ike_find_notify(first, IKE_N_INITIAL_CONTACT, &n))
		return;
	while (s->actions->count < ACTIONS_MAX / 2 && (other = older_sa(sa))) {
		ike_tell(other, s, IKE_REPORT_DOWN, NULL);
		ike_bury(other);
	}
}

/* --- address change, docs/address-change.md §3 ------------------------------------------------ */

static void draft_changes(const struct ike_connection *c, struct ike_draft *d)
{
	if (c->address_change)
		ike_draft_notify(d, IKE_N_ADDRESS_CHANGE_SUPPORTED,
			view_text(IKE_CHANGE_SUPPORTED_TEXT));
}

static bool says_changes(const struct ike_sa *sa, const struct packet *p)
{
	struct ike_notification n;

	return sa->connection->address_change &&
		ike_find_notify(p, IKE_N_ADDRESS_CHANGE_SUPPORTED, &n) &&
		(view_equal(n.data, view_text(IKE_CHANGE_SUPPORTED_TEXT)) ||
			MUTANT(change_other_data));
}

/* --- initiator ---------------------------------------------------------------------------- */

int ike_tx_auth(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	const struct ike_connection *c = sa->connection;

	ike_answered(sa);
	if (!ike_can_prove(sa, c)) {
		ike_tell(sa, s, IKE_REPORT_FAILED, "the peer takes none of our signatures");
		sa->told = true;
		sa->wanted |= 1u << TASK_DELETE; /* the next step drops it */
		return 0;
	}
	/* §2.23; RFC 4555 §3.3 moves to the NAT port in any case */
	if (sa->nat_here || sa->nat_there || c->mobike) {
		sa->local.port = htons(sa->ike->config.nat_port);
		sa->peer.port = htons(sa->ike->config.nat_port);
	}
	ike_draft_begin(s->draft);
	ike_draft_id(s->draft, IKE_PAYLOAD_IDI, &c->local_id);
	if (c->remote_id.type)
		ike_draft_id(s->draft, IKE_PAYLOAD_IDR, &c->remote_id);
	ike_draft_requests(c, s->draft);
	ike_draft_proof(sa, s->draft);
	if (first_contact(sa))
		ike_draft_notify(s->draft, IKE_N_INITIAL_CONTACT, VIEW_EMPTY);
	ike_draft_ask(c, s->draft);
	ike_draft_child(sa, s->draft, false);
	if (c->mobike)
		ike_draft_notify(s->draft, IKE_N_MOBIKE_SUPPORTED, VIEW_EMPTY);
	draft_changes(c, s->draft);
	ike_send_request(sa, IKE_AUTH, TASK_AUTH, s->draft, s);
	return 0;
}

/* What was needed for AUTH alone. */
static void forget_start(struct ike_sa *sa)
{
	ike_octets_clear(&sa->init_request);
	ike_octets_clear(&sa->init_response);
	ike_octets_clear(&sa->nonce_i);
	ike_octets_clear(&sa->nonce_r);
	ike_octets_clear(&sa->cookie);
	ike_eap_end(sa);
}

static const char *error_words(const struct packet *p, const char *otherwise)
{
	struct ike_notification n;
	uint16_t error = ike_find_error(p, &n);
	const char *name = error ? ike_name(ike_notify_names, error) : NULL;

	return name ? name : otherwise;
}

int ike_be_authenticated(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	struct ike_notification n;

	ike_answered(sa);
	if (!sa->eap)
		sa->peer_id = s->proven_id;
	sa->mobike = sa->connection->mobike &&
		ike_find_notify(s->packet, IKE_N_MOBIKE_SUPPORTED, &n);
	sa->peer_changes = says_changes(sa, s->packet);
	ike_begin_life(sa, s->now);
	ike_tell(sa, s, IKE_REPORT_ESTABLISHED, NULL);
	ike_take_address(sa, s);
	if (!ike_complete_child(sa, s, true, NULL))
		ike_tell(sa, s, IKE_REPORT_CHILD_FAILED,
			error_words(s->packet, "the answer does not fit the offer"));
	forget_start(sa);
	return 0;
}

bool ike_is_error(const void *context, const void *input)
{
	const struct ike_step *s = input;
	struct ike_notification n;

	(void)context;
	return !packet_find(s->packet, 0, IKE_PAYLOAD_AUTH) && ike_find_error(s->packet, &n);
}

bool ike_asks_again(const void *context, const void *input)
{
	const struct ike_step *s = input;
	struct ike_notification n;

	(void)context;
	if (packet_find(s->packet, 0, IKE_PAYLOAD_SA))
		return false;
	return ike_find_notify(s->packet, IKE_N_COOKIE, &n) ||
		ike_find_notify(s->packet, IKE_N_INVALID_KE_PAYLOAD, &n);
}

int ike_be_refused(void *context, const void *input)
{
	struct ike_step *s = (struct ike_step *)input;

	ike_tell(context, s, IKE_REPORT_FAILED, error_words(s->packet, "refused"));
	return 0;
}

static const char *why_distrusted(const struct ike_sa *sa, const struct ike_step *s)
{
	if (sa->eap && sa->eap->status == EAP_FAILURE && sa->eap->failure)
		return sa->eap->failure;
	return s->unproven ? s->unproven : "the peer did not prove its identity";
}

/* §2.21.2: the peer believes that the SA is up; it is told. */
int ike_distrust(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	ike_answered(sa);
	ike_tell(sa, s, IKE_REPORT_FAILED, why_distrusted(sa, s));
	sa->told = true;
	return ike_tx_delete(context, input);
}

/* --- responder ---------------------------------------------------------------------------- */

/* The draft has our AUTH; what the first request asks for besides is answered here. */
void ike_accept_peer(struct ike_sa *sa, struct ike_step *s, const struct packet *first)
{
	struct ike_notification n;
	struct ike_child *made;
	const struct packet *last = s->packet;

	ike_not_half_open(sa);
	sa->local = s->local;
	sa->peer = s->from;
	sa->mobike = sa->connection->mobike && ike_find_notify(first, IKE_N_MOBIKE_SUPPORTED, &n);
	ike_begin_life(sa, s->now);
	forget_others(sa, s, first);
	ike_tell(sa, s, IKE_REPORT_ESTABLISHED, NULL);
	s->packet = first;
	if (!ike_draft_address(sa, s, first)) {
		ike_draft_error(s->draft, IKE_N_INTERNAL_ADDRESS_FAILURE, s);
	} else if (packet_find(first, 0, IKE_PAYLOAD_SA)) {
		uint16_t error = ike_accept_child(sa, s, s->draft, true, NULL, &made);
		if (error)
			ike_draft_error(s->draft, error, s);
	}
	s->packet = last;
	if (sa->mobike)
		ike_draft_notify(s->draft, IKE_N_MOBIKE_SUPPORTED, VIEW_EMPTY);
	sa->peer_changes = says_changes(sa, first);
	if (sa->peer_changes)
		draft_changes(sa->connection, s->draft);
	ike_send_response(sa, IKE_AUTH, s->draft, s);
	forget_start(sa);
}

int ike_answer_auth(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	sa->connection = s->proven;
	sa->peer_id = s->proven_id;
	ike_draft_begin(s->draft);
	ike_draft_id(s->draft, IKE_PAYLOAD_IDR, &sa->connection->local_id);
	ike_draft_proof(sa, s->draft);
	ike_accept_peer(sa, s, s->packet);
	return 0;
}

void ike_refuse_peer(struct ike_sa *sa, struct ike_step *s, const char *words)
{
	ike_not_half_open(sa);
	ike_tell(sa, s, IKE_REPORT_FAILED, words);
	sa->lifetime_due = btime_add(s->now, IKE_LINGER);
	forget_start(sa);
}

static int refuse(struct ike_sa *sa, struct ike_step *s, uint16_t error)
{
	ike_send_error(sa, IKE_AUTH, error, s);
	ike_refuse_peer(sa, s, s->unproven ? s->unproven : ike_name(ike_notify_names, error));
	return 0;
}

int ike_refuse_auth(void *context, const void *input)
{
	return refuse(context, (struct ike_step *)input, IKE_N_AUTHENTICATION_FAILED);
}

int ike_refuse_bad(void *context, const void *input)
{
	struct ike_step *s = (struct ike_step *)input;
	return refuse(context, s, s->error);
}
