// SPDX-License-Identifier: Apache-2.0
/* The subcommand of this folder, for the table in testbed/main.c. */
#ifndef TESTBED_INTEROP_CMD_H
#define TESTBED_INTEROP_CMD_H

/* baton interop: implementations against each other. argv[0] is the name of the subcommand. Returns the
 * exit status: 0, 1 bad verdicts, 2 trouble or wrong usage, 125 not judged (with --expected). */
int cmd_interop(int argc, char **argv);

#endif
