// SPDX-License-Identifier: Apache-2.0
/* IP addresses and prefixes as the host's functions take them, and their text. */
#ifndef BATON_HOST_IP_H
#define BATON_HOST_IP_H

#include <sys/socket.h>

#include "ref/base/engine.h"

/* An address with a prefix length; family 0: none. Octets in network byte order. */
struct prefix {
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t length; /* bits */
	uint8_t address[16];
};

#define PREFIX_TEXT 64
#define MAC_TEXT 18

/* Octets of an address of that family: 4, 16, or 0 for a family that is not IP. */
size_t ip_size(uint8_t family);

/*
 * "192.0.2.1", "192.0.2.0/24" or "2001:db8::/32" into `p`; without a slash the length is that of
 * a host, 32 or 128. 0, or -1 when the text is something else.
 */
int prefix_parse(const char *text, struct prefix *p);

/* The text of the address alone, and with its length; "none" for family 0. Return `out`. */
const char *address_text(const struct prefix *p, char out[PREFIX_TEXT]);
const char *prefix_text(const struct prefix *p, char out[PREFIX_TEXT]);

/* A host prefix of an IPv4 address in network byte order. */
struct prefix prefix_ipv4(uint32_t address, uint8_t length);

/* The IPv4 address in network byte order; 0 for another family. */
uint32_t prefix_u32(const struct prefix *p);

/* The address of an endpoint as a host prefix; and the endpoint with that address and the port
 * in host byte order. */
struct prefix prefix_of_endpoint(const struct endpoint *e);
struct endpoint endpoint_of_prefix(const struct prefix *p, uint16_t port);

/* The same family and address; lengths do not matter. */
bool address_equal(const struct prefix *a, const struct prefix *b);

/* The address lies in the prefix. */
bool prefix_contains(const struct prefix *p, const struct prefix *address);

/* The network of the prefix: host bits zero. */
struct prefix prefix_network(const struct prefix *p);

/* To and from what the socket calls take. */
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out);
struct endpoint endpoint_from_sockaddr(const struct sockaddr_storage *from);

/* "02:00:00:00:00:01"; mac_parse returns 0 or -1, mac_text returns `out`. */
int mac_parse(const char *text, uint8_t mac[6]);
const char *mac_text(const uint8_t mac[6], char out[MAC_TEXT]);

#endif
