// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "ref/dot1x/dxi_wire.h"
#include "ref/eap/eap.h"
#include "testbed/suite/dxi_peer.h"

enum dxi_phase {
	PHASE_NOTHING,
	PHASE_OPENING,
	PHASE_OPENED,
	PHASE_AUTHENTICATING,
	PHASE_AUTHENTICATED,
	PHASE_REJECTED,
};

struct peer {
	struct peer_config config;
	bool serves;
	enum dxi_phase phase;
	uint64_t station, bssid;
	bool opened_due, alive_due, frame_due;
	uint8_t pdu[EAPOL_PDU_MAX];
	size_t pdu_size;
	uint8_t number[2][2]; /* values that a composed packet points to */
};

static const char *setting(const struct peer *peer, const char *name, const char *otherwise)
{
	const char *value = peer->config.setting(peer->config.context, name);
	return value ? value : otherwise;
}

static uint64_t address(const struct peer *peer, const char *name)
{
	uint8_t octets[MAC_SIZE] = { 0 };

	sscanf(setting(peer, name, ""), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &octets[0],
		&octets[1], &octets[2], &octets[3], &octets[4], &octets[5]);
	return dxi_mac(octets);
}

static struct peer *peer_new(const struct peer_config *config, bool serves)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		abort();
	peer->config = *config;
	peer->serves = serves;
	peer->station = address(peer, "station");
	peer->bssid = address(peer, "bssid");
	return peer;
}

static struct peer *station_new(const struct peer_config *config)
{
	return peer_new(config, false);
}

static struct peer *server_new(const struct peer_config *config)
{
	return peer_new(config, true);
}

static void destroy(struct peer *peer)
{
	eap_destroy(peer->config.eap);
	free(peer);
}

/* --- the EAP conversation --------------------------------------------------------------------- */

static void keep_pdu(struct peer *peer, enum eapol_type type, struct view body)
{
	struct writer w = writer_of(peer->pdu, sizeof(peer->pdu));

	eapol_encode(type, body, &w);
	peer->pdu_size = w.failed ? 0 : w.used;
	peer->frame_due = peer->pdu_size;
}

static void after_eap(struct peer *peer)
{
	const struct eap_end *eap = peer->config.eap;

	if (eap->output.size && eap->status != EAP_WAITING)
		keep_pdu(peer, EAPOL_EAP, eap->output);
	/* A server's result is one when it has been told. */
	if (!peer->serves && eap->status == EAP_SUCCESS)
		peer->phase = PHASE_AUTHENTICATED;
	if (!peer->serves && eap->status == EAP_FAILURE)
		peer->phase = PHASE_REJECTED;
}

static void start_eap(struct peer *peer)
{
	struct eap_end *eap = peer->config.eap;

	eap->status = eap->ops->start(eap);
	peer->phase = PHASE_AUTHENTICATING;
	after_eap(peer);
}

static void take_pdu(struct peer *peer, struct view pdu)
{
	struct eap_end *eap = peer->config.eap;
	struct reject why = { 0 };
	struct eapol eapol;

	if (eapol_decode(pdu, &eapol, &why) < 0)
		return;
	if (eapol.type == EAPOL_START && peer->serves)
		start_eap(peer);
	if (eapol.type != EAPOL_EAP || peer->phase != PHASE_AUTHENTICATING)
		return;
	eap->status = eap->ops->input(eap, eapol.body, &why);
	if (why.reason == REJECT_NONE || eap->status == EAP_FAILURE)
		after_eap(peer);
}

/* --- notes ------------------------------------------------------------------------------------ */

static void received(struct peer *peer, const struct packet *p, struct view octets, bool again)
{
	const struct element_value *pdu = packet_find(p, 0, DXI_EAPOL);
	(void)octets;
	(void)again;

	switch ((enum dxi_type)p->header[DXI_TYPE]) {
	case DXI_OPEN:
		peer->station = p->header[DXI_STATION];
		peer->bssid = p->header[DXI_BSSID];
		peer->opened_due = true;
		peer->phase = PHASE_OPENING;
		break;
	case DXI_OPENED:
		peer->phase = PHASE_OPENED;
		keep_pdu(peer, EAPOL_START, VIEW_EMPTY);
		break;
	case DXI_FRAME:
		if (pdu)
			take_pdu(peer, pdu->value);
		break;
	case DXI_PROBE:
		peer->alive_due = true;
		break;
	case DXI_REFUSED:
		if (p->header[DXI_BSSID] != peer->bssid)
			break;
		peer->phase = PHASE_REJECTED;
		peer->frame_due = false;
		break;
	case DXI_ALIVE:
	case DXI_CLOSE:
		break;
	}
}

