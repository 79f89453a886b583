// SPDX-License-Identifier: Apache-2.0
/*
 * The tester as a PANA client, facing an authentication agent. RFC 5191 §4 in the order of the
 * exchange: PCI, the S exchange, EAP in PARs answered by PANs, the C exchange; then pings,
 * re-authentication and termination from either side.
 */
#include <stdlib.h>

#include "ref/eap/eap_peer.h"
#include "testbed/suite/pana_peer.h"

/* --- received ------------------------------------------------------------------------------- */

static bool among(const uint32_t *list, uint32_t value)
{
	for (; *list; list++)
		if (*list == value)
			return true;
	return false;
}

/* RFC 5191 §4.1: one of the algorithms offered; 0 when there is none that suits. */
static uint32_t choose(const struct packet *packet, uint32_t code, const uint32_t *known)
{
	const struct element_value *e;

	for (unsigned i = 0; (e = packet_find_nth(packet, 0, code, i)); i++) {
		struct reader r = reader_of(e->value);
		uint32_t number = read_u32(&r);
		if (among(known, number))
			return number;
	}
	return 0;
}

static void start_session(struct peer *peer, const struct packet *packet, struct view octets)
{
	peer->session = (uint32_t)packet->header[PANA_SESSION];
	peer->prf = choose(packet, PANA_AVP_PRF_ALGORITHM, peer->prfs);
	peer->integrity = choose(packet, PANA_AVP_INTEGRITY_ALGORITHM, peer->integrities);
	peer->encryption = choose(packet, PANA_AVP_ENCRYPTION_ALGORITHM, peer->encryptions);
	keep(&peer->i_par, octets);
}

static void take_eap(struct peer *peer, const struct packet *packet)
{
	struct view payload = pana_eap(packet);
	bool last = pana_flags(packet) & PANA_C;

	if (!peer->eap_used)
		restart_eap(peer);
	if (payload.size)
		feed_eap(peer, payload);
	else
		keep(&peer->eap_out, VIEW_EMPTY);
	if (last && !payload.size)
		eap_peer_lower_layer_result(peer->eap, peer->result == PANA_SUCCESS);
}

static void take_request(struct peer *peer, const struct packet *packet)
{
	const struct element_value *nonce = packet_find(packet, 0, PANA_AVP_NONCE);
	const struct element_value *key_id = packet_find(packet, 0, PANA_AVP_KEY_ID);
	bool last = pana_flags(packet) & PANA_C;

	if (peer->phase == PHASE_AUTHENTICATED && !last) { /* §4.3 */
		peer->phase = PHASE_AUTHENTICATING;
		renew_nonce(peer);
		restart_eap(peer);
	}
	if (nonce)
		keep(&peer->sut_nonce, nonce->value);
	if (last)
		peer->result = (uint32_t)packet_uint(packet, 0, PANA_AVP_RESULT_CODE, UINT32_MAX);
	take_eap(peer, packet);
	if (last && key_id && peer->eap->has_key)
		derive_key(peer, (uint32_t)packet_uint(packet, 0, PANA_AVP_KEY_ID, 0),
			kept_view(&peer->own_nonce), kept_view(&peer->sut_nonce));
}

static void received(struct peer *peer, const struct packet *packet, struct view octets,
	bool again)
{
	bool request = pana_is_request(packet);

	if (!request) {
		note_answer(peer, packet);
		return;
	}
	note_request(peer, packet, octets, again);
	if (peer->outstanding_is_pci)
		peer->is_outstanding = peer->outstanding_is_pci = false;
	if (again || packet->header[PANA_TYPE] != PANA_AUTH)
		return;
	if (pana_flags(packet) & PANA_S) {
		start_session(peer, packet, octets);
		if (pana_eap(packet).size)
			take_eap(peer, packet);
	} else {
		take_request(peer, packet);
	}
	enum seal_state seal = peer_verify(peer, packet, octets);
	if (seal == SEAL_STATE_INVALID || seal == SEAL_STATE_MISSING)
		peer->answer_due = false;
}

/* --- composed ------------------------------------------------------------------------------- */

