// SPDX-License-Identifier: Apache-2.0
#ifndef BATON_DOT1X_CMD_H
#define BATON_DOT1X_CMD_H

/*
 * `baton dot1x`: a station that authenticates by IEEE 802.1X over IP (docs/dot1x-over-ip.md).
 * argv[0] is "dot1x". Returns 0 when every access point authenticated it, 1 when one did not, 2
 * when called wrongly.
 */
int cmd_dot1x(int argc, char **argv);

#endif