static void sent_frame(struct peer *peer, const struct packet *p)
{
	const struct element_value *pdu = packet_find(p, 0, DXI_EAPOL);
	const struct eap_end *eap = peer->config.eap;
	struct reject why = { 0 };
	struct eapol eapol;

	/* What the test puts in its place, or says to somebody else, does not count. */
	if (p->header[DXI_BSSID] != peer->bssid || p->header[DXI_STATION] != peer->station || !pdu ||
		eapol_decode(pdu->value, &eapol, &why) < 0)
		return;
	if (view_equal(pdu->value, VIEW(peer->pdu, peer->pdu_size)))
		peer->frame_due = false;
	if (!peer->serves && eapol.type == EAPOL_START)
		start_eap(peer);
	if (peer->serves && peer->phase == PHASE_AUTHENTICATING) {
		if (eap->status == EAP_SUCCESS)
			peer->phase = PHASE_AUTHENTICATED;
		else if (eap->status == EAP_FAILURE)
			peer->phase = PHASE_REJECTED;
	}
}

static void sent(struct peer *peer, const struct packet *p, struct view octets)
{
	(void)octets;
	switch ((enum dxi_type)p->header[DXI_TYPE]) {
	case DXI_OPEN:
		peer->phase = PHASE_OPENING;
		break;
	case DXI_OPENED:
		peer->opened_due = false;
		peer->phase = PHASE_OPENED;
		break;
	case DXI_FRAME:
		sent_frame(peer, p);
		break;
	case DXI_ALIVE:
		peer->alive_due = false;
		break;
	case DXI_PROBE:
	case DXI_REFUSED:
	case DXI_CLOSE:
		break;
	}
}

/* --- composed --------------------------------------------------------------------------------- */

static struct view number_of(struct peer *peer, unsigned which, unsigned value)
{
	peer->number[which][0] = (uint8_t)(value >> 8);
	peer->number[which][1] = (uint8_t)value;
	return VIEW_OF(peer->number[which]);
}

static void compose(struct peer *peer, const struct message *message, struct packet *out)
{
	unsigned seconds = (unsigned)atoi(setting(peer, "keep-alive", "30"));

	*out = packet_named(&dxi_protocol, message->name);
	out->header[DXI_VERSION_FIELD] = DXI_VERSION;
	switch ((enum dxi_type)message->type) {
	case DXI_OPEN:
	case DXI_OPENED:
		packet_add(out, 0, DXI_KEEP_ALIVE, number_of(peer, 0, seconds));
		break;
	case DXI_FRAME:
		if (!peer->frame_due)
			keep_pdu(peer, EAPOL_START, VIEW_EMPTY);
		packet_add(out, 0, DXI_EAPOL, VIEW(peer->pdu, peer->pdu_size));
		break;
	case DXI_REFUSED:
		packet_add(out, 0, DXI_ERROR, number_of(peer, 1, DXI_ERROR_LIMIT));
		break;
	case DXI_PROBE:
	case DXI_ALIVE:
	case DXI_CLOSE:
		return;
	}
	out->header[DXI_STATION] = peer->station;
	out->header[DXI_BSSID] = peer->bssid;
}

/* --- the ordinary exchange -------------------------------------------------------------------- */

static bool acceptable(struct peer *peer, const struct packet *p, bool again,
	struct reject *reject)
{
	(void)peer, (void)p, (void)again, (void)reject;
	return true;
}

static const struct message *next(struct peer *peer)
{
	const char *name = peer->alive_due ? "ALIVE" :
		peer->opened_due	   ? "OPENED" :
		peer->frame_due		   ? "FRAME" :
		!peer->serves && peer->phase == PHASE_NOTHING ? "OPEN" : NULL;

	return name ? protocol_message_named(&dxi_protocol, name) : NULL;
}

static bool waiting(const struct peer *peer)
{
	(void)peer;
	return false; /* DXI §2: nothing is retransmitted */
}

static bool reached(const struct peer *peer, const char *point)
{
	if (strcmp(point, "opened") == 0)
		return peer->phase >= PHASE_OPENED;
	if (strcmp(point, "authenticating") == 0)
		return peer->phase >= PHASE_AUTHENTICATING && !peer->frame_due;
	if (strcmp(point, "authenticated") == 0)
		return peer->phase == PHASE_AUTHENTICATED;
	return peer->phase == PHASE_REJECTED;
}

static const char *position(const struct peer *peer)
{
	static const char *const words[] = { "nothing was opened", "OPEN has no answer",
		"OPENED, and no EAP yet", "the EAP conversation had begun and did not end",
		"the station was authenticated", "the station was refused" };
	return words[peer->phase];
}

#define COMMON                                                                                     \
	.destroy = destroy, .received = received, .sent = sent, .compose = compose,                \
	.acceptable = acceptable, .next = next, .waiting = waiting, .reached = reached,            \
	.position = position

const struct peer_ops dxi_station_peer = { .create = station_new, COMMON };
const struct peer_ops dxi_server_peer = { .create = server_new, COMMON };
