// SPDX-License-Identifier: Apache-2.0
/* Octets that an SA keeps, of either version of IKE: of the heap, and wiped when they go. */
#ifndef BATON_IKE_IKE_OCTETS_H
#define BATON_IKE_IKE_OCTETS_H

#include "ref/base/view.h"

struct ike_octets {
	uint8_t *data;
	size_t size;
};

/* Zeroed memory; without any the process ends. */
void *ike_alloc(size_t size);
/* A copy of `v` in place of what was there; `v` may be a part of that. */
void ike_octets_set(struct ike_octets *o, struct view v);
/* Wipes and frees; then it is empty. */
void ike_octets_clear(struct ike_octets *o);
static inline struct view ike_octets_view(const struct ike_octets *o)
{
	return VIEW(o->data, o->size);
}

#endif
