// SPDX-License-Identifier: Apache-2.0
/*
 * The notifications of address change (docs/address-change.md) as the suite language sees them:
 * what is in the header of their data are fields of the notification, each element in the data is
 * an element of the suite, by its name with "AC-" before it.
 */
#ifndef TESTBED_SUITE_IKE_CHANGE_MESSAGE_H
#define TESTBED_SUITE_IKE_CHANGE_MESSAGE_H

#include "ref/base/wire.h"
#include "testbed/topology/arena.h"

/* Appends the elements in the first such notification of the packet. */
void ike_change_spread(struct packet *packet);

/* Last hand on a packet to be sent: its elements of address change go back into the first such
 * notification, whose length follows unless it was made wrong. Octets come from the arena. */
void ike_change_arrange(struct packet *packet, struct arena *arena);

#endif
