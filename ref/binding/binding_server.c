// SPDX-License-Identifier: Apache-2.0
/* The correspondent's side of remote bindings (RBP §5.3). */
#include <arpa/inet.h>

#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/binding/binding.h"

#define LIFETIME_MAX 3600

static struct view key_view(const struct binding_key *key)
{
	return VIEW(key->octets, key->size);
}

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family &&
		memcmp(a->address, b->address, a->family == AF_INET ? 4 : 16) == 0;
}

void binding_server_begin(struct binding_server *s, const struct binding_server_config *config)
{
	memset(s, 0, sizeof(*s));
	s->config = *config;
	if (!s->config.lifetime_max)
		s->config.lifetime_max = LIFETIME_MAX;
	random_fill(config->random, s->secret, sizeof(s->secret));
}

void binding_server_end(struct binding_server *s)
{
	for (unsigned i = 0; i < s->config.peer_count; i++)
		wipe(&s->config.peers[i].key, sizeof(s->config.peers[i].key));
	wipe(s, sizeof(*s));
}

/*
 * RBP §5.3: a challenge is a function of the secret drawn at the start, so nothing is stored for
 * it, and one from before a restart is worth nothing.
 */
static void make_challenge(const struct binding_server *s, const struct binding *b,
	uint32_t sequence, uint8_t out[BINDING_CHALLENGE_SIZE])
{
	uint8_t full[DIGEST_MAX], number[4];
	struct writer w = writer_of(number, sizeof(number));

	write_u32(&w, sequence);
	struct view parts[] = { VIEW_OF(b->home.address), VIEW_OF(number) };
	hmac_parts(DIGEST_SHA256, VIEW_OF(s->secret), parts, 2, full);
	memcpy(out, full, BINDING_CHALLENGE_SIZE);
	wipe(full, sizeof(full));
}

static struct binding *find_peer(const struct binding_server *s, uint32_t key_id,
	const struct endpoint *home)
{
	for (unsigned i = 0; i < s->config.peer_count; i++) {
		struct binding *b = &s->config.peers[i];
		if (b->key.id == key_id && same_address(&b->home, home))
			return b;
	}
	return NULL;
}

/* What is needed to answer an update whose sender is known to hold the key. */
struct answer {
	const struct endpoint *local, *peer;
	uint32_t sequence;
	enum binding_status status;
	uint32_t lifetime;
};

static void send_answer(const struct binding_server *s, const struct binding *b,
	const struct answer *answer, struct actions *actions)
{
	static const uint8_t zero[BINDING_AUTHENTICATOR_SIZE];
	struct packet p = packet_named(&binding_protocol, "BA");
	bool v4 = b->home.family == AF_INET;
	uint8_t buffer[BINDING_MESSAGE_MAX], numbers[12], challenge[BINDING_CHALLENGE_SIZE];
	struct writer w = writer_of(numbers, sizeof(numbers));

	write_u32(&w, answer->status);
	write_u32(&w, answer->lifetime);
	write_u32(&w, b->sequence);
	p.header[BINDING_VERSION_FIELD] = BINDING_VERSION;
	p.header[BINDING_SEQUENCE] = answer->sequence;
	p.header[BINDING_KEY_ID] = b->key.id;
	packet_add(&p, 0, BINDING_STATUS, VIEW(numbers, 4));
	packet_add(&p, 0, v4 ? BINDING_HOME_IPV4 : BINDING_HOME_IPV6,
		VIEW(b->home.address, v4 ? 4 : 16));
	if (answer->status == BINDING_ACCEPTED)
		packet_add(&p, 0, BINDING_LIFETIME, VIEW(numbers + 4, 4));
	if (answer->status == BINDING_CHALLENGED) {
		make_challenge(s, b, answer->sequence, challenge);
		packet_add(&p, 0, BINDING_CHALLENGE, VIEW_OF(challenge));
	}
	if (answer->status == BINDING_SEQUENCE_TOO_LOW)
		packet_add(&p, 0, BINDING_LAST_SEQUENCE, VIEW(numbers + 8, 4));
	packet_add(&p, 0, BINDING_AUTHENTICATOR, VIEW_OF(zero));
	w = writer_of(buffer, sizeof(buffer));
	binding_seal(&p, key_view(&b->key), &w);
	actions_send(actions, answer->local, answer->peer, writer_view(&w));
}

static int reject(struct binding_server *s, const struct reject *why, struct actions *actions)
{
	s->rejected[why->reason]++;
	actions_reject(actions, s, BINDING_EVENT_REJECTED, "binding_rejected", why);
	return -1;
}

/* RBP §5.3, in this order; what fails here is discarded without an answer. */
static struct binding *check_sender(const struct binding_server *s, const struct packet *p,
	struct view datagram, struct reject *why)
{
	struct endpoint home = binding_address(p, BINDING_HOME_IPV4, BINDING_HOME_IPV6);

