// SPDX-License-Identifier: Apache-2.0
/* Who proves what in IKE_AUTH: the tester's AUTH payload, and a look at the implementation's. */
#include <stdio.h>
#include <stdlib.h>

#include "testbed/suite/ike_peer_inside.h"
#include "testbed/util/paths.h"

static bool by_psk(const struct peer *peer)
{
	return strcmp(ike_peer_setting(peer, "ike-auth"), "psk") == 0;
}

bool ike_peer_by_eap(const struct peer *peer, bool tester)
{
	bool initiator = tester ? !peer->serves : peer->serves;
	return initiator && strncmp(ike_peer_setting(peer, "ike-auth"), "eap", 3) == 0;
}

void ike_peer_open_credentials(struct peer *peer)
{
	const char *folder = peer->config.credentials, *name = peer->serves ? "server" : "client";
	char error[300];

	if (by_psk(peer) || !folder)
		return;
	char *ca = path_format("%s/ca.pem", folder);
	char *certificate = path_format("%s/%s.pem", folder, name);
	char *key = path_format("%s/%s.key", folder, name);
	const struct ike_credentials_config config = { .ca_file = ca,
		.certificate_file = certificate, .key_file = key };
	peer->credentials = ike_credentials_new(&config, error, sizeof(error));
	if (!peer->credentials)
		fprintf(stderr, "baton: the tester's certificate: %s\n", error);
	free(ca);
	free(certificate);
	free(key);
}

/* What an end signs, RFC 7296 §2.15. False: something of it has not come yet. */
struct signing {
	struct view first, nonce, id;
	const uint8_t *sk_p;
	uint16_t prf;
};

static bool signing_of(struct peer *peer, bool of_initiator, struct signing *out)
{
	const struct tester_sa *sa = &peer->sas[0];
	const unsigned end = of_initiator ? 0 : 1;

	if (!peer->sa_count || !sa->keyed)
		return false;
	*out = (struct signing){
		.first = peer->init[end],
		.nonce = peer->nonces[!end],
		.id = peer->ids[end],
		.sk_p = of_initiator ? sa->keys.initiator.prf : sa->keys.responder.prf,
		.prf = sa->suite.prf,
	};
	return out->first.size && out->nonce.size && out->id.size;
}

static void signed_parts(const struct signing *s, uint8_t mac[DIGEST_MAX], struct view parts[3])
{
	size_t size = ike_auth_maced_id(s->prf, s->sk_p, s->id, mac);

	parts[0] = s->first;
	parts[1] = s->nonce;
	parts[2] = VIEW(mac, size);
}

static size_t keyed(const struct signing *s, struct view key, uint8_t out[DIGEST_MAX])
{
	return ike_auth_psk(s->prf, key, s->sk_p, s->first, s->nonce, s->id, out);
}

/* The key that AUTH is made with; empty: a signature. */
static struct view key_of(const struct peer *peer)
{
	const struct eap_end *eap = peer->config.eap;

	if (peer->eap_begun && eap->status == EAP_SUCCESS && eap->has_key)
		return VIEW_OF(eap->msk);
	return by_psk(peer) ? view_text(ike_peer_setting(peer, "psk")) : VIEW_EMPTY;
}

/* --- the tester's ----------------------------------------------------------------------------- */

static size_t sign(struct peer *peer, const struct signing *s, uint8_t *method, uint8_t *out)
{
	uint8_t mac[DIGEST_MAX];
	struct view parts[3];

	if (!peer->credentials)
		return 0;
	signed_parts(s, mac, parts);
	return ike_credentials_sign(peer->credentials, peer->hashes, parts, 3, method, out);
}

static void draft_certificates(struct peer *peer, struct ike_draft *d)
{
	struct view one;

	for (unsigned n = 0; peer->credentials &&
		(one = ike_credentials_chain(peer->credentials, n)).size; n++)
		ike_draft_cert(d, IKE_PAYLOAD_CERT, one);
}

void ike_peer_draft_proof(struct peer *peer, struct ike_draft *d)
{
	uint8_t value[IKE_SIGNATURE_MAX], method = IKE_METHOD_SHARED_KEY;
	struct view key = key_of(peer);
	struct signing s;
	size_t size = 0;

	if (!signing_of(peer, !peer->serves, &s))
		return;
	if (key.size) {
		size = keyed(&s, key, value);
	} else {
		draft_certificates(peer, d);
		size = sign(peer, &s, &method, value);
	}
	if (size)
		ike_draft_auth(d, method, VIEW(value, size));
}

void ike_peer_draft_requests(struct peer *peer, struct ike_draft *d)
{
	if (by_psk(peer) || !peer->credentials || ike_peer_by_eap(peer, false))
		return;
	struct view authorities = ike_credentials_authorities(peer->credentials);
	if (authorities.size)
		ike_draft_cert(d, IKE_PAYLOAD_CERTREQ, authorities);
}

/* --- the implementation's --------------------------------------------------------------------- */

static const char *signature_wrong(struct peer *peer, const struct packet *packet,
	const struct signing *s, uint8_t method, struct view data)
{
	struct ike_proof proof = { .method = method, .data = data };
	struct element_value id_element = { .value = s->id };
	const struct element_value *e;
	uint8_t mac[DIGEST_MAX];
	struct view parts[3];
	struct ike_id id;

	if (!peer->credentials)
		return "AUTH by certificate";
	if (ike_decode_id(&id_element, &id, NULL) < 0)
		return "identity";
	for (unsigned n = 0; (e = packet_find_nth(packet, 0, IKE_PAYLOAD_CERT, n)); n++) {
		struct reader r = reader_of(e->value);
		if (read_u8(&r) == IKE_CERT_X509_SIGNATURE && proof.count < IKE_CHAIN_MAX)
			proof.certificates[proof.count++] = read_rest(&r);
	}
	proof.id = &id;
	signed_parts(s, mac, parts);
	return ike_credentials_verify(peer->credentials, &proof, peer->config.epoch, parts, 3);
}

const char *ike_peer_auth_wrong(struct peer *peer, const struct packet *packet)
{
	const struct element_value *auth = packet_find(packet, 0, IKE_PAYLOAD_AUTH);
	const struct element_value *id = packet_find(packet, 0,
		peer->serves ? IKE_PAYLOAD_IDI : IKE_PAYLOAD_IDR);
	uint8_t expected[DIGEST_MAX];
	struct signing s;

	if (id)
		peer->ids[peer->serves ? 0 : 1] = id->value;
	if (!auth || !signing_of(peer, peer->serves, &s))
		return NULL;
	struct reader r = reader_of(auth->value);
	uint8_t method = read_u8(&r);
	read_u24(&r);
	struct view data = read_rest(&r);
	if (method != IKE_METHOD_SHARED_KEY)
		return signature_wrong(peer, packet, &s, method, data);
	struct view key = key_of(peer);
	if (!key.size)
		return "AUTH";
	size_t size = keyed(&s, key, expected);
	return view_equal(data, VIEW(expected, size)) ? NULL : "AUTH";
}
