// SPDX-License-Identifier: Apache-2.0
/*
 * Any octets as the information elements of a beacon, and as one element: nothing outside them is
 * touched, what is rejected has a reason, and what is taken is, written and read again, the same.
 */
#include <stdlib.h>

#include "ref/discovery/ap_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(struct view element)
{
	struct packet packet, other;
	struct reject reject = { 0 };
	struct ap_info info, again;
	uint8_t octets[AP_INFO_ELEMENT_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	char text[200];

	if (ap_info_decode(element, &packet, &reject) < 0) {
		if (reject.reason == REJECT_NONE)
			abort();
		reject_text(&reject, text, sizeof(text));
		return;
	}
	ap_info_take(&packet, &info);
	if (ap_info_encode(&info, &w) < 0) /* parts that we do not know are left out: shorter */
		abort();
	if (ap_info_decode(writer_view(&w), &other, &reject) < 0)
		abort();
	ap_info_take(&other, &again);
	if (!ap_info_equal(&info, &again) || ap_info_contradiction(&info, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view element = ap_info_find(VIEW(data, size));

	if (element.size > AP_INFO_ELEMENT_MAX)
		abort();
	decode(element);
	decode(VIEW(data, size));
	return 0;
}
