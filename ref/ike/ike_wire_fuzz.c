// SPDX-License-Identifier: Apache-2.0
/*
 * Any octets through the tables of IKEv2, inside and outside, and through every structure: nothing
 * outside them is touched, what is refused has a reason, and what is taken is, encoded and decoded
 * again, the same message.
 */
#include <stdlib.h>

#include "ref/ike/ike_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void structures(const struct packet *p)
{
	union {
		struct ike_proposals sa;
		struct ike_id id;
		struct ike_notification notify;
		struct ike_deletion deletion;
		struct ike_ts_list ts;
		struct ike_configuration cp;
	} u;
	char text[160];

	for (unsigned i = 0; i < p->element_count; i++) {
		const struct element_value *e = &p->elements[i];
		struct reject reject = { 0 };
		if (ike_decode_sa(e, &u.sa, &reject) < 0 && reject.reason == REJECT_NONE)
			abort();
		if (ike_decode_ts(e, &u.ts, NULL) == 0)
			for (unsigned k = 0; k < u.ts.count; k++)
				ike_ts_text(&u.ts.list[k], text, sizeof(text));
		if (ike_decode_id(e, &u.id, NULL) == 0)
			ike_id_text(&u.id, text, sizeof(text));
		ike_decode_notify(e, &u.notify, NULL);
		ike_decode_delete(e, &u.deletion, NULL);
		ike_decode_cp(e, &u.cp, NULL);
	}
}

static void one(const struct protocol *protocol, struct view octets)
{
	static uint8_t buffer[70000];
	struct packet p = { .element_count = 0 }, again = { .element_count = 0 };
	struct reject reject = { 0 };

	if (wire_decode(protocol, octets, &p, &reject) < 0) {
		if (reject.reason == REJECT_NONE)
			abort();
		return;
	}
	structures(&p);
	struct writer w = writer_of(buffer, sizeof(buffer));
	wire_encode(&p, &w);
	if (w.failed || w.used != octets.size)
		abort();
	if (wire_decode(protocol, writer_view(&w), &again, &reject) < 0 ||
		again.message != p.message || again.element_count != p.element_count)
		abort();
	for (unsigned i = 0; i < p.element_count; i++)
		if (again.elements[i].code != p.elements[i].code ||
			!view_equal(again.elements[i].value, p.elements[i].value))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	one(&ike_protocol, VIEW(data, size));
	one(&ike_inside_protocol, VIEW(data, size));
	return 0;
}
