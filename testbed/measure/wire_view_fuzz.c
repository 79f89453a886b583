// SPDX-License-Identifier: Apache-2.0
/* Every frame, with ESP that opens by a key of zeros and ESP that does not. */
#include "testbed/measure/wire_view.h"

#include <pcap/pcap.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct esp_keys keys = { .list = { { .spi = 0x01010101, .size = 20 } }, .count = 1 };
	struct wire wire = { 0 };
	struct segment s;
	char text[512];

	wire_find(DLT_EN10MB, VIEW(data, size), &keys, 49718, &wire, &s);
	wire_find(DLT_RAW, VIEW(data, size), &keys, 49718, &wire, &s);
	size_t n = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
	memcpy(text, data, n);
	text[n] = '\0';
	esp_keys_read(&keys, text);
	return 0;
}
