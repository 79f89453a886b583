// SPDX-License-Identifier: Apache-2.0
/* What the relay agent lets through is a message, and comes back from a server as what it was. */
#include <stdlib.h>

#include "ref/dhcp/dhcp_relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dhcp_relay relay = { .address = 0x0a020001, .subnet = 0x0a030000 };
	struct dhcp_relay_answer answer;
	uint8_t room[2][8192];
	struct writer w = writer_of(room[0], sizeof(room[0])), back;
	struct reject reject = { 0 };
	struct dhcp_packet p;

	if (dhcp_relay_request(&relay, 7, VIEW(data, size), &w, &reject) == 0) {
		must(dhcp_decode(writer_view(&w), &p, NULL) == 0);
		must(p.packet.header[DHCP_GIADDR] == relay.address);
	} else {
		must(reject.reason != REJECT_NONE);
	}
	back = writer_of(room[1], sizeof(room[1]));
	reject.reason = REJECT_NONE;
	if (dhcp_relay_answer(&relay, VIEW(data, size), &answer, &back, &reject) == 0)
		must(!back.failed);
	else
		must(reject.reason != REJECT_NONE);
	return 0;
}
