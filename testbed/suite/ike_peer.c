// SPDX-License-Identifier: Apache-2.0
/* What the tester's end of IKE takes note of, and how its ordinary exchange goes on. */
#include <stdlib.h>

#include "testbed/suite/ike_peer.h"
#include "testbed/suite/ike_peer_inside.h"

const char *ike_peer_setting(const struct peer *peer, const char *name)
{
	return peer->config.setting(peer->config.context, name);
}

struct view ike_peer_keep(struct peer *peer, struct view octets)
{
	return VIEW(arena_copy(peer->config.arena, (const char *)octets.data, octets.size),
		octets.size);
}

static struct peer *peer_new(const struct peer_config *config, bool serves)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		abort();
	peer->config = *config;
	peer->serves = serves;
	ike_peer_open_credentials(peer);
	return peer;
}

static struct peer *initiator_new(const struct peer_config *config)
{
	return peer_new(config, false);
}

static struct peer *responder_new(const struct peer_config *config)
{
	return peer_new(config, true);
}

static void destroy(struct peer *peer)
{
	eap_destroy(peer->config.eap);
	ike_credentials_free(peer->credentials);
	wipe(peer, sizeof(*peer));
	free(peer);
}

static void place(struct peer *peer, const struct endpoint *here, const struct endpoint *there)
{
	peer->here = *here;
	peer->there = *there;
}

/* --- IKE SAs ---------------------------------------------------------------------------------- */

struct tester_sa *ike_peer_newest(struct peer *peer)
{
	return peer->sa_count ? &peer->sas[peer->sa_count - 1] : NULL;
}

struct tester_sa *ike_peer_find(struct peer *peer, uint64_t spi_i, uint64_t spi_r)
{
	for (unsigned i = peer->sa_count; i-- > 0;)
		if (peer->sas[i].spi_i == spi_i && peer->sas[i].spi_r == spi_r)
			return &peer->sas[i];
	return NULL;
}

/* A new one; the oldest but the first, which AUTH is about, makes room. */
static struct tester_sa *add_sa(struct peer *peer, uint64_t spi_i, uint64_t spi_r, bool initiator)
{
	if (peer->sa_count == IKE_SAS_MAX) {
		memmove(&peer->sas[1], &peer->sas[2],
			(IKE_SAS_MAX - 2) * sizeof(peer->sas[0]));
		peer->sa_count--;
	}
	struct tester_sa *sa = &peer->sas[peer->sa_count++];
	*sa = (struct tester_sa){ .spi_i = spi_i, .spi_r = spi_r, .initiator = initiator };
	return sa;
}

struct tester_offer ike_peer_offer(const struct packet *packet)
{
	const struct element_value *nonce = packet_find(packet, 0, IKE_PAYLOAD_NONCE);
	const struct element_value *ke = packet_find(packet, 0, IKE_PAYLOAD_KE);
	const struct element_value *sa = packet_find(packet, 0, IKE_PAYLOAD_SA);
	struct tester_offer offer = { .nonce = nonce ? nonce->value : VIEW_EMPTY };
	struct ike_proposals list;

	if (ke) {
		struct reader r = reader_of(ke->value);
		offer.group = read_u16(&r);
		read_u16(&r);
		offer.ke = read_rest(&r);
	}
	if (!sa || ike_decode_sa(sa, &list, NULL) < 0 || !list.count)
		return offer;
	struct reader r = reader_of(VIEW(list.list[0].spi, list.list[0].spi_size));
	if (list.list[0].spi_size == 8)
		offer.ike_spi = read_u64(&r);
	else if (list.list[0].spi_size == 4)
		offer.child_spi = read_u32(&r);
	list.count = 1;
	ike_choose(&list, &list, list.list[0].protocol, false, &offer.suite);
	return offer;
}

/* The offer outlives the message that it was read from. */
static struct tester_offer kept(struct peer *peer, struct tester_offer offer)
{
	offer.nonce = ike_peer_keep(peer, offer.nonce);
	offer.ke = ike_peer_keep(peer, offer.ke);
	return offer;
}

