// SPDX-License-Identifier: Apache-2.0

#ifndef BATON_TOPOLOGY_SHOW_H
#define BATON_TOPOLOGY_SHOW_H

#include <stdio.h>

#include "testbed/topology/network.h"

/* Draws a network that is up: wires and radios, then each node with its interfaces, addresses,
   services and processes as they are now. */
void show_network(struct network *n, const char *name, FILE *f);

#endif
