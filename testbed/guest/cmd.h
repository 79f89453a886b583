// SPDX-License-Identifier: Apache-2.0
/* Subcommands of `baton` that this folder offers. argv[0] is the name of the subcommand. */
#ifndef BATON_TESTBED_GUEST_CMD_H
#define BATON_TESTBED_GUEST_CMD_H

/* baton guest [OPTIONS] -- COMMAND...: runs COMMAND in the guest; its exit status is the result. */
int cmd_guest(int argc, char **argv);

/* baton doctor: what this machine can do, and what to install for the rest. 0: all is there. */
int cmd_doctor(int argc, char **argv);

#endif
