// SPDX-License-Identifier: Apache-2.0
/*
 * The tester's end of IKEv2: an initiator for the role ike-responder, a responder for ike-initiator.
 * It has the codec and the key derivation of ref/ike, and none of its engine: it counts, encrypts and
 * proves what it is told to, in whatever order.
 */
#ifndef TESTBED_SUITE_IKE_PEER_H
#define TESTBED_SUITE_IKE_PEER_H

#include "testbed/suite/peer.h"

extern const struct peer_ops ike_initiator_peer, ike_responder_peer;

#endif
