// SPDX-License-Identifier: Apache-2.0
/* Data of REPLY_PATH: what decodes names one way, which is encoded to the same. */
#include <stdlib.h>

#include "ref/ike/ike_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct endpoint peer = { .family = 2, .address = { 192, 0, 2, 1 } };
	uint8_t again[IKE_PATH_DATA_MAX];
	struct writer w = writer_of(again, sizeof(again));
	struct reject reject = { 0 };
	struct packet packet, second;

	if (ike_path_decode(VIEW(data, size), &packet, &reject) < 0)
		return 0;
	struct endpoint way = ike_path_of(&packet);
	if (!ike_path_kind(&way))
		abort();
	ike_path_possible(&way, &peer, &peer, &reject);
	ike_path_encode(&way, &w);
	if (w.failed || ike_path_decode(writer_view(&w), &second, NULL) < 0)
		abort();
	struct endpoint same = ike_path_of(&second);
	if (!endpoint_equal(&way, &same))
		abort();
	return 0;
}
