// SPDX-License-Identifier: Apache-2.0
/*
 * Both sides of EAP over a LAN: the tester as a supplicant, facing an authenticator, and as an
 * authenticator, facing a supplicant. EAP's own packets come from the tester's EAP end, taken apart
 * into fields that a suite may change.
 *
 * What a suite sends beside the conversation has the identifier that the suite gives it; what comes
 * back to that is not for the EAP end, which knows its own identifiers.
 */
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/dot1x/eapol.h"
#include "ref/eap/eap.h"
#include "ref/eap/eap_packet.h"
#include "testbed/suite/lan_message.h"
#include "testbed/suite/lan_peer.h"

#define PDU_MAX 2048

enum lan_phase {
	PHASE_NOTHING,
	PHASE_STARTED,	      /* the first request has gone one way or the other */
	PHASE_IDENTIFIED,     /* the Identity response too */
	PHASE_AUTHENTICATING, /* the method's first response too */
	PHASE_AUTHENTICATED,
	PHASE_REJECTED,
	PHASE_LOGGED_OFF,
};

struct peer {
	struct peer_config config;
	struct eap_end *eap;
	enum lan_phase phase;
	bool pending;	       /* `out` is still to be sent */
	uint8_t out[PDU_MAX];  /* EAPOL with the EAP packet that the conversation sends next */
	size_t out_size;
	uint8_t identifier;    /* of the last request, whoever sent it */
	uint8_t type;	       /* of the last request of the sut */
	bool request_is_out;   /* of the tester's, without an answer */
	bool started;	       /* supplicant: EAPOL-Start is out, without an answer */
	unsigned rounds;
	uint8_t room[4][4];    /* values of a composed packet */
};

/* --- the EAP end ---------------------------------------------------------------------------- */

/* Keeps what it wants sent. */
static void keep_output(struct peer *p)
{
	struct writer w = writer_of(p->out, sizeof(p->out));

	p->pending = p->eap->output.size != 0 && p->eap->status != EAP_WAITING;
	p->out_size = 0;
	if (!p->pending)
		return;
	eapol_encode(EAPOL_EAP, p->eap->output, &w);
	p->out_size = w.failed ? 0 : w.used;
}

static void restart(struct peer *p)
{
	p->eap->status = p->eap->ops->start(p->eap);
	keep_output(p);
}

static void feed(struct peer *p, struct view octets)
{
	enum eap_status before = p->eap->status;
	struct reject reject = { 0 };
	struct eapol pdu;

	if (eapol_decode(octets, &pdu, &reject) < 0)
		return;
	p->eap->status = p->eap->ops->input(p->eap, pdu.body, &reject);
	if (!reject.reason || p->eap->status != before) /* what is rejected can end it, too */
		keep_output(p);
}

static struct peer *create(const struct peer_config *config)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->config = *config;
	p->eap = config->eap;
	p->identifier = (uint8_t)random_u32(config->random);
	return p;
}

static void destroy(struct peer *p)
{
	if (!p)
		return;
	eap_destroy(p->eap);
	wipe(p, sizeof(*p));
	free(p);
}

/* --- composed ------------------------------------------------------------------------------- */

static void add_number(struct peer *p, struct packet *out, enum lan_element code, unsigned width,
	uint64_t value)
{
	uint8_t *to = p->room[out->element_count % 4];
	struct writer w = writer_of(to, 4);

	write_uint(&w, value, width);
	packet_add(out, 0, code, VIEW(to, width));
}

/* An EAP packet without Type-Data, where the conversation has none. */
static void compose_bare(struct peer *p, enum eap_code code, uint8_t identifier, uint8_t type,
	struct packet *out)
{
	add_number(p, out, LAN_CODE, 1, code);
	add_number(p, out, LAN_IDENTIFIER, 1, identifier);
	add_number(p, out, LAN_LENGTH, 2, 0);
	if (type)
		add_number(p, out, LAN_EAP_TYPE, 1, type);
}

static enum eap_code code_of(const struct message *message)
{
	static const char *const names[] = { "Request", "Response", "Success", "Failure" };

