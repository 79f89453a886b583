// SPDX-License-Identifier: Apache-2.0
/*
 * The tester as a PANA authentication agent, facing a client. RFC 5191 §4: it answers a PCI with
 * the initial PAR (or begins unasked), carries its EAP server's packets in PARs, ends with the
 * result and, when there is a key, Key-Id and AUTH.
 */
#include <stdlib.h>

#include "testbed/suite/pana_peer.h"

/* --- EAP and its result --------------------------------------------------------------------- */

/* What the EAP server wants next: another request, or the end. */
static void after_eap(struct peer *peer)
{
	bool refuse = !peer_says_yes(peer, "authorize", true);

	switch (peer->eap->status) {
	case EAP_WAITING:
		return;
	case EAP_OUTPUT:
		peer->want_request = true;
		return;
	case EAP_SUCCESS:
		peer->result = refuse ? PANA_AUTHORIZATION_REJECTED : PANA_SUCCESS;
		peer->derive_due = peer->eap->has_key;
		break;
	case EAP_FAILURE:
		peer->result = PANA_AUTHENTICATION_REJECTED;
		break;
	}
	peer->want_request = false;
	peer->want_last = true;
}

static void begin_again(struct peer *peer)
{
	peer->phase = PHASE_AUTHENTICATING;
	renew_nonce(peer);
	peer->nonce_sent = peer->last_sent = false;
	restart_eap(peer);
	peer->want_last = false;
	peer->want_request = true;
}

/* --- received ------------------------------------------------------------------------------- */

static void take_start(struct peer *peer, const struct packet *packet, struct view octets)
{
	keep(&peer->i_pan, octets);
	peer->prf = (uint32_t)packet_uint(packet, 0, PANA_AVP_PRF_ALGORITHM, 0);
	peer->integrity = (uint32_t)packet_uint(packet, 0, PANA_AVP_INTEGRITY_ALGORITHM, 0);
	peer->encryption = (uint32_t)packet_uint(packet, 0, PANA_AVP_ENCRYPTION_ALGORITHM, 0);
	if (peer->phase == PHASE_NOTHING)
		peer->phase = PHASE_STARTED;
	if (!peer->eap_used)
		restart_eap(peer);
	peer->want_request = true;
}

static void take_answer(struct peer *peer, const struct packet *packet)
{
	const struct element_value *nonce = packet_find(packet, 0, PANA_AVP_NONCE);

	if (nonce) {
		keep(&peer->sut_nonce, nonce->value);
		if (peer->phase == PHASE_STARTED)
			peer->phase = PHASE_AUTHENTICATING;
	}
	if (pana_flags(packet) & PANA_C && peer->last_sent) {
		peer->last_sent = false;
		peer->phase = peer->result == PANA_SUCCESS ? PHASE_AUTHENTICATED : PHASE_REJECTED;
		peer->rounds += peer->result == PANA_SUCCESS;
	} else if (pana_eap(packet).size) {
		feed_eap(peer, pana_eap(packet));
		after_eap(peer);
	}
}

static void take_pan(struct peer *peer, const struct packet *packet, struct view octets)
{
	enum seal_state seal = peer_verify(peer, packet, octets);

	if (seal == SEAL_STATE_INVALID || seal == SEAL_STATE_MISSING)
		return;
	if (pana_flags(packet) & PANA_S) {
		take_start(peer, packet, octets);
		if (pana_eap(packet).size && peer->eap_out.size) {
			peer->want_request = false;
			feed_eap(peer, pana_eap(packet));
			after_eap(peer);
		}
	} else {
		take_answer(peer, packet);
	}
}

static void received(struct peer *peer, const struct packet *packet, struct view octets,
	bool again)
{
	bool known_answer = peer->is_outstanding && !again &&
		packet->header[PANA_SEQUENCE] == peer->outstanding;

	if (packet->header[PANA_TYPE] == PANA_CLIENT_INITIATION) {
		peer->want_start = peer->phase == PHASE_NOTHING && !peer->is_outstanding;
		return;
	}
	if (pana_is_request(packet)) {
		note_request(peer, packet, octets, again);
		if (packet->header[PANA_TYPE] == PANA_AUTH && !again) {
			feed_eap(peer, pana_eap(packet));
			after_eap(peer);
		}
		return;
	}
	note_answer(peer, packet);
	if (packet->header[PANA_TYPE] == PANA_AUTH && known_answer)
		take_pan(peer, packet, octets);
}

/* --- composed ------------------------------------------------------------------------------- */

static void compose_start(struct peer *peer, struct packet *out)
{
	if (!peer->session)
		peer->session = random_u32(peer->random) | 1;
	out->header[PANA_FLAGS] |= PANA_S;
	out->header[PANA_SESSION] = peer->session;
	for (const uint32_t *n = peer->prfs; *n; n++)
		add_number(peer, out, PANA_AVP_PRF_ALGORITHM, *n);
	for (const uint32_t *n = peer->integrities; *n; n++)
		add_number(peer, out, PANA_AVP_INTEGRITY_ALGORITHM, *n);
	for (const uint32_t *n = peer->encryptions; *n; n++)
		add_number(peer, out, PANA_AVP_ENCRYPTION_ALGORITHM, *n);
	if (peer_says_yes(peer, "stateless", true))
		return;
	if (!peer->eap_used)
		restart_eap(peer);
	packet_add(out, 0, PANA_AVP_EAP_PAYLOAD, kept_view(&peer->eap_out));
}

