// SPDX-License-Identifier: Apache-2.0
#ifndef BATON_LOAD_CMD_H
#define BATON_LOAD_CMD_H

/*
 * `baton load pana`: many PANA clients at one agent. argv[0] is "load". Returns 0 when everybody
 * was authenticated, 1 when somebody was not, 2 when called wrongly.
 */
int cmd_load(int argc, char **argv);

#endif
