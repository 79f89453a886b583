// SPDX-License-Identifier: Apache-2.0
/*
 * IKEv1 as the suite language sees it: a message as it is inside its encryption. Header and payloads
 * are those of ref/isakmp/isakmp_wire.h; beyond them each kind of notification is an element of its
 * own, and what the first transform says, known vendor IDs, and what the tester found out about a
 * message of the implementation are elements too (docs/suites.md, "IKEv1").
 */
#ifndef TESTBED_SUITE_ISAKMP_MESSAGE_H
#define TESTBED_SUITE_ISAKMP_MESSAGE_H

#include "ref/isakmp/isakmp_payload.h"
#include "testbed/topology/arena.h"

/* Notifications are elements with the code of N and their type as vendor. The rest are no payloads:
 * their vendors are no notify types, and they never reach the wire. */
enum isakmp_suite_vendor {
	ISAKMP_SUITE_PHASE1 = 0x10000, /* code: enum isakmp_oakley, of the first transform */
	ISAKMP_SUITE_PHASE2,	       /* code: enum isakmp_ipsec, likewise; 0: the transform itself */
	ISAKMP_SUITE_KNOWN_VENDOR,     /* code: enum isakmp_vendor and one */
	ISAKMP_SUITE_FINDING,	       /* code: enum isakmp_suite_finding */
};

enum isakmp_suite_finding {
	ISAKMP_SUITE_NAT_SOURCE = 1, /* a NAT-D of the message says where we hear it from */
	ISAKMP_SUITE_NAT_DESTINATION,
};

/* Behind the header's own fields: how it stood in its datagram. */
enum { ISAKMP_SUITE_STATE = ISAKMP_LENGTH + 1 };
enum isakmp_suite_state { ISAKMP_STATE_UNOPENED, ISAKMP_STATE_IN_CLEAR, ISAKMP_STATE_OPENED };

/* The rows of isakmp_suite_protocol.messages, in their order. */
enum isakmp_suite_message {
	ISAKMP_SUITE_MM1,
	ISAKMP_SUITE_MM2,
	ISAKMP_SUITE_MM3,
	ISAKMP_SUITE_MM4,
	ISAKMP_SUITE_MM5,
	ISAKMP_SUITE_MM6,
	ISAKMP_SUITE_QM1,
	ISAKMP_SUITE_QM2,
	ISAKMP_SUITE_QM3,
	ISAKMP_SUITE_INFO,
	ISAKMP_SUITE_INFO_CLEAR,
	/* for sending: what comes is named INFO */
	ISAKMP_SUITE_PROBE,
	ISAKMP_SUITE_PROBE_ANSWER,
	ISAKMP_SUITE_DELETE_ISAKMP,
	ISAKMP_SUITE_DELETE_ESP,
	ISAKMP_SUITE_INITIAL_CONTACT,
};

extern const struct protocol isakmp_suite_protocol;

/* Which row it is. */
enum isakmp_suite_message isakmp_suite_number(const struct message *message);

/*
 * A datagram of an initiator, or of a responder, without what it hides. 0 or -1 with *reject and in
 * `out` what could be read. out->message is what it seems to be from outside.
 */
int isakmp_suite_decode_initiator(struct view octets, struct packet *out, struct reject *reject);
int isakmp_suite_decode_responder(struct view octets, struct packet *out, struct reject *reject);

/* The payloads of `inside` become those of `out`, as elements of the suite. */
void isakmp_suite_spread(const struct packet *inside, struct packet *out, struct arena *arena);

/* Last hand on a message to be sent: what is no payload leaves. */
void isakmp_suite_arrange(struct packet *packet, const bool *set, struct arena *arena);

/* What an element says that a suite adds without a value. */
struct view isakmp_suite_standard(uint32_t vendor, uint32_t code, struct arena *arena);

/* Whether who sent the message waits for another one. */
bool isakmp_suite_asks(const struct packet *packet);

#endif
