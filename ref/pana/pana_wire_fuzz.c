// SPDX-License-Identifier: Apache-2.0
/*
 * Any octets through the tables of PANA: nothing outside them is touched, what is rejected has a
 * reason, and what is taken is, encoded and decoded again, the same message.
 */
#include <stdlib.h>

#include "ref/pana/pana_mpa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct packet *a, const struct packet *b)
{
	if (a->message != b->message || a->element_count != b->element_count)
		abort();
	for (unsigned i = 0; i < a->element_count; i++)
		if (a->elements[i].element != b->elements[i].element ||
			!view_equal(a->elements[i].value, b->elements[i].value))
			abort();
}

/* The structures take what the tables took, or refuse it; nothing else. */
static void handover(const struct element_value *e)
{
	union {
		struct mpa_address_request address_request;
		struct mpa_address_context address_context;
		struct mpa_address_release address_release;
		struct mpa_tunnel_request tunnel_request;
		struct mpa_tunnel_parameters tunnel_parameters;
		struct mpa_tunnel_delete tunnel_delete;
		struct mpa_buffer_control buffer_control;
		struct mpa_handover_status handover_status;
		struct mpa_ap_keys ap_keys;
		struct mpa_neighbour neighbour;
	} m;

	if (e->vendor != PANA_VENDOR)
		return;
	mpa_decode_address_request(e->value, &m.address_request);
	mpa_decode_address_context(e->value, &m.address_context);
	mpa_decode_address_release(e->value, &m.address_release);
	mpa_decode_tunnel_request(e->value, &m.tunnel_request);
	mpa_decode_tunnel_parameters(e->value, &m.tunnel_parameters);
	mpa_decode_tunnel_delete(e->value, &m.tunnel_delete);
	mpa_decode_buffer_control(e->value, &m.buffer_control);
	mpa_decode_handover_status(e->value, &m.handover_status);
	mpa_decode_ap_keys(e->value, &m.ap_keys);
	mpa_decode_neighbour(e->value, &m.neighbour);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buffer[70000];
	struct packet packet = { .element_count = 0 }, again = { .element_count = 0 };
	struct reject reject = { 0 };
	char text[200];

	if (pana_decode(VIEW(data, size), &packet, &reject) < 0) {
		if (reject.reason == REJECT_NONE)
			abort();
		reject_text(&reject, text, sizeof(text));
		return 0;
	}
	pana_text(&packet, text, sizeof(text));
	struct writer w = writer_of(buffer, sizeof(buffer));
	wire_encode(&packet, &w);
	if (w.failed || w.used != size)
		abort();
	if (pana_decode(writer_view(&w), &again, &reject) < 0)
		abort();
	same(&packet, &again);
	for (unsigned i = 0; i < packet.element_count; i++)
		handover(&packet.elements[i]);
	return 0;
}
