// SPDX-License-Identifier: Apache-2.0
/* The subcommand of this folder, for the table in testbed/main.c. */
#ifndef TESTBED_SUITE_CMD_H
#define TESTBED_SUITE_CMD_H

/*
 * baton run SUITE: judges an implementation. argv[0] is the name of the subcommand. Exit status:
 * 0 no test failed (deviations from a SHOULD are only shown), 1 some did, 2 wrong usage or an
 * error of the testbed's own, 125 with --expected when a test could not be judged (git bisect skips
 * it), 128 + N after signal N.
 */
int cmd_run(int argc, char **argv);

#endif
