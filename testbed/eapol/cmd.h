// SPDX-License-Identifier: Apache-2.0
/* The subcommand of this folder, for the table in testbed/main.c. */
#ifndef TESTBED_EAPOL_CMD_H
#define TESTBED_EAPOL_CMD_H

/* baton eapol peer|server INTERFACE: one EAP conversation on a wired interface. argv[0] is the
 * name of the subcommand. Returns the exit status: 0 EAP-Success, 1 EAP-Failure, time-out or other
 * trouble, 2 wrong usage. */
int cmd_eapol(int argc, char **argv);

#endif
