// SPDX-License-Identifier: Apache-2.0
/* IP-in-IP: what is taken lies within the octets, and has rows. */
#include <stdlib.h>

#include "ref/base/ipip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ports[IPIP_PORTS] = { 500, 4500 };
	struct reject reject = { 0 };
	struct ipip_packet p;

	if (ipip_decode(VIEW(data, size), ports, &p, &reject) < 0) {
		if (reject.reason == REJECT_NONE)
			abort();
		return 0;
	}
	if (!p.has_inner || !p.inside || !p.inside->name || p.outer.length > size)
		abort();
	if (p.inner.payload.size &&
		p.inner.payload.data + p.inner.payload.size > data + p.outer.length)
		abort();
	return 0;
}
