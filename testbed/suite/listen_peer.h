// SPDX-License-Identifier: Apache-2.0
/* A tester that only listens, for what an access point says to everybody in its beacons. */
#ifndef TESTBED_SUITE_LISTEN_PEER_H
#define TESTBED_SUITE_LISTEN_PEER_H

#include "testbed/suite/peer.h"

extern const struct peer_ops listen_peer;

#endif
