// SPDX-License-Identifier: Apache-2.0
/*
 * Messages of EAP-PSK. Each begins with Flags (T in the upper two bits) and RAND_S:
 *
 *     0  server  Flags RAND_S ID_S
 *     1  peer    Flags RAND_S RAND_P MAC_P ID_P
 *     2  server  Flags RAND_S MAC_S PCHANNEL
 *     3  peer    Flags RAND_S PCHANNEL
 *
 * PCHANNEL is Nonce (4), Tag (16), and under AES-EAX one octet R (2 bits), E, reserved; if E is
 * set, EXT_Type (1) and EXT_Payload. No extension was ever registered, so none is known: a peer
 * that is offered one says so by the same type with no payload (RFC 4764 §6.2), and refuses.
 */
#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/base/reader.h"
#include "ref/eap/eap_psk.h"
#include "ref/eap/eap_psk_crypto.h"

#define CHANNEL_MIN (4 + EAX_TAG_SIZE + 1)

static const char *const sections[] = { "RFC 4764 §5.1", "RFC 4764 §5.2", "RFC 4764 §5.3",
	"RFC 4764 §5.4" };

int psk_decode(struct view data, unsigned expected, struct psk_message *message,
	struct reject *reject)
{
	struct reader r = reader_of(data);
	const size_t base = EAP_HEADER_SIZE + 1;

	uint8_t flags = read_u8(&r);
	*message = (struct psk_message){ .number = flags >> 6 };
	if (MUTANT(eap_psk_refuses_reserved_bits) && flags & 0x3f)
		return reject_set(reject, REJECT_FLAGS, "Flags", sections[expected], base, flags);
	if (!r.failed && message->number != expected)
		return reject_set(reject, REJECT_STATE, "Flags", sections[expected], base,
			message->number);
	message->rand_s = read_view(&r, PSK_RAND_SIZE).data;
	if (message->number == 1)
		message->rand_p = read_view(&r, PSK_RAND_SIZE).data;
	if (message->number == 1 || message->number == 2)
		message->mac = read_view(&r, PSK_MAC_SIZE).data;
	if (r.failed)
		return reject_set(reject, REJECT_TRUNCATED, "EAP-PSK", sections[expected],
			base + r.at, data.size);
	struct view rest = read_rest(&r);
	if (message->number < 2) {
		message->id = rest;
		if (rest.size == 0 || rest.size > PSK_ID_MAX)
			return reject_set(reject, REJECT_LENGTH, expected ? "ID_P" : "ID_S",
				sections[expected], base + r.offset, rest.size);
		return 0;
	}
	message->channel = rest;
	if (rest.size < CHANNEL_MIN)
		return reject_set(reject, REJECT_TRUNCATED, "PCHANNEL", sections[expected],
			base + r.offset, rest.size);
	return 0;
}

/* The 4-octet nonce as EAX takes it: 16 octets, zeros in front. */
static void channel_nonce(uint32_t n, uint8_t out[16])
{
	struct writer w = writer_of(out, 16);
	write_zero(&w, 12);
	write_u32(&w, n);
}

int psk_channel_open(const struct eap_packet *packet, const struct psk_message *message,
	uint32_t nonce, const uint8_t tek[16], struct psk_channel *channel, struct reject *reject)
{
	struct reader whole = reader_of(packet->whole), r = reader_of(message->channel);
	uint8_t padded[16], plain[EAP_MTU_MAX];
	const char *section = "RFC 4764 §3.3";
	size_t at = PSK_HEADER_SIZE + (message->mac ? PSK_MAC_SIZE : 0);

	struct view header = read_view(&whole, PSK_HEADER_SIZE);
	channel->nonce = read_u32(&r);
	const uint8_t *tag = read_view(&r, EAX_TAG_SIZE).data;
	struct view sealed = read_rest(&r);
	if (r.failed || whole.failed || sealed.size == 0 || sealed.size > sizeof(plain))
		return reject_set(reject, REJECT_LENGTH, "PCHANNEL", section, 0, sealed.size);
	/* "must only be done after a successful verification of the Nonce" */
	if (channel->nonce != nonce)
		return reject_set(reject, REJECT_REPLAY, "Nonce", section, at, channel->nonce);
	channel_nonce(nonce, padded);
	if (!eax_open(tek, VIEW_OF(padded), header, sealed, tag, plain))
		return reject_set(reject, REJECT_INTEGRITY, "Tag", section, at + 4, 0);
	channel->result = plain[0] >> 6;
	channel->extended = plain[0] & 0x20;
	if (channel->result == 0)
		return reject_set(reject, REJECT_VALUE, "R", "RFC 4764 §5.3", at + 20, 0);
	if (channel->extended ? sealed.size < 2 : sealed.size > 1)
		return reject_set(reject, REJECT_LENGTH, "PCHANNEL", "RFC 4764 §5.3", at,
			sealed.size);
	channel->extension = channel->extended ? plain[1] : 0;
	return 0;
}

void psk_channel_seal(uint8_t code, uint8_t identifier, unsigned number, const uint8_t *rand_s,
	struct view mac, const uint8_t tek[16], const struct psk_channel *channel,
	struct writer *out)
{
	uint8_t header[PSK_HEADER_SIZE], nonce[16], tag[EAX_TAG_SIZE];
	uint8_t body[2] = { (uint8_t)(channel->result << 6 | (channel->extended ? 0x20 : 0)),
		channel->extension };
	size_t body_size = channel->extended ? 2 : 1;
	size_t length = PSK_HEADER_SIZE + mac.size + 4 + sizeof(tag) + body_size;
	struct writer w = writer_of(header, sizeof(header));

	write_u8(&w, code);
	write_u8(&w, identifier);
	write_u16(&w, (uint16_t)length);
	write_u8(&w, EAP_TYPE_PSK);
	write_u8(&w, (uint8_t)(number << 6));
	write_bytes(&w, rand_s, PSK_RAND_SIZE);
	channel_nonce(channel->nonce, nonce);
	eax_seal(tek, VIEW_OF(nonce), VIEW_OF(header), VIEW(body, body_size), body, tag);

	write_u8(out, (uint8_t)(number << 6));
	write_bytes(out, rand_s, PSK_RAND_SIZE);
	write_view(out, mac);
	write_u32(out, channel->nonce);
	write_bytes(out, tag, sizeof(tag));
	write_bytes(out, body, body_size);
}

void psk_mac_p(const uint8_t ak[16], struct view id_p, struct view id_s, const uint8_t *rand_s,
	const uint8_t *rand_p, uint8_t mac[PSK_MAC_SIZE])
{
	struct view parts[] = { id_p, id_s, VIEW(rand_s, PSK_RAND_SIZE),
		VIEW(rand_p, PSK_RAND_SIZE) };
	aes128_cmac(ak, parts, 4, mac);
}

void psk_mac_s(const uint8_t ak[16], struct view id_s, const uint8_t *rand_p,
	uint8_t mac[PSK_MAC_SIZE])
{
	struct view parts[] = { id_s, VIEW(rand_p, PSK_RAND_SIZE) };
	aes128_cmac(ak, parts, 2, mac);
}

void psk_session_id(const uint8_t *rand_p, const uint8_t *rand_s,
	uint8_t out[PSK_SESSION_ID_SIZE])
{
	struct writer w = writer_of(out, PSK_SESSION_ID_SIZE);

	write_u8(&w, EAP_TYPE_PSK);
	write_bytes(&w, rand_p, PSK_RAND_SIZE);
	write_bytes(&w, rand_s, PSK_RAND_SIZE);
}
