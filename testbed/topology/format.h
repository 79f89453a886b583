// SPDX-License-Identifier: Apache-2.0

#ifndef BATON_TOPOLOGY_FORMAT_H
#define BATON_TOPOLOGY_FORMAT_H

#include "testbed/topology/schema.h"
#include "testbed/topology/topology.h"

/* The rows of a topology file, for struct topology. */
extern const struct schema topology_schema;

/* Channels an access point can use, ending with 0. */
extern const unsigned topology_channels[];

/* Resolves names in t, which schema_read has filled, and checks what no single row can see: links
   and interfaces, subnets, addresses, routes, radios, services. Returns whether all is well. */
bool topology_validate(struct topology *t, struct diagnostics *d);

/* Words of enum topology_need in order of its bits, NULL-terminated. */
extern const char *const topology_need_words[];

#endif
