// SPDX-License-Identifier: Apache-2.0
/* The subcommand of this folder, for the table in testbed/main.c. */
#ifndef TESTBED_REPORT_CMD_H
#define TESTBED_REPORT_CMD_H

/* baton report: shows, converts, compares, merges and checks results. argv[0] is the name of the
 * subcommand. Returns the exit status: 0 shown, 1 trouble, 2 wrong usage; with --against, 1 also
 * when something that passed before does not pass now. */
int cmd_report(int argc, char **argv);

#endif