	for (unsigned i = 0; i < 4; i++)
		if (strcmp(message->name, names[i]) == 0)
			return (enum eap_code)(i + 1);
	return 0;
}

static void compose(struct peer *p, const struct message *message, struct packet *out)
{
	enum eap_code code = message->type == EAPOL_EAP ? code_of(message) : 0;
	bool over = p->eap->status == EAP_SUCCESS || p->eap->status == EAP_FAILURE;

	if (code == EAP_CODE_REQUEST && over && !p->pending) /* a new conversation */
		restart(p);
	bool mine = code && p->out_size > EAPOL_HEADER_SIZE && p->out[EAPOL_HEADER_SIZE] == code;

	if (mine && lan_decode(VIEW(p->out, p->out_size), out, NULL) == 0)
		return;
	*out = packet_named(&lan_protocol, message->name);
	out->header[LAN_VERSION] = EAPOL_VERSION;
	if (code == EAP_CODE_REQUEST)
		compose_bare(p, code, (uint8_t)(p->identifier + 1), EAP_TYPE_IDENTITY, out);
	else if (code == EAP_CODE_RESPONSE)
		compose_bare(p, code, p->identifier, p->type ? p->type : EAP_TYPE_IDENTITY, out);
	else if (code)
		compose_bare(p, code, p->identifier, 0, out);
}

/* --- what both take note of ------------------------------------------------------------------ */

static enum eap_code packet_code(const struct packet *packet)
{
	return (enum eap_code)packet_uint(packet, 0, LAN_CODE, 0);
}

static uint8_t packet_identifier(const struct packet *packet)
{
	return (uint8_t)packet_uint(packet, 0, LAN_IDENTIFIER, 0);
}

static void note_result(struct peer *p, enum eap_code code)
{
	p->phase = code == EAP_CODE_SUCCESS ? PHASE_AUTHENTICATED : PHASE_REJECTED;
	p->rounds += code == EAP_CODE_SUCCESS;
}

static void note_request(struct peer *p, const struct packet *packet)
{
	p->identifier = packet_identifier(packet);
	if (p->phase == PHASE_NOTHING || p->phase >= PHASE_AUTHENTICATED)
		p->phase = PHASE_STARTED;
}

static void note_response(struct peer *p, const struct packet *packet)
{
	uint64_t type = packet_uint(packet, 0, LAN_EAP_TYPE, 0);

	if (type == EAP_TYPE_IDENTITY && p->phase <= PHASE_STARTED)
		p->phase = PHASE_IDENTIFIED;
	if (type > EAP_TYPE_NAK && p->phase < PHASE_AUTHENTICATED)
		p->phase = PHASE_AUTHENTICATING;
}

static bool reached(const struct peer *p, const char *point)
{
	if (strcmp(point, "started") == 0)
		return p->phase >= PHASE_STARTED;
	if (strcmp(point, "identified") == 0)
		return p->phase >= PHASE_IDENTIFIED;
	if (strcmp(point, "authenticating") == 0)
		return p->phase >= PHASE_AUTHENTICATING;
	if (strcmp(point, "authenticated") == 0)
		return p->phase == PHASE_AUTHENTICATED;
	if (strcmp(point, "reauthenticated") == 0)
		return p->phase == PHASE_AUTHENTICATED && p->rounds > 1;
	if (strcmp(point, "rejected") == 0)
		return p->phase == PHASE_REJECTED;
	return p->phase == PHASE_LOGGED_OFF;
}

static const char *position(const struct peer *p)
{
	static const char *const words[] = { "no conversation was begun",
		"the first request was sent, nothing came after it",
		"the Identity was given, and no method began",
		"the method had begun and did not end", "EAP ended in success",
		"EAP ended in failure", "the supplicant logged off" };
	return words[p->phase];
}

static bool waiting(const struct peer *p)
{
	return p->started || p->request_is_out;
}

/* --- the tester as authenticator ------------------------------------------------------------- */

static void authenticator_received(struct peer *p, const struct packet *packet,
	struct view octets, bool again)
{
	uint64_t type = packet->header[LAN_TYPE];

