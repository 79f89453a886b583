// SPDX-License-Identifier: Apache-2.0
#ifndef BATON_MEASURE_CMD_H
#define BATON_MEASURE_CMD_H

/* `baton measure`: docs/measurement.md. argv[0] is "measure". Returns the exit status. */
int cmd_measure(int argc, char **argv);

#endif
