// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/eap/eap.h"
#include "ref/radius/radius_message.h"
#include "testbed/suite/radius_peer.h"

#define MD5_SIZE 16
#define EAP_MAX 4096

enum radius_phase {
	PHASE_NOTHING,
	PHASE_ASKED,
	PHASE_CHALLENGED,
	PHASE_AUTHENTICATED,
	PHASE_REJECTED,
};

struct peer {
	struct peer_config config;
	bool serves;
	enum radius_phase phase;
	uint8_t identifier; /* of the last request, either way */
	uint8_t request[RADIUS_MESSAGE_MAX]; /* the last request, either way */
	size_t request_size;
	bool due;	  /* the ordinary exchange has something to send */
	bool outstanding; /* the tester's request has no answer */
	uint8_t state[RADIUS_ATTRIBUTE_MAX];
	size_t state_size;
	uint8_t eap[EAP_MAX]; /* to be carried */
	size_t eap_size;
	bool eap_begun;
	unsigned challenges;
	uint8_t keys[2][RADIUS_ATTRIBUTE_MAX];
};

static const char *setting(const struct peer *peer, const char *name, const char *otherwise)
{
	const char *value = peer->config.setting(peer->config.context, name);
	return value ? value : otherwise;
}

static struct view secret_of(const struct peer *peer)
{
	return view_text(setting(peer, "radius-secret", ""));
}

static void keep_eap(struct peer *peer)
{
	const struct eap_end *eap = peer->config.eap;

	peer->eap_size = eap->output.size <= EAP_MAX ? eap->output.size : 0;
	if (peer->eap_size)
		memcpy(peer->eap, eap->output.data, peer->eap_size);
}

static void start_eap(struct peer *peer)
{
	struct eap_end *eap = peer->config.eap;

	eap->status = eap->ops->start(eap);
	peer->eap_begun = true;
	keep_eap(peer);
}

static void feed(struct peer *peer, struct view packet)
{
	struct eap_end *eap = peer->config.eap;
	struct reject why = { 0 };

	eap->status = eap->ops->input(eap, packet, &why);
	keep_eap(peer);
}

/* An authenticator asks for the identity itself (RFC 3579 §2.1). */
static void begin_as_authenticator(struct peer *peer)
{
	static const uint8_t request[] = { 1, 1, 0, 5, 1 };

	start_eap(peer);
	feed(peer, VIEW_OF(request));
	peer->due = true;
}

static struct peer *peer_new(const struct peer_config *config, bool serves)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		abort();
	peer->config = *config;
	peer->serves = serves;
	if (!serves)
		begin_as_authenticator(peer);
	return peer;
}

static struct peer *nas_new(const struct peer_config *config)
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
	wipe(peer->keys, sizeof(peer->keys));
	free(peer);
}

/* --- what protects messages ------------------------------------------------------------------- */

/* RFC 3579 §3.2: with the Authenticator of the request, and the value's own place zero. */
static void message_authenticator(const struct peer *peer, struct view octets, size_t at,
	struct view authenticator, uint8_t *out)
{
	static const uint8_t zeros[MD5_SIZE];
	const struct view parts[] = { VIEW(octets.data, 4), authenticator,
		VIEW(octets.data + 20, at - 20), VIEW_OF(zeros),
		VIEW(octets.data + at + MD5_SIZE, octets.size - at - MD5_SIZE) };
	uint8_t whole[DIGEST_MAX];

	hmac_parts(DIGEST_MD5, secret_of(peer), parts, 5, whole);
	memcpy(out, whole, MD5_SIZE);
}

/* RFC 2865 §3. */
static void response_authenticator(const struct peer *peer, struct view octets, uint8_t *out)
{
	const struct view parts[] = { VIEW(octets.data, 4), VIEW(peer->request + 4, 16),
		VIEW(octets.data + 20, octets.size - 20), secret_of(peer) };
	uint8_t whole[DIGEST_MAX];

	digest_parts(DIGEST_MD5, parts, 4, whole);
	memcpy(out, whole, MD5_SIZE);
}

