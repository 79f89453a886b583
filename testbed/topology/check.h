// SPDX-License-Identifier: Apache-2.0
//
// What the validator's parts share. Not for users of the library.

#ifndef BATON_TOPOLOGY_CHECK_H
#define BATON_TOPOLOGY_CHECK_H

#include "testbed/topology/subnet.h"
#include "testbed/topology/topology.h"

struct check {
	struct topology *t;
	struct segments segments;
	struct diagnostics *d;
	bool failed;
};

/* A finding at that line of the file, as by printf; the check has failed. */
void check_complain(struct check *c, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* An address as text that lives as long as the topology. */
const char *check_address_text(struct check *c, const struct topology_address *a, bool with_prefix);

/* The holder of the address and its node, or NULL; looks only at addresses before the one at
   until (NULL: at all). */
const struct topology_address *check_find_address(const struct topology *t,
	const struct topology_address *a, const struct topology_address *until, size_t *node);

/* Whether the node has an address in a subnet that contains a. */
bool check_on_subnet(const struct topology *t, size_t node, const struct topology_address *a);

/* Parts of the validation: what each finds goes to check_complain. */
void check_links(struct check *c);
void check_radios(struct check *c);
void check_services(struct check *c);

#endif
