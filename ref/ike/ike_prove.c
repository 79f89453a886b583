// SPDX-License-Identifier: Apache-2.0
/* AUTH of either end, RFC 7296 §2.15: by shared key, by certificate, and by the key of EAP (§2.16). */
#include "ref/base/mutant.h"
#include "ref/ike/ike_inside.h"

/* --- what is signed ------------------------------------------------------------------------- */

struct text {
	struct view first, nonce, id_body; /* the end's first message, the other's nonce, its ID */
	const uint8_t *sk_p;
	uint8_t id_octets[4 + IKE_ID_MAX];
};

static void text_of(const struct ike_sa *sa, bool of_initiator, const struct ike_id *id,
	struct text *t)
{
	struct writer w = writer_of(t->id_octets, sizeof(t->id_octets));

	ike_encode_id(id, &w);
	t->id_body = writer_view(&w);
	t->sk_p = of_initiator ? sa->keys.initiator.prf : sa->keys.responder.prf;
	t->first = ike_octets_view(of_initiator ? &sa->init_request : &sa->init_response);
	t->nonce = ike_octets_view(of_initiator ? &sa->nonce_r : &sa->nonce_i);
}

static size_t keyed_value(const struct ike_sa *sa, const struct text *t, struct view key,
	uint8_t out[DIGEST_MAX])
{
	return ike_auth_psk(sa->suite.prf, key, t->sk_p, t->first, t->nonce, t->id_body, out);
}

static void signed_parts(const struct ike_sa *sa, const struct text *t, uint8_t mac[DIGEST_MAX],
	struct view parts[3])
{
	size_t size = ike_auth_maced_id(sa->suite.prf, t->sk_p, t->id_body, mac);

	parts[0] = t->first;
	parts[1] = t->nonce;
	parts[2] = VIEW(mac, size);
}

static struct view key_with(const struct ike_connection *c, const struct ike_id *peer)
{
	return c->psk_of ? c->psk_of(c->psk_context, peer) : c->psk;
}

/* --- ours ----------------------------------------------------------------------------------- */

static size_t sign(const struct ike_sa *sa, const struct ike_connection *c, uint8_t *method,
	uint8_t *out)
{
	uint8_t mac[DIGEST_MAX];
	struct view parts[3];
	struct text t;

	text_of(sa, sa->initiator, &c->local_id, &t);
	signed_parts(sa, &t, mac, parts);
	return ike_credentials_sign(c->credentials, sa->peer_hashes, parts, 3, method, out);
}

bool ike_can_prove(const struct ike_sa *sa, const struct ike_connection *c)
{
	switch (c->local_means) {
	case IKE_BY_PSK:
		return c->psk.size != 0 || c->psk_of;
	case IKE_BY_CERTIFICATE:
		return c->credentials && ike_credentials_can_sign(c->credentials, sa->peer_hashes);
	case IKE_BY_EAP:
		return sa->initiator && c->eap;
	}
	return false;
}

void ike_draft_proof(struct ike_sa *sa, struct ike_draft *d)
{
	const struct ike_connection *c = sa->connection;
	uint8_t value[IKE_SIGNATURE_MAX], method = IKE_METHOD_SHARED_KEY;
	struct view certificate;
	struct text t;
	size_t size = 0;

	switch (c->local_means) {
	case IKE_BY_PSK:
		text_of(sa, sa->initiator, &c->local_id, &t);
		size = keyed_value(sa, &t, key_with(c, &sa->peer_id), value);
		break;
	case IKE_BY_CERTIFICATE:
		for (unsigned n = 0; (certificate = ike_credentials_chain(c->credentials, n)).size;
			n++)
			ike_draft_cert(d, IKE_PAYLOAD_CERT, certificate);
		size = sign(sa, c, &method, value);
		break;
	case IKE_BY_EAP: /* §2.16: no AUTH is what says so */
		return;
	}
	ike_draft_auth(d, method, VIEW(value, size));
}

void ike_draft_requests(const struct ike_connection *c, struct ike_draft *d)
{
	if (c->remote_means != IKE_BY_CERTIFICATE || !c->credentials)
		return;
	struct view authorities = ike_credentials_authorities(c->credentials);
	if (authorities.size)
		ike_draft_cert(d, IKE_PAYLOAD_CERTREQ, authorities);
}

/* --- the peer's ----------------------------------------------------------------------------- */

static bool keyed_good(const struct ike_sa *sa, const struct packet *p, const struct ike_id *id,
	struct view key)
{
	const struct element_value *e = packet_find(p, 0, IKE_PAYLOAD_AUTH);
	struct reader r = reader_of(e ? e->value : VIEW_EMPTY);
	uint8_t expected[DIGEST_MAX];
	struct text t;

	if (!key.size || read_u8(&r) != IKE_METHOD_SHARED_KEY)
		return false;
	read_u24(&r);
	text_of(sa, !sa->initiator, id, &t);
	size_t size = keyed_value(sa, &t, key, expected);
	return ct_equal(read_rest(&r), VIEW(expected, size)) || MUTANT(ike_any_key);
}

