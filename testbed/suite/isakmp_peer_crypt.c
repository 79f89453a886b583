// SPDX-License-Identifier: Apache-2.0
/* Keys of the tester's end of IKEv1, HASH payloads, and encryption both ways. */
#include <stdio.h>

#include "ref/base/crypto.h"
#include "testbed/suite/isakmp_peer_inside.h"

static void log_keys(const struct peer *peer)
{
	char line[32 + 2 * IKE_KEY_MAX];
	int used = snprintf(line, sizeof(line), "%016llx,", (unsigned long long)peer->cky_i);

	for (size_t i = 0; i < peer->keys.cipher_size; i++)
		used += snprintf(line + used, sizeof(line) - (size_t)used, "%02x",
			peer->keys.cipher[i]);
	if (peer->config.key_log)
		peer->config.key_log(peer->config.context, line);
	wipe(line, sizeof(line));
}

void isakmp_peer_derive(struct peer *peer)
{
	uint8_t shared[IKE_DH_SHARED_MAX];
	struct isakmp_seed seed;

	if (!peer->dh.group || !isakmp_suite_usable(&peer->suite) ||
		ike_dh_agree(&peer->dh, peer->publics[peer->serves ? 0 : 1], shared) < 0)
		return;
	seed = isakmp_peer_seed(peer, VIEW(shared, ike_dh_shared_size(peer->dh.group)));
	isakmp_keys_derive(&peer->suite, &seed, &peer->keys);
	isakmp_first_iv(&peer->suite, peer->publics[0], peer->publics[1], peer->main.iv);
	wipe(shared, sizeof(shared));
	peer->keyed = true;
	peer->phase = ISAKMP_PHASE_KEYED;
	log_keys(peer);
}

/* --- HASH payloads ---------------------------------------------------------------------------- */

static size_t quick_hash(struct peer *peer, const struct tester_quick *q,
	enum isakmp_suite_message which, struct view rest, uint8_t out[DIGEST_MAX])
{
	static const uint8_t zero[1];
	uint8_t id[4];
	struct writer w = writer_of(id, sizeof(id));

	write_u32(&w, q->id);
	const struct view parts[] = { which == ISAKMP_SUITE_QM3 ? VIEW_OF(zero) : VIEW_EMPTY,
		VIEW_OF(id), which == ISAKMP_SUITE_QM1 ? VIEW_EMPTY : q->nonce_i,
		which == ISAKMP_SUITE_QM3 ? q->nonce_r : rest };
	return isakmp_hash(&peer->suite, &peer->keys, parts, 4, out);
}

static size_t info_hash(struct peer *peer, uint32_t number, struct view rest,
	uint8_t out[DIGEST_MAX])
{
	uint8_t id[4];
	struct writer w = writer_of(id, sizeof(id));

	write_u32(&w, number);
	const struct view parts[] = { VIEW_OF(id), rest };
	return isakmp_hash(&peer->suite, &peer->keys, parts, 2, out);
}

static size_t main_hash(struct peer *peer, const struct packet *p, bool of_initiator,
	uint8_t out[DIGEST_MAX])
{
	const struct element_value *id = packet_find(p, 0, ISAKMP_PAYLOAD_ID);
	struct isakmp_seed seed = isakmp_peer_seed(peer, VIEW_EMPTY);

	return isakmp_auth_hash(&peer->suite, &peer->keys, &seed, of_initiator, peer->sa_body,
		id ? id->value : VIEW_EMPTY, out);
}

/* What stands behind the first payload, of octets without a header. */
static struct view behind_first(const struct packet *p, struct view inside)
{
	size_t head = p->element_count ? 4 + p->elements[0].value.size : 0;
	return head <= inside.size ? VIEW(inside.data + head, inside.size - head) : VIEW_EMPTY;
}

/* The HASH that the message has to have; `inside` its payloads without padding. 0: no such thing. */
static size_t expected_hash(struct peer *peer, const struct packet *p, bool by_tester,
	struct view inside, uint8_t out[DIGEST_MAX])
{
	uint32_t id = (uint32_t)p->header[ISAKMP_MESSAGE_ID];
	const struct tester_quick *q = isakmp_peer_quick(peer, id);
	struct tester_quick fresh = { .id = id };

	if (p->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_IDENTITY_PROTECTION)
		return main_hash(peer, p, by_tester != peer->serves, out);
	if (p->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_INFORMATIONAL)
		return info_hash(peer, id, behind_first(p, inside), out);
	enum isakmp_suite_message which = isakmp_suite_number(p->message);
	return quick_hash(peer, q ? q : &fresh, which, behind_first(p, inside), out);
}

/* --- in --------------------------------------------------------------------------------------- */

