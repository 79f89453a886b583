// SPDX-License-Identifier: Apache-2.0
/* The tester's end of IKEv1: an initiator of main mode for the role isakmp-responder, a responder for
 * isakmp-initiator. */
#ifndef TESTBED_SUITE_ISAKMP_PEER_H
#define TESTBED_SUITE_ISAKMP_PEER_H

#include "testbed/suite/peer.h"

extern const struct peer_ops isakmp_initiator_peer, isakmp_responder_peer;

#endif
