// SPDX-License-Identifier: Apache-2.0
/* What the tester's end of IKEv1 would send now: each message as a right implementation has it. A HASH is
 * a place of zeros, filled when the rest of the message stands (isakmp_peer_crypt.c). */
#include "ref/ike/ike_proposal.h"
#include "ref/isakmp/isakmp.h"
#include "testbed/suite/isakmp_peer_inside.h"

#define IKE_PROPOSAL "aes256-aes128-sha256-sha384-modp2048-ecp256"
#define ESP_PROPOSAL "aes256gcm16,aes256-aes128-sha256,aes256-aes128-sha1"
#define LIFE 28800

static void read_proposals(const struct peer *peer, uint8_t protocol, struct ike_proposals *out)
{
	bool ike = protocol == IKE_PROTOCOL_IKE;
	const char *text = isakmp_peer_setting(peer, ike ? "ike-proposal" : "esp-proposal");

	if (!text || ike_proposals_parse(text, protocol, out) < 0)
		ike_proposals_parse(ike ? IKE_PROPOSAL : ESP_PROPOSAL, protocol, out);
	struct ike_connection fit = { .ike = *out };
	isakmp_connection_fit(&fit);
	if (ike)
		*out = fit.ike;
}

static struct isakmp_terms terms_of(const struct peer *peer, bool first)
{
	bool transport = strcmp(isakmp_peer_setting(peer, "ike-mode"), "transport") == 0;

	if (first)
		return (struct isakmp_terms){ .auth = ISAKMP_AUTH_PSK, .seconds = LIFE };
	if (peer->nat) /* RFC 3947 §5.1 */
		return (struct isakmp_terms){ .seconds = LIFE, .mode = transport ?
			ISAKMP_MODE_UDP_TRANSPORT : ISAKMP_MODE_UDP_TUNNEL };
	return (struct isakmp_terms){ .seconds = LIFE,
		.mode = transport ? ISAKMP_MODE_TRANSPORT : ISAKMP_MODE_TUNNEL };
}

/* Drawn once for phase 1. */
static void make_secret(struct peer *peer)
{
	if (peer->secret_made)
		return;
	peer->secret_made = true;
	random_fill(peer->config.random, peer->nonce, sizeof(peer->nonce));
	ike_dh_make(peer->suite.dh, peer->config.random, &peer->dh, peer->ke);
}

static void empty_hash(struct peer *peer, struct isakmp_draft *d)
{
	static const uint8_t zero[DIGEST_MAX];

	isakmp_draft_octets(d, ISAKMP_PAYLOAD_HASH,
		VIEW(zero, digest_size(isakmp_digest(&peer->suite))));
}

/* --- main mode -------------------------------------------------------------------------------- */

static void draft_abilities(struct isakmp_draft *d)
{
	isakmp_draft_vendor(d, ISAKMP_VENDOR_NAT_T);
	isakmp_draft_vendor(d, ISAKMP_VENDOR_DPD);
}

static void first_message(struct peer *peer, struct isakmp_draft *d, struct packet *out)
{
	struct isakmp_terms terms = terms_of(peer, true);
	struct ike_proposals list;

	if (!peer->cky_i)
		peer->cky_i = (uint64_t)random_u32(peer->config.random) << 32 | 1;
	out->header[ISAKMP_CKY_R] = 0;
	read_proposals(peer, IKE_PROTOCOL_IKE, &list);
	isakmp_make_offers(&list, ISAKMP_PROTO_ISAKMP, &terms, 0, VIEW_EMPTY, &peer->offers);
	isakmp_draft_sa(d, &peer->offers);
	draft_abilities(d);
}

/* The first of the implementation's offers that the tester takes, as it was offered. */
static bool draft_choice(struct peer *peer, struct isakmp_draft *d, bool first, uint32_t spi)
{
	struct ike_proposals accepted, groups;
	struct isakmp_terms required = terms_of(peer, first), terms;
	const struct element_value *sa = packet_find(&peer->request, 0, ISAKMP_PAYLOAD_SA);
	struct isakmp_offers *offered = arena_alloc(peer->config.arena, sizeof(*offered));
	struct ike_suite suite;

	read_proposals(peer, IKE_PROTOCOL_IKE, &groups);
	read_proposals(peer, first ? IKE_PROTOCOL_IKE : IKE_PROTOCOL_ESP, &accepted);
	if (!sa || isakmp_decode_sa(sa, offered, NULL) < 0)
		return false;
	const struct isakmp_offer *o = isakmp_choose(offered, &accepted,
		first ? ISAKMP_PROTO_ISAKMP : ISAKMP_PROTO_ESP, &required, &groups, &suite, &terms);
	if (!o)
		return false;
	if (first)
		peer->suite = suite;
	peer->offers = (struct isakmp_offers){ .count = 1, .list = { *o } };
	if (!first) {
		struct writer w = writer_of(peer->offers.list[0].spi, 4);
		write_u32(&w, spi);
	}
	isakmp_draft_sa(d, &peer->offers);
	return true;
}

