// SPDX-License-Identifier: Apache-2.0
/*
 * IKEv2 as the suite language sees it: a message as it is inside its encryption. Header and payloads
 * are those of ref/ike/ike_wire.h; beyond them each kind of notification is an element of its own,
 * each transform of the first proposal is one, and what the tester found out about a message of the
 * implementation is one (docs/suites.md, "IKE").
 */
#ifndef TESTBED_SUITE_IKE_MESSAGE_H
#define TESTBED_SUITE_IKE_MESSAGE_H

#include "ref/ike/ike_payload.h"
#include "testbed/topology/arena.h"

/* Notifications are elements with the code of N and their type as vendor. The rest are no payloads:
 * their vendors are no notify types, and they never reach the wire. */
enum ike_suite_vendor {
	IKE_SUITE_TRANSFORM = 0x10000, /* code: the transform type */
	IKE_SUITE_FINDING,	       /* code: enum ike_suite_finding */
	IKE_SUITE_CHANGE,	       /* code: enum ike_change_element */
};

enum ike_suite_finding {
	IKE_SUITE_NAT_SOURCE = 1, /* what NAT_DETECTION_SOURCE_IP says: is it where we hear it from? */
	IKE_SUITE_NAT_DESTINATION,
};

/* Behind the header's own fields: how a message to be sent is to be cut. */
enum { IKE_SUITE_FRAGMENT_NUMBER = IKE_LENGTH + 1, IKE_SUITE_FRAGMENT_TOTAL };

extern const struct protocol ike_suite_protocol;

/* What the tester sends by names of its own: a message whose contents are for one purpose. */
enum ike_purpose {
	IKE_PURPOSE_PLAIN, /* by the exchange alone */
	IKE_PURPOSE_REKEY_IKE,
	IKE_PURPOSE_REKEY_CHILD,
	IKE_PURPOSE_DELETE_IKE,
	IKE_PURPOSE_DELETE_CHILD,
	IKE_PURPOSE_UPDATE_ADDRESSES,
	/* docs/address-change.md */
	IKE_PURPOSE_CHANGE_ADDRESS,
	IKE_PURPOSE_EXPIRE_ADDRESS,
	IKE_PURPOSE_CHANGE_COOKIE,
	IKE_PURPOSE_CHANGE_REFUSED,
};
enum ike_purpose ike_suite_purpose(const struct message *message);

/*
 * The datagram without what it hides: an Encrypted payload stays as it is. 0 or -1 with *reject and
 * in `out` what could be read. out->message follows exchange type and flags.
 */
int ike_suite_decode(struct view octets, struct packet *out, struct reject *reject);

/*
 * The payloads of `inside` (checked before) behind those of `out`, as elements of the suite; the
 * transforms of its SA payload behind them all. Octets of transforms come from the arena.
 */
void ike_suite_spread(const struct packet *inside, struct packet *out, struct arena *arena);

/* Last hand on a message to be sent: transforms go back into the SA payload unless the suite set that
 * itself, and what is no payload leaves. */
void ike_suite_arrange(struct packet *packet, const bool *set, struct arena *arena);

/* What an element says that a suite adds without a value: a notification is one of its kind. */
struct view ike_suite_standard(uint32_t vendor, uint32_t code, struct arena *arena);

/* Requests wait for an answer. */
bool ike_suite_asks(const struct packet *packet);

#endif
