// SPDX-License-Identifier: Apache-2.0

#ifndef BATON_CTL_CMD_H
#define BATON_CTL_CMD_H

/* baton ctl NODE COMMAND ... Returns the exit status: 0 done, 1 refused or failed, 2 called
 * wrongly. */
int cmd_ctl(int argc, char **argv);

#endif
