// SPDX-License-Identifier: Apache-2.0
/*
 * The tester in RADIUS with EAP (RFC 2865, RFC 3579): as an authenticator that passes EAP on it faces
 * a server, as a server it faces an authenticator. What protects the messages is computed here anew,
 * so that an error in ref/radius does not hide behind itself.
 */
#ifndef TESTBED_SUITE_RADIUS_PEER_H
#define TESTBED_SUITE_RADIUS_PEER_H

#include "testbed/suite/peer.h"

extern const struct peer_ops radius_nas_peer, radius_server_peer;

#endif
