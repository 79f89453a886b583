// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/crypto.h"
#include "ref/ike/ike_octets.h"

void *ike_alloc(size_t size)
{
	void *p = calloc(1, size);
	if (!p) {
		fprintf(stderr, "baton: out of memory\n");
		abort();
	}
	return p;
}

void ike_octets_clear(struct ike_octets *o)
{
	if (o->data)
		wipe(o->data, o->size);
	free(o->data);
	*o = (struct ike_octets){ 0 };
}

void ike_octets_set(struct ike_octets *o, struct view v)
{
	uint8_t *copy = ike_alloc(v.size ? v.size : 1);

	if (v.size)
		memcpy(copy, v.data, v.size);
	ike_octets_clear(o);
	*o = (struct ike_octets){ copy, v.size };
}
