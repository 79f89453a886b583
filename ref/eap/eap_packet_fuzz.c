// SPDX-License-Identifier: Apache-2.0
/* Whatever decodes encodes to the same octets, and the messages of EAP-PSK decode or not. */
#include <stdlib.h>

#include "ref/eap/eap_packet.h"
#include "ref/eap/eap_psk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t tek[16];
	uint8_t room[4096];
	struct eap_packet packet;
	struct psk_message message;
	struct psk_channel channel;
	struct reject reject = { 0 };
	struct writer w = writer_of(room, sizeof(room));

	if (size > sizeof(room) || eap_decode(VIEW(data, size), &packet, &reject) < 0) {
		if (size <= sizeof(room) && reject.reason == REJECT_NONE)
			abort();
		return 0;
	}
	eap_encode(&packet, &w);
	if (!view_equal(writer_view(&w), packet.whole))
		abort();
	for (unsigned number = 0; number < 4; number++)
		if (psk_decode(packet.data, number, &message, &reject) == 0 && number >= 2)
			psk_channel_open(&packet, &message, number - 2, tek, &channel, &reject);
	return 0;
}