/* What the NAT-D payloads say: the first is the other end as it sees us, the rest itself. */
static void judge_nat(struct peer *peer, struct packet *packet)
{
	static const uint8_t words[] = { 0, 1 };
	const struct element_value *e;
	uint8_t digest[DIGEST_MAX];
	bool right[2] = { false, false };
	unsigned n = 0;

	for (; (e = packet_find_nth(packet, 0, ISAKMP_PAYLOAD_NAT_D, n)); n++) {
		size_t size = isakmp_nat_digest(&peer->suite, packet->header[ISAKMP_CKY_I],
			packet->header[ISAKMP_CKY_R], n ? &peer->there : &peer->here, digest);
		right[n ? 0 : 1] |= view_equal(e->value, VIEW(digest, size));
	}
	if (!n)
		return;
	peer->nat = !right[0] || !right[1];
	packet_add(packet, ISAKMP_SUITE_FINDING, ISAKMP_SUITE_NAT_SOURCE, VIEW(&words[right[0]], 1));
	packet_add(packet, ISAKMP_SUITE_FINDING, ISAKMP_SUITE_NAT_DESTINATION,
		VIEW(&words[right[1]], 1));
}

static int take_clear(struct peer *peer, struct packet *packet)
{
	struct packet whole = *packet;

	isakmp_suite_spread(&whole, packet, peer->config.arena);
	judge_nat(peer, packet);
	packet->header[ISAKMP_SUITE_STATE] = ISAKMP_STATE_IN_CLEAR;
	return 1;
}

/* Which message of quick mode it is; `again`: the last one once more. */
static const struct message *quick_message(const struct tester_quick *q, bool fresh, bool again)
{
	bool first = fresh || (again && !q->done);
	enum isakmp_suite_message which = q->ours ? ISAKMP_SUITE_QM2 :
		first ? ISAKMP_SUITE_QM1 : ISAKMP_SUITE_QM3;
	return &isakmp_suite_protocol.messages[which];
}

/* Tries with the IV that is next, then with the one before: a message may come again. */
static int open_chain(struct peer *peer, struct tester_chain *c, const struct packet *packet,
	struct view octets, struct packet *inside, struct view *plain, bool *repeated,
	struct reject *reject)
{
	uint8_t *room = arena_alloc(peer->config.arena, ISAKMP_MESSAGE_MAX);
	struct packet outer = *packet;
	size_t size;

	outer.protocol = &isakmp_sealed_protocol;
	for (int again = 0; again < 2; again++) {
		uint8_t iv[ISAKMP_BLOCK_MAX];
		memcpy(iv, again ? c->before : c->iv, sizeof(iv));
		struct view opened;
		if (isakmp_open(&peer->suite, &peer->keys, octets, iv, room, &opened, reject) < 0)
			return -1;
		if (isakmp_decode_inside(&outer, opened, isakmp_block(&peer->suite), inside, &size,
			    reject) < 0)
			continue;
		*plain = VIEW(opened.data, size);
		*repeated = again;
		if (!again) {
			memcpy(c->before, c->iv, sizeof(c->before));
			memcpy(c->iv, iv, sizeof(c->iv));
		}
		return 0;
	}
	return -1;
}

static struct tester_quick *begun(struct peer *peer, uint32_t id)
{
	if (peer->quick_count == TESTER_QUICKS_MAX) {
		memmove(&peer->quicks[0], &peer->quicks[1],
			(TESTER_QUICKS_MAX - 1) * sizeof(peer->quicks[0]));
		peer->quick_count--;
	}
	struct tester_quick *q = &peer->quicks[peer->quick_count++];
	*q = (struct tester_quick){ .id = id };
	isakmp_exchange_iv(&peer->suite, peer->main.iv, id, q->chain.iv);
	return q;
}

static int open_quick(struct peer *peer, struct packet *packet, struct view octets,
	struct packet *inside, struct view *plain, struct reject *reject)
{
	uint32_t id = (uint32_t)packet->header[ISAKMP_MESSAGE_ID];
	struct tester_quick *q = isakmp_peer_quick(peer, id);
	bool fresh = !q, again = false;

	if (fresh)
		q = begun(peer, id);
	int result = open_chain(peer, &q->chain, packet, octets, inside, plain, &again, reject);
	packet->message = quick_message(q, fresh, again);
	if (fresh && result < 0)
		peer->quick_count--;
	return result;
}

static int open_info(struct peer *peer, struct packet *packet, struct view octets,
	struct packet *inside, struct view *plain, struct reject *reject)
{
	struct tester_chain c = { { 0 }, { 0 }, { 0 } };
	bool again;

	isakmp_exchange_iv(&peer->suite, peer->main.iv,
		(uint32_t)packet->header[ISAKMP_MESSAGE_ID], c.iv);
	return open_chain(peer, &c, packet, octets, inside, plain, &again, reject);
}

