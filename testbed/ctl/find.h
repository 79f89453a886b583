// SPDX-License-Identifier: Apache-2.0
/* Where the control socket of a node is. */
#ifndef BATON_CTL_FIND_H
#define BATON_CTL_FIND_H

#include <stddef.h>

/*
 * The socket of `node`: of the network of that name; without a name of the only network that is up;
 * without any network that of this machine, /run/baton/NODE.sock or the only one there. Returns a
 * string of the caller's, or NULL with one sentence in `error`.
 */
char *ctl_find(const char *network, const char *node, char *error, size_t size);

#endif
