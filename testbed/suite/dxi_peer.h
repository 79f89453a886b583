// SPDX-License-Identifier: Apache-2.0
/*
 * The tester in IEEE 802.1X over IP: as a station it faces an access point or a proxy, as a server
 * it faces a station. What Station and BSSID are, the settings of these names say.
 */
#ifndef TESTBED_SUITE_DXI_PEER_H
#define TESTBED_SUITE_DXI_PEER_H

#include "testbed/suite/peer.h"

extern const struct peer_ops dxi_station_peer, dxi_server_peer;

#endif
