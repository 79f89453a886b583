// SPDX-License-Identifier: Apache-2.0
/* How the ends of main mode prove who they are: RFC 2409 §5.1 (signatures), §5.4 (shared key). */
#include "ref/base/mutant.h"
#include "ref/isakmp/isakmp_inside.h"

struct isakmp_seed isakmp_seed_of(const struct isakmp_sa *sa)
{
	bool by_key = sa->connection->local_means == IKE_BY_PSK;

	return (struct isakmp_seed){
		.psk = by_key ? sa->connection->psk : VIEW_EMPTY,
		.nonce_i = ike_octets_view(&sa->nonce_i),
		.nonce_r = ike_octets_view(&sa->nonce_r),
		.public_i = ike_octets_view(&sa->public_i),
		.public_r = ike_octets_view(&sa->public_r),
		.shared = VIEW(sa->shared, sa->shared_size),
		.cky_i = sa->cky_i,
		.cky_r = sa->cky_r,
	};
}

static struct view hash_of(const struct isakmp_sa *sa, bool of_initiator, struct view id_body,
	uint8_t out[DIGEST_MAX])
{
	struct isakmp_seed seed = isakmp_seed_of(sa);
	size_t size = isakmp_auth_hash(&sa->suite, &sa->keys, &seed, of_initiator,
		ike_octets_view(&sa->sa_body), id_body, out);
	return VIEW(out, size);
}

void isakmp_draft_proof(struct isakmp_sa *sa, struct isakmp_draft *d)
{
	const struct ike_credentials *credentials = sa->connection->credentials;
	uint8_t hash[DIGEST_MAX], signature[IKE_SIGNATURE_MAX];
	struct view certificate;

	isakmp_draft_identity(d, &sa->connection->local_id);
	struct view value = hash_of(sa, sa->initiator, d->packet.elements[0].value, hash);
	if (sa->connection->local_means == IKE_BY_PSK) {
		isakmp_draft_octets(d, ISAKMP_PAYLOAD_HASH, value);
		return;
	}
	for (unsigned n = 0; (certificate = ike_credentials_chain(credentials, n)).size; n++)
		isakmp_draft_cert(d, ISAKMP_PAYLOAD_CERT, certificate);
	size_t size = ike_credentials_sign_hash(credentials, value, signature);
	isakmp_draft_octets(d, ISAKMP_PAYLOAD_SIG, VIEW(signature, size));
}

/* --- the peer's ----------------------------------------------------------------------------- */

static unsigned certificates(const struct packet *p, struct ike_proof *proof)
{
	const struct element_value *e;

	for (unsigned n = 0; (e = packet_find_nth(p, 0, ISAKMP_PAYLOAD_CERT, n)); n++) {
		struct reader r = reader_of(e->value);
		bool x509 = read_u8(&r) == ISAKMP_CERT_X509_SIGNATURE;
		struct view certificate = read_rest(&r);
		if (x509 && !r.failed && proof->count < IKE_CHAIN_MAX)
			proof->certificates[proof->count++] = certificate;
	}
	return proof->count;
}

/* NULL: proven. */
static const char *judge(struct isakmp_sa *sa, const struct ike_connection *c,
	struct isakmp_step *s)
{
	const struct element_value *id = packet_find(s->packet, 0, ISAKMP_PAYLOAD_ID);
	const struct element_value *hash = packet_find(s->packet, 0, ISAKMP_PAYLOAD_HASH);
	const struct element_value *sig = packet_find(s->packet, 0, ISAKMP_PAYLOAD_SIG);
	struct ike_proof proof = { .method = IKE_METHOD_BARE_HASH, .id = &s->id };
	uint8_t room[DIGEST_MAX];
	struct view expected = hash_of(sa, !sa->initiator, id->value, room);

	if (c->local_means == IKE_BY_PSK)
		return hash && (ct_equal(hash->value, expected) || MUTANT(isakmp_any_key)) ? NULL
							       : "a hash that does not verify";
	if (!sig)
		return "no signature";
	certificates(s->packet, &proof);
	proof.data = sig->value;
	return ike_credentials_verify(c->credentials, &proof,
		sa->isakmp->config.epoch + s->now / BTIME_S, &expected, 1);
}

/* Connections that a responder could mean with what it said so far: means, key, addresses. */
static bool alike(const struct isakmp_sa *sa, const struct ike_connection *c)
{
	const struct ike_connection *was = sa->connection;

	return c == was || (!sa->initiator && c->local_means == was->local_means &&
		view_equal(c->psk, was->psk) && c->credentials == was->credentials &&
		(!c->remote.family || (c->remote.family == sa->peer.family &&
			memcmp(c->remote.address, sa->peer.address, 16) == 0)));
}

void isakmp_find_proven(struct isakmp_sa *sa, struct isakmp_step *s)
{
	const struct ike_config *config = &sa->isakmp->config;
	const struct element_value *id = packet_find(s->packet, 0, ISAKMP_PAYLOAD_ID);

	s->connection = NULL;
	s->error = ISAKMP_N_INVALID_ID_INFORMATION;
	s->words = "an identity that nobody has here";
	if (isakmp_read_identity(id, &s->id, NULL) < 0)
		return;
	for (unsigned i = 0; i < config->count && !s->connection; i++) {
		const struct ike_connection *c = &config->connections[i];
		if (!alike(sa, c) || (c->remote_id.type && !ike_id_equal(&c->remote_id, &s->id) &&
					     !MUTANT(isakmp_any_identity)))
			continue;
		s->words = judge(sa, c, s);
		s->error = ISAKMP_N_AUTHENTICATION_FAILED;
		s->connection = s->words ? NULL : c;
		if (s->words)
			return; /* the proof is the same for each */
	}
}
