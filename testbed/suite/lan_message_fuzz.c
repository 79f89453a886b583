// SPDX-License-Identifier: Apache-2.0
/* Any octets as EAPOL: what is decoded is within them, and is encoded to the same octets. */
#include <stdlib.h>

#include "testbed/suite/lan_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[65536 + 8];
	struct reject reject = { 0 };
	struct packet packet;
	bool all[WIRE_ELEMENTS_MAX];

	if (size > 65536 || lan_decode(VIEW(data, size), &packet, &reject) < 0)
		return 0;
	for (unsigned i = 0; i < packet.element_count; i++)
		if (packet.elements[i].value.data < data ||
			packet.elements[i].value.data + packet.elements[i].value.size > data + size)
			abort();
	/* What the suite set is left alone, so arranging changes nothing. */
	struct arena *arena = arena_new();
	memset(all, true, sizeof(all));
	lan_arrange(&packet, all, arena);
	struct writer w = writer_of(again, sizeof(again));
	uint64_t body = packet.header[LAN_BODY_LENGTH];
	wire_encode(&packet, &w);
	/* Octets behind the EAP packet, inside the body, are padding that decoding leaves out. */
	if (w.failed || w.used > size || w.used > 4 + body)
		abort();
	if (w.used == 4 + body && memcmp(again, data, w.used) != 0)
		abort();
	arena_free(arena);
	return 0;
}
