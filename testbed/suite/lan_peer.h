// SPDX-License-Identifier: Apache-2.0
/* The two peers of EAP over a LAN. */
#ifndef TESTBED_SUITE_LAN_PEER_H
#define TESTBED_SUITE_LAN_PEER_H

#include "testbed/suite/peer.h"

/* The tester as authenticator facing a supplicant, and as supplicant facing an authenticator. */
extern const struct peer_ops lan_authenticator_peer, lan_supplicant_peer;

#endif