static struct view authenticator_for(const struct peer *peer, struct view octets)
{
	return peer->serves ? VIEW(peer->request + 4, 16) : VIEW(octets.data + 4, 16);
}

/* Where the value stands: the attribute of that number. 0: nowhere. */
static size_t find_seal(struct view octets)
{
	struct reader r = reader_of(octets);
	const size_t whole = MD5_SIZE + 2;

	/* The tester puts it last, behind attributes whose length may lie. */
	if (octets.size >= 20 + whole) {
		const uint8_t *last = octets.data + octets.size - whole;
		if (last[0] == RADIUS_MESSAGE_AUTHENTICATOR && last[1] == whole)
			return octets.size - MD5_SIZE;
	}
	read_view(&r, 20);
	while (reader_left(&r) >= 2) {
		size_t at = octets.size - reader_left(&r);
		uint8_t type = read_u8(&r), length = read_u8(&r);
		if (type == RADIUS_MESSAGE_AUTHENTICATOR && length == MD5_SIZE + 2 &&
			at + length <= octets.size)
			return at + 2;
		read_view(&r, length < 2 ? 0 : length - 2u);
		if (r.failed || length < 2)
			break;
	}
	return 0;
}

static bool protects(struct peer *peer, const struct packet *p)
{
	(void)peer, (void)p;
	return true;
}

static size_t seal_size(const struct peer *peer)
{
	(void)peer;
	return MD5_SIZE;
}

static bool seal(struct peer *peer, struct view octets, bool old, uint8_t *out)
{
	size_t at = find_seal(octets);
	(void)old;

	if (!at)
		return false;
	message_authenticator(peer, octets, at, authenticator_for(peer, octets), out);
	return true;
}

/* The Response Authenticator, unless the test has put something in its place. */
static void finish(struct peer *peer, const struct packet *p, uint8_t *octets, size_t size)
{
	(void)p;
	if (peer->serves && size >= RADIUS_MESSAGE_MIN &&
		memcmp(octets + 4, peer->request + 4, 16) == 0)
		response_authenticator(peer, VIEW(octets, size), octets + 4);
}

static enum seal_state verify(struct peer *peer, const struct packet *p, struct view octets)
{
	const struct element_value *e = packet_find(p, 0, RADIUS_MESSAGE_AUTHENTICATOR);
	struct view authenticator = peer->serves ? VIEW(octets.data + 4, 16) :
						   VIEW(peer->request + 4, 16);
	uint8_t expected[MD5_SIZE];

	if (octets.size < RADIUS_MESSAGE_MIN)
		return SEAL_STATE_INVALID;
	if (!peer->serves) {
		response_authenticator(peer, octets, expected);
		if (memcmp(octets.data + 4, expected, MD5_SIZE) != 0)
			return SEAL_STATE_INVALID;
	}
	/* RFC 3579 §3.1: what carries EAP has one. */
	if (!e)
		return packet_find(p, 0, RADIUS_EAP_MESSAGE) ? SEAL_STATE_MISSING : SEAL_STATE_NONE;
	message_authenticator(peer, octets, (size_t)(e->value.data - octets.data), authenticator,
		expected);
	return view_equal(e->value, VIEW_OF(expected)) ? SEAL_STATE_VALID : SEAL_STATE_INVALID;
}

/* --- notes ------------------------------------------------------------------------------------ */

/* The identity was asked for by the authenticator, in a request of its own: the response gets the
 * number of ours, whose successor must not be that of the authenticator's. */
static void adopt_identity(struct peer *peer, uint8_t *eap)
{
	for (unsigned i = 0; i < 8 && (uint8_t)(peer->eap[1] + 1) == eap[1]; i++)
		start_eap(peer);
	eap[1] = peer->eap[1];
}