static void compose_last(struct peer *peer, struct packet *out)
{
	/* §5.3: from this message on; the PAN that ended EAP was under the key before, or none. */
	if (peer->derive_due)
		derive_key(peer, ++peer->key_id, kept_view(&peer->sut_nonce),
			kept_view(&peer->own_nonce));
	peer->derive_due = false;
	out->header[PANA_FLAGS] |= PANA_C;
	if (peer->eap_out.size)
		packet_add(out, 0, PANA_AVP_EAP_PAYLOAD, kept_view(&peer->eap_out));
	add_number(peer, out, PANA_AVP_RESULT_CODE, peer->result);
	if (peer->result == PANA_SUCCESS)
		add_number(peer, out, PANA_AVP_SESSION_LIFETIME,
			(uint32_t)strtoul(peer_setting(peer, "lifetime", "3600"), NULL, 10));
	if (peer->eap->has_key && peer->result != PANA_AUTHENTICATION_REJECTED)
		add_number(peer, out, PANA_AVP_KEY_ID, peer->key_id);
}

static void compose_par(struct peer *peer, const struct message *message, struct packet *out)
{
	unsigned flags = peer_says_yes(peer, "reconfigure", false) ? PANA_I : 0;

	if (peer->phase == PHASE_AUTHENTICATED && !peer->want_request && !peer->want_last)
		begin_again(peer); /* §4.3: the agent begins the re-authentication */
	compose_header(peer, message, flags, out);
	if (peer->phase == PHASE_NOTHING) {
		compose_start(peer, out);
	} else if (peer->want_last) {
		compose_last(peer, out);
	} else {
		if (peer->eap_out.size)
			packet_add(out, 0, PANA_AVP_EAP_PAYLOAD, kept_view(&peer->eap_out));
		if (!peer->nonce_sent)
			packet_add(out, 0, PANA_AVP_NONCE, kept_view(&peer->own_nonce));
	}
}

static void compose(struct peer *peer, const struct message *message, struct packet *out)
{
	bool request = message->flags_value & PANA_R;

	if (message->type == PANA_AUTH && request) {
		compose_par(peer, message, out);
	} else if (!request) {
		compose_answer(peer, message, PANA_A | PANA_P | PANA_S | PANA_C, out);
	} else {
		compose_header(peer, message, 0, out);
		if (message->type == PANA_TERMINATION)
			add_number(peer, out, PANA_AVP_TERMINATION_CAUSE, PANA_ADMINISTRATIVE);
	}
	add_encap(peer, out);
}

/* --- sent ----------------------------------------------------------------------------------- */

static void sent_par(struct peer *peer, const struct packet *packet, struct view octets)
{
	const struct element_value *nonce = packet_find(packet, 0, PANA_AVP_NONCE);

	if (pana_flags(packet) & PANA_S) {
		keep(&peer->i_par, octets);
		peer->session = (uint32_t)packet->header[PANA_SESSION];
		peer->want_start = false;
	}
	if (nonce) {
		keep(&peer->own_nonce, nonce->value);
		peer->nonce_sent = true;
	}
	if (pana_flags(packet) & PANA_C) {
		peer->last_sent = true;
		peer->result = (uint32_t)packet_uint(packet, 0, PANA_AVP_RESULT_CODE, peer->result);
		peer->want_last = false;
	}
	peer->want_request = false;
}

static void sent(struct peer *peer, const struct packet *packet, struct view octets)
{
	note_sent(peer, packet);
	if (packet->header[PANA_TYPE] == PANA_AUTH && pana_is_request(packet))
		sent_par(peer, packet, octets);
	if (packet->header[PANA_TYPE] == PANA_NOTIFICATION && !pana_is_request(packet) &&
		pana_flags(packet) & PANA_A && peer->phase == PHASE_AUTHENTICATED)
		begin_again(peer);
}

static const struct message *next(struct peer *peer)
{
	bool begins = strcmp(peer_setting(peer, "initiate", "pac"), "paa") == 0 &&
		peer->phase == PHASE_NOTHING;

	if (peer->answer_due)
		return answer_due(peer);
	if (peer->is_outstanding)
		return NULL;
	if (peer->want_start || peer->want_request || peer->want_last || begins)
		return protocol_message_named(&pana_protocol, "PAR");
	return NULL;
}

static struct peer *create(const struct peer_config *config)
{
	struct peer *peer = pana_peer_new(config);

	peer->agent = true;
	return peer;
}

const struct peer_ops pana_paa_peer = {
	.create = create,
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
