// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "testbed/suite/pana_peer.h"

/* --- small things --------------------------------------------------------------------------- */

void keep(struct kept *k, struct view v)
{
	uint8_t *data = malloc(v.size + 1);

	if (!data)
		abort();
	if (v.size)
		memcpy(data, v.data, v.size);
	free(k->data);
	*k = (struct kept){ data, v.size };
}

struct view kept_view(const struct kept *k)
{
	return VIEW(k->data, k->size);
}

const char *peer_setting(const struct peer *peer, const char *name, const char *otherwise)
{
	const char *value = peer->config.setting(peer->config.context, name);
	return value ? value : otherwise;
}

bool peer_says_yes(const struct peer *peer, const char *name, bool otherwise)
{
	return strcmp(peer_setting(peer, name, otherwise ? "yes" : "no"), "yes") == 0;
}

/* "5,2": the numbers of a list, at most PEER_OFFERS_MAX - 1 of them. */
static void read_offers(const char *text, uint32_t *out)
{
	unsigned n = 0;

	while (*text && n < PEER_OFFERS_MAX - 1) {
		char *end;
		out[n] = (uint32_t)strtoul(text, &end, 10);
		n += end != text;
		text = *end ? end + 1 : end;
	}
	out[n] = 0;
}

struct peer *pana_peer_new(const struct peer_config *config)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		abort();
	peer->config = *config;
	peer->random = config->random;
	peer->eap = config->eap;
	peer->send_next = random_u32(peer->random);
	peer->preauth = peer_says_yes(peer, "preauth", false);
	read_offers(peer_setting(peer, "prf", "2"), peer->prfs);
	read_offers(peer_setting(peer, "integrity", "7"), peer->integrities);
	read_offers(peer_setting(peer, "encryption", ""), peer->encryptions);
	renew_nonce(peer);
	return peer;
}

void pana_peer_destroy(struct peer *peer)
{
	if (!peer)
		return;
	eap_destroy(peer->eap);
	free(peer->eap_out.data);
	free(peer->request_octets.data);
	free(peer->i_par.data);
	free(peer->i_pan.data);
	free(peer->own_nonce.data);
	free(peer->sut_nonce.data);
	wipe(peer, sizeof(*peer));
	free(peer);
}

void renew_nonce(struct peer *peer)
{
	uint8_t nonce[20]; /* the full length of an HMAC-SHA1 key, RFC 5191 §8.5 */

	random_fill(peer->random, nonce, sizeof(nonce));
	keep(&peer->own_nonce, VIEW_OF(nonce));
}

/* --- composing ------------------------------------------------------------------------------ */

void add_number(struct peer *peer, struct packet *packet, uint32_t code, uint32_t value)
{
	uint8_t *to = peer->number[peer->numbers++ % 8];
	struct writer w = writer_of(to, 4);

	write_u32(&w, value);
	packet_add(packet, 0, code, VIEW(to, 4));
}

void compose_header(struct peer *peer, const struct message *message, uint32_t flags,
	struct packet *out)
{
	*out = packet_named(&pana_protocol, message->name);
	out->header[PANA_FLAGS] = (message->flags_value & PANA_R) | flags |
		(peer->preauth ? PANA_E : 0);
	out->header[PANA_SESSION] = peer->session;
	out->header[PANA_SEQUENCE] = peer->send_next;
	peer->numbers = 0;
}

void compose_answer(struct peer *peer, const struct message *message, uint32_t mask,
	struct packet *out)
{
	compose_header(peer, message, pana_flags(&peer->request) & mask, out);
	out->header[PANA_SEQUENCE] = peer->request.header[PANA_SEQUENCE];
}

/* --- keys ----------------------------------------------------------------------------------- */

struct algorithm {
	uint32_t number;
	enum digest digest;
	size_t size; /* of the integrity value */
};

static const struct algorithm prf_rows[] = {
	{ PANA_PRF_HMAC_SHA1, DIGEST_SHA1, 20 },
	{ PANA_PRF_HMAC_SHA2_256, DIGEST_SHA256, 32 },
};

static const struct algorithm integrity_rows[] = {
	{ PANA_AUTH_HMAC_SHA1_160, DIGEST_SHA1, 20 },
	{ PANA_AUTH_HMAC_SHA2_256_128, DIGEST_SHA256, 16 },
};

/* The row of that number; the mandatory first one when nothing was negotiated. */
static const struct algorithm *algorithm(const struct algorithm rows[2], uint32_t number)
{
	return number == rows[1].number ? &rows[1] : &rows[0];
}