/* --- IKE_SA_INIT ------------------------------------------------------------------------------ */

static void take_hashes(struct peer *peer, const struct packet *packet)
{
	const struct element_value *e = packet_find(packet, IKE_N_SIGNATURE_HASH_ALGORITHMS,
		IKE_PAYLOAD_NOTIFY);
	struct reader r = reader_of(e ? e->value : VIEW_EMPTY);

	peer->hashes = 0;
	read_u32(&r);
	while (reader_left(&r) >= 2) {
		unsigned number = read_u16(&r);
		peer->hashes |= number < 32 ? 1u << number : 0;
	}
}

/* Both ends' messages are there: their keys. `of_sut` is the implementation's, `of_tester` ours. */
static void make_first_sa(struct peer *peer, const struct packet *of_sut,
	const struct packet *of_tester, const struct ike_dh_secret *dh)
{
	const struct tester_offer sut = ike_peer_offer(of_sut);
	const struct tester_offer tester = ike_peer_offer(of_tester);
	const struct packet *response = peer->serves ? of_tester : of_sut;
	const struct tester_offer *initiator = peer->serves ? &sut : &tester;
	const struct tester_offer *responder = peer->serves ? &tester : &sut;
	struct tester_sa *sa;

	peer->sa_count = 0;
	sa = add_sa(peer, response->header[IKE_SPI_I], response->header[IKE_SPI_R], !peer->serves);
	sa->next_id = peer->serves ? 0 : 1;
	peer->nonces[0] = ike_peer_keep(peer, initiator->nonce);
	peer->nonces[1] = ike_peer_keep(peer, responder->nonce);
	take_hashes(peer, of_sut);
	peer->phase = ike_peer_derive(peer, sa, initiator, responder, dh, NULL) ?
		IKE_PHASE_KEYED : IKE_PHASE_FAILED;
}

static void take_init_response(struct peer *peer, const struct packet *packet, struct view octets)
{
	const struct element_value *cookie = packet_find(packet, IKE_N_COOKIE, IKE_PAYLOAD_NOTIFY);
	const struct element_value *group = packet_find(packet, IKE_N_INVALID_KE_PAYLOAD,
		IKE_PAYLOAD_NOTIFY);
	struct packet asked = packet_of(&ike_suite_protocol);

	if (cookie && cookie->value.size > 4)
		peer->cookie = VIEW(cookie->value.data + 4, cookie->value.size - 4);
	if (group && group->value.size == 6) {
		struct reader r = reader_of(group->value);
		read_u32(&r);
		peer->group = read_u16(&r);
	}
	if (!packet_find(packet, 0, IKE_PAYLOAD_SA)) {
		peer->phase = cookie || group ? IKE_PHASE_NOTHING : IKE_PHASE_FAILED;
		return;
	}
	peer->init[1] = octets;
	peer->group = 0;
	if (wire_parse(&ike_suite_protocol, peer->init[0], &asked, NULL) == 0)
		make_first_sa(peer, packet, &asked, &peer->own.dh);
	peer->own.made = false;
}

/* --- IKE_AUTH --------------------------------------------------------------------------------- */

static void feed_eap(struct peer *peer, const struct packet *packet)
{
	const struct element_value *e = packet_find(packet, 0, IKE_PAYLOAD_EAP);
	struct eap_end *eap = peer->config.eap;
	struct reject why = { 0 };

	if (!peer->eap_begun) {
		eap->status = eap->ops->start(eap);
		peer->eap_begun = true;
	}
	if (e)
		eap->status = eap->ops->input(eap, e->value, &why);
	peer->eap_size = eap->output.size <= sizeof(peer->eap) ? eap->output.size : 0;
	if (peer->eap_size)
		memcpy(peer->eap, eap->output.data, peer->eap_size);
}

static void established(struct peer *peer)
{
	peer->phase = IKE_PHASE_ESTABLISHED;
	peer->first_here = peer->here;
}

