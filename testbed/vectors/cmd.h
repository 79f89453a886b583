// SPDX-License-Identifier: Apache-2.0
/* The subcommand of this folder, for the table in testbed/main.c. */
#ifndef BATON_VECTORS_CMD_H
#define BATON_VECTORS_CMD_H

/*
 * baton vectors list|show|check|replay|corpus ...: packet vectors through a decoder or at a running
 * implementation. argv[0] is the name of the subcommand. Returns the exit status: 0 everything as
 * the vectors say, 1 something differs or went wrong, 2 wrong usage.
 */
int cmd_vectors(int argc, char **argv);

#endif
