// SPDX-License-Identifier: Apache-2.0

#ifndef BATON_TOPOLOGY_NEEDS_H
#define BATON_TOPOLOGY_NEEDS_H

#include "testbed/topology/topology.h"

/* Tries, in the present network namespace (which is left as it was), what the topology needs of
   the kernel. -ENOTSUP with a finding when something is missing. */
int needs_check(const struct topology *t, struct diagnostics *d);

/* Whether the present network namespace (left as it was) has one need, a bit of enum
   topology_need, after trying it. */
bool needs_have(unsigned need);

#endif
