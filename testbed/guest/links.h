// SPDX-License-Identifier: Apache-2.0
/*
 * The symbolic links of the host's program and library folders, for the layer in the guest's
 * memory. Following a link on 9p asks the host each time, and nothing caches the answer: on the
 * instruction clock that is milliseconds for each shared library of each program that starts.
 */
#ifndef BATON_TESTBED_GUEST_LINKS_H
#define BATON_TESTBED_GUEST_LINKS_H

#include "testbed/guest/cpio.h"

/* Adds them to an archive below "links/", with the folders that they stand in. */
void links_write(struct cpio *c);

#endif
