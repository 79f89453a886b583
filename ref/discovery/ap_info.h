// SPDX-License-Identifier: Apache-2.0
/*
 * What an access point says of itself in beacons and probe responses: its IP addresses, the prefixes
 * of its subnet, the authentication agents there, its domain name. One vendor-specific information
 * element; docs/finding-access-points.md is the specification, its sections are cited as FAP §3.2.
 *
 * Nothing in it is authenticated: a beacon is a claim.
 */
#ifndef BATON_DISCOVERY_AP_INFO_H
#define BATON_DISCOVERY_AP_INFO_H

#include "ref/base/engine.h"
#include "ref/base/wire.h"

/* The element whole, from its Element ID on. */
extern const struct protocol ap_info_protocol;

/* Indices of header fields in struct packet. */
enum ap_info_header {
	AP_INFO_ELEMENT_ID,
	AP_INFO_LENGTH,
	AP_INFO_OUI,
	AP_INFO_PROTOCOL,
	AP_INFO_TYPE,
	AP_INFO_VERSION,
};

#define AP_INFO_VENDOR_SPECIFIC 221
#define AP_INFO_OUI_VALUE 0x00005e
#define AP_INFO_PROTOCOL_VALUE 0x0042 /* RFC 7042: for documentation */
#define AP_INFO_TYPE_VALUE 1
#define AP_INFO_VERSION_VALUE 1

enum ap_info_part {
	AP_INFO_ADDRESS_IPV4 = 1,
	AP_INFO_ADDRESS_IPV6,
	AP_INFO_PREFIX_IPV4,
	AP_INFO_PREFIX_IPV6,
	AP_INFO_AGENT_IPV4,
	AP_INFO_AGENT_IPV6,
	AP_INFO_DOMAIN_NAME,
};

#define AP_INFO_ELEMENT_MAX 257 /* octets of the longest element, its two of header included */
#define AP_INFO_EACH_MAX 4	/* prefixes, and agents, of one family */
#define AP_INFO_LIST_MAX 8	/* of both */
#define AP_INFO_DOMAIN_MAX 253	/* RFC 1035 §2.3.4, as text */

struct ap_prefix {
	struct endpoint network; /* host bits and port zero */
	uint8_t length;		 /* bits */
};

/* An element as a structure. The unused rest of each list is zero. */
struct ap_info {
	unsigned address_count, prefix_count, agent_count;
	struct endpoint addresses[2]; /* of the access point, port 0; at most one of a family */
	struct ap_prefix prefixes[AP_INFO_LIST_MAX];
	struct endpoint agents[AP_INFO_LIST_MAX]; /* address and port of PANA agents */
	char domain[AP_INFO_DOMAIN_MAX + 1]; /* "" when it says none */
};

/*
 * Decodes one element (FAP §4): whose it is, its version, then by the tables, then what the tables
 * cannot say. 0, or -1 with `*reject` (may be NULL). `*packet` points into `element`.
 */
int ap_info_decode(struct view element, struct packet *packet, struct reject *reject);

/* The structure of a decoded element. */
void ap_info_take(const struct packet *packet, struct ap_info *info);

/*
 * Writes the element. 0, or -1 when it does not fit into 255 octets or the information is not what
 * ap_info_decode would take.
 */
int ap_info_encode(const struct ap_info *info, struct writer *w);

/*
 * Our element of a run of information elements, as in a beacon's body: the first with our OUI,
 * protocol, type and version. Empty when there is none. Others, of whatever kind, are passed over;
 * the last may be cut off.
 */
struct view ap_info_find(struct view elements);

/* Whether the address can be that of a host elsewhere: not unspecified, loopback, link-local,
 * multicast or broadcast. */
bool ap_info_good_address(const struct endpoint *address);

/* Whether the text is a host or domain name (RFC 1123 §2.1), without a dot at its end. */
bool ap_info_good_domain(struct view text);

/* Adds to the lists unless it is there. False when there is no room. */
bool ap_info_add_address(struct ap_info *info, const struct endpoint *address);
bool ap_info_add_prefix(struct ap_info *info, const struct endpoint *address, uint8_t length);
bool ap_info_add_agent(struct ap_info *info, const struct endpoint *agent);

/* The same information, in whatever order. */
bool ap_info_equal(const struct ap_info *a, const struct ap_info *b);

/*
 * What in `claim` contradicts `trusted`: of a kind (addresses, agents, prefixes of a family; the
 * domain) of which `trusted` says something, the claim says something else. "agent": static; NULL
 * when nothing does (FAP §6.2).
 */
const char *ap_info_contradiction(const struct ap_info *trusted, const struct ap_info *claim);

#endif
