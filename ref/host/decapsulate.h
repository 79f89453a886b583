// SPDX-License-Identifier: Apache-2.0
/*
 * A device that takes IP-in-IP (RFC 2003) from anybody, and lets through of what is inside only what
 * is for this host and proves by itself whose it is: ESP, and IKE at its ports (`ipip_inside`,
 * ref/base/ipip.h). What comes out of ESP is the SA's and its policies' to judge. Without that,
 * whoever can send IP-in-IP here could send from any address (RFC 2003 §4.1, §5). IPv4.
 */
#ifndef BATON_HOST_DECAPSULATE_H
#define BATON_HOST_DECAPSULATE_H

#include "ref/host/ip.h"

struct decapsulator;
struct kernel;

/* Tunnels whose names begin so are filtered in the same way. */
#define DECAPSULATE_PREFIX "baton-t"

/*
 * What is inside comes from where no route leads to the device; the kernel takes that from a device
 * that has an address (RFC 3704 §2.4, loosely), so it gets the dummy one of RFC 7600. 0 or a
 * negative errno.
 */
int decapsulate_from_anywhere(struct kernel *kernel, const char *device);

/* At all addresses of this host, by the device that the kernel has for it (tunl0). `ports` of IKE,
 * host byte order. NULL with errno set. */
struct decapsulator *decapsulator_new(struct kernel *kernel, const uint16_t ports[2]);
/* Accepts NULL. */
void decapsulator_free(struct decapsulator *d);

#endif
