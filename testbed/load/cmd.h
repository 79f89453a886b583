// SPDX-License-Identifier: Apache-2.0
#ifndef BATON_LOAD_CMD_H
#define BATON_LOAD_CMD_H

/*
 * `baton load PROTOCOL`: many at one. argv[0] is "load". Returns 0 when everybody got what it came
 * for, 1 when somebody did not, 2 when called wrongly.
 */
int cmd_load(int argc, char **argv);

/* The same of one protocol; argv[0] is its name. */
int load_pana_cmd(int argc, char **argv);
int load_ike_cmd(int argc, char **argv);

#endif
