// SPDX-License-Identifier: Apache-2.0
#include "ref/base/mutant.h"
#include "ref/pana/pana_encap.h"

bool pana_encryption_known(uint32_t encryption)
{
	return encryption == PANA_AES128_CTR;
}

void pana_encr_key(const struct pana_key_input *in, bool agent, uint8_t out[PANA_ENCR_KEY_SIZE])
{
	pana_prf_plus(in, agent ? "IETF PANA PAA Encr" : "IETF PANA PaC Encr", out,
		PANA_ENCR_KEY_SIZE);
}

void pana_encr_counter(uint32_t key_id, uint32_t session, uint32_t sequence, uint8_t out[16])
{
	struct writer w = writer_of(out, 16);

	/* NIST SP 800-38C, appendix A.3: n = 12 and q = 3, so the flags are 2, and it is Ctr_1 */
	write_u8(&w, 0x02);
	write_u32(&w, key_id);
	write_u32(&w, session);
	write_u32(&w, sequence);
	write_u16(&w, 0);
	write_u8(&w, MUTANT(pana_counter_from_zero) ? 0 : 1);
}

bool pana_may_encrypt(uint32_t vendor, uint32_t code)
{
	if (vendor)
		return true;
	switch (code) {
	case PANA_AVP_AUTH:
	case PANA_AVP_INTEGRITY_ALGORITHM:
	case PANA_AVP_KEY_ID:
	case PANA_AVP_NONCE:
	case PANA_AVP_PRF_ALGORITHM:
	case PANA_AVP_RESULT_CODE:
	case PANA_AVP_PAC_INFORMATION:
	case PANA_AVP_RELAYED_MESSAGE:
	case PANA_AVP_ENCRYPTION_ALGORITHM:
	case PANA_AVP_ENCRYPTION_ENCAP:
		return false;
	default:
		return true;
	}
}

static void cipher(const struct pana_sa *sa, bool agent, const struct packet *packet, struct view in,
	uint8_t *out)
{
	uint8_t counter[16];

	pana_encr_counter(sa->keys.key_id, (uint32_t)packet->header[PANA_SESSION],
		(uint32_t)packet->header[PANA_SEQUENCE], counter);
	if (MUTANT(pana_encryption_keys_swapped))
		agent = !agent;
	aes128_ctr(agent ? sa->paa_encr : sa->pac_encr, counter, in, out);
}

bool pana_encap(const struct pana_sa *sa, struct packet *packet, struct writer *room)
{
	struct packet hidden = packet_of(packet->protocol), open = *packet;
	uint8_t *start = room->start + room->used;

	open.element_count = 0;
	for (unsigned i = 0; i < packet->element_count; i++) {
		const struct element_value *e = &packet->elements[i];
		struct packet *to = pana_may_encrypt(e->vendor, e->code) ? &hidden : &open;
		to->elements[to->element_count++] = *e;
	}
	if (hidden.element_count == 0)
		return true;
	wire_encode_elements(&hidden, room);
	if (room->failed)
		return false;
	struct view value = VIEW(start, (size_t)(room->start + room->used - start));
	cipher(sa, sa->agent, packet, value, start);
	*packet = open;
	return packet_add(packet, 0, PANA_AVP_ENCRYPTION_ENCAP, value);
}

int pana_decode_sealed(struct view datagram, struct packet *packet, struct reject *reject)
{
	if (pana_decode(datagram, packet, reject) == 0)
		return 0;
	if (reject->reason != REJECT_MISSING || !packet_find(packet, 0, PANA_AVP_ENCRYPTION_ENCAP))
		return -1;
	*reject = (struct reject){ 0 };
	/* the one that is opened is gone when pana_decap counts */
	const struct element_value *second =
		packet_find_nth(packet, 0, PANA_AVP_ENCRYPTION_ENCAP, 1);
	if (second)
		return reject_set(reject, REJECT_REPEATED, second->element->name, "RFC 6786 §5",
			second->offset, 2);
	return 0;
}

/* RFC 6786 §6.1: what must not be encrypted, and is, spoils the message. */
static int check_hidden(const struct packet *hidden, size_t offset, struct reject *reject)
{
	for (unsigned i = 0; i < hidden->element_count; i++) {
		const struct element_value *e = &hidden->elements[i];
		if (!pana_may_encrypt(e->vendor, e->code) && !MUTANT(pana_any_avp_inside))
			return reject_set(reject, REJECT_UNEXPECTED,
				e->element ? e->element->name : NULL, "RFC 6786 §6.1", offset,
				e->code);
	}
	return 0;
}

int pana_decap(const struct pana_sa *sa, bool agent, struct packet *packet, uint8_t *room,
	struct reject *reject)
{
	const struct element_value *encap = packet_find(packet, 0, PANA_AVP_ENCRYPTION_ENCAP);
	struct packet hidden = packet_of(packet->protocol), whole = *packet;
	size_t offset = encap->offset;

	cipher(sa, agent, packet, encap->value, room);
	if (wire_parse_elements(packet->protocol, 0, VIEW(room, encap->value.size), &hidden,
		    reject) < 0 ||
		check_hidden(&hidden, offset, reject) < 0)
		return -1;
	if (packet->element_count - 1 + hidden.element_count > WIRE_ELEMENTS_MAX)
		return reject_set(reject, REJECT_RESOURCES, encap->element->name, "RFC 6786 §5",
			offset, hidden.element_count);
	whole.element_count = 0;
	for (unsigned i = 0; i < packet->element_count; i++) {
		if (&packet->elements[i] != encap) {
			whole.elements[whole.element_count++] = packet->elements[i];
			continue;
		}
		for (unsigned k = 0; k < hidden.element_count; k++) {
			hidden.elements[k].offset = offset;
			whole.elements[whole.element_count++] = hidden.elements[k];
		}
	}
	*packet = whole;
	return wire_check(packet, reject);
}
