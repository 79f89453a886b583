// SPDX-License-Identifier: Apache-2.0
/*
 * Any octets through the tables of IKEv1, as they come and as what was decrypted, and through every
 * structure: nothing outside them is touched, what is refused has a reason, and what is taken is,
 * encoded and decoded again, the same message.
 */
#include <stdlib.h>

#include "ref/isakmp/isakmp_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct packet *p)
{
	static uint8_t buffer[70000];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct packet second = { .element_count = 0 };
	struct reject reject = { 0 };

	wire_encode(p, &w);
	if (w.failed || wire_parse(&isakmp_protocol, writer_view(&w), &second, &reject) < 0 ||
		second.element_count != p->element_count)
		abort();
	for (unsigned i = 0; i < p->element_count; i++)
		if (second.elements[i].code != p->elements[i].code ||
			!view_equal(second.elements[i].value, p->elements[i].value))
			abort();
}

/* An SA that was taken says the same when it is written and read once more. */
static void proposals(const struct element_value *e)
{
	static struct isakmp_offers offers, second;
	static uint8_t buffer[70000];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct reject reject = { 0 };
	struct ike_suite suite;
	struct isakmp_terms terms;

	if (isakmp_decode_sa(e, &offers, &reject) < 0) {
		if (reject.reason == REJECT_NONE)
			abort();
		return;
	}
	for (unsigned i = 0; i < offers.count; i++)
		isakmp_read_offer(&offers.list[i], &suite, &terms);
	isakmp_encode_sa(&offers, &w);
	struct element_value written = { .value = writer_view(&w) };
	if (w.failed || (offers.count && isakmp_decode_sa(&written, &second, NULL) < 0) ||
		(offers.count && second.count != offers.count))
		abort();
}

static void structures(const struct packet *p)
{
	struct isakmp_notification notify;
	struct isakmp_deletion deletion;
	struct isakmp_id id;
	struct ike_id identity;
	struct ike_ts ts, second;
	uint8_t body[64];
	char text[160];

	for (unsigned i = 0; i < p->element_count; i++) {
		const struct element_value *e = &p->elements[i];
		struct writer w = writer_of(body, sizeof(body));
		proposals(e);
		isakmp_decode_notify(e, &notify, NULL);
		isakmp_decode_delete(e, &deletion, NULL);
		isakmp_decode_id(e, &id, NULL);
		if (isakmp_read_identity(e, &identity, NULL) == 0)
			ike_id_text(&identity, text, sizeof(text));
		if (isakmp_read_selector(e, &ts, NULL) < 0)
			continue;
		ike_ts_text(&ts, text, sizeof(text));
		isakmp_encode_selector(&ts, &w);
		struct element_value written = { .value = writer_view(&w) };
		if (w.failed || isakmp_read_selector(&written, &second, NULL) < 0 ||
			memcmp(&ts, &second, sizeof(ts)) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet p = { .element_count = 0 }, inside = { .element_count = 0 };
	struct reject reject = { 0 };
	size_t used;

	if (isakmp_decode(VIEW(data, size), &p, &reject) < 0) {
		if (reject.reason == REJECT_NONE)
			abort();
		return 0;
	}
	if (!isakmp_is_sealed(&p)) {
		structures(&p);
		again(&p);
		return 0;
	}
	/* as if it were what came out of the cipher */
	if (isakmp_decode_inside(&p, isakmp_sealed(VIEW(data, size)), 16, &inside, &used, &reject) <
		0) {
		if (reject.reason == REJECT_NONE)
			abort();
		return 0;
	}
	structures(&inside);
	again(&inside);
	for (int step = ISAKMP_MM1; step <= ISAKMP_QM3; step++)
		isakmp_check(&inside, (enum isakmp_single)step, NULL);
	return 0;
}