static void take_auth_response(struct peer *peer, const struct packet *packet)
{
	if (packet_find(packet, 0, IKE_PAYLOAD_EAP)) {
		feed_eap(peer, packet);
		peer->phase = IKE_PHASE_EAP;
		return;
	}
	if (!packet_find(packet, 0, IKE_PAYLOAD_AUTH)) {
		peer->phase = IKE_PHASE_FAILED;
		return;
	}
	established(peer);
	peer->child_ours = peer->own.child_spi;
	peer->child_theirs = ike_peer_offer(packet).child_spi;
	peer->own.made = false;
}

/* --- CREATE_CHILD_SA -------------------------------------------------------------------------- */

static void new_ike_sa(struct peer *peer, const struct tester_offer *initiator,
	const struct tester_offer *responder, const struct ike_dh_secret *dh, bool ours,
	unsigned from)
{
	const struct tester_sa old = peer->sas[from];
	struct tester_sa *sa = add_sa(peer, initiator->ike_spi, responder->ike_spi, ours);

	if (ike_peer_derive(peer, sa, initiator, responder, dh, &old))
		peer->rekeyed++;
	else
		peer->sa_count--;
}

static void take_create_response(struct peer *peer, const struct packet *packet)
{
	const struct tester_offer theirs = ike_peer_offer(packet);

	if (!packet_find(packet, 0, IKE_PAYLOAD_SA))
		return;
	if (peer->purpose == IKE_PURPOSE_REKEY_IKE) {
		new_ike_sa(peer, &peer->asked, &theirs, &peer->own.dh, true,
			peer->outstanding_sa);
	} else {
		peer->child_ours = peer->asked.child_spi;
		peer->child_theirs = theirs.child_spi;
		peer->child_rekeyed += peer->purpose == IKE_PURPOSE_REKEY_CHILD;
	}
}

/* --- notes ------------------------------------------------------------------------------------ */

static void take_response(struct peer *peer, const struct packet *packet, struct view octets)
{
	if (!peer->outstanding || packet->header[IKE_MESSAGE_ID] != peer->outstanding_id)
		return;
	peer->outstanding = false;
	switch ((enum ike_exchange)packet->header[IKE_EXCHANGE_TYPE]) {
	case IKE_SA_INIT:
		take_init_response(peer, packet, octets);
		break;
	case IKE_AUTH:
		take_auth_response(peer, packet);
		break;
	case IKE_CREATE_CHILD_SA:
		take_create_response(peer, packet);
		peer->own.made = false;
		break;
	case IKE_INFORMATIONAL:
		if (peer->purpose == IKE_PURPOSE_DELETE_IKE ||
			peer->purpose == IKE_PURPOSE_EXPIRE_ADDRESS)
			peer->phase = IKE_PHASE_CLOSED;
		else if (peer->purpose == IKE_PURPOSE_CHANGE_ADDRESS)
			ike_peer_take_change(peer, packet);
		break;
	}
}

static void take_request(struct peer *peer, const struct packet *packet, struct view octets,
	bool again)
{
	const struct element_value *d = packet_find(packet, 0, IKE_PAYLOAD_DELETE);
	struct tester_sa *sa = ike_peer_find(peer, packet->header[IKE_SPI_I],
		packet->header[IKE_SPI_R]);

	peer->due = true;
	if (!again)
		peer->reply.made = false;
	peer->request = *packet;
	peer->request_sa = sa ? (unsigned)(sa - peer->sas) : 0;
	if (again)
		return;
	peer->answered = false;
	if (packet->header[IKE_EXCHANGE_TYPE] == IKE_SA_INIT) {
		peer->init[0] = octets;
		peer->phase = IKE_PHASE_NOTHING;
	}
	if (packet->header[IKE_EXCHANGE_TYPE] == IKE_AUTH && ike_peer_by_eap(peer, false) &&
		!packet_find(packet, 0, IKE_PAYLOAD_AUTH)) {
		feed_eap(peer, packet);
		peer->phase = IKE_PHASE_EAP;
	}
	peer->deleted += d != NULL;
}

