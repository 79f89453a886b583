// SPDX-License-Identifier: Apache-2.0
#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/radius/radius_message.h"

#define MD5_SIZE 16

static const uint8_t zero[MD5_SIZE];

/* The message with another Authenticator, as both checks want it. */
static struct view authenticator_of(struct view message)
{
	return VIEW(message.data + RADIUS_AUTHENTICATOR_AT, RADIUS_AUTHENTICATOR_SIZE);
}

/* RFC 3579 §3.2: HMAC-MD5 over the message with its own value zero. */
static void message_authenticator(struct view message, struct view request_authenticator,
	size_t value_at, struct view secret, uint8_t out[MD5_SIZE])
{
	size_t after = value_at + MD5_SIZE;
	struct view parts[] = {
		VIEW(message.data, RADIUS_AUTHENTICATOR_AT),
		request_authenticator,
		VIEW(message.data + RADIUS_MESSAGE_MIN, value_at - RADIUS_MESSAGE_MIN),
		VIEW_OF(zero),
		VIEW(message.data + after, message.size - after),
	};
	hmac_parts(DIGEST_MD5, secret, parts, 5, out);
}

/* RFC 2865 §3: MD5 over the answer with the request's Authenticator, then the secret. */
static void response_authenticator(struct view message, struct view request_authenticator,
	struct view secret, uint8_t out[MD5_SIZE])
{
	struct view parts[] = {
		VIEW(message.data, RADIUS_AUTHENTICATOR_AT),
		request_authenticator,
		VIEW(message.data + RADIUS_MESSAGE_MIN, message.size - RADIUS_MESSAGE_MIN),
		secret,
	};
	digest_parts(DIGEST_MD5, parts, 4, out);
}

/*
 * The Message-Authenticator goes first: then what follows it cannot be chosen by somebody who
 * wants to collide the MD5 behind it.
 */
static bool encode_with_room(const struct packet *packet, struct writer *w)
{
	struct packet sealed = *packet;

	if (sealed.element_count == WIRE_ELEMENTS_MAX) {
		w->failed = true;
		return false;
	}
	memmove(sealed.elements + 1, sealed.elements,
		sealed.element_count * sizeof(sealed.elements[0]));
	sealed.element_count++;
	sealed.elements[0] = (struct element_value){ .code = RADIUS_MESSAGE_AUTHENTICATOR,
		.value = VIEW_OF(zero) };
	wire_encode(&sealed, w);
	return !w->failed;
}

#define VALUE_AT (RADIUS_MESSAGE_MIN + 2) /* of the Message-Authenticator as first attribute */

void radius_seal_request(const struct packet *packet, struct view secret, struct random *random,
	struct writer *w)
{
	size_t start = w->used;
	uint8_t authenticator[RADIUS_AUTHENTICATOR_SIZE];

	if (!encode_with_room(packet, w))
		return;
	uint8_t *message = w->start + start;
	struct view whole = VIEW(message, w->used - start);
	random_fill(random, authenticator, sizeof(authenticator));
	memcpy(message + RADIUS_AUTHENTICATOR_AT, authenticator, sizeof(authenticator));
	message_authenticator(whole, VIEW_OF(authenticator), VALUE_AT, secret, message + VALUE_AT);
	if (MUTANT(radius_wrong_message_authenticator))
		message[VALUE_AT] ^= 1;
}

void radius_seal_answer(const struct packet *packet, struct view request, struct view secret,
	struct writer *w)
{
	size_t start = w->used;
	uint8_t authenticator[RADIUS_AUTHENTICATOR_SIZE];

	if (!encode_with_room(packet, w))
		return;
	uint8_t *message = w->start + start;
	struct view whole = VIEW(message, w->used - start);
	struct view of_request = authenticator_of(request);
	message_authenticator(whole, of_request, VALUE_AT, secret, message + VALUE_AT);
	response_authenticator(whole, of_request, secret, authenticator);
	memcpy(message + RADIUS_AUTHENTICATOR_AT, authenticator, sizeof(authenticator));
}

int radius_verify_answer(const struct packet *packet, struct view answer, struct view request,
	struct view secret, bool require_message_authenticator, struct reject *reject)
{
	const struct element_value *e = packet_find(packet, 0, RADIUS_MESSAGE_AUTHENTICATOR);
	bool required = require_message_authenticator || packet_find(packet, 0, RADIUS_EAP_MESSAGE);
	struct view of_request = authenticator_of(request);
	uint8_t expected[MD5_SIZE];

