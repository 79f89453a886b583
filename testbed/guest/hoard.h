// SPDX-License-Identifier: Apache-2.0
/*
 * Inside a guest on the instruction clock: keeps in memory what was opened once.
 *
 * While the guest waits for the host's files its clock runs ahead, for an idle machine's clock
 * jumps to the next timer. The page cache alone does not help: every open of a file on 9p asks the
 * host. So each regular file of the host's that somebody opens is copied into the layer over them,
 * in the guest's memory; from the second use on nobody waits for the host.
 */
#ifndef BATON_TESTBED_GUEST_HOARD_H
#define BATON_TESTBED_GUEST_HOARD_H

/* Copies what is opened below /, until the guest ends. Returns 1, after a message, on failure. */
int hoard_run(void);

#endif
