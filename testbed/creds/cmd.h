// SPDX-License-Identifier: Apache-2.0
/* The subcommand of this folder, for the table in testbed/main.c. */
#ifndef TESTBED_CREDS_CMD_H
#define TESTBED_CREDS_CMD_H

/* baton creds DIR: writes certificates for tests and labs. argv[0] is the name of the subcommand.
 * Returns the exit status: 0 written, 1 trouble, 2 wrong usage. */
int cmd_creds(int argc, char **argv);

#endif
