// SPDX-License-Identifier: Apache-2.0
/* What the tester's end of IKEv1 takes note of, and how its ordinary exchange goes on. */
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/eap/eap.h"
#include "testbed/suite/isakmp_peer.h"
#include "testbed/suite/isakmp_peer_inside.h"

const char *isakmp_peer_setting(const struct peer *peer, const char *name)
{
	return peer->config.setting(peer->config.context, name);
}

struct view isakmp_peer_keep(struct peer *peer, struct view octets)
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
	peer->due = serves ? ISAKMP_SUITE_INFO : ISAKMP_SUITE_MM1;
	peer->awaited = ISAKMP_SUITE_INFO;
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
	wipe(peer, sizeof(*peer));
	free(peer);
}

static void place(struct peer *peer, const struct endpoint *here, const struct endpoint *there)
{
	peer->here = *here;
	peer->there = *there;
}

struct tester_quick *isakmp_peer_quick(struct peer *peer, uint32_t id)
{
	for (unsigned i = peer->quick_count; i-- > 0;)
		if (peer->quicks[i].id == id)
			return &peer->quicks[i];
	/* one that is being written */
	return peer->next_made && peer->next.ours && peer->next.id == id ? &peer->next : NULL;
}

struct tester_quick *isakmp_peer_child(struct peer *peer)
{
	for (unsigned i = peer->quick_count; i-- > 0;)
		if (peer->quicks[i].done)
			return &peer->quicks[i];
	return NULL;
}

struct isakmp_seed isakmp_peer_seed(const struct peer *peer, struct view shared)
{
	return (struct isakmp_seed){ .psk = view_text(isakmp_peer_setting(peer, "psk")),
		.nonce_i = peer->nonces[0], .nonce_r = peer->nonces[1],
		.public_i = peer->publics[0], .public_r = peer->publics[1], .shared = shared,
		.cky_i = peer->cky_i, .cky_r = peer->cky_r };
}

/* --- main mode -------------------------------------------------------------------------------- */

static struct view value_of(struct peer *peer, const struct packet *p, enum isakmp_payload code)
{
	const struct element_value *e = packet_find(p, 0, code);
	return e ? isakmp_peer_keep(peer, e->value) : VIEW_EMPTY;
}

/* The suite of the one transform that was chosen. */
static void take_suite(struct peer *peer, const struct packet *p)
{
	const struct element_value *sa = packet_find(p, 0, ISAKMP_PAYLOAD_SA);
	struct isakmp_terms terms;

	if (sa && isakmp_decode_sa(sa, &peer->offers, NULL) == 0 && peer->offers.count)
		isakmp_read_offer(&peer->offers.list[0], &peer->suite, &terms);
}

static void take_public(struct peer *peer, const struct packet *p, unsigned end)
{
	peer->publics[end] = value_of(peer, p, ISAKMP_PAYLOAD_KE);
	peer->nonces[end] = value_of(peer, p, ISAKMP_PAYLOAD_NONCE);
}

/* --- quick mode ------------------------------------------------------------------------------- */

static uint32_t spi_in(struct peer *peer, const struct packet *p)
{
	const struct element_value *sa = packet_find(p, 0, ISAKMP_PAYLOAD_SA);

	if (!sa || isakmp_decode_sa(sa, &peer->offers, NULL) < 0 || !peer->offers.count)
		return 0;
	struct reader r = reader_of(VIEW(peer->offers.list[0].spi, 4));
	return read_u32(&r);
}

static void quick_over(struct peer *peer, struct tester_quick *q)
{
	q->done = true;
	peer->quicks_done++;
}

/* --- what comes ------------------------------------------------------------------------------- */

static void take_quick(struct peer *peer, const struct packet *p, enum isakmp_suite_message which)
{
	struct tester_quick *q = isakmp_peer_quick(peer, (uint32_t)p->header[ISAKMP_MESSAGE_ID]);

	if (!q)
		return;
	if (which == ISAKMP_SUITE_QM3) {
		quick_over(peer, q);
		peer->awaited = ISAKMP_SUITE_INFO;
		return;
	}
	*(which == ISAKMP_SUITE_QM1 ? &q->nonce_i : &q->nonce_r) =
		value_of(peer, p, ISAKMP_PAYLOAD_NONCE);
	q->spi_theirs = spi_in(peer, p);
	peer->due = which == ISAKMP_SUITE_QM1 ? ISAKMP_SUITE_QM2 : ISAKMP_SUITE_QM3;
	peer->awaited = ISAKMP_SUITE_INFO;
}

