// SPDX-License-Identifier: Apache-2.0
/*
 * One's own address in the DNS, by dynamic update (RFC 2136) under a key (RFC 8945), and those of
 * others. Questions and updates go by UDP to one server, are repeated, and are answered by a call.
 */
#ifndef BATON_HOST_DNS_H
#define BATON_HOST_DNS_H

#include "ref/host/ip.h"
#include "ref/host/loop.h"

struct dns;

struct dns_config {
	struct endpoint server;
	const char *zone;   /* of updates; NULL: there are none */
	const char *key;    /* its name; NULL: updates are not signed */
	const char *secret; /* of HMAC-SHA-256, base64 */
};

/* The configuration's strings must outlive it. NULL with errno set. */
struct dns *dns_new(struct loop *loop, const struct dns_config *config);
/* What is under way is not called back. Accepts NULL. */
void dns_free(struct dns *d);

/*
 * `name` has this address and no other of its family from now on, for caches to keep for `ttl`.
 * `done` once: NULL, or what went wrong. An update replaces one that is under way. 0, or -EINVAL: a
 * name or key that is none.
 */
typedef void dns_updated(void *context, const char *wrong);
int dns_update(struct dns *d, const char *name, const struct prefix *address, btime ttl,
	dns_updated *done, void *context);

/* `found` once: an address of `name`, of that family; NULL: there is none, or no answer. -EBUSY when
 * eight questions are under way. */
typedef void dns_found(void *context, const struct prefix *address);
int dns_lookup(struct dns *d, const char *name, uint8_t family, dns_found *found, void *context);

#endif
