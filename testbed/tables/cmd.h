// SPDX-License-Identifier: Apache-2.0
#ifndef BATON_TABLES_CMD_H
#define BATON_TABLES_CMD_H

/*
 * baton tables [PROTOCOL VIEW]: what the tables by which messages are decoded and state machines
 * run say, for people, for the manual, for fuzzers. Returns the exit status: 0 done, 1 the
 * protocol has no such view, 2 called wrongly.
 */
int cmd_tables(int argc, char **argv);

#endif