/* What both ends know once a message of main mode has passed, whoever sent it. */
static void note_main(struct peer *peer, const struct packet *p, enum isakmp_suite_message which)
{
	switch (which) {
	case ISAKMP_SUITE_MM1:
		peer->cky_i = p->header[ISAKMP_CKY_I];
		peer->sa_body = value_of(peer, p, ISAKMP_PAYLOAD_SA);
		break;
	case ISAKMP_SUITE_MM2:
		peer->cky_r = p->header[ISAKMP_CKY_R];
		take_suite(peer, p);
		peer->phase = ISAKMP_PHASE_AGREED;
		break;
	case ISAKMP_SUITE_MM3:
		take_public(peer, p, 0);
		break;
	case ISAKMP_SUITE_MM4:
		take_public(peer, p, 1);
		isakmp_peer_derive(peer);
		break;
	case ISAKMP_SUITE_MM6:
		peer->phase = ISAKMP_PHASE_AUTHENTICATED;
		break;
	default:
		break;
	}
}

static void take_main(struct peer *peer, const struct packet *p, enum isakmp_suite_message which)
{
	note_main(peer, p, which);
	peer->awaited = ISAKMP_SUITE_INFO;
	if (which != ISAKMP_SUITE_MM6)
		peer->due = which + 1;
}

static void take_info(struct peer *peer, const struct packet *p)
{
	struct isakmp_notification n;

	if (isakmp_find_notify(p, ISAKMP_N_R_U_THERE, &n) && n.data.size == 4) {
		struct reader r = reader_of(n.data);
		peer->probed = read_u32(&r);
		peer->owes_probe = true;
	}
	if (packet_find(p, 0, ISAKMP_PAYLOAD_D))
		peer->deleted++;
}

/* Notifications are elements of their kinds there; here they are those of the tables again. */
static struct packet plain_of(const struct packet *packet)
{
	struct packet p = *packet;

	for (unsigned i = 0; i < p.element_count; i++)
		if (p.elements[i].code == ISAKMP_PAYLOAD_N &&
			p.elements[i].vendor < ISAKMP_SUITE_PHASE1)
			p.elements[i].vendor = 0;
	return p;
}

static void received(struct peer *peer, const struct packet *packet, struct view octets, bool again)
{
	enum isakmp_suite_message which;

	(void)octets;
	if (!packet->message || again || packet->header[ISAKMP_SUITE_STATE] == ISAKMP_STATE_UNOPENED)
		return;
	which = isakmp_suite_number(packet->message);
	if (which == ISAKMP_SUITE_INFO_CLEAR)
		return;
	if (which == ISAKMP_SUITE_INFO) {
		struct packet p = plain_of(packet);
		take_info(peer, &p);
		return;
	}
	peer->request = *packet;
	if (which >= ISAKMP_SUITE_QM1)
		take_quick(peer, packet, which);
	else
		take_main(peer, packet, which);
}

/* --- what has gone out ------------------------------------------------------------------------ */

static void sent_main(struct peer *peer, const struct packet *p, enum isakmp_suite_message which)
{
	if (which >= ISAKMP_SUITE_MM5 && isakmp_is_sealed(p))
		memcpy(peer->main.iv, peer->main.after, sizeof(peer->main.iv));
	note_main(peer, p, which);
	if (which != ISAKMP_SUITE_MM6)
		peer->awaited = which + 1;
}

static struct tester_quick *keep_next(struct peer *peer, const struct packet *p)
{
	if (peer->quick_count == TESTER_QUICKS_MAX) {
		memmove(&peer->quicks[0], &peer->quicks[1],
			(TESTER_QUICKS_MAX - 1) * sizeof(peer->quicks[0]));
		peer->quick_count--;
	}
	struct tester_quick *q = &peer->quicks[peer->quick_count++];
	*q = peer->next;
	q->id = (uint32_t)p->header[ISAKMP_MESSAGE_ID];
	return q;
}