static void compose_pan(struct peer *peer, const struct message *message, struct packet *out)
{
	unsigned flags = pana_flags(&peer->request);

	compose_answer(peer, message, PANA_S | PANA_C, out);
	if (flags & PANA_S) {
		if (peer->prf)
			add_number(peer, out, PANA_AVP_PRF_ALGORITHM, peer->prf);
		if (peer->integrity)
			add_number(peer, out, PANA_AVP_INTEGRITY_ALGORITHM, peer->integrity);
		if (peer->encryption)
			add_number(peer, out, PANA_AVP_ENCRYPTION_ALGORITHM, peer->encryption);
	} else if (packet_find(&peer->request, 0, PANA_AVP_NONCE)) {
		packet_add(out, 0, PANA_AVP_NONCE, kept_view(&peer->own_nonce));
	}
	if (peer->eap_out.size && !(flags & PANA_C) && peer_says_yes(peer, "piggyback", true))
		packet_add(out, 0, PANA_AVP_EAP_PAYLOAD, kept_view(&peer->eap_out));
	if (flags & PANA_C && packet_find(&peer->request, 0, PANA_AVP_KEY_ID))
		add_number(peer, out, PANA_AVP_KEY_ID,
			(uint32_t)packet_uint(&peer->request, 0, PANA_AVP_KEY_ID, 0));
}

static void compose(struct peer *peer, const struct message *message, struct packet *out)
{
	bool request = message->flags_value & PANA_R;

	if (message->type == PANA_CLIENT_INITIATION) {
		compose_header(peer, message, 0, out);
		out->header[PANA_SESSION] = out->header[PANA_SEQUENCE] = 0;
	} else if (message->type == PANA_AUTH && !request) {
		compose_pan(peer, message, out);
	} else if (!request) {
		compose_answer(peer, message, PANA_A | PANA_P, out);
	} else {
		compose_header(peer, message, 0, out);
		if (message->type == PANA_AUTH && peer->eap_out.size)
			packet_add(out, 0, PANA_AVP_EAP_PAYLOAD, kept_view(&peer->eap_out));
		if (message->type == PANA_TERMINATION)
			add_number(peer, out, PANA_AVP_TERMINATION_CAUSE, PANA_LOGOUT);
	}
	add_encap(peer, out);
}

/* --- sent ----------------------------------------------------------------------------------- */

static void sent_answer(struct peer *peer, const struct packet *packet, struct view octets)
{
	const struct element_value *nonce = packet_find(packet, 0, PANA_AVP_NONCE);
	unsigned flags = pana_flags(packet);

	if (flags & PANA_S) {
		keep(&peer->i_pan, octets);
		if (peer->phase < PHASE_STARTED)
			peer->phase = PHASE_STARTED;
	}
	if (nonce)
		keep(&peer->own_nonce, nonce->value);
	if (nonce && peer->phase == PHASE_STARTED)
		peer->phase = PHASE_AUTHENTICATING;
	peer->want_request_eap = peer->eap_out.size && !(flags & PANA_C) &&
		!packet_find(packet, 0, PANA_AVP_EAP_PAYLOAD);
	if (flags & PANA_C && pana_flags(&peer->request) & PANA_C) {
		peer->phase = peer->result == PANA_SUCCESS ? PHASE_AUTHENTICATED : PHASE_REJECTED;
		peer->rounds += peer->result == PANA_SUCCESS;
	}
}

static void sent(struct peer *peer, const struct packet *packet, struct view octets)
{
	note_sent(peer, packet);
	if (packet->header[PANA_TYPE] == PANA_CLIENT_INITIATION) {
		peer->is_outstanding = peer->outstanding_is_pci = true;
		peer->outstanding = 0;
	} else if (packet->header[PANA_TYPE] == PANA_AUTH) {
		if (pana_is_request(packet))
			peer->want_request_eap = false;
		else
			sent_answer(peer, packet, octets);
	}
}

static const struct message *next(struct peer *peer)
{
	bool begins = strcmp(peer_setting(peer, "initiate", "pac"), "pac") == 0;

	if (peer->answer_due)
		return answer_due(peer);
	if (peer->is_outstanding)
		return NULL;
	if (peer->want_request_eap)
		return protocol_message_named(&pana_protocol, "PAR");
	if (peer->phase == PHASE_NOTHING && begins)
		return protocol_message_named(&pana_protocol, "PCI");
	return NULL;
}

const struct peer_ops pana_pac_peer = {
	.create = pana_peer_new,
	.destroy = pana_peer_destroy,
	.received = received,
	.sent = sent,
	.compose = compose,
	.hide = peer_hide,
	.unwrap = peer_unwrap,
	.protects = peer_protects,
	.seal_size = peer_seal_size,
	.seal = peer_seal,
	.verify = peer_verify,
	.acceptable = peer_acceptable,
	.next = next,
	.waiting = peer_waiting,
	.reached = peer_reached,
	.position = peer_position,
};