	if (type == EAPOL_START && !again)
		restart(p);
	if (type == EAPOL_START)
		p->pending = p->out_size > 0;
	if (type == EAPOL_LOGOFF)
		p->phase = PHASE_LOGGED_OFF;
	if (packet_code(packet) != EAP_CODE_RESPONSE || again)
		return;
	p->request_is_out = p->request_is_out && packet_identifier(packet) != p->identifier;
	note_response(p, packet);
	feed(p, octets);
}

static void authenticator_sent(struct peer *p, const struct packet *packet, struct view octets)
{
	enum eap_code code = packet_code(packet);
	(void)octets;

	if (code == EAP_CODE_SUCCESS || code == EAP_CODE_FAILURE)
		note_result(p, code);
	if (code == EAP_CODE_REQUEST)
		note_request(p, packet);
	p->request_is_out = code == EAP_CODE_REQUEST;
	p->pending = false;
}

static const struct message *next_eap(struct peer *p)
{
	if (!p->pending || p->out_size <= EAPOL_HEADER_SIZE)
		return NULL;
	return protocol_message_named(&lan_protocol,
		field_value_name(&lan_protocol.elements[0].value[0], p->out[EAPOL_HEADER_SIZE]));
}

static bool authenticator_accepts(struct peer *p, const struct packet *packet, bool again,
	struct reject *reject)
{
	if (packet_code(packet) != EAP_CODE_RESPONSE || again)
		return true;
	if (packet_identifier(packet) == p->identifier)
		return true;
	return !reject_set(reject, REJECT_SEQUENCE, "Identifier", "RFC 3748 §4.1", 5,
		packet_identifier(packet));
}

const struct peer_ops lan_authenticator_peer = {
	.create = create,
	.destroy = destroy,
	.received = authenticator_received,
	.sent = authenticator_sent,
	.compose = compose,
	.acceptable = authenticator_accepts,
	.next = next_eap,
	.waiting = waiting,
	.reached = reached,
	.position = position,
};

/* --- the tester as supplicant ---------------------------------------------------------------- */

static void supplicant_received(struct peer *p, const struct packet *packet, struct view octets,
	bool again)
{
	enum eap_code code = packet_code(packet);
	uint8_t type = (uint8_t)packet_uint(packet, 0, LAN_EAP_TYPE, 0);

	if (code)
		p->started = false;
	if (code == EAP_CODE_SUCCESS || code == EAP_CODE_FAILURE) {
		feed(p, octets); /* which knows whether it may believe that */
		note_result(p, p->eap->status == EAP_SUCCESS ? code : EAP_CODE_FAILURE);
		p->pending = false;
	}
	if (code != EAP_CODE_REQUEST)
		return;
	if (again && packet_identifier(packet) == p->identifier) {
		p->pending = p->out_size > 0;
		return;
	}
	if (type == EAP_TYPE_IDENTITY) /* whoever asks who we are begins anew */
		restart(p);
	note_request(p, packet);
	p->type = type;
	feed(p, octets);
}

static void supplicant_sent(struct peer *p, const struct packet *packet, struct view octets)
{
	(void)octets;
	if (packet->header[LAN_TYPE] == EAPOL_START)
		p->started = true;
	if (packet->header[LAN_TYPE] == EAPOL_LOGOFF)
		p->phase = PHASE_LOGGED_OFF;
	if (packet_code(packet) != EAP_CODE_RESPONSE)
		return;
	note_response(p, packet);
	p->pending = false;
}

static const struct message *supplicant_next(struct peer *p)
{
	if (p->phase == PHASE_NOTHING && !p->started)
		return protocol_message_named(&lan_protocol, "EAPOL-Start");
	return next_eap(p);
}

static bool supplicant_accepts(struct peer *p, const struct packet *packet, bool again,
	struct reject *reject)
{
	(void)p, (void)packet, (void)again, (void)reject;
	return true;
}

const struct peer_ops lan_supplicant_peer = {
	.create = create,
	.destroy = destroy,
	.received = supplicant_received,
	.sent = supplicant_sent,
	.compose = compose,
	.acceptable = supplicant_accepts,
	.next = supplicant_next,
	.waiting = waiting,
	.reached = reached,
	.position = position,
};
