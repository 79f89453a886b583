// SPDX-License-Identifier: Apache-2.0
#include "testbed/measure/packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first octet chooses the link type; the rest is the frame. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int linktypes[] = { 1, 12, 113, 276, 101 };
	struct packet_seen seen;

	if (size)
		packets_find(linktypes[data[0] % 5], VIEW(data + 1, size - 1), &seen);
	return 0;
}
