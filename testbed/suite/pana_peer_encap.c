// SPDX-License-Identifier: Apache-2.0
/* Encrypted AVPs (RFC 6786) at the tester's end of PANA. */
#include "ref/base/crypto.h"
#include "testbed/suite/pana_peer.h"

/* RFC 6786 §4.1: AES in counter mode, the first block as SP 800-38C makes it of Key-Id, Session
 * Identifier and Sequence Number with n = 12 and q = 3. */
static void cipher(const struct pana_key *key, bool agent, const struct packet *packet,
	struct view in, uint8_t *out)
{
	uint8_t block[16];
	struct writer w = writer_of(block, sizeof(block));

	write_u8(&w, 2);
	write_u32(&w, key->id);
	write_u32(&w, (uint32_t)packet->header[PANA_SESSION]);
	write_u32(&w, (uint32_t)packet->header[PANA_SEQUENCE]);
	write_u8(&w, 0);
	write_u16(&w, 1);
	aes128_ctr(agent ? key->paa_encr : key->pac_encr, block, in, out);
}

/* RFC 6786 §6.1: the AVPs marked X there stay in the clear; those of vendors are not in the list. */
static bool stays(const struct element_value *e)
{
	static const uint32_t codes[] = { PANA_AVP_AUTH, PANA_AVP_INTEGRITY_ALGORITHM,
		PANA_AVP_KEY_ID, PANA_AVP_NONCE, PANA_AVP_PRF_ALGORITHM, PANA_AVP_RESULT_CODE,
		PANA_AVP_PAC_INFORMATION, PANA_AVP_RELAYED_MESSAGE, PANA_AVP_ENCRYPTION_ENCAP,
		PANA_AVP_ENCRYPTION_ALGORITHM };

	for (size_t i = 0; !e->vendor && i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == e->code)
			return true;
	return false;
}

static bool is_encap(const struct element_value *e)
{
	return !e->vendor && e->code == PANA_AVP_ENCRYPTION_ENCAP;
}

/* --- out ------------------------------------------------------------------------------------ */

void add_encap(struct peer *peer, struct packet *out)
{
	if (peer->encryption && peer_protects(peer, out))
		packet_add(out, 0, PANA_AVP_ENCRYPTION_ENCAP, VIEW_EMPTY);
}

/* Those that may be encrypted leave the packet; what they are as octets. */
static struct view take_out(struct packet *packet, struct arena *arena)
{
	const size_t room = 8192;
	struct writer w = writer_of(arena_alloc(arena, room), room);
	struct packet hidden = packet_of(&pana_protocol);
	unsigned kept = 0;

	for (unsigned i = 0; i < packet->element_count; i++) {
		struct packet *to = stays(&packet->elements[i]) ? packet : &hidden;
		to->elements[to == packet ? kept++ : hidden.element_count++] = packet->elements[i];
	}
	packet->element_count = kept;
	wire_encode_elements(&hidden, &w);
	return w.failed ? VIEW_EMPTY : writer_view(&w);
}

static void drop_encap(struct packet *packet)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < packet->element_count; i++)
		if (!is_encap(&packet->elements[i]) || packet->elements[i].value.size)
			packet->elements[kept++] = packet->elements[i];
	packet->element_count = kept;
}

void peer_hide(struct peer *peer, struct packet *packet, struct arena *arena)
{
	struct view inside = VIEW_EMPTY;
	bool filled = false;

	if (!packet_find(packet, 0, PANA_AVP_ENCRYPTION_ENCAP))
		return;
	for (unsigned i = 0; i < packet->element_count; i++)
		filled = filled || (is_encap(&packet->elements[i]) &&
			packet->elements[i].value.size);
	if (!filled)
		inside = take_out(packet, arena);
	for (unsigned i = 0; i < packet->element_count; i++) {
		struct element_value *e = &packet->elements[i];
		if (!is_encap(e))
			continue;
		struct view plain = e->value.size ? e->value : inside;
		uint8_t *to = arena_alloc(arena, plain.size);
		if (peer->encryption && peer->key.there)
			cipher(&peer->key, peer->agent, packet, plain, to);
		else if (plain.size)
			memcpy(to, plain.data, plain.size);
		e->value = VIEW(to, plain.size);
	}
	drop_encap(packet);
}