static void second_message(struct peer *peer, struct isakmp_draft *d)
{
	if (!peer->cky_r)
		peer->cky_r = (uint64_t)random_u32(peer->config.random) << 32 | 1;
	draft_choice(peer, d, true, 0);
	draft_abilities(d);
}

/* RFC 3947 §3.2: first the other end, then this one. */
static void draft_nat(struct peer *peer, struct isakmp_draft *d)
{
	const struct endpoint *ends[] = { &peer->there, &peer->here };
	uint8_t digest[DIGEST_MAX];

	for (unsigned i = 0; i < 2; i++) {
		size_t size = isakmp_nat_digest(&peer->suite, peer->cky_i, peer->cky_r, ends[i],
			digest);
		isakmp_draft_octets(d, ISAKMP_PAYLOAD_NAT_D, VIEW(digest, size));
	}
}

static void exchange_message(struct peer *peer, struct isakmp_draft *d)
{
	make_secret(peer);
	if (peer->dh.group)
		isakmp_draft_octets(d, ISAKMP_PAYLOAD_KE,
			VIEW(peer->ke, ike_dh_public_size(peer->dh.group)));
	isakmp_draft_octets(d, ISAKMP_PAYLOAD_NONCE, VIEW_OF(peer->nonce));
	draft_nat(peer, d);
}

static void proof_message(struct peer *peer, struct isakmp_draft *d)
{
	struct ike_id id;

	if (ike_id_parse(isakmp_peer_setting(peer, peer->serves ? "server-identity" : "identity"),
		    &id) == 0)
		isakmp_draft_identity(d, &id);
	empty_hash(peer, d);
}

/* --- quick mode ------------------------------------------------------------------------------- */

static void host_selector(const struct endpoint *e, struct ike_ts *out)
{
	*out = (struct ike_ts){ .type = IKE_TS_IPV4_ADDR_RANGE, .end_port = UINT16_MAX };
	memcpy(out->start, e->address, 4);
	memcpy(out->end, e->address, 4);
}

/* IDci and IDcr; who began main mode has the side of the initiator in the settings. */
static void draft_selectors(struct peer *peer, struct isakmp_draft *d)
{
	bool transport = strcmp(isakmp_peer_setting(peer, "ike-mode"), "transport") == 0;

	for (unsigned i = 0; i < 2; i++) {
		bool own = i == 0;
		bool of_initiator = own != peer->serves;
		struct ike_ts ts;
		if (transport || ike_selector_parse(isakmp_peer_setting(peer,
				of_initiator ? "ts-initiator" : "ts-responder"), &ts) < 0)
			host_selector(own ? &peer->here : &peer->there, &ts);
		isakmp_draft_selector(d, &ts);
	}
}

static void make_next(struct peer *peer)
{
	if (peer->next_made)
		return;
	peer->next_made = true;
	peer->next = (struct tester_quick){ .ours = true,
		.id = random_u32(peer->config.random) | 1,
		.spi_ours = 0xc0000000 | random_u32(peer->config.random) };
	random_fill(peer->config.random, peer->quick_nonce, sizeof(peer->quick_nonce));
}

static struct view spi_of(uint32_t spi, uint8_t out[4])
{
	struct writer w = writer_of(out, 4);

	write_u32(&w, spi);
	return writer_view(&w);
}

static void quick_first(struct peer *peer, struct isakmp_draft *d, struct packet *out)
{
	struct isakmp_terms terms = terms_of(peer, false);
	struct ike_proposals list;
	uint8_t spi[4];

	make_next(peer);
	out->header[ISAKMP_MESSAGE_ID] = peer->next.id;
	read_proposals(peer, IKE_PROTOCOL_ESP, &list);
	isakmp_make_offers(&list, ISAKMP_PROTO_ESP, &terms, 0, spi_of(peer->next.spi_ours, spi),
		&peer->offers);
	empty_hash(peer, d);
	isakmp_draft_sa(d, &peer->offers);
	isakmp_draft_octets(d, ISAKMP_PAYLOAD_NONCE, VIEW_OF(peer->quick_nonce));
	draft_selectors(peer, d);
}

static void quick_second(struct peer *peer, struct isakmp_draft *d)
{
	const struct element_value *id;

	make_next(peer);
	empty_hash(peer, d);
	draft_choice(peer, d, false, peer->next.spi_ours);
	isakmp_draft_octets(d, ISAKMP_PAYLOAD_NONCE, VIEW_OF(peer->quick_nonce));
	for (unsigned n = 0; (id = packet_find_nth(&peer->request, 0, ISAKMP_PAYLOAD_ID, n)); n++)
		isakmp_draft_octets(d, ISAKMP_PAYLOAD_ID, id->value);
}