int isakmp_peer_unwrap(struct peer *peer, struct view octets, struct packet *packet,
	struct reject *reject)
{
	struct packet inside = packet_of(&isakmp_protocol);
	uint8_t hash[DIGEST_MAX];
	struct view plain;
	bool again;
	int result;

	if (!isakmp_is_sealed(packet))
		return take_clear(peer, packet);
	if (!peer->keyed)
		return reject_set(reject, REJECT_SESSION, "Encryption", "RFC 2409 §5", 19, 0);
	if (packet->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_QUICK_MODE)
		result = open_quick(peer, packet, octets, &inside, &plain, reject);
	else if (packet->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_INFORMATIONAL)
		result = open_info(peer, packet, octets, &inside, &plain, reject);
	else
		result = open_chain(peer, &peer->main, packet, octets, &inside, &plain, &again,
			reject);
	if (result < 0)
		return -1;
	packet->header[ISAKMP_SUITE_STATE] = ISAKMP_STATE_OPENED;
	isakmp_suite_spread(&inside, packet, peer->config.arena);
	const struct element_value *e = packet_find(&inside, 0, ISAKMP_PAYLOAD_HASH);
	size_t size = expected_hash(peer, packet, false, plain, hash);
	if (!e || !view_equal(e->value, VIEW(hash, size)))
		return reject_set(reject, REJECT_INTEGRITY, "HASH", "RFC 2409 §5.5",
			e ? e->offset : 0, 0);
	return 1;
}

/* --- out -------------------------------------------------------------------------------------- */

/* Where the encryption of the message goes on from; NULL: an exchange of its own. */
static struct tester_chain *chain_of(struct peer *peer, const struct packet *packet)
{
	struct tester_quick *q;

	if (packet->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_IDENTITY_PROTECTION)
		return &peer->main;
	q = isakmp_peer_quick(peer, (uint32_t)packet->header[ISAKMP_MESSAGE_ID]);
	if (packet->header[ISAKMP_EXCHANGE_TYPE] != ISAKMP_QUICK_MODE || q == &peer->next ||
		isakmp_suite_number(packet->message) == ISAKMP_SUITE_QM1)
		return NULL;
	return q ? &q->chain : NULL;
}

static bool is_zero(struct view v)
{
	for (size_t i = 0; i < v.size; i++)
		if (v.data[i])
			return false;
	return true;
}

/* A HASH of zeros is the place for the right one. */
static void fill_hash(struct peer *peer, const struct packet *packet, uint8_t *inside, size_t size,
	bool wrong)
{
	uint8_t hash[DIGEST_MAX];
	size_t at = 0;

	for (unsigned i = 0; i < packet->element_count; i++) {
		const struct element_value *e = &packet->elements[i];
		if (e->code == ISAKMP_PAYLOAD_HASH && is_zero(e->value) &&
			at + 4 + e->value.size <= size) {
			size_t made = expected_hash(peer, packet, true, VIEW(inside, size), hash);
			memcpy(inside + at + 4, hash, made < e->value.size ? made : e->value.size);
			if (wrong)
				inside[at + 4] ^= 0x01;
		}
		at += 4 + e->value.size;
	}
}

int isakmp_peer_wrap(struct peer *peer, const struct packet *packet, struct view plain,
	const struct peer_wrapping *how, struct writer *w, size_t *sizes, unsigned *count)
{
	struct tester_chain *c = chain_of(peer, packet), fresh = { { 0 }, { 0 }, { 0 } };
	uint8_t *inside;
	size_t size = plain.size - ISAKMP_HEADER_SIZE;

	*count = 1;
	if (!isakmp_is_sealed(packet) || how->clear) {
		write_view(w, plain);
		sizes[0] = plain.size;
		return w->failed ? -1 : 0;
	}
	if (!peer->keyed || plain.size < ISAKMP_HEADER_SIZE)
		return -1;
	inside = arena_alloc(peer->config.arena, size + 1);
	memcpy(inside, plain.data + ISAKMP_HEADER_SIZE, size);
	fill_hash(peer, packet, inside, size, how->wrong);
	if (!c) {
		isakmp_exchange_iv(&peer->suite, peer->main.iv,
			(uint32_t)packet->header[ISAKMP_MESSAGE_ID], fresh.iv);
		c = &fresh;
	}
	memcpy(c->after, c->iv, sizeof(c->after));
	if (isakmp_seal_octets(&peer->suite, &peer->keys, packet,
		    packet->element_count ? packet->elements[0].code : 0, VIEW(inside, size),
		    c->after, w) < 0)
		return -1;
	/* a new quick mode goes on from there */
	if (c == &fresh)
		memcpy(peer->next.chain.after, fresh.after, sizeof(fresh.after));
	sizes[0] = w->used;
	return 0;
}