static void log_key(struct peer *peer)
{
	char line[64 + 2 * PEER_KEY_MAX];
	int n = snprintf(line, sizeof(line), "PANA_AUTH_KEY %08x %u ", peer->session,
		peer->key.id);

	for (size_t i = 0; i < peer->key.size; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, "%02x", peer->key.value[i]);
	if (peer->config.key_log)
		peer->config.key_log(peer->config.context, line);
}

/* prf+(MSK, label | I_PAR | I_PAN | PaC_nonce | PAA_nonce | Key_ID): RFC 5191 §5.3, RFC 6786 §3. */
static void key_of_label(struct peer *peer, const char *label, const struct pana_key *key,
	struct view pac_nonce, struct view paa_nonce, uint8_t *out, size_t size)
{
	const struct algorithm *prf = algorithm(prf_rows, peer->prf);
	size_t room = strlen(label) + peer->i_par.size + peer->i_pan.size + pac_nonce.size +
		paa_nonce.size + 4;
	uint8_t *seed = malloc(room);

	if (!seed)
		abort();
	struct writer w = writer_of(seed, room);
	write_view(&w, view_text(label));
	write_view(&w, kept_view(&peer->i_par));
	write_view(&w, kept_view(&peer->i_pan));
	write_view(&w, pac_nonce);
	write_view(&w, paa_nonce);
	write_u32(&w, key->id);
	prf_plus(prf->digest, VIEW(peer->eap->msk, EAP_MSK_SIZE), writer_view(&w), out, size);
	free(seed);
}

/* PANA_AUTH_KEY is as long as the integrity algorithm's key. */
void make_key(struct peer *peer, uint32_t id, struct view pac_nonce, struct view paa_nonce,
	struct pana_key *out)
{
	const struct algorithm *integrity = algorithm(integrity_rows, peer->integrity);

	*out = (struct pana_key){ .there = true, .id = id,
		.size = digest_size(integrity->digest) };
	key_of_label(peer, "IETF PANA", out, pac_nonce, paa_nonce, out->value, out->size);
	key_of_label(peer, "IETF PANA PaC Encr", out, pac_nonce, paa_nonce, out->pac_encr, 16);
	key_of_label(peer, "IETF PANA PAA Encr", out, pac_nonce, paa_nonce, out->paa_encr, 16);
}

void derive_key(struct peer *peer, uint32_t id, struct view pac_nonce, struct view paa_nonce)
{
	peer->old = peer->key;
	make_key(peer, id, pac_nonce, paa_nonce, &peer->key);
	log_key(peer);
}

bool peer_protects(struct peer *peer, const struct packet *packet)
{
	if (packet->header[PANA_TYPE] == PANA_CLIENT_INITIATION)
		return false;
	return peer->key.there && !(pana_flags(packet) & PANA_S);
}

size_t peer_seal_size(const struct peer *peer)
{
	return algorithm(integrity_rows, peer->integrity)->size;
}

bool peer_seal(struct peer *peer, struct view octets, bool old, uint8_t *out)
{
	const struct algorithm *a = algorithm(integrity_rows, peer->integrity);
	const struct pana_key *key = old ? &peer->old : &peer->key;
	uint8_t value[DIGEST_MAX];

	if (!key->there)
		return false;
	hmac_parts(a->digest, VIEW(key->value, key->size), &octets, 1, value);
	memcpy(out, value, a->size);
	return true;
}

/* RFC 5191 §5.4: the value is computed with its own place zeroed. */
enum seal_state peer_verify(struct peer *peer, const struct packet *packet, struct view octets)
{
	const struct element_value *e = packet_find(packet, 0, PANA_AVP_AUTH);
	uint8_t expected[DIGEST_MAX];

	if (!peer_protects(peer, packet))
		return SEAL_STATE_NONE;
	if (!e)
		return SEAL_STATE_MISSING;
	size_t at = (size_t)(e->value.data - octets.data);
	uint8_t *copy = malloc(octets.size);
	if (!copy)
		abort();
	memcpy(copy, octets.data, octets.size);
	memset(copy + at, 0, e->value.size);
	peer_seal(peer, VIEW(copy, octets.size), false, expected);
	free(copy);
	return view_equal(e->value, VIEW(expected, peer_seal_size(peer))) ? SEAL_STATE_VALID :
									 SEAL_STATE_INVALID;
}

/* --- EAP ------------------------------------------------------------------------------------ */

static void keep_output(struct peer *peer)
{
	keep(&peer->eap_out, peer->eap->output.size ? peer->eap->output : VIEW_EMPTY);
}

void restart_eap(struct peer *peer)
{
	peer->eap->status = peer->eap->ops->start(peer->eap);
	peer->eap_used = true;
	keep_output(peer);
}

void feed_eap(struct peer *peer, struct view payload)
{
	struct reject reject = { 0 };

	peer->eap->status = peer->eap->ops->input(peer->eap, payload, &reject);
	keep_output(peer);
}