static void take_request(struct peer *peer, const struct packet *p, struct view octets, bool again)
{
	uint8_t eap[EAP_MAX];

	peer->identifier = (uint8_t)p->header[RADIUS_IDENTIFIER];
	if (octets.size <= sizeof(peer->request)) {
		memcpy(peer->request, octets.data, octets.size);
		peer->request_size = octets.size;
	}
	peer->due = true;
	if (again)
		return;
	if (peer->phase == PHASE_NOTHING)
		peer->phase = PHASE_ASKED;
	size_t size = radius_eap_message(p, eap, sizeof(eap));
	if (!peer->eap_begun)
		start_eap(peer);
	if (size >= 5 && eap[0] == 2 && eap[4] == 1 && peer->eap_size)
		adopt_identity(peer, eap);
	feed(peer, VIEW(eap, size));
}

static void take_answer(struct peer *peer, const struct packet *p)
{
	const struct element_value *state = packet_find(p, 0, RADIUS_STATE);
	uint8_t eap[EAP_MAX];

	if (p->header[RADIUS_IDENTIFIER] != peer->identifier || !peer->outstanding)
		return;
	peer->outstanding = false;
	peer->state_size = state ? state->value.size : 0;
	if (state)
		memcpy(peer->state, state->value.data, peer->state_size);
	size_t size = radius_eap_message(p, eap, sizeof(eap));
	if (size)
		feed(peer, VIEW(eap, size));
	switch ((enum radius_code)p->header[RADIUS_CODE]) {
	case RADIUS_ACCESS_CHALLENGE:
		peer->phase = PHASE_CHALLENGED;
		peer->challenges++;
		peer->due = peer->eap_size;
		break;
	case RADIUS_ACCESS_ACCEPT:
		peer->phase = PHASE_AUTHENTICATED;
		break;
	case RADIUS_ACCESS_REJECT:
		peer->phase = PHASE_REJECTED;
		break;
	case RADIUS_ACCESS_REQUEST:
		break;
	}
}

static void received(struct peer *peer, const struct packet *p, struct view octets, bool again)
{
	if (peer->serves)
		take_request(peer, p, octets, again);
	else if (!again && verify(peer, p, octets) != SEAL_STATE_INVALID)
		take_answer(peer, p);
}

static void sent(struct peer *peer, const struct packet *p, struct view octets)
{
	peer->due = false;
	if (!peer->serves) {
		peer->identifier = (uint8_t)p->header[RADIUS_IDENTIFIER];
		peer->outstanding = true;
		memcpy(peer->request, octets.data,
			octets.size < sizeof(peer->request) ? octets.size : sizeof(peer->request));
		peer->request_size = octets.size;
		if (peer->phase == PHASE_NOTHING)
			peer->phase = PHASE_ASKED;
		return;
	}
	switch ((enum radius_code)p->header[RADIUS_CODE]) {
	case RADIUS_ACCESS_ACCEPT:
		peer->phase = PHASE_AUTHENTICATED;
		break;
	case RADIUS_ACCESS_REJECT:
		peer->phase = PHASE_REJECTED;
		break;
	case RADIUS_ACCESS_CHALLENGE:
		peer->phase = PHASE_CHALLENGED;
		break;
	case RADIUS_ACCESS_REQUEST:
		break;
	}
}

/* --- composed --------------------------------------------------------------------------------- */

static void add_eap(struct peer *peer, struct packet *out)
{
	radius_add_eap_message(out, VIEW(peer->eap, peer->eap_size));
}

static void compose_request(struct peer *peer, struct packet *out)
{
	uint8_t random[16];
	struct reader r = reader_of(VIEW_OF(random));

	random_fill(peer->config.random, random, sizeof(random));
	out->header[RADIUS_IDENTIFIER] = (uint8_t)(peer->identifier + 1);
	out->header[RADIUS_AUTHENTICATOR_HIGH] = read_u64(&r);
	out->header[RADIUS_AUTHENTICATOR_LOW] = read_u64(&r);
	packet_add(out, 0, RADIUS_USER_NAME, view_text(setting(peer, "identity", "")));
	packet_add(out, 0, RADIUS_NAS_IDENTIFIER, view_text("tester"));
	packet_add(out, 0, RADIUS_CALLING_STATION_ID, view_text("02-00-00-00-01-01"));
	if (peer->state_size)
		packet_add(out, 0, RADIUS_STATE, VIEW(peer->state, peer->state_size));
	add_eap(peer, out);
}

