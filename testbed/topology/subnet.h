// SPDX-License-Identifier: Apache-2.0
//
// Which subnet is where: attachments (links and radios) that a bridge joins form one segment.

#ifndef BATON_TOPOLOGY_SUBNET_H
#define BATON_TOPOLOGY_SUBNET_H

#include "testbed/topology/topology.h"

/* Attachments are numbered: links first, then radios. segment[] names each one's segment by the
   number of one of its members. */
struct segments {
	const struct topology *t;
	size_t *segment;
	size_t count;
};

/* Memory comes from t's arena. Ends must be resolved. */
struct segments segments_of(const struct topology *t);

/* A station's segment is that of the access point of its first enabled network; SIZE_MAX: none. */
size_t segment_of_radio(const struct segments *s, const struct topology_radio *radio);

/* The subnet of this segment that contains the address, or NULL. */
const struct topology_address *segment_subnet(const struct segments *s, size_t segment,
	const struct topology_address *a);

/* Subnets declared at an attachment. */
const struct topology_addresses *attachment_subnets(const struct topology *t, size_t attachment);

/* Whether the address is in the subnet that the first, an address with a prefix, stands for. */
bool subnet_contains(const struct topology_address *subnet, const struct topology_address *a);
/* Whether one of the two subnets contains the other. */
bool subnets_overlap(const struct topology_address *a, const struct topology_address *b);
/* The same family and address; prefixes do not matter. */
bool topology_address_equal(const struct topology_address *a, const struct topology_address *b);

/* Whether this is an access point of that network. */
bool access_point_offers(const struct topology_radio *r, const struct topology_wlan *wlan);

/* The access point that offers this network, or NULL. */
const struct topology_radio *access_point_of(const struct topology *t,
	const struct topology_wlan *wlan);

/* The i-th interface end of the topology (two for each link, then radios), or NULL after the last.
 */
struct topology_end *topology_end_at(const struct topology *t, size_t i);

#endif