/* --- in ------------------------------------------------------------------------------------- */

int pana_suite_decode(struct view octets, struct packet *out, struct reject *reject)
{
	int result = wire_decode(&pana_protocol, octets, out, reject);

	/* What must be there may be inside: peer_unwrap looks again. */
	if (result < 0 && reject->reason == REJECT_MISSING &&
		packet_find(out, 0, PANA_AVP_ENCRYPTION_ENCAP)) {
		*reject = (struct reject){ 0 };
		result = 0;
	}
	out->message = message_like(&pana_protocol, out->header[PANA_TYPE], pana_flags(out));
	return result;
}

/* The key that the message is under: a last PAR may bring its own. */
static struct pana_key key_of(struct peer *peer, const struct packet *packet)
{
	const struct element_value *id = packet_find(packet, 0, PANA_AVP_KEY_ID);
	struct pana_key key = peer->key;

	if (!peer->agent && id && pana_is_request(packet) && pana_flags(packet) & PANA_C &&
		peer->eap->has_key)
		make_key(peer, (uint32_t)packet_uint(packet, 0, PANA_AVP_KEY_ID, 0),
			kept_view(&peer->own_nonce), kept_view(&peer->sut_nonce), &key);
	return key;
}

/* Behind the Encryption-Encap, so that AUTH stays the last. -1: too many. */
static int put_behind(struct packet *packet, const struct packet *inside)
{
	unsigned at = 0, more = inside->element_count;

	while (!is_encap(&packet->elements[at]))
		at++;
	if (packet->element_count + more > WIRE_ELEMENTS_MAX)
		return -1;
	memmove(&packet->elements[at + 1 + more], &packet->elements[at + 1],
		(packet->element_count - at - 1) * sizeof(packet->elements[0]));
	memcpy(&packet->elements[at + 1], inside->elements, more * sizeof(packet->elements[0]));
	packet->element_count += more;
	return 0;
}

int peer_unwrap(struct peer *peer, struct view octets, struct packet *packet,
	struct reject *reject)
{
	const struct element_value *e = packet_find(packet, 0, PANA_AVP_ENCRYPTION_ENCAP);
	const struct message *message = packet->message;
	struct packet inside = packet_of(&pana_protocol);

	(void)octets;
	if (!e)
		return 1;
	struct pana_key key = key_of(peer, packet);
	if (!peer->encryption || !key.there)
		return reject_set(reject, REJECT_UNEXPECTED, "Encryption-Encap", "RFC 6786 §5",
			e->offset, e->value.size);
	uint8_t *plain = arena_alloc(peer->config.arena, e->value.size);
	cipher(&key, !peer->agent, packet, e->value, plain);
	wipe(&key, sizeof(key));
	if (wire_parse_elements(&pana_protocol, 0, VIEW(plain, e->value.size), &inside, reject) < 0)
		return -1;
	for (unsigned i = 0; i < inside.element_count; i++)
		if (stays(&inside.elements[i]))
			return reject_set(reject, REJECT_UNEXPECTED,
				inside.elements[i].element ? inside.elements[i].element->name :
				"AVP", "RFC 6786 §6.1", e->offset, inside.elements[i].code);
	if (put_behind(packet, &inside) < 0)
		return reject_set(reject, REJECT_RESOURCES, "Encryption-Encap", "RFC 6786 §5",
			e->offset, inside.element_count);
	int result = wire_identify(packet, reject) < 0 || wire_check(packet, reject) < 0 ? -1 : 1;
	packet->message = message;
	return result;
}
