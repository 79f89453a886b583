// SPDX-License-Identifier: Apache-2.0
/*
 * How much ESP this host sends to an address: so many octets, and what is beyond them is dropped,
 * until the allowance is lifted. For an address of which is not known yet whether it is the
 * peer's (docs/address-change.md §5.3).
 *
 * A chain of nf_tables at the local output counts ESP and ESP in UDP; what bears KERNEL_MARK (IKE
 * itself) passes. The table is owned by this process: it goes with it, however that ends.
 */
#ifndef BATON_HOST_ALLOWANCE_H
#define BATON_HOST_ALLOWANCE_H

#include "ref/host/ip.h"

struct allowances;

/* `port`: the local one of ESP in UDP (RFC 3948), host byte order. NULL with errno set: this
 * kernel has no nf_tables with quotas, or there is no privilege. */
struct allowances *allowances_new(uint16_t port);
/* Lifts all. Accepts NULL. */
void allowances_free(struct allowances *a);

/* From now on `octets` more to that address, headers of IP counted. 0 or a negative errno. */
int allowance_set(struct allowances *a, const struct prefix *to, uint64_t octets);
/* As much as wanted again. -ENOENT when there was no allowance. */
int allowance_lift(struct allowances *a, const struct prefix *to);

#endif