static bool taken(const struct packet *packet)
{
	return packet->header[IKE_SUITE_STATE] == IKE_STATE_OPENED ||
		(packet->header[IKE_SUITE_STATE] == IKE_STATE_CLEAR &&
			packet->header[IKE_EXCHANGE_TYPE] == IKE_SA_INIT);
}

static void received(struct peer *peer, const struct packet *packet, struct view octets, bool again)
{
	if (!packet->message || !taken(packet))
		return;
	if (ike_is_response(packet))
		take_response(peer, packet, octets);
	else
		take_request(peer, packet, octets, again);
}

static void sent_response(struct peer *peer, const struct packet *packet, struct view octets)
{
	const struct tester_offer ours = kept(peer, ike_peer_offer(packet));
	const struct element_value *d = packet_find(&peer->request, 0, IKE_PAYLOAD_DELETE);
	const struct tester_offer theirs = ike_peer_offer(&peer->request);

	peer->due = false;
	if (peer->answered)
		return;
	peer->answered = true;
	switch ((enum ike_exchange)packet->header[IKE_EXCHANGE_TYPE]) {
	case IKE_SA_INIT:
		if (!ours.nonce.size)
			return;
		peer->init[1] = octets;
		make_first_sa(peer, &peer->request, packet, &peer->reply.dh);
		break;
	case IKE_AUTH:
		if (!packet_find(packet, 0, IKE_PAYLOAD_AUTH) ||
			packet_find(packet, 0, IKE_PAYLOAD_EAP))
			return;
		established(peer);
		peer->child_ours = ours.child_spi;
		peer->child_theirs = theirs.child_spi;
		break;
	case IKE_CREATE_CHILD_SA:
		if (!ours.nonce.size)
			return;
		if (theirs.ike_spi) {
			new_ike_sa(peer, &theirs, &ours, &peer->reply.dh, false, peer->request_sa);
			break;
		}
		peer->child_ours = ours.child_spi;
		peer->child_theirs = theirs.child_spi;
		peer->child_rekeyed += packet_find(&peer->request, IKE_N_REKEY_SA,
			IKE_PAYLOAD_NOTIFY) != NULL;
		break;
	case IKE_INFORMATIONAL:
		if (d && d->value.size && d->value.data[0] == IKE_PROTOCOL_IKE &&
			peer->request_sa + 1 == peer->sa_count)
			peer->phase = IKE_PHASE_CLOSED;
		break;
	}
}

/* Whether all of a request has gone out, when its fragments go one by one. */
static bool all_sent(struct tester_sa *sa, const struct packet *packet)
{
	uint64_t number = packet->header[IKE_SUITE_FRAGMENT_NUMBER];
	uint64_t total = packet->header[IKE_SUITE_FRAGMENT_TOTAL];

	if (!number || !sa || number > 64 || total > 64)
		return true;
	sa->sent_parts |= UINT64_C(1) << (number - 1);
	return sa->sent_parts == (total == 64 ? UINT64_MAX : (UINT64_C(1) << total) - 1);
}

static void sent_request(struct peer *peer, const struct packet *packet, struct view octets)
{
	struct tester_sa *sa = ike_peer_find(peer, packet->header[IKE_SPI_I],
		packet->header[IKE_SPI_R]);

	if (!all_sent(sa, packet))
		return;
	peer->asked = kept(peer, ike_peer_offer(packet));
	peer->purpose = ike_suite_purpose(packet->message);
	peer->outstanding = true;
	peer->outstanding_id = (uint32_t)packet->header[IKE_MESSAGE_ID];
	if (packet->header[IKE_EXCHANGE_TYPE] == IKE_SA_INIT) {
		peer->init[0] = octets;
		return;
	}
	if (!sa)
		return;
	peer->outstanding_sa = (unsigned)(sa - peer->sas);
	sa->sent_parts = 0;
	if (peer->outstanding_id == sa->next_id)
		sa->next_id++;
	/* The EAP packet is used up; what comes next has another. */
	if (packet_find(packet, 0, IKE_PAYLOAD_EAP))
		peer->eap_size = 0;
}

