// SPDX-License-Identifier: Apache-2.0
/* What the tester's end of IKE would send now: each message as a right implementation has it. */
#include "ref/ike/ike_change_wire.h"
#include "testbed/suite/ike_peer_inside.h"
#include "ref/ike/ike_proposal.h"

#define IKE_PROPOSAL "aes256gcm16-aes128gcm16-prfsha256-prfsha384-curve25519-ecp256-modp2048," \
		     "aes256-aes128-sha256-sha384-curve25519-ecp256-modp2048"
#define ESP_PROPOSAL "aes256gcm16-aes128gcm16,aes256-aes128-sha256"

static bool is_on(const struct peer *peer, const char *name)
{
	const char *value = ike_peer_setting(peer, name);
	return value && strcmp(value, "yes") == 0;
}

static void read_proposals(const struct peer *peer, uint8_t protocol, struct ike_proposals *out)
{
	bool ike = protocol == IKE_PROTOCOL_IKE;
	const char *text = ike_peer_setting(peer, ike ? "ike-proposal" : "esp-proposal");

	if (!text || ike_proposals_parse(text, protocol, out) < 0)
		ike_proposals_parse(ike ? IKE_PROPOSAL : ESP_PROPOSAL, protocol, out);
}

static void put_spi(struct ike_proposal *p, uint64_t spi, size_t size)
{
	struct writer w = writer_of(p->spi, sizeof(p->spi));

	p->spi_size = (uint8_t)size;
	write_uint(&w, spi, (unsigned)size);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static void make_ke(struct peer *peer, struct tester_secret *s, uint16_t group)
{
	if (s->dh.group != group && ike_dh_make(group, peer->config.random, &s->dh, s->ke) < 0)
		s->dh.group = 0;
}

/* Drawn once for a message, however often it is written down. */
static void make_secret(struct peer *peer, struct tester_secret *s)
{
	if (s->made)
		return;
	*s = (struct tester_secret){ .made = true };
	random_fill(peer->config.random, s->nonce, sizeof(s->nonce));
	s->ike_spi = (uint64_t)random_u32(peer->config.random) << 32 |
		random_u32(peer->config.random) | 1;
	s->child_spi = 0xc0000000 | random_u32(peer->config.random);
}

static void draft_ke(struct ike_draft *d, const struct tester_secret *s)
{
	if (s->dh.group)
		ike_draft_ke(d, s->dh.group, VIEW(s->ke, ike_dh_public_size(s->dh.group)));
}

static uint16_t first_group(const struct ike_proposals *list)
{
	for (unsigned i = 0; i < list->count; i++)
		for (unsigned k = 0; k < list->list[i].count; k++)
			if (list->list[i].transforms[k].type == IKE_TRANSFORM_DH &&
				ike_dh_public_size(list->list[i].transforms[k].id))
				return list->list[i].transforms[k].id;
	return 0;
}

/* --- pieces ----------------------------------------------------------------------------------- */

static void draft_nat(struct peer *peer, struct ike_draft *d, const struct packet *out)
{
	uint8_t digest[20];

	ike_nat_digest(out->header[IKE_SPI_I], out->header[IKE_SPI_R], &peer->here, digest);
	ike_draft_notify(d, IKE_N_NAT_DETECTION_SOURCE_IP, VIEW_OF(digest));
	ike_nat_digest(out->header[IKE_SPI_I], out->header[IKE_SPI_R], &peer->there, digest);
	ike_draft_notify(d, IKE_N_NAT_DETECTION_DESTINATION_IP, VIEW_OF(digest));
}

/* What both ends announce in IKE_SA_INIT. */
static void draft_abilities(struct peer *peer, struct ike_draft *d, const struct packet *out)
{
	draft_nat(peer, d, out);
	ike_draft_notify(d, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, VIEW_EMPTY);
	ike_draft_notify(d, IKE_N_SIGNATURE_HASH_ALGORITHMS, ike_credentials_hashes());
}

static void host_selector(const struct endpoint *e, struct ike_ts *out)
{
	*out = (struct ike_ts){ .type = IKE_TS_IPV4_ADDR_RANGE, .end_port = UINT16_MAX };
	memcpy(out->start, e->address, 4);
	memcpy(out->end, e->address, 4);
}

/* The tester's side of the traffic, or the other. */
static void draft_selector(struct peer *peer, struct ike_draft *d, enum ike_payload code, bool own)
{
	bool transport = strcmp(ike_peer_setting(peer, "ike-mode"), "transport") == 0;
	bool of_initiator = own != peer->serves;
	bool internal = of_initiator && is_on(peer, "internal-address");
	struct ike_ts_list list = { .count = 1 };

	if (transport)
		host_selector(own ? &peer->here : &peer->there, &list.list[0]);
	else if (internal)
		ike_selector_parse(own ? "0.0.0.0/0" : "10.77.0.1/32", &list.list[0]);
	else if (ike_selector_parse(ike_peer_setting(peer,
			 of_initiator ? "ts-initiator" : "ts-responder"), &list.list[0]) < 0)
		host_selector(own ? &peer->here : &peer->there, &list.list[0]);
	ike_draft_ts(d, code, &list);
}

/* Selectors, and what else belongs to a Child SA; TSi is the side of who asks, RFC 7296 §2.9. */
static void draft_child(struct peer *peer, struct ike_draft *d, bool asks)
{
	draft_selector(peer, d, IKE_PAYLOAD_TSI, asks);
	draft_selector(peer, d, IKE_PAYLOAD_TSR, !asks);
	if (strcmp(ike_peer_setting(peer, "ike-mode"), "transport") == 0)
		ike_draft_notify(d, IKE_N_USE_TRANSPORT_MODE, VIEW_EMPTY);
}

static void draft_configuration(struct peer *peer, struct ike_draft *d)
{
	static const uint8_t address[] = { 10, 77, 0, 1 };
	struct ike_configuration cp = { .type = peer->serves ? IKE_CFG_REPLY : IKE_CFG_REQUEST,
		.count = 1 };

	if (!is_on(peer, "internal-address"))
		return;
	cp.list[0].type = IKE_CFG_INTERNAL_IP4_ADDRESS;
	cp.list[0].value = peer->serves ? VIEW_OF(address) : VIEW_EMPTY;
	ike_draft_cp(d, &cp);
}

static void draft_identity(struct peer *peer, struct ike_draft *d, bool of_initiator)
{
	const char *text = ike_peer_setting(peer, of_initiator ? "identity" : "server-identity");
	struct ike_id id;

	if (!text || ike_id_parse(text, &id) < 0)
		return;
	ike_draft_id(d, of_initiator ? IKE_PAYLOAD_IDI : IKE_PAYLOAD_IDR, &id);
	if (of_initiator != peer->serves)
		peer->ids[of_initiator ? 0 : 1] = ike_peer_keep(peer,
			d->packet.elements[d->packet.element_count - 1].value);
}

/* All proposals, with an SPI in each. */
static void draft_offer(struct peer *peer, struct ike_draft *d, uint8_t protocol, uint64_t spi,
	size_t size)
{
	struct ike_proposals list;

	read_proposals(peer, protocol, &list);
	for (unsigned i = 0; i < list.count; i++)
		put_spi(&list.list[i], spi, size);
	ike_draft_sa(d, &list);
}

/* A group that a public value is there of is the only one, when it is among them. */
static void keep_group(struct ike_proposals *list, uint16_t group)
{
	for (unsigned i = 0; i < list->count; i++) {
		struct ike_proposal *p = &list->list[i];
		bool known = false;
		unsigned n = 0;
		for (unsigned k = 0; k < p->count; k++)
			known |= p->transforms[k].type == IKE_TRANSFORM_DH &&
				p->transforms[k].id == group;
		for (unsigned k = 0; k < p->count; k++)
			if (!known || p->transforms[k].type != IKE_TRANSFORM_DH ||
				p->transforms[k].id == group)
				p->transforms[n++] = p->transforms[k];
		p->count = n;
	}
}

/* What the tester takes of the request's offer; false: nothing. */
static bool draft_choice(struct peer *peer, struct ike_draft *d, uint8_t protocol, uint64_t spi,
	size_t size, bool without_dh, struct ike_suite *suite)
{
	const struct element_value *sa = packet_find(&peer->request, 0, IKE_PAYLOAD_SA);
	struct ike_proposals offered, accepted, chosen = { .count = 1 };

	read_proposals(peer, protocol, &accepted);
	keep_group(&accepted, ike_peer_offer(&peer->request).group);
	if (!sa || ike_decode_sa(sa, &offered, NULL) < 0)
		return false;
	const struct ike_proposal *p = ike_choose(&offered, &accepted, protocol, without_dh, suite);
	if (!p)
		return false;
	chosen.list[0] = ike_suite_proposal(suite, protocol, p->number);
	put_spi(&chosen.list[0], spi, size);
	ike_draft_sa(d, &chosen);
	return true;
}

/* --- IKE_SA_INIT ------------------------------------------------------------------------------ */

static void init_request(struct peer *peer, struct ike_draft *d, struct packet *out)
{
	struct ike_proposals list;

	make_secret(peer, &peer->own);
	read_proposals(peer, IKE_PROTOCOL_IKE, &list);
	make_ke(peer, &peer->own, peer->group ? peer->group : first_group(&list));
	out->header[IKE_SPI_I] = peer->own.ike_spi;
	out->header[IKE_SPI_R] = 0;
	out->header[IKE_MESSAGE_ID] = 0;
	out->header[IKE_FLAGS] |= IKE_FLAG_INITIATOR;
	if (peer->cookie.size)
		ike_draft_notify(d, IKE_N_COOKIE, peer->cookie);
	ike_draft_sa(d, &list);
	draft_ke(d, &peer->own);
	ike_draft_octets(d, IKE_PAYLOAD_NONCE, VIEW_OF(peer->own.nonce));
	draft_abilities(peer, d, out);
}

static void init_response(struct peer *peer, struct ike_draft *d, struct packet *out)
{
	const struct tester_offer theirs = ike_peer_offer(&peer->request);
	struct ike_suite suite;
	uint8_t group[2];

	make_secret(peer, &peer->reply);
	out->header[IKE_SPI_I] = peer->request.header[IKE_SPI_I];
	out->header[IKE_SPI_R] = peer->reply.ike_spi;
	out->header[IKE_MESSAGE_ID] = 0;
	if (!draft_choice(peer, d, IKE_PROTOCOL_IKE, 0, 0, false, &suite)) {
		ike_draft_notify(d, IKE_N_NO_PROPOSAL_CHOSEN, VIEW_EMPTY);
		return;
	}
	if (suite.dh != theirs.group) {
		struct writer w = writer_of(group, sizeof(group));
		write_u16(&w, suite.dh);
		ike_draft_begin(d);
		ike_draft_notify(d, IKE_N_INVALID_KE_PAYLOAD, writer_view(&w));
		return;
	}
	make_ke(peer, &peer->reply, suite.dh);
	draft_ke(d, &peer->reply);
	ike_draft_octets(d, IKE_PAYLOAD_NONCE, VIEW_OF(peer->reply.nonce));
	draft_abilities(peer, d, out);
	ike_peer_draft_requests(peer, d);
}

/* --- IKE_AUTH --------------------------------------------------------------------------------- */

/* Which ways to move this end knows. */
static void draft_mobility(struct peer *peer, struct ike_draft *d)
{
	if (is_on(peer, "mobike"))
		ike_draft_notify(d, IKE_N_MOBIKE_SUPPORTED, VIEW_EMPTY);
	if (is_on(peer, "address-change"))
		ike_draft_notify(d, IKE_N_ADDRESS_CHANGE_SUPPORTED,
			view_text(IKE_CHANGE_SUPPORTED_TEXT));
}

static void auth_request(struct peer *peer, struct ike_draft *d)
{
	if (peer->phase == IKE_PHASE_EAP) { /* RFC 7296 §2.16 */
		if (peer->config.eap->status == EAP_SUCCESS)
			ike_peer_draft_proof(peer, d);
		else
			ike_draft_octets(d, IKE_PAYLOAD_EAP, VIEW(peer->eap, peer->eap_size));
		return;
	}
	make_secret(peer, &peer->own);
	draft_identity(peer, d, true);
	draft_identity(peer, d, false);
	ike_peer_draft_requests(peer, d);
	if (!ike_peer_by_eap(peer, true))
		ike_peer_draft_proof(peer, d);
	draft_mobility(peer, d);
	draft_configuration(peer, d);
	draft_offer(peer, d, IKE_PROTOCOL_ESP, peer->own.child_spi, 4);
	draft_child(peer, d, true);
}

static void auth_response(struct peer *peer, struct ike_draft *d)
{
	struct ike_suite suite;
	const bool by_eap = ike_peer_by_eap(peer, false);
	const bool asks_eap = by_eap && !packet_find(&peer->request, 0, IKE_PAYLOAD_AUTH);

	if (!by_eap || !peer->proved) {
		draft_identity(peer, d, false);
		ike_peer_draft_proof(peer, d);
		peer->proved |= asks_eap;
	} else if (!asks_eap) {
		ike_peer_draft_proof(peer, d);
	}
	if (asks_eap) {
		ike_draft_octets(d, IKE_PAYLOAD_EAP, VIEW(peer->eap, peer->eap_size));
		return;
	}
	make_secret(peer, &peer->reply);
	draft_mobility(peer, d);
	draft_configuration(peer, d);
	if (!draft_choice(peer, d, IKE_PROTOCOL_ESP, peer->reply.child_spi, 4, true, &suite))
		ike_draft_notify(d, IKE_N_NO_PROPOSAL_CHOSEN, VIEW_EMPTY);
	else
		draft_child(peer, d, false);
}

/* --- CREATE_CHILD_SA -------------------------------------------------------------------------- */

static struct view spi_of(uint32_t spi, uint8_t out[4])
{
	struct writer w = writer_of(out, 4);

	write_u32(&w, spi);
	return writer_view(&w);
}

static void rekey_ike_request(struct peer *peer, struct ike_draft *d)
{
	struct tester_sa *sa = ike_peer_newest(peer);
	struct ike_proposals list = { .count = 1 };

	make_secret(peer, &peer->own);
	if (ike_peer_setting(peer, "ike-proposal") || !sa) {
		read_proposals(peer, IKE_PROTOCOL_IKE, &list);
	} else {
		list.list[0] = ike_suite_proposal(&sa->suite, IKE_PROTOCOL_IKE, 1);
	}
	for (unsigned i = 0; i < list.count; i++)
		put_spi(&list.list[i], peer->own.ike_spi, 8);
	make_ke(peer, &peer->own, peer->group ? peer->group : first_group(&list));
	ike_draft_sa(d, &list);
	ike_draft_octets(d, IKE_PAYLOAD_NONCE, VIEW_OF(peer->own.nonce));
	draft_ke(d, &peer->own);
}

static void create_request(struct peer *peer, struct ike_draft *d, bool rekeys)
{
	uint8_t spi[4];

	make_secret(peer, &peer->own);
	if (rekeys)
		ike_draft_notify_spi(d, IKE_PROTOCOL_ESP, spi_of(peer->child_ours, spi),
			IKE_N_REKEY_SA);
	draft_offer(peer, d, IKE_PROTOCOL_ESP, peer->own.child_spi, 4);
	ike_draft_octets(d, IKE_PAYLOAD_NONCE, VIEW_OF(peer->own.nonce));
	draft_child(peer, d, true);
}

static void create_response(struct peer *peer, struct ike_draft *d)
{
	const struct tester_offer theirs = ike_peer_offer(&peer->request);
	bool ike = !packet_find(&peer->request, 0, IKE_PAYLOAD_TSI);
	struct ike_suite suite;
	bool chosen;

	make_secret(peer, &peer->reply);
	if (ike)
		chosen = draft_choice(peer, d, IKE_PROTOCOL_IKE, peer->reply.ike_spi, 8, false,
			&suite);
	else
		chosen = draft_choice(peer, d, IKE_PROTOCOL_ESP, peer->reply.child_spi, 4,
			theirs.group == 0, &suite);
	if (!chosen) {
		ike_draft_notify(d, IKE_N_NO_PROPOSAL_CHOSEN, VIEW_EMPTY);
		return;
	}
	ike_draft_octets(d, IKE_PAYLOAD_NONCE, VIEW_OF(peer->reply.nonce));
	if (theirs.group) {
		make_ke(peer, &peer->reply, theirs.group);
		draft_ke(d, &peer->reply);
	}
	if (!ike)
		draft_child(peer, d, false);
}

/* --- INFORMATIONAL ---------------------------------------------------------------------------- */

/* RFC 7296 §1.4.1: a Child SA is deleted by both; what the request asks for beside is answered. */
static void information_response(struct peer *peer, struct ike_draft *d, enum ike_purpose purpose,
	struct packet *out)
{
	const struct element_value *e = packet_find(&peer->request, 0, IKE_PAYLOAD_DELETE);
	const struct element_value *cookie = packet_find(&peer->request, IKE_N_COOKIE2,
		IKE_PAYLOAD_NOTIFY);
	struct ike_deletion deletion;
	uint8_t spi[4];

	if (e && ike_decode_delete(e, &deletion, NULL) == 0 &&
		deletion.protocol == IKE_PROTOCOL_ESP)
		ike_draft_delete(d, IKE_PROTOCOL_ESP, spi_of(peer->child_ours, spi));
	if (packet_find(&peer->request, IKE_N_UPDATE_SA_ADDRESSES, IKE_PAYLOAD_NOTIFY))
		draft_nat(peer, d, out);
	if (cookie)
		ike_draft_octets(d, IKE_PAYLOAD_NOTIFY, cookie->value);
	ike_peer_draft_change_answer(peer, d, purpose);
}

static void information_request(struct peer *peer, struct ike_draft *d, enum ike_purpose purpose,
	struct packet *out)
{
	uint8_t spi[4];

	switch (purpose) {
	case IKE_PURPOSE_DELETE_IKE:
		ike_draft_delete(d, IKE_PROTOCOL_IKE, VIEW_EMPTY);
		break;
	case IKE_PURPOSE_DELETE_CHILD:
		ike_draft_delete(d, IKE_PROTOCOL_ESP, spi_of(peer->child_ours, spi));
		break;
	case IKE_PURPOSE_UPDATE_ADDRESSES: /* RFC 4555 §3.5 */
		ike_draft_notify(d, IKE_N_UPDATE_SA_ADDRESSES, VIEW_EMPTY);
		draft_nat(peer, d, out);
		break;
	case IKE_PURPOSE_CHANGE_ADDRESS:
		ike_peer_draft_change(peer, d);
		break;
	case IKE_PURPOSE_EXPIRE_ADDRESS:
		ike_peer_draft_expired(peer, d);
		break;
	case IKE_PURPOSE_CHANGE_COOKIE:
	case IKE_PURPOSE_CHANGE_REFUSED:
	case IKE_PURPOSE_PLAIN:
	case IKE_PURPOSE_REKEY_IKE:
	case IKE_PURPOSE_REKEY_CHILD:
		break;
	}
}

/* --- all of them ------------------------------------------------------------------------------ */

static void stamp(const struct tester_sa *sa, uint32_t id, struct packet *out)
{
	out->header[IKE_SPI_I] = sa->spi_i;
	out->header[IKE_SPI_R] = sa->spi_r;
	out->header[IKE_MESSAGE_ID] = id;
	if (sa->initiator)
		out->header[IKE_FLAGS] |= IKE_FLAG_INITIATOR;
}

static void compose_request(struct peer *peer, const struct message *message, struct packet *out)
{
	const struct tester_sa *sa = ike_peer_newest(peer);
	enum ike_purpose purpose = ike_suite_purpose(message);
	struct ike_draft *d = &peer->draft;

	if (sa)
		stamp(sa, sa->next_id, out);
	switch ((enum ike_exchange)message->type) {
	case IKE_SA_INIT:
		init_request(peer, d, out);
		break;
	case IKE_AUTH:
		auth_request(peer, d);
		break;
	case IKE_CREATE_CHILD_SA:
		if (purpose == IKE_PURPOSE_REKEY_IKE)
			rekey_ike_request(peer, d);
		else
			create_request(peer, d, purpose == IKE_PURPOSE_REKEY_CHILD);
		break;
	case IKE_INFORMATIONAL:
		information_request(peer, d, purpose, out);
		break;
	}
}

static void compose_response(struct peer *peer, const struct message *message, struct packet *out)
{
	struct ike_draft *d = &peer->draft;

	if (peer->sa_count)
		stamp(&peer->sas[peer->request_sa],
			(uint32_t)peer->request.header[IKE_MESSAGE_ID], out);
	switch ((enum ike_exchange)message->type) {
	case IKE_SA_INIT:
		init_response(peer, d, out);
		break;
	case IKE_AUTH:
		auth_response(peer, d);
		break;
	case IKE_CREATE_CHILD_SA:
		create_response(peer, d);
		break;
	case IKE_INFORMATIONAL:
		information_response(peer, d, ike_suite_purpose(message), out);
		break;
	}
}

void ike_peer_compose(struct peer *peer, const struct message *message, struct packet *out)
{
	*out = packet_named(&ike_suite_protocol, message->name);
	out->header[IKE_VERSIONS] = IKE_VERSION;
	ike_draft_begin(&peer->draft);
	if (message->flags_value & IKE_FLAG_RESPONSE)
		compose_response(peer, message, out);
	else
		compose_request(peer, message, out);
	ike_suite_spread(&peer->draft.packet, out, peer->config.arena);
}