static void sent_quick(struct peer *peer, const struct packet *p, enum isakmp_suite_message which)
{
	struct tester_quick *q;

	if (which == ISAKMP_SUITE_QM1) {
		q = keep_next(peer, p);
		q->nonce_i = value_of(peer, p, ISAKMP_PAYLOAD_NONCE);
		peer->awaited = ISAKMP_SUITE_QM2;
		peer->next_made = false;
	} else {
		q = isakmp_peer_quick(peer, (uint32_t)p->header[ISAKMP_MESSAGE_ID]);
	}
	if (!q)
		return;
	memcpy(q->chain.iv, q->chain.after, sizeof(q->chain.iv));
	if (which == ISAKMP_SUITE_QM2) {
		q->nonce_r = value_of(peer, p, ISAKMP_PAYLOAD_NONCE);
		q->spi_ours = peer->next.spi_ours;
		peer->next_made = false;
		peer->awaited = ISAKMP_SUITE_QM3;
	} else if (which == ISAKMP_SUITE_QM3) {
		quick_over(peer, q);
	}
}

static void sent(struct peer *peer, const struct packet *packet, struct view octets)
{
	enum isakmp_suite_message which = isakmp_suite_number(packet->message);

	(void)octets;
	if (peer->due == which)
		peer->due = ISAKMP_SUITE_INFO;
	if (which < ISAKMP_SUITE_QM1) {
		sent_main(peer, packet, which);
	} else if (which < ISAKMP_SUITE_INFO) {
		sent_quick(peer, packet, which);
	} else {
		peer->info_made = false;
		peer->probe += which == ISAKMP_SUITE_PROBE;
		if (which == ISAKMP_SUITE_PROBE_ANSWER)
			peer->owes_probe = false;
		if (which == ISAKMP_SUITE_DELETE_ISAKMP)
			peer->phase = ISAKMP_PHASE_CLOSED;
	}
}

static enum seal_state verify(struct peer *peer, const struct packet *packet, struct view octets)
{
	(void)peer, (void)octets;
	switch ((enum isakmp_suite_state)packet->header[ISAKMP_SUITE_STATE]) {
	case ISAKMP_STATE_OPENED:
		return SEAL_STATE_VALID;
	case ISAKMP_STATE_IN_CLEAR:
		return SEAL_STATE_NONE;
	case ISAKMP_STATE_UNOPENED:
		break;
	}
	return SEAL_STATE_INVALID;
}

/* --- the ordinary exchange -------------------------------------------------------------------- */

static bool acceptable(struct peer *peer, const struct packet *packet, bool again,
	struct reject *reject)
{
	(void)peer, (void)packet, (void)again, (void)reject;
	return true;
}

static const struct message *row(enum isakmp_suite_message which)
{
	return &isakmp_suite_protocol.messages[which];
}

static const struct message *next(struct peer *peer)
{
	if (peer->owes_probe)
		return row(ISAKMP_SUITE_PROBE_ANSWER);
	if (peer->due != ISAKMP_SUITE_INFO)
		return row(peer->due);
	if (!peer->serves && peer->phase == ISAKMP_PHASE_AUTHENTICATED && !peer->quick_count &&
		peer->awaited == ISAKMP_SUITE_INFO)
		return row(ISAKMP_SUITE_QM1);
	return NULL;
}

static bool waiting(const struct peer *peer)
{
	return peer->awaited != ISAKMP_SUITE_INFO;
}

static bool reached(const struct peer *peer, const char *point)
{
	if (strcmp(point, "keyed") == 0)
		return peer->keyed;
	if (strcmp(point, "authenticated") == 0)
		return peer->phase == ISAKMP_PHASE_AUTHENTICATED;
	if (strcmp(point, "established") == 0)
		return peer->quicks_done != 0;
	if (strcmp(point, "rekeyed") == 0)
		return peer->quicks_done > 1;
	if (strcmp(point, "agreed") == 0)
		return peer->phase >= ISAKMP_PHASE_AGREED;
	return peer->deleted != 0;
}

static const char *position(const struct peer *peer)
{
	static const char *const words[] = { "nothing is agreed on", "a transform is chosen",
		"both have keys", "the ISAKMP SA is up", "the ISAKMP SA is deleted" };
	return peer->quicks_done ? "the IPsec SA is up" : words[peer->phase];
}

#define COMMON                                                                                     \
	.destroy = destroy, .received = received, .sent = sent, .compose = isakmp_peer_compose,    \
	.unwrap = isakmp_peer_unwrap, .wrap = isakmp_peer_wrap, .place = place, .verify = verify,  \
	.acceptable = acceptable, .next = next, .waiting = waiting, .reached = reached,            \
	.position = position

const struct peer_ops isakmp_initiator_peer = { .create = initiator_new, COMMON };
const struct peer_ops isakmp_responder_peer = { .create = responder_new, COMMON };
