// SPDX-License-Identifier: Apache-2.0
/*
 * The messages of the Remote Binding Protocol (docs/remote-binding.md), as tables.
 *
 * Section numbers in this folder (`RBP §3.1`) are those of that document.
 */
#ifndef BATON_BINDING_WIRE_H
#define BATON_BINDING_WIRE_H

#include "ref/base/engine.h"
#include "ref/base/wire.h"

#define BINDING_PORT 49716
#define BINDING_VERSION 1
#define BINDING_MESSAGE_MAX 256
#define BINDING_AUTHENTICATOR_SIZE 16
#define BINDING_CHALLENGE_SIZE 16

enum binding_header {
	BINDING_VERSION_FIELD,
	BINDING_TYPE,
	BINDING_LENGTH,
	BINDING_SEQUENCE,
	BINDING_KEY_ID,
};

enum binding_element {
	BINDING_HOME_IPV4 = 1,
	BINDING_HOME_IPV6,
	BINDING_CARE_OF_IPV4,
	BINDING_CARE_OF_IPV6,
	BINDING_LIFETIME,
	BINDING_STATUS,
	BINDING_CHALLENGE,
	BINDING_AUTHENTICATOR,
	BINDING_LAST_SEQUENCE,
};

enum binding_status {
	BINDING_ACCEPTED = 0,
	BINDING_CHALLENGED = 1,		/* say it again with this challenge */
	BINDING_SEQUENCE_TOO_LOW = 128, /* the answer carries the last one taken */
	BINDING_WRONG_ADDRESS = 129,	/* the care-of address is not the source */
	BINDING_UNSUPPORTED = 130,	/* this address family cannot be bound here */
	BINDING_NO_RESOURCES = 131,
	BINDING_PROHIBITED = 132,
};

extern const struct protocol binding_protocol;

/*
 * Encodes `packet` and fills in its Authenticator, which must be its last element: HMAC-SHA256
 * with `key` over the whole message, that value zero, cut to 16 octets (RBP §4). Fails through `w`.
 */
void binding_seal(const struct packet *packet, struct view key, struct writer *w);

/* Whether the datagram that decoded to `packet` carries the right Authenticator. */
bool binding_verify(const struct packet *packet, struct view datagram, struct view key);

/* Home or care-of address as an endpoint with port 0; family 0 when the packet has none. */
struct endpoint binding_address(const struct packet *packet, enum binding_element ipv4,
	enum binding_element ipv6);

#endif
