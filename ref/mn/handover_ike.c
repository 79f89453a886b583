// SPDX-License-Identifier: Apache-2.0
/*
 * Step 2 of RFC 6252 §6.3 by IKEv2 (§7.3.2): one exchange brings the address and the tunnel, so what
 * the rows ask for one after the other is there at once.
 */
#include <arpa/inet.h>

#include "ref/mn/candidates.h"

#define LONGEST (3600 * BTIME_S) /* without a session whose end is known: the router ends it before */

bool handover_by_ike(const struct handover *h)
{
	return h->settings->tunnel == TUNNEL_IKEV2;
}

/* --- the question ----------------------------------------------------------------------------- */

static struct ike_internal question(const struct handover *h)
{
	struct ike_internal ask = { 0 };

	memcpy(ask.link_address, lease_mac(h->lease), sizeof(ask.link_address));
	ask.client_id_size = lease_client_id(h->lease, ask.client_id);
	memcpy(ask.address, h->next.address.address, sizeof(ask.address));
	return ask;
}

bool handover_by_eap(const struct handover *h)
{
	return h->settings->authenticate == TUNNEL_IKEV2;
}

static struct eap_end *new_peer(void *context, struct ike_sa *sa, bool server)
{
	(void)sa;
	return server ? NULL : client_eap_peer(context);
}

static void begin_by_eap(struct handover *h)
{
	struct ike_tunnel_order order = { .router = h->target->paa,
		.care_of = endpoint_of_prefix(&lease_address(h->lease)->address, 0),
		.identity = h->mn->settings->eap.identity,
		.eap = new_peer,
		.eap_context = h->mn,
		.ask = question(h) };

	h->reused = h->deleting = false;
	tunnel_clear(&h->tunnel, h->node);
	h->tunnel.ike = ike_tunnel_begin(h->ike, &order);
}

static void begin_by_key(struct handover *h)
{
	const struct pac *pac = h->target->pac;
	const struct pana_session_keys *keys = pac_keys(pac);
	struct ike_tunnel_order order = { .router = *pac_peer(pac),
		.care_of = endpoint_of_prefix(&lease_address(h->lease)->address, 0),
		.ask = question(h) };

	if (!keys) {
		handover_fail(h, MOVE_EVENT_REFUSED, "the session has no keys");
		return;
	}
	tunnel_clear(&h->tunnel, h->node);
	order.session = pac_session_id(pac);
	order.key_id = keys->key_id;
	order.mn_ar = keys->mn_ar;
	h->deleting = false;
	h->tunnel.ike = ike_tunnel_begin(h->ike, &order);
}

void handover_begin_ike(struct handover *h)
{
	if (handover_by_eap(h))
		begin_by_eap(h);
	else
		begin_by_key(h);
}

/* --- the answer ------------------------------------------------------------------------------- */

static struct prefix address_of(const uint8_t octets[4], uint8_t length)
{
	struct prefix p = { .family = AF_INET, .length = length };

	memcpy(p.address, octets, 4);
	return p;
}

static uint8_t length_of(const uint8_t netmask[4])
{
	uint8_t length = 0;

	while (length < 32 && netmask[length / 8] & 0x80 >> length % 8)
		length++;
	return length;
}

static bool said(const uint8_t *octets, size_t size)
{
	while (size && !octets[size - 1])
		size--;
	return size != 0;
}

/* A router that says nothing of itself is the one that we speak with. */
static void take_address(struct handover *h, const struct ike_internal *given)
{
	bool mask = said(given->netmask, 4);

	h->next = (struct lease_address){
		.address = address_of(given->address, mask ? length_of(given->netmask) : 32),
		.router = said(given->router, 4) ? address_of(given->router, 32) :
						  prefix_of_endpoint(ike_tunnel_router(h->tunnel.ike)),
		.router_mac_known = said(given->link_address, 6),
		.fixed = !said(given->dhcp, 4) };
	memcpy(h->next.router_mac, given->link_address, 6);
}

void handover_raise_ike(struct handover *h)
{
	char why[160];

	h->tunnel_until = handover_by_eap(h) ? loop_now() + LONGEST : pac_expires(h->target->pac);
	if (tunnel_raise_child(&h->tunnel, h->node, &h->next.address, why, sizeof(why)) < 0)
		handover_fail(h, MOVE_EVENT_REFUSED, why);
	else
		handover_step(h, MOVE_EVENT_TUNNEL);
}

static void ready(struct handover *h)
{
	if (h->state != MOVE_PRE_CONFIGURING && h->state != MOVE_PRE_TUNNELLING)
		return;
	take_address(h, ike_tunnel_address(h->tunnel.ike));
	h->tunnel.agreed = true;
	if (h->state == MOVE_PRE_CONFIGURING)
		handover_step(h, MOVE_EVENT_ADDRESS);
	else
		act_request_tunnel(h, NULL);
}

/* What was given up already has no need to be told. */
static void failed(struct handover *h, const char *why)
{
	if (h->state >= MOVE_PRE_CONFIGURING && h->state <= MOVE_HANDING_OVER)
		handover_fail(h, MOVE_EVENT_REFUSED, why);
}

/* We have asked for it when the packets are not held; else the agent's word about these is what is
 * waited for. */
static void over(struct handover *h, const char *why)
{
	bool asked = h->state == MOVE_HANDING_OVER && h->deleting;

	if ((asked && !h->buffered) || (h->state == MOVE_ARRIVING && handover_by_eap(h)))
		handover_step(h, MOVE_EVENT_DONE);
	else if (!asked)
		failed(h, why);
}

static void candidate_over(struct handover *h, const struct ike_tunnel *tunnel)
{
	for (unsigned i = 0; i < h->mn->count; i++) {
		struct candidate *c = h->mn->networks[i].candidate;
		if (c && c->tunnel.ike == tunnel) {
			tunnel_lower(&c->tunnel, h->node, "deleted by the router");
			tunnel_clear(&c->tunnel, h->node);
		}
	}
}

void handover_ike(void *context, struct ike_tunnel *tunnel, enum ike_tunnel_report report,
	const char *why)
{
	struct handover *h = context;

	if (h->tunnel.ike != tunnel) {
		candidate_over(h, tunnel);
		return;
	}
	switch (report) {
	case IKE_TUNNEL_READY: ready(h); break;
	case IKE_TUNNEL_FAILED: failed(h, why); break;
	case IKE_TUNNEL_OVER: over(h, why); break;
	}
}

void handover_delete_ike(struct handover *h, const struct endpoint *local)
{
	h->deleting = true;
	if (h->tunnel.ike)
		ike_tunnel_delete(h->tunnel.ike, local);
}
