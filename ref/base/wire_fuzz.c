// SPDX-License-Identifier: Apache-2.0
/*
 * Any octets: decoding touches nothing outside them, and what it takes comes out of the encoder as
 * the same message.
 */
#include <stdlib.h>

#include "ref/base/wire_toy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buffer[70000];
	struct packet packet = { .element_count = 0 }, again = { .element_count = 0 };
	struct reject reject = { 0 };
	char text[64];

	if (wire_decode(&toy_protocol, VIEW(data, size), &packet, &reject) < 0) {
		if (reject.reason == REJECT_NONE)
			abort();
		reject_text(&reject, text, sizeof(text));
		return 0;
	}
	struct writer w = writer_of(buffer, sizeof(buffer));
	wire_encode(&packet, &w);
	if (w.failed || w.used != size)
		abort();
	if (wire_decode(&toy_protocol, writer_view(&w), &again, &reject) < 0 ||
		again.message != packet.message || again.element_count != packet.element_count)
		abort();
	for (unsigned i = 0; i < packet.element_count; i++) {
		const struct field *f = packet.elements[i].element->value;
		field_text(f, packet.elements[i].value, text, sizeof(text));
	}
	return 0;
}
