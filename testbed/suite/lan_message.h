// SPDX-License-Identifier: Apache-2.0
/*
 * EAPOL and the EAP packet in it as one message of the suite language: the header is EAPOL's, and
 * every field of EAP, of EAP-TLS and of EAP-PSK is an element without a header of its own, so that a suite can
 * set, leave out or add any of them (docs/suites.md, "EAP over a LAN").
 */
#ifndef TESTBED_SUITE_LAN_MESSAGE_H
#define TESTBED_SUITE_LAN_MESSAGE_H

#include "ref/base/wire.h"
#include "testbed/topology/arena.h"

enum lan_header { LAN_VERSION, LAN_TYPE, LAN_BODY_LENGTH };

/* In the order of the wire. */
enum lan_element {
	LAN_CODE = 1,
	LAN_IDENTIFIER,
	LAN_LENGTH,
	LAN_EAP_TYPE,
	LAN_VENDOR_ID,
	LAN_VENDOR_TYPE,
	LAN_FLAGS,	/* of EAP-TLS */
	LAN_TLS_LENGTH,
	LAN_PSK_FLAGS,	/* of EAP-PSK, as all to LAN_TAG */
	LAN_RAND_S,
	LAN_RAND_P,
	LAN_MAC,	/* MAC_P or MAC_S */
	LAN_NONCE,
	LAN_TAG,
	LAN_DATA,	/* what is left */
};

extern const struct protocol lan_protocol;

/* Which elements name a message in a report; ends with 0. */
extern const uint32_t lan_shown[];

/*
 * Reads a PDU; octets behind it are padding. 0, or -1 with *reject filled and in `out` what could be
 * read. out->message is set when the packet type, and of EAP the code, is known.
 */
int lan_decode(struct view octets, struct packet *out, struct reject *reject);

/* Brings the elements of a message to be sent into the order of the wire, and sets the EAP length
 * unless `set` says of that element that the suite did. */
void lan_arrange(struct packet *packet, const bool *set, struct arena *arena);

#endif