/* --- notes ---------------------------------------------------------------------------------- */

void note_request(struct peer *peer, const struct packet *packet, struct view octets, bool again)
{
	peer->answer_due = true;
	if (again)
		return;
	keep(&peer->request_octets, octets);
	wire_parse(&pana_protocol, kept_view(&peer->request_octets), &peer->request, NULL);
	peer->request.message = packet->message;
	peer->receive_next = (uint32_t)packet->header[PANA_SEQUENCE] + 1;
	peer->receive_known = true;
}

void note_answer(struct peer *peer, const struct packet *packet)
{
	if (peer->is_outstanding && packet->header[PANA_SEQUENCE] == peer->outstanding)
		peer->is_outstanding = false;
	if (packet->header[PANA_TYPE] == PANA_TERMINATION)
		peer->phase = PHASE_TERMINATED;
}

void note_sent(struct peer *peer, const struct packet *packet)
{
	uint32_t number = (uint32_t)packet->header[PANA_SEQUENCE];
	bool answers = !pana_is_request(packet) &&
		packet->header[PANA_TYPE] == peer->request.header[PANA_TYPE] &&
		number == peer->request.header[PANA_SEQUENCE];

	/* The initial number is free, so whatever the initial PAR has becomes it. */
	if (pana_is_request(packet) && pana_flags(packet) & PANA_S)
		peer->send_next = number;
	if (pana_is_request(packet) && number == peer->send_next) {
		peer->outstanding = number;
		peer->is_outstanding = true;
		peer->outstanding_is_pci = false;
		peer->send_next++;
	}
	if (!answers || packet->header[PANA_TYPE] == PANA_CLIENT_INITIATION)
		return;
	peer->answer_due = false;
	if (packet->header[PANA_TYPE] == PANA_TERMINATION)
		peer->phase = PHASE_TERMINATED;
}

const struct message *answer_due(const struct peer *peer)
{
	static const struct {
		uint64_t type;
		const char *answer;
	} rows[] = { { PANA_AUTH, "PAN" }, { PANA_TERMINATION, "PTA" },
		{ PANA_NOTIFICATION, "PNA" } };

	for (size_t i = 0; peer->answer_due && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == peer->request.header[PANA_TYPE])
			return protocol_message_named(&pana_protocol, rows[i].answer);
	return NULL;
}

/* --- for the ordinary exchange -------------------------------------------------------------- */

bool peer_acceptable(struct peer *peer, const struct packet *packet, bool again,
	struct reject *reject)
{
	uint64_t session = packet->header[PANA_SESSION], number = packet->header[PANA_SEQUENCE];
	bool initial = pana_flags(packet) & PANA_S && pana_is_request(packet);
	const char *name = "Session Identifier";

	if (again || packet->header[PANA_TYPE] == PANA_CLIENT_INITIATION)
		return true;
	if (!initial && session != peer->session)
		return !reject_set(reject, REJECT_SESSION, name, "RFC 5191 §5.5", 8, session);
	name = "Sequence Number";
	if (pana_is_request(packet) && !initial && peer->receive_known &&
		number != peer->receive_next)
		return !reject_set(reject, REJECT_SEQUENCE, name, "RFC 5191 §5.2", 12, number);
	if (!pana_is_request(packet) && (!peer->is_outstanding || number != peer->outstanding))
		return !reject_set(reject, REJECT_SEQUENCE, name, "RFC 5191 §5.2", 12, number);
	return true;
}

bool peer_waiting(const struct peer *peer)
{
	return peer->is_outstanding;
}

bool peer_reached(const struct peer *peer, const char *point)
{
	if (strcmp(point, "started") == 0)
		return peer->phase >= PHASE_STARTED;
	if (strcmp(point, "authenticating") == 0)
		return peer->phase >= PHASE_AUTHENTICATING;
	if (strcmp(point, "completing") == 0)
		return peer->want_last || (peer->answer_due && pana_flags(&peer->request) & PANA_C);
	if (strcmp(point, "authenticated") == 0)
		return peer->phase == PHASE_AUTHENTICATED;
	if (strcmp(point, "rejected") == 0)
		return peer->phase == PHASE_REJECTED;
	if (strcmp(point, "reauthenticated") == 0)
		return peer->phase == PHASE_AUTHENTICATED && peer->rounds > 1;
	return peer->phase == PHASE_TERMINATED;
}

const char *peer_position(const struct peer *peer)
{
	static const char *const words[] = { "no session was begun",
		"the initial PAR and PAN were exchanged, nothing after them",
		"the EAP conversation had begun and did not end",
		"the session was authenticated", "the authentication was rejected",
		"the session was terminated" };
	return words[peer->phase];
}
