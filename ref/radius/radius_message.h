// SPDX-License-Identifier: Apache-2.0
/* What protects RADIUS messages, and the keys they carry. */
#ifndef BATON_RADIUS_MESSAGE_H
#define BATON_RADIUS_MESSAGE_H

#include "ref/base/random.h"
#include "ref/radius/radius_wire.h"

/*
 * Encodes an Access-Request with a fresh Request Authenticator (RFC 2865 §3) and, as the first
 * attribute, a Message-Authenticator (RFC 3579 §3.2): the caller's packet must not hold one. Fails
 * through `w`.
 */
void radius_seal_request(const struct packet *packet, struct view secret, struct random *random,
	struct writer *w);

/*
 * Encodes an answer to the request whose octets are `request`, with Message-Authenticator and
 * Response Authenticator. For tests and for testers that stand in for a server.
 */
void radius_seal_answer(const struct packet *packet, struct view request, struct view secret,
	struct writer *w);

/*
 * Whether `answer`, decoded to `packet`, is an answer to `request` by somebody who knows the
 * secret. An answer that carries EAP must have a Message-Authenticator (RFC 3579 §3.1), and so must
 * every other one when `require_message_authenticator`, which closes the hole that a collision of
 * MD5 opens in the Response Authenticator. 0, or -1 with *reject filled.
 */
int radius_verify_answer(const struct packet *packet, struct view answer, struct view request,
	struct view secret, bool require_message_authenticator, struct reject *reject);

/* The EAP packet that the EAP-Message attributes make together; octets past `size` fail: 0. */
size_t radius_eap_message(const struct packet *packet, uint8_t *out, size_t size);

/* Adds `eap` as one or more EAP-Message attributes. False when the packet is full. */
bool radius_add_eap_message(struct packet *packet, struct view eap);

#define RADIUS_KEY_MAX 64

/*
 * The key of an MS-MPPE-Send-Key or MS-MPPE-Recv-Key attribute (RFC 2548 §2.4.2, §2.4.3), decrypted
 * with the secret and the Request Authenticator. Returns its length, 0 when there is none or it is
 * malformed. `out` has RADIUS_KEY_MAX octets.
 */
size_t radius_mppe_key(const struct packet *packet, enum radius_microsoft which,
	struct view request, struct view secret, uint8_t *out);

/* The other way, for testers: the value of a Vendor-Specific attribute with that key. */
void radius_mppe_encrypt(enum radius_microsoft which, struct view key, uint16_t salt,
	struct view request, struct view secret, struct writer *w);

#endif
