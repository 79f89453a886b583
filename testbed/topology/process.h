// SPDX-License-Identifier: Apache-2.0
//
// The user's side of a process; the rest of it is in network.h.

#ifndef BATON_TOPOLOGY_PROCESS_H
#define BATON_TOPOLOGY_PROCESS_H

#include "testbed/topology/network.h"

/* Waits on a handle for the report of the start. Takes the handle over; on error it is closed and
   the result is what kept the program from starting. */
int process_attach(int handle, struct process **out);

#endif
