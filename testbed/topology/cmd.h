// SPDX-License-Identifier: Apache-2.0

#ifndef BATON_TOPOLOGY_CMD_H
#define BATON_TOPOLOGY_CMD_H

/* baton topo up|down|show|shell|exec|list|check ... Returns the exit status. */
int cmd_topo(int argc, char **argv);

/* baton shell [NETWORK] NODE: the same as baton topo shell; NETWORK may be left out while only one
   network is up. */
int cmd_shell(int argc, char **argv);

#endif