static void sent(struct peer *peer, const struct packet *packet, struct view octets)
{
	if (ike_is_response(packet))
		sent_response(peer, packet, octets);
	else
		sent_request(peer, packet, octets);
}

static enum seal_state verify(struct peer *peer, const struct packet *packet, struct view octets)
{
	(void)peer, (void)octets;
	switch ((enum ike_suite_state)packet->header[IKE_SUITE_STATE]) {
	case IKE_STATE_OPENED:
		return SEAL_STATE_VALID;
	case IKE_STATE_CLEAR:
		return packet->header[IKE_EXCHANGE_TYPE] == IKE_SA_INIT ? SEAL_STATE_NONE :
			SEAL_STATE_MISSING;
	case IKE_STATE_UNOPENED:
		break;
	}
	return SEAL_STATE_INVALID;
}

/* --- the ordinary exchange -------------------------------------------------------------------- */

static bool acceptable(struct peer *peer, const struct packet *packet, bool again,
	struct reject *reject)
{
	(void)again;
	if (!ike_is_response(packet))
		return true;
	if (peer->outstanding && packet->header[IKE_MESSAGE_ID] == peer->outstanding_id)
		return true;
	reject_set(reject, REJECT_SEQUENCE, "Message ID", "RFC 7296 §2.2", 20,
		packet->header[IKE_MESSAGE_ID]);
	return false;
}

static const struct message *answer(const struct peer *peer)
{
	for (const struct message *m = ike_suite_protocol.messages; m->name; m++)
		if (m->type == peer->request.header[IKE_EXCHANGE_TYPE] &&
			m->flags_value & IKE_FLAG_RESPONSE)
			return m;
	return NULL;
}

static const struct message *next(struct peer *peer)
{
	if (peer->due)
		return answer(peer);
	if (peer->serves || peer->outstanding)
		return NULL;
	if (peer->phase == IKE_PHASE_NOTHING)
		return protocol_message_named(&ike_suite_protocol, "IKE_SA_INIT-REQUEST");
	if (peer->phase == IKE_PHASE_KEYED || peer->phase == IKE_PHASE_EAP)
		return protocol_message_named(&ike_suite_protocol, "IKE_AUTH-REQUEST");
	return NULL;
}

static bool waiting(const struct peer *peer)
{
	return peer->outstanding;
}

static bool reached(const struct peer *peer, const char *point)
{
	if (strcmp(point, "keyed") == 0)
		return peer->phase != IKE_PHASE_NOTHING && peer->sa_count;
	if (strcmp(point, "established") == 0)
		return peer->phase == IKE_PHASE_ESTABLISHED;
	if (strcmp(point, "rekeyed") == 0)
		return peer->rekeyed;
	if (strcmp(point, "child-rekeyed") == 0)
		return peer->child_rekeyed;
	if (strcmp(point, "deleted") == 0)
		return peer->deleted && !peer->due;
	return peer->phase == IKE_PHASE_FAILED || peer->phase == IKE_PHASE_CLOSED;
}

static const char *position(const struct peer *peer)
{
	static const char *const words[] = { "IKE_SA_INIT is not over",
		"IKE_SA_INIT is over, IKE_AUTH is not", "EAP is not over", "the IKE SA is up",
		"the other side refused", "the IKE SA is deleted" };
	return words[peer->phase];
}

#define COMMON                                                                                     \
	.destroy = destroy, .received = received, .sent = sent, .compose = ike_peer_compose,       \
	.unwrap = ike_peer_unwrap, .wrap = ike_peer_wrap, .place = place, .verify = verify,        \
	.acceptable = acceptable, .next = next, .waiting = waiting, .reached = reached,            \
	.position = position

const struct peer_ops ike_initiator_peer = { .create = initiator_new, COMMON };
const struct peer_ops ike_responder_peer = { .create = responder_new, COMMON };
