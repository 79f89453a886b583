// SPDX-License-Identifier: Apache-2.0
//
// The configuration of the daemons that a topology implies.

#ifndef BATON_TOPOLOGY_SERVICE_H
#define BATON_TOPOLOGY_SERVICE_H

#include <stdio.h>

#include "testbed/topology/topology.h"

/* Centre frequency of a channel in MHz. */
unsigned channel_frequency(unsigned channel);

/* Each writes one whole configuration file. scratch: the node's scratch directory; credentials: the
   folder with certificates. */
void write_hostapd(FILE *f, const struct topology *t, const struct topology_radio *r);
void write_wpa_supplicant(FILE *f, const struct topology *t, const struct topology_radio *r,
	const char *credentials);
void write_freeradius(FILE *f, const struct topology_service *s, const char *scratch,
	const char *credentials);
void write_dnsmasq(FILE *f, const struct topology *t, const struct topology_node *node,
	const struct topology_service *s, const char *scratch);

#endif