/* RFC 2548 §2.4: both halves of the MSK. */
static void add_keys(struct peer *peer, struct packet *out)
{
	const struct eap_end *eap = peer->config.eap;
	const struct view request = VIEW(peer->request, peer->request_size);

	for (unsigned i = 0; i < 2 && eap->has_key; i++) {
		struct writer w = writer_of(peer->keys[i], sizeof(peer->keys[i]));
		radius_mppe_encrypt(i ? MS_MPPE_SEND_KEY : MS_MPPE_RECV_KEY,
			VIEW(eap->msk + 32 * i, 32), (uint16_t)(i + 1), request, secret_of(peer), &w);
		packet_add(out, 0, RADIUS_VENDOR_SPECIFIC, writer_view(&w));
	}
}

static void compose_answer(struct peer *peer, struct packet *out)
{
	struct reader r = reader_of(VIEW(peer->request + 4, 16));

	out->header[RADIUS_IDENTIFIER] = peer->identifier;
	out->header[RADIUS_AUTHENTICATOR_HIGH] = read_u64(&r);
	out->header[RADIUS_AUTHENTICATOR_LOW] = read_u64(&r);
	if (out->header[RADIUS_CODE] == RADIUS_ACCESS_ACCEPT)
		add_keys(peer, out);
	if (out->header[RADIUS_CODE] == RADIUS_ACCESS_CHALLENGE) {
		struct writer w = writer_of(peer->state, sizeof(peer->state));
		write_u32(&w, 0x62617401);
		write_u32(&w, peer->challenges++);
		peer->state_size = w.used;
		packet_add(out, 0, RADIUS_STATE, writer_view(&w));
	}
	add_eap(peer, out);
}

static void compose(struct peer *peer, const struct message *message, struct packet *out)
{
	*out = packet_named(&radius_protocol, message->name);
	if (message->type == RADIUS_ACCESS_REQUEST)
		compose_request(peer, out);
	else
		compose_answer(peer, out);
}

/* --- the ordinary exchange -------------------------------------------------------------------- */

static bool acceptable(struct peer *peer, const struct packet *p, bool again,
	struct reject *reject)
{
	(void)reject;
	return peer->serves || again || p->header[RADIUS_IDENTIFIER] == peer->identifier;
}

static const struct message *next(struct peer *peer)
{
	const char *name = "Access-Request";

	if (!peer->due)
		return NULL;
	if (peer->serves)
		name = peer->config.eap->status == EAP_SUCCESS ? "Access-Accept" :
			peer->config.eap->status == EAP_FAILURE ? "Access-Reject" : "Access-Challenge";
	return protocol_message_named(&radius_protocol, name);
}

static bool waiting(const struct peer *peer)
{
	return peer->outstanding;
}

static bool reached(const struct peer *peer, const char *point)
{
	if (strcmp(point, "challenged") == 0)
		return peer->phase >= PHASE_CHALLENGED;
	if (strcmp(point, "authenticated") == 0)
		return peer->phase == PHASE_AUTHENTICATED;
	return peer->phase == PHASE_REJECTED;
}

static const char *position(const struct peer *peer)
{
	static const char *const words[] = { "nothing was asked", "the first request has no answer",
		"a challenge was sent, and no end after it", "Access-Accept was sent",
		"Access-Reject was sent" };
	return words[peer->phase];
}

#define COMMON                                                                                     \
	.destroy = destroy, .received = received, .sent = sent, .compose = compose,                \
	.protects = protects, .seal_size = seal_size, .seal = seal, .finish = finish,              \
	.verify = verify, .acceptable = acceptable, .next = next, .waiting = waiting,              \
	.reached = reached, .position = position

const struct peer_ops radius_nas_peer = { .create = nas_new, COMMON };
const struct peer_ops radius_server_peer = { .create = server_new, COMMON };