	if (strcmp(p->message->name, "BU") != 0) {
		reject_set(why, REJECT_TYPE, "Type", "RBP §5.3", 1, p->header[BINDING_TYPE]);
		return NULL;
	}
	if (!home.family) {
		reject_set(why, REJECT_MISSING, "Home-Address", "RBP §3.3", 0, 0);
		return NULL;
	}
	struct binding *b = find_peer(s, (uint32_t)p->header[BINDING_KEY_ID], &home);
	if (!b) {
		reject_set(why, REJECT_KEY, "Key Identifier", "RBP §5.3", 8,
			p->header[BINDING_KEY_ID]);
		return NULL;
	}
	if (!MUTANT(binding_accepts_forged) && !binding_verify(p, datagram, key_view(&b->key))) {
		reject_set(why, REJECT_INTEGRITY, "Authenticator", "RBP §4", 0, 0);
		return NULL;
	}
	return b;
}

/* RBP §5.3: what a sender that holds the key is told. */
static enum binding_status judge(const struct binding_server *s, const struct binding *b,
	const struct packet *p, const struct endpoint *peer, const struct endpoint *care_of,
	uint32_t lifetime)
{
	uint32_t sequence = (uint32_t)p->header[BINDING_SEQUENCE];
	const struct element_value *e = packet_find(p, 0, BINDING_CHALLENGE);
	uint8_t challenge[BINDING_CHALLENGE_SIZE];

	if (!b->sequence_known) {
		make_challenge(s, b, sequence, challenge);
		if (!e || !ct_equal(e->value, VIEW_OF(challenge)))
			return BINDING_CHALLENGED;
	} else if ((int32_t)(sequence - b->sequence) <= 0) {
		return BINDING_SEQUENCE_TOO_LOW;
	}
	if (!lifetime)
		return BINDING_ACCEPTED;
	if (!care_of->family || care_of->family != b->home.family)
		return BINDING_UNSUPPORTED;
	if (!b->on_behalf && !same_address(care_of, peer))
		return BINDING_WRONG_ADDRESS;
	return BINDING_ACCEPTED;
}

static void apply(struct binding *b, const struct endpoint *care_of, uint32_t lifetime,
	uint32_t sequence, btime now, struct actions *actions)
{
	bool moved = lifetime && !(b->bound && same_address(&b->care_of, care_of));
	bool removed = !lifetime && b->bound;

	b->sequence = sequence;
	b->sequence_known = true;
	b->bound = lifetime > 0;
	b->care_of = *care_of;
	b->expires = lifetime ? btime_add(now, (btime)lifetime * BTIME_S) : BTIME_NEVER;
	b->moves += moved;
	if (moved)
		actions_report(actions, b, BINDING_EVENT_BOUND, "binding_bound", VIEW_EMPTY);
	else if (lifetime)
		actions_report(actions, b, BINDING_EVENT_REFRESHED, "binding_refreshed",
			VIEW_EMPTY);
	else if (removed)
		actions_report(actions, b, BINDING_EVENT_REMOVED, "binding_removed", VIEW_EMPTY);
}

/*
 * RBP §5.3: an update that was answered already is answered again, and changes nothing: the answer
 * may have been lost.
 */
static bool is_repetition(const struct binding *b, uint32_t sequence, uint32_t lifetime,
	const struct endpoint *care_of)
{
	return b->sequence_known && sequence == b->sequence && b->bound == (lifetime > 0) &&
		(!lifetime || same_address(&b->care_of, care_of));
}

int binding_server_input(struct binding_server *s, const struct endpoint *local,
	const struct endpoint *peer, struct view datagram, btime now, struct actions *actions)
{
	struct packet p;
	struct reject why = { 0 };

	if (wire_decode(&binding_protocol, datagram, &p, &why) < 0)
		return reject(s, &why, actions);
	struct binding *b = check_sender(s, &p, datagram, &why);
	if (!b)
		return reject(s, &why, actions);

	struct endpoint care_of = binding_address(&p, BINDING_CARE_OF_IPV4, BINDING_CARE_OF_IPV6);
	uint32_t lifetime = (uint32_t)packet_uint(&p, 0, BINDING_LIFETIME, 0);
	if (lifetime > s->config.lifetime_max)
		lifetime = s->config.lifetime_max;
	struct answer answer = {
		.local = local,
		.peer = peer,
		.sequence = (uint32_t)p.header[BINDING_SEQUENCE],
		.lifetime = lifetime,
	};
	if (!is_repetition(b, answer.sequence, lifetime, &care_of)) {
		answer.status = judge(s, b, &p, peer, &care_of, lifetime);
		if (answer.status == BINDING_ACCEPTED)
			apply(b, &care_of, lifetime, answer.sequence, now, actions);
	}
	send_answer(s, b, &answer, actions);
	return 0;
}

void binding_server_tick(struct binding_server *s, btime now, struct actions *actions)
{
	for (unsigned i = 0; i < s->config.peer_count; i++) {
		struct binding *b = &s->config.peers[i];
		if (!b->bound || now < b->expires)
			continue;
		b->bound = false;
		b->expires = BTIME_NEVER;
		actions_report(actions, b, BINDING_EVENT_EXPIRED, "binding_expired", VIEW_EMPTY);
	}
}

btime binding_server_due(const struct binding_server *s)
{
	btime due = BTIME_NEVER;
	for (unsigned i = 0; i < s->config.peer_count; i++)
		if (s->config.peers[i].bound)
			due = btime_min(due, s->config.peers[i].expires);
	return due;
}