	if (packet->header[RADIUS_IDENTIFIER] != request.data[1])
		return reject_set(reject, REJECT_SEQUENCE, "Identifier", "RFC 2865 §3", 1,
			packet->header[RADIUS_IDENTIFIER]);
	response_authenticator(answer, of_request, secret, expected);
	if (!ct_equal(authenticator_of(answer), VIEW_OF(expected)) &&
		!MUTANT(radius_any_response_authenticator))
		return reject_set(reject, REJECT_INTEGRITY, "Response Authenticator", "RFC 2865 §3",
			RADIUS_AUTHENTICATOR_AT, 0);
	/* RFC 3579 §3.1: with EAP-Message and without Message-Authenticator, discarded. */
	if (!e && required && !MUTANT(radius_takes_unprotected))
		return reject_set(reject, REJECT_NO_INTEGRITY, "Message-Authenticator",
			"RFC 3579 §3.1", 0, 0);
	if (!e)
		return 0;
	message_authenticator(answer, of_request, (size_t)(e->value.data - answer.data), secret,
		expected);
	if (!ct_equal(e->value, VIEW_OF(expected)) && !MUTANT(radius_any_message_authenticator))
		return reject_set(reject, REJECT_INTEGRITY, "Message-Authenticator",
			"RFC 3579 §3.2", e->offset, 0);
	return 0;
}

size_t radius_eap_message(const struct packet *packet, uint8_t *out, size_t size)
{
	struct writer w = writer_of(out, size);

	for (unsigned i = 0; i < packet->element_count; i++)
		if (packet->elements[i].code == RADIUS_EAP_MESSAGE)
			write_view(&w, packet->elements[i].value);
	return writer_view(&w).size;
}

bool radius_add_eap_message(struct packet *packet, struct view eap)
{
	while (eap.size) {
		size_t part = eap.size < RADIUS_ATTRIBUTE_MAX ? eap.size : RADIUS_ATTRIBUTE_MAX;
		if (!packet_add(packet, 0, RADIUS_EAP_MESSAGE, VIEW(eap.data, part)))
			return false;
		eap.data += part;
		eap.size -= part;
	}
	return true;
}

/*
 * RFC 2548 §2.4.2: c(i) = p(i) xor MD5(S + c(i-1)), c(0) being the Request Authenticator followed
 * by the salt. Both directions chain over the ciphertext.
 */
static void mppe_blocks(bool decrypt, struct view in, struct view salt, struct view request,
	struct view secret, uint8_t *out)
{
	uint8_t pad[MD5_SIZE];

	for (size_t at = 0; at < in.size; at += MD5_SIZE) {
		const uint8_t *cipher = decrypt ? in.data : out;
		struct view first[] = { secret, authenticator_of(request), salt };
		struct view later[] = { secret, VIEW(cipher + at - MD5_SIZE, MD5_SIZE) };
		digest_parts(DIGEST_MD5, at ? later : first, at ? 2 : 3, pad);
		for (size_t i = 0; i < MD5_SIZE; i++)
			out[at + i] = in.data[at + i] ^ pad[i];
	}
	wipe(pad, sizeof(pad));
}

/* The value of that Microsoft attribute: 2 octets of salt, then the ciphertext. */
static struct view find_microsoft(const struct packet *packet, enum radius_microsoft which)
{
	for (unsigned i = 0; i < packet->element_count; i++) {
		struct reader r = reader_of(packet->elements[i].value);
		uint8_t type;
		if (packet->elements[i].code != RADIUS_VENDOR_SPECIFIC ||
			read_u32(&r) != RADIUS_VENDOR_MICROSOFT)
			continue;
		while (reader_left(&r)) {
			struct view value = radius_vendor_next(&r, &type);
			if (!r.failed && type == which)
				return value;
		}
	}
	return VIEW_EMPTY;
}

size_t radius_mppe_key(const struct packet *packet, enum radius_microsoft which,
	struct view request, struct view secret, uint8_t *out)
{
	struct reader r = reader_of(find_microsoft(packet, which));
	struct view salt = read_view(&r, 2), cipher = read_rest(&r);
	uint8_t plain[RADIUS_KEY_MAX + 2 * MD5_SIZE];

	if (cipher.size == 0 || cipher.size % MD5_SIZE || cipher.size > sizeof(plain))
		return 0;
	mppe_blocks(true, cipher, salt, request, secret, plain);
	size_t length = plain[0];
	if (length >= cipher.size || length > RADIUS_KEY_MAX)
		length = 0;
	memcpy(out, plain + 1, length);
	wipe(plain, sizeof(plain));
	return length;
}

void radius_mppe_encrypt(enum radius_microsoft which, struct view key, uint16_t salt,
	struct view request, struct view secret, struct writer *w)
{
	uint8_t plain[RADIUS_KEY_MAX + 2 * MD5_SIZE] = { (uint8_t)key.size };
	size_t size = (key.size + 1 + MD5_SIZE - 1) / MD5_SIZE * MD5_SIZE;

	if (key.size > RADIUS_KEY_MAX) {
		w->failed = true;
		return;
	}
	memcpy(plain + 1, key.data, key.size);
	write_u32(w, RADIUS_VENDOR_MICROSOFT);
	write_u8(w, which);
	write_u8(w, (uint8_t)(size + 4));
	size_t salt_at = w->used;
	write_u16(w, salt | 0x8000); /* RFC 2548: its first bit is set */
	uint8_t *out = write_room(w, size);
	if (out)
		mppe_blocks(false, VIEW(plain, size), VIEW(w->start + salt_at, 2), request, secret,
			out);
	wipe(plain, sizeof(plain));
}
