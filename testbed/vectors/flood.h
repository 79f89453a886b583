// SPDX-License-Identifier: Apache-2.0
#ifndef BATON_VECTORS_FLOOD_H
#define BATON_VECTORS_FLOOD_H

/*
 * `baton vectors flood`: random and mutated datagrams at a running implementation, to see that it
 * keeps serving. argv[0] is "flood". Returns the exit status.
 */
int cmd_vectors_flood(int argc, char **argv);

#endif
