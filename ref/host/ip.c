// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "ref/host/ip.h"

size_t ip_size(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

int prefix_parse(const char *text, struct prefix *p)
{
	char host[INET6_ADDRSTRLEN], *end;
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;

	*p = (struct prefix){ 0 };
	if (size == 0 || size >= sizeof(host))
		return -1;
	memcpy(host, text, size);
	host[size] = '\0';
	p->family = strchr(host, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(p->family, host, p->address) != 1)
		goto bad;
	bits = 8 * ip_size(p->family);
	if (slash) {
		unsigned long most = bits;
		if (slash[1] < '0' || slash[1] > '9')
			goto bad;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > most)
			goto bad;
	}
	p->length = (uint8_t)bits;
	return 0;
bad:
	*p = (struct prefix){ 0 };
	return -1;
}

const char *address_text(const struct prefix *p, char out[PREFIX_TEXT])
{
	if (!ip_size(p->family) || !inet_ntop(p->family, p->address, out, PREFIX_TEXT))
		snprintf(out, PREFIX_TEXT, "none");
	return out;
}

const char *prefix_text(const struct prefix *p, char out[PREFIX_TEXT])
{
	size_t used;

	address_text(p, out);
	used = strlen(out);
	if (p->family)
		snprintf(out + used, PREFIX_TEXT - used, "/%u", p->length);
	return out;
}

struct prefix prefix_ipv4(uint32_t address, uint8_t length)
{
	struct prefix p = { .family = AF_INET, .length = length };

	memcpy(p.address, &address, 4);
	return p;
}

uint32_t prefix_u32(const struct prefix *p)
{
	uint32_t address = 0;

	if (p->family == AF_INET)
		memcpy(&address, p->address, 4);
	return address;
}

struct prefix prefix_of_endpoint(const struct endpoint *e)
{
	struct prefix p = { .family = e->family, .length = (uint8_t)(8 * ip_size(e->family)) };

	memcpy(p.address, e->address, ip_size(e->family));
	return p;
}

struct endpoint endpoint_of_prefix(const struct prefix *p, uint16_t port)
{
	struct endpoint e = { .family = p->family, .port = htons(port) };

	memcpy(e.address, p->address, ip_size(p->family));
	return e;
}

bool address_equal(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && memcmp(a->address, b->address, ip_size(a->family)) == 0;
}

struct prefix prefix_network(const struct prefix *p)
{
	struct prefix network = *p;
	size_t size = ip_size(p->family);

	for (size_t i = 0; i < size; i++) {
		unsigned kept = p->length > 8 * i ? p->length - 8 * (unsigned)i : 0;
		if (kept < 8)
			network.address[i] &= (uint8_t)(0xff00 >> kept);
	}
	return network;
}

bool prefix_contains(const struct prefix *p, const struct prefix *address)
{
	struct prefix a = *address, b = prefix_network(p);

	if (p->family != address->family)
		return false;
	a.length = p->length;
	a = prefix_network(&a);
	return address_equal(&a, &b);
}

socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = e->port };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = e->port };

	memset(out, 0, sizeof(*out));
	if (e->family == AF_INET6) {
		memcpy(&in6.sin6_addr, e->address, 16);
		memcpy(out, &in6, sizeof(in6));
		return sizeof(in6);
	}
	memcpy(&in.sin_addr, e->address, 4);
	memcpy(out, &in, sizeof(in));
	return sizeof(in);
}

struct endpoint endpoint_from_sockaddr(const struct sockaddr_storage *from)
{
	struct endpoint e = { .family = (uint8_t)from->ss_family };
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (from->ss_family) {
	case AF_INET:
		memcpy(&in, from, sizeof(in));
		e.port = in.sin_port;
		memcpy(e.address, &in.sin_addr, 4);
		break;
	case AF_INET6:
		memcpy(&in6, from, sizeof(in6));
		e.port = in6.sin6_port;
		memcpy(e.address, &in6.sin6_addr, 16);
		break;
	default:
		e.family = 0;
	}
	return e;
}

int mac_parse(const char *text, uint8_t mac[6])
{
	unsigned octet[6];
	int used = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &octet[0], &octet[1], &octet[2], &octet[3],
		    &octet[4], &octet[5], &used) != 6 ||
		text[used] || strlen(text) != 17)
		return -1;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)octet[i];
	return 0;
}

const char *mac_text(const uint8_t mac[6], char out[MAC_TEXT])
{
	snprintf(out, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		mac[4], mac[5]);
	return out;
}