/* §3.6: the first certificate is that of the key that signed. */
static void take_certificates(const struct packet *p, struct ike_proof *proof)
{
	const struct element_value *e;

	for (unsigned n = 0; (e = packet_find_nth(p, 0, IKE_PAYLOAD_CERT, n)); n++) {
		struct reader r = reader_of(e->value);
		if (read_u8(&r) == IKE_CERT_X509_SIGNATURE && proof->count < IKE_CHAIN_MAX)
			proof->certificates[proof->count++] = read_rest(&r);
	}
}

static bool signature_good(const struct ike_sa *sa, struct ike_step *s, const struct packet *p,
	const struct ike_connection *c, const struct ike_id *id)
{
	const struct element_value *e = packet_find(p, 0, IKE_PAYLOAD_AUTH);
	struct reader r = reader_of(e ? e->value : VIEW_EMPTY);
	struct ike_proof proof = { .method = read_u8(&r), .id = id };
	uint8_t mac[DIGEST_MAX];
	struct view parts[3];
	struct text t;

	if (!e || !c->credentials)
		return false;
	read_u24(&r);
	proof.data = read_rest(&r);
	take_certificates(p, &proof);
	text_of(sa, !sa->initiator, id, &t);
	signed_parts(sa, &t, mac, parts);
	s->unproven = ike_credentials_verify(c->credentials, &proof,
		sa->ike->config.epoch + (int64_t)(s->now / BTIME_S), parts, 3);
	return s->unproven == NULL;
}

static bool proof_good(const struct ike_sa *sa, struct ike_step *s, const struct ike_connection *c,
	const struct ike_id *id)
{
	switch (c->remote_means) {
	case IKE_BY_PSK:
		return keyed_good(sa, s->packet, id, key_with(c, id));
	case IKE_BY_CERTIFICATE:
		return signature_good(sa, s, s->packet, c, id);
	case IKE_BY_EAP:
		return false;
	}
	return false;
}

static bool same_address(const struct endpoint *configured, const struct endpoint *real)
{
	return configured->family == 0 || (configured->family == real->family &&
		memcmp(configured->address, real->address, 16) == 0);
}

/* The connection fits the addresses, the identities, and what we can prove. */
static bool fits(const struct ike_sa *sa, const struct ike_connection *c,
	const struct ike_id *peer, const struct ike_id *wanted)
{
	return same_address(&c->local, &sa->local) && same_address(&c->remote, &sa->peer) &&
		(!c->remote_id.type || ike_id_equal(&c->remote_id, peer) ||
			MUTANT(ike_any_identity)) &&
		(!wanted->type || ike_id_equal(&c->local_id, wanted)) && ike_can_prove(sa, c);
}

bool ike_find_proven(const struct ike_sa *sa, struct ike_step *s, bool eap)
{
	const struct element_value *idi = packet_find(s->packet, 0, IKE_PAYLOAD_IDI);
	const struct element_value *idr = packet_find(s->packet, 0, IKE_PAYLOAD_IDR);
	const struct ike_config *config = &sa->ike->config;
	struct ike_id wanted = { 0 };

	s->proven = NULL;
	if (!idi || ike_decode_id(idi, &s->proven_id, NULL) < 0)
		return false;
	if (idr && ike_decode_id(idr, &wanted, NULL) < 0)
		return false;
	if (eap == (packet_find(s->packet, 0, IKE_PAYLOAD_AUTH) != NULL))
		return false;
	for (unsigned i = 0; i < config->count; i++) {
		const struct ike_connection *c = &config->connections[i];
		if (!fits(sa, c, &s->proven_id, &wanted))
			continue;
		if (eap ? c->remote_means == IKE_BY_EAP && c->eap != NULL
			: proof_good(sa, s, c, &s->proven_id)) {
			s->proven = c;
			return true;
		}
	}
	return false;
}

bool ike_responder_proved(const struct ike_sa *sa, struct ike_step *s)
{
	const struct element_value *idr = packet_find(s->packet, 0, IKE_PAYLOAD_IDR);
	const struct ike_connection *c = sa->connection;

	s->proven = NULL;
	if (!idr || ike_decode_id(idr, &s->proven_id, NULL) < 0)
		return false;
	if (c->remote_id.type && !ike_id_equal(&c->remote_id, &s->proven_id))
		return false;
	if (!proof_good(sa, s, c, &s->proven_id))
		return false;
	s->proven = c;
	return true;
}

/* --- under the key of EAP ------------------------------------------------------------------- */

void ike_draft_eap_proof(struct ike_sa *sa, struct ike_draft *d)
{
	uint8_t value[DIGEST_MAX];
	struct text t;

	text_of(sa, sa->initiator, &sa->connection->local_id, &t);
	size_t size = keyed_value(sa, &t, VIEW_OF(sa->eap->msk), value);
	ike_draft_auth(d, IKE_METHOD_SHARED_KEY, VIEW(value, size));
}

bool ike_eap_proof_good(const struct ike_sa *sa, const struct packet *p)
{
	return sa->eap && sa->eap->status == EAP_SUCCESS && sa->eap->has_key &&
		packet_find(p, 0, IKE_PAYLOAD_AUTH) &&
		keyed_good(sa, p, &sa->peer_id, VIEW_OF(sa->eap->msk));
}