/* --- informational ---------------------------------------------------------------------------- */

static struct view cookies(const struct peer *peer, uint8_t out[16])
{
	struct writer w = writer_of(out, 16);

	write_u64(&w, peer->cky_i);
	write_u64(&w, peer->cky_r);
	return writer_view(&w);
}

static void draft_probe(struct peer *peer, struct isakmp_draft *d, bool answer)
{
	uint8_t spi[16], number[4];

	isakmp_draft_notify(d, ISAKMP_PROTO_ISAKMP, cookies(peer, spi),
		answer ? ISAKMP_N_R_U_THERE_ACK : ISAKMP_N_R_U_THERE,
		spi_of(answer ? peer->probed : peer->probe, number));
}

static void information(struct peer *peer, struct isakmp_draft *d, enum isakmp_suite_message which,
	struct packet *out)
{
	struct tester_quick *child = isakmp_peer_child(peer);
	uint8_t spi[16];

	if (!peer->info_made)
		peer->info_id = random_u32(peer->config.random) | 1;
	peer->info_made = true;
	out->header[ISAKMP_MESSAGE_ID] = peer->info_id;
	if (which == ISAKMP_SUITE_INFO_CLEAR)
		return;
	empty_hash(peer, d);
	if (which == ISAKMP_SUITE_PROBE || which == ISAKMP_SUITE_PROBE_ANSWER)
		draft_probe(peer, d, which == ISAKMP_SUITE_PROBE_ANSWER);
	else if (which == ISAKMP_SUITE_DELETE_ISAKMP)
		isakmp_draft_delete(d, ISAKMP_PROTO_ISAKMP, cookies(peer, spi));
	else if (which == ISAKMP_SUITE_DELETE_ESP)
		isakmp_draft_delete(d, ISAKMP_PROTO_ESP, spi_of(child ? child->spi_ours : 0, spi));
	else if (which == ISAKMP_SUITE_INITIAL_CONTACT)
		isakmp_draft_notify(d, ISAKMP_PROTO_ISAKMP, cookies(peer, spi),
			ISAKMP_N_INITIAL_CONTACT, VIEW_EMPTY);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void draft(struct peer *peer, enum isakmp_suite_message which, struct isakmp_draft *d,
	struct packet *out)
{
	struct tester_quick *q = peer->quick_count ? &peer->quicks[peer->quick_count - 1] : NULL;

	switch (which) {
	case ISAKMP_SUITE_MM1:
		first_message(peer, d, out);
		break;
	case ISAKMP_SUITE_MM2:
		second_message(peer, d);
		break;
	case ISAKMP_SUITE_MM3:
	case ISAKMP_SUITE_MM4:
		exchange_message(peer, d);
		break;
	case ISAKMP_SUITE_MM5:
	case ISAKMP_SUITE_MM6:
		proof_message(peer, d);
		break;
	case ISAKMP_SUITE_QM1:
		quick_first(peer, d, out);
		break;
	case ISAKMP_SUITE_QM2:
		out->header[ISAKMP_MESSAGE_ID] = q ? q->id : 0;
		quick_second(peer, d);
		break;
	case ISAKMP_SUITE_QM3:
		out->header[ISAKMP_MESSAGE_ID] = q ? q->id : 0;
		empty_hash(peer, d);
		break;
	case ISAKMP_SUITE_INFO:
	case ISAKMP_SUITE_INFO_CLEAR:
	case ISAKMP_SUITE_PROBE:
	case ISAKMP_SUITE_PROBE_ANSWER:
	case ISAKMP_SUITE_DELETE_ISAKMP:
	case ISAKMP_SUITE_DELETE_ESP:
	case ISAKMP_SUITE_INITIAL_CONTACT:
		information(peer, d, which, out);
		break;
	}
}

void isakmp_peer_compose(struct peer *peer, const struct message *message, struct packet *out)
{
	*out = packet_named(&isakmp_suite_protocol, message->name);
	out->header[ISAKMP_VERSIONS] = ISAKMP_VERSION;
	isakmp_draft_begin(&peer->draft, (enum isakmp_exchange)message->type,
		message->flags_value & ISAKMP_FLAG_ENCRYPTION);
	draft(peer, isakmp_suite_number(message), &peer->draft, out);
	out->header[ISAKMP_CKY_I] = peer->cky_i;
	if (isakmp_suite_number(message) != ISAKMP_SUITE_MM1)
		out->header[ISAKMP_CKY_R] = peer->cky_r;
	isakmp_suite_spread(&peer->draft.packet, out, peer->config.arena);
}
