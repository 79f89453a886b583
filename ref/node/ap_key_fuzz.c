// SPDX-License-Identifier: Apache-2.0
/*
 * Arbitrary datagrams to the channel that installs keys. Its integrity check stops nearly all of
 * them, so the input is also taken as the fields of a message, which must come back unchanged.
 */
#include <stdlib.h>
#include <string.h>

#include "ref/base/reader.h"
#include "ref/node/ap_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[16] = "shared by both", bssid[6] = { 2, 0, 0, 0, 0xa, 1 };
	struct reader r = reader_of(VIEW(data, size));
	struct ap_key_message m = { 0 }, back;
	struct reject why = { 0 };
	struct ap_key_channel channel;
	struct ap_key_window window = { 0 };
	uint8_t wire[AP_KEY_MESSAGE_MAX];

	ap_key_channel(&channel, VIEW_OF(secret), bssid);
	if (ap_key_open(&channel, VIEW(data, size), &back, &why) < 0 && why.reason == REJECT_NONE)
		abort();
	m.type = (enum ap_key_type)(read_u8(&r) % 3 + AP_KEY_INSTALL);
	m.sequence = read_u64(&r);
	if (m.type == AP_KEY_INSTALL) {
		read_bytes(&r, m.station, 6);
		m.lifetime = read_u32(&r);
		read_bytes(&r, m.pmk, PMK_SIZE);
	}
	if (r.failed)
		return 0;
	size_t sealed = ap_key_seal(&channel, &m, wire);
	if (ap_key_open(&channel, VIEW(wire, sealed), &back, NULL) < 0 ||
		back.type != m.type || back.sequence != m.sequence || back.lifetime != m.lifetime ||
		memcmp(back.station, m.station, 6) != 0 || memcmp(back.pmk, m.pmk, PMK_SIZE) != 0)
		abort();
	while (reader_left(&r) >= 8) { /* no number is taken twice */
		uint64_t sequence = read_u64(&r);
		if (ap_key_take(&window, sequence) == AP_KEY_NEW &&
			ap_key_take(&window, sequence) != AP_KEY_AGAIN)
			abort();
	}
	return 0;
}
