// SPDX-License-Identifier: Apache-2.0
/* Data of the notifications of address change: what decodes encodes to the same octets, but for
 * padding that was not zero. */
#include <stdlib.h>

#include "ref/ike/ike_change_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet p, again;
	uint8_t out[65536];
	struct writer w = writer_of(out, sizeof(out));
	struct reject reject = { 0 };

	if (ike_change_decode(VIEW(data, size), &p, &reject) < 0) {
		if (!reject.reason)
			abort();
		return 0;
	}
	ike_change_address(&p, false);
	ike_change_address(&p, true);
	wire_encode(&p, &w);
	if (w.failed || w.used != size || ike_change_decode(writer_view(&w), &again, NULL) < 0)
		abort();
	return 0;
}
